//! A connection as the rest of the simulator sees it.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, mpsc, oneshot};
use wa::{crypto::PublicKey, proto::companion::DeviceProps, stanza::Node};

use super::{DeviceAddress, SignedPrekey};
use crate::faults::{End, Plan};

/// A command to the task that owns a connection.
pub(crate) enum Command {
    /// Send this; rules are asked first.
    Send(Node),
    /// Send this in this way: the rules have been asked.
    SendPlanned(Node, Box<Plan>),
    /// Send all of the queue if the client does not ask for it within this time.
    OfflineWithin(Duration),
    /// Ping the client and say so once it has answered, in no log and past all rules.
    Ping(oneshot::Sender<()>),
    /// Act on this received stanza now; it was held back.
    Handle(Node),
    /// End the connection, unless it is silenced.
    End(End),
    /// End the connection in any case.
    Kill(End),
    /// Send nothing from now on.
    Silence,
}

/// The shared side of a connection. The task that owns the socket holds the other end of `outbox`.
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) peer: SocketAddr,
    /// Our end of it: the address that the client has connected to.
    pub(crate) local: SocketAddr,
    pub(crate) secure: bool,
    pub(crate) opened: Instant,
    outbox: mpsc::UnboundedSender<Command>,
    killed: Notify,
    received: AtomicU64,
    sent: AtomicU64,
    media_conns: AtomicU64,
}

impl Connection {
    pub(crate) fn new(
        id: u64,
        (local, peer): (SocketAddr, SocketAddr),
        secure: bool,
        outbox: mpsc::UnboundedSender<Command>,
    ) -> Self {
        Self {
            id,
            peer,
            local,
            secure,
            opened: Instant::now(),
            outbox,
            killed: Notify::new(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            media_conns: AtomicU64::new(0),
        }
    }

    /// Queues a stanza. If the connection is gone, so is the stanza.
    pub(crate) fn send(&self, node: Node) {
        self.command(Command::Send(node));
    }

    /// Ends the connection after what was queued before.
    pub(crate) fn end(&self, how: End) {
        self.command(Command::End(how));
    }

    /// Ends the connection in any case and in whatever state it is.
    pub(crate) fn kill(&self, how: End) {
        self.command(Command::Kill(how));
        self.killed.notify_one();
    }

    /// Waits until the connection is killed; for those who cannot listen for commands.
    pub(crate) async fn killed(&self) {
        self.killed.notified().await;
    }

    pub(crate) fn command(&self, command: Command) {
        // The task may have ended meanwhile; nobody is left to care then.
        let _ = self.outbox.send(command);
    }

    pub(crate) fn count_received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_media_conn(&self) {
        self.media_conns.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of times the client has asked for the media servers.
    pub(crate) fn media_conns(&self) -> u64 {
        self.media_conns.load(Ordering::Relaxed)
    }

    /// Stanzas received and sent so far.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.received.load(Ordering::Relaxed), self.sent.load(Ordering::Relaxed))
    }
}

/// The purpose of a connection.
pub(crate) enum Stage {
    /// Not known yet.
    Handshake,
    /// A fresh companion that waits to be linked.
    Unpaired(Box<Unpaired>),
    /// A linked device.
    Device(DeviceAddress),
}

/// A fresh companion: what it registered with, and how far it got.
pub(crate) struct Unpaired {
    pub(crate) noise: PublicKey,
    pub(crate) identity: PublicKey,
    pub(crate) registration_id: u32,
    pub(crate) signed_prekey: SignedPrekey,
    pub(crate) props: DeviceProps,
    pub(crate) version: String,
    /// The number a code was asked for, and its ref.
    pub(crate) code: Option<(String, String)>,
    pub(crate) pending: Option<PendingLink>,
    pub(crate) passkey: Option<PasskeyExchange>,
    /// Ids of notifications that were not acknowledged yet.
    pub(crate) unacked: Vec<String>,
}

/// A pair-success on its way: sent, not yet answered.
pub(crate) struct PendingLink {
    pub(crate) iq: String,
    pub(crate) address: DeviceAddress,
    /// `ADVSignedDeviceIdentity.details`, as signed by the phone.
    pub(crate) details: Vec<u8>,
    pub(crate) account_signature: Vec<u8>,
    pub(crate) account_key: PublicKey,
    pub(crate) key_index: u32,
    /// Told when the companion has answered; dropped if the connection ends before.
    pub(crate) done: Option<oneshot::Sender<Result<(), (String, String)>>>,
}

/// A step of a passkey exchange, as the phone is told.
pub(crate) enum PasskeyStep {
    /// The companion showed its passkey.
    Prologue {
        /// `ProloguePayload`.
        payload: Vec<u8>,
        /// Proof that it knew the ADV secret when it was asked.
        handoff_proof: Option<Vec<u8>>,
    },
    /// The companion opened its commitment.
    Nonce(Vec<u8>),
    /// The companion's keys, encrypted for the phone.
    Request(Vec<u8>),
}

/// A passkey exchange under way on a connection.
pub(crate) struct PasskeyExchange {
    /// The options, as JSON.
    pub(crate) options: String,
    pub(crate) to_phone: mpsc::UnboundedSender<PasskeyStep>,
}
