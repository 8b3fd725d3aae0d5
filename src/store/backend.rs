//! The storage trait and the names in it.

use super::{Batch, Space, StoreError, Value};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The answer to a store operation, still to come.
///
/// The operation is queued by the call itself, not by the first poll, so operations take effect in the order of the calls.
/// Dropping the future does not call it off.
pub type Pending<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// A session's name as the host gave it. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SessionName(Arc<str>);

impl SessionName {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 255;

    /// Checks a name: 1 to 255 bytes, no control characters.
    pub fn new(name: impl AsRef<str>) -> Result<Self, StoreError> {
        let name = name.as_ref();
        if name.is_empty() || name.len() > Self::MAX_LEN || name.chars().any(char::is_control) {
            return Err(StoreError::SessionName);
        }
        Ok(SessionName(name.into()))
    }

    /// A name that a wrapper has made from another one. It may be longer.
    pub(in crate::store) fn made(name: &str) -> Self {
        SessionName(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An open session within one backend. Numbers are not used again for another name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SessionKey(pub u64);

/// The lease of a session that other processes could take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The fencing token: each holder of the session has a higher one than those before.
    pub fence: u64,
    /// The time for which the lease lasts from when it was asked for, or asked to be renewed.
    pub lasts: Duration,
}

/// A place where sessions are kept.
///
/// No method blocks for longer than a quick disk takes to flush; each answer is [`Pending`]. Sessions see only their own data, except for spaces that are
/// [shared](Space::is_shared). The trait asks for little on purpose: a server database, or a wrapper that seals values and
/// hashes keys, must be able to keep its promises. That is why [`scan`](Backend::scan) promises no order.
///
/// # Leases
/// Of a store that only one process can have open, an open session cannot be lost. A store that processes share grants a session
/// on a [`Lease`]: the holder renews it in time, or another process may take the session. From then on each operation of the
/// earlier holder is answered with [`StoreError::LeaseLost`] and changes nothing, whenever it was begun: the backend compares the
/// fencing token within the transaction that writes. A lease that has run out and was not taken can be renewed.
pub trait Backend: Send + Sync + fmt::Debug {
    /// Opens a session for exclusive use, or fails with [`StoreError::SessionInUse`], or with [`StoreError::HeldElsewhere`] if it is
    /// another process that has it. A session nothing was ever stored for
    /// can be opened too; it leaves no trace until its first commit.
    fn open_session(&self, name: &SessionName) -> Pending<SessionKey>;

    /// Returns the lease of an open session; `None` if it cannot be lost.
    fn lease(&self, session: SessionKey) -> Option<Lease> {
        let _ = session;
        None
    }

    /// Renews the lease of an open session. Fails with [`StoreError::LeaseLost`] if another process has taken the session.
    fn renew(&self, session: SessionKey) -> Pending<()> {
        let _ = session;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Gives a session back. Returns at once; operations queued before still happen, and the name can be opened again.
    fn close_session(&self, session: SessionKey);

    /// Reads one value.
    fn get(&self, session: SessionKey, space: Space, key: &[u8]) -> Pending<Option<Value>>;

    /// Reads several values of one space at once, answered in the order of `keys`.
    fn get_many(&self, session: SessionKey, space: Space, keys: Vec<Vec<u8>>) -> Pending<Vec<Option<Value>>>;

    /// Reads up to `limit` entries of a space, each once, in an order that stays the same but means nothing. `after` is the
    /// last key of the page before.
    fn scan(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<(Vec<u8>, Value)>>;

    /// The keys alone of what [`scan`](Backend::scan) would give.
    fn keys(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<Vec<u8>>>;

    /// Applies a batch: all of it or nothing, durable once answered. The batches of [`Session::commit`] are not too large; what a
    /// wrapper adds to it is a few bytes for each value, and the keys.
    fn commit(&self, session: SessionKey, batch: Batch) -> Pending<()>;

    /// The names of all sessions that something is stored for, sorted.
    fn list_sessions(&self) -> Pending<Vec<SessionName>>;

    /// Removes everything of a session that is not open. Says whether something was stored for it.
    fn erase(&self, name: &SessionName) -> Pending<bool>;
}

/// An open session with its backend: opened by [`Session::open`], given back when dropped.
#[derive(Debug)]
pub struct Session {
    backend: Arc<dyn Backend>,
    key: SessionKey,
}

impl Session {
    /// Opens a session; see [`Backend::open_session`].
    pub async fn open(backend: Arc<dyn Backend>, name: &SessionName) -> Result<Self, StoreError> {
        let key = backend.open_session(name).await?;
        Ok(Session { backend, key })
    }

    /// Returns the lease; see [`Backend::lease`].
    pub fn lease(&self) -> Option<Lease> {
        self.backend.lease(self.key)
    }

    /// Renews the lease; see [`Backend::renew`].
    pub fn renew(&self) -> Pending<()> {
        self.backend.renew(self.key)
    }

    /// Reads one value.
    pub fn get(&self, space: Space, key: &[u8]) -> Pending<Option<Value>> {
        self.backend.get(self.key, space, key)
    }

    /// Reads several values of one space, answered in the order of `keys`.
    pub fn get_many(&self, space: Space, keys: Vec<Vec<u8>>) -> Pending<Vec<Option<Value>>> {
        self.backend.get_many(self.key, space, keys)
    }

    /// Reads a page of a space; see [`Backend::scan`].
    pub fn scan(&self, space: Space, after: Option<&[u8]>, limit: usize) -> Pending<Vec<(Vec<u8>, Value)>> {
        self.backend.scan(self.key, space, after, limit)
    }

    /// Reads the keys of a page of a space; see [`Backend::keys`].
    pub fn keys(&self, space: Space, after: Option<&[u8]>, limit: usize) -> Pending<Vec<Vec<u8>>> {
        self.backend.keys(self.key, space, after, limit)
    }

    /// Applies a batch: all of it or nothing, durable once answered.
    pub fn commit(&self, batch: Batch) -> Pending<()> {
        if let Err(error) = batch.check() {
            return Box::pin(std::future::ready(Err(error)));
        }
        self.backend.commit(self.key, batch)
    }

    /// The backend it lives in.
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.backend.close_session(self.key);
    }
}
