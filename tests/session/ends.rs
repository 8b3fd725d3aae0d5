//! The ends of a link, a session and a client, on every side's wish.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use wa::api::{Config, Status};
use wa::client::Client;

use super::world::{Host, NUMBER, World};

/// The sessions that something is stored for.
fn stored(config: &Config) -> Value {
    let mut config = config.clone();
    config.set("session.id", "somebody-else").unwrap();
    let mut host = World::offline_client(&config);
    let request = host.client.call("session.list", None).unwrap();
    host.answer(request)["result"]["sessions"].clone()
}

/// Waits until the phone lists so many companions.
fn companions_are(world: &World, count: usize) {
    let is = |phone: &Value| phone["companions"].as_array().map(Vec::len) == Some(count);
    world.wait_phone(&format!("the phone lists {count}"), NUMBER, is);
}

/// Logs out and checks all that the host is told, in its order.
fn logged_out(mut host: Host, may_be_listed: bool) {
    let request = host.client.logout().unwrap();
    let answer = host.answer(request);
    assert_eq!((&answer["status"], &answer["result"]), (&0.into(), &json!({})), "{answer}");
    assert!(!host.client.is_linked());
    let told = host.next().unwrap();
    assert_eq!(told["type"], "logged_out", "{told}");
    assert_eq!((&told["reason"], &told["may_be_listed"]), (&"by_host".into(), &may_be_listed.into()));
    assert!(!told["user_text"].as_str().unwrap().is_empty());
    assert_eq!(host.closed()["reason"], "logged_out");
    assert!(!host.client.is_linked());
    assert_eq!(host.client.connect().unwrap_err().status, Status::CLIENT_CLOSED);
}

#[test]
fn a_logout_tells_the_server_and_leaves_nothing() {
    let world = World::new();
    let config = world.config();
    let host = world.linked(&config);
    assert_eq!(stored(&config), json!(["default"]));
    logged_out(host, false);
    companions_are(&world, 0);
    assert_eq!(stored(&config), json!([]));
    // The next device of this store is another one.
    let mut next = world.linked(&config);
    assert!(next.taken("logged_out").is_empty());
    assert_eq!(next.client.logout().map(|request| next.answer(request)["status"].clone()).unwrap(), 0);
}

/// The link may end by the host, by the phone, or by the host while the phone ends it.
#[test]
fn every_result_comes_before_the_end_of_the_link() {
    for by_host in [true, false] {
        let world = World::new();
        let config = world.config();
        drop(world.linked(&config));
        let mut host = World::offline_client(&config);
        let waits = host.client.send_text("15550009999", "hello", None).unwrap();
        if by_host {
            let request = host.client.logout().unwrap();
            assert_eq!(host.answer(request)["name"], "WA_OK");
        } else {
            world.sim.unlink_all(NUMBER);
            host.client.connect().unwrap();
        }
        assert_eq!(host.answer(waits)["name"], "WA_ERROR_LOGGED_OUT");
        host.wait("logged_out");
        host.closed();
    }
}

#[test]
fn a_logout_without_a_connection_says_that_the_phone_may_not_know() {
    let world = World::new();
    let config = world.config();
    drop(world.linked(&config));
    logged_out(World::offline_client(&config), true);
    companions_are(&world, 1);
    assert_eq!(stored(&config), json!([]));
}

#[test]
fn a_logout_that_the_server_does_not_answer_or_refuses_still_ends_the_session() {
    for what in
        [json!("silence"), json!("cut"), json!("close"), json!("drop"), json!({ "error": { "code": 500 } })]
    {
        let world = World::new();
        // A pairing has the usual patience.
        drop(world.linked(&world.config()));
        let config = world.config_with(&[("iq.timeout_ms", "500"), ("keepalive.deadline_ms", "2000")]);
        let mut host = world.client(&config);
        host.wait("ready");
        world.fault(json!({ "when": { "child": "remove-companion-device" }, "do": what }));
        logged_out(host, true);
        assert_eq!(stored(&config), json!([]), "{what}");
    }
}

#[test]
fn a_phone_unlinks_a_device_that_is_online() {
    let world = World::new();
    let config = world.config();
    let mut host = world.linked(&config);
    let ping = host.client.call("session.status", None).unwrap();
    assert_eq!(host.answer(ping)["result"]["linked"], true);
    world.sim.unlink_all(NUMBER);
    let told = host.wait("logged_out");
    assert_eq!((&told["reason"], &told["may_be_listed"]), (&"by_phone".into(), &false.into()));
    assert_eq!(host.closed()["reason"], "logged_out");
}

#[test]
fn a_phone_unlinks_a_device_that_is_not_there() {
    let world = World::new();
    let config = world.config();
    drop(world.linked(&config));
    world.sim.unlink_all(NUMBER);
    let mut host = world.client(&config);
    assert_eq!(host.wait("logged_out")["reason"], "by_phone");
    assert_eq!(host.closed()["reason"], "logged_out");
    drop(host);
    drop(world.linked(&config));
    companions_are(&world, 1);
}

#[test]
fn a_link_that_is_revoked_at_once() {
    let world = World::new();
    let config = world.config();
    world.fault(json!({ "when": { "point": "login" }, "do": { "failure": { "reason": "401" } } }));
    let mut host = world.client(&config);
    let request = host.client.request_pairing(NUMBER, None).unwrap();
    let code = host.wait("pairing.code");
    world.enter_later(&code["code"]);
    assert_eq!(host.answer(request)["status"], 0, "it was linked");
    assert_eq!(host.wait("logged_out")["reason"], "link_revoked");
    assert_eq!(host.closed()["reason"], "logged_out");
}

#[test]
fn a_phone_that_was_set_up_anew_ends_the_link() {
    for (unlink, reason) in [(false, "phone_reset"), (true, "by_phone")] {
        let world = World::new();
        let config = world.config();
        let mut host = world.linked(&config);
        let after = world.now();
        world.phone("reinstall", &json!({ "unlink": unlink }));
        assert_eq!(host.wait("logged_out")["reason"], reason);
        assert_eq!(host.closed()["reason"], "logged_out");
        if !unlink {
            let ack = world.received(after, |stanza| stanza["tag"] == "ack");
            assert!(ack["attrs"]["type"].is_null(), "the type is left out here: {ack}");
        }
    }
    // Told later, to a device that was not there.
    let world = World::new();
    let config = world.config();
    drop(world.linked(&config));
    world.phone("reinstall", &json!({ "unlink": false }));
    let mut host = world.client(&config);
    assert_eq!(host.wait("logged_out")["reason"], "phone_reset");
}

#[test]
fn lists_and_identities_that_are_not_the_accounts_end_nothing() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    let own = format!("{NUMBER}@s.whatsapp.net");
    let list = json!({ "tag": "key-index-list", "attrs": { "ts": "1" }, "bytes": "CgQIARAB" });
    let devices = json!({ "tag": "devices", "attrs": { "dhash": "x" }, "children": [list] });
    let remove = json!({ "tag": "remove", "attrs": {}, "children": [list] });
    let identity = json!({ "tag": "identity", "attrs": {} });
    for (from, kind, child) in [
        (own.as_str(), "account_sync", &devices),
        (&own, "devices", &remove),
        ("15550009999@s.whatsapp.net", "account_sync", &devices),
        ("15550009999@s.whatsapp.net", "encrypt", &identity),
        (&format!("{NUMBER}:7@s.whatsapp.net"), "encrypt", &identity),
    ] {
        let attrs = json!({ "from": from, "type": kind, "id": "n-1" });
        world.say(&json!({ "tag": "notification", "attrs": attrs, "children": [child] }));
    }
    let request = host.client.call("server.ping", None).unwrap();
    assert_eq!(host.answer(request)["status"], 0);
    assert!(host.client.is_linked());
}

#[test]
fn erasing_a_session_tells_nobody_and_leaves_nothing() {
    let world = World::new();
    let config = world.config();
    let mut host = world.linked(&config);
    let request = host.client.call("session.erase", None).unwrap();
    let answer = host.answer(request);
    assert_eq!((&answer["status"], &answer["result"]), (&0.into(), &json!({})), "{answer}");
    assert!(!host.client.is_linked());
    assert_eq!(host.closed()["reason"], "by_host");
    companions_are(&world, 1);
    assert_eq!(stored(&config), json!([]));
    // By another session it is the same.
    drop(world.linked(&config));
    let mut other = World::offline_client(&world.config_with(&[("session.id", "other")]));
    let request = other.client.call("session.erase", Some("{\"session\":\"default\"}")).unwrap();
    let answer = other.answer(request);
    assert_eq!((&answer["status"], &answer["result"]), (&0.into(), &json!({})), "{answer}");
}

#[test]
fn a_call_that_needs_a_login_says_what_is_missing() {
    let world = World::new();
    let config = world.config();
    let asked = |host: &mut Host| {
        let request = host.client.call("group.list", None).unwrap();
        let answer = host.answer(request);
        (answer["name"].as_str().unwrap().to_owned(), answer["text"].as_str().unwrap().to_owned())
    };
    let says = |(name, text): (String, String), wanted: &str, words: &str| {
        assert!(name == wanted && text.contains(words), "{name}: {text}");
    };
    // Not linked, with a connection and without.
    let mut host = world.client(&config);
    host.wait_for("connection", |event| event["state"] == "connected");
    says(asked(&mut host), "WA_ERROR_NOT_LINKED", "pair it first");
    host.client.disconnect().unwrap();
    host.wait_for("connection", |event| event["state"] == "disconnected");
    says(asked(&mut host), "WA_ERROR_NOT_LINKED", "pair it first");
    drop(host);
    drop(world.linked(&config));
    let mut host = World::offline_client(&config);
    says(asked(&mut host), "WA_ERROR_NOT_CONNECTED", "call wa_client_connect");
    // The server has not answered the login yet.
    world.fault(json!({ "when": { "point": "out", "tag": "success" }, "do": "drop" }));
    host.client.connect().unwrap();
    host.wait_for("connection", |event| event["state"] == "connected");
    says(asked(&mut host), "WA_ERROR_NOT_CONNECTED", "wait for the event `ready`");
}

#[test]
fn closing_in_the_middle_of_a_pairing_ends_it_by_name() {
    let world = World::new();
    let mut host = world.client(&world.config());
    let code = host.client.request_pairing(NUMBER, None).unwrap();
    host.wait("pairing.code");
    let qr = host.client.request_qr().unwrap();
    host.wait("pairing.qr");
    host.client.close();
    for request in [code, qr] {
        let told = host.wait("pairing.error");
        assert_eq!((&told["request"], &told["outcome"]), (&request.into(), &"cancelled".into()));
        assert_eq!(host.answer(request)["name"], "WA_ERROR_CANCELLED");
    }
    assert_eq!(host.closed()["reason"], "by_host");
}

#[test]
fn every_open_request_is_answered_at_the_end() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    world.sim.connection(world.connection("device"), "silence", &json!({})).unwrap();
    let mut open: Vec<_> = (0..20).map(|_| host.client.call("server.ping", None).unwrap()).collect();
    open.push(host.client.logout().unwrap());
    host.client.close();
    assert_eq!(host.closed()["reason"], "by_host");
    let mut answered: Vec<_> =
        host.taken("result").iter().filter_map(|answer| answer["request"].as_u64()).collect();
    answered.retain(|request| open.contains(request));
    answered.sort_unstable();
    assert_eq!(answered, open);
}

#[test]
fn closing_and_freeing_from_several_threads() {
    let world = World::new();
    for round in 0..20 {
        let mut host = world.client(&world.config_with(&[("store.url", "memory:")]));
        let client = &host.client;
        let accepted = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let accepted = &accepted;
                scope.spawn(move || {
                    // Any answer will do but a panic, a wait without end, or a request that is never answered.
                    for _ in 0..10 {
                        let requests = [client.request_qr(), client.call("session.status", None)];
                        accepted.lock().unwrap().extend(requests.into_iter().flatten());
                    }
                    if thread == round % 4 {
                        client.close();
                    } else {
                        let _ = client.disconnect();
                        let _ = client.connect();
                    }
                    let late = client.call("session.status", None);
                    accepted.lock().unwrap().extend(late);
                    assert!(client.shut_down(Duration::from_secs(30)));
                    let _ = client.logout();
                });
            }
        });
        assert_eq!(client.connect().unwrap_err().status, Status::CLIENT_CLOSED);
        host.closed();
        let answers = host.taken("result");
        let mut answered: Vec<_> = answers.iter().filter_map(|answer| answer["request"].as_u64()).collect();
        answered.sort_unstable();
        let mut accepted = accepted.into_inner().unwrap();
        accepted.sort_unstable();
        assert_eq!(answered, accepted);
    }
}

#[test]
fn a_session_has_one_client_at_a_time() {
    let world = World::new();
    let config = world.config();
    let mut host = world.client(&config);
    assert_eq!(Client::new(&config, None).unwrap_err().status, Status::SESSION_IN_USE);
    host.client.close();
    host.closed();
    // Whoever has read `closed` can open it again, the old client still being held.
    let again = World::offline_client(&config);
    drop(host);
    drop(again);
}

#[test]
fn without_automatic_reconnection_a_loss_is_told_and_left_alone() {
    let world = World::new();
    let mut host = world.linked(&world.config_with(&[("reconnect.auto", "false")]));
    for verb in ["close", "cut"] {
        // The stanzas of a login have been sent: a write into a closing connection would find it broken.
        world.settled(|_| ());
        world.sim.connection(world.connection("device"), verb, &json!({})).unwrap();
        let told = host.wait_for("connection", |event| event["state"] != "online");
        let cut = verb == "cut" && told["reason"] == "broken";
        assert_eq!(told["state"], "disconnected", "{verb}");
        assert!(cut || told["reason"] == "closed", "{verb}: {told}");
        host.client.connect().unwrap();
        host.wait("ready");
    }
    // An end that the server asks for is part of the connection, not the loss of one.
    world.say(&json!({ "tag": "stream:error", "attrs": { "code": "515" } }));
    host.wait("ready");
    drop(host);

    // A silent one is found by a ping.
    world.fault(json!({ "when": { "xmlns": "w:p" }, "do": "silence", "times": 0 }));
    let pinging =
        [("keepalive.min_ms", "100"), ("keepalive.max_ms", "100"), ("keepalive.deadline_ms", "1000")];
    let mut host = world.client(&world.config_with(&[&[("reconnect.auto", "false")], &pinging[..]].concat()));
    let told = host.wait_for("connection", |event| event["state"] == "disconnected");
    assert_eq!(told["reason"], "dead", "{told}");
    host.client.connect().unwrap();
    let again = host.wait_for("connection", |event| event["state"] != "connecting");
    assert_ne!(again["state"], "reconnecting", "{again}");
}

#[test]
fn without_automatic_reconnection_a_pairing_ends_with_its_connection() {
    let world = World::new();
    let mut host = world.client(&world.config_with(&[("reconnect.auto", "false")]));
    let request = host.client.request_pairing(NUMBER, None).unwrap();
    host.wait("pairing.code");
    world.sim.connection(world.connection("unpaired"), "close", &json!({})).unwrap();
    assert_eq!(host.wait("pairing.error")["outcome"], "code_lost_with_connection");
    assert_eq!(host.answer(request)["name"], "WA_ERROR_CONNECTION_LOST");
    host.wait_for("connection", |event| event["state"] == "disconnected");
    assert_eq!(host.client.request_pairing(NUMBER, None).unwrap_err().status, Status::INVALID_STATE);
    host.client.connect().unwrap();
    host.client.request_pairing(NUMBER, None).unwrap();
    let code = host.wait("pairing.code");
    assert_eq!(world.enter(code["code"].as_str().unwrap())["outcome"], "linked");
    host.wait("ready");
}

#[test]
fn going_offline_and_back() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    host.client.disconnect().unwrap();
    let told = host.wait("connection");
    assert_eq!((&told["state"], &told["reason"]), (&"disconnected".into(), &"by_host".into()));
    let request = host.client.call("server.ping", None).unwrap();
    assert_eq!(host.answer(request)["name"], "WA_ERROR_NOT_CONNECTED");
    host.client.disconnect().unwrap();
    host.client.connect().unwrap();
    host.client.connect().unwrap();
    host.wait("ready");
}

#[test]
fn going_offline_ends_every_pairing() {
    let world = World::new();
    let mut host = world.client(&world.config());
    let code = host.client.request_pairing(NUMBER, None).unwrap();
    host.wait("pairing.code");
    let qr = host.client.request_qr().unwrap();
    host.wait("pairing.qr");
    host.client.disconnect().unwrap();
    assert_eq!(host.answer(code)["status"], Status::CONNECTION_LOST.code());
    assert_ne!(host.answer(qr)["status"], 0);
    // One that came too early to be sent ends too.
    host.client.connect().unwrap();
    let early = host.client.request_pairing(NUMBER, None).unwrap();
    host.client.disconnect().unwrap();
    assert_ne!(host.answer(early)["status"], 0);
}
