//! Messages to many at once: groups, and the status feed.

use std::collections::BTreeMap;

use wa::stanza::{Jid, Node, NodeRef};

use super::{Accepted, Message, Verdict, code, delivery::names};
use crate::{
    model::{DeviceAddress, Group, Model, Space},
    server::phash,
};

/// Ciphertexts for single devices: the sender key, for those who do not have it.
type Keys<'a> = BTreeMap<(String, u16), NodeRef<'a>>;

/// Takes a message to a group: the same ciphertext for every device of every member, with the sender key for those who lack
/// it. The acknowledgement answers a hash of the devices with the server's own, under the names of the group's mode.
pub(super) fn to_group(model: &mut Model, message: &Message<'_>) -> Verdict {
    let group = model.group(message.to).cloned().ok_or(code::NOT_FOUND)?;
    let sender = &message.sender.number;
    if !group.members.contains_key(sender) {
        return Err(code::FORBIDDEN);
    }
    if group.announcement && !group.is_admin(sender) {
        return Err(code::NOT_ALLOWED);
    }
    if let Some(mode) = message.node.str("addressing_mode")
        && Space::from_name(&mode) != Some(group.mode)
    {
        return Err(code::STALE_MODE);
    }
    message.identity_is_there()?;
    if let Some(participant) = message.node.jid("participant") {
        return to_participant(model, message, &group, &participant);
    }
    let shared = shared(message)?;
    let keys = keys(model, message, group.mode)?;
    let everybody: Vec<DeviceAddress> =
        group.members.keys().flat_map(|number| devices(model, number)).collect();
    let right = phash::of(everybody.iter().filter_map(|device| model.jid(device, group.mode)));
    for device in everybody.iter().filter(|device| *device != message.sender) {
        let key = keys.get(&(device.number.clone(), device.device)).copied();
        deliver(model, message, group.mode, device, key, shared)?;
    }
    let Some(sent) = message.node.str("phash") else { return Ok(Accepted::default()) };
    if sent != right.as_str() {
        message.count_mismatch(model);
    }
    Ok(Accepted { phash: Some(false_hash(model, &group).unwrap_or(right)) })
}

/// Returns the false hash for the acknowledgement, while that is wanted.
fn false_hash(model: &mut Model, group: &Group) -> Option<String> {
    let group = model.groups.get_mut(&group.id)?;
    group.false_hashes = group.false_hashes.checked_sub(1)?;
    Some(phash::of([group.jid()]))
}

/// The answer to a retry: for one device of one member, encrypted for it alone.
fn to_participant(model: &mut Model, message: &Message<'_>, group: &Group, participant: &Jid) -> Verdict {
    message.pairwise(message.node)?;
    if Space::of(participant) != Some(group.mode) {
        return Err(code::BAD_REQUEST);
    }
    let device = model.resolve(participant).ok_or(code::NOT_FOUND)?;
    if !group.members.contains_key(&device.number) || device == *message.sender {
        return Err(code::FORBIDDEN);
    }
    let enc = message.node.child("enc").ok_or(code::SHAPE)?;
    send(model, message, group.mode, &device, &[enc])?;
    Ok(Accepted::default())
}

/// To the status feed: for whoever is named, with the sender key or without. A name without a device means all of its
/// devices, which have the key.
pub(super) fn to_status(model: &mut Model, message: &Message<'_>) -> Verdict {
    if message.node.has_attr("addressing_mode") {
        return Err(code::SHAPE);
    }
    message.identity_is_there()?;
    let Some(list) = message.node.child("participants") else { return Err(code::SHAPE) };
    let spaces = || list.children_named("to").filter_map(|to| Space::of(&to.jid("jid")?));
    let space = spaces().next().ok_or(code::SHAPE)?;
    if spaces().any(|other| other != space) {
        return Err(code::BAD_REQUEST);
    }
    let shared = shared(message)?;
    let keys = keys(model, message, space)?;
    let mut audience: Vec<DeviceAddress> = Vec::new();
    for to in list.children_named("to") {
        let Some(device) = to.jid("jid").and_then(|jid| model.resolve(&jid)) else { continue };
        if to.child("enc").is_some() {
            audience.push(device);
        } else {
            audience.extend(devices(model, &device.number));
        }
    }
    audience.sort_unstable_by(|a, b| (&a.number, a.device).cmp(&(&b.number, b.device)));
    audience.dedup();
    for device in audience.iter().filter(|device| *device != message.sender) {
        let key = keys.get(&(device.number.clone(), device.device)).copied();
        deliver(model, message, space, device, key, shared)?;
    }
    Ok(Accepted::default())
}

fn devices(model: &Model, number: &str) -> Vec<DeviceAddress> {
    let Some(phone) = model.phones.get(number) else { return Vec::new() };
    phone.device_numbers().map(|device| DeviceAddress { number: number.to_owned(), device }).collect()
}

/// The ciphertext that is for all.
fn shared<'a>(message: &Message<'a>) -> Result<NodeRef<'a>, u16> {
    let mut encs = message.node.children_named("enc");
    let (Some(enc), None) = (encs.next(), encs.next()) else { return Err(code::SHAPE) };
    let has_bytes = enc.bytes().is_some_and(|bytes| !bytes.is_empty());
    if enc.is("type", "skmsg") && enc.is("v", "2") && has_bytes { Ok(enc) } else { Err(code::SHAPE) }
}

/// The ciphertexts for single devices. A device that is gone is left out: the hash tells the sender.
fn keys<'a>(model: &Model, message: &Message<'a>, space: Space) -> Result<Keys<'a>, u16> {
    let mut keys = Keys::new();
    for to in message.node.child("participants").iter().flat_map(|list| list.children_named("to")) {
        let jid = to.jid("jid").ok_or(code::SHAPE)?;
        if Space::of(&jid) != Some(space) {
            return Err(code::BAD_REQUEST);
        }
        if to.child("enc").is_none() {
            continue;
        }
        message.pairwise(to)?;
        let Some(device) = model.resolve(&jid) else { continue };
        // One client gives its own sending device the key, too.
        if device != *message.sender && keys.insert((device.number, device.device), to).is_some() {
            return Err(code::BAD_REQUEST);
        }
    }
    Ok(keys)
}

fn deliver(
    model: &mut Model,
    message: &Message<'_>,
    space: Space,
    device: &DeviceAddress,
    key: Option<NodeRef<'_>>,
    shared: NodeRef<'_>,
) -> Result<(), u16> {
    let encs: Vec<NodeRef<'_>> = key.and_then(|to| to.child("enc")).into_iter().chain([shared]).collect();
    send(model, message, space, device, &encs)
}

fn send(
    model: &mut Model,
    message: &Message<'_>,
    space: Space,
    device: &DeviceAddress,
    encs: &[NodeRef<'_>],
) -> Result<(), u16> {
    let (participant, other) = names(model, message.sender, space)?;
    let key = if space == Space::Lid { "participant_pn" } else { "participant_lid" };
    let name = model.phones.get(&message.sender.number).map_or("", |phone| phone.name.as_str());
    let who = vec![("from", message.to.clone()), ("participant", participant), (key, other)];
    let mut header: Node = message.header(name, who);
    if message.to.server == wa::stanza::Server::Group {
        header.set("addressing_mode", space.name());
    }
    let node = message.copy(model, device, header, encs);
    message.deliver(model, device, node);
    Ok(())
}
