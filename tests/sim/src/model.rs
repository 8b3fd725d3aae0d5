//! The simulated state: connections, accounts with their phones and companions, and the refs that tie them together.
//!
//! Plain data behind one lock (`World::model`). `server` and `phone` decide its changes.

mod account;
mod connection;
mod group;
mod keys;
mod queue;
mod space;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Instant,
};

pub(crate) use account::{
    CodeRequest, Device, DeviceAddress, Finish, Phone, PrivacyToken, RecentlySent, Screen,
};
pub(crate) use connection::{
    Command, Connection, PasskeyExchange, PasskeyStep, PendingLink, Stage, Unpaired,
};
pub(crate) use group::{Description, Group, Rank};
pub(crate) use keys::{KeyStore, SignedPrekey};
pub(crate) use queue::{Offline, Queue, Queued};
pub(crate) use space::Space;

use wa::stanza::{Jid, Node, Server};

use crate::{people::Actor, server::Rates};

/// Most accounts that are told of the changes of one account.
const MAX_WATCHERS: usize = 100_000;

/// The purpose of a ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefKind {
    /// Offered in pair-device, to be shown as QR.
    Qr,
    /// The answer to companion_hello.
    Code,
    /// Asked for by a companion in a passkey exchange.
    Passkey,
}

/// A ref leads from a phone to the companion connection that waits to be linked.
#[derive(Clone, Debug)]
pub(crate) struct RefEntry {
    pub(crate) connection: u64,
    pub(crate) kind: RefKind,
    pub(crate) made: Instant,
}

/// An open connection and what it is for.
pub(crate) struct Entry {
    pub(crate) connection: Arc<Connection>,
    pub(crate) stage: Stage,
}

/// Everything that is remembered.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) connections: BTreeMap<u64, Entry>,
    pub(crate) phones: BTreeMap<String, Phone>,
    pub(crate) refs: HashMap<String, RefEntry>,
    pub(crate) groups: BTreeMap<String, Group>,
    /// Numbers by LID.
    pub(crate) lids: HashMap<String, String>,
    /// The people at the simulated devices.
    pub(crate) people: HashMap<DeviceAddress, Actor>,
    /// Stanzas on their way to them.
    pub(crate) post: VecDeque<(DeviceAddress, Node)>,
    /// Connections that subscribe to a person's presence, by that person's number.
    pub(crate) presence: HashMap<String, BTreeSet<u64>>,
    /// The name under which it was asked for.
    pub(crate) presence_names: HashMap<(u64, String), Space>,
    /// The recent queries of accounts.
    pub(crate) rates: Rates,
    last_connection: u64,
    last_group: u64,
}

impl Model {
    /// A number for a new connection; never used again.
    pub(crate) fn next_connection(&mut self) -> u64 {
        self.last_connection += 1;
        self.last_connection
    }

    /// A number for a new group; never used again.
    pub(crate) fn next_group(&mut self) -> u64 {
        self.last_group += 1;
        self.last_group
    }

    /// The handle of an open connection.
    pub(crate) fn connection(&self, id: u64) -> Option<Arc<Connection>> {
        self.connections.get(&id).map(|entry| Arc::clone(&entry.connection))
    }

    /// The registration waiting on a connection.
    pub(crate) fn unpaired(&mut self, id: u64) -> Option<&mut Unpaired> {
        match &mut self.connections.get_mut(&id)?.stage {
            Stage::Unpaired(unpaired) => Some(unpaired),
            _ => None,
        }
    }

    /// The device that is logged in on a connection.
    pub(crate) fn device_of(&self, id: u64) -> Option<&DeviceAddress> {
        match &self.connections.get(&id)?.stage {
            Stage::Device(address) => Some(address),
            _ => None,
        }
    }

    pub(crate) fn device(&self, address: &DeviceAddress) -> Option<&Device> {
        self.phones.get(&address.number)?.devices.get(&address.device)
    }

    pub(crate) fn device_mut(&mut self, address: &DeviceAddress) -> Option<&mut Device> {
        self.phones.get_mut(&address.number)?.devices.get_mut(&address.device)
    }

    /// The number behind the address of a person, in either name space.
    pub(crate) fn number_of(&self, jid: &Jid) -> Option<&str> {
        match Space::of(jid)? {
            Space::Pn => self.phones.get(jid.user.as_str()).map(|phone| phone.number.as_str()),
            Space::Lid => self.lids.get(jid.user.as_str()).map(String::as_str),
        }
    }

    /// The account behind the address of a person.
    pub(crate) fn account(&self, jid: &Jid) -> Option<&Phone> {
        self.phones.get(self.number_of(jid)?)
    }

    /// The device that an address means; without a device number, the phone.
    pub(crate) fn resolve(&self, jid: &Jid) -> Option<DeviceAddress> {
        let number = self.number_of(jid)?.to_owned();
        Some(DeviceAddress { number, device: jid.device })
    }

    /// Returns the JID of a device in a name space.
    pub(crate) fn jid(&self, address: &DeviceAddress, space: Space) -> Option<Jid> {
        Some(self.phones.get(&address.number)?.jid(space, address.device))
    }

    /// The keys of a device, that of a phone too.
    pub(crate) fn keys(&self, address: &DeviceAddress) -> Option<&KeyStore> {
        match address.device {
            0 => self.phones.get(&address.number).map(|phone| &phone.keys),
            _ => self.device(address).map(|device| &device.keys),
        }
    }

    pub(crate) fn keys_mut(&mut self, address: &DeviceAddress) -> Option<&mut KeyStore> {
        match address.device {
            0 => self.phones.get_mut(&address.number).map(|phone| &mut phone.keys),
            _ => self.device_mut(address).map(|device| &mut device.keys),
        }
    }

    /// Removes an account and all that points to it.
    pub(crate) fn remove_phone(&mut self, number: &str) {
        if let Some(phone) = self.phones.remove(number) {
            self.lids.remove(&phone.lid);
        }
        self.people.retain(|address, _| address.number != number);
        for group in self.groups.values_mut() {
            group.members.remove(number);
        }
    }

    /// From now on both are told what changes about the other.
    pub(crate) fn acquaint(&mut self, one: &str, other: &str) {
        for (watched, watcher) in [(one, other), (other, one)] {
            if let Some(phone) = self.phones.get_mut(watched)
                && phone.watchers.len() < MAX_WATCHERS
                && !phone.watchers.contains(watcher)
            {
                phone.watchers.insert(watcher.to_owned());
            }
        }
    }

    /// The group of an address.
    pub(crate) fn group(&self, jid: &Jid) -> Option<&Group> {
        (jid.server == Server::Group).then(|| self.groups.get(jid.user.as_str()))?
    }

    /// Forgets all refs that lead to a connection.
    pub(crate) fn burn_refs(&mut self, connection: u64) {
        self.refs.retain(|_, entry| entry.connection != connection);
    }
}
