//! Linking a client: by code, QR and passkey.

use super::client::{JSON_MAX, asking, wa_client};
use super::constants::wa_status;
use super::convert;
use super::error::wa_error;
use crate::client::Client;
use std::ffi::c_char;

const PHONE_MAX: usize = 64;
const CODE_MAX: usize = 64;

/// Asks for a pairing code, which the user types into the phone: WhatsApp,
/// Settings, Linked devices, Link a device, Link with phone number instead. The
/// event `pairing.code` brings it once the server has accepted it;
/// `pairing.progress`, `pairing.expired`, `pairing.error` and `pairing.success`
/// tell how it goes on, and one `result` event ends the request.
///
/// May be called right after wa_client_connect(): it waits for the connection.
/// The result says WA_ERROR_PAIRING_OUTSTANDING: use the code shown, or give it
/// up by wa_cancel(); WA_ERROR_PAIRING_LIMIT: wait for as long as it says;
/// WA_ERROR_PAIRING_EXPIRED, WA_ERROR_PHONE_DID_NOT_FINISH or
/// WA_ERROR_CONNECTION_LOST: ask for a new code; WA_ERROR_CODE_REFUSED,
/// WA_ERROR_RATE_LIMITED, WA_ERROR_FEATURE_UNAVAILABLE, WA_ERROR_SERVER_ERROR,
/// WA_ERROR_REQUEST_TIMEOUT or WA_ERROR_PROTOCOL: the server gives no code;
/// WA_ERROR_PAIRING_FAILED, WA_ERROR_PASSKEY_FAILED or
/// WA_ERROR_PAIRING_NOT_GENUINE: the code was typed in vain;
/// WA_ERROR_NOT_CONNECTED: no connection could be made, and its text says why;
/// WA_ERROR_SERVER_NOT_TRUSTED, WA_ERROR_TEMPORARILY_BANNED,
/// WA_ERROR_ACCOUNT_BANNED, WA_ERROR_ACCOUNT_LOCKED, WA_ERROR_CLIENT_OUTDATED,
/// WA_ERROR_CLIENT_REFUSED, WA_ERROR_VERSION_REFUSED or WA_ERROR_REPLACED: the
/// server does not let this client in. A `pairing.error` or `pairing.expired`
/// before it names the outcome, one of those that EVENTS.md lists.
///
/// @param phone the account's phone number in international form, 7 to 15
/// digits, with or without a leading "+".
/// @param code eight characters of the pairing alphabet (1 to 9, A to Z without
/// I, O and U) to use as the code; NULL for a random one, which is safer.
/// @param request where the number of the request is put; may be NULL.
/// @return WA_OK: accepted, the rest comes as events;
/// WA_ERROR_INVALID_PHONE_NUMBER: the text says which rule it breaks;
/// WA_ERROR_INVALID_PAIRING_CODE; WA_ERROR_ALREADY_LINKED;
/// WA_ERROR_INVALID_STATE: wa_client_connect() was not called, or the
/// connection was given up since; WA_ERROR_CLIENT_CLOSED;
/// WA_ERROR_TOO_MANY_REQUESTS;
/// WA_ERROR_INVALID_ARGUMENT, WA_ERROR_INVALID_UTF8, WA_ERROR_TOO_LONG;
/// WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_request_pairing(
    client: *mut wa_client,
    phone: *const c_char,
    code: *const c_char,
    request: *mut u64,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: texts are NULL or end with a NUL; `request` and `error` are NULL or writable.
    unsafe {
        asking(client, request, error, |client| {
            let phone = convert::text(phone, "phone", PHONE_MAX)?;
            client.request_pairing(phone, convert::optional_text(code, "code", CODE_MAX)?)
        })
    }
}

/// Asks for QR codes, which the user scans with the phone: WhatsApp, Settings,
/// Linked devices, Link a device. Events `pairing.qr` bring one after the
/// other; wa_event_qr_image() draws them. One `result` event ends the request.
///
/// May be called right after wa_client_connect(): it waits for the connection.
/// The result says WA_ERROR_PAIRING_OUTSTANDING: QR codes are being shown;
/// WA_ERROR_PAIRING_EXPIRED: all of them were; WA_ERROR_NOT_CONNECTED,
/// WA_ERROR_SERVER_NOT_TRUSTED, WA_ERROR_TEMPORARILY_BANNED,
/// WA_ERROR_ACCOUNT_BANNED, WA_ERROR_ACCOUNT_LOCKED, WA_ERROR_CLIENT_OUTDATED,
/// WA_ERROR_CLIENT_REFUSED, WA_ERROR_VERSION_REFUSED or WA_ERROR_REPLACED as for
/// wa_request_pairing(). After any other failure the QR codes go on.
///
/// @param request where the number of the request is put; may be NULL.
/// @return WA_OK: accepted, the rest comes as events; WA_ERROR_ALREADY_LINKED;
/// WA_ERROR_INVALID_STATE: wa_client_connect() was not called, or the
/// connection was given up since; WA_ERROR_CLIENT_CLOSED;
/// WA_ERROR_TOO_MANY_REQUESTS;
/// WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_request_qr(
    client: *mut wa_client,
    request: *mut u64,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: `request` and `error` are NULL or writable.
    unsafe { asking(client, request, error, Client::request_qr) }
}

/// Answers the event `pairing.passkey` of the step `required` with what the
/// user's authenticator made of the challenge.
///
/// The result says WA_ERROR_INVALID_JSON: it is no such assertion, try again;
/// WA_ERROR_INVALID_STATE: no challenge is open.
///
/// @param assertion_json the WebAuthn assertion as JSON: id, rawId, type and
/// response, binary parts in base64url without padding.
/// @param request where the number of the request is put; may be NULL.
/// @return WA_OK: accepted, the rest comes as events; WA_ERROR_ALREADY_LINKED;
/// WA_ERROR_INVALID_STATE as for wa_request_pairing(); WA_ERROR_CLIENT_CLOSED;
/// WA_ERROR_TOO_MANY_REQUESTS; WA_ERROR_INVALID_ARGUMENT,
/// WA_ERROR_INVALID_UTF8, WA_ERROR_TOO_LONG; WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_answer_passkey(
    client: *mut wa_client,
    assertion_json: *const c_char,
    request: *mut u64,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: the text is NULL or ends with a NUL; `request` and `error` are NULL or writable.
    unsafe {
        asking(client, request, error, |client| {
            client.answer_passkey(convert::text(assertion_json, "assertion_json", JSON_MAX)?)
        })
    }
}

/// Says that the user compared the code of the event `pairing.passkey`, step
/// `confirm`, with the one on the phone and found them equal. Only then is the
/// account linked. The result says WA_ERROR_INVALID_STATE: there is nothing to
/// confirm.
///
/// @param request where the number of the request is put; may be NULL.
/// @return WA_OK: accepted, the rest comes as events; WA_ERROR_ALREADY_LINKED;
/// WA_ERROR_INVALID_STATE as for wa_request_pairing(); WA_ERROR_CLIENT_CLOSED;
/// WA_ERROR_TOO_MANY_REQUESTS; WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_confirm_passkey(
    client: *mut wa_client,
    request: *mut u64,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: `request` and `error` are NULL or writable.
    unsafe { asking(client, request, error, Client::confirm_passkey) }
}
