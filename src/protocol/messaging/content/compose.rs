//! Messages made of what a host wants to say.

use std::collections::HashSet;

use super::addons::{Purpose, Sealed, Sealing};
use super::body::Location;
use super::contact_card::ContactCard;
use super::context_info::MessageRef;
use super::message_types;
use super::outgoing::Outgoing;
use super::parse::ContentError;
use super::send_options::Extras;
use super::stanza_attrs::Shape;
use super::wire::put;
use crate::crypto::{Random, sha256};
use crate::proto::Message as _;
use crate::proto::message::poll_creation_message::Option as PollOption;
use crate::proto::message::poll_update_message::Encrypted;
use crate::proto::message::protocol_message::Type;
use crate::proto::message::{
    ContactMessage, ContactsArrayMessage, ExtendedTextMessage, LocationMessage, Message, MessageContextInfo,
    MessageKey, PinInChatMessage, PollCreationMessage, PollUpdateMessage, PollVoteMessage, ProtocolMessage,
    ReactionMessage,
};
use crate::stanza::Jid;

/// Most characters of one text, as in the official clients.
pub const MAX_TEXT: usize = 65_536;
/// Most options of a poll, as in the official clients.
const MAX_OPTIONS: usize = 12;

impl Outgoing {
    /// A text.
    ///
    /// # Errors
    /// [`ContentError::EmptyText`], [`ContentError::TextTooLong`].
    pub fn text(text: &str, extras: &Extras) -> Result<Self, ContentError> {
        Ok(Self { message: text_message(text, extras)?, shape: Shape::TEXT })
    }

    /// A reaction: one emoji; an empty one takes an earlier reaction back. `at_ms` is the time in milliseconds since 1970.
    ///
    /// # Errors
    /// [`ContentError::NoTarget`].
    pub fn reaction(target: &MessageRef, emoji: &str, at_ms: i64) -> Result<Self, ContentError> {
        Self::built(&Message {
            reaction_message: Some(ReactionMessage {
                key: Some(message_key(target)?),
                text: Some(emoji.to_owned()),
                sender_timestamp_ms: Some(at_ms),
            }),
            ..Message::default()
        })
    }

    /// A new text in place of that of an own message. Other clients take it for about 20 minutes after the message. `at_ms` is
    /// the time in milliseconds since 1970.
    ///
    /// # Errors
    /// [`ContentError::NoTarget`], and those of [`Outgoing::text`].
    pub fn edit(target: &MessageRef, text: &str, extras: &Extras, at_ms: i64) -> Result<Self, ContentError> {
        Self::protocol(ProtocolMessage {
            key: Some(message_key(target)?),
            r#type: Some(Type::MessageEdit.into()),
            edited_message: Some(text_message(text, extras)?),
            timestamp_ms: Some(at_ms),
            ..ProtocolMessage::default()
        })
    }

    /// Deletes a message for everybody: one's own, or in a group any member's if the account is an administrator.
    ///
    /// # Errors
    /// [`ContentError::NoTarget`].
    pub fn delete(target: &MessageRef) -> Result<Self, ContentError> {
        Self::protocol(ProtocolMessage {
            key: Some(message_key(target)?),
            r#type: Some(Type::Revoke.into()),
            ..ProtocolMessage::default()
        })
    }

    /// A poll. `selectable` is how many options may be chosen, 0 any number. `secret` is what votes are encrypted with: fresh
    /// random bytes, kept as long as votes may come.
    ///
    /// # Errors
    /// [`ContentError::Poll`], [`ContentError::Choices`].
    pub fn poll(
        question: &str,
        options: &[String],
        selectable: u32,
        secret: &[u8; 32],
        extras: &Extras,
    ) -> Result<Self, ContentError> {
        let different: HashSet<&String> = options.iter().collect();
        let is_filled = !question.is_empty() && options.iter().all(|option| !option.is_empty());
        if !is_filled || !(2..=MAX_OPTIONS).contains(&options.len()) || different.len() != options.len() {
            return Err(ContentError::Poll);
        }
        if selectable as usize > options.len() {
            return Err(ContentError::Choices);
        }
        let option = |name: &String| PollOption { option_name: Some(name.clone()) };
        let poll = PollCreationMessage {
            name: Some(question.to_owned()),
            options: options.iter().map(option).collect(),
            selectable_options_count: Some(selectable),
            context_info: extras.context(),
        };
        // Clients know a poll with a single choice by its member.
        let message = if selectable == 1 {
            Message { poll_creation_message_v3: Some(poll), ..Message::default() }
        } else {
            Message { poll_creation_message: Some(poll), ..Message::default() }
        };
        Ok(Self::built(&message)?.with_secret(secret))
    }

    /// A vote in a poll: the texts of the options that are chosen, none to take an earlier vote back. The caller, who knows the
    /// poll, checks the options. `at_ms` is the time in milliseconds since 1970; the newest vote counts.
    ///
    /// # Errors
    /// [`ContentError::NoTarget`]; [`ContentError::Choices`] if an option is chosen twice.
    pub fn vote(
        poll: &MessageRef,
        chosen: &[String],
        sealing: &Sealing<'_>,
        at_ms: i64,
        rng: &mut dyn Random,
    ) -> Result<Self, ContentError> {
        let key = message_key(poll)?;
        if chosen.iter().collect::<HashSet<_>>().len() != chosen.len() {
            return Err(ContentError::Choices);
        }
        let vote = PollVoteMessage {
            selected_options: chosen.iter().map(|text| option_hash(text).to_vec()).collect(),
        };
        let sealed = Sealed::seal(Purpose::PollVote, poll.clone(), sealing, &vote.encode_to_vec(), rng);
        Self::built(&Message {
            poll_update_message: Some(PollUpdateMessage {
                poll_creation_message_key: Some(key),
                vote: Some(Encrypted { enc_payload: Some(sealed.payload), enc_iv: Some(sealed.iv.to_vec()) }),
                sender_timestamp_ms: Some(at_ms),
            }),
            ..Message::default()
        })
    }

    /// A place.
    ///
    /// # Errors
    /// [`ContentError::Location`], [`ContentError::LiveLocation`].
    pub fn location(location: &Location, extras: &Extras) -> Result<Self, ContentError> {
        // Not a number is in no range.
        let in_range =
            (-90.0..=90.0).contains(&location.latitude) && (-180.0..=180.0).contains(&location.longitude);
        if !in_range {
            return Err(ContentError::Location);
        }
        if location.live {
            return Err(ContentError::LiveLocation);
        }
        Self::built(&Message {
            location_message: Some(LocationMessage {
                degrees_latitude: Some(location.latitude),
                degrees_longitude: Some(location.longitude),
                name: location.name.clone(),
                address: location.address.clone(),
                url: location.url.clone(),
                accuracy_in_meters: location.accuracy,
                comment: location.comment.clone(),
                context_info: extras.context(),
            }),
            ..Message::default()
        })
    }

    /// One contact card, or several.
    ///
    /// # Errors
    /// [`ContentError::Contact`].
    pub fn contacts(cards: &[ContactCard], extras: &Extras) -> Result<Self, ContentError> {
        let is_filled = |card: &ContactCard| !card.name.is_empty() && !card.vcard.is_empty();
        if cards.is_empty() || !cards.iter().all(is_filled) {
            return Err(ContentError::Contact);
        }
        let contact = |card: &ContactCard| ContactMessage {
            display_name: Some(card.name.clone()),
            vcard: Some(card.vcard.clone()),
            context_info: None,
        };
        let context_info = extras.context();
        Self::built(&match cards {
            [card] => Message {
                contact_message: Some(ContactMessage { context_info, ..contact(card) }),
                ..Message::default()
            },
            cards => Message {
                contacts_array_message: Some(ContactsArrayMessage {
                    display_name: Some(format!("{} contacts", cards.len())),
                    contacts: cards.iter().map(contact).collect(),
                    context_info,
                }),
                ..Message::default()
            },
        })
    }

    /// Pins a message for all for so many seconds (86,400, 604,800 or 2,592,000 in the official clients), or takes the pin
    /// away. `at_ms` is the time in milliseconds since 1970.
    ///
    /// # Errors
    /// [`ContentError::NoTarget`].
    pub fn pin(target: &MessageRef, seconds: Option<u32>, at_ms: i64) -> Result<Self, ContentError> {
        let pin = PinInChatMessage {
            key: Some(message_key(target)?),
            r#type: Some(if seconds.is_some() { 1 } else { 2 }),
            sender_timestamp_ms: Some(at_ms),
        };
        let context = MessageContextInfo {
            message_add_on_duration_in_secs: Some(seconds.unwrap_or_default()),
            ..MessageContextInfo::default()
        };
        Self::built(&Message {
            pin_in_chat_message: Some(pin),
            message_context_info: Some(context),
            ..Message::default()
        })
    }

    /// Sets the timer of a one-to-one chat: messages disappear after so many seconds, 0 is never. `set_at` is the time in
    /// seconds since 1970.
    pub fn disappearing_timer(seconds: u32, set_at: i64) -> Result<Self, ContentError> {
        Self::protocol(ProtocolMessage {
            r#type: Some(Type::EphemeralSetting.into()),
            ephemeral_expiration: Some(seconds),
            ephemeral_setting_timestamp: Some(set_at),
            ..ProtocolMessage::default()
        })
    }

    pub(super) fn protocol(message: ProtocolMessage) -> Result<Self, ContentError> {
        Self::built(&Message { protocol_message: Some(message), ..Message::default() })
    }
}

/// Returns the hash that a vote names an option by.
#[must_use]
pub fn option_hash(text: &str) -> [u8; 32] {
    sha256(&[text.as_bytes()])
}

/// A `Message` with a text; the short form if there is nothing besides.
fn text_message(text: &str, extras: &Extras) -> Result<Vec<u8>, ContentError> {
    if text.is_empty() {
        return Err(ContentError::EmptyText);
    }
    if text.len() > MAX_TEXT && text.chars().count() > MAX_TEXT {
        return Err(ContentError::TextTooLong);
    }
    let Some(context) = extras.context() else {
        let mut message = Vec::with_capacity(text.len() + 4);
        put(&mut message, message_types::CONVERSATION, text.as_bytes());
        return Ok(message);
    };
    let extended = ExtendedTextMessage { text: Some(text.to_owned()), context_info: Some(context) };
    Ok(Message { extended_text_message: Some(extended), ..Message::default() }.encode_to_vec())
}

pub(super) fn message_key(key: &MessageRef) -> Result<MessageKey, ContentError> {
    if key.id.is_empty() {
        return Err(ContentError::NoTarget);
    }
    Ok(MessageKey {
        remote_jid: key.chat.as_ref().map(Jid::to_string),
        from_me: Some(key.from_me),
        id: Some(key.id.clone()),
        participant: key.participant.as_ref().map(Jid::to_string),
    })
}
