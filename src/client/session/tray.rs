//! What belongs together: changes to the store, events, stanzas. [`Session::settle`] makes it count.
//!
//! Nothing is told to the server or the host that is not stored. So whoever handles a stanza or a command only puts things on
//! the tray, and the run loop settles it when all that was at hand has been taken in: one commit for all of it, then the
//! events in their order, then the stanzas in theirs, in one write.
//!
//! What nobody waits for does not ask for a commit of its own: acknowledgements of the host, receipts, and records of messages
//! that have left already because what is on disk accounts for their keys. It waits for the next commit, for [`TRAIL`] at most.
//! That a message was taken waits for those that are on their way beside it, for [`GATHER`] at most.

use serde_json::Value;

use super::super::clock::{Millis, unix_ms};
use super::super::failure;
use super::super::journal::{self, Written};
use super::inbox::Command;
use super::phase::Waiter;
use super::{Session, Stop};
use crate::api::{Body, Error, Event};
use crate::stanza::Node;
use crate::store::{Batch, StoreError};

/// How long what nobody waits for may wait for the next commit.
const TRAIL: Millis = 20;
/// How long the answer to a message may wait for those to others. A server answers them one by one, and a commit costs the same
/// for one as for all.
const GATHER: Millis = 3;

/// How soon something has to be settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Haste {
    /// After [`TRAIL`], or with something else.
    #[default]
    Trails,
    /// With its like: after [`GATHER`], unless none are to come.
    Gathers,
    /// At the end of the turn.
    Presses,
}

/// What waits to be settled. An idle session keeps no room for it.
#[derive(Debug, Default)]
pub(super) struct Tray(Option<Box<Load>>);

/// What is on the tray.
#[derive(Debug, Default)]
struct Load {
    batch: Batch,
    told: Vec<Told>,
    /// Messages that need not wait for the commit.
    early: Vec<Node>,
    nodes: Vec<Node>,
    /// There are messages among those that wait.
    message_waits: bool,
    /// What is in the greatest hurry.
    haste: Haste,
}

/// What the host is told.
#[derive(Debug)]
enum Told {
    Event(Box<Event>),
    Answer { request: u64, answer: Result<Value, Error> },
}

impl Tray {
    /// Whether there is nothing on it.
    pub(super) fn is_empty(&self) -> bool {
        self.haste().is_none() && self.0.as_ref().is_none_or(|load| load.early.is_empty())
    }

    /// How soon it has to be settled; `None` if there is nothing to settle on it.
    fn haste(&self) -> Option<Haste> {
        let load = self.0.as_ref()?;
        let is_bare = load.batch.is_empty() && load.told.is_empty() && load.nodes.is_empty();
        (!is_bare).then_some(load.haste)
    }

    fn load(&mut self, haste: Haste) -> &mut Load {
        let load = self.0.get_or_insert_default();
        load.haste = load.haste.max(haste);
        load
    }

    /// Changes to the store: add to them.
    pub(super) fn batch(&mut self) -> &mut Batch {
        &mut self.load(Haste::Presses).batch
    }

    /// An event that belongs to `request` (0: to none). A durable one is stored by the same commit.
    pub(super) fn tell(&mut self, request: u64, body: impl Into<Body>) {
        self.tell_with(Haste::Presses, request, body);
    }

    /// An event that nobody waits for.
    pub(super) fn tell_in_time(&mut self, body: impl Into<Body>) {
        self.tell_with(Haste::Trails, 0, body);
    }

    fn tell_with(&mut self, haste: Haste, request: u64, body: impl Into<Body>) {
        let event = Box::new(Event::new(request, unix_ms(), body));
        self.load(haste).told.push(Told::Event(event));
    }

    /// The answer to a request. If the commit fails, it is answered with that error instead.
    pub(super) fn answer(&mut self, request: u64, answer: Result<Value, Error>) {
        self.load(Haste::Presses).told.push(Told::Answer { request, answer });
    }

    /// The same for a request whose like are likely to be answered soon, too.
    pub(super) fn answer_together(&mut self, request: u64, answer: Result<Value, Error>) {
        self.load(Haste::Gathers).told.push(Told::Answer { request, answer });
    }

    /// A stanza for the server. Without a connection it goes nowhere.
    pub(super) fn send(&mut self, node: Node) {
        let load = self.load(Haste::Presses);
        load.message_waits |= node.tag() == "message";
        load.nodes.push(node);
    }

    /// The same for one that the server does not wait for.
    pub(super) fn send_in_time(&mut self, node: Node) {
        self.load(Haste::Trails).nodes.push(node);
    }

    /// The same for a message that need not wait for the commit. It does if others wait before it.
    pub(super) fn send_at_once(&mut self, node: Node) {
        let load = self.load(Haste::Trails);
        let stanzas = if load.message_waits { &mut load.nodes } else { &mut load.early };
        stanzas.push(node);
    }
}

impl Told {
    fn event(&mut self) -> Option<&mut Event> {
        match self {
            Told::Event(event) => Some(event),
            Told::Answer { .. } => None,
        }
    }
}

impl Session {
    /// Settles the tray at the end of a turn, unless all of it may wait for company.
    pub(super) async fn settle_what_presses(&mut self) -> Result<(), Stop> {
        let now = self.clock.now();
        let wait = match self.tray.haste() {
            Some(Haste::Presses) => Some(0),
            Some(Haste::Gathers) => Some(if self.awaits_acks() { GATHER } else { 0 }),
            Some(Haste::Trails) => Some(TRAIL),
            None => {
                let changes = self.engine.as_ref().is_some_and(|engine| engine.has_changes());
                (changes || self.shared.has_acknowledged()).then_some(TRAIL)
            }
        };
        let due = wait.map(|wait| now.saturating_add(wait));
        self.trail_at = [self.trail_at, due].into_iter().flatten().min();
        if self.trail_at.is_some_and(|at| at <= now) {
            return self.settle().await;
        }
        let left = self.send_early().await;
        if self.tray.is_empty() {
            self.tray = Tray::default();
        }
        left
    }

    /// Sends what need not wait for a commit.
    pub(super) async fn send_early(&mut self) -> Result<(), Stop> {
        let early = self.tray.0.as_mut().map(|load| std::mem::take(&mut load.early));
        self.send_all(&early.unwrap_or_default()).await
    }

    /// Takes in which events the host has acknowledged. True if there were any.
    pub(super) fn hear_acknowledged(&mut self) -> bool {
        let acknowledged = self.shared.take_acknowledged();
        for event in &acknowledged {
            self.journal.acknowledge(*event);
        }
        !acknowledged.is_empty()
    }

    /// Makes what is on the tray count, together with the acknowledgements of the host. If it cannot be stored, nothing of it
    /// happens.
    pub(super) async fn settle(&mut self) -> Result<(), Stop> {
        self.trail_at = None;
        let heard = self.hear_acknowledged();
        let (next, settled) = (self.journal.next_row(), self.settle_tray().await);
        // A host that has just got events, or dealt with some, is about to acknowledge more, and need not wake anybody for that.
        let is_busy = settled.is_ok() && (heard || self.journal.next_row() != next);
        if is_busy || self.shared.expects_acknowledged() {
            self.trail_at = Some(self.clock.now().saturating_add(TRAIL));
        }
        settled
    }

    async fn settle_tray(&mut self) -> Result<(), Stop> {
        if let Some(engine) = &mut self.engine {
            engine.flush(self.tray.batch());
        }
        if self.tray.is_empty() && !self.journal.has_acknowledgements() {
            self.tray = Tray::default();
            return Ok(());
        }
        let left = self.send_early().await;
        let Load { mut batch, mut told, nodes, .. } = *self.tray.0.take().unwrap_or_default();
        let written = self.journal.put(&mut batch, told.iter_mut().filter_map(Told::event));
        self.journal.put_acknowledgements(&mut batch);
        if !batch.is_empty() {
            if let Err(error) = self.store.commit(batch).await {
                self.tray_lost(told, &error);
                return Err(error.into());
            }
            self.journal.acknowledgements_stored();
        }
        self.tell_all(written, told);
        left?;
        self.send_all(&nodes).await
    }

    /// What was on the tray could not be stored, and is as if it had never been. Requests are answered all the same.
    fn tray_lost(&mut self, told: Vec<Told>, error: &StoreError) {
        let error = failure::of_store(error);
        self.engine_lost(&error);
        for told in told {
            if let Told::Answer { request, .. } = told {
                self.answer(request, Err(error.clone()));
            }
        }
    }

    /// The store failed at something else: what is on the tray goes the same way.
    pub(super) fn drop_tray(&mut self, error: &StoreError) {
        let load = self.tray.0.take().unwrap_or_default();
        self.tray_lost(load.told, error);
    }

    fn tell_all(&mut self, written: Written, told: Vec<Told>) {
        let mut events = Vec::with_capacity(told.len());
        for told in told {
            match told {
                Told::Event(event) => events.push(event),
                Told::Answer { request, answer } => {
                    events.extend(self.answered_by(request, answer).map(Box::new));
                }
            }
        }
        self.journal.hand_out(written, events, &self.sink);
        self.ask_for_room();
    }

    async fn send_all(&mut self, nodes: &[Node]) -> Result<(), Stop> {
        let now = self.clock.now();
        let Some(online) = self.phase.online().filter(|_| !nodes.is_empty()) else { return Ok(()) };
        if nodes.iter().any(|node| node.tag() == "message") {
            // The server acknowledges each.
            online.keepalive.sent(now, !online.pending.is_empty());
        }
        Ok(online.link.send_all(nodes).await?)
    }

    /// Sends a stanza on the connection, if there is one, after all that is on the tray. Nothing need come back for it.
    pub(super) async fn send(&mut self, node: Node) -> Result<(), Stop> {
        self.tray.send(node);
        self.settle().await
    }

    /// Puts an iq on the tray and notes who waits for its answer. False if there is no connection.
    pub(super) fn query_later(&mut self, node: Node, waiter: Waiter, timeout: Millis) -> bool {
        let now = self.clock.now();
        let Some(online) = self.phase.online() else {
            return false;
        };
        online.keepalive.sent(now, !online.pending.is_empty());
        let id = self.ids.next();
        online.pending.register(id.clone(), waiter, now.saturating_add(timeout));
        self.tray.send(node.attr("id", id));
        true
    }

    /// Sends an iq and notes who waits for its answer. False if there is no connection.
    pub(super) async fn query(&mut self, node: Node, waiter: Waiter, timeout: Millis) -> Result<bool, Stop> {
        let sent = self.query_later(node, waiter, timeout);
        self.settle().await?;
        Ok(sent)
    }

    /// Hands out again what an earlier run did not acknowledge, before anything new.
    pub(super) async fn redeliver(&mut self) -> Result<(), Stop> {
        *self.journal = journal::Journal::open(&self.store).await?;
        let window = usize::try_from(self.settings.config.queue_unacknowledged()).unwrap_or(usize::MAX);
        self.journal.set_window((window > 0).then_some(window));
        self.refill().await
    }

    /// Reads more of the events that wait in the store.
    pub(super) async fn refill(&mut self) -> Result<(), Stop> {
        let low = self.journal.refill(&self.store, &self.sink).await?;
        self.ask_for_room_below(low);
        Ok(())
    }

    fn ask_for_room(&mut self) {
        self.ask_for_room_below(journal::LOW);
    }

    /// If events wait in the store, the queue says when the host has taken enough of those before them.
    fn ask_for_room_below(&mut self, low: usize) {
        if self.journal.wants_room() {
            let post = self.post.clone();
            let wake = move || {
                if let Some(post) = post.upgrade() {
                    // A closed session hands out no more.
                    let _ = post.send(Command::Room);
                }
            };
            self.sink.when_below(low, Box::new(wake));
        }
    }
}

#[cfg(test)]
#[path = "tray_tests.rs"]
mod tests;
