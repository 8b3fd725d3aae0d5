//! The members of `HistorySync`, one after the other.

use super::chat::{HistoryChat, jid, jid_in, member};
use super::fields::{FieldSink, FieldStream, Treatment};
use super::secrets::{SecretMessage, secret_message};
use crate::messaging::content::MAX_SIZE;
use crate::messaging::content::wire::Fields;
use crate::stanza::Jid;

/// Longest member that is read, but for messages.
const LONGEST: u64 = 64 << 10;
/// Longest message that is read, with what the phone keeps beside it.
const LONGEST_MESSAGE: u64 = 2 * MAX_SIZE as u64;
/// Longest salt.
const LONGEST_SALT: usize = 256;
/// Longest nonce.
const LONGEST_NONCE: usize = 1024;

/// Something that a history says.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryItem {
    /// The account's relation to a person, or a group.
    Chat(Box<HistoryChat>),
    /// A message whose secret is kept.
    Secret(Box<SecretMessage>),
    /// A phone number and a LID are one person's.
    Names {
        /// The phone number.
        pn: Jid,
        /// The LID.
        lid: Jid,
    },
    /// The name that a person gave themselves.
    PushName {
        /// The person.
        person: Jid,
        /// The name; not empty.
        name: String,
    },
    /// The salt of the account's computed tokens.
    NctSalt(Vec<u8>),
    /// The word that shows the media servers that a file of the history may be deleted.
    CompanionNonce(String),
    /// The account's chats have moved to addresses by LID.
    LidMigrated,
}

/// Bytes that are no history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the history is malformed")]
pub struct MalformedHistory;

/// Reads an unpacked history that comes in pieces.
pub struct HistoryReader {
    fields: FieldStream,
    chat: HistoryChat,
}

impl Default for HistoryReader {
    fn default() -> Self {
        Self { fields: FieldStream::new(), chat: HistoryChat::default() }
    }
}

impl HistoryReader {
    /// Takes the next piece, and appends what it says.
    ///
    /// # Errors
    /// If it is no history. What was read before stands.
    pub fn push(&mut self, piece: &[u8], items: &mut Vec<HistoryItem>) -> Result<(), MalformedHistory> {
        let mut sink = Sink { chat: &mut self.chat, items };
        self.fields.push(piece, &mut sink).map_err(|_| MalformedHistory)
    }

    /// Ends the history: nothing more comes.
    ///
    /// # Errors
    /// If it was cut off.
    pub fn finish(&self) -> Result<(), MalformedHistory> {
        self.fields.finish().map_err(|_| MalformedHistory)
    }
}

struct Sink<'a> {
    chat: &'a mut HistoryChat,
    items: &'a mut Vec<HistoryItem>,
}

impl FieldSink for Sink<'_> {
    fn treatment(&mut self, inside: bool, number: u32, length: u64) -> Treatment {
        match (inside, number) {
            (false, 2) => Treatment::Members,
            (true, member::MESSAGE) => {
                self.chat.has_messages = true;
                if length <= LONGEST_MESSAGE { Treatment::Whole } else { Treatment::Skip }
            }
            (true, member::ID | member::TOKEN | member::PN | member::LID)
            | (false, 7 | 8 | 15 | 16 | 19 | 20)
                if length <= LONGEST =>
            {
                Treatment::Whole
            }
            _ => Treatment::Skip,
        }
    }

    fn whole(&mut self, inside: bool, number: u32, value: u64) {
        if inside {
            self.chat.whole(number, value);
        }
    }

    fn bytes(&mut self, inside: bool, number: u32, bytes: &[u8]) {
        match (inside, number) {
            (true, member::MESSAGE) => {
                let secret = secret_message(bytes, self.chat.id.as_ref());
                self.items.extend(secret.map(Box::new).map(HistoryItem::Secret));
            }
            (true, _) => self.chat.bytes(number, bytes),
            (false, _) => self.items.extend(item(number, bytes)),
        }
    }

    fn opened(&mut self) {
        *self.chat = HistoryChat::default();
    }

    fn closed(&mut self) {
        self.items.push(HistoryItem::Chat(Box::new(std::mem::take(self.chat))));
    }
}

/// A member of `HistorySync` that is no conversation.
fn item(number: u32, bytes: &[u8]) -> Option<HistoryItem> {
    match number {
        7 => push_name(bytes),
        8 => {
            let moved = Fields::of(bytes).filter(|field| field.number == 20).last()?.signed()? > 0;
            moved.then_some(HistoryItem::LidMigrated)
        }
        15 | 20 => {
            Some(HistoryItem::Names { pn: jid_in(bytes, 1)?.account(), lid: jid_in(bytes, 2)?.account() })
        }
        16 => {
            let nonce = std::str::from_utf8(bytes).ok()?;
            (1..=LONGEST_NONCE).contains(&nonce.len()).then(|| HistoryItem::CompanionNonce(nonce.to_owned()))
        }
        19 => (1..=LONGEST_SALT).contains(&bytes.len()).then(|| HistoryItem::NctSalt(bytes.to_vec())),
        _ => None,
    }
}

/// A name that a person gave themselves. Phones write `-` for none.
fn push_name(bytes: &[u8]) -> Option<HistoryItem> {
    let (mut person, mut name) = (None, None);
    for field in Fields::of(bytes) {
        match field.number {
            1 => person = field.bytes().and_then(jid),
            2 => name = field.text(),
            _ => {}
        }
    }
    let name = name.filter(|name| !name.is_empty() && name != "-")?;
    Some(HistoryItem::PushName { person: person?.account(), name })
}
