//! Sessions, sender keys and prekeys, which bring their own codecs.

use super::super::table::StoredRecord;
use super::first;
use crate::signal::{OwnSenderKey, SenderKeyRecord, SessionRecord};
use crate::store::records::{OneTimePrekey, SignedPrekey, codec};
use crate::store::{Batch, Space, StoreError, Value};

/// A signed prekey of ours that was replaced. Messages on their way may still need it.
pub(crate) struct EarlierPrekey(pub(crate) SignedPrekey);

two_parts!(SessionRecord, Session, SessionArchive);
two_parts!(SenderKeyRecord, SenderKey, SenderKeyArchive);

impl StoredRecord for OwnSenderKey {
    const SPACES: &'static [Space] = &[Space::OwnSenderKey];

    fn load(parts: &[Option<Value>]) -> Result<Self, StoreError> {
        Self::decode(first(parts)).map_err(|_| codec::error(Space::OwnSenderKey, "it is damaged"))
    }

    fn save(&mut self, key: &[u8], batch: &mut Batch) {
        batch.put(Space::OwnSenderKey, key, Value::from(self.save().as_slice()));
    }
}

impl StoredRecord for EarlierPrekey {
    const SPACES: &'static [Space] = &[Space::SignedPrekey];

    fn load(parts: &[Option<Value>]) -> Result<Self, StoreError> {
        SignedPrekey::decode(first(parts)).map(Self)
    }

    fn save(&mut self, key: &[u8], batch: &mut Batch) {
        batch.put(Space::SignedPrekey, key, self.0.encode());
    }
}

impl StoredRecord for OneTimePrekey {
    const SPACES: &'static [Space] = &[Space::OneTimePrekey];

    fn load(parts: &[Option<Value>]) -> Result<Self, StoreError> {
        Self::decode(first(parts))
    }

    fn save(&mut self, key: &[u8], batch: &mut Batch) {
        batch.put(Space::OneTimePrekey, key, self.encode());
    }
}
