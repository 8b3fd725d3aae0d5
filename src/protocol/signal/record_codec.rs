//! The stored form of a record: two values, of which the second, the cold one, is written only when it changes.

use std::collections::VecDeque;
use std::fmt;

use super::RecordError;
use super::codec::{Reader, Writer};
use super::record::{Decrypted, MOST_ARCHIVED, Saved, SessionRecord};
use super::replay_guard::ReplayGuard;
use super::skipped::{self, Cold, SkippedKeys};
use super::state::{MOST_CHAINS, State};

/// The version of this format.
const FORMAT: u8 = 1;

impl SessionRecord {
    /// Returns the values to store. From here on the record is as stored: if the transaction fails, drop it and load it again.
    #[must_use]
    pub fn save(&mut self) -> Saved {
        if let Some(state) = &mut self.current {
            for receiving in &mut state.receiving {
                self.cold_changed |= receiving.skipped.spill();
            }
            if let Some(sending) = &mut state.sending {
                sending.saved();
            }
        }
        let cold = std::mem::take(&mut self.cold_changed).then(|| {
            // 0 stands for none.
            self.generation = self.generation.wrapping_add(1).max(1);
            self.write_cold()
        });
        Saved { hot: self.write_hot(), cold }
    }

    fn write_hot(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let length = self.current.as_ref().map_or(0, State::stored_length);
        let mut out = Writer::new(1 + 4 + 1 + length);
        out.u8(FORMAT);
        out.u32(self.generation);
        out.u8(self.current.is_some().into());
        if let Some(state) = &self.current {
            state.write(&mut out, SkippedKeys::write_hot);
        }
        out.finish()
    }

    fn write_cold(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let lengths = self.archive.iter().chain(&self.current).map(State::stored_length);
        let mut out = Writer::new(1 + 4 + 2 + 2 + self.guard.stored_length() + lengths.sum::<usize>());
        out.u8(FORMAT);
        out.u32(self.generation);
        let receiving = self.current.iter().flat_map(|state| &state.receiving);
        let receiving: Vec<_> = receiving.filter(|receiving| receiving.skipped.has_cold()).collect();
        out.u16(receiving.len());
        for receiving in receiving {
            out.bytes(receiving.ratchet_key.as_bytes());
            receiving.skipped.write_cold(&mut out);
        }
        out.u16(self.archive.len());
        for state in &self.archive {
            state.write(&mut out, SkippedKeys::write_whole);
        }
        self.guard.write(&mut out);
        out.finish()
    }

    /// Reads what was stored: the hot value, and the cold one if there is one.
    ///
    /// # Errors
    /// [`RecordError`] if they are damaged or do not belong together.
    pub fn decode(hot: &[u8], cold: Option<&[u8]>) -> Result<Self, RecordError> {
        let mut reader = Reader::new(hot);
        let mut record = Self { generation: reader.format(FORMAT)?, ..Self::default() };
        let mut missing = Vec::new();
        if reader.flag()? {
            let (state, cold) = State::read(&mut reader)?;
            record.current = Some(state);
            missing = cold;
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
        for _ in 0..reader.count(MOST_CHAINS)? {
            stored.push((reader.key()?, skipped::read(&mut reader)?));
        }
        let receiving = self.current.iter_mut().flat_map(|state| &mut state.receiving);
        for (receiving, cold) in receiving.zip(missing) {
            let Some(cold) = cold else { continue };
            let keys = stored.iter_mut().find(|(key, _)| *key == receiving.ratchet_key);
            let keys = keys.map_or_else(VecDeque::new, |(_, keys)| std::mem::take(keys));
            receiving.skipped.join(&cold, keys)?;
        }
        for _ in 0..reader.count(MOST_ARCHIVED)? {
            let (state, missing) = State::read(&mut reader)?;
            if missing.iter().any(Option::is_some) {
                return Err(RecordError("an archived session lacks keys"));
            }
            self.archive.push_back(state);
        }
        self.guard = ReplayGuard::read(&mut reader)?;
        reader.finish()
    }
}

impl fmt::Debug for SessionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRecord")
            .field("current", &self.current())
            .field("archived", &self.archive.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Saved")
            .field("hot", &self.hot.len())
            .field("cold", &self.cold.as_ref().map(|cold| cold.len()))
            .finish()
    }
}

impl fmt::Debug for Decrypted {
    /// Without the plaintext.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypted")
            .field("length", &self.plaintext.len())
            .field("identity", &self.identity)
            .field("origin", &self.origin)
            .field("used_prekey", &self.used_prekey)
            .finish()
    }
}
