//! Servers that do not do what they should, and a system that has nothing left to give.

use super::super::Step;
use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Takes a connection in, waits for the request, sends these bytes, and ends or waits.
async fn answer(bytes: &'static [u8], then_wait: bool) -> SocketAddr {
    let (address, _) = serve_tcp(move |mut stream| async move {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        stream.write_all(bytes).await.unwrap();
        if then_wait {
            let _ = stream.read(&mut request).await;
        }
    })
    .await;
    address
}

async fn try_upgrade(bytes: &'static [u8]) -> NetError {
    let address = answer(bytes, false).await;
    failure(connect(&endpoint(&format!("ws://{address}/"))).await)
}

#[tokio::test]
async fn answers_that_are_no_upgrade() {
    for (bytes, status) in [
        (&b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"[..], Some(404)),
        (b"HTTP/1.1 429 Too Many Requests\r\n\r\n", Some(429)),
        (b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n\r\n", Some(302)),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", Some(101)),
        (b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", Some(101)),
        (b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n", Some(101)),
        (b"SSH-2.0-OpenSSH_9.6\r\n", None),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", None),
        (b"HTTP/1.1 101 Switching Pro", None),
    ] {
        assert_eq!(try_upgrade(bytes).await, NetError::Upgrade { status }, "{}", bytes.escape_ascii());
    }
    assert!(matches!(try_upgrade(b"").await, NetError::Io { step: Step::Upgrade, .. }));
}

#[tokio::test]
async fn a_right_answer_with_an_extension_nobody_offered() {
    let (address, _) = serve_tcp(|mut stream| async move {
        let mut request = vec![0; 4096];
        let count = stream.read(&mut request).await.unwrap();
        let request = String::from_utf8(request[..count].to_vec()).unwrap();
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let mut hash = sha1_smol::Sha1::new();
        hash.update(key.as_bytes());
        hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        let accept = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hash.digest().bytes());
        let answer = format!(
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\
             Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let error = failure(connect(&endpoint(&format!("ws://{address}/"))).await);
    assert_eq!(error, NetError::Upgrade { status: Some(101) });
}

#[tokio::test]
async fn silence_after_the_request() {
    let address = answer(b"HTTP/1.1 101 X\r\n", true).await;
    let endpoint = endpoint(&format!("ws://{address}/")).with_limits(Limits { upgrade: SHORT, ..limits() });
    let error = failure(connect(&endpoint).await);
    assert_eq!(error, NetError::Timeout { step: Step::Upgrade, limit_ms: 60 });
}

/// A connection whose server sends raw bytes after the upgrade, then ends in an orderly way.
async fn raw_frames(bytes: Vec<u8>) -> (WsWriter, WsReader) {
    let (address, _) = serve_tcp(|stream| async move {
        let mut stream = ServerBuilder::new().accept(stream).await.unwrap().1.into_inner();
        stream.write_all(&bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let _ = stream.read(&mut [0; 100]).await;
    })
    .await;
    open(&endpoint(&format!("ws://{address}/")).with_max_message(1000)).await
}

#[tokio::test]
async fn frames_that_break_the_rules() {
    for bytes in [&[0xf2, 0][..], &[0x82, 0x81, 0, 0, 0, 0, 1], &[0x80, 0], &[0x89, 126, 0, 200]] {
        let (mut writer, mut reader) = raw_frames([&[0x82, 1, 7][..], bytes].concat()).await;
        // A message from before is still good.
        assert_eq!(reader.next().await.unwrap().unwrap(), [7][..]);
        let error = reader.next().await.unwrap_err();
        assert!(matches!(error, NetError::Protocol { .. }), "{error:?}");
        assert_eq!(reader.next().await, Err(error.clone()));
        assert_eq!(writer.send(Bytes::from_static(b"x")).await, Err(error));
        writer.close().await;
    }
}

#[tokio::test]
async fn messages_that_are_too_large() {
    let (_writer, mut reader) = raw_frames(vec![0x82, 126, 0x10, 0, 1, 2, 3]).await;
    assert_eq!(reader.next().await, Err(NetError::TooLarge));
    // A length that no memory could hold is refused on sight.
    let (_writer, mut reader) =
        raw_frames(vec![0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).await;
    assert_eq!(reader.next().await, Err(NetError::TooLarge));
}

#[tokio::test]
async fn ends_of_all_kinds() {
    // Between messages an end without a close is the server's way of recycling connections.
    let (mut writer, mut reader) = raw_frames(vec![0x82, 1, 9]).await;
    assert_eq!(reader.next().await.unwrap().unwrap(), [9][..]);
    assert_eq!(reader.next().await, Ok(None));
    assert_eq!(writer.send(Bytes::from_static(b"x")).await, Err(NetError::Closed));
    // Within one it is not.
    for bytes in [vec![0x82], vec![0x82, 5, 1, 2], vec![0x02, 1, 1]] {
        let (_writer, mut reader) = raw_frames(bytes).await;
        let end = loop {
            match reader.next().await {
                Ok(Some(_)) => {}
                end => break end,
            }
        };
        assert!(matches!(end, Err(NetError::Io { step: Step::Stream, .. })), "{end:?}");
    }
}

#[tokio::test]
async fn a_reset_connection() {
    let (address, server) = serve_tcp(|stream| async move {
        let stream = ServerBuilder::new().accept(stream).await.unwrap().1.into_inner();
        // Unread data and no lingering: the system sends a reset.
        stream.readable().await.unwrap();
        stream.set_zero_linger().unwrap();
    })
    .await;
    let (mut writer, mut reader) = open(&endpoint(&format!("ws://{address}/"))).await;
    writer.send(Bytes::from_static(b"hello")).await.unwrap();
    server.await.unwrap();
    let error = reader.next().await.unwrap_err();
    assert!(matches!(error, NetError::Io { step: Step::Stream, .. }), "{error:?}");
    assert_eq!(writer.send(Bytes::from_static(b"x")).await, Err(error));
}

#[tokio::test]
async fn a_peer_that_does_not_read_cannot_hold_up_the_end() {
    let (address, _) = serve_tcp(|stream| async move {
        let _stream = ServerBuilder::new().accept(stream).await.unwrap().1.into_inner();
        std::future::pending().await
    })
    .await;
    let endpoint = endpoint(&format!("ws://{address}/"));
    let (mut writer, _reader) = open(&endpoint).await;
    let stuck = tokio::time::timeout(SHORT, writer.send(Bytes::from(vec![0; 10_000_000]))).await;
    assert!(stuck.is_err());
    tokio::time::timeout(LONG, writer.close()).await.unwrap();
}

const CHILD: &str = "WA_TEST_NET_WITHOUT_FILES";

/// The entry point of the child of the test below. Without the word it has nothing to do.
#[tokio::test]
async fn child_process() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let few = rustix::process::Rlimit { current: Some(64), maximum: Some(64) };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, few).unwrap();
    let _taken: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
    for url in ["ws://127.0.0.1:1/", "wss://127.0.0.1:1/", "ws://localhost:1/"] {
        println!("said: {:?}", failure(connect(&endpoint(url)).await));
    }
}

#[test]
fn too_many_open_files_are_named() {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "net::tests::hostile::child_process", "--nocapture", "--quiet"]).env(CHILD, "1");
    let output = String::from_utf8(child.output().unwrap().stdout).unwrap();
    let said: Vec<&str> = output.lines().filter_map(|line| Some(line.split_once("said: ")?.1)).collect();
    // With no descriptor left the name cannot be looked up either.
    assert!(said.len() == 3 && said[..2] == ["TooManyFiles"; 2], "{output}");
    assert!(matches!(said[2], "TooManyFiles" | "Dns { host: \"localhost\" }"), "{output}");
}
