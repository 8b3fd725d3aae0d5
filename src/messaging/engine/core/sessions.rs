//! Sessions with devices: which there are, how they begin and are mended, and what is encrypted with them.

use super::EngineCore;
use super::queries::{Query, QueryFailure, QueryState};
use crate::messaging::address::Address;
use crate::messaging::engine::{EngineContext, SendFailure};
use crate::messaging::record_cache::{Answered, MissingRecords, RecordRequirements, Resolved};
use crate::messaging::stanzas::bundles::DeviceBundle;
use crate::messaging::stanzas::incoming::EncKind;
use crate::messaging::stanzas::outgoing::Ciphertext;
use crate::messaging::stanzas::retry::IncomingRetry;
use crate::signal::{self, Own, RawBundle, SessionRecord, SignalError, pad};
use crate::stanza::Jid;
use zeroize::Zeroizing;

/// A device that a message goes to.
#[derive(Clone, Debug)]
pub(in crate::messaging::engine) struct FanoutTarget {
    /// As it is addressed on the wire: all of one message are by phone number, or all by LID.
    pub(in crate::messaging::engine) wire: Address,
    /// The place of its keys.
    pub(in crate::messaging::engine) keys: Resolved,
}

/// A plaintext encrypted for one device.
pub(in crate::messaging::engine) struct SealedCopy {
    pub(in crate::messaging::engine) enc: Ciphertext,
    /// Set if it may leave before the next commit: what is on disk accounts for its key.
    pub(in crate::messaging::engine) is_covered: bool,
}

impl FanoutTarget {
    pub(in crate::messaging::engine) fn jid(&self) -> Jid {
        self.wire.jid()
    }
}

/// The progress of a step that needs the server's answer.
pub(in crate::messaging::engine) enum Progress<T> {
    /// This is the answer.
    Done(T),
    /// It will come.
    Waiting,
    /// There is none.
    Failed(SendFailure),
}

/// The number of messages that may be encrypted for one device ahead of its stored session, so that not each of them writes it.
pub(in crate::messaging::engine) const AHEAD: u32 = 32;

impl EngineCore {
    /// Returns the same as [`EngineCore::sessions_with`], for those to whom a device without a session is one that cannot be reached.
    pub(in crate::messaging::engine) fn with_sessions(
        &mut self,
        devices: &[Address],
        cx: &EngineContext<'_>,
    ) -> Result<Option<Vec<FanoutTarget>>, MissingRecords> {
        Ok(match self.sessions_with(devices, cx)? {
            Progress::Done(targets) => Some(targets),
            Progress::Waiting => None,
            Progress::Failed(_) => Some(Vec::new()),
        })
    }

    /// Returns those of the devices with which there is a session. A device of which the server says that it has no keys is left out.
    pub(in crate::messaging::engine) fn sessions_with(
        &mut self,
        devices: &[Address],
        cx: &EngineContext<'_>,
    ) -> Result<Progress<Vec<FanoutTarget>>, MissingRecords> {
        let mut wants = RecordRequirements::default();
        devices.iter().for_each(|device| wants.name(&self.cache, &device.user));
        wants.met()?;
        let mut wants = RecordRequirements::default();
        devices.iter().for_each(|device| wants.keys(&self.cache, device));
        wants.met()?;
        let (mut ready, mut complete) = (Vec::with_capacity(devices.len()), true);
        let mut failed = None;
        for wire in devices {
            let keys = self.cache.merge_identity(wire);
            if self.is_usable(&keys) {
                ready.push(FanoutTarget { wire: wire.clone(), keys });
                continue;
            }
            match self.queries.ask(Query::Bundle(wire.clone()), cx.now) {
                QueryState::Open => complete = false,
                QueryState::Failed(failure) if !failure.is_answer => failed = Some(failure),
                QueryState::Failed(_) => {}
            }
        }
        Ok(match failed {
            _ if !complete => Progress::Waiting,
            Some(failure) => Progress::Failed(unlisted(failure)),
            None => Progress::Done(ready),
        })
    }

    /// Returns whether there is a session with a device that can be sent in.
    pub(in crate::messaging::engine) fn has_session(
        &mut self,
        device: &Address,
    ) -> Result<bool, MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, &device.user);
        wants.met()?;
        let mut wants = RecordRequirements::default();
        wants.keys(&self.cache, device);
        wants.met()?;
        let keys = self.cache.merge_identity(device);
        Ok(self.is_usable(&keys))
    }

    fn is_usable(&self, keys: &Resolved) -> bool {
        let pin = self.cache.pins.get(&keys.key());
        let session = self.cache.sessions.get(&keys.key());
        session.zip(pin).is_some_and(|(session, pin)| !pin.superseded && session.can_send(&pin.key))
    }

    /// Encrypts for one device. Returns `None` if its session cannot be used after all.
    pub(in crate::messaging::engine) fn encrypt_for(
        &mut self,
        target: &Resolved,
        plaintext: &[u8],
        cx: &mut EngineContext<'_>,
    ) -> Option<SealedCopy> {
        let key = target.key();
        let pin = self.cache.pins.get(&key)?.key;
        let own = Own { identity: &cx.device.identity, registration_id: cx.device.registration_id };
        let mut padded = Zeroizing::new(Vec::with_capacity(plaintext.len() + 16));
        padded.extend_from_slice(plaintext);
        pad(&mut padded, cx.rng);
        let session = self.cache.sessions.use_quietly(&key)?;
        let sealed = session.encrypt(&padded, own, &pin, cx.rng).ok()?;
        // In good time, so that a steady sender never has to wait for a commit.
        if !sealed.is_covered || session.leased() < AHEAD / 2 {
            self.cache.sessions.change(&key)?.lease(AHEAD);
        }
        let kind = match sealed.kind {
            signal::Kind::Pkmsg => EncKind::Prekey,
            signal::Kind::Msg => EncKind::Session,
        };
        Some(SealedCopy { enc: Ciphertext { kind, bytes: sealed.bytes }, is_covered: sealed.is_covered })
    }

    /// Begins a session with a device. Its keys and those of its primary are in the cache.
    pub(in crate::messaging::engine) fn open_session_with(
        &mut self,
        device: &Address,
        bundle: &DeviceBundle<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), SignalError> {
        let keys = &bundle.keys;
        let raw = RawBundle {
            registration: keys.registration,
            key_type: keys.key_type,
            identity: keys.identity,
            signed_id: keys.signed_id,
            signed_value: keys.signed_value,
            signed_signature: keys.signed_signature,
            one_time: keys.one_time,
        };
        let checked = raw.check()?;
        let identity = *checked.identity();
        self.cache.merge_identity(&device.user.device(0));
        let resolved = self.cache.merge_identity(device);
        let verdict = self.classify(&identity, bundle.device_identity, resolved.address(), cx)?;
        let own = Own { identity: &cx.device.identity, registration_id: cx.device.registration_id };
        let key = resolved.key();
        if self.cache.sessions.get(&key).is_none() {
            self.cache.sessions.put(&key, SessionRecord::default());
        }
        if let Some(session) = self.cache.sessions.change(&key) {
            session.open(&checked, own, &identity, cx.rng)?;
        }
        self.pin(&resolved, &identity, verdict);
        Ok(())
    }

    /// Brings the session with the asker into a state in which it may be able to read.
    pub(in crate::messaging::engine) fn mend_session(
        &mut self,
        asker: &Address,
        retry: &IncomingRetry<'_>,
        answered: &mut Answered,
        cx: &mut EngineContext<'_>,
    ) {
        if let Some(keys) = &retry.keys {
            if let Err(error) = self.open_session_with(asker, keys, cx) {
                self.log(format!("the keys in a request were refused: {error}"));
            }
            return;
        }
        let resolved = self.cache.merge_identity(asker);
        let Some(current) = self.cache.sessions.get(&resolved.key()).and_then(|session| session.current())
        else {
            return;
        };
        let other_installation = retry.registration_id.is_some_and(|id| id != current.registration_id);
        let base_key = current.base_key.as_bytes().to_vec();
        // Asked a third time in the same session: the asker cannot use it.
        let stuck = retry.count > 2 && answered.base_key.as_ref() == Some(&base_key);
        if retry.count == 2 {
            answered.base_key = Some(base_key);
        }
        // Each new session takes a query, and one of the asker's keys: what they ask for within a moment comes in the same one.
        if (other_installation || stuck)
            && self.queries.people_budget.note(&Query::Bundle(asker.clone()), cx.now)
            && let Some(session) = self.cache.sessions.change(&resolved.key())
        {
            session.archive_current();
        }
    }
}

/// Returns the failure of a message for which the server did not say which devices there are, or did not give their keys.
pub(super) fn unlisted(failure: QueryFailure) -> SendFailure {
    SendFailure::NoDevices { code: failure.code, wait_ms: failure.wait }
}
