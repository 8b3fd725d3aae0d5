//! A server that stops talking while the session waits for one of its answers.

use serde_json::{Value, json};

use super::world::{Host, World};

/// No ping is due before the test is over, and no request times out.
const PATIENT: [(&str, &str); 4] = [
    ("keepalive.min_ms", "600000"),
    ("keepalive.max_ms", "600000"),
    ("keepalive.deadline_ms", "1000"),
    ("iq.timeout_ms", "600000"),
];

/// The host of a linked session that connects while that rule holds.
fn connecting(world: &World, values: &[(&str, &str)], rule: Value) -> Host {
    // A pairing has the usual patience.
    drop(world.linked(&world.config()));
    world.fault(rule);
    world.client(&world.config_with(values))
}

/// The next `connection` that is not the way there; no `ready` may come before it.
fn loss(host: &mut Host) -> Value {
    loop {
        let event = host.next().unwrap();
        assert_ne!(event["type"], "ready", "{}", host.story());
        let way = ["connecting", "connected", "online"].map(Value::from);
        if event["type"] == "connection" && !way.contains(&event["state"]) {
            return event;
        }
    }
}

#[test]
fn silence_behind_another_stanza_is_found_while_an_answer_is_due() {
    let world = World::new();
    let preview = json!({ "tag": "ib", "attrs": { "from": "s.whatsapp.net" },
        "children": [{ "tag": "offline", "attrs": { "count": "0" } }] });
    // The session says that it is there. It hears something else, and then nothing any more.
    let rule = json!({ "when": { "tag": "iq", "xmlns": "passive" }, "do": [{ "send": preview }, "silence"] });
    let mut host = connecting(&world, &PATIENT, rule);
    assert_eq!(loss(&mut host)["reason"], "dead");
    host.wait("ready");
}

#[test]
fn a_session_is_not_ready_on_a_dead_connection() {
    let world = World::new();
    // The request times out long before the silence does.
    let values = [PATIENT[0], PATIENT[1], ("keepalive.deadline_ms", "4000"), ("iq.timeout_ms", "200")];
    let rule = json!({ "when": { "tag": "iq", "xmlns": "passive" }, "do": "silence" });
    let mut host = connecting(&world, &values, rule);
    assert_eq!(loss(&mut host)["reason"], "dead");
    host.wait("ready");
}

#[test]
fn a_server_that_ignores_one_request_is_not_dead() {
    let world = World::new();
    // The request times out, and no silence of a slow machine is long enough to count.
    let values = [PATIENT[0], PATIENT[1], ("keepalive.deadline_ms", "600000"), ("iq.timeout_ms", "200")];
    let rule = json!({ "when": { "tag": "iq", "xmlns": "passive" }, "do": "drop" });
    let mut host = connecting(&world, &values, rule);
    host.wait("ready");
    let lost = host.taken("connection").into_iter().find(|event| event["state"] == "reconnecting");
    assert!(lost.is_none(), "{}", host.story());
}

/// The same while a message waits to be acknowledged, which is no request.
#[test]
fn silence_behind_a_message_is_found() {
    let world = World::new();
    assert!(world.sim.add_phone("15550005678", "Bob"));
    drop(world.linked(&world.config()));
    let mut host = world.client(&world.config_with(&PATIENT));
    host.wait("ready");
    let first = host.client.send_text("15550005678", "before", None).unwrap();
    assert_eq!(host.answer(first)["name"], "WA_OK");
    // The server says something else, and then nothing any more.
    let note = json!({ "tag": "ib", "attrs": { "from": "s.whatsapp.net" } });
    world.fault(json!({ "when": { "tag": "message" }, "do": [{ "send": note }, "silence"] }));
    let request = host.client.send_text("15550005678", "hello", None).unwrap();
    assert_eq!(loss(&mut host)["reason"], "dead");
    assert_eq!(host.answer(request)["name"], "WA_OK", "it went out on the next connection");
}
