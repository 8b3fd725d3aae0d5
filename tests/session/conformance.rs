//! Stanzas that are sent beside what the host asks for, in the form that the official web client gives them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::world::{Host, NUMBER, World};

const BOB: &str = "15550005678";

fn is_presence(stanza: &Value) -> bool {
    stanza["tag"] == "presence"
}

fn is_unified_session(stanza: &Value) -> bool {
    stanza["tag"] == "ib" && stanza["children"][0]["tag"] == "unified_session"
}

/// The stanzas of that kind that the server has received after that entry of its log. What the client had sent before it asked
/// the server for something is among them.
fn all_received(world: &World, host: &mut Host, after: u64, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let ping = host.client.call("server.ping", None).unwrap();
    host.answer(ping);
    let entries = world.entries(after);
    let received = entries.iter().filter(|entry| entry["dir"] == "in").map(|entry| &entry["stanza"]);
    received.filter(|stanza| wanted(stanza)).cloned().collect()
}

/// Ends the connection, and waits for the next; gives the number of the log's entry between them.
fn reconnected(world: &World, host: &mut Host) -> u64 {
    let after = world.now();
    world.sim.connection(world.connection("device"), "cut", &json!({})).unwrap();
    host.wait("ready");
    after
}

#[test]
fn a_login_tells_the_name_once_and_asks_for_no_lock() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    for after in [0, reconnected(&world, &mut host)] {
        let presences = all_received(&world, &mut host, after, is_presence);
        let unavailable = json!({ "type": "unavailable", "name": "Ada" });
        assert_eq!(presences.first().map(|presence| &presence["attrs"]), Some(&unavailable));
        let sessions = all_received(&world, &mut host, after, is_unified_session);
        let id = sessions[0]["children"][0]["attrs"]["id"].as_str().unwrap().parse::<u64>().unwrap();
        assert!(id < 7 * 24 * 3_600_000 && sessions[0]["attrs"] == json!({}), "{sessions:?}");
    }
    assert_eq!(all_received(&world, &mut host, 0, is_presence).len(), 2, "once for each login");
    let questions = all_received(&world, &mut host, 0, |stanza| stanza["attrs"]["xmlns"] == "w:mex");
    assert!(questions.is_empty(), "{questions:?}");
    // It is asked when the server says that it has changed, and not how.
    let update = json!({ "tag": "update", "attrs": { "op_name": "NotificationUserReachoutTimelockUpdate" }, "text": "{}" });
    let attrs = json!({ "from": "s.whatsapp.net", "type": "mex", "id": "m-1" });
    world.say(&json!({ "tag": "notification", "attrs": attrs, "children": [update] }));
    let question = world.received(0, |stanza| stanza["attrs"]["xmlns"] == "w:mex");
    let body = question["children"][0]["text"].as_str().unwrap();
    assert!(body.contains(r#""queryId":"23983697327930364""#), "{question}");
}

#[test]
fn a_first_message_asks_once_for_the_devices_of_both_sides() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut host = world.linked(&world.config());
    let own = world.wait_phone("a LID", NUMBER, |_| true)["lid"].clone();
    let before = world.now();
    let request = host.client.send_text(BOB, "hello", None).unwrap();
    assert_eq!(host.answer(request)["name"], "WA_OK");
    let asked = all_received(&world, &mut host, before, |stanza| stanza["attrs"]["xmlns"] == "usync");
    let users = |query: &Value| query["children"][0]["children"][1]["children"].as_array().unwrap().clone();
    let users: Vec<Vec<Value>> = asked.iter().map(users).collect();
    let jids: Vec<_> = users.iter().flatten().map(|user| &user["attrs"]["jid"]).collect();
    assert_eq!((asked.len(), jids), (1, vec![&json!(format!("{BOB}@s.whatsapp.net")), &own]), "{asked:?}");
}

#[test]
fn the_server_properties_are_asked_for_at_each_login_and_those_that_are_held_are_named() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    for (after, held) in [(0, Value::Null), (reconnected(&world, &mut host), json!("sim-lid"))] {
        let asked = all_received(&world, &mut host, after, |stanza| stanza["attrs"]["xmlns"] == "abt");
        assert_eq!(asked[0]["children"][0]["attrs"]["hash"], held, "{asked:?}");
    }
}

#[test]
fn who_is_there_is_still_there_on_the_next_connection() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    let before = world.now();
    let request = host.client.call("presence.set", Some(r#"{"available":true}"#)).unwrap();
    assert_eq!(host.answer(request)["name"], "WA_OK");
    assert_eq!(all_received(&world, &mut host, before, is_unified_session).len(), 1);
    let after = reconnected(&world, &mut host);
    let presences = all_received(&world, &mut host, after, is_presence);
    assert_eq!(presences.len(), 1, "{presences:?}");
    assert_eq!(presences[0]["attrs"], json!({ "type": "available", "name": "Ada" }));
    assert_eq!(
        all_received(&world, &mut host, after, is_unified_session).len(),
        2,
        "of the login, and of this"
    );
    // Messages are delivered to a person who is there.
    assert!(world.sim.add_phone(BOB, "Bob"));
    let after = world.now();
    world.sim.person(BOB, "send", &json!({ "to": NUMBER, "text": "hello" })).unwrap();
    host.wait("message");
    let receipt = world.received(after, |stanza| stanza["tag"] == "receipt");
    assert!(receipt["attrs"]["type"].is_null(), "{receipt}");
}

#[test]
fn ids_are_of_one_kind_on_all_connections() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut host = world.linked(&world.config());
    reconnected(&world, &mut host);
    let request = host.client.send_text(BOB, "hello", None).unwrap();
    assert_eq!(host.answer(request)["name"], "WA_OK");
    let check = json!({ "numbers": [BOB] }).to_string();
    let request = host.client.call("contacts.check", Some(&check)).unwrap();
    assert_eq!(host.answer(request)["name"], "WA_OK");
    let asks = |stanza: &Value| stanza["tag"] == "iq" && !stanza["attrs"]["xmlns"].is_null();
    let asked = all_received(&world, &mut host, 0, asks);
    let ids = asked.iter().map(|iq| iq["attrs"]["id"].as_str().unwrap());
    let sids = asked.iter().filter_map(|iq| iq["children"][0]["attrs"]["sid"].as_str());
    let (ids, sids): (Vec<_>, Vec<_>) = (ids.collect(), sids.collect());
    assert!(sids.len() >= 2, "{sids:?}");
    let prefix = |id: &str| id.split_once('-').unwrap().0.to_owned();
    // The first connection is that of a device which is not linked yet, and has them of the same kind.
    let first = prefix(ids[0]);
    assert!(ids.iter().chain(&sids).all(|id| prefix(id) == first), "{ids:?} {sids:?}");
    let mut all: Vec<_> = ids.iter().chain(&sids).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), ids.len() + sids.len(), "none is used twice");
}

#[test]
fn a_history_notice_gets_two_receipts() {
    let world = World::new();
    world.sim.set(NUMBER, &json!({ "provisions": true })).unwrap();
    let mut host = world.linked(&world.config());
    let receipt = |kind: &'static str| {
        move |stanza: &Value| stanza["tag"] == "receipt" && stanza["attrs"]["type"] == kind
    };
    let history = world.received(0, receipt("hist_sync"));
    let peer = all_received(&world, &mut host, 0, receipt("peer_msg"));
    assert!(peer.iter().any(|peer| peer["attrs"]["id"] == history["attrs"]["id"]), "{peer:?} {history}");
}

#[test]
fn calls_are_acknowledged_by_what_happens_to_them() {
    let world = World::new();
    let _host = world.linked(&world.config());
    for kind in ["offer", "terminate"] {
        let after = world.now();
        let attrs = json!({ "from": "15550007777@s.whatsapp.net", "id": "c-1" });
        let child = json!({ "tag": kind, "attrs": { "call-id": "C1", "call-creator": "15550007777@s.whatsapp.net" } });
        world.say(&json!({ "tag": "call", "attrs": attrs, "children": [child] }));
        let ack =
            world.received(after, |stanza| stanza["tag"] == "ack" && stanza["attrs"]["class"] == "call");
        assert_eq!(ack["attrs"]["type"], kind, "{ack}");
    }
}

#[test]
fn a_retry_receipt_has_the_next_prekey() {
    let world = World::new();
    let _host = world.linked(&world.config_with(&[("prekeys.upload_count", "6")]));
    world.received(0, |stanza| stanza["children"][0]["tag"] == "digest");
    let after = world.now();
    // Of a session that was never begun: version, ratchet key, two counters, ciphertext, MAC.
    let mut message = vec![0x33, 0x0a, 0x21, 5, 9];
    message.extend([0; 31]);
    message.extend([0x10, 0, 0x18, 0, 0x22, 0x10]);
    message.extend([7; 16 + 8]);
    let enc =
        json!({ "tag": "enc", "attrs": { "v": "2", "type": "msg" }, "bytes": STANDARD.encode(message) });
    let attrs =
        json!({ "from": "15550007777@s.whatsapp.net", "id": "3EB0A1", "type": "text", "t": "1767225600" });
    world.say(&json!({ "tag": "message", "attrs": attrs, "children": [enc] }));
    let retry =
        world.received(after, |stanza| stanza["tag"] == "receipt" && stanza["attrs"]["type"] == "retry");
    let keys = retry["children"].as_array().unwrap().iter().find(|child| child["tag"] == "keys").unwrap();
    let key = keys["children"].as_array().unwrap().iter().find(|child| child["tag"] == "key").unwrap();
    let id = key["children"][0]["bytes"].as_str().map(|id| STANDARD.decode(id).unwrap());
    assert_eq!(id, Some(vec![0, 0, 7]), "six were uploaded: {key}");
    // And those that are uploaded next come after it.
    let after = world.now();
    let count = json!({ "tag": "count", "attrs": { "value": "6" } });
    let attrs = json!({ "from": "s.whatsapp.net", "type": "encrypt", "id": "c-1" });
    world.say(&json!({ "tag": "notification", "attrs": attrs, "children": [count] }));
    let upload = world.received(after, |stanza| stanza["children"][3]["tag"] == "list");
    let first = &upload["children"][3]["children"][0]["children"][0];
    assert_eq!(
        first["bytes"].as_str().map(|id| STANDARD.decode(id).unwrap()),
        Some(vec![0, 0, 8]),
        "{first}"
    );
}

#[test]
fn what_the_server_will_never_do_is_not_tried_again() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut host = world.linked(&world.config());
    for code in [550, 551] {
        let after = world.now();
        let refused =
            json!({ "when": { "tag": "message" }, "do": { "error": { "code": code } }, "times": 1 });
        world.fault(refused);
        let request = host.client.send_text(BOB, "hello", None).unwrap();
        let answer = host.answer(request);
        let refused = (&answer["name"], &answer["retryable"]);
        assert_eq!(refused, (&"WA_ERROR_REFUSED".into(), &false.into()), "{code}: {answer}");
        let sent = all_received(&world, &mut host, after, |stanza| stanza["tag"] == "message");
        assert_eq!(sent.len(), 1, "{code}");
    }
}
