//! Presence (online or not) and chat states (typing).

use super::addressing::{Member, Origin, Own};
use super::attrs::StanzaAttrs;
use super::parse::{number, text, time};
use crate::stanza::{Jid, Node, NodeRef, Text};

/// Shows this device online or not. The name is the one that others see; the server wants to have it once after each login.
/// As long as a device has not shown itself online, what it receives counts as delivered to nobody who is there.
pub fn presence(online: bool, name: Option<&str>) -> Node {
    // As Baileys does.
    let name = name.map(|name| name.replace('@', ""));
    Node::new("presence")
        .attr("type", if online { "available" } else { "unavailable" })
        .attr_opt("name", name)
}

/// The week that sessions of use are numbered in, and where it begins, in milliseconds.
const WEEK_MS: i64 = 7 * 24 * 3_600_000;
const WEEK_STARTS_MS: i64 = 3 * 24 * 3_600_000;

/// Names the session of use at that time by the server's clock, Unix milliseconds. The server gives no answer.
pub fn unified_session(server_ms: i64) -> Node {
    let id = server_ms.saturating_add(WEEK_STARTS_MS).rem_euclid(WEEK_MS).cast_unsigned();
    Node::new("ib").child(Node::new("unified_session").attr("id", id))
}

/// Subscribes to a user's presence until the connection ends. A token of that user may be needed.
pub fn subscribe(to: &Jid, token: Option<&[u8]>) -> Node {
    let token = token.map(|token| Node::new("tctoken").bytes(token));
    Node::new("presence").attr("type", "subscribe").attr("to", to).children(token)
}

/// The activity of a user in a chat.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ChatState {
    /// Types. It is over after some 25 seconds unless it is repeated.
    Composing,
    /// Records a voice message.
    Recording,
    /// Nothing any longer.
    Paused,
}

/// Tells a chat what the user does.
pub fn chat_state(chat: &Jid, state: ChatState) -> Node {
    let state = match state {
        ChatState::Composing => Node::new("composing"),
        ChatState::Recording => Node::new("composing").attr("media", "audio"),
        ChatState::Paused => Node::new("paused"),
    };
    Node::new("chatstate").attr("to", chat).child(state)
}

/// A user came online or went offline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IncomingPresence {
    /// The user; or a group, whose number of members online it is.
    pub from: Jid,
    /// Set if the user is online.
    pub online: bool,
    /// When he was last seen.
    pub last_seen: LastSeen,
    /// The number of members of a group that are online.
    pub count: Option<u32>,
}

/// The time a user was last online.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LastSeen {
    /// It is not said.
    Unknown,
    /// He does not want it known.
    Hidden,
    /// At that time, Unix seconds.
    At(u64),
}

impl IncomingPresence {
    /// Reads a `<presence>`; `None` if it does not say whose it is.
    pub fn read(node: NodeRef<'_>) -> Option<Self> {
        let last_seen = match text(&node, "last") {
            Some("deny") => LastSeen::Hidden,
            Some(_) => time(&node, "last").map_or(LastSeen::Unknown, LastSeen::At),
            None => LastSeen::Unknown,
        };
        Some(Self {
            from: node.jid("from").filter(|from| !from.user.is_empty())?,
            online: !node.is("type", "unavailable"),
            last_seen,
            count: number(&node, "count"),
        })
    }
}

/// A user types, or stops.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IncomingChatState {
    /// The chat and the user.
    pub origin: Origin,
    /// The activity.
    pub state: ChatState,
    /// The name he gives himself.
    pub push_name: Option<Text>,
}

impl IncomingChatState {
    /// Reads a `<chatstate>`; `None` if it is the echo of what another own device told, or makes no sense.
    pub fn read(node: NodeRef<'_>, own: &Own) -> Option<Self> {
        let origin = Origin::of(&StanzaAttrs::read(&node), own, Member::Required).ok()?;
        let state = node.children().find_map(|child| match child.tag() {
            "composing" if child.is("media", "audio") => Some(ChatState::Recording),
            "composing" => Some(ChatState::Composing),
            "paused" => Some(ChatState::Paused),
            _ => None,
        })?;
        Some(Self { origin, state, push_name: text(&node, "notify").map(Text::new) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{jid, own, reading};
    use super::*;

    #[test]
    fn ours() {
        assert_eq!(presence(true, Some("A@da")).xml(), "<presence type=\"available\" name=\"Ada\"/>");
        assert_eq!(presence(false, None).xml(), "<presence type=\"unavailable\"/>");
        let session = |ms, id| {
            assert_eq!(unified_session(ms).xml(), format!("<ib><unified_session id=\"{id}\"/></ib>"));
        };
        session(0, 259_200_000);
        session(WEEK_MS - WEEK_STARTS_MS - 1, 604_799_999);
        session(WEEK_MS - WEEK_STARTS_MS, 0);
        session(1_767_225_600_000, 259_200_000);
        let who = jid("555@lid");
        assert_eq!(subscribe(&who, None).xml(), "<presence type=\"subscribe\" to=\"555@lid\"/>");
        assert_eq!(
            subscribe(&who, Some(b"t")).xml(),
            "<presence type=\"subscribe\" to=\"555@lid\"><tctoken><!-- 1 bytes: 74 --></tctoken></presence>"
        );
        let state = |state| chat_state(&who, state).xml();
        assert_eq!(state(ChatState::Composing), "<chatstate to=\"555@lid\"><composing/></chatstate>");
        assert_eq!(
            state(ChatState::Recording),
            "<chatstate to=\"555@lid\"><composing media=\"audio\"/></chatstate>"
        );
        assert_eq!(state(ChatState::Paused), "<chatstate to=\"555@lid\"><paused/></chatstate>");
    }

    #[test]
    fn theirs() {
        let read = |attrs: &[(&'static str, &'static str)]| {
            let node = Node::new("presence").attr("from", jid("555@lid"));
            reading(attrs.iter().fold(node, |node, (key, value)| node.attr(*key, *value)), |node| {
                IncomingPresence::read(node).map(|read| (read.online, read.last_seen, read.count))
            })
        };
        assert_eq!(read(&[]), Some((true, LastSeen::Unknown, None)));
        assert_eq!(read(&[("type", "unavailable"), ("last", "7")]), Some((false, LastSeen::At(7), None)));
        assert_eq!(read(&[("type", "unavailable"), ("last", "deny")]), Some((false, LastSeen::Hidden, None)));
        assert_eq!(read(&[("last", "none"), ("count", "3")]), Some((true, LastSeen::Unknown, Some(3))));
        assert_eq!(read(&[("last", "99999999999999999999")]), Some((true, LastSeen::Unknown, None)));
        assert_eq!(reading(Node::new("presence"), IncomingPresence::read), None);
    }

    #[test]
    fn typing() {
        let read = |node| reading(node, |node| IncomingChatState::read(node, &own()));
        let node = |from: &str| Node::new("chatstate").attr("from", jid(from));
        let composing = Node::new("composing");
        let state = read(node("555:3@lid").child(composing.clone())).unwrap();
        assert_eq!((state.origin.chat, state.state), (jid("555@lid"), ChatState::Composing));
        let group = node("120363@g.us").child(composing.clone().attr("media", "audio"));
        let state = read(group.clone().attr("participant", jid("555@lid"))).unwrap();
        assert_eq!((state.origin.sender, state.state), (jid("555@lid"), ChatState::Recording));
        assert_eq!(read(node("555@lid").child(Node::new("paused"))).unwrap().state, ChatState::Paused);
        assert_eq!(read(group), None);
        assert_eq!(read(node("555@lid").child(Node::new("dancing"))), None);
        assert_eq!(read(Node::new("chatstate").attr("to", jid("555@lid")).child(composing)), None);
    }
}
