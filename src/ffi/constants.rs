//! Made from the tables in src/api. Do not edit: cargo run -p libwa-generator

/// The answer of a function: 0 when it is done, 1 to 99 for other answers that
/// are no errors, 100 and above for errors, in ranges by subject: 100
/// arguments, 200 state, 300 handles, 400 configuration, 500 store, 600
/// network, 700 the server's answers, 800 pairing, 900 the session. Numbers
/// are never changed.
pub type wa_status = i32;

/// Done.
pub const WA_OK: wa_status = 0;

/// No event came within the time given; poll again.
pub const WA_TIMEOUT: wa_status = 1;

/// The waiting poll was woken by wa_queue_wake; look at what you woke it for.
pub const WA_WOKEN: wa_status = 2;

/// The queue is closed and every event has been taken; stop polling it.
pub const WA_CLOSED: wa_status = 3;

/// An argument is NULL, negative or out of range where it may not be; the
/// error's key names the argument.
pub const WA_ERROR_INVALID_ARGUMENT: wa_status = 100;

/// A text is not valid UTF-8; the error's key names the argument.
pub const WA_ERROR_INVALID_UTF8: wa_status = 101;

/// A text or block of bytes is longer than is allowed for this argument; the
/// error's text says how long it may be.
pub const WA_ERROR_TOO_LONG: wa_status = 102;

/// The phone number is not in international form; the error's text says which
/// rule it breaks.
pub const WA_ERROR_INVALID_PHONE_NUMBER: wa_status = 103;

/// The custom pairing code is not eight characters of the pairing alphabet
/// (1-9 and A-Z without I, O and U).
pub const WA_ERROR_INVALID_PAIRING_CODE: wa_status = 104;

/// A text that must be JSON is not; the error's text says where it stops being
/// so.
pub const WA_ERROR_INVALID_JSON: wa_status = 105;

/// There is no method of this name; METHODS.md and wa_reference_json list them
/// all.
pub const WA_ERROR_UNKNOWN_METHOD: wa_status = 106;

/// A parameter of the method is missing, unknown or of the wrong kind; the
/// error's key names it.
pub const WA_ERROR_INVALID_PARAMETER: wa_status = 107;

/// The library came upon a fault of its own and stopped the call or the
/// client; please report it, with the error's text.
pub const WA_ERROR_PANIC: wa_status = 108;

/// The operating system refused a resource such as a thread or memory; free
/// some and try again.
pub const WA_ERROR_SYSTEM: wa_status = 109;

/// The process has no file descriptor left; raise its limit or close some,
/// then try again.
pub const WA_ERROR_TOO_MANY_FILES: wa_status = 110;

/// The address is no JID and no phone number; use the chat of an event, a
/// number with its country code, or a JID.
pub const WA_ERROR_INVALID_JID: wa_status = 111;

/// The message cannot be sent as it is; the error's text says what is wrong
/// with it.
pub const WA_ERROR_INVALID_MESSAGE: wa_status = 112;

/// Messages cannot be sent to an address of this kind; send to a person or to
/// a group.
pub const WA_ERROR_UNSUPPORTED_CHAT: wa_status = 113;

/// The call does not fit the state the object is in; the error's text says
/// what state it needs.
pub const WA_ERROR_INVALID_STATE: wa_status = 200;

/// There is no connection to the server, or the login is not complete; call
/// wa_client_connect if that was not done, and wait for `ready`, or for
/// `connection` if the session is not linked.
pub const WA_ERROR_NOT_CONNECTED: wa_status = 201;

/// The session is linked to an account already; log out first, or use another
/// session.id.
pub const WA_ERROR_ALREADY_LINKED: wa_status = 202;

/// The session is not linked to an account; pair it first.
pub const WA_ERROR_NOT_LINKED: wa_status = 203;

/// A pairing is under way already; finish it with the code shown, or cancel it
/// first.
pub const WA_ERROR_PAIRING_OUTSTANDING: wa_status = 204;

/// This client never made a request of this number; take the number from the
/// call that made it.
pub const WA_ERROR_UNKNOWN_REQUEST: wa_status = 205;

/// The client is closed or closing; make a new one.
pub const WA_ERROR_CLIENT_CLOSED: wa_status = 206;

/// The request was cancelled before it was answered; make it again if it is
/// still wanted.
pub const WA_ERROR_CANCELLED: wa_status = 207;

/// Too many requests of this client wait for an answer; take some answers
/// first.
pub const WA_ERROR_TOO_MANY_REQUESTS: wa_status = 208;

/// The handle is NULL, freed, of another kind, or was never one; check who
/// freed it.
pub const WA_ERROR_INVALID_HANDLE: wa_status = 300;

/// The process is a forked child of the one that made the handles; make
/// clients only after the fork.
pub const WA_ERROR_FORKED: wa_status = 301;

/// There are more live handles than the library can number; free some.
pub const WA_ERROR_TOO_MANY_HANDLES: wa_status = 302;

/// There is no configuration key of this name; CONFIGURATION.md and
/// wa_reference_json list them all.
pub const WA_ERROR_UNKNOWN_KEY: wa_status = 400;

/// The value does not fit the configuration key; the error's text names key,
/// value and the allowed range.
pub const WA_ERROR_BAD_VALUE: wa_status = 401;

/// Two configuration values contradict each other; the error's text names both
/// keys.
pub const WA_ERROR_CONFIG_CONFLICT: wa_status = 402;

/// The store could not be read or written; the error's text has the cause.
pub const WA_ERROR_STORE: wa_status = 500;

/// Another process uses this store; stop that process, or give this one a
/// store of its own.
pub const WA_ERROR_STORE_LOCKED: wa_status = 501;

/// Another client uses this session; free that client first, or use another
/// session.id. If it is a client of another process, the error's
/// retry_after_ms says when its lease ends.
pub const WA_ERROR_SESSION_IN_USE: wa_status = 502;

/// The store is damaged; move all its files away and pair again, and put a
/// copy back only with `session.restored`.
pub const WA_ERROR_STORE_CORRUPT: wa_status = 503;

/// The store's file or directory cannot be written; change its permissions.
pub const WA_ERROR_STORE_READ_ONLY: wa_status = 504;

/// There is no room for the store: its disk is full, a quota is used up, or
/// its file may not grow; make room, then try again.
pub const WA_ERROR_STORE_FULL: wa_status = 505;

/// The store was written by a newer version of the library; update the
/// library.
pub const WA_ERROR_STORE_TOO_NEW: wa_status = 506;

/// The store has no session of this name.
pub const WA_ERROR_UNKNOWN_SESSION: wa_status = 507;

/// The directory of the store's file does not exist or cannot be opened; make
/// it first.
pub const WA_ERROR_STORE_NOT_FOUND: wa_status = 508;

/// The store is sealed and the configuration has no key for it; set
/// store.seal_key.
pub const WA_ERROR_STORE_SEALED: wa_status = 509;

/// The configuration has a key, and the store is in use without one; leave
/// store.seal_key unset, or use a new store.
pub const WA_ERROR_STORE_NOT_SEALED: wa_status = 510;

/// The store was sealed with another key than that of store.seal_key; set the
/// right one. Nothing was changed.
pub const WA_ERROR_WRONG_SEAL_KEY: wa_status = 511;

/// Another process has taken the session, because this one did not renew its
/// lease of a shared store in time; free the client, and see why the process
/// stood still.
pub const WA_ERROR_SESSION_TAKEN: wa_status = 512;

/// The connection to the server failed; the error's text has the step and the
/// cause.
pub const WA_ERROR_NETWORK: wa_status = 600;

/// The server's name could not be resolved; check the network.
pub const WA_ERROR_DNS: wa_status = 601;

/// The server could not be reached; check the network and the firewall.
pub const WA_ERROR_CONNECT: wa_status = 602;

/// The proxy could not be reached or refused; check proxy.url.
pub const WA_ERROR_PROXY: wa_status = 603;

/// The server's TLS certificate was not accepted, or TLS failed; check the
/// clock, server.ca_file and who intercepts TLS.
pub const WA_ERROR_TLS: wa_status = 604;

/// The server did not open a WebSocket; check server.url.
pub const WA_ERROR_UPGRADE: wa_status = 605;

/// A step of connecting took longer than its limit; try again.
pub const WA_ERROR_NETWORK_TIMEOUT: wa_status = 606;

/// The connection was lost before the answer came; it is not known whether the
/// request was carried out.
pub const WA_ERROR_CONNECTION_LOST: wa_status = 607;

/// Plain ws:// is allowed to this machine only; use wss:// in server.url.
pub const WA_ERROR_INSECURE_URL: wa_status = 608;

/// The server did not prove that it is WhatsApp: its certificate chain or its
/// handshake is wrong; the connection was not used.
pub const WA_ERROR_SERVER_NOT_TRUSTED: wa_status = 609;

/// The server sent what this version of the library does not understand;
/// update the library.
pub const WA_ERROR_PROTOCOL: wa_status = 610;

/// The server refused the request; the error's text has its code and words.
pub const WA_ERROR_REFUSED: wa_status = 700;

/// The server holds the request for malformed (400, 479).
pub const WA_ERROR_BAD_REQUEST: wa_status = 701;

/// The server does not allow this account to do that (401, 403, 405; 406 for a
/// message).
pub const WA_ERROR_FORBIDDEN: wa_status = 702;

/// The server does not know what was asked for (404, 410).
pub const WA_ERROR_NOT_FOUND: wa_status = 703;

/// The server wants fewer requests (419, 429); wait for as long as
/// retry_after_ms says, or some minutes if it says nothing.
pub const WA_ERROR_RATE_LIMITED: wa_status = 704;

/// The server does not offer this to the account (452).
pub const WA_ERROR_FEATURE_UNAVAILABLE: wa_status = 705;

/// The server had a fault of its own (500 and above); try again later.
pub const WA_ERROR_SERVER_ERROR: wa_status = 706;

/// The server did not answer in time; try again.
pub const WA_ERROR_REQUEST_TIMEOUT: wa_status = 707;

/// No device of the recipient can be reached; check the number.
pub const WA_ERROR_NO_RECIPIENT: wa_status = 708;

/// WhatsApp does not let this account begin new chats for a time; answer those
/// who write, and wait.
pub const WA_ERROR_TIME_LOCKED: wa_status = 709;

/// Pairing failed; the event's outcome says how, and its text what to tell the
/// user.
pub const WA_ERROR_PAIRING_FAILED: wa_status = 800;

/// The library's own limit for pairing codes of this number is reached; wait
/// for as long as retry_after_ms says.
pub const WA_ERROR_PAIRING_LIMIT: wa_status = 801;

/// The code, or all QR codes, ran out before the phone used one; ask for a new
/// one.
pub const WA_ERROR_PAIRING_EXPIRED: wa_status = 802;

/// A code was typed but the phone did not finish: it was mistyped, or linking
/// failed on the phone; ask for a new one.
pub const WA_ERROR_PHONE_DID_NOT_FINISH: wa_status = 803;

/// The server did not accept the request for a code; the text says whether to
/// wait or to use a QR code.
pub const WA_ERROR_CODE_REFUSED: wa_status = 804;

/// The account wants a passkey to confirm new devices; answer with
/// wa_answer_passkey, or use another account.
pub const WA_ERROR_PASSKEY_REQUIRED: wa_status = 805;

/// The passkey was not accepted, or took too long; start again from the phone.
pub const WA_ERROR_PASSKEY_FAILED: wa_status = 806;

/// The server's message that finishes the pairing is not genuine; nothing was
/// stored. Try again once, on a network you trust.
pub const WA_ERROR_PAIRING_NOT_GENUINE: wa_status = 807;

/// The session is logged out and its keys are erased; pair again.
pub const WA_ERROR_LOGGED_OUT: wa_status = 900;

/// The same session was opened elsewhere; make sure that the program runs only
/// once.
pub const WA_ERROR_REPLACED: wa_status = 901;

/// The server no longer accepts this version; set client.version to auto or to
/// a newer one, or update the library.
pub const WA_ERROR_CLIENT_OUTDATED: wa_status = 902;

/// The account is banned for a time; the restricted event says until when.
pub const WA_ERROR_TEMPORARILY_BANNED: wa_status = 903;

/// The account is banned.
pub const WA_ERROR_ACCOUNT_BANNED: wa_status = 904;

/// The account is locked, or is no longer registered on its phone; open
/// WhatsApp on the phone.
pub const WA_ERROR_ACCOUNT_LOCKED: wa_status = 905;

/// The server did not accept how the library describes itself; update the
/// library.
pub const WA_ERROR_CLIENT_REFUSED: wa_status = 906;

/// The server did not finish the login in time; the client tries again by
/// itself.
pub const WA_ERROR_LOGIN_TIMEOUT: wa_status = 907;

/// The server withdrew the link right after pairing; look at "Linked devices"
/// on the phone, and pair again later.
pub const WA_ERROR_LINK_REVOKED: wa_status = 908;

/// The server refuses this account with the newest version, too
/// (client.version is auto); try again in some days, or link the account anew.
pub const WA_ERROR_VERSION_REFUSED: wa_status = 909;

/// Event `connection`: The connection changed its state.
pub const WA_EVENT_CONNECTION: u32 = 100;

/// Event `ready`: The session is linked, logged in and ready for use. Comes
/// after every login.
pub const WA_EVENT_READY: u32 = 101;

/// Event `logged_out`: The session was logged out and its keys are erased. The
/// result of a logout comes before it; `closed` follows, and results of
/// requests that came too late.
pub const WA_EVENT_LOGGED_OUT: u32 = 102;

/// Event `restricted`: The server restricts the account or the client.
pub const WA_EVENT_RESTRICTED: u32 = 103;

/// Event `pairing.code`: A pairing code that the server has accepted: show it
/// to the user.
pub const WA_EVENT_PAIRING_CODE: u32 = 200;

/// Event `pairing.qr`: A QR code to show. Each one replaces the one before.
pub const WA_EVENT_PAIRING_QR: u32 = 201;

/// Event `pairing.progress`: A pairing went one step on.
pub const WA_EVENT_PAIRING_PROGRESS: u32 = 202;

/// Event `pairing.expired`: A code ended unused, or all QR codes were shown.
pub const WA_EVENT_PAIRING_EXPIRED: u32 = 203;

/// Event `pairing.error`: A pairing failed, or an attempt of it did.
pub const WA_EVENT_PAIRING_ERROR: u32 = 204;

/// Event `pairing.passkey`: The account wants a passkey to confirm this
/// device.
pub const WA_EVENT_PAIRING_PASSKEY: u32 = 205;

/// Event `pairing.success`: The phone linked this device. `ready` follows
/// after the first login.
pub const WA_EVENT_PAIRING_SUCCESS: u32 = 206;

/// Event `message`: A message came: from a person, in a group, or from another
/// device of this account.
pub const WA_EVENT_MESSAGE: u32 = 300;

/// Event `message.unreadable`: A message came that cannot be read. If it can
/// be read later, `message` brings it.
pub const WA_EVENT_MESSAGE_UNREADABLE: u32 = 301;

/// Event `message.waiting`: A message that was to be sent waits for its turn.
/// Its request goes on, and can be cancelled.
pub const WA_EVENT_MESSAGE_WAITING: u32 = 302;

/// Event `receipt`: Messages were delivered or read.
pub const WA_EVENT_RECEIPT: u32 = 310;

/// Event `chat.activity`: A person is writing or recording, or stopped.
pub const WA_EVENT_CHAT_ACTIVITY: u32 = 320;

/// Event `presence`: A person came online or went, as far as they show it.
/// Asked for with `presence.subscribe`.
pub const WA_EVENT_PRESENCE: u32 = 321;

/// Event `group.update`: A group changed: its members, its name, its settings.
pub const WA_EVENT_GROUP_UPDATE: u32 = 330;

/// Event `call`: A person calls. Calls cannot be taken here.
pub const WA_EVENT_CALL: u32 = 340;

/// Event `identity.changed`: A person has a new identity key: a new phone, or
/// a new installation. Their messages are still encrypted end to end.
pub const WA_EVENT_IDENTITY_CHANGED: u32 = 350;

/// Event `result`: The one answer to a request.
pub const WA_EVENT_RESULT: u32 = 400;

/// Event `overflow`: Events were dropped because nobody took them; stands
/// where the first of them stood.
pub const WA_EVENT_OVERFLOW: u32 = 500;

/// Event `log`: A line of the library's log; see the key `log.level`.
pub const WA_EVENT_LOG: u32 = 501;

/// Event `closed`: The client is closed. Always its last event.
pub const WA_EVENT_CLOSED: u32 = 502;
