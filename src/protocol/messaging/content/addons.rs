//! Votes, reactions, comments and edits that are encrypted once more, with the secret of the message they belong to, so that
//! only those who have that message can read them.

use std::fmt;

use super::context_info::MessageRef;
use super::message_types;
use super::parse::MAX_ITEMS;
use super::wire::{Field, Fields};
use crate::crypto::{Random, Secret, gcm, hkdf, random_array};
use crate::stanza::Jid;

/// The kind of content that is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A vote in a poll.
    PollVote,
    /// A reaction.
    Reaction,
    /// A comment.
    Comment,
    /// The answer to an invitation to an event.
    EventResponse,
    /// A new version of an event.
    EventEdit,
    /// A new version of a message.
    MessageEdit,
    /// A new version of a poll.
    PollEdit,
    /// An option added to a poll.
    PollAddOption,
}

impl Purpose {
    /// The use case's name, which goes into the key.
    pub fn use_case(self) -> &'static str {
        match self {
            Self::PollVote => "Poll Vote",
            Self::Reaction => "Enc Reaction",
            Self::Comment => "Enc Comment",
            Self::EventResponse => "Event Response",
            Self::EventEdit => "Event Edit",
            Self::MessageEdit => "Message Edit",
            Self::PollEdit => "Poll Edit",
            Self::PollAddOption => "Poll Add Option",
        }
    }

    /// Returns whether the ciphertext is bound to the id and the voter, as in WhatsApp Web's votes and answers to events.
    fn is_bound(self) -> bool {
        matches!(self, Self::PollVote | Self::EventResponse)
    }

    /// The kind of a `secretEncryptedMessage`; scheduled messages (3) have no use case of their own.
    fn of_edit(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::EventEdit),
            2 => Some(Self::MessageEdit),
            4 => Some(Self::PollEdit),
            5 => Some(Self::PollAddOption),
            _ => None,
        }
    }
}

/// Something encrypted with the secret of a message.
#[derive(Clone, PartialEq)]
pub struct Sealed {
    /// The kind of content.
    pub purpose: Purpose,
    /// The message whose secret it is encrypted with.
    pub target: MessageRef,
    /// The nonce.
    pub iv: [u8; 12],
    /// Ciphertext and tag.
    pub payload: Vec<u8>,
    /// When it was written, in milliseconds since 1970, where that is not part of what is encrypted. Of several votes of one
    /// person the newest counts.
    pub at_ms: Option<i64>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// The keys of a sealed content: the secret of the message it belongs to, the author of that message, and the writer of this
/// one. The wire does not tell which addresses go into the key: in chats by LID it is LIDs, else phone numbers. Opening tries
/// the one pair, then the other.
#[derive(Debug, Clone, Copy)]
pub struct Sealing<'a> {
    /// The secret of the message it belongs to.
    pub secret: &'a Secret<32>,
    /// The author of that message.
    pub author: &'a Jid,
    /// The person who votes, reacts, comments or edits.
    pub sender: &'a Jid,
}

impl Sealing<'_> {
    /// The key, and what the ciphertext is bound to besides.
    fn derive(&self, purpose: Purpose, id: &str) -> (Secret<32>, Vec<u8>) {
        let (author, sender) = (self.author.account().to_string(), self.sender.account().to_string());
        let key = secret_key(self.secret, &[id, &author, &sender, purpose.use_case()]);
        let bound = if purpose.is_bound() { [id, "\0", &sender].concat() } else { String::new() };
        (key, bound.into_bytes())
    }
}

/// The decrypted content.
#[derive(Clone, PartialEq, Eq)]
pub enum AddonContent {
    /// A vote: the [hashes](super::option_hash) of the options that are chosen; none takes an earlier vote back.
    Vote(Vec<[u8; 32]>),
    /// A reaction; an empty text takes an earlier one back.
    Reaction {
        /// One emoji.
        text: String,
        /// When, in milliseconds since 1970, by the sender's clock.
        at_ms: Option<i64>,
    },
    /// An answer to an invitation.
    EventResponse {
        /// The protocol's number: 1 going, 2 not going, 3 maybe.
        response: u32,
        /// When, in milliseconds since 1970, by the sender's clock.
        at_ms: Option<i64>,
        /// The number of others who come along.
        extra_guests: u32,
    },
    /// A comment, a new version or an added option: a serialised `Message`, for [`parse`](super::parse()).
    Message(Vec<u8>),
}

impl fmt::Debug for AddonContent {
    /// Only which it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vote(_) => "Vote",
            Self::Reaction { .. } => "Reaction",
            Self::EventResponse { .. } => "EventResponse",
            Self::Message(_) => "Message",
        })
    }
}

impl Sealed {
    /// Opens it. `None` if it is not authentic under this secret and these two, or not what it should be.
    #[must_use]
    pub fn open(&self, sealing: &Sealing<'_>) -> Option<AddonContent> {
        let (key, bound) = sealing.derive(self.purpose, &self.target.id);
        opened(self.purpose, gcm::open(key.as_bytes(), &self.iv, &bound, &self.payload)?)
    }

    /// Encrypts `plain` for the message `target`.
    #[must_use]
    pub fn seal(
        purpose: Purpose,
        target: MessageRef,
        sealing: &Sealing<'_>,
        plain: &[u8],
        rng: &mut dyn Random,
    ) -> Self {
        let (key, bound) = sealing.derive(purpose, &target.id);
        let iv = random_array(rng);
        let payload = gcm::seal(key.as_bytes(), &iv, &bound, plain);
        Self { purpose, target, iv, payload, at_ms: None }
    }
}

fn opened(purpose: Purpose, plain: Vec<u8>) -> Option<AddonContent> {
    let fields = Fields::checked(&plain).ok()?;
    match purpose {
        Purpose::PollVote => {
            let chosen =
                fields.filter(|field| field.number == 1).filter_map(|field| field.bytes()?.try_into().ok());
            Some(AddonContent::Vote(chosen.take(MAX_ITEMS).collect()))
        }
        Purpose::Reaction => {
            let (mut text, mut at_ms) = (String::new(), None);
            for field in fields {
                match field.number {
                    2 => text = field.text().unwrap_or_default(),
                    4 => at_ms = field.signed(),
                    _ => {}
                }
            }
            Some(AddonContent::Reaction { text, at_ms })
        }
        Purpose::EventResponse => {
            let (mut response, mut at_ms, mut extra_guests) = (0, None, 0);
            for field in fields {
                match field.number {
                    1 => response = field.small().unwrap_or_default(),
                    2 => at_ms = field.signed(),
                    3 => extra_guests = field.small().unwrap_or_default(),
                    _ => {}
                }
            }
            Some(AddonContent::EventResponse { response, at_ms, extra_guests })
        }
        _ => Some(AddonContent::Message(plain)),
    }
}

/// The key that a message's secret gives for one use: `info` is the id, both users and the use case, one after the other.
pub(super) fn secret_key(secret: &Secret<32>, info: &[&str]) -> Secret<32> {
    hkdf(None, secret.as_bytes(), info.concat().as_bytes())
}

/// The word of a `secretEncryptedMessage`.
pub(super) fn word(content: &Field<'_>) -> &'static str {
    let kind = Fields::of(content.bytes().unwrap_or_default()).filter(|field| field.number == 4).last();
    match kind.and_then(|field| field.small()).and_then(Purpose::of_edit) {
        Some(Purpose::EventEdit) => "encrypted_event_edit",
        Some(Purpose::PollEdit) => "encrypted_poll_edit",
        Some(Purpose::PollAddOption) => "encrypted_poll_option",
        _ => "encrypted_edit",
    }
}

/// Reads the member of that number, which is one of those that are encrypted so; `None` if something is missing.
pub(super) fn read(member: u32, fields: Fields<'_>) -> Option<Sealed> {
    let vote = member == message_types::POLL_UPDATE;
    let (mut target, mut payload, mut iv, mut kind, mut at_ms) = (None, None, None, None, None);
    for field in fields {
        match field.number {
            1 => target = MessageRef::of(&field),
            2 if vote => {
                for inner in Fields::of(field.bytes()?) {
                    match inner.number {
                        1 => payload = inner.bytes(),
                        2 => iv = inner.bytes(),
                        _ => {}
                    }
                }
            }
            4 if vote => at_ms = field.signed(),
            2 => payload = field.bytes(),
            3 if !vote => iv = field.bytes(),
            4 => kind = field.small(),
            _ => {}
        }
    }
    let purpose = match member {
        message_types::POLL_UPDATE => Purpose::PollVote,
        message_types::ENC_REACTION => Purpose::Reaction,
        message_types::ENC_COMMENT => Purpose::Comment,
        message_types::ENC_EVENT_RESPONSE => Purpose::EventResponse,
        _ => Purpose::of_edit(kind?)?,
    };
    Some(Sealed { purpose, target: target?, iv: iv?.try_into().ok()?, payload: payload?.to_vec(), at_ms })
}
