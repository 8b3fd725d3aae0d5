//! [`DedupWindow`]: which messages were shown already, so that none is shown twice as new.
//!
//! The ratchets recognise a ciphertext that comes again. This is for a message that comes again under a new ciphertext: sent
//! twice by a client that lost its connection, or answered to a request after the first copy could be read after all.

use std::collections::{HashSet, VecDeque};

use crate::crypto::sha256;
use crate::messaging::address::User;
use crate::stanza::Jid;
use crate::store::records::codec;
use crate::store::{Batch, Space, StoreError, Value};

/// The number of messages that are remembered.
const MOST: usize = 16_384;
/// The number of rows that they may be spread over.
const MOST_ROWS: usize = 1024;

/// The fingerprints of recent messages. Those of one commit are one row in the store.
#[derive(Default)]
pub(crate) struct DedupWindow {
    fingerprints: HashSet<u64>,
    /// The rows in the store, oldest first: number and what they hold.
    rows: VecDeque<(u64, Vec<u64>)>,
    next_row: u64,
    fresh: Vec<u64>,
}

impl DedupWindow {
    /// Reads what the store has, in any order.
    pub(crate) fn load(rows: Vec<(Vec<u8>, Value)>) -> Result<Self, StoreError> {
        let damaged = || codec::error(Space::Known, "it is damaged");
        let mut known = Self::default();
        for (key, value) in rows {
            let number = u64::from_be_bytes(key.as_slice().try_into().map_err(|_| damaged())?);
            let (fingerprints, rest) = value.as_chunks::<8>();
            if !rest.is_empty() {
                return Err(damaged());
            }
            let fingerprints: Vec<u64> =
                fingerprints.iter().map(|bytes| u64::from_be_bytes(*bytes)).collect();
            known.fingerprints.extend(&fingerprints);
            known.rows.push_back((number, fingerprints));
        }
        known.rows.make_contiguous().sort_unstable_by_key(|(number, _)| *number);
        known.next_row = known.rows.back().map_or(0, |(number, _)| number + 1);
        Ok(known)
    }

    /// Returns whether a message was noted.
    pub(crate) fn contains(&self, chat: &Jid, sender: &User, id: &str) -> bool {
        self.fingerprints.contains(&fingerprint(chat, sender, id))
    }

    /// Notes a message. False if it was noted before.
    pub(crate) fn insert(&mut self, chat: &Jid, sender: &User, id: &str) -> bool {
        let fingerprint = fingerprint(chat, sender, id);
        let new = self.fingerprints.insert(fingerprint);
        if new {
            self.fresh.push(fingerprint);
        }
        new
    }

    /// Returns whether there are unsaved changes.
    pub(crate) fn has_changes(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// Adds what is new to a batch, and lets go of the oldest.
    pub(crate) fn flush(&mut self, batch: &mut Batch) {
        if self.fresh.is_empty() {
            return;
        }
        let fresh = std::mem::take(&mut self.fresh);
        let bytes: Vec<u8> = fresh.iter().flat_map(|fingerprint| fingerprint.to_be_bytes()).collect();
        batch.put(Space::Known, self.next_row.to_be_bytes(), Value::without_keys(bytes));
        self.rows.push_back((self.next_row, fresh));
        self.next_row += 1;
        while self.fingerprints.len() > MOST || self.rows.len() > MOST_ROWS {
            let Some((number, old)) = self.rows.pop_front() else { break };
            batch.delete(Space::Known, number.to_be_bytes());
            for fingerprint in old {
                self.fingerprints.remove(&fingerprint);
            }
        }
    }
}

fn fingerprint(chat: &Jid, sender: &User, id: &str) -> u64 {
    let chat = chat.to_string();
    let digest = sha256(&[chat.as_bytes(), &[0], &sender.key(), &[0], id.as_bytes()]);
    u64::from_be_bytes(*digest.first_chunk().unwrap_or(&[0; 8]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Op;

    fn user() -> User {
        User::of(&"15551234567@s.whatsapp.net".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_message_is_new_once_and_after_a_restart_too() {
        let (chat, mut known) = (user().jid(), DedupWindow::default());
        assert!(known.insert(&chat, &user(), "A"));
        assert!(!known.insert(&chat, &user(), "A"));
        assert!(known.insert(&"1@g.us".parse().unwrap(), &user(), "A"));
        let mut batch = Batch::new();
        known.flush(&mut batch);
        known.flush(&mut batch);
        let rows: Vec<_> = batch
            .ops()
            .iter()
            .map(|op| match op {
                Op::Put { key, value, .. } => (key.clone(), value.clone()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(rows.len(), 1);
        let mut again = DedupWindow::load(rows).unwrap();
        assert!(!again.insert(&chat, &user(), "A"));
        assert!(again.insert(&chat, &user(), "B"));
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let (chat, mut known) = (user().jid(), DedupWindow::default());
        for row in 0..MOST_ROWS + 100 {
            for message in 0..20 {
                known.insert(&chat, &user(), &format!("{row}-{message}"));
            }
            known.flush(&mut Batch::new());
        }
        assert!(known.fingerprints.len() <= MOST && known.rows.len() <= MOST_ROWS);
        assert!(!known.insert(&chat, &user(), &format!("{}-0", MOST_ROWS + 99)));
    }

    #[test]
    fn damage_is_an_error() {
        assert!(DedupWindow::load(vec![(vec![1], Value::from(vec![]))]).is_err());
        assert!(DedupWindow::load(vec![(vec![0; 8], Value::from(vec![1]))]).is_err());
    }
}
