//! The session actor: one task that owns a session's connection, its flows and its part of the store.
//!
//! Commands and what the connection brings come in at one place (`event_loop`), one at a time; events go out through the
//! [`Sink`]. Nothing else touches the session, so nothing here needs a lock. The parts:
//!
//! | file | subject |
//! |---|---|
//! | `event_loop` | the loop, its deadlines and its commits |
//! | `dispatch`, `iq_answers` | the handler of each event |
//! | `transitions` | events that change the connection or the link |
//! | `command`, `command_handlers` | what the host asks for, and how it is done |
//! | `jobs` | work beside the session |
//! | `state`, `connection` | no connection, waiting, dialling, online; the way from one to the other |
//! | `login` | from `<success>` to `ready` |
//! | `contacts` | what is asked of the server for the host: numbers, privacy |
//! | `messaging_driver` | drives the messaging engine of [`crate::messaging`] |
//! | `prefetch` | loads the records that handlers lack, for many messages at once |
//! | `presence` | who is there, and who types |
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
mod event_loop;
mod idle_records;
mod iq_answers;
mod jobs;
mod key_check;
mod login;
mod messaging_driver;
mod notifications;
mod pairing_driver;
mod prefetch;
mod prekeys;
mod presence;
mod props;
mod requests;
mod restored;
mod shutdown;
mod signed_prekey;
mod state;
mod transitions;
mod unit_of_work;
mod web_version;

use std::sync::Arc;

use tokio::sync::mpsc;

pub(crate) use command::{CODE, Command, ConnectionGoal, LOGOUT, PASSKEY, QR};

use self::prekeys::Pause;
use self::requests::Requests;
use self::shutdown::Closing;
use self::state::ConnectionPhase;
use self::unit_of_work::UnitOfWork;
use self::web_version::WebVersion;
use super::backoff::Backoff;
use super::clock::{Clock, Millis};
use super::disconnect_reason::DisconnectReason;
use super::journal::Journal;
use super::queue::Sink;
use super::settings::{Settings, millis};
use super::shared_state::Shared;
use super::transport::LinkError;
use crate::api::{CloseReason, Error, PairingMethod};
use crate::crypto::{PooledRandom, random_array};
use crate::messaging::engine::Engine;
use crate::pairing::Pairing;
use crate::stanza::build::IdSource;
use crate::store::records::{AccountRecord, DeviceRecord};
use crate::store::{self, StoreError};

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
}
