//! Device lists: as they are asked for, and the notices of their changes.

use std::collections::BTreeSet;

use wa::{
    signal::KeyIndexes,
    stanza::{Jid, Node},
};

use super::{phash, queue};
use crate::{
    model::{DeviceAddress, Model, Phone, Queued, Space},
    world::{World, unix_seconds},
};

/// The hash of all devices of an account.
pub(super) fn hash(phone: &Phone, space: Space) -> String {
    phash::of(phone.device_numbers().map(|device| phone.jid(space, device)))
}

/// The list that proves which companions belong to an account, signed by its phone.
pub(super) fn key_index_list(world: &World, phone: &Phone) -> Node {
    let timestamp = unix_seconds();
    let indexes = KeyIndexes {
        raw_id: phone.raw_id,
        timestamp,
        current: phone.last_key_index,
        valid: phone.valid_indexes(),
    };
    let signed = indexes.sign(&phone.identity, &mut world.random());
    Node::new("key-index-list").attr("ts", timestamp).bytes(signed)
}

/// All numbers that are told of changes of an account: who asked for it or talked to it, and who shares a group with it.
pub(crate) fn audience(model: &Model, number: &str) -> BTreeSet<String> {
    let mut all = model.phones.get(number).map(|phone| phone.watchers.clone()).unwrap_or_default();
    for group in model.groups.values().filter(|group| group.members.contains_key(number)) {
        all.extend(group.members.keys().cloned());
    }
    all.remove(number);
    all
}

/// A companion has been linked.
pub(crate) fn added(world: &World, model: &mut Model, address: &DeviceAddress) {
    let Some(phone) = model.phones.get(&address.number) else { return };
    let index = phone.devices.get(&address.device).map(|device| device.key_index);
    let change = changed(phone, address, index, "add").child(key_index_list(world, phone));
    tell(world, model, address, change);
}

/// A companion is gone.
pub(crate) fn removed(world: &World, model: &mut Model, address: &DeviceAddress) {
    let Some(phone) = model.phones.get(&address.number) else { return };
    let list = Node::new("key-index-list").attr("ts", unix_seconds());
    let change = changed(phone, address, None, "remove").child(list);
    tell(world, model, address, change);
}

fn changed(phone: &Phone, address: &DeviceAddress, key_index: Option<u32>, what: &'static str) -> Node {
    Node::new(what)
        .attr("device_hash", hash(phone, Space::Pn))
        .attr("device_lid_hash", hash(phone, Space::Lid))
        .child(
            Node::new("device")
                .attr("jid", address.jid())
                .attr_opt("key-index", key_index)
                .attr("lid", phone.lid(address.device)),
        )
}

/// Tells others of the change, and the account's other companions of the new list.
fn tell(world: &World, model: &mut Model, changed: &DeviceAddress, change: Node) {
    let number = changed.number.as_str();
    let Some(phone) = model.phones.get(number) else { return };
    let lid = phone.lid(0);
    let devices = phone.device_numbers().map(|device| {
        let index = phone.devices.get(&device).map(|companion| companion.key_index);
        Node::new("device").attr("jid", phone.jid(Space::Pn, device)).attr_opt("key-index", index)
    });
    let own = Node::new("devices")
        .attr("dhash", hash(phone, Space::Pn))
        .children(devices.collect::<Vec<_>>())
        .child(key_index_list(world, phone));
    let others: Vec<u16> = phone.device_numbers().filter(|device| *device != changed.device).collect();
    let node = notification(number, "account_sync").child(own);
    for device in others {
        to_device(world, model, &DeviceAddress { number: number.to_owned(), device }, node.clone());
    }
    for watcher in audience(model, number) {
        let node = notification(number, "devices").attr("lid", lid.clone()).child(change.clone());
        to_account(world, model, &watcher, node);
    }
}

/// The account's identity key is another one.
pub(crate) fn identity_changed(world: &World, model: &mut Model, number: &str) {
    let Some(lid) = model.phones.get(number).map(|phone| phone.lid(0)) else { return };
    let mut everybody = audience(model, number);
    everybody.insert(number.to_owned());
    for told in everybody {
        let node = notification(number, "encrypt").attr("lid", lid.clone()).child(Node::new("identity"));
        to_account(world, model, &told, node);
    }
}

fn notification(number: &str, kind: &'static str) -> Node {
    Node::new("notification").attr("from", Jid::user(number)).attr("type", kind).attr("t", unix_seconds())
}

/// A notification, still without an id, for all companions of an account.
pub(super) fn to_account(world: &World, model: &mut Model, number: &str, node: Node) {
    let Some(phone) = model.phones.get(number) else { return };
    for device in phone.device_numbers().collect::<Vec<_>>() {
        to_device(world, model, &DeviceAddress { number: number.to_owned(), device }, node.clone());
    }
}

/// A notification, still without an id, for one device.
pub(super) fn to_device(world: &World, model: &mut Model, device: &DeviceAddress, node: Node) {
    let id = world.stanza_id();
    queue::push(world, model, device, Queued::new(id.clone(), node.attr("id", id)));
}
