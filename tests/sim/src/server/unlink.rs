//! Ending a link, from either side.

use std::collections::BTreeMap;

use wa::stanza::NodeRef;

use super::{answer, devices, dispatch::Reply};
use crate::{
    faults::End,
    model::{Connection, Device, DeviceAddress},
    world::World,
};

/// A companion logs itself out.
pub(super) fn from_companion(
    world: &World,
    connection: &Connection,
    address: &DeviceAddress,
    iq: NodeRef<'_>,
) -> Reply {
    let child = iq.child("remove-companion-device");
    let named = child.and_then(|child| child.jid("jid"));
    let own = named.is_some_and(|jid| jid.same_account(&address.jid()) && jid.device == address.device);
    if !own {
        // Only the phone may remove others.
        return Reply::refused(403);
    }
    {
        let mut model = world.model.lock();
        if let Some(phone) = model.phones.get_mut(&address.number) {
            phone.devices.remove(&address.device);
        }
        devices::removed(world, &mut model, address);
    }
    world.log.note(Some(connection.id), format!("{} logged out", address.jid()));
    connection.send(answer::result(iq));
    connection.end(End::Polite);
    world.changed.notify_waiters();
    Reply::Sent
}

/// The companions that a phone unlinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// All.
    All,
    /// The one of that number.
    One(u16),
}

type Devices = BTreeMap<u16, Device>;

/// The phone unlinks companions; gives their numbers, or nothing if there is no such phone.
pub(crate) fn from_phone(world: &World, number: &str, which: Which) -> Option<Vec<u16>> {
    let mut model = world.model.lock();
    let phone = model.phones.get_mut(number)?;
    let wanted = |device: u16| which == Which::All || which == Which::One(device);
    let (removed, kept): (Devices, Devices) =
        std::mem::take(&mut phone.devices).into_iter().partition(|(device, _)| wanted(*device));
    phone.devices = kept;
    for device in removed.values() {
        if let Some(connection) = device.connection.and_then(|id| model.connection(id)) {
            connection.send(answer::stream_error(Some("401"), Some("device_removed"), None));
            connection.end(End::Polite);
        }
    }
    for device in removed.keys() {
        let address = DeviceAddress { number: number.to_owned(), device: *device };
        model.people.remove(&address);
        devices::removed(world, &mut model, &address);
    }
    drop(model);
    world.changed.notify_waiters();
    Some(removed.into_keys().collect())
}
