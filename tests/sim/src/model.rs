//! The simulated state: connections, accounts with their phones and companions, and the refs that tie them together.
//!
//! Plain data behind one lock (`World::model`). What happens to it is decided in `server` and `phone`.

mod account;
mod connection;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};

pub(crate) use account::{CodeRequest, Device, DeviceAddress, Finish, Phone, Queued, Screen, SignedPrekey};
pub(crate) use connection::{
    Command, Connection, PasskeyExchange, PasskeyStep, PendingLink, Stage, Unpaired,
};

/// What a ref was given out for.
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
    last_connection: u64,
}

impl Model {
    /// A number for a new connection; never used again.
    pub(crate) fn next_connection(&mut self) -> u64 {
        self.last_connection += 1;
        self.last_connection
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

    /// Forgets all refs that lead to a connection.
    pub(crate) fn burn_refs(&mut self, connection: u64) {
        self.refs.retain(|_, entry| entry.connection != connection);
    }
}
