//! The table of status codes. Numbers are grouped by subject, are never renumbered and never reused: a number that is given up
//! stays here as a comment.

use std::fmt;

/// The outcome of a call or of a request: a row of [`STATUSES`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(i32);

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct StatusInfo {
    /// The code itself.
    pub status: Status,
    /// The name of the C constant.
    pub name: &'static str,
    /// One sentence: what happened, and what to do.
    pub text: &'static str,
    /// Set if the same call can succeed later without anything being changed.
    pub retryable: bool,
}

impl Status {
    /// The number that crosses the boundary.
    pub const fn code(self) -> i32 {
        self.0
    }

    /// The status with this number, if the table has one.
    pub fn from_code(code: i32) -> Option<Status> {
        STATUSES.iter().find(|info| info.status.0 == code).map(|info| info.status)
    }

    /// The row of this status.
    pub fn info(self) -> &'static StatusInfo {
        // Only this file makes values of the type, all of them from the table; the first row is there for the compiler.
        STATUSES.iter().find(|info| info.status == self).unwrap_or(&STATUSES[0])
    }

    /// The name of the C constant, such as `WA_ERROR_INVALID_ARGUMENT`.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Returns whether this is neither success nor one of the answers of a poll.
    pub const fn is_error(self) -> bool {
        self.0 >= 100
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

impl serde::Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Status {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = i32::deserialize(deserializer)?;
        Status::from_code(code).ok_or_else(|| serde::de::Error::custom("a status of a newer version"))
    }
}

macro_rules! statuses {
    ($($(#[doc = $text:literal])+ $code:literal $constant:ident = $name:literal $($retry:ident)?;)+) => {
        impl Status {
            $($(#[doc = $text])+ pub const $constant: Status = Status($code);)+
        }

        /// Every status there is, in the order of the numbers.
        pub static STATUSES: &[StatusInfo] = &[
            $(StatusInfo {
                status: Status($code),
                name: $name,
                text: concat!($($text),+).trim_ascii(),
                retryable: statuses!(@retry $($retry)?),
            },)+
        ];
    };
    (@retry retry) => { true };
    (@retry) => { false };
}

statuses! {
    // 0-99: no errors. The answers of a call or a poll when nothing is wrong.
    /// Done.
    0 OK = "WA_OK";
    /// No event came within the time given; poll again.
    1 TIMEOUT = "WA_TIMEOUT" retry;
    /// The waiting poll was woken by wa_queue_wake; look at what you woke it for.
    2 WOKEN = "WA_WOKEN";
    /// The queue is closed and every event has been taken; stop polling it.
    3 CLOSED = "WA_CLOSED";

    // 100-199: the call and its arguments.
    /// An argument is NULL, negative or out of range where it may not be; the error's key names the argument.
    100 INVALID_ARGUMENT = "WA_ERROR_INVALID_ARGUMENT";
    /// A text is not valid UTF-8; the error's key names the argument.
    101 INVALID_UTF8 = "WA_ERROR_INVALID_UTF8";
    /// A text or block of bytes is longer than is allowed for this argument; the error's text says how long it may be.
    102 TOO_LONG = "WA_ERROR_TOO_LONG";
    /// The phone number is not in international form; the error's text says which rule it breaks.
    103 INVALID_PHONE_NUMBER = "WA_ERROR_INVALID_PHONE_NUMBER";
    /// The custom pairing code is not eight characters of the pairing alphabet (1-9 and A-Z without I, O and U).
    104 INVALID_PAIRING_CODE = "WA_ERROR_INVALID_PAIRING_CODE";
    /// A text that must be JSON is not; the error's text says where it stops being so.
    105 INVALID_JSON = "WA_ERROR_INVALID_JSON";
    /// There is no method of this name; METHODS.md and wa_reference_json list them all.
    106 UNKNOWN_METHOD = "WA_ERROR_UNKNOWN_METHOD";
    /// A parameter of the method is missing, unknown or of the wrong kind; the error's key names it.
    107 INVALID_PARAMETER = "WA_ERROR_INVALID_PARAMETER";
    /// The library came upon a fault of its own and stopped the call or the client; please report it, with the error's text.
    108 PANIC = "WA_ERROR_PANIC";
    /// The operating system refused a resource such as a thread or memory; free some and try again.
    109 SYSTEM = "WA_ERROR_SYSTEM" retry;
    /// The process has no file descriptor left; raise its limit or close some, then try again.
    110 TOO_MANY_FILES = "WA_ERROR_TOO_MANY_FILES" retry;

    /// The address is no JID and no phone number; use the chat of an event, a number with its country code, or a JID.
    111 INVALID_JID = "WA_ERROR_INVALID_JID";
    /// The message cannot be sent as it is; the error's text says what is wrong with it.
    112 INVALID_MESSAGE = "WA_ERROR_INVALID_MESSAGE";
    /// Messages cannot be sent to an address of this kind; send to a person or to a group.
    113 UNSUPPORTED_CHAT = "WA_ERROR_UNSUPPORTED_CHAT";

    // 200-299: not now.
    /// The call does not fit the state the object is in; the error's text says what state it needs.
    200 INVALID_STATE = "WA_ERROR_INVALID_STATE";
    /// There is no connection to the server, or the login is not complete; call wa_client_connect if that was not done, and wait for `ready`, or for `connection` if the session is not linked.
    201 NOT_CONNECTED = "WA_ERROR_NOT_CONNECTED" retry;
    /// The session is linked to an account already; log out first, or use another session.id.
    202 ALREADY_LINKED = "WA_ERROR_ALREADY_LINKED";
    /// The session is not linked to an account; pair it first.
    203 NOT_LINKED = "WA_ERROR_NOT_LINKED";
    /// A pairing is under way already; finish it with the code shown, or cancel it first.
    204 PAIRING_OUTSTANDING = "WA_ERROR_PAIRING_OUTSTANDING" retry;
    /// This client never made a request of this number; take the number from the call that made it.
    205 UNKNOWN_REQUEST = "WA_ERROR_UNKNOWN_REQUEST";
    /// The client is closed or closing; make a new one.
    206 CLIENT_CLOSED = "WA_ERROR_CLIENT_CLOSED";
    /// The request was cancelled before it was answered; make it again if it is still wanted.
    207 CANCELLED = "WA_ERROR_CANCELLED" retry;
    /// Too many requests of this client wait for an answer; take some answers first.
    208 TOO_MANY_REQUESTS = "WA_ERROR_TOO_MANY_REQUESTS" retry;

    // 300-399: handles.
    /// The handle is NULL, freed, of another kind, or was never one; check who freed it.
    300 INVALID_HANDLE = "WA_ERROR_INVALID_HANDLE";
    /// The process is a forked child of the one that made the handles; make clients only after the fork.
    301 FORKED = "WA_ERROR_FORKED";
    /// There are more live handles than the library can number; free some.
    302 TOO_MANY_HANDLES = "WA_ERROR_TOO_MANY_HANDLES";

    // 400-499: configuration.
    /// There is no configuration key of this name; CONFIGURATION.md and wa_reference_json list them all.
    400 UNKNOWN_KEY = "WA_ERROR_UNKNOWN_KEY";
    /// The value does not fit the configuration key; the error's text names key, value and the allowed range.
    401 BAD_VALUE = "WA_ERROR_BAD_VALUE";
    /// Two configuration values contradict each other; the error's text names both keys.
    402 CONFIG_CONFLICT = "WA_ERROR_CONFIG_CONFLICT";

    // 500-599: the store.
    /// The store could not be read or written; the error's text has the cause.
    500 STORE = "WA_ERROR_STORE";
    /// Another process uses this store; stop that process, or give this one a store of its own.
    501 STORE_LOCKED = "WA_ERROR_STORE_LOCKED" retry;
    /// Another client uses this session; free that client first, or use another session.id. If it is a client of another process, the error's retry_after_ms says when its lease ends.
    502 SESSION_IN_USE = "WA_ERROR_SESSION_IN_USE" retry;
    /// The store is damaged; move all its files away and pair again, and put a copy back only with `session.restored`.
    503 STORE_CORRUPT = "WA_ERROR_STORE_CORRUPT";
    /// The store's file or directory cannot be written; change its permissions.
    504 STORE_READ_ONLY = "WA_ERROR_STORE_READ_ONLY";
    /// There is no room for the store: its disk is full, a quota is used up, or its file may not grow; make room, then try again.
    505 STORE_FULL = "WA_ERROR_STORE_FULL" retry;
    /// The store was written by a newer version of the library; update the library.
    506 STORE_TOO_NEW = "WA_ERROR_STORE_TOO_NEW";
    /// The store has no session of this name.
    507 UNKNOWN_SESSION = "WA_ERROR_UNKNOWN_SESSION";
    /// The directory of the store's file does not exist or cannot be opened; make it first.
    508 STORE_NOT_FOUND = "WA_ERROR_STORE_NOT_FOUND";
    /// The store is sealed and the configuration has no key for it; set store.seal_key.
    509 STORE_SEALED = "WA_ERROR_STORE_SEALED";
    /// The configuration has a key, and the store is in use without one; leave store.seal_key unset, or use a new store.
    510 STORE_NOT_SEALED = "WA_ERROR_STORE_NOT_SEALED";
    /// The store was sealed with another key than that of store.seal_key; set the right one. Nothing was changed.
    511 WRONG_SEAL_KEY = "WA_ERROR_WRONG_SEAL_KEY";
    /// Another process has taken the session, because this one did not renew its lease of a shared store in time; free the client, and see why the process stood still.
    512 SESSION_TAKEN = "WA_ERROR_SESSION_TAKEN";

    // 600-699: the way to the server, as seen from here.
    /// The connection to the server failed; the error's text has the step and the cause.
    600 NETWORK = "WA_ERROR_NETWORK" retry;
    /// The server's name could not be resolved; check the network.
    601 DNS = "WA_ERROR_DNS" retry;
    /// The server could not be reached; check the network and the firewall.
    602 CONNECT = "WA_ERROR_CONNECT" retry;
    /// The proxy could not be reached or refused; check proxy.url.
    603 PROXY = "WA_ERROR_PROXY" retry;
    /// The server's TLS certificate was not accepted, or TLS failed; check the clock, server.ca_file and who intercepts TLS.
    604 TLS = "WA_ERROR_TLS" retry;
    /// The server did not open a WebSocket; check server.url.
    605 UPGRADE = "WA_ERROR_UPGRADE" retry;
    /// A step of connecting took longer than its limit; try again.
    606 NETWORK_TIMEOUT = "WA_ERROR_NETWORK_TIMEOUT" retry;
    /// The connection was lost before the answer came; it is not known whether the request was carried out.
    607 CONNECTION_LOST = "WA_ERROR_CONNECTION_LOST" retry;
    /// Plain ws:// is allowed to this machine only; use wss:// in server.url.
    608 INSECURE_URL = "WA_ERROR_INSECURE_URL";
    /// The server did not prove that it is WhatsApp: its certificate chain or its handshake is wrong; the connection was not used.
    609 SERVER_NOT_TRUSTED = "WA_ERROR_SERVER_NOT_TRUSTED";
    /// The server sent what this version of the library does not understand; update the library.
    610 PROTOCOL = "WA_ERROR_PROTOCOL";

    // 700-799: what the server answered to a request.
    /// The server refused the request; the error's text has its code and words.
    700 REFUSED = "WA_ERROR_REFUSED";
    /// The server holds the request for malformed (400, 479).
    701 BAD_REQUEST = "WA_ERROR_BAD_REQUEST";
    /// The server does not allow this account to do that (401, 403, 405; 406 for a message).
    702 FORBIDDEN = "WA_ERROR_FORBIDDEN";
    /// The server does not know what was asked for (404, 410).
    703 NOT_FOUND = "WA_ERROR_NOT_FOUND";
    /// The server wants fewer requests (419, 429); wait for as long as retry_after_ms says, or some minutes if it says nothing.
    704 RATE_LIMITED = "WA_ERROR_RATE_LIMITED" retry;
    /// The server does not offer this to the account (452).
    705 FEATURE_UNAVAILABLE = "WA_ERROR_FEATURE_UNAVAILABLE";
    /// The server had a fault of its own (500 and above); try again later.
    706 SERVER_ERROR = "WA_ERROR_SERVER_ERROR" retry;
    /// The server did not answer in time; try again.
    707 REQUEST_TIMEOUT = "WA_ERROR_REQUEST_TIMEOUT" retry;

    /// No device of the recipient can be reached; check the number.
    708 NO_RECIPIENT = "WA_ERROR_NO_RECIPIENT";
    /// WhatsApp does not let this account begin new chats for a time; answer those who write, and wait.
    709 TIME_LOCKED = "WA_ERROR_TIME_LOCKED" retry;

    // 800-899: pairing. The event names the exact outcome; these are its classes.
    /// Pairing failed; the event's outcome says how, and its text what to tell the user.
    800 PAIRING_FAILED = "WA_ERROR_PAIRING_FAILED";
    /// The library's own limit for pairing codes of this number is reached; wait for as long as retry_after_ms says.
    801 PAIRING_LIMIT = "WA_ERROR_PAIRING_LIMIT" retry;
    /// The code, or all QR codes, ran out before the phone used one; ask for a new one.
    802 PAIRING_EXPIRED = "WA_ERROR_PAIRING_EXPIRED" retry;
    /// A code was typed but the phone did not finish: it was mistyped, or linking failed on the phone; ask for a new one.
    803 PHONE_DID_NOT_FINISH = "WA_ERROR_PHONE_DID_NOT_FINISH" retry;
    /// The server did not accept the request for a code; the text says whether to wait or to use a QR code.
    804 CODE_REFUSED = "WA_ERROR_CODE_REFUSED";
    /// The account wants a passkey to confirm new devices; answer with wa_answer_passkey, or use another account.
    805 PASSKEY_REQUIRED = "WA_ERROR_PASSKEY_REQUIRED";
    /// The passkey was not accepted, or took too long; start again from the phone.
    806 PASSKEY_FAILED = "WA_ERROR_PASSKEY_FAILED" retry;
    /// The server's message that finishes the pairing is not genuine; nothing was stored. Try again once, on a network you trust.
    807 PAIRING_NOT_GENUINE = "WA_ERROR_PAIRING_NOT_GENUINE";

    // 900-999: the session as a whole.
    /// The session is logged out and its keys are erased; pair again.
    900 LOGGED_OUT = "WA_ERROR_LOGGED_OUT";
    /// The same session was opened elsewhere; make sure that the program runs only once.
    901 REPLACED = "WA_ERROR_REPLACED";
    /// The server no longer accepts this version; set client.version to auto or to a newer one, or update the library.
    902 CLIENT_OUTDATED = "WA_ERROR_CLIENT_OUTDATED";
    /// The account is banned for a time; the restricted event says until when.
    903 TEMPORARILY_BANNED = "WA_ERROR_TEMPORARILY_BANNED" retry;
    /// The account is banned.
    904 ACCOUNT_BANNED = "WA_ERROR_ACCOUNT_BANNED";
    /// The account is locked, or is no longer registered on its phone; open WhatsApp on the phone.
    905 ACCOUNT_LOCKED = "WA_ERROR_ACCOUNT_LOCKED";
    /// The server did not accept how the library describes itself; update the library.
    906 CLIENT_REFUSED = "WA_ERROR_CLIENT_REFUSED";
    /// The server did not finish the login in time; the client tries again by itself.
    907 LOGIN_TIMEOUT = "WA_ERROR_LOGIN_TIMEOUT" retry;
    /// The server withdrew the link right after pairing; look at "Linked devices" on the phone, and pair again later.
    908 LINK_REVOKED = "WA_ERROR_LINK_REVOKED" retry;
    /// The server refuses this account with the newest version, too (client.version is auto); try again in some days, or link the account anew.
    909 VERSION_REFUSED = "WA_ERROR_VERSION_REFUSED";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_every_row_speaks() {
        for pair in STATUSES.windows(2) {
            assert!(pair[0].status.0 < pair[1].status.0, "{} is out of order", pair[1].name);
        }
        for row in STATUSES {
            assert_eq!(row.name.starts_with("WA_ERROR_"), row.status.is_error(), "{}", row.name);
            assert!(row.text.ends_with('.') && row.text.len() > 4, "{}", row.name);
            assert_eq!(Status::from_code(row.status.code()), Some(row.status));
            assert_eq!(STATUSES.iter().filter(|other| other.name == row.name).count(), 1);
        }
        assert_eq!(Status::from_code(99), None);
    }
}
