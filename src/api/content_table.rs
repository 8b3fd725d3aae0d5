//! The table of contents: one struct for each type of content, with the kinds of messages that have it and its fields. JSON, pages
//! and the types of the bindings are made from it.
//!
//! A key that is missing is not null: it is left out. A field without `Option` is in every content that can be read.

use super::content::{ContentInfo, Flag, MessageContent};
use super::content_objects::{MessageTarget, SharedContact};
use super::field::{FieldInfo, FieldType, Hidden};
use std::borrow::Cow;

macro_rules! contents {
    (
        $(#[doc = $cdoc:literal])+
        $common:ident { $($(#[doc = $cfdoc:literal])+ $cfield:ident: $ctype:ty,)+ }
        $(
            $(#[doc = $doc:literal])+
            $name:ident for $($kind:literal: $meaning:literal,)+ { $($(#[doc = $fdoc:literal])+ $field:ident: $type:ty,)* }
        )+
    ) => {
        $(#[doc = $cdoc])+
        #[derive(Debug, Clone, Default)]
        pub struct $common { $($(#[doc = $cfdoc])+ pub $cfield: $ctype,)+ }

        impl $common {
            pub(super) fn put(&self, content: &mut MessageContent) {
                $(content.put(stringify!($cfield), &self.$cfield);)+
            }

            pub(super) fn sample() -> Self {
                $common { $($cfield: <$ctype as FieldType>::sample(),)+ }
            }
        }

        /// The fields that a content of any kind may have.
        pub static COMMON_CONTENT: &[FieldInfo] =
            &[$(FieldInfo::of::<$ctype>(stringify!($cfield), concat!($($cfdoc),+)),)+];

        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone)]
            pub struct $name { $($(#[doc = $fdoc])+ pub $field: $type,)* }

            impl From<$name> for MessageContent {
                fn from(own: $name) -> MessageContent {
                    #[allow(unused_mut, reason = "some have no fields")]
                    let mut content = MessageContent::default();
                    $(content.put(stringify!($field), &own.$field);)*
                    let _ = own;
                    content
                }
            }
        )+

        /// Every type of content.
        pub static CONTENTS: &[ContentInfo] = &[$(ContentInfo {
            name: stringify!($name),
            kinds: &[$(($kind, $meaning),)+],
            sentence: concat!($($doc),+).trim_ascii(),
            fields: &[$(FieldInfo::of::<$type>(stringify!($field), concat!($($fdoc),+)),)*],
        },)+];
    };
}

contents! {
    /// The fields that the content of a message of any kind may have.
    CommonContent {
        /// The message that this one is about: of a reaction, an edit, a deletion, a comment, a vote, a pin and so on.
        target: Option<MessageTarget>,
        /// True if an admin of the group deletes a message of another member. Edits and deletions by people who may not are not told.
        by_admin: Flag,
        /// True if it is to be looked at once.
        view_once: Flag,
        /// True if it was forwarded.
        forwarded: Flag,
        /// True if it mentions everybody in the group.
        mentions_all: Flag,
        /// The time after which it disappears.
        expires_in_s: Option<u32>,
        /// True if the message has more than 1 MiB (1,048,576 bytes). Nothing of it is kept: the content has no other key.
        too_large: Flag,
    }

    /// A text.
    TextContent for
        "text": "A text.",
        "buttons_response": "The button that was chosen in a message with buttons; the text is what stands on it.",
        "list_response": "The row that was chosen in a list; the text is its title.",
        "template_button_reply": "The button that was chosen in a template; the text is what stands on it.",
    {
        /// The link, as it stands in the text, of which the message has a preview.
        link: Option<String>,
        /// The title of the page, in the preview.
        title: Option<Hidden>,
    }

    /// A reaction to the message `target`. The text is the emoji; an empty one takes an earlier reaction back.
    ReactionContent for
        "reaction": "A reaction.",
    {}

    /// A new version of the message `target`. The text is the new one.
    EditContent for
        "edit": "A new version of a message.",
    {
        /// The kind of the new version, as the field `kind` of a message.
        kind: Cow<'static, str>,
    }

    /// The message `target` is deleted for everybody.
    DeletionContent for
        "delete": "A message is deleted.",
    {}

    /// Something added to the message `target`.
    CommentContent for
        "comment": "A comment; the text is what it says.",
        "poll_option_added": "An option added to a poll; the text is the option.",
    {
        /// The kind of what was added, as the field `kind` of a message.
        kind: Cow<'static, str>,
    }

    /// A poll. The text is the question.
    PollContent for
        "poll": "A poll.",
    {
        /// The options, in their order.
        options: Vec<String>,
        /// The number of options that may be chosen; 0 for any number.
        selectable: u32,
    }

    /// A vote in the poll `target`. Of several votes of one person the last counts.
    PollVoteContent for
        "poll_vote": "A vote in a poll.",
    {
        /// All options that the voter chooses now, in the order of the poll; none takes an earlier vote back. They may be more than the poll allows: WhatsApp counts all of them. Missing if the vote could not be opened.
        selected: Option<Vec<String>>,
    }

    /// A place. The text is its name, or what was written beside it.
    LocationContent for
        "location": "A place.",
        "live_location": "The place where the sender is, for a while.",
    {
        /// Degrees north, from -90 to 90; what the sender wrote is not checked.
        latitude: f64,
        /// Degrees east, from -180 to 180; what the sender wrote is not checked.
        longitude: f64,
        /// The address of the place.
        address: Option<Hidden>,
        /// True if it is where the sender is, updated for a while.
        live: bool,
    }

    /// Contact cards.
    ContactsContent for
        "contact": "A contact.",
        "contacts": "Several contacts.",
    {
        /// The contacts.
        contacts: Vec<SharedContact>,
    }

    /// A picture. The text is its caption.
    ImageContent for
        "image": "A picture.",
    {
        /// `image`.
        media: Cow<'static, str>,
        /// The media type, such as `image/jpeg`, as the sender says.
        mimetype: Option<String>,
        /// The length of the file in bytes.
        size: Option<u64>,
        /// The width in pixels.
        width: Option<u32>,
        /// The height in pixels.
        height: Option<u32>,
    }

    /// A video. The text is its caption.
    VideoContent for
        "video": "A video.",
        "video_note": "A round video message.",
    {
        /// `video` or `video_note`.
        media: Cow<'static, str>,
        /// The media type, such as `video/mp4`, as the sender says.
        mimetype: Option<String>,
        /// The length of the file in bytes.
        size: Option<u64>,
        /// The playing time in seconds.
        seconds: Option<u32>,
        /// The width in pixels.
        width: Option<u32>,
        /// The height in pixels.
        height: Option<u32>,
    }

    /// Sound: a voice message, or an audio file.
    AudioContent for
        "audio": "A voice message or an audio file.",
    {
        /// `audio`.
        media: Cow<'static, str>,
        /// The media type, such as `audio/ogg; codecs=opus`, as the sender says.
        mimetype: Option<String>,
        /// The length of the file in bytes.
        size: Option<u64>,
        /// The playing time in seconds.
        seconds: Option<u32>,
        /// True for a voice message.
        voice: Flag,
    }

    /// A file of any type. The text is its caption.
    DocumentContent for
        "document": "A file of any type.",
    {
        /// `document`.
        media: Cow<'static, str>,
        /// The media type, such as `application/pdf`, as the sender says.
        mimetype: Option<String>,
        /// The name of the file, as the sender says: check it before a file gets it.
        file_name: Option<Hidden>,
        /// The length of the file in bytes.
        size: Option<u64>,
    }

    /// A sticker.
    StickerContent for
        "sticker": "A sticker.",
    {
        /// `sticker`.
        media: Cow<'static, str>,
        /// The media type, such as `image/webp`, as the sender says.
        mimetype: Option<String>,
        /// The length of the file in bytes.
        size: Option<u64>,
        /// The width in pixels.
        width: Option<u32>,
        /// The height in pixels.
        height: Option<u32>,
    }

    /// A set of stickers. The text is its caption.
    StickerPackContent for
        "sticker_pack": "A set of stickers.",
    {
        /// `sticker_pack`.
        media: Cow<'static, str>,
        /// The name of the set.
        file_name: Option<Hidden>,
        /// The length of the file in bytes.
        size: Option<u64>,
    }

    /// The message `target` is pinned for all, or no longer.
    PinContent for
        "pin": "A message is pinned, or no longer.",
    {
        /// True if it is pinned.
        on: bool,
    }

    /// The message `target`, which would disappear, is kept for all, or no longer.
    KeepContent for
        "keep": "A disappearing message is kept, or no longer.",
    {
        /// True if it is kept.
        on: bool,
    }

    /// An invitation to a group. The text is what was written beside it.
    GroupInviteContent for
        "group_invite": "An invitation to a group.",
    {
        /// The JID of the group.
        group: Option<String>,
        /// The code with which to join.
        code: Hidden,
        /// The name of the group.
        name: Option<Hidden>,
    }

    /// An appointment. The text is its name.
    EventContent for
        "event": "An appointment.",
    {
        /// When it begins, as the sender wrote it.
        starts_at: Option<i64>,
        /// When it ends, as the sender wrote it.
        ends_at: Option<i64>,
        /// True if it was cancelled.
        cancelled: bool,
    }

    /// An answer to the appointment `target`.
    EventResponseContent for
        "event_response": "An answer to an appointment.",
    {
        /// 1 for going, 2 for not going, 3 for maybe. Missing if the answer could not be opened.
        response: Option<u32>,
    }

    /// The announcement of pictures and videos that belong together; each follows as a message of its own.
    AlbumContent for
        "album": "The announcement of an album.",
    {
        /// The number of pictures that follow.
        images: u32,
        /// The number of videos that follow.
        videos: u32,
    }

    /// The timer of the chat was set: messages in it disappear from now on, or no longer.
    DisappearingTimerContent for
        "disappearing_timer": "The timer of the chat.",
    {
        /// The time in seconds after which messages disappear; 0 for never.
        seconds: u32,
    }

    /// Any other content. Nothing beside the common fields is read of it: `raw` of the message has the rest. A wrapper is the kind of a
    /// message only if nothing can be read in it, and most messages between devices only if they cannot be read.
    OtherContent for
        "ai_media_collection": "Media for an assistant.",
        "ai_metadata": "Data of an assistant.",
        "ai_psi_metadata": "Data of an assistant.",
        "ai_query_fanout": "A question to an assistant, for the other devices.",
        "app_state_fatal": "Between devices of one account: settings that cannot be read.",
        "app_state_key_request": "Between devices of one account: a request for keys of the settings.",
        "app_state_key_share": "Between devices of one account: keys of the settings.",
        "associated_child": "A wrapper: a part of another message.",
        "audio_sticker": "A wrapper: a sticker with sound.",
        "bot_feedback": "A judgement of what a bot said.",
        "bot_forwarded": "A wrapper: a message of a bot, forwarded.",
        "bot_invoke": "A wrapper: a message for a bot.",
        "bot_platform_registration": "A wrapper: a bot is registered.",
        "bot_task": "A wrapper: a task of a bot.",
        "business_call": "A call by a business.",
        "business_setting": "A wrapper: a setting of a business.",
        "buttons": "A text with buttons to choose from.",
        "call": "A call, as a message.",
        "call_log": "A call that was made.",
        "chat": "A contact, in an old form.",
        "chat_theme": "The theme of the chat.",
        "coexistence_state": "The state of an account that is used in two programs.",
        "conditional_reveal": "Something that is shown under a condition.",
        "device_sent": "A wrapper: a copy for the other devices of an account.",
        "disappearing_timer_sync": "Between devices of one account: the timer of a chat.",
        "document_with_caption": "A wrapper: a document.",
        "edited": "A wrapper: a new version of a message.",
        "encrypted_comment": "A comment that could not be opened.",
        "encrypted_edit": "A new version of a message that could not be opened.",
        "encrypted_event_edit": "A new version of an appointment that could not be opened.",
        "encrypted_poll_edit": "A new version of a poll that could not be opened.",
        "encrypted_poll_option": "An option added to a poll that could not be opened.",
        "encrypted_reaction": "A reaction that could not be opened.",
        "ephemeral": "A wrapper: a message that disappears.",
        "event_cover_image": "A wrapper: the picture of an appointment.",
        "event_invite": "An invitation to an appointment.",
        "fanout_backfill_request": "Between devices of one account: a request for a message.",
        "group_mentioned": "A wrapper: a message that mentions a group.",
        "group_root_key": "A key of a group.",
        "group_status": "A wrapper: a post to the status of a group.",
        "group_status_mention": "A wrapper: a post that mentions a group.",
        "highly_structured": "A message made from a template, in an old form.",
        "history_bundle": "Earlier messages of a group, for a new member.",
        "history_notice": "A notice that earlier messages of a group were sent to a new member.",
        "history_sync": "Between devices of one account: a part of the history.",
        "interactive": "A message with something to choose or to fill in.",
        "interactive_response": "The answer to such a message.",
        "invoice": "An invoice.",
        "lid_mapping": "Between devices of one account: the LIDs of phone numbers.",
        "limit_sharing": "The setting of the chat whether its content may be taken out of it.",
        "list": "A list to choose from.",
        "lottie_sticker": "A wrapper: a sticker that moves.",
        "mark_as_verified": "A contact is marked as verified.",
        "media_notify": "A notice of media.",
        "member_label": "The label that a member gives himself in the group.",
        "music": "Music.",
        "newsletter_admin_invite": "An invitation to administer a channel.",
        "newsletter_admin_profile": "A wrapper: a post of a channel with the profile of its admin.",
        "newsletter_admin_profile_status": "A wrapper: a status of a channel with the profile of its admin.",
        "newsletter_follower_invite": "An invitation to follow a channel.",
        "newsletter_scheduled": "A wrapper: a post of a channel for later.",
        "order": "An order.",
        "payment": "A payment.",
        "payment_invite": "An invitation to payments.",
        "payment_reminder": "A reminder of a payment.",
        "payment_request": "A request for a payment.",
        "payment_request_cancelled": "A request for a payment is cancelled.",
        "payment_request_declined": "A request for a payment is declined.",
        "peer_data_request": "Between devices of one account: a request for data.",
        "peer_data_response": "Between devices of one account: the answer to it.",
        "phone_number_request": "A request for the phone number.",
        "phone_number_shared": "The sender shows the phone number behind the LID.",
        "placeholder": "A message that is to be seen on the phone only.",
        "poll_option_image": "A wrapper: the picture of an option of a poll.",
        "poll_result": "The result of a poll.",
        "product": "A product.",
        "protocol": "A message between devices of a type that this version does not know.",
        "question": "A wrapper: a question.",
        "question_reply": "A wrapper: a reply to a question.",
        "question_response": "A response to a question.",
        "reminder": "A reminder.",
        "rich_response": "An answer of an assistant.",
        "root_secret": "A key.",
        "scheduled_call": "A call for later.",
        "scheduled_call_edit": "A change to a call for later.",
        "security_notification_setting": "Between devices of one account: a setting.",
        "split_payment": "A payment that several share.",
        "split_payment_update": "A change to such a payment.",
        "spoiler": "A wrapper: something hidden until it is tapped.",
        "status_add_yours": "A wrapper: a post that others add to.",
        "status_link_preview": "The preview of a link in a post.",
        "status_mention": "A post that mentions the reader.",
        "status_notification": "A notice of a post.",
        "status_question_answer": "The answer to a question in a post.",
        "status_quoted": "A post that is quoted.",
        "status_sticker_interaction": "A sticker in a post was tapped.",
        "sticker_sync": "Between devices of one account: stickers.",
        "stop_generation": "A bot is to stop.",
        "template": "A message made from a template.",
        "thread_control": "A conversation is handed to another program of a business.",
        "unknown": "A type that this version does not know.",
        "unschedule": "Something for later is taken back.",
        "view_once": "A wrapper: something to be looked at once.",
        "welcome_request": "A request for the greeting of a business or a bot.",
    {}
}
