//! Accessors for the fields of single event types. Each comment lists the types that the accessor serves, and a test holds it to that.

use super::constants::wa_status;
use super::convert;
use super::event::{EventObject, read, wa_event};
use super::qr;
use crate::api::Body;
use std::ffi::c_char;

/// A text of an event, lent under a name of its own.
pub(super) fn text(
    event: *const wa_event,
    name: &'static str,
    pick: impl FnOnce(&Body) -> Option<&str>,
) -> *const c_char {
    read(event, |object: &EventObject| {
        let text = pick(&object.event.body)?;
        Some(object.lent.copy(name, text))
    })
}

/// Gives the eight characters of a pairing code.
///
/// Event types: pairing.code.
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_code(event: *const wa_event) -> *const c_char {
    text(event, "code", Body::code)
}

/// Gives a code as users should see it, in two groups of four: the pairing
/// code, or the code to compare with the phone.
///
/// Event types: pairing.code, pairing.passkey (step `confirm`).
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_code_display(event: *const wa_event) -> *const c_char {
    text(event, "code_display", Body::code_display)
}

/// Gives the text of a QR code, for those who draw it themselves; see
/// wa_event_qr_image().
///
/// Event types: pairing.qr.
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_qr_payload(event: *const wa_event) -> *const c_char {
    text(event, "qr_payload", Body::qr_payload)
}

/// Gives the WebAuthn request options as JSON, to hand to an authenticator.
///
/// Event types: pairing.passkey (step `required`).
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_passkey_options(event: *const wa_event) -> *const c_char {
    text(event, "passkey_options", Body::passkey_options)
}

/// Gives the step that a pairing has reached: "requested", "code",
/// "phone_answered", "finish_accepted", "linked", "first_login" or "ready"; for
/// `pairing.expired` and `pairing.error` where it ended, in the words that
/// EVENTS.md lists.
///
/// Event types: pairing.progress, pairing.expired, pairing.error.
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_stage(event: *const wa_event) -> *const c_char {
    text(event, "stage", Body::stage)
}

/// Gives the name of the outcome that a pairing, or an attempt of it, came to,
/// such as "code_expired".
///
/// Event types: pairing.expired, pairing.error.
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_outcome(event: *const wa_event) -> *const c_char {
    text(event, "outcome", Body::outcome)
}

/// Gives a sentence in English that can be shown to the user.
///
/// Event types: logged_out, restricted, pairing.progress, pairing.expired,
/// pairing.error.
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_user_text(event: *const wa_event) -> *const c_char {
    text(event, "user_text", Body::user_text)
}

/// Gives what people wrote: the text or caption of a message, the new value of
/// what changed in a group. For events that tell of a fault it is a sentence in
/// English for the programmer and the log.
///
/// Event types: message, group.update, connection, logged_out, pairing.error,
/// result, log, closed; each only when there is something to say.
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_text(event: *const wa_event) -> *const c_char {
    text(event, "text", Body::text)
}

/// Gives where the connection stands: "connecting", "connected", "online",
/// "disconnected" or "reconnecting".
///
/// Event types: connection.
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_state(event: *const wa_event) -> *const c_char {
    text(event, "state", Body::state)
}

/// Gives why it came to this, as a stable word; for `restricted` the kind of
/// the restriction. EVENTS.md lists the words.
///
/// Event types: connection (when something went wrong), logged_out, restricted,
/// closed.
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_reason(event: *const wa_event) -> *const c_char {
    text(event, "reason", Body::reason)
}

/// Gives the device's own JID, such as "15550001234:2@s.whatsapp.net".
///
/// Event types: ready, pairing.success.
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_jid(event: *const wa_event) -> *const c_char {
    text(event, "jid", Body::jid)
}

/// Gives the time at which what the event brings ends: the code, the QR code,
/// the passkey exchange or the restriction.
///
/// Event types: pairing.code, pairing.qr, pairing.passkey, restricted (when the
/// server named an end).
///
/// @return milliseconds since 1970 UTC; 0 when the event has none, and for what
/// is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_expires_at_ms(event: *const wa_event) -> i64 {
    read(event, |object| object.event.body.expires_at_ms())
}

/// Gives the time to wait before asking again; for `connection` the time until
/// the library connects again.
///
/// Event types: connection (when reconnecting), pairing.expired, pairing.error,
/// result.
///
/// @return milliseconds; 0 when nothing is known, when the event has none, and
/// for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_retry_after_ms(event: *const wa_event) -> u32 {
    read(event, |object| object.event.body.retry_after_ms())
}

/// Tells whether a `connection` event says that the connection is given up: no
/// attempt follows before wa_client_connect() is called again. Whatever waits
/// for the connection can end then, with wa_event_status(), or with
/// WA_ERROR_NOT_CONNECTED if that is WA_OK. Texts that were to be sent wait on
/// in the store.
///
/// Event types: connection.
///
/// @return the answer; false when the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_is_final(event: *const wa_event) -> bool {
    read(event, |object| object.event.body.is_final())
}

/// Tells whether asking again can help; for `connection` whether an attempt can
/// succeed as things are. If not, a person has to mend something first:
/// wa_event_text() says what.
///
/// Event types: connection, pairing.expired, pairing.error, result.
///
/// @return the answer; false when the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_is_retryable(event: *const wa_event) -> bool {
    read(event, |object| object.event.body.is_retryable())
}

/// Tells whether the library goes on by itself, with a new code or a new
/// attempt: the request is not over.
///
/// Event types: pairing.expired, pairing.error.
///
/// @return the answer; false when the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_is_refreshing(event: *const wa_event) -> bool {
    read(event, |object| object.event.body.is_refreshing())
}

/// Gives what an event tells of as a status code: WA_OK, or what went wrong.
/// wa_status_name() and wa_status_text() explain it.
///
/// Event types: connection, pairing.expired, pairing.error, result, closed.
///
/// @return the code; WA_OK when the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_status(event: *const wa_event) -> wa_status {
    read(event, |object| object.event.body.status().map(|status| status.code()))
}

/// Gives what a request brought, as JSON: the object that METHODS.md describes
/// for methods of wa_call(), `{}` where there is nothing, null if it failed.
///
/// Event types: result.
///
/// @param length where the length without the final NUL is put; may be NULL.
/// Written only when there is a text.
/// @return text borrowed from the event, valid until wa_event_free(); NULL when
/// the event has none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_result(event: *const wa_event, length: *mut usize) -> *const c_char {
    read(event, |object| {
        let result = object.event.body.result()?;
        let (start, count) = object.lent.text("result", || result.to_string());
        // SAFETY: `length` is NULL or writable.
        unsafe { convert::put(length, count) };
        Some(start)
    })
}

/// Draws a QR code.
///
/// Event types: pairing.qr.
///
/// @param format "text": lines of UTF-8 block characters for a terminal with a
/// dark background; "svg": a vector image; "png": a black and white image. All
/// have the quiet margin that scanners need.
/// @param length where the number of bytes, without the NUL that follows them,
/// is put; may be NULL. Written only when there is an image.
/// @return bytes borrowed from the event, valid until wa_event_free(); NULL
/// when the event has no QR code or the format is not one of the three, and for
/// what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_qr_image(
    event: *const wa_event,
    format: *const c_char,
    length: *mut usize,
) -> *const u8 {
    read(event, |object| {
        // SAFETY: `format` is NULL or ends with a NUL.
        let format = qr::Format::find(unsafe { convert::text(format, "format", 16) }.ok()?)?;
        let payload = object.event.body.qr_payload()?;
        let (start, count) = object.lent.bytes(format.name(), || qr::draw(payload, format));
        if count == 0 {
            return None;
        }
        // SAFETY: `length` is NULL or writable.
        unsafe { convert::put(length, count) };
        Some(start)
    })
}

#[cfg(test)]
#[path = "event_fields_tests.rs"]
mod tests;
