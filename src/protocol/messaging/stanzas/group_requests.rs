//! Asking about groups and changing them: the requests, still without ids, and what is in their answers.

use super::groups::{Group, Member, NoGroup, group_jid};
use super::parse::{number, text};
use crate::stanza::{Jid, Node, NodeRef, Server, Text, build};

const XMLNS: &str = "w:g2";

/// The service for all groups.
fn all_groups() -> Jid {
    Jid::new("", Server::Group)
}

fn get(to: &Jid, child: Node) -> Node {
    build::iq("get", to.clone(), XMLNS).child(child)
}

fn set(to: &Jid, child: Node) -> Node {
    build::iq("set", to.clone(), XMLNS).child(child)
}

/// Asks for one group.
pub fn metadata(group: &Jid) -> Node {
    get(group, Node::new("query").attr("request", "interactive"))
}

/// Asks for all groups that this account is in.
pub fn participating() -> Node {
    let parts = [Node::new("participants"), Node::new("description")];
    get(&all_groups(), Node::new("participating").children(parts))
}

/// Asks what an invite code leads to.
pub fn invited_to(code: &str) -> Node {
    get(&all_groups(), invite(code))
}

/// Asks for a group's invite code.
pub fn invite_code(group: &Jid) -> Node {
    get(group, Node::new("invite"))
}

/// Makes the invite code void, and asks for another one.
pub fn reset_invite_code(group: &Jid) -> Node {
    set(group, Node::new("invite"))
}

/// Joins by an invite code.
pub fn join(code: &str) -> Node {
    set(&all_groups(), invite(code))
}

/// Joins by an invitation that `admin` sent as a message.
pub fn accept_invitation(group: &Jid, code: &str, expiration: u64, admin: &Jid) -> Node {
    let accept = Node::new("accept").attr("code", Text::new(code)).attr("expiration", expiration);
    set(group, accept.attr("admin", admin.account()))
}

fn invite(code: &str) -> Node {
    Node::new("invite").attr("code", Text::new(code))
}

/// Leaves groups.
pub fn leave<'j>(groups: impl IntoIterator<Item = &'j Jid>) -> Node {
    let groups = groups.into_iter().map(|group| Node::new("group").attr("id", group));
    set(&all_groups(), Node::new("leave").children(groups))
}

/// A person who is to become a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewMember<'a> {
    /// Address, of the kind that the group is addressed by.
    pub jid: &'a Jid,
    /// The phone number, if the person is named by LID.
    pub phone_number: Option<&'a Jid>,
    /// The token that shows that they know us; some settings let nobody else add them.
    pub token: Option<&'a [u8]>,
}

impl NewMember<'_> {
    fn node(&self) -> Node {
        let token = self.token.map(|token| Node::new("privacy").bytes(token));
        let pn = self.phone_number.filter(|_| self.jid.is_lid()).map(Jid::account);
        Node::new("participant").attr("jid", self.jid.account()).attr_opt("phone_number", pn).children(token)
    }
}

/// A group to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewGroup<'a> {
    /// Its name.
    pub subject: &'a str,
    /// The members, without oneself.
    pub members: Vec<NewMember<'a>>,
    /// The description, with its id: 8 hexadecimal digits.
    pub description: Option<(&'a str, &'a str)>,
    /// Only admins may send.
    pub is_announcement: bool,
    /// Only admins may change name, picture and description.
    pub is_locked: bool,
    /// The seconds after which messages disappear; 0 for never.
    pub expiration: u32,
    /// The community that it becomes part of.
    pub parent: Option<&'a Jid>,
}

/// Makes a group. The answer holds it, with the members who could not be added marked. Like official clients, it always states
/// who may add members, the disappearing timer, and the approval of those who join.
pub fn create(group: &NewGroup<'_>) -> Node {
    let description = group.description.map(|(id, text)| describe(id, None, Some(text)));
    let flag = |is: bool, tag: &'static str| is.then(|| Node::new(tag));
    let approval = Node::new("membership_approval_mode");
    let create = Node::new("create")
        .attr("subject", Text::new(group.subject))
        .children(group.members.iter().map(NewMember::node))
        .children(description)
        .child(Node::new("member_add_mode").text("all_member_add"))
        .children(group.parent.map(|parent| Node::new("linked_parent").attr("jid", parent)))
        .children(flag(group.is_locked, "locked"))
        .children(flag(group.is_announcement, "announcement"))
        .child(ephemeral(group.expiration))
        .child(approval.child(Node::new("group_join").attr("state", "off")));
    set(&all_groups(), create)
}

fn ephemeral(seconds: u32) -> Node {
    Node::new("ephemeral").attr("expiration", seconds)
}

fn describe(id: &str, previous: Option<&str>, text: Option<&str>) -> Node {
    let node = Node::new("description").attr("id", Text::new(id)).attr_opt("prev", previous.map(Text::new));
    match text {
        Some(text) => node.child(Node::new("body").text(text)),
        None => node.attr("delete", true),
    }
}

/// An action on members.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MemberAction {
    /// They are put out.
    Remove,
    /// They become admins.
    Promote,
    /// They are admins no longer.
    Demote,
}

impl MemberAction {
    const fn tag(self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::Promote => "promote",
            Self::Demote => "demote",
        }
    }
}

/// Adds members.
pub fn add(group: &Jid, members: &[NewMember<'_>]) -> Node {
    set(group, Node::new("add").children(members.iter().map(NewMember::node)))
}

/// Changes what members are.
pub fn change<'j>(group: &Jid, action: MemberAction, members: impl IntoIterator<Item = &'j Jid>) -> Node {
    let members = members.into_iter().map(|jid| Node::new("participant").attr("jid", jid.account()));
    set(group, Node::new(action.tag()).children(members))
}

/// A setting of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Setting<'a> {
    /// The name.
    Subject(&'a str),
    /// The description.
    Description {
        /// Id of the new one: 8 hexadecimal digits.
        id: &'a str,
        /// Id of the one that it replaces.
        previous: Option<&'a str>,
        /// The text; `None` takes the old one away.
        text: Option<&'a str>,
    },
    /// Only admins may send.
    Announcement(bool),
    /// Only admins may change name, picture and description.
    Locked(bool),
    /// The seconds after which messages disappear; 0 for never.
    Expiration(u32),
    /// All members may add others.
    AllMayAdd(bool),
    /// All members may see the invite link.
    AllMayInvite(bool),
    /// Admins confirm who joins.
    JoinApproval(bool),
}

/// Changes a setting. The answer is empty.
pub fn configure(group: &Jid, setting: Setting<'_>) -> Node {
    let either = |yes: bool, tags: [&'static str; 2]| Node::new(if yes { tags[0] } else { tags[1] });
    set(
        group,
        match setting {
            Setting::Subject(text) => Node::new("subject").text(text),
            Setting::Description { id, previous, text } => describe(id, previous, text),
            Setting::Announcement(yes) => either(yes, ["announcement", "not_announcement"]),
            Setting::Locked(yes) => either(yes, ["locked", "unlocked"]),
            Setting::Expiration(0) => Node::new("not_ephemeral"),
            Setting::Expiration(seconds) => ephemeral(seconds),
            Setting::AllMayAdd(yes) => {
                Node::new("member_add_mode").text(if yes { "all_member_add" } else { "admin_add" })
            }
            Setting::AllMayInvite(yes) => {
                Node::new("member_link_mode").text(if yes { "all_member_link" } else { "admin_link" })
            }
            Setting::JoinApproval(yes) => Node::new("membership_approval_mode")
                .child(Node::new("group_join").attr("state", if yes { "on" } else { "off" })),
        },
    )
}

/// Asks who wants to join.
pub fn join_requests(group: &Jid) -> Node {
    get(group, Node::new("membership_approval_requests"))
}

/// Lets people join who want to, or does not.
pub fn decide_join_requests<'j>(group: &Jid, approve: bool, who: impl IntoIterator<Item = &'j Jid>) -> Node {
    let who = who.into_iter().map(|jid| Node::new("participant").attr("jid", jid.account()));
    let verdict = Node::new(if approve { "approve" } else { "reject" }).children(who);
    set(group, Node::new("membership_requests_action").child(verdict))
}

/// The group in the answer to [`metadata`], [`create`] or [`invited_to`].
pub fn group(reply: &NodeRef<'_>) -> Result<Group, NoGroup> {
    let node = reply.child("group").or_else(|| reply.child("community"));
    Group::read(node.ok_or(NoGroup::Malformed)?)
}

/// The groups in the answer to [`participating`], one by one: some may be refused.
pub fn groups<'a>(reply: NodeRef<'a>) -> impl Iterator<Item = Result<Group, NoGroup>> + use<'a> {
    let holders = reply.children().filter(|child| matches!(child.tag(), "groups" | "communities"));
    let nodes = holders.flat_map(|holder| holder.children());
    nodes.filter(|node| matches!(node.tag(), "group" | "community")).map(Group::read)
}

/// Returns the result for each person named in [`add`], [`change`] or [`decide_join_requests`].
pub fn member_results(reply: &NodeRef<'_>) -> Vec<Member> {
    const ACTIONS: [&str; 4] = ["add", "remove", "promote", "demote"];
    let direct = reply.children().filter(|child| ACTIONS.contains(&child.tag()));
    let decided = reply.children_named("membership_requests_action").flat_map(|action| action.children());
    direct.chain(decided).flat_map(|action| Member::read_all(&action)).collect()
}

/// The code in the answer to [`invite_code`] or [`reset_invite_code`]; a link is `https://chat.whatsapp.com/` and the code.
pub fn code(reply: &NodeRef<'_>) -> Option<Text> {
    text(&reply.child("invite")?, "code").map(Text::new)
}

/// The answer to [`join`] or [`accept_invitation`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Joined {
    /// We are in.
    Member(Jid),
    /// An admin must confirm it.
    Pending(Jid),
}

/// Reads the answer to [`join`]; the one to [`accept_invitation`] may be empty, which means that we are in.
pub fn joined(reply: &NodeRef<'_>) -> Option<Joined> {
    if let Some(group) = reply.child("group") {
        return group_jid(&group).map(Joined::Member);
    }
    group_jid(&reply.child("membership_approval_request")?).map(Joined::Pending)
}

/// Returns the result for each group in the answer to [`leave`]: `None`, or the server's code.
pub fn left(reply: &NodeRef<'_>) -> Vec<(Jid, Option<u32>)> {
    let groups = reply.children_named("leave").flat_map(|leave| leave.children());
    groups
        .filter_map(|group| Some((group_jid(&group)?, number(&group, "error").filter(|code| *code != 200))))
        .collect()
}

/// Those in the answer to [`join_requests`], with the time at which they asked, Unix seconds.
pub fn waiting(reply: &NodeRef<'_>) -> Vec<(Jid, Option<u64>)> {
    let all = reply.children_named("membership_approval_requests").flat_map(|list| list.children());
    all.filter_map(|one| Some((one.jid("jid")?.account(), super::parse::time(&one, "request_time"))))
        .collect()
}

#[cfg(test)]
#[path = "group_requests_tests.rs"]
mod tests;
