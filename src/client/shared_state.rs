//! The few facts about a session that calls of the host read without asking the actor.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::api::{ConnectionState, Status};

/// Written by the session, read by any thread. Each fact stands for itself; none of them is used to order memory.
#[derive(Debug)]
pub(crate) struct Shared {
    linked: AtomicBool,
    wants_connection: AtomicBool,
    closed: AtomicBool,
    next_request: AtomicU64,
    /// Held for a moment only, never across a wait.
    requests: Mutex<OpenRequests>,
    /// Held for a moment only, too.
    wish: Mutex<ConnectionOrder>,
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

/// The requests that wait for their answers.
#[derive(Debug, Default)]
struct OpenRequests {
    open: HashMap<u64, OpenRequest>,
    /// No further one is taken.
    closed: bool,
}

#[derive(Debug)]
struct OpenRequest {
    /// As its `result` event names it.
    method: &'static str,
    /// The session is told that the host gives it up.
    cancelled: bool,
}

/// The host's last wish for the connection that the session has not heard of. However often the host changes its mind, one
/// remains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConnectionOrder {
    /// The connection is to be given up.
    pub(crate) disconnect: bool,
    /// One is to be made, after that.
    pub(crate) connect: bool,
}

impl Shared {
    pub(crate) fn new(linked: bool) -> Self {
        Self {
            linked: AtomicBool::new(linked),
            wants_connection: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            next_request: AtomicU64::new(1),
            requests: Mutex::default(),
            wish: Mutex::default(),
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
    pub(crate) fn poll_acknowledged(&self) -> bool {
        let mut acknowledged = self.acknowledged.lock();
        acknowledged.expected = !acknowledged.events.is_empty();
        acknowledged.expected
    }

    /// Returns whether there are any.
    pub(crate) fn has_acknowledged(&self) -> bool {
        !self.acknowledged.lock().events.is_empty()
    }

    /// Returns whether that is the id of a request, answered or not.
    pub(crate) fn was_given(&self, request: u64) -> bool {
        request < self.next_request.load(Ordering::Relaxed)
    }

    /// Opens a request and gives its id, unless `limit` of them wait for their answers or none is taken any more.
    pub(crate) fn open_request(&self, method: &'static str, limit: usize) -> Result<u64, Status> {
        let mut requests = self.requests.lock();
        if requests.closed {
            return Err(Status::CLIENT_CLOSED);
        }
        if requests.open.len() >= limit {
            return Err(Status::TOO_MANY_REQUESTS);
        }
        let id = self.next_request.fetch_add(1, Ordering::Relaxed);
        requests.open.insert(id, OpenRequest { method, cancelled: false });
        Ok(id)
    }

    /// Notes that a request is answered. Returns whether it was open.
    pub(crate) fn request_answered(&self, id: u64) -> bool {
        self.requests.lock().open.remove(&id).is_some()
    }

    /// Notes that the host gives a request up. Returns whether the session has to be told: it is open, and was not given up before.
    pub(crate) fn cancel_request(&self, id: u64) -> bool {
        let mut requests = self.requests.lock();
        requests.open.get_mut(&id).is_some_and(|request| !std::mem::replace(&mut request.cancelled, true))
    }

    /// Closes for good, for a session that has failed. Returns the requests that it leaves unanswered, each with its method.
    pub(crate) fn abandon(&self) -> Vec<(u64, &'static str)> {
        self.set_closed();
        self.set_state(ConnectionState::Disconnected);
        let mut requests = self.requests.lock();
        requests.closed = true;
        let mut left: Vec<_> = requests.open.drain().map(|(id, request)| (id, request.method)).collect();
        left.sort_unstable();
        left
    }

    /// Notes that the host wants a connection, or none. Returns whether the session has to be told: it has heard of all before.
    pub(crate) fn wish(&self, connect: bool) -> bool {
        self.set_wants_connection(connect);
        let mut wish = self.wish.lock();
        let heard = *wish == ConnectionOrder::default();
        wish.connect = connect;
        wish.disconnect |= !connect;
        heard
    }

    /// Takes what the host wants of the connection.
    pub(crate) fn take_wish(&self) -> ConnectionOrder {
        std::mem::take(&mut self.wish.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_changes_its_mind_tells_the_session_once() {
        let shared = Shared::new(false);
        assert!(shared.wish(true));
        assert!((0..1_000).all(|round| !shared.wish(round % 2 == 1)));
        // It ends connected, but not on the connection that it had.
        assert_eq!(shared.take_wish(), ConnectionOrder { disconnect: true, connect: true });
        assert!(shared.wish(false) && !shared.wish(false));
        assert_eq!(shared.take_wish(), ConnectionOrder { disconnect: true, connect: false });
        assert_eq!(shared.take_wish(), ConnectionOrder::default());
    }

    #[test]
    fn requests_are_counted_cancelled_once_and_handed_over_by_a_failed_session() {
        let shared = Shared::new(true);
        let ids: Vec<u64> = (0..3).map(|_| shared.open_request("a.b", 3).unwrap()).collect();
        assert_eq!(shared.open_request("a.b", 3), Err(Status::TOO_MANY_REQUESTS));
        assert!(shared.request_answered(ids[1]) && !shared.request_answered(ids[1]));
        assert!(shared.cancel_request(ids[0]) && !shared.cancel_request(ids[0]));
        assert!(!shared.cancel_request(ids[1]) && shared.was_given(ids[1]));
        assert_eq!(shared.abandon(), [(ids[0], "a.b"), (ids[2], "a.b")]);
        assert_eq!(shared.open_request("a.b", 3), Err(Status::CLIENT_CLOSED));
    }
}
