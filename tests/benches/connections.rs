//! Resident memory per idle connection, as the slope from 100 to 1,000 connections of one process, each with a task that
//! waits for the next bytes. The server is another process. Beside it, the same with a general-purpose WebSocket crate.
//!
//!     cargo bench --bench connections

#![expect(clippy::print_stdout, reason = "its result is what it prints")]

use futures_util::StreamExt;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_websockets::{ClientBuilder, ServerBuilder};
use wa::net::{Endpoint, connect};

const FEW: usize = 100;
const MANY: usize = 1000;
const KINDS: [&str; 3] = ["ws", "wss", "ws, tokio-websockets"];

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    if std::env::args().any(|argument| argument == "serve") {
        return runtime.block_on(serve());
    }
    let what = KINDS.into_iter().find(|what| std::env::args().any(|argument| argument == *what));
    match what {
        // Each in a process of its own, so that what one leaves behind does not help the next.
        None => {
            for what in KINDS {
                let program = std::env::current_exe().expect("own path");
                Command::new(program).arg(what).status().expect("a process");
            }
        }
        Some(what) => runtime.block_on(measure(what)),
    }
}

/// Takes connections in until its input ends. Says where, and which authority it has.
async fn serve() {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("key")).expect("authority");
    let key = KeyPair::generate().expect("key");
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("name");
    let certificate = params.signed_by(&key, &authority).expect("certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let plain = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let secure = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let ports = (plain.local_addr().expect("port").port(), secure.local_addr().expect("port").port());
    println!("{} {}", ports.0, ports.1);
    print!("{}", authority.pem());
    println!("end");
    std::io::stdout().flush().expect("output");
    tokio::spawn(async move {
        while let Ok((stream, _)) = plain.accept().await {
            stream.set_nodelay(true).expect("no delay");
            tokio::spawn(async move {
                let (_, mut socket) = ServerBuilder::new().accept(stream).await?;
                while let Some(Ok(_)) = socket.next().await {}
                Ok::<(), tokio_websockets::Error>(())
            });
        }
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = secure.accept().await {
            stream.set_nodelay(true).expect("no delay");
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let (_, mut socket) = ServerBuilder::new().accept(acceptor.accept(stream).await?).await?;
                while let Some(Ok(_)) = socket.next().await {}
                Ok::<(), tokio_websockets::Error>(())
            });
        }
    });
    let wait = || drop(std::io::stdin().read(&mut [0]));
    tokio::task::spawn_blocking(wait).await.expect("input");
}

async fn measure(what: &str) {
    let mut server = Command::new(std::env::current_exe().expect("own path"))
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("server");
    let mut lines = BufReader::new(server.stdout.take().expect("output")).lines().map_while(Result::ok);
    let ports = lines.next().expect("ports");
    let (plain, secure) = ports.split_once(' ').expect("two ports");
    let pem: String =
        lines.take_while(|line| line != "end").flat_map(|line| [line, "\n".to_owned()]).collect();
    let endpoint = match what {
        "wss" => Endpoint::new(&format!("wss://127.0.0.1:{secure}/ws/chat")).expect("URL"),
        _ => Endpoint::new(&format!("ws://127.0.0.1:{plain}/ws/chat")).expect("URL"),
    };
    let endpoint = endpoint.with_ca_pem(pem.as_bytes()).expect("authority");
    let mut tasks = Vec::new();
    let mut resident_few = 0;
    let start = Instant::now();
    for count in 1..=MANY {
        tasks.push(if what == "ws, tokio-websockets" {
            let stream = TcpStream::connect(format!("127.0.0.1:{plain}")).await.expect("connection");
            let uri = endpoint.url().parse().expect("URL");
            let (mut socket, _) = ClientBuilder::from_uri(uri).connect_on(stream).await.expect("upgrade");
            tokio::spawn(async move { while let Some(Ok(_)) = socket.next().await {} })
        } else {
            let (writer, mut reader) = connect(&endpoint).await.expect("connection").split();
            tokio::spawn(async move {
                while let Ok(Some(_)) = reader.next().await {}
                drop(writer);
            })
        });
        if count == FEW {
            resident_few = settled().await;
        }
    }
    let elapsed = start.elapsed();
    let each = (settled().await - resident_few) / (MANY - FEW) as u64;
    println!("{what}: {each} bytes resident per idle connection; {MANY} connected in {elapsed:.1?}");
    drop(tasks);
    drop(server.stdin.take());
    server.wait().expect("server");
}

/// Resident bytes, after a pause for what is still under way.
async fn settled() -> u64 {
    tokio::time::sleep(Duration::from_millis(300)).await;
    let status = std::fs::read_to_string("/proc/self/status").expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("number") * 1024
}
