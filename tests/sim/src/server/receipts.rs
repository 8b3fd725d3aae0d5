//! Receipts: they take a message out of the receiver's queue, and tell the sender's devices.

use wa::stanza::{Jid, Node, NodeRef, Server, Text};

use super::queue;
use crate::{
    model::{DeviceAddress, Model, Queued, Space},
    people::history,
    world::{World, unix_seconds},
};

/// Most ids one receipt may name.
const MAX_IDS: usize = 512;

/// Takes a receipt of a device, connected or simulated.
pub(crate) fn take(world: &World, model: &mut Model, from: &DeviceAddress, node: NodeRef<'_>) {
    let kind = node.str("type");
    let kind = kind.as_deref().unwrap_or_default();
    let Some(id) = node.str("id") else { return };
    if kind == "server-error" && history::take_complaint(world, model, from, &id, node) {
        return;
    }
    // A device that asks for a message again has not got it; the acknowledgement that follows takes it away. A receipt beside
    // the one for the notice of a history says that it was taken over.
    if !matches!(kind, "retry" | "server-error") && (kind != "hist_sync" || world.options.lenient) {
        let items = node.child("list").into_iter().flat_map(|list| list.children_named("item"));
        let more = items.take(MAX_IDS).filter_map(|item| item.str("id"));
        for id in std::iter::once(id.clone()).chain(more) {
            queue::acknowledge(model, from, &id, "message");
        }
    }
    if kind == "hist_sync" {
        history::noted_receipt(model, from, &id);
    }
    let Some(to) = node.jid("to") else { return };
    let receipt = Receipt { world, from, node, id: &id, to: &to };
    match kind {
        // The server wants these for itself.
        "sender" | "peer_msg" | "hist_sync" | "view" => {}
        "retry" | "enc_rekey_retry" => receipt.to_one_device(model),
        "read-self" | "played-self" => receipt.to_own_devices(model, kind),
        "read" | "played" => {
            receipt.to_sender(model);
            receipt.to_own_devices(model, kind);
        }
        _ => receipt.to_sender(model),
    }
}

struct Receipt<'a> {
    world: &'a World,
    from: &'a DeviceAddress,
    node: NodeRef<'a>,
    id: &'a str,
    to: &'a Jid,
}

impl Receipt<'_> {
    fn is_of_many(&self) -> bool {
        matches!(self.to.server, Server::Group | Server::Broadcast)
    }

    /// Returns the sender of the message: the participant in a group, else whom the receipt is for.
    fn sender(&self) -> Option<Jid> {
        if self.is_of_many() { self.node.jid("participant") } else { Some(self.to.clone()) }
    }

    /// The name space in which the receiver of the receipt is called so: the group's, or the one in which it is addressed.
    fn space(&self, model: &Model) -> Option<Space> {
        match model.group(self.to) {
            Some(group) => Some(group.mode),
            None => Space::of(&self.sender()?),
        }
    }

    /// A message has arrived or was read: all devices of its sender hear of it.
    fn to_sender(&self, model: &mut Model) {
        let Some(number) = self.sender().and_then(|jid| Some(model.number_of(&jid)?.to_owned())) else {
            return;
        };
        if number == self.from.number {
            return;
        }
        let Some(node) = self.seen_by_others(model) else { return };
        for device in
            model.phones.get(&number).into_iter().flat_map(|phone| phone.device_numbers()).collect::<Vec<_>>()
        {
            self.push(model, DeviceAddress { number: number.clone(), device }, node.clone());
        }
    }

    /// A message is wanted again: of interest to the device that sent it, and to no other.
    fn to_one_device(&self, model: &mut Model) {
        let Some(device) = self.sender().and_then(|jid| model.resolve(&jid)) else { return };
        if device == *self.from {
            return;
        }
        let Some(mut node) = self.seen_by_others(model) else { return };
        if let Some(recipient) = self.node.jid("recipient") {
            node.set("recipient", recipient);
        }
        self.push(model, device, node);
    }

    /// A message was read here: the account's other devices mark it so.
    fn to_own_devices(&self, model: &mut Model, kind: &str) {
        let Some(space) = self.space(model) else { return };
        let Some(own) = model.jid(self.from, space) else { return };
        let node = if self.is_of_many() {
            self.start(self.to.clone())
                .attr("participant", own)
                .attr_opt("recipient", self.node.jid("participant"))
        } else {
            self.start(own).attr("recipient", self.to.account())
        };
        let node = self.finish(node.attr("type", Text::new(kind)));
        let others = model.phones.get(&self.from.number).into_iter().flat_map(|phone| phone.device_numbers());
        for device in others.filter(|device| *device != self.from.device).collect::<Vec<_>>() {
            self.push(model, DeviceAddress { number: self.from.number.clone(), device }, node.clone());
        }
    }

    /// Returns the receipt for another account.
    fn seen_by_others(&self, model: &Model) -> Option<Node> {
        let space = self.space(model)?;
        let jid = model.jid(self.from, space)?;
        let other = model.jid(self.from, space.other())?.account();
        let node = if self.is_of_many() {
            let key = if space == Space::Lid { "participant_pn" } else { "participant_lid" };
            self.start(self.to.clone()).attr("participant", jid).attr(key, other)
        } else {
            let key = if space == Space::Lid { "sender_pn" } else { "sender_lid" };
            self.start(jid).attr(key, other)
        };
        Some(self.finish(node.attr_opt("type", self.node.str("type"))))
    }

    fn start(&self, from: Jid) -> Node {
        Node::new("receipt").attr("from", from).attr("id", Text::new(self.id))
    }

    fn finish(&self, node: Node) -> Node {
        node.attr("t", unix_seconds())
            .attr_opt("category", self.node.str("category"))
            .children(self.node.children().map(|child| child.to_node()))
    }

    fn push(&self, model: &mut Model, device: DeviceAddress, node: Node) {
        queue::push(self.world, model, &device, Queued::new(self.id.to_owned(), node));
    }
}
