//! The session actor: one task that owns a session's connection, its flows and its part of the store.
//!
//! Commands and what the connection brings come in at one place (`event_loop`), one at a time; events go out through the
//! [`Sink`]. Nothing else touches the session, so nothing here needs a lock. The parts:
//!
//! | file | subject |
//! |---|---|
//! | `core` | the part that every feature works with |
//! | `features` | the features, most with a state of their own |
//! | `event_loop` | the loop, its deadlines and its commits |
//! | `dispatch`, `iq_answers`, `handled` | brings each event to its handler; the outcome of a handler |
//! | `transitions` | events that change the connection or the link |
//! | `command`, `command_handlers` | the commands of the host and of jobs, and their handlers |
//! | `call`, `methods` | the calls of methods: the row of each, with its handler |
//! | `state`, `connection` | no connection, waiting, dialling, online; the way from one to the other |
//! | `login` | from `<success>` to `ready` |
//! | `notifications` | `<ib>` and notifications about this device and its account |
//! | `pairing_session` | the pairing of this device, as the session's loop sees it |
//! | `shutdown` | the end of a connection, a link or the client |

mod call;
mod command;
mod command_handlers;
mod connection;
mod core;
mod dispatch;
mod event_loop;
mod features;
mod handled;
mod iq_answers;
mod login;
mod methods;
mod notifications;
mod pairing_session;
mod shutdown;
mod state;
mod transitions;

use std::sync::Arc;

use tokio::sync::mpsc;

pub(crate) use call::MethodCall;
pub(crate) use command::{CODE, Command, ConnectionGoal, LOGOUT, PASSKEY, QR};
pub use methods::method_table;
pub(crate) use methods::{parse as parse_call, raw as raw_call, text as text_call};

use self::connection::Resumption;
use self::core::messaging_driver::Messaging;
use self::core::requests::Requests;
use self::core::unit_of_work::UnitOfWork;
use self::core::{Attempts, Host, SessionCore};
use self::features::history::History;
use self::features::lease::LeaseWatch;
use self::features::pairing::PairingDriver;
use self::features::prekeys::Prekeys;
use self::features::read_receipts::ReadReceipts;
use self::features::signed_prekey::SignedPrekeyRotation;
use self::features::web_version::WebVersion;
use self::shutdown::Closing;
use self::state::ConnectionPhase;
use super::backoff::Backoff;
use super::clock::Clock;
use super::disconnect_reason::DisconnectReason;
use super::queue::Sink;
use super::settings::{Settings, millis};
use super::shared_state::Shared;
use super::transport::LinkError;
use crate::api::CloseReason;
use crate::crypto::{PooledRandom, random_array};
use crate::stanza::build::IdSource;
use crate::store::records::{AccountRecord, DeviceRecord};
use crate::store::{self, StoreError};

/// The reason why work on a connection cannot go on.
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
    core: SessionCore,
    inbox: mpsc::UnboundedReceiver<Command>,
    pairing: PairingDriver,
    first_login: bool,
    prekeys: Prekeys,
    signed_prekey: SignedPrekeyRotation,
    read_receipts: ReadReceipts,
    history: History,
    web_version: WebVersion,
    resumption: Resumption,
    lease: LeaseWatch,
    closing: Closing,
}

/// The parts that a session is made from.
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
        let backoff = Backoff::new(millis(config.reconnect_base()), millis(config.reconnect_max()));
        let core = SessionCore {
            clock: Clock::start(),
            ids: IdSource::new(random_array(&mut rng)),
            rng,
            host: Host { shared, sink, post },
            store,
            device,
            account: account.map(Box::new),
            phase: ConnectionPhase::Offline,
            goal: ConnectionGoal::Offline,
            attempts: Attempts { backoff, count: 0, last_error: None },
            requests: Requests::new(),
            journal: Box::default(),
            work: UnitOfWork::default(),
            messaging: Messaging::default(),
            settings,
        };
        let history = History::new(&core.settings.config);
        let lease = LeaseWatch::new(core.store.lease(), core.now());
        Self {
            core,
            inbox,
            pairing: PairingDriver::default(),
            first_login: false,
            prekeys: Prekeys::new(),
            signed_prekey: SignedPrekeyRotation::default(),
            read_receipts: ReadReceipts::default(),
            history,
            web_version: WebVersion::default(),
            resumption: Resumption::default(),
            lease,
            closing: Closing { reason: CloseReason::ByHost, error: None },
        }
    }
}
