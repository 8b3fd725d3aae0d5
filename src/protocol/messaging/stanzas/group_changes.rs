//! Changes of a group: the notification that reports them.
//!
//! Main types: [`GroupNotice`], [`GroupChange`].

use super::AddressingMode;
use super::addressing::Pair;
use super::groups::{Group, Member, group_jid, is_all, join_approval};
use super::parse::{child_text, number, text, time};
use crate::stanza::{Jid, NodeRef, Server, Text};

/// Most changes that one notification is believed to tell of; real ones have one or two.
const MAX_CHANGES: usize = 64;

/// A notification about a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupNotice {
    /// The group.
    pub group: Jid,
    /// The author of the change; `None` if it was the server.
    pub author: Option<Jid>,
    /// The author's two addresses.
    pub author_pair: Option<Pair>,
    /// The author's name.
    pub author_name: Option<Text>,
    /// When, Unix seconds.
    pub timestamp: Option<u64>,
    /// Set if the server queued it while the account was offline.
    pub offline: bool,
    /// The addressing mode of the group, if it is given.
    pub addressing_mode: Option<AddressingMode>,
    /// The changes, in order.
    pub changes: Vec<GroupChange>,
}

/// A change of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupChange {
    /// It was made, or this account is in it from now on.
    Created {
        /// The group.
        group: Box<Group>,
        /// The id that the client gave it that made it, if it gave one.
        key: Option<Text>,
        /// The reason why this account is in it: `invite` ...
        reason: Option<Text>,
    },
    /// Members were added, or joined.
    Added(MemberChange),
    /// Members were put out, or have left: then they are the author.
    Removed(MemberChange),
    /// Members became admins.
    Promoted(MemberChange),
    /// Members are admins no longer.
    Demoted(MemberChange),
    /// Members go by another address: the author's was the old one.
    Renamed(MemberChange),
    /// The name was changed.
    Subject {
        /// The new one.
        subject: Text,
        /// The author.
        author: Option<Jid>,
        /// When, Unix seconds.
        time: Option<u64>,
    },
    /// The description was changed.
    Description {
        /// Its id.
        id: Option<Text>,
        /// The new one; `None` if the old one was taken away.
        text: Option<String>,
    },
    /// Set if only admins may send.
    Announcement(bool),
    /// Set if only admins may change name, picture and description.
    Locked(bool),
    /// The seconds after which messages disappear; 0 for never.
    Expiration(u32),
    /// Set if all members may add others.
    AllMayAdd(bool),
    /// Set if all members may see the invite link.
    AllMayInvite(bool),
    /// Set if admins confirm who joins.
    JoinApproval(bool),
    /// People ask to join; without a list it is the author who does.
    JoinRequested(Vec<Member>),
    /// People ask no longer.
    JoinRequestsRevoked(Vec<Member>),
    /// There is another invite link, with that code.
    InviteCode(Option<Text>),
    /// It became part of a community, or a group became part of it.
    Linked {
        /// The other groups' part: `parent_group`, `sub_group`, `sibling_group`.
        kind: Option<Text>,
        /// The other groups.
        groups: Vec<Jid>,
    },
    /// The reverse.
    Unlinked {
        /// The other groups' part.
        kind: Option<Text>,
        /// The other groups.
        groups: Vec<Jid>,
    },
    /// It is no more.
    Deleted,
    /// Set if WhatsApp has closed the group.
    Suspended(bool),
    /// The notification does not list everything: the group must be queried.
    Incomplete,
    /// Something else, named by its element.
    Other(Text),
}

/// Members, and what the list of members became.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberChange {
    /// The members concerned.
    pub members: Vec<Member>,
    /// The reason: `invite`, `linked_group_join` ...
    pub reason: Option<Text>,
    /// Version of the list now.
    pub version: Option<Text>,
    /// Version of the list before. If another one is held, something was missed.
    pub previous_version: Option<Text>,
}

impl GroupNotice {
    /// Reads a `<notification type="w:gp2">`; `None` if it names no group.
    pub fn read(node: NodeRef<'_>) -> Option<Self> {
        let group = node.jid("from").filter(|from| from.server == Server::Group && !from.user.is_empty())?;
        let author = node.jid("participant");
        let other = |author: &Jid| {
            let key = if author.is_lid() { "participant_pn" } else { "participant_lid" };
            Pair::of(author, &node.jid(key)?)
        };
        Some(Self {
            group,
            author_pair: author.as_ref().and_then(other),
            author,
            author_name: text(&node, "notify").map(Text::new),
            timestamp: time(&node, "t"),
            offline: node.has_attr("offline"),
            addressing_mode: text(&node, "addressing_mode").and_then(AddressingMode::from_name),
            changes: node.children().filter_map(change).take(MAX_CHANGES).collect(),
        })
    }

    /// The phone numbers and LIDs that belong together, of the author and of members.
    pub fn pairs(&self) -> impl Iterator<Item = &Pair> {
        let members = self.changes.iter().flat_map(GroupChange::members);
        self.author_pair.iter().chain(members.filter_map(|member| member.pair.as_ref()))
    }
}

impl GroupChange {
    /// Returns the members concerned.
    pub fn members(&self) -> &[Member] {
        match self {
            Self::Created { group, .. } => &group.members,
            Self::Added(change)
            | Self::Removed(change)
            | Self::Promoted(change)
            | Self::Demoted(change)
            | Self::Renamed(change) => &change.members,
            Self::JoinRequested(members) | Self::JoinRequestsRevoked(members) => members,
            _ => &[],
        }
    }
}

fn change(node: NodeRef<'_>) -> Option<GroupChange> {
    use GroupChange::*;
    let word = |key| text(&node, key).map(Text::new);
    Some(match node.tag() {
        "create" => {
            let group = node.child("group").or_else(|| node.child("community"))?;
            let group = Box::new(Group::read(group).ok()?);
            Created { group, key: word("key"), reason: word("reason") }
        }
        "add" => Added(MemberChange::read(&node)),
        "remove" | "leave" => Removed(MemberChange::read(&node)),
        "promote" | "linked_group_promote" => Promoted(MemberChange::read(&node)),
        "demote" | "linked_group_demote" => Demoted(MemberChange::read(&node)),
        "modify" => Renamed(MemberChange::read(&node)),
        "subject" => Subject {
            subject: word("subject").unwrap_or_default(),
            author: node.jid("s_o"),
            time: time(&node, "s_t"),
        },
        "description" => Description {
            id: word("id"),
            text: child_text(&node, "body").map(str::to_owned).filter(|_| node.child("delete").is_none()),
        },
        "announcement" => Announcement(true),
        "not_announcement" => Announcement(false),
        "locked" => Locked(true),
        "unlocked" => Locked(false),
        "ephemeral" => Expiration(number(&node, "expiration").unwrap_or(0)),
        "not_ephemeral" => Expiration(0),
        "member_add_mode" => AllMayAdd(is_all(&node, "all_member_add")?),
        "member_link_mode" => AllMayInvite(is_all(&node, "all_member_link")?),
        "membership_approval_mode" => JoinApproval(join_approval(&node)),
        "membership_approval_request" | "created_membership_requests" => JoinRequested(
            node.children_named("requested_user").filter_map(|user| Member::read(&user)).collect(),
        ),
        "revoked_membership_requests" => JoinRequestsRevoked(Member::read_all(&node)),
        "invite" => InviteCode(word("code")),
        "link" => Linked { kind: word("link_type"), groups: groups(&node) },
        "unlink" => Unlinked { kind: word("unlink_type"), groups: groups(&node) },
        "delete" => Deleted,
        "suspended" => Suspended(true),
        "unsuspended" => Suspended(false),
        "missing_participant_identification" => Incomplete,
        other => Other(Text::new(other)),
    })
}

fn groups(node: &NodeRef<'_>) -> Vec<Jid> {
    node.children_named("group").filter_map(|group| group_jid(&group)).collect()
}

impl MemberChange {
    fn read(node: &NodeRef<'_>) -> Self {
        let word = |key| text(node, key).map(Text::new);
        Self {
            members: Member::read_all(node),
            reason: word("reason"),
            version: word("v_id"),
            previous_version: word("prev_v_id"),
        }
    }
}

#[cfg(test)]
#[path = "group_changes_tests.rs"]
mod tests;
