//! The word and the text of a content, without reading the rest of it.

use super::members::{self, member};
use super::wire::{Field, Fields};

/// The word hosts know a content by; "unknown" for what this version does not know.
pub(super) fn kind(content: &Field<'_>) -> &'static str {
    match content.number {
        members::PROTOCOL => super::protocol::word(content),
        members::SECRET_ENCRYPTED => super::sealed::word(content),
        number => member(number).map_or("unknown", |row| row.word),
    }
}

/// The text of a content: what was written, or the caption, name or title of what has one.
pub(super) fn text(content: &Field<'_>) -> Option<String> {
    if content.number == members::CONVERSATION {
        return content.text();
    }
    let place = match content.number {
        members::EXTENDED_TEXT | members::CONTACT | members::CONTACTS | members::LIST_RESPONSE => 1,
        members::IMAGE => 3,
        members::VIDEO | members::VIDEO_NOTE => 7,
        members::DOCUMENT => 20,
        members::LIVE_LOCATION | members::GROUP_INVITE => 6,
        members::REACTION | members::POLL | members::POLL_V2 | members::POLL_V3 => 2,
        members::POLL_V5 | members::POLL_V6 => 2,
        members::BUTTONS_RESPONSE | members::TEMPLATE_BUTTON_REPLY => 2,
        members::LOCATION | members::EVENT => 3,
        _ => return None,
    };
    Fields::of(content.bytes()?).filter(|field| field.number == place).last()?.text()
}
