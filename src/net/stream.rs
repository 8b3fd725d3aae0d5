//! The stream of bytes under a connection, opened step by step, each within its limit.

use super::endpoint::{ServerAddress, may_be_loopback};
use super::socket::Socket;
use super::tcp::Reach;
use super::{Endpoint, NetError, Step, tcp, tls};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

/// Bytes to and from a server.
pub(super) enum Stream {
    /// As they are; to this machine only.
    Plain(Socket),
    /// Through TLS.
    Tls(Box<TlsStream<Socket>>),
}

/// Runs a step within its limit.
pub(super) async fn within<T>(
    step: Step,
    limit: Duration,
    work: impl Future<Output = Result<T, NetError>>,
) -> Result<T, NetError> {
    let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    tokio::time::timeout(limit, work).await.unwrap_or(Err(NetError::Timeout { step, limit_ms }))
}

impl Stream {
    /// Opens the way to `target` as the endpoint says: through its proxy, with its trust, within its limits.
    pub(super) async fn open(target: &ServerAddress, via: &Endpoint) -> Result<Self, NetError> {
        let limits = &via.limits;
        let tcp = match &via.proxy {
            None => {
                let direct = tcp::connect(&target.host, target.port, target.reach(), via.resolver);
                within(Step::Tcp, limits.tcp, direct).await?
            }
            Some(proxy) => {
                let (host, port) = proxy.address();
                if !target.secure && !may_be_loopback(host) {
                    return Err(NetError::InsecureUrl { host: host.to_owned() });
                }
                let reach = if proxy.is_public_only() { Reach::Public } else { target.reach() };
                let way = tcp::connect(host, port, reach, via.resolver);
                let way = within(Step::ProxyTcp, limits.tcp, way).await;
                let mut tcp = way.map_err(NetError::of_the_proxy)?;
                let asked = proxy.ask(&mut tcp, &target.host, target.port);
                within(Step::Proxy, limits.proxy, asked).await?;
                tcp
            }
        };
        if !target.secure {
            return Ok(Stream::Plain(tcp));
        }
        let handshake = tls::handshake(via.tls.clone(), &target.host, tcp);
        Ok(Stream::Tls(Box::new(within(Step::Tls, limits.tls, handshake).await?)))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
