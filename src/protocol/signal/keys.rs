//! Names for keys and numbers, so that one is not taken for another, and so that what was checked stays checked.

use std::fmt;
use std::marker::PhantomData;

use super::SignalError;
use crate::crypto::{KeyPair, PublicKey};

/// This device, as its peers know it.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// The identity.
    pub identity: &'a KeyPair,
    /// The number made at pairing.
    pub registration_id: u32,
}

impl Own<'_> {
    pub(super) fn identity_key(&self) -> IdentityKey {
        IdentityKey::trusted(self.identity.public())
    }
}

/// The number of a prekey, one-time or signed: 24 bits. Equal or not; there is no order in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PrekeyId(u32);

impl PrekeyId {
    /// The largest number that is given out here; the next is 1.
    const LAST: u32 = 0x00ff_fffe;

    /// `None` above 24 bits. 0 is not given out but has been seen.
    #[must_use]
    pub const fn new(id: u32) -> Option<Self> {
        if id >> 24 == 0 { Some(Self(id)) } else { None }
    }

    /// From the three bytes of a stanza, most significant first; `None` for any other length.
    #[must_use]
    pub fn from_be3(bytes: &[u8]) -> Option<Self> {
        let [a, b, c] = <[u8; 3]>::try_from(bytes).ok()?;
        Some(Self(u32::from_be_bytes([0, a, b, c])))
    }

    /// The three bytes of a stanza.
    #[must_use]
    pub const fn to_be3(self) -> [u8; 3] {
        let [_, a, b, c] = self.0.to_be_bytes();
        [a, b, c]
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The one to give out next: one more, and 1 after the last.
    #[must_use]
    pub const fn following(self) -> Self {
        if self.0 >= Self::LAST { Self(1) } else { Self(self.0 + 1) }
    }
}

/// A Curve25519 public key that was checked: its only spelling, and not of low order. The role keeps apart what is not to be
/// taken for each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checked<Role> {
    key: PublicKey,
    role: PhantomData<Role>,
}

macro_rules! roles {
    ($($(#[$doc:meta])* $alias:ident = $role:ident;)*) => {$(
        #[doc = concat!("The role of an [`", stringify!($alias), "`].")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $role;
        $(#[$doc])*
        pub type $alias = Checked<$role>;
    )*};
}

roles! {
    /// A device's long-term identity.
    IdentityKey = Identity;
    /// The key an initiator made for one session; it names the session.
    BaseKey = Base;
    /// The current key of one side's ratchet; it names a chain.
    RatchetKey = Ratchet;
    /// A prekey, signed or one-time.
    PrekeyKey = Prekey;
    /// The key that signs the messages of a sender key.
    SigningKey = Signing;
}

impl<Role> Checked<Role> {
    /// Checks a key.
    ///
    /// # Errors
    /// [`SignalError::InvalidKey`]
    pub fn new(key: PublicKey) -> Result<Self, SignalError> {
        if key.is_sound() { Ok(Self::trusted(key)) } else { Err(SignalError::InvalidKey) }
    }

    /// Checks a key of exactly 32 bytes.
    ///
    /// # Errors
    /// [`SignalError::InvalidKey`], for another length as well.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, SignalError> {
        PublicKey::from_slice(bytes).ok_or(SignalError::InvalidKey).and_then(Self::new)
    }

    /// Checks a key of exactly 33 bytes, the first of them the type.
    pub(super) fn from_typed(bytes: &[u8]) -> Result<Self, SignalError> {
        PublicKey::from_typed(bytes).ok_or(SignalError::InvalidKey).and_then(Self::new)
    }

    /// A key that was checked before, or made here.
    pub(super) const fn trusted(key: PublicKey) -> Self {
        Self { key, role: PhantomData }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> PublicKey {
        self.key
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }
}

impl<Role> fmt::Debug for Checked<Role> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}
