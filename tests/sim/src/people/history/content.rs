//! Polls and events: messages with a secret, with which votes and answers are encrypted later.

use super::wire::{member, put, put_number};

/// The options of every poll.
pub(super) const OPTIONS: [&str; 2] = ["yes", "no"];

/// The member `messageContextInfo` of `Message`, and `messageSecret` in it.
const CONTEXT: u32 = 35;
const SECRET: u32 = 3;

/// A message with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    Poll,
    Event,
}

impl Special {
    /// Returns the content without its secret: as a phone keeps it, which has the secret beside it.
    pub(super) fn content(self, at: u64) -> Vec<u8> {
        let mut body = Vec::new();
        match self {
            Self::Poll => {
                put(&mut body, 2, b"Tea?");
                for option in OPTIONS {
                    put(&mut body, 3, &member(1, option.as_bytes()));
                }
                put_number(&mut body, 4, 1);
                member(64, &body)
            }
            Self::Event => {
                put(&mut body, 3, b"Tea");
                put_number(&mut body, 7, at + 86_400);
                member(75, &body)
            }
        }
    }
}

/// Adds the secret to a content.
pub(super) fn with_secret(content: &[u8], secret: &[u8; 32]) -> Vec<u8> {
    let mut out = content.to_vec();
    put(&mut out, CONTEXT, &member(SECRET, secret));
    out
}
