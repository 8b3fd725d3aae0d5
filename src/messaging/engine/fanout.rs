//! The devices that a message goes to, and a session with each of them.

use super::queries::{Query, QueryFailure, QueryState};
use super::{Engine, EngineContext, SendFailure};
use crate::messaging::address::{Address, Kind, User};
use crate::messaging::record_cache::{DeviceList, MissingRecords, RecordRequirements, RecordTable, Resolved};
use crate::messaging::stanzas::incoming::EncKind;
use crate::messaging::stanzas::notifications::contact_hash;
use crate::messaging::stanzas::outgoing::Ciphertext;
use crate::signal::{self, Own, pad};
use crate::stanza::Jid;
use zeroize::Zeroizing;

/// A device that a message goes to.
#[derive(Clone, Debug)]
pub(super) struct FanoutTarget {
    /// As it is addressed on the wire: all of one message are by phone number, or all by LID.
    pub(super) wire: Address,
    /// Where its keys are.
    pub(super) keys: Resolved,
}

impl FanoutTarget {
    pub(super) fn jid(&self) -> Jid {
        self.wire.jid()
    }
}

/// How far something has come that the server has to answer for.
pub(super) enum Progress<T> {
    /// This is the answer.
    Done(T),
    /// It will come.
    Waiting,
    /// There is none.
    Failed(SendFailure),
}

/// How long a device list is relied on. A change is announced; this is for the announcement that was missed.
const LIST_HOLDS_MS: i64 = 24 * 3_600_000;
/// How many messages may be encrypted for one device ahead of what the store says, so that not each of them writes a session.
const AHEAD: u32 = 32;

impl Engine {
    /// The user under that kind of name if it is known, else as given. The other name is at hand.
    pub(super) fn user_as(&self, user: &User, kind: Kind) -> User {
        if user.kind == kind {
            user.clone()
        } else {
            self.cache.user_alias(user).unwrap_or_else(|| user.clone())
        }
    }

    /// Our own account under the same kind of name as those whom we write to.
    pub(super) fn own_user(&self, kind: Kind) -> Option<User> {
        match (kind, &self.own.lid) {
            (Kind::Lid, Some(lid)) => User::of(lid),
            _ => User::of(&self.own.pn),
        }
    }

    /// The devices of a user. Without an answer of the server, a list of earlier is used; none is made up, since whoever is left
    /// out of a message never gets it.
    pub(super) fn devices_of(
        &mut self,
        user: &User,
        cx: &EngineContext<'_>,
    ) -> Result<Progress<Vec<Address>>, MissingRecords> {
        self.lists_at_hand(&[user])?;
        let list = self.cache.devices.get(&user.key());
        let changed_ms = list.map_or(i64::MIN, |list| self.changed_ms(user, list.fetched_ms));
        let is_fresh = list.is_some_and(|list| {
            let age = cx.unix_ms.saturating_sub(list.fetched_ms);
            (-LIST_HOLDS_MS..LIST_HOLDS_MS).contains(&age) && changed_ms < list.fetched_ms
        });
        let known = list.map(|list| list.devices.iter().map(|device| user.device(device.id)).collect());
        if let (true, Some(known)) = (is_fresh, &known) {
            return Ok(Progress::Done(Vec::clone(known)));
        }
        Ok(match (self.asks.ask(Query::Devices(user.clone()), cx.now), known) {
            (QueryState::Open, _) => Progress::Waiting,
            (QueryState::Failed(failure), _) if failure.is_answer && !self.own.is_account(&user.jid()) => {
                Progress::Failed(SendFailure::NoAccount)
            }
            (QueryState::Failed(_), Some(known)) => Progress::Done(known),
            // The server says that this account has no other device.
            (QueryState::Failed(failure), None) if failure.is_answer => Progress::Done(Vec::new()),
            (QueryState::Failed(failure), None) => Progress::Failed(unlisted(failure)),
        })
    }

    /// Fetches what is stored of the devices of these users.
    pub(super) fn lists_at_hand(&self, users: &[&User]) -> Result<(), MissingRecords> {
        let mut wants = RecordRequirements::default();
        for user in users {
            wants.name(&self.cache, user);
            wants.record(&self.cache, RecordTable::Devices, user.key());
        }
        wants.record(&self.cache, RecordTable::Devices, LATEST);
        wants.met()?;
        let mut wants = RecordRequirements::default();
        for user in users {
            let fetched_ms = self.cache.devices.get(&user.key()).map(|list| list.fetched_ms);
            if fetched_ms.is_some_and(|fetched_ms| self.may_have_changed(fetched_ms)) {
                self.marks(user)
                    .into_iter()
                    .for_each(|mark| wants.record(&self.cache, RecordTable::Devices, mark));
            }
        }
        wants.met()
    }

    /// Whether the server has named users by hash only whose lists have changed since then. Computing the hashes takes longer.
    fn may_have_changed(&self, fetched_ms: i64) -> bool {
        self.cache.devices.get(LATEST).is_some_and(|latest| latest.fetched_ms >= fetched_ms)
    }

    /// When the server said that the list has changed that was fetched then, if it did not say whose it is. What is stored of it
    /// is at hand.
    fn changed_ms(&self, user: &User, fetched_ms: i64) -> i64 {
        if !self.may_have_changed(fetched_ms) {
            return i64::MIN;
        }
        let marks = self.marks(user);
        let changed =
            marks.iter().filter_map(|mark| self.cache.devices.get(mark)).map(|mark| mark.fetched_ms);
        changed.max().unwrap_or(i64::MIN)
    }

    /// Where it is kept that a list of that user's devices has changed, if the server did not say whose it is.
    fn marks(&self, user: &User) -> Vec<Vec<u8>> {
        let names = [Some(user.clone()), self.cache.user_alias(user)];
        names.iter().flatten().map(|name| mark(&contact_hash(&name.jid()))).collect()
    }

    /// The devices of some user have changed: the server names them by a hash only.
    pub(super) fn devices_of_hash_are_stale(&mut self, hash: &str, cx: &EngineContext<'_>) {
        let changed = DeviceList { fetched_ms: cx.unix_ms, ..DeviceList::default() };
        self.cache.devices.put(LATEST, changed.clone());
        self.cache.devices.put(&mark(hash), changed);
    }

    /// The same as [`Engine::sessions_with`], for those to whom a device without a session is one that cannot be reached.
    pub(super) fn with_sessions(
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

    /// Those of the devices with which there is a session. A device of which the server says that it has no keys is left out.
    pub(super) fn sessions_with(
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
            let pin = self.cache.pins.get(&keys.key());
            let session = self.cache.sessions.get(&keys.key());
            let usable =
                session.zip(pin).is_some_and(|(session, pin)| !pin.superseded && session.can_send(&pin.key));
            if usable {
                ready.push(FanoutTarget { wire: wire.clone(), keys });
                continue;
            }
            match self.asks.ask(Query::Bundle(wire.clone()), cx.now) {
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

    /// Encrypts for one device. `None` if its session cannot be used after all. Says whether it may leave at once, because
    /// what is on disk accounts for its key.
    pub(super) fn encrypt_for(
        &mut self,
        target: &Resolved,
        plaintext: &[u8],
        cx: &mut EngineContext<'_>,
    ) -> Option<(Ciphertext, bool)> {
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
        Some((Ciphertext { kind, bytes: sealed.bytes }, sealed.is_covered))
    }

    /// A user has begun anew: even if the devices have the numbers they had, they are others.
    pub(super) fn devices_are_void(&mut self, user: &User) {
        self.devices_are_stale(user);
        if let Some(list) = self.cache.devices.change(&user.key()) {
            list.hash = "".into();
        }
    }

    /// Marks the device lists of our own account as out of date: an announcement was lost.
    pub(crate) fn account_is_dirty(&mut self) -> Result<(), MissingRecords> {
        let own = [Kind::Lid, Kind::Pn].map(|kind| self.own_user(kind));
        let mut wants = RecordRequirements::default();
        for user in own.iter().flatten() {
            wants.record(&self.cache, RecordTable::Devices, user.key());
        }
        wants.met()?;
        own.iter().flatten().for_each(|user| self.devices_are_stale(user));
        Ok(())
    }

    /// The list of a user's devices is not to be relied on.
    pub(super) fn devices_are_stale(&mut self, user: &User) {
        if let Some(list) = self.cache.devices.change(&user.key()) {
            list.fetched_ms = i64::MIN / 2;
        }
    }
}

/// The failure of a message for which the server did not say which devices there are, or did not give their keys.
pub(super) fn unlisted(failure: QueryFailure) -> SendFailure {
    SendFailure::NoDevices { code: failure.code, wait_ms: failure.wait }
}

/// The key of the latest note that somebody with some hash has other devices.
const LATEST: &[u8] = &[u8::MAX];

/// The key of the note that somebody with that hash has other devices. No user's key begins like it.
fn mark(hash: &str) -> Vec<u8> {
    let mut key = vec![u8::MAX];
    key.extend_from_slice(hash.as_bytes());
    key
}
