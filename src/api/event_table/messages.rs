//! Events of messages, chats and people.

/// Adds the events of this file, behind those that came before, and goes on with the files that are left.
macro_rules! messages_events {
    ($left:tt $($before:tt)*) => { gather! { $left $($before)*

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
            /// Set if this account sent it, from another of its devices.
            from_me: bool,
            /// Set if the conversation is a group.
            is_group: bool,
            /// The server's time for it.
            sent_at_ms: i64,
            /// The name that the sender gives himself.
            push_name: Option<Hidden>,
            /// The kind of the message: `text`, `image`, `reaction`, `poll`, `edit`, `delete` and so on; `unknown` for a type that this version does not know. EVENTS.md lists all kinds under "Contents of messages". A message without content, which brings keys or context alone, is not told.
            kind: Cow<'static, str>,
            /// The text, or the caption; of a reaction the emoji, of an edit the new text.
            text: Option<Hidden>,
            /// The message that it answers; null if it answers none.
            quoted: Option<Box<QuotedMessage>>,
            /// The JIDs that are mentioned.
            mentions: Vec<String>,
            /// The details of its kind, as an object: the options of a poll, a place, the `target` of a reaction. EVENTS.md lists the keys of each kind under "Contents of messages".
            content: MessageContent,
            /// Set if it waited at the server while this device was offline.
            offline: bool,
            /// Set if it was encrypted for an identity that its sender has given up since.
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
            /// Set if this account sent it, from another of its devices.
            from_me: bool,
            /// The server's time for it.
            sent_at_ms: i64,
            /// The reason.
            reason: UnreadableReason,
            /// The number of times it was asked for again.
            retries: u32,
            /// Set if it may still come. If so, either `message` follows or this event once more, with false, within two weeks.
            pending: bool,
            /// Set if the sender wants nothing shown in its place.
            hidden: bool,
        }

        /// A message that was to be sent waits for its turn. Its request goes on, and can be cancelled.
        302 "message.waiting" = "WA_EVENT_MESSAGE_WAITING", Droppable, "0.1.0",
        MessageWaiting {
            /// Its id.
            message_id: String,
            /// The chat that it goes to.
            chat: String,
            /// The reason why it waits.
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
            /// The person whose receipt it is.
            sender: String,
            /// The phone number of that person, digits only, if it is known.
            sender_phone: Option<String>,
            /// Set if this account did it, on another device.
            from_me: bool,
            /// The kind of the receipt.
            receipt: ReceiptKind,
            /// The ids of the messages.
            message_ids: Vec<String>,
            /// When.
            seen_at_ms: i64,
        }

        /// A person is writing or recording, or stopped.
        320 "chat.activity" = "WA_EVENT_CHAT_ACTIVITY", Droppable, "0.1.0",
        ChatActivityChanged {
            /// The conversation's JID.
            chat: String,
            /// The phone number of the person that the conversation is with, digits only, if it is known; null in a group.
            chat_phone: Option<String>,
            /// The person's JID.
            sender: String,
            /// The phone number of that person, digits only, if it is known.
            sender_phone: Option<String>,
            /// The activity.
            activity: ChatActivity,
        }

        /// A person came online or went, as far as they show it. Asked for with `presence.subscribe`.
        321 "presence" = "WA_EVENT_PRESENCE", Droppable, "0.1.0",
        Presence {
            /// The person's JID.
            sender: String,
            /// The phone number of that person, digits only, if it is known.
            sender_phone: Option<String>,
            /// Set if they are there.
            available: bool,
            /// When they were there last, if they show it.
            last_seen_at_ms: Option<i64>,
        }

        /// A group changed: its members, its name, its settings.
        330 "group.update" = "WA_EVENT_GROUP_UPDATE", Bounded, "0.1.0",
        GroupUpdate {
            /// The group's JID.
            chat: String,
            /// The person who changed it, if the server says.
            sender: Option<String>,
            /// The phone number of that person, digits only, if it is known.
            sender_phone: Option<String>,
            /// The change, as a word: `add`, `remove`, `subject` and so on.
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

        /// A person calls. Calls cannot be taken here.
        340 "call" = "WA_EVENT_CALL", Bounded, "0.1.0",
        Call {
            /// The call's id.
            call_id: String,
            /// The caller's JID.
            sender: String,
            /// The caller's phone number, digits only, if the server says it.
            sender_phone: Option<String>,
            /// The stage of the call.
            stage: CallStage,
            /// Set if it is a video call.
            video: bool,
            /// The group, if it is a call in one.
            chat: Option<String>,
            /// When.
            called_at_ms: i64,
        }

        /// A person has a new identity key: a new phone, or a new installation. Their messages are still encrypted end to end.
        350 "identity.changed" = "WA_EVENT_IDENTITY_CHANGED", Bounded, "0.1.0",
        IdentityChanged {
            /// The person's JID.
            sender: String,
            /// The phone number of that person, digits only, if it is known.
            sender_phone: Option<String>,
            /// The number of the device.
            device: u32,
        }
    } };
}

pub(super) use messages_events;
