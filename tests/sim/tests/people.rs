//! Simulated people: what they write, hear, answer and ask for again, with real keys on both sides.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{PATIENCE, settled, until};
use serde_json::{Value, json};
use wa_sim::{Handle, Options, Simulator, State};

const ADA: &str = "15550000001";
const BOB: &str = "15550000002";
const EVE: &str = "15550000003";

async fn world() -> Handle {
    let sim = Simulator::start(Options { ping_interval_ms: 0, ..Options::default() }).await.unwrap();
    for (number, name) in [(ADA, "Ada"), (BOB, "Bob"), (EVE, "Eve")] {
        assert!(sim.add_phone(number, name));
    }
    sim
}

/// Waits until a device has heard something that is so.
async fn hears(sim: &Handle, number: &str, device: u16, so: impl Fn(&Value) -> bool) -> Value {
    let find = |state: &State<'_>| {
        let heard = state.heard(number, device, 0).unwrap();
        heard["messages"].as_array().unwrap().iter().find(|message| so(message)).cloned()
    };
    let found = sim.wait(PATIENCE, find).await;
    found.unwrap_or_else(|| panic!("{number} has not heard it"))
}

/// All that a device has heard, once that is so.
async fn all(sim: &Handle, number: &str, so: impl Fn(&Value) -> bool) -> Value {
    until(sim, |state| state.heard(number, 0, 0).ok().filter(&so)).await
}

fn says(text: &'static str) -> impl Fn(&Value) -> bool {
    move |message| message["text"] == text
}

/// Nobody has used a message key twice or got something unreadable.
async fn all_is_well(sim: &Handle) {
    let seen = settled(sim, |state| state.ciphertexts()).await;
    assert_eq!((&seen["reused"], &seen["unreadable"]), (&json!(0), &json!(0)), "{seen}");
}

#[tokio::test]
async fn people_write_and_answer() {
    let sim = world().await;
    sim.set(BOB, &json!({ "reads": true, "echoes": true, "reacts": "!" })).unwrap();
    let sent = sim.person(ADA, "send", &json!({ "to": BOB, "text": "hello" })).unwrap();
    let heard = hears(&sim, BOB, 0, says("hello")).await;
    assert_eq!((&heard["from"], &heard["chat"], &heard["kind"]), (&json!(ADA), &json!(ADA), &json!("text")));
    assert_eq!(hears(&sim, ADA, 0, |message| message["kind"] == "reaction").await["target"], sent["id"]);
    let echo = hears(&sim, ADA, 0, says("hello")).await;
    for round in 0..5 {
        let about = json!({ "to": BOB, "text": format!("again {round}"), "target": { "id": sent["id"], "from": ADA } });
        sim.person(ADA, "edit", &about).unwrap();
    }
    hears(&sim, BOB, 0, says("again 4")).await;
    let quote =
        json!({ "to": BOB, "text": "yes", "quote": { "id": echo["id"], "from": BOB, "text": "hello" } });
    sim.person(ADA, "send", &quote).unwrap();
    assert_eq!(hears(&sim, BOB, 0, says("yes")).await["target"], echo["id"]);
    sim.person(ADA, "delete", &json!({ "to": BOB, "target": { "id": sent["id"], "from": ADA } })).unwrap();
    assert_eq!(hears(&sim, BOB, 0, |message| message["kind"] == "delete").await["target"], sent["id"]);
    for kind in ["delivered", "read"] {
        all(&sim, ADA, |heard| {
            heard["receipts"].as_array().unwrap().iter().any(|receipt| receipt["kind"] == kind)
        })
        .await;
    }
    all_is_well(&sim).await;
}

#[tokio::test]
async fn people_vote_and_post_to_the_status_feed() {
    let sim = world().await;
    let group =
        sim.create_group(&json!({ "creator": ADA, "subject": "Tea", "members": [BOB, EVE] })).unwrap();
    let poll = STANDARD.encode(poll());
    for to in [json!(BOB), group["jid"].clone()] {
        let sent = sim.person(ADA, "send_raw", &json!({ "to": to, "message": poll })).unwrap();
        hears(&sim, BOB, 0, |message| message["id"] == sent["id"]).await;
        let back = if to == BOB { json!(ADA) } else { to.clone() };
        let vote = |options: Value| json!({ "to": back, "target": { "id": sent["id"], "from": ADA }, "options": options });
        for options in [json!(["no"]), json!([])] {
            let id = sim.person(BOB, "vote", &vote(options.clone())).unwrap()["id"].clone();
            let heard = hears(&sim, ADA, 0, |message| message["id"] == id).await;
            assert_eq!((&heard["kind"], &heard["selected"]), (&json!("poll_vote"), &options), "{heard}");
            assert_eq!((&heard["target"], &heard["target_from"]), (&sent["id"], &json!(ADA)), "{heard}");
        }
        let error = sim.person(BOB, "vote", &vote(json!(["perhaps"]))).unwrap_err();
        assert!(error.contains("perhaps"), "{error}");
    }
    for round in ["first", "second"] {
        sim.person(ADA, "status", &json!({ "text": round })).unwrap();
        for number in [BOB, EVE] {
            let heard = hears(&sim, number, 0, |message| message["text"] == round).await;
            assert_eq!(
                (&heard["chat"], &heard["from"]),
                (&json!("status@broadcast"), &json!(ADA)),
                "{heard}"
            );
        }
    }
    sim.person(ADA, "status", &json!({ "text": "for Eve", "audience": [EVE] })).unwrap();
    hears(&sim, EVE, 0, says("for Eve")).await;
    sim.person(ADA, "status", &json!({ "text": "for all" })).unwrap();
    hears(&sim, BOB, 0, says("for all")).await;
    let heard = all(&sim, BOB, |_| true).await;
    assert!(
        heard["messages"].as_array().unwrap().iter().all(|message| message["text"] != "for Eve"),
        "{heard}"
    );
    all_is_well(&sim).await;
}

/// A poll with a secret: pollCreationMessageV3 { name, options yes and no, selectable 1 }, messageContextInfo { secret }.
fn poll() -> Vec<u8> {
    let option = |text: &[u8]| [&[0x1a, text.len() as u8 + 2, 0x0a, text.len() as u8], text].concat();
    let body = [&[0x12, 4][..], b"Tea?", &option(b"yes"), &option(b"no"), &[0x20, 1]].concat();
    [&[0x82, 4, body.len() as u8][..], &body, &[0x9a, 2, 34, 0x1a, 32], &[7; 32]].concat()
}

#[tokio::test]
async fn all_devices_of_both_sides_hear_it() {
    let sim = world().await;
    let added = sim.person(BOB, "add_device", &json!({})).unwrap();
    assert_eq!(added["device"], 1);
    sim.person(ADA, "add_device", &json!({})).unwrap();
    sim.person(ADA, "send", &json!({ "to": BOB, "text": "to all" })).unwrap();
    for (number, device) in [(BOB, 0), (BOB, 1), (ADA, 1)] {
        let heard = hears(&sim, number, device, says("to all")).await;
        assert_eq!(heard["chat"], if number == ADA { BOB } else { ADA });
    }
    sim.person(BOB, "send", &json!({ "to": ADA, "text": "from the companion", "device": 1 })).unwrap();
    assert_eq!(hears(&sim, ADA, 0, says("from the companion")).await["device"], 1);
    hears(&sim, BOB, 0, says("from the companion")).await;
    all_is_well(&sim).await;
}

#[tokio::test]
async fn a_group_of_people_talks_and_changes() {
    let sim = world().await;
    let group = json!({ "subject": "Three", "creator": ADA, "members": [BOB, EVE] });
    let group = sim.create_group(&group).unwrap();
    let (jid, id) = (group["jid"].as_str().unwrap(), group["id"].as_str().unwrap());
    for (n, from) in [ADA, BOB, EVE].into_iter().enumerate() {
        sim.person(from, "send", &json!({ "to": jid, "text": format!("round {n}") })).unwrap();
        for to in [ADA, BOB, EVE].into_iter().filter(|to| *to != from) {
            let text = format!("round {n}");
            let heard = hears(&sim, to, 0, |message| message["text"] == text.as_str()).await;
            assert_eq!((&heard["chat"], &heard["from"]), (&json!(jid), &json!(from)));
        }
    }
    sim.group(id, "remove", &json!({ "members": [EVE] })).unwrap();
    sim.person(ADA, "send", &json!({ "to": jid, "text": "without Eve" })).unwrap();
    hears(&sim, BOB, 0, says("without Eve")).await;
    let refused = sim.person(EVE, "send", &json!({ "to": jid, "text": "may I?" })).unwrap_err();
    assert!(refused.contains("403"), "{refused}");
    // Back again, she lacks the key of who has changed it, and gets it.
    sim.group(id, "add", &json!({ "members": [EVE] })).unwrap();
    sim.person(ADA, "send", &json!({ "to": jid, "text": "with Eve" })).unwrap();
    hears(&sim, EVE, 0, says("with Eve")).await;
    all_is_well(&sim).await;
}

#[tokio::test]
async fn what_is_lost_is_asked_for_again() {
    let sim = world().await;
    sim.person(ADA, "send", &json!({ "to": BOB, "text": "one" })).unwrap();
    hears(&sim, BOB, 0, says("one")).await;
    sim.person(BOB, "send", &json!({ "to": ADA, "text": "two" })).unwrap();
    hears(&sim, ADA, 0, says("two")).await;
    sim.person(BOB, "forget", &json!({ "number": ADA })).unwrap();
    sim.person(ADA, "send", &json!({ "to": BOB, "text": "three" })).unwrap();
    assert_eq!(hears(&sim, BOB, 0, says("three")).await["retried"], true);
    let group = sim.create_group(&json!({ "subject": "Two", "creator": ADA, "members": [BOB] })).unwrap();
    sim.person(ADA, "send", &json!({ "to": group["jid"], "text": "four" })).unwrap();
    hears(&sim, BOB, 0, says("four")).await;
    sim.person(BOB, "forget", &json!({ "number": ADA })).unwrap();
    sim.person(ADA, "send", &json!({ "to": group["jid"], "text": "five" })).unwrap();
    assert_eq!(hears(&sim, BOB, 0, says("five")).await["retried"], true);
    all_is_well(&sim).await;
}

#[tokio::test]
async fn a_new_identity_and_an_absence_lose_nothing() {
    let sim = world().await;
    sim.person(ADA, "send", &json!({ "to": BOB, "text": "one" })).unwrap();
    hears(&sim, BOB, 0, says("one")).await;
    sim.reinstall(BOB, true).unwrap();
    sim.person(ADA, "send", &json!({ "to": BOB, "text": "to the new one" })).unwrap();
    hears(&sim, BOB, 0, says("to the new one")).await;
    sim.set(BOB, &json!({ "away": true })).unwrap();
    for n in 1..=20 {
        sim.person(ADA, "send", &json!({ "to": BOB, "text": format!("#{n} waits") })).unwrap();
    }
    let after = settled(&sim, |state| state.heard(BOB, 0, 1)).await.unwrap();
    assert_eq!(after["messages"], json!([]));
    sim.set(BOB, &json!({ "away": false })).unwrap();
    hears(&sim, BOB, 0, says("#20 waits")).await;
    let figures = all(&sim, BOB, |heard| heard["figures"]["last"][ADA] == 20).await["figures"].take();
    assert_eq!((&figures["out_of_order"], &figures["repeated"]), (&json!(0), &json!(0)), "{figures}");
    assert_eq!(figures["last"][ADA], 20);
    all_is_well(&sim).await;
}

#[tokio::test]
async fn mistakes_are_named() {
    let sim = world().await;
    for (verb, body, part) in [
        ("send", json!({ "to": "15550009999", "text": "x" }), "no such chat"),
        ("send", json!({ "to": BOB, "text": "" }), "bad_content"),
        ("send", json!({ "to": BOB, "text": "x", "device": 3 }), "no such simulated device"),
        ("send", json!({ "to": BOB }), "bad_body"),
        ("read", json!({ "chat": BOB, "ids": [] }), "bad_body"),
        ("dance", json!({}), "cannot do that"),
    ] {
        let error = sim.person(ADA, verb, &body).unwrap_err();
        assert!(error.contains(part), "{verb} {body}: {error}");
    }
    assert!(
        sim.begin_load(&json!({ "to": BOB, "from": [ADA], "count": 1 }))
            .unwrap_err()
            .contains("no companion")
    );
}
