//! Requests whose store fails: each is answered once, by what becomes of it. What is answered with an error never goes out.

use std::sync::Arc;

use serde_json::{Value, json};

use super::failing_store::{FailingStore, removes, stores};
use super::messages::{BOB, call};
use super::world::{Host, World};

/// The most commits that are tried in turn: more than what is asked for takes, unless the machine is slow.
const MOST_COMMITS: usize = 20;

/// A world with another account, and a linked client whose store can fail.
fn scene() -> (World, Arc<FailingStore>, Host) {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let store = Arc::new(FailingStore::default());
    let mut host = world.link(world.offline_client_in(store.clone()));
    // The records that a first message takes are there from then on, so that later ones leave before they are stored.
    say(&mut host, "FIRST");
    (world, store, host)
}

fn text(host: &Host, id: &str) -> u64 {
    host.client.send_text(BOB, id, Some(id)).unwrap()
}

fn say(host: &mut Host, id: &str) {
    let request = text(host, id);
    assert_eq!(host.answer(request)["name"], "WA_OK", "{}", host.story());
}

/// The number of stanzas with that in it that the server has received.
fn on_the_wire(world: &World, sign: &str) -> usize {
    let entries = world.entries(0);
    let is_one = |entry: &&Value| entry["dir"] == "in" && entry["stanza"].to_string().contains(sign);
    entries.iter().filter(is_one).count()
}

/// The number of times that the server has received that message.
fn times_sent(world: &World, id: &str) -> usize {
    let is_one = |entry: &&Value| {
        let stanza = &entry["stanza"];
        entry["dir"] == "in" && stanza["tag"] == "message" && stanza["attrs"]["id"] == id
    };
    world.entries(0).iter().filter(is_one).count()
}

fn connect(host: &mut Host) {
    host.client.connect().unwrap();
    host.wait("ready");
}

fn go_offline(host: &mut Host) {
    host.client.disconnect().unwrap();
    given_up(host);
}

fn given_up(host: &mut Host) {
    host.wait_for("connection", |event| event["is_final"] == true);
}

/// Waits until all that was asked before is dealt with.
fn settle(host: &mut Host) {
    let request = call(&host.client, "session.status", &json!({}));
    host.answer(request);
}

/// The names of the results of a request.
fn answers(host: &Host, request: u64) -> Vec<String> {
    let results = host.taken("result").into_iter().filter(|result| result["request"] == request);
    results.map(|result| result["name"].as_str().unwrap().to_owned()).collect()
}

fn is_answered(host: &Host, request: u64) -> bool {
    !answers(host, request).is_empty()
}

/// A request, and what of it the server can see.
struct Asked {
    request: u64,
    method: &'static str,
    sign: String,
}

/// Asks for a message of each kind.
fn ask_for_messages(host: &Host, group: &str, round: usize) -> Vec<Asked> {
    let calls = [
        ("message.send", BOB, json!({ "text": "hello" })),
        ("message.send", group, json!({ "text": "hello" })),
        ("message.edit", BOB, json!({ "target": "FIRST", "text": "hello again" })),
        ("message.react", BOB, json!({ "target": "FIRST", "emoji": "👍", "from_me": true })),
        ("message.delete", group, json!({ "target": "FIRST" })),
        ("poll.send", BOB, json!({ "question": "Tea?", "options": ["yes", "no"] })),
        ("poll.vote", BOB, json!({ "target": "POLL", "options": ["yes"] })),
        ("location.send", BOB, json!({ "latitude": 52.5, "longitude": 13.4 })),
        ("contact.send", BOB, json!({ "contacts": [{ "name": "Eve", "vcard": "BEGIN:VCARD" }] })),
    ];
    let ask = |(index, (method, chat, mut params)): (usize, (&'static str, &str, Value))| {
        let sign = format!("SEND-{round:02}-{index}");
        (params["chat"], params["message_id"]) = (json!(chat), json!(sign));
        Asked { request: call(&host.client, method, &params), method, sign }
    };
    calls.into_iter().enumerate().map(ask).collect()
}

/// Asks for whatever else goes to the server.
fn ask_for_others(host: &Host, group: &str, round: usize) -> Vec<Asked> {
    let (person, writer) = (format!("1555100{round:04}"), format!("1555200{round:04}"));
    let (read, subject) = (format!("READ-{round:02}"), format!("TEA-{round:02}"));
    let calls = [
        ("presence.subscribe", json!({ "user": person }), person),
        ("chat.activity", json!({ "chat": writer, "activity": "typing" }), writer),
        ("message.read", json!({ "chat": BOB, "message_ids": [read] }), read),
        ("group.subject", json!({ "chat": group, "subject": subject }), subject),
    ];
    let ask = |(method, params, sign)| Asked { request: call(&host.client, method, &params), method, sign };
    calls.into_iter().map(ask).collect()
}

/// Makes a group, and a poll that can be voted in.
fn group(host: &mut Host) -> String {
    let request = call(&host.client, "group.create", &json!({ "subject": "Tea", "members": [BOB] }));
    let made = host.answer(request);
    let poll = json!({ "chat": BOB, "question": "Tea?", "options": ["yes", "no"], "message_id": "POLL" });
    let request = call(&host.client, "poll.send", &poll);
    assert_eq!(host.answer(request)["name"], "WA_OK", "{}", host.story());
    made["result"]["chat"].as_str().unwrap().to_owned()
}

/// Takes events until all of these are answered, or the connection is given up.
fn until_it_ends(host: &mut Host, asked: &[Asked]) {
    let mut is_final = false;
    while !is_final && !asked.iter().all(|asked| is_answered(host, asked.request)) {
        let event = host.next().unwrap();
        is_final = event["type"] == "connection" && event["is_final"] == true;
    }
}

/// Checks each answer against what the server has seen. `may_be_lost`: whether a message can be lost with the client that was closed.
fn check(world: &World, host: &Host, asked: &[Asked], may_be_lost: impl Fn(&str) -> bool) {
    let entries = world.entries(0).into_iter().filter(|entry| entry["dir"] == "in");
    let seen: Vec<String> = entries.map(|entry| entry["stanza"].to_string()).collect();
    let results = host.taken("result");
    for Asked { request, method, sign } in asked {
        let mut names = results.iter().filter(|result| result["request"] == *request);
        let (Some(answer), None) = (names.next(), names.next()) else {
            panic!("{method} {sign}:\n{}", host.story())
        };
        let answer = answer["name"].as_str().unwrap();
        let is_out = seen.iter().any(|stanza| stanza.contains(sign));
        match answer {
            "WA_OK" => assert!(is_out, "{method} {sign}: {answer}"),
            // The session that is opened next has sent it.
            "WA_ERROR_CLIENT_CLOSED" => assert!(is_out || may_be_lost(sign), "{method} {sign}: {answer}"),
            // The question has left, and its answer got lost.
            "WA_ERROR_REQUEST_TIMEOUT" => assert_eq!(*method, "group.subject", "{sign}"),
            "WA_ERROR_CONNECTION_LOST" => assert!(*method == "message.read" && !is_out, "{sign}"),
            _ => assert!(!is_out, "{method} {sign}: {answer}"),
        }
        assert!(!answer.starts_with("WA_ERROR_STORE") || answer == "WA_ERROR_STORE_FULL", "{answer}");
    }
}

#[test]
fn what_is_answered_with_an_error_never_goes_out_and_all_else_is_answered_by_what_becomes_of_it() {
    let (world, store, mut host) = scene();
    let group = group(&mut host);
    let mut all = Vec::new();
    for commits in 0..MOST_COMMITS {
        store.fill_after(commits);
        let mut asked = ask_for_messages(&host, &group, commits);
        asked.extend(ask_for_others(&host, &group, commits));
        until_it_ends(&mut host, &asked);
        let was_full = store.free();
        if was_full {
            connect(&mut host);
        }
        for asked in asked.iter().filter(|asked| !is_answered(&host, asked.request)).collect::<Vec<_>>() {
            host.answer(asked.request);
        }
        all.extend(asked);
        if !was_full {
            break;
        }
    }
    let count = |name: &str| all.iter().filter(|asked| answers(&host, asked.request) == [name]).count();
    assert!(count("WA_OK") > 0 && count("WA_ERROR_STORE_FULL") > 0, "{}", host.story());
    host.client.close();
    host.closed();
    let mut next = world.offline_client_in(store);
    connect(&mut next);
    say(&mut next, "LAST");
    check(&world, &host, &all, |_| false);
    world.no_key_is_used_twice();
}

#[test]
fn a_client_that_is_closed_on_a_full_disk_answers_as_at_any_close_for_what_goes_out_later() {
    let (world, store, mut host) = scene();
    let group = group(&mut host);
    let (mut was_full, mut commits) = (true, 0);
    while was_full && commits < MOST_COMMITS {
        store.fill_after(commits);
        let asked = ask_for_messages(&host, &group, commits);
        until_it_ends(&mut host, &asked);
        settle(&mut host);
        let has_room = commits % 2 == 0;
        was_full = has_room && store.free();
        host.client.close();
        host.closed();
        was_full |= store.free();
        let mut next = world.offline_client_in(store.clone());
        connect(&mut next);
        say(&mut next, &format!("NEXT-{commits:02}"));
        // One that left, and never got there because the connection ended, is nowhere if the disk was full to the end.
        check(&world, &host, &asked, |sign| !has_room && !store.has_stored(sign));
        (host, commits) = (next, commits + 1);
    }
    assert!(commits > 1, "the store has failed");
    world.no_key_is_used_twice();
}

#[test]
fn a_message_that_waits_in_the_store_is_answered_when_it_has_gone_out() {
    let (world, store, mut host) = scene();
    go_offline(&mut host);
    let stored = text(&host, "STORED");
    store.await_outbox("STORED");
    store.fill_after(0);
    let lost = text(&host, "LOST");
    assert_eq!(host.answer(lost)["name"], "WA_ERROR_STORE_FULL");
    settle(&mut host);
    assert!(!is_answered(&host, stored), "{}", host.story());
    // The same message once more.
    let again = text(&host, "STORED");
    store.free();
    connect(&mut host);
    assert_eq!(host.answer(stored)["name"], "WA_OK");
    assert!(is_answered(&host, again) || host.answer(again)["name"] == "WA_OK");
    assert_eq!((times_sent(&world, "STORED"), times_sent(&world, "LOST")), (1, 0));
}

#[test]
fn a_message_that_waits_in_the_store_can_be_cancelled_after_the_store_has_failed() {
    let (world, store, mut host) = scene();
    go_offline(&mut host);
    let (before, at, after) = (text(&host, "BEFORE"), text(&host, "AT"), text(&host, "AFTER"));
    store.await_outbox("AFTER");
    host.client.cancel(before).unwrap();
    assert_eq!(host.answer(before)["name"], "WA_ERROR_CANCELLED");
    settle(&mut host);
    store.fill_after(0);
    host.client.cancel(at).unwrap();
    settle(&mut host);
    assert!(!is_answered(&host, at), "it is in the store still");
    store.free();
    host.client.cancel(after).unwrap();
    for request in [after, at] {
        if !is_answered(&host, request) {
            host.answer(request);
        }
        assert_eq!(answers(&host, request), ["WA_ERROR_CANCELLED"]);
    }
    connect(&mut host);
    say(&mut host, "LAST");
    for id in ["BEFORE", "AT", "AFTER"] {
        assert_eq!(times_sent(&world, id), 0, "{id}");
    }
}

#[test]
fn a_message_that_left_before_it_was_stored_goes_out_again_and_is_answered() {
    let (world, store, mut host) = scene();
    world.fault(json!({ "when": { "point": "out", "tag": "ack" }, "do": "drop" }));
    store.fill_at(|batch| stores(batch, "EARLY"));
    let request = text(&host, "EARLY");
    given_up(&mut host);
    settle(&mut host);
    assert!(!is_answered(&host, request), "{}", host.story());
    assert_eq!(times_sent(&world, "EARLY"), 1);
    // It fails once more, when the message has not left again.
    let other = text(&host, "OTHER");
    assert_eq!(host.answer(other)["name"], "WA_ERROR_STORE_FULL");
    store.free();
    connect(&mut host);
    assert_eq!(host.answer(request)["name"], "WA_OK");
    assert_eq!((times_sent(&world, "EARLY"), times_sent(&world, "OTHER")), (2, 0));
    // The store has it by now.
    say(&mut host, "EARLY");
    assert_eq!(times_sent(&world, "EARLY"), 2);
    world.no_key_is_used_twice();
}

#[test]
fn a_message_that_the_server_has_taken_is_not_sent_again_because_the_store_failed() {
    let (world, store, mut host) = scene();
    let mut times = 0;
    store.fill_at(move |batch| {
        times += usize::from(stores(batch, "TAKEN"));
        times == 2
    });
    go_offline(&mut host);
    let request = text(&host, "TAKEN");
    host.client.connect().unwrap();
    assert_eq!(host.answer(request)["name"], "WA_OK");
    given_up(&mut host);
    assert!(store.free());
    connect(&mut host);
    say(&mut host, "LAST");
    say(&mut host, "TAKEN");
    assert_eq!(times_sent(&world, "TAKEN"), 1);
}

#[test]
fn a_message_that_the_server_refuses_does_not_go_out_again_because_the_store_failed() {
    let (world, store, mut host) = scene();
    world.fault(json!({ "when": { "tag": "message" }, "do": { "error": { "code": 403 } } }));
    store.fill_at(|batch| removes(batch, "REFUSED"));
    go_offline(&mut host);
    let request = text(&host, "REFUSED");
    host.client.connect().unwrap();
    given_up(&mut host);
    settle(&mut host);
    assert!(!is_answered(&host, request), "it is in the store still");
    assert!(store.free());
    connect(&mut host);
    assert_eq!(host.answer(request)["name"], "WA_ERROR_FORBIDDEN");
    say(&mut host, "LAST");
    assert_eq!(times_sent(&world, "REFUSED"), 1);
}

#[test]
fn a_group_that_was_made_is_not_answered_as_if_it_were_not() {
    let (world, store, mut host) = scene();
    store.fill_after(0);
    let request = call(&host.client, "group.create", &json!({ "subject": "COFFEE", "members": [BOB] }));
    let name = host.answer(request)["name"].clone();
    // Its notification can be faster than the answer, which the end of the connection takes along.
    assert!(["WA_OK", "WA_ERROR_REQUEST_TIMEOUT"].contains(&name.as_str().unwrap()), "{}", host.story());
    given_up(&mut host);
    assert!(store.free());
    assert_eq!(on_the_wire(&world, "COFFEE"), 1);
}

#[test]
fn a_question_that_has_left_is_answered_as_one_that_the_server_may_have_heard() {
    let (world, store, mut host) = scene();
    world.fault(json!({ "when": { "tag": "iq", "xmlns": "w:g2" }, "do": "drop" }));
    let request = call(&host.client, "group.create", &json!({ "subject": "COFFEE", "members": [BOB] }));
    world.received(0, |stanza| stanza.to_string().contains("COFFEE"));
    store.fill_after(0);
    text(&host, "OTHER");
    assert_eq!(host.answer(request)["name"], "WA_ERROR_REQUEST_TIMEOUT", "{}", host.story());
}

#[test]
fn a_presence_that_could_not_be_set_is_not_shown_later() {
    let (world, store, mut host) = scene();
    store.fill_after(0);
    // The record of the message has to be stored, and takes the presence along.
    text(&host, "OTHER");
    let request = call(&host.client, "presence.set", &json!({ "available": true }));
    given_up(&mut host);
    settle(&mut host);
    // A slow machine has lost the connection before.
    let [answer] = &answers(&host, request)[..] else { panic!("{}", host.story()) };
    assert!(["WA_ERROR_STORE_FULL", "WA_ERROR_NOT_CONNECTED"].contains(&answer.as_str()), "{answer}");
    store.free();
    connect(&mut host);
    say(&mut host, "LAST");
    assert_eq!(on_the_wire(&world, "\"available\""), 0);
}
