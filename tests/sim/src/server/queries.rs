//! Queries that companions send after login and now and then, answered as for an account with nothing in it.
//!
//! The subjects themselves (groups, privacy, app state and so on) are not simulated here: a client gets the well-formed
//! answer of an empty account, or the error that the server has for what it does not know.

use wa::stanza::{Node, NodeRef, Text};

use super::{account, answer, dispatch::Reply, restrictions};
use crate::{model::DeviceAddress, world::World};

/// Answers an iq of a namespace that no other file has.
pub(super) fn handle(world: &World, address: &DeviceAddress, xmlns: &str, iq: NodeRef<'_>) -> Reply {
    let get = iq.is("type", "get");
    let child = iq.children().next();
    let tag = child.map_or("", |child| child.tag());
    let answer = match (xmlns, get, tag) {
        // Settings and lists, all empty or at their defaults.
        ("privacy", true, _) => Some(account::privacy(&world.model.lock(), &address.number)),
        ("blocklist", true, _) => Some(account::blocklist(&world.model.lock(), address)),
        ("w" | "abt", true, "props") => child.map(|asked| props(world, address, asked)),
        ("w:sync:app:state", _, "sync") => child.map(app_state),
        ("status", true, _) => Some(Node::new("status")),
        ("disappearing_mode", true, _) => {
            Some(Node::new("disappearing_mode").attr("duration", 0u8).attr("t", 0u8))
        }
        ("bot", true, _) => Some(Node::new("bot").attr("v", 2u8)),
        ("newsletter", true, _) => Some(Node::new("newsletters")),
        ("tos", _, _) => Some(Node::new("tos")),
        ("w:biz", true, "business_profile") => Some(Node::new("business_profile")),
        ("w:mex", _, _) => match restrictions::answer(world, address, child) {
            Some(answer) => Some(answer),
            None => return Reply::refused(400),
        },
        ("md", true, "link_code_companion_reg") => Some(Node::new("country_code").attr("iso", "US")),
        ("w:auth:token" | "privacy_token", _, _) => Some(Node::new("tokens")),
        // A person's picture: there is none.
        ("w:profile:picture", true, _) => return Reply::refused(404),
        ("privacy", false, "tokens") => match child {
            Some(tokens) => return account::give_tokens(world, address, iq, tokens),
            None => return Reply::refused(400),
        },
        ("blocklist", false, _) => match child {
            Some(item) => return account::block(world, address, iq, item),
            None => return Reply::refused(400),
        },
        ("status", false, _) => return account::set_about(world, address, iq),
        // Told to the server, which has nothing to say to it.
        (
            "privacy"
            | "disappearing_mode"
            | "w:profile:picture"
            | "urn:xmpp:whatsapp:dirty"
            | "urn:xmpp:whatsapp:push"
            | "urn:xmpp:whatsapp:account"
            | "w:stats"
            | "spam"
            | "w:biz"
            | "fb:thrift_iq"
            | "w:mms",
            _,
            _,
        ) => None,
        _ => {
            let jid = address.jid();
            world.log.note(None, format!("{jid} asked {xmlns} {tag}, which is not simulated"));
            return Reply::refused(501);
        }
    };
    let result = answer::result(iq);
    Reply::Node(match answer {
        Some(child) => result.child(child),
        None => result,
    })
}

/// Returns the properties that are on for an account; nothing if the client has them already.
fn props(world: &World, address: &DeviceAddress, asked: NodeRef<'_>) -> Node {
    /// `lid_one_on_one_migration_enabled`: the account's chats of two are addressed by LID.
    const LID_CHATS: u32 = 9435;
    let model = world.model.lock();
    let phone = model.phones.get(&address.number);
    let by_lid = phone.is_none_or(|phone| phone.behaviour.lid_migrated != Some(false));
    let hash = if by_lid { "sim-lid" } else { "sim-pn" };
    let prop = Node::new("prop").attr("config_code", LID_CHATS).attr("config_value", u8::from(by_lid));
    Node::new("props")
        .attr("protocol", 1u8)
        .attr("refresh", 86_400u32)
        .attr("refresh_id", 1u8)
        .attr("ab_key", "sim")
        .attr("hash", hash)
        .children((!asked.is("hash", hash)).then_some(prop))
}

/// Every collection is at the version the client has, and holds nothing.
fn app_state(sync: NodeRef<'_>) -> Node {
    Node::new("sync").children(sync.children_named("collection").map(|collection| {
        let version = collection.str("version").unwrap_or("0".into()).into_owned();
        Node::new("collection")
            .attr_opt("name", collection.str("name").map(|name| Text::new(&name)))
            .attr("version", version)
            .attr("type", "result")
    }))
}
