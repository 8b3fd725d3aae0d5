//! Messages as other devices keep them: a phone sends one in this form when it is asked for a message again.

use std::fmt;
use std::ops::Range;

use super::context_info::MessageRef;
use super::wire::{Fields, place};
use crate::crypto::Secret;
use crate::stanza::Jid;

/// A `WebMessageInfo`.
#[derive(Clone, PartialEq)]
pub struct Stored {
    /// The key of the message, from the view of the account that kept it.
    pub key: MessageRef,
    /// The sender, in groups, where the key does not say it.
    pub participant: Option<Jid>,
    /// When, in seconds since 1970.
    pub at: u64,
    /// The name its sender goes by.
    pub push_name: Option<String>,
    /// Its secret, where it is not in the message.
    pub secret: Option<Secret<32>>,
    /// The range of the serialised `Message` in the bytes that were read; empty for a notice without one.
    pub message: Range<usize>,
}

impl fmt::Debug for Stored {
    /// Leaves out the content and the names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("key", &self.key).field("at", &self.at).finish_non_exhaustive()
    }
}

/// Reads a serialised `WebMessageInfo`; `None` if it is none.
#[must_use]
pub fn web_message_info(bytes: &[u8]) -> Option<Stored> {
    let (mut key, mut participant, mut at, mut push_name) = (None, None, 0, None);
    let (mut secret, mut message) = (None, 0..0);
    for field in Fields::checked(bytes).ok()? {
        match field.number {
            1 => key = MessageRef::of(&field),
            2 => message = field.bytes().map_or(0..0, |message| place(bytes, message)),
            3 => at = field.whole().unwrap_or_default(),
            5 => participant = field.jid(),
            19 => push_name = field.text(),
            49 => secret = field.bytes().and_then(Secret::from_slice),
            _ => {}
        }
    }
    Some(Stored { key: key?, participant, at, push_name, secret, message })
}
