//! The server's description of a group: the `<group>` element, in answers and notifications.
//!
//! Main type: [`Group`]. Its queries and changes are in [`group_requests`](super::group_requests).

use super::AddressingMode;
use super::addressing::Pair;
use super::parse::{child_text, number, text, time};
use crate::stanza::{Jid, NodeRef, Server, Text};

/// A group, or a community.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// Its address.
    pub jid: Jid,
    /// The addressing mode of its members.
    pub addressing_mode: AddressingMode,
    /// Its members; perhaps not all: see [`Group::is_incomplete`].
    pub members: Vec<Member>,
    /// The number of members, if the server gives it apart from listing them.
    pub size: Option<u32>,
    /// The server does not list all members, or cannot name some of them.
    pub is_incomplete: bool,
    /// Version of the list of members.
    pub members_version: Option<Text>,
    /// Its name.
    pub subject: Option<Text>,
    /// When that was set, Unix seconds.
    pub subject_time: Option<u64>,
    /// The person who set it.
    pub subject_author: Option<Jid>,
    /// The description.
    pub description: Option<Description>,
    /// When it was made, Unix seconds.
    pub created: Option<u64>,
    /// The person who made it.
    pub creator: Option<Jid>,
    /// Only admins may send.
    pub is_announcement: bool,
    /// Only admins may change name, picture and description.
    pub is_locked: bool,
    /// The seconds after which messages disappear; 0 if they do not.
    pub expiration: u32,
    /// All members may add others; `None` if it is not said.
    pub all_may_add: Option<bool>,
    /// All members may see the invite link; `None` if it is not said.
    pub all_may_invite: Option<bool>,
    /// Admins confirm who joins.
    pub has_join_approval: bool,
    /// It is a community.
    pub is_community: bool,
    /// The community that it is part of.
    pub parent: Option<Jid>,
    /// It is the announcement group of its community.
    pub is_default_sub_group: bool,
    /// WhatsApp has closed it.
    pub is_suspended: bool,
}

/// The description of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    /// Its id: the next one names it as its predecessor.
    pub id: Option<Text>,
    /// The text.
    pub text: String,
    /// The author.
    pub author: Option<Jid>,
    /// When, Unix seconds.
    pub time: Option<u64>,
}

/// The rank of a member.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rank {
    /// No admin.
    Member,
    /// Admin.
    Admin,
    /// The admin who made it, or a successor.
    SuperAdmin,
}

/// A member of a group, or a person who was to become one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Address, without device.
    pub jid: Jid,
    /// The member's two addresses, if both are known.
    pub pair: Option<Pair>,
    /// The rank of the member.
    pub rank: Rank,
    /// A name to show, such as a number with digits left out.
    pub display_name: Option<Text>,
    /// The server's code, if what was asked did not work for this member.
    pub error: Option<u32>,
    /// Allows inviting a person who may not be added.
    pub add_request: Option<AddRequest>,
}

/// The required fields of an invitation by message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddRequest {
    /// The code.
    pub code: Text,
    /// The time until which it works, Unix seconds.
    pub expiration: Option<u64>,
}

/// The reason why there is nothing about a group.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoGroup {
    /// The server refuses: 403 not a member, 404 no such group.
    #[error("the server does not tell about the group (error {code})")]
    Refused {
        /// The group, if it is named.
        jid: Option<Jid>,
        /// The server's code.
        code: u32,
    },
    /// The element names no group.
    #[error("the answer names no group")]
    Malformed,
}

impl Group {
    /// Reads a `<group>` or `<community>`.
    pub fn read(node: NodeRef<'_>) -> Result<Self, NoGroup> {
        let jid = group_jid(&node);
        if node.has_attr("error") {
            return Err(NoGroup::Refused { jid, code: number(&node, "error").unwrap_or(0) });
        }
        let mut group = Self {
            jid: jid.ok_or(NoGroup::Malformed)?,
            addressing_mode: text(&node, "addressing_mode")
                .and_then(AddressingMode::from_name)
                .unwrap_or(AddressingMode::Pn),
            members: Vec::new(),
            size: number(&node, "size"),
            is_incomplete: node.is("truncated", "true"),
            members_version: text(&node, "p_v_id").map(Text::new),
            subject: text(&node, "subject").map(Text::new),
            subject_time: time(&node, "s_t"),
            subject_author: node.jid("s_o"),
            description: None,
            created: time(&node, "creation"),
            creator: node.jid("creator"),
            is_announcement: false,
            is_locked: false,
            expiration: 0,
            all_may_add: None,
            all_may_invite: None,
            has_join_approval: false,
            is_community: node.tag() == "community",
            parent: None,
            is_default_sub_group: false,
            is_suspended: false,
        };
        node.children().for_each(|child| group.read_child(&child));
        Ok(group)
    }

    fn read_child(&mut self, child: &NodeRef<'_>) {
        match child.tag() {
            "participant" => self.members.extend(Member::read(child)),
            "missing_participant_identification" => self.is_incomplete = true,
            "description" => self.description = Description::read(child),
            "announcement" => self.is_announcement = true,
            "locked" => self.is_locked = true,
            "ephemeral" => self.expiration = number(child, "expiration").unwrap_or(0),
            "member_add_mode" => self.all_may_add = is_all(child, "all_member_add"),
            "member_link_mode" => self.all_may_invite = is_all(child, "all_member_link"),
            "membership_approval_mode" => self.has_join_approval = join_approval(child),
            "parent" => self.is_community = true,
            "linked_parent" => self.parent = child.jid("jid"),
            "default_sub_group" => self.is_default_sub_group = true,
            "suspended" => self.is_suspended = true,
            _ => {}
        }
    }

    /// The phone numbers and LIDs of members that belong together.
    pub fn pairs(&self) -> impl Iterator<Item = &Pair> {
        self.members.iter().filter_map(|member| member.pair.as_ref())
    }
}

impl Description {
    fn read(node: &NodeRef<'_>) -> Option<Self> {
        Some(Self {
            id: text(node, "id").map(Text::new),
            text: child_text(node, "body")?.to_owned(),
            author: node.jid("participant"),
            time: time(node, "t"),
        })
    }
}

impl Member {
    /// Reads a `<participant>`; `None` if it names nobody.
    pub(super) fn read(node: &NodeRef<'_>) -> Option<Self> {
        let jid = node.jid("jid").filter(|jid| !jid.user.is_empty())?.with_device(0);
        let other = if jid.is_lid() { "phone_number" } else { "lid" };
        Some(Self {
            pair: node.jid(other).and_then(|other| Pair::of(&jid, &other)),
            rank: match text(node, "type") {
                Some("superadmin") => Rank::SuperAdmin,
                Some("admin") => Rank::Admin,
                _ => Rank::Member,
            },
            display_name: text(node, "display_name").map(Text::new),
            // Some servers write 200 where there is no error.
            error: number(node, "error").filter(|code| *code != 200),
            add_request: node.child("add_request").and_then(|request| {
                let code = Text::new(text(&request, "code")?);
                Some(AddRequest { code, expiration: time(&request, "expiration") })
            }),
            jid,
        })
    }

    /// Reads all of them that an element holds.
    pub(super) fn read_all(node: &NodeRef<'_>) -> Vec<Self> {
        node.children_named("participant").filter_map(|member| Self::read(&member)).collect()
    }
}

/// The group that an element names, in full or by the part before the `@` only.
pub(super) fn group_jid(node: &NodeRef<'_>) -> Option<Jid> {
    let full = node.jid("jid").or_else(|| node.jid("id")).filter(|jid| jid.server == Server::Group);
    full.filter(|jid| !jid.user.is_empty()).or_else(|| {
        let id = text(node, "id").filter(|id| id.bytes().all(|b| b.is_ascii_digit() || b == b'-'))?;
        Some(Jid::new(id, Server::Group))
    })
}

/// Returns whether an element's text is the word for "all members"; `None` if it has no text.
pub(super) fn is_all(node: &NodeRef<'_>, word: &str) -> Option<bool> {
    node.bytes().map(|bytes| bytes == word.as_bytes())
}

/// Returns whether an element says that admins confirm who joins.
pub(super) fn join_approval(node: &NodeRef<'_>) -> bool {
    node.child("group_join").is_none_or(|join| !join.is("state", "off"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{jid, reading};
    use super::*;
    use crate::stanza::Node;

    fn member(who: &str) -> Node {
        Node::new("participant").attr("jid", jid(who))
    }

    #[test]
    fn everything() {
        let body = Node::new("body").text("About us");
        let description = Node::new("description").attr("id", "AB12").attr("participant", jid("555@lid"));
        let node = Node::new("group")
            .attr("id", "120363000000000001")
            .attr("subject", "Friends")
            .attr("s_t", "7")
            .attr("s_o", jid("555@lid"))
            .attr("creation", "6")
            .attr("creator", jid("555@lid"))
            .attr("addressing_mode", "lid")
            .attr("p_v_id", "1767225600")
            .attr("size", "3")
            .child(
                member("555@lid").attr("phone_number", jid("1555@s.whatsapp.net")).attr("type", "superadmin"),
            )
            .child(member("1666@s.whatsapp.net").attr("lid", jid("666@lid")).attr("type", "admin"))
            .child(member("777@lid").attr("display_name", "+1***77"))
            .child(Node::new("participant"))
            .child(description.attr("t", "8").child(body))
            .child(Node::new("announcement"))
            .child(Node::new("locked"))
            .child(Node::new("ephemeral").attr("expiration", "86400"))
            .child(Node::new("member_add_mode").text("all_member_add"))
            .child(Node::new("member_link_mode").text("admin_link"))
            .child(Node::new("membership_approval_mode").child(Node::new("group_join").attr("state", "on")))
            .child(Node::new("linked_parent").attr("jid", jid("120363000000000002@g.us")))
            .child(Node::new("default_sub_group"))
            .child(Node::new("suspended"))
            .child(Node::new("evolution_version").attr("value", "3"));
        let group = reading(node, |node| Group::read(node).unwrap());
        assert_eq!((group.jid, group.subject.as_deref()), (jid("120363000000000001@g.us"), Some("Friends")));
        assert_eq!((group.subject_time, group.created, group.size), (Some(7), Some(6), Some(3)));
        assert_eq!(
            (group.addressing_mode, group.members_version.as_deref()),
            (AddressingMode::Lid, Some("1767225600"))
        );
        assert_eq!((group.creator, group.subject_author), (Some(jid("555@lid")), Some(jid("555@lid"))));
        let members: Vec<_> =
            group.members.iter().map(|m| (m.jid.to_string(), m.rank, m.pair.is_some())).collect();
        assert_eq!(
            members,
            [
                ("555@lid".into(), Rank::SuperAdmin, true),
                ("1666@s.whatsapp.net".into(), Rank::Admin, true),
                ("777@lid".into(), Rank::Member, false),
            ]
        );
        assert_eq!(group.members[2].display_name.as_deref(), Some("+1***77"));
        let description = group.description.unwrap();
        assert_eq!((description.text.as_str(), description.id.as_deref()), ("About us", Some("AB12")));
        assert_eq!((description.author, description.time), (Some(jid("555@lid")), Some(8)));
        assert!(group.is_announcement && group.is_locked && group.has_join_approval && group.is_suspended);
        assert_eq!(
            (group.expiration, group.all_may_add, group.all_may_invite),
            (86400, Some(true), Some(false))
        );
        assert_eq!((group.parent, group.is_default_sub_group), (Some(jid("120363000000000002@g.us")), true));
        assert!(!group.is_community && !group.is_incomplete);
    }

    #[test]
    fn little_and_nonsense() {
        let read = |node| reading(node, Group::read);
        let group =
            read(Node::new("community").attr("id", jid("120363@g.us")).attr("size", u64::MAX)).unwrap();
        assert_eq!((group.addressing_mode, group.size, group.subject), (AddressingMode::Pn, None, None));
        assert!(group.is_community && !group.has_join_approval);
        assert_eq!(read(Node::new("group")), Err(NoGroup::Malformed));
        assert_eq!(read(Node::new("group").attr("id", jid("555@lid"))), Err(NoGroup::Malformed));
        assert_eq!(read(Node::new("group").attr("id", "not a group")), Err(NoGroup::Malformed));
        assert_eq!(
            read(Node::new("group").attr("id", "15550001-1500000000").attr("error", "403")),
            Err(NoGroup::Refused { jid: Some(jid("15550001-1500000000@g.us")), code: 403 })
        );
        let off = Node::new("membership_approval_mode").child(Node::new("group_join").attr("state", "off"));
        let group = Node::new("group").attr("id", "1").child(Node::new("missing_participant_identification"));
        let group = read(group.child(off).child(Node::new("description").attr("error", "404"))).unwrap();
        assert!(group.is_incomplete && !group.has_join_approval && group.description.is_none());
    }

    #[test]
    fn members_who_could_not_be_added() {
        let request = Node::new("add_request").attr("code", "XYZ").attr("expiration", "9");
        let node = Node::new("add")
            .child(member("555:3@lid").attr("error", "403").child(request))
            .child(member("666@lid").attr("error", "200"));
        let members = reading(node, |node| Member::read_all(&node));
        assert_eq!((&members[0].jid, members[0].error), (&jid("555@lid"), Some(403)));
        assert_eq!(members[0].add_request, Some(AddRequest { code: "XYZ".into(), expiration: Some(9) }));
        assert_eq!(members[1].error, None);
    }
}
