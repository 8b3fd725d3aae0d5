//! The stanza that a device gets for a message.

use wa::stanza::{Jid, Node, NodeRef, Text};

use super::{Message, code};
use crate::{
    model::{DeviceAddress, Model, Queued, Space},
    server::queue,
    world::unix_seconds,
};

/// Attributes that go through as they are.
const KEPT: [&str; 4] = ["type", "edit", "category", "addressing_mode"];

impl Message<'_> {
    /// Returns the stanza of a device of `name` without its `enc`s. `from` and whatever tells sender and chat come first.
    pub(super) fn header(&self, name: &str, from: Vec<(&'static str, Jid)>) -> Node {
        let mut node = Node::new("message");
        for (key, jid) in from {
            node = node.attr(key, jid);
        }
        node = node.attr("id", Text::new(self.id));
        for key in KEPT {
            node = node.attr_opt(key, self.node.str(key));
        }
        // The answer to a retry says when the message was sent first.
        let t = self.node.u64("t").unwrap_or_else(unix_seconds);
        node.attr("t", t).attr_opt("notify", (!name.is_empty()).then(|| Text::new(name)))
    }

    /// The message for one device: header, ciphertexts, and what came beside them.
    pub(super) fn stanza(&self, header: Node, encs: &[NodeRef<'_>]) -> Node {
        let opens_session = encs.iter().any(|enc| enc.is("type", "pkmsg"));
        let identity = self.node.child("device-identity").filter(|_| opens_session);
        let beside = self.node.children().filter_map(|child| match child.tag() {
            "participants" | "enc" | "device-identity" | "tctoken" | "cstoken" => None,
            "reporting" => Some(reporting(child)),
            _ => Some(child.to_node()),
        });
        header
            .children(encs.iter().map(NodeRef::to_node))
            .children(identity.map(|identity| identity.to_node()))
            .children(beside)
    }

    /// Returns a device's copy: the stanza, or, if its account's messages are withheld from companions, that there is one.
    pub(super) fn copy(
        &self,
        model: &Model,
        device: &DeviceAddress,
        header: Node,
        encs: &[NodeRef<'_>],
    ) -> Node {
        let withheld = device.device != 0
            && device.number != self.sender.number
            && model.phones.get(&device.number).is_some_and(|phone| phone.behaviour.withheld);
        if withheld { header.child(Node::new("unavailable")) } else { self.stanza(header, encs) }
    }

    /// Hands a stanza to a device.
    pub(super) fn deliver(&self, model: &mut Model, device: &DeviceAddress, node: Node) {
        queue::push(self.world, model, device, Queued::new(self.id.to_owned(), node));
    }

    /// The ciphertext for one device, if it is one.
    pub(super) fn pairwise(&self, parent: NodeRef<'_>) -> Result<(), u16> {
        let mut encs = parent.children_named("enc");
        let (Some(enc), None) = (encs.next(), encs.next()) else { return Err(code::SHAPE) };
        let good = enc.is("v", "2") && matches!(enc.str("type").as_deref(), Some("msg" | "pkmsg"));
        let has_bytes = enc.bytes().is_some_and(|bytes| !bytes.is_empty());
        if good && has_bytes { Ok(()) } else { Err(code::SHAPE) }
    }

    /// A companion that opens a session has to show who it is.
    pub(super) fn identity_is_there(&self) -> Result<(), u16> {
        let opens = |parent: NodeRef<'_>| parent.child("enc").is_some_and(|enc| enc.is("type", "pkmsg"));
        let fanned = self.node.child("participants");
        let opens_session =
            opens(self.node) || fanned.is_some_and(|list| list.children_named("to").any(opens));
        if self.sender.device != 0 && opens_session && self.node.child("device-identity").is_none() {
            return Err(code::SHAPE);
        }
        Ok(())
    }
}

/// Both names of the sending device: the one used here and the other, for attributes like `sender_lid`.
pub(super) fn names(model: &Model, device: &DeviceAddress, space: Space) -> Result<(Jid, Jid), u16> {
    let jid = model.jid(device, space).ok_or(code::NOT_FOUND)?;
    let other = model.jid(device, space.other()).ok_or(code::NOT_FOUND)?.account();
    Ok((jid, other))
}

/// Returns the receiver's means to report a message: a tag in place of the sender's token.
fn reporting(node: NodeRef<'_>) -> Node {
    let token = node.child("reporting_token").and_then(|token| token.bytes()).unwrap_or_default();
    Node::new("reporting").child(Node::new("reporting_tag").bytes(token))
}
