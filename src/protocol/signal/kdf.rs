//! The key derivations of the Double Ratchet and of sender keys, with the labels of version 3 of the protocol.

use crate::crypto::{MacKey, Secret, hkdf};

/// The key of a chain at one point; each step makes a message key and the next point.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ChainKey(pub(super) Secret<32>);

/// The input of one message's keys. It is the part that is kept of a message that has not come yet.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Seed(pub(super) Secret<32>);

impl ChainKey {
    /// The seed of this point's message, and the next point.
    pub(super) fn step(&self) -> (Seed, Self) {
        let key = MacKey::new(self.0.as_bytes());
        (Seed(key.code(&[&[1]]).into()), Self(key.code(&[&[2]]).into()))
    }

    /// The next point alone.
    pub(super) fn next(&self) -> Self {
        Self(MacKey::new(self.0.as_bytes()).code(&[&[2]]).into())
    }
}

/// A chain: its key, and the number of the message that comes next.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) key: ChainKey,
    pub(super) counter: u32,
}

impl Chain {
    pub(super) const fn new(key: ChainKey) -> Self {
        Self { key, counter: 0 }
    }

    /// The chain `steps` messages on, or as far as the numbers reach.
    pub(super) fn advanced(&self, steps: u32) -> Self {
        let counter = self.counter.saturating_add(steps);
        let key = (self.counter..counter).fold(self.key.clone(), |key, _| key.next());
        Self { key, counter }
    }
}

/// The keys of one pairwise message.
pub(super) struct MessageKeys(Secret<80>);

impl MessageKeys {
    pub(super) fn new(seed: &Seed) -> Self {
        Self(hkdf(None, seed.0.as_bytes(), b"WhisperMessageKeys"))
    }

    fn part<const N: usize>(&self, start: usize) -> &[u8; N] {
        self.0.as_bytes()[start..].first_chunk().expect("the parts below lie within 80 bytes")
    }

    pub(super) fn cipher(&self) -> &[u8; 32] {
        self.part(0)
    }

    pub(super) fn mac(&self) -> &[u8; 32] {
        self.part(32)
    }

    pub(super) fn iv(&self) -> &[u8; 16] {
        self.part(64)
    }
}

/// The keys of one group message: initialisation vector first, the other way round than pairwise.
pub(super) struct GroupMessageKeys(Secret<48>);

impl GroupMessageKeys {
    pub(super) fn new(seed: &Seed) -> Self {
        Self(hkdf(None, seed.0.as_bytes(), b"WhisperGroup"))
    }

    pub(super) fn iv(&self) -> &[u8; 16] {
        self.0.as_bytes().first_chunk().expect("48 is more than 16")
    }

    pub(super) fn cipher(&self) -> &[u8; 32] {
        self.0.as_bytes().last_chunk().expect("48 is more than 32")
    }
}

/// The first root and chain key of a session, from the agreements of X3DH.
pub(super) fn first_keys(master: &[u8]) -> (Secret<32>, ChainKey) {
    let (root, chain) = hkdf::<64>(None, master, b"WhisperText").halves();
    (root, ChainKey(chain))
}

/// A step of the root: the next root, and the chain that begins.
pub(super) fn root_step(root: &Secret<32>, shared: &Secret<32>) -> (Secret<32>, ChainKey) {
    let (root, chain) = hkdf::<64>(Some(root.as_bytes()), shared.as_bytes(), b"WhisperRatchet").halves();
    (root, ChainKey(chain))
}
