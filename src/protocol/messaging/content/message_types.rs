//! The members of the protocol's `Message`, one row each: the word hosts know it by, what it is, and how a stanza that
//! carries it is marked. The one place that knows their numbers.

/// The role of a member of `Message`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Content that a user sent.
    Content,
    /// A message around the message: `{1 message}`, and for a copy from another own device `{2 message}`.
    Wrapper,
    /// Keys and context that travel beside the content.
    Carrier,
}

/// One row.
#[derive(Debug)]
pub(super) struct MessageType {
    /// Its field number in `Message`.
    pub(super) number: u32,
    /// Its word for hosts. Several versions of one thing share a word.
    pub(super) word: &'static str,
    pub(super) role: Role,
    /// The number of its field with the ContextInfo (quote, mentions, timer); 0 if it has none.
    pub(super) context: u32,
    /// The stanza's `type`.
    pub(super) stanza: &'static str,
    /// The `mediatype` of its `<enc>`.
    pub(super) media: Option<&'static str>,
}

pub(super) const CONVERSATION: u32 = 1;
pub(super) const KEY_DISTRIBUTION: u32 = 2;
pub(super) const IMAGE: u32 = 3;
pub(super) const CONTACT: u32 = 4;
pub(super) const LOCATION: u32 = 5;
pub(super) const EXTENDED_TEXT: u32 = 6;
pub(super) const DOCUMENT: u32 = 7;
pub(super) const AUDIO: u32 = 8;
pub(super) const VIDEO: u32 = 9;
pub(super) const PROTOCOL: u32 = 12;
pub(super) const CONTACTS: u32 = 13;
pub(super) const LIVE_LOCATION: u32 = 18;
pub(super) const STICKER: u32 = 26;
pub(super) const GROUP_INVITE: u32 = 28;
pub(super) const DEVICE_SENT: u32 = 31;
pub(super) const CONTEXT: u32 = 35;
pub(super) const VIEW_ONCE: u32 = 37;
pub(super) const EPHEMERAL: u32 = 40;
pub(super) const REACTION: u32 = 46;
pub(super) const POLL: u32 = 49;
pub(super) const POLL_UPDATE: u32 = 50;
pub(super) const KEEP: u32 = 51;
pub(super) const DOCUMENT_WITH_CAPTION: u32 = 53;
pub(super) const VIEW_ONCE_V2: u32 = 55;
pub(super) const ENC_REACTION: u32 = 56;
pub(super) const EDITED: u32 = 58;
pub(super) const VIEW_ONCE_V2_EXTENSION: u32 = 59;
pub(super) const POLL_V2: u32 = 60;
pub(super) const PIN: u32 = 63;
pub(super) const POLL_V3: u32 = 64;
pub(super) const VIDEO_NOTE: u32 = 66;
pub(super) const BOT_INVOKE: u32 = 67;
pub(super) const ENC_COMMENT: u32 = 71;
pub(super) const LOTTIE_STICKER: u32 = 74;
pub(super) const EVENT: u32 = 75;
pub(super) const ENC_EVENT_RESPONSE: u32 = 76;
pub(super) const COMMENT: u32 = 77;
pub(super) const TEMPLATE_BUTTON_REPLY: u32 = 29;
pub(super) const LIST_RESPONSE: u32 = 39;
pub(super) const BUTTONS_RESPONSE: u32 = 43;
pub(super) const SECRET_ENCRYPTED: u32 = 82;
pub(super) const ALBUM: u32 = 83;
pub(super) const EVENT_COVER: u32 = 85;
pub(super) const STICKER_PACK: u32 = 86;
pub(super) const STATUS_MENTION: u32 = 87;
pub(super) const POLL_RESULT: u32 = 88;
pub(super) const POLL_OPTION_IMAGE: u32 = 90;
pub(super) const ASSOCIATED_CHILD: u32 = 91;
pub(super) const GROUP_STATUS_MENTION: u32 = 92;
pub(super) const POLL_V4: u32 = 93;
pub(super) const GROUP_STATUS: u32 = 96;
pub(super) const HISTORY_NOTICE: u32 = 102;
pub(super) const GROUP_STATUS_V2: u32 = 103;
pub(super) const POLL_V5: u32 = 111;
pub(super) const POLL_RESULT_V3: u32 = 115;
pub(super) const SPOILER: u32 = 118;
pub(super) const POLL_V6: u32 = 119;
pub(super) const CONDITIONAL_REVEAL: u32 = 120;

const fn row(number: u32, word: &'static str, context: u32) -> MessageType {
    MessageType { number, word, role: Role::Content, context, stanza: "text", media: None }
}

const fn of_type(number: u32, word: &'static str, context: u32, stanza: &'static str) -> MessageType {
    MessageType { number, word, role: Role::Content, context, stanza, media: None }
}

const fn media(number: u32, word: &'static str, context: u32, media: &'static str) -> MessageType {
    MessageType { number, word, role: Role::Content, context, stanza: "media", media: Some(media) }
}

const fn wrapper(number: u32, word: &'static str) -> MessageType {
    MessageType { number, word, role: Role::Wrapper, context: 0, stanza: "text", media: None }
}

const fn carrier(number: u32, word: &'static str) -> MessageType {
    MessageType { number, word, role: Role::Carrier, context: 0, stanza: "text", media: None }
}

/// Ascending by number.
pub(super) static MEMBERS: &[MessageType] = &[
    row(CONVERSATION, "text", 0),
    carrier(KEY_DISTRIBUTION, "key_distribution"),
    media(IMAGE, "image", 17, "image"),
    media(CONTACT, "contact", 17, "vcard"),
    media(LOCATION, "location", 17, "location"),
    row(EXTENDED_TEXT, "text", 17),
    media(DOCUMENT, "document", 17, "document"),
    media(AUDIO, "audio", 17, "audio"),
    media(VIDEO, "video", 17, "video"),
    row(10, "call", 7),
    row(11, "chat", 0),
    row(PROTOCOL, "protocol", 0),
    media(CONTACTS, "contacts", 17, "contact_array"),
    row(14, "highly_structured", 0),
    carrier(15, "fast_ratchet_key_distribution"),
    of_type(16, "payment", 0, "pay"),
    media(LIVE_LOCATION, "live_location", 17, "livelocation"),
    of_type(22, "payment_request", 0, "pay"),
    of_type(23, "payment_request_declined", 0, "pay"),
    of_type(24, "payment_request_cancelled", 0, "pay"),
    row(25, "template", 3),
    media(STICKER, "sticker", 17, "sticker"),
    media(GROUP_INVITE, "group_invite", 7, "url"),
    row(TEMPLATE_BUTTON_REPLY, "template_button_reply", 3),
    media(30, "product", 17, "product"),
    wrapper(DEVICE_SENT, "device_sent"),
    carrier(CONTEXT, "context"),
    media(36, "list", 8, "list"),
    wrapper(VIEW_ONCE, "view_once"),
    media(38, "order", 17, "order"),
    media(LIST_RESPONSE, "list_response", 4, "list_response"),
    wrapper(EPHEMERAL, "ephemeral"),
    row(41, "invoice", 0),
    row(42, "buttons", 8),
    media(BUTTONS_RESPONSE, "buttons_response", 3, "buttons_response"),
    row(44, "payment_invite", 0),
    row(45, "interactive", 15),
    of_type(REACTION, "reaction", 0, "reaction"),
    row(47, "sticker_sync", 0),
    media(48, "interactive_response", 15, "native_flow_response"),
    of_type(POLL, "poll", 5, "poll"),
    of_type(POLL_UPDATE, "poll_vote", 0, "poll"),
    row(KEEP, "keep", 0),
    wrapper(DOCUMENT_WITH_CAPTION, "document_with_caption"),
    row(54, "phone_number_request", 1),
    wrapper(VIEW_ONCE_V2, "view_once"),
    of_type(ENC_REACTION, "encrypted_reaction", 0, "reaction"),
    wrapper(EDITED, "edited"),
    wrapper(VIEW_ONCE_V2_EXTENSION, "view_once"),
    of_type(POLL_V2, "poll", 5, "poll"),
    row(61, "scheduled_call", 0),
    wrapper(62, "group_mentioned"),
    row(PIN, "pin", 0),
    of_type(POLL_V3, "poll", 5, "poll"),
    row(65, "scheduled_call_edit", 0),
    media(VIDEO_NOTE, "video_note", 17, "ptv"),
    wrapper(BOT_INVOKE, "bot_invoke"),
    row(69, "call_log", 0),
    media(70, "history_bundle", 7, "group_history"),
    row(ENC_COMMENT, "encrypted_comment", 0),
    row(72, "business_call", 0),
    wrapper(LOTTIE_STICKER, "lottie_sticker"),
    of_type(EVENT, "event", 1, "event"),
    of_type(ENC_EVENT_RESPONSE, "event_response", 0, "event"),
    row(COMMENT, "comment", 0),
    row(78, "newsletter_admin_invite", 6),
    row(80, "placeholder", 0),
    row(SECRET_ENCRYPTED, "encrypted_edit", 0),
    row(ALBUM, "album", 17),
    wrapper(EVENT_COVER, "event_cover_image"),
    media(STICKER_PACK, "sticker_pack", 11, "sticker_pack"),
    wrapper(STATUS_MENTION, "status_mention"),
    row(POLL_RESULT, "poll_result", 3),
    wrapper(POLL_OPTION_IMAGE, "poll_option_image"),
    wrapper(ASSOCIATED_CHILD, "associated_child"),
    wrapper(GROUP_STATUS_MENTION, "group_status_mention"),
    wrapper(POLL_V4, "poll"),
    wrapper(95, "status_add_yours"),
    wrapper(GROUP_STATUS, "group_status"),
    row(97, "rich_response", 4),
    row(98, "status_notification", 0),
    wrapper(99, "limit_sharing"),
    wrapper(100, "bot_task"),
    wrapper(101, "question"),
    row(HISTORY_NOTICE, "history_notice", 1),
    wrapper(GROUP_STATUS_V2, "group_status"),
    wrapper(104, "bot_forwarded"),
    row(105, "status_question_answer", 0),
    wrapper(106, "question_reply"),
    row(107, "question_response", 0),
    row(109, "status_quoted", 0),
    row(110, "status_sticker_interaction", 0),
    of_type(POLL_V5, "poll", 5, "poll"),
    row(113, "newsletter_follower_invite", 5),
    row(POLL_RESULT_V3, "poll_result", 3),
    wrapper(116, "newsletter_admin_profile"),
    wrapper(SPOILER, "spoiler"),
    of_type(POLL_V6, "poll", 5, "poll"),
    row(CONDITIONAL_REVEAL, "conditional_reveal", 0),
    row(121, "poll_option_added", 0),
    row(122, "event_invite", 1),
    row(123, "group_root_key", 0),
    row(124, "payment_reminder", 0),
    row(125, "split_payment", 17),
    wrapper(126, "newsletter_admin_profile_status"),
    row(127, "root_secret", 0),
    row(128, "split_payment_update", 0),
    row(129, "music", 5),
    row(130, "status_link_preview", 0),
    wrapper(131, "bot_platform_registration"),
    wrapper(132, "newsletter_scheduled"),
    wrapper(133, "business_setting"),
    wrapper(134, "audio_sticker"),
];

/// The row of a field number; `None` for what this version does not know.
pub(super) fn member(number: u32) -> Option<&'static MessageType> {
    MEMBERS.binary_search_by_key(&number, |row| row.number).ok().and_then(|at| MEMBERS.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ascend() {
        assert!(MEMBERS.is_sorted_by(|a, b| a.number < b.number));
    }

    #[test]
    fn words_are_for_hosts() {
        for row in MEMBERS {
            assert!(row.word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", row.word);
        }
    }

    #[test]
    fn a_media_type_is_given_exactly_with_type_media() {
        for row in MEMBERS {
            assert_eq!(row.stanza == "media", row.media.is_some(), "{}", row.word);
        }
        // The server drops a stanza whose type it does not know.
        for row in MEMBERS {
            assert!(["text", "media", "reaction", "poll", "event", "pay"].contains(&row.stanza));
        }
    }
}
