//! Presence and typing: told to those who asked, kept for nobody.

use std::collections::BTreeSet;

use wa::stanza::{Jid, Node, NodeRef, Server};

use crate::{
    model::{Connection, DeviceAddress, Model, Space},
    world::{World, unix_millis, unix_seconds},
};

/// Longest push name.
const MAX_NAME: usize = 100;
/// Most people one connection may listen to.
const MAX_SUBSCRIPTIONS: usize = 10_000;

/// Takes a presence stanza of a device.
pub(super) fn presence(world: &World, connection: &Connection, node: NodeRef<'_>) {
    let mut model = world.model.lock();
    let Some(address) = model.device_of(connection.id).cloned() else { return };
    match node.str("type").as_deref() {
        Some("subscribe") => subscribe(world, &mut model, connection, &address, node),
        Some("unsubscribe") => {
            if let Some(number) = node.jid("to").and_then(|jid| model.number_of(&jid).map(str::to_owned)) {
                forget(&mut model, connection.id, &number);
            }
        }
        // The server takes no notice of an account without a name.
        _ if !node.has_attr("name") && !world.options.lenient => {
            world.log.note(Some(connection.id), "a presence without a name is ignored");
        }
        kind => {
            if let (Some(name), Some(phone)) = (node.str("name"), model.phones.get_mut(&address.number)) {
                phone.name = name.chars().take(MAX_NAME).collect();
            }
            set_available(&mut model, &address, kind != Some("unavailable"));
        }
    }
}

/// A device comes or goes. Others are told when that makes a difference for the account.
pub(crate) fn set_available(model: &mut Model, address: &DeviceAddress, available: bool) {
    let before = is_there(model, &address.number);
    let Some(device) = model.device_mut(address) else { return };
    device.available = available;
    device.last_seen_ms = unix_millis();
    if is_there(model, &address.number) != before {
        tell(model, &address.number);
    }
}

/// Returns whether a person is at one of the account's devices.
fn is_there(model: &Model, number: &str) -> bool {
    model
        .phones
        .get(number)
        .is_some_and(|phone| phone.at_the_phone || phone.devices.values().any(|device| device.available))
}

/// The person takes up the phone itself, or puts it down.
pub(crate) fn at_the_phone(model: &mut Model, number: &str, there: bool) {
    let before = is_there(model, number);
    if let Some(phone) = model.phones.get_mut(number) {
        phone.at_the_phone = there;
    }
    if is_there(model, number) != before {
        tell(model, number);
    }
}

fn tell(model: &mut Model, number: &str) {
    let listening: Vec<u64> = model.presence.get(number).into_iter().flatten().copied().collect();
    for id in listening {
        if let (Some(connection), Some(node)) = (model.connection(id), shown_to(model, number, id)) {
            connection.send(node);
        }
    }
}

/// Returns a person's presence as a connection sees it: under the name that was asked for.
fn shown_to(model: &Model, number: &str, connection: u64) -> Option<Node> {
    let phone = model.phones.get(number)?;
    let space = *model.presence_names.get(&(connection, number.to_owned()))?;
    let node = Node::new("presence").attr("from", phone.jid(space, 0));
    Some(if is_there(model, number) {
        node
    } else {
        let last = phone.devices.values().map(|device| device.last_seen_ms).max().unwrap_or(phone.created_ms);
        node.attr("type", "unavailable").attr("last", last / 1000)
    })
}

fn subscribe(
    world: &World,
    model: &mut Model,
    connection: &Connection,
    address: &DeviceAddress,
    node: NodeRef<'_>,
) {
    let Some(jid) = node.jid("to") else { return };
    let (Some(number), Some(space)) = (model.number_of(&jid).map(str::to_owned), Space::of(&jid)) else {
        return;
    };
    // A device that does not show itself sees nobody, and nobody sees people who block them.
    let shows = model.device(address).is_some_and(|device| device.available);
    let blocked = model.phones.get(&number).is_some_and(|phone| phone.blocked.contains(&address.number));
    let guarded = !world.options.lenient
        && model.phones.get(&number).is_some_and(|phone| phone.behaviour.guarded)
        && !shows_token(model, &number, &address.number, node);
    if !shows || blocked || guarded || model.presence_names.len() >= MAX_SUBSCRIPTIONS {
        return;
    }
    model.presence.entry(number.clone()).or_default().insert(connection.id);
    model.presence_names.insert((connection.id, number.clone()), space);
    if let Some(now) = shown_to(model, &number, connection.id) {
        connection.send(now);
    }
}

/// Returns whether a subscription shows the token that the person gave.
fn shows_token(model: &Model, number: &str, asker: &str, node: NodeRef<'_>) -> bool {
    let shown = node.child("tctoken").and_then(|token| token.bytes());
    let given = model.phones.get(number).and_then(|phone| phone.tokens.get(asker));
    given.is_some_and(|token| shown == Some(token.bytes.as_slice()) && token.is_valid(unix_seconds()))
}

fn forget(model: &mut Model, connection: u64, number: &str) {
    model.presence_names.remove(&(connection, number.to_owned()));
    if let Some(listening) = model.presence.get_mut(number) {
        listening.remove(&connection);
    }
    model.presence.retain(|_, listening| !listening.is_empty());
}

/// A connection has ended: it listens to nobody any more, and its device is not available.
pub(super) fn gone(model: &mut Model, connection: u64, address: &DeviceAddress) {
    let heard: BTreeSet<String> = model
        .presence_names
        .keys()
        .filter(|(listener, _)| *listener == connection)
        .map(|(_, number)| number.clone())
        .collect();
    for number in heard {
        forget(model, connection, &number);
    }
    set_available(model, address, false);
}

/// Tells the devices of the chat that are there of typing.
pub(super) fn chat_state(world: &World, connection: &Connection, node: NodeRef<'_>) {
    let model = world.model.lock();
    let Some(address) = model.device_of(connection.id).cloned() else { return };
    let Some(to) = node.jid("to") else { return };
    typing(&model, &address, &to, node);
}

/// The same for any device.
pub(crate) fn typing(model: &Model, address: &DeviceAddress, to: &Jid, node: NodeRef<'_>) {
    let children = || node.children().map(|child| child.to_node());
    let (receivers, state) = if to.server == Server::Group {
        let Some(group) = model.group(to).filter(|group| group.members.contains_key(&address.number)) else {
            return;
        };
        let Some(who) = model.jid(address, group.mode) else { return };
        let state = Node::new("chatstate").attr("from", to).attr("participant", who.account());
        (group.members.keys().cloned().collect::<Vec<_>>(), state)
    } else {
        let (Some(space), Some(number)) = (Space::of(to), model.number_of(to)) else { return };
        let Some(who) = model.jid(address, space) else { return };
        (vec![number.to_owned()], Node::new("chatstate").attr("from", who.account()))
    };
    let state = state.children(children());
    for number in receivers.iter().filter(|number| **number != address.number) {
        for device in model.phones.get(number).into_iter().flat_map(|phone| phone.devices.values()) {
            let there = device.connection.filter(|_| device.available);
            if let Some(connection) = there.and_then(|id| model.connection(id)) {
                connection.send(state.clone());
            }
        }
    }
}
