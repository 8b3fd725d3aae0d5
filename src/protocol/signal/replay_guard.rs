//! Sessions that were opened by a first message without a one-time prekey.
//!
//! Such a message can be read again for as long as its signed prekey is held: nothing is used up. While its session is kept
//! a repetition is known by that; this list knows it when the session has fallen out of the archive.

use std::collections::VecDeque;

use super::codec::{Reader, Writer};
use super::{BaseKey, RecordError};

/// Base keys that are remembered for one device; of more, the newest. A device needs a new session without a one-time prekey
/// that often only if something is broken.
const MOST: usize = 512;
/// The number of bytes kept of a key: enough that no second one begins so.
const PREFIX: usize = 16;

#[derive(Clone, Default)]
pub(super) struct ReplayGuard(VecDeque<[u8; PREFIX]>);

impl ReplayGuard {
    pub(super) fn knows(&self, key: &BaseKey) -> bool {
        self.0.contains(&prefix(key))
    }

    pub(super) fn remember(&mut self, key: &BaseKey) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(prefix(key));
    }

    /// Remembers what another one does, too.
    pub(super) fn absorb(&mut self, other: &Self) {
        for key in &other.0 {
            if !self.0.contains(key) && self.0.len() < MOST {
                self.0.push_front(*key);
            }
        }
    }

    pub(super) fn stored_length(&self) -> usize {
        2 + self.0.len() * PREFIX
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.u16(self.0.len());
        for key in &self.0 {
            out.bytes(key);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, RecordError> {
        let count = reader.count(MOST)?;
        (0..count).map(|_| reader.array()).collect::<Result<_, _>>().map(Self)
    }
}

fn prefix(key: &BaseKey) -> [u8; PREFIX] {
    *key.as_bytes().first_chunk().expect("a key is longer than its prefix")
}
