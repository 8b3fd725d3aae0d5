//! Dispatches received stanzas to the files that handle them.

use std::{sync::Arc, time::Instant};

use wa::stanza::{Node, NodeRef};

use super::{
    answer, groups, link_code, media_conn, message, pair, passkey, prekeys, presence, queries, queue,
    receipts, unlink, usync,
};
use crate::{
    faults::Refusal,
    model::{Connection, DeviceAddress, Stage},
    world::{World, unix_seconds},
};

/// Handles one stanza.
pub(super) fn dispatch(world: &World, connection: &Arc<Connection>, node: NodeRef<'_>) {
    match node.tag() {
        "iq" => iq(world, connection, node),
        "ack" => queue::acknowledged(world, connection.id, node),
        "receipt" => {
            if let Some(address) = device(world, connection.id) {
                receipts::take(world, &mut world.model.lock(), &address, node);
            }
            acknowledge(connection, node);
        }
        "message" => message::accept(world, connection, node),
        "presence" => presence::presence(world, connection, node),
        "chatstate" => presence::chat_state(world, connection, node),
        "ib" => queue::batch_wanted(world, connection.id, node),
        // Of interest to the real server only.
        "notification" => {}
        "call" => acknowledge(connection, node),
        tag => world.log.note(Some(connection.id), format!("unknown stanza {tag}")),
    }
}

/// The number a connection belongs to, for rules.
pub(super) fn number_of(world: &World, id: u64) -> Option<String> {
    match &world.model.lock().connections.get(&id)?.stage {
        Stage::Device(address) => Some(address.number.clone()),
        Stage::Unpaired(unpaired) => match (&unpaired.code, &unpaired.pending) {
            (_, Some(pending)) => Some(pending.address.number.clone()),
            (Some((number, _)), None) => Some(number.clone()),
            (None, None) => None,
        },
        Stage::Handshake => None,
    }
}

/// The number a request for a code is about.
pub(super) fn number_in(node: NodeRef<'_>) -> Option<String> {
    Some(node.child("link_code_companion_reg")?.jid("jid")?.user.to_string())
}

fn iq(world: &World, connection: &Arc<Connection>, node: NodeRef<'_>) {
    if node.is("type", "result") || node.is("type", "error") {
        return pair::answered(world, connection, node);
    }
    let reply = match device(world, connection.id) {
        Some(address) => device_iq(world, connection, &address, node),
        None => unpaired_iq(world, connection, node),
    };
    match reply {
        Reply::Node(node) => connection.send(node),
        Reply::Refused(refusal) => connection.send(answer::error(node, &refusal)),
        Reply::Sent => {}
    }
}

/// The reply to an iq.
pub(super) enum Reply {
    /// This answer.
    Node(Node),
    /// An error.
    Refused(Refusal),
    /// Its handler has answered, or nobody ever will.
    Sent,
}

impl Reply {
    pub(super) fn refused(code: u16) -> Self {
        Self::Refused(Refusal::new(code))
    }
}

fn device(world: &World, id: u64) -> Option<DeviceAddress> {
    world.model.lock().device_of(id).cloned()
}

fn unpaired_iq(world: &World, connection: &Arc<Connection>, node: NodeRef<'_>) -> Reply {
    let child = node.children().next();
    match (node.str("xmlns").as_deref(), child.map(|child| child.tag())) {
        (Some("md"), Some("link_code_companion_reg")) => link_code::from_companion(world, connection, node),
        (
            Some("md"),
            Some(
                tag @ ("ref"
                | "passkey_prologue"
                | "companion_nonce"
                | "encrypted_pairing_request"
                | "passkey_request_options"),
            ),
        ) => passkey::from_companion(world, connection, node, tag),
        (Some("w:p"), _) => Reply::Node(pong(node)),
        _ => Reply::refused(401),
    }
}

fn device_iq(
    world: &World,
    connection: &Arc<Connection>,
    address: &DeviceAddress,
    node: NodeRef<'_>,
) -> Reply {
    let most = world.options.queries_per_minute;
    if !world.model.lock().rates.allows(&address.number, node, most, Instant::now()) {
        return Reply::refused(429);
    }
    let child = node.children().next();
    let tag = child.map(|child| child.tag());
    match (node.str("xmlns").as_deref(), tag) {
        (Some("w:p"), _) => Reply::Node(pong(node)),
        (Some("encrypt"), _) => prekeys::handle(world, address, node),
        (Some("passive"), Some(tag)) => {
            connection.send(answer::result(node));
            queue::set_passive(world, address, tag == "passive");
            Reply::Sent
        }
        (Some("md"), Some("remove-companion-device")) => {
            unlink::from_companion(world, connection, address, node)
        }
        (Some("usync"), _) => usync::handle(world, address, node),
        (Some("w:g2"), _) => groups::handle(world, address, node),
        (Some("w:m"), Some("media_conn")) => media_conn::handle(world, connection, address, node),
        (Some(xmlns), _) => queries::handle(world, address, xmlns, node),
        (None, _) => Reply::refused(400),
    }
}

fn pong(node: NodeRef<'_>) -> Node {
    answer::result(node).attr("t", unix_seconds())
}

/// Tells a client that the server has its receipt.
fn acknowledge(connection: &Connection, node: NodeRef<'_>) {
    let (Some(id), Some(to)) = (node.str("id"), node.jid("to")) else { return };
    let ack = Node::new("ack")
        .attr("class", node.tag().to_owned())
        .attr("id", id)
        .attr("from", to)
        .attr("t", unix_seconds())
        .attr_opt("participant", node.jid("participant"))
        .attr_opt("type", node.str("type"));
    connection.send(ack);
}
