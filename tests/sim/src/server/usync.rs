//! Directory look-ups about users, as far as logins and pairings need them.

use wa::{
    pairing::account::KeyIndexes,
    stanza::{Jid, Node, NodeRef, Text},
};

use super::{answer, dispatch::Reply};
use crate::{
    model::{Model, Phone},
    world::{World, unix_seconds},
};

/// Answers a usync iq: every protocol that was asked for, for every user.
pub(super) fn handle(world: &World, iq: NodeRef<'_>) -> Reply {
    let Some(usync) = iq.child("usync") else { return Reply::refused(400) };
    let (Some(query), Some(list)) = (usync.child("query"), usync.child("list")) else {
        return Reply::refused(400);
    };
    let protocols: Vec<&str> = query.children().map(|child| child.tag()).collect();
    let model = world.model.lock();
    let users: Vec<Node> =
        list.children_named("user").map(|user| answer_user(world, &model, &protocols, user)).collect();
    let mut node = Node::new("usync");
    for key in ["sid", "mode", "last", "index", "context"] {
        node = node.attr_opt(key, usync.str(key));
    }
    let result = Node::new("result").children(protocols.iter().map(|tag| Node::new(Text::new(tag))));
    Reply::Node(answer::result(iq).child(node.child(result).child(Node::new("list").children(users))))
}

fn answer_user(world: &World, model: &Model, protocols: &[&str], user: NodeRef<'_>) -> Node {
    let asked = user.child("contact").and_then(|contact| contact.text());
    let jid = user.jid("jid").or_else(|| {
        let digits: String =
            asked.as_deref()?.split('@').next()?.chars().filter(char::is_ascii_digit).collect();
        Some(Jid::user(digits))
    });
    let phone = jid.as_ref().and_then(|jid| find(model, jid));
    let mut node = Node::new("user").attr_opt("jid", jid.map(|jid| jid.account()));
    for protocol in protocols {
        let child = match (*protocol, phone) {
            ("contact", phone) => {
                let child = Node::new("contact").attr("type", if phone.is_some() { "in" } else { "out" });
                Some(match &asked {
                    Some(text) => child.text(text.clone()),
                    None => child,
                })
            }
            ("devices", Some(phone)) => Some(devices(world, phone)),
            ("lid", Some(phone)) => Some(Node::new("lid").attr("val", phone.lid(0))),
            ("status", Some(_)) => Some(Node::new("status")),
            ("disappearing_mode", Some(_)) => {
                Some(Node::new("disappearing_mode").attr("duration", 0u8).attr("t", 0u8))
            }
            _ => None,
        };
        if let Some(child) = child {
            node = node.child(child);
        }
    }
    node
}

/// The account behind a phone number or LID.
fn find<'m>(model: &'m Model, jid: &Jid) -> Option<&'m Phone> {
    if jid.is_lid() {
        model.phones.values().find(|phone| phone.lid == jid.user.as_str())
    } else {
        model.phones.get(jid.user.as_str())
    }
}

fn devices(world: &World, phone: &Phone) -> Node {
    let signed = phone.devices.iter().filter(|(_, device)| device.signed_identity.is_some());
    let list =
        Node::new("device-list").child(Node::new("device").attr("id", 0u8)).children(signed.map(
            |(number, device)| Node::new("device").attr("id", *number).attr("key-index", device.key_index),
        ));
    let timestamp = unix_seconds();
    let indexes = KeyIndexes {
        raw_id: phone.raw_id,
        timestamp,
        current: phone.last_key_index,
        valid: phone.valid_indexes(),
    };
    let signed = indexes.sign(&phone.identity, &mut world.random());
    Node::new("devices").child(list).child(Node::new("key-index-list").attr("ts", timestamp).bytes(signed))
}
