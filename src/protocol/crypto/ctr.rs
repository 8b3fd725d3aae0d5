//! AES-256 in counter mode, the whole 16-byte block counting (big-endian). No authentication: only for what is
//! authenticated elsewhere.

use aes::Aes256;
use aes::cipher::{KeyIvInit, StreamCipher};

/// Encrypts or decrypts `data` in place.
pub fn apply(key: &[u8; 32], counter: &[u8; 16], data: &mut [u8]) {
    ctr::Ctr128BE::<Aes256>::new(key.into(), counter.into()).apply_keystream(data);
}
