//! A receiver's record of one device's sender keys in one group.
//!
//! Main type: [`SenderKeyRecord`].

use std::collections::VecDeque;
use std::fmt;

use super::codec::{Reader, Writer};
use super::kdf::{Chain, GroupMessageKeys};
use super::skipped::{self, Cold, Run, SkippedKeys};
use super::state::LIMIT;
use super::state_codec::{read_chain, write_chain};
use super::{RecordError, Saved, SenderKeyDistribution, SenderKeyMessage, SignalError, SigningKey};

/// Keys of one sender that are kept.
const MOST_STATES: usize = 5;
/// The version of the stored format.
const FORMAT: u8 = 1;
/// Stored length of a state without its skipped keys.
const FIXED: usize = 4 + 32 + 36;

/// The sender keys that one device has handed out for one group. The default is empty.
///
/// A method that fails leaves the record as it was. It is saved in the same transaction as what came out of it.
#[derive(Clone, Default)]
pub struct SenderKeyRecord {
    /// The newest first.
    states: VecDeque<SenderKey>,
    /// Ties the two stored values together; 0 while there is only one.
    generation: u32,
    cold_changed: bool,
}

#[derive(Clone)]
struct SenderKey {
    id: u32,
    signing_key: SigningKey,
    chain: Chain,
    skipped: SkippedKeys,
}

/// The outcome of accepting a distributed sender key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is a new one.
    New,
    /// It is the one that is held, further on or not: nothing had to change.
    Kept,
    /// It replaces one of the same number with another chain or another signing key, which no known client does on purpose:
    /// worth a line in the log.
    Replaced,
    /// It is older than what is held. A chain is not rolled back: messages could be read twice.
    Ignored,
}

impl SenderKeyRecord {
    /// Returns whether no key is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Takes a key that came inside a pairwise message of the sender.
    pub fn accept(&mut self, distribution: &SenderKeyDistribution) -> Accepted {
        let new = SenderKey {
            id: distribution.key_id,
            signing_key: distribution.signing_key,
            chain: distribution.chain.clone(),
            skipped: SkippedKeys::default(),
        };
        let Some(held) = self.states.iter_mut().find(|state| state.id == new.id) else {
            self.states.push_front(new);
            let dropped = self.states.drain(MOST_STATES.min(self.states.len())..);
            self.cold_changed |= dropped.into_iter().any(|state| state.skipped.has_cold());
            return Accepted::New;
        };
        if held.signing_key == new.signing_key {
            let Some(distance) = new.chain.counter.checked_sub(held.chain.counter) else {
                return Accepted::Ignored;
            };
            if distance <= LIMIT && held.chain.advanced(distance) == new.chain {
                return Accepted::Kept;
            }
        }
        self.cold_changed |= held.skipped.has_cold();
        *held = new;
        Accepted::Replaced
    }

    /// Reads a group message; the result is padded ([`super::unpad`]).
    ///
    /// # Errors
    /// [`SignalError::NoSenderKey`], [`SignalError::BadSignature`], [`SignalError::Duplicate`],
    /// [`SignalError::TooFarAhead`], [`SignalError::BadCiphertext`]
    pub fn decrypt(&mut self, message: &SenderKeyMessage<'_>) -> Result<Vec<u8>, SignalError> {
        let state = self.states.iter_mut().find(|state| state.id == message.key_id);
        let state = state.ok_or(SignalError::NoSenderKey)?;
        if !message.is_signed_by(&state.signing_key) {
            return Err(SignalError::BadSignature);
        }
        let iteration = message.iteration;
        if iteration < state.chain.counter {
            let seed = state.skipped.get(iteration).ok_or(SignalError::Duplicate)?;
            let plaintext = message.open(&GroupMessageKeys::new(seed))?;
            state.skipped.remove(iteration);
            return Ok(plaintext);
        }
        let run = Run::new(&state.chain, iteration, LIMIT)?;
        let plaintext = message.open(&GroupMessageKeys::new(&run.seed))?;
        state.chain = run.chain;
        state.skipped.extend(run.skipped);
        Ok(plaintext)
    }

    /// Takes over the keys of another record of the same device and group, known there by another address; of two with the
    /// same number, the one that is here stays.
    pub fn absorb(&mut self, other: Self) {
        for mut state in other.states {
            if self.states.len() < MOST_STATES && self.states.iter().all(|held| held.id != state.id) {
                state.skipped.thaw();
                self.states.push_back(state);
            }
        }
    }

    /// Returns the values to store. From here on the record is as stored: if the transaction fails, drop it and load it again.
    #[must_use]
    pub fn save(&mut self) -> Saved {
        for state in &mut self.states {
            self.cold_changed |= state.skipped.spill();
        }
        let length = self.states.iter().map(|state| FIXED + state.skipped.stored_length()).sum::<usize>();
        let cold = std::mem::take(&mut self.cold_changed).then(|| {
            // 0 stands for none.
            self.generation = self.generation.wrapping_add(1).max(1);
            let mut out = Writer::new(1 + 4 + 2 + length);
            out.u8(FORMAT);
            out.u32(self.generation);
            let cold: Vec<_> = self.states.iter().filter(|state| state.skipped.has_cold()).collect();
            out.u16(cold.len());
            for state in cold {
                out.u32(state.id);
                state.skipped.write_cold(&mut out);
            }
            out.finish()
        });
        let mut out = Writer::new(1 + 4 + 2 + length);
        out.u8(FORMAT);
        out.u32(self.generation);
        out.u16(self.states.len());
        for state in &self.states {
            out.u32(state.id);
            out.bytes(state.signing_key.as_bytes());
            write_chain(&mut out, &state.chain);
            state.skipped.write_hot(&mut out);
        }
        Saved { hot: out.finish(), cold }
    }

    /// Reads what was stored: the hot value, and the cold one if there is one.
    ///
    /// # Errors
    /// [`RecordError`] if they are damaged or do not belong together.
    pub fn decode(hot: &[u8], cold: Option<&[u8]>) -> Result<Self, RecordError> {
        let mut reader = Reader::new(hot);
        let mut record = Self { generation: reader.format(FORMAT)?, ..Self::default() };
        let mut missing = Vec::new();
        for _ in 0..reader.count(MOST_STATES)? {
            let (id, signing_key) = (reader.u32()?, reader.key()?);
            let chain = read_chain(&mut reader)?;
            let (skipped, cold) = SkippedKeys::read(&mut reader)?;
            record.states.push_back(SenderKey { id, signing_key, chain, skipped });
            missing.push(cold);
        }
        reader.finish()?;
        if record.generation != 0 {
            let cold = cold.ok_or(RecordError("its older part is missing"))?;
            record.read_cold(cold, missing)?;
        } else if missing.iter().any(Option::is_some) {
            return Err(RecordError("its older part is missing"));
        }
        Ok(record)
    }

    fn read_cold(&mut self, cold: &[u8], missing: Vec<Option<Cold>>) -> Result<(), RecordError> {
        let mut reader = Reader::new(cold);
        if reader.format(FORMAT)? != self.generation {
            return Err(RecordError("its two parts were not stored together"));
        }
        let mut stored = Vec::new();
        for _ in 0..reader.count(MOST_STATES)? {
            stored.push((reader.u32()?, skipped::read(&mut reader)?));
        }
        for (state, cold) in self.states.iter_mut().zip(missing) {
            let Some(cold) = cold else { continue };
            let keys = stored.iter_mut().find(|(id, _)| *id == state.id);
            let keys = keys.map_or_else(VecDeque::new, |(_, keys)| std::mem::take(keys));
            state.skipped.join(&cold, keys)?;
        }
        reader.finish()
    }
}

impl fmt::Debug for SenderKeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.states.iter().map(|state| (state.id, state.chain.counter))).finish()
    }
}
