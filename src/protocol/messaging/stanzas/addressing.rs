//! The origin of a stanza: chat and sender of a message, a receipt or a chat state, and the pairs of phone number and LID in its
//! attributes.
//!
//! Main type: [`Origin`].

use super::attrs::{self, StanzaAttrs};
use crate::stanza::{Jid, Server};

/// This device's own addresses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Own {
    /// By phone number, with device.
    pub pn: Jid,
    /// By hidden identity, with device; `None` if the server has not given one.
    pub lid: Option<Jid>,
}

impl Own {
    /// Returns whether the address is one of the own account, whichever device.
    pub fn is_account(&self, jid: &Jid) -> bool {
        self.both().any(|own| own.same_account(jid))
    }

    /// Returns whether the address is this very device.
    pub fn is_device(&self, jid: &Jid) -> bool {
        self.both().any(|own| own.device == jid.device && own.same_account(jid))
    }

    fn both(&self) -> impl Iterator<Item = &Jid> {
        std::iter::once(&self.pn).chain(&self.lid)
    }
}

/// A phone number and a LID that the server says are the same person; both without device.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pair {
    /// By phone number.
    pub pn: Jid,
    /// By hidden identity.
    pub lid: Jid,
}

impl Pair {
    /// The pair of two addresses, in whichever order; `None` unless one is a phone number and the other a LID.
    pub fn of(one: &Jid, other: &Jid) -> Option<Self> {
        if one.is_pn() && other.is_lid() {
            Some(Self { pn: one.account(), lid: other.account() })
        } else if one.is_lid() && other.is_pn() {
            Some(Self { pn: other.account(), lid: one.account() })
        } else {
            None
        }
    }
}

/// The reason why the head of a stanza cannot be understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeaderError {
    /// Without an id it can be neither shown nor answered.
    #[error("the stanza has no id")]
    NoId,
    /// No sender: it cannot be answered either.
    #[error("the stanza does not say where it is from")]
    NoFrom,
    /// In a group, the status feed or a broadcast list, but from nobody.
    #[error("the stanza does not say which member it is from")]
    NoParticipant,
}

/// The origin of a stanza.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The attribute of that name, as it came: what is answered goes there.
    pub from: Jid,
    /// The attribute of that name, as it came: answers repeat it.
    pub participant: Option<Jid>,
    /// The attribute of that name, as it came: answers repeat it.
    pub recipient: Option<Jid>,
    /// The conversation: a person (without device), a group, the status feed, a list or a channel.
    pub chat: Jid,
    /// The device that sent it. For a receipt about many members of a group it is the group.
    pub sender: Jid,
    /// Set if the sender is of the own account.
    pub from_me: bool,
    /// The sender's other address.
    pub sender_pair: Option<Pair>,
    /// The chat's other address, on what another own device sent to a person.
    pub recipient_pair: Option<Pair>,
}

/// States whether a stanza in a group must name the member it is from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    Required,
    Optional,
}

impl Origin {
    pub(super) fn of(header: &StanzaAttrs<'_>, own: &Own, member: Member) -> Result<Self, HeaderError> {
        let from = attrs::jid(header.from).ok_or(HeaderError::NoFrom)?;
        let participant = attrs::jid(header.participant);
        let recipient = attrs::jid(header.recipient);
        let (mut sender_pair, mut recipient_pair) = (None, None);
        let (chat, sender, from_me);
        match from.server {
            Server::Group | Server::Broadcast => {
                sender = match (&participant, member) {
                    (Some(participant), _) => participant.clone(),
                    (None, Member::Optional) => from.clone(),
                    (None, Member::Required) => return Err(HeaderError::NoParticipant),
                };
                chat = from.clone();
                from_me = own.is_account(&sender);
                sender_pair = pair(&sender, header.participant_pn, header.participant_lid);
            }
            Server::Newsletter => (chat, sender, from_me) = (from.clone(), from.clone(), false),
            _ if own.is_account(&from) => {
                chat = recipient.as_ref().unwrap_or(&from).account();
                sender = from.clone();
                from_me = true;
                recipient_pair = pair(&chat, header.recipient_pn, header.recipient_lid);
            }
            _ => {
                chat = from.account();
                sender = from.clone();
                from_me = false;
                sender_pair = pair(&sender, header.sender_pn, header.sender_lid);
            }
        }
        Ok(Self { from, participant, recipient, chat, sender, from_me, sender_pair, recipient_pair })
    }

    /// Returns the pairs of phone number and LID that the stanza names.
    pub fn pairs(&self) -> impl Iterator<Item = &Pair> {
        self.sender_pair.iter().chain(&self.recipient_pair)
    }
}

/// The pair of an address and the attribute that gives its other form.
fn pair(
    jid: &Jid,
    pn: Option<crate::stanza::AttrRef<'_>>,
    lid: Option<crate::stanza::AttrRef<'_>>,
) -> Option<Pair> {
    let other = if jid.is_lid() { pn } else { lid };
    Pair::of(jid, &attrs::jid(other)?)
}
