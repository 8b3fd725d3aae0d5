use super::super::testing::{jid, reading};
use super::*;
use crate::stanza::Node;

fn notice(changes: impl IntoIterator<Item = Node>) -> Node {
    Node::new("notification")
        .attr("type", "w:gp2")
        .attr("id", "N")
        .attr("from", jid("120363@g.us"))
        .attr("t", "7")
        .attr("participant", jid("555@lid"))
        .attr("participant_pn", jid("1555@s.whatsapp.net"))
        .attr("notify", "Ada")
        .attr("addressing_mode", "lid")
        .children(changes)
}

fn changes(nodes: impl IntoIterator<Item = Node>) -> Vec<GroupChange> {
    reading(notice(nodes), |node| GroupNotice::read(node).unwrap().changes)
}

fn member(who: &str) -> Node {
    Node::new("participant").attr("jid", jid(who))
}

fn whom(change: &GroupChange) -> Vec<String> {
    change.members().iter().map(|member| member.jid.to_string()).collect()
}

#[test]
fn members_come_and_go() {
    let added = Node::new("add")
        .attr("reason", "invite")
        .attr("v_id", "2")
        .attr("prev_v_id", "1")
        .child(member("666@lid").attr("phone_number", jid("1666@s.whatsapp.net")));
    let read = reading(notice([added, Node::new("remove").child(member("777@lid"))]), |node| {
        GroupNotice::read(node).unwrap()
    });
    assert_eq!((&read.group, read.author.as_ref()), (&jid("120363@g.us"), Some(&jid("555@lid"))));
    assert_eq!((read.timestamp, read.offline, read.author_name.as_deref()), (Some(7), false, Some("Ada")));
    assert_eq!(read.addressing_mode, Some(AddressingMode::Lid));
    let GroupChange::Added(change) = &read.changes[0] else { panic!("{:?}", read.changes) };
    assert_eq!((change.reason.as_deref(), change.version.as_deref()), (Some("invite"), Some("2")));
    assert_eq!(change.previous_version.as_deref(), Some("1"));
    assert!(matches!(&read.changes[1], GroupChange::Removed(_)));
    assert_eq!(whom(&read.changes[1]), ["777@lid"]);
    let pairs: Vec<_> = read.pairs().map(|pair| pair.lid.to_string()).collect();
    assert_eq!(pairs, ["555@lid", "666@lid"]);
}

#[test]
fn ranks_and_addresses() {
    let read = changes(
        ["promote", "linked_group_demote", "modify", "leave"]
            .map(|tag| Node::new(tag).child(member("666@lid"))),
    );
    assert!(matches!(
        &read[..],
        [GroupChange::Promoted(_), GroupChange::Demoted(_), GroupChange::Renamed(_), GroupChange::Removed(_)]
    ));
    assert!(read.iter().all(|change| whom(change) == ["666@lid"]));
}

#[test]
fn settings() {
    let text = |tag: &'static str, text: &str| Node::new(tag).text(text);
    let subject = Node::new("subject").attr("subject", "Us").attr("s_t", "8").attr("s_o", jid("555@lid"));
    let described = Node::new("description").attr("id", "D").child(text("body", "about"));
    let off = Node::new("membership_approval_mode").child(Node::new("group_join").attr("state", "off"));
    let read = changes([
        subject,
        described,
        Node::new("description").attr("id", "E").child(Node::new("delete")),
        Node::new("announcement"),
        Node::new("not_announcement"),
        Node::new("locked"),
        Node::new("unlocked"),
        Node::new("ephemeral").attr("expiration", "60"),
        Node::new("not_ephemeral"),
        text("member_add_mode", "admin_add"),
        text("member_link_mode", "all_member_link"),
        off,
        Node::new("suspended"),
        Node::new("unsuspended"),
    ]);
    assert_eq!(
        read,
        [
            GroupChange::Subject { subject: "Us".into(), author: Some(jid("555@lid")), time: Some(8) },
            GroupChange::Description { id: Some("D".into()), text: Some("about".into()) },
            GroupChange::Description { id: Some("E".into()), text: None },
            GroupChange::Announcement(true),
            GroupChange::Announcement(false),
            GroupChange::Locked(true),
            GroupChange::Locked(false),
            GroupChange::Expiration(60),
            GroupChange::Expiration(0),
            GroupChange::AllMayAdd(false),
            GroupChange::AllMayInvite(true),
            GroupChange::JoinApproval(false),
            GroupChange::Suspended(true),
            GroupChange::Suspended(false),
        ]
    );
}

#[test]
fn life_of_a_group() {
    let group = Node::new("group").attr("id", "120363").attr("subject", "Us").child(member("666@lid"));
    let create = Node::new("create").attr("key", "K").attr("reason", "invite").child(group.clone());
    let link = |tag: &'static str, key| Node::new(tag).attr(key, "sub_group").child(group.clone());
    let wants = Node::new("created_membership_requests")
        .child(Node::new("requested_user").attr("jid", jid("888@lid")));
    let read = changes([
        create,
        link("link", "link_type"),
        link("unlink", "unlink_type"),
        wants,
        Node::new("membership_approval_request"),
        Node::new("revoked_membership_requests").child(member("888@lid")),
        Node::new("invite").attr("code", "XYZ"),
        Node::new("delete"),
        Node::new("missing_participant_identification"),
        Node::new("growth_locked"),
    ]);
    let GroupChange::Created { group, key, reason } = &read[0] else { panic!("{read:?}") };
    assert_eq!(
        (&group.jid, key.as_deref(), reason.as_deref()),
        (&jid("120363@g.us"), Some("K"), Some("invite"))
    );
    assert_eq!(whom(&read[0]), ["666@lid"]);
    let (kind, groups) = (Some(Text::from("sub_group")), vec![jid("120363@g.us")]);
    assert_eq!(read[1], GroupChange::Linked { kind: kind.clone(), groups: groups.clone() });
    assert_eq!(read[2], GroupChange::Unlinked { kind, groups });
    assert_eq!(whom(&read[3]), ["888@lid"]);
    assert_eq!(read[4], GroupChange::JoinRequested(Vec::new()));
    assert!(matches!(&read[5], GroupChange::JoinRequestsRevoked(who) if who.len() == 1));
    assert_eq!(
        read[6..],
        [
            GroupChange::InviteCode(Some("XYZ".into())),
            GroupChange::Deleted,
            GroupChange::Incomplete,
            GroupChange::Other("growth_locked".into()),
        ]
    );
}

#[test]
fn nonsense() {
    let read = |node| reading(node, GroupNotice::read);
    assert_eq!(read(Node::new("notification").attr("type", "w:gp2")), None);
    assert_eq!(read(Node::new("notification").attr("from", jid("555@lid"))), None);
    assert_eq!(changes([Node::new("create"), Node::new("member_add_mode")]), []);
    assert_eq!(changes(std::iter::repeat_n(Node::new("locked"), 10_000)).len(), MAX_CHANGES);
    let many = Node::new("add").children(std::iter::repeat_n(Node::new("participant"), 10_000));
    assert!(changes([many])[0].members().is_empty());
}
