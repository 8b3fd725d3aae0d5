//! Stanzas for devices: kept until acknowledged, delivered at the next login if need be.

use wa::stanza::{Jid, Node, NodeRef};

use crate::{
    model::{DeviceAddress, Model, Queued, Stage},
    world::World,
};

/// Most stanzas on their way to simulated devices.
const MAX_POST: usize = 1_000_000;

/// Queues a stanza for a device and sends it if the device is there and wants it. The stanza has an `id`.
pub(crate) fn push(world: &World, model: &mut Model, address: &DeviceAddress, queued: Queued) {
    if model.keys(address).is_some_and(|keys| keys.secrets.is_some()) {
        if model.post.len() < MAX_POST {
            model.post.push_back((address.clone(), queued.node));
        }
        world.posted.notify_one();
        return;
    }
    let Some(device) = model.device_mut(address) else { return };
    let node = queued.node.clone();
    let lost = device.queue.push(queued, world.options.queue_limit);
    let wanted = device.connection.filter(|_| !device.passive);
    if lost {
        world.log.note(None, format!("the queue of {} is full: its oldest stanza is lost", address.jid()));
    }
    if let Some(connection) = wanted.and_then(|id| model.connection(id)) {
        connection.send(node);
    }
}

/// Sends what is queued, announced and concluded as at a login.
pub(super) fn deliver(world: &World, model: &mut Model, address: &DeviceAddress) {
    let Some(device) = model.device(address) else { return };
    let Some(connection) = device.connection.and_then(|id| model.connection(id)) else { return };
    let count = device.queue.len();
    if count > 0 {
        let of = |tag: &str| device.queue.iter().filter(|queued| queued.node.tag() == tag).count();
        connection.send(info(
            Node::new("offline_preview")
                .attr("count", count)
                .attr("message", of("message"))
                .attr("notification", of("notification"))
                .attr("receipt", of("receipt"))
                .attr("appdata", 0u8),
        ));
        for queued in device.queue.iter() {
            connection.send(queued.node.clone().attr("offline", 1u8));
        }
        world.log.note(Some(connection.id), format!("{count} stanzas from the queue"));
    }
    connection.send(info(Node::new("offline").attr("count", count)));
}

/// An information stanza with that child.
fn info(child: Node) -> Node {
    Node::new("ib").attr("from", Jid::server()).child(child)
}

/// A device says whether it wants to be told about its queue.
pub(super) fn set_passive(world: &World, address: &DeviceAddress, passive: bool) {
    let mut model = world.model.lock();
    let Some(device) = model.device_mut(address) else { return };
    let was = std::mem::replace(&mut device.passive, passive);
    if was && !passive {
        deliver(world, &mut model, address);
    }
}

/// Takes an acknowledged stanza out of the queue.
pub(super) fn acknowledged(world: &World, connection: u64, node: NodeRef<'_>) {
    let Some(id) = node.str("id") else { return };
    let mut model = world.model.lock();
    let address = match model.connections.get_mut(&connection).map(|entry| &mut entry.stage) {
        Some(Stage::Unpaired(unpaired)) => {
            unpaired.unacked.retain(|waiting| *waiting != id);
            return;
        }
        Some(Stage::Device(address)) => address.clone(),
        _ => return,
    };
    if let Some(class) = node.str("class") {
        acknowledge(&mut model, &address, &id, &class);
    }
}

/// Takes the stanza of that id and tag out of a device's queue.
pub(super) fn acknowledge(model: &mut Model, address: &DeviceAddress, id: &str, tag: &str) {
    if let Some(device) = model.device_mut(address) {
        device.queue.acknowledge(id, tag);
    }
}
