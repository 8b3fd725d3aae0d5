//! The session actor: one task that owns a session's connection, its flows and its part of the store.
//!
//! Commands and what the connection brings come in at one place ([`Session::run`]), one at a time; events go out through the
//! [`Sink`]. Nothing else touches the session, so nothing here needs a lock. The parts:
//!
//! | file | subject |
//! |---|---|
//! | `inbox`, `commands` | what the host asks for, and how it is done |
//! | `phase`, `connection` | no connection, waiting, dialling, online; the way from one to the other |
//! | `incoming` | where each stanza goes |
//! | `login` | from `<success>` to `ready` |
//! | `notices` | `<ib>`, notifications, acknowledgements |
//! | `prekeys` | one-time prekeys handed to the server |
//! | `pairing` | drives the pairing machines of [`crate::pairing`] |
//! | `ends` | what follows when a connection, a link or the client ends |
//! | `requests` | every request of the host gets exactly one answer |
//! | `tell` | events |

mod commands;
mod connection;
mod ends;
mod inbox;
mod incoming;
mod login;
mod notices;
mod pairing;
mod phase;
mod prekeys;
mod requests;
mod tell;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::sleep_until;

pub(crate) use inbox::{Command, Wish};

use self::ends::Closing;
use self::phase::{Happened, Phase};
use self::requests::Requests;
use super::backoff::Backoff;
use super::clock::{Clock, Millis};
use super::ending::Ending;
use super::link::LinkError;
use super::queue::Sink;
use super::settings::{Settings, millis};
use super::shared::Shared;
use crate::api::{CloseReason, PairingMethod};
use crate::crypto::OsRandom;
use crate::pairing::Pairing;
use crate::store::records::{AccountRecord, DeviceRecord};
use crate::store::{self, StoreError};

/// Why work on a connection cannot go on.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The server ended it, or it is to be ended for a reason known by name.
    Ended(Ending),
    /// The connection broke.
    Broken(LinkError),
    /// The store failed: nothing may be told to the server that is not stored.
    Store(StoreError),
}

impl From<LinkError> for Stop {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Closed => Self::Ended(Ending::closed()),
            other => Self::Broken(other),
        }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// One session. See the module for how it works.
pub(crate) struct Session {
    settings: Arc<Settings>,
    clock: Clock,
    rng: OsRandom,
    shared: Arc<Shared>,
    sink: Sink,
    store: store::Session,
    inbox: mpsc::UnboundedReceiver<Command>,
    /// For work done elsewhere: its results come back as commands.
    post: mpsc::WeakUnboundedSender<Command>,
    device: Option<DeviceRecord>,
    account: Option<Box<AccountRecord>>,
    phase: Phase,
    wish: Wish,
    backoff: Backoff,
    attempt: u32,
    /// Present from the first connection of an unlinked session until it is linked and ready.
    pairing: Option<Box<Pairing>>,
    requests: Requests,
    /// Durable events that the host has and has not acknowledged: event id and key in the store.
    unacknowledged: Vec<(u64, u64)>,
    next_event_key: u64,
    /// When to try again what the server did not take.
    prekeys_retry_at: Option<Millis>,
    /// The server runs short and has not confirmed the new ones, on this connection or an earlier one.
    prekeys_owed: bool,
    prekeys_backoff: Backoff,
    first_login: bool,
    /// The request that linked the device, and how, until the first login is done.
    linked_by: Option<(u64, PairingMethod)>,
    /// The day of expiry that the host was told of last, in Unix seconds.
    expiration_told: Option<i64>,
    closing: Closing,
}

/// What a session is made from.
pub(crate) struct Parts {
    pub(crate) settings: Arc<Settings>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) sink: Sink,
    pub(crate) store: store::Session,
    pub(crate) inbox: mpsc::UnboundedReceiver<Command>,
    pub(crate) post: mpsc::WeakUnboundedSender<Command>,
    pub(crate) device: Option<DeviceRecord>,
    pub(crate) account: Option<AccountRecord>,
}

impl Session {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { settings, shared, sink, store, inbox, post, device, account } = parts;
        let config = &settings.config;
        Self {
            clock: Clock::start(),
            rng: OsRandom,
            backoff: Backoff::new(millis(config.reconnect_base()), millis(config.reconnect_max())),
            prekeys_backoff: Backoff::new(1_000, 610_000),
            account: account.map(Box::new),
            phase: Phase::Offline,
            wish: Wish::Offline,
            attempt: 0,
            pairing: None,
            requests: Requests::new(),
            unacknowledged: Vec::new(),
            next_event_key: 0,
            prekeys_retry_at: None,
            prekeys_owed: false,
            first_login: false,
            linked_by: None,
            expiration_told: None,
            closing: Closing { reason: CloseReason::ByHost, error: None },
            settings,
            shared,
            sink,
            store,
            inbox,
            post,
            device,
        }
    }

    /// Runs until the client is closed. Every way out of it has sent the last event.
    pub(crate) async fn run(mut self) {
        // What is only done now and then is boxed: an idle session should not keep the room that it takes.
        if let Err(stop) = Box::pin(self.redeliver()).await {
            self.close_because(CloseReason::Failed, Some(stop.to_error()));
        }
        while self.wish != Wish::Closed {
            let deadline = self.next_deadline();
            let happened = tokio::select! {
                biased;
                command = self.inbox.recv() => Happened::Command(command),
                happened = self.phase.progress() => happened,
                () = sleep_until(self.clock.instant(deadline)) => Happened::Time,
            };
            if let Err(stop) = Box::pin(self.handle(happened)).await {
                Box::pin(self.stopped(stop)).await;
            }
        }
        Box::pin(self.finish()).await;
    }

    async fn handle(&mut self, happened: Happened) -> Result<(), Stop> {
        match happened {
            Happened::Command(Some(command)) => self.command(command).await,
            // The client was dropped without being closed.
            Happened::Command(None) => self.command(Command::Close).await,
            Happened::Dialed(dialed) => self.dialed(dialed).await,
            Happened::Received(received) => self.received(received).await,
            Happened::Time => self.time_passed().await,
        }
    }

    /// When something is due, should nothing happen before.
    fn next_deadline(&self) -> Millis {
        let pairing = self.pairing.as_ref().and_then(|pairing| pairing.next_deadline());
        let due = [pairing, self.phase.deadline(), self.requests.deadline(), self.prekeys_retry_at];
        due.into_iter().flatten().min().unwrap_or(Millis::MAX)
    }

    async fn time_passed(&mut self) -> Result<(), Stop> {
        let now = self.clock.now();
        if self.pairing.as_ref().and_then(|pairing| pairing.next_deadline()).is_some_and(|at| at <= now) {
            self.with_pairing(|pairing, now, rng| pairing.handle_timeout(now, rng)).await?;
        }
        if self.prekeys_retry_at.is_some_and(|at| at <= now) {
            self.prekeys_retry_at = None;
            self.provide_prekeys().await?;
        }
        self.phase_time_passed(now).await
    }
}
