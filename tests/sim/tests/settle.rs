//! The barrier before a look at what has not happened.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::Duration;

use common::{Companion, PATIENCE, Wire, settled, simulator, with};
use serde_json::{Value, json};
use wa::stanza::{Node, build};
use wa_sim::{Handle, State};

fn came(state: &State<'_>) -> Vec<Value> {
    state
        .log(0)
        .1
        .into_iter()
        .filter(|entry| entry["dir"] == "in")
        .map(|entry| entry["tag"].clone())
        .collect()
}

async fn linked(sim: &Handle) -> Wire {
    let mut companion = Companion::new();
    companion.link(sim).await;
    companion.log_in(sim).await.0
}

#[tokio::test]
async fn what_a_client_wrote_before_it_answered_is_handled() {
    let sim = simulator().await;
    let mut wire = linked(&sim).await;
    let before = settled_while(&sim, &mut wire, 0).await;
    assert_eq!(settled_while(&sim, &mut wire, 3).await - before, 3, "and no ping is in the log");
}

/// Returns the number of stanzas that have come once it is settled, while the client writes so many before it answers the first
/// ping.
async fn settled_while(sim: &Handle, wire: &mut Wire, mut late: u32) -> usize {
    let look = settled(sim, |state| came(state).len());
    tokio::pin!(look);
    loop {
        let ping = tokio::select! {
            found = &mut look => return found,
            ping = wire.expect("iq") => ping,
        };
        if !ping.root().is("xmlns", "urn:xmpp:ping") {
            continue;
        }
        for _ in 0..std::mem::take(&mut late) {
            wire.send(&Node::new("presence").attr("type", "available")).await;
        }
        wire.send(&build::reply(&ping.root()).unwrap()).await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_answer_is_named() {
    let sim = simulator().await;
    let _wire = linked(&sim).await;
    let ids = |state: &State<'_>| state.connections().as_array()?.last()?["id"].as_u64();
    let id = sim.wait(PATIENCE, ids).await.unwrap();
    let why = sim.settled(Duration::from_millis(50), |_| ()).await.unwrap_err();
    assert!(why.contains(&format!("[{id}]")), "{why}");
    // One that hears nothing any more is passed over, and one that has gone.
    sim.connection(id, "silence", &json!({})).unwrap();
    settled(&sim, |_| ()).await;
}

#[tokio::test]
async fn what_was_posted_is_heard() {
    let sim = with(|_| {}).await;
    for number in ["15550005678", "15550009012"] {
        assert!(sim.add_phone(number, "Bob"));
    }
    sim.set("15550009012", &json!({ "echoes": true })).unwrap();
    for n in 1..=100 {
        sim.person("15550005678", "send", &json!({ "to": "15550009012", "text": format!("#{n}") })).unwrap();
    }
    let heard = settled(&sim, |state| state.heard("15550005678", 0, 0)).await.unwrap();
    assert_eq!(heard["messages"].as_array().unwrap().len(), 100, "and answered");
}
