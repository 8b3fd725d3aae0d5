//! The unit of work: changes to the store, events and stanzas that are committed together by [`SessionCore::commit`].
//!
//! Nothing is told to the server or the host that is not stored. So handlers only add to the unit of work, and the event loop
//! commits it when everything queued has been handled: one commit for all of it, then the events in their order, then the stanzas
//! in theirs, in one write. Two things leave earlier: lines of the log, and a message whose key an earlier commit accounts for (the
//! ratchet's numbers are leased ahead, see [`crate::signal`]); its own record follows with the next commit.
//!
//! Effects that nobody waits for do not ask for a commit of their own: acknowledgements of the host, receipts, and records of
//! messages that have left already because what is on disk accounts for their keys. They wait for the next commit, for [`LAZY`] at
//! most. The result of a sent message waits for those of messages on their way beside it, for [`COALESCE`] at most.

use serde_json::Value;

use crate::api::{Body, Error, Event};
use crate::client::clock::{Millis, unix_ms};
use crate::client::journal::{self, Written};
use crate::client::session::SessionError;
use crate::client::session::command::Command;
use crate::client::session::core::SessionCore;
use crate::client::session::state::{ConnectionPhase, Waiter};
use crate::stanza::{self, Node};
use crate::store::Batch;

/// The longest time for which effects that nobody waits for wait for the next commit.
const LAZY: Millis = 20;
/// The longest time for which the answer to a message waits for those to others. A server answers them one by one, and a commit
/// costs the same for one as for all.
const COALESCE: Millis = 3;

/// The urgency of a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum CommitUrgency {
    /// After [`LAZY`], or with something else.
    #[default]
    Lazy,
    /// With its like: after [`COALESCE`], unless none are to come.
    Coalesce,
    /// At the end of the turn.
    EndOfTurn,
}

/// The unit of work. An idle session keeps no memory for it.
#[derive(Debug, Default)]
pub(in crate::client::session) struct UnitOfWork {
    effects: Option<Box<PendingEffects>>,
    /// When that is to be committed which has waited for company.
    pub(in crate::client::session) lazy_at: Option<Millis>,
}

/// The content of the unit of work.
#[derive(Debug, Default)]
struct PendingEffects {
    batch: Batch,
    told: Vec<Emitted>,
    /// Messages that need not wait for the commit.
    early: Vec<Node>,
    nodes: Vec<Node>,
    /// There are messages among those that wait.
    message_waits: bool,
    /// The greatest urgency of its effects.
    urgency: CommitUrgency,
    /// The user's presence before this changed it; `None` if it does not.
    available_before: Option<bool>,
}

/// One thing to emit to the host.
#[derive(Debug)]
enum Emitted {
    Event(Box<Event>),
    Answer(PendingAnswer),
}

/// An answer that waits for the commit.
#[derive(Debug)]
pub(in crate::client::session) struct PendingAnswer {
    pub(in crate::client::session) request: u64,
    pub(in crate::client::session) answer: Result<Value, Error>,
    /// Set if the answer tells of something that is done, whatever becomes of the commit.
    is_done: bool,
}

/// The parts of a unit of work that could not be stored which somebody has to hear of.
#[derive(Debug, Default)]
pub(in crate::client::session) struct LostWork {
    pub(in crate::client::session) answers: Vec<PendingAnswer>,
    pub(in crate::client::session) available_before: Option<bool>,
}

impl UnitOfWork {
    /// Returns whether there is nothing in it.
    pub(in crate::client::session) fn is_empty(&self) -> bool {
        self.urgency().is_none() && self.effects.as_ref().is_none_or(|effects| effects.early.is_empty())
    }

    /// Returns how soon it has to be committed; `None` if it is empty.
    fn urgency(&self) -> Option<CommitUrgency> {
        let effects = self.effects.as_ref()?;
        let is_bare = effects.batch.is_empty() && effects.told.is_empty() && effects.nodes.is_empty();
        (!is_bare).then_some(effects.urgency)
    }

    fn effects(&mut self, urgency: CommitUrgency) -> &mut PendingEffects {
        let effects = self.effects.get_or_insert_default();
        effects.urgency = effects.urgency.max(urgency);
        effects
    }

    /// Changes to the store: add to them.
    pub(in crate::client::session) fn batch(&mut self) -> &mut Batch {
        &mut self.effects(CommitUrgency::EndOfTurn).batch
    }

    /// An event that belongs to `request` (0: to none). A durable one is stored by the same commit.
    pub(in crate::client::session) fn emit(&mut self, request: u64, body: impl Into<Body>) {
        self.emit_with(CommitUrgency::EndOfTurn, request, body);
    }

    /// An event that nobody waits for.
    pub(in crate::client::session) fn emit_lazily(&mut self, body: impl Into<Body>) {
        self.emit_with(CommitUrgency::Lazy, 0, body);
    }

    fn emit_with(&mut self, urgency: CommitUrgency, request: u64, body: impl Into<Body>) {
        let event = Box::new(Event::new(request, unix_ms(), body));
        self.effects(urgency).told.push(Emitted::Event(event));
    }

    /// The answer to a request. If the commit fails, a request that it grants is answered with that error instead.
    pub(in crate::client::session) fn answer(&mut self, request: u64, answer: Result<Value, Error>) {
        let answer = PendingAnswer { request, answer, is_done: false };
        self.effects(CommitUrgency::EndOfTurn).told.push(Emitted::Answer(answer));
    }

    /// The same for what is done, whatever becomes of the commit.
    pub(in crate::client::session) fn answer_done(&mut self, request: u64, answer: Result<Value, Error>) {
        let answer = PendingAnswer { request, answer, is_done: true };
        self.effects(CommitUrgency::EndOfTurn).told.push(Emitted::Answer(answer));
    }

    /// The same for a request whose like are likely to be answered soon, too.
    pub(in crate::client::session) fn answer_together(&mut self, request: u64, answer: Result<Value, Error>) {
        let answer = PendingAnswer { request, answer, is_done: true };
        self.effects(CommitUrgency::Coalesce).told.push(Emitted::Answer(answer));
    }

    /// Notes whether the user was there before the host said otherwise. That does not hold if the commit fails.
    pub(in crate::client::session) fn changes_available(&mut self, before: bool) {
        self.effects(CommitUrgency::EndOfTurn).available_before.get_or_insert(before);
    }

    /// Takes what is lost, because it cannot be stored.
    pub(in crate::client::session) fn take_lost(&mut self) -> LostWork {
        let PendingEffects { told, available_before, .. } = *self.effects.take().unwrap_or_default();
        let answers = told.into_iter().filter_map(Emitted::into_answer).collect();
        LostWork { answers, available_before }
    }

    /// A stanza for the server. Without a connection it goes nowhere.
    pub(in crate::client::session) fn send(&mut self, node: Node) {
        let effects = self.effects(CommitUrgency::EndOfTurn);
        effects.message_waits |= node.tag() == "message";
        effects.nodes.push(node);
    }

    /// The same for one that the server does not wait for.
    pub(in crate::client::session) fn send_lazily(&mut self, node: Node) {
        self.effects(CommitUrgency::Lazy).nodes.push(node);
    }

    /// The same for a message that need not wait for the commit. It does if others wait before it.
    pub(in crate::client::session) fn send_before_commit(&mut self, node: Node) {
        let effects = self.effects(CommitUrgency::Lazy);
        let stanzas = if effects.message_waits { &mut effects.nodes } else { &mut effects.early };
        stanzas.push(node);
    }
}

impl Emitted {
    fn event(&mut self) -> Option<&mut Event> {
        match self {
            Emitted::Event(event) => Some(event),
            Emitted::Answer(_) => None,
        }
    }

    fn into_answer(self) -> Option<PendingAnswer> {
        match self {
            Emitted::Event(_) => None,
            Emitted::Answer(answer) => Some(answer),
        }
    }
}

impl PendingAnswer {
    /// Returns whether it is true though the unit of work could not be stored. A refusal is.
    pub(in crate::client::session) fn holds(&self) -> bool {
        self.is_done || self.answer.is_err()
    }
}

impl SessionCore {
    /// Commits the unit of work at the end of a turn, unless all of it may wait for more.
    pub(in crate::client::session) async fn commit_urgent(&mut self) -> Result<(), SessionError> {
        let now = self.clock.now();
        let wait = match self.work.urgency() {
            Some(CommitUrgency::EndOfTurn) => Some(0),
            Some(CommitUrgency::Coalesce) => Some(if self.awaits_acks() { COALESCE } else { 0 }),
            Some(CommitUrgency::Lazy) => Some(LAZY),
            None => {
                let changes = self.messaging.engine.as_ref().is_some_and(|engine| engine.has_changes());
                (changes || self.host.shared.has_acknowledged()).then_some(LAZY)
            }
        };
        let due = wait.map(|wait| now.saturating_add(wait));
        self.work.lazy_at = [self.work.lazy_at, due].into_iter().flatten().min();
        if self.work.lazy_at.is_some_and(|at| at <= now) {
            return self.commit().await;
        }
        let left = self.send_early().await;
        if self.work.is_empty() {
            self.work.effects = None;
        }
        left
    }

    /// Sends what need not wait for a commit.
    pub(in crate::client::session) async fn send_early(&mut self) -> Result<(), SessionError> {
        let early = self.work.effects.as_mut().map(|effects| std::mem::take(&mut effects.early));
        let early = early.unwrap_or_default();
        if matches!(self.phase, ConnectionPhase::Online(_)) {
            let ids = early.iter().filter_map(|node| node.get("id")).filter_map(|id| match id {
                stanza::Value::Text(id) => Some(id.clone()),
                stanza::Value::Jid(_) => None,
            });
            self.messaging.left.extend(ids);
        }
        self.send_all(&early).await
    }

    /// Takes in which events the host has acknowledged. True if there were any.
    pub(in crate::client::session) fn take_acknowledged(&mut self) -> bool {
        let acknowledged = self.host.shared.take_acknowledged();
        for event in &acknowledged {
            self.journal.acknowledge(*event);
        }
        !acknowledged.is_empty()
    }

    /// Commits the unit of work, together with the acknowledgements of the host. If it cannot be stored, nothing of it
    /// happens.
    pub(in crate::client::session) async fn commit(&mut self) -> Result<(), SessionError> {
        self.work.lazy_at = None;
        let heard = self.take_acknowledged();
        let (next, settled) = (self.journal.next_row(), self.commit_work().await);
        // A host that has just got events, or dealt with some, is about to acknowledge more, and need not wake anybody for that.
        let is_busy = settled.is_ok() && (heard || self.journal.next_row() != next);
        if is_busy || self.host.shared.poll_acknowledged() {
            self.work.lazy_at = Some(self.clock.now().saturating_add(LAZY));
        }
        settled
    }

    async fn commit_work(&mut self) -> Result<(), SessionError> {
        if let Some(engine) = &mut self.messaging.engine {
            engine.flush(self.work.batch());
        }
        if self.work.is_empty() && !self.journal.has_acknowledgements() {
            self.work.effects = None;
            return Ok(());
        }
        let left = self.send_early().await;
        let mut effects = self.work.effects.take().unwrap_or_default();
        let mut batch = std::mem::take(&mut effects.batch);
        let written = self.journal.put(&mut batch, effects.told.iter_mut().filter_map(Emitted::event));
        self.journal.put_acknowledgements(&mut batch);
        if !batch.is_empty() {
            if let Err(error) = self.store.commit(batch).await {
                self.work.effects = Some(effects);
                self.drop_work(&error);
                return Err(error.into());
            }
            self.journal.acknowledgements_stored();
        }
        let PendingEffects { told, nodes, .. } = *effects;
        self.messaging.left.clear();
        if let Some(engine) = &mut self.messaging.engine {
            engine.stored();
        }
        self.emit_all(written, told);
        left?;
        self.send_all(&nodes).await
    }

    fn emit_all(&mut self, written: Written, told: Vec<Emitted>) {
        let mut events = Vec::with_capacity(told.len());
        for told in told {
            match told {
                Emitted::Event(event) => events.push(event),
                Emitted::Answer(PendingAnswer { request, answer, .. }) => {
                    events.extend(self.answered_by(request, answer).map(Box::new));
                }
            }
        }
        self.journal.hand_out(written, events, &self.host.sink);
        self.ask_for_room();
    }

    async fn send_all(&mut self, nodes: &[Node]) -> Result<(), SessionError> {
        let now = self.clock.now();
        let Some(online) = self.phase.online().filter(|_| !nodes.is_empty()) else { return Ok(()) };
        if nodes.iter().any(|node| node.tag() == "message") {
            // The server acknowledges each.
            online.keepalive.sent(now, !online.pending.is_empty());
        }
        Ok(online.link.send_all(nodes).await?)
    }

    /// Adds an iq to the unit of work and notes what waits for its answer. Returns false if there is no connection.
    pub(in crate::client::session) fn query(&mut self, node: Node, waiter: Waiter, timeout: Millis) -> bool {
        let now = self.clock.now();
        let Some(online) = self.phase.online() else {
            return false;
        };
        online.keepalive.sent(now, !online.pending.is_empty());
        let id = self.ids.next();
        online.pending.register(id.clone(), waiter, now.saturating_add(timeout));
        self.work.send(node.attr("id", id));
        true
    }

    /// Hands out again what an earlier run did not acknowledge, before anything new.
    pub(in crate::client::session) async fn redeliver(&mut self) -> Result<(), SessionError> {
        *self.journal = journal::Journal::open(&self.store).await?;
        let window = usize::try_from(self.settings.config.queue_unacknowledged()).unwrap_or(usize::MAX);
        self.journal.set_window((window > 0).then_some(window));
        self.refill().await
    }

    /// Reads more of the events that wait in the store.
    pub(in crate::client::session) async fn refill(&mut self) -> Result<(), SessionError> {
        let low = self.journal.refill(&self.store, &self.host.sink).await?;
        self.ask_for_room_below(low);
        Ok(())
    }

    fn ask_for_room(&mut self) {
        self.ask_for_room_below(journal::LOW);
    }

    /// If events wait in the store, the queue says when the host has taken enough of those before them.
    fn ask_for_room_below(&mut self, low: usize) {
        if self.journal.request_room() {
            let post = self.host.post.clone();
            let wake = move || {
                if let Some(post) = post.upgrade() {
                    // A closed session hands out no more.
                    let _ = post.send(Command::Room);
                }
            };
            self.host.sink.when_below(low, Box::new(wake));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_need_not_wait_does_not_pass_one_that_must() {
        let mut work = UnitOfWork::default();
        let message = |id: &'static str| Node::new("message").attr("id", id);
        work.send_before_commit(message("1"));
        assert!(work.urgency().is_none() && !work.is_empty());
        work.send(Node::new("receipt"));
        work.send_before_commit(message("2"));
        work.send(message("3"));
        work.send_before_commit(message("4"));
        let load = work.effects(CommitUrgency::Lazy);
        assert_eq!(load.early, [message("1"), message("2")]);
        assert_eq!(load.nodes, [Node::new("receipt"), message("3"), message("4")]);
        assert_eq!(work.urgency(), Some(CommitUrgency::EndOfTurn));
    }
}
