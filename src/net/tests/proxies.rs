//! Through proxies, which are written here.

use super::super::resolver::Resolver;
use super::super::{Proxy, Step, latest_version};
use super::*;
use crate::threads::Pool;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// An HTTP proxy that lets `expected` through, wherever it leads, to `server`.
async fn http_proxy(server: SocketAddr, authorization: Option<&'static str>) -> SocketAddr {
    let (address, _) = serve_tcp(move |mut stream| async move {
        let head = read_head(&mut stream).await;
        assert!(head.starts_with("CONNECT ") && head.contains("\r\nHost: "), "{head}");
        let given = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
        if given != authorization {
            let _ = stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
            return;
        }
        stream.write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n").await.unwrap();
        let mut onward = TcpStream::connect(server).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut onward).await;
    })
    .await;
    address
}

/// A SOCKS5 proxy that wants these credentials and answers with an address of this kind.
async fn socks_proxy(
    server: SocketAddr,
    credentials: Option<(&'static str, &'static str)>,
    kind: u8,
) -> SocketAddr {
    let (address, _) = serve_tcp(move |mut stream| async move {
        assert_eq!(stream.read_u8().await.unwrap(), 5);
        let mut methods = vec![0; stream.read_u8().await.unwrap().into()];
        stream.read_exact(&mut methods).await.unwrap();
        let method = if credentials.is_some() { 2 } else { 0 };
        if !methods.contains(&method) {
            stream.write_all(&[5, 0xff]).await.unwrap();
            return;
        }
        stream.write_all(&[5, method]).await.unwrap();
        if let Some((user, password)) = credentials {
            assert_eq!(stream.read_u8().await.unwrap(), 1);
            let mut given = Vec::new();
            for _ in 0..2 {
                let mut part = vec![0; stream.read_u8().await.unwrap().into()];
                stream.read_exact(&mut part).await.unwrap();
                given.push(String::from_utf8(part).unwrap());
            }
            if given != [user, password] {
                stream.write_all(&[1, 1]).await.unwrap();
                return;
            }
            stream.write_all(&[1, 0]).await.unwrap();
        }
        let mut request = [0; 4];
        stream.read_exact(&mut request).await.unwrap();
        assert_eq!(request[..3], [5, 1, 0]);
        let length = match request[3] {
            1 => 4,
            3 => stream.read_u8().await.unwrap().into(),
            other => panic!("{other}"),
        };
        let mut rest = vec![0; length + 2];
        stream.read_exact(&mut rest).await.unwrap();
        assert_eq!(rest[length..], server.port().to_be_bytes());
        let bound = match kind {
            1 => vec![0; 6],
            3 => vec![2, b'h', b'i', 0, 0],
            _ => vec![0; 18],
        };
        stream.write_all(&[&[5, 0, 0, kind][..], &bound].concat()).await.unwrap();
        let mut onward = TcpStream::connect(server).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut onward).await;
    })
    .await;
    address
}

async fn through(proxy: &str, server: SocketAddr) -> Result<Connection, NetError> {
    let endpoint = endpoint(&format!("ws://{server}/")).with_proxy(Proxy::parse(proxy).unwrap());
    connect(&endpoint).await
}

async fn works(proxy: &str, server: SocketAddr) {
    let (mut writer, mut reader) = through(proxy, server).await.unwrap().split();
    exchange(&mut writer, &mut reader, 100_000).await;
    writer.close().await;
}

#[tokio::test]
async fn http_connect() {
    let (server, _) = serve_tcp(echo).await;
    let proxy = http_proxy(server, None).await;
    works(&format!("http://{proxy}"), server).await;
    let (server, _) = serve_tcp(echo).await;
    let proxy = http_proxy(server, Some("Basic dXNlcjpwOncgMQ==")).await;
    works(&format!("http://user:p%3Aw%201@{proxy}"), server).await;
}

#[tokio::test]
async fn socks5() {
    for (kind, user) in [(1, false), (3, true), (4, false)] {
        let (server, _) = serve_tcp(echo).await;
        let proxy = socks_proxy(server, user.then_some(("user", "p:w 1")), kind).await;
        let credentials = if user { "user:p%3Aw%201@" } else { "" };
        works(&format!("socks5://{credentials}{proxy}"), server).await;
    }
}

#[tokio::test]
async fn names_are_left_to_the_proxy() {
    // The proxy sees the name and goes wherever it likes; nobody here could look it up.
    let (server, _) = serve_tcp(|mut stream| async move {
        // TLS is spoken to the far end, so all that can be seen here is a TLS hello.
        assert_eq!(stream.read_u8().await.unwrap(), 0x16);
    })
    .await;
    let proxy = http_proxy(server, None).await;
    let url = format!("wss://far.invalid:{}/", server.port());
    let endpoint = endpoint(&url).with_proxy(Proxy::parse(&format!("http://{proxy}")).unwrap());
    let error = failure(connect(&endpoint).await);
    assert!(matches!(error, NetError::Io { step: Step::Tls, .. }), "{error:?}");

    let (server, _) = serve_tcp(|mut stream| async move {
        assert_eq!(stream.read_u8().await.unwrap(), 0x16);
    })
    .await;
    let proxy = socks_proxy(server, None, 1).await;
    let url = format!("wss://far.invalid:{}/", server.port());
    let endpoint = super::endpoint(&url).with_proxy(Proxy::parse(&format!("socks5://{proxy}")).unwrap());
    let error = failure(connect(&endpoint).await);
    assert!(matches!(error, NetError::Io { step: Step::Tls, .. }), "{error:?}");
}

#[tokio::test]
async fn wrong_credentials() {
    let (_keep, server) = listener().await;
    for user in ["", "user:wrong@"] {
        let proxy = http_proxy(server, Some("Basic dXNlcjpwdw==")).await;
        assert_eq!(failure(through(&format!("http://{user}{proxy}"), server).await), NetError::ProxyAuth);
        let proxy = socks_proxy(server, Some(("user", "pw")), 1).await;
        assert_eq!(failure(through(&format!("socks5://{user}{proxy}"), server).await), NetError::ProxyAuth);
    }
}

/// Returns the error from a proxy that answers with these bytes, whatever it is asked.
async fn refusal(scheme: &str, answer: &'static [u8]) -> NetError {
    let (proxy, _) = serve_tcp(move |mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        stream.write_all(answer).await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    let (_keep, server) = listener().await;
    failure(through(&format!("{scheme}://{proxy}"), server).await)
}

#[tokio::test]
async fn refusals() {
    for (scheme, answer, words, for_good) in [
        ("http", &b"HTTP/1.1 403 Forbidden\r\n\r\n"[..], "HTTP status 403 Forbidden", true),
        ("http", b"HTTP/1.1 502 \r\n\r\n", "HTTP status 502", false),
        ("http", b"\x05\x00\x00\x00\x00\x00\x00\x00", "it is no HTTP proxy", true),
        ("http", b"HTTP/1.1 200 OK\r\n\r\nmore", "it sent data of its own", true),
        ("socks5", b"HTTP/1.1 400 Bad Request\r\n\r\n", "it is no SOCKS5 proxy", true),
        ("socks5", b"\x05\x00\x05\x02\x00\x01", "its rules forbid it", true),
        ("socks5", b"\x05\x00\x05\x05\x00\x01", "the server refused the connection", false),
        ("socks5", b"\x05\x00\x05\x63\x00\x01", "it gives an unknown reason", false),
        ("socks5", b"\x05\x00\x05\x00\x00\x09", "its answer is malformed", true),
        ("socks5", b"\x05\x00\x04\x00\x00\x01", "it is no SOCKS5 proxy", true),
    ] {
        let error = refusal(scheme, answer).await;
        let what = words.to_owned();
        assert_eq!(error, NetError::ProxyRefused { what, for_good }, "{}", answer.escape_ascii());
    }
}

#[tokio::test]
async fn a_proxy_that_is_silent_gone_or_hangs_up() {
    let (_keep, server) = listener().await;
    for scheme in ["http", "socks5"] {
        let (_silent, proxy) = listener().await;
        let proxy = Proxy::parse(&format!("{scheme}://{proxy}")).unwrap();
        let endpoint = endpoint(&format!("ws://{server}/")).with_limits(Limits { proxy: SHORT, ..limits() });
        let error = failure(connect(&endpoint.with_proxy(proxy)).await);
        assert_eq!(error, NetError::Timeout { step: Step::Proxy, limit_ms: 60 });

        let (proxy, _) = serve_tcp(|mut stream| async move { drop(stream.read(&mut [0; 1024]).await) }).await;
        let error = failure(through(&format!("{scheme}://{proxy}"), server).await);
        assert!(matches!(error, NetError::Io { step: Step::Proxy, .. }), "{error:?}");

        let (gone, proxy) = listener().await;
        drop(gone);
        let error = failure(through(&format!("{scheme}://{proxy}"), server).await);
        assert!(matches!(error, NetError::Io { step: Step::ProxyTcp, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_far_proxy_for_a_server_without_tls() {
    let endpoint = endpoint("ws://127.0.0.1:1/").with_proxy(Proxy::parse("http://proxy.example").unwrap());
    let error = failure(connect(&endpoint).await);
    assert_eq!(error, NetError::InsecureUrl { host: "proxy.example".to_owned() });
}

#[tokio::test]
async fn a_proxy_that_has_to_be_public_is_checked_with_every_connection() {
    static POOL: Pool = Pool::new("test-rebinding", 4);
    let (listener, address) = listener().await;
    // A name that leads to a public address at first, by which a check beforehand would be satisfied, then to this machine.
    let asked = AtomicUsize::new(0);
    let find = move |_: &str| {
        let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(vec![SocketAddr::from((if first { [93, 184, 216, 34] } else { [127, 0, 0, 1] }, 0))])
    };
    let resolver: &'static Resolver = Box::leak(Box::new(Resolver::new(&POOL, find)));
    assert!(resolver.look_up("rebound.example").await.unwrap()[0].ip() != address.ip());
    for host in ["rebound.example", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "2130706433"] {
        for scheme in ["http", "socks5"] {
            let proxy = Proxy::parse(&format!("{scheme}://{host}:{}", address.port())).unwrap().public_only();
            let mut endpoint = endpoint("wss://far.invalid/").with_proxy(proxy);
            endpoint.resolver = resolver;
            assert_eq!(failure(connect(&endpoint).await), NetError::ProxyPrivate, "{scheme}://{host}");
            let latest = latest_version(&endpoint, "https://far.invalid/sw.js").await;
            assert_eq!(latest, Err(NetError::ProxyPrivate), "{scheme}://{host}");
        }
    }
    let listener = listener.into_std().unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nothing has come");
}
