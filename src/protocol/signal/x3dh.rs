//! X3DH: two devices that never spoke agree on the first keys of a session, one of them being absent.
//!
//! The specification is "The X3DH Key Agreement Protocol" (Marlinspike, Perrin). The order of the four agreements and the 32
//! bytes FF in front are those of Signal's deployed version 3, which WhatsApp kept.

use zeroize::Zeroizing;

use super::kdf::{Chain, first_keys, root_step};
use super::state::{Pending, Receiving, Sending, State};
use super::{BaseKey, Bundle, Own, PrekeyMessage, RatchetKey, SignalError};
use crate::crypto::{KeyPair, LowOrder, Random, Secret};

/// The private keys that a first message asks for, as the caller found them by the numbers in it. `None` if there is none of
/// that number.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResponderKeys<'a> {
    /// The signed prekey.
    pub signed: Option<&'a KeyPair>,
    /// The one-time prekey; not looked at if the message names none.
    pub one_time: Option<&'a KeyPair>,
}

/// The agreements, in order, behind the prefix.
struct Master {
    bytes: Zeroizing<[u8; 160]>,
    length: usize,
}

impl Master {
    fn new() -> Self {
        Self { bytes: Zeroizing::new([0xff; 160]), length: 32 }
    }

    fn add(&mut self, shared: Result<Secret<32>, LowOrder>) -> Result<(), SignalError> {
        let shared = shared.map_err(|_| SignalError::InvalidKey)?;
        if let Some(place) = self.bytes.get_mut(self.length..self.length + 32) {
            place.copy_from_slice(shared.as_bytes());
            self.length += 32;
        }
        Ok(())
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The initiator's session: ready to send, with everything a first message must carry. Draws two keys, 32 bytes each.
pub(super) fn initiate(bundle: &Bundle, own: Own<'_>, rng: &mut dyn Random) -> Result<State, SignalError> {
    let base = KeyPair::generate(rng);
    let ratchet = KeyPair::generate(rng);
    let signed_prekey = bundle.signed_prekey.key();
    let prepared = signed_prekey.prepare();
    let mut master = Master::new();
    master.add(own.identity.agree_with(&prepared))?;
    master.add(base.agree(&bundle.identity.key()))?;
    master.add(base.agree_with(&prepared))?;
    if let Some((_, one_time)) = &bundle.one_time {
        master.add(base.agree(&one_time.key()))?;
    }
    let (root, unused_by_peers) = first_keys(master.as_slice());
    let shared = ratchet.agree_with(&prepared).map_err(|_| SignalError::InvalidKey)?;
    let (root, sending) = root_step(&root, &shared);
    Ok(State {
        own_identity: own.identity_key(),
        identity: bundle.identity,
        registration_id: bundle.registration_id,
        base_key: BaseKey::trusted(base.public()),
        root,
        ratchet: Some(ratchet),
        sending: Some(Sending::new(sending)),
        previous_counter: 0,
        receiving: vec![Receiving::new(RatchetKey::trusted(signed_prekey), Chain::new(unused_by_peers))],
        pending: Some(Pending {
            prekey_id: bundle.one_time.map(|(id, _)| id),
            signed_prekey_id: bundle.signed_prekey_id,
        }),
    })
}

/// The responder's session as it is before the message inside was read: the signed prekey is its ratchet key, and the step
/// that every first message brings follows at once.
pub(super) fn respond(
    message: &PrekeyMessage<'_>,
    own: Own<'_>,
    keys: ResponderKeys<'_>,
) -> Result<State, SignalError> {
    let signed = keys.signed.ok_or(SignalError::UnknownSignedPrekey(message.signed_prekey_id))?;
    let one_time = match message.prekey_id {
        Some(id) => Some(keys.one_time.ok_or(SignalError::UnknownPrekey(id))?),
        None => None,
    };
    let base = message.base_key.key().prepare();
    let mut master = Master::new();
    master.add(signed.agree(&message.identity.key()))?;
    master.add(own.identity.agree_with(&base))?;
    master.add(signed.agree_with(&base))?;
    if let Some(one_time) = one_time {
        master.add(one_time.agree_with(&base))?;
    }
    let (root, _) = first_keys(master.as_slice());
    Ok(State {
        own_identity: own.identity_key(),
        identity: message.identity,
        registration_id: message.registration_id,
        base_key: message.base_key,
        root,
        ratchet: Some(signed.clone()),
        sending: None,
        previous_counter: 0,
        receiving: Vec::new(),
        pending: None,
    })
}
