//! One encrypted connection: from the dial to stanzas in and out.
//!
//! A link knows nothing of what the stanzas mean. It is dialled, it gives what comes in, it sends what it is handed, and any
//! error of it is final.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::clock::unix_ms;
use super::settings::Settings;
use super::status_mapping;
use crate::api::{Error, Status};
use crate::crypto::{KeyPair, OsRandom, PublicKey};
use crate::net::{self, NetError};
use crate::noise::{
    ClientHandshake, Completed, FrameReader, NoiseError, Opener, Sealer, VerifiedServer, prologue,
    write_frame,
};
use crate::stanza::{self, Node, Stanza};

/// The longest wait for the system to accept what we send before the connection counts as dead.
const SEND_LIMIT: Duration = Duration::from_secs(20);

/// A stanza of ours is seldom larger.
const USUAL: usize = 512;

/// The parameters of a connection.
pub(crate) struct Dial {
    /// The device's static key for the handshake.
    pub(crate) noise: Arc<KeyPair>,
    /// The serialised `ClientPayload`.
    pub(crate) payload: Vec<u8>,
    /// The server's hint from an earlier connection.
    pub(crate) routing_info: Option<Vec<u8>>,
    /// The server's key, if its certificates were checked on an earlier connection and are still valid.
    pub(crate) server: Option<PublicKey>,
}

/// The reason why a link could not be made, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// Below the handshake.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The handshake or the cipher: the other side is not whom it should be, or the stream is broken.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// The handshake was not answered.
    #[error("the server did not answer the handshake within {0:?}: check server.url, or try again")]
    HandshakeTimeout(Duration),
    /// The server ended the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The system did not take what was sent.
    #[error("nothing could be sent for {0:?}: the connection is dead")]
    SendTimeout(Duration),
    /// A frame that breaks the framing rules.
    #[error("the server broke the framing rules: {0}")]
    Frame(#[from] crate::noise::FrameError),
    /// Something we built cannot be written.
    #[error("a stanza could not be encoded: {0}")]
    Encode(#[from] stanza::EncodeError),
}

impl LinkError {
    /// Returns whether the other side is not who it should be, or cannot be as long as the own clock is wrong.
    pub(crate) fn refuses_certificate(&self) -> bool {
        matches!(self, Self::Net(NetError::Certificate { .. }) | Self::Noise(NoiseError::Certificate(_)))
    }

    /// Returns whether the other side answered the handshake in another way than the server whose key is known.
    pub(crate) fn disproves_server(&self) -> bool {
        matches!(self, Self::Noise(_))
    }

    /// The error for the host.
    pub(crate) fn to_error(&self) -> Error {
        let status = match self {
            Self::Net(error) => return status_mapping::of_net(error),
            // The server has proved itself; what came later was damaged on the way.
            Self::Noise(NoiseError::FrameNotAuthentic(_) | NoiseError::Broken) => Status::PROTOCOL,
            Self::Noise(_) => Status::SERVER_NOT_TRUSTED,
            Self::HandshakeTimeout(_) => Status::NETWORK_TIMEOUT,
            Self::Closed | Self::SendTimeout(_) => Status::CONNECTION_LOST,
            Self::Frame(_) | Self::Encode(_) => Status::PROTOCOL,
        };
        let error = Error::new(status, self.to_string());
        // A damaged stream says nothing about the next one.
        let passes = status == Status::PROTOCOL;
        if passes { error.retryable(true) } else { error }
    }
}

/// An event of the transport.
#[derive(Debug)]
pub(crate) enum TransportEvent {
    Stanza(Stanza),
    /// A frame that was opened but is no stanza; the stream goes on behind it.
    Unreadable(stanza::DecodeError),
}

/// An open connection behind a finished handshake.
pub(crate) struct Link {
    writer: net::WsWriter,
    reader: net::WsReader,
    frames: FrameReader,
    sealer: Sealer,
    opener: Opener,
    /// The server, if it has shown its certificates on this connection.
    pub(crate) verified: Option<VerifiedServer>,
}

impl Link {
    /// Connects and shakes hands. All seven checks of the server's certificate chain are made; there is no way around them but
    /// the key of a server that has passed them before.
    pub(crate) async fn dial(settings: &Settings, dial: Dial) -> Result<Self, LinkError> {
        let mut endpoint = settings.endpoint.clone();
        endpoint.set_routing_info(dial.routing_info.clone());
        let (writer, reader) = net::connect(&endpoint).await?.split();
        let limit = settings.handshake_timeout;
        timeout(limit, Self::shake_hands(settings, dial, writer, reader))
            .await
            .unwrap_or(Err(LinkError::HandshakeTimeout(limit)))
    }

    async fn shake_hands(
        settings: &Settings,
        dial: Dial,
        mut writer: net::WsWriter,
        mut reader: net::WsReader,
    ) -> Result<Self, LinkError> {
        let (handshake, hello) = match &dial.server {
            Some(server) => ClientHandshake::resume(dial.noise, server, &dial.payload, &mut OsRandom)?,
            None => ClientHandshake::new(dial.noise, &mut OsRandom),
        };
        let mut first = prologue(dial.routing_info.as_deref());
        write_frame(&mut first, &hello)?;
        writer.send(Bytes::from(first)).await?;

        let mut frames = FrameReader::new();
        let answer = loop {
            if let Some(frame) = frames.next()? {
                break frame;
            }
            let bytes = reader.next().await?.ok_or(LinkError::Closed)?;
            frames.push(&bytes);
        };
        let Completed { finish, transport, verified } = handshake.handle_server_hello(
            &answer,
            &settings.root,
            unix_ms().div_euclid(1000),
            settings.clock_tolerance_s,
            &dial.payload,
        )?;
        if let Some(finish) = finish {
            let mut last = Vec::new();
            write_frame(&mut last, &finish)?;
            writer.send(Bytes::from(last)).await?;
        }
        frames.established();
        let (sealer, opener) = transport.into_split();
        Ok(Self { writer, reader, frames, sealer, opener, verified })
    }

    /// The next stanza. May be cancelled at any time: nothing is lost then.
    pub(crate) async fn receive(&mut self) -> Result<TransportEvent, LinkError> {
        loop {
            if let Some(frame) = self.frames.next()? {
                let plaintext = self.opener.open(frame)?;
                return Ok(match Stanza::decode(plaintext) {
                    Ok(stanza) => TransportEvent::Stanza(stanza),
                    Err(error) => TransportEvent::Unreadable(error),
                });
            }
            self.opener.rest();
            let bytes = self.reader.next().await?.ok_or(LinkError::Closed)?;
            self.frames.push(&bytes);
        }
    }

    /// Bytes that have come in so far, also those that make no whole stanza yet.
    pub(crate) fn received(&self) -> u64 {
        self.reader.received()
    }

    /// Sends stanzas, each a message of its own, all in one write. After an error the link is of no use: the cipher has moved
    /// on. The stanzas before one that cannot be encoded are sent.
    pub(crate) async fn send_all(&mut self, nodes: &[Node]) -> Result<(), LinkError> {
        // All in one buffer, and where each of them ends. Most are small.
        let mut plain = Vec::with_capacity(USUAL);
        let mut frames = Vec::with_capacity(USUAL.saturating_mul(nodes.len()));
        let mut ends = Vec::with_capacity(nodes.len());
        let sealed = nodes.iter().try_for_each(|node| {
            plain.clear();
            stanza::encode_into(node, &mut plain)?;
            self.sealer.seal_into(&plain, &mut frames)?;
            ends.push(frames.len());
            Ok(())
        });
        self.sealer.rest();
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let frames: Vec<&[u8]> =
            starts.zip(&ends).filter_map(|(start, end)| frames.get(start..*end)).collect();
        self.writer.feed(&frames)?;
        match timeout(SEND_LIMIT, self.writer.flush()).await {
            Ok(sent) => sent?,
            Err(_) => return Err(LinkError::SendTimeout(SEND_LIMIT)),
        }
        sealed
    }

    /// Says goodbye, without waiting long for it.
    pub(crate) async fn close(mut self) {
        const GOODBYE: Duration = Duration::from_millis(500);
        // The connection is over either way.
        let _ = timeout(GOODBYE, self.writer.close()).await;
    }
}
