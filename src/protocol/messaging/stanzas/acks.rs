//! The server's answer to a message that was sent, and ours to one that came.

use super::AddressingMode;
use super::addressing::Own;
use super::parse::{flag, number, text, time};
use crate::stanza::{Jid, Node, NodeRef, build};

/// The server's answer to a message of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageAck<'a> {
    /// The id of the message.
    pub id: &'a str,
    /// The chat that it was sent to.
    pub from: Option<Jid>,
    /// The device that a repetition was sent to.
    pub participant: Option<Jid>,
    /// The message's time for everybody, Unix seconds.
    pub timestamp: Option<u64>,
    /// The server's hash of the devices that should have it; see [`phash`](super::phash).
    pub phash: Option<&'a str>,
    /// Set if the cached phone number and LID of the chat are out of date.
    pub refresh_lid: bool,
    /// The group's mode, as the server sees it.
    pub addressing_mode: Option<AddressingMode>,
    /// The sequence number in a channel.
    pub server_id: Option<u64>,
    /// The reason why it was not accepted; `None` if it was.
    pub refusal: Option<Refusal>,
}

/// The code with which a message is refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Refusal(
    /// The code; 0 if it is not a number.
    pub u32,
);

/// The meaning of such a code. The names are those of WhatsApp Web's error table where it has one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RefusalKind {
    /// 400: malformed, phone numbers mixed with LIDs, or addressed by LID before the account was moved to them.
    Malformed,
    /// 401, 403, 405, 406: blocked, not a member, or only admins may.
    NotAllowed,
    /// 404: no such recipient.
    NoRecipient,
    /// 421: the group is addressed in the other mode.
    StaleAddressing,
    /// 463: the account may not begin chats for a while, or a privacy token was missing.
    ReachOutTimeLock,
    /// 473: this sort of content is not for this account.
    ContentNotAllowed,
    /// 475: too many new chats.
    NewChatCap,
    /// 479: the stanza has a part that it must not have, or lacks one.
    InvalidShape,
    /// 408, 429, most of 5xx: the same message may be sent again.
    Temporary,
    /// 550, 551: the server does not do this for this account or group, now or later.
    Unsupported,
    /// Anything else.
    Other,
}

impl Refusal {
    /// Returns the meaning of the code.
    pub const fn kind(self) -> RefusalKind {
        match self.0 {
            400 => RefusalKind::Malformed,
            401 | 403 | 405 | 406 => RefusalKind::NotAllowed,
            404 => RefusalKind::NoRecipient,
            421 => RefusalKind::StaleAddressing,
            463 => RefusalKind::ReachOutTimeLock,
            473 => RefusalKind::ContentNotAllowed,
            475 => RefusalKind::NewChatCap,
            479 => RefusalKind::InvalidShape,
            550 | 551 => RefusalKind::Unsupported,
            408 | 429 | 500..=599 => RefusalKind::Temporary,
            _ => RefusalKind::Other,
        }
    }
}

impl<'a> MessageAck<'a> {
    /// Reads an `<ack>`; `None` if it is not about a message, or about none in particular.
    pub fn read(node: NodeRef<'a>) -> Option<Self> {
        if node.tag() != "ack" || !node.is("class", "message") {
            return None;
        }
        Some(Self {
            id: text(&node, "id")?,
            from: node.jid("from"),
            participant: node.jid("participant"),
            timestamp: time(&node, "t"),
            phash: text(&node, "phash"),
            refresh_lid: flag(&node, "refresh_lid"),
            addressing_mode: text(&node, "addressing_mode").and_then(AddressingMode::from_name),
            server_id: number(&node, "server_id"),
            refusal: node.has_attr("error").then(|| Refusal(number(&node, "error").unwrap_or(0))),
        })
    }
}

/// The reason why this device refuses a message. The server drops it, as if it had been taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Nack {
    /// The stanza makes no sense.
    Parsing = 487,
    /// An element that is not known here.
    UnknownStanza = 488,
    /// A sort of message that is not known here.
    UnknownType = 490,
    /// The decrypted bytes are no message.
    InvalidProtobuf = 491,
    /// The secret that a bot's answer is encrypted with is not known.
    MissingMessageSecret = 495,
    /// It could not be decrypted, or something else went wrong.
    Unhandled = 500,
}

/// Tells the server that a message has arrived and needs no receipt. `None` if the stanza has no id or no sender.
pub fn ack(message: &NodeRef<'_>, own: &Own) -> Option<Node> {
    Some(with_from(build::ack(message)?, own))
}

/// Tells the server that a message has arrived and is of no use. `None` if the stanza has no id or no sender.
pub fn nack(message: &NodeRef<'_>, own: &Own, why: Nack) -> Option<Node> {
    Some(with_from(build::nack(message, why as u16)?, own))
}

/// WhatsApp Web names its own device in acks of messages; whatsmeow does not, and the server takes both.
fn with_from(ack: Node, own: &Own) -> Node {
    ack.attr("from", &own.pn)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{jid, own, reading};
    use super::*;

    fn ack_node() -> Node {
        Node::new("ack").attr("class", "message").attr("id", "3EB0A1").attr("from", jid("555@lid"))
    }

    #[test]
    fn accepted() {
        let node = ack_node()
            .attr("t", "1767225600")
            .attr("phash", "2:abcdefgh")
            .attr("refresh_lid", true)
            .attr("addressing_mode", "lid");
        reading(node, |node| {
            let ack = MessageAck::read(node).unwrap();
            assert_eq!(
                (ack.id, ack.from, ack.timestamp),
                ("3EB0A1", Some(jid("555@lid")), Some(1_767_225_600))
            );
            assert_eq!((ack.phash, ack.refresh_lid, ack.refusal), (Some("2:abcdefgh"), true, None));
            assert_eq!((ack.addressing_mode, ack.server_id), (Some(AddressingMode::Lid), None));
        });
    }

    #[test]
    fn refused() {
        let kind = |code: &'static str| {
            reading(ack_node().attr("error", code), |node| {
                MessageAck::read(node).unwrap().refusal.unwrap().kind()
            })
        };
        assert_eq!(kind("463"), RefusalKind::ReachOutTimeLock);
        assert_eq!(kind("421"), RefusalKind::StaleAddressing);
        assert_eq!(kind("503"), RefusalKind::Temporary);
        assert_eq!((kind("550"), kind("551")), (RefusalKind::Unsupported, RefusalKind::Unsupported));
        assert_eq!((kind("549"), kind("552")), (RefusalKind::Temporary, RefusalKind::Temporary));
        assert_eq!(kind("406"), RefusalKind::NotAllowed);
        assert_eq!(kind("no"), RefusalKind::Other);
        assert_eq!(kind("99999999999999999999"), RefusalKind::Other);
    }

    #[test]
    fn other_acks_are_none() {
        let read = |node: Node| reading(node, |node| MessageAck::read(node).is_some());
        assert!(read(ack_node()));
        assert!(!read(ack_node().attr("class", "receipt")));
        assert!(!read(ack_node().attr("id", "")));
    }

    #[test]
    fn answers() {
        let message = Node::new("message")
            .attr("id", "3EB0A1")
            .attr("from", jid("120363@g.us"))
            .attr("participant", jid("555:3@lid"))
            .attr("type", "text");
        let head =
            "<ack class=\"message\" id=\"3EB0A1\" to=\"120363@g.us\" participant=\"555:3@lid\" type=\"text\"";
        reading(message, |node| {
            assert_eq!(ack(&node, &own()).unwrap().xml(), format!("{head} from=\"100:7@s.whatsapp.net\"/>"));
            assert_eq!(
                nack(&node, &own(), Nack::InvalidProtobuf).unwrap().xml(),
                format!("{head} error=\"491\" from=\"100:7@s.whatsapp.net\"/>")
            );
        });
        reading(Node::new("message"), |node| assert!(ack(&node, &own()).is_none()));
    }
}
