//! The reporting token: with it WhatsApp can check, if a receiver reports a message, that the sender sent this content,
//! without having been able to read it before.

use super::addons::secret_key;
use super::message_types;
use super::wire::{Field, Fields, put};
use crate::crypto::{Secret, hmac_sha256};
use crate::stanza::Jid;

/// The part of a field that is covered.
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

/// The covered fields of a `Message`, by number: the rules that WhatsApp Web and other companions share.
const COVERED: &[(u32, Cover)] = &[
    (message_types::CONVERSATION, Whole),
    (
        message_types::IMAGE,
        Part(&[(2, Whole), (3, Whole), (8, Whole), (11, Whole), (17, FORWARDED), (25, Whole)]),
    ),
    (message_types::CONTACT, Part(&[(1, Whole), (16, Whole), (17, FORWARDED)])),
    (message_types::LOCATION, Part(&[(3, Whole), (4, Whole), (5, Whole), (16, Whole), (17, FORWARDED)])),
    (message_types::EXTENDED_TEXT, Part(&[(1, Whole), (17, FORWARDED), (30, Whole)])),
    (message_types::DOCUMENT, Part(&[(2, Whole), (7, Whole), (10, Whole), (17, FORWARDED), (20, Whole)])),
    (message_types::AUDIO, Part(&[(2, Whole), (7, Whole), (9, Whole), (17, FORWARDED), (21, Whole)])),
    (message_types::VIDEO, VIDEO),
    (message_types::PROTOCOL, Part(&[(1, Whole), (2, Whole), (14, Cover::Message), (15, Whole)])),
    (message_types::LIVE_LOCATION, Part(&[(6, Whole), (16, Whole), (17, FORWARDED)])),
    (message_types::STICKER, Part(&[(4, Whole), (5, Whole), (8, Whole), (13, Whole), (17, FORWARDED)])),
    (
        message_types::GROUP_INVITE,
        Part(&[(1, Whole), (2, Whole), (4, Whole), (5, Whole), (6, Whole), (7, FORWARDED)]),
    ),
    (message_types::VIEW_ONCE, WRAPPER),
    (message_types::POLL, POLL),
    (message_types::DOCUMENT_WITH_CAPTION, WRAPPER),
    (message_types::VIEW_ONCE_V2, WRAPPER),
    (message_types::EDITED, WRAPPER),
    (message_types::VIEW_ONCE_V2_EXTENSION, WRAPPER),
    (message_types::POLL_V2, POLL),
    (message_types::POLL_V3, POLL),
    (message_types::VIDEO_NOTE, VIDEO),
    (message_types::LOTTIE_STICKER, WRAPPER),
    (message_types::STATUS_MENTION, WRAPPER),
    (message_types::POLL_RESULT, Part(&[(1, Whole), (2, Part(&[(1, Whole)])), (3, FORWARDED)])),
    (message_types::GROUP_STATUS_MENTION, WRAPPER),
    (message_types::POLL_V4, WRAPPER),
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

/// Returns the covered parts of a message, in ascending order of numbers.
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
