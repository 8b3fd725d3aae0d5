//! Accessors for the fields of events about messages. Each comment lists the types that the accessor serves, and a test holds it
//! to that.

use super::event::{read, wa_event};
use super::event_fields::text;
use crate::api::Body;
use std::ffi::c_char;

/// Gives the conversation: a JID, to which an answer goes.
///
/// Event types: message, message.unreadable, receipt, chat.activity,
/// group.update, call (in a group).
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_chat(event: *const wa_event) -> *const c_char {
    text(event, "chat", Body::chat)
}

/// Gives who did what the event tells of: a JID.
///
/// Event types: message, message.unreadable, receipt, chat.activity, presence,
/// group.update (if the server says), call, identity.changed.
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_sender(event: *const wa_event) -> *const c_char {
    text(event, "sender", Body::sender)
}

/// Gives the id of a message, by which it is answered, edited or deleted.
///
/// Event types: message, message.unreadable.
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_message_id(event: *const wa_event) -> *const c_char {
    text(event, "message_id", Body::message_id)
}

/// Gives what a message is: "text", "image", "reaction", "poll", "edit",
/// "delete" and so on; "unknown" for what this version does not know.
///
/// Event types: message.
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_message_kind(event: *const wa_event) -> *const c_char {
    text(event, "message_kind", Body::message_kind)
}

/// Tells whether this account did it, from another of its devices.
///
/// Event types: message, message.unreadable, receipt.
///
/// @return the answer; false when the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_is_from_me(event: *const wa_event) -> bool {
    read(event, |object| object.event.body.is_from_me())
}
