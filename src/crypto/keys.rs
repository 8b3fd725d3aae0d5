//! Curve25519 keys: agreement (X25519) and the pair that signs ([`super::verify`] is the other half of signing).

use std::fmt;
use std::sync::OnceLock;

use curve25519_dalek::scalar::clamp_integer;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use super::xeddsa::{self, SIGNATURE_LENGTH};
use super::{Random, Secret};

/// The type byte in front of a Curve25519 public key, where the protocol writes one.
const TYPE_BYTE: u8 = 5;

/// A Curve25519 public key: the u-coordinate, 32 bytes, without type byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Copies a slice of exactly 32 bytes; any other length gives `None`.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 33-byte form: type byte 5, then the key. This is what is signed when a prekey is signed.
    #[must_use]
    pub fn with_type_byte(&self) -> [u8; 33] {
        let mut out = [TYPE_BYTE; 33];
        out[1..].copy_from_slice(&self.0);
        out
    }
}

impl AsRef<[u8]> for PublicKey {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "PublicKey({a:02x}{b:02x}{c:02x}{d:02x}..)")
    }
}

/// The other side's public key is of low order: the shared secret would be zero, whatever our key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the public key is of low order")]
pub struct LowOrder;

/// A Curve25519 key pair.
#[derive(Clone)]
pub struct KeyPair {
    secret: Secret<32>,
    public: PublicKey,
    // What a signature needs besides the secret. It costs as much as the rest of the signature, and most pairs never sign.
    edwards: OnceLock<[u8; 32]>,
}

impl KeyPair {
    /// A fresh pair from 32 random bytes.
    #[must_use]
    pub fn generate(rng: &mut dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill(bytes.as_mut());
        Self::from_secret(*bytes)
    }

    /// The pair of a secret key, which is clamped if it is not yet.
    #[must_use]
    pub fn from_secret(secret: [u8; 32]) -> Self {
        let secret = Secret::new(clamp_integer(secret));
        let public = x25519_dalek::PublicKey::from(&StaticSecret::from(*secret.as_bytes()));
        Self { secret, public: PublicKey(public.to_bytes()), edwards: OnceLock::new() }
    }

    /// The clamped secret key.
    #[must_use]
    pub const fn secret(&self) -> &Secret<32> {
        &self.secret
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// The X25519 shared secret with `other`.
    ///
    /// # Errors
    /// [`LowOrder`] if the result is all zero.
    pub fn agree(&self, other: &PublicKey) -> Result<Secret<32>, LowOrder> {
        let shared = StaticSecret::from(*self.secret.as_bytes()).diffie_hellman(&other.0.into());
        if shared.was_contributory() { Ok(Secret::new(shared.to_bytes())) } else { Err(LowOrder) }
    }

    /// XEdDSA signature over the concatenation of `msgs`. Draws 64 random bytes.
    #[must_use]
    pub fn sign(&self, msgs: &[&[u8]], rng: &mut dyn Random) -> [u8; SIGNATURE_LENGTH] {
        let edwards = self.edwards.get_or_init(|| xeddsa::edwards_public(&self.secret));
        xeddsa::sign(&self.secret, edwards, msgs, rng)
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}
