//! The record cache: the records that a session's messaging works on at the moment.
//!
//! Nothing here waits for a disk. A step of the engine first names the records it needs ([`RecordRequirements`]). Uncached ones
//! come back as [`MissingRecords`], the driver loads them, and the step is run again from its beginning. Changes of a step are
//! marked, and [`RecordCache::flush`] writes all of them into the batch of the next commit. If the commit fails, drop the cache:
//! the store is authoritative.

mod identity_map;
mod records;
mod table;

pub(crate) use identity_map::Resolved;
pub(crate) use records::{
    Answered, Asked, ContactRecord, DeviceList, EarlierPrekey, GroupRecord, IdentityAlias, ListedDevice,
    MessageSecret, PinnedIdentity, RecentSecret, SecretPeriods, SenderKeyHolders, SentRecord,
};
pub(crate) use table::{StoredRecord, Table};

use std::collections::HashSet;

use crate::messaging::address::{Address, User};
use crate::signal::{OwnSenderKey, SenderKeyRecord, SessionRecord};
use crate::stanza::Jid;
use crate::store::records::OneTimePrekey;
use crate::store::{Batch, Space, StoreError, Value};

/// The number of records of a kind that stay in the cache when the host or the server let them rest.
const MOST_AT_REST: usize = 2048;
/// The largest size in bytes of all of them together. A device that leaves out messages makes its records heavy: each takes up
/// to 400 KB then, and a session with its archive much more.
const HEAVIEST_AT_REST: usize = 4 << 20;

macro_rules! cache {
    ($($(#[doc = $doc:literal])+ $table:ident: $variant:ident = $record:ty,)+) => {
        /// The table a record belongs to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum RecordTable { $($(#[doc = $doc])+ $variant,)+ }

        impl RecordTable {
            /// Returns the namespaces of its records.
            pub(crate) fn spaces(self) -> &'static [Space] {
                match self { $(Self::$variant => <$record as StoredRecord>::SPACES,)+ }
            }
        }

        /// The cached records.
        #[derive(Default)]
        pub(crate) struct RecordCache {
            $($(#[doc = $doc])+ pub(crate) $table: Table<$record>,)+
            /// LID addresses whose records under the phone number, if there were any, were taken over.
            merged: HashSet<Address>,
        }

        impl RecordCache {
            fn is_cached(&self, table: RecordTable, key: &[u8]) -> bool {
                match table { $(RecordTable::$variant => self.$table.is_cached(key),)+ }
            }

            /// Adds a missing record: its parts in the order of [`RecordTable::spaces`].
            pub(crate) fn loaded(&mut self, want: RecordKey, parts: &[Option<Value>]) -> Result<(), StoreError> {
                match want.table { $(RecordTable::$variant => self.$table.loaded(want.key, parts),)+ }
            }

            /// Returns whether there are changes that are not in a batch yet.
            pub(crate) fn has_changes(&self) -> bool {
                false $(|| self.$table.has_changes())+
            }

            /// Adds everything that has changed to a batch, and forgets what was not used for long if there is much of it.
            pub(crate) fn flush(&mut self, batch: &mut Batch) {
                $(self.$table.flush(batch); self.$table.tidy(MOST_AT_REST, HEAVIEST_AT_REST);)+
                if self.merged.len() > 4 * MOST_AT_REST {
                    self.merged.clear();
                }
            }
        }
    };
}

cache! {
    /// The other name of a user, by user.
    names: Names = IdentityAlias,
    /// Identity keys, by address.
    pins: Pins = PinnedIdentity,
    /// Sessions, by address.
    sessions: Sessions = SessionRecord,
    /// Sender keys of others, by group and address.
    sender_keys: SenderKeys = SenderKeyRecord,
    /// Our sender keys, by group.
    own_keys: OwnKeys = OwnSenderKey,
    /// The devices that have our sender key, by group.
    holders: SenderKeyHolders = SenderKeyHolders,
    /// Device lists, by user.
    devices: Devices = DeviceList,
    /// Groups, by JID.
    groups: Groups = GroupRecord,
    /// Our messages, by id.
    outbox: Outbox = SentRecord,
    /// Requests to send again, by message.
    asked: Asked = Asked,
    /// Answers to such requests, by message and device.
    answered: Answered = Answered,
    /// Secrets of messages, by message.
    secrets: Secrets = MessageSecret,
    /// Secrets of messages of even periods, by message.
    even_secrets: EvenSecrets = RecentSecret<false>,
    /// Secrets of messages of odd periods, by message.
    odd_secrets: OddSecrets = RecentSecret<true>,
    /// Of which periods these are.
    secret_periods: SecretPeriods = SecretPeriods,
    /// Privacy tokens, by user.
    contacts: Contacts = ContactRecord,
    /// Our one-time prekeys, by id.
    prekeys: Prekeys = OneTimePrekey,
    /// Our earlier signed prekeys, by id.
    signed_prekeys: SignedPrekeys = EarlierPrekey,
}

impl RecordCache {
    /// Drops the cached sessions and our sender keys, without a change to the store.
    pub(crate) fn forget_sending_keys(&mut self) {
        self.sessions = Table::default();
        self.own_keys = Table::default();
        self.holders = Table::default();
        self.merged.clear();
    }
}

/// The key of a record that is not cached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RecordKey {
    /// Its table.
    pub(crate) table: RecordTable,
    /// Its key.
    pub(crate) key: Vec<u8>,
}

/// The missing records of a step. It has changed nothing; load these and run it again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MissingRecords(pub(crate) Vec<RecordKey>);

/// Collects what a step needs.
#[derive(Default)]
pub(crate) struct RecordRequirements(Vec<RecordKey>);

impl RecordRequirements {
    /// Requires a record of that table; notes it if it is not cached.
    pub(crate) fn record(&mut self, cache: &RecordCache, table: RecordTable, key: impl Into<Vec<u8>>) {
        let key = key.into();
        if !cache.is_cached(table, &key) {
            self.0.push(RecordKey { table, key });
        }
    }

    /// Notes the names of these pairs that are not in the cache.
    pub(crate) fn pairs(&mut self, cache: &RecordCache, pairs: &[(User, User)]) {
        for (pn, lid) in pairs {
            self.name(cache, pn);
            self.name(cache, lid);
        }
    }

    /// Returns the records that are not cached.
    pub(crate) fn missing(self) -> Vec<RecordKey> {
        self.0
    }

    /// Returns an error if a required record is not cached: the step must wait.
    pub(crate) fn met(self) -> Result<(), MissingRecords> {
        if self.0.is_empty() { Ok(()) } else { Err(MissingRecords(self.0)) }
    }
}

/// The key of something that belongs to a group and one device in it.
pub(crate) fn member_key(group: &Jid, member: &Address) -> Vec<u8> {
    joined(&[group.to_string().as_bytes(), &member.key()])
}

/// The key of a message: chat, author and id.
pub(crate) fn message_key(chat: &Jid, author: &Address, id: &str) -> Vec<u8> {
    joined(&[chat.to_string().as_bytes(), &author.key(), id.as_bytes()])
}

/// The key of a message for those who refer to it: author and id. The chat goes by several names.
pub(crate) fn authored_key(author: &User, id: &str) -> Vec<u8> {
    joined(&[&author.key(), id.as_bytes()])
}

/// The key of what one device asked about one message.
pub(crate) fn asker_key(id: &str, asker: &Address) -> Vec<u8> {
    joined(&[id.as_bytes(), &asker.key()])
}

/// Parts with their lengths in front, so that no two lists of parts give the same bytes. Long texts from outside are cut down
/// to a digest, since the store limits its keys.
fn joined(parts: &[&[u8]]) -> Vec<u8> {
    const LONG: usize = 200;
    let mut key = Vec::with_capacity(64);
    for part in parts {
        if part.len() > LONG {
            key.push(u8::MAX);
            key.extend_from_slice(&crate::crypto::sha256(&[part]));
        } else {
            key.push(part.len() as u8);
            key.extend_from_slice(part);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::Seeded;
    use crate::signal::{SenderKeyDistribution, SenderKeyMessage};
    use crate::store::Op;

    /// A record as it is when a device has sent so many messages that never came, and the next message of that device.
    fn with_gap(gap: u32) -> (SenderKeyRecord, Vec<u8>) {
        let rng = &mut Seeded(1);
        let mut theirs = OwnSenderKey::generate(rng);
        let first = theirs.distribution();
        let mut record = SenderKeyRecord::default();
        record.accept(&SenderKeyDistribution::parse(&first).unwrap());
        for _ in 0..gap {
            theirs.encrypt(b"lost", rng).unwrap();
        }
        let came = theirs.encrypt(b"came", rng).unwrap().bytes;
        record.decrypt(&SenderKeyMessage::parse(&came).unwrap()).unwrap();
        (record, theirs.encrypt(b"next", rng).unwrap().bytes)
    }

    #[test]
    fn heavy_records_are_bounded_by_what_they_weigh_and_come_back_from_the_store() {
        let mut cache = RecordCache::default();
        let (record, next) = with_gap(2_000);
        let mut stored = std::collections::HashMap::new();
        for sender in 0..100u8 {
            cache.sender_keys.put(&[sender], record.clone());
            let mut batch = Batch::new();
            cache.flush(&mut batch);
            for op in batch.ops() {
                if let Op::Put { space, key, value } = op {
                    stored.insert((*space, key.clone()), value.clone());
                }
            }
            assert!(cache.sender_keys.weight() <= HEAVIEST_AT_REST);
        }
        let whole: usize = stored.values().map(|value| value.len()).sum();
        assert!(whole > HEAVIEST_AT_REST, "{whole} bytes would have fitted");
        let gone = (0..100u8).filter(|sender| !cache.is_cached(RecordTable::SenderKeys, &[*sender]));
        let gone: Vec<u8> = gone.collect();
        assert!(!gone.is_empty() && cache.is_cached(RecordTable::SenderKeys, &[99]));
        for sender in gone.iter().take(3) {
            let key = vec![*sender];
            let spaces = RecordTable::SenderKeys.spaces().iter();
            let parts: Vec<_> = spaces.map(|space| stored.get(&(*space, key.clone())).cloned()).collect();
            cache.loaded(RecordKey { table: RecordTable::SenderKeys, key: key.clone() }, &parts).unwrap();
            let message = SenderKeyMessage::parse(&next).unwrap();
            assert_eq!(cache.sender_keys.change(&key).unwrap().decrypt(&message).unwrap(), b"next");
        }
    }
}
