//! Connections against local servers. The WebSocket server is another implementation than ours (tokio-websockets).

mod hostile;
mod names;
mod plain;
mod proxies;
mod secure;
mod version;

use super::{Connection, Endpoint, Limits, NetError, WsReader, WsWriter, connect};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_websockets::{Message, ServerBuilder, WebSocketStream};

/// Longer than anything takes here.
const LONG: Duration = Duration::from_secs(30);
/// Shorter than anything waits here.
const SHORT: Duration = Duration::from_millis(60);

/// Limits that no test reaches, except the one it is about.
fn limits() -> Limits {
    Limits { tcp: LONG, proxy: LONG, tls: LONG, upgrade: LONG }
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint::new(url).unwrap().with_limits(limits())
}

async fn open(endpoint: &Endpoint) -> (WsWriter, WsReader) {
    connect(endpoint).await.unwrap().split()
}

fn failure(result: Result<Connection, NetError>) -> NetError {
    result.map(drop).unwrap_err()
}

/// One connection taken in and handled by hand.
async fn serve_tcp<F: Future<Output = ()> + Send + 'static>(
    handle: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> (SocketAddr, JoinHandle<()>) {
    let (listener, address) = listener().await;
    let task = tokio::spawn(async move { handle(listener.accept().await.unwrap().0).await });
    (address, task)
}

async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> WebSocketStream<S> {
    ServerBuilder::new().accept(stream).await.unwrap().1
}

/// Sends binary messages back, until the end.
async fn echo<S: AsyncRead + AsyncWrite + Unpin>(stream: S) {
    let mut socket = upgrade(stream).await;
    while let Some(Ok(message)) = socket.next().await {
        if message.is_binary() {
            socket.send(Message::binary(message.into_payload())).await.unwrap();
        }
    }
}

async fn read_exactly(reader: &mut WsReader, count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < count {
        bytes.extend(reader.next().await.unwrap().expect("more to come"));
    }
    assert_eq!(bytes.len(), count);
    bytes
}

/// Sends something and expects it back.
async fn exchange(writer: &mut WsWriter, reader: &mut WsReader, size: usize) {
    let bytes: Vec<u8> = (0..size).map(|i| (i * 7) as u8).collect();
    let receive = read_exactly(reader, size);
    let (sent, received) = tokio::join!(writer.send(Bytes::from(bytes.clone())), receive);
    sent.unwrap();
    assert_eq!(received, bytes);
}
