//! The session actor: one task that owns a session's connection, its flows and its part of the store.
//!
//! Commands and what the connection brings come in at one place ([`Session::run`]), one at a time; events go out through the
//! [`Sink`]. Nothing else touches the session, so nothing here needs a lock. The parts:
//!
//! | file | subject |
//! |---|---|
//! | `command`, `command_handlers` | what the host asks for, and how it is done |
//! | `state`, `connection` | no connection, waiting, dialling, online; the way from one to the other |
//! | `dispatch` | where each stanza goes |
//! | `login` | from `<success>` to `ready` |
//! | `contacts` | what is asked of the server for the host: numbers, privacy |
//! | `messaging_driver` | drives the messaging engine of [`crate::messaging`] |
//! | `prefetch` | reads what the engine lacks from the store, for many messages at once |
//! | `notifications` | `<ib>`, notifications, acknowledgements |
//! | `prekeys`, `signed_prekey` | one-time prekeys handed to the server; the signed one replaced |
//! | `key_check` | the server's copy of these keys compared with the store |
//! | `restored` | begins sending anew when the store is an older copy |
//! | `pairing_driver` | drives the pairing machines of [`crate::pairing`] |
//! | `shutdown` | what follows when a connection, a link or the client ends |
//! | `web_version` | which version of the web client is presented |
//! | `unit_of_work` | what is committed together, and told after that |
//! | `requests` | every request of the host gets exactly one answer |
//! | `emit` | events |

mod command;
mod command_handlers;
mod connection;
mod contacts;
mod dispatch;
mod emit;
mod idle_records;
mod key_check;
mod login;
mod messaging_driver;
mod notifications;
mod pairing_driver;
mod prefetch;
mod prekeys;
mod props;
mod requests;
mod restored;
mod shutdown;
mod signed_prekey;
mod state;
mod unit_of_work;
mod web_version;

use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::time::sleep_until;

pub(crate) use command::{CODE, Command, ConnectionGoal, LOGOUT, PASSKEY, QR};

use self::prefetch::Ahead;
use self::prekeys::Pause;
use self::requests::Requests;
use self::shutdown::Closing;
use self::state::{ConnectionPhase, LoopEvent};
use self::unit_of_work::UnitOfWork;
use self::web_version::WebVersion;
use super::backoff::Backoff;
use super::clock::{Clock, Millis};
use super::disconnect_reason::DisconnectReason;
use super::journal::Journal;
use super::queue::Sink;
use super::settings::{Settings, millis};
use super::shared_state::Shared;
use super::transport::{LinkError, TransportEvent};
use crate::api::{CloseReason, Error, PairingMethod};
use crate::crypto::{PooledRandom, random_array};
use crate::messaging::engine::Engine;
use crate::pairing::Pairing;
use crate::stanza::build::IdSource;
use crate::store::records::{AccountRecord, DeviceRecord};
use crate::store::{self, StoreError};

/// The most events that are handled before a commit: bounds the commit and how long the first of them waits.
const AT_ONCE: usize = 256;

/// Why work on a connection cannot go on.
#[derive(Debug)]
pub(crate) enum SessionError {
    /// The server ended it, or it is to be ended for a reason known by name.
    Ended(DisconnectReason),
    /// The connection broke.
    Broken(LinkError),
    /// The store failed: nothing may be told to the server that is not stored.
    Store(StoreError),
}

impl From<LinkError> for SessionError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Closed => Self::Ended(DisconnectReason::closed()),
            other => Self::Broken(other),
        }
    }
}

impl From<StoreError> for SessionError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// One session. See the module for how it works.
pub(crate) struct Session {
    settings: Arc<Settings>,
    clock: Clock,
    rng: PooledRandom,
    /// Ids for what is sent, of one kind on all connections.
    ids: IdSource,
    shared: Arc<Shared>,
    sink: Sink,
    store: store::Session,
    inbox: mpsc::UnboundedReceiver<Command>,
    /// For jobs: their results come back as commands.
    post: mpsc::WeakUnboundedSender<Command>,
    device: Option<DeviceRecord>,
    account: Option<Box<AccountRecord>>,
    phase: ConnectionPhase,
    goal: ConnectionGoal,
    backoff: Backoff,
    attempt: u32,
    /// Why there is no connection, until one is made.
    connection_error: Option<Box<Error>>,
    /// Present from the first connection of an unlinked session until it is linked and ready.
    pairing: Option<Box<Pairing>>,
    requests: Requests,
    journal: Box<Journal>,
    work: UnitOfWork,
    /// When that is to be stored which has waited for company.
    lazy_commit_at: Option<Millis>,
    /// When to try again what the server did not take.
    prekeys_retry_at: Option<Millis>,
    prekeys_backoff: Backoff,
    /// Until when the server gets no new ones however often it asks, and how long the next such pause is.
    prekeys_pause: Pause,
    /// When the signed prekey is to be replaced.
    signed_prekey_due_at: Option<Millis>,
    first_login: bool,
    /// The request that linked the device, and how, until the first login is done.
    linked_by: Option<(u64, PairingMethod)>,
    web_version: WebVersion,
    /// The handshake under way is resumed, with the server's key of an earlier one.
    resumes: bool,
    /// The last attempt to do so failed; none is made until a handshake has succeeded.
    resumption_failed: bool,
    /// The day of expiry that the host was told of last, in Unix seconds.
    expiration_told: Option<i64>,
    closing: Closing,
    /// Present while there is something to do with messages, and for a while after.
    engine: Option<Box<Engine>>,
    engine_rests_at: Millis,
    /// What the engine has begun needs records that are not at hand.
    engine_work_due: bool,
    /// Whether the host says that the user is there. Shown again on each connection.
    available: bool,
    /// Whether others are told that their messages were read, by the account's privacy settings; asked for when it matters.
    tells_reading: Option<bool>,
}

/// What a session is made from.
pub(crate) struct SessionParts {
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
    pub(crate) fn new(parts: SessionParts) -> Self {
        let SessionParts { settings, shared, sink, store, inbox, post, device, account } = parts;
        let config = &settings.config;
        let mut rng = PooledRandom::default();
        Self {
            clock: Clock::start(),
            ids: IdSource::new(random_array(&mut rng)),
            rng,
            backoff: Backoff::new(millis(config.reconnect_base()), millis(config.reconnect_max())),
            prekeys_backoff: Backoff::new(1_000, 610_000),
            prekeys_pause: Pause::default(),
            account: account.map(Box::new),
            phase: ConnectionPhase::Offline,
            goal: ConnectionGoal::Offline,
            attempt: 0,
            connection_error: None,
            pairing: None,
            requests: Requests::new(),
            journal: Box::default(),
            work: UnitOfWork::default(),
            lazy_commit_at: None,
            prekeys_retry_at: None,
            signed_prekey_due_at: None,
            first_login: false,
            linked_by: None,
            web_version: WebVersion::default(),
            resumes: false,
            resumption_failed: false,
            expiration_told: None,
            closing: Closing { reason: CloseReason::ByHost, error: None },
            engine: None,
            engine_rests_at: 0,
            engine_work_due: false,
            available: false,
            tells_reading: None,
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
        // Do not rearm the timer when the deadline moves later: a spurious wake-up is cheaper.
        let mut rings_at = self.next_deadline();
        let alarm = sleep_until(self.clock.instant(rings_at));
        tokio::pin!(alarm);
        while self.goal != ConnectionGoal::Closed {
            let deadline = self.next_deadline();
            if deadline < rings_at || alarm.is_elapsed() {
                rings_at = deadline;
                alarm.as_mut().reset(self.clock.instant(deadline));
            }
            let happened = tokio::select! {
                biased;
                command = self.inbox.recv() => LoopEvent::Command(command),
                happened = self.phase.progress() => happened,
                () = alarm.as_mut() => LoopEvent::Time,
            };
            if matches!(happened, LoopEvent::Time) && self.clock.now() < deadline {
                continue;
            }
            Box::pin(self.turn(happened)).await;
        }
        Box::pin(self.finish()).await;
    }

    /// Handles one event and everything already queued, then commits.
    async fn turn(&mut self, happened: LoopEvent) {
        let mut unhandled = None;
        let stop = match self.take_in(happened, &mut unhandled).await {
            Err(stop @ SessionError::Store(_)) => stop,
            Ok(()) => match self.commit_urgent().await {
                Ok(()) => return,
                Err(stop) => stop,
            },
            // That ended the connection, and what came before counts.
            Err(stop) => match self.commit().await {
                Err(failed @ SessionError::Store(_)) => failed,
                _ => stop,
            },
        };
        Box::pin(self.stopped(stop)).await;
        // A stanza went with its connection, but what the host asked for is still to be done.
        if let Some(LoopEvent::Command(Some(command))) = unhandled {
            if self.goal == ConnectionGoal::Closed {
                self.close_command(command);
            } else if let Err(stop) = Box::pin(self.command(command)).await {
                Box::pin(self.stopped(stop)).await;
            }
        }
    }

    /// Handles events until none is queued. `unhandled` is set to the one that was not begun because an earlier one stopped the session.
    async fn take_in(
        &mut self,
        happened: LoopEvent,
        unhandled: &mut Option<LoopEvent>,
    ) -> Result<(), SessionError> {
        let mut next = Some(happened);
        let mut ahead = Ahead::new();
        let mut turn = 0;
        while turn < AT_ONCE || !ahead.is_empty() {
            let next = next.take().or_else(|| ahead.pop_front());
            let Some(happened) = next.or_else(|| self.next_queued(turn)) else { return Ok(()) };
            turn += 1;
            let mut left = self.handle_quickly(happened)?;
            if let Some(happened) = left.take() {
                left = self.handle_with_records(happened, &mut ahead).await?;
            }
            if let Some(happened) = left {
                // It may commit, send and push by itself, and comes after all that was before.
                if let Err(stop) = self.commit().await {
                    *unhandled = Some(happened);
                    return Err(stop);
                }
                Box::pin(self.handle(happened)).await?;
            }
            if self.engine_work_due {
                Box::pin(self.engine_work()).await?;
            }
            if self.goal == ConnectionGoal::Closed {
                return Ok(());
            }
        }
        // There is no end of it. Others have their turn, and so has what is due.
        self.commit().await?;
        tokio::task::yield_now().await;
        if self.next_deadline() <= self.clock.now() {
            Box::pin(self.time_passed()).await?;
        }
        Ok(())
    }

    /// Returns what is queued already, from the host and from the server in turns.
    fn next_queued(&mut self, turn: usize) -> Option<LoopEvent> {
        let host = |session: &mut Self| {
            session.inbox.try_recv().ok().map(|command| LoopEvent::Command(Some(command)))
        };
        if turn.is_multiple_of(2) {
            self.next_received().or_else(|| host(self))
        } else {
            host(self).or_else(|| self.next_received())
        }
    }

    fn next_received(&mut self) -> Option<LoopEvent> {
        let received = self.phase.online()?.link.receive().now_or_never()?;
        Some(LoopEvent::Received(received))
    }

    /// Handles what is frequent, filling the unit of work and nothing else. Gives back what it cannot handle.
    fn handle_quickly(&mut self, happened: LoopEvent) -> Result<Option<LoopEvent>, SessionError> {
        match happened {
            LoopEvent::Command(Some(command)) => {
                let left = self.command_quickly(command);
                Ok(left.map(|command| LoopEvent::Command(Some(command))))
            }
            LoopEvent::Received(received) => {
                let left = self.received_quickly(received?)?;
                Ok(left.map(|stanza| LoopEvent::Received(Ok(TransportEvent::Stanza(stanza)))))
            }
            other => Ok(Some(other)),
        }
    }

    async fn handle(&mut self, happened: LoopEvent) -> Result<(), SessionError> {
        match happened {
            LoopEvent::Command(Some(command)) => self.command(command).await,
            // The client was dropped without being closed.
            LoopEvent::Command(None) => self.command(Command::Close).await,
            LoopEvent::Dialed(dialed) => self.dialed(dialed).await,
            LoopEvent::Received(Ok(TransportEvent::Stanza(stanza))) => self.route(stanza.root()).await,
            // Dealt with before.
            LoopEvent::Received(_) => Ok(()),
            LoopEvent::Time => self.time_passed().await,
        }
    }

    /// Returns when something is due, should nothing happen before.
    fn next_deadline(&self) -> Millis {
        let pairing = self.pairing.as_ref().and_then(|pairing| pairing.next_deadline());
        let due = [
            pairing,
            self.phase.deadline(self.awaits_acks()),
            self.requests.deadline(),
            self.prekeys_retry_at,
            self.signed_prekey_due_at,
            self.engine_deadline(),
            self.lazy_commit_at,
        ];
        due.into_iter().flatten().min().unwrap_or(Millis::MAX)
    }

    async fn time_passed(&mut self) -> Result<(), SessionError> {
        let now = self.clock.now();
        if self.pairing.as_ref().and_then(|pairing| pairing.next_deadline()).is_some_and(|at| at <= now) {
            self.with_pairing(|pairing, now, rng| pairing.handle_timeout(now, rng)).await?;
        }
        if self.prekeys_retry_at.is_some_and(|at| at <= now) {
            self.prekeys_retry_at = None;
            self.provide_prekeys().await?;
        }
        if self.signed_prekey_due_at.is_some_and(|at| at <= now) {
            self.replace_signed_prekey().await?;
        }
        self.engine_time_passed(now).await?;
        self.phase_time_passed(now).await
    }
}
