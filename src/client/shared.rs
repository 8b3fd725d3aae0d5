//! The few facts about a session that calls of the host read without asking the actor.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::api::ConnectionState;

/// Written by the session, read by any thread. Each fact stands for itself; none of them is used to order memory.
#[derive(Debug)]
pub(crate) struct Shared {
    linked: AtomicBool,
    wants_connection: AtomicBool,
    closed: AtomicBool,
    next_request: AtomicU64,
    open_requests: AtomicU64,
    /// Held for a moment only, never across a wait.
    state: Mutex<ConnectionState>,
    /// Held for a moment only, too.
    acknowledged: Mutex<Acknowledged>,
}

/// Events that the host has acknowledged and the session has not heard of.
#[derive(Debug, Default)]
struct Acknowledged {
    events: Vec<u64>,
    /// The session is going to look by itself before long.
    expected: bool,
}

impl Shared {
    pub(crate) fn new(linked: bool) -> Self {
        Self {
            linked: AtomicBool::new(linked),
            wants_connection: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            next_request: AtomicU64::new(1),
            open_requests: AtomicU64::new(0),
            state: Mutex::new(ConnectionState::Disconnected),
            acknowledged: Mutex::default(),
        }
    }

    pub(crate) fn is_linked(&self) -> bool {
        self.linked.load(Ordering::Relaxed)
    }

    pub(crate) fn set_linked(&self, linked: bool) {
        self.linked.store(linked, Ordering::Relaxed);
    }

    pub(crate) fn wants_connection(&self) -> bool {
        self.wants_connection.load(Ordering::Relaxed)
    }

    pub(crate) fn set_wants_connection(&self, wants: bool) {
        self.wants_connection.store(wants, Ordering::Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    pub(crate) fn set_closed(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn state(&self) -> ConnectionState {
        *self.state.lock()
    }

    pub(crate) fn set_state(&self, state: ConnectionState) {
        *self.state.lock() = state;
    }

    /// The host has dealt with an event. True if it is the first one since the session took them, and it does not look for more
    /// by itself: then it has to be told.
    pub(crate) fn acknowledge(&self, event: u64) -> bool {
        let mut acknowledged = self.acknowledged.lock();
        acknowledged.events.push(event);
        acknowledged.events.len() == 1 && !acknowledged.expected
    }

    /// Takes the events that the host has acknowledged. The session promises to come again, or to say that it does not.
    pub(crate) fn take_acknowledged(&self) -> Vec<u64> {
        let mut acknowledged = self.acknowledged.lock();
        acknowledged.expected = true;
        std::mem::take(&mut acknowledged.events)
    }

    /// The session does not look by itself any more, unless there are some already: true then.
    pub(crate) fn expects_acknowledged(&self) -> bool {
        let mut acknowledged = self.acknowledged.lock();
        acknowledged.expected = !acknowledged.events.is_empty();
        acknowledged.expected
    }

    /// Whether there are any.
    pub(crate) fn has_acknowledged(&self) -> bool {
        !self.acknowledged.lock().events.is_empty()
    }

    /// Whether that is the id of a request, answered or not.
    pub(crate) fn was_given(&self, request: u64) -> bool {
        request < self.next_request.load(Ordering::Relaxed)
    }

    /// A new request id, or `None` if `limit` requests wait for their answers.
    pub(crate) fn open_request(&self, limit: u64) -> Option<u64> {
        let open = self
            .open_requests
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| (open < limit).then_some(open + 1));
        open.ok().map(|_| self.next_request.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn request_answered(&self) {
        // Each request is opened once and answered once; the floor is for a fault of ours.
        let _ =
            self.open_requests.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| open.checked_sub(1));
    }
}
