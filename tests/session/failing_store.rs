//! A store in memory whose commits fail when a test says so, as those on a full disk do.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};

use super::world::PATIENCE;
use wa::store::memory::MemoryBackend;
use wa::store::{Backend, Batch, Op, Pending, SessionKey, SessionName, Space, StoreError, Value};

/// Returns whether there is no room for a batch.
type Rule = Box<dyn FnMut(&Batch) -> bool + Send>;

#[derive(Default)]
pub(crate) struct FailingStore {
    memory: MemoryBackend,
    rule: Mutex<Option<Rule>>,
    is_full: AtomicBool,
    /// The ids of all messages that were ever stored in the outbox.
    outbox: Mutex<HashSet<Vec<u8>>>,
    grown: Condvar,
}

impl FailingStore {
    /// From the first batch on for which the rule holds there is no room, until it is made.
    pub(crate) fn fill_at(&self, rule: impl FnMut(&Batch) -> bool + Send + 'static) {
        *self.rule.lock().unwrap() = Some(Box::new(rule));
    }

    /// There is room for so many batches.
    pub(crate) fn fill_after(&self, commits: usize) {
        let mut left = commits;
        self.fill_at(move |_| {
            let is_last = left == 0;
            left = left.saturating_sub(1);
            is_last
        });
    }

    /// Makes room. Returns whether there was none.
    pub(crate) fn free(&self) -> bool {
        *self.rule.lock().unwrap() = None;
        self.is_full.swap(false, Ordering::SeqCst)
    }

    /// Waits until that message is stored in the outbox.
    pub(crate) fn await_outbox(&self, id: &str) {
        let outbox = self.outbox.lock().unwrap();
        let lacks = |outbox: &mut HashSet<Vec<u8>>| !outbox.contains(id.as_bytes());
        let waited = self.grown.wait_timeout_while(outbox, PATIENCE, lacks).unwrap();
        assert!(!waited.1.timed_out(), "{id} was never stored");
    }

    /// Returns whether that message was ever stored in the outbox.
    pub(crate) fn has_stored(&self, id: &str) -> bool {
        self.outbox.lock().unwrap().contains(id.as_bytes())
    }

    fn note(&self, batch: &Batch) {
        let stored = batch.ops().iter().filter_map(|op| match op {
            Op::Put { space: Space::Outbox, key, .. } => Some(key.clone()),
            _ => None,
        });
        self.outbox.lock().unwrap().extend(stored);
        self.grown.notify_all();
    }

    fn has_room(&self, batch: &Batch) -> bool {
        let mut rule = self.rule.lock().unwrap();
        if rule.as_mut().is_some_and(|rule| rule(batch)) {
            self.is_full.store(true, Ordering::SeqCst);
        }
        !self.is_full.load(Ordering::SeqCst)
    }
}

/// Returns whether a batch stores that message in the outbox, or stores it anew.
pub(crate) fn stores(batch: &Batch, id: &str) -> bool {
    batch
        .ops()
        .iter()
        .any(|op| matches!(op, Op::Put { space: Space::Outbox, key, .. } if key.as_slice() == id.as_bytes()))
}

/// Returns whether a batch takes that message out of the outbox.
pub(crate) fn removes(batch: &Batch, id: &str) -> bool {
    batch
        .ops()
        .iter()
        .any(|op| matches!(op, Op::Delete { space: Space::Outbox, key } if key.as_slice() == id.as_bytes()))
}

impl fmt::Debug for FailingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FailingStore")
    }
}

impl Backend for FailingStore {
    fn open_session(&self, name: &SessionName) -> Pending<SessionKey> {
        self.memory.open_session(name)
    }

    fn close_session(&self, session: SessionKey) {
        self.memory.close_session(session);
    }

    fn get(&self, session: SessionKey, space: Space, key: &[u8]) -> Pending<Option<Value>> {
        self.memory.get(session, space, key)
    }

    fn get_many(&self, session: SessionKey, space: Space, keys: Vec<Vec<u8>>) -> Pending<Vec<Option<Value>>> {
        self.memory.get_many(session, space, keys)
    }

    fn scan(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<(Vec<u8>, Value)>> {
        self.memory.scan(session, space, after, limit)
    }

    fn keys(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<Vec<u8>>> {
        self.memory.keys(session, space, after, limit)
    }

    fn commit(&self, session: SessionKey, batch: Batch) -> Pending<()> {
        if self.has_room(&batch) {
            // It is there as soon as it is committed: that waits for nothing.
            let committed = self.memory.commit(session, batch.clone());
            self.note(&batch);
            return committed;
        }
        Box::pin(std::future::ready(Err(StoreError::Full { path: "disk".into() })))
    }

    fn list_sessions(&self) -> Pending<Vec<SessionName>> {
        self.memory.list_sessions()
    }

    fn erase(&self, name: &SessionName) -> Pending<bool> {
        self.memory.erase(name)
    }
}
