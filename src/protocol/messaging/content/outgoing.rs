//! Outgoing content: the bytes of a `Message`, and the marks of its stanza.

use std::fmt;

use super::envelope::Envelope;
use super::message_types::{self, member};
use super::parse::{ContentError, MAX_SIZE, parse};
use super::stanza_attrs::Shape;
use super::wire::{Field, Fields, put, with, without};
use crate::proto::Message as _;
use crate::proto::message::{DeviceSentMessage, Message, MessageContextInfo, SenderKeyDistributionMessage};
use crate::stanza::Jid;

/// A message to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The serialised `Message`, without padding.
    pub message: Vec<u8>,
    /// The marks of its stanza.
    pub shape: Shape,
}

impl fmt::Debug for Outgoing {
    /// Leaves out the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl Outgoing {
    /// A `Message` that the host made itself. The bytes are sent as they are, with what this version does not know of them.
    ///
    /// # Errors
    /// [`ContentError::TooLarge`], [`ContentError::Malformed`], [`ContentError::TooDeep`], or [`ContentError::Empty`] if it has
    /// no content.
    pub fn raw(bytes: &[u8]) -> Result<Self, ContentError> {
        if bytes.len() > MAX_SIZE {
            return Err(ContentError::TooLarge);
        }
        Self::of_any_size(bytes)
    }

    /// The same for one that was accepted before, and to which something may have been added; and for the simulator, whose
    /// people may do what ours may not.
    ///
    /// # Errors
    /// As [`Outgoing::raw`], but for the size.
    pub fn of_any_size(bytes: &[u8]) -> Result<Self, ContentError> {
        let content = Envelope::open(bytes)?.content.ok_or(ContentError::Empty)?;
        let is_message = content.number != message_types::CONVERSATION && member(content.number).is_some();
        // Nobody could read the one, and nothing could be added to the other. Either may come in several parts, which are merged.
        let of_it = |field: &Field<'_>| is_message && field.number == content.number;
        let parts = Fields::of(bytes).filter(|field| field.number == message_types::CONTEXT || of_it(field));
        for field in parts.chain(is_message.then_some(content)) {
            Fields::checked(field.bytes().ok_or(ContentError::Malformed)?)?;
        }
        let shape = Shape::of(content.number, &parse(bytes)?);
        Ok(Self { message: bytes.to_vec(), shape })
    }

    pub(super) fn built(message: &Message) -> Result<Self, ContentError> {
        Self::raw(&message.encode_to_vec())
    }

    /// The same message with a secret, which it needs for votes, encrypted reactions and edits, and for a reporting token.
    /// One that it has already stays.
    #[must_use]
    pub fn with_secret(mut self, secret: &[u8; 32]) -> Self {
        let has_secret = Envelope::open(&self.message).is_ok_and(|open| open.context.secret.is_some());
        if !has_secret {
            self.add_context(&MessageContextInfo {
                message_secret: Some(secret.to_vec()),
                reporting_token_version: Some(REPORTING_TOKEN_VERSION),
                ..MessageContextInfo::default()
            });
        }
        self
    }

    /// Adds to the context beside the content.
    pub(super) fn add_context(&mut self, context: &MessageContextInfo) {
        let (content, held) = without(&self.message, message_types::CONTEXT);
        let mut whole = held.unwrap_or_default();
        whole.extend_from_slice(&context.encode_to_vec());
        self.message = with(&content, message_types::CONTEXT, &whole);
    }
}

/// The version of the rules by which reporting tokens are made, see [`reporting_token`](super::reporting_token).
const REPORTING_TOKEN_VERSION: i32 = 2;

/// The copy of a message for other devices of the own account: they are told the chat. Its context stands in it and beside it, as
/// whatsmeow and Baileys have it: a Baileys companion reads the secret of a poll in it only, others beside it.
#[must_use]
pub fn device_sent(message: &[u8], destination: &Jid) -> Vec<u8> {
    let (_, context) = without(message, message_types::CONTEXT);
    let wrapper =
        DeviceSentMessage { destination_jid: Some(destination.to_string()), message: Some(message.to_vec()) };
    let mut out = Vec::with_capacity(2 * message.len() + 64);
    put(&mut out, message_types::DEVICE_SENT, &wrapper.encode_to_vec());
    if let Some(context) = context {
        put(&mut out, message_types::CONTEXT, &context);
    }
    out
}

/// The message that hands a sender key to a member of a group.
#[must_use]
pub fn key_distribution(group: &Jid, message: &[u8]) -> Vec<u8> {
    append_key_distribution(&[], group, message)
}

/// A message with a sender key beside its content, as a member gets it who asked for the message again.
#[must_use]
pub fn append_key_distribution(message: &[u8], group: &Jid, key: &[u8]) -> Vec<u8> {
    let distribution = SenderKeyDistributionMessage {
        group_id: Some(group.to_string()),
        axolotl_sender_key_distribution_message: Some(key.to_vec()),
    };
    with(message, message_types::KEY_DISTRIBUTION, &distribution.encode_to_vec())
}
