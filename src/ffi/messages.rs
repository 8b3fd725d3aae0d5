//! Sending messages.

use super::client::{asking, wa_client};
use super::constants::wa_status;
use super::convert;
use super::error::wa_error;
use crate::messaging::content::MAX_SIZE;
use std::ffi::c_char;

const CHAT_MAX: usize = 256;
const MESSAGE_ID_MAX: usize = 128;
const TEXT_MAX: usize = 4 * 65_536;

/// Sends a text to a person or a group.
///
/// Returns at once; the `result` event says when the server has the message,
/// with `message_id`, `chat` and `sent_at_ms`, or why it could not be sent.
/// Without a connection the message waits for one, across restarts of the
/// program too. Messages to one chat leave in the order of the calls.
///
/// The result says WA_ERROR_NO_RECIPIENT: the number is not on WhatsApp;
/// WA_ERROR_TIME_LOCKED: no new chats for a time; WA_ERROR_INVALID_ARGUMENT: the
/// id is that of a message to another chat; WA_ERROR_BAD_REQUEST,
/// WA_ERROR_FORBIDDEN, WA_ERROR_NOT_FOUND, WA_ERROR_FEATURE_UNAVAILABLE or
/// WA_ERROR_REFUSED: the server does not take it; WA_ERROR_RATE_LIMITED,
/// WA_ERROR_SERVER_ERROR or WA_ERROR_REQUEST_TIMEOUT: it was tried several
/// times, send it again later.
///
/// @param chat where it goes: the chat of an event, a JID, or a phone number
/// with its country code.
/// @param text the text, at most 65,536 characters.
/// @param message_id an id for the message that the host chooses, at most 128
/// bytes; NULL for a new one. Sending again with the same id, after a crash for
/// example, sends nothing twice: the result is that of the first time.
/// @param request where the number of the request is put; may be NULL.
/// @return WA_OK: accepted; WA_ERROR_NOT_LINKED; WA_ERROR_INVALID_JID;
/// WA_ERROR_UNSUPPORTED_CHAT; WA_ERROR_INVALID_MESSAGE: the text is empty or
/// too long; WA_ERROR_CLIENT_CLOSED; WA_ERROR_TOO_MANY_REQUESTS;
/// WA_ERROR_INVALID_ARGUMENT, WA_ERROR_INVALID_UTF8, WA_ERROR_TOO_LONG;
/// WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_send_text(
    client: *mut wa_client,
    chat: *const c_char,
    text: *const c_char,
    message_id: *const c_char,
    request: *mut u64,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: texts are NULL or end with a NUL; `request` and `error` are NULL or writable.
    unsafe {
        asking(client, request, error, |client| {
            let chat = convert::text(chat, "chat", CHAT_MAX)?;
            let text = convert::text(text, "text", TEXT_MAX)?;
            client.send_text(chat, text, convert::optional_text(message_id, "message_id", MESSAGE_ID_MAX)?)
        })
    }
}

/// Sends a serialised protobuf message (the `Message` of WhatsApp's protocol),
/// for content that no other call makes. It is sent as it is, with whatever
/// this version of the library does not know of it.
///
/// The method `message.send` of wa_call() sends replies, mentions and more
/// without protobuf. The result says what that of wa_send_text() says, and
/// WA_ERROR_TOO_LONG: too large for all devices of the recipient together.
///
/// @param chat where it goes, as for wa_send_text().
/// @param message the bytes.
/// @param length how many; at most 1 MiB (1,048,576), or WA_ERROR_TOO_LONG.
/// @param message_id as for wa_send_text().
/// @param request where the number of the request is put; may be NULL.
/// @return as wa_send_text(); WA_ERROR_INVALID_MESSAGE: the bytes are not a
/// protobuf message, or have no content.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_send_message(
    client: *mut wa_client,
    chat: *const c_char,
    message: *const u8,
    length: usize,
    message_id: *const c_char,
    request: *mut u64,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: texts are NULL or end with a NUL; `message` has `length` bytes; `request` and `error` are NULL or writable.
    unsafe {
        asking(client, request, error, |client| {
            let chat = convert::text(chat, "chat", CHAT_MAX)?;
            let message = convert::bytes(message, length, "message", MAX_SIZE)?;
            let id = convert::optional_text(message_id, "message_id", MESSAGE_ID_MAX)?;
            client.send_message(chat, message, id)
        })
    }
}
