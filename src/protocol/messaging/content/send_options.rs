//! Options of a send besides its content: the message it answers, the people it mentions, its disappearing timer.

use std::fmt;

use super::envelope::Envelope;
use super::message_types::{self, member};
use super::wire::{put, without};
use crate::proto::message::ContextInfo;
use crate::stanza::Jid;

/// A message that is answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Quote {
    /// Its id.
    pub id: String,
    /// The sender.
    pub sender: Jid,
    /// The chat it was sent in, if it is another one than the answer goes to.
    pub chat: Option<Jid>,
    /// Its copy, a serialised `Message`. Without one, other clients show that something is quoted but not what.
    pub message: Vec<u8>,
}

impl Quote {
    /// A message of which only the text is known.
    #[must_use]
    pub fn of_text(id: impl Into<String>, sender: Jid, text: &str) -> Self {
        let mut message = Vec::with_capacity(text.len() + 4);
        put(&mut message, message_types::CONVERSATION, text.as_bytes());
        Self { id: id.into(), sender, chat: None, message }
    }

    /// The copy as it is sent: the content alone, without what *it* quotes and mentions. Empty if it is no message.
    fn copy(&self) -> Vec<u8> {
        let Ok(Envelope { content: Some(content), .. }) = Envelope::open(&self.message) else {
            return Vec::new();
        };
        let context = member(content.number).map_or(0, |row| row.context);
        match content.bytes() {
            Some(body) if context != 0 => {
                let mut copy = Vec::with_capacity(content.raw.len());
                put(&mut copy, content.number, &without(body, context).0);
                copy
            }
            _ => content.raw.to_vec(),
        }
    }
}

impl fmt::Debug for Quote {
    /// Leaves out the quoted content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quote").field("id", &self.id).field("sender", &self.sender).finish_non_exhaustive()
    }
}

/// The timer of a chat in which messages disappear. Every message that is sent to it carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expiration {
    /// The seconds after which messages disappear: 86,400, 604,800 or 7,776,000 in the official clients.
    pub seconds: u32,
    /// When the timer was set, in seconds since 1970, if that is known.
    pub set_at: Option<i64>,
}

/// Options of a send besides its content. The default is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras {
    /// The message that is answered.
    pub quote: Option<Quote>,
    /// The people to mention. The text should have `@` and the user part of each.
    pub mentions: Vec<Jid>,
    /// Everybody in the group is mentioned.
    pub mention_all: bool,
    /// The number of times it was forwarded; 0 if it was not.
    pub forwarding_score: u32,
    /// The chat's timer, if it has one.
    pub expiration: Option<Expiration>,
}

impl Extras {
    /// The `ContextInfo` that says so; `None` if there is nothing to say.
    pub(super) fn context(&self) -> Option<ContextInfo> {
        if *self == Self::default() {
            return None;
        }
        let forwarded = self.forwarding_score > 0;
        let mut context = ContextInfo {
            mentioned_jid: self.mentions.iter().map(Jid::to_string).collect(),
            forwarding_score: forwarded.then_some(self.forwarding_score),
            is_forwarded: forwarded.then_some(true),
            expiration: self.expiration.map(|timer| timer.seconds),
            ephemeral_setting_timestamp: self.expiration.and_then(|timer| timer.set_at),
            non_jid_mentions: self.mention_all.then_some(1),
            ..ContextInfo::default()
        };
        if let Some(quote) = &self.quote {
            context.stanza_id = Some(quote.id.clone());
            context.participant = Some(quote.sender.account().to_string());
            context.remote_jid = quote.chat.as_ref().map(Jid::to_string);
            context.quoted_message = Some(quote.copy());
        }
        Some(context)
    }
}
