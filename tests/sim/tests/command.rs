//! The command and its control API, as scripts use them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

struct Sim {
    child: Child,
    started: Value,
}

impl Sim {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wa-sim"))
            .args(arguments)
            .arg("--exit-with-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { child, started: serde_json::from_str(&line).unwrap() }
    }

    /// Status and body of a request.
    fn raw(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let address = self.started["control"].as_str().unwrap().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (status, body) = self.raw(method, path, &body.to_string());
        (status, serde_json::from_str(&body).unwrap())
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.raw("GET", path, "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        // Closing its standard input ends it; a test that failed must not wait for it.
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_where_it_is_and_ends_with_its_input() {
    let mut sim = Sim::start(&["--seed", "always the same"]);
    let again = Sim::start(&["--seed", "always the same"]);
    assert_eq!(sim.started["root_key"], again.started["root_key"]);
    assert_eq!(sim.started["root_key"].as_str().unwrap().len(), 64);
    assert_eq!(sim.started["root_serial"], 0);
    assert!(sim.started["ws"].as_str().unwrap().starts_with("ws://127.0.0.1:"));
    assert!(sim.started["wss"].as_str().unwrap().ends_with("/ws/chat"));
    assert!(sim.started["ca_pem"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(sim.get("/info"), sim.started);
    drop(sim.child.stdin.take());
    assert!(sim.child.wait().unwrap().success());
    let mut rest = String::new();
    sim.child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn phones_are_made_changed_and_removed() {
    let sim = Sim::start(&[]);
    let (status, phone) = sim.call("POST", "/phones", &json!({ "number": "15550001234", "name": "Ada" }));
    assert_eq!((status, &phone["name"], &phone["companions"]), (200, &json!("Ada"), &json!([])));
    assert_eq!(sim.get("/phones")["phones"].as_array().unwrap().len(), 1);
    let (_, phone) = sim.call("PATCH", "/phones/15550001234", &json!({ "name": "Grace", "max_devices": 2 }));
    assert_eq!((&phone["name"], &phone["switches"]["max_devices"]), (&json!("Grace"), &json!(2)));
    let (_, outcome) = sim.call("POST", "/phones/15550001234/enter", &json!({ "code": "ABCD-1234" }));
    assert_eq!(outcome["outcome"], "no_request");
    let (_, outcome) = sim.call("POST", "/phones/15550001234/scan", &json!({ "qr": "?" }));
    assert_eq!(outcome["outcome"], "unreadable_qr");
    assert_eq!(sim.call("DELETE", "/phones/15550001234", &json!({})).0, 200);
    assert_eq!(sim.get("/phones")["phones"], json!([]));
}

#[test]
fn mistakes_are_named() {
    let sim = Sim::start(&[]);
    sim.call("POST", "/phones", &json!({ "number": "15550001234" }));
    for (method, path, body, status, name) in [
        ("POST", "/phones", json!({ "number": "15550001234" }), 409, "phone_exists"),
        ("POST", "/phones", json!({ "number": "+1555" }), 400, "bad_number"),
        ("POST", "/phones", json!({ "number": "15550001235", "wings": 2 }), 400, "unknown_switch"),
        ("POST", "/phones", json!({}), 400, "bad_body"),
        ("PATCH", "/phones/15550001234", json!({ "stop": "never ever" }), 400, "bad_switch"),
        ("GET", "/phones/15550009999", json!({}), 404, "not_found"),
        ("POST", "/phones/15550009999/enter", json!({ "code": "ABCD1234" }), 404, "not_found"),
        ("POST", "/phones/15550001234/enter", json!({ "codes": 1 }), 400, "bad_body"),
        ("POST", "/phones/15550001234/dance", json!({}), 404, "not_found"),
        ("POST", "/phones/15550001234/unlink", json!({}), 400, "bad_body"),
        ("POST", "/phones/15550001234/confirm", json!({ "same": true }), 409, "nothing_to_confirm"),
        ("POST", "/phones/15550001234/refresh_code", json!({}), 409, "no_request"),
        ("POST", "/faults", json!({ "do": "explode" }), 400, "bad_body"),
        ("DELETE", "/faults/7", json!({}), 404, "not_found"),
        ("POST", "/settle", json!({ "seconds": 1 }), 400, "bad_body"),
        ("POST", "/connections/7/close", json!({}), 404, "not_found"),
        ("GET", "/nowhere", json!({}), 404, "not_found"),
        ("DELETE", "/log", json!({}), 400, "method"),
    ] {
        let (found, answer) = sim.call(method, path, &body);
        assert_eq!((found, &answer["error"]), (status, &json!(name)), "{method} {path} {body}: {answer}");
        assert!(answer["message"].is_string());
    }
}

#[test]
fn rules_connections_and_log_are_shown() {
    let sim = Sim::start(&[]);
    let rule = json!({ "when": { "point": "accept" }, "do": "close" });
    let (_, added) = sim.call("POST", "/faults", &rule);
    let ws = sim.started["ws"].as_str().unwrap();
    let address = ws.strip_prefix("ws://").unwrap().split('/').next().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let mut nothing = Vec::new();
    // Closed without a word; some systems call that a reset.
    let _ = stream.read_to_end(&mut nothing);
    assert!(nothing.is_empty());
    let faults = sim.get("/faults");
    assert_eq!((&faults["faults"][0]["id"], &faults["faults"][0]["applied"]), (&added["id"], &json!(1)));
    let log = sim.get("/log?dir=note&wait_ms=2000");
    assert!(log["entries"][0]["text"].as_str().unwrap().starts_with("connected from"));
    let newer = sim.get(&format!("/log?after={}&tag=iq", log["last"]));
    assert_eq!(newer["entries"], json!([]));
    assert_eq!(sim.call("POST", "/settle", &json!({})), (200, json!({})));
    assert_eq!(sim.call("DELETE", "/faults", &json!({})).0, 200);
    assert_eq!(sim.get("/faults")["faults"], json!([]));
    assert_eq!(sim.get("/connections")["connections"], json!([]));
}

#[test]
fn the_page_is_served() {
    let sim = Sim::start(&[]);
    for (path, part) in
        [("/", "<script src=\"/app.js\""), ("/app.js", "/phones"), ("/style.css", "light-dark")]
    {
        let (status, body) = sim.raw("GET", path, "");
        assert!(status == 200 && body.contains(part), "{path}");
    }
}
