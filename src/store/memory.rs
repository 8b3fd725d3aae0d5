//! The store that forgets: for tests, and for hosts that keep nothing.

use super::{Backend, Batch, Op, Pending, SessionKey, SessionName, Space, StoreError, Value};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::future::ready;
use std::ops::Bound;
use std::sync::Arc;

/// The scope of data that no session owns.
const SHARED: u64 = 0;

type Items = BTreeMap<(u64, u8, Vec<u8>), Value>;

/// Sessions kept in this process's memory. Each is a store of its own; what it holds is zeroised when it goes.
#[derive(Default)]
pub struct MemoryBackend {
    /// Held for the length of one operation, never across an await.
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    items: Items,
    names: HashMap<String, u64>,
    /// Open sessions.
    open: HashMap<u64, SessionName>,
    /// Sessions that something is stored for.
    stored: HashSet<u64>,
    last: u64,
}

impl MemoryBackend {
    /// An empty store.
    pub fn new() -> Self {
        MemoryBackend::default()
    }
}

impl fmt::Debug for MemoryBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryBackend")
    }
}

impl State {
    fn scope(&self, session: SessionKey, space: Space) -> Result<u64, StoreError> {
        if !self.open.contains_key(&session.0) {
            return Err(StoreError::SessionClosed);
        }
        Ok(if space.is_shared() { SHARED } else { session.0 })
    }

    fn open_session(&mut self, name: &SessionName) -> Result<SessionKey, StoreError> {
        let id = match self.names.get(name.as_str()) {
            Some(id) => *id,
            None => {
                self.last += 1;
                self.names.insert(name.as_str().to_owned(), self.last);
                self.last
            }
        };
        if self.open.contains_key(&id) {
            return Err(StoreError::SessionInUse { name: name.to_string() });
        }
        self.open.insert(id, name.clone());
        Ok(SessionKey(id))
    }

    fn close_session(&mut self, session: SessionKey) {
        if let Some(name) = self.open.remove(&session.0)
            && !self.stored.contains(&session.0)
        {
            self.names.remove(name.as_str());
        }
    }

    fn get(&self, session: SessionKey, space: Space, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let scope = self.scope(session, space)?;
        Ok(self.items.get(&(scope, space.number(), key.to_vec())).cloned())
    }

    fn scan(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Value)>, StoreError> {
        let scope = self.scope(session, space)?;
        let from = match after {
            Some(key) => Bound::Excluded((scope, space.number(), key.to_vec())),
            None => Bound::Included((scope, space.number(), Vec::new())),
        };
        let page = self.items.range((from, Bound::Unbounded));
        let page = page.take_while(|((s, n, _), _)| *s == scope && *n == space.number());
        Ok(page.take(limit).map(|((_, _, key), value)| (key.clone(), value.clone())).collect())
    }

    fn erase_id(&mut self, id: u64) {
        self.items.retain(|(scope, _, _), _| *scope != id);
        self.stored.remove(&id);
    }

    fn commit(&mut self, session: SessionKey, batch: &Batch) -> Result<(), StoreError> {
        self.scope(session, Space::Device)?;
        for op in batch.ops() {
            if let Op::Require { space, key, expected } = op
                && self.get(session, *space, key)? != *expected
            {
                return Err(StoreError::Changed);
            }
        }
        for op in batch.ops() {
            match op {
                Op::Require { .. } => {}
                Op::Put { space, key, value } => {
                    let scope = self.scope(session, *space)?;
                    self.items.insert((scope, space.number(), key.clone()), value.clone());
                    if scope != SHARED {
                        self.stored.insert(scope);
                    }
                }
                Op::Delete { space, key } => {
                    let scope = self.scope(session, *space)?;
                    self.items.remove(&(scope, space.number(), key.clone()));
                }
                Op::DeleteSpace(space) => {
                    self.items.retain(|(scope, n, _), _| *scope != session.0 || *n != space.number());
                }
                Op::EraseSession => self.erase_id(session.0),
            }
        }
        Ok(())
    }

    fn list(&self) -> Vec<SessionName> {
        let stored = self.names.iter().filter(|(_, id)| self.stored.contains(id));
        let mut names: Vec<_> = stored.filter_map(|(name, _)| SessionName::new(name).ok()).collect();
        names.sort();
        names
    }

    fn erase(&mut self, name: &SessionName) -> Result<bool, StoreError> {
        let Some(id) = self.names.get(name.as_str()).copied() else { return Ok(false) };
        if self.open.contains_key(&id) {
            return Err(StoreError::SessionInUse { name: name.to_string() });
        }
        let was_stored = self.stored.contains(&id);
        self.erase_id(id);
        self.names.remove(name.as_str());
        Ok(was_stored)
    }
}

fn done<T: Send + 'static>(result: Result<T, StoreError>) -> Pending<T> {
    Box::pin(ready(result))
}

impl Backend for MemoryBackend {
    fn open_session(&self, name: &SessionName) -> Pending<SessionKey> {
        // Not before the answer is awaited: an opening that was given up must not leave the session in use.
        let (state, name) = (self.state.clone(), name.clone());
        Box::pin(async move { state.lock().open_session(&name) })
    }

    fn close_session(&self, session: SessionKey) {
        self.state.lock().close_session(session);
    }

    fn get(&self, session: SessionKey, space: Space, key: &[u8]) -> Pending<Option<Value>> {
        done(self.state.lock().get(session, space, key))
    }

    fn get_many(&self, session: SessionKey, space: Space, keys: Vec<Vec<u8>>) -> Pending<Vec<Option<Value>>> {
        let state = self.state.lock();
        done(keys.iter().map(|key| state.get(session, space, key)).collect())
    }

    fn scan(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<(Vec<u8>, Value)>> {
        done(self.state.lock().scan(session, space, after, limit))
    }

    fn keys(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<Vec<u8>>> {
        let page = self.state.lock().scan(session, space, after, limit);
        done(page.map(|page| page.into_iter().map(|(key, _)| key).collect()))
    }

    fn commit(&self, session: SessionKey, batch: Batch) -> Pending<()> {
        done(self.state.lock().commit(session, &batch))
    }

    fn list_sessions(&self) -> Pending<Vec<SessionName>> {
        done(Ok(self.state.lock().list()))
    }

    fn erase(&self, name: &SessionName) -> Pending<bool> {
        done(self.state.lock().erase(name))
    }
}
