//! The members of a conversation that say how the account stands with a person.

use crate::messaging::content::Expiration;
use crate::messaging::content::wire::Fields;
use crate::stanza::Jid;

/// A chat, as the phone knows it, without its messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryChat {
    /// The address of the chat.
    pub id: Option<Jid>,
    /// The person's phone number, if the phone says it.
    pub pn: Option<Jid>,
    /// The person's LID, if the phone says it.
    pub lid: Option<Jid>,
    /// Set if something was said in it.
    pub has_messages: bool,
    /// The timer of the chat, if it has one or had one.
    pub timer: Option<Expiration>,
    /// The tokens of the two people.
    pub token: HistoryToken,
}

/// The privacy tokens of a chat with a person.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HistoryToken {
    /// The token that the person gave; empty if none.
    pub token: Vec<u8>,
    /// When it was issued, Unix seconds; 0 if there is none.
    pub issued_s: u64,
    /// When the account gave that person one, Unix seconds; 0 for never.
    pub given_s: u64,
}

impl std::fmt::Debug for HistoryToken {
    /// Leaves out the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HistoryToken").field("issued_s", &self.issued_s).finish_non_exhaustive()
    }
}

/// Numbers of the members of `Conversation` that are read whole.
pub(super) mod member {
    pub(crate) const ID: u32 = 1;
    pub(crate) const MESSAGE: u32 = 2;
    pub(crate) const TOKEN: u32 = 21;
    pub(crate) const PN: u32 = 39;
    pub(crate) const LID: u32 = 42;
}

impl HistoryChat {
    /// Takes a number.
    pub(super) fn whole(&mut self, number: u32, value: u64) {
        match number {
            // The times of the last message and of the conversation.
            5 | 12 => self.has_messages |= value > 0,
            9 => self.timer.get_or_insert_default().seconds = value as u32,
            // In milliseconds, unlike in messages.
            10 => {
                let seconds = value.cast_signed().div_euclid(1000);
                self.timer.get_or_insert_default().set_at = Some(seconds).filter(|at| *at > 0);
            }
            22 => self.token.issued_s = value,
            28 => self.token.given_s = value,
            _ => {}
        }
    }

    /// Takes a member that is no message.
    pub(super) fn bytes(&mut self, number: u32, bytes: &[u8]) {
        match number {
            member::ID => self.id = jid(bytes),
            member::TOKEN => self.token.token = bytes.to_vec(),
            member::PN => self.pn = jid(bytes),
            member::LID => self.lid = jid(bytes),
            _ => {}
        }
    }
}

/// An address; `None` if the bytes are none.
pub(super) fn jid(bytes: &[u8]) -> Option<Jid> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// The address in the field of that number.
pub(super) fn jid_in(bytes: &[u8], number: u32) -> Option<Jid> {
    Fields::of(bytes).filter(|field| field.number == number).last()?.jid()
}
