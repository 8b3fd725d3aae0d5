//! Every connection that is given up says so with its reason, and why there is none reaches the host.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};
use wa::api::{Config, Status};

use super::world::{Host, NUMBER, World};

/// The `connection` that gives up. All before it must say that it goes on.
fn given_up(host: &mut Host) -> Value {
    let told = host.wait_for("connection", |event| event["state"] == "disconnected");
    let before = host.taken("connection");
    let (last, before) = before.split_last().unwrap();
    assert_eq!(last["is_final"], true, "{}", host.story());
    assert!(before.iter().all(|event| event["is_final"] == false), "{}", host.story());
    told
}

/// The same of a linked session that connects while that fault holds.
fn given_up_at(point: &str, what: &Value) -> (World, Host, Value) {
    let world = World::new();
    let config = world.config();
    drop(world.linked(&config));
    world.fault(json!({ "when": { "point": point }, "do": what }));
    let mut host = world.client(&config);
    let told = given_up(&mut host);
    (world, host, told)
}

#[test]
fn a_refused_login_gives_the_connection_up_with_its_status() {
    for (reason, status, retryable) in [
        ("400", Status::REFUSED, false),
        ("402", Status::TEMPORARILY_BANNED, true),
        ("405", Status::CLIENT_OUTDATED, false),
        ("409", Status::CLIENT_REFUSED, false),
        ("418", Status::REFUSED, false),
    ] {
        let (_world, mut host, told) = given_up_at("login", &json!({ "failure": { "reason": reason } }));
        assert_eq!(
            (&told["status"], &told["retryable"]),
            (&json!(status.code()), &json!(retryable)),
            "{told}"
        );
        assert!(told["text"].as_str().unwrap().contains(reason), "{told}");
        host.client.connect().unwrap();
        host.wait("ready");
    }
}

#[test]
fn a_session_that_is_replaced_at_its_login_is_given_up() {
    let (_world, mut host, told) =
        given_up_at("login", &json!({ "stream_error": { "conflict": "replaced" } }));
    assert_eq!((&told["status"], &told["retryable"]), (&json!(Status::REPLACED.code()), &json!(false)));
    host.client.connect().unwrap();
    host.wait("ready");
}

#[test]
fn what_was_asked_for_is_answered_when_the_connection_is_given_up() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    for (method, params, xmlns) in [
        ("server.ping", json!({}), "w:p"),
        ("contacts.check", json!({ "numbers": ["15550005678"] }), "usync"),
        ("group.list", json!({}), "w:g2"),
    ] {
        let replaced = json!({ "stream_error": { "conflict": "replaced" } });
        world.fault(json!({ "when": { "tag": "iq", "xmlns": xmlns }, "do": replaced }));
        let request = host.client.call(method, Some(&params.to_string())).unwrap();
        assert_ne!(host.answer(request)["status"], 0, "{method}");
        host.wait_for("connection", |event| event["is_final"] == true);
        host.client.connect().unwrap();
        host.wait("ready");
    }
}

#[test]
fn without_automatic_reconnection_a_loss_gives_up() {
    let world = World::new();
    let config = world.config_with(&[("reconnect.auto", "false")]);
    let mut host = world.linked(&config);
    world.sim.connection(world.connection("device"), "close", &json!({})).unwrap();
    let told = given_up(&mut host);
    assert_eq!((&told["status"], &told["retryable"]), (&json!(Status::CONNECTION_LOST.code()), &json!(true)));
}

#[test]
fn what_the_host_asked_for_is_final_and_no_error() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    host.client.disconnect().unwrap();
    let told = given_up(&mut host);
    assert_eq!((&told["reason"], &told["status"]), (&json!("by_host"), &json!(0)));
    host.client.connect().unwrap();
    host.wait("ready");
    host.client.close();
    let told = host.wait_for("connection", |event| event["state"] == "disconnected");
    assert_eq!(
        (&told["reason"], &told["is_final"], &told["status"]),
        (&json!("closed"), &json!(true), &json!(0))
    );
}

/// The next request for a code connects again, by itself.
#[test]
fn a_device_that_nobody_links_is_not_given_up() {
    let world = World::new();
    world.fault(json!({ "when": { "point": "register" }, "do": "close" }));
    let mut host = world.client(&world.config());
    let told = host.wait_for("connection", |event| event["state"] == "disconnected");
    assert_eq!(told["is_final"], false, "{told}");
    host.client.request_pairing(NUMBER, None).unwrap();
    host.wait("pairing.code");
}

#[test]
fn a_device_that_nobody_links_is_given_up_when_the_host_says_so() {
    let world = World::new();
    world.fault(json!({ "when": { "point": "register" }, "do": "close" }));
    let mut host = world.client(&world.config());
    host.wait_for("connection", |event| event["state"] == "disconnected" && event["is_final"] == false);
    host.client.disconnect().unwrap();
    let told = host.wait_for("connection", |event| event["is_final"] == true);
    assert_eq!((&told["reason"], &told["status"]), (&json!("by_host"), &json!(0)));
}

/// A port of this machine at which nobody listens: none that another test could be given.
const NOWHERE: &str = "ws://127.0.0.1:1/ws/chat";

/// Asks for a code where there is no way to the server; gives the error, and what was told of the connection before.
fn no_code(config: &Config) -> (Value, Vec<Value>) {
    let mut host = World::offline_client(config);
    host.client.connect().unwrap();
    let request = host.client.request_pairing(NUMBER, None).unwrap();
    let error = host.wait("pairing.error");
    let answer = host.answer(request);
    assert_eq!(
        (&error["status"], &error["retryable"]),
        (&answer["status"], &answer["retryable"]),
        "{answer}"
    );
    let detail = error["text"].as_str().unwrap_or_default();
    assert!(answer["text"].as_str().unwrap().contains(detail), "{answer}");
    (error, host.taken("connection"))
}

#[test]
fn a_network_that_is_not_up_yet_is_a_reason_to_ask_again() {
    let world = World::new();
    let config = world.config_with(&[("server.url", NOWHERE), ("connect.timeout_ms", "2000")]);
    let (error, told) = no_code(&config);
    assert_eq!((&error["outcome"], &error["retryable"]), (&json!("not_connected"), &json!(true)), "{error}");
    assert!(error["text"].as_str().unwrap().contains("refused"), "{error}");
    assert!(error["retry_after_ms"].as_u64().unwrap() > 0, "{error}");
    let lost: Vec<_> = told.iter().filter(|event| event["state"] == "reconnecting").collect();
    assert!(!lost.is_empty() && lost.iter().all(|event| event["retryable"] == true), "{told:?}");
    assert!(lost.iter().all(|event| event["status"] == Status::CONNECT.code()), "{told:?}");
}

#[test]
fn a_name_that_is_not_found_is_told() {
    let world = World::new();
    // A label of a name has at most 63 characters, so that nobody need be asked.
    let name = format!("{}.invalid", "x".repeat(64));
    let config = world.config_with(&[("server.url", format!("wss://{name}/ws/chat").as_str())]);
    let mut host = world.client(&config);
    host.client.request_pairing(NUMBER, None).unwrap();
    let told = host.wait_for("connection", |event| event["state"] == "reconnecting");
    assert!(told["text"].as_str().unwrap().contains(&name), "{told}");
    assert_eq!((&told["status"], &told["retryable"]), (&json!(Status::DNS.code()), &json!(true)), "{told}");
}

/// A proxy that answers every request with those bytes.
fn proxy(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A failure here is the test's own end.
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer);
        }
    });
    url
}

#[test]
fn what_a_person_must_mend_ends_a_pairing_at_once_and_says_so() {
    for (answer, words) in [
        (&b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"[..], "credentials"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "the proxy refused: HTTP status 403 Forbidden"),
    ] {
        let world = World::new();
        // Longer than the test waits: nothing but the answer ends it.
        let config =
            world.config_with(&[("proxy.url", proxy(answer).as_str()), ("connect.timeout_ms", "600000")]);
        let (error, told) = no_code(&config);
        assert_eq!(
            (&error["outcome"], &error["retryable"]),
            (&json!("not_connected"), &json!(false)),
            "{error}"
        );
        assert!(error["text"].as_str().unwrap().contains(words), "{error}");
        assert!(told.iter().all(|event| event["state"] != "reconnecting"), "{told:?}");
    }
}

#[test]
fn a_linked_session_goes_on_and_says_what_a_person_must_mend() {
    let world = World::new();
    let config = world.config();
    drop(world.linked(&config));
    for (key, value, status) in [
        ("server.root_key", "11".repeat(32), Status::SERVER_NOT_TRUSTED),
        ("proxy.url", proxy(b"HTTP/1.1 407 No\r\n\r\n"), Status::PROXY),
    ] {
        let mut host = world.client(&world.config_with(&[(key, value.as_str())]));
        let told = host.wait_for("connection", |event| event["state"] == "reconnecting");
        assert_eq!((&told["status"], &told["retryable"]), (&json!(status.code()), &json!(false)), "{told}");
        assert!(!told["text"].as_str().unwrap().is_empty());
    }
    // A proxy that has trouble of its own is tried again like any other.
    let busy = proxy(b"HTTP/1.1 503 Busy\r\n\r\n");
    let mut host = world.client(&world.config_with(&[("proxy.url", busy.as_str())]));
    let told = host.wait_for("connection", |event| event["state"] == "reconnecting");
    assert_eq!((&told["status"], &told["retryable"]), (&json!(Status::PROXY.code()), &json!(true)), "{told}");
}
