//! The key with which this device writes to one group.
//!
//! Main type: [`OwnSenderKey`].

use std::fmt;

use zeroize::Zeroizing;

use super::codec::{Reader, Writer};
use super::kdf::{ChainKey, GroupMessageKeys};
use super::sender_message::write_message;
use super::state::Sending;
use super::state_codec::{read_chain, write_chain};
use super::{RecordError, SenderKeyDistribution, SignalError, SigningKey};
use crate::crypto::{KeyPair, Random, random_array};

/// The version of the stored format.
const FORMAT: u8 = 1;
/// After so many messages a new key is due. No known client insists; it only costs that the key is handed out again.
const WORN: u32 = 4_000;

/// The key with which this device writes to one group. Every member's device is given it
/// ([`distribution`](Self::distribution)) before it can read the messages.
#[derive(Clone)]
pub struct OwnSenderKey {
    id: u32,
    sending: Sending,
    signing: KeyPair,
}

/// A group message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupOutgoing {
    /// The content of the `enc` node of type `skmsg`.
    pub bytes: Vec<u8>,
    /// Its number.
    pub iteration: u32,
    /// As [`super::Outgoing::is_covered`].
    pub is_covered: bool,
}

impl OwnSenderKey {
    /// A new key. Draws 68 random bytes.
    #[must_use]
    pub fn generate(rng: &mut dyn Random) -> Self {
        // 1 to 2³¹ − 1, as the known clients draw them.
        let id = (u32::from_be_bytes(random_array(rng)) >> 1).max(1);
        let chain = ChainKey(random_array(rng).into());
        Self { id, sending: Sending::new(chain), signing: KeyPair::generate(rng) }
    }

    /// Returns the id of the key: what a device "has" when it was given the key.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// The number of the next message.
    #[must_use]
    pub const fn iteration(&self) -> u32 {
        self.sending.chain.counter
    }

    /// Returns whether it has served long enough for a new one to be made.
    #[must_use]
    pub const fn is_worn(&self) -> bool {
        self.sending.chain.counter >= WORN
    }

    /// Returns the distribution from which a device can read the next message and later ones: call it before
    /// [`encrypt`](Self::encrypt).
    #[must_use]
    pub fn distribution(&self) -> Vec<u8> {
        SenderKeyDistribution {
            key_id: self.id,
            chain: self.sending.chain.clone(),
            signing_key: SigningKey::trusted(self.signing.public()),
        }
        .write()
    }

    /// Encrypts and signs `padded`. Draws 64 random bytes.
    ///
    /// # Errors
    /// [`SignalError::ChainExhausted`]
    pub fn encrypt(&mut self, padded: &[u8], rng: &mut dyn Random) -> Result<GroupOutgoing, SignalError> {
        let (seed, iteration, is_covered) = self.sending.take()?;
        let keys = GroupMessageKeys::new(&seed);
        let bytes = write_message(self.id, iteration, &keys, &self.signing, padded, rng);
        Ok(GroupOutgoing { bytes, iteration, is_covered })
    }

    /// Reserves the next `count` messages (at most 1000), as [`super::SessionRecord::lease`] does.
    pub fn lease(&mut self, count: u32) {
        self.sending.lease(count.min(1000));
    }

    /// Returns the record to store, lease included. From here on the key is as stored: if the transaction fails, drop it and
    /// load it again.
    #[must_use]
    pub fn save(&mut self) -> Zeroizing<Vec<u8>> {
        self.sending.saved();
        let mut out = Writer::new(1 + 4 + 36 + 64);
        out.u8(FORMAT);
        out.u32(self.id);
        write_chain(&mut out, self.sending.stored());
        out.pair(&self.signing);
        out.finish()
    }

    /// Reads what was stored.
    ///
    /// # Errors
    /// [`RecordError`] if it is damaged.
    pub fn decode(stored: &[u8]) -> Result<Self, RecordError> {
        let mut reader = Reader::new(stored);
        let id = reader.format(FORMAT)?;
        let chain = read_chain(&mut reader)?;
        let signing = reader.pair()?;
        reader.finish()?;
        Ok(Self { id, sending: Sending { chain, lease: None, saved_to: 0 }, signing })
    }
}

impl fmt::Debug for OwnSenderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnSenderKey")
            .field("id", &self.id)
            .field("iteration", &self.iteration())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
impl OwnSenderKey {
    /// As if so many messages had been sent.
    pub(super) fn sending_advance(&mut self, count: u32) {
        self.sending.chain = self.sending.chain.advanced(count);
    }
}
