//! The content of a file whose code was checked.

use super::{CODE, MediaError, MediaKeys};
use crate::crypto::RunningHash;
use crate::crypto::cbc::{BLOCK, BlockDecryptor};

/// The bytes that are kept back: whoever holds the end of the file knows its padding and its code.
const KEPT: usize = BLOCK + CODE;

/// Decrypts a file that comes in pieces.
pub struct Decryptor {
    blocks: BlockDecryptor,
    hash: RunningHash,
    held: Vec<u8>,
}

impl Decryptor {
    /// Begins with a file that was encrypted with these keys.
    #[must_use]
    pub fn new(keys: &MediaKeys) -> Self {
        let blocks = BlockDecryptor::new(keys.cipher.as_bytes(), &keys.iv);
        Self { blocks, hash: RunningHash::default(), held: Vec::new() }
    }

    /// Takes the next piece, and appends to `content` as much as it gives.
    pub fn update(&mut self, piece: &[u8], content: &mut Vec<u8>) {
        self.held.extend_from_slice(piece);
        let ready = self.held.len().saturating_sub(KEPT) / BLOCK * BLOCK;
        let start = content.len();
        content.extend(self.held.drain(..ready));
        let fresh = content.get_mut(start..).unwrap_or_default();
        self.blocks.decrypt(fresh);
        self.hash.update(fresh);
    }

    /// Appends the end of the content.
    ///
    /// # Errors
    /// If the padding or the hash of the content is wrong.
    pub fn finish(mut self, expected: Option<&[u8; 32]>, content: &mut Vec<u8>) -> Result<(), MediaError> {
        let sealed = self.held.len().checked_sub(CODE).ok_or(MediaError::Length)?;
        let last = self.held.get_mut(..sealed).unwrap_or_default();
        if last.len() != BLOCK {
            return Err(MediaError::Length);
        }
        self.blocks.decrypt(last);
        let padding = usize::from(*last.last().unwrap_or(&0));
        let (rest, padded) = last
            .split_at_checked(BLOCK.wrapping_sub(padding))
            .filter(|_| (1..=BLOCK).contains(&padding))
            .ok_or(MediaError::Padding)?;
        if padded.iter().any(|byte| usize::from(*byte) != padding) {
            return Err(MediaError::Padding);
        }
        self.hash.update(rest);
        content.extend_from_slice(rest);
        if expected.is_some_and(|expected| self.hash.finish() != *expected) {
            return Err(MediaError::ContentHash);
        }
        Ok(())
    }
}
