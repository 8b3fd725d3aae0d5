//! Receipts: what became of a message, told to its sender and told by its recipients.
//!
//! Main types: [`Receipt`] to send, [`IncomingReceipt`]. Requests to send a message again are receipts too:
//! [`retry`](super::retry).

use super::addressing::{HeaderError, Member, Origin, Own, Pair};
use super::attrs::{self, StanzaAttrs};
use super::incoming::IncomingMessage;
use super::parse::{as_time, number, text, time};
use crate::stanza::{Jid, Node, NodeRef, Server, Text};

/// Most messages that one receipt names.
pub const MAX_IDS: usize = 256;

/// The event of a message that a receipt reports.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ReceiptKind {
    /// It has reached a device.
    Delivered,
    /// It has reached a device whose user is not there.
    Inactive,
    /// Another own device has what this account sent.
    Sender,
    /// A message between own devices has arrived.
    PeerMessage,
    /// A piece of the history has been taken over.
    HistorySync,
    /// It was read.
    Read,
    /// It was read, and only the own devices are to know.
    ReadSelf,
    /// It was listened to or looked at.
    Played,
    /// The same, and only the own devices are to know.
    PlayedSelf,
    /// It could not be decrypted; see [`retry`](super::retry).
    Retry,
    /// The keys of a call did not arrive.
    RekeyRetry,
    /// Its media cannot be downloaded.
    ServerError,
    /// Something else.
    Other(Text),
}

impl ReceiptKind {
    /// The word in attributes; empty for [`ReceiptKind::Delivered`], which goes without.
    pub fn name(&self) -> &str {
        match self {
            Self::Delivered => "",
            Self::Inactive => "inactive",
            Self::Sender => "sender",
            Self::PeerMessage => "peer_msg",
            Self::HistorySync => "hist_sync",
            Self::Read => "read",
            Self::ReadSelf => "read-self",
            Self::Played => "played",
            Self::PlayedSelf => "played-self",
            Self::Retry => "retry",
            Self::RekeyRetry => "enc_rekey_retry",
            Self::ServerError => "server-error",
            Self::Other(name) => name,
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "" | "delivery" => Self::Delivered,
            "inactive" => Self::Inactive,
            "sender" => Self::Sender,
            "peer_msg" => Self::PeerMessage,
            "hist_sync" => Self::HistorySync,
            "read" => Self::Read,
            "read-self" => Self::ReadSelf,
            "played" => Self::Played,
            "played-self" => Self::PlayedSelf,
            "retry" => Self::Retry,
            "enc_rekey_retry" => Self::RekeyRetry,
            "server-error" => Self::ServerError,
            other => Self::Other(Text::new(other)),
        }
    }

    fn is_by_user(&self) -> bool {
        matches!(self, Self::Read | Self::ReadSelf | Self::Played | Self::PlayedSelf)
    }
}

/// The receipt that acknowledges messages on arrival.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Arrival {
    /// Another account's message, and this device shows itself online.
    Delivered,
    /// Another account's message, and this device does not show itself online.
    Inactive,
    /// Sent by another own device.
    Sender,
    /// From one own device to another.
    PeerMessage,
    /// A notice of history, and what it names has been taken over.
    HistorySync,
}

/// A receipt to be sent, but for the ids: those with the same `Receipt` may share a stanza.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Receipt {
    kind: ReceiptKind,
    to: Jid,
    participant: Option<Jid>,
    recipient: Option<Jid>,
    /// The phone number of an author in the status feed who is named by LID.
    author_pn: Option<Jid>,
    time: Option<u64>,
}

impl Receipt {
    /// The answer to a message that has arrived.
    pub fn arrival(origin: &Origin, arrival: Arrival) -> Self {
        let (kind, to_account) = match arrival {
            Arrival::Delivered => (ReceiptKind::Delivered, false),
            Arrival::Inactive => (ReceiptKind::Inactive, false),
            Arrival::Sender => (ReceiptKind::Sender, false),
            Arrival::PeerMessage => (ReceiptKind::PeerMessage, true),
            Arrival::HistorySync => (ReceiptKind::HistorySync, true),
        };
        let to = if to_account { origin.from.account() } else { origin.from.clone() };
        let participant = origin.participant.clone().filter(|who| !to_account && *who != to);
        let recipient = origin.recipient.clone().filter(|_| !to_account);
        Self { kind, to, participant, recipient, author_pn: None, time: None }
    }

    /// The user has read, or played, messages of `sender` in `chat`, at that time in Unix seconds. The sender is of no
    /// account in a chat with one person. `sender_pn` is wanted in the status feed only, and may be unknown.
    pub fn read(kind: ReadKind, chat: &Jid, sender: &Jid, sender_pn: Option<&Jid>, time: u64) -> Self {
        let shared = matches!(chat.server, Server::Group | Server::Broadcast);
        let author_pn = sender_pn.filter(|_| is_status(chat) && sender.is_lid()).map(Jid::account);
        Self {
            kind: kind.into(),
            to: chat.clone(),
            participant: shared.then(|| sender.account()),
            recipient: None,
            author_pn,
            time: Some(time),
        }
    }

    /// The stanza about one message.
    pub fn about(&self, id: &str) -> Node {
        Node::new("receipt")
            .attr("id", Text::new(id))
            .attr("to", &self.to)
            .attr("type", Text::new(self.kind.name()))
            .attr_opt("participant", self.participant.as_ref())
            .attr_opt("recipient", self.recipient.as_ref())
            .attr_opt("context", (self.kind.is_by_user() && is_status(&self.to)).then_some("status"))
            .attr_opt("peer_participant_pn", self.author_pn.as_ref())
            .attr_opt("t", self.time)
    }

    /// The stanzas about that many messages, [`MAX_IDS`] in each; the order of the ids is kept.
    pub fn about_all<'s, S: AsRef<str>>(&'s self, ids: &'s [S]) -> impl Iterator<Item = Node> + use<'s, S> {
        ids.chunks(MAX_IDS).filter_map(|some| {
            let (first, others) = some.split_first()?;
            let node = self.about(first.as_ref());
            if others.is_empty() {
                return Some(node);
            }
            let items = others.iter().map(|id| Node::new("item").attr("id", Text::new(id.as_ref())));
            Some(node.child(Node::new("list").children(items)))
        })
    }
}

/// The user's action on a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReadKind {
    /// Reads it.
    Read,
    /// Reads it, and lets only the own devices know. Channels take nothing else.
    ReadSelf,
    /// Plays it.
    Played,
    /// Plays it, and lets only the own devices know.
    PlayedSelf,
}

impl From<ReadKind> for ReceiptKind {
    fn from(kind: ReadKind) -> Self {
        match kind {
            ReadKind::Read => Self::Read,
            ReadKind::ReadSelf => Self::ReadSelf,
            ReadKind::Played => Self::Played,
            ReadKind::PlayedSelf => Self::PlayedSelf,
        }
    }
}

impl IncomingMessage<'_> {
    /// The stanza that answers it.
    pub fn receipt(&self, arrival: Arrival) -> Node {
        Receipt::arrival(&self.origin, arrival).about(self.id)
    }
}

fn is_status(chat: &Jid) -> bool {
    chat.server == Server::Broadcast && chat.user == "status"
}

/// A receipt that came. It must be acknowledged, whatever it says.
pub struct IncomingReceipt<'a> {
    /// The stanza's id; of the first message too, unless the receipt is about many members.
    pub id: &'a str,
    /// The reported event.
    pub kind: ReceiptKind,
    /// Chat, and who received. In a group, `recipient` is the author of the messages if it is given.
    pub origin: Origin,
    /// When, Unix seconds.
    pub timestamp: Option<u64>,
    /// Set if the server queued it while the account was offline.
    pub offline: bool,
    /// The device has the message and cannot show it.
    pub cannot_show: bool,
    /// Bits: 1 orphan, 2 no check mark, 4 a failed decryption that nobody was shown.
    pub mode: u32,
    node: NodeRef<'a>,
}

/// One member's part of a receipt about many members of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberReceipt<'a> {
    /// The message.
    pub id: &'a str,
    /// The member.
    pub who: Jid,
    /// His other address.
    pub pair: Option<Pair>,
    /// The event; the stanza's own kind if it is not given.
    pub kind: ReceiptKind,
    /// When, Unix seconds.
    pub timestamp: Option<u64>,
}

impl<'a> IncomingReceipt<'a> {
    /// Reads a `<receipt>`.
    pub fn read(node: NodeRef<'a>, own: &Own) -> Result<Self, HeaderError> {
        let header = StanzaAttrs::read(&node);
        let id = attrs::text(header.id).ok_or(HeaderError::NoId)?;
        let mut origin = Origin::of(&header, own, Member::Optional)?;
        // Receipts give the other address of whoever received in this attribute, in chats with one person too.
        if origin.sender_pair.is_none() {
            let pn = attrs::jid(header.participant_pn);
            origin.sender_pair = pn.and_then(|pn| Pair::of(&origin.sender, &pn));
        }
        Ok(Self {
            id,
            kind: ReceiptKind::from_name(attrs::text(header.kind).unwrap_or_default()),
            origin,
            timestamp: header.t.and_then(as_time),
            offline: header.offline.is_some(),
            cannot_show: node.child("error").is_some_and(|error| error.is("type", "feature-incapable")),
            mode: node.child("meta").and_then(|meta| number(&meta, "mode")).unwrap_or(0),
            node,
        })
    }

    /// Returns whether it is about many members, in [`IncomingReceipt::members`], in place of one.
    pub fn is_about_members(&self) -> bool {
        self.origin.participant.is_none() && self.node.child("participants").is_some()
    }

    /// The messages that one recipient's receipt is about.
    pub fn ids(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let first = (!self.is_about_members()).then_some(self.id);
        let list = self.node.child("list").filter(|_| first.is_some());
        let items = list.into_iter().flat_map(|list| list.children_named("item"));
        first.into_iter().chain(items.filter_map(|item| text(&item, "id")))
    }

    /// Returns the parts of the members that it is about.
    pub fn members(&self) -> impl Iterator<Item = MemberReceipt<'a>> + use<'a, '_> {
        let groups = self.node.children_named("participants").filter(|_| self.is_about_members());
        groups.flat_map(|group| {
            let id = text(&group, "key").or_else(|| text(&group, "message_id"));
            let users = group.children_named("user").filter_map(move |user| Some((id?, user)));
            users.filter_map(|(id, user)| self.member(id, user))
        })
    }

    fn member(&self, id: &'a str, user: NodeRef<'a>) -> Option<MemberReceipt<'a>> {
        let who = user.jid("jid")?;
        let pair = user.jid("participant_pn").and_then(|pn| Pair::of(&who, &pn));
        let kind = text(&user, "type").map_or_else(|| self.kind.clone(), ReceiptKind::from_name);
        Some(MemberReceipt { id, who, pair, kind, timestamp: time(&user, "t").or(self.timestamp) })
    }
}

#[cfg(test)]
#[path = "receipts_tests.rs"]
mod tests;
