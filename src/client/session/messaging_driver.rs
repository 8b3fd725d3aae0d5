//! Drives the engine of [`crate::messaging`]: gives it what comes in, loads what it lacks, and adds its outputs to the unit of work.
//!
//! What is frequent is done without waiting, as long as the records that it takes are at hand; the rest waits for the store.
//! The engine is made when it is needed and let go of when nothing has happened for a while.

use super::super::clock::{Millis, unix_ms};
use super::super::methods::{Call, Draft};
use super::super::settings::millis;
use super::super::{event_mapping, group_results};
use super::command::Command;
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
use crate::messaging::stanzas::presence::{self, IncomingChatState, IncomingPresence};
use crate::stanza::{Jid, Node, NodeRef};
use crate::store::records::AccountRecord;
use crate::store::{self, Space, StoreError, Value};
use serde_json::json;

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
    fn call_engine(
        &mut self,
        call: impl FnOnce(&mut Engine, &mut EngineContext<'_>) -> Result<(), MissingRecords>,
    ) -> Result<(), MissingRecords> {
        let (Some(engine), Some(device), Some(account)) = (&mut self.engine, &self.device, &mut self.account)
        else {
            return Ok(());
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
        call(engine, &mut cx)
    }

    /// Calls the engine and goes on with what that leads to, as far as that is possible without waiting. False if the call
    /// itself lacks something: then nothing was done.
    pub(super) fn engine_quickly(
        &mut self,
        call: impl FnOnce(&mut Engine, &mut EngineContext<'_>) -> Result<(), MissingRecords>,
    ) -> bool {
        if self.engine.is_none() || self.call_engine(call).is_err() {
            return false;
        }
        self.engine_work_due = self.call_engine(Engine::work).is_err();
        self.carry_out();
        true
    }

    /// Calls the engine, loading whatever it lacks.
    pub(super) async fn with_engine(
        &mut self,
        mut call: impl FnMut(&mut Engine, &mut EngineContext<'_>) -> Result<(), MissingRecords>,
    ) -> Result<(), SessionError> {
        self.prepare_engine().await?;
        for _ in 0..MOST_LOADS {
            match self.call_engine(&mut call) {
                Ok(()) => return self.engine_work().await,
                Err(missing) => self.load(missing).await?,
            }
        }
        Err(SessionError::Store(StoreError::Record {
            space: Space::Session,
            what: "a step never had what it needs",
        }))
    }

    /// The same for what can only be sent at once: nothing is asked for without a connection.
    pub(super) async fn with_names(
        &mut self,
        call: impl FnMut(&mut Engine, &mut EngineContext<'_>) -> Result<(), MissingRecords>,
    ) -> Result<(), SessionError> {
        if self.is_ready() { self.with_engine(call).await } else { Ok(()) }
    }

    /// Goes on with what earlier calls left to be done.
    pub(super) async fn engine_work(&mut self) -> Result<(), SessionError> {
        self.engine_work_due = false;
        for _ in 0..MOST_LOADS * 16 {
            match self.call_engine(Engine::work) {
                Ok(()) => {
                    self.carry_out();
                    return Ok(());
                }
                Err(missing) => self.load(missing).await?,
            }
        }
        Err(SessionError::Store(StoreError::Record {
            space: Space::Session,
            what: "a step never had what it needs",
        }))
    }

    /// Makes the engine, if the session is linked and has none.
    async fn prepare_engine(&mut self) -> Result<(), SessionError> {
        let Some(account) = self.account.as_deref().filter(|_| self.engine.is_none()) else { return Ok(()) };
        let Some(own) = own(account) else { return Ok(()) };
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
                    self.query_later(node, Waiter::Engine(tag), self.settings.iq_timeout);
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

    /// A stanza about messages, if it can be dealt with at once.
    pub(super) fn message_quickly(&mut self, node: NodeRef<'_>) -> bool {
        let done = match node.tag() {
            "message" | "status" => self.engine_quickly(|engine, cx| engine.message(node, cx)),
            "receipt" => self.engine_quickly(|engine, cx| engine.receipt(node, cx)),
            _ => self.engine_quickly(|engine, cx| engine.ack(node, cx)),
        };
        if done {
            self.offline_stanza(node);
        }
        done
    }

    /// The same for one that has to wait for the store.
    pub(super) async fn message_stanza(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        if self.account.is_none() {
            return Ok(());
        }
        self.offline_stanza(node);
        match node.tag() {
            "message" | "status" => self.with_engine(|engine, cx| engine.message(node, cx)).await,
            "receipt" => self.with_engine(|engine, cx| engine.receipt(node, cx)).await,
            _ => self.with_engine(|engine, cx| engine.ack(node, cx)).await,
        }
    }

    /// The host wants a message sent, and everything is at hand. Gives back what has to wait for the store.
    pub(super) fn send_quickly(&mut self, request: u64, name: &'static str, draft: Draft) -> Option<Command> {
        let message = to_send(request, draft);
        if self.account.is_some() && self.engine_quickly(|engine, cx| engine.send(&message, cx)) {
            self.requests.open(request, name, None);
            return None;
        }
        let OutboundMessage { chat, id, content, .. } = message;
        Some(Command::Call { request, call: Call::Send(name, Box::new(Draft { chat, id, content })) })
    }

    /// The same, with whatever it takes.
    pub(super) async fn send_message(&mut self, request: u64, draft: Draft) -> Result<(), SessionError> {
        if self.account.is_none() {
            self.answer(request, Err(Status::NOT_LINKED.into()));
            return Ok(());
        }
        let message = to_send(request, draft);
        self.with_engine(|engine, cx| engine.send(&message, cx)).await
    }

    /// The host asks what holds for first contacts.
    pub(super) async fn restrictions(&mut self, request: u64) -> Result<(), SessionError> {
        let mut found = None;
        self.with_engine(|engine, cx| {
            found = Some(engine.restrictions(cx));
            Ok(())
        })
        .await?;
        let answer = found.map(|found| event_mapping::restrictions(&found));
        self.answer(request, answer.ok_or_else(|| Status::NOT_LINKED.into()));
        Ok(())
    }

    /// The host wants something of groups.
    pub(super) async fn manage_group(
        &mut self,
        request: u64,
        command: GroupCommand,
    ) -> Result<(), SessionError> {
        if !self.is_ready() {
            self.answer(request, Err(Status::NOT_CONNECTED.into()));
            return Ok(());
        }
        let group_request = GroupRequest { request, command };
        self.with_engine(|engine, cx| engine.group_request(&group_request, cx)).await
    }

    /// The host says whether the user is there.
    pub(super) fn set_presence(&mut self, request: u64, available: bool) {
        if !self.is_ready() {
            return self.answer(request, Err(Status::NOT_CONNECTED.into()));
        }
        self.available = available;
        if let Some(engine) = &mut self.engine {
            engine.set_available(available);
        }
        self.show_presence();
        self.work.answer(request, Ok(json!({})));
    }

    /// Shows whether the user is there, with the name that others see.
    fn show_presence(&mut self) {
        if self.available {
            self.tell_unified_session();
        }
        let name = self.account.as_ref().and_then(|account| account.push_name.as_deref());
        self.work.send(presence::presence(self.available, name));
    }

    /// Names the session of use that this is part of, as the official web client does.
    pub(super) fn tell_unified_session(&mut self) {
        let now = self.server_ms();
        self.work.send(presence::unified_session(now));
    }

    /// Returns the time by the server's clock, in Unix milliseconds; by the host's before the first login.
    pub(super) fn server_ms(&self) -> i64 {
        let now = unix_ms();
        self.account.as_ref().map_or(now, |account| account.server_ms(now))
    }

    /// Sends something that the server does not answer.
    pub(super) fn show(&mut self, request: u64, node: Node) {
        if !self.is_ready() {
            return self.answer(request, Err(Status::NOT_CONNECTED.into()));
        }
        self.work.send(node);
        self.work.answer(request, Ok(json!({})));
    }

    /// Whether the server owes acknowledgements of messages.
    pub(super) fn awaits_acks(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.awaits_acks())
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(&self.phase, ConnectionPhase::Online(online) if online.stage == LoginStage::Ready)
    }

    pub(super) async fn presence_came(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        if let Some(presence) = IncomingPresence::read(node) {
            let pn = self.phone_of(&presence.from).await?;
            self.work.emit(0, event_mapping::presence(&presence, pn.as_ref()));
        }
        Ok(())
    }

    pub(super) async fn activity_came(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        let Some(own) = self.account.as_deref().and_then(own) else { return Ok(()) };
        if let Some(state) = IncomingChatState::read(node, &own).filter(|state| !state.origin.from_me) {
            let chat_pn = self.phone_of(&state.origin.chat).await?;
            let sender_pn = self.phone_of(&state.origin.sender).await?;
            self.work.emit(0, event_mapping::activity(&state, chat_pn.as_ref(), sender_pn.as_ref()));
        }
        Ok(())
    }

    /// Returns the address by phone number of a person, if it is known.
    async fn phone_of(&mut self, who: &Jid) -> Result<Option<Jid>, SessionError> {
        let mut pn = None;
        self.with_engine(|engine, _| {
            pn = engine.known_phone(who)?;
            Ok(())
        })
        .await?;
        Ok(pn)
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
        self.with_engine(|engine, _| {
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
        self.with_engine(|engine, _| {
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
                .with_engine(|engine, cx| {
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
fn own(account: &AccountRecord) -> Option<Own> {
    Some(Own { pn: account.jid.parse().ok()?, lid: account.lid.parse().ok() })
}

fn to_send(request: u64, draft: Draft) -> OutboundMessage {
    OutboundMessage { request, chat: draft.chat, id: draft.id, content: draft.content }
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
