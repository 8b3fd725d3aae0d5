//! Groups as they are shown to those who ask.

use wa::stanza::{Jid, Node, NodeRef};

use crate::model::{Group, Model, Rank, Space};
use crate::server::phash;

/// Most groups one query may name.
const MAX_QUERIED: usize = 10_000;

/// One member.
pub(super) fn participant(model: &Model, group: &Group, number: &str, rank: Rank) -> Option<Node> {
    let phone = model.phones.get(number)?;
    let (key, other) = match group.mode {
        Space::Lid => ("phone_number", phone.jid(Space::Pn, 0)),
        Space::Pn => ("lid", phone.lid(0)),
    };
    Some(
        Node::new("participant")
            .attr("jid", phone.jid(group.mode, 0))
            .attr(key, other)
            .attr_opt("type", rank.name()),
    )
}

/// Returns a person's name in a group, and by number.
pub(super) fn both_names(model: &Model, group: &Group, number: &str) -> Option<(Jid, Jid)> {
    let phone = model.phones.get(number)?;
    Some((phone.jid(group.mode, 0), phone.jid(Space::Pn, 0)))
}

/// A group with everything in it.
pub(super) fn group_node(model: &Model, group: &Group) -> Node {
    let names = |number: &str| both_names(model, group, number).unzip();
    let (creator, creator_pn) = names(&group.creator);
    let (subject_by, subject_by_pn) = names(&group.subject_by);
    let mut node = Node::new("group")
        .attr("id", &group.id)
        .attr("subject", &group.subject)
        .attr("s_t", group.subject_at)
        .attr_opt("s_o", subject_by)
        .attr_opt("s_o_pn", subject_by_pn)
        .attr("creation", group.created)
        .attr_opt("creator", creator)
        .attr_opt("creator_pn", creator_pn)
        .attr("addressing_mode", group.mode.name())
        .attr("p_v_id", group.version)
        .attr("a_v_id", group.version)
        .attr("size", group.members.len())
        .children(group.members.iter().filter_map(|(number, rank)| participant(model, group, number, *rank)));
    if let Some(description) = &group.description {
        let (by, by_pn) = names(&description.by);
        node = node.child(
            Node::new("description")
                .attr("id", &description.id)
                .attr("t", description.at)
                .attr_opt("participant", by)
                .attr_opt("participant_pn", by_pn)
                .child(Node::new("body").text(description.body.clone())),
        );
    }
    if group.announcement {
        node = node.child(Node::new("announcement"));
    }
    if group.locked {
        node = node.child(Node::new("locked"));
    }
    if group.ephemeral > 0 {
        node = node.child(Node::new("ephemeral").attr("expiration", group.ephemeral));
    }
    let add_mode = if group.all_add { "all_member_add" } else { "admin_add" };
    node.child(Node::new("member_add_mode").text(add_mode))
}

/// All groups of a member.
pub(super) fn participating(model: &Model, number: &str) -> Node {
    let own = model.groups.values().filter(|group| group.members.contains_key(number));
    Node::new("groups").children(own.map(|group| group_node(model, group)).collect::<Vec<_>>())
}

/// One group; nothing if the asker holds the member list as it is.
pub(super) fn one(model: &Model, number: &str, to: &Jid, query: NodeRef<'_>) -> Result<Option<Node>, u16> {
    let group = model.group(to).ok_or(404u16)?;
    if !group.members.contains_key(number) {
        return Err(403);
    }
    let members = || group.members.keys().filter_map(|number| Some(both_names(model, group, number)?.0));
    if query.str("phash").is_some_and(|held| held == phash::of(members())) {
        return Ok(None);
    }
    Ok(Some(group_node(model, group)))
}

/// Several groups at once.
pub(super) fn many(model: &Model, number: &str, query: NodeRef<'_>) -> Node {
    let groups = query.children_named("group").take(MAX_QUERIED).filter_map(|asked| {
        let jid = asked.jid("jid")?;
        let refused = |code: u16| Node::new("group").attr("id", jid.user.clone()).attr("error", code);
        Some(match model.group(&jid) {
            None => refused(404),
            Some(group) if !group.members.contains_key(number) => refused(403),
            Some(group) => group_node(model, group),
        })
    });
    Node::new("groups").children(groups.collect::<Vec<_>>())
}

/// The group behind an invite link, for a person who thinks of joining.
pub(super) fn invited(model: &Model, invite: NodeRef<'_>) -> Result<Node, u16> {
    let code = invite.str("code").ok_or(400u16)?;
    let group = model.groups.values().find(|group| group.invite == code).ok_or(406u16)?;
    Ok(group_node(model, group))
}
