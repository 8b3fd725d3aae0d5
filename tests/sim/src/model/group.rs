//! A group: who is in it, and what is set.

use std::collections::BTreeMap;

use wa::stanza::{Jid, Server};

use super::Space;

/// The rank of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Member,
    Admin,
    /// The maker of the group.
    Owner,
}

impl Rank {
    /// The `type` of a participant; members have none.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Member => None,
            Self::Admin => Some("admin"),
            Self::Owner => Some("superadmin"),
        }
    }
}

/// The text that stands under a group's name.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) by: String,
    pub(crate) at: u64,
}

/// A group. People are known by their numbers here, whatever they are called in it.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// User part of its address.
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) subject_at: u64,
    pub(crate) subject_by: String,
    pub(crate) created: u64,
    pub(crate) creator: String,
    /// The name space of its members.
    pub(crate) mode: Space,
    pub(crate) members: BTreeMap<String, Rank>,
    pub(crate) description: Option<Description>,
    /// Only admins may send.
    pub(crate) announcement: bool,
    /// Only admins may change what is set.
    pub(crate) locked: bool,
    /// Disappearing messages, in seconds; 0 is off.
    pub(crate) ephemeral: u32,
    /// Everybody may add.
    pub(crate) all_add: bool,
    pub(crate) invite: String,
    /// Grows with every change of the member list.
    pub(crate) version: u64,
    /// The hash that acknowledgements of messages carry in place of the right one, so often.
    pub(crate) false_hashes: u32,
}

impl Group {
    pub(crate) fn jid(&self) -> Jid {
        Jid::new(self.id.as_str(), Server::Group)
    }

    pub(crate) fn is_admin(&self, number: &str) -> bool {
        self.members.get(number).is_some_and(|rank| *rank >= Rank::Admin)
    }
}
