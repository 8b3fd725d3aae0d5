//! `ws://` to this machine.

use super::*;
use std::pin::Pin;
use std::task::{Context, Waker};
use tokio::net::TcpSocket;
use tokio_websockets::CloseCode;

#[tokio::test]
async fn messages_of_all_sizes_come_back() {
    let (address, server) = serve_tcp(echo).await;
    let (mut writer, mut reader) = open(&endpoint(&format!("ws://{address}/ws/chat"))).await;
    for size in [1, 125, 126, 16_384, 65_535, 65_536, 1_000_000] {
        exchange(&mut writer, &mut reader, size).await;
    }
    assert!(reader.received() > 1_000_000);
    writer.close().await;
    writer.close().await;
    assert_eq!(reader.next().await, Ok(None));
    assert_eq!(writer.send(Bytes::from_static(b"x")).await, Err(NetError::Closed));
    server.await.unwrap();
}

#[tokio::test]
async fn what_leaves_together_arrives_as_messages_of_their_own() {
    let (address, server) = serve_tcp(|stream| async move {
        let mut socket = upgrade(stream).await;
        for expected in [&b"one"[..], b"", b"three"] {
            assert_eq!(&**socket.next().await.unwrap().unwrap().as_payload(), expected);
        }
    })
    .await;
    let (mut writer, _reader) = open(&endpoint(&format!("ws://{address}/"))).await;
    writer.feed(&["one", "", "three"]).unwrap();
    writer.flush().await.unwrap();
    server.await.unwrap();
    writer.close().await;
    assert!(writer.feed(&["x"]).is_err());
}

#[tokio::test]
async fn the_server_sees_the_request_and_the_normal_end() {
    let (address, server) = serve_tcp(|stream| async move {
        let (request, mut socket) = ServerBuilder::new().accept(stream).await.unwrap();
        assert_eq!(request.uri().path(), "/ws/chat");
        assert_eq!(request.uri().query(), Some("ED=CAU"));
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("origin").as_deref(), Some("https://web.whatsapp.com"));
        assert_eq!(header("cookie").as_deref(), Some("sticky_routing="));
        for absent in ["user-agent", "pragma", "cache-control", "sec-websocket-extensions"] {
            assert_eq!(header(absent), None, "{absent}");
        }
        let message = socket.next().await.unwrap().unwrap();
        assert_eq!(message.as_close().map(|(code, _)| code), Some(CloseCode::NORMAL_CLOSURE));
    })
    .await;
    let mut endpoint = endpoint(&format!("ws://{address}/ws/chat"));
    endpoint.set_routing_info(Some(vec![8, 5]));
    let (mut writer, _reader) = open(&endpoint).await;
    writer.close().await;
    server.await.unwrap();
}

#[tokio::test]
async fn text_is_ignored_pings_are_answered_and_a_close_is_the_end() {
    let (address, server) = serve_tcp(|stream| async move {
        let mut socket = upgrade(stream).await;
        socket.send(Message::text("not for us")).await.unwrap();
        socket.send(Message::binary(&b"one"[..])).await.unwrap();
        socket.send(Message::ping(&b"are you there"[..])).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap();
        assert!(answer.is_pong());
        assert_eq!(&**answer.as_payload(), b"are you there");
        socket.send(Message::binary(&b"two"[..])).await.unwrap();
        socket.send(Message::close(Some(CloseCode::GOING_AWAY), "bye")).await.unwrap();
        // The answer to the close.
        assert!(socket.next().await.unwrap().unwrap().is_close());
    })
    .await;
    let (_writer, mut reader) = open(&endpoint(&format!("ws://{address}/"))).await;
    assert_eq!(read_exactly(&mut reader, 6).await, b"onetwo");
    assert_eq!(reader.next().await, Ok(None));
    assert_eq!(reader.next().await, Ok(None));
    server.await.unwrap();
}

#[tokio::test]
async fn halves_work_in_different_tasks() {
    let (address, server) = serve_tcp(echo).await;
    let (mut writer, mut reader) = open(&endpoint(&format!("ws://{address}/"))).await;
    const COUNT: usize = 500;
    const SIZE: usize = 5_000;
    let sending = tokio::spawn(async move {
        for i in 0..COUNT {
            writer.send(Bytes::from(vec![i as u8; SIZE])).await.unwrap();
        }
        writer
    });
    let received = read_exactly(&mut reader, COUNT * SIZE).await;
    assert!(received.chunks(SIZE).zip(0..).all(|(chunk, i)| chunk.iter().all(|byte| *byte == i as u8)));
    sending.await.unwrap().close().await;
    server.await.unwrap();
}

#[tokio::test]
async fn a_read_that_was_given_up_loses_nothing() {
    let (address, server) = serve_tcp(echo).await;
    let (mut writer, mut reader) = open(&endpoint(&format!("ws://{address}/"))).await;
    for i in 0..50u8 {
        let mut next = Box::pin(reader.next());
        assert!(Pin::new(&mut next).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(next);
        writer.send(Bytes::from(vec![i; 10])).await.unwrap();
        assert_eq!(read_exactly(&mut reader, 10).await, vec![i; 10]);
    }
    writer.close().await;
    server.await.unwrap();
}

#[tokio::test]
async fn pings_are_answered_though_the_writer_is_stuck() {
    // The server does not read for a while, so that the writer's message fills all buffers, and pings meanwhile.
    let (address, server) = serve_tcp(|stream| async move {
        let mut socket = upgrade(stream).await;
        socket.send(Message::ping(&b"1"[..])).await.unwrap();
        socket.send(Message::ping(&b"2"[..])).await.unwrap();
        socket.send(Message::binary(&b"go on"[..])).await.unwrap();
        let (mut data, mut pongs) = (0, Vec::new());
        while data < 8_000_000 || pongs.is_empty() {
            let message = socket.next().await.unwrap().unwrap();
            match message.is_pong() {
                true => pongs.push(message.into_payload().to_vec()),
                false => data += message.as_payload().len(),
            }
        }
        assert_eq!(pongs.last().unwrap(), b"2");
    })
    .await;
    let (mut writer, mut reader) = open(&endpoint(&format!("ws://{address}/"))).await;
    let mut sending = Box::pin(writer.send(Bytes::from(vec![0; 8_000_000])));
    assert!(Pin::new(&mut sending).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(read_exactly(&mut reader, 5).await, b"go on");
    let (sent, end) = tokio::join!(sending, reader.next());
    sent.unwrap();
    assert!(matches!(end, Ok(None) | Err(NetError::Io { .. })), "{end:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn localhost_is_found_by_name() {
    let (address, server) = serve_tcp(echo).await;
    let (mut writer, mut reader) = open(&endpoint(&format!("ws://localhost:{}/", address.port()))).await;
    exchange(&mut writer, &mut reader, 10).await;
    writer.close().await;
    server.await.unwrap();
}

#[tokio::test]
async fn nobody_listens() {
    let (listener, address) = listener().await;
    drop(listener);
    let error = failure(connect(&endpoint(&format!("ws://{address}/"))).await);
    assert!(matches!(error, NetError::Io { step: super::super::Step::Tcp, .. }), "{error:?}");
}

#[tokio::test]
async fn a_name_that_cannot_exist() {
    // A label is at most 63 bytes, so this is refused without asking anybody.
    let host = format!("{}.invalid", "x".repeat(64));
    let error = failure(connect(&endpoint(&format!("wss://{host}/"))).await);
    assert_eq!(error, NetError::Dns { host });
}

#[tokio::test]
async fn a_connection_that_is_not_taken_in() {
    // A listener whose queue is full: the system keeps silent.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(SHORT, TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
        assert!(waiting.len() < 50);
    }
    let endpoint = endpoint(&format!("ws://{address}/")).with_limits(Limits { tcp: SHORT, ..limits() });
    let error = failure(connect(&endpoint).await);
    assert_eq!(error, NetError::Timeout { step: super::super::Step::Tcp, limit_ms: 60 });
}
