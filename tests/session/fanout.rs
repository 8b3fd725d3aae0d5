//! Every device that a message is for gets it: also if the server does not list them at first, or knows of more than the client.

use serde_json::{Value, json};
use wa::messaging::stanzas::notifications::contact_hash;
use wa::stanza::Jid;

use super::world::{Host, World};

const ADA: &str = "15550001234";
const BOB: &str = "15550005678";
const CEM: &str = "15550009999";

/// A client of Ada, and Bob with a companion.
fn ada(world: &World) -> Host {
    ada_with(world, &[])
}

fn ada_with(world: &World, values: &[(&str, &str)]) -> Host {
    assert!(world.sim.add_phone(BOB, "Bob"));
    add_device(world, BOB);
    let mut config = world.config_of(ADA);
    for (key, value) in values {
        config.set(key, value).unwrap();
    }
    let mut host = world.client(&config);
    host.client.request_pairing(ADA, None).unwrap();
    let code = host.wait("pairing.code");
    world.enter_on(ADA, &code["code"]);
    host.wait("ready");
    host
}

fn add_device(world: &World, number: &str) {
    world.sim.person(number, "add_device", &json!({})).unwrap();
}

fn send(host: &mut Host, chat: &str, text: &str) -> Value {
    let request = host.client.send_text(chat, text, None).unwrap();
    host.answer(request)
}

fn sent(host: &mut Host, chat: &str, text: &str) {
    let answer = send(host, chat, text);
    assert_eq!(answer["name"], "WA_OK", "{text}: {answer}\n{}", host.story());
}

fn all_hear(world: &World, number: &str, devices: &[u16], text: &str) {
    for device in devices {
        world.wait_heard(number, *device, |heard| heard["text"] == text);
    }
}

/// Returns the stanzas of that kind that the server received since then.
fn came(world: &World, after: u64, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let entries = world.entries(after).into_iter().filter(|entry| entry["dir"] == "in");
    entries.map(|entry| entry["stanza"].clone()).filter(wanted).collect()
}

fn is_message(stanza: &Value) -> bool {
    stanza["tag"] == "message"
}

fn asks_for(xmlns: &'static str) -> impl Fn(&Value) -> bool {
    move |stanza| stanza["attrs"]["xmlns"] == xmlns && stanza["attrs"]["type"] == "get"
}

fn lid(world: &World, number: &str) -> String {
    world.wait_phone("a LID", number, |_| true)["lid"].as_str().unwrap().to_owned()
}

fn refused(xmlns: &str, code: u32, times: u32) -> Value {
    json!({ "when": { "tag": "iq", "xmlns": xmlns }, "do": { "error": { "code": code } }, "times": times })
}

#[test]
fn no_device_is_left_out_while_the_server_does_not_name_them() {
    let silent = json!({ "when": { "tag": "iq", "xmlns": "usync" }, "do": "drop", "times": 1 });
    for fault in [
        refused("usync", 429, 1),
        refused("usync", 500, 2),
        refused("usync", 401, 1),
        silent,
        refused("encrypt", 500, 1),
    ] {
        let world = World::new();
        let mut ada = ada_with(&world, &[("iq.timeout_ms", "2000")]);
        world.fault(fault);
        sent(&mut ada, BOB, "hello");
        all_hear(&world, BOB, &[0, 1], "hello");
        all_hear(&world, ADA, &[0], "hello");
    }
}

#[test]
fn in_a_group_neither() {
    let world = World::new();
    assert!(world.sim.add_phone(CEM, "Cem"));
    add_device(&world, CEM);
    let mut ada = ada(&world);
    // The notice of it is lost on its way.
    world.fault(json!({ "when": { "point": "out", "tag": "notification" }, "do": "drop", "times": 1 }));
    let group = json!({ "creator": BOB, "subject": "Tea", "members": [ADA, CEM] });
    let group = world.sim.create_group(&group).unwrap()["jid"].as_str().unwrap().to_owned();
    world.fault(refused("usync", 500, 1));
    world.fault(refused("w:g2", 500, 1));
    let after = world.now();
    sent(&mut ada, &group, "hello");
    for number in [BOB, CEM] {
        all_hear(&world, number, &[0, 1], "hello");
    }
    // The keys went along: nobody had to ask for the message again.
    let messages = came(&world, after, is_message);
    assert_eq!(messages.len(), 1, "{messages:?}");
}

#[test]
fn a_message_whose_devices_stay_unknown_fails_and_may_be_sent_again() {
    let world = World::new();
    let mut ada = ada(&world);
    world.fault(refused("usync", 503, 0));
    let after = world.now();
    let answer = send(&mut ada, BOB, "hello");
    assert_eq!(answer["name"], "WA_ERROR_SERVER_ERROR", "{answer}");
    assert_eq!(answer["retryable"], true, "{answer}");
    assert!(
        answer["retry_after_ms"].as_u64().unwrap() > 0 && answer["text"].as_str().unwrap().contains("503")
    );
    assert!(came(&world, after, is_message).is_empty());
    // The memory of the failure ends with the connection.
    world.sim.clear_faults();
    ada.client.disconnect().unwrap();
    ada.wait_for("connection", |event| event["state"] == "disconnected");
    ada.client.connect().unwrap();
    ada.wait("ready");
    sent(&mut ada, BOB, "again");
    all_hear(&world, BOB, &[0, 1], "again");
}

#[test]
fn a_number_without_an_account_is_refused_and_no_keys_are_asked_for() {
    let world = World::new();
    let mut ada = ada(&world);
    let after = world.now();
    let answer = send(&mut ada, "15559998000", "hello");
    assert_eq!((&answer["name"], &answer["retryable"]), (&"WA_ERROR_NO_RECIPIENT".into(), &false.into()));
    assert!(answer["text"].as_str().unwrap().contains("no WhatsApp account"), "{answer}");
    assert!(came(&world, after, asks_for("encrypt")).is_empty());
}

#[test]
fn devices_that_only_the_server_knows_get_the_message() {
    let world = World::new();
    let mut ada = ada(&world);
    sent(&mut ada, BOB, "before");
    // The notices of new devices are lost on their way.
    world.fault(json!({ "when": { "point": "out", "tag": "notification" }, "do": "drop", "times": 0 }));
    add_device(&world, BOB);
    sent(&mut ada, BOB, "first");
    all_hear(&world, BOB, &[0, 1, 2], "first");
    assert_eq!(world.phash_mismatches(ADA), 1);
    add_device(&world, ADA);
    sent(&mut ada, BOB, "second");
    all_hear(&world, BOB, &[0, 1, 2], "second");
    all_hear(&world, ADA, &[0, 2], "second");
    assert_eq!(world.phash_mismatches(ADA), 2);
    // From then on they are known.
    let after = world.now();
    sent(&mut ada, BOB, "third");
    all_hear(&world, BOB, &[0, 1, 2], "third");
    assert_eq!(came(&world, after, is_message).len(), 1);
    assert!(came(&world, after, asks_for("usync")).is_empty());
    assert_eq!(world.phash_mismatches(ADA), 2);
    world.no_key_is_used_twice();
}

#[test]
fn devices_of_a_group_that_only_the_server_knows_get_its_messages() {
    for mode in ["lid", "pn"] {
        let world = World::new();
        assert!(world.sim.add_phone(CEM, "Cem"));
        let mut ada = ada(&world);
        let group = json!({ "creator": BOB, "subject": "Tea", "members": [ADA, CEM], "mode": mode });
        let group = world.sim.create_group(&group).unwrap()["jid"].as_str().unwrap().to_owned();
        sent(&mut ada, &group, "before");
        all_hear(&world, BOB, &[0, 1], "before");
        assert_eq!(world.phash_mismatches(ADA), 0, "{mode}");
        // The notices of new devices are lost on their way.
        world.fault(json!({ "when": { "point": "out", "tag": "notification" }, "do": "drop", "times": 0 }));
        let groups = [(BOB, vec![0, 1, 2], 1), (CEM, vec![0, 1], 2), (ADA, vec![0, 2], 3)];
        for (number, devices, mismatches) in groups {
            add_device(&world, number);
            // A device without the key asks for the message.
            sent(&mut ada, &group, "first");
            all_hear(&world, number, &devices, "first");
            assert_eq!(world.phash_mismatches(ADA), mismatches, "{mode} {number}");
            // From then on it gets the key with the message.
            let after = world.now();
            let text = format!("second of {number}");
            sent(&mut ada, &group, &text);
            all_hear(&world, number, &devices, &text);
            assert_eq!(came(&world, after, is_message).len(), 1, "{mode} {number}");
            assert!(!came(&world, after, asks_for("usync")).is_empty(), "{mode} {number}");
            assert!(!came(&world, after, asks_for("w:g2")).is_empty(), "{mode} {number}");
            assert_eq!(world.phash_mismatches(ADA), mismatches, "{mode} {number}");
            // Lists that are right are not asked for.
            let after = world.now();
            sent(&mut ada, &group, "third");
            assert!(came(&world, after, asks_for("usync")).is_empty(), "{mode} {number}");
            assert!(came(&world, after, asks_for("w:g2")).is_empty(), "{mode} {number}");
        }
        world.no_key_is_used_twice();
    }
}

#[test]
fn a_change_that_is_told_by_hash_is_looked_up() {
    let world = World::new();
    let mut ada = ada(&world);
    sent(&mut ada, BOB, "before");
    for (number, asks) in [(CEM, false), (BOB, true)] {
        let hash = contact_hash(&Jid::user(number));
        let update = json!({ "tag": "update", "attrs": { "hash": hash.as_str() } });
        let attrs = json!({ "type": "devices", "id": number, "from": "s.whatsapp.net", "t": "7" });
        world.say(&json!({ "tag": "notification", "attrs": attrs, "children": [update] }));
        world.received(0, |stanza| stanza["tag"] == "ack" && stanza["attrs"]["id"] == number);
        let after = world.now();
        sent(&mut ada, BOB, "after");
        assert_eq!(!came(&world, after, asks_for("usync")).is_empty(), asks, "{number}");
    }
}

#[test]
fn a_list_is_asked_for_by_the_hash_of_the_same_name() {
    let world = World::new();
    let mut ada = ada(&world);
    // The list is learnt under the phone number, and asked for again under the LID.
    sent(&mut ada, BOB, "before");
    add_device(&world, BOB);
    ada.client.call("server.ping", None).unwrap();
    ada.wait("result");
    let after = world.now();
    sent(&mut ada, BOB, "after");
    all_hear(&world, BOB, &[0, 1, 2], "after");
    assert_eq!(came(&world, after, is_message).len(), 1);
}

#[test]
fn an_own_device_that_asks_again_is_told_the_chat_as_it_was_addressed() {
    let world = World::new();
    let mut ada = ada(&world);
    sent(&mut ada, BOB, "before");
    all_hear(&world, ADA, &[0], "before");
    world.sim.person(ADA, "forget", &json!({ "number": ADA })).unwrap();
    let after = world.now();
    sent(&mut ada, BOB, "after");
    all_hear(&world, ADA, &[0], "after");
    let again =
        world.received(after, |stanza| is_message(stanza) && stanza["attrs"]["recipient"].is_string());
    assert_eq!(again["attrs"]["recipient"], lid(&world, BOB), "{again}");
}

#[test]
fn a_new_identity_is_given_our_token_again() {
    let world = World::new();
    let mut ada = ada(&world);
    let gives = |stanza: &Value| stanza["attrs"]["xmlns"] == "privacy" && stanza["attrs"]["type"] == "set";
    let before = world.now();
    sent(&mut ada, BOB, "before");
    let first = world.received(before, gives);
    let after = world.now();
    world.sim.reinstall(BOB, false).unwrap();
    let second = world.received(after, gives);
    assert_eq!(first["children"], second["children"], "the same, as of the same time");
}
