//! What every feature of a session works with.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::super::backoff::Backoff;
use super::super::clock::{Clock, Millis, unix_ms};
use super::super::journal::Journal;
use super::super::queue::Sink;
use super::super::settings::Settings;
use super::super::shared_state::Shared;
use super::command::{Command, ConnectionGoal};
use super::messaging_driver::Messaging;
use super::requests::Requests;
use super::state::{ConnectionPhase, LoginStage};
use super::unit_of_work::UnitOfWork;
use crate::api::Error;
use crate::crypto::PooledRandom;
use crate::stanza::build::IdSource;
use crate::store;
use crate::store::StoreError;
use crate::store::records::{self, AccountRecord, DeviceRecord};

/// What every feature of a session works with: the host, the store, the connection, the account, and the unit of work that its
/// effects go to.
pub(super) struct SessionCore {
    pub(super) settings: Arc<Settings>,
    pub(super) clock: Clock,
    pub(super) rng: PooledRandom,
    /// Ids for what is sent, of one kind on all connections.
    pub(super) ids: IdSource,
    pub(super) host: Host,
    pub(super) store: store::Session,
    pub(super) device: Option<DeviceRecord>,
    pub(super) account: Option<Box<AccountRecord>>,
    pub(super) phase: ConnectionPhase,
    pub(super) goal: ConnectionGoal,
    pub(super) attempts: Attempts,
    pub(super) requests: Requests,
    pub(super) journal: Box<Journal>,
    pub(super) work: UnitOfWork,
    pub(super) messaging: Messaging,
}

/// The ways to the host, and back to the session.
pub(super) struct Host {
    pub(super) shared: Arc<Shared>,
    pub(super) sink: Sink,
    /// For jobs: their results come back as commands.
    pub(super) post: mpsc::WeakUnboundedSender<Command>,
}

/// The attempts to connect.
pub(super) struct Attempts {
    pub(super) backoff: Backoff,
    /// How many there were since the last login.
    pub(super) count: u32,
    /// Why there is no connection, until one is made.
    pub(super) last_error: Option<Box<Error>>,
}

impl SessionCore {
    /// Returns whether the session is logged in and its duties are done.
    pub(super) fn is_ready(&self) -> bool {
        matches!(&self.phase, ConnectionPhase::Online(online) if online.stage == LoginStage::Ready)
    }

    /// Returns the time by the server's clock, in Unix milliseconds; by the host's before the first login.
    pub(super) fn server_ms(&self) -> i64 {
        let now = unix_ms();
        self.account.as_ref().map_or(now, |account| account.server_ms(now))
    }

    /// Returns the present moment on the session's clock.
    pub(super) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Makes the keys of a device that is not linked yet, if there are none.
    pub(super) async fn fresh_device(&mut self) -> Result<(), StoreError> {
        if self.device.is_none() {
            let device = DeviceRecord::generate(unix_ms(), &mut self.rng);
            self.store.commit(records::fresh(&device)).await?;
            self.device = Some(device);
        }
        Ok(())
    }
}
