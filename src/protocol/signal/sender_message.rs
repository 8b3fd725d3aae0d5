//! The messages of groups: a [`SenderKeyDistribution`] hands a sender's key to a device, inside a pairwise message, and a
//! [`SenderKeyMessage`] is encrypted once for all who have it.

use std::fmt;

use super::kdf::{Chain, ChainKey, GroupMessageKeys};
use super::message::below_the_last;
use super::wire::{self, Fields};
use super::{SignalError, SigningKey};
use crate::crypto::{KeyPair, PublicKey, Random, SIGNATURE_LENGTH, Secret, cbc, verify};

/// A received group message (`enc type="skmsg"`). Borrowed from the bytes it was read from, and not yet authenticated.
#[derive(Debug, Clone, Copy)]
pub struct SenderKeyMessage<'a> {
    /// The id of the sender's key.
    pub key_id: u32,
    /// The number of the message in its chain. One of the known clients uses every second number only.
    pub iteration: u32,
    ciphertext: &'a [u8],
    signed: &'a [u8],
    signature: &'a [u8; SIGNATURE_LENGTH],
}

impl<'a> SenderKeyMessage<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// [`SignalError::UnsupportedVersion`], [`SignalError::Malformed`]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, SignalError> {
        wire::version(bytes)?;
        let short = SignalError::Malformed("too short");
        let (signed, signature) = bytes.split_last_chunk().ok_or(short)?;
        let (mut key_id, mut iteration, mut ciphertext) = (None, None, None);
        for field in Fields(wire::version(signed).map_err(|_| short)?) {
            match field? {
                (1, value) => key_id = Some(value.u32()?),
                (2, value) => iteration = Some(value.u32()?),
                (3, value) => ciphertext = Some(value.bytes()?),
                _ => {}
            }
        }
        let missing = SignalError::Malformed("a field of the group message is missing");
        let ciphertext = ciphertext.ok_or(missing)?;
        if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(cbc::BLOCK) {
            return Err(SignalError::Malformed("length of the ciphertext"));
        }
        Ok(Self {
            key_id: key_id.ok_or(missing)?,
            iteration: below_the_last(iteration.ok_or(missing)?)?,
            ciphertext,
            signed,
            signature,
        })
    }

    pub(super) fn is_signed_by(&self, key: &SigningKey) -> bool {
        verify(&key.key(), &[self.signed], self.signature)
    }

    /// Decrypts. The signature, which is all that authenticates it, must have been checked.
    pub(super) fn open(&self, keys: &GroupMessageKeys) -> Result<Vec<u8>, SignalError> {
        cbc::decrypt(keys.cipher(), keys.iv(), self.ciphertext).ok_or(SignalError::BadCiphertext)
    }
}

/// Encrypts, signs and writes a group message. Draws 64 random bytes.
pub(super) fn write_message(
    key_id: u32,
    iteration: u32,
    keys: &GroupMessageKeys,
    signing: &KeyPair,
    plaintext: &[u8],
    rng: &mut dyn Random,
) -> Vec<u8> {
    let sealed = cbc::sealed_length(plaintext.len());
    // A version, two numbers with their tags, and the ciphertext with its.
    let mut out = Vec::with_capacity(1 + 2 * 6 + 6 + sealed + SIGNATURE_LENGTH);
    out.push(wire::VERSION);
    wire::put_number(&mut out, 1, key_id);
    wire::put_number(&mut out, 2, iteration);
    wire::put_length(&mut out, 3, sealed);
    cbc::encrypt_onto(keys.cipher(), keys.iv(), plaintext, &mut out);
    let signature = signing.sign(&[&out], rng);
    out.extend_from_slice(&signature);
    out
}

/// A sender's key as it is from one message on. It is believed because of the pairwise message it came in: the sender is the
/// device of that session, whatever else is claimed.
#[derive(Clone)]
pub struct SenderKeyDistribution {
    pub(super) key_id: u32,
    pub(super) chain: Chain,
    pub(super) signing_key: SigningKey,
}

impl SenderKeyDistribution {
    /// Reads one. A signing key without its type byte is taken as well: old stores of one client hold it so.
    ///
    /// # Errors
    /// [`SignalError::UnsupportedVersion`], [`SignalError::Malformed`], [`SignalError::InvalidKey`]
    pub fn parse(bytes: &[u8]) -> Result<Self, SignalError> {
        let (mut key_id, mut iteration, mut chain_key, mut signing_key) = (None, None, None, None);
        for field in Fields(wire::version(bytes)?) {
            match field? {
                (1, value) => key_id = Some(value.u32()?),
                (2, value) => iteration = Some(value.u32()?),
                (3, value) => chain_key = Some(value.bytes()?),
                (4, value) => signing_key = Some(value.bytes()?),
                _ => {}
            }
        }
        let missing = SignalError::Malformed("a field of the sender key is missing");
        let chain_key = Secret::from_slice(chain_key.ok_or(missing)?);
        let signing_key = signing_key.ok_or(missing)?;
        let signing_key = PublicKey::from_slice(signing_key).or_else(|| PublicKey::from_typed(signing_key));
        Ok(Self {
            key_id: key_id.ok_or(missing)?,
            chain: Chain {
                key: ChainKey(chain_key.ok_or(SignalError::Malformed("length of the chain key"))?),
                counter: below_the_last(iteration.ok_or(missing)?)?,
            },
            signing_key: SigningKey::new(signing_key.ok_or(SignalError::InvalidKey)?)?,
        })
    }

    /// Returns the id of the sender's key.
    #[must_use]
    pub const fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The first message that can be read with it.
    #[must_use]
    pub const fn iteration(&self) -> u32 {
        self.chain.counter
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + 2 * 6 + 34 + 35);
        out.push(wire::VERSION);
        wire::put_number(&mut out, 1, self.key_id);
        wire::put_number(&mut out, 2, self.chain.counter);
        wire::put_bytes(&mut out, 3, self.chain.key.0.as_bytes());
        wire::put_bytes(&mut out, 4, &self.signing_key.key().with_type_byte());
        out
    }
}

impl fmt::Debug for SenderKeyDistribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderKeyDistribution")
            .field("key_id", &self.key_id)
            .field("iteration", &self.chain.counter)
            .finish_non_exhaustive()
    }
}
