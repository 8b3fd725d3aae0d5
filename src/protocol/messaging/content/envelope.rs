//! From the bytes that were decrypted to the member that a user sent: carriers set aside, wrappers taken off.

use super::context_info::MessageContext;
use super::message_types::{self, Role, member};
use super::parse::{ContentError, KeyDistribution};
use super::wire::{Field, Fields};
use crate::stanza::Jid;

/// Most wrappers around one content; real messages have up to three.
const MAX_WRAPPERS: usize = 16;

/// The wrappers around the content, as far as they say something about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// It disappears after a while, said in the old way; the present one is [`Context::expiration`](super::Context).
    pub ephemeral: bool,
    /// It may be looked at once, by wrapper or by a mark in the content itself.
    pub view_once: bool,
    /// It came in the wrapper for edits. The edit itself is [`Body::Edit`](super::Body::Edit).
    pub edited: bool,
    /// It is meant for a bot in the chat.
    pub bot_invoke: bool,
    /// It is a part of something else: a picture of an album's item, of a poll's option, the better version of a picture.
    pub associated: bool,
    /// It was posted to the status of a group.
    pub group_status: bool,
    /// It is to be hidden until it is tapped.
    pub spoiler: bool,
}

/// A message, opened.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    /// The innermost message.
    pub(super) inner: &'a [u8],
    /// Its content; `None` if there are carriers only.
    pub(super) content: Option<Field<'a>>,
    pub(super) device_sent: Option<Jid>,
    pub(super) key_distribution: Option<KeyDistribution>,
    pub(super) context: MessageContext,
    pub(super) flags: Flags,
}

impl<'a> Envelope<'a> {
    /// Opens a message. A sender key is taken from the outermost layer only, and a copy from another own device is only
    /// one if it is the outermost wrapper; the context of an inner layer wins over that of an outer one.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, ContentError> {
        let mut layer = Layer::read(bytes)?;
        let mut out = Self {
            inner: bytes,
            content: None,
            device_sent: None,
            key_distribution: layer.key_distribution.and_then(KeyDistribution::read),
            context: MessageContext::default(),
            flags: Flags::default(),
        };
        for depth in 0..=MAX_WRAPPERS {
            if let Some(context) = layer.context {
                out.context.merge(context);
            }
            let Some((number, inner, destination)) = layer.wrapped(depth == 0) else {
                out.content = layer.wrapper.or(layer.content).or(layer.unknown);
                return Ok(out);
            };
            out.device_sent = out.device_sent.or(destination);
            out.flags.note(number);
            out.inner = inner;
            layer = Layer::read(inner)?;
        }
        Err(ContentError::TooDeep)
    }
}

impl Flags {
    fn note(&mut self, wrapper: u32) {
        match wrapper {
            message_types::EPHEMERAL => self.ephemeral = true,
            message_types::VIEW_ONCE
            | message_types::VIEW_ONCE_V2
            | message_types::VIEW_ONCE_V2_EXTENSION => {
                self.view_once = true;
            }
            message_types::EDITED => self.edited = true,
            message_types::BOT_INVOKE => self.bot_invoke = true,
            message_types::POLL_OPTION_IMAGE
            | message_types::ASSOCIATED_CHILD
            | message_types::EVENT_COVER => {
                self.associated = true;
            }
            message_types::GROUP_STATUS | message_types::GROUP_STATUS_V2 => self.group_status = true,
            message_types::SPOILER => self.spoiler = true,
            _ => {}
        }
    }
}

/// One `Message`, its members sorted by what they are.
#[derive(Debug, Default)]
struct Layer<'a> {
    wrapper: Option<Field<'a>>,
    content: Option<Field<'a>>,
    /// A member that this version does not know: content if nothing else is.
    unknown: Option<Field<'a>>,
    key_distribution: Option<&'a [u8]>,
    context: Option<&'a [u8]>,
}

impl<'a> Layer<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, ContentError> {
        let mut out = Self::default();
        let mut fields = Fields::of(bytes);
        while let Some(field) = fields.try_next()? {
            match member(field.number).map(|row| row.role) {
                Some(Role::Content) => keep(&mut out.content, field),
                Some(Role::Wrapper) => keep(&mut out.wrapper, field),
                Some(Role::Carrier) => match field.number {
                    message_types::KEY_DISTRIBUTION => out.key_distribution = field.bytes(),
                    message_types::CONTEXT => out.context = field.bytes(),
                    _ => {}
                },
                None => keep(&mut out.unknown, field),
            }
        }
        Ok(out)
    }

    /// The message inside the wrapper, if there is one: the wrapper's number, the message, and where a copy from another
    /// own device was sent.
    fn wrapped(&self, outermost: bool) -> Option<(u32, &'a [u8], Option<Jid>)> {
        let field = self.wrapper?;
        let body = field.bytes()?;
        if field.number != message_types::DEVICE_SENT {
            let message = Fields::of(body).filter(|inner| inner.number == 1).last()?.bytes()?;
            return Some((field.number, message, None));
        }
        let (mut destination, mut message) = (None, None);
        for inner in Fields::of(body) {
            match inner.number {
                1 => destination = inner.jid(),
                2 => message = inner.bytes(),
                _ => {}
            }
        }
        match (destination, message) {
            (Some(destination), Some(message)) if outermost => {
                Some((field.number, message, Some(destination)))
            }
            _ => None,
        }
    }
}

/// The first of several members wins; of the same member written twice, the last does, as protobuf has it.
fn keep<'a>(place: &mut Option<Field<'a>>, field: Field<'a>) {
    if place.is_none_or(|there| there.number == field.number) {
        *place = Some(field);
    }
}
