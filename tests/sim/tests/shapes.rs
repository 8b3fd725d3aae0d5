//! What clients send is checked against the official client's shapes, if that is wanted.

mod common;

use common::{Companion, with};
use wa::stanza::{Jid, Node, build};

/// What the simulator has found once a client has sent these.
async fn found(check_shapes: bool, stanzas: &[Node]) -> Vec<String> {
    let sim = with(|options| options.check_shapes = check_shapes).await;
    let (mut wire, _) = Companion::new().register(&sim).await;
    for stanza in stanzas {
        wire.send(stanza).await;
    }
    wire.query(build::get("w:p")).await;
    sim.violations()
}

#[tokio::test]
async fn a_violation_is_told_with_the_stanza() {
    let good = build::ping("1.2-900");
    let bad = build::ping("1.2-901").attr("mood", "good");
    let again = build::ping("1.2-900");
    let of_check = found(true, &[good.clone(), bad.clone(), again]).await;
    let wanted =
        ["/@mood: is not an attribute of it", "mood=\"good\"/>", "1.2-900 is the id of an earlier request"];
    let all = of_check.join("\n");
    assert!(wanted.iter().all(|part| all.contains(part)), "{all}");
    assert_eq!(found(false, &[good, bad]).await, [""; 0]);
}

#[tokio::test]
async fn each_connection_has_ids_of_its_own() {
    let sim = with(|options| options.check_shapes = true).await;
    for _ in 0..2 {
        let (mut wire, _) = Companion::new().register(&sim).await;
        wire.send(&build::ping("1.2-900")).await;
        wire.send(&build::result(Jid::server(), "1.2-900")).await;
        wire.query(build::get("w:p")).await;
    }
    assert!(sim.violations().iter().all(|one| !one.contains("1.2-900")), "{:?}", sim.violations());
}
