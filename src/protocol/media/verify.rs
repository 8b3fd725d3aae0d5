//! The check of a whole file: length, hash and code.

use subtle::ConstantTimeEq;

use super::{CODE, MediaError, MediaKeys};
use crate::crypto::cbc::BLOCK;
use crate::crypto::{RunningHash, RunningMac};

/// Checks a file that comes in pieces.
pub struct Verifier {
    hash: RunningHash,
    mac: RunningMac,
    /// The last bytes that came: the code, once nothing follows.
    tail: Vec<u8>,
    length: u64,
}

impl Verifier {
    /// Begins with a file that was encrypted with these keys.
    #[must_use]
    pub fn new(keys: &MediaKeys) -> Self {
        let mut mac = RunningMac::new(keys.code.as_bytes());
        mac.update(&keys.iv);
        Self { hash: RunningHash::default(), mac, tail: Vec::with_capacity(CODE), length: 0 }
    }

    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.length = self.length.saturating_add(piece.len() as u64);
        self.hash.update(piece);
        let surplus = (self.tail.len() + piece.len()).saturating_sub(CODE);
        let from_tail = surplus.min(self.tail.len());
        let (now, kept) = piece.split_at(surplus - from_tail);
        self.mac.update(self.tail.get(..from_tail).unwrap_or_default());
        self.tail.drain(..from_tail);
        self.mac.update(now);
        self.tail.extend_from_slice(kept);
    }

    /// Judges the file, all of which has come.
    ///
    /// # Errors
    /// If it is not the file that the message names.
    pub fn finish(self, encrypted: Option<&[u8; 32]>) -> Result<(), MediaError> {
        let sealed = self.length.saturating_sub(CODE as u64);
        if sealed == 0 || !sealed.is_multiple_of(BLOCK as u64) {
            return Err(MediaError::Length);
        }
        if encrypted.is_some_and(|expected| self.hash.finish() != *expected) {
            return Err(MediaError::EncryptedHash);
        }
        let code = self.mac.finish();
        let is_right: bool = code.get(..CODE).unwrap_or_default().ct_eq(&self.tail).into();
        if is_right { Ok(()) } else { Err(MediaError::Code) }
    }
}
