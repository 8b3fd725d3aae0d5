//! The word and the text of a content, without reading the rest of it.

use super::message_types::{self, member};
use super::wire::{Field, Fields};

/// The word hosts know a content by; "unknown" for what this version does not know.
pub(super) fn kind(content: &Field<'_>) -> &'static str {
    match content.number {
        message_types::PROTOCOL => super::protocol::word(content),
        message_types::SECRET_ENCRYPTED => super::addons::word(content),
        number => member(number).map_or("unknown", |row| row.word),
    }
}

/// The text of a content: what was written, or the caption, name or title of what has one.
pub(super) fn text(content: &Field<'_>) -> Option<String> {
    if content.number == message_types::CONVERSATION {
        return content.text();
    }
    let place = match content.number {
        message_types::EXTENDED_TEXT
        | message_types::CONTACT
        | message_types::CONTACTS
        | message_types::LIST_RESPONSE => 1,
        message_types::IMAGE => 3,
        message_types::VIDEO | message_types::VIDEO_NOTE => 7,
        message_types::DOCUMENT => 20,
        message_types::LIVE_LOCATION | message_types::GROUP_INVITE => 6,
        message_types::REACTION | message_types::POLL | message_types::POLL_V2 | message_types::POLL_V3 => 2,
        message_types::POLL_V5 | message_types::POLL_V6 => 2,
        message_types::BUTTONS_RESPONSE | message_types::TEMPLATE_BUTTON_REPLY => 2,
        message_types::LOCATION | message_types::EVENT => 3,
        _ => return None,
    };
    Fields::of(content.bytes()?).filter(|field| field.number == place).last()?.text()
}
