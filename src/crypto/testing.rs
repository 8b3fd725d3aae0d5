//! Randomness for tests: written down in advance, or counted from a seed.

use std::collections::VecDeque;

use super::{Random, sha256};

/// Gives exactly the bytes it was made with, in order, and fails the test when they run out.
pub(crate) struct Scripted(VecDeque<u8>);

impl Scripted {
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        Self(parts.concat().into())
    }

    /// Whether every byte was drawn.
    pub(crate) fn is_spent(&self) -> bool {
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
pub(crate) struct Seeded(pub(crate) u64);

impl Random for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            chunk.copy_from_slice(&sha256(&[&self.0.to_be_bytes()])[..chunk.len()]);
            self.0 += 1;
        }
    }
}
