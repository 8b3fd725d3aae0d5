//! Reading a message that was decrypted.

use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use super::body::{self, Body};
use super::context_info::{Association, Context, context_of};
use super::envelope::{Envelope, Flags};
use super::kind_and_text;
use super::wire::{Fields, Malformed};
use crate::crypto::Secret;
use crate::stanza::Jid;

/// Most entries that are read of any list in a message (mentions, options, contacts, keys); what comes after is left.
/// Groups have at most 1,024 members, and polls 12 options.
pub(super) const MAX_ITEMS: usize = 4096;

/// Longest serialised message that is sent, or kept when it comes. The longest text and its pictures take less than half of it,
/// and whatever a message of that size holds, the event that tells of it fits into the store.
pub const MAX_SIZE: usize = 1 << 20;

/// The reason why bytes are no message, or a wish is not one that can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// The bytes are no protobuf message.
    #[error("the bytes are not a protobuf message; hand in a serialised Message, without padding")]
    Malformed,
    /// More than 16 wrappers around one content.
    #[error("the message is wrapped too many times; hand in the content itself")]
    TooDeep,
    /// A message to be sent that has no content.
    #[error("the message has no content; set exactly one content member of Message")]
    Empty,
    /// More than [`MAX_SIZE`].
    #[error("the message is too large; at most {MAX_SIZE} serialised bytes can be sent")]
    TooLarge,
    /// A text of no length.
    #[error("the text is empty")]
    EmptyText,
    /// More than 65,536 characters.
    #[error("the text is too long; at most 65,536 characters can be sent in one message")]
    TextTooLong,
    /// A reference to a message without its id.
    #[error("the id of the message that is meant is empty")]
    NoTarget,
    /// A poll without question, with less than 2 or more than 12 options, or with the same option twice.
    #[error("a poll takes a question and 2 to 12 different options")]
    Poll,
    /// More choices than a poll has options, or in a vote an option twice.
    #[error("the number of choices does not fit the poll's options")]
    Choices,
    /// Latitude or longitude out of range, or not a number.
    #[error("a latitude is from -90 to 90 degrees, a longitude from -180 to 180")]
    Location,
    /// A live location, which moves.
    #[error("a live location cannot be sent; send a place")]
    LiveLocation,
    /// A contact card without name or card, or no card at all.
    #[error("a contact needs a name to show and a vCard, and a message at least one contact")]
    Contact,
}

impl From<Malformed> for ContentError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

/// A sender key for a group.
pub struct KeyDistribution {
    /// The group that the message names; the stanza's own chat is the one that counts.
    pub group: Option<Jid>,
    /// The serialised Signal message, with the sender's chain key in it.
    pub message: Zeroizing<Vec<u8>>,
}

impl KeyDistribution {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (mut group, mut message) = (None, None);
        for field in Fields::of(bytes) {
            match field.number {
                1 => group = field.jid(),
                2 => message = field.bytes(),
                _ => {}
            }
        }
        Some(Self { group, message: Zeroizing::new(message?.to_vec()) })
    }
}

impl fmt::Debug for KeyDistribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyDistribution").field("group", &self.group).finish_non_exhaustive()
    }
}

/// The content of a message. Nothing in it is checked against the sender: the caller does that.
pub struct Read {
    /// A stable word for the type: "text", "image", "poll", "reaction" ...; "nothing" if only keys came, "unknown" for a
    /// type that this version does not know.
    pub kind: &'static str,
    /// The content.
    pub body: Body,
    /// The context: the message it answers, mentions and the rest.
    pub context: Context,
    /// The flags from the wrappers around it.
    pub flags: Flags,
    /// The chat, if this is the copy that another device of the own account sent us. From anybody else it is a forgery.
    pub device_sent: Option<Jid>,
    /// A sender key that came along.
    pub key_distribution: Option<KeyDistribution>,
    /// The secret with which later votes, reactions and edits of this message are encrypted.
    pub secret: Option<Secret<32>>,
    /// The duration of a pin, in seconds.
    pub add_on_seconds: Option<u32>,
    /// The message that this one belongs to.
    pub association: Option<Box<Association>>,
    /// The range of the innermost `Message` in the bytes that were read.
    pub inner: Range<usize>,
}

impl fmt::Debug for Read {
    /// Leaves out the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Read").field("kind", &self.kind).field("flags", &self.flags).finish_non_exhaustive()
    }
}

/// Reads a `Message` without padding. Whatever its type, if it is a message at all it has a [`Read`]: what this version does
/// not know is [`Body::Other`], and its bytes are in [`Read::inner`].
///
/// # Errors
/// [`ContentError::Malformed`] or [`ContentError::TooDeep`].
pub fn parse(bytes: &[u8]) -> Result<Read, ContentError> {
    let envelope = Envelope::open(bytes)?;
    let (kind, body, context) = match &envelope.content {
        Some(content) => {
            (kind_and_text::kind(content), body::read(content, bytes), context_of(content, bytes))
        }
        None => ("nothing", Body::Nothing, Context::default()),
    };
    let mut flags = envelope.flags;
    flags.view_once |= body.is_view_once();
    Ok(Read {
        kind,
        body,
        context,
        flags,
        device_sent: envelope.device_sent,
        key_distribution: envelope.key_distribution,
        secret: envelope.context.secret,
        add_on_seconds: envelope.context.add_on_seconds,
        association: envelope.context.association,
        inner: super::wire::place(bytes, envelope.inner),
    })
}
