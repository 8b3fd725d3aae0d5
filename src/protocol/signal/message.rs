//! The two pairwise messages: [`PrekeyMessage`] opens a session and carries the first messages of it, [`SignalMessage`] is
//! every one after that, and sits inside the former, too.

use subtle::ConstantTimeEq;

use super::kdf::MessageKeys;
use super::wire::{self, Fields};
use super::{BaseKey, IdentityKey, PrekeyId, RatchetKey, SignalError};
use crate::crypto::{MacKey, cbc};

/// Length of the code at the end of a message.
const MAC: usize = 8;

/// A received message of an established session (`enc type="msg"`). Borrowed from the bytes it was read from, and not yet
/// authenticated.
#[derive(Debug, Clone, Copy)]
pub struct SignalMessage<'a> {
    /// The sender's ratchet key: which chain.
    pub ratchet_key: RatchetKey,
    /// The number of the message in its chain, from 0.
    pub counter: u32,
    /// The highest counter of the sender's chain before. Nothing is done with it: peers are known to send nonsense.
    pub previous_counter: u32,
    ciphertext: &'a [u8],
    signed: &'a [u8],
    mac: &'a [u8; MAC],
}

impl<'a> SignalMessage<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// [`SignalError::UnsupportedVersion`], [`SignalError::Malformed`], [`SignalError::InvalidKey`]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, SignalError> {
        wire::version(bytes)?;
        let (signed, mac) = bytes.split_last_chunk::<MAC>().ok_or(SignalError::Malformed("too short"))?;
        let (mut ratchet_key, mut counter, mut previous, mut ciphertext) = (None, None, 0, None);
        for field in Fields(wire::version(signed).map_err(|_| SignalError::Malformed("too short"))?) {
            match field? {
                (1, value) => ratchet_key = Some(value.bytes()?),
                (2, value) => counter = Some(value.u32()?),
                (3, value) => previous = value.u32()?,
                (4, value) => ciphertext = Some(value.bytes()?),
                _ => {}
            }
        }
        let ciphertext = ciphertext.ok_or(SignalError::Malformed("no ciphertext"))?;
        if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(cbc::BLOCK) {
            return Err(SignalError::Malformed("length of the ciphertext"));
        }
        Ok(Self {
            ratchet_key: RatchetKey::from_typed(
                ratchet_key.ok_or(SignalError::Malformed("no ratchet key"))?,
            )?,
            counter: below_the_last(counter.ok_or(SignalError::Malformed("no counter"))?)?,
            previous_counter: previous,
            ciphertext,
            signed,
            mac,
        })
    }

    /// Checks the code and only then decrypts.
    pub(super) fn open(
        &self,
        keys: &MessageKeys,
        sender: &IdentityKey,
        receiver: &IdentityKey,
    ) -> Result<Vec<u8>, SignalError> {
        let expected = mac(keys, sender, receiver, self.signed);
        if !bool::from(expected.ct_eq(self.mac)) {
            return Err(SignalError::BadMac);
        }
        cbc::decrypt(keys.cipher(), keys.iv(), self.ciphertext).ok_or(SignalError::BadCiphertext)
    }
}

/// The largest counter is refused: there would be no next one.
pub(super) fn below_the_last(counter: u32) -> Result<u32, SignalError> {
    if counter == u32::MAX { Err(SignalError::Malformed("counter")) } else { Ok(counter) }
}

/// Both identities are in the code, the sender's first: a message cannot be sent back to where it came from.
fn mac(keys: &MessageKeys, sender: &IdentityKey, receiver: &IdentityKey, signed: &[u8]) -> [u8; MAC] {
    let sender = sender.key().with_type_byte();
    let receiver = receiver.key().with_type_byte();
    let [a, b, c, d, e, f, g, h, ..] = MacKey::new(keys.mac()).code(&[&sender, &receiver, signed]);
    [a, b, c, d, e, f, g, h]
}

/// A received message that opens a session, or belongs to one whose opener was not answered yet (`enc type="pkmsg"`). All of
/// it but the message inside is outside any code: it is a claim until that message decrypts.
#[derive(Debug, Clone, Copy)]
pub struct PrekeyMessage<'a> {
    /// The sender's registration id.
    pub registration_id: u32,
    /// The receiver's one-time prekey that was used, if any.
    pub prekey_id: Option<PrekeyId>,
    /// The receiver's signed prekey that was used.
    pub signed_prekey_id: PrekeyId,
    /// The key made for the session.
    pub base_key: BaseKey,
    /// The sender's identity.
    pub identity: IdentityKey,
    /// The message inside.
    pub message: SignalMessage<'a>,
}

impl<'a> PrekeyMessage<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// As [`SignalMessage::parse`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, SignalError> {
        let (mut prekey, mut base, mut identity, mut message) = (None, None, None, None);
        let (mut registration, mut signed_prekey) = (None, None);
        for field in Fields(wire::version(bytes)?) {
            match field? {
                (1, value) => prekey = Some(prekey_id(value.u32()?)?),
                (2, value) => base = Some(value.bytes()?),
                (3, value) => identity = Some(value.bytes()?),
                (4, value) => message = Some(value.bytes()?),
                (5, value) => registration = Some(value.u32()?),
                (6, value) => signed_prekey = Some(prekey_id(value.u32()?)?),
                // A key agreement that goes beyond version 3: without it nothing would decrypt.
                (7 | 8, _) => return Err(SignalError::UnsupportedVersion(4)),
                _ => {}
            }
        }
        let missing = SignalError::Malformed("a field of the first message is missing");
        Ok(Self {
            registration_id: registration.ok_or(missing)?,
            prekey_id: prekey,
            signed_prekey_id: signed_prekey.ok_or(missing)?,
            base_key: BaseKey::from_typed(base.ok_or(missing)?)?,
            identity: IdentityKey::from_typed(identity.ok_or(missing)?)?,
            message: SignalMessage::parse(message.ok_or(missing)?)?,
        })
    }
}

fn prekey_id(id: u32) -> Result<PrekeyId, SignalError> {
    PrekeyId::new(id).ok_or(SignalError::Malformed("prekey id"))
}

/// The envelope of a message that opens a session.
pub(super) struct PrekeyEnvelope {
    pub(super) registration_id: u32,
    pub(super) prekey_id: Option<PrekeyId>,
    pub(super) signed_prekey_id: PrekeyId,
    pub(super) base_key: BaseKey,
    pub(super) identity: IdentityKey,
}

/// The content of a message.
pub(super) struct Content<'a> {
    pub(super) keys: &'a MessageKeys,
    pub(super) sender: &'a IdentityKey,
    pub(super) receiver: &'a IdentityKey,
    pub(super) ratchet_key: RatchetKey,
    pub(super) counter: u32,
    pub(super) previous_counter: u32,
    pub(super) plaintext: &'a [u8],
}

impl Content<'_> {
    /// Encrypts and writes the message, in an envelope if there is one.
    pub(super) fn write(&self, envelope: Option<&PrekeyEnvelope>) -> Vec<u8> {
        let sealed = cbc::sealed_length(self.plaintext.len());
        let length = 1
            + 35
            + wire::number_length(self.counter as usize)
            + wire::number_length(self.previous_counter as usize)
            + wire::number_length(sealed)
            + sealed
            + MAC;
        let Some(envelope) = envelope else {
            let mut out = Vec::with_capacity(length);
            self.write_onto(&mut out);
            return out;
        };
        // The envelope is at most that much: a version, two keys, and four numbers with their tags.
        let mut out = Vec::with_capacity(length + 1 + 2 * 35 + 4 * 6);
        out.push(wire::VERSION);
        if let Some(id) = envelope.prekey_id {
            wire::put_number(&mut out, 1, id.get());
        }
        wire::put_bytes(&mut out, 2, &envelope.base_key.key().with_type_byte());
        wire::put_bytes(&mut out, 3, &envelope.identity.key().with_type_byte());
        wire::put_length(&mut out, 4, length);
        self.write_onto(&mut out);
        wire::put_number(&mut out, 5, envelope.registration_id);
        wire::put_number(&mut out, 6, envelope.signed_prekey_id.get());
        out
    }

    fn write_onto(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.push(wire::VERSION);
        wire::put_bytes(out, 1, &self.ratchet_key.key().with_type_byte());
        wire::put_number(out, 2, self.counter);
        wire::put_number(out, 3, self.previous_counter);
        wire::put_length(out, 4, cbc::sealed_length(self.plaintext.len()));
        cbc::encrypt_onto(self.keys.cipher(), self.keys.iv(), self.plaintext, out);
        let code = mac(self.keys, self.sender, self.receiver, out.get(start..).unwrap_or_default());
        out.extend_from_slice(&code);
    }
}
