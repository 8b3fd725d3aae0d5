//! `version.latest`: the version of WhatsApp Web, asked for through a proxy that leads to a server of the test's own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use wa::api::Status;

use super::world::World;

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
                // Who does not trust it hangs up.
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

/// What the method answers, to a client that is linked to nothing and not connected.
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
