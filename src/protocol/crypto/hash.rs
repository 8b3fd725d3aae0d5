//! Hashes, message authentication and key derivation, all on SHA-256.

use hmac::{Hmac, KeyInit, Mac};
use once_cell::sync::Lazy;
use sha2::{Digest, Sha256};

use super::Secret;

/// SHA-256 over the concatenation of `parts`.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HMAC-SHA256 over the concatenation of `parts`. Compare with `subtle`, not with `==`.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    MacKey::new(key).code(parts)
}

/// A key for HMAC-SHA256, made ready once for several codes.
#[derive(Clone)]
pub struct MacKey(Hmac<Sha256>);

impl MacKey {
    /// From a key of any length.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    /// The code of the concatenation of `parts`.
    #[must_use]
    pub fn code(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// SHA-256 over bytes that come in pieces.
#[derive(Clone, Default)]
pub struct RunningHash(Sha256);

impl RunningHash {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// HMAC-SHA256 over bytes that come in pieces. Compare with `subtle`, not with `==`.
#[derive(Clone)]
pub struct RunningMac(Hmac<Sha256>);

impl RunningMac {
    /// From a key of any length.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(MacKey::new(key).0)
    }

    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The code of all pieces.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into_bytes().into()
    }
}

/// The HKDF-Extract key for an absent salt, prepared once: every message has its keys derived so.
static NO_SALT: Lazy<MacKey> = Lazy::new(|| MacKey::new(&[0; 32]));

/// HKDF-SHA256 (RFC 5869). No salt is the same as 32 zero bytes. `N` is at most 8160.
#[must_use]
pub fn hkdf<const N: usize>(salt: Option<&[u8]>, ikm: &[u8], info: &[u8]) -> Secret<N> {
    const { assert!(N <= 255 * 32, "HKDF-SHA256 gives at most 8160 bytes") };
    let mut out = Secret::new([0; N]);
    let extracted = match salt {
        None => Secret::new(NO_SALT.code(&[ikm])),
        Some(salt) => Secret::new(hmac_sha256(salt, &[ikm])),
    };
    hkdf::Hkdf::<Sha256>::from_prk(extracted.as_bytes())
        .expect("a code is as long as it has to be")
        .expand(info, out.as_mut_bytes())
        .expect("the length was checked when this was compiled");
    out
}

/// PBKDF2 with HMAC-SHA256, 32 bytes. Slow on purpose: keep it off threads that serve others.
#[must_use]
pub fn pbkdf2_sha256(password: &[u8], salt: &[u8], rounds: u32) -> Secret<32> {
    let mut out = Secret::new([0; 32]);
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, out.as_mut_bytes());
    out
}
