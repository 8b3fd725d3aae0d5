//! [`Table`]: the cached records of one kind, with marks of those to be written.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::store::{Batch, Op, Space, StoreError, Value};

/// Most parts that a record has.
const PARTS: usize = 2;

/// A record that the cache can hold.
pub(crate) trait StoredRecord: Sized {
    /// The namespaces of its parts. A record may have parts; each has its namespace, all have the same key.
    const SPACES: &'static [Space];

    /// The record made of its stored parts, in the order of [`StoredRecord::SPACES`]. The first part is there.
    fn load(parts: &[Option<Value>]) -> Result<Self, StoreError>;

    /// Adds what has changed to a batch.
    fn save(&mut self, key: &[u8], batch: &mut Batch);
}

/// The slot of one key in a [`Table`].
struct CacheSlot<V> {
    /// `None`: nothing is stored under this key.
    value: Option<V>,
    dirty: bool,
    /// The round in which it was used last.
    used: AtomicU32,
    /// The lengths of its parts in the store, about as long as in memory.
    lengths: [usize; PARTS],
}

impl<V> CacheSlot<V> {
    fn new(value: Option<V>, round: u32) -> Self {
        Self { value, dirty: false, used: AtomicU32::new(round), lengths: [0; PARTS] }
    }

    fn weight(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// Returns the number of rounds since it was last used.
    fn age(&self, round: u32) -> u32 {
        round.wrapping_sub(self.used.load(Ordering::Relaxed))
    }
}

/// The records of one kind. A key is either cached, and then the table knows whether there is a record, or it is not.
pub(crate) struct Table<V> {
    slots: HashMap<Vec<u8>, CacheSlot<V>>,
    /// Keys that are to be written, each once.
    dirty: Vec<Vec<u8>>,
    round: u32,
    /// The weight of all slots. A record that was never written is weighed when it is.
    weight: usize,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { slots: HashMap::new(), dirty: Vec::new(), round: 0, weight: 0 }
    }
}

impl<V: StoredRecord> Table<V> {
    /// Returns whether the key is cached.
    pub(crate) fn is_cached(&self, key: &[u8]) -> bool {
        self.slots.contains_key(key)
    }

    /// Returns the record, if there is one and it is cached.
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
        let round = self.round;
        match self.slots.get_mut(key) {
            Some(slot) => slot.value = value,
            None => drop(self.slots.insert(key.to_vec(), CacheSlot::new(value, round))),
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

    /// Adds the stored parts of a key. A cached record is newer and stays.
    pub(crate) fn loaded(&mut self, key: Vec<u8>, parts: &[Option<Value>]) -> Result<(), StoreError> {
        if self.is_cached(&key) {
            return Ok(());
        }
        let value = match parts.first() {
            Some(Some(_)) => Some(V::load(parts)?),
            _ => None,
        };
        let mut slot = CacheSlot::new(value, self.round);
        for (length, part) in slot.lengths.iter_mut().zip(parts) {
            *length = part.as_ref().map_or(0, |part| part.len());
        }
        self.weight += slot.weight();
        self.slots.insert(key, slot);
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// Returns whether there are changes to write.
    pub(crate) fn has_changes(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Adds everything that has changed to a batch.
    pub(crate) fn flush(&mut self, batch: &mut Batch) {
        for key in self.dirty.drain(..) {
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            slot.dirty = false;
            self.weight -= slot.weight();
            match &mut slot.value {
                Some(value) => {
                    let before = batch.ops().len();
                    value.save(&key, batch);
                    for op in batch.ops().iter().skip(before) {
                        let Op::Put { space, value, .. } = op else { continue };
                        let part = V::SPACES.iter().position(|own| own == space);
                        if let Some(length) = part.and_then(|part| slot.lengths.get_mut(part)) {
                            *length = value.len();
                        }
                    }
                    self.weight += slot.weight();
                }
                None => {
                    slot.lengths = [0; PARTS];
                    for space in V::SPACES {
                        batch.delete(*space, key.as_slice());
                    }
                }
            }
        }
        self.round = self.round.wrapping_add(1);
    }

    /// Evicts records that were not used for some rounds, if more than `most` keys are cached; and the least recently used, if
    /// all weigh more than `heaviest`. Changed records stay.
    pub(crate) fn tidy(&mut self, most: usize, heaviest: usize) {
        const RECENT: u32 = 8;
        let round = self.round;
        if self.slots.len() > most {
            self.slots.retain(|_, slot| {
                let stays = slot.dirty || slot.age(round) < RECENT;
                self.weight -= if stays { 0 } else { slot.weight() };
                stays
            });
            self.slots.shrink_to(most);
        }
        if self.weight > heaviest {
            // Somewhat below, so that the next record does not bring us here again.
            self.shed(heaviest / 4 * 3);
            self.slots.shrink_to_fit();
        }
    }

    /// Forgets records, those first that were not used for longest, until the others weigh no more than that.
    fn shed(&mut self, target: usize) {
        let round = self.round;
        let written = self.slots.iter().filter(|(_, slot)| !slot.dirty && slot.weight() > 0);
        let mut oldest: Vec<(u32, Vec<u8>)> =
            written.map(|(key, slot)| (slot.age(round), key.clone())).collect();
        oldest.sort_unstable_by_key(|(age, _)| Reverse(*age));
        for (_, key) in oldest {
            if self.weight <= target {
                break;
            }
            if let Some(slot) = self.slots.remove(&key) {
                self.weight -= slot.weight();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Op;

    struct Word(String);

    impl StoredRecord for Word {
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
        assert!(!table.is_cached(b"a"));
        table.loaded(b"a".to_vec(), &[Some(Value::from(&b"one"[..]))]).unwrap();
        table.loaded(b"b".to_vec(), &[None]).unwrap();
        assert!(table.is_cached(b"b") && table.get(b"b").is_none());
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
        table.tidy(20, usize::MAX);
        assert!(table.is_cached(&[5]), "within the limit nothing is forgotten");
        table.tidy(10, usize::MAX);
        assert!(table.is_cached(&[3]) && table.is_cached(&[4]) && !table.is_cached(&[5]));
        assert_eq!(table.weight, 2);
    }

    #[test]
    fn what_is_heavy_makes_room_however_few_there_are_and_the_oldest_goes_first() {
        let mut table = Table::default();
        for number in 0u8..8 {
            table.put(&[number], Word("x".repeat(100)));
            written(&mut table);
        }
        table.loaded(vec![9], &[Some(Value::from(&[b'y'; 50][..]))]).unwrap();
        assert_eq!(table.weight, 850);
        table.tidy(20, 850);
        assert_eq!(table.slots.len(), 9, "within the limit nothing is forgotten");
        table.get(&[0]);
        table.change(&[1]).unwrap();
        table.tidy(20, 800);
        let left: Vec<u8> = (0..10).filter(|number| table.is_cached(&[*number])).collect();
        assert_eq!((left.as_slice(), table.weight), (&[0, 1, 5, 6, 7, 9][..], 550));
        // A record that grows is weighed again when it is written, and a removed one weighs nothing.
        table.change(&[0]).unwrap().0.push_str(&"x".repeat(1_000));
        table.remove(&[7]);
        written(&mut table);
        assert_eq!(table.weight, 1_450);
        table.tidy(20, 1_000);
        assert!(table.is_cached(&[7]), "that there is nothing is known at no cost");
        assert!(table.weight <= 750, "{}", table.weight);
    }
}
