//! The statuses of the results of requests, but for those of pairings.

use std::ffi::CStr;
use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::json;
use wa::api::Status;

use super::scene::Scene;
use super::{Provocation, provocations};
use crate::calls::{Client, Config, Null};
use crate::system;
use crate::world::{ASSERTION, BOB, NUMBER, World, text};

const NOBODY: &str = "15559990000";
/// A port of this machine at which nobody listens.
const NOWHERE: &str = "127.0.0.1:1";
const LARGEST: usize = 1 << 20;

pub(crate) const TABLE: &[Provocation] = provocations! {
    wa_send_text {
        OK: |scene| all_say(&scene.linked, BOB);
        NO_RECIPIENT: |scene| all_say(&scene.linked, NOBODY);
        BAD_REQUEST: |scene| refused(scene, 479);
        FORBIDDEN: |scene| refused(scene, 403);
        NOT_FOUND: |scene| refused(scene, 404);
        FEATURE_UNAVAILABLE: |scene| refused(scene, 452);
        REFUSED: |scene| refused(scene, 550);
        TIME_LOCKED: |scene| refused(scene, 475);
        RATE_LIMITED: |scene| refused(scene, 429);
        SERVER_ERROR: |scene| refused(scene, 503);
        REQUEST_TIMEOUT: |scene| {
            let world = &scene.world;
            let client = world.linked_to(BOB, &world.config("hasty").with(&[("message.ack_timeout_ms", "100")]));
            world.fault(json!({ "when": { "tag": "message" }, "do": "drop", "times": 0 }));
            let said = all_say(&client, NUMBER);
            world.sim.clear_faults();
            said
        };
        INVALID_ARGUMENT: |scene| {
            let client = &scene.linked;
            assert_eq!(client.answer(client.send_text(text(BOB), c"first", c"ID")), Status::OK);
            let call = json!({ "chat": NOBODY, "text": "second", "message_id": "ID" });
            let requests = [
                client.send_text(text(NOBODY), c"second", c"ID"),
                client.send_message(text(NOBODY), HELLO, c"ID"),
                client.call(c"message.send", text(&call.to_string())),
            ];
            same(client.answers(requests))
        };
        LOGGED_OUT: |_| {
            let world = World::new();
            let client = world.linked("default");
            client.disconnect();
            let waits = client.send_text(text(BOB), c"hello", Null);
            assert_eq!(client.answer(client.logout()), Status::OK);
            client.answer(waits)
        };
        CANCELLED: |scene| {
            let client = &scene.linked;
            client.disconnect();
            let request = client.send_text(text(BOB), c"hello", Null).unwrap();
            assert_eq!(client.cancel(request), Status::OK);
            let said = client.answer(Ok(request));
            client.connect();
            client.event("ready");
            said
        };
    }
    wa_send_message {
        TOO_LONG: |_| {
            let world = World::new();
            world.sim.set(BOB, &json!({ "max_devices": 20 })).unwrap();
            for _ in 0..17 {
                world.sim.person(BOB, "add_device", &json!({})).unwrap();
            }
            let client = world.linked("default");
            let large = [b"\x0a\xfb\xff\x3f".as_slice(), &vec![b'x'; LARGEST - 5]].concat();
            let card = json!({ "name": "Eve", "vcard": "x".repeat(LARGEST - 1024) });
            let call = json!({ "chat": BOB, "contacts": [card] }).to_string();
            let requests = [
                client.send_message(text(BOB), &large, Null),
                client.call(c"contact.send", text(&call)),
            ];
            same(client.answers(requests))
        };
    }
    wa_call {
        OK: |scene| say(&scene.idle, c"session.status", &json!({}));
        NOT_LINKED: |scene| say(&scene.idle, c"message.send", &json!({ "chat": BOB, "text": "hello" }));
        NOT_CONNECTED: |scene| say(&scene.idle, c"server.ping", &json!({}));
        INVALID_PARAMETER: |scene| {
            let deletion = json!({ "chat": BOB, "target": "A", "sender": BOB });
            say(&scene.linked, c"message.delete", &deletion)
        };
        CONNECTION_LOST: |scene| {
            scene.world.fault(json!({ "when": { "xmlns": "w:p" }, "do": "cut" }));
            let said = say(&scene.linked, c"server.ping", &json!({}));
            scene.linked.event("ready");
            said
        };
        UNKNOWN_SESSION: |scene| say(&scene.linked, c"session.erase", &json!({ "session": "nobody" }));
        SESSION_IN_USE: |scene| say(&scene.linked, c"session.erase", &json!({ "session": "busy" }));
        STORE_FULL: |_| {
            let folder = tempfile::tempdir().unwrap();
            let store = format!("sqlite:{}", folder.path().join("store.db").display());
            let client = Client::new(&Config::new().with(&[("store.url", &store)])).unwrap();
            system::without_room(|| say(&client, c"session.erase", &json!({})))
        };
        INVALID_MESSAGE: |scene| {
            let poll = json!({ "chat": BOB, "question": "?", "options": ["a", "b"], "message_id": "POLL" });
            assert_eq!(say(&scene.linked, c"poll.send", &poll), Status::OK);
            let vote = json!({ "chat": BOB, "target": "POLL", "options": ["c"], "sender": NUMBER });
            say(&scene.linked, c"poll.vote", &vote)
        };
        CONNECT: |_| latest(&[("client.version_url", &format!("http://{NOWHERE}/"))]);
        DNS: |_| latest(&[("client.version_url", &format!("https://{}.invalid/", "x".repeat(64)))]);
        PROXY: |_| latest(&[("proxy.url", &format!("http://{NOWHERE}"))]);
        NETWORK_TIMEOUT: |scene| {
            let url = scene.silence.url("http");
            latest(&[("client.version_url", &url), ("connect.timeout_ms", "100")])
        };
        TLS: |_| latest(&[("client.version_url", &site("https", b"no TLS"))]);
        UPGRADE: |_| latest(&[("client.version_url", &site("http", b"HTTP/1.1 404 Not Found\r\n\r\n"))]);
        PROTOCOL: |_| latest(&[("client.version_url", &site("http", b"HTTP/1.1 200 OK\r\n\r\nno version"))]);
    }
    wa_answer_passkey {
        INVALID_STATE: |scene| scene.connecting.answer(scene.connecting.answer_passkey(ASSERTION));
        INVALID_JSON: |_| {
            let (_world, client) = World::challenged();
            client.answer(client.answer_passkey(c"{"))
        };
    }
    wa_confirm_passkey {
        INVALID_STATE: |scene| scene.connecting.answer(scene.connecting.confirm_passkey());
        OK: |_| {
            let (_world, client) = World::challenged();
            assert_eq!(client.answer(client.answer_passkey(ASSERTION)), Status::OK);
            client.wait("code to compare", |event| event["step"] == "confirm");
            client.answer(client.confirm_passkey())
        };
    }
    wa_logout {
        OK: |_| {
            let world = World::new();
            let client = world.linked("default");
            client.answer(client.logout())
        };
    }
};

/// The protobuf message with the conversation "hello".
pub(super) const HELLO: &[u8] = b"\x0a\x05hello";

/// Sends in the three ways, at once; gives what all results say.
fn all_say(client: &Client, chat: &str) -> Status {
    let call = json!({ "chat": chat, "text": "hello" }).to_string();
    let requests = [
        client.send_text(text(chat), c"hello", Null),
        client.send_message(text(chat), HELLO, Null),
        client.call(c"message.send", text(&call)),
    ];
    same(client.answers(requests))
}

/// The one status of all.
fn same<const N: usize>(statuses: [Status; N]) -> Status {
    assert!(statuses.iter().all(|status| *status == statuses[0]), "{statuses:?}");
    statuses[0]
}

/// Returns the status of a message while the server refuses messages with that code.
fn refused(scene: &Scene, code: u32) -> Status {
    scene
        .world
        .fault(json!({ "when": { "tag": "message" }, "do": { "error": { "code": code } }, "times": 0 }));
    let said = all_say(&scene.linked, BOB);
    scene.world.sim.clear_faults();
    said
}

/// Calls a method; gives what its result says.
fn say(client: &Client, method: &CStr, params: &serde_json::Value) -> Status {
    client.answer(client.call(method, text(&params.to_string())))
}

/// Returns the status of the latest version for a client of that configuration.
fn latest(values: &[(&str, &str)]) -> Status {
    let client = Client::new(&Config::new().with(values)).unwrap();
    client.answer(client.call(c"version.latest", Null))
}

/// The address of a server that answers with those bytes.
fn site(protocol: &str, answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("{protocol}://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(answer);
    });
    url
}
