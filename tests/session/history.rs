//! The account's history, which its phone hands over: whom it knows is known, and nothing of it is lost on the way.

use serde_json::{Value, json};

use super::messages::{ADA, BOB, call, sent};
use super::world::{Host, World};

const CEM: &str = "15550009999";

/// A world in which Ada's phone has that past.
fn with_past(chats: &Value, more: &Value) -> World {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob") && world.sim.add_phone(CEM, "Cem"));
    remember(&world, chats, more);
    world
}

fn remember(world: &World, chats: &Value, more: &Value) {
    let mut past = json!({ "chats": chats });
    past.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.sim.set_past(ADA, &past).unwrap();
    world.sim.set(ADA, &json!({ "provisions": true })).unwrap();
}

/// Waits until so many parts were taken.
fn taken(host: &mut Host, parts: usize) {
    for _ in 0..parts {
        logged(host, "a part of the history was taken");
    }
}

fn logged(host: &mut Host, text: &str) -> Value {
    host.wait_for("log", |event| event["text"].as_str().is_some_and(|line| line.contains(text)))
}

fn text(host: &mut Host, to: &str) -> Value {
    let request = host.client.send_text(to, "hello", None).unwrap();
    host.answer(request)
}

#[test]
fn people_of_the_history_are_known_under_a_lock() {
    let world = with_past(&json!([{ "with": BOB, "messages": 3, "token": true }]), &json!({}));
    world.sim.set(ADA, &json!({ "timelock": true })).unwrap();
    let mut ada = world.linked_as(ADA);
    taken(&mut ada, 4);
    assert_eq!(text(&mut ada, BOB)["name"], "WA_OK", "{}", ada.story());
    world.wait_heard(BOB, 0, |message| message["text"] == "hello");
    // The lock is one: whoever is not in the history is out of reach.
    assert_eq!(text(&mut ada, CEM)["name"], "WA_ERROR_TIME_LOCKED", "{}", ada.story());
}

#[test]
fn people_of_the_history_are_no_first_contacts() {
    let world =
        with_past(&json!([{ "with": BOB, "messages": 1 }, { "with": CEM, "messages": 1 }]), &json!({}));
    let mut config = world.config_of(ADA);
    config.set("pace.first_contacts_per_hour", "1").unwrap();
    config.set("pace.jitter_ms", "0").unwrap();
    let mut ada = world.client(&config);
    ada.client.request_pairing(ADA, None).unwrap();
    let code = ada.wait("pairing.code");
    world.enter_on(ADA, &code["code"]);
    ada.wait("ready");
    taken(&mut ada, 4);
    for number in [BOB, CEM] {
        assert_eq!(text(&mut ada, number)["name"], "WA_OK", "{}", ada.story());
    }
    assert!(ada.taken("message.waiting").is_empty());
    let request = call(&ada.client, "restrictions.get", &json!({}));
    assert_eq!(sent(&mut ada, request)["first_contacts_left"], 1);
}

#[test]
fn timers_and_polls_of_the_history_go_on() {
    let chats = json!([{ "with": BOB, "messages": 2, "timer": 86_400, "poll": true }]);
    let world = with_past(&chats, &json!({ "chunks": 2, "inline": false }));
    let past = world.sim.set_past(ADA, &json!({ "chats": chats, "chunks": 2, "inline": false })).unwrap();
    let mut ada = world.linked_as(ADA);
    taken(&mut ada, 5);
    let mut bob = world.linked_as(BOB);
    assert_eq!(text(&mut ada, BOB)["name"], "WA_OK", "{}", ada.story());
    let message = bob.wait("message");
    assert_eq!(message["content"]["expires_in_s"], 86_400, "{message}");
    for poll in past["chats"][0]["polls"].as_array().unwrap() {
        let from = if poll["from_me"] == true { ADA } else { BOB };
        let target = json!({ "id": poll["id"], "from": from });
        let options = json!([past["options"][1]]);
        let vote = json!({ "to": ADA, "target": target, "options": options });
        world.sim.person(BOB, "vote", &vote).unwrap();
        let vote = ada.wait_for("message", |event| event["kind"] == "poll_vote");
        assert_eq!(
            (&vote["content"]["target"]["message_id"], &vote["content"]["selected"]),
            (&poll["id"], &options)
        );
    }
}

#[test]
fn files_are_fetched_once_and_deleted() {
    let chats = json!([{ "with": BOB, "messages": 40, "token": true }]);
    let world = with_past(&chats, &json!({ "chunks": 3, "inline": false }));
    let mut ada = world.linked_as(ADA);
    taken(&mut ada, 6);
    world.wait_until("the files are deleted", |state| {
        let media = state.media();
        media["deleted"].as_u64() == Some(6) && media["held"] == 0
    });
    let media = world.settled(|state| state.media());
    assert_eq!((&media["downloads"], &media["refused"]), (&json!(6), &json!(0)), "{media}");
    // The next run has nothing to do.
    drop(ada);
    let mut ada = world.client(&world.config_of(ADA));
    ada.wait("ready");
    assert_eq!(text(&mut ada, BOB)["name"], "WA_OK");
    let media = world.settled(|state| state.media());
    assert_eq!(media["downloads"], 6, "{media}");
}

#[test]
fn files_come_over_tls_from_the_server_that_is_trusted() {
    let world =
        with_past(&json!([{ "with": BOB, "messages": 3, "token": true }]), &json!({ "inline": false }));
    let file = world.folder().join("ca.pem");
    std::fs::write(&file, &world.sim.started().ca_pem).unwrap();
    let mut config = world.config_of(ADA);
    for (key, value) in
        [("server.url", world.sim.started().wss.as_str()), ("server.ca_file", file.to_str().unwrap())]
    {
        config.set(key, value).unwrap();
    }
    let mut ada = world.client(&config);
    ada.client.request_pairing(ADA, None).unwrap();
    let code = ada.wait("pairing.code");
    world.enter_on(ADA, &code["code"]);
    ada.wait("ready");
    taken(&mut ada, 4);
    logged(&mut ada, "deleting a file of the history: status 200");
}

#[test]
fn a_part_that_was_begun_is_taken_by_the_next_run() {
    let world =
        with_past(&json!([{ "with": BOB, "messages": 5, "token": true }]), &json!({ "inline": false }));
    world.sim.set(ADA, &json!({ "timelock": true })).unwrap();
    world.fault(json!({ "when": { "point": "media" }, "do": { "hang_at": 30 } }));
    let mut ada = world.linked_as(ADA);
    world.wait_phone("the notices have come", ADA, |phone| {
        let notices = phone["past"]["notices"].as_array().unwrap();
        notices.len() >= 4 && notices.iter().all(|notice| notice["hist_sync"] == true)
    });
    world.wait_until("the file is on its way", |state| state.faults()[0]["applied"] == 1);
    drop(ada);
    ada = world.client(&world.config_of(ADA));
    ada.wait("ready");
    taken(&mut ada, 4);
    assert_eq!(text(&mut ada, BOB)["name"], "WA_OK", "{}", ada.story());
}

#[test]
fn a_part_that_cannot_be_read_is_asked_for_again() {
    let world = with_past(&json!([{ "with": BOB, "messages": 5, "token": true }]), &json!({}));
    let mut ada = world.linked_as(ADA);
    taken(&mut ada, 4);
    let send = |body: Value| world.send_past(ADA, &body);
    for flaw in
        ["wrong_hash", "wrong_enc_hash", "wrong_mac", "garbage", "truncated", "expired", "unknown_path"]
    {
        send(json!({ "device": 1, "type": "recent", "flaws": [flaw] }));
        logged(&mut ada, "the phone is asked for it again");
        taken(&mut ada, 1);
    }
    let phone = world.settled(|state| state.phone(ADA)).unwrap();
    assert_eq!(phone["past"]["server_errors"], 7, "{phone}");
    assert_eq!(phone["past"]["malformed"], json!([]), "{phone}");
    for flaw in ["unknown", "disordered"] {
        send(json!({ "device": 1, "type": "recent", "flaws": [flaw] }));
        taken(&mut ada, 1);
    }
    send(json!({ "device": 1, "type": "recent", "flaws": ["huge"], "size": 8 << 20 }));
    taken(&mut ada, 1);
}

#[test]
fn a_media_server_that_fails_is_asked_again() {
    let world =
        with_past(&json!([{ "with": BOB, "messages": 5, "token": true }]), &json!({ "inline": false }));
    let faults = [json!({ "http": 503 }), json!({ "cut_at": 10 }), json!({ "http": 429 }), json!("close")];
    for (number, fault) in faults.iter().enumerate() {
        let when = json!({ "point": "media", "method": "GET", "skip": number });
        world.fault(json!({ "when": when, "do": fault }));
    }
    let mut ada = world.linked_as(ADA);
    for _ in 0..4 {
        logged(&mut ada, "could not be fetched");
    }
    taken(&mut ada, 4);
}
