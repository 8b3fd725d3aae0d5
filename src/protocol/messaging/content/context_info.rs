//! The context beside any content (the message it answers, the people it mentions, its disappearing timer), and the keys that
//! name messages.

use std::fmt;
use std::ops::Range;

use super::envelope::Envelope;
use super::parse::MAX_ITEMS;
use super::wire::{Field, Fields, place};
use super::{kind_and_text, message_types};
use crate::crypto::Secret;
use crate::stanza::Jid;

/// The name of a message, as another message refers to it. The right to refer to it is not checked here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageRef {
    /// The chat, from the writer's side: in a one-to-one chat the writer may have put the reader's own address here.
    pub chat: Option<Jid>,
    /// Set if the *writer of the reference* sent the message.
    pub from_me: bool,
    /// The message's id. Not empty.
    pub id: String,
    /// The sender, in groups and status, if it was not the writer of the reference.
    pub participant: Option<Jid>,
}

impl MessageRef {
    /// Reads a `MessageKey`; `None` if it names no message.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut key = Self::default();
        for field in Fields::of(bytes) {
            match field.number {
                1 => key.chat = field.jid(),
                2 => key.from_me = field.flag(),
                3 => key.id = field.text().unwrap_or_default(),
                4 => key.participant = field.jid(),
                _ => {}
            }
        }
        if key.id.is_empty() { None } else { Some(key) }
    }

    /// Reads the key in a field of a message.
    pub(super) fn of(field: &Field<'_>) -> Option<Self> {
        Self::read(field.bytes()?)
    }
}

/// The relation of a message to another: an album's picture to the album, the better copy of a video to the first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// The protocol's number of the kind: 1 item of an album, 3 cover of an event, 5 and 10 better copy of a video or an
    /// image, 7 medium of a poll, 12 motion photo, 20 option added to a poll.
    pub kind: u32,
    /// The message it belongs to.
    pub parent: MessageRef,
}

/// The content of `messageContextInfo`, merged over the layers of a message.
#[derive(Debug, Default)]
pub(super) struct MessageContext {
    pub(super) secret: Option<Secret<32>>,
    pub(super) add_on_seconds: Option<u32>,
    pub(super) association: Option<Box<Association>>,
}

impl MessageContext {
    /// Takes what an inner layer says over what the outer ones said.
    pub(super) fn merge(&mut self, bytes: &[u8]) {
        for field in Fields::of(bytes) {
            match field.number {
                3 => self.secret = field.bytes().and_then(Secret::from_slice).or(self.secret.take()),
                5 => self.add_on_seconds = field.small().or(self.add_on_seconds),
                10 => {
                    let found = field.bytes().and_then(association);
                    self.association = found.or(self.association.take());
                }
                _ => {}
            }
        }
    }
}

fn association(bytes: &[u8]) -> Option<Box<Association>> {
    let (mut kind, mut parent) = (0, None);
    for field in Fields::of(bytes) {
        match field.number {
            1 => kind = field.small().unwrap_or_default(),
            2 => parent = MessageRef::of(&field),
            _ => {}
        }
    }
    Some(Box::new(Association { kind, parent: parent? }))
}

/// The message that a message answers.
#[derive(Clone, PartialEq, Eq)]
pub struct Quoted {
    /// Its id.
    pub id: String,
    /// The sender.
    pub sender: Option<Jid>,
    /// The chat it was sent in, if it is another one.
    pub chat: Option<Jid>,
    /// The word of its content, as [`Read::kind`](super::Read::kind); "unknown" if there is no copy of it.
    pub kind: &'static str,
    /// Its text or caption, as the writer of the answer gives it: nothing proves it.
    pub text: Option<String>,
    /// The range of its copy, a `Message`, in the bytes that were read.
    pub message: Range<usize>,
}

impl fmt::Debug for Quoted {
    /// Leaves out the quoted content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quoted").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The context that every content can carry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The message it answers.
    pub quoted: Option<Box<Quoted>>,
    /// The mentioned people; the text has `@` and the user part of each.
    pub mentions: Vec<Jid>,
    /// Everybody in the group is mentioned.
    pub mentions_all: bool,
    /// It was forwarded.
    pub forwarded: bool,
    /// The number of times it was forwarded; from 5 on clients say "many times".
    pub forwarding_score: u32,
    /// The seconds after which it disappears; 0 is never.
    pub expiration: Option<u32>,
    /// When that timer was set, in seconds since 1970.
    pub expiration_set_at: Option<i64>,
}

impl Context {
    /// Reads a `ContextInfo` that lies in `whole`.
    pub(super) fn read(bytes: &[u8], whole: &[u8]) -> Self {
        let mut out = Self::default();
        let (mut id, mut sender, mut chat, mut copy) = (None, None, None, None);
        for field in Fields::of(bytes) {
            match field.number {
                1 => id = field.text(),
                2 => sender = field.jid(),
                3 => copy = field.bytes(),
                4 => chat = field.jid(),
                15 if out.mentions.len() < MAX_ITEMS => out.mentions.extend(field.jid()),
                21 => out.forwarding_score = field.small().unwrap_or_default(),
                22 => out.forwarded = field.flag(),
                25 => out.expiration = field.small(),
                26 => out.expiration_set_at = field.signed(),
                70 => out.mentions_all = field.flag(),
                _ => {}
            }
        }
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            let (kind, text) = copy.map_or(("unknown", None), of_copy);
            let message = copy.map_or(0..0, |copy| place(whole, copy));
            out.quoted = Some(Box::new(Quoted { id, sender, chat, kind, text, message }));
        }
        out
    }
}

/// Kind and text of the copy of a quoted message.
fn of_copy(bytes: &[u8]) -> (&'static str, Option<String>) {
    match Envelope::open(bytes) {
        Ok(envelope) => match envelope.content {
            Some(content) => (kind_and_text::kind(&content), kind_and_text::text(&content)),
            None => ("nothing", None),
        },
        Err(_) => ("unknown", None),
    }
}

/// The ContextInfo of a content, if it has one.
pub(super) fn context_of(content: &Field<'_>, whole: &[u8]) -> Context {
    let found = message_types::member(content.number)
        .filter(|row| row.context != 0)
        .zip(content.bytes())
        .and_then(|(row, body)| Fields::of(body).filter(|field| field.number == row.context).last())
        .and_then(|field| field.bytes());
    found.map(|bytes| Context::read(bytes, whole)).unwrap_or_default()
}
