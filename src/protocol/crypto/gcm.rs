//! AES-256-GCM with a 12-byte nonce; the 16-byte tag follows the ciphertext.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Tag};
use std::fmt;

/// Length of the tag at the end of a sealed message.
pub const TAG_LENGTH: usize = 16;

/// A key made ready for several messages. It takes some tenths of a microsecond, and some hundred bytes to two kilobytes.
pub struct Key(Aes256Gcm);

impl Key {
    /// Makes a key ready.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    /// As [`seal_tail`].
    ///
    /// # Panics
    /// As [`seal`].
    pub fn seal_tail(&self, nonce: &[u8; 12], aad: &[u8], buffer: &mut Vec<u8>, start: usize) {
        let tail = buffer.get_mut(start..).unwrap_or_default();
        let tag = self
            .0
            .encrypt_inout_detached(nonce.into(), aad, tail.into())
            .expect("a buffer in memory is below the 64 GiB limit of AES-GCM");
        buffer.extend_from_slice(&tag);
    }

    /// As [`open`].
    #[must_use]
    pub fn open(&self, nonce: &[u8; 12], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut out = sealed.to_vec();
        self.open_in_place(nonce, aad, &mut out).then_some(out)
    }

    /// As [`open_in_place`].
    #[must_use]
    pub fn open_in_place(&self, nonce: &[u8; 12], aad: &[u8], buffer: &mut Vec<u8>) -> bool {
        let Some((body, tag)) = buffer.split_last_chunk_mut::<TAG_LENGTH>() else { return false };
        let (length, tag) = (body.len(), Tag::from(*tag));
        if self.0.decrypt_inout_detached(nonce.into(), aad, body.into(), &tag).is_err() {
            return false;
        }
        buffer.truncate(length);
        true
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Seals `plain` into a new buffer.
///
/// # Panics
/// If `plain` is longer than 64 GiB, which is AES-GCM's own limit.
#[must_use]
pub fn seal(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plain.len() + TAG_LENGTH);
    out.extend_from_slice(plain);
    seal_tail(key, nonce, aad, &mut out, 0);
    out
}

/// Opens `sealed` into a new buffer; `None` if it is not authentic.
#[must_use]
pub fn open(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (body, tag) = sealed.split_last_chunk::<TAG_LENGTH>()?;
    let mut out = body.to_vec();
    let cipher = Aes256Gcm::new(key.into());
    cipher.decrypt_inout_detached(nonce.into(), aad, out.as_mut_slice().into(), &Tag::from(*tag)).ok()?;
    Some(out)
}

/// Seals `buffer` from `start` on, in place, and appends the tag. The bytes before `start` are left alone; a `start` behind the
/// end seals nothing but the tag.
///
/// # Panics
/// As [`seal`].
pub fn seal_tail(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], buffer: &mut Vec<u8>, start: usize) {
    Key::new(key).seal_tail(nonce, aad, buffer, start);
}

/// Opens `buffer` in place and cuts the tag off. If it is not authentic, answers `false` and leaves `buffer` without
/// meaningful content.
#[must_use]
pub fn open_in_place(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], buffer: &mut Vec<u8>) -> bool {
    Key::new(key).open_in_place(nonce, aad, buffer)
}
