//! An open connection: binary messages' payloads as one stream of bytes each way.
//!
//! Nothing is buffered while nothing happens. Incoming bytes pass through the stack; an outgoing frame is kept until the
//! system has taken it. The two halves share the stream under a lock that is held for a poll, never across an await.

use super::frame::{self, Control, WsDecoder};
use super::stream::{Stream, within};
use super::upgrade::upgrade;
use super::{Endpoint, NetError, Step};
use crate::crypto::{SharedRandom, random_array};
use bytes::Bytes;
use parking_lot::Mutex;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::mem::{MaybeUninit, take};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Read at once. A TLS record is no larger.
const CHUNK: usize = 16 * 1024;
/// An outgoing buffer of at most this size is kept for the next frame.
const KEEP: usize = 512;
/// The longest time for an orderly end.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// The orderly end: "normal closure".
const NORMAL: [u8; 2] = 1000u16.to_be_bytes();

/// An open WebSocket. [`split`](Connection::split) it to use it.
#[derive(Debug)]
pub struct Connection {
    writer: WsWriter,
    reader: WsReader,
}

/// The sending half. The connection is gone when both halves are dropped.
#[derive(Debug)]
pub struct WsWriter {
    shared: Arc<BothHalves>,
}

/// The receiving half.
#[derive(Debug)]
pub struct WsReader {
    shared: Arc<BothHalves>,
}

struct BothHalves {
    /// Held for the length of a poll, never across an await.
    inner: Mutex<Inner>,
}

/// The state of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// We have sent the end; the peer may still send.
    Closing,
    /// Nothing comes any more; orderly.
    Ended,
    /// Nothing works any more.
    Failed(NetError),
}

struct Inner {
    stream: Stream,
    decoder: WsDecoder,
    /// The bytes that came in with the answer to the upgrade.
    early: Vec<u8>,
    /// Frames on their way out, and how much of them the system has taken.
    out: Vec<u8>,
    taken: usize,
    /// The last ping that was not answered yet. A peer that sends pings without reading pongs gets no more of them.
    ping: Option<Vec<u8>>,
    /// The stream may hold bytes back that a flush would send.
    unflushed: bool,
    /// The task that waits for the way out.
    writer: Option<Waker>,
    state: State,
    received: u64,
}

/// Connects: look-up, TCP, proxy, TLS, WebSocket upgrade, each within its limit.
pub async fn connect(endpoint: &Endpoint) -> Result<Connection, NetError> {
    let mut stream = Stream::open(&endpoint.target, endpoint).await?;
    let early = within(Step::Upgrade, endpoint.limits.upgrade, upgrade(&mut stream, endpoint)).await?;
    let inner = Inner {
        stream,
        decoder: WsDecoder::new(endpoint.max_message),
        early,
        out: Vec::new(),
        taken: 0,
        ping: None,
        unflushed: false,
        writer: None,
        state: State::Open,
        received: 0,
    };
    let shared = Arc::new(BothHalves { inner: Mutex::new(inner) });
    let writer = WsWriter { shared: shared.clone() };
    Ok(Connection { writer, reader: WsReader { shared } })
}

impl Connection {
    /// The two halves. They may live in different tasks.
    pub fn split(self) -> (WsWriter, WsReader) {
        (self.writer, self.reader)
    }
}

impl WsWriter {
    /// Sends the bytes as one binary message and sees it off to the system. If the call is given up, the message may or
    /// may not go out, but is never torn.
    pub async fn send(&mut self, bytes: Bytes) -> Result<(), NetError> {
        self.feed(&[bytes])?;
        self.flush().await
    }

    /// Puts down binary messages, to leave together with the next [`flush`](WsWriter::flush).
    pub fn feed(&mut self, messages: &[impl AsRef<[u8]>]) -> Result<(), NetError> {
        let mut inner = self.shared.inner.lock();
        inner.is_open()?;
        let length: usize = messages.iter().map(|message| message.as_ref().len() + frame::AROUND).sum();
        inner.out.reserve(length);
        for message in messages {
            frame::write_binary(&mut inner.out, message.as_ref(), mask());
        }
        Ok(())
    }

    /// Sees all that was put down off to the system. If the call is given up, messages may or may not go out, but none is
    /// torn.
    pub async fn flush(&mut self) -> Result<(), NetError> {
        poll_fn(|cx| self.shared.inner.lock().poll_out(cx)).await
    }

    /// Ends the connection with code 1000, within a second. Closing twice is fine; errors do not matter any more.
    pub async fn close(&mut self) {
        {
            let mut inner = self.shared.inner.lock();
            if inner.is_open().is_ok() {
                frame::write_control(&mut inner.out, frame::CLOSE, &NORMAL, mask());
                inner.state = State::Closing;
            }
        }
        let shut = poll_fn(|cx| self.shared.inner.lock().poll_shut(cx));
        // The peer may not be there any more; then the system drops what is left.
        let _ = within(Step::Stream, CLOSE_LIMIT, shut).await;
    }
}

impl WsReader {
    /// The next piece of the incoming byte stream, never empty; `None` after the end. Safe to cancel.
    pub async fn next(&mut self) -> Result<Option<Bytes>, NetError> {
        poll_fn(|cx| self.shared.inner.lock().poll_next(cx)).await
    }

    /// Bytes that have come in so far, of whatever kind: what shows that the other side is alive.
    pub fn received(&self) -> u64 {
        self.shared.inner.lock().received
    }
}

/// A mask for one frame, which is not to be guessed.
fn mask() -> [u8; 4] {
    random_array(&mut SharedRandom)
}

impl Inner {
    fn is_open(&self) -> Result<(), NetError> {
        match &self.state {
            State::Open => Ok(()),
            State::Closing | State::Ended => Err(NetError::Closed),
            State::Failed(error) => Err(error.clone()),
        }
    }

    fn fail(&mut self, error: NetError) -> NetError {
        self.state = State::Failed(error.clone());
        self.out = Vec::new();
        self.taken = 0;
        error
    }

    /// Brings all frames to the system, for the writer.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), NetError>> {
        if let State::Failed(error) = &self.state {
            return Poll::Ready(Err(error.clone()));
        }
        let sent = self.poll_flush(cx);
        if sent.is_pending() {
            self.writer = Some(cx.waker().clone());
        } else {
            self.writer = None;
        }
        sent.map_err(|error| self.fail(NetError::from_io(Step::Stream, &error)))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while let Some(rest) = self.out.get(self.taken..).filter(|rest| !rest.is_empty()) {
                let count = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
                if count == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.taken += count;
                self.unflushed = true;
            }
            self.taken = 0;
            self.out.clear();
            match self.ping.take() {
                Some(payload) if self.state == State::Open => {
                    frame::write_control(&mut self.out, frame::PONG, &payload, mask());
                }
                _ => break,
            }
        }
        if self.out.capacity() > KEEP {
            self.out = Vec::new();
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shut(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), NetError>> {
        ready!(self.poll_out(cx))?;
        let shut = ready!(Pin::new(&mut self.stream).poll_shutdown(cx));
        Poll::Ready(shut.map_err(|error| NetError::from_io(Step::Stream, &error)))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, NetError>> {
        loop {
            self.send_answers(cx);
            match &self.state {
                State::Ended => return Poll::Ready(Ok(None)),
                State::Failed(error) => return Poll::Ready(Err(error.clone())),
                State::Open | State::Closing => {}
            }
            let mut data = Vec::new();
            if !self.early.is_empty() {
                let early = take(&mut self.early);
                self.take_in(&early, &mut data);
            } else {
                let mut space = [MaybeUninit::uninit(); CHUNK];
                let mut buffer = ReadBuf::uninit(&mut space);
                match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
                    Ok(()) if buffer.filled().is_empty() => self.end()?,
                    Ok(()) => self.take_in(buffer.filled(), &mut data),
                    // TLS that ends without saying so. An attacker who could cut it off could as well keep silent.
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.end()?,
                    Err(error) => {
                        let error = NetError::from_io(Step::Stream, &error);
                        return Poll::Ready(Err(self.fail(error)));
                    }
                }
            }
            if !data.is_empty() {
                self.send_answers(cx);
                return Poll::Ready(Ok(Some(data.into())));
            }
        }
    }

    /// Pongs go out as far as they can, with whoever else waits for the way out as the one to be woken.
    fn send_answers(&mut self, cx: &mut Context<'_>) {
        if self.out.is_empty() && self.ping.is_none() && !self.unflushed {
            return;
        }
        let writer = self.writer.clone();
        let mut cx = Context::from_waker(writer.as_ref().unwrap_or(cx.waker()));
        if let Poll::Ready(Err(error)) = self.poll_flush(&mut cx) {
            // Reading finds out by itself, and may have something to give before.
            let error = NetError::from_io(Step::Stream, &error);
            self.fail(error);
        }
    }

    /// Decodes what came in. If that fails the state says so, and what came before the failure is still good.
    fn take_in(&mut self, mut input: &[u8], data: &mut Vec<u8>) {
        self.received = self.received.saturating_add(input.len() as u64);
        while !input.is_empty() && matches!(self.state, State::Open | State::Closing) {
            match self.decoder.feed(&mut input, data) {
                Ok(None) => {}
                Ok(Some(Control::Ping(payload))) => self.ping = Some(payload),
                Ok(Some(Control::Close)) => {
                    if self.state == State::Open {
                        frame::write_control(&mut self.out, frame::CLOSE, &NORMAL, mask());
                    }
                    self.state = State::Ended;
                }
                Err(error) => drop(self.fail(error)),
            }
        }
    }

    /// The peer sends no more.
    fn end(&mut self) -> Result<(), NetError> {
        if self.decoder.is_between_messages() {
            self.state = State::Ended;
            return Ok(());
        }
        let what = "it ended in the middle of a message".to_owned();
        Err(self.fail(NetError::Io { step: Step::Stream, what }))
    }
}

impl fmt::Debug for BothHalves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}
