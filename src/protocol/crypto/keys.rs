//! Curve25519 keys: agreement (X25519) and the pair that signs ([`super::verify`] is the other half of signing).

use std::fmt;
use std::sync::OnceLock;

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::clamp_integer;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use super::xeddsa::{self, SIGNATURE_LENGTH};
use super::{Random, Secret};

/// The type byte in front of a Curve25519 public key, where the protocol writes one.
const TYPE_BYTE: u8 = 5;

/// The largest field element, p − 1 = 2²⁵⁵ − 20: a u-coordinate above it has a second, shorter spelling.
const LARGEST_FIELD_ELEMENT: [u8; 32] = {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xec;
    bytes[31] = 0x7f;
    bytes
};

/// The canonical u-coordinates of the points of low order (RFC 7748 and the discussions around it).
const LOW_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    LARGEST_FIELD_ELEMENT,
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04,
        0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
];

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

    /// Returns whether this is the key's only spelling: the u-coordinate is below the field's prime. Most implementations ignore
    /// the difference; code that compares keys must not. Not constant-time: the key is public.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.0.iter().rev().le(LARGEST_FIELD_ELEMENT.iter().rev())
    }

    /// Returns whether it is canonical and not of low order: a key that can have been made honestly.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.is_canonical() && !LOW_ORDER.contains(&self.0)
    }

    /// Reads the 33-byte form; `None` if the length or the type byte is wrong.
    #[must_use]
    pub fn from_typed(bytes: &[u8]) -> Option<Self> {
        let (kind, key) = bytes.split_first()?;
        if *kind == TYPE_BYTE { Self::from_slice(key) } else { None }
    }

    /// The 33-byte form: type byte 5, then the key. This is what is signed when a prekey is signed.
    #[must_use]
    pub fn with_type_byte(&self) -> [u8; 33] {
        let mut out = [TYPE_BYTE; 33];
        out[1..].copy_from_slice(&self.0);
        out
    }
}

/// A public key in the form in which agreements with it are fastest.
///
/// X25519 is defined on the u-coordinate alone, and computed there by a ladder. The same multiplication on the Edwards form
/// of the curve takes about half the time where the processor has wide registers. Both are constant-time in the secret.
#[derive(Clone)]
pub struct PreparedKey(Form);

#[derive(Clone)]
enum Form {
    Edwards(EdwardsPoint),
    Montgomery(MontgomeryPoint),
}

impl PublicKey {
    /// Makes the key ready for several agreements.
    #[must_use]
    pub fn prepare(&self) -> PreparedKey {
        let point = MontgomeryPoint(self.0);
        // Either of the two points with this u-coordinate will do. There is none if the coordinate is one of the curve's
        // twist: no honest key is, but agreements with it are defined.
        let edwards = if has_wide_registers() { point.to_edwards(0) } else { None };
        PreparedKey(edwards.map_or(Form::Montgomery(point), Form::Edwards))
    }
}

/// Returns whether arithmetic on the Edwards form is vectorised here.
fn has_wide_registers() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PreparedKey(..)")
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
    // The part of a signature besides the secret. It costs as much as the rest of the signature, and most pairs never sign.
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

    /// The pair of two halves that were stored together: to compute the public one anew costs as much as a key agreement.
    #[must_use]
    pub const fn from_halves(secret: Secret<32>, public: PublicKey) -> Self {
        Self { secret, public, edwards: OnceLock::new() }
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
        self.agree_with(&other.prepare())
    }

    /// As [`agree`](Self::agree), with a key that was made ready for several agreements.
    ///
    /// # Errors
    /// As [`agree`](Self::agree).
    pub fn agree_with(&self, other: &PreparedKey) -> Result<Secret<32>, LowOrder> {
        let secret = *self.secret.as_bytes();
        let shared = match &other.0 {
            Form::Edwards(point) => Zeroizing::new(point.mul_clamped(secret)).to_montgomery(),
            Form::Montgomery(point) => point.mul_clamped(secret),
        };
        let shared = Secret::new(shared.to_bytes());
        if shared == Secret::new([0; 32]) { Err(LowOrder) } else { Ok(shared) }
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
