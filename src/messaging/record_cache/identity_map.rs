//! Phone numbers and LIDs in the record cache: which name a device's keys are kept under, and how they get there.
//!
//! A phone number whose LID is known stands for that LID everywhere. Records kept under the number before the LID became known
//! are moved when the device is next dealt with, in the same commit as the results of that.

use super::{IdentityAlias, RecordCache, RecordRequirements, RecordTable, member_key};
use crate::messaging::address::{Address, Kind, User};
use crate::stanza::Jid;

/// A device under the name that its keys are kept under, all of them in the cache and in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved(Address);

impl Resolved {
    /// The name.
    pub(crate) fn address(&self) -> &Address {
        &self.0
    }

    /// The key of its records.
    pub(crate) fn key(&self) -> Vec<u8> {
        self.0.key()
    }
}

impl RecordRequirements {
    /// Requires the record of a user's other name.
    pub(crate) fn name(&mut self, cache: &RecordCache, user: &User) {
        self.record(cache, RecordTable::Names, user.key());
    }

    /// Requires the records for [`RecordCache::merge_identity`]. The user's alias is cached.
    pub(crate) fn keys(&mut self, cache: &RecordCache, device: &Address) {
        for address in cache.places(&cache.canonical(device)) {
            self.record(cache, RecordTable::Pins, address.key());
            self.record(cache, RecordTable::Sessions, address.key());
        }
    }

    /// Requires the record of our relation to a user. The user's other name is in the cache.
    pub(crate) fn contact(&mut self, cache: &RecordCache, user: &User) {
        let name = cache.canonical_user(user);
        self.record(cache, RecordTable::Contacts, name.key());
        if let Some(alias) = cache.user_alias(&name).filter(|alias| *alias != name) {
            self.record(cache, RecordTable::Contacts, alias.key());
        }
    }

    /// Requires the records for [`RecordCache::merge_sender_key`]. The user's alias is cached.
    pub(crate) fn sender_key(&mut self, cache: &RecordCache, group: &Jid, device: &Address) {
        let address = cache.canonical(device);
        self.record(cache, RecordTable::SenderKeys, member_key(group, &address));
        if let Some(alias) = cache.alias(&address) {
            self.record(cache, RecordTable::SenderKeys, member_key(group, &alias));
        }
    }
}

impl RecordCache {
    /// Returns the user under the other kind of name, if that is known and in the cache.
    pub(crate) fn user_alias(&self, user: &User) -> Option<User> {
        let kind = match user.kind {
            Kind::Pn => Kind::Lid,
            Kind::Lid => Kind::Pn,
        };
        self.names.get(&user.key()).map(|other| User { kind, name: other.0.clone() })
    }

    /// The user by LID if that is known, else as given.
    pub(crate) fn canonical_user(&self, user: &User) -> User {
        match user.kind {
            Kind::Pn => self.user_alias(user).unwrap_or_else(|| user.clone()),
            Kind::Lid => user.clone(),
        }
    }

    /// The device by LID if that is known, else as given.
    pub(crate) fn canonical(&self, device: &Address) -> Address {
        Address { user: self.canonical_user(&device.user), device: device.device }
    }

    /// A LID's device by phone number.
    fn alias(&self, address: &Address) -> Option<Address> {
        match address.user.kind {
            Kind::Lid => Some(self.user_alias(&address.user)?.device(address.device)),
            Kind::Pn => None,
        }
    }

    /// Returns the addresses under which records of this device may be.
    fn places(&self, address: &Address) -> Vec<Address> {
        let alias = if self.merged.contains(address) { None } else { self.alias(address) };
        std::iter::once(address.clone()).chain(alias).collect()
    }

    /// Notes that both names are of one user. Their name records are in the cache. Returns true if that is news.
    pub(crate) fn learn(&mut self, pn: &User, lid: &User) -> bool {
        if pn.kind != Kind::Pn || lid.kind != Kind::Lid || self.user_alias(pn).as_ref() == Some(lid) {
            return false;
        }
        self.names.put(&pn.key(), IdentityAlias(lid.name.clone()));
        self.names.put(&lid.key(), IdentityAlias(pn.name.clone()));
        self.merged.retain(|address| address.user != *lid);
        true
    }

    /// Notes that both names of each pair are of one user. Their name records are in the cache.
    pub(crate) fn learn_all(&mut self, pairs: &[(User, User)]) {
        for (pn, lid) in pairs {
            self.learn(pn, lid);
        }
    }

    /// Moves a device's session and identity to the place where they belong. All of [`RecordRequirements::keys`] is in the
    /// cache.
    ///
    /// A session that is there already stays the current one and takes the other's states into its archive; a stale record
    /// never replaces a live one. If the identities differ, what the phone number had is void.
    pub(crate) fn merge_identity(&mut self, device: &Address) -> Resolved {
        let address = self.canonical(device);
        if let Some(alias) = self.places(&address).get(1) {
            let (here, there) = (address.key(), alias.key());
            let moved = self.pins.get(&there).is_some().then(|| self.pins.take(&there)).flatten();
            let conflict = match (self.pins.get(&here), moved) {
                (Some(pin), Some(other)) => pin.key != other.key,
                (None, Some(other)) => {
                    self.pins.put(&here, other);
                    false
                }
                (_, None) => false,
            };
            let session = self.sessions.get(&there).is_some().then(|| self.sessions.take(&there)).flatten();
            if let Some(session) = session.filter(|_| !conflict) {
                match self.sessions.change(&here) {
                    Some(own) => own.absorb(session),
                    None => self.sessions.put(&here, session),
                }
            }
        }
        if self.alias(&address).is_some() {
            self.merged.insert(address.clone());
        }
        Resolved(address)
    }

    /// The same for what a group member's device encrypts with.
    pub(crate) fn merge_sender_key(&mut self, group: &Jid, member: &Resolved) -> Vec<u8> {
        let here = member_key(group, member.address());
        if let Some(alias) = self.alias(member.address()) {
            let there = member_key(group, &alias);
            let moved =
                self.sender_keys.get(&there).is_some().then(|| self.sender_keys.take(&there)).flatten();
            if let Some(moved) = moved {
                match self.sender_keys.change(&here) {
                    Some(own) => own.absorb(moved),
                    None => self.sender_keys.put(&here, moved),
                }
            }
        }
        here
    }
}
