//! One ciphertext: of a session, or of a group. Its records are in the cache.

use crate::crypto::KeyPair;
use crate::messaging::engine::EngineContext;
use crate::messaging::engine::core::EngineCore;
use crate::messaging::record_cache::Resolved;
use crate::messaging::stanzas::acks::Nack;
use crate::messaging::stanzas::incoming::IncomingMessage;
use crate::signal::{
    Keys, Origin, Own, PrekeyMessage, Reaction, ResponderKeys, RetryCode, SenderKeyMessage, SessionRecord,
    SignalError, SignalMessage,
};
use crate::stanza::Jid;
use crate::store::records::OneTimePrekey;
use zeroize::Zeroizing;

/// The plaintext of a ciphertext, still padded.
pub(super) struct PaddedPlaintext {
    pub(super) padded: Zeroizing<Vec<u8>>,
    /// It came through a session with the device that sent it.
    pub(super) is_pairwise: bool,
    /// It was encrypted for an identity that is not the sender's any more.
    pub(super) old_identity: bool,
}

/// The reason why a ciphertext gave nothing.
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

/// Decrypts one of the first messages of a session, with what it takes to begin it.
pub(super) fn open_prekey(
    core: &mut EngineCore,
    message: &IncomingMessage<'_>,
    bytes: &[u8],
    sender: &Resolved,
    cx: &mut EngineContext<'_>,
) -> Result<PaddedPlaintext, DecryptFailure> {
    let parsed = PrekeyMessage::parse(bytes)?;
    let verdict = core.classify(&parsed.identity, message.device_identity, sender.address(), cx)?;
    let key = sender.key();
    let own = Own { identity: &cx.device.identity, registration_id: cx.device.registration_id };
    let signed = signed_prekey(core, parsed.signed_prekey_id.get(), cx);
    let one_time = parsed.prekey_id.and_then(|id| core.cache.prekeys.get(&OneTimePrekey::key(id.get())));
    let one_time = one_time.map(|prekey| KeyPair::from_halves(prekey.secret.clone(), prekey.public));
    let keys = ResponderKeys { signed: signed.as_ref(), one_time: one_time.as_ref() };

    let mut fresh = SessionRecord::default();
    let session = core.cache.sessions.use_quietly(&key);
    let known = session.is_some();
    let session = session.unwrap_or(&mut fresh);
    let decrypted = session.decrypt_prekey(&parsed, own, keys, Some(&parsed.identity))?;
    if known {
        core.cache.sessions.change(&key);
    } else {
        core.cache.sessions.put(&key, fresh);
    }
    if let Some(id) = decrypted.used_prekey {
        core.cache.prekeys.remove(&OneTimePrekey::key(id.get()));
    }
    if decrypted.origin != Origin::OldIdentity {
        core.pin(sender, &decrypted.identity, verdict);
    }
    Ok(PaddedPlaintext {
        padded: Zeroizing::new(decrypted.plaintext),
        is_pairwise: true,
        old_identity: decrypted.origin == Origin::OldIdentity,
    })
}

/// Decrypts a message of a session that both sides know.
pub(super) fn open_session(
    core: &mut EngineCore,
    bytes: &[u8],
    sender: &Resolved,
) -> Result<PaddedPlaintext, DecryptFailure> {
    let key = sender.key();
    let pin = core.cache.pins.get(&key).map(|pin| pin.key);
    let parsed = SignalMessage::parse(bytes)?;
    let session = core.cache.sessions.use_quietly(&key).ok_or(SignalError::NoSession)?;
    let decrypted = session.decrypt(&parsed, pin.as_ref())?;
    core.cache.sessions.change(&key);
    Ok(PaddedPlaintext {
        padded: Zeroizing::new(decrypted.plaintext),
        is_pairwise: true,
        old_identity: decrypted.origin == Origin::OldIdentity,
    })
}

/// Decrypts a message to a group.
pub(super) fn open_sender_key(
    core: &mut EngineCore,
    group: &Jid,
    bytes: &[u8],
    sender: &Resolved,
) -> Result<PaddedPlaintext, DecryptFailure> {
    let key = core.cache.merge_sender_key(group, sender);
    let parsed = SenderKeyMessage::parse(bytes)?;
    let record = core.cache.sender_keys.use_quietly(&key).ok_or(SignalError::NoSenderKey)?;
    let padded = Zeroizing::new(record.decrypt(&parsed)?);
    core.cache.sender_keys.change(&key);
    Ok(PaddedPlaintext { padded, is_pairwise: false, old_identity: false })
}

/// Returns our signed prekey of that number: the current one, or an earlier one that is still good.
fn signed_prekey(core: &EngineCore, id: u32, cx: &EngineContext<'_>) -> Option<KeyPair> {
    let current = &cx.device.signed_prekey;
    if current.id == id {
        return Some(current.pair.clone());
    }
    Some(core.cache.signed_prekeys.get(&OneTimePrekey::key(id))?.0.pair.clone())
}
