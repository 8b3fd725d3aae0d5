//! The first frames of a connection: intro, Noise handshake, client payload.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_websockets::{Message, WebSocketStream};
use wa::{
    crypto::PublicKey,
    noise::{FrameReader, IkPolicy, PrologueReader, ServerHandshake, ServerStep, Transport, write_frame},
};

use super::session::{Pass, pass};
use crate::{
    faults::{Action, Plan, Point, Subject},
    world::{World, unix_seconds},
};

/// A WebSocket read as frames.
pub(super) struct Link<S> {
    pub(super) websocket: WebSocketStream<S>,
    pub(super) frames: FrameReader,
}

/// The result of the handshake.
pub(super) struct Client {
    pub(super) noise: PublicKey,
    pub(super) payload: Vec<u8>,
    pub(super) transport: Transport,
}

/// The handshake did not come to its end; the text is for the log.
pub(super) type Failed = String;

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    pub(super) fn new(websocket: WebSocketStream<S>) -> Self {
        Self { websocket, frames: FrameReader::new() }
    }

    /// The next binary message.
    async fn message(&mut self, limit: Duration) -> Result<Bytes, Failed> {
        loop {
            match timeout(limit, self.websocket.next()).await {
                Err(_) => return Err("no handshake in time".to_owned()),
                Ok(None) => return Err("closed by the client during the handshake".to_owned()),
                Ok(Some(Err(error))) => return Err(format!("broken during the handshake: {error}")),
                Ok(Some(Ok(message))) if message.is_binary() => return Ok(message.into_payload().into()),
                Ok(Some(Ok(_))) => {}
            }
        }
    }

    async fn frame(&mut self, limit: Duration) -> Result<Vec<u8>, Failed> {
        loop {
            match self.frames.next() {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => {}
                Err(error) => return Err(error.to_string()),
            }
            let bytes = self.message(limit).await?;
            self.frames.push(&bytes);
        }
    }

    /// Sends bytes as one message.
    pub(super) async fn send(&mut self, bytes: Vec<u8>) -> Result<(), Failed> {
        self.feed(bytes).await?;
        self.flush().await
    }

    /// The same, to leave with the next [`flush`](Self::flush) or when there is much of it.
    pub(super) async fn feed(&mut self, bytes: Vec<u8>) -> Result<(), Failed> {
        self.websocket.feed(Message::binary(bytes)).await.map_err(|error| error.to_string())
    }

    pub(super) async fn flush(&mut self) -> Result<(), Failed> {
        self.websocket.flush().await.map_err(|error| error.to_string())
    }

    /// Brings the connection to encrypted frames. `None` if a rule ended it.
    pub(super) async fn shake(&mut self, world: &World, id: u64) -> Result<Option<Client>, Failed> {
        let limit = world.options.handshake_timeout();
        let header = self.prologue(world, id, limit).await?;
        let client_hello = self.frame(limit).await?;
        let mut random = world.random();

        let plan = Plan::of(world.faults.hit(|| Subject::at(Point::ClientHello, id, None)));
        if !self.passes(&plan).await {
            return Ok(None);
        }
        let refuse_ik = plan.special.contains(&Action::RefuseIk);
        let plan = Plan::of(world.faults.hit(|| Subject::at(Point::ServerHello, id, None)));
        let chain = plan.special.iter().find_map(|action| match action {
            Action::Certificate(fault) => Some(world.keys.bad_chain(*fault, unix_seconds(), &mut random)),
            _ => None,
        });
        // A chain that is to be seen has to be looked at, which IK does not.
        let policy = if refuse_ik || chain.is_some() { IkPolicy::Refuse } else { IkPolicy::Try };
        let serving = world.keys.serving();
        let (server_hello, step) = ServerHandshake::accept(
            &serving.server,
            chain.as_deref().unwrap_or(&serving.chain),
            &client_hello,
            header,
            policy,
            &mut random,
        )
        .map_err(|error| error.to_string())?;
        if !self.passes(&plan).await {
            return Ok(None);
        }
        for bytes in mangle(&plan, &server_hello) {
            self.send(bytes).await?;
        }
        let established = match step {
            ServerStep::Done(established) => established,
            ServerStep::Finish(handshake) => {
                let client_finish = self.frame(limit).await?;
                handshake.finish(&client_finish).map_err(|error| error.to_string())?
            }
        };
        world.log.note(Some(id), format!("handshake {:?}", established.pattern));
        let plan = Plan::of(world.faults.hit(|| Subject::at(Point::ClientFinish, id, None)));
        if !self.passes(&plan).await {
            return Ok(None);
        }
        self.frames.established();
        Ok(Some(Client {
            noise: established.client_static,
            payload: established.payload,
            transport: established.transport,
        }))
    }

    /// Returns whether the handshake goes on.
    async fn passes(&mut self, plan: &Plan) -> bool {
        let pass = pass(plan).await;
        if pass == Pass::Silent {
            // Other messages of the client are of no interest, only that it goes.
            while let Some(Ok(message)) = self.websocket.next().await {
                if message.is_close() {
                    break;
                }
            }
        }
        pass == Pass::On
    }

    async fn prologue(&mut self, world: &World, id: u64, limit: Duration) -> Result<[u8; 4], Failed> {
        let mut reader = PrologueReader::new();
        loop {
            let bytes = self.message(limit).await?;
            if let Some(intro) = reader.push(&bytes).map_err(|error| error.to_string())? {
                if let Some(info) = intro.routing_info {
                    world.log.note(Some(id), format!("edge routing: {} bytes", info.len()));
                }
                self.frames.push(&intro.rest);
                return Ok(intro.header);
            }
        }
    }
}

/// The server's handshake message as the rules want it: a message for each piece.
fn mangle(plan: &Plan, body: &[u8]) -> Vec<Vec<u8>> {
    let mut body = body.to_vec();
    if plan.wire.garble
        && let Some(byte) = body.last_mut()
    {
        *byte ^= 1;
    }
    if plan.wire.truncate {
        body.pop();
    }
    let mut bytes = Vec::new();
    if plan.drop || write_frame(&mut bytes, &body).is_err() {
        return Vec::new();
    }
    if plan.duplicate || plan.wire.replay {
        bytes.extend_from_within(..);
    }
    match plan.wire.split {
        Some(size) => bytes.chunks(size).map(<[u8]>::to_vec).collect(),
        None => vec![bytes],
    }
}
