use proptest::prelude::*;

use super::*;
use crate::stanza::{Node, Stanza};

/// The list of members as the server has it.
#[derive(Clone)]
struct Served {
    /// Members, and whether each is an admin.
    members: Vec<(u64, bool)>,
    version: u64,
}

impl Served {
    fn record(&self) -> GroupRecord {
        let user = |number: &u64| User::of(&crate::stanza::Jid::lid(number.to_string())).unwrap();
        GroupRecord {
            by_lid: true,
            members: self.members.iter().map(|(number, _)| user(number)).collect(),
            admins: self.members.iter().filter(|(_, admin)| *admin).map(|(number, _)| user(number)).collect(),
            expiration: 0,
            fetched_ms: 1,
            version: self.version.to_string(),
        }
    }

    /// Changes one member. Returns the notice.
    fn change(&mut self, kind: u8, number: u64) -> GroupNotice {
        let place = self.members.iter().position(|(held, _)| *held == number);
        let tag = match (kind % 4, place) {
            (0, _) | (_, None) => {
                if place.is_none() {
                    self.members.push((number, false));
                }
                "add"
            }
            (1, Some(place)) => {
                self.members.remove(place);
                "remove"
            }
            (2, Some(place)) => {
                self.members[place].1 = true;
                "promote"
            }
            (_, Some(place)) => {
                self.members[place].1 = false;
                "demote"
            }
        };
        let before = self.version;
        self.version += 3;
        notice(&member(tag, number).attr("v_id", self.version).attr("prev_v_id", before))
    }
}

fn member(tag: &'static str, number: u64) -> Node {
    let jid = crate::stanza::Jid::lid(number.to_string());
    Node::new(tag).child(Node::new("participant").attr("jid", jid))
}

fn notice(change: &Node) -> GroupNotice {
    let node = Node::new("notification").attr("from", "1@g.us").attr("type", "w:gp2").child(change.clone());
    GroupNotice::read(Stanza::from_node(&node).unwrap().root()).unwrap()
}

fn take(record: &mut GroupRecord, notice: &GroupNotice) -> bool {
    take_in(record, notice, &notice.changes[0])
}

fn same(record: &GroupRecord, served: &Served) -> bool {
    let sorted = |users: &[User]| {
        let mut users = users.to_vec();
        users.sort();
        users
    };
    let expected = served.record();
    sorted(&record.members) == sorted(&expected.members)
        && sorted(&record.admins) == sorted(&expected.admins)
        && record.version == expected.version
}

fn served() -> Served {
    Served { members: vec![(1, true), (2, false), (3, true)], version: 7 }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is taken in makes the record what the server has; after a notice that is missing nothing is.
    #[test]
    fn a_record_says_what_the_server_says_or_is_asked_for(
        changes in prop::collection::vec((any::<u8>(), 0u64..6, 0u8..8), 1..40),
    ) {
        let mut served = served();
        let mut record = served.record();
        let mut is_known = true;
        for (kind, number, fate) in changes {
            let notice = served.change(kind, number);
            let is_missed = fate == 0;
            if is_missed {
                is_known = false;
                continue;
            }
            let mut next = record.clone();
            if take(&mut next, &notice) {
                prop_assert!(is_known);
                prop_assert!(same(&next, &served));
                // Once more, as after a connection that broke before it was acknowledged.
                let once = next.clone();
                prop_assert!(take(&mut next, &notice));
                prop_assert_eq!(&next, &once);
                record = next;
            } else {
                // The group is asked for.
                prop_assert!(!is_known || served.members.iter().all(|(_, admin)| !admin));
                record = served.record();
                is_known = true;
            }
        }
    }
}

#[test]
fn what_is_not_certain_is_asked_for() {
    let versioned = |node: Node| node.attr("prev_v_id", "7").attr("v_id", "8");
    let error = Node::new("participant").attr("jid", "9@lid").attr("error", "403");
    let uncertain = [
        ("no version", member("add", 9)),
        ("a version and none before", member("promote", 2).attr("v_id", "8")),
        ("another version", member("remove", 2).attr("prev_v_id", "6").attr("v_id", "8")),
        ("nobody", versioned(Node::new("add"))),
        (
            "a number in a group by LID",
            versioned(Node::new("add").child(Node::new("participant").attr("jid", "155500@s.whatsapp.net"))),
        ),
        ("a member whom it did not work for", versioned(Node::new("add").child(error))),
        ("a stranger who leaves", versioned(member("remove", 9))),
        ("a stranger who becomes an admin", versioned(member("promote", 9))),
        ("a stranger who was an admin", member("demote", 9)),
        ("another address", versioned(member("modify", 2))),
        ("something unknown", Node::new("shuffled")),
        ("a group that is no more", Node::new("delete")),
    ];
    for (what, change) in uncertain {
        assert!(!take(&mut served().record(), &notice(&change)), "{what}");
    }
    let mut other_mode = notice(&versioned(member("add", 9)));
    other_mode.addressing_mode = Some(AddressingMode::Pn);
    assert!(!take(&mut served().record(), &other_mode));
    let mut unknown = GroupRecord { version: String::new(), ..served().record() };
    assert!(!take(&mut unknown, &notice(&member("add", 9).attr("prev_v_id", "").attr("v_id", "8"))));
}

#[test]
fn a_last_admin_who_leaves_is_followed_by_one_who_is_not_named() {
    let mut record = GroupRecord { admins: served().record().admins[..1].to_vec(), ..served().record() };
    let last = notice(&member("remove", 1).attr("prev_v_id", "7").attr("v_id", "8"));
    assert!(!take(&mut record, &last));
}

#[test]
fn changes_that_are_not_in_the_record_leave_it() {
    for tag in
        ["locked", "unlocked", "announcement", "not_announcement", "membership_approval_request", "invite"]
    {
        let mut record = served().record();
        assert!(take(&mut record, &notice(&Node::new(tag))), "{tag}");
        assert_eq!(record, served().record());
    }
    let mut record = served().record();
    assert!(take(&mut record, &notice(&Node::new("ephemeral").attr("expiration", "86400"))));
    assert_eq!(record, GroupRecord { expiration: 86_400, ..served().record() });
    // Without a version the rank of a member is certain all the same.
    let mut record = served().record();
    assert!(take(&mut record, &notice(&member("promote", 2))));
    assert_eq!(record.admins.len(), 3);
    assert_eq!(record.version, "7");
}
