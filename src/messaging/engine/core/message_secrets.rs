//! The secrets of messages: votes, sealed edits and the answers of bots are encrypted with them.

use super::{EngineCore, FollowUp};
use crate::crypto::Secret;
use crate::messaging::address::{Kind, User};
use crate::messaging::content::{self, Read};
use crate::messaging::history::lasting_options;
use crate::messaging::record_cache::{
    MessageSecret, MissingRecords, RecentSecret, RecordRequirements, RecordTable, StoredRecord, Table,
    authored_key,
};
use crate::stanza::Jid;
use crate::store::{Batch, Space};

/// Secrets of messages that are no polls are kept for this time, and for twice this time at most. Official clients keep them for
/// 30 days.
const PERIOD_MS: i64 = 30 * 24 * 3_600_000;

impl EngineCore {
    /// Keeps the secret of a message of our own.
    pub(in crate::messaging::engine) fn keep_own_secret(
        &mut self,
        id: &str,
        chat: &Jid,
        content: &content::Outgoing,
        unix_ms: i64,
    ) {
        if content.shape.edit.is_some() || content.shape.stanza_type == "reaction" {
            return;
        }
        let Ok(read) = content::parse(&content.message) else { return };
        if let Some(own) = self.own_user(Kind::Lid) {
            self.keep_secret(&own, id, chat, &read, unix_ms);
        }
    }

    /// Keeps the secret of a message: for good if it can be voted on or asks a bot, for some time if it is any other that may be
    /// edited or reacted to in the sealed form.
    pub(in crate::messaging::engine) fn keep_secret(
        &mut self,
        author: &User,
        id: &str,
        chat: &Jid,
        read: &Read,
        unix_ms: i64,
    ) {
        let Some(secret) = read.secret.clone().filter(|_| read.body.target().is_none()) else { return };
        let Some((options, selectable)) = lasting_options(chat, read) else {
            self.follow_ups.push_back(FollowUp::Secret {
                author: author.clone(),
                id: id.into(),
                secret,
                unix_ms,
            });
            return;
        };
        self.cache.secrets.put(&authored_key(author, id), MessageSecret { secret, options, selectable });
    }

    /// Keeps a secret for some time, counted from `unix_ms`, which is not later than `now_ms`: whoever sets the time of a message
    /// must not be able to end the periods before their time.
    pub(in crate::messaging::engine) fn keep_recent(
        &mut self,
        author: &User,
        id: &str,
        secret: &Secret<32>,
        unix_ms: i64,
        now_ms: i64,
    ) -> Result<(), MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.record(&self.cache, RecordTable::SecretPeriods, Vec::new());
        wants.met()?;
        let period_of = |unix_ms: i64| unix_ms.div_euclid(PERIOD_MS).max(1).unsigned_abs();
        let (period, current) = (period_of(unix_ms.min(now_ms)), period_of(now_ms));
        let is_odd = period % 2 == 1;
        let mut held = self.cache.secret_periods.get(&[]).copied().unwrap_or_default();
        let (space, kept) =
            if is_odd { (Space::SecretOdd, &mut held.odd) } else { (Space::SecretEven, &mut held.even) };
        // A period that is yet to come was noted by a clock that was ahead: nothing is known to be old.
        let was_ahead = *kept > current;
        if *kept > period && !was_ahead {
            return Ok(());
        }
        if *kept != period {
            *kept = period;
            if !was_ahead {
                self.written.delete_space(space);
            }
            self.cache.secret_periods.put(&[], held);
        }
        let key = authored_key(author, id);
        let secret = MessageSecret { secret: secret.clone(), options: Vec::new(), selectable: 0 };
        // Few of them are ever looked up: they need not be in the cache.
        if is_odd {
            put(&mut self.cache.odd_secrets, &mut self.written, &key, RecentSecret(secret));
        } else {
            put(&mut self.cache.even_secrets, &mut self.written, &key, RecentSecret(secret));
        }
        Ok(())
    }

    /// Returns the secret that is kept under a key of [`authored_key`].
    pub(in crate::messaging::engine) fn secret_of(&self, key: &[u8]) -> Option<&MessageSecret> {
        let even = || self.cache.even_secrets.get(key).map(|recent| &recent.0);
        let odd = || self.cache.odd_secrets.get(key).map(|recent| &recent.0);
        self.cache.secrets.get(key).or_else(even).or_else(odd)
    }
}

/// Puts a record into the store, and past the cache unless the cache knows about its key.
fn put<R: StoredRecord>(table: &mut Table<R>, written: &mut Batch, key: &[u8], mut record: R) {
    if table.is_cached(key) {
        table.put(key, record);
    } else {
        record.save(key, written);
    }
}
