//! The core of a session: the part that its features work with.
//!
//! | file | subject |
//! |---|---|
//! | `unit_of_work` | changes, events and stanzas that are committed together |
//! | `requests`, `emit` | answers and events to the host |
//! | `messaging_driver` | drives the messaging engine of [`crate::messaging`] |
//! | `prefetch` | loads the records that the engine lacks |
//! | `offline_queue` | the stanzas that waited at the server while this device was away |
//! | `store_failure` | what becomes of requests when the store fails |
//! | `jobs` | work beside the session's task |

mod emit;
mod jobs;
pub(in crate::client::session) mod messaging_driver;
pub(in crate::client::session) mod offline_queue;
pub(in crate::client::session) mod prefetch;
pub(in crate::client::session) mod requests;
mod store_failure;
pub(in crate::client::session) mod unit_of_work;

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::api::{Error, Status};
use crate::client::backoff::Backoff;
use crate::client::clock::{Clock, Millis, unix_ms};
use crate::client::journal::Journal;
use crate::client::queue::Sink;
use crate::client::session::command::{Command, ConnectionGoal};
use crate::client::session::core::messaging_driver::Messaging;
use crate::client::session::core::requests::Requests;
use crate::client::session::core::unit_of_work::UnitOfWork;
use crate::client::session::state::{ConnectionPhase, LoginStage};
use crate::client::settings::Settings;
use crate::client::shared_state::Shared;
use crate::crypto::PooledRandom;
use crate::stanza::build::IdSource;
use crate::store;
use crate::store::StoreError;
use crate::store::records::{self, AccountRecord, DeviceRecord};

/// All that the features of a session work with: the host, the store, the connection, the account, and the unit of work that its
/// effects go to.
pub(in crate::client::session) struct SessionCore {
    pub(in crate::client::session) settings: Arc<Settings>,
    pub(in crate::client::session) clock: Clock,
    pub(in crate::client::session) rng: PooledRandom,
    /// Ids for what is sent, of one kind on all connections.
    pub(in crate::client::session) ids: IdSource,
    pub(in crate::client::session) host: Host,
    pub(in crate::client::session) store: store::Session,
    pub(in crate::client::session) device: Option<DeviceRecord>,
    pub(in crate::client::session) account: Option<Box<AccountRecord>>,
    pub(in crate::client::session) phase: ConnectionPhase,
    pub(in crate::client::session) goal: ConnectionGoal,
    pub(in crate::client::session) attempts: Attempts,
    pub(in crate::client::session) requests: Requests,
    pub(in crate::client::session) journal: Box<Journal>,
    pub(in crate::client::session) work: UnitOfWork,
    pub(in crate::client::session) messaging: Messaging,
}

/// The ways to the host, and back to the session.
pub(in crate::client::session) struct Host {
    pub(in crate::client::session) shared: Arc<Shared>,
    pub(in crate::client::session) sink: Sink,
    /// For jobs: their results come back as commands.
    pub(in crate::client::session) post: mpsc::WeakUnboundedSender<Command>,
}

/// The attempts to connect.
pub(in crate::client::session) struct Attempts {
    pub(in crate::client::session) backoff: Backoff,
    /// The number of attempts since the last login.
    pub(in crate::client::session) count: u32,
    /// The reason why there is no connection, until one is made.
    pub(in crate::client::session) last_error: Option<Box<Error>>,
}

impl SessionCore {
    /// Returns whether the session is logged in and its duties are done.
    pub(in crate::client::session) fn is_ready(&self) -> bool {
        matches!(&self.phase, ConnectionPhase::Online(online) if online.stage == LoginStage::Ready)
    }

    /// Returns why the session is not ready, and what the host has to do.
    pub(in crate::client::session) fn not_ready(&self) -> Error {
        if self.account.is_none() {
            return Error::plain(Status::NOT_LINKED);
        }
        match &self.phase {
            ConnectionPhase::Offline => Error::plain(Status::NOT_CONNECTED),
            ConnectionPhase::Waiting { .. } | ConnectionPhase::Dialing(_) => {
                Error::new(Status::NOT_CONNECTED, "the connection is being made; wait for the event `ready`")
            }
            ConnectionPhase::Online(_) => {
                let text =
                    "the session is connected, and its login is not complete; wait for the event `ready`";
                Error::new(Status::NOT_CONNECTED, text)
            }
        }
    }

    /// Returns the time by the server's clock, in Unix milliseconds; by the host's before the first login.
    pub(in crate::client::session) fn server_ms(&self) -> i64 {
        let now = unix_ms();
        self.account.as_ref().map_or(now, |account| account.server_ms(now))
    }

    /// Returns the present moment on the session's clock.
    pub(in crate::client::session) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Makes the keys of a device that is not linked yet, if there are none.
    pub(in crate::client::session) async fn fresh_device(&mut self) -> Result<(), StoreError> {
        if self.device.is_none() {
            let device = DeviceRecord::generate(unix_ms(), &mut self.rng);
            self.store.commit(records::fresh(&device)).await?;
            self.device = Some(device);
        }
        Ok(())
    }
}
