//! [`Wanted`]: a message that the own phone is asked for, as the store keeps it.

use crate::messaging::content::MessageRef;
use crate::messaging::engine::{MessageInfo, Unreadable, UnreadableReason};
use crate::stanza::{Jid, Server};
use crate::store::records::codec;
use crate::store::{Space, StoreError, Value};

/// The message, without its content.
#[derive(Clone, PartialEq, Eq)]
pub(in super::super) struct Wanted {
    pub(in super::super) info: MessageInfo,
    /// The name that the sender gave himself.
    pub(in super::super) push_name: Option<String>,
    /// The sender under the name that messages are known by.
    pub(in super::super) author: Jid,
    /// Since when it is wanted, Unix milliseconds.
    pub(in super::super) since_ms: i64,
    /// Set if the server has taken the request. Set as well for a message that the phone is not asked for, and that its sender
    /// may send again.
    pub(in super::super) taken: bool,
    /// The reason why it cannot be read.
    pub(in super::super) reason: UnreadableReason,
    /// The number of requests to its sender.
    pub(in super::super) retries: u32,
    /// Set if its sender wants nothing shown in its place.
    pub(in super::super) hidden: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct PlaceholderWire {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    chat: String,
    #[prost(string, tag = "3")]
    sender: String,
    #[prost(string, optional, tag = "4")]
    sender_pn: Option<String>,
    #[prost(bool, tag = "5")]
    from_me: bool,
    #[prost(int64, tag = "6")]
    timestamp_ms: i64,
    #[prost(string, optional, tag = "7")]
    push_name: Option<String>,
    #[prost(string, tag = "8")]
    author: String,
    #[prost(int64, tag = "9")]
    since_ms: i64,
    #[prost(bool, tag = "10")]
    taken: bool,
    /// 0 undecryptable, 1 view once, 2 unavailable.
    #[prost(uint32, tag = "11")]
    reason: u32,
    #[prost(uint32, tag = "12")]
    retries: u32,
    #[prost(bool, tag = "13")]
    hidden: bool,
    #[prost(string, optional, tag = "14")]
    chat_pn: Option<String>,
}

impl Wanted {
    /// Returns whether it is that message.
    pub(in super::super) fn is(&self, chat: &Jid, author: &Jid, id: &str) -> bool {
        *self.info.id == *id && self.info.chat == *chat && self.author == *author
    }

    /// Returns whether it is of a chat with people, and no post to a list or to the status feed.
    pub(in super::super) fn is_of_chat(&self) -> bool {
        is_chat(&self.info.chat)
    }

    /// Returns the key by which the phone finds it.
    pub(in super::super) fn key(&self) -> MessageRef {
        let by_another = self.info.chat.server == Server::Group && !self.info.from_me;
        MessageRef {
            chat: Some(self.info.chat.clone()),
            from_me: self.info.from_me,
            id: self.info.id.to_string(),
            participant: by_another.then(|| self.info.sender.clone()),
        }
    }

    /// Returns the host's view of it, while it is pending or for the last time.
    pub(in super::super) fn unreadable(&self, pending: bool) -> Unreadable {
        Unreadable {
            info: self.info.clone(),
            reason: self.reason,
            retries: self.retries,
            pending,
            hidden: self.hidden,
        }
    }

    pub(in super::super) fn encode(&self) -> Value {
        codec::encode(&PlaceholderWire {
            id: self.info.id.to_string(),
            chat: self.info.chat.to_string(),
            chat_pn: self.info.chat_pn.as_ref().map(Jid::to_string),
            sender: self.info.sender.to_string(),
            sender_pn: self.info.sender_pn.as_ref().map(Jid::to_string),
            from_me: self.info.from_me,
            timestamp_ms: self.info.timestamp_ms,
            push_name: self.push_name.clone(),
            author: self.author.to_string(),
            since_ms: self.since_ms,
            taken: self.taken,
            reason: match self.reason {
                UnreadableReason::Undecryptable => 0,
                UnreadableReason::ViewOnce => 1,
                UnreadableReason::Unavailable => 2,
            },
            retries: self.retries,
            hidden: self.hidden,
        })
    }

    pub(in super::super) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: PlaceholderWire = codec::decode(Space::PhoneAsk, bytes)?;
        let jid = |text: &str| text.parse().map_err(|_| codec::error(Space::PhoneAsk, "it is damaged"));
        Ok(Self {
            info: MessageInfo {
                id: wire.id.into(),
                chat: jid(&wire.chat)?,
                chat_pn: wire.chat_pn.as_deref().map(jid).transpose()?,
                sender: jid(&wire.sender)?,
                sender_pn: wire.sender_pn.as_deref().map(jid).transpose()?,
                from_me: wire.from_me,
                timestamp_ms: wire.timestamp_ms,
            },
            push_name: wire.push_name,
            author: jid(&wire.author)?,
            since_ms: wire.since_ms,
            taken: wire.taken,
            reason: match wire.reason {
                1 => UnreadableReason::ViewOnce,
                2 => UnreadableReason::Unavailable,
                _ => UnreadableReason::Undecryptable,
            },
            retries: wire.retries,
            hidden: wire.hidden,
        })
    }
}

/// Returns whether that is a chat with people: with one, or a group.
pub(in super::super) fn is_chat(chat: &Jid) -> bool {
    matches!(chat.server.account(), Server::Pn | Server::Lid | Server::Group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_and_damage_is_an_error() {
        let jid = |text: &str| -> Jid { text.parse().unwrap() };
        let wanted = Wanted {
            info: MessageInfo {
                id: "A".into(),
                chat: jid("1-2@g.us"),
                chat_pn: Some(jid("15550000002@s.whatsapp.net")),
                sender: jid("7@lid"),
                sender_pn: Some(jid("15550000001@s.whatsapp.net")),
                from_me: false,
                timestamp_ms: 5,
            },
            push_name: Some("Eve".to_owned()),
            author: jid("7@lid"),
            since_ms: 6,
            taken: true,
            reason: UnreadableReason::Unavailable,
            retries: 3,
            hidden: true,
        };
        assert!(Wanted::decode(&wanted.encode()).unwrap() == wanted);
        assert_eq!(wanted.key().participant, Some(jid("7@lid")));
        assert!(Wanted::decode(&[0x0a, 1, b'A']).is_err());
        assert!(Wanted::decode(&[0xff]).is_err());
    }
}
