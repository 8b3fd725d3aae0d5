//! Requests to the server that wait for their answer. Pure: time is handed in.

use super::clock::Millis;
use crate::stanza::Text;

/// The requests of one connection, each with who waits for it (`W`) and until when.
///
/// A list and not a map: a session has a handful of requests in flight at most, and none of them when it idles.
#[derive(Debug)]
pub(crate) struct IqTracker<W> {
    entries: Vec<PendingIq<W>>,
}

/// A request whose answer is awaited.
#[derive(Debug)]
pub(crate) struct PendingIq<W> {
    id: Text,
    waiter: W,
    deadline: Millis,
}

impl<W> PendingIq<W> {
    /// Returns what waits for the answer.
    pub(crate) fn waiter(&self) -> &W {
        &self.waiter
    }

    /// The same, to keep.
    pub(crate) fn into_waiter(self) -> W {
        self.waiter
    }
}

impl<W> IqTracker<W> {
    pub(crate) fn new() -> Self {
        Self { entries: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// To be called before the request is sent, so that no answer can come too early.
    pub(crate) fn register(&mut self, id: Text, waiter: W, deadline: Millis) {
        self.entries.push(PendingIq { id, waiter, deadline });
    }

    /// Takes out the request that the answer `id` belongs to, which is then no longer awaited.
    pub(crate) fn take(&mut self, id: &str) -> Option<PendingIq<W>> {
        let index = self.entries.iter().position(|entry| entry.id == id)?;
        let pending = self.entries.swap_remove(index);
        self.give_back();
        Some(pending)
    }

    /// Puts a request back whose answer could not be handled yet.
    pub(crate) fn put_back(&mut self, pending: PendingIq<W>) {
        self.entries.push(pending);
    }

    /// When [`IqTracker::take_expired`] has something to give.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        self.entries.iter().map(|entry| entry.deadline).min()
    }

    /// A waiter whose time is over.
    pub(crate) fn take_expired(&mut self, now: Millis) -> Option<W> {
        let index = self.entries.iter().position(|entry| entry.deadline <= now)?;
        let waiter = self.entries.swap_remove(index).waiter;
        self.give_back();
        Some(waiter)
    }

    /// The first waiter that `wanted` makes something of.
    pub(crate) fn find<T>(&self, wanted: impl Fn(&W) -> Option<T>) -> Option<T> {
        self.entries.iter().find_map(|entry| wanted(&entry.waiter))
    }

    /// The same, to change it.
    pub(crate) fn find_mut<T>(&mut self, wanted: impl Fn(&mut W) -> Option<&mut T>) -> Option<&mut T> {
        self.entries.iter_mut().find_map(|entry| wanted(&mut entry.waiter))
    }

    /// All waiters, when the connection is gone.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = W> + use<W> {
        std::mem::take(&mut self.entries).into_iter().map(|entry| entry.waiter)
    }

    /// An idle session keeps no room for requests.
    fn give_back(&mut self) {
        if self.entries.is_empty() {
            self.entries = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_finds_its_waiter_once() {
        let mut pending = IqTracker::new();
        pending.register("a-1".into(), 1, 100);
        pending.register("a-2".into(), 2, 50);
        assert_eq!(pending.deadline(), Some(50));
        let taken = pending.take("a-1").unwrap();
        assert_eq!(taken.waiter(), &1);
        assert!(pending.take("a-1").is_none() && pending.take("unknown").is_none());
        assert!(!pending.is_empty());
        pending.put_back(taken);
        assert_eq!(pending.take("a-1").map(PendingIq::into_waiter), Some(1));
    }

    #[test]
    fn late_ones_are_given_up_one_by_one() {
        let mut pending = IqTracker::new();
        pending.register("a-1".into(), 1, 100);
        pending.register("a-2".into(), 2, 50);
        assert_eq!(pending.take_expired(49), None);
        assert_eq!(pending.take_expired(100), Some(1));
        assert_eq!(pending.take_expired(100), Some(2));
        assert_eq!(pending.take_expired(100), None);
    }

    #[test]
    fn a_lost_connection_gives_up_all() {
        let mut pending = IqTracker::new();
        pending.register("a-1".into(), 1, 100);
        pending.register("a-2".into(), 2, 50);
        assert_eq!(pending.drain().collect::<Vec<_>>(), [1, 2]);
        assert!(pending.is_empty());
    }
}
