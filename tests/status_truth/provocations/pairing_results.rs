//! The statuses of the results of pairings.

use serde_json::{Value, json};
use wa::api::Status;
use wa::client::outcomes;

use super::{Provocation, provocations};
use crate::calls::{Client, Null};
use crate::system;
use crate::world::{ASSERTION, NUMBER, World, text};

/// Statuses of outcomes that no result says: the call itself refuses what they stand for, the pairing has succeeded before, or the
/// library asks for the passkey.
const NO_RESULTS: [Status; 7] = [
    Status::INVALID_PHONE_NUMBER,
    Status::INVALID_PAIRING_CODE,
    Status::ALREADY_LINKED,
    Status::PASSKEY_REQUIRED,
    Status::LINK_REVOKED,
    Status::LOGGED_OUT,
    Status::LOGIN_TIMEOUT,
];

/// The statuses of the outcomes that a result can say.
pub(crate) fn said_by_results() -> impl Iterator<Item = Status> {
    outcomes().into_iter().map(|row| row.status).filter(|status| !NO_RESULTS.contains(status))
}

pub(crate) const TABLE: &[Provocation] = provocations! {
    wa_request_pairing {
        PAIRING_OUTSTANDING: |_| {
            let (_world, client, _first) = shown(&[]);
            client.answer(client.request_pairing(text(NUMBER), Null))
        };
        PAIRING_LIMIT: |_| {
            let world = World::new();
            let client = World::connecting(&world.config("default").with(&[("pairing.limit_burst", "1")]));
            let first = client.request_pairing(text(NUMBER), Null).unwrap();
            client.event("pairing.code");
            client.cancel(first);
            client.answer(Ok(first));
            client.answer(client.request_pairing(text(NUMBER), Null))
        };
        CANCELLED: |_| {
            let (_world, client, request) = shown(&[]);
            client.cancel(request);
            client.answer(Ok(request))
        };
        CONNECTION_LOST: |_| {
            let (world, client, request) = shown(&[]);
            world.connection("unpaired", "cut", &json!({}));
            client.answer(Ok(request))
        };
        PAIRING_EXPIRED: |_| {
            let (_world, client, request) = shown(&[("pairing.code_ttl_ms", "1000")]);
            client.answer(Ok(request))
        };
        PHONE_DID_NOT_FINISH: |_| {
            let world = World::new();
            world.fault(json!({ "when": { "point": "pair_success" }, "do": "drop" }));
            entered(&world, &[("pairing.success_timeout_ms", "1000")])
        };
        PAIRING_NOT_GENUINE: |_| {
            let world = World::new();
            world.fault(json!({ "when": { "point": "pair_success" }, "do": { "forge": "wrong_mac" } }));
            entered(&world, &[])
        };
        PAIRING_FAILED: |_| {
            let world = World::new();
            let when = json!({ "stage": "companion_finish" });
            world.fault(json!({ "when": when, "do": { "error": { "code": 400 } } }));
            entered(&world, &[])
        };
        PASSKEY_FAILED: |_| {
            let (world, client) = World::challenged();
            world.fault(json!({ "when": { "child": "ref" }, "do": { "error": { "code": 500 } } }));
            assert_eq!(client.answer(client.answer_passkey(ASSERTION)), Status::OK);
            client.wait("result", |event| event["type"] == "result").status()
        };
        CODE_REFUSED: |_| refused(&json!({ "error": { "code": 403 } }), &[]);
        RATE_LIMITED: |_| refused(&json!({ "error": { "code": 429 } }), &[]);
        FEATURE_UNAVAILABLE: |_| refused(&json!({ "error": { "code": 452 } }), &[]);
        SERVER_ERROR: |_| refused(&json!({ "error": { "code": 500 } }), &[]);
        REQUEST_TIMEOUT: |_| refused(&json!("drop"), &[("pairing.hello_timeout_ms", "100")]);
        PROTOCOL: |_| {
            let world = World::new();
            world.fault(json!({ "when": { "point": "pair_success" }, "do": { "forge": "truncated" } }));
            entered(&world, &[])
        };
        NOT_CONNECTED: |_| {
            let world = World::new();
            let nowhere = [("server.url", "ws://127.0.0.1:1/x"), ("connect.timeout_ms", "100")];
            both_requested(&World::connecting(&world.config("default").with(&nowhere)))
        };
        SERVER_NOT_TRUSTED: |_| {
            let world = World::new();
            let other = "11".repeat(32);
            both_requested(&World::connecting(&world.config("default").with(&[("server.root_key", &other)])))
        };
        TEMPORARILY_BANNED: |_| not_let_in(&failure("402"));
        ACCOUNT_LOCKED: |_| not_let_in(&failure("403"));
        CLIENT_OUTDATED: |_| not_let_in(&failure("405"));
        ACCOUNT_BANNED: |_| not_let_in(&failure("406"));
        CLIENT_REFUSED: |_| not_let_in(&failure("409"));
        REPLACED: |_| not_let_in(&json!({ "stream_error": { "conflict": "replaced" } }));
        VERSION_REFUSED: |_| {
            let world = World::new();
            world.fault(json!({ "when": { "point": "register" }, "do": failure("405"), "times": 0 }));
            let page = format!("{}/sw.js", world.sim.started().control);
            let newest = [("client.version", "auto"), ("client.version_url", page.as_str())];
            both_requested(&World::connecting(&world.config("default").with(&newest)))
        };
    }
    wa_request_qr {
        PAIRING_OUTSTANDING: |_| {
            let (_world, client, _first) = qr_shown(&[]);
            client.answer(client.request_qr())
        };
        CANCELLED: |_| {
            let (_world, client, request) = qr_shown(&[]);
            client.cancel(request);
            client.answer(Ok(request))
        };
        PAIRING_EXPIRED: |_| {
            let hasty = [("pairing.qr_first_ms", "100"), ("pairing.qr_next_ms", "100")];
            let (_world, client, request) = qr_shown(&hasty);
            client.answer(Ok(request))
        };
        STORE: |_| {
            let world = World::new();
            let client = World::connecting(&world.config("default"));
            let request = client.request_qr();
            let payload = client.event("pairing.qr").json["payload"].clone();
            system::without_room(|| {
                world.scan_later(&payload);
                client.answer(request)
            })
        };
        OK: |_| {
            let world = World::new();
            let client = World::connecting(&world.config("default"));
            let request = client.request_qr();
            world.scan_later(&client.event("pairing.qr").json["payload"]);
            client.answer(request)
        };
    }
};

/// A client whose code is shown, and its request.
fn shown(values: &[(&str, &str)]) -> (World, Client, u64) {
    let world = World::new();
    let client = World::connecting(&world.config("default").with(values));
    let request = client.request_pairing(text(NUMBER), Null).unwrap();
    client.event("pairing.code");
    (world, client, request)
}

/// A client whose QR code is shown, and its request.
fn qr_shown(values: &[(&str, &str)]) -> (World, Client, u64) {
    let world = World::new();
    let client = World::connecting(&world.config("default").with(values));
    let request = client.request_qr().unwrap();
    client.event("pairing.qr");
    (world, client, request)
}

/// Asks for a code and types it into the phone; gives what the result says.
fn entered(world: &World, values: &[(&str, &str)]) -> Status {
    let client = World::connecting(&world.config("default").with(values));
    let request = client.request_pairing(text(NUMBER), Null);
    world.enter_later(&client.event("pairing.code").json["code"]);
    client.answer(request)
}

/// Asks for a code; gives what the result says. A server that ends the connection first is asked again.
fn requested(client: &Client) -> Status {
    loop {
        match client.request_pairing(text(NUMBER), Null) {
            Err(Status::INVALID_STATE) => assert_eq!(client.connect(), Status::OK),
            request => return client.answer(request),
        }
    }
}

/// Asks for a code and for QR codes, one after the other; gives what both results say.
fn both_requested(client: &Client) -> Status {
    let said = requested(client);
    let said_of_qr = loop {
        match client.request_qr() {
            Err(Status::INVALID_STATE) => assert_eq!(client.connect(), Status::OK),
            request => break client.answer(request),
        }
    };
    assert_eq!(said_of_qr, said);
    said
}

/// Returns the status of a request for a code with which the server does that.
fn refused(what: &Value, values: &[(&str, &str)]) -> Status {
    let world = World::new();
    world.fault(json!({ "when": { "stage": "companion_hello" }, "do": what, "times": 0 }));
    requested(&World::connecting(&world.config("default").with(values)))
}

/// Returns the status of a request for a code if the server does that to a new device that connects.
fn not_let_in(what: &Value) -> Status {
    let world = World::new();
    world.fault(json!({ "when": { "point": "register" }, "do": what, "times": 0 }));
    both_requested(&World::connecting(&world.config("default")))
}

fn failure(reason: &str) -> Value {
    json!({ "failure": { "reason": reason, "code": "101", "expire": "60" } })
}
