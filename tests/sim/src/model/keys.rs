//! The keys of one device as the server has them, for others to open sessions with.

use std::collections::VecDeque;

use wa::crypto::PublicKey;

/// A prekey signed by the identity key.
#[derive(Clone, Debug)]
pub(crate) struct SignedPrekey {
    pub(crate) id: u32,
    pub(crate) key: PublicKey,
    pub(crate) signature: Vec<u8>,
}

/// What a device has uploaded.
#[derive(Clone, Debug)]
pub(crate) struct KeyStore {
    pub(crate) identity: PublicKey,
    pub(crate) registration_id: u32,
    pub(crate) signed_prekey: SignedPrekey,
    /// One-time prekeys, oldest first; each is given out once.
    pub(crate) prekeys: VecDeque<(u32, PublicKey)>,
    /// The device was told that few are left, and has not uploaded since.
    pub(crate) told_low: bool,
}

impl KeyStore {
    /// Without one-time prekeys.
    pub(crate) fn new(identity: PublicKey, registration_id: u32, signed_prekey: SignedPrekey) -> Self {
        Self { identity, registration_id, signed_prekey, prekeys: VecDeque::new(), told_low: false }
    }
}
