//! Writing to people who do not know the account: the pace that the host sets, and the server's lock.

use serde_json::{Value, json};
use wa::client::Client;

use super::world::{Host, World};

const ADA: &str = "15550001234";
/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;

/// People whom Ada does not know.
fn strangers(world: &World, many: u32) -> Vec<String> {
    (0..many)
        .map(|number| {
            let number = format!("1555777{number:04}");
            assert!(world.sim.add_phone(&number, "Stranger"));
            number
        })
        .collect()
}

fn call(client: &Client, method: &str, params: &Value) -> u64 {
    client.call(method, Some(&params.to_string())).unwrap()
}

fn restrictions(host: &mut Host) -> Value {
    let request = call(&host.client, "restrictions.get", &json!({}));
    let answer = host.answer(request);
    assert_eq!(answer["name"], "WA_OK", "{answer}");
    answer["result"].clone()
}

/// A configuration that lets so many through in an hour.
fn paced(world: &World, per_hour: &str) -> wa::api::Config {
    let mut config = world.config_of(ADA);
    config.set("pace.first_contacts_per_hour", per_hour).unwrap();
    config.set("pace.jitter_ms", "0").unwrap();
    config
}

fn linked(world: &World, config: &wa::api::Config) -> Host {
    let mut host = world.client(config);
    host.client.request_pairing(ADA, None).unwrap();
    let code = host.wait("pairing.code");
    world.enter_on(ADA, &code["code"]);
    host.wait("ready");
    host
}

fn sent(host: &mut Host, request: u64) {
    let answer = host.answer(request);
    assert_eq!(answer["name"], "WA_OK", "{answer}\n{}", host.story());
}

#[test]
fn first_contacts_wait_for_their_turn_and_nobody_else_does() {
    let world = World::new();
    let people = strangers(&world, 5);
    let config = paced(&world, "2");
    let mut ada = linked(&world, &config);
    for number in &people[..2] {
        let request = ada.client.send_text(number, "hello", None).unwrap();
        sent(&mut ada, request);
    }
    let waits = ada.client.send_text(&people[2], "hello", Some("THIRD")).unwrap();
    let waiting = ada.wait("message.waiting");
    assert_eq!((&waiting["request"], &waiting["message_id"]), (&waits.into(), &"THIRD".into()));
    assert_eq!(waiting["reason"], "first_contacts");
    let due = waiting["due_at_ms"].as_i64().unwrap() - waiting["time_ms"].as_i64().unwrap();
    assert!((HOUR - 60_000..=HOUR).contains(&due), "{waiting}");
    // The next message in its chat waits with it.
    let follows = ada.client.send_text(&people[2], "are you there?", None).unwrap();
    let also = ada.wait("message.waiting");
    assert_eq!((&also["request"], &also["due_at_ms"]), (&follows.into(), &waiting["due_at_ms"]));

    // Those who know us are not held up: who was written to, and who writes.
    let request = ada.client.send_text(&people[0], "once more", None).unwrap();
    sent(&mut ada, request);
    world.sim.person(&people[3], "send", &json!({ "to": ADA, "text": "hello" })).unwrap();
    let message = ada.wait("message");
    let request = ada.client.send_text(message["chat"].as_str().unwrap(), "hello", None).unwrap();
    sent(&mut ada, request);

    let state = restrictions(&mut ada);
    assert_eq!((&state["first_contacts_left"], &state["waiting"]), (&json!(0), &json!(1)), "{state}");
    assert_eq!((&state["next_at_ms"], &state["time_locked"]), (&waiting["due_at_ms"], &json!(false)));

    // It can be given up.
    let fourth = ada.client.send_text(&people[4], "hello", None).unwrap();
    ada.wait("message.waiting");
    ada.client.cancel(fourth).unwrap();
    assert_eq!(ada.answer(fourth)["name"], "WA_ERROR_CANCELLED");
    assert_eq!(restrictions(&mut ada)["waiting"], 1);

    // A restart begins no new hour.
    drop(ada);
    let mut ada = world.client(&config);
    let again = ada.wait_for("message.waiting", |event| event["message_id"] == "THIRD");
    assert_eq!(again["request"], 0);
    let moved = again["due_at_ms"].as_i64().unwrap() - waiting["due_at_ms"].as_i64().unwrap();
    assert!(moved.abs() < 5_000, "{waiting} {again}");

    // Once they write themselves, there is no reason to wait.
    world.sim.person(&people[2], "send", &json!({ "to": ADA, "text": "hello" })).unwrap();
    ada.wait_for("message", |event| event["sender_phone"] == people[2]);
    let request = ada.client.send_text(&people[2], "and a last one", Some("LAST")).unwrap();
    sent(&mut ada, request);
    for text in ["hello", "are you there?", "and a last one"] {
        world.wait_heard(&people[2], 0, |message| message["text"] == text);
    }
    world.no_key_is_used_twice();
}

#[test]
fn a_new_link_of_the_same_number_begins_no_new_hour() {
    const BOB: &str = "15550005678";
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let people = strangers(&world, 2);
    let mut config = paced(&world, "2");
    for (key, value) in [("pairing.limit_burst", "10"), ("pairing.limit_per_hour", "60")] {
        config.set(key, value).unwrap();
    }
    let mut ada = linked(&world, &config);
    for number in &people {
        let request = ada.client.send_text(number, "hello", None).unwrap();
        sent(&mut ada, request);
    }
    for way in ["by the phone", "by the host", "erased", "erased by another session"] {
        match way {
            "by the phone" => {
                world.sim.unlink_all(ADA);
                ada.wait("logged_out");
                ada.acknowledge_all();
            }
            "by the host" => {
                let request = ada.client.logout().unwrap();
                sent(&mut ada, request);
            }
            "erased" => {
                let request = call(&ada.client, "session.erase", &json!({}));
                sent(&mut ada, request);
            }
            _ => {
                ada.client.close();
                ada.closed();
                let mut other = World::offline_client(&world.config_with(&[("session.id", "other")]));
                let request = call(&other.client, "session.erase", &json!({ "session": ADA }));
                sent(&mut other, request);
            }
        }
        if way != "erased by another session" {
            ada.closed();
        }
        drop(ada);
        ada = linked(&world, &config);
        assert_eq!(restrictions(&mut ada)["first_contacts_left"], 0, "{way}");
    }
    // It is the number that is limited, and not the session.
    let request = ada.client.logout().unwrap();
    sent(&mut ada, request);
    ada.closed();
    drop(ada);
    let mut bob = world.client(&config);
    bob.client.request_pairing(BOB, None).unwrap();
    let code = bob.wait("pairing.code");
    world.enter_on(BOB, &code["code"]);
    bob.wait("ready");
    assert_eq!(restrictions(&mut bob)["first_contacts_left"], 2);
}

#[test]
fn without_a_limit_nobody_waits() {
    let world = World::new();
    let people = strangers(&world, 40);
    let mut ada = world.linked_as(ADA);
    let requests: Vec<u64> =
        people.iter().map(|number| ada.client.send_text(number, "hello", None).unwrap()).collect();
    for request in requests {
        sent(&mut ada, request);
    }
    assert!(ada.taken("message.waiting").is_empty());
    assert_eq!(restrictions(&mut ada)["first_contacts_per_hour"], 0);
}

#[test]
fn a_lock_is_told_stored_and_kept_to() {
    let world = World::new();
    let people = strangers(&world, 4);
    let mut ada = world.linked_as(ADA);
    world.sim.person(&people[0], "send", &json!({ "to": ADA, "text": "hello" })).unwrap();
    ada.wait("message");

    let ends =
        1000 * (std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 7200);
    world.sim.set(ADA, &json!({ "timelock": true, "timelock_ends": ends / 1000 })).unwrap();
    let restricted = ada.wait("restricted");
    assert_eq!((&restricted["kind"], &restricted["scope"]), (&"time_lock".into(), &"new_chats".into()));
    assert_eq!(restricted["ends_at_ms"], ends);

    // A first contact is refused without asking the server, who counts such attempts.
    let before = world.now();
    let request = ada.client.send_text(&people[1], "hello", None).unwrap();
    let answer = ada.answer(request);
    assert_eq!(answer["name"], "WA_ERROR_TIME_LOCKED", "{answer}");
    // By the client's clock, which is not the test's.
    let over = answer["time_ms"].as_i64().unwrap() + answer["retry_after_ms"].as_i64().unwrap();
    let ends = i64::try_from(ends).unwrap();
    assert!((over - ends).abs() < 60_000 && answer["retryable"] == true, "{answer}");
    // Those who know us are not concerned.
    let request = ada.client.send_text(&people[0], "after", None).unwrap();
    sent(&mut ada, request);
    // Of the two the server has one.
    let entries = world.entries(before);
    let came = entries.iter().filter(|entry| entry["dir"] == "in" && entry["stanza"]["tag"] == "message");
    assert_eq!(came.count(), 1);
    let state = restrictions(&mut ada);
    assert_eq!((&state["time_locked"], &state["ends_at_ms"]), (&json!(true), &json!(ends)));
    assert_eq!(state["reason"], "DEFAULT");

    // It is known after a restart, before anything was asked.
    ada.client.ack(restricted["id"].as_u64().unwrap());
    drop(ada);
    let mut ada = World::offline_client(&world.config_of(ADA));
    assert_eq!(restrictions(&mut ada)["time_locked"], true);
    ada.client.connect().unwrap();
    ada.wait("ready");
    world.sim.set(ADA, &json!({ "timelock": false, "timelock_ends": null })).unwrap();
    let lifted = std::time::Instant::now();
    while restrictions(&mut ada)["time_locked"] == true {
        assert!(lifted.elapsed().as_secs() < 180, "{}", ada.story());
    }
    let request = ada.client.send_text(&people[1], "hello", None).unwrap();
    sent(&mut ada, request);
    assert!(ada.taken("restricted").is_empty(), "it was told before");
}

#[test]
fn a_refusal_brings_the_lock_to_light() {
    let world = World::new();
    let people = strangers(&world, 3);
    let sends = |before: u64| {
        let entries = world.entries(before);
        entries.iter().filter(|entry| entry["dir"] == "in" && entry["stanza"]["tag"] == "message").count()
    };
    // Nothing is asked at the login.
    let ends = 4_000_000_000_u64;
    world.sim.set(ADA, &json!({ "timelock": true, "timelock_ends": ends })).unwrap();
    let mut ada = world.linked_as(ADA);
    assert_eq!(restrictions(&mut ada)["time_locked"], false);
    let before = world.now();
    let request = ada.client.send_text(&people[0], "hello", None).unwrap();
    let restricted = ada.wait("restricted");
    assert_eq!(
        (&restricted["kind"], &restricted["ends_at_ms"]),
        (&"time_lock".into(), &(1000 * ends).into())
    );
    let answer = ada.answer(request);
    assert_eq!(answer["name"], "WA_ERROR_TIME_LOCKED", "{answer}");
    // Once under each name.
    assert!(answer["retry_after_ms"].as_u64().unwrap() > 0 && sends(before) == 2, "{answer}");
    let request = ada.client.send_text(&people[1], "hello", None).unwrap();
    assert_eq!(ada.answer(request)["name"], "WA_ERROR_TIME_LOCKED");
    assert_eq!(sends(before), 2, "the server is left alone");

    // An account of which nothing is known but the refusal.
    world.sim.set(ADA, &json!({ "timelock": false, "timelock_ends": null })).unwrap();
    let lifted = std::time::Instant::now();
    while restrictions(&mut ada)["time_locked"] == true {
        assert!(lifted.elapsed().as_secs() < 180, "{}", ada.story());
    }
    let before = world.now();
    world.fault(json!({ "when": { "tag": "message" }, "do": { "error": { "code": 463 } }, "times": 2 }));
    let request = ada.client.send_text(&people[2], "hello", None).unwrap();
    let answer = ada.answer(request);
    assert_eq!((&answer["name"], sends(before)), (&"WA_ERROR_TIME_LOCKED".into(), 2), "{answer}");
    assert_eq!(ada.taken("restricted").len(), 1, "there is no lock, and so none is told");
    let request = ada.client.send_text(&people[2], "hello again", None).unwrap();
    sent(&mut ada, request);
}

#[test]
fn who_gave_no_token_is_shown_a_computed_one() {
    let world = World::new();
    let people = strangers(&world, 1);
    world.sim.set(ADA, &json!({ "provisions": true })).unwrap();
    let mut ada = linked(&world, &paced(&world, "0"));
    // The salt comes with the history.
    world.received(0, |stanza| stanza["tag"] == "receipt" && stanza["attrs"]["type"] == "hist_sync");
    let start = world.now();
    let request = ada.client.send_text(&people[0], "hello", None).unwrap();
    sent(&mut ada, request);
    let message = world.received(start, |stanza| stanza["tag"] == "message");
    let children = message["children"].as_array().unwrap();
    let has = |tag: &str| children.iter().any(|child| child["tag"] == tag);
    // wa-sim refuses one that is wrong.
    assert!(has("cstoken") && !has("tctoken"), "{message}");
}
