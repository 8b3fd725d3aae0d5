//! Opening one ciphertext: sessions, identities, sender keys. All records are at hand.

use super::{Cx, Engine, Output, Told};
use crate::crypto::KeyPair;
use crate::messaging::address::Address;
use crate::messaging::desk::{Pin, Resolved};
use crate::messaging::stanzas::acks::Nack;
use crate::messaging::stanzas::incoming::IncomingMessage;
use crate::signal::{
    Device, DeviceIdentity, DeviceIdentityError, IdentityKey, Keys, Origin, Own, PrekeyMessage, Reaction,
    ResponderKeys, RetryCode, SenderKeyMessage, SessionRecord, SignalError, SignalMessage, Verdict, judge,
};
use crate::stanza::Jid;
use crate::store::records::OneTimePrekey;
use zeroize::Zeroizing;

/// What was in a ciphertext, still padded.
pub(super) struct Opened {
    pub(super) padded: Zeroizing<Vec<u8>>,
    /// It was encrypted for an identity that is not the sender's any more.
    pub(super) old_identity: bool,
}

/// Why a ciphertext gave nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was opened before.
    Duplicate,
    /// Another copy of it can help.
    Retry { code: RetryCode, keys: Keys },
    /// Nothing can.
    Refused(Nack),
}

impl From<SignalError> for Failure {
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
        cx: &mut Cx<'_>,
    ) -> Result<Opened, Failure> {
        let parsed = PrekeyMessage::parse(bytes)?;
        let verdict = self.judge(&parsed.identity, message.device_identity, sender.address(), cx)?;
        let key = sender.key();
        let own = Own { identity: &cx.device.identity, registration_id: cx.device.registration_id };
        let signed = self.signed_prekey(parsed.signed_prekey_id.get(), cx);
        let one_time = parsed.prekey_id.and_then(|id| self.desk.prekeys.get(&OneTimePrekey::key(id.get())));
        let one_time = one_time.map(|prekey| KeyPair::from_halves(prekey.secret.clone(), prekey.public));
        let keys = ResponderKeys { signed: signed.as_ref(), one_time: one_time.as_ref() };

        let mut fresh = SessionRecord::default();
        let session = self.desk.sessions.use_quietly(&key);
        let known = session.is_some();
        let session = session.unwrap_or(&mut fresh);
        let decrypted = session.decrypt_prekey(&parsed, own, keys, Some(&parsed.identity))?;
        if known {
            self.desk.sessions.change(&key);
        } else {
            self.desk.sessions.put(&key, fresh);
        }
        if let Some(id) = decrypted.used_prekey {
            self.desk.prekeys.remove(&OneTimePrekey::key(id.get()));
        }
        if decrypted.origin != Origin::OldIdentity {
            self.pin(sender, &decrypted.identity, verdict);
        }
        Ok(Opened {
            padded: Zeroizing::new(decrypted.plaintext),
            old_identity: decrypted.origin == Origin::OldIdentity,
        })
    }

    /// A message of a session that both sides know.
    pub(super) fn open_session(&mut self, bytes: &[u8], sender: &Resolved) -> Result<Opened, Failure> {
        let key = sender.key();
        let pin = self.desk.pins.get(&key).map(|pin| pin.key);
        let parsed = SignalMessage::parse(bytes)?;
        let session = self.desk.sessions.use_quietly(&key).ok_or(SignalError::NoSession)?;
        let decrypted = session.decrypt(&parsed, pin.as_ref())?;
        self.desk.sessions.change(&key);
        Ok(Opened {
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
    ) -> Result<Opened, Failure> {
        let key = self.desk.unite_sender_key(group, sender);
        let parsed = SenderKeyMessage::parse(bytes)?;
        let record = self.desk.sender_keys.use_quietly(&key).ok_or(SignalError::NoSenderKey)?;
        let padded = Zeroizing::new(record.decrypt(&parsed)?);
        self.desk.sender_keys.change(&key);
        Ok(Opened { padded, old_identity: false })
    }

    /// Our signed prekey of that number: the current one, or an earlier one that is still good.
    fn signed_prekey(&self, id: u32, cx: &Cx<'_>) -> Option<KeyPair> {
        let current = &cx.device.signed_prekey;
        if current.id == id {
            return Some(current.pair.clone());
        }
        Some(self.desk.signed_prekeys.get(&OneTimePrekey::key(id))?.0.pair.clone())
    }

    /// Whether an identity may be taken as that of a device. The pins of the device and of its primary are at hand.
    pub(super) fn judge(
        &self,
        identity: &IdentityKey,
        certificate: Option<&[u8]>,
        device: &Address,
        cx: &Cx<'_>,
    ) -> Result<Verdict, SignalError> {
        let own = IdentityKey::new(cx.device.identity.public()).map_err(|_| SignalError::InvalidKey)?;
        let pin = self.pinned(device, cx);
        let proof;
        let device = if device.is_primary() {
            Device::Primary
        } else if let Some(certificate) = certificate {
            let primary = self.pinned(&self.desk.canonical(&device.user.device(0)), cx);
            proof = DeviceIdentity::verify(certificate, identity, primary.as_ref(), device.is_hosted())
                .map_err(SignalError::DeviceIdentity)?;
            Device::Companion(&proof)
        } else {
            Device::Unproven
        };
        judge(identity, pin.as_ref(), &own, device)
    }

    /// The identity that a device is known by. That of our own phone is known from the link.
    pub(super) fn pinned(&self, device: &Address, cx: &Cx<'_>) -> Option<IdentityKey> {
        if let Some(pin) = self.desk.pins.get(&device.key()) {
            return Some(pin.key);
        }
        let own_phone = device.is_primary() && self.own.is_account(&device.user.jid());
        own_phone.then(|| IdentityKey::new(cx.account.account_key).ok()).flatten()
    }

    /// Keeps the identity of a device that has proved to have it.
    pub(super) fn pin(&mut self, device: &Resolved, identity: &IdentityKey, verdict: Verdict) {
        let key = device.key();
        match verdict {
            Verdict::Same if self.desk.pins.get(&key).is_some_and(|pin| !pin.superseded) => {}
            Verdict::First | Verdict::Same => {
                self.desk.pins.put(&key, Pin { key: *identity, superseded: false });
            }
            Verdict::Changed { .. } => {
                // If the server announced it, the host has heard of it.
                let announced = self.desk.pins.get(&key).is_some_and(|pin| pin.superseded);
                self.desk.pins.put(&key, Pin { key: *identity, superseded: false });
                if !announced {
                    let device = device.address().clone();
                    let pn = self.phone_number(&device.user.jid());
                    self.out.push(Output::Event(Told::IdentityChanged { device, pn }));
                }
            }
        }
    }
}

/// Whether an error says that the primary's identity must be known first.
pub(super) fn needs_primary(error: &SignalError) -> bool {
    matches!(error, SignalError::DeviceIdentity(DeviceIdentityError::PrimaryUnknown))
}
