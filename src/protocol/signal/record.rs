//! All sessions with one device.
//!
//! Main type: [`SessionRecord`].

use std::collections::VecDeque;

use zeroize::Zeroizing;

use super::replay_guard::ReplayGuard;
use super::state::{ARCHIVED_LIMIT, DecryptAttempt, LIMIT, Outgoing, State};
use super::{
    BaseKey, Bundle, IdentityKey, Own, PrekeyId, PrekeyMessage, ResponderKeys, SignalError, SignalMessage,
    x3dh,
};
use crate::crypto::Random;

/// Sessions kept beside the current one.
pub(super) const MOST_ARCHIVED: usize = 40;

/// All sessions with one device: the current one, which is sent on, and the archive of earlier ones, in which late messages
/// are still read. The default is empty.
///
/// Every method that can fail leaves the record as it was when it does. A record is saved in the same transaction as what
/// it did: the plaintext, the deletion of a used prekey, a new pin.
#[derive(Clone, Default)]
pub struct SessionRecord {
    pub(super) current: Option<State>,
    /// The newest first.
    pub(super) archive: VecDeque<State>,
    pub(super) guard: ReplayGuard,
    /// Ties the two stored values together; 0 while there is only one.
    pub(super) generation: u32,
    pub(super) cold_changed: bool,
}

/// The values to store.
#[derive(Clone)]
pub struct Saved {
    /// Always.
    pub hot: Zeroizing<Vec<u8>>,
    /// In the same transaction, unless it is as it was.
    pub cold: Option<Zeroizing<Vec<u8>>>,
}

/// The public facts of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionInfo {
    /// The peer's identity.
    pub identity: IdentityKey,
    /// The peer's registration id, as of when the session was made.
    pub registration_id: u32,
    /// The session's name.
    pub base_key: BaseKey,
    /// Set if it was not answered yet: messages still carry what opens it.
    pub is_pending: bool,
}

/// The session a message was read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The current one.
    Current,
    /// An archived one, which is the current one from here on.
    Promoted,
    /// A new one, opened by this message.
    New,
    /// One with an identity that is not the pinned one. It was in flight when the identity changed: to be shown as coming
    /// from the old one. Nothing is sent on that session.
    OldIdentity,
}

/// A message that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Decrypted {
    /// The content, padding included ([`super::unpad`]).
    pub plaintext: Vec<u8>,
    /// The identity of the sender.
    pub identity: IdentityKey,
    /// The session it belongs to.
    pub origin: Origin,
    /// The one-time prekey that it used up: to be deleted in the same transaction.
    pub used_prekey: Option<PrekeyId>,
}

/// The place of a state in a record.
#[derive(Clone, Copy)]
enum StatePlace {
    Current,
    Archived(usize),
}

impl SessionRecord {
    /// Returns whether there is neither a current session nor an archived one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.current.is_none() && self.archive.is_empty()
    }

    /// The current session.
    #[must_use]
    pub fn current(&self) -> Option<SessionInfo> {
        self.current.as_ref().map(|state| SessionInfo {
            identity: state.identity,
            registration_id: state.registration_id,
            base_key: state.base_key,
            is_pending: state.pending.is_some(),
        })
    }

    /// Returns whether the current session is one with the pinned identity, so that it may be sent on.
    #[must_use]
    pub fn can_send(&self, pin: &IdentityKey) -> bool {
        self.current.as_ref().is_some_and(|state| state.identity == *pin)
    }

    /// Opens a session from a bundle; the one before is archived, since messages of it are on their way. Draws 64 random
    /// bytes.
    ///
    /// # Errors
    /// [`SignalError::OwnIdentity`]; [`SignalError::UntrustedIdentity`] if `pin` is not the bundle's identity: see
    /// [`super::classify`]; [`SignalError::InvalidKey`]
    pub fn open(
        &mut self,
        bundle: &Bundle,
        own: Own<'_>,
        pin: &IdentityKey,
        rng: &mut dyn Random,
    ) -> Result<(), SignalError> {
        check_identity(bundle.identity(), own, Some(pin))?;
        let state = x3dh::initiate(bundle, own, rng)?;
        self.replace_current(state);
        Ok(())
    }

    /// Encrypts `padded` on the current session. Draws 32 random bytes if it is the first message after one of the peer's
    /// that brought a new ratchet key.
    ///
    /// # Errors
    /// [`SignalError::NoSession`] unless [`can_send`](Self::can_send); [`SignalError::ChainExhausted`]
    pub fn encrypt(
        &mut self,
        padded: &[u8],
        own: Own<'_>,
        pin: &IdentityKey,
        rng: &mut dyn Random,
    ) -> Result<Outgoing, SignalError> {
        match &mut self.current {
            Some(state) if state.identity == *pin => state.encrypt(padded, own.registration_id, rng),
            _ => Err(SignalError::NoSession),
        }
    }

    /// Reserves the next `count` messages (at most 1000) of the chain in use: [`save`](Self::save) writes them as sent, so
    /// that they may be sent without a commit each. Whatever of them is not sent before the record is loaded again is lost,
    /// and the peer keeps its keys in vain: a few dozen are enough. The reservation ends with the chain. Does nothing before
    /// the first message of a chain was encrypted.
    pub fn lease(&mut self, count: u32) {
        if let Some(sending) = self.current.as_mut().and_then(|state| state.sending.as_mut()) {
            sending.lease(count.min(1000));
        }
    }

    /// Returns the number of further messages of the chain in use that may be sent without a commit each.
    #[must_use]
    pub fn leased(&self) -> u32 {
        let sending = self.current.as_ref().and_then(|state| state.sending.as_ref());
        sending.map_or(0, |sending| sending.saved_to.saturating_sub(sending.chain.counter))
    }

    /// Returns whether a message belongs to a session that is held, so that no prekeys need looking up.
    #[must_use]
    pub fn knows(&self, message: &PrekeyMessage<'_>) -> bool {
        self.place_of(message).is_some()
    }

    /// Reads a message of an established session.
    ///
    /// `pin` is the identity pinned for the device, if any: only a session with that one is sent on.
    ///
    /// # Errors
    /// [`SignalError::Duplicate`] if any session has read it before; else what the current session says
    /// ([`SignalError::NoSession`], [`SignalError::BadMac`], [`SignalError::TooFarAhead`], [`SignalError::BadCiphertext`],
    /// [`SignalError::InvalidKey`]).
    pub fn decrypt(
        &mut self,
        message: &SignalMessage<'_>,
        pin: Option<&IdentityKey>,
    ) -> Result<Decrypted, SignalError> {
        // The session that knows the chain is the right one. Otherwise it may be any: the message begins a chain.
        let is_known = self.states().any(|(_, state)| state.has_chain(&message.ratchet_key));
        let mut error = None;
        let mut read = None;
        for (place, state) in self.states() {
            if is_known && !state.has_chain(&message.ratchet_key) {
                continue;
            }
            match state.attempt(message, limit(place)) {
                Ok(attempt) => {
                    read = Some((place, attempt));
                    break;
                }
                // It was authentic: no other session will do better.
                Err(SignalError::BadCiphertext) => return Err(SignalError::BadCiphertext),
                Err(SignalError::Duplicate) => error = Some(SignalError::Duplicate),
                Err(other) => error = error.or(Some(other)),
            }
        }
        match read {
            Some((place, attempt)) => self.adopt(place, attempt, pin),
            None => Err(error.unwrap_or(SignalError::NoSession)),
        }
    }

    /// Reads a message that opens a session, or belongs to one that was opened and not answered.
    ///
    /// `pin` is the identity that is pinned for the device, or that is going to be because [`super::classify`] accepted a
    /// change. The claims of a message that opens a session are true only if this succeeds: pin nothing before.
    ///
    /// # Errors
    /// As [`decrypt`](Self::decrypt); for a new session also [`SignalError::UnknownSignedPrekey`],
    /// [`SignalError::UnknownPrekey`], [`SignalError::OwnIdentity`], [`SignalError::UntrustedIdentity`].
    pub fn decrypt_prekey(
        &mut self,
        message: &PrekeyMessage<'_>,
        own: Own<'_>,
        keys: ResponderKeys<'_>,
        pin: Option<&IdentityKey>,
    ) -> Result<Decrypted, SignalError> {
        check_identity(&message.identity, own, None)?;
        if let Some((place, state)) = self.place_of(message) {
            let attempt = state.attempt(&message.message, limit(place))?;
            return self.adopt(place, attempt, pin);
        }
        if self.guard.knows(&message.base_key) {
            return Err(SignalError::Duplicate);
        }
        check_identity(&message.identity, own, pin)?;
        let mut state = x3dh::respond(message, own, keys)?;
        let attempt = state.attempt(&message.message, LIMIT)?;
        let (plaintext, _) = state.commit(attempt);
        self.replace_current(state);
        if message.prekey_id.is_none() {
            self.guard.remember(&message.base_key);
            self.cold_changed = true;
        }
        Ok(Decrypted {
            plaintext,
            identity: message.identity,
            origin: Origin::New,
            used_prekey: message.prekey_id,
        })
    }

    /// Puts the current session into the archive: what is sent next needs a new one.
    pub fn archive_current(&mut self) {
        if let Some(mut state) = self.current.take() {
            for receiving in &mut state.receiving {
                receiving.skipped.thaw();
            }
            self.archive.push_front(state);
            self.archive.truncate(MOST_ARCHIVED);
            self.cold_changed = true;
        }
    }

    /// Takes over the sessions of another record of the same device, known there by another address: its current session if
    /// there is none here, and the rest at the end of the archive.
    pub fn absorb(&mut self, mut other: Self) {
        self.cold_changed |= !other.is_empty() || other.generation != 0;
        if self.current.is_none() {
            self.current = other.current.take();
        }
        other.archive_current();
        self.archive.append(&mut other.archive);
        self.archive.truncate(MOST_ARCHIVED);
        self.guard.absorb(&other.guard);
        self.forget_saved();
    }

    fn states(&self) -> impl Iterator<Item = (StatePlace, &State)> {
        let archived = self.archive.iter().enumerate();
        let archived = archived.map(|(index, state)| (StatePlace::Archived(index), state));
        self.current.iter().map(|state| (StatePlace::Current, state)).chain(archived)
    }

    fn place_of(&self, message: &PrekeyMessage<'_>) -> Option<(StatePlace, &State)> {
        self.states()
            .find(|(_, state)| state.base_key == message.base_key && state.identity == message.identity)
    }

    /// Does what was computed for the state at `place`, and promotes it if it may be.
    fn adopt(
        &mut self,
        place: StatePlace,
        attempt: DecryptAttempt,
        pin: Option<&IdentityKey>,
    ) -> Result<Decrypted, SignalError> {
        let state = match place {
            StatePlace::Current => self.current.as_mut(),
            StatePlace::Archived(index) => self.archive.get_mut(index),
        };
        let state = state.ok_or(SignalError::NoSession)?;
        let (plaintext, dropped_cold) = state.commit(attempt);
        let identity = state.identity;
        let is_pinned = pin.is_none_or(|pin| *pin == identity);
        let mut origin = if is_pinned { Origin::Current } else { Origin::OldIdentity };
        match place {
            StatePlace::Current => self.cold_changed |= dropped_cold,
            StatePlace::Archived(index) => {
                self.cold_changed = true;
                if is_pinned && let Some(state) = self.archive.remove(index) {
                    self.replace_current(state);
                    origin = Origin::Promoted;
                }
            }
        }
        Ok(Decrypted { plaintext, identity, origin, used_prekey: None })
    }

    fn replace_current(&mut self, state: State) {
        self.archive_current();
        self.current = Some(state);
        self.forget_saved();
    }

    /// Nothing that is on disk covers the current session's next message: it was archived, or not there at all.
    fn forget_saved(&mut self) {
        if let Some(sending) = self.current.as_mut().and_then(|state| state.sending.as_mut()) {
            sending.saved_to = 0;
        }
    }
}

/// Returns the number of messages that a message may be ahead.
const fn limit(place: StatePlace) -> u32 {
    match place {
        StatePlace::Current => LIMIT,
        StatePlace::Archived(_) => ARCHIVED_LIMIT,
    }
}

/// A session is never made with ourselves, nor with an identity that is not the one trusted.
fn check_identity(seen: &IdentityKey, own: Own<'_>, pin: Option<&IdentityKey>) -> Result<(), SignalError> {
    if *seen == own.identity_key() {
        return Err(SignalError::OwnIdentity);
    }
    if pin.is_some_and(|pin| pin != seen) { Err(SignalError::UntrustedIdentity) } else { Ok(()) }
}
