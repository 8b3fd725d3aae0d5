//! The marks of a message's stanza, which follow from its content.

use super::addons::Purpose;
use super::body::Body;
use super::media::MediaKind;
use super::message_types::{self, member};
use super::parse::Read;
use super::protocol::Protocol;

/// The marks of a stanza. The server silently drops messages whose marks and contents do not belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// `type` of the `<message>`.
    pub stanza_type: &'static str,
    /// `mediatype` of each `<enc>`.
    pub media_type: Option<&'static str>,
    /// `edit` of the `<message>`: 1 edit, 2 pin, 7 taken back by its sender, 8 by an administrator.
    pub edit: Option<&'static str>,
    /// `decrypt-fail="hide"` on each `<enc>`: who cannot decrypt it is not shown that something is missing.
    pub hide_decrypt_failure: bool,
    /// Attributes of `<meta>`.
    pub meta: Vec<(&'static str, &'static str)>,
}

impl Shape {
    /// The marks of a text.
    pub(super) const TEXT: Self = Self {
        stanza_type: "text",
        media_type: None,
        edit: None,
        hide_decrypt_failure: false,
        meta: Vec::new(),
    };

    /// The marks of the content that is member `number` of the innermost message.
    pub(super) fn of(number: u32, read: &Read) -> Self {
        let mut shape = Self::TEXT;
        if let Some(row) = member(number) {
            shape.stanza_type = row.stanza;
            shape.media_type = row.media;
        }
        shape.by_content(number, &read.body);
        if read.flags.edited {
            // An edit is a text, whatever it is an edit of.
            (shape.stanza_type, shape.media_type) = ("text", None);
            shape.hide_decrypt_failure = true;
        }
        if read.flags.view_once {
            shape.meta.push(("view_once", "true"));
        }
        shape
    }

    fn by_content(&mut self, number: u32, body: &Body) {
        match body {
            Body::Text(text) if text.link.as_ref().is_some_and(|link| !link.trim().is_empty()) => {
                self.stanza_type = "media";
                self.media_type = Some("url");
            }
            Body::Media(media) if media.gif && media.kind == MediaKind::Video => {
                self.media_type = Some("gif")
            }
            Body::Media(media) if media.voice => self.media_type = Some("ptt"),
            Body::Reaction(reaction) => {
                self.hide_decrypt_failure = true;
                self.edit = reaction.text.is_empty().then_some("7");
            }
            Body::Edit(_) => {
                self.hide_decrypt_failure = true;
                self.edit = Some("1");
            }
            // Never hidden: the server is said to drop deletions that are.
            Body::Delete { target } => self.edit = Some(if target.from_me { "7" } else { "8" }),
            Body::Pin { .. } => {
                self.hide_decrypt_failure = true;
                self.edit = Some("2");
            }
            Body::Keep { target, kept } => {
                self.hide_decrypt_failure = true;
                self.edit = (target.from_me && !kept).then_some("7");
            }
            Body::Poll(poll) => {
                self.meta.push(("polltype", if poll.quiz { "quiz_creation" } else { "creation" }));
            }
            Body::Event(_) => self.meta.push(("event_type", "creation")),
            Body::Sealed(sealed) => self.by_purpose(sealed.purpose),
            Body::Protocol(protocol) => self.by_protocol(protocol),
            _ => match number {
                message_types::POLL_RESULT | message_types::POLL_RESULT_V3 => {
                    self.meta.push(("polltype", "result_snapshot"));
                }
                message_types::HISTORY_NOTICE | message_types::CONDITIONAL_REVEAL => {
                    self.hide_decrypt_failure = true
                }
                _ => {}
            },
        }
    }

    fn by_purpose(&mut self, purpose: Purpose) {
        self.hide_decrypt_failure = !matches!(purpose, Purpose::Comment | Purpose::MessageEdit);
        match purpose {
            Purpose::PollVote => self.meta.push(("polltype", "vote")),
            Purpose::PollEdit | Purpose::PollAddOption => {
                self.stanza_type = "poll";
                self.meta.push(("polltype", "edit"));
            }
            Purpose::EventResponse => self.meta.push(("event_type", "response")),
            Purpose::EventEdit => {
                self.stanza_type = "event";
                self.meta.push(("event_type", "edit"));
            }
            Purpose::Reaction | Purpose::Comment | Purpose::MessageEdit => {}
        }
    }

    fn by_protocol(&mut self, protocol: &Protocol) {
        match protocol {
            Protocol::MemberLabel(label) => {
                self.hide_decrypt_failure = true;
                self.meta.push(("appdata", "member_tag"));
                self.meta.push(("tag_reason", if label.is_empty() { "user_delete" } else { "user_update" }));
            }
            // The timer of a chat told again, and the request for a bot's greeting.
            Protocol::Other { kind: 4 | 18 } => self.hide_decrypt_failure = true,
            _ => {}
        }
    }
}
