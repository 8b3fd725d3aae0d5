//! Prekeys: handed over, refused, lost on the way, refilled; the signed one replaced.

use serde_json::{Value, json};
use wa::api::Config;

use super::restored::Backup;
use super::world::{Host, NUMBER, World};

/// The numbers of the keys in an upload.
fn ids(upload: &Value) -> Vec<String> {
    let list = upload["children"].as_array().unwrap().iter().find(|child| child["tag"] == "list").unwrap();
    let keys = list["children"].as_array().unwrap();
    keys.iter().map(|key| key["children"][0].to_string()).collect()
}

fn is_upload(stanza: &Value) -> bool {
    stanza["attrs"]["xmlns"] == "encrypt" && stanza["attrs"]["type"] == "set"
}

/// Returns the number of keys that the server has at the moment.
fn held(world: &World) -> u64 {
    world.settled(|state| state.phone(NUMBER).unwrap()["companions"][0]["prekeys"].as_u64().unwrap())
}

/// Waits until the server has so many keys.
fn server_has(world: &World, count: u64) {
    let is = |phone: &Value| phone["companions"][0]["prekeys"] == count;
    world.wait_phone(&format!("the server has {count} keys"), NUMBER, is);
}

/// The server says that it has so many left.
fn left(world: &World, count: u32) {
    let value = json!({ "tag": "count", "attrs": { "value": count.to_string() } });
    let attrs = json!({ "from": "s.whatsapp.net", "type": "encrypt", "id": format!("c-{count}") });
    world.say(&json!({ "tag": "notification", "attrs": attrs, "children": [value] }));
}

#[test]
fn the_first_upload_is_whole() {
    let world = World::new();
    world.linked(&world.config());
    server_has(&world, 812);
}

#[test]
fn a_refused_or_unanswered_upload_does_not_hold_up_the_session_and_is_sent_again() {
    for what in [json!({ "error": { "code": 500 } }), json!({ "error": { "code": 406 } }), json!("drop")] {
        let world = World::new();
        let config = world.config_with(&[("prekeys.upload_count", "7"), ("iq.timeout_ms", "300")]);
        world.fault(json!({ "when": { "child": "list" }, "do": what }));
        let host = world.linked(&config);
        let first = world.received(0, is_upload);
        let entry = world.logged(0, |entry| entry["dir"] == "in" && is_upload(&entry["stanza"]));
        let again = world.received(entry["n"].as_u64().unwrap(), is_upload);
        assert_eq!(ids(&first), ids(&again), "the same keys: {what}");
        server_has(&world, 7);
        assert_eq!(host.taken("connection").last().unwrap()["state"], "online");
    }
}

#[test]
fn keys_that_were_made_and_not_taken_survive_the_program() {
    let world = World::new();
    let config = world.config_with(&[("prekeys.upload_count", "9")]);
    world.fault(json!({ "when": { "child": "list" }, "do": "silence" }));
    let mut host = world.client(&config);
    host.client.request_pairing(NUMBER, None).unwrap();
    world.enter_later(&host.wait("pairing.code")["code"]);
    let first = world.logged(0, |entry| entry["dir"] == "in" && is_upload(&entry["stanza"]));
    drop(host);

    let after = first["n"].as_u64().unwrap();
    let mut again = world.client(&config);
    again.wait("ready");
    assert_eq!(ids(&first["stanza"]), ids(&world.received(after, is_upload)));
    server_has(&world, 9);
}

#[test]
fn the_server_runs_short_and_gets_more() {
    let world = World::new();
    let _host = world.linked(&world.config_with(&[("prekeys.upload_count", "6")]));
    server_has(&world, 6);
    let first = ids(&world.received(0, is_upload));
    let after = world.now();
    // However many it has left: its own limit is what counts.
    left(&world, 500);
    let more = ids(&world.received(after, is_upload));
    assert_eq!(more.len(), 6);
    assert!(more.iter().all(|id| !first.contains(id)), "new keys have new numbers");
    server_has(&world, 12);
    let ack = world.received(after, |stanza| stanza["tag"] == "ack" && stanza["attrs"]["id"] == "c-500");
    assert!(ack["attrs"]["type"].is_null(), "as the official web client: {ack}");
}

#[test]
fn a_server_that_counts_twice_gets_them_once() {
    let world = World::new();
    let mut host = world.linked(&world.config_with(&[("prekeys.upload_count", "6")]));
    let after = world.now();
    world.fault(json!({ "when": { "child": "list" }, "do": { "delay": 300 } }));
    left(&world, 3);
    assert_eq!(ids(&world.received(after, is_upload)).len(), 6);
    // Before its answer.
    left(&world, 2);
    server_has(&world, 12);
    // The effects of the answer to them come before the answer to a later question.
    let ping = host.client.call("server.ping", None).unwrap();
    host.answer(ping);
    let entries = world.entries(after);
    assert_eq!(entries.iter().filter(|entry| entry["dir"] == "in" && is_upload(&entry["stanza"])).count(), 1);
    // The next time it gets some again.
    let later = world.now();
    left(&world, 1);
    world.received(later, is_upload);
}

#[test]
fn a_server_that_asks_again_and_again_gets_a_few() {
    let world = World::new();
    let mut host = world.linked(&world.config_with(&[("prekeys.upload_count", "6")]));
    let after = world.now();
    for _ in 0..12 {
        let before = held(&world);
        left(&world, 0);
        // A later question is answered after what that led to, but for the making of keys.
        for _ in 0..20 {
            let ping = host.client.call("server.ping", None).unwrap();
            host.answer(ping);
            if held(&world) > before {
                break;
            }
        }
    }
    let entries = world.entries(after);
    let uploads = entries.iter().filter(|entry| entry["dir"] == "in" && is_upload(&entry["stanza"]));
    assert!(uploads.count() <= 4, "the one at login, and four more");
}

#[test]
fn a_refill_that_the_connection_did_not_survive_follows_on_the_next() {
    let world = World::new();
    let mut host = world.linked(&world.config_with(&[("prekeys.upload_count", "6")]));
    let after = world.now();
    world.fault(json!({ "when": { "child": "list" }, "do": "cut" }));
    left(&world, 0);
    let lost = world.logged(after, |entry| entry["dir"] == "note" && entry["text"] == "disconnected");
    host.wait("ready");
    assert_eq!(ids(&world.received(lost["n"].as_u64().unwrap(), is_upload)).len(), 6);
    server_has(&world, 12);
}

#[test]
fn strangers_always_find_a_prekey() {
    let world = World::new();
    let mut host = world.linked(&world.config_with(&[("prekeys.upload_count", "14")]));
    server_has(&world, 14);
    for number in 0..15 {
        let number = format!("155500057{number:02}");
        assert!(world.sim.add_phone(&number, "A stranger"));
        world.sim.person(&number, "send", &json!({ "to": NUMBER, "text": "hello" })).unwrap();
        assert_eq!(host.wait("message")["sender_phone"], *number);
        let is_refilled = |phone: &Value| phone["companions"][0]["prekeys"].as_u64() >= Some(10);
        world.wait_phone("the server is not short of keys", NUMBER, is_refilled);
    }
    assert!(host.taken("message.unreadable").is_empty(), "{}", host.story());
}

/// Ends a client with its program, and starts another one on the same store.
fn restarted(world: &World, host: Host, config: &Config) -> Host {
    drop(host);
    let mut host = world.client(config);
    host.wait("ready");
    host
}

#[test]
fn a_refill_that_the_program_did_not_survive_follows_in_the_next() {
    let world = World::new();
    let config = world.config_with(&[("prekeys.upload_count", "6")]);
    let host = world.linked(&config);
    server_has(&world, 6);
    let after = world.now();
    world.fault(json!({ "when": { "child": "list" }, "do": "silence" }));
    left(&world, 2);
    let lost = world.logged(after, |entry| entry["dir"] == "in" && is_upload(&entry["stanza"]));
    let _host = restarted(&world, host, &config);
    assert_eq!(ids(&lost["stanza"]), ids(&world.received(lost["n"].as_u64().unwrap(), is_upload)));
    server_has(&world, 12);
}

fn is_key_check(stanza: &Value) -> bool {
    stanza["attrs"]["xmlns"] == "encrypt" && stanza["children"][0]["tag"] == "digest"
}

#[test]
fn the_keys_are_checked_at_each_login_and_when_the_server_wants_it() {
    let world = World::new();
    let config = world.config_with(&[("prekeys.upload_count", "6")]);
    let host = world.linked(&config);
    world.received(0, is_key_check);
    let after = world.now();
    let mut host = restarted(&world, host, &config);
    world.received(after, is_key_check);
    let after = world.now();
    let attrs = json!({ "from": "s.whatsapp.net", "type": "encrypt", "id": "d-1" });
    world.say(&json!({ "tag": "notification", "attrs": attrs, "children": [{ "tag": "digest" }] }));
    world.received(after, is_key_check);
    // They agree: nothing is uploaded for that. What the answer leads to has happened before that to a later question.
    let ping = host.client.call("server.ping", None).unwrap();
    host.answer(ping);
    let entries = world.entries(0);
    assert_eq!(entries.iter().filter(|entry| entry["dir"] == "in" && is_upload(&entry["stanza"])).count(), 1);
}

#[test]
fn keys_that_the_server_lost_are_uploaded_again() {
    let world = World::new();
    let config = world.config_with(&[("prekeys.upload_count", "6")]);
    let host = world.linked(&config);
    let first = ids(&world.received(0, is_upload));
    world.received(0, is_key_check);
    let after = world.now();
    world.fault(json!({ "when": { "child": "digest" }, "do": { "error": { "code": 404 } } }));
    let _host = restarted(&world, host, &config);
    let again = ids(&world.received(after, is_upload));
    assert!(again.len() == 6 && again.iter().all(|id| !first.contains(id)), "{again:?}");
    server_has(&world, 12);
}

#[test]
fn a_store_put_back_from_a_backup_is_noticed() {
    let world = World::new();
    let config = world.config_with(&[("prekeys.upload_count", "6")]);
    let host = world.linked(&config);
    server_has(&world, 6);
    drop(host);
    let backup = Backup::of(world.folder());
    let mut host = world.client(&config);
    host.wait("ready");
    let after = world.now();
    left(&world, 2);
    let second = ids(&world.received(after, is_upload));
    server_has(&world, 12);
    drop(host);
    backup.put_back();
    let after = world.now();
    let mut host = world.client(&config);
    host.wait("ready");
    let third = ids(&world.received(after, is_upload));
    assert!(third.iter().all(|id| !second.contains(id)), "their private halves are gone: {third:?}");
    server_has(&world, 18);
    host.wait_for("log", |line| line["text"].as_str().unwrap().contains("put back from an older copy"));
}

fn is_rotation(stanza: &Value) -> bool {
    is_upload(stanza) && stanza["children"][0]["tag"] == "rotate"
}

/// The key in such an offer, with its number.
fn offered(stanza: &Value) -> String {
    stanza["children"][0]["children"][0].to_string()
}

#[test]
fn the_signed_prekey_is_replaced_and_a_late_message_to_the_old_one_is_read() {
    const BOB: &str = "15550005678";
    const CEM: &str = "15550009999";
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob") && world.sim.add_phone(CEM, "Cem"));
    let config = world.config_with(&[("prekeys.signed_lifetime_ms", "1000")]);
    let mut host = world.linked(&config);
    // Bob's message is under way for longer than the key lives.
    world.fault(json!({ "when": { "point": "out", "tag": "message" }, "do": { "delay": 2_500 } }));
    world.sim.person(BOB, "send", &json!({ "to": NUMBER, "text": "late" })).unwrap();
    let first = world.logged(0, |entry| entry["dir"] == "in" && is_rotation(&entry["stanza"]));
    let next = world.received(first["n"].as_u64().unwrap(), is_rotation);
    assert_ne!(offered(&first["stanza"]), offered(&next), "each is a new one");
    assert!(host.taken("message").is_empty());
    let message = host.wait("message");
    assert_eq!((&message["text"], &message["sender_phone"]), (&"late".into(), &BOB.into()));
    assert!(host.taken("message.unreadable").is_empty(), "{}", host.story());
    // And who writes for the first time finds the new one.
    world.sim.person(CEM, "send", &json!({ "to": NUMBER, "text": "new" })).unwrap();
    assert_eq!(host.wait("message")["text"], "new");
    assert!(host.taken("message.unreadable").is_empty(), "{}", host.story());
}

#[test]
fn a_signed_prekey_that_the_server_did_not_answer_for_is_offered_again() {
    let world = World::new();
    let config = world.config_with(&[("prekeys.signed_lifetime_ms", "1000")]);
    world.fault(json!({ "when": { "child": "rotate" }, "do": "cut" }));
    let mut host = world.linked(&config);
    let first = world.logged(0, |entry| entry["dir"] == "in" && is_rotation(&entry["stanza"]));
    host.wait("ready");
    let again = world.received(first["n"].as_u64().unwrap(), is_rotation);
    assert_eq!(offered(&first["stanza"]), offered(&again));
}
