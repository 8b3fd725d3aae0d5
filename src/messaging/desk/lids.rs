//! Phone numbers and LIDs on the desk: which name a device's keys are kept under, and how they get there.
//!
//! A phone number whose LID is known stands for that LID everywhere. What was kept under the number before the LID became known
//! is moved when the device is next dealt with, in the same commit as whatever that leads to.

use super::{Desk, OtherName, Shelf, Wants, member_key};
use crate::messaging::address::{Address, Kind, User};
use crate::stanza::Jid;

/// A device under the name that its keys are kept under, all of them at hand and in one place.
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

impl Wants {
    /// What it takes to know a user's other name.
    pub(crate) fn name(&mut self, desk: &Desk, user: &User) {
        self.record(desk, Shelf::Names, user.key());
    }

    /// What it takes for [`Desk::unite`]. The user's other name is at hand.
    pub(crate) fn keys(&mut self, desk: &Desk, device: &Address) {
        for address in desk.places(&desk.canonical(device)) {
            self.record(desk, Shelf::Pins, address.key());
            self.record(desk, Shelf::Sessions, address.key());
        }
    }

    /// What it takes to know what we are to a user. The user's other name is at hand.
    pub(crate) fn contact(&mut self, desk: &Desk, user: &User) {
        let name = desk.canonical_user(user);
        self.record(desk, Shelf::Tokens, name.key());
        if let Some(twin) = desk.other_name(&name).filter(|twin| *twin != name) {
            self.record(desk, Shelf::Tokens, twin.key());
        }
    }

    /// What it takes for [`Desk::unite_sender_key`]. The user's other name is at hand.
    pub(crate) fn sender_key(&mut self, desk: &Desk, group: &Jid, device: &Address) {
        let address = desk.canonical(device);
        self.record(desk, Shelf::SenderKeys, member_key(group, &address));
        if let Some(twin) = desk.twin(&address) {
            self.record(desk, Shelf::SenderKeys, member_key(group, &twin));
        }
    }
}

impl Desk {
    /// The user under the other kind of name, if that is known and at hand.
    pub(crate) fn other_name(&self, user: &User) -> Option<User> {
        let kind = match user.kind {
            Kind::Pn => Kind::Lid,
            Kind::Lid => Kind::Pn,
        };
        self.names.get(&user.key()).map(|other| User { kind, name: other.0.clone() })
    }

    /// The user by LID if that is known, else as given.
    pub(crate) fn canonical_user(&self, user: &User) -> User {
        match user.kind {
            Kind::Pn => self.other_name(user).unwrap_or_else(|| user.clone()),
            Kind::Lid => user.clone(),
        }
    }

    /// The device by LID if that is known, else as given.
    pub(crate) fn canonical(&self, device: &Address) -> Address {
        Address { user: self.canonical_user(&device.user), device: device.device }
    }

    /// A LID's device by phone number.
    fn twin(&self, address: &Address) -> Option<Address> {
        match address.user.kind {
            Kind::Lid => Some(self.other_name(&address.user)?.device(address.device)),
            Kind::Pn => None,
        }
    }

    /// Where records of this device may be.
    fn places(&self, address: &Address) -> Vec<Address> {
        let twin = if self.united.contains(address) { None } else { self.twin(address) };
        std::iter::once(address.clone()).chain(twin).collect()
    }

    /// Notes that both names are of one user. Their name records are at hand. True if that is news.
    pub(crate) fn learn(&mut self, pn: &User, lid: &User) -> bool {
        if pn.kind != Kind::Pn || lid.kind != Kind::Lid || self.other_name(pn).as_ref() == Some(lid) {
            return false;
        }
        self.names.put(&pn.key(), OtherName(lid.name.clone()));
        self.names.put(&lid.key(), OtherName(pn.name.clone()));
        self.united.retain(|address| address.user != *lid);
        true
    }

    /// Brings a device's session and identity to the place where they belong. All of [`Wants::keys`] is at hand.
    ///
    /// A session that is there already stays the current one and takes the other's states into its archive; a stale record
    /// never replaces a live one. If the identities differ, what the phone number had is void.
    pub(crate) fn unite(&mut self, device: &Address) -> Resolved {
        let address = self.canonical(device);
        if let Some(twin) = self.places(&address).get(1) {
            let (here, there) = (address.key(), twin.key());
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
        if self.twin(&address).is_some() {
            self.united.insert(address.clone());
        }
        Resolved(address)
    }

    /// The same for what a group member's device encrypts with.
    pub(crate) fn unite_sender_key(&mut self, group: &Jid, member: &Resolved) -> Vec<u8> {
        let here = member_key(group, member.address());
        if let Some(twin) = self.twin(member.address()) {
            let there = member_key(group, &twin);
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
