//! Opening one ciphertext: sessions, identities, sender keys. All records are at hand.

use super::{Engine, EngineContext, MessagingEvent, Output};
use crate::crypto::KeyPair;
use crate::messaging::address::Address;
use crate::messaging::record_cache::{PinnedIdentity, Resolved};
use crate::messaging::stanzas::acks::Nack;
use crate::messaging::stanzas::incoming::IncomingMessage;
use crate::signal::{
    DeviceIdentity, DeviceIdentityError, IdentityKey, IdentityProof, Keys, Origin, Own, PrekeyMessage,
    Reaction, ResponderKeys, RetryCode, SenderKeyMessage, SessionRecord, SignalError, SignalMessage, Verdict,
    classify,
};
use crate::stanza::Jid;
use crate::store::records::OneTimePrekey;
use zeroize::Zeroizing;

/// What was in a ciphertext, still padded.
pub(super) struct PaddedPlaintext {
    pub(super) padded: Zeroizing<Vec<u8>>,
    /// It was encrypted for an identity that is not the sender's any more.
    pub(super) old_identity: bool,
}

/// Why a ciphertext gave nothing.
#[derive(Debug)]
pub(super) enum DecryptFailure {
    /// It was opened before.
    Duplicate,
    /// Another copy of it can help.
    Retry { code: RetryCode, keys: Keys },
    /// Nothing can.
    Refused(Nack),
}

impl From<SignalError> for DecryptFailure {
    fn from(error: SignalError) -> Self {
        match error.reaction() {
            Reaction::Duplicate => Self::Duplicate,
            Reaction::Retry { code, keys } => Self::Retry { code, keys },
        }
    }
}

impl Engine {
    /// The first messages of a session, with what it takes to begin it.
    pub(super) fn open_prekey(
        &mut self,
        message: &IncomingMessage<'_>,
        bytes: &[u8],
        sender: &Resolved,
        cx: &mut EngineContext<'_>,
    ) -> Result<PaddedPlaintext, DecryptFailure> {
        let parsed = PrekeyMessage::parse(bytes)?;
        let verdict = self.classify(&parsed.identity, message.device_identity, sender.address(), cx)?;
        let key = sender.key();
        let own = Own { identity: &cx.device.identity, registration_id: cx.device.registration_id };
        let signed = self.signed_prekey(parsed.signed_prekey_id.get(), cx);
        let one_time = parsed.prekey_id.and_then(|id| self.cache.prekeys.get(&OneTimePrekey::key(id.get())));
        let one_time = one_time.map(|prekey| KeyPair::from_halves(prekey.secret.clone(), prekey.public));
        let keys = ResponderKeys { signed: signed.as_ref(), one_time: one_time.as_ref() };

        let mut fresh = SessionRecord::default();
        let session = self.cache.sessions.use_quietly(&key);
        let known = session.is_some();
        let session = session.unwrap_or(&mut fresh);
        let decrypted = session.decrypt_prekey(&parsed, own, keys, Some(&parsed.identity))?;
        if known {
            self.cache.sessions.change(&key);
        } else {
            self.cache.sessions.put(&key, fresh);
        }
        if let Some(id) = decrypted.used_prekey {
            self.cache.prekeys.remove(&OneTimePrekey::key(id.get()));
        }
        if decrypted.origin != Origin::OldIdentity {
            self.pin(sender, &decrypted.identity, verdict);
        }
        Ok(PaddedPlaintext {
            padded: Zeroizing::new(decrypted.plaintext),
            old_identity: decrypted.origin == Origin::OldIdentity,
        })
    }

    /// A message of a session that both sides know.
    pub(super) fn open_session(
        &mut self,
        bytes: &[u8],
        sender: &Resolved,
    ) -> Result<PaddedPlaintext, DecryptFailure> {
        let key = sender.key();
        let pin = self.cache.pins.get(&key).map(|pin| pin.key);
        let parsed = SignalMessage::parse(bytes)?;
        let session = self.cache.sessions.use_quietly(&key).ok_or(SignalError::NoSession)?;
        let decrypted = session.decrypt(&parsed, pin.as_ref())?;
        self.cache.sessions.change(&key);
        Ok(PaddedPlaintext {
            padded: Zeroizing::new(decrypted.plaintext),
            old_identity: decrypted.origin == Origin::OldIdentity,
        })
    }

    /// A message to a group.
    pub(super) fn open_sender_key(
        &mut self,
        group: &Jid,
        bytes: &[u8],
        sender: &Resolved,
    ) -> Result<PaddedPlaintext, DecryptFailure> {
        let key = self.cache.merge_sender_key(group, sender);
        let parsed = SenderKeyMessage::parse(bytes)?;
        let record = self.cache.sender_keys.use_quietly(&key).ok_or(SignalError::NoSenderKey)?;
        let padded = Zeroizing::new(record.decrypt(&parsed)?);
        self.cache.sender_keys.change(&key);
        Ok(PaddedPlaintext { padded, old_identity: false })
    }

    /// Our signed prekey of that number: the current one, or an earlier one that is still good.
    fn signed_prekey(&self, id: u32, cx: &EngineContext<'_>) -> Option<KeyPair> {
        let current = &cx.device.signed_prekey;
        if current.id == id {
            return Some(current.pair.clone());
        }
        Some(self.cache.signed_prekeys.get(&OneTimePrekey::key(id))?.0.pair.clone())
    }

    /// Whether an identity may be taken as that of a device. The pins of the device and of its primary are at hand.
    pub(super) fn classify(
        &self,
        identity: &IdentityKey,
        certificate: Option<&[u8]>,
        device: &Address,
        cx: &EngineContext<'_>,
    ) -> Result<Verdict, SignalError> {
        let own = IdentityKey::new(cx.device.identity.public()).map_err(|_| SignalError::InvalidKey)?;
        let pin = self.pinned(device, cx);
        let proof;
        let device = if device.is_primary() {
            IdentityProof::Primary
        } else if let Some(certificate) = certificate {
            let primary = self.pinned(&self.cache.canonical(&device.user.device(0)), cx);
            proof = DeviceIdentity::verify(certificate, identity, primary.as_ref(), device.is_hosted())
                .map_err(SignalError::DeviceIdentity)?;
            IdentityProof::Companion(&proof)
        } else {
            IdentityProof::Unproven
        };
        classify(identity, pin.as_ref(), &own, device)
    }

    /// The identity that a device is known by. That of our own phone is known from the link.
    pub(super) fn pinned(&self, device: &Address, cx: &EngineContext<'_>) -> Option<IdentityKey> {
        if let Some(pin) = self.cache.pins.get(&device.key()) {
            return Some(pin.key);
        }
        let own_phone = device.is_primary() && self.own.is_account(&device.user.jid());
        own_phone.then(|| IdentityKey::new(cx.account.account_key).ok()).flatten()
    }

    /// Keeps the identity of a device that has proved to have it.
    pub(super) fn pin(&mut self, device: &Resolved, identity: &IdentityKey, verdict: Verdict) {
        let key = device.key();
        match verdict {
            Verdict::Same if self.cache.pins.get(&key).is_some_and(|pin| !pin.superseded) => {}
            Verdict::First | Verdict::Same => {
                self.cache.pins.put(&key, PinnedIdentity { key: *identity, superseded: false });
            }
            Verdict::Changed { .. } => {
                // If the server announced it, the host has heard of it.
                let announced = self.cache.pins.get(&key).is_some_and(|pin| pin.superseded);
                self.cache.pins.put(&key, PinnedIdentity { key: *identity, superseded: false });
                if !announced {
                    let device = device.address().clone();
                    let pn = self.phone_number(&device.user.jid());
                    self.out.push(Output::Event(MessagingEvent::IdentityChanged { device, pn }));
                }
            }
        }
    }
}

/// Whether an error says that the primary's identity must be known first.
pub(super) fn needs_primary(error: &SignalError) -> bool {
    matches!(error, SignalError::DeviceIdentity(DeviceIdentityError::PrimaryUnknown))
}
