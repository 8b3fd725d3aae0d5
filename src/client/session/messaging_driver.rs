//! Drives the engine of [`crate::messaging`]: gives it what comes in, loads what it lacks, and adds its outputs to the unit of work.
//!
//! The engine is made when it is needed and let go of when nothing has happened for a while.

use super::super::clock::{Millis, unix_ms};
use super::super::settings::millis;
use super::super::{event_mapping, group_results};
use super::dispatch::Handled;
use super::event_loop::never_complete;
use super::state::{ConnectionPhase, LoginStage, Waiter};
use super::{Session, SessionError};
use crate::api::{Error, LogLevel, Status};
use crate::messaging::engine::{
    DedupWindow, Engine, EngineContext, GroupCommand, GroupRequest, MessagingEvent, OutboundMessage, Output,
    RateLimit, Settings,
};
use crate::messaging::record_cache::MissingRecords;
use crate::messaging::stanzas::addressing::Own;
use crate::messaging::stanzas::calls::IncomingCall;
use crate::stanza::NodeRef;
use crate::store::records::AccountRecord;
use crate::store::{self, Space, StoreError, Value};

/// How long the engine is kept after it was used last.
const REST: Millis = 60_000;
/// How often one step may ask for records. A group of the largest size takes less than ten.
const MOST_LOADS: usize = 64;
/// How many stored rows are read at once.
const PAGE: usize = 256;

/// Keys and values.
type Rows = Vec<(Vec<u8>, Value)>;

impl Session {
    /// Calls the engine, if there is one. What it wants is carried out by [`Session::carry_out`].
    fn call_engine<T>(
        &mut self,
        call: impl FnOnce(&mut Engine, &mut EngineContext<'_>) -> Result<T, MissingRecords>,
    ) -> Result<Option<T>, MissingRecords> {
        let (Some(engine), Some(device), Some(account)) = (&mut self.engine, &self.device, &mut self.account)
        else {
            return Ok(None);
        };
        self.engine_rests_at = self.clock.now().saturating_add(REST);
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
    pub(super) fn with_engine<T>(
        &mut self,
        call: impl FnOnce(&mut Engine, &mut EngineContext<'_>) -> Result<T, MissingRecords>,
    ) -> Result<Option<T>, MissingRecords> {
        if self.engine.is_none() && self.account.is_some() {
            return Err(MissingRecords(Vec::new()));
        }
        let answer = self.call_engine(call)?;
        self.engine_work_due = self.call_engine(Engine::work).is_err();
        self.carry_out();
        Ok(answer)
    }

    /// Calls the engine in a transition, and loads whatever it lacks.
    pub(super) async fn engine_transition(
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
    pub(super) async fn engine_work(&mut self) -> Result<(), SessionError> {
        self.engine_work_due = false;
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
    pub(super) async fn prepare_engine(&mut self) -> Result<(), SessionError> {
        let Some(account) = self.account.as_deref().filter(|_| self.engine.is_none()) else { return Ok(()) };
        let damaged = StoreError::Record { space: Space::Account, what: "the account's JID is damaged" };
        let own = own(account).ok_or(damaged)?;
        let config = &self.settings.config;
        let settings = Settings {
            available: self.available && self.is_ready(),
            ack_timeout: millis(config.message_ack_timeout()),
            pace: RateLimit {
                per_hour: u32::try_from(config.pace_first_contacts()).unwrap_or(u32::MAX),
                jitter: millis(config.pace_jitter()),
            },
        };
        let known = DedupWindow::load(scan_all(&self.store, Space::Known).await?)?;
        let mut engine = Engine::new(settings, own, known);
        engine.resume(scan_all(&self.store, Space::Outbox).await?)?;
        let contacts = scan_all(&self.store, Space::FirstContact).await?;
        engine.resume_reach(contacts, &scan_all(&self.store, Space::Restriction).await?)?;
        engine.resume_phone_asks(scan_all(&self.store, Space::PhoneAsk).await?)?;
        if self.phase.may_encrypt() {
            engine.online();
        }
        self.engine = Some(Box::new(engine));
        Ok(())
    }

    /// Adds the engine's outputs to the unit of work.
    pub(super) fn carry_out(&mut self) {
        let Some(engine) = &mut self.engine else { return };
        for output in engine.take_outputs() {
            match output {
                Output::Send(node) => self.work.send(node),
                Output::SendInTime(node) => self.work.send_in_time(node),
                Output::SendAtOnce(node) => self.work.send_at_once(node),
                Output::Query { tag, node } => {
                    self.query(node, Waiter::Engine(tag), self.settings.iq_timeout);
                }
                Output::Event(event) => {
                    let in_time = matches!(event, MessagingEvent::Receipt(_));
                    match event_mapping::body(event) {
                        Some(body) if in_time => self.work.emit_in_time(body),
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
                    self.work.answer(request, group_results::result(method, answer));
                }
                Output::Waiting { request, waiting } => {
                    self.work.emit(request, event_mapping::waiting(&waiting))
                }
                Output::Log(line) => self.log(LogLevel::Info, "messages", || line),
                Output::AccountChanged => {
                    if let Some(account) = &self.account {
                        account.put(self.work.batch());
                    }
                }
            }
        }
    }

    /// Handles a message, or what the server or a recipient says of ours.
    pub(super) fn message_stanza(&mut self, node: NodeRef<'_>) -> Handled {
        self.with_engine(|engine, cx| match node.tag() {
            "message" | "status" => engine.message(node, cx),
            "receipt" => engine.receipt(node, cx),
            _ => engine.ack(node, cx),
        })?;
        self.offline_stanza(node);
        Ok(())
    }

    /// Sends a message of the host.
    pub(super) fn send_message(&mut self, request: u64, message: &OutboundMessage) -> Handled {
        if self.with_engine(|engine, cx| engine.send(request, message, cx))?.is_none() {
            self.answer(request, Err(Status::NOT_LINKED.into()));
        }
        Ok(())
    }

    /// Tells the host what holds for first contacts.
    pub(super) fn restrictions(&mut self, request: u64) -> Handled {
        let found = self.with_engine(|engine, cx| Ok(engine.restrictions(cx)))?;
        let answer = found.map(|found| event_mapping::restrictions(&found));
        self.answer(request, answer.ok_or_else(|| Status::NOT_LINKED.into()));
        Ok(())
    }

    /// Does what the host wants of groups.
    pub(super) fn manage_group(&mut self, request: u64, command: &GroupCommand) -> Handled {
        if !self.is_ready() {
            self.answer(request, Err(Status::NOT_CONNECTED.into()));
            return Ok(());
        }
        let group_request = GroupRequest { request, command: command.clone() };
        self.with_engine(|engine, cx| engine.group_request(&group_request, cx))?;
        Ok(())
    }

    /// Returns the time by the server's clock, in Unix milliseconds; by the host's before the first login.
    pub(super) fn server_ms(&self) -> i64 {
        let now = unix_ms();
        self.account.as_ref().map_or(now, |account| account.server_ms(now))
    }

    /// Whether the server owes acknowledgements of messages.
    pub(super) fn awaits_acks(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.awaits_acks())
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(&self.phase, ConnectionPhase::Online(online) if online.stage == LoginStage::Ready)
    }

    pub(super) fn call_came(&mut self, node: NodeRef<'_>) {
        if let Some(event) = IncomingCall::read(node).and_then(|call| event_mapping::call(&call, unix_ms())) {
            self.work.emit(0, event);
        }
        self.acknowledge_stanza(node);
    }

    /// The session is ready: what waits to be sent may go. The server is told the name, once for each login, and whether the user
    /// is there.
    pub(super) async fn messages_online(&mut self) -> Result<(), SessionError> {
        let available = self.available;
        if available || self.account.as_ref().is_some_and(|account| account.push_name.is_some()) {
            self.show_presence();
        }
        let may_encrypt = self.phase.may_encrypt();
        self.engine_transition(|engine, _| {
            engine.set_available(available);
            if may_encrypt {
                engine.online();
            }
            Ok(())
        })
        .await
    }

    /// The key check need not be waited for any more: what waits to be sent may go.
    pub(super) async fn keys_need_no_waiting(&mut self) -> Result<(), SessionError> {
        let Some(online) = self.phase.online() else { return Ok(()) };
        if online.held_until.take().is_none() || !self.phase.may_encrypt() {
            return Ok(());
        }
        self.engine_transition(|engine, _| {
            engine.online();
            Ok(())
        })
        .await
    }

    /// The connection is gone.
    pub(super) fn messages_offline(&mut self) {
        if let Some(engine) = &mut self.engine {
            engine.offline();
            engine.set_available(false);
        }
    }

    /// When the engine has something to do, or may be let go.
    pub(super) fn engine_deadline(&self) -> Option<Millis> {
        let engine = self.engine.as_ref()?;
        let rest = (!engine.is_busy()).then_some(self.engine_rests_at);
        [engine.deadline(), rest].into_iter().flatten().min()
    }

    /// Time has passed.
    pub(super) async fn engine_time_passed(&mut self, now: Millis) -> Result<(), SessionError> {
        let Some(engine) = &self.engine else { return Ok(()) };
        if engine.deadline().is_some_and(|at| at <= now) {
            return self
                .engine_transition(|engine, cx| {
                    engine.time_passed(cx);
                    Ok(())
                })
                .await;
        }
        if self.engine_rests_at <= now && !engine.is_busy() {
            self.engine = None;
        }
        Ok(())
    }

    /// What the engine has changed could not be stored: it is ahead of the store, and is made anew from there.
    pub(super) fn engine_lost(&mut self, error: &Error) {
        if let Some(engine) = self.engine.take() {
            for request in engine.requests() {
                self.answer(request, Err(error.clone()));
            }
        }
    }
}

/// The session's own addresses.
pub(super) fn own(account: &AccountRecord) -> Option<Own> {
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
