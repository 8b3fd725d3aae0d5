//! The reporting token: with it WhatsApp can check, if a receiver reports a message, that the sender sent this content,
//! without having been able to read it before.

use super::members;
use super::sealed::secret_key;
use super::wire::{Field, Fields, put};
use crate::crypto::{Secret, hmac_sha256};
use crate::stanza::Jid;

/// What of a message is covered.
#[derive(Clone, Copy)]
enum Cover {
    /// The field as it is.
    Whole,
    /// Of the message in the field, these.
    Part(&'static [(u32, Cover)]),
    /// The message in the field, by the rules for a message.
    Message,
}

use Cover::{Part, Whole};

/// Of a ContextInfo: how often it was forwarded.
const FORWARDED: Cover = Part(&[(21, Whole), (22, Whole)]);

const VIDEO: Cover = Part(&[(2, Whole), (6, Whole), (7, Whole), (13, Whole), (17, FORWARDED), (20, Whole)]);
const POLL: Cover = Part(&[
    (2, Whole),
    (3, Part(&[(1, Whole), (2, Whole)])),
    (5, FORWARDED),
    (8, Part(&[(1, Whole), (2, Whole)])),
]);
const WRAPPER: Cover = Part(&[(1, Cover::Message)]);

/// What of a `Message` is covered: the rules that WhatsApp Web and other companions share, by number.
const COVERED: &[(u32, Cover)] = &[
    (members::CONVERSATION, Whole),
    (members::IMAGE, Part(&[(2, Whole), (3, Whole), (8, Whole), (11, Whole), (17, FORWARDED), (25, Whole)])),
    (members::CONTACT, Part(&[(1, Whole), (16, Whole), (17, FORWARDED)])),
    (members::LOCATION, Part(&[(3, Whole), (4, Whole), (5, Whole), (16, Whole), (17, FORWARDED)])),
    (members::EXTENDED_TEXT, Part(&[(1, Whole), (17, FORWARDED), (30, Whole)])),
    (members::DOCUMENT, Part(&[(2, Whole), (7, Whole), (10, Whole), (17, FORWARDED), (20, Whole)])),
    (members::AUDIO, Part(&[(2, Whole), (7, Whole), (9, Whole), (17, FORWARDED), (21, Whole)])),
    (members::VIDEO, VIDEO),
    (members::PROTOCOL, Part(&[(1, Whole), (2, Whole), (14, Cover::Message), (15, Whole)])),
    (members::LIVE_LOCATION, Part(&[(6, Whole), (16, Whole), (17, FORWARDED)])),
    (members::STICKER, Part(&[(4, Whole), (5, Whole), (8, Whole), (13, Whole), (17, FORWARDED)])),
    (
        members::GROUP_INVITE,
        Part(&[(1, Whole), (2, Whole), (4, Whole), (5, Whole), (6, Whole), (7, FORWARDED)]),
    ),
    (members::VIEW_ONCE, WRAPPER),
    (members::POLL, POLL),
    (members::DOCUMENT_WITH_CAPTION, WRAPPER),
    (members::VIEW_ONCE_V2, WRAPPER),
    (members::EDITED, WRAPPER),
    (members::VIEW_ONCE_V2_EXTENSION, WRAPPER),
    (members::POLL_V2, POLL),
    (members::POLL_V3, POLL),
    (members::VIDEO_NOTE, VIDEO),
    (members::LOTTIE_STICKER, WRAPPER),
    (members::STATUS_MENTION, WRAPPER),
    (members::POLL_RESULT, Part(&[(1, Whole), (2, Part(&[(1, Whole)])), (3, FORWARDED)])),
    (members::GROUP_STATUS_MENTION, WRAPPER),
    (members::POLL_V4, WRAPPER),
    (94, WRAPPER),
];

/// Deepest messages in messages that are covered; what lies deeper is left out.
const MAX_DEPTH: usize = 32;

/// The token of the message `id`, sent by `sender` (the own user, by the kind of address that the chat uses) to `chat`, whose
/// secret is `secret`. `None` if nothing in it is covered: the message goes without.
#[must_use]
pub fn reporting_token(
    message: &[u8],
    secret: &Secret<32>,
    id: &str,
    sender: &Jid,
    chat: &Jid,
) -> Option<[u8; 16]> {
    let content = covered(message);
    if content.is_empty() {
        return None;
    }
    let key =
        secret_key(secret, &[id, &sender.account().to_string(), &chat.account().to_string(), "Report Token"]);
    hmac_sha256(key.as_bytes(), &[&content]).first_chunk().copied()
}

/// What of a message is covered, in ascending order of numbers.
pub(super) fn covered(message: &[u8]) -> Vec<u8> {
    project(message, COVERED, MAX_DEPTH)
}

fn project(bytes: &[u8], rules: &[(u32, Cover)], depth: usize) -> Vec<u8> {
    let mut kept: Vec<(Field<'_>, Cover)> = Fields::of(bytes)
        .filter_map(|field| {
            let (_, cover) = rules.iter().find(|(number, _)| *number == field.number)?;
            Some((field, *cover))
        })
        .collect();
    kept.sort_by_key(|(field, _)| field.number);
    let mut out = Vec::with_capacity(bytes.len());
    for (field, cover) in kept {
        let rules = match cover {
            Whole => {
                out.extend_from_slice(field.raw);
                continue;
            }
            Part(rules) => rules,
            Cover::Message => COVERED,
        };
        if depth == 0 {
            continue;
        }
        let part = field.bytes().map(|inner| project(inner, rules, depth - 1)).unwrap_or_default();
        if !part.is_empty() {
            put(&mut out, field.number, &part);
        }
    }
    out
}
