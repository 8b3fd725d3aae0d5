//! The queue between clients and their host: [`Queue`] is the host's end, [`Sink`] the end of one client.
//!
//! One queue serves one client or thousands. Each client has a lane in which its events stay in order; lanes with waiting
//! events take turns, so that a busy client cannot starve the others. An idle client costs one small entry in a map.
//!
//! The store is not here. A durable event waits in memory like any other; that it comes again after a crash, and that
//! not too many wait here, is the business of whoever pushes it ([`super::journal`]): the queue counts them and says when few
//! are left.

use super::shared_state::Shared;
use crate::api::{
    Body, CloseReason, Closed, ConnectionState, Error, Event, Keep, Overflow, RequestResult, Status,
};
use crate::standard;
use parking_lot::{Condvar, Mutex, MutexGuard};
use rustix::event::{EventfdFlags, eventfd};
use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The result of a poll.
#[derive(Debug)]
pub enum Polled {
    /// The next event.
    Event(Box<Event>),
    /// Nothing came in time.
    Timeout,
    /// A caller woke the poll with [`Queue::wake`].
    Woken,
    /// No event is left and none will come.
    Closed,
}

/// The host's end: takes events, can be waited on, also through a descriptor.
pub struct Queue {
    /// Held for moments only, never across a wait other than on `ready`.
    state: Mutex<State>,
    ready: Condvar,
    /// Set if it closes with its only client.
    single: bool,
}

#[derive(Default)]
struct State {
    lanes: HashMap<u64, Lane>,
    /// Clients with waiting events, each once, in the order of their turns.
    turns: VecDeque<u64>,
    waiting_pollers: usize,
    woken: bool,
    closed: bool,
    /// Made on the first request for it.
    descriptor: Option<OwnedFd>,
    /// Set if the descriptor is readable, so that it is written and read only on a change.
    signalled: bool,
    /// Whoever has to hear of what was just taken; called when the lock is given back.
    due: Option<Wake>,
}

/// Called once, from a thread that polls: it must be quick and must not call the queue.
pub type Wake = Box<dyn FnOnce() + Send>;

/// The waiting events of one client.
#[derive(Default)]
struct Lane {
    events: VecDeque<Box<Event>>,
    last_id: u64,
    /// The number of `events` that may be dropped: those that are bounded, and those that are droppable.
    bounded: usize,
    droppable: usize,
    /// The weight of the durable ones of `events` together.
    durable: usize,
    /// The waker to call when the durable events weigh less than that.
    low: Option<Box<(usize, Wake)>>,
    /// No more events come; the lane goes when it is empty.
    finished: bool,
}

static NEXT_CLIENT: AtomicU64 = AtomicU64::new(1);

impl Queue {
    /// A queue for one client: it is closed when that client is, and drained.
    pub fn for_one() -> Arc<Queue> {
        Self::make(true)
    }

    /// A queue for any number of clients: it is closed by [`Queue::close`] only.
    pub fn shared() -> Arc<Queue> {
        Self::make(false)
    }

    fn make(single: bool) -> Arc<Queue> {
        Arc::new(Queue { state: Mutex::default(), ready: Condvar::new(), single })
    }

    /// Adds a client, whose events that may be dropped are when more than `capacity` of their kind wait.
    pub fn add_client(self: &Arc<Self>, capacity: usize) -> Sink {
        let client = NEXT_CLIENT.fetch_add(1, Ordering::Relaxed);
        self.state.lock().lanes.insert(client, Lane::default());
        Sink { queue: Arc::clone(self), client, capacity: capacity.max(1), shared: None }
    }

    /// Takes the next event, waiting at most `timeout`; `None` waits on.
    pub fn poll(&self, timeout: Option<Duration>) -> Polled {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.state.lock();
        loop {
            if let Some(found) = state.take(self.single) {
                return self.hand_over(state, found);
            }
            if timeout == Some(Duration::ZERO) {
                return Polled::Timeout;
            }
            state.waiting_pollers += 1;
            let late = match deadline {
                Some(deadline) => self.ready.wait_until(&mut state, deadline).timed_out(),
                None => {
                    self.ready.wait(&mut state);
                    false
                }
            };
            state.waiting_pollers -= 1;
            if late {
                let found = state.take(self.single).unwrap_or(Polled::Timeout);
                return self.hand_over(state, found);
            }
        }
    }

    /// The end of a poll.
    fn hand_over(&self, mut state: MutexGuard<'_, State>, found: Polled) -> Polled {
        state.signal(self.single);
        let due = state.due.take();
        drop(state);
        if let Some(wake) = due {
            wake();
        }
        found
    }

    /// Makes a waiting poll, or the next one, answer [`Polled::Woken`]. Several calls before that count as one.
    pub fn wake(&self) {
        let mut state = self.state.lock();
        state.woken = true;
        state.signal(self.single);
        self.ready.notify_one();
    }

    /// A descriptor that is readable exactly while a poll would not have to wait. It stays the queue's own.
    pub fn descriptor(&self) -> Result<RawFd, Error> {
        let mut state = self.state.lock();
        if let Some(descriptor) = &state.descriptor {
            return Ok(descriptor.as_raw_fd());
        }
        let make = || Ok(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let made = standard::open(make).map_err(|error| match error.raw_os_error() {
            Some(libc::EMFILE | libc::ENFILE) => Error::plain(Status::TOO_MANY_FILES),
            _ => Error::new(Status::SYSTEM, format!("no descriptor could be made for the queue: {error}")),
        })?;
        let number = made.as_raw_fd();
        state.descriptor = Some(made);
        state.signalled = false;
        state.signal(self.single);
        Ok(number)
    }

    /// Closes the queue: what waits is thrown away, every poll answers [`Polled::Closed`], now and later.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.turns.clear();
        state.lanes.clear();
        state.signal(self.single);
        self.ready.notify_all();
    }

    /// Adds events, which get consecutive numbers. Gives the first one, or 0 if the client is gone.
    fn push(
        &self,
        client: u64,
        capacity: usize,
        events: impl IntoIterator<Item = Box<Event>>,
        last: bool,
    ) -> u64 {
        let mut state = self.state.lock();
        let state = &mut *state;
        let Some(lane) = state.lanes.get_mut(&client).filter(|lane| !lane.finished) else {
            return 0;
        };
        let (was_empty, first) = (lane.events.is_empty(), lane.last_id + 1);
        for mut event in events {
            lane.last_id += 1;
            (event.id, event.client) = (lane.last_id, client);
            let (keep, weight) = (event.body.keep(), event.weight as usize);
            lane.events.push_back(event);
            match keep {
                Keep::Durable => lane.durable += weight,
                Keep::Waits => {}
                Keep::Bounded | Keep::Droppable => {
                    *lane.count(keep) += 1;
                    if *lane.count(keep) > capacity {
                        lane.drop_oldest(keep);
                    }
                }
            }
        }
        if lane.last_id < first {
            return first;
        }
        lane.finished = last;
        if was_empty {
            state.turns.push_back(client);
        }
        let added = lane.last_id - first + 1;
        state.signal(self.single);
        // The last event of an own queue lets every poller go: one gets it, the others learn that it is over.
        if added > 1 || (last && self.single) {
            self.ready.notify_all();
        } else {
            self.ready.notify_one();
        }
        first
    }
}

impl State {
    /// Returns the answer that a poll would give now, if any.
    fn take(&mut self, single: bool) -> Option<Polled> {
        if std::mem::take(&mut self.woken) {
            return Some(Polled::Woken);
        }
        let Some(client) = self.turns.pop_front() else {
            return self.is_over(single).then_some(Polled::Closed);
        };
        // A client has a turn only while its lane holds an event.
        let lane = self.lanes.get_mut(&client)?;
        let event = lane.events.pop_front()?;
        match event.body.keep() {
            keep @ (Keep::Bounded | Keep::Droppable) => *lane.count(keep) -= 1,
            Keep::Durable => {
                lane.durable -= event.weight as usize;
                self.due = lane.low.take_if(|low| lane.durable < low.0).map(|low| low.1);
            }
            Keep::Waits => {}
        }
        if !lane.events.is_empty() {
            self.turns.push_back(client);
        } else if lane.finished {
            self.lanes.remove(&client);
        } else if lane.events.capacity() > 16 {
            lane.events = VecDeque::new();
        }
        Some(Polled::Event(event))
    }

    fn is_over(&self, single: bool) -> bool {
        self.closed || (single && self.lanes.is_empty())
    }

    /// Makes the descriptor readable or not. Called with the lock held after every change, so that nobody can see the two apart.
    fn signal(&mut self, single: bool) {
        let wanted = self.woken || !self.turns.is_empty() || self.is_over(single);
        let Some(descriptor) = &self.descriptor else {
            return;
        };
        if wanted == self.signalled {
            return;
        }
        // An eventfd that holds 0 takes a 1, and one that holds a 1 gives it: neither can fail or block here.
        let done = if wanted {
            rustix::io::write(descriptor, &1u64.to_ne_bytes())
        } else {
            rustix::io::read(descriptor, &mut [0u8; 8])
        };
        if done.is_ok() {
            self.signalled = wanted;
        }
    }
}

impl Lane {
    /// Returns the number of waiting events that are kept in this way and may be dropped.
    fn count(&mut self, keep: Keep) -> &mut usize {
        if keep == Keep::Bounded { &mut self.bounded } else { &mut self.droppable }
    }

    /// Drops the oldest event that is kept in this way. The first drop leaves an `overflow` event in its place, later ones are counted
    /// there until it is taken; so identifiers stay in order and the count stands where the gap is.
    fn drop_oldest(&mut self, keep: Keep) {
        let Some(at) = self.events.iter().position(|event| event.body.keep() == keep) else {
            return;
        };
        *self.count(keep) -= 1;
        let counted = self.events.iter_mut().take(at).find_map(|event| match &mut event.body {
            Body::Overflow(overflow) => Some(overflow),
            _ => None,
        });
        if let Some(overflow) = counted {
            overflow.count += 1;
            self.events.remove(at);
        } else if let Some(event) = self.events.get_mut(at) {
            event.request = 0;
            event.body = Overflow { count: 1 }.into();
        }
    }
}

/// The end of one client. When it is dropped unclosed, the client has failed, and the queue says so.
pub struct Sink {
    queue: Arc<Queue>,
    client: u64,
    capacity: usize,
    /// Knows the requests that have to be answered if the client fails.
    shared: Option<Arc<Shared>>,
}

impl Sink {
    /// Answers the requests that are open there, should the client fail.
    pub(crate) fn answering_for(mut self, shared: Arc<Shared>) -> Self {
        self.shared = Some(shared);
        self
    }

    /// The number of the client, unique in the process.
    pub fn client(&self) -> u64 {
        self.client
    }

    /// The queue it leads to.
    pub fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// Tells the host something that belongs to `request` (0: to none). Gives the event's id, or 0 when nobody listens any more.
    pub fn push(&self, request: u64, body: impl Into<Body>) -> u64 {
        self.push_event(Event::new(request, now_ms(), body))
    }

    /// The same for an event that was made elsewhere: from the store, with its own time.
    pub fn push_event(&self, event: Event) -> u64 {
        self.push_all([Box::new(event)])
    }

    /// The same for several at once, which get consecutive ids. Gives the first one.
    pub fn push_all(&self, events: impl IntoIterator<Item = Box<Event>>) -> u64 {
        self.queue.push(self.client, self.capacity, events, false)
    }

    /// Returns the weight of this client's durable events that wait: most of them weigh 1 each.
    pub fn durable(&self) -> usize {
        self.queue.state.lock().lanes.get(&self.client).map_or(0, |lane| lane.durable)
    }

    /// Calls `wake` as soon as the waiting durable events of this client weigh less than `limit`: at once if that is so already. Takes the
    /// place of a wake that was asked for before.
    pub fn when_below(&self, limit: usize, wake: Wake) {
        let mut state = self.queue.state.lock();
        if let Some(lane) = state.lanes.get_mut(&self.client)
            && lane.durable >= limit
        {
            lane.low = Some(Box::new((limit, wake)));
            return;
        }
        drop(state);
        wake();
    }

    /// Sends the last event. Later pushes go nowhere.
    pub fn close(&self, closed: Closed) {
        let last = Box::new(Event::new(0, now_ms(), closed));
        self.queue.push(self.client, self.capacity, [last], true);
    }

    /// Returns whether nothing can be pushed any more.
    fn has_ended(&self) -> bool {
        self.queue.state.lock().lanes.get(&self.client).is_none_or(|lane| lane.finished)
    }

    /// Returns the number of this client's events that wait.
    pub fn waiting(&self) -> usize {
        self.queue.state.lock().lanes.get(&self.client).map_or(0, |lane| lane.events.len())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // One that ended in order has answered all that reached it. A request that did not reach it is refused to its caller.
        if self.has_ended() {
            if let Some(shared) = &self.shared {
                shared.set_closed();
                shared.set_state(ConnectionState::Disconnected);
            }
            return;
        }
        let status = Status::PANIC;
        let left = self.shared.take().map(|shared| shared.abandon()).unwrap_or_default();
        self.push_all(left.into_iter().map(|(id, method)| {
            Box::new(Event::new(id, now_ms(), RequestResult::failed(method, Error::plain(status))))
        }));
        self.close(Closed { reason: CloseReason::Failed, status, text: Some(status.info().text.into()) });
    }
}

/// The time of day as events carry it.
fn now_ms() -> i64 {
    // Before 1970 or after the year 292 million, the clock is of no use anyway.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
