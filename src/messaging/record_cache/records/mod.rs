//! The records of messaging as they are kept: each with its protobuf form, in one place.

/// A record made of one protobuf message.
macro_rules! one_message {
    ($record:ty, $space:ident, $wire:ty) => {
        impl StoredRecord for $record {
            const SPACES: &'static [Space] = &[Space::$space];

            fn load(parts: &[Option<Value>]) -> Result<Self, StoreError> {
                let wire: $wire = codec::decode(Space::$space, first(parts))?;
                <$record>::from_wire(wire).ok_or_else(|| codec::error(Space::$space, "it is damaged"))
            }

            fn save(&mut self, key: &[u8], batch: &mut Batch) {
                batch.put(Space::$space, key, codec::encode(&self.to_wire()));
            }
        }
    };
}

/// A record of the Signal layer, in a part that changes with every message and one that seldom does.
macro_rules! two_parts {
    ($record:ty, $hot:ident, $cold:ident) => {
        impl StoredRecord for $record {
            const SPACES: &'static [Space] = &[Space::$hot, Space::$cold];

            fn load(parts: &[Option<Value>]) -> Result<Self, StoreError> {
                let cold = parts.get(1).and_then(|part| part.as_deref());
                Self::decode(first(parts), cold).map_err(|_| codec::error(Space::$hot, "it is damaged"))
            }

            fn save(&mut self, key: &[u8], batch: &mut Batch) {
                let saved = Self::save(self);
                batch.put(Space::$hot, key, Value::from(saved.hot.as_slice()));
                if let Some(cold) = saved.cold {
                    batch.put(Space::$cold, key, Value::from(cold.as_slice()));
                }
            }
        }
    };
}

mod contact;
mod devices;
mod groups;
mod keys;
mod names;
mod secrets;
mod sent;
#[cfg(test)]
mod tests;

pub(crate) use contact::ContactRecord;
pub(crate) use devices::{DeviceList, ListedDevice};
pub(crate) use groups::{GroupRecord, SenderKeyHolders};
pub(crate) use keys::EarlierPrekey;
pub(crate) use names::{IdentityAlias, PinnedIdentity};
pub(crate) use secrets::{MessageSecret, RecentSecret, SecretPeriods};
pub(crate) use sent::{Answered, Asked, SentRecord};

use crate::messaging::content::Expiration;
use crate::store::Value;

/// The first part, which is there whenever a record is loaded.
fn first(parts: &[Option<Value>]) -> &[u8] {
    parts.first().and_then(|part| part.as_deref()).unwrap_or_default()
}

/// A timer; the time 0 stands for one that is not known.
fn timer(seconds: u32, set_at: i64) -> Expiration {
    Expiration { seconds, set_at: Some(set_at).filter(|at| *at != 0) }
}
