//! Typed values and the stanzas that carry them, for everything that has to do with messages. No state and no decisions:
//! what a stanza means for a session, a chat or the host is the engine's business.
//!
//! Two kinds of functions, one file per subject. Builders make a [`Node`](crate::stanza::Node) from parts; what they are
//! given is trusted. Readers take a [`NodeRef`](crate::stanza::NodeRef) from the network and give a typed value, which
//! mostly borrows from it: they find children by tag and attributes by name, take what other clients write differently,
//! and answer `None` or a named error to what makes no sense. Their time and memory are proportional to the stanza's size.
//!
//! | subject | files |
//! |---|---|
//! | who and where | [`addressing`] (chat and sender of what arrives), [`phash`] (hash of a set of devices) |
//! | messages | [`incoming`], [`outgoing`], [`acks`] (the server's answer to what was sent) |
//! | what happens to messages | [`receipts`], [`retry`] |
//! | devices and their keys | [`devices`], [`device_list_check`], [`bundles`], [`key_digest`], [`notifications`] (of changes), [`contact_lookup`] |
//! | groups | [`groups`], [`group_requests`], [`group_changes`] |
//! | files | [`media_conn`], [`media_retry`] |
//! | what people do | [`presence`] (online, typing), [`calls`] |
//! | what the server lets one do | [`privacy_tokens`] (of acquaintance), [`restrictions`], [`privacy`] |
//!
//! The stanzas are what whatsmeow and Baileys send and read; where those two differ, the file says so.

pub mod acks;
pub mod addressing;
mod attrs;
pub mod bundles;
pub mod calls;
pub mod contact_lookup;
pub mod device_list_check;
pub mod devices;
pub mod group_changes;
pub mod group_requests;
pub mod groups;
pub mod incoming;
pub mod key_digest;
pub mod media_conn;
pub mod media_retry;
pub mod notifications;
pub mod outgoing;
mod parse;
pub mod phash;
pub mod presence;
pub mod privacy;
pub mod privacy_tokens;
pub mod props;
pub mod receipts;
pub mod restrictions;
pub mod retry;
mod usync;

#[cfg(any(test, fuzzing, feature = "testing"))]
pub mod random_walk;
#[cfg(test)]
mod testing;

/// The kind of address under which the members of a group are listed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AddressingMode {
    /// By phone number.
    Pn,
    /// By hidden identity.
    Lid,
}

impl AddressingMode {
    /// The word in attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pn => "pn",
            Self::Lid => "lid",
        }
    }

    /// The mode of that word.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "pn" => Some(Self::Pn),
            "lid" => Some(Self::Lid),
            _ => None,
        }
    }
}
