//! Messages to one person, and to own devices.

use std::collections::BTreeSet;

use wa::{
    messaging::stanzas::privacy_tokens,
    stanza::{Jid, NodeRef},
};

use super::{Accepted, Message, Verdict, code, delivery::names};
use crate::{
    model::{DeviceAddress, Model, Space},
    server::{phash, restrictions},
    world::unix_seconds,
};

/// Most devices a fan-out may name.
const MAX_FANOUT: usize = 10_000;

/// To a person: fanned out to all devices of both sides, or, as peer message or answer to a retry, to one device.
pub(super) fn to_person(model: &mut Model, message: &Message<'_>) -> Verdict {
    let space = Space::of(message.to).ok_or(code::NOT_FOUND)?;
    let number = model.number_of(message.to).ok_or(code::NOT_FOUND)?.to_owned();
    let migrated = model
        .phones
        .get(&message.sender.number)
        .is_some_and(|phone| phone.behaviour.lid_migrated != Some(false));
    let own = number == message.sender.number;
    let peer = message.node.is("category", "peer");
    if space == Space::Lid && !migrated && !own {
        return Err(code::BAD_REQUEST);
    }
    let is_person = model.keys(message.sender).is_some_and(|keys| keys.secrets.is_some());
    if space == Space::Pn && migrated && !own && !is_person && !message.world.options.pn_messages {
        return Err(code::TIMELOCK);
    }
    let chat = message.node.jid("recipient");
    if chat.is_some_and(|chat| Space::of(&chat).is_some_and(|named| named != space)) {
        return Err(code::BAD_REQUEST);
    }
    message.identity_is_there()?;
    if peer {
        let token = message.node.child("tctoken").or(message.node.child("cstoken"));
        if !own {
            return Err(code::BAD_REQUEST);
        }
        if token.is_some() {
            return Err(code::SHAPE);
        }
    } else if !own {
        may_write(model, message, &number)?;
    }
    let blocked =
        model.phones.get(&number).is_some_and(|phone| phone.blocked.contains(&message.sender.number));
    match message.node.child("participants") {
        Some(list) if !peer => fan_out(model, message, space, &number, list, blocked),
        _ => {
            message.pairwise(message.node)?;
            let device = DeviceAddress { number, device: message.to.device };
            if device == *message.sender {
                return Err(code::BAD_REQUEST);
            }
            if !blocked {
                to_device(model, message, space, &device, message.node)?;
            }
            Ok(Accepted::default())
        }
    }
}

/// Checks that the sender may write to this person: an account under a time-lock only to whom it knows.
fn may_write(model: &Model, message: &Message<'_>, number: &str) -> Result<(), u16> {
    let Some(sender) = model.phones.get(&message.sender.number) else { return Err(code::NOT_FOUND) };
    let Some(recipient) = model.phones.get(number) else { return Err(code::NOT_FOUND) };
    if let Some(computed) = message.node.child("cstoken") {
        let right = sender.nct_salt.map(|salt| privacy_tokens::computed(&salt, &recipient.lid(0)));
        if right.is_none_or(|right| computed.bytes() != Some(right.as_slice())) {
            return Err(code::SHAPE);
        }
    }
    let shown = message.node.child("tctoken").and_then(|token| token.bytes());
    let trusted = recipient
        .tokens
        .get(&sender.number)
        .is_some_and(|token| shown == Some(token.bytes.as_slice()) && token.is_valid(unix_seconds()));
    let is_known = trusted || sender.known.contains(number);
    let shows_nothing = sender.nct_salt.is_some() && message.node.child("cstoken").is_none();
    let is_person = model.keys(message.sender).is_some_and(|keys| keys.secrets.is_some());
    let lacks_token = shows_nothing && !is_person && !message.world.options.no_tokens;
    if !is_known && (lacks_token || restrictions::is_locked(&sender.behaviour)) {
        return Err(code::TIMELOCK);
    }
    Ok(())
}

fn fan_out(
    model: &mut Model,
    message: &Message<'_>,
    space: Space,
    number: &str,
    list: NodeRef<'_>,
    blocked: bool,
) -> Verdict {
    let mut named: BTreeSet<(bool, u16)> = BTreeSet::new();
    let mut targets: Vec<(DeviceAddress, NodeRef<'_>)> = Vec::new();
    for to in list.children_named("to") {
        let jid = to.jid("jid").ok_or(code::SHAPE)?;
        let other_space = Space::of(&jid) != Some(space);
        let device = model.resolve(&jid).filter(|_| !other_space).ok_or(code::BAD_REQUEST)?;
        let theirs = device.number == number;
        let known = theirs || device.number == message.sender.number;
        if !known || device == *message.sender {
            return Err(code::BAD_REQUEST);
        }
        if !named.insert((theirs, device.device)) {
            // whatsmeow and Baileys list the own devices twice in a note to self.
            if number == message.sender.number {
                continue;
            }
            return Err(code::BAD_REQUEST);
        }
        message.pairwise(to)?;
        targets.push((device, to));
        if targets.len() > MAX_FANOUT {
            return Err(code::BAD_REQUEST);
        }
    }
    if targets.is_empty() {
        return Err(code::SHAPE);
    }
    let phash = mismatch(model, message, space, number, &named);
    if phash.is_some() {
        message.count_mismatch(model);
    }
    for (device, to) in targets {
        if !(blocked && device.number == number) {
            to_device(model, message, space, &device, to)?;
        }
    }
    model.acquaint(&message.sender.number, number);
    if let Some(recipient) = model.phones.get_mut(number)
        && recipient.known.len() < MAX_FANOUT
    {
        recipient.known.insert(message.sender.number.clone());
    }
    Ok(Accepted { phash })
}

/// Returns the hash of all devices of both sides, if the sender has left some out, has named some that are gone, or sends
/// another hash. Clients send none here; one that does may leave the sending device out of it.
fn mismatch(
    model: &Model,
    message: &Message<'_>,
    space: Space,
    number: &str,
    named: &BTreeSet<(bool, u16)>,
) -> Option<String> {
    let theirs = model.phones.get(number)?;
    let own = model.phones.get(&message.sender.number)?;
    let mut there: BTreeSet<(bool, u16)> = theirs.device_numbers().map(|device| (true, device)).collect();
    let mut all: Vec<Jid> = theirs.device_numbers().map(|device| theirs.jid(space, device)).collect();
    if number != message.sender.number {
        there.extend(own.device_numbers().map(|device| (false, device)));
        all.extend(own.device_numbers().map(|device| own.jid(space, device)));
    }
    there.remove(&(number == message.sender.number, message.sender.device));
    let right = phash::of(all.iter().cloned());
    let this = own.jid(space, message.sender.device);
    let others = phash::of(all.into_iter().filter(|device| *device != this));
    let is_other =
        message.node.str("phash").is_some_and(|sent| sent != right.as_str() && sent != others.as_str());
    (is_other || there != *named).then_some(right)
}

/// Returns the message for one device, as another account's or as one of its own account.
fn to_device(
    model: &mut Model,
    message: &Message<'_>,
    space: Space,
    device: &DeviceAddress,
    parent: NodeRef<'_>,
) -> Result<(), u16> {
    let (from, other) = names(model, message.sender, space)?;
    let own = device.number == message.sender.number;
    let mut who = vec![("from", from)];
    if own && !message.node.is("category", "peer") {
        // The chat: whom the message is for, or, in an answer to a retry, whom it was for.
        let chat = message.node.jid("recipient").unwrap_or_else(|| message.to.account());
        let (key, alt) = match space.other() {
            Space::Pn => ("peer_recipient_pn", Space::Pn),
            Space::Lid => ("peer_recipient_lid", Space::Lid),
        };
        let alt = model.account(&chat).map(|phone| phone.jid(alt, 0));
        who.push(("recipient", chat));
        who.extend(alt.map(|alt| (key, alt)));
    } else if !own {
        let key = if space == Space::Lid { "sender_pn" } else { "sender_lid" };
        who.push((key, other));
    }
    let name = model.phones.get(&message.sender.number).map_or("", |phone| phone.name.as_str());
    let encs: Vec<NodeRef<'_>> = parent.children_named("enc").collect();
    let node = message.copy(model, device, message.header(name, who), &encs);
    message.deliver(model, device, node);
    Ok(())
}
