//! The table of events: one struct for each type, with its fields, from which JSON, pages and C constants are made.
//!
//! Numbers go in ranges by subject, with room: 100 the session, 200 pairing, 300 messages, 400 requests, 500 the
//! library itself. They are never renumbered.

use super::content::MessageContent;
use super::content_objects::QuotedMessage;
use super::enums::*;
use super::event::{EventInfo, EventKind, Keep};
use super::field::{FieldInfo, FieldType, Hidden};
use super::status::Status;
use serde_json::Value;
use std::borrow::Cow;

macro_rules! events {
    ($(
        $(#[doc = $doc:literal])+
        $number:literal $name:literal = $constant:literal, $keep:ident, $since:literal,
        $body:ident { $($(#[doc = $fdoc:literal])+ $field:ident: $type:ty,)* }
    )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, serde::Deserialize)]
            pub struct $body { $($(#[doc = $fdoc])+ pub $field: $type,)* }

            impl $body {
                const FIELDS: &'static [FieldInfo] = &[$(FieldInfo::of::<$type>(stringify!($field), concat!($($fdoc),+)),)*];

                fn sample() -> Body {
                    Body::$body($body { $($field: <$type as FieldType>::sample(),)* })
                }
            }

            impl From<$body> for Body {
                fn from(body: $body) -> Body { Body::$body(body) }
            }
        )+

        /// What an event says: one variant for each type.
        #[derive(Debug, Clone)]
        pub enum Body { $($(#[doc = $doc])+ $body($body),)+ }

        impl Body {
            /// What kind of event this is.
            pub fn kind(&self) -> EventKind {
                match self { $(Body::$body(_) => EventKind::new($number),)+ }
            }

            /// What becomes of it when nobody takes it.
            pub fn keep(&self) -> Keep {
                match self { $(Body::$body(_) => Keep::$keep,)+ }
            }

            /// The body of that kind as it was written by `serialize_fields`, from a JSON object that may hold more.
            pub(super) fn from_json(kind: EventKind, json: Value) -> Option<Body> {
                match kind.number() {
                    $($number => serde_json::from_value(json).ok().map(Body::$body),)+
                    _ => None,
                }
            }

            pub(super) fn serialize_fields<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                match self {
                    $(Body::$body(body) => { $(map.serialize_entry(stringify!($field), &body.$field)?;)* let _ = body; })+
                }
                Ok(())
            }
        }

        /// Every event there is, in the order of the numbers.
        pub static EVENTS: &[EventInfo] = &[$(EventInfo {
            kind: EventKind::new($number),
            name: $name,
            constant: $constant,
            keep: Keep::$keep,
            since: $since,
            sentence: concat!($($doc),+).trim_ascii(),
            fields: $body::FIELDS,
            sample: $body::sample,
        },)+];
    };
}

events! {
    /// The connection changed its state.
    100 "connection" = "WA_EVENT_CONNECTION", Droppable, "0.1.0",
    Connection {
        /// Where the connection stands now.
        state: ConnectionState,
        /// Why, as a stable word, when it was lost or given up.
        reason: Option<Cow<'static, str>>,
        /// Why, as a status code; 0 when nothing went wrong, also when the host asked for it.
        status: Status,
        /// Why, in a sentence for the programmer.
        text: Option<Cow<'static, str>>,
        /// Whether the connection is given up: no attempt follows before wa_client_connect is called again. Whatever waits for the connection can end then, with `status`, or with WA_ERROR_NOT_CONNECTED if that is 0.
        is_final: bool,
        /// Whether an attempt can succeed as things are. False when a person has to mend something first; `text` says what.
        retryable: bool,
        /// Time until the next attempt, when reconnecting.
        retry_in_ms: Option<u32>,
        /// Which attempt to connect this is, or was, counted from 1 since the last login; 0 after a login, until the next attempt.
        attempt: u32,
    }

    /// The session is linked, logged in and ready for use. Comes after every login.
    101 "ready" = "WA_EVENT_READY", Droppable, "0.1.0",
    Ready {
        /// The device's own JID.
        jid: String,
        /// The device's own LID, if the server named it.
        lid: Option<String>,
        /// The account's phone number, digits only.
        phone: String,
        /// The user's name as contacts see it, if the server has told it.
        name: Option<Hidden>,
        /// Whether this is the first login since pairing.
        first_login: bool,
    }

    /// The session was logged out and its keys are erased. The last event before `closed`.
    102 "logged_out" = "WA_EVENT_LOGGED_OUT", Durable, "0.1.0",
    LoggedOut {
        /// Who ended it.
        reason: LogoutReason,
        /// What to tell the user.
        user_text: Cow<'static, str>,
        /// What the server said about it, if anything.
        text: Option<String>,
        /// Whether the phone may still list the device, because the server could not be told.
        may_be_listed: bool,
    }

    /// The server restricts the account or the client.
    103 "restricted" = "WA_EVENT_RESTRICTED", Durable, "0.1.0",
    Restricted {
        /// What kind of restriction it is.
        kind: RestrictionKind,
        /// What it holds for.
        scope: RestrictionScope,
        /// When it begins, if that is not now.
        starts_at_ms: Option<i64>,
        /// When it ends, if the server said so.
        ends_at_ms: Option<i64>,
        /// The server's own number for the cause, if it gave one.
        code: Option<u32>,
        /// What to tell the user.
        user_text: Cow<'static, str>,
    }

    /// A pairing code that the server has accepted: show it to the user.
    200 "pairing.code" = "WA_EVENT_PAIRING_CODE", Waits, "0.1.0",
    PairingCode {
        /// The eight characters.
        code: Hidden,
        /// The same in two groups, as the phone shows the entry: `ABCD-EFGH`.
        display: Hidden,
        /// When it stops being accepted.
        expires_at_ms: i64,
        /// Time left when the event was made.
        expires_in_ms: u32,
        /// Whether the host chose it.
        custom: bool,
        /// 1 for the first code of the request, more for those that automatic refresh brought.
        generation: u32,
    }

    /// A QR code to show. Each one replaces the one before.
    201 "pairing.qr" = "WA_EVENT_PAIRING_QR", Droppable, "0.1.0",
    PairingQr {
        /// The text to encode; wa_event_qr_image draws it.
        payload: Hidden,
        /// When the next one comes, or the last one ends.
        expires_at_ms: i64,
        /// Time left when the event was made.
        expires_in_ms: u32,
        /// Its number in the series, from 1.
        index: u32,
        /// How many the series has.
        of: u32,
        /// Whether it replaces one that was still valid, because the server asked for a fresh secret.
        updated: bool,
    }

    /// A pairing went one step on.
    202 "pairing.progress" = "WA_EVENT_PAIRING_PROGRESS", Droppable, "0.1.0",
    PairingProgress {
        /// The step reached.
        stage: PairingStage,
        /// By code, QR or passkey.
        method: PairingMethod,
        /// What to tell the user.
        user_text: Cow<'static, str>,
    }

    /// A code ended unused, or all QR codes were shown.
    203 "pairing.expired" = "WA_EVENT_PAIRING_EXPIRED", Waits, "0.1.0",
    PairingExpired {
        /// The named outcome.
        outcome: Cow<'static, str>,
        /// Where it ended.
        stage: OutcomeStage,
        /// By code, QR or passkey.
        method: PairingMethod,
        /// The outcome's class as a status code.
        status: Status,
        /// What to tell the user.
        user_text: Cow<'static, str>,
        /// Whether asking again can help.
        retryable: bool,
        /// How long to wait before that.
        retry_after_ms: u32,
        /// Whether a new code comes by itself: the request goes on.
        refreshing: bool,
    }

    /// A pairing failed, or an attempt of it did.
    204 "pairing.error" = "WA_EVENT_PAIRING_ERROR", Waits, "0.1.0",
    PairingError {
        /// The named outcome.
        outcome: Cow<'static, str>,
        /// Where it ended.
        stage: OutcomeStage,
        /// By code, QR or passkey.
        method: PairingMethod,
        /// The outcome's class as a status code.
        status: Status,
        /// What to tell the user.
        user_text: Cow<'static, str>,
        /// What the programmer wants to know beside that.
        text: Option<Cow<'static, str>>,
        /// Whether asking again can help.
        retryable: bool,
        /// How long to wait before that.
        retry_after_ms: u32,
        /// The server's error code, if it gave one.
        server_code: Option<u32>,
        /// Whether the library tries again by itself: the request goes on.
        refreshing: bool,
    }

    /// The account wants a passkey to confirm this device.
    205 "pairing.passkey" = "WA_EVENT_PAIRING_PASSKEY", Waits, "0.1.0",
    PairingPasskey {
        /// What is wanted from the host.
        step: PasskeyStep,
        /// The WebAuthn request options, as JSON text, for the step `required`.
        options: Option<Hidden>,
        /// The code to compare with the phone, in two groups, for the step `confirm`.
        display: Option<Hidden>,
        /// When the exchange is given up.
        expires_at_ms: i64,
    }

    /// The phone linked this device. `ready` follows after the first login.
    206 "pairing.success" = "WA_EVENT_PAIRING_SUCCESS", Waits, "0.1.0",
    PairingSuccess {
        /// The device's own JID.
        jid: String,
        /// The device's own LID, if the server named it.
        lid: Option<String>,
        /// The account's phone number, digits only.
        phone: String,
        /// The phone's platform as it names itself, such as `android`.
        platform: Option<String>,
        /// The name of the business, for business accounts.
        business_name: Option<String>,
        /// By code, QR or passkey.
        method: PairingMethod,
    }

    /// A message came: from a person, in a group, or from another device of this account.
    300 "message" = "WA_EVENT_MESSAGE", Durable, "0.1.0",
    Message {
        /// Its id, unique per chat and sender.
        message_id: String,
        /// The conversation's JID: a person, a group, a channel. What answers it goes there. A conversation with a person may come under the person's LID and under the phone number: `chat_phone` is the same in both.
        chat: String,
        /// The phone number of the person that the conversation is with, digits only, if it is known; null in a group.
        chat_phone: Option<String>,
        /// The sender's JID.
        sender: String,
        /// The sender's phone number, digits only, if it is known.
        sender_phone: Option<String>,
        /// Whether this account sent it, from another of its devices.
        from_me: bool,
        /// Whether the conversation is a group.
        is_group: bool,
        /// The server's time for it.
        sent_at_ms: i64,
        /// The name that the sender gives himself.
        push_name: Option<Hidden>,
        /// What it is: `text`, `image`, `reaction`, `poll`, `edit`, `delete` and so on; `unknown` for a type that this version does not know. EVENTS.md lists all kinds under "Contents of messages". A message without content, which brings keys or context alone, is not told.
        kind: Cow<'static, str>,
        /// The text, or the caption; of a reaction the emoji, of an edit the new text.
        text: Option<Hidden>,
        /// The message that it answers; null if it answers none.
        quoted: Option<Box<QuotedMessage>>,
        /// The JIDs that are mentioned.
        mentions: Vec<String>,
        /// What belongs to its kind, as an object: the options of a poll, a place, the `target` of a reaction. EVENTS.md lists the keys of each kind under "Contents of messages".
        content: MessageContent,
        /// Whether it waited at the server while this device was offline.
        offline: bool,
        /// Whether it was encrypted for an identity that its sender has given up since.
        old_identity: bool,
        /// The serialised protobuf message, base64, for kinds that have more to them than these fields.
        raw: Option<Hidden>,
    }

    /// A message came that cannot be read. If it can be read later, `message` brings it.
    301 "message.unreadable" = "WA_EVENT_MESSAGE_UNREADABLE", Droppable, "0.1.0",
    MessageUnreadable {
        /// Its id.
        message_id: String,
        /// The conversation's JID.
        chat: String,
        /// The phone number of the person that the conversation is with, digits only, if it is known; null in a group.
        chat_phone: Option<String>,
        /// The sender's JID.
        sender: String,
        /// The sender's phone number, digits only, if it is known.
        sender_phone: Option<String>,
        /// Whether this account sent it, from another of its devices.
        from_me: bool,
        /// The server's time for it.
        sent_at_ms: i64,
        /// Why.
        reason: UnreadableReason,
        /// How often it was asked for again.
        retries: u32,
        /// Whether it may still come. If so, either `message` follows or this event once more, with false, within two weeks.
        pending: bool,
        /// Whether the sender wants nothing shown in its place.
        hidden: bool,
    }

    /// A message that was to be sent waits for its turn. Its request goes on, and can be cancelled.
    302 "message.waiting" = "WA_EVENT_MESSAGE_WAITING", Droppable, "0.1.0",
    MessageWaiting {
        /// Its id.
        message_id: String,
        /// Where it goes.
        chat: String,
        /// Why it waits.
        reason: WaitReason,
        /// When it goes out, if nothing comes in between.
        due_at_ms: i64,
    }

    /// Messages were delivered or read.
    310 "receipt" = "WA_EVENT_RECEIPT", Durable, "0.1.0",
    Receipt {
        /// The conversation's JID.
        chat: String,
        /// The phone number of the person that the conversation is with, digits only, if it is known; null in a group.
        chat_phone: Option<String>,
        /// Whose receipt it is.
        sender: String,
        /// The phone number of that person, digits only, if it is known.
        sender_phone: Option<String>,
        /// Whether this account did it, on another device.
        from_me: bool,
        /// What was done.
        receipt: ReceiptKind,
        /// The ids of the messages.
        message_ids: Vec<String>,
        /// When.
        seen_at_ms: i64,
    }

    /// Somebody is writing or recording, or stopped.
    320 "chat.activity" = "WA_EVENT_CHAT_ACTIVITY", Droppable, "0.1.0",
    ChatActivityChanged {
        /// The conversation's JID.
        chat: String,
        /// The phone number of the person that the conversation is with, digits only, if it is known; null in a group.
        chat_phone: Option<String>,
        /// Who.
        sender: String,
        /// The phone number of that person, digits only, if it is known.
        sender_phone: Option<String>,
        /// What.
        activity: ChatActivity,
    }

    /// Somebody came online or went, as far as they show it. Asked for with `presence.subscribe`.
    321 "presence" = "WA_EVENT_PRESENCE", Droppable, "0.1.0",
    Presence {
        /// Who.
        sender: String,
        /// The phone number of that person, digits only, if it is known.
        sender_phone: Option<String>,
        /// Whether they are there.
        available: bool,
        /// When they were there last, if they show it.
        last_seen_at_ms: Option<i64>,
    }

    /// A group changed: its members, its name, its settings.
    330 "group.update" = "WA_EVENT_GROUP_UPDATE", Bounded, "0.1.0",
    GroupUpdate {
        /// The group's JID.
        chat: String,
        /// Who changed it, if the server says.
        sender: Option<String>,
        /// The phone number of that person, digits only, if it is known.
        sender_phone: Option<String>,
        /// What changed, as a word: `add`, `remove`, `subject` and so on.
        change: Cow<'static, str>,
        /// The members concerned, as JIDs.
        members: Vec<String>,
        /// Their phone numbers, digits only, in the same order; an empty text for one that is not known.
        member_phones: Vec<String>,
        /// The new value, where the change has one.
        text: Option<Hidden>,
        /// When.
        changed_at_ms: i64,
    }

    /// Somebody calls. Calls cannot be taken here.
    340 "call" = "WA_EVENT_CALL", Bounded, "0.1.0",
    Call {
        /// The call's id.
        call_id: String,
        /// Who calls.
        sender: String,
        /// The caller's phone number, digits only, if the server says it.
        sender_phone: Option<String>,
        /// What happened to it.
        stage: CallStage,
        /// Whether it is a video call.
        video: bool,
        /// The group, if it is a call in one.
        chat: Option<String>,
        /// When.
        called_at_ms: i64,
    }

    /// A person has a new identity key: a new phone, or a new installation. Their messages are still encrypted end to end.
    350 "identity.changed" = "WA_EVENT_IDENTITY_CHANGED", Bounded, "0.1.0",
    IdentityChanged {
        /// Whose.
        sender: String,
        /// The phone number of that person, digits only, if it is known.
        sender_phone: Option<String>,
        /// The number of the device.
        device: u32,
    }

    /// The one answer to a request.
    400 "result" = "WA_EVENT_RESULT", Waits, "0.1.0",
    RequestResult {
        /// What was asked for: `pairing.code`, `pairing.qr`, `pairing.passkey`, `session.logout`, or the method of wa_call.
        method: Cow<'static, str>,
        /// WA_OK, or why it failed.
        status: Status,
        /// The name of that status.
        name: Cow<'static, str>,
        /// Why it failed, and what to do.
        text: Option<Cow<'static, str>>,
        /// The parameter or key concerned.
        key: Option<String>,
        /// Whether asking again can help.
        retryable: bool,
        /// How long to wait before that.
        retry_after_ms: u32,
        /// What the method gives, when it succeeded.
        result: Value,
    }

    /// Events were dropped because nobody took them; stands where the first of them stood.
    500 "overflow" = "WA_EVENT_OVERFLOW", Waits, "0.1.0",
    Overflow {
        /// How many were dropped.
        count: u64,
    }

    /// A line of the library's log; see the key `log.level`.
    501 "log" = "WA_EVENT_LOG", Droppable, "0.1.0",
    Log {
        /// How much it matters.
        level: LogLevel,
        /// The part of the library it comes from.
        target: Cow<'static, str>,
        /// The line. It holds no secret, and phone numbers are masked.
        text: String,
    }

    /// The client is closed. Always its last event.
    502 "closed" = "WA_EVENT_CLOSED", Waits, "0.1.0",
    Closed {
        /// Why.
        reason: CloseReason,
        /// Why, as a status code; 0 when the host wished it.
        status: Status,
        /// Why, in a sentence for the programmer.
        text: Option<Cow<'static, str>>,
    }
}

impl RequestResult {
    /// The answer to a request that succeeded.
    pub fn ok(method: impl Into<Cow<'static, str>>, result: Value) -> Self {
        let status = Status::OK;
        let name = Cow::Borrowed(status.name());
        RequestResult {
            method: method.into(),
            status,
            name,
            text: None,
            key: None,
            retryable: false,
            retry_after_ms: 0,
            result,
        }
    }

    /// The answer to a request that failed.
    pub fn failed(method: impl Into<Cow<'static, str>>, error: super::Error) -> Self {
        RequestResult {
            method: method.into(),
            status: error.status,
            name: Cow::Borrowed(error.status.name()),
            text: Some(Cow::Owned(error.text)),
            key: error.key,
            retryable: error.retryable,
            retry_after_ms: error.retry_after_ms,
            result: Value::Null,
        }
    }
}
