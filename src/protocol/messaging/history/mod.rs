//! The account's history, which its phone hands over to a new device in parts.
//!
//! A part is named by a [`HistoryNotice`], comes in it or as an encrypted file, and is a compressed `HistorySync`. [`HistoryReader`]
//! reads it as it is unpacked, in pieces of any length, and gives one [`HistoryItem`] after the other: it never holds more than one
//! member of it, and passes over members that are too long for what they say. The people whom the account knows are taken, and the
//! tokens that show it; messages are not, but for the secrets that later votes and answers need.
//!
//! | file | subject |
//! |---|---|
//! | `notice` | the notice of a part |
//! | `inline` | the salt in a part that came within its notice |
//! | `fields` | protobuf that comes in pieces |
//! | `reader` | the members of `HistorySync` |
//! | `chat` | the members of a conversation |
//! | `secrets` | the messages whose secrets are kept |

mod chat;
mod fields;
mod inline;
mod notice;
mod reader;
mod secrets;

pub use chat::{HistoryChat, HistoryToken};
pub use inline::inline_salt;
pub use notice::{HistoryKind, HistoryNotice, HistoryPlace};
pub use reader::{HistoryItem, HistoryReader, MalformedHistory};
pub use secrets::{SecretMessage, lasting_options};

#[cfg(test)]
mod history_tests;
