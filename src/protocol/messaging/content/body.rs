//! The contents that are read, and what each of them says.

use std::fmt;
use std::ops::Range;

use super::addons::{self, Sealed};
use super::contact_card::ContactCard;
use super::context_info::MessageRef;
use super::envelope::Envelope;
use super::kind_and_text;
use super::media::Media;
use super::message_types;
use super::parse::MAX_ITEMS;
use super::protocol::{self, Protocol};
use super::wire::{Field, Fields, place};
use crate::stanza::Jid;

/// The content of a message.
#[derive(Clone, PartialEq)]
pub enum Body {
    /// None: only keys or context came.
    Nothing,
    /// A text.
    Text(Text),
    /// A reaction to a message.
    Reaction(Reaction),
    /// A new version of a message.
    Edit(Edit),
    /// Something added to a message: a comment, an option of a poll.
    Comment(Edit),
    /// A message is deleted for everybody.
    Delete {
        /// The message concerned.
        target: MessageRef,
    },
    /// A poll.
    Poll(Box<Poll>),
    /// A vote, a reaction, a comment or an edit, encrypted with the secret of the message it belongs to.
    Sealed(Box<Sealed>),
    /// A place, or the live position of a person.
    Location(Box<Location>),
    /// One contact card, or several.
    Contacts(Vec<ContactCard>),
    /// An image, a video, a voice message, a document, a sticker.
    Media(Box<Media>),
    /// The announcement of pictures and videos that belong together; each follows as a message of its own.
    Album {
        /// The number of images that follow.
        images: u32,
        /// The number of videos that follow.
        videos: u32,
    },
    /// An appointment.
    Event(Box<Event>),
    /// An invitation to a group.
    GroupInvite(Box<GroupInvite>),
    /// A message is pinned for all, or no longer.
    Pin {
        /// The message concerned.
        target: MessageRef,
        /// Set if the message is pinned; false unpins it.
        pinned: bool,
    },
    /// A disappearing message is kept for all, or no longer.
    Keep {
        /// The message concerned.
        target: MessageRef,
        /// Set if the message is kept; false undoes that.
        kept: bool,
    },
    /// A message between devices.
    Protocol(Protocol),
    /// Anything else, and what was not written as its type should be.
    Other {
        /// The number of the member of `Message`.
        member: u32,
    },
}

impl Body {
    /// Returns the message that this content is about.
    pub fn target(&self) -> Option<&MessageRef> {
        match self {
            Self::Reaction(reaction) => Some(&reaction.target),
            Self::Edit(edit) | Self::Comment(edit) => Some(&edit.target),
            Self::Sealed(sealed) => Some(&sealed.target),
            Self::Delete { target } | Self::Pin { target, .. } | Self::Keep { target, .. } => Some(target),
            _ => None,
        }
    }

    pub(super) fn is_view_once(&self) -> bool {
        match self {
            Self::Media(media) => media.view_once,
            Self::Text(text) => text.view_once,
            _ => false,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "Nothing",
            Self::Text(_) => "Text",
            Self::Reaction(_) => "Reaction",
            Self::Edit(_) => "Edit",
            Self::Comment(_) => "Comment",
            Self::Delete { .. } => "Delete",
            Self::Poll(_) => "Poll",
            Self::Sealed(_) => "Sealed",
            Self::Location(_) => "Location",
            Self::Contacts(_) => "Contacts",
            Self::Media(_) => "Media",
            Self::Album { .. } => "Album",
            Self::Event(_) => "Event",
            Self::GroupInvite(_) => "GroupInvite",
            Self::Pin { .. } => "Pin",
            Self::Keep { .. } => "Keep",
            Self::Protocol(_) => "Protocol",
            Self::Other { .. } => "Other",
        }
    }
}

impl fmt::Debug for Body {
    /// Only which it is: what people write is not printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text, with what is shown of a page it links to.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// The text.
    pub text: String,
    /// The link, as it stands in the text, of which there is a preview.
    pub link: Option<String>,
    /// The preview's title.
    pub title: Option<String>,
    /// The preview's description.
    pub description: Option<String>,
    pub(super) view_once: bool,
}

/// A reaction.
#[derive(Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The message concerned.
    pub target: MessageRef,
    /// One emoji; empty takes an earlier reaction back.
    pub text: String,
    /// When, in milliseconds since 1970, by the sender's clock.
    pub at_ms: Option<i64>,
}

/// An edit.
#[derive(Clone, PartialEq, Eq)]
pub struct Edit {
    /// The message that gets a new version.
    pub target: MessageRef,
    /// The word of the new version's type.
    pub kind: &'static str,
    /// Its text or caption.
    pub text: Option<String>,
    /// When, in milliseconds since 1970, by the sender's clock.
    pub at_ms: Option<i64>,
    /// The range of the new version, a `Message`, in the bytes that were read.
    pub message: Range<usize>,
}

/// A poll.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Poll {
    /// The question.
    pub name: String,
    /// The options, in order. A vote names them by the SHA-256 of their text.
    pub options: Vec<String>,
    /// The number of options that one voter may choose; 0 is any number.
    pub selectable: u32,
    /// Set if one of the options is the right answer.
    pub quiz: bool,
    /// The right answer of a quiz, if it is given.
    pub correct: Option<String>,
    /// When voting ends, in the unit in which the sender wrote it.
    pub ends_at: Option<i64>,
}

/// A place.
#[derive(Clone, PartialEq, Default)]
pub struct Location {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// The name of the place.
    pub name: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// A link to it.
    pub url: Option<String>,
    /// Text beside it.
    pub comment: Option<String>,
    /// The accuracy, in metres.
    pub accuracy: Option<u32>,
    /// Set if this is the sender's own position, updated for a while.
    pub live: bool,
}

/// An appointment.
#[derive(Clone, PartialEq, Default)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// The place.
    pub location: Option<Location>,
    /// A link to a call.
    pub join_link: Option<String>,
    /// When it begins, in seconds since 1970.
    pub starts_at: Option<i64>,
    /// When it ends, in seconds since 1970.
    pub ends_at: Option<i64>,
    /// Set if the event was cancelled.
    pub cancelled: bool,
    /// Set if guests may bring others.
    pub extra_guests: bool,
}

/// An invitation to a group.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct GroupInvite {
    /// The group.
    pub group: Option<Jid>,
    /// The code with which to join.
    pub code: String,
    /// The end, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// The group's name.
    pub name: Option<String>,
    /// Text beside it.
    pub caption: Option<String>,
}

macro_rules! not_printed {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            /// Leaves out the fields: user content is never printed.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
not_printed!(Text Reaction Edit Poll Location Event GroupInvite);

/// Reads a content that lies in `whole`.
pub(super) fn read(content: &Field<'_>, whole: &[u8]) -> Body {
    let other = Body::Other { member: content.number };
    let Some(bytes) = content.bytes() else { return other };
    if content.number == message_types::CONVERSATION {
        return Body::Text(Text { text: content.text().unwrap_or_default(), ..Text::default() });
    }
    let Ok(fields) = Fields::checked(bytes) else { return other };
    let found = match content.number {
        message_types::EXTENDED_TEXT => Some(Body::Text(text(fields))),
        message_types::REACTION => reaction(fields).map(Body::Reaction),
        message_types::PROTOCOL => protocol::read(fields, whole),
        message_types::POLL
        | message_types::POLL_V2
        | message_types::POLL_V3
        | message_types::POLL_V5
        | message_types::POLL_V6 => Some(Body::Poll(Box::new(poll(fields)))),
        message_types::POLL_UPDATE
        | message_types::ENC_REACTION
        | message_types::ENC_COMMENT
        | message_types::ENC_EVENT_RESPONSE
        | message_types::SECRET_ENCRYPTED => {
            addons::read(content.number, fields).map(|sealed| Body::Sealed(Box::new(sealed)))
        }
        message_types::LOCATION => Some(Body::Location(Box::new(location(fields)))),
        message_types::LIVE_LOCATION => Some(Body::Location(Box::new(live_location(fields)))),
        message_types::CONTACT => Some(Body::Contacts(vec![contact(fields)])),
        message_types::CONTACTS => Some(Body::Contacts(contacts(fields))),
        message_types::IMAGE
        | message_types::VIDEO
        | message_types::VIDEO_NOTE
        | message_types::AUDIO
        | message_types::DOCUMENT
        | message_types::STICKER
        | message_types::STICKER_PACK => {
            Media::read(content.number, fields).map(|media| Body::Media(Box::new(media)))
        }
        message_types::ALBUM => Some(album(fields)),
        message_types::EVENT => Some(Body::Event(Box::new(event(fields)))),
        message_types::GROUP_INVITE => Some(Body::GroupInvite(Box::new(group_invite(fields)))),
        message_types::PIN => marked(fields).map(|(target, kind)| Body::Pin { target, pinned: kind == 1 }),
        message_types::COMMENT => comment(fields, whole).map(Body::Comment),
        message_types::TEMPLATE_BUTTON_REPLY
        | message_types::LIST_RESPONSE
        | message_types::BUTTONS_RESPONSE => {
            kind_and_text::text(content).map(|text| Body::Text(Text { text, ..Text::default() }))
        }
        message_types::KEEP => marked(fields).map(|(target, kind)| Body::Keep { target, kept: kind == 1 }),
        _ => None,
    };
    found.unwrap_or(other)
}

fn text(fields: Fields<'_>) -> Text {
    let mut out = Text::default();
    for field in fields {
        match field.number {
            1 => out.text = field.text().unwrap_or_default(),
            2 => out.link = field.text(),
            5 => out.description = field.text(),
            6 => out.title = field.text(),
            30 => out.view_once = field.flag(),
            _ => {}
        }
    }
    out
}

/// A comment in the open: what it says is a message of its own.
fn comment(fields: Fields<'_>, whole: &[u8]) -> Option<Edit> {
    let (mut target, mut message) = (None, None);
    for field in fields {
        match field.number {
            1 => message = field.bytes(),
            2 => target = MessageRef::of(&field),
            _ => {}
        }
    }
    Some(edit(target?, None, message?, whole))
}

fn reaction(fields: Fields<'_>) -> Option<Reaction> {
    let (mut target, mut text, mut at_ms) = (None, String::new(), None);
    for field in fields {
        match field.number {
            1 => target = MessageRef::of(&field),
            2 => text = field.text().unwrap_or_default(),
            4 => at_ms = field.signed(),
            _ => {}
        }
    }
    Some(Reaction { target: target?, text, at_ms })
}

/// The new version in an edit; its own quote and mentions are read by reading it.
pub(super) fn edit(target: MessageRef, at_ms: Option<i64>, message: &[u8], whole: &[u8]) -> Edit {
    let content = Envelope::open(message).ok().and_then(|envelope| envelope.content);
    Edit {
        target,
        kind: content.as_ref().map_or("unknown", kind_and_text::kind),
        text: content.as_ref().and_then(kind_and_text::text),
        at_ms,
        message: place(whole, message),
    }
}

fn poll(fields: Fields<'_>) -> Poll {
    let mut out = Poll::default();
    for field in fields {
        match field.number {
            2 => out.name = field.text().unwrap_or_default(),
            3 if out.options.len() < MAX_ITEMS => out.options.extend(first_text(&field)),
            4 => out.selectable = field.small().unwrap_or_default(),
            7 => out.quiz = field.flag(),
            8 => out.correct = first_text(&field),
            9 => out.ends_at = field.signed(),
            _ => {}
        }
    }
    out
}

/// Member 1, a string, of a message.
fn first_text(field: &Field<'_>) -> Option<String> {
    Fields::of(field.bytes()?).filter(|inner| inner.number == 1).last()?.text()
}

fn location(fields: Fields<'_>) -> Location {
    let mut out = Location::default();
    for field in fields {
        match field.number {
            1 => out.latitude = field.float().unwrap_or_default(),
            2 => out.longitude = field.float().unwrap_or_default(),
            3 => out.name = field.text(),
            4 => out.address = field.text(),
            5 => out.url = field.text(),
            6 => out.live = field.flag(),
            7 => out.accuracy = field.small(),
            11 => out.comment = field.text(),
            _ => {}
        }
    }
    out
}

fn live_location(fields: Fields<'_>) -> Location {
    let mut out = Location { live: true, ..Location::default() };
    for field in fields {
        match field.number {
            1 => out.latitude = field.float().unwrap_or_default(),
            2 => out.longitude = field.float().unwrap_or_default(),
            3 => out.accuracy = field.small(),
            6 => out.comment = field.text(),
            _ => {}
        }
    }
    out
}

fn contact(fields: Fields<'_>) -> ContactCard {
    let mut out = ContactCard::default();
    for field in fields {
        match field.number {
            1 => out.name = field.text().unwrap_or_default(),
            16 => out.vcard = field.text().unwrap_or_default(),
            _ => {}
        }
    }
    out
}

fn contacts(fields: Fields<'_>) -> Vec<ContactCard> {
    fields
        .filter(|field| field.number == 2)
        .filter_map(|field| field.bytes())
        .take(MAX_ITEMS)
        .map(|bytes| contact(Fields::of(bytes)))
        .collect()
}

fn album(fields: Fields<'_>) -> Body {
    let (mut images, mut videos) = (0, 0);
    for field in fields {
        match field.number {
            2 => images = field.small().unwrap_or_default(),
            3 => videos = field.small().unwrap_or_default(),
            _ => {}
        }
    }
    Body::Album { images, videos }
}

fn event(fields: Fields<'_>) -> Event {
    let mut out = Event::default();
    for field in fields {
        match field.number {
            2 => out.cancelled = field.flag(),
            3 => out.name = field.text().unwrap_or_default(),
            4 => out.description = field.text(),
            5 => out.location = field.bytes().map(|bytes| location(Fields::of(bytes))),
            6 => out.join_link = field.text(),
            7 => out.starts_at = field.signed(),
            8 => out.ends_at = field.signed(),
            9 => out.extra_guests = field.flag(),
            _ => {}
        }
    }
    out
}

fn group_invite(fields: Fields<'_>) -> GroupInvite {
    let mut out = GroupInvite::default();
    for field in fields {
        match field.number {
            1 => out.group = field.jid(),
            2 => out.code = field.text().unwrap_or_default(),
            3 => out.expires_at = field.signed(),
            4 => out.name = field.text(),
            6 => out.caption = field.text(),
            _ => {}
        }
    }
    out
}

/// Pins and keeps: which message, and 1 for yes or 2 for not any more.
fn marked(fields: Fields<'_>) -> Option<(MessageRef, u32)> {
    let (mut target, mut kind) = (None, 0);
    for field in fields {
        match field.number {
            1 => target = MessageRef::of(&field),
            2 => kind = field.small().unwrap_or_default(),
            _ => {}
        }
    }
    Some((target?, kind))
}
