//! A server's stanzas to a linked device beside messages: information, pings, odd frames, silence.

use serde_json::{Value, json};

use super::world::{Host, NUMBER, World};

pub(crate) fn stream_error(attrs: Value, children: &[Value]) -> Value {
    json!({ "tag": "stream:error", "attrs": attrs, "children": children })
}

pub(crate) fn child(tag: &str, attrs: Value) -> Value {
    json!({ "tag": tag, "attrs": attrs })
}

/// An information stanza.
pub(crate) fn ib(children: Value) -> Value {
    json!({ "tag": "ib", "attrs": { "from": "s.whatsapp.net" }, "children": children })
}

/// A ping of the host comes back: the session works.
pub(crate) fn works(host: &mut Host) {
    let request = host.client.call("server.ping", None).unwrap();
    let answer = host.answer(request);
    assert_eq!(answer["status"], 0, "{answer}\n{}", host.story());
}

/// The next change of the connection.
pub(crate) fn change(host: &mut Host) -> Value {
    host.wait("connection")
}

#[test]
fn the_hint_for_the_next_connection_is_kept_sent_and_dropped_if_it_does_harm() {
    let world = World::new();
    let config = world.config();
    drop(world.linked(&config));
    let asked = |after: u64| {
        let get = |entry: &Value| entry["text"].as_str().is_some_and(|text| text.starts_with("GET "));
        world.logged(after, get)["text"].as_str().unwrap().to_owned()
    };
    let after = world.now();
    let mut host = world.client(&config);
    host.wait("ready");
    assert!(asked(after).contains("ED="), "in the address");
    let intro = |entry: &Value| entry["text"].as_str().is_some_and(|text| text.starts_with("edge routing"));
    world.logged(after, intro);
    drop(host);

    // A connection that fails with the hint is tried without it.
    world.fault(json!({ "when": { "point": "client_hello" }, "do": "cut" }));
    let mut host = world.client(&config);
    let told = host.wait_for("connection", |event| event["state"] == "reconnecting");
    let after = world.now();
    assert_eq!(told["reason"], "broken");
    host.wait("ready");
    assert!(!asked(after).contains("ED="), "{}", asked(after));
}

/// Announcements that were lost: what they would have changed is asked for at its next use.
#[test]
fn what_is_dirty_is_not_relied_on_any_more() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    assert!(world.sim.add_phone("15550005678", "Bob"));
    let group = json!({ "creator": NUMBER, "subject": "Tea", "members": ["15550005678"] });
    let group = world.sim.create_group(&group).unwrap()["jid"].as_str().unwrap().to_owned();
    let text = |host: &mut Host| {
        let request = host.client.send_text(&group, "tea?", None).unwrap();
        assert_eq!(host.answer(request)["name"], "WA_OK");
    };
    let read = |host: &mut Host| {
        let read = json!({ "chat": "15550005678", "message_ids": ["3EB0"] });
        let request = host.client.call("message.read", Some(&read.to_string())).unwrap();
        assert_eq!(host.answer(request)["name"], "WA_OK");
    };
    let asked = |after: u64| {
        let entries = world.entries(after).into_iter().filter(|entry| entry["dir"] == "in");
        let xmlns =
            entries.map(|entry| entry["stanza"]["attrs"]["xmlns"].as_str().unwrap_or_default().to_owned());
        let mut asked: Vec<String> =
            xmlns.filter(|xmlns| ["w:g2", "usync", "privacy"].contains(&xmlns.as_str())).collect();
        asked.sort();
        asked
    };
    text(&mut host);
    read(&mut host);
    let after = world.now();
    text(&mut host);
    read(&mut host);
    assert_eq!(asked(after), [""; 0]);
    for (kind, wanted) in [("groups", &["w:g2"][..]), ("account_sync", &["privacy", "usync"])] {
        let after = world.now();
        world.say(&ib(json!([child("dirty", json!({ "type": kind, "timestamp": "1700000000" }))])));
        world.received(after, |stanza| stanza["attrs"]["xmlns"] == "urn:xmpp:whatsapp:dirty");
        // Once for all.
        for wanted in [wanted, &[]] {
            let after = world.now();
            text(&mut host);
            read(&mut host);
            assert_eq!(asked(after), wanted, "{kind}");
        }
    }
}

#[test]
fn what_is_dirty_is_cleaned_if_it_is_known() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    let after = world.now();
    let dirty = |kind: &str| child("dirty", json!({ "type": kind, "timestamp": "1700000000" }));
    world.say(&ib(json!([dirty("of_a_newer_server"), dirty("account_sync"), dirty("syncd_app_state")])));
    let cleans = |stanza: &Value| stanza["attrs"]["xmlns"] == "urn:xmpp:whatsapp:dirty";
    let cleaned = world.received(after, cleans);
    assert_eq!(cleaned["attrs"]["type"], "set");
    let clean = json!({ "tag": "clean", "attrs": { "type": "account_sync", "timestamp": "1700000000" } });
    assert_eq!(cleaned["children"][0], clean);
    works(&mut host);
    let entries = world.entries(after);
    let cleaned = entries.iter().filter(|entry| entry["dir"] == "in" && cleans(&entry["stanza"]));
    assert_eq!(
        cleaned.count(),
        1,
        "what this version does not know or does not fetch waits for one that does"
    );
}

#[test]
fn the_backlog_is_asked_for_in_batches_until_it_is_there() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    let batch = |stanza: &Value| stanza["children"][0]["tag"] == "offline_batch";
    let mut after = world.now();
    world.say(&ib(json!([child("offline_preview", json!({ "count": "2", "notification": "2" }))])));
    let asked = world.received(after, batch);
    assert_eq!(asked["children"][0]["attrs"]["count"], "200");
    let late = |id: &str| {
        let attrs = json!({ "from": "s.whatsapp.net", "type": "psa", "id": id, "offline": "1" });
        world.say(&child("notification", attrs));
    };
    after = world.now();
    late("n-1");
    world.received(after, batch);
    after = world.now();
    late("n-2");
    world.received(after, |stanza| stanza["tag"] == "ack" && stanza["attrs"]["id"] == "n-2");
    world.say(&ib(json!([child("offline", json!({ "count": "2" }))])));
    std::thread::sleep(std::time::Duration::from_millis(250));
    works(&mut host);
    let entries = world.entries(after);
    assert!(!entries.iter().any(|entry| batch(&entry["stanza"])), "nothing is left to ask for");
}

#[test]
fn the_end_of_this_version_is_told_once() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    let expires = |t: &str| ib(json!([child("client_expiration", json!({ "t": t }))]));
    world.say(&expires("1900000000"));
    let told = host.wait("restricted");
    assert_eq!(
        (&told["kind"], &told["scope"], &told["starts_at_ms"]),
        (&"client_outdated".into(), &"client".into(), &1_900_000_000_000_i64.into())
    );
    world.say(&expires("1900000000"));
    world.say(&ib(json!([child("client_expiration", json!({}))])));
    works(&mut host);
    assert_eq!(host.taken("restricted").len(), 1, "{}", host.story());
}

#[test]
fn other_information_does_no_harm() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    world.say(&ib(json!([
        child("thread_metadata", json!({})),
        child("priority_offline_complete", json!({})),
        child("tos", json!({})),
        child("recovery_nonce", json!({})),
        child("edge_routing", json!({})),
        child("dirty", json!({})),
        child("offline_preview", json!({ "count": "many" })),
        child("gossip", json!({})),
    ])));
    world.say(&ib(json!([])));
    world.say(&child("error", json!({ "code": "479", "text": "smax-invalid" })));
    world.say(&child("success", json!({ "t": "1" })));
    works(&mut host);
    assert_eq!(host.taken("ready").len(), 1, "only the first success counts");
}

#[test]
fn a_phone_without_linked_devices_is_told_and_the_qr_goes_on() {
    let world = World::new();
    world.sim.set(NUMBER, &json!({ "multidevice": false })).unwrap();
    let mut host = world.client(&world.config());
    host.client.request_qr().unwrap();
    let qr = host.wait("pairing.qr");
    assert_eq!(world.scan(qr["payload"].as_str().unwrap())["outcome"], "no_multidevice");
    let told = host.wait("pairing.error");
    assert_eq!((&told["outcome"], &told["refreshing"]), (&"phone_without_multidevice".into(), &true.into()));
    world.sim.set(NUMBER, &json!({ "multidevice": true })).unwrap();
    assert_eq!(world.scan(qr["payload"].as_str().unwrap())["outcome"], "linked");
    host.wait("ready");
}

#[test]
fn pings_of_the_server_are_answered() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    for (attrs, children) in [
        (json!({ "xmlns": "urn:xmpp:ping", "id": "p-1", "t": "1" }), json!([])),
        (json!({ "xmlns": "w:p", "id": "p-2" }), json!([])),
        (json!({ "id": "p-3" }), json!([child("ping", json!({}))])),
        (json!({ "xmlns": "urn:xmpp:ping" }), json!([])),
    ] {
        let after = world.now();
        let mut attrs = attrs;
        attrs["from"] = "s.whatsapp.net".into();
        attrs["type"] = "get".into();
        world.say(&json!({ "tag": "iq", "attrs": attrs, "children": children }));
        let answer = world.received(after, |stanza| stanza["attrs"]["type"] == "result");
        assert_eq!((&answer["tag"], &answer["attrs"]["to"]), (&"iq".into(), &"s.whatsapp.net".into()));
        assert_eq!(answer["attrs"]["id"], attrs["id"], "an id only if there was one");
    }
    // An answer gets none itself.
    let after = world.now();
    let attrs = json!({ "from": "s.whatsapp.net", "type": "result", "id": "p-9", "xmlns": "urn:xmpp:ping" });
    world.say(&child("iq", attrs));
    works(&mut host);
    let entries = world.entries(after);
    assert!(!entries.iter().any(|entry| entry["dir"] == "in" && entry["stanza"]["attrs"]["id"] == "p-9"));
}

#[test]
fn what_is_not_known_is_refused_and_what_is_known_acknowledged() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    let (participant, recipient) = ("15550009999@s.whatsapp.net", "15550009998@s.whatsapp.net");
    for (tag, attrs, also) in [
        ("gossip", json!({ "type": "x" }), json!({ "type": "x", "error": "488" })),
        (
            "notification",
            json!({ "type": "mediaretry", "participant": participant }),
            json!({ "type": "mediaretry", "participant": participant }),
        ),
        (
            "notification",
            json!({ "type": "picture", "participant": participant }),
            json!({ "type": "picture" }),
        ),
        (
            "notification",
            json!({ "type": "devices", "recipient": recipient }),
            json!({ "recipient": recipient }),
        ),
        ("receipt", json!({ "type": "read" }), json!({ "type": "read" })),
        ("call", json!({}), json!({ "type": "terminate" })),
    ] {
        let after = world.now();
        let mut stanza = child(tag, attrs);
        stanza["attrs"]["from"] = "15550007777@s.whatsapp.net".into();
        stanza["attrs"]["id"] = "s-1".into();
        if tag == "call" {
            stanza["children"] = json!([child("terminate", json!({ "call-id": "C" }))]);
        }
        world.say(&stanza);
        let ack = world.received(after, |stanza| stanza["tag"] == "ack");
        let mut wanted = also;
        wanted["to"] = "15550007777@s.whatsapp.net".into();
        wanted["id"] = "s-1".into();
        wanted["class"] = tag.into();
        assert_eq!(ack["attrs"], wanted, "{stanza}");
    }
    works(&mut host);
}

#[test]
fn a_message_without_content_is_acknowledged() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    let attrs = json!({ "from": "15550007777@s.whatsapp.net", "type": "text", "id": "M1" });
    world.push(&json!({ "tag": "message", "attrs": attrs, "children": [] }));
    world.received(0, |stanza| stanza["tag"] == "ack" && stanza["attrs"]["id"] == "M1");
    works(&mut host);
    assert!(host.taken("message").is_empty());
}

#[test]
fn frames_in_any_cut_and_compressed_are_read() {
    for what in [json!("compress"), json!({ "split": 1 }), json!(["compress", { "split": 7 }])] {
        let world = World::new();
        world.fault(json!({ "when": { "point": "out" }, "do": what, "times": 0 }));
        works(&mut world.linked(&world.config()));
    }
}

#[test]
fn what_cannot_be_read_is_skipped() {
    let deep = {
        let mut bytes = vec![0];
        for _ in 0..10_000 {
            bytes.extend([0xf8, 2, 3, 0xf8, 1]);
        }
        bytes.extend([0xf8, 1, 3]);
        bytes
    };
    for bytes in [
        deep,
        vec![],
        vec![0],
        vec![0, 0xf8],
        vec![2, 1, 2, 3],
        vec![0, 0xf8, 2, 3, 0xfe, 255, 255],
        vec![9; 4000],
    ] {
        let world = World::new();
        let mut host = world.linked(&world.config());
        let what = json!({ "plaintext": base64(&bytes) });
        world.fault(json!({ "when": { "point": "out", "tag": "ib" }, "do": what }));
        world.say(&ib(json!([])));
        works(&mut host);
        world.wait_until("the rule applies", |state| state.faults()[0]["applied"] == 1);
        assert_eq!(host.taken("connection").last().unwrap()["state"], "online", "it goes on");
    }
}

#[test]
fn frames_that_were_tampered_with_end_the_connection() {
    for what in ["garble", "truncate", "replay", "reorder"] {
        let world = World::new();
        let mut host = world.linked(&world.config());
        world.fault(json!({ "when": { "point": "out", "tag": "ib" }, "do": what }));
        world.say(&ib(json!([])));
        if what == "reorder" {
            world.say(&child("error", json!({ "code": "1" })));
        }
        let told = change(&mut host);
        assert_eq!((&told["state"], &told["reason"]), (&"reconnecting".into(), &"broken".into()), "{what}");
        assert_eq!(told["status"], wa::api::Status::PROTOCOL.code(), "{told}");
        host.wait("ready");
        works(&mut host);
    }
    // A frame that was never encrypted, and one too short to be.
    for bytes in [&[0_u8; 100][..], &[], &[1, 2, 3]] {
        let world = World::new();
        let mut host = world.linked(&world.config());
        let what = json!({ "frame": base64(bytes) });
        world.fault(json!({ "when": { "point": "out", "tag": "ib" }, "do": what }));
        world.say(&ib(json!([])));
        assert_eq!(change(&mut host)["reason"], "broken");
        host.wait("ready");
    }
}

#[test]
fn a_silent_connection_is_found_dead_and_made_anew_at_once() {
    let world = World::new();
    let reconnect = [("reconnect.base_ms", "60000"), ("reconnect.max_ms", "60000")];
    drop(world.linked(&world.config()));
    let mut host = world.client(&world.config_with(&[
        ("keepalive.min_ms", "600000"),
        ("keepalive.max_ms", "600000"),
        ("keepalive.deadline_ms", "3000"),
        reconnect[0],
        reconnect[1],
    ]));
    host.wait("ready");
    world.fault(json!({ "when": { "xmlns": "w:p" }, "do": "silence" }));
    let request = host.client.call("server.ping", None).unwrap();
    let told = host.wait_for("connection", |event| event["state"] == "reconnecting");
    assert_eq!((&told["reason"], &told["retry_in_ms"]), (&"dead".into(), &0.into()), "{told}");
    host.wait("ready");
    assert_eq!(host.taken("result").last().unwrap()["request"], request, "the ping was answered");
}

#[test]
fn an_idle_connection_is_kept_alive() {
    let world = World::new();
    let pings =
        [("keepalive.min_ms", "100"), ("keepalive.max_ms", "150"), ("keepalive.deadline_ms", "600000")];
    let mut host = world.linked(&world.config_with(&pings));
    let after = world.now();
    world.wait("four pings", |state| {
        let (_, entries) = state.log(after);
        let ping = |entry: &&Value| entry["dir"] == "in" && entry["stanza"]["attrs"]["xmlns"] == "w:p";
        (entries.iter().filter(ping).count() >= 4).then_some(())
    });
    works(&mut host);
    assert!(!host.taken("connection").iter().any(|event| event["reason"] == "dead"), "{}", host.story());
}

#[test]
fn a_server_that_has_nothing_to_say_after_an_acknowledgement_is_not_dead() {
    let world = World::new();
    drop(world.linked(&world.config()));
    let mut host = world.client(&world.config_with(&[
        ("keepalive.min_ms", "60000"),
        ("keepalive.max_ms", "60000"),
        ("keepalive.deadline_ms", "3000"),
    ]));
    host.wait("ready");
    let after = world.now();
    world.say(&child("notification", json!({ "from": "s.whatsapp.net", "type": "psa", "id": "n-1" })));
    world.received(after, |stanza| stanza["tag"] == "ack");
    std::thread::sleep(std::time::Duration::from_millis(3500));
    works(&mut host);
    assert_eq!(host.taken("connection").last().unwrap()["state"], "online", "{}", host.story());
}

/// RFC 4648, for the simulator.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let three = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let number = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for index in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * index)) as usize & 63];
            text.push(if index > chunk.len() { '=' } else { digit as char });
        }
    }
    text
}
