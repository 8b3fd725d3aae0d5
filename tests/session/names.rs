//! By which of a person's two names they are written to: the account's kind, unless the server wants the other.

use serde_json::{Value, json};
use wa_sim::Options;

use super::world::{Host, World};

const ADA: &str = "15550001234";
const BOB: &str = "15550005678";

fn send(host: &mut Host, chat: &str, text: &str) -> Value {
    let request = host.client.send_text(chat, text, None).unwrap();
    host.answer(request)
}

fn sent(host: &mut Host, chat: &str, text: &str) {
    let answer = send(host, chat, text);
    assert_eq!(answer["name"], "WA_OK", "{text}: {answer}\n{}", host.story());
}

fn call(host: &mut Host, method: &str, params: &Value) {
    let request = host.client.call(method, Some(&params.to_string())).unwrap();
    let answer = host.answer(request);
    assert_eq!(answer["name"], "WA_OK", "{method} {params}: {answer}");
}

fn lid(world: &World, number: &str) -> String {
    world.wait_phone("a LID", number, |_| true)["lid"].as_str().unwrap().to_owned()
}

/// To whom the messages since then went, in order.
fn addressed(world: &World, after: u64) -> Vec<String> {
    let entries = world.entries(after).into_iter();
    let messages = entries.filter(|entry| entry["dir"] == "in" && entry["stanza"]["tag"] == "message");
    messages.map(|entry| entry["stanza"]["attrs"]["to"].as_str().unwrap().to_owned()).collect()
}

fn pn(number: &str) -> String {
    format!("{number}@s.whatsapp.net")
}

#[test]
fn each_account_writes_under_its_own_kind_of_name() {
    for (migrated, by_lid) in [(json!(null), true), (json!(true), true), (json!(false), false)] {
        let world = World::new();
        assert!(world.sim.add_phone(BOB, "Bob"));
        world.sim.set(ADA, &json!({ "lid_migrated": migrated })).unwrap();
        let mut ada = world.linked_as(ADA);
        let bob = lid(&world, BOB);
        let name = if by_lid { bob.clone() } else { pn(BOB) };
        world.sim.person(BOB, "send", &json!({ "to": ADA, "text": "hello" })).unwrap();
        let came = ada.wait("message");
        for chat in [came["chat"].as_str().unwrap(), bob.as_str(), BOB] {
            let after = world.now();
            sent(&mut ada, chat, "answer");
            assert_eq!(addressed(&world, after), [name.as_str()], "{chat}, migrated: {migrated}");
            let read = json!({ "chat": chat, "message_ids": [came["message_id"]] });
            call(&mut ada, "message.read", &read);
            call(&mut ada, "chat.activity", &json!({ "chat": chat, "activity": "typing" }));
            call(&mut ada, "presence.subscribe", &json!({ "user": chat }));
            for tag in ["receipt", "chatstate", "presence"] {
                let is_it = |stanza: &Value| {
                    stanza["tag"] == tag
                        && stanza["attrs"]["to"].is_string()
                        && (tag != "receipt" || stanza["attrs"]["type"] == "read")
                };
                let stanza = world.received(after, is_it);
                assert_eq!(stanza["attrs"]["to"], name, "{chat}: {stanza}");
            }
        }
    }
}

#[test]
fn an_account_that_moves_to_lids_is_followed_at_the_next_login() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    world.sim.set(ADA, &json!({ "lid_migrated": false })).unwrap();
    let mut ada = world.linked_as(ADA);
    for (migrated, name) in [(false, pn(BOB)), (true, lid(&world, BOB)), (true, lid(&world, BOB))] {
        world.sim.set(ADA, &json!({ "lid_migrated": migrated })).unwrap();
        ada.acknowledge_all();
        drop(ada);
        ada = world.client(&world.config_of(ADA));
        ada.wait("ready");
        // The properties that came after the login are read once a later question is answered.
        call(&mut ada, "server.ping", &json!({}));
        let after = world.now();
        sent(&mut ada, BOB, "hello");
        assert_eq!(addressed(&world, after), [name]);
    }
}

#[test]
fn the_name_that_the_server_takes_is_kept() {
    for code in [400, 404, 463] {
        let world = World::with(Options { pn_messages: true, ..Options::default() });
        assert!(world.sim.add_phone(BOB, "Bob"));
        let mut ada = world.linked_as(ADA);
        let names = [lid(&world, BOB), pn(BOB)];
        world.fault(json!({ "when": { "tag": "message" }, "do": { "error": { "code": code } } }));
        let after = world.now();
        sent(&mut ada, BOB, "first");
        assert_eq!(addressed(&world, after), names, "{code}");
        // And after a restart.
        for _ in 0..2 {
            let after = world.now();
            sent(&mut ada, BOB, "second");
            assert_eq!(addressed(&world, after), names[1..], "{code}");
            ada.acknowledge_all();
            drop(ada);
            ada = world.client(&world.config_of(ADA));
            ada.wait("ready");
        }
        // It may be the other way round one day.
        world.fault(json!({ "when": { "tag": "message" }, "do": { "error": { "code": code } } }));
        let after = world.now();
        sent(&mut ada, BOB, "third");
        assert_eq!(addressed(&world, after), [names[1].as_str(), names[0].as_str()], "{code}");
    }
}

/// The server that wants the first name only refuses the other as a first contact, which says nothing about the message.
#[test]
fn the_first_refusal_is_told_if_the_other_name_is_none() {
    for code in [400, 404] {
        let world = World::new();
        assert!(world.sim.add_phone(BOB, "Bob"));
        let mut ada = world.linked_as(ADA);
        sent(&mut ada, BOB, "known");
        world.fault(json!({ "when": { "tag": "message" }, "do": { "error": { "code": code } } }));
        let after = world.now();
        let answer = send(&mut ada, BOB, "refused");
        assert_eq!(addressed(&world, after), [lid(&world, BOB), pn(BOB)], "{code}");
        assert_ne!(answer["name"], "WA_ERROR_TIME_LOCKED", "{answer}");
        assert!(answer["text"].as_str().unwrap().contains(&code.to_string()), "{answer}");
        let asked = |entry: &Value| entry["dir"] == "in" && entry["stanza"]["attrs"]["xmlns"] == "w:mex";
        assert!(!world.entries(after).iter().any(asked), "{code}");
        sent(&mut ada, BOB, "after it");
    }
}

#[test]
fn a_refused_first_contact_is_tried_under_each_name_once_and_the_lock_is_asked_for_once() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut ada = world.linked_as(ADA);
    sent(&mut ada, BOB, "known");
    let names = [lid(&world, BOB), pn(BOB)];
    world.fault(json!({ "when": { "tag": "message" }, "do": { "error": { "code": 463 } }, "times": 0 }));
    let start = world.now();
    for text in ["one", "two", "three"] {
        let after = world.now();
        let answer = send(&mut ada, BOB, text);
        assert_eq!(answer["name"], "WA_ERROR_TIME_LOCKED", "{answer}");
        assert!(answer["text"].as_str().unwrap().contains("names no time-lock"), "{answer}");
        assert_eq!(addressed(&world, after), names);
    }
    let entries = world.entries(start);
    let asked =
        entries.iter().filter(|entry| entry["dir"] == "in" && entry["stanza"]["attrs"]["xmlns"] == "w:mex");
    assert_eq!(asked.count(), 1);
}

#[test]
fn a_refused_message_goes_out_again_once_the_recipient_trusts_the_account() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut ada = world.linked_as(ADA);
    sent(&mut ada, BOB, "known");
    // Under both names; and while the server is asked for the lock, the token comes.
    world.fault(json!({ "when": { "tag": "message" }, "do": { "error": { "code": 463 } }, "times": 2 }));
    world.fault(json!({ "when": { "xmlns": "w:mex" }, "do": { "delay": 2000 } }));
    let after = world.now();
    let request = ada.client.send_text(BOB, "hello", None).unwrap();
    world.received(after, |stanza| stanza["attrs"]["xmlns"] == "w:mex");
    world.phone_of(BOB, "token", &json!({ "to": ADA }));
    let answer = ada.answer(request);
    assert_eq!(answer["name"], "WA_OK", "{answer}");
    world.wait_heard(BOB, 0, |heard| heard["text"] == "hello");
}

#[test]
fn a_status_that_was_read_is_told_to_who_posted_it() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut ada = world.linked_as(ADA);
    // Bob's client is to know Ada.
    sent(&mut ada, BOB, "hello");
    let post = world.sim.person(BOB, "status", &json!({ "audience": [ADA], "text": "news" })).unwrap();
    let came = ada.wait_for("message", |event| event["message_id"] == post["id"]);
    let after = world.now();
    let read = json!({ "chat": came["chat"], "sender": came["sender"], "message_ids": [post["id"]] });
    call(&mut ada, "message.read", &read);
    let receipt = world.received(after, |stanza| stanza["attrs"]["type"] == "read");
    let attrs = &receipt["attrs"];
    assert_eq!(
        (&attrs["to"], &attrs["participant"], &attrs["context"]),
        (&"status@broadcast".into(), &came["sender"], &"status".into()),
        "{receipt}"
    );
    let read = json!({ "chat": came["chat"], "message_ids": [post["id"]] });
    let error = ada.client.call("message.read", Some(&read.to_string())).unwrap_err();
    assert_eq!(error.key.as_deref(), Some("sender"), "{error}");
}
