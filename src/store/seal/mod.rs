//! A sealed store: what is in it can be read, and changed unnoticed, only with a key that the host gives.
//!
//! [`Sealed`] wraps any [`Backend`] and knows nothing of files. The backend sees:
//!
//! - **Values** are encrypted with AES-256-GCM. The associated data are session, space and key, so that a value opens only in the
//!   place where it was put.
//! - **Keys** are replaced by the first half of an HMAC-SHA256 of session, space and key. The key itself is inside the sealed
//!   value, where scanning finds it. Running numbers, of events and prekeys, stay as they are: they are counted from one in
//!   every session and say nothing.
//! - **Names of sessions** are encrypted so that the same name always gives the same text, which is how they are found again.
//!
//! The seal does not hide how many sessions, spaces and records there are, how large and how old they are, and which ones
//! change.
//!
//! All keys are derived by HKDF from the host's key and a random salt of the store ([`keys`]). A sealed store has a record that
//! says so, in the clear, with the salt and a code by which a wrong key is recognised before anything is touched ([`header`]).

mod header;
mod keys;

use super::namespace::KeyForm;
use super::{Backend, Batch, Lease, Op, Pending, SessionKey, SessionName, Space, StoreError, Value};
use crate::crypto::Secret;
use header::SealHeader;
use keys::{Keys, RecordPlace, Tag};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Weak};

/// The key that a host seals a store with: 32 bytes that nobody can guess. A password is no such key.
pub type SealKey = Secret<32>;

/// A backend that sees only what is sealed.
#[derive(Debug)]
pub struct Sealed {
    inner: Arc<dyn Backend>,
    keys: Arc<Keys>,
    /// The sessions that are open. Held for look-ups only.
    open: Arc<Mutex<HashMap<SessionKey, Tag>>>,
}

/// The seal of a backend, shared by all who open it.
#[derive(Debug, Default)]
pub(super) struct SealOpener(tokio::sync::Mutex<OpenedKeys>);

#[derive(Debug, Default)]
enum OpenedKeys {
    /// Nobody has looked.
    #[default]
    Nothing,
    /// It is in use without a seal, and stays so.
    Plain,
    /// It is sealed; those who have it open share one wrapper.
    Sealed { header: SealHeader, wrapper: Weak<Sealed> },
}

impl SealOpener {
    /// Opens the backend with this key, or without one. A new store is sealed by the first opener that has a key.
    pub(super) async fn open(
        &self,
        backend: Arc<dyn Backend>,
        key: Option<&SealKey>,
    ) -> Result<Arc<dyn Backend>, StoreError> {
        let mut known = self.0.lock().await;
        if matches!(*known, OpenedKeys::Nothing) {
            *known = match header::read(&backend).await? {
                Some(header) => OpenedKeys::Sealed { header, wrapper: Weak::new() },
                None => match key {
                    Some(key) => OpenedKeys::Sealed {
                        header: header::write(&backend, key).await?,
                        wrapper: Weak::new(),
                    },
                    None => OpenedKeys::Plain,
                },
            };
        }
        match (&mut *known, key) {
            (OpenedKeys::Plain, None) => Ok(backend),
            (OpenedKeys::Plain, Some(_)) => Err(StoreError::NotSealed),
            (OpenedKeys::Sealed { .. }, None) => Err(StoreError::Sealed),
            (OpenedKeys::Sealed { header, wrapper }, Some(key)) => {
                let keys = header.keys(key)?;
                if let Some(sealed) = wrapper.upgrade() {
                    return Ok(sealed);
                }
                let sealed = Arc::new(Sealed::new(backend, keys));
                *wrapper = Arc::downgrade(&sealed);
                Ok(sealed)
            }
            // Looked at just above.
            (OpenedKeys::Nothing, _) => Err(StoreError::Closed),
        }
    }
}

impl Sealed {
    fn new(inner: Arc<dyn Backend>, keys: Keys) -> Self {
        Sealed { inner, keys: Arc::new(keys), open: Arc::default() }
    }

    /// The place of a record, with the name of its session in it; an error if that is closed.
    fn place<'k>(
        &self,
        session: SessionKey,
        space: Space,
        key: &'k [u8],
    ) -> Result<RecordPlace<'k>, StoreError> {
        let session = if space.is_shared() {
            keys::SHARED
        } else {
            self.open.lock().get(&session).copied().ok_or(StoreError::SessionClosed)?
        };
        Ok(self.keys.place(session, space, key))
    }

    /// The batch as the backend gets it.
    fn seal(&self, session: SessionKey, batch: Batch) -> Result<Batch, StoreError> {
        let stored = |space, key: &[u8]| Ok::<_, StoreError>(self.place(session, space, key)?.stored);
        let ops = batch.into_ops().into_iter().map(|op| {
            Ok(match op {
                Op::Require { space, key, expected } => {
                    let place = self.place(session, space, &key)?;
                    let expected = expected.map(|value| self.keys.seal(&place, &value));
                    Op::Require { space, key: place.stored, expected }
                }
                Op::Put { space, key, value } => {
                    let place = self.place(session, space, &key)?;
                    let value = self.keys.seal(&place, &value);
                    Op::Put { space, key: place.stored, value }
                }
                Op::Delete { space, key } => Op::Delete { space, key: stored(space, &key)? },
                other @ (Op::DeleteSpace(_) | Op::EraseSession) => other,
            })
        });
        Ok(Batch::from(ops.collect::<Result<Vec<Op>, StoreError>>()?))
    }
}

/// An answer that is known already.
fn failed<T: Send + 'static>(error: StoreError) -> Pending<T> {
    Box::pin(ready(Err(error)))
}

/// Errors name sessions as the host knows them.
fn named(error: StoreError, name: &SessionName) -> StoreError {
    match error {
        StoreError::SessionInUse { .. } => StoreError::SessionInUse { name: name.to_string() },
        StoreError::HeldElsewhere { wait, .. } => StoreError::HeldElsewhere { name: name.to_string(), wait },
        other => other,
    }
}

impl Backend for Sealed {
    fn open_session(&self, name: &SessionName) -> Pending<SessionKey> {
        let (name, tag) = (name.clone(), self.keys.tag(name));
        let opening = self.inner.open_session(&self.keys.seal_name(&name));
        let open = Arc::clone(&self.open);
        Box::pin(async move {
            let session = opening.await.map_err(|error| named(error, &name))?;
            open.lock().insert(session, tag);
            Ok(session)
        })
    }

    fn lease(&self, session: SessionKey) -> Option<Lease> {
        self.inner.lease(session)
    }

    fn renew(&self, session: SessionKey) -> Pending<()> {
        self.inner.renew(session)
    }

    fn close_session(&self, session: SessionKey) {
        self.open.lock().remove(&session);
        self.inner.close_session(session);
    }

    fn get(&self, session: SessionKey, space: Space, key: &[u8]) -> Pending<Option<Value>> {
        let place = match self.place(session, space, key) {
            Ok(place) => place.owned(),
            Err(error) => return failed(error),
        };
        let (keys, stored) = (Arc::clone(&self.keys), self.inner.get(session, space, &place.stored));
        Box::pin(async move { stored.await?.map(|value| keys.open(&place, &value)).transpose() })
    }

    fn get_many(&self, session: SessionKey, space: Space, keys: Vec<Vec<u8>>) -> Pending<Vec<Option<Value>>> {
        let places = keys.iter().map(|key| Ok(self.place(session, space, key)?.owned()));
        let places: Vec<RecordPlace<'static>> = match places.collect::<Result<_, StoreError>>() {
            Ok(places) => places,
            Err(error) => return failed(error),
        };
        let wanted = places.iter().map(|place| place.stored.clone()).collect();
        let (keys, stored) = (Arc::clone(&self.keys), self.inner.get_many(session, space, wanted));
        Box::pin(async move {
            let values = stored.await?.into_iter().zip(&places);
            values.map(|(value, place)| value.map(|value| keys.open(place, &value)).transpose()).collect()
        })
    }

    fn scan(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<(Vec<u8>, Value)>> {
        // The order is that of the stored keys, which means nothing.
        let place = match self.place(session, space, after.unwrap_or_default()) {
            Ok(place) => place.owned(),
            Err(error) => return failed(error),
        };
        let after = after.map(|_| place.stored.as_slice());
        let (keys, stored) = (Arc::clone(&self.keys), self.inner.scan(session, space, after, limit));
        Box::pin(async move {
            let rows = stored.await?.into_iter();
            rows.map(|(stored, value)| keys.open_with_key(&place.other(stored), &value)).collect()
        })
    }

    fn keys(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<Vec<u8>>> {
        if space.key_form() == KeyForm::Clear {
            return match self.place(session, space, &[]) {
                Ok(_) => self.inner.keys(session, space, after, limit),
                Err(error) => failed(error),
            };
        }
        let rows = self.scan(session, space, after, limit);
        Box::pin(async move { Ok(rows.await?.into_iter().map(|(key, _)| key).collect()) })
    }

    fn commit(&self, session: SessionKey, batch: Batch) -> Pending<()> {
        match self.seal(session, batch) {
            Ok(batch) => self.inner.commit(session, batch),
            Err(error) => failed(error),
        }
    }

    fn list_sessions(&self) -> Pending<Vec<SessionName>> {
        let (keys, listed) = (Arc::clone(&self.keys), self.inner.list_sessions());
        Box::pin(async move {
            let names = listed.await?;
            let mut names = names.iter().map(|name| keys.open_name(name)).collect::<Result<Vec<_>, _>>()?;
            names.sort_unstable();
            Ok(names)
        })
    }

    fn erase(&self, name: &SessionName) -> Pending<bool> {
        let (name, erasing) = (name.clone(), self.inner.erase(&self.keys.seal_name(name)));
        Box::pin(async move { erasing.await.map_err(|error| named(error, &name)) })
    }
}

#[cfg(test)]
mod seal_tests;
