//! Drives the engine of [`crate::messaging`]: gives it what comes in, loads what it lacks, and adds its outputs to the unit of work.
//!
//! The engine is made when it is needed and let go of when nothing has happened for a while.

use crate::api::LogLevel;
use crate::client::clock::{Millis, unix_ms};
use crate::client::session::SessionError;
use crate::client::session::core::SessionCore;
use crate::client::session::handled::{MOST_LOADS, never_complete};
use crate::client::session::state::Waiter;
use crate::client::settings::millis;
use crate::client::{event_mapping, group_results};
use crate::messaging::engine::{
    Engine, EngineContext, KeptSend, MessagingEvent, Output, RateLimit, Rows, Settings, StoredRows,
};
use crate::messaging::record_cache::MissingRecords;
use crate::messaging::stanzas::addressing::Own;
use crate::stanza::Text;
use crate::store::records::AccountRecord;
use crate::store::{self, Space, StoreError};

/// The time after its last use for which the engine is kept.
const REST: Millis = 60_000;
/// The number of stored rows that are read at once.
const PAGE: usize = 256;

/// The messaging engine of a session.
#[derive(Default)]
pub(in crate::client::session) struct Messaging {
    /// Present while there is something to do with messages, and for a while after.
    pub(in crate::client::session) engine: Option<Box<Engine>>,
    rests_at: Millis,
    /// Set if the engine has begun work that needs records which are not in its cache.
    pub(in crate::client::session) work_due: bool,
    /// Set while the host says that the user is there. Shown again on each connection.
    pub(in crate::client::session) available: bool,
    /// Set if the store may have parts of the account's history that are yet to be taken.
    pub(in crate::client::session) history_due: bool,
    /// The ids of messages that left before the commit that stores them.
    pub(in crate::client::session) left: Vec<Text>,
    /// Messages of an engine that was dropped when the store failed, until the next is made.
    pub(in crate::client::session) kept: Vec<KeptSend>,
}

impl SessionCore {
    /// Calls the engine, if there is one. Its wishes are carried out by [`SessionCore::carry_out`].
    pub(in crate::client::session) fn call_engine<T>(
        &mut self,
        call: impl FnOnce(&mut Engine, &mut EngineContext<'_>) -> Result<T, MissingRecords>,
    ) -> Result<Option<T>, MissingRecords> {
        let (Some(engine), Some(device), Some(account)) =
            (&mut self.messaging.engine, &self.device, &mut self.account)
        else {
            return Ok(None);
        };
        self.messaging.rests_at = self.clock.now().saturating_add(REST);
        let mut cx = EngineContext {
            now: self.clock.now(),
            unix_ms: account.server_ms(unix_ms()),
            rng: &mut self.rng,
            ids: &mut self.ids,
            device,
            account,
        };
        call(engine, &mut cx).map(Some)
    }

    /// Calls the engine, and lets it go on with what that leads to as far as it has the records. Returns `None` if the session is
    /// not linked. Without an engine, the engine is what is missing.
    pub(in crate::client::session) fn with_engine<T>(
        &mut self,
        call: impl FnOnce(&mut Engine, &mut EngineContext<'_>) -> Result<T, MissingRecords>,
    ) -> Result<Option<T>, MissingRecords> {
        if self.messaging.engine.is_none() && self.account.is_some() {
            return Err(MissingRecords(Vec::new()));
        }
        let answer = self.call_engine(call)?;
        self.messaging.work_due = self.call_engine(Engine::work).is_err();
        self.carry_out();
        Ok(answer)
    }

    /// Calls the engine in a transition, and loads whatever it lacks.
    pub(in crate::client::session) async fn engine_transition(
        &mut self,
        mut call: impl FnMut(&mut Engine, &mut EngineContext<'_>) -> Result<(), MissingRecords>,
    ) -> Result<(), SessionError> {
        for _ in 0..MOST_LOADS {
            match self.call_engine(&mut call) {
                Ok(Some(())) => return self.engine_work().await,
                Ok(None) if self.account.is_none() => return Ok(()),
                Ok(None) => self.prepare_engine().await?,
                Err(missing) => self.load(missing).await?,
            }
        }
        Err(never_complete())
    }

    /// Goes on with what earlier calls left to be done.
    pub(in crate::client::session) async fn engine_work(&mut self) -> Result<(), SessionError> {
        self.messaging.work_due = false;
        for _ in 0..MOST_LOADS * 16 {
            match self.call_engine(Engine::work) {
                Ok(_) => {
                    self.carry_out();
                    return Ok(());
                }
                Err(missing) => self.load(missing).await?,
            }
        }
        Err(never_complete())
    }

    /// Makes the engine, if the session is linked and has none.
    pub(in crate::client::session) async fn prepare_engine(&mut self) -> Result<(), SessionError> {
        let Some(account) = self.account.as_deref().filter(|_| self.messaging.engine.is_none()) else {
            return Ok(());
        };
        let damaged = StoreError::Record { space: Space::Account, what: "the account's JID is damaged" };
        let own = own(account).ok_or(damaged)?;
        let config = &self.settings.config;
        let settings = Settings {
            available: self.messaging.available && self.is_ready(),
            ack_timeout: millis(config.message_ack_timeout()),
            pace: RateLimit {
                per_hour: u32::try_from(config.pace_first_contacts()).unwrap_or(u32::MAX),
                jitter: millis(config.pace_jitter()),
            },
        };
        let rows = StoredRows {
            known: scan_all(&self.store, Space::Known).await?,
            outbox: scan_all(&self.store, Space::Outbox).await?,
            first_contacts: scan_all(&self.store, Space::FirstContact).await?,
            restriction: scan_all(&self.store, Space::Restriction).await?,
            phone_asks: scan_all(&self.store, Space::PhoneAsk).await?,
        };
        let mut engine = Engine::load(settings, own, rows)?;
        if self.phase.may_encrypt() {
            engine.online();
        }
        self.messaging.engine = Some(Box::new(engine));
        if self.messaging.kept.is_empty() { Ok(()) } else { self.go_on_with_kept().await }
    }

    /// Adds the engine's outputs to the unit of work.
    pub(in crate::client::session) fn carry_out(&mut self) {
        let Some(engine) = &mut self.messaging.engine else { return };
        for output in engine.take_outputs() {
            match output {
                Output::Send(node) => self.work.send(node),
                Output::SendLazily(node) => self.work.send_lazily(node),
                Output::SendBeforeCommit(node) => self.work.send_before_commit(node),
                Output::Query { tag, node } => {
                    self.query(node, Waiter::Engine(tag), self.settings.iq_timeout);
                }
                Output::Event(event) => {
                    let in_time = matches!(event, MessagingEvent::Receipt(_));
                    match event_mapping::body(event) {
                        Some(body) if in_time => self.work.emit_lazily(body),
                        Some(body) => self.work.emit(0, body),
                        None => {}
                    }
                }
                Output::Answer { request, answer: Ok(taken) } => {
                    self.work.answer_together(request, event_mapping::sent(Ok(taken)));
                }
                Output::Answer { request, answer } => self.work.answer(request, event_mapping::sent(answer)),
                Output::GroupResult { request, answer } => {
                    let method = self.requests.method(request).unwrap_or_default();
                    self.work.answer_done(request, group_results::result(method, answer));
                }
                Output::Waiting { request, waiting } => {
                    self.work.emit(request, event_mapping::waiting(&waiting))
                }
                Output::Log(line) => self.log(LogLevel::Info, "messages", || line),
                Output::HistoryNotice => self.messaging.history_due = true,
                Output::AccountChanged => {
                    if let Some(account) = &self.account {
                        account.put(self.work.batch());
                    }
                }
            }
        }
    }

    /// Returns whether the server owes acknowledgements of messages.
    pub(in crate::client::session) fn awaits_acks(&self) -> bool {
        self.messaging.engine.as_ref().is_some_and(|engine| engine.awaits_acks())
    }

    /// When the engine has something to do, or may be let go.
    pub(in crate::client::session) fn engine_deadline(&self) -> Option<Millis> {
        let engine = self.messaging.engine.as_ref()?;
        let rest = (!engine.is_busy()).then_some(self.messaging.rests_at);
        [engine.deadline(), rest].into_iter().flatten().min()
    }

    /// Time has passed.
    pub(in crate::client::session) async fn engine_time_passed(
        &mut self,
        now: Millis,
    ) -> Result<(), SessionError> {
        let Some(engine) = &self.messaging.engine else { return Ok(()) };
        if engine.deadline().is_some_and(|at| at <= now) {
            return self
                .engine_transition(|engine, cx| {
                    engine.time_passed(cx);
                    Ok(())
                })
                .await;
        }
        if self.messaging.rests_at <= now && !engine.is_busy() {
            self.messaging.engine = None;
        }
        Ok(())
    }
}

/// The session's own addresses.
pub(in crate::client::session) fn own(account: &AccountRecord) -> Option<Own> {
    Some(Own { pn: account.jid.parse().ok()?, lid: account.lid.parse().ok() })
}

/// All rows of a space.
async fn scan_all(store: &store::Session, space: Space) -> Result<Rows, StoreError> {
    let (mut all, mut after): (Rows, Option<Vec<u8>>) = (Rows::new(), None);
    loop {
        let page = store.scan(space, after.as_deref(), PAGE).await?;
        let full = page.len() == PAGE;
        after = page.last().map(|(key, _)| key.clone());
        all.extend(page);
        if !full {
            return Ok(all);
        }
    }
}
