//! Messages between two accounts, each linked to a client of this library, and what becomes of them.

use std::time::Duration;

use serde_json::{Value, json};
use wa::client::Client;
use wa_sim::Options;

use super::world::{Host, World};

pub(crate) const ADA: &str = "15550001234";
pub(crate) const BOB: &str = "15550005678";

/// Two linked clients.
pub(crate) fn two(world: &World) -> (Host, Host) {
    assert!(world.sim.add_phone(BOB, "Bob"));
    (world.linked_as(ADA), world.linked_as(BOB))
}

pub(crate) fn sent(host: &mut Host, request: u64) -> Value {
    let answer = host.answer(request);
    assert_eq!(answer["name"], "WA_OK", "{answer}\n{}", host.story());
    answer["result"].clone()
}

pub(crate) fn call(client: &Client, method: &str, params: &Value) -> u64 {
    client.call(method, Some(&params.to_string())).unwrap()
}

#[test]
fn texts_go_both_ways() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    for round in 0..3 {
        let question = format!("question {round}");
        let request = ada.client.send_text(BOB, &question, None).unwrap();
        let message = bob.wait("message");
        let result = sent(&mut ada, request);
        assert_eq!((&message["text"], &message["kind"]), (&question.into(), &"text".into()));
        assert_eq!((&message["message_id"], &message["from_me"]), (&result["message_id"], &false.into()));
        assert_eq!((&message["sender_phone"], &message["is_group"]), (&ADA.into(), &false.into()));
        // The answer to a message goes to the chat that it names.
        let chat = message["chat"].as_str().unwrap();
        let request = bob.client.send_text(chat, "answer", None).unwrap();
        let answer = ada.wait("message");
        assert_eq!((&answer["text"], &answer["sender_phone"]), (&"answer".into(), &BOB.into()));
        sent(&mut bob, request);
    }
    let delivered = &ada.taken("receipt")[0];
    assert_eq!((&delivered["receipt"], &delivered["from_me"]), (&"delivered".into(), &false.into()));
    world.no_key_is_used_twice();
}

#[test]
fn contents_and_receipts() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    let request = ada.client.send_text(BOB, "hello", None).unwrap();
    let hello = bob.wait("message");
    let hello_id = sent(&mut ada, request)["message_id"].clone();
    let chat = hello["chat"].clone();

    let request = call(&bob.client, "message.read", &json!({ "chat": chat, "message_ids": [hello_id] }));
    sent(&mut bob, request);
    let read = ada.wait_for("receipt", |event| event["receipt"] == "read");
    assert_eq!(read["message_ids"], json!([hello_id]));

    let quote = json!({ "message_id": hello_id, "sender": hello["sender"], "text": "hello" });
    let params = json!({ "chat": chat, "text": "hello @you", "quote": quote, "mentions": [hello["sender"]] });
    let request = call(&bob.client, "message.send", &params);
    let reply = ada.wait("message");
    let reply_id = sent(&mut bob, request)["message_id"].clone();
    assert_eq!((&reply["quoted"]["message_id"], &reply["quoted"]["text"]), (&hello_id, &"hello".into()));
    assert_eq!(reply["mentions"], json!([hello["sender"]]));

    for (method, params, kind, text) in [
        ("message.react", json!({ "target": hello_id, "emoji": "👍" }), "reaction", json!("👍")),
        ("message.edit", json!({ "target": reply_id, "text": "hello again" }), "edit", json!("hello again")),
        ("message.delete", json!({ "target": reply_id }), "delete", Value::Null),
        ("poll.send", json!({ "question": "Tea?", "options": ["yes", "no"] }), "poll", json!("Tea?")),
        (
            "location.send",
            json!({ "latitude": 52.5, "longitude": 13.4, "name": "Berlin" }),
            "location",
            json!("Berlin"),
        ),
        (
            "contact.send",
            json!({ "contacts": [{ "name": "Eve", "vcard": "BEGIN:VCARD" }] }),
            "contact",
            Value::Null,
        ),
    ] {
        let mut params = params;
        params["chat"] = chat.clone();
        let request = call(&bob.client, method, &params);
        let message = ada.wait("message");
        assert_eq!((&message["kind"], &message["text"]), (&kind.into(), &text), "{message}");
        sent(&mut bob, request);
        if let Some(target) = params.get("target") {
            assert_eq!(&message["content"]["target"]["message_id"], target, "{message}");
        }
    }

    // A serialised message with a member that nobody knows arrives as it was sent.
    let raw = [0x0a, 2, b'h', b'i', 0xfa, 0x3f, 1, 7];
    let request = bob.client.send_message(chat.as_str().unwrap(), &raw, Some("RAW-1")).unwrap();
    let message = ada.wait("message");
    assert_eq!((&message["message_id"], &message["text"]), (&"RAW-1".into(), &"hi".into()));
    sent(&mut bob, request);
}

/// An id that follows from what a stranger chose may be that of a message to another person.
#[test]
fn an_id_is_of_one_chat() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    let refused = |ada: &mut Host| {
        let request = ada.client.send_text("15550009999", "two", Some("ID-1")).unwrap();
        let answer = ada.answer(request);
        assert_eq!(answer["name"], "WA_ERROR_INVALID_ARGUMENT", "{answer}");
        assert!(answer["text"].as_str().unwrap().contains("in another chat"), "{answer}");
    };
    bob.client.disconnect().unwrap();
    let first = ada.client.send_text(BOB, "one", Some("ID-1")).unwrap();
    refused(&mut ada);
    let result = sent(&mut ada, first);
    refused(&mut ada);
    let again = ada.client.send_text(BOB, "one", Some("ID-1")).unwrap();
    assert_eq!(sent(&mut ada, again), result);
    bob.client.connect().unwrap();
    assert_eq!(bob.wait("message")["text"], "one");
}

#[test]
fn a_message_waits_for_the_connection_and_for_the_host() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    bob.client.disconnect().unwrap();
    bob.wait_for("connection", |event| event["state"] == "disconnected");
    let requests: Vec<u64> =
        (0..20).map(|n| ada.client.send_text(BOB, &format!("{n}"), None).unwrap()).collect();
    for request in requests {
        sent(&mut ada, request);
    }
    // Messages that Bob sends meanwhile wait here.
    let waiting = bob.client.send_text(ADA, "later", Some("LATER")).unwrap();
    bob.client.connect().unwrap();
    for n in 0..20 {
        let message = bob.wait("message");
        assert_eq!((&message["text"], &message["offline"]), (&n.to_string().into(), &true.into()));
    }
    assert_eq!(ada.wait("message")["message_id"], "LATER");
    sent(&mut bob, waiting);
}

#[test]
fn what_was_not_sent_goes_out_after_a_restart() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    ada.client.disconnect().unwrap();
    ada.wait_for("connection", |event| event["state"] == "disconnected");
    for n in 0..3 {
        ada.client.send_text(BOB, &format!("{n}"), Some(&format!("WAITS-{n}"))).unwrap();
    }
    // The answer to a later request says that the session has taken in those before it.
    let request = call(&ada.client, "session.status", &json!({}));
    sent(&mut ada, request);
    drop(ada);
    let mut ada = world.client(&world.config_of(ADA));
    ada.wait("ready");
    for n in 0..3 {
        let message = bob.wait("message");
        assert_eq!(
            (&message["text"], &message["message_id"]),
            (&n.to_string().into(), &format!("WAITS-{n}").into())
        );
    }
    // Asked for again under its id, it is known to be sent.
    let request = ada.client.send_text(BOB, "0", Some("WAITS-0")).unwrap();
    assert_eq!(sent(&mut ada, request)["message_id"], "WAITS-0");
    world.no_key_is_used_twice();
}

#[test]
fn the_same_id_is_sent_once() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    for _ in 0..3 {
        let request = ada.client.send_text(BOB, "once", Some("ONCE")).unwrap();
        assert_eq!(sent(&mut ada, request)["message_id"], "ONCE");
    }
    let request = ada.client.send_text(BOB, "end", None).unwrap();
    sent(&mut ada, request);
    assert_eq!(bob.wait("message")["text"], "once");
    assert_eq!(bob.wait("message")["text"], "end");
}

#[test]
fn what_was_not_acknowledged_comes_again_and_only_that() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    for n in 0..4 {
        let request = ada.client.send_text(BOB, &format!("{n}"), None).unwrap();
        sent(&mut ada, request);
    }
    for n in 0..4 {
        let message = bob.wait("message");
        if n % 2 == 0 {
            bob.client.ack(message["id"].as_u64().unwrap());
        }
    }
    drop(bob);
    let mut again = world.client(&world.config_of(BOB));
    for n in [1, 3] {
        let message = again.wait("message");
        assert_eq!((&message["text"], &message["redelivered"]), (&n.to_string().into(), &true.into()));
    }
    again.wait("ready");
    let request = ada.client.send_text(BOB, "new", None).unwrap();
    let message = again.wait("message");
    assert_eq!((&message["text"], &message["redelivered"]), (&"new".into(), &false.into()));
    sent(&mut ada, request);
}

#[test]
fn a_group_of_three() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    assert!(world.sim.add_phone("15550009999", "Cem"));
    let mut cem = world.linked_as("15550009999");
    let group = json!({ "creator": ADA, "subject": "Tea", "members": [BOB, "15550009999"] });
    let group = world.sim.create_group(&group).unwrap()["id"].as_str().unwrap().to_owned();
    let group = format!("{}@g.us", group.trim_end_matches("@g.us"));
    for round in 0..3 {
        let text = format!("all {round}");
        let request = ada.client.send_text(&group, &text, None).unwrap();
        for host in [&mut bob, &mut cem] {
            let message = host.wait("message");
            assert_eq!((&message["text"], &message["chat"]), (&text.clone().into(), &group.clone().into()));
            assert_eq!((&message["is_group"], &message["sender_phone"]), (&true.into(), &ADA.into()));
        }
        sent(&mut ada, request);
        let request = cem.client.send_text(&group, "me too", None).unwrap();
        for host in [&mut ada, &mut bob] {
            assert_eq!(host.wait("message")["text"], "me too");
        }
        sent(&mut cem, request);
    }
    world.no_key_is_used_twice();
}

#[test]
fn what_cannot_be_sent_says_why() {
    let world = World::new();
    let mut ada = world.linked_as(ADA);
    let request = ada.client.send_text("15559990000", "nobody", None).unwrap();
    let answer = ada.answer(request);
    assert!(
        ["WA_ERROR_NO_RECIPIENT", "WA_ERROR_NOT_FOUND"].contains(&answer["name"].as_str().unwrap()),
        "{answer}"
    );
    let request = ada.client.send_text("120363999999999999@g.us", "nobody", None).unwrap();
    assert_eq!(ada.answer(request)["name"], "WA_ERROR_NOT_FOUND");
    world.fault(json!({ "when": { "tag": "message" }, "do": { "error": { "code": 403 } } }));
    assert!(world.sim.add_phone(BOB, "Bob"));
    let _bob = world.linked_as(BOB);
    let request = ada.client.send_text(BOB, "refused", None).unwrap();
    assert_eq!(ada.answer(request)["name"], "WA_ERROR_FORBIDDEN");
}

#[test]
fn a_message_without_a_known_type_is_refused() {
    let world = World::new();
    let (mut ada, _bob) = two(&world);
    let bob = world.wait_phone("a LID", BOB, |_| true)["lid"].clone();
    for (id, kind, name) in [
        ("NONE", None, "WA_ERROR_BAD_REQUEST"),
        ("UNKNOWN", Some("chat"), "WA_ERROR_BAD_REQUEST"),
        ("KNOWN", Some("text"), "WA_OK"),
    ] {
        // A stanza that leaves the client is replaced on its way.
        let mut attrs = json!({ "id": id, "to": bob });
        if let Some(kind) = kind {
            attrs["type"] = kind.into();
        }
        let enc = json!({ "tag": "enc", "attrs": { "v": "2", "type": "msg" }, "text": "for one device" });
        let to = json!({ "tag": "to", "attrs": { "jid": bob }, "children": [enc] });
        let list = json!({ "tag": "participants", "children": [to] });
        let stanza = json!({ "tag": "message", "attrs": attrs, "children": [list] });
        world.fault(json!({ "when": { "tag": "message" }, "do": { "replace": stanza } }));
        let request = ada.client.send_text(BOB, "hello", Some(id)).unwrap();
        let answer = ada.answer(request);
        assert_eq!(answer["name"], name, "{id}: {answer}");
    }
}

#[test]
fn a_host_that_does_not_poll_gets_everything_later() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    const MANY: usize = 3_000;
    let mut requests = Vec::new();
    for n in 0..MANY {
        loop {
            match ada.client.send_text(BOB, &n.to_string(), None) {
                Ok(request) => break requests.push(request),
                // So many at once are not taken; the answers make room.
                Err(_) => drop(requests.drain(..).map(|request| sent(&mut ada, request)).count()),
            }
        }
    }
    for request in requests {
        sent(&mut ada, request);
    }
    std::thread::sleep(Duration::from_millis(200));
    for n in 0..MANY {
        let message = bob.wait("message");
        assert_eq!(message["text"], n.to_string());
        bob.client.ack(message["id"].as_u64().unwrap());
    }
    world.no_key_is_used_twice();
}

/// A query that is asked too often fails at once, under its name, and other kinds of queries go on.
#[test]
fn a_server_that_wants_fewer_questions_is_named() {
    let world = World::with(Options { queries_per_minute: 3, ..Options::default() });
    let (mut ada, _bob) = two(&world);
    let ask = |ada: &mut Host, method: &str, params: &Value| {
        let request = call(&ada.client, method, params);
        ada.answer(request)["name"].clone()
    };
    let group = json!({ "creator": ADA, "subject": "Tea", "members": [BOB] });
    let group = world.sim.create_group(&group).unwrap()["jid"].clone();
    for (method, params) in
        [("contacts.check", json!({ "numbers": [BOB] })), ("group.info", json!({ "chat": group }))]
    {
        let answers: Vec<Value> = (0..5).map(|_| ask(&mut ada, method, &params)).collect();
        assert_eq!(answers.first().unwrap(), "WA_OK", "{method}");
        assert_eq!(answers.last().unwrap(), "WA_ERROR_RATE_LIMITED", "{method}: {answers:?}");
    }
    let request = ada.client.send_text(BOB, "hello", None).unwrap();
    sent(&mut ada, request);
}

#[test]
fn numbers_are_looked_up() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    let request =
        call(&ada.client, "contacts.check", &json!({ "numbers": [format!("+{BOB}"), "15559990000"] }));
    let found = sent(&mut ada, request)["contacts"].clone();
    assert_eq!((&found[0]["number"], &found[0]["registered"]), (&BOB.into(), &true.into()), "{found}");
    assert_eq!(found[0]["jid"], format!("{BOB}@s.whatsapp.net"));
    assert!(found[0]["lid"].as_str().unwrap().ends_with("@lid"), "{found}");
    let nobody = json!({ "number": "15559990000", "registered": false, "jid": null, "lid": null });
    assert_eq!(found[1], nobody);
    // A person who was found can be written to.
    let request = ada.client.send_text(found[0]["lid"].as_str().unwrap(), "found you", None).unwrap();
    assert_eq!(bob.wait("message")["text"], "found you");
    sent(&mut ada, request);
    ada.client.disconnect().unwrap();
    ada.wait_for("connection", |event| event["state"] == "disconnected");
    let request = call(&ada.client, "contacts.check", &json!({ "numbers": [BOB] }));
    assert_eq!(ada.answer(request)["name"], "WA_ERROR_NOT_CONNECTED");
}

#[test]
fn who_tells_nobody_what_he_reads_tells_only_his_own_devices() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    for (hides, kind) in [(true, "read-self"), (false, "read")] {
        world.sim.set(BOB, &json!({ "hides_reading": hides })).unwrap();
        // The answer says that what the server told before it was taken in.
        let request = call(&bob.client, "server.ping", &json!({}));
        sent(&mut bob, request);
        let request = ada.client.send_text(BOB, "hello", None).unwrap();
        let id = sent(&mut ada, request)["message_id"].clone();
        let chat = bob.wait("message")["chat"].clone();
        let after = world.now();
        let request = call(&bob.client, "message.read", &json!({ "chat": chat, "message_ids": [id] }));
        sent(&mut bob, request);
        let is_read = |stanza: &Value| {
            stanza["tag"] == "receipt"
                && stanza["attrs"]["type"].as_str().is_some_and(|kind| kind.starts_with("read"))
        };
        assert_eq!(world.received(after, is_read)["attrs"]["type"], kind);
    }
}

#[test]
fn the_settings_are_asked_for_once_by_who_reads_much() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    let request = ada.client.send_text(BOB, "hello", None).unwrap();
    let id = sent(&mut ada, request)["message_id"].clone();
    let chat = bob.wait("message")["chat"].clone();
    let after = world.now();
    let read = json!({ "chat": chat, "message_ids": [id] });
    let requests: Vec<u64> = (0..5).map(|_| call(&bob.client, "message.read", &read)).collect();
    for request in requests {
        sent(&mut bob, request);
    }
    let entries = world.entries(after);
    let came = |wanted: &dyn Fn(&Value) -> bool| {
        entries.iter().filter(|entry| entry["dir"] == "in" && wanted(&entry["stanza"])).count()
    };
    // It holds a token for the other side, a while after the first message.
    let asks = |stanza: &Value| stanza["attrs"]["xmlns"] == "privacy" && stanza["attrs"]["type"] == "get";
    assert_eq!(came(&asks), 1);
    assert_eq!(came(&|stanza| stanza["tag"] == "receipt" && stanza["attrs"]["type"] == "read"), 5);
}

#[test]
fn many_who_were_never_met_write_at_once() {
    const PEOPLE: u64 = 60;
    let world = World::new();
    let numbers: Vec<String> = (0..PEOPLE).map(|number| format!("1555{number:07}")).collect();
    for number in &numbers {
        assert!(world.sim.add_phone(number, "Somebody"));
    }
    let mut host = world.linked_as(ADA);
    // Each writes twice, and twice more to a client that was started anew.
    for restarted in [false, true] {
        if restarted {
            host.acknowledge_all();
            drop(host);
            host = world.client(&world.config_of(ADA));
            host.wait("ready");
        }
        let order = json!({ "to": ADA, "from": numbers, "count": 2 * PEOPLE });
        let load = world.load(&order);
        let mut texts = vec![Vec::new(); numbers.len()];
        for _ in 0..2 * PEOPLE {
            let message = host.wait("message");
            let sender = numbers.iter().position(|number| message["sender_phone"] == **number).unwrap();
            texts[sender].push(message["text"].as_str().unwrap().trim().to_owned());
        }
        assert!(texts.iter().all(|texts| texts == &["#1", "#2"]), "{texts:?}");
        // The server hears of each.
        world.wait_load(load, |load| load["state"] == "done");
    }
}
