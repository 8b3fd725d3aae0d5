//! The record that says that a store is sealed. It is the only one in the clear.

use super::SealKey;
use super::keys::Keys;
use crate::crypto::{OsRandom, Secret, hkdf, random_array, sha256};
use crate::store::{Backend, Batch, Session, SessionName, Space, StoreError, Value};
use std::sync::Arc;

/// The format that has a check of its own, so that a damaged record is told from another key.
const FORMAT: u8 = 2;
/// The one before.
const UNCHECKED: u8 = 1;
/// The length of the check, in bytes.
const SUM: usize = 8;

/// The parameters of a store's seal.
#[derive(Clone, Debug)]
pub(super) struct SealHeader {
    salt: [u8; 32],
    /// Follows from salt and key; nothing follows from it.
    check: Secret<32>,
}

impl SealHeader {
    fn new(salt: [u8; 32], key: &SealKey) -> Self {
        SealHeader { salt, check: check(&salt, key) }
    }

    /// The keys that everything in the store is sealed with, if this is the right one.
    pub(super) fn keys(&self, key: &SealKey) -> Result<Keys, StoreError> {
        if check(&self.salt, key) != self.check {
            return Err(StoreError::WrongSealKey);
        }
        Ok(Keys::derive(&self.salt, key))
    }

    fn to_value(&self) -> Value {
        let content = [&[FORMAT][..], &self.salt, self.check.as_bytes()].concat();
        [&content[..], &sum(&content)].concat().into()
    }

    fn from_value(value: &[u8]) -> Result<Self, StoreError> {
        let error = |what| StoreError::Record { space: Space::Seal, what };
        let rest = match value.split_last_chunk() {
            Some(([FORMAT, rest @ ..], last)) if sum(&[&[FORMAT], rest].concat()) == *last => rest,
            _ => match value {
                [UNCHECKED, rest @ ..] if rest.len() == 64 => rest,
                [] => return Err(error("it is empty")),
                [FORMAT | UNCHECKED, ..] => return Err(error("it is damaged")),
                _ => return Err(error("it is damaged, or a newer version of this library wrote it")),
            },
        };
        let (salt, check) = rest.split_first_chunk().ok_or_else(|| error("it is damaged"))?;
        let check = Secret::from_slice(check).ok_or_else(|| error("it is damaged"))?;
        Ok(SealHeader { salt: *salt, check })
    }
}

fn sum(content: &[u8]) -> [u8; SUM] {
    let mut sum = [0; SUM];
    sum.iter_mut().zip(sha256(&[content])).for_each(|(to, from)| *to = from);
    sum
}

fn check(salt: &[u8], key: &SealKey) -> Secret<32> {
    hkdf(Some(salt), key.as_bytes(), b"libwa store, check of the key")
}

/// A session that no host can have, in which nothing is stored.
async fn visit(backend: &Arc<dyn Backend>) -> Result<Session, StoreError> {
    Session::open(Arc::clone(backend), &SessionName::made("\0seal")).await
}

/// The header of a sealed store; `None` if it is not sealed.
pub(super) async fn read(backend: &Arc<dyn Backend>) -> Result<Option<SealHeader>, StoreError> {
    let value = visit(backend).await?.get(Space::Seal, &[]).await?;
    value.map(|value| SealHeader::from_value(&value)).transpose()
}

/// Seals a store in which nothing is yet.
pub(super) async fn write(backend: &Arc<dyn Backend>, key: &SealKey) -> Result<SealHeader, StoreError> {
    let visit = visit(backend).await?;
    let is_new =
        backend.list_sessions().await?.is_empty() && visit.keys(Space::Limiter, None, 1).await?.is_empty();
    if !is_new {
        return Err(StoreError::NotSealed);
    }
    let header = SealHeader::new(random_array(&mut OsRandom), key);
    let mut batch = Batch::new();
    batch.require(Space::Seal, Vec::new(), None).put(Space::Seal, Vec::new(), header.to_value());
    visit.commit(batch).await?;
    Ok(header)
}
