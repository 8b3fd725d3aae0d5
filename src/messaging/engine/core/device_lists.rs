//! The devices of people: the lists that the server gave, how long they hold, and when they do not.

use super::EngineCore;
use super::queries::{Query, QueryState};
use super::sessions::{Progress, unlisted};
use crate::messaging::address::{Address, Kind, User};
use crate::messaging::engine::{EngineContext, SendFailure};
use crate::messaging::record_cache::{DeviceList, MissingRecords, RecordRequirements, RecordTable};
use crate::messaging::stanzas::notifications::contact_hash;

/// The time a device list is relied on. Changes are announced; this is for a missed announcement.
const LIST_HOLDS_MS: i64 = 24 * 3_600_000;
/// The key of the latest note that a person with some hash has other devices.
const LATEST: &[u8] = &[u8::MAX];

/// Returns the key of the note that a person with that hash has other devices. No user's key begins like it.
fn mark(hash: &str) -> Vec<u8> {
    let mut key = vec![u8::MAX];
    key.extend_from_slice(hash.as_bytes());
    key
}

impl EngineCore {
    /// Returns the devices of a user. Without an answer of the server, a list of earlier is used; none is made up, since whoever is left
    /// out of a message never gets it.
    pub(in crate::messaging::engine) fn devices_of(
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
        Ok(match (self.queries.ask(Query::Devices(user.clone()), cx.now), known) {
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

    /// Returns once the stored lists of these users are in the cache.
    pub(in crate::messaging::engine) fn lists_at_hand(&self, users: &[&User]) -> Result<(), MissingRecords> {
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

    /// Returns whether the server has named users by hash only whose lists have changed since then. Computing the hashes takes longer.
    fn may_have_changed(&self, fetched_ms: i64) -> bool {
        self.cache.devices.get(LATEST).is_some_and(|latest| latest.fetched_ms >= fetched_ms)
    }

    /// Returns when the server said that the list has changed that was fetched then, if it did not say whose it is. Its records are
    /// in the cache.
    fn changed_ms(&self, user: &User, fetched_ms: i64) -> i64 {
        if !self.may_have_changed(fetched_ms) {
            return i64::MIN;
        }
        let marks = self.marks(user);
        let changed =
            marks.iter().filter_map(|mark| self.cache.devices.get(mark)).map(|mark| mark.fetched_ms);
        changed.max().unwrap_or(i64::MIN)
    }

    /// Returns the keys under which it is kept that a list of that user's devices has changed, if the server did not say whose it is.
    fn marks(&self, user: &User) -> Vec<Vec<u8>> {
        let names = [Some(user.clone()), self.cache.user_alias(user)];
        names.iter().flatten().map(|name| mark(&contact_hash(&name.jid()))).collect()
    }

    /// Notes that the devices of some user have changed: the server names them by a hash only.
    pub(in crate::messaging::engine) fn devices_of_hash_are_stale(
        &mut self,
        hash: &str,
        cx: &EngineContext<'_>,
    ) {
        let changed = DeviceList { fetched_ms: cx.unix_ms, ..DeviceList::default() };
        self.cache.devices.put(LATEST, changed.clone());
        self.cache.devices.put(&mark(hash), changed);
    }

    /// Notes that a user has begun anew: even if the devices have the numbers they had, they are others.
    pub(in crate::messaging::engine) fn devices_are_void(&mut self, user: &User) {
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

    /// Marks the list of a user's devices as out of date.
    pub(in crate::messaging::engine) fn devices_are_stale(&mut self, user: &User) {
        if let Some(list) = self.cache.devices.change(&user.key()) {
            list.fetched_ms = i64::MIN / 2;
        }
    }

    /// Gives up the sessions with all devices of a user whose account began anew. Messages on their way from before can still be read.
    pub(in crate::messaging::engine) fn began_anew(&mut self, user: &User) {
        let Some(list) = self.cache.devices.get(&user.key()) else { return };
        let ids: Vec<u16> = list.devices.iter().map(|device| device.id).collect();
        for id in ids {
            let key = self.cache.canonical(&user.device(id)).key();
            if let Some(session) = self.cache.sessions.change(&key) {
                session.archive_current();
            }
            if let Some(pin) = self.cache.pins.change(&key) {
                pin.superseded = true;
            }
        }
    }
}
