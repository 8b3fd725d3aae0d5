//! Messages: checked as production checks them, acknowledged, and handed on to every device they are for.
//!
//! [`direct`] takes what goes to a person or to an own device, [`group`] what goes to a group or to the status feed,
//! [`delivery`] makes the stanza that a device gets. The contents are end-to-end encrypted; what the server sees of them is
//! kept in the ledger of message keys (`crate::ledger`).

mod delivery;
mod direct;
mod group;

use std::hash::{DefaultHasher, Hash, Hasher};

use wa::stanza::{Jid, Node, NodeRef, Server, Text};

use crate::{
    model::{Connection, DeviceAddress, Model, Stage},
    world::{World, unix_seconds},
};

/// Error codes of message acknowledgements.
mod code {
    /// Malformed, name spaces mixed, or a LID where the account has none yet.
    pub(super) const BAD_REQUEST: u16 = 400;
    /// Not a member.
    pub(super) const FORBIDDEN: u16 = 403;
    /// No such account or group.
    pub(super) const NOT_FOUND: u16 = 404;
    /// Members may not send here.
    pub(super) const NOT_ALLOWED: u16 = 405;
    /// The group calls its members otherwise.
    pub(super) const STALE_MODE: u16 = 421;
    /// The account may not write to people it does not know.
    pub(super) const TIMELOCK: u16 = 463;
    /// The stanza has not the shape of a message.
    pub(super) const SHAPE: u16 = 479;
}

/// The `type` attributes of messages that the official client knows.
const TYPES: [&str; 7] = ["text", "media", "medianotify", "pay", "poll", "reaction", "event"];

/// A message and its sender, with all that the handlers need.
struct Message<'a> {
    world: &'a World,
    sender: &'a DeviceAddress,
    node: NodeRef<'a>,
    id: &'a str,
    to: &'a Jid,
}

/// The additional content of an acknowledgement.
#[derive(Default)]
struct Accepted {
    /// The server's own hash of the devices, if the sender should know it.
    phash: Option<String>,
}

/// A message is taken, or refused with this code.
type Verdict = Result<Accepted, u16>;

impl Message<'_> {
    /// Checks that the `type` attribute is there and known.
    fn type_is_known(&self) -> Result<(), u16> {
        let kind = self.node.str("type");
        if kind.is_some_and(|kind| TYPES.contains(&&*kind)) { Ok(()) } else { Err(code::SHAPE) }
    }

    /// Counts a message that is meant for other devices than those that the server knows.
    fn count_mismatch(&self, model: &mut Model) {
        let sender = self.sender.jid();
        self.world.log.note(None, format!("a message of {sender} is meant for other devices than there are"));
        if let Some(device) = model.device_mut(self.sender) {
            device.phash_mismatches += 1;
        }
    }
}

/// Takes a message from a connected device and acknowledges it.
pub(super) fn accept(world: &World, connection: &Connection, node: NodeRef<'_>) {
    let mut model = world.model.lock();
    let Some(Stage::Device(sender)) = model.connections.get(&connection.id).map(|entry| &entry.stage) else {
        return;
    };
    let sender = sender.clone();
    if let Some(ack) = take(world, &mut model, &sender, node) {
        connection.send(ack);
    }
}

/// Takes a message of a device, connected or simulated; gives the acknowledgement. `None` for what cannot even be answered.
pub(crate) fn take(
    world: &World,
    model: &mut Model,
    sender: &DeviceAddress,
    node: NodeRef<'_>,
) -> Option<Node> {
    let (Some(id), Some(to)) = (node.str("id"), node.jid("to")) else {
        world.log.note(None, format!("{} sent a message without id or address", sender.jid()));
        return None;
    };
    let message = Message { world, sender, node, id: &id, to: &to };
    let ack = Node::new("ack")
        .attr("class", "message")
        .attr("id", Text::new(&id))
        .attr("from", &to)
        .attr("t", unix_seconds())
        .attr_opt("participant", node.jid("participant"));
    Some(match verdict(model, &message) {
        Ok(Accepted { phash }) => ack.attr_opt("phash", phash),
        Err(code) => {
            world.log.note(None, format!("a message of {} is refused with {code}", sender.jid()));
            ack.attr("error", code)
        }
    })
}

fn verdict(model: &mut Model, message: &Message<'_>) -> Verdict {
    message.type_is_known()?;
    let digest = digest(message);
    if let Some(device) = model.device_mut(message.sender)
        && !device.sent.insert(digest)
    {
        // Sent again because an acknowledgement was lost: it is on its way already.
        message.world.ledger.record_again(model, message.sender, message.to, message.node);
        return Ok(Accepted::default());
    }
    let verdict = match &message.to.server {
        Server::Group => group::to_group(model, message),
        Server::Broadcast if message.to.user == "status" => group::to_status(model, message),
        Server::Pn | Server::Lid | Server::Hosted | Server::HostedLid | Server::LegacyPn => {
            direct::to_person(model, message)
        }
        _ => Err(code::NOT_FOUND),
    };
    if verdict.is_ok() {
        message.world.ledger.record(model, message.sender, message.to, message.node);
    } else if let Some(device) = model.device_mut(message.sender) {
        device.sent.remove(digest);
    }
    verdict
}

/// Returns the digest that identifies a message: an answer to a retry has the id of the first attempt, but another receiver or
/// count.
fn digest(message: &Message<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    message.id.hash(&mut hasher);
    message.to.hash(&mut hasher);
    message.node.jid("participant").hash(&mut hasher);
    message.node.child("enc").and_then(|enc| enc.u64("count")).hash(&mut hasher);
    hasher.finish()
}
