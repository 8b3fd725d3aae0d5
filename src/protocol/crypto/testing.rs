//! For tests: randomness that is written down in advance or counted from a seed, and the reading of files of vectors.

use std::collections::VecDeque;

use serde_json::Value;

use super::{Random, sha256};

/// Gives exactly the bytes it was made with, in order, and fails the test when they run out.
pub struct Scripted(VecDeque<u8>);

impl Scripted {
    /// Gives these parts, one after the other.
    pub fn new(parts: &[&[u8]]) -> Self {
        Self(parts.concat().into())
    }

    /// Returns whether every byte was drawn.
    pub fn is_spent(&self) -> bool {
        self.0.is_empty()
    }
}

impl Random for Scripted {
    fn fill(&mut self, out: &mut [u8]) {
        assert!(out.len() <= self.0.len(), "more random bytes drawn than were written down");
        let drawn: Vec<u8> = self.0.drain(..out.len()).collect();
        out.copy_from_slice(&drawn);
    }
}

/// An endless stream of bytes, the same for the same seed.
pub struct Seeded(pub u64);

impl Random for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            chunk.copy_from_slice(&sha256(&[&self.0.to_be_bytes()])[..chunk.len()]);
            self.0 += 1;
        }
    }
}

/// Returns a text field.
pub fn text<'a>(section: &'a Value, key: &str) -> &'a str {
    section[key].as_str().unwrap_or_else(|| panic!("no text {key}"))
}

/// Returns a field of hexadecimal digits of any length.
pub fn hex_of(section: &Value, key: &str) -> Vec<u8> {
    hex::decode(text(section, key)).unwrap_or_else(|_| panic!("no hex {key}"))
}

/// Returns a field of exactly `N` bytes.
pub fn bytes<const N: usize>(section: &Value, key: &str) -> [u8; N] {
    hex_of(section, key).try_into().unwrap_or_else(|_| panic!("{key} is not {N} bytes"))
}

/// Returns a list.
pub fn list<'a>(section: &'a Value, key: &str) -> &'a [Value] {
    section[key].as_array().unwrap_or_else(|| panic!("no list {key}"))
}
