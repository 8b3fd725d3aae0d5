//! A store in memory that several processes share, for tests of leases: each [`SharedMemory`] stands for one process.

use super::memory::MemoryBackend;
use super::{Backend, Batch, Lease, Pending, SessionKey, SessionName, Space, StoreError, Value};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

/// The time for which a lease lasts.
pub(crate) const LASTS: Duration = Duration::from_secs(30);

/// One process of those that share the store.
pub(crate) struct SharedMemory {
    store: Arc<Store>,
    process: u64,
}

#[derive(Default)]
struct Store {
    data: MemoryBackend,
    leases: Mutex<Leases>,
}

#[derive(Default)]
struct Leases {
    /// The clock, which tests move.
    now: Duration,
    processes: u64,
    fence: u64,
    granted: HashMap<String, Grant>,
    /// The fencing token that each session key was given.
    fences: HashMap<SessionKey, (String, u64)>,
    /// Keys are those of this store: the data beneath knows one for each name.
    keys: u64,
}

#[derive(Clone, Copy)]
struct Grant {
    process: u64,
    fence: u64,
    until: Duration,
    /// The session of the data beneath.
    data: SessionKey,
}

impl SharedMemory {
    /// Makes a store, and the first process that uses it.
    pub(crate) fn new() -> Self {
        SharedMemory { store: Arc::default(), process: 0 }
    }

    /// Returns another process that uses the same store.
    pub(crate) fn other_process(&self) -> Self {
        let mut leases = self.store.leases.lock();
        leases.processes += 1;
        SharedMemory { store: Arc::clone(&self.store), process: leases.processes }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.store.leases.lock().now += time;
    }

    /// Returns the session of the data beneath, if this key still holds it.
    fn held(&self, session: SessionKey) -> Result<SessionKey, StoreError> {
        let leases = self.store.leases.lock();
        let (name, fence) = leases.fences.get(&session).ok_or(StoreError::SessionClosed)?;
        match leases.granted.get(name) {
            Some(grant) if grant.fence == *fence => Ok(grant.data),
            _ => Err(StoreError::LeaseLost),
        }
    }

    fn with<T: Send + 'static>(
        &self,
        session: SessionKey,
        operation: impl FnOnce(&MemoryBackend, SessionKey) -> Pending<T>,
    ) -> Pending<T> {
        match self.held(session) {
            Ok(data) => operation(&self.store.data, data),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    /// The error for a session that is held, by this process or another.
    fn in_use(&self, leases: &Leases, name: &SessionName) -> Option<StoreError> {
        let grant = leases.granted.get(name.as_str()).filter(|grant| grant.until > leases.now)?;
        let name = name.to_string();
        Some(if grant.process == self.process {
            StoreError::SessionInUse { name }
        } else {
            StoreError::HeldElsewhere { name, wait: grant.until - leases.now }
        })
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedMemory")
    }
}

impl Backend for SharedMemory {
    fn open_session(&self, name: &SessionName) -> Pending<SessionKey> {
        let (store, process, name) = (Arc::clone(&self.store), self.process, name.clone());
        let this = SharedMemory { store, process };
        Box::pin(async move {
            {
                let mut leases = this.store.leases.lock();
                if let Some(error) = this.in_use(&leases, &name) {
                    return Err(error);
                }
                if let Some(former) = leases.granted.remove(name.as_str()) {
                    this.store.data.close_session(former.data);
                }
            }
            let data = this.store.data.open_session(&name).await?;
            let mut leases = this.store.leases.lock();
            leases.fence += 1;
            leases.keys += 1;
            let (fence, key) = (leases.fence, SessionKey(leases.keys));
            let grant = Grant { process, fence, until: leases.now + LASTS, data };
            leases.granted.insert(name.to_string(), grant);
            leases.fences.insert(key, (name.to_string(), fence));
            Ok(key)
        })
    }

    fn lease(&self, session: SessionKey) -> Option<Lease> {
        let fence = self.store.leases.lock().fences.get(&session)?.1;
        Some(Lease { fence, lasts: LASTS })
    }

    fn renew(&self, session: SessionKey) -> Pending<()> {
        let renewed = self.held(session).map(|data| {
            let mut leases = self.store.leases.lock();
            let until = leases.now + LASTS;
            if let Some(grant) = leases.granted.values_mut().find(|grant| grant.data == data) {
                grant.until = until;
            }
        });
        Box::pin(ready(renewed))
    }

    fn close_session(&self, session: SessionKey) {
        let held = self.held(session);
        let mut leases = self.store.leases.lock();
        let Some((name, _)) = leases.fences.remove(&session) else { return };
        if let Ok(data) = held {
            leases.granted.remove(&name);
            self.store.data.close_session(data);
        }
    }

    fn get(&self, session: SessionKey, space: Space, key: &[u8]) -> Pending<Option<Value>> {
        self.with(session, |data, session| data.get(session, space, key))
    }

    fn get_many(&self, session: SessionKey, space: Space, keys: Vec<Vec<u8>>) -> Pending<Vec<Option<Value>>> {
        self.with(session, |data, session| data.get_many(session, space, keys))
    }

    fn scan(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<(Vec<u8>, Value)>> {
        self.with(session, |data, session| data.scan(session, space, after, limit))
    }

    fn keys(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<Vec<u8>>> {
        self.with(session, |data, session| data.keys(session, space, after, limit))
    }

    fn commit(&self, session: SessionKey, batch: Batch) -> Pending<()> {
        self.with(session, |data, session| data.commit(session, batch))
    }

    fn list_sessions(&self) -> Pending<Vec<SessionName>> {
        self.store.data.list_sessions()
    }

    fn erase(&self, name: &SessionName) -> Pending<bool> {
        let in_use = self.in_use(&self.store.leases.lock(), name);
        match in_use {
            Some(error) => Box::pin(ready(Err(error))),
            None => self.store.data.erase(name),
        }
    }
}
