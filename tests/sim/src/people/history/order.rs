//! The orders of the control API: what a phone knows of the past, and which part of it to send.

use serde::Deserialize;

use super::{flaw::Flaw, part::Kind};
use crate::model::Space;

/// A past.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    #[serde(default)]
    pub(super) chats: Vec<ChatOrder>,
    /// Numbers of more people whose names the phone knows.
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) nonce: Nonce,
    /// The number of chunks in which the recent messages come.
    #[serde(default = "one")]
    pub(super) chunks: u32,
    /// The first part comes within its notice; as the companion wants it if it is left out.
    pub(super) inline: Option<bool>,
    pub(super) bulk: Option<Bulk>,
}

/// One chat.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChatOrder {
    /// A number, or a group by id or address.
    pub(super) with: String,
    #[serde(default)]
    pub(super) messages: u64,
    /// The person has given the account a token.
    #[serde(default)]
    pub(super) token: bool,
    /// When, Unix seconds.
    pub(super) token_s: Option<u64>,
    /// When the account gave its own to the person, Unix seconds.
    pub(super) gave_s: Option<u64>,
    /// Disappearing messages, in seconds.
    pub(super) timer: Option<u32>,
    #[serde(default)]
    pub(super) poll: bool,
    #[serde(default)]
    pub(super) event: bool,
    /// The time of the last message, Unix seconds.
    pub(super) last_s: Option<u64>,
    /// The name space of the chat's id.
    pub(super) by: Option<Space>,
}

/// The secret with which the account's devices delete files.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Nonce {
    /// A random one, or none.
    Is(bool),
    /// The one of this number.
    Text(String),
}

impl Default for Nonce {
    fn default() -> Self {
        Self::Is(true)
    }
}

/// Chats with people that the simulator does not have.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bulk {
    pub(super) chats: u64,
    /// Of all of them together.
    pub(super) messages: u64,
    /// Length of a text, in bytes.
    #[serde(default = "text")]
    pub(super) text: usize,
    #[serde(default)]
    pub(super) tokens: bool,
}

/// A part to send.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendOrder {
    #[serde(default = "first")]
    pub(super) device: u16,
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    /// Of a part that comes in chunks: only that one.
    pub(super) chunk: Option<u32>,
    #[serde(default)]
    pub(super) inline: bool,
    /// The id of the companion's request for it.
    pub(super) session: Option<String>,
    #[serde(default)]
    pub(super) flaws: Vec<Flaw>,
    /// Bytes, of a flaw that has a size.
    pub(super) size: Option<u64>,
}

fn one() -> u32 {
    1
}

fn first() -> u16 {
    1
}

fn text() -> usize {
    40
}
