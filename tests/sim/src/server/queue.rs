//! Stanzas for devices: kept until acknowledged, delivered at the next login if need be.

use std::time::{Duration, Instant};

use wa::stanza::{Jid, Node, NodeRef, Text, Value};

use crate::{
    model::{Command, DeviceAddress, Model, Offline, Queued, Stage},
    world::World,
};

/// The time a client may take to ask for the next batch of its queue. Some clients never ask.
const PATIENCE: Duration = Duration::from_millis(300);
/// Most stanzas on their way to simulated devices.
const MAX_POST: usize = 1_000_000;

/// Queues a stanza for a device and sends it if the device is there and wants it. The stanza has an `id`.
pub(crate) fn push(world: &World, model: &mut Model, address: &DeviceAddress, mut queued: Queued) {
    if model.keys(address).is_some_and(|keys| keys.secrets.is_some()) {
        if model.post.len() < MAX_POST {
            model.post.push_back((address.clone(), queued.node));
        }
        world.posted.notify_one();
        return;
    }
    let Some(device) = model.device_mut(address) else { return };
    let node = queued.node.clone();
    let wanted = device.connection.filter(|_| !device.passive && device.offline.is_none());
    queued.sent = wanted.map(|connection| (connection, Instant::now()));
    let lost = device.queue.push(queued, world.options.queue_limit);
    if lost {
        world.log.note(None, format!("the queue of {} is full: its oldest stanza is lost", address.jid()));
    }
    if let Some(connection) = wanted.and_then(|id| model.connection(id)) {
        connection.send(node);
    }
}

/// Announces what is queued, as at a login. It goes out in batches as the client asks for them; all of it goes to a client that does
/// not ask for [`PATIENCE`].
pub(super) fn deliver(world: &World, model: &mut Model, address: &DeviceAddress) {
    let Some(device) = model.device_mut(address) else { return };
    let count = device.queue.len();
    device.offline = Some(Offline { sent: 0, left: count, count });
    let Some(device) = model.device(address) else { return };
    let Some(connection) = device.connection.and_then(|id| model.connection(id)) else { return };
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
        world.log.note(Some(connection.id), format!("{count} stanzas from the queue"));
        connection.command(Command::OfflineWithin(PATIENCE));
    } else {
        send_batch(model, address, 0);
    }
}

/// Sends the next of the stanzas that were announced, and concludes after the last of them.
pub(super) fn send_batch(model: &mut Model, address: &DeviceAddress, most: usize) {
    let Some(device) = model.device_mut(address) else { return };
    let (Some(id), Some(mut offline)) = (device.connection, device.offline.take()) else { return };
    let mut nodes = device.queue.next_of(id, &mut offline.sent, most.min(offline.left));
    offline.left = if nodes.len() < most { 0 } else { offline.left - nodes.len() };
    nodes = nodes.into_iter().map(|node| node.attr("offline", 1u8)).collect();
    let is_left = offline.left > 0;
    if !is_left {
        nodes.push(info(Node::new("offline").attr("count", offline.count)));
        // Stanzas that came meanwhile.
        nodes.extend(device.queue.next_of(id, &mut offline.sent, usize::MAX));
    } else {
        device.offline = Some(offline);
    }
    let Some(connection) = model.connection(id) else { return };
    nodes.into_iter().for_each(|node| connection.send(node));
    if is_left {
        connection.command(Command::OfflineWithin(PATIENCE));
    }
}

/// A client asks for the next stanzas of its queue.
pub(super) fn batch_wanted(world: &World, connection: u64, ib: NodeRef<'_>) {
    let Some(batch) = ib.child("offline_batch") else { return };
    let most = batch.u64("count").and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    let mut model = world.model.lock();
    if let Some(address) = model.device_of(connection).cloned() {
        send_batch(&mut model, &address, most);
    }
}

/// A client has not asked for more of them for some time: it gets all.
pub(super) fn batch_not_wanted(world: &World, connection: u64) {
    let mut model = world.model.lock();
    if let Some(address) = model.device_of(connection).cloned() {
        send_batch(&mut model, &address, usize::MAX);
    }
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
    let Some(class) = node.str("class") else { return };
    let Some(device) = model.device_mut(&address) else { return };
    let is_same =
        |queued: &Node, key: &str, of: &str| queued.get(of).and_then(Value::to_jid) == node.jid(key);
    let fits = |queued: &Node| is_same(queued, "to", "from") && is_same(queued, "participant", "participant");
    if device.queue.acknowledge(&id, &class, fits).is_none() {
        world.log.note(Some(connection), format!("no {class} waits that the ack of {id} fits"));
    }
}

/// The end of a stream whose client has left a stanza unacknowledged for too long.
pub(super) fn overdue(model: &Model, connection: u64, patience: Duration) -> Option<Node> {
    let device = model.device(model.device_of(connection)?)?;
    let id = device.queue.overdue(connection, Instant::now().checked_sub(patience)?)?;
    Some(Node::new("stream:error").child(Node::new("ack").attr("class", "server").attr("id", Text::new(id))))
}

/// Takes the stanza of that id and tag out of a device's queue.
pub(super) fn acknowledge(model: &mut Model, address: &DeviceAddress, id: &str, tag: &str) {
    if let Some(device) = model.device_mut(address) {
        device.queue.acknowledge(id, tag, |_| true);
    }
}
