//! The version of WhatsApp Web: `version.latest`, asked for through a proxy that leads to a server of the test's own, and
//! `client.version` = `auto`, which goes to the page of the simulator.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use wa::api::{Config, Status};

use super::world::{NUMBER, World};

/// The version that the library presents by itself.
const BUILT_IN: &str = "2.3000.1049950004";

const PAGE: &str = r#"HTTP/1.1 200 OK

self.x={\"client_revision\":1045649367,\"y\":1}"#;

/// A site that is `web.whatsapp.com` to those who trust its authority and go through its proxy.
struct Site {
    proxy: String,
    ca_pem: String,
}

impl Site {
    /// Answers every request with this.
    fn new(answer: &'static str) -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let site = CertificateParams::new(vec!["web.whatsapp.com".to_owned()]).unwrap();
        let certificate = site.signed_by(&key, &authority).unwrap().der().clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that does not trust it hangs up.
                let _ = serve(stream.unwrap(), Arc::clone(&config), answer);
            }
        });
        Self { proxy, ca_pem: authority.pem() }
    }
}

fn serve(mut stream: TcpStream, config: Arc<ServerConfig>, answer: &str) -> std::io::Result<()> {
    assert!(head(&mut stream)?.starts_with("CONNECT web.whatsapp.com:443 "));
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    assert!(head(&mut stream)?.starts_with("GET /sw.js "));
    stream.write_all(answer.replace('\n', "\r\n").as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// Reads up to an empty line.
fn head(stream: &mut impl Read) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8(head).unwrap())
}

/// Returns the answer of the method to a client that is linked to nothing and not connected.
fn latest(world: &World, values: &[(&str, &str)]) -> Value {
    let mut host = World::offline_client(&world.config_with(values));
    let request = host.client.call("version.latest", None).unwrap();
    host.answer(request)
}

#[test]
fn the_latest_version_is_learned_or_it_is_said_why_not() {
    let world = World::new();
    let file = world.folder().join("authority.pem");
    let asked = |site: &Site, more: &[(&str, &str)]| {
        std::fs::write(&file, &site.ca_pem).unwrap();
        let trust = [("proxy.url", site.proxy.as_str()), ("server.ca_file", file.to_str().unwrap())];
        latest(&world, &[&trust[..], more].concat())
    };
    let site = Site::new(PAGE);
    let answer = asked(&site, &[]);
    assert_eq!(
        (&answer["status"], &answer["result"]),
        (&json!(0), &json!({ "version": "2.3000.1045649367" })),
        "{answer}"
    );
    // It is what client.version takes.
    world.config_with(&[("client.version", answer["result"]["version"].as_str().unwrap())]);
    let failed = |answer: Value, status: Status, retryable: bool, words: &str| {
        assert_eq!(
            (&answer["status"], &answer["retryable"], &answer["result"]),
            (&json!(status.code()), &json!(retryable), &Value::Null),
            "{answer}"
        );
        assert!(answer["text"].as_str().unwrap().contains(words), "{answer}");
    };
    failed(asked(&site, &[("proxy.private", "false")]), Status::PROXY, false, "proxy.private");
    failed(latest(&world, &[("proxy.url", &site.proxy)]), Status::TLS, false, "certificate");
    let none = Site::new("HTTP/1.1 200 OK\n\nnothing here");
    failed(asked(&none, &[]), Status::PROTOCOL, false, "holds no version");
    failed(asked(&Site::new("HTTP/1.1 403 Forbidden\n\n"), &[]), Status::UPGRADE, false, "403");
    failed(asked(&Site::new("HTTP/1.1 503 Busy\n\n"), &[]), Status::UPGRADE, true, "503");
}

/// The values of a client that keeps its version current by the simulator's page.
fn current(world: &World) -> [(&'static str, String); 2] {
    [("client.version", "auto".into()), ("client.version_url", world.sim.started().version_page.clone())]
}

fn current_config(world: &World, more: &[(&str, &str)]) -> Config {
    let values = current(world);
    let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
    world.config_with(&[&values, more].concat())
}

/// From now on the server takes these versions only.
fn require(world: &World, oldest: &str, newest: &str) {
    world.sim.set_versions(&json!({ "oldest": oldest, "newest": newest })).unwrap();
}

/// Returns the number of requests for the page, and of connections refused with 405.
fn asked_and_refused(world: &World) -> (u64, usize) {
    world.settled(|state| {
        let notes = state.log(0).1;
        let refused = notes.iter().filter(|entry| entry.to_string().contains("refused with 405")).count();
        (state.versions()["asked"].as_u64().unwrap(), refused)
    })
}

/// The version that the linked device presented last.
fn presented(world: &World) -> Value {
    world.settled(|state| state.phone(NUMBER).unwrap()["companions"][0]["version"].clone())
}

const OLDEST: &str = "2.3000.2000000000";
const NEWEST: &str = "2.3000.2000000001";

#[test]
fn a_device_is_linked_though_the_built_in_version_is_refused() {
    let world = World::new();
    require(&world, OLDEST, NEWEST);
    let host = world.linked(&current_config(&world, &[]));
    assert_eq!((presented(&world), asked_and_refused(&world)), (json!(NEWEST), (1, 1)), "{}", host.story());
    assert!(
        host.taken("restricted").is_empty() && host.taken("pairing.error").is_empty(),
        "{}",
        host.story()
    );
}

#[test]
fn a_session_whose_version_grew_old_goes_on_with_the_newest_and_keeps_it() {
    let world = World::new();
    let config = current_config(&world, &[("reconnect.auto", "false")]);
    let mut host = world.linked(&config);
    assert_eq!((presented(&world), asked_and_refused(&world)), (json!(BUILT_IN), (0, 0)));
    require(&world, OLDEST, NEWEST);
    host.client.disconnect().unwrap();
    host.wait_for("connection", |event| event["state"] == "disconnected");
    host.client.connect().unwrap();
    let again = host.wait_for("connection", |event| event["reason"] == "new_version");
    assert_eq!(
        (&again["state"], &again["status"], &again["is_final"]),
        (&"reconnecting".into(), &json!(Status::CLIENT_OUTDATED.code()), &false.into()),
        "{again}"
    );
    host.wait("ready");
    assert_eq!((presented(&world), asked_and_refused(&world)), (json!(NEWEST), (1, 1)));
    assert!(host.taken("restricted").is_empty(), "{}", host.story());
    drop(host);
    // The store alone knows it for a client that has another page, which nobody serves.
    let nobody =
        world.config_with(&[("client.version", "auto"), ("client.version_url", "http://127.0.0.1:1/")]);
    let mut host = world.client(&nobody);
    host.wait("ready");
    assert_eq!((presented(&world), asked_and_refused(&world)), (json!(NEWEST), (1, 1)));
}

#[test]
fn an_account_that_is_refused_with_the_newest_version_is_told_so_once() {
    let world = World::new();
    let config = current_config(&world, &[]);
    drop(world.linked(&config));
    require(&world, "2.3000.2000000002", NEWEST);
    let mut host = world.client(&config);
    let restricted = host.wait("restricted");
    assert_eq!(
        (&restricted["kind"], &restricted["scope"]),
        (&"version_refused".into(), &"account".into()),
        "{restricted}"
    );
    let is_given_up = |event: &Value| event["is_final"] == true;
    let ended = host.wait_for("connection", is_given_up);
    assert_eq!(
        (&ended["reason"], &ended["status"]),
        (&"version_refused".into(), &json!(Status::VERSION_REFUSED.code())),
        "{ended}"
    );
    assert!(ended["text"].as_str().unwrap().contains("newest"), "{ended}");
    assert_eq!(asked_and_refused(&world), (1, 2), "the built-in one and the newest");
    // The host may ask again and again: neither the page nor the server hears of it.
    for _ in 0..3 {
        host.client.connect().unwrap();
        let ended = host.wait_for("connection", is_given_up);
        assert_eq!(ended["status"], Status::VERSION_REFUSED.code(), "{ended}");
    }
    assert_eq!(asked_and_refused(&world), (1, 2));
    // A version that was set is the host's business.
    drop(host);
    let mut host = world.client(&world.config_with(&[("client.version", "2.3000.2000000003")]));
    host.wait("ready");
}

#[test]
fn a_version_that_was_set_is_not_replaced() {
    let world = World::new();
    require(&world, OLDEST, NEWEST);
    let values = current(&world);
    let mut host = world.client(&world.config_with(&[(values[1].0, &values[1].1)]));
    host.client.request_pairing(NUMBER, None).unwrap();
    assert_eq!(host.wait("restricted")["kind"], "client_outdated");
    let ended = host.wait_for("connection", |event| event["is_final"] == true);
    assert_eq!(ended["status"], Status::CLIENT_OUTDATED.code(), "{ended}");
    assert_eq!(asked_and_refused(&world), (0, 1));
}

#[test]
fn a_version_that_will_expire_is_replaced_before() {
    let world = World::new();
    let mut host = world.linked(&current_config(&world, &[]));
    require(&world, BUILT_IN, NEWEST);
    let expires = |t: u64| {
        json!({ "tag": "ib", "attrs": { "from": "s.whatsapp.net" },
        "children": [{ "tag": "client_expiration", "attrs": { "t": t.to_string() } }] })
    };
    world.say(&expires(1_900_000_000));
    let again = host.wait_for("connection", |event| event["reason"] == "new_version");
    assert_eq!(again["retry_in_ms"], 0, "{again}");
    host.wait("ready");
    assert_eq!((presented(&world), asked_and_refused(&world)), (json!(NEWEST), (1, 0)));
    assert!(host.taken("restricted").is_empty(), "{}", host.story());
    // Of the day on which the newest will be refused, the host is told.
    world.say(&expires(1_950_000_000));
    let restricted = host.wait("restricted");
    assert_eq!(
        (&restricted["kind"], &restricted["starts_at_ms"]),
        (&"client_outdated".into(), &1_950_000_000_000_i64.into())
    );
    assert_eq!((presented(&world), asked_and_refused(&world)), (json!(NEWEST), (1, 0)));
}

#[test]
fn a_page_that_cannot_be_asked_is_asked_again_and_the_refused_version_not_shown_meanwhile() {
    let world = World::new();
    require(&world, OLDEST, NEWEST);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let page = format!("http://{}/sw.js", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        for answer in
            ["HTTP/1.1 503 Busy\r\n\r\n", "", "HTTP/1.1 200 OK\r\n\r\n\"client_revision\":2000000001}"]
        {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(head(&mut stream).unwrap().starts_with("GET /sw.js "));
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let config = world.config_with(&[("client.version", "auto"), ("client.version_url", &page)]);
    let host = world.linked(&config);
    asked.join().unwrap();
    assert_eq!((presented(&world), asked_and_refused(&world)), (json!(NEWEST), (0, 1)), "{}", host.story());
    let waits: Vec<Value> = host.taken("connection");
    let failed = waits.iter().filter(|event| event["reason"] == "client_outdated");
    let statuses: Vec<&Value> = failed.map(|event| &event["status"]).collect();
    assert_eq!(statuses.len(), 2, "{}", host.story());
    assert_eq!(statuses[0], &json!(Status::UPGRADE.code()));
}
