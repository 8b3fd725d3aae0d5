//! The content of a message as the host gets it: a struct of the content table for each kind.

use crate::api::{self, CommonContent, Flag, Hidden, MessageContent, MessageTarget, QuotedMessage};
use crate::messaging::content::{self, AddonContent, Body, Media, MediaKind, Protocol};
use crate::messaging::engine::{InboundMessage, Target};
use crate::stanza::Jid;

/// The text of a message, its content, and whether that is all there is to it.
pub(super) struct MappedContent {
    pub(super) text: Option<String>,
    pub(super) content: MessageContent,
    pub(super) is_whole: bool,
}

impl MappedContent {
    fn new(text: Option<String>, content: impl Into<MessageContent>, is_whole: bool) -> Self {
        Self { text, content: content.into(), is_whole }
    }
}

/// Returns the content of a message that is too large to be kept.
pub(super) fn too_large() -> MappedContent {
    let common = CommonContent { too_large: Flag(true), ..CommonContent::default() };
    MappedContent::new(None, MessageContent::default().with(&common), true)
}

/// Returns the content of a message.
pub(super) fn mapped(received: &InboundMessage) -> MappedContent {
    let mut out = own(received);
    if let Some(AddonContent::Reaction { text, .. }) = &received.opened {
        out.text = Some(text.clone());
    }
    out.content = out.content.with(&common(received));
    out
}

/// Returns the message that a message answers.
pub(super) fn quoted(received: &InboundMessage) -> Option<QuotedMessage> {
    received.content.context.quoted.as_ref().map(|quoted| QuotedMessage {
        message_id: quoted.id.clone(),
        sender: quoted.sender.as_ref().map(Jid::to_string),
        from_me: received.quotes_me,
        chat: quoted.chat.as_ref().map(Jid::to_string),
        kind: quoted.kind.into(),
        text: quoted.text.clone().map(Hidden::new),
    })
}

fn common(received: &InboundMessage) -> CommonContent {
    let read = &received.content;
    CommonContent {
        target: received.target.as_ref().map(target),
        by_admin: Flag(received.target.as_ref().is_some_and(|target| target.by_admin)),
        view_once: Flag(read.flags.view_once),
        forwarded: Flag(read.context.forwarded),
        mentions_all: Flag(read.context.mentions_all),
        expires_in_s: read.context.expiration.filter(|seconds| *seconds > 0),
        too_large: Flag(false),
    }
}

fn target(target: &Target) -> MessageTarget {
    MessageTarget {
        message_id: target.id.clone(),
        from_me: target.from_me,
        sender: target.sender.as_ref().map(Jid::to_string),
        sender_phone: target.sender_pn.as_ref().and_then(Jid::phone_digits).map(str::to_owned),
    }
}

/// Returns what belongs to the kind.
fn own(received: &InboundMessage) -> MappedContent {
    use MappedContent as Mapped;
    match &received.content.body {
        Body::Text(text) => Mapped::new(
            Some(text.text.clone()),
            api::TextContent { link: text.link.clone(), title: hidden(&text.title) },
            text.link.is_none(),
        ),
        Body::Reaction(reaction) => Mapped::new(Some(reaction.text.clone()), api::ReactionContent {}, true),
        Body::Edit(edit) => {
            Mapped::new(edit.text.clone(), api::EditContent { kind: edit.kind.into() }, false)
        }
        Body::Comment(comment) => {
            Mapped::new(comment.text.clone(), api::CommentContent { kind: comment.kind.into() }, false)
        }
        Body::Delete { .. } => Mapped::new(None, api::DeletionContent {}, true),
        Body::Poll(poll) => Mapped::new(
            Some(poll.name.clone()),
            api::PollContent { options: poll.options.clone(), selectable: poll.selectable },
            false,
        ),
        Body::Sealed(_) => Mapped::new(None, sealed(received), false),
        Body::Location(location) => Mapped::new(
            location.name.clone().or_else(|| location.comment.clone()),
            api::LocationContent {
                latitude: location.latitude,
                longitude: location.longitude,
                address: hidden(&location.address),
                live: location.live,
            },
            false,
        ),
        Body::Contacts(cards) => {
            Mapped::new(None, api::ContactsContent { contacts: cards.iter().map(contact).collect() }, true)
        }
        Body::Media(media) => Mapped::new(media.caption.clone(), self::media(media), false),
        Body::Pin { pinned, .. } => Mapped::new(None, api::PinContent { on: *pinned }, true),
        Body::Keep { kept, .. } => Mapped::new(None, api::KeepContent { on: *kept }, true),
        Body::GroupInvite(invite) => Mapped::new(
            invite.caption.clone(),
            api::GroupInviteContent {
                group: invite.group.as_ref().map(Jid::to_string),
                code: Hidden::new(invite.code.clone()),
                name: hidden(&invite.name),
            },
            false,
        ),
        Body::Event(event) => Mapped::new(
            Some(event.name.clone()),
            api::EventContent {
                starts_at: event.starts_at,
                ends_at: event.ends_at,
                cancelled: event.cancelled,
            },
            false,
        ),
        Body::Album { images, videos } => {
            Mapped::new(None, api::AlbumContent { images: *images, videos: *videos }, false)
        }
        Body::Protocol(Protocol::DisappearingTimer { seconds, .. }) => {
            Mapped::new(None, api::DisappearingTimerContent { seconds: *seconds }, true)
        }
        Body::Nothing | Body::Protocol(_) | Body::Other { .. } => {
            Mapped::new(None, api::OtherContent {}, false)
        }
    }
}

/// Returns what was encrypted once more, as far as it could be opened.
fn sealed(received: &InboundMessage) -> MessageContent {
    match received.opened.as_ref() {
        Some(AddonContent::Vote(_)) => {
            api::PollVoteContent { selected: Some(received.chosen.clone()) }.into()
        }
        Some(AddonContent::EventResponse { response, .. }) => {
            api::EventResponseContent { response: Some(*response) }.into()
        }
        Some(AddonContent::Reaction { .. } | AddonContent::Message(_)) | None => api::OtherContent {}.into(),
    }
}

fn contact(card: &content::ContactCard) -> api::SharedContact {
    api::SharedContact { name: Hidden::new(card.name.clone()), vcard: Hidden::new(card.vcard.clone()) }
}

fn media(media: &Media) -> MessageContent {
    let &Media { size, seconds, width, height, .. } = media;
    let mimetype = media.mimetype.clone();
    let file_name = hidden(&media.file_name);
    match media.kind {
        MediaKind::Image => api::ImageContent { media: "image".into(), mimetype, size, width, height }.into(),
        MediaKind::Video => {
            api::VideoContent { media: "video".into(), mimetype, size, seconds, width, height }.into()
        }
        MediaKind::VideoNote => {
            api::VideoContent { media: "video_note".into(), mimetype, size, seconds, width, height }.into()
        }
        MediaKind::Audio => {
            let voice = Flag(media.voice);
            api::AudioContent { media: "audio".into(), mimetype, size, seconds, voice }.into()
        }
        MediaKind::Document => {
            api::DocumentContent { media: "document".into(), mimetype, file_name, size }.into()
        }
        MediaKind::Sticker => {
            api::StickerContent { media: "sticker".into(), mimetype, size, width, height }.into()
        }
        MediaKind::StickerPack => {
            api::StickerPackContent { media: "sticker_pack".into(), file_name, size }.into()
        }
    }
}

fn hidden(text: &Option<String>) -> Option<Hidden> {
    text.clone().map(Hidden::new)
}
