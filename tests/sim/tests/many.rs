//! Many connections at once: one task each, no thread each.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Companion, simulator, until};
use wa::stanza::build;
use wa_sim::State;

/// As many as fit into the usual limit of 1,024 descriptors, of which each takes two here.
const MANY: usize = 400;

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[tokio::test]
async fn hundreds_of_companions_wait_and_cost_no_threads() {
    let sim = simulator().await;
    let before = threads();
    let companion = Companion::new();
    let mut wires = Vec::new();
    for _ in 0..MANY {
        wires.push(companion.register(&sim).await);
    }
    let refs: std::collections::HashSet<&String> = wires.iter().flat_map(|(_, refs)| refs).collect();
    assert_eq!(refs.len(), 6 * MANY);
    let are = |count| move |state: &State<'_>| (state.connections().as_array()?.len() == count).then_some(());
    until(&sim, are(MANY)).await;
    assert!(threads() <= before + 1);
    for (wire, _) in wires.iter_mut().rev() {
        assert!(wire.query(build::get("w:p")).await.root().u64("t").is_some());
    }
    drop(wires);
    until(&sim, are(0)).await;
}
