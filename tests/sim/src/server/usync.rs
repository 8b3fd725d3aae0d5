//! Directory look-ups about users.

use wa::stanza::{Jid, Node, NodeRef, Text};

use super::{answer, devices, dispatch::Reply};
use crate::{
    model::{DeviceAddress, Model, Phone, Space},
    world::World,
};

/// Most users one query may name.
const MAX_USERS: usize = 10_000;

/// Answers a usync iq: every protocol that was asked for, for every user.
pub(super) fn handle(world: &World, asker: &DeviceAddress, iq: NodeRef<'_>) -> Reply {
    let Some(usync) = iq.child("usync") else { return Reply::refused(400) };
    let (Some(query), Some(list)) = (usync.child("query"), usync.child("list")) else {
        return Reply::refused(400);
    };
    let protocols: Vec<&str> = query.children().map(|child| child.tag()).collect();
    let by_lid = query.child("contact").is_some_and(|contact| contact.is("addressing_mode", "lid"));
    let mut model = world.model.lock();
    if list.children_named("user").any(|user| has_foreign_hash(&model, user)) {
        world.log.note(None, format!("{} shows a device hash of the other name", asker.jid()));
        return Reply::refused(400);
    }
    let mut users: Vec<Node> = Vec::new();
    for user in list.children_named("user").take(MAX_USERS) {
        let (node, found) = answer_user(world, &model, &protocols, by_lid, user);
        users.extend(node);
        if let Some(number) = found {
            model.acquaint(&asker.number, &number);
        }
    }
    drop(model);
    let mut node = Node::new("usync");
    for key in ["sid", "mode", "last", "index", "context"] {
        node = node.attr_opt(key, usync.str(key));
    }
    let result = Node::new("result").children(protocols.iter().map(|tag| Node::new(Text::new(tag))));
    Reply::Node(answer::result(iq).child(node.child(result).child(Node::new("list").children(users))))
}

/// Returns whether a client shows the hash of a list that it has under the user's other name.
fn has_foreign_hash(model: &Model, user: NodeRef<'_>) -> bool {
    let hash = user.child("devices").and_then(|devices| devices.str("device_hash"));
    let jid = user.jid("jid").map(|jid| jid.account());
    let (Some(hash), Some(jid)) = (hash, jid) else { return false };
    let (Some(phone), Some(space)) = (model.account(&jid), Space::of(&jid)) else { return false };
    hash == devices::hash(phone, space.other())
}

/// Returns the answer about a user, and the user's number. A user without anything new is left out.
fn answer_user(
    world: &World,
    model: &Model,
    protocols: &[&str],
    by_lid: bool,
    user: NodeRef<'_>,
) -> (Option<Node>, Option<String>) {
    let asked = user.child("contact").and_then(|contact| contact.text());
    let jid = user.jid("jid").map(|jid| jid.account()).or_else(|| {
        let digits: String =
            asked.as_deref()?.split('@').next()?.chars().filter(char::is_ascii_digit).collect();
        Some(Jid::user(digits))
    });
    let phone = jid.as_ref().and_then(|jid| model.account(jid));
    let space = match jid.as_ref().and_then(Space::of) {
        Some(Space::Pn) if !by_lid => Space::Pn,
        _ => Space::Lid,
    };
    let mut node = match phone {
        Some(phone) => {
            let pn = (space == Space::Lid).then(|| phone.jid(Space::Pn, 0));
            Node::new("user").attr("jid", phone.jid(space, 0)).attr_opt("pn_jid", pn)
        }
        None => Node::new("user").attr_opt("jid", jid),
    };
    for protocol in protocols {
        let child = match (*protocol, phone) {
            ("contact", phone) => {
                let child = Node::new("contact").attr("type", if phone.is_some() { "in" } else { "out" });
                Some(match &asked {
                    Some(text) => child.text(text.clone()),
                    None => child,
                })
            }
            ("devices", Some(phone)) => {
                let held = user.child("devices").and_then(|devices| devices.str("device_hash"));
                if held.is_some_and(|hash| hash == devices::hash(phone, space)) {
                    if protocols.len() == 1 {
                        return (None, Some(phone.number.clone()));
                    }
                    None
                } else {
                    Some(device_list(world, phone, space))
                }
            }
            ("lid", Some(phone)) => Some(Node::new("lid").attr("val", phone.lid(0))),
            ("status", Some(phone)) => {
                let about = Node::new("status");
                Some(if phone.about.is_empty() { about } else { about.text(phone.about.clone()) })
            }
            ("disappearing_mode", Some(_)) => {
                Some(Node::new("disappearing_mode").attr("duration", 0u8).attr("t", 0u8))
            }
            _ => None,
        };
        node = node.children(child);
    }
    (Some(node), phone.map(|phone| phone.number.clone()))
}

fn device_list(world: &World, phone: &Phone, space: Space) -> Node {
    let list = phone.device_numbers().map(|number| {
        let index = phone.devices.get(&number).map(|device| device.key_index);
        Node::new("device").attr("id", number).attr_opt("key-index", index)
    });
    let list = Node::new("device-list").attr("hash", devices::hash(phone, space)).children(list);
    Node::new("devices").child(list).child(devices::key_index_list(world, phone))
}
