//! The keys of messages that have not come yet: kept, bounded, and cheap to keep.
//!
//! A chain may hold two thousand of them, and one sort of client leaves one behind with every group message, for good. To
//! write them all after every message would be most of the work. So the older ones are *cold*: they are stored apart, in a
//! value that is written only when they change, which is once in [`SPILL`] messages. Evicting the oldest is one number.

use std::collections::VecDeque;

use super::RecordError;
use super::SignalError;
use super::codec::{Reader, Writer};
use super::kdf::{Chain, Seed};

/// Keys kept for one chain; of more, the newest. As the known clients do it.
pub(super) const MOST_SKIPPED: usize = 2000;
/// As soon as there are more than that, all but [`STAY`] of them become cold.
const SPILL: usize = 64;
const STAY: usize = 32;
/// Stored length of one key.
const ENTRY: usize = 36;

/// The key of one message that was passed over.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SkippedKey {
    counter: u32,
    seed: Seed,
}

/// The keys of one chain that were passed over.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct SkippedKeys {
    /// By counter, ascending.
    keys: VecDeque<SkippedKey>,
    /// The number of cold keys, counted from the first.
    cold: usize,
    /// Set if the cold ones differ from the stored ones.
    cold_changed: bool,
}

/// The steps from the next message of a chain to one further on.
pub(super) struct Run {
    /// The keys of the messages in between, the newest [`MOST_SKIPPED`] of them.
    pub(super) skipped: Vec<SkippedKey>,
    /// Of the message itself.
    pub(super) seed: Seed,
    /// The chain after it.
    pub(super) chain: Chain,
}

impl Run {
    /// From `chain` to the message `counter`, which is not before it. Nothing is computed if it is more than `limit` ahead.
    pub(super) fn new(chain: &Chain, counter: u32, limit: u32) -> Result<Self, SignalError> {
        let distance = counter.checked_sub(chain.counter).ok_or(SignalError::Duplicate)?;
        let after = counter.checked_add(1).ok_or(SignalError::TooFarAhead)?;
        if distance > limit {
            return Err(SignalError::TooFarAhead);
        }
        let kept = (distance as usize).min(MOST_SKIPPED);
        let mut skipped = Vec::with_capacity(kept);
        let mut key = chain.key.clone();
        for passed in chain.counter..counter {
            if (counter - passed) as usize > kept {
                key = key.next();
            } else {
                let (seed, next) = key.step();
                skipped.push(SkippedKey { counter: passed, seed });
                key = next;
            }
        }
        let (seed, key) = key.step();
        Ok(Self { skipped, seed, chain: Chain { key, counter: after } })
    }
}

impl SkippedKeys {
    pub(super) fn get(&self, counter: u32) -> Option<&Seed> {
        self.position(counter).and_then(|index| self.keys.get(index)).map(|key| &key.seed)
    }

    fn position(&self, counter: u32) -> Option<usize> {
        self.keys.binary_search_by_key(&counter, |key| key.counter).ok()
    }

    pub(super) fn remove(&mut self, counter: u32) {
        let Some(index) = self.position(counter) else { return };
        self.keys.remove(index);
        if index < self.cold {
            self.cold -= 1;
            self.cold_changed = true;
        }
    }

    /// Adds keys that come after all that are here; drops the oldest if there are too many.
    pub(super) fn extend(&mut self, keys: Vec<SkippedKey>) {
        self.keys.extend(keys);
        let excess = self.keys.len().saturating_sub(MOST_SKIPPED);
        self.keys.drain(..excess);
        let cold = self.cold.saturating_sub(excess);
        // Their stored form is only ignored, as a rule; the last ones are to be gone for good.
        self.cold_changed |= cold == 0 && self.cold > 0;
        self.cold = cold;
    }

    /// Forgets that some were cold: they are going to be stored elsewhere.
    pub(super) fn thaw(&mut self) {
        self.cold = 0;
        self.cold_changed = false;
    }

    pub(super) const fn has_cold(&self) -> bool {
        self.cold > 0
    }

    /// Lets the older ones become cold if there are many. Returns whether the cold ones must be stored again.
    pub(super) fn spill(&mut self) -> bool {
        if self.keys.len() - self.cold > SPILL {
            self.cold = self.keys.len() - STAY;
            self.cold_changed = true;
        }
        std::mem::take(&mut self.cold_changed)
    }

    #[cfg(test)]
    pub(super) fn counters(&self) -> Vec<u32> {
        self.keys.iter().map(|key| key.counter).collect()
    }

    /// An upper bound of what the `write_` functions write.
    pub(super) fn stored_length(&self) -> usize {
        8 + self.keys.len() * ENTRY
    }

    /// The hot ones, and how many cold ones there are.
    pub(super) fn write_hot(&self, out: &mut Writer) {
        out.u16(self.cold);
        out.u32(self.keys.front().map_or(0, |key| key.counter));
        write(out, self.keys.len() - self.cold, self.keys.iter().skip(self.cold));
    }

    pub(super) fn write_cold(&self, out: &mut Writer) {
        write(out, self.cold, self.keys.iter().take(self.cold));
    }

    /// All of them, as if none were cold.
    pub(super) fn write_whole(&self, out: &mut Writer) {
        out.u16(0);
        out.u32(0);
        write(out, self.keys.len(), self.keys.iter());
    }

    /// Reads what `write_hot` or `write_whole` wrote, and what must be asked of `read_cold` if anything.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<(Self, Option<Cold>), RecordError> {
        let count = reader.count(MOST_SKIPPED)?;
        let first = reader.u32()?;
        let keys = read(reader)?;
        let cold = (count > 0).then_some(Cold { count, first });
        Ok((Self { keys, cold: 0, cold_changed: false }, cold))
    }

    /// Puts the cold ones in front.
    pub(super) fn join(&mut self, cold: &Cold, mut stored: VecDeque<SkippedKey>) -> Result<(), RecordError> {
        stored.retain(|key| key.counter >= cold.first);
        if stored.len() != cold.count || stored.len() + self.keys.len() > MOST_SKIPPED {
            return Err(RecordError("its older keys do not fit"));
        }
        stored.append(&mut self.keys);
        if !ascending(&stored) {
            return Err(RecordError("its older keys do not fit"));
        }
        self.keys = stored;
        self.cold = cold.count;
        Ok(())
    }
}

/// The number of cold keys of a chain, and their start; stored keys before that were evicted since.
pub(super) struct Cold {
    count: usize,
    first: u32,
}

fn write<'a>(out: &mut Writer, count: usize, keys: impl Iterator<Item = &'a SkippedKey>) {
    out.u16(count);
    for key in keys {
        out.u32(key.counter);
        out.bytes(key.seed.0.as_bytes());
    }
}

/// Reads keys that were stored together.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<VecDeque<SkippedKey>, RecordError> {
    let count = reader.count(MOST_SKIPPED)?;
    let mut keys = VecDeque::with_capacity(count);
    for _ in 0..count {
        keys.push_back(SkippedKey { counter: reader.u32()?, seed: Seed(reader.secret()?) });
    }
    if ascending(&keys) { Ok(keys) } else { Err(RecordError("its keys are out of order")) }
}

fn ascending(keys: &VecDeque<SkippedKey>) -> bool {
    keys.iter().zip(keys.iter().skip(1)).all(|(one, next)| one.counter < next.counter)
}
