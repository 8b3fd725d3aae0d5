//! [`Table`]: the records of one kind that are at hand, with marks of what is to be written.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::store::{Batch, Space, StoreError, Value};

/// A record that the desk can hold.
pub(crate) trait Kept: Sized {
    /// Where it is kept. A record may have parts; each has its space, all have the same key.
    const SPACES: &'static [Space];

    /// The record made of its stored parts, in the order of [`Kept::SPACES`]. The first part is there.
    fn load(parts: &[Option<Value>]) -> Result<Self, StoreError>;

    /// Adds what has changed to a batch.
    fn save(&mut self, key: &[u8], batch: &mut Batch);
}

/// What a [`Table`] knows of one key.
struct Slot<V> {
    /// `None`: nothing is stored under this key.
    value: Option<V>,
    dirty: bool,
    /// The round in which it was used last.
    used: AtomicU32,
}

/// The records of one kind. A key is either at hand, and then the table knows whether there is a record, or it is not.
pub(crate) struct Table<V> {
    slots: HashMap<Vec<u8>, Slot<V>>,
    /// Keys that are to be written, each once.
    dirty: Vec<Vec<u8>>,
    round: u32,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { slots: HashMap::new(), dirty: Vec::new(), round: 0 }
    }
}

impl<V: Kept> Table<V> {
    /// Whether the table knows about this key.
    pub(crate) fn is_at_hand(&self, key: &[u8]) -> bool {
        self.slots.contains_key(key)
    }

    /// The record, if there is one and it is at hand.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&V> {
        let slot = self.slots.get(key)?;
        slot.used.store(self.round, Ordering::Relaxed);
        slot.value.as_ref()
    }

    /// The record, to be changed: it is written with the next batch.
    pub(crate) fn change(&mut self, key: &[u8]) -> Option<&mut V> {
        let slot = self.slots.get_mut(key)?;
        slot.used.store(self.round, Ordering::Relaxed);
        let value = slot.value.as_mut()?;
        if !slot.dirty {
            slot.dirty = true;
            self.dirty.push(key.to_vec());
        }
        Some(value)
    }

    /// The record for a change that need not be written.
    pub(crate) fn use_quietly(&mut self, key: &[u8]) -> Option<&mut V> {
        let slot = self.slots.get_mut(key)?;
        slot.used.store(self.round, Ordering::Relaxed);
        slot.value.as_mut()
    }

    /// Puts a record under a key, in place of what is there.
    pub(crate) fn put(&mut self, key: &[u8], value: V) {
        self.set(key, Some(value));
    }

    /// Removes the record.
    pub(crate) fn remove(&mut self, key: &[u8]) {
        self.set(key, None);
    }

    /// Takes the record away, to be put elsewhere.
    pub(crate) fn take(&mut self, key: &[u8]) -> Option<V> {
        let taken = self.slots.get_mut(key)?.value.take()?;
        self.mark(key);
        Some(taken)
    }

    fn set(&mut self, key: &[u8], value: Option<V>) {
        let used = AtomicU32::new(self.round);
        match self.slots.get_mut(key) {
            Some(slot) => slot.value = value,
            None => drop(self.slots.insert(key.to_vec(), Slot { value, dirty: false, used })),
        }
        self.mark(key);
    }

    fn mark(&mut self, key: &[u8]) {
        if let Some(slot) = self.slots.get_mut(key)
            && !slot.dirty
        {
            slot.dirty = true;
            self.dirty.push(key.to_vec());
        }
    }

    /// Takes in what the store holds under a key. What is at hand already is newer.
    pub(crate) fn loaded(&mut self, key: Vec<u8>, parts: &[Option<Value>]) -> Result<(), StoreError> {
        if self.is_at_hand(&key) {
            return Ok(());
        }
        let value = match parts.first() {
            Some(Some(_)) => Some(V::load(parts)?),
            _ => None,
        };
        self.slots.insert(key, Slot { value, dirty: false, used: AtomicU32::new(self.round) });
        Ok(())
    }

    /// Whether something is to be written.
    pub(crate) fn has_changes(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Adds everything that has changed to a batch.
    pub(crate) fn flush(&mut self, batch: &mut Batch) {
        for key in self.dirty.drain(..) {
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            slot.dirty = false;
            match &mut slot.value {
                Some(value) => value.save(&key, batch),
                None => {
                    for space in V::SPACES {
                        batch.delete(*space, key.as_slice());
                    }
                }
            }
        }
        self.round = self.round.wrapping_add(1);
    }

    /// Forgets what was not used for some rounds, if more than `most` keys are at hand. What is to be written stays.
    pub(crate) fn tidy(&mut self, most: usize) {
        const RECENT: u32 = 8;
        if self.slots.len() > most {
            let round = self.round;
            self.slots.retain(|_, slot| {
                slot.dirty || round.wrapping_sub(slot.used.load(Ordering::Relaxed)) < RECENT
            });
            self.slots.shrink_to(most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Op;

    struct Word(String);

    impl Kept for Word {
        const SPACES: &'static [Space] = &[Space::Identity];

        fn load(parts: &[Option<Value>]) -> Result<Self, StoreError> {
            Ok(Word(String::from_utf8(parts[0].as_deref().unwrap().to_vec()).unwrap()))
        }

        fn save(&mut self, key: &[u8], batch: &mut Batch) {
            batch.put(Space::Identity, key, self.0.as_bytes());
        }
    }

    fn written(table: &mut Table<Word>) -> Vec<String> {
        let mut batch = Batch::new();
        table.flush(&mut batch);
        let show = |op: &Op| match op {
            Op::Put { key, value, .. } => format!("{}={}", key.escape_ascii(), value.escape_ascii()),
            Op::Delete { key, .. } => format!("{}-", key.escape_ascii()),
            other => format!("{other:?}"),
        };
        batch.ops().iter().map(show).collect()
    }

    #[test]
    fn only_what_changed_is_written_and_once() {
        let mut table = Table::default();
        assert!(!table.is_at_hand(b"a"));
        table.loaded(b"a".to_vec(), &[Some(Value::from(&b"one"[..]))]).unwrap();
        table.loaded(b"b".to_vec(), &[None]).unwrap();
        assert!(table.is_at_hand(b"b") && table.get(b"b").is_none());
        assert!(written(&mut table).is_empty());
        table.change(b"a").unwrap().0.push('!');
        table.change(b"a").unwrap().0.push('!');
        table.put(b"b", Word("two".into()));
        table.use_quietly(b"b").unwrap().0.push('?');
        assert_eq!(written(&mut table), ["a=one!!", "b=two?"]);
        table.remove(b"a");
        assert!(table.take(b"b").is_some() && table.get(b"b").is_none());
        assert_eq!(written(&mut table), ["a-", "b-"]);
        assert!(written(&mut table).is_empty());
    }

    #[test]
    fn what_is_at_hand_is_newer_than_what_comes_from_the_store() {
        let mut table = Table::default();
        table.put(b"a", Word("new".into()));
        table.loaded(b"a".to_vec(), &[Some(Value::from(&b"old"[..]))]).unwrap();
        assert_eq!(table.get(b"a").unwrap().0, "new");
    }

    #[test]
    fn tidying_keeps_what_is_fresh_or_unwritten() {
        let mut table = Table::default();
        for number in 0u8..20 {
            table.put(&[number], Word("x".into()));
        }
        for _ in 0..10 {
            written(&mut table);
        }
        table.get(&[3]);
        table.change(&[4]).unwrap();
        table.tidy(20);
        assert!(table.is_at_hand(&[5]), "within the limit nothing is forgotten");
        table.tidy(10);
        assert!(table.is_at_hand(&[3]) && table.is_at_hand(&[4]) && !table.is_at_hand(&[5]));
    }
}
