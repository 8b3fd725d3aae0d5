//! Queries that other people cause with what they send: they are few, however much is sent, and nothing is lost by that.

use super::*;
use crate::messaging::engine::core::query_budget::{BURST, INTERVAL, SUBJECT_HOLDS};
use crate::messaging::engine::{QueryError, Tag};

/// Deletions that may wait for their groups.
const MOST_HELD: usize = 64;

/// A deletion by an admin of a group, which this device cannot read.
fn deletion(group: u64, id: u64) -> Stanza {
    let enc = Node::new("enc").attr("v", "2").attr("type", "skmsg").bytes([7; 40]);
    let node = Node::new("message").attr("id", format!("D{id}")).attr("from", group_of(group));
    let node = node.attr("participant", Jid::lid("900")).attr("t", START / 1000).attr("type", "text");
    Stanza::from_node(&node.attr("edit", "8").child(enc)).unwrap()
}

fn group_of(number: u64) -> Jid {
    format!("{}@g.us", 120_363_000_000_000_000 + number).parse().unwrap()
}

/// An account, and what it did.
struct Watched {
    driver: Driver,
    /// The queries about groups, with the group that each is about.
    asked: Vec<(Tag, Jid)>,
    /// The number of deletions that were handled. None can be read, so that each is asked for again.
    handled: usize,
}

impl Watched {
    fn new() -> Self {
        let driver = Driver::new(&Jid::user("15550000001"), &Jid::lid("100"), 9);
        Self { driver, asked: Vec::new(), handled: 0 }
    }

    /// Returns the number of queries about groups that it leads to.
    fn act(
        &mut self,
        call: impl FnMut(&mut Engine, &mut EngineContext<'_>) -> Result<(), MissingRecords>,
    ) -> usize {
        let before = self.asked.len();
        for output in self.driver.call(call) {
            let (tag, node) = match output {
                Output::Query { tag, node } => (Some(tag), node),
                Output::Send(node) => (None, node),
                _ => continue,
            };
            let stanza = Stanza::from_node(&node).unwrap();
            let root = stanza.root();
            match tag {
                Some(tag) if root.is("xmlns", "w:g2") => self.asked.push((tag, root.jid("to").unwrap())),
                None if root.tag() == "receipt" && root.is("type", "retry") => self.handled += 1,
                _ => {}
            }
        }
        self.asked.len() - before
    }

    fn receive(&mut self, stanza: &Stanza) -> usize {
        self.act(|engine, cx| engine.message(stanza.root(), cx))
    }

    fn pass_to(&mut self, now: u64) -> usize {
        self.driver.now = now;
        self.act(|engine, cx| {
            engine.time_passed(cx);
            Ok(())
        })
    }

    fn answer(&mut self, tag: Tag, group: Node) {
        let stanza = Stanza::from_node(&Node::new("iq").attr("type", "result").child(group)).unwrap();
        self.act(|engine, cx| engine.reply(tag, Ok(stanza.root()), cx));
    }

    fn told(&mut self, group: &Jid, child: Node) {
        let node = Node::new("notification").attr("id", "N").attr("from", group).attr("type", "w:gp2");
        let stanza = Stanza::from_node(&node.attr("addressing_mode", "lid").child(child)).unwrap();
        self.act(|engine, cx| engine.group_notice(stanza.root(), cx));
    }

    fn send(&mut self, group: &Jid) -> usize {
        let content = OutboundContent::Content(Outgoing::text("hello", &Extras::default()).unwrap());
        let outbound = OutboundMessage { chat: group.clone(), id: None, content };
        self.act(|engine, cx| engine.send(1, &outbound, cx))
    }
}

/// The group as the server describes it: members 901 and on, of whom the first is an admin if it has one.
fn described(group: &Jid, members: u64, has_admin: bool, version: u64) -> Node {
    let member = |number: u64| {
        let rank = (number == 901 && has_admin).then_some("admin");
        Node::new("participant").attr("jid", Jid::lid(number.to_string())).attr_opt("type", rank)
    };
    let node = Node::new("group").attr("id", group).attr("addressing_mode", "lid").attr("p_v_id", version);
    node.attr("size", members).children((901..901 + members).map(member))
}

#[test]
fn deletions_in_a_thousand_new_groups_cause_few_queries() {
    let mut ada = Watched::new();
    let mut sent = 0;
    for number in 0..1000 {
        for id in [number, 1000 + number] {
            ada.receive(&deletion(number, id));
            sent += 1;
        }
    }
    assert_eq!(ada.asked.len() as u64, BURST);
    // Those that found no place are handled with what is known.
    assert_eq!(sent - ada.handled, MOST_HELD);
    // The others go on one after the other, when the engine says so, whatever else comes.
    let mut rounds = 0;
    while let Some(due) = ada.driver.engine.deadline() {
        rounds += 1;
        assert!(due > ada.driver.now, "it is not woken for nothing");
        ada.pass_to(due);
        for number in 0..5 {
            ada.receive(&deletion(5000 + rounds * 5 + number, 9000 + rounds * 5 + number));
            sent += 1;
        }
        let (asked, now) = (ada.asked.len() as u64, ada.driver.now);
        assert!(asked <= BURST + now / INTERVAL, "{asked} at {now}");
        assert!(rounds < 200, "they end");
    }
    assert!(ada.asked.len() as u64 > BURST && ada.asked.len() <= MOST_HELD, "{}", ada.asked.len());
    let groups: std::collections::HashSet<_> = ada.asked.iter().map(|(_, group)| group).collect();
    assert_eq!(groups.len(), ada.asked.len(), "each group is asked for once");
    // All that waited is handled once it is answered.
    for (tag, group) in ada.asked.clone() {
        ada.answer(tag, described(&group, 2, true, 1));
    }
    assert_eq!(ada.handled, sent);
}

#[test]
fn a_group_is_not_asked_for_again_within_a_short_time() {
    for has_admin in [true, false] {
        let mut ada = Watched::new();
        assert_eq!(ada.receive(&deletion(1, 0)), 1);
        let (tag, group) = ada.asked[0].clone();
        ada.answer(tag, described(&group, 3, has_admin, 1));
        for round in 1..10 {
            // Notices that do not say who is a member, and make the record out of date.
            ada.told(&group, Node::new("unlink").attr("unlink_type", "sub_group"));
            assert_eq!(ada.receive(&deletion(1, round)), 0, "{has_admin}");
        }
        assert_eq!(ada.handled, 10, "nothing waits");
        ada.pass_to(SUBJECT_HOLDS);
        assert_eq!(ada.receive(&deletion(1, 99)), 1);
    }
}

/// The server's refusal holds, whatever members do to have the group asked for.
#[test]
fn a_refusal_is_not_forgotten_because_of_a_notice() {
    let mut ada = Watched::new();
    ada.receive(&deletion(1, 0));
    let (tag, group) = ada.asked[0].clone();
    ada.act(|engine, cx| engine.reply(tag, Err(QueryError::of(403)), cx));
    for round in 1..10 {
        ada.told(&group, Node::new("locked"));
        ada.told(&group, Node::new("unlink").attr("unlink_type", "sub_group"));
        assert_eq!(ada.receive(&deletion(1, round)), 0);
        assert_eq!(ada.send(&group), 0);
    }
    // This account is a member now, and may ask.
    let added = Node::new("add").child(Node::new("participant").attr("jid", Jid::lid("100")));
    ada.told(&group, added);
    assert_eq!(ada.send(&group), 1);
}

/// Notices say what they change: the group is not asked for again as long as none of them is missing.
#[test]
fn members_who_come_and_go_cause_no_query() {
    let mut ada = Watched::new();
    let group = group_of(1);
    let this = Node::new("participant").attr("jid", Jid::lid("100"));
    ada.told(
        &group,
        Node::new("create").child(described(&group, 3, true, 1).child(this).attr("size", 4_u32)),
    );
    let mut version = 1;
    let mut change = |ada: &mut Watched, tag: &'static str, who: &str, skipped: u64| {
        let member = Node::new("participant").attr("jid", Jid::lid(who));
        let node = Node::new(tag).attr("prev_v_id", version + skipped).attr("v_id", version + skipped + 1);
        version += skipped + 1;
        ada.told(&group_of(1), node.child(member));
    };
    let is_one = |ada: &Watched, who: &str| {
        let held = ada.driver.engine.core.cache.groups.get(group_of(1).to_string().as_bytes()).unwrap();
        let user = User::of(&Jid::lid(who)).unwrap();
        (held.members.contains(&user), held.admins.contains(&user))
    };
    for round in 0..20 {
        let steps = [
            ("add", (true, false)),
            ("promote", (true, true)),
            ("demote", (true, false)),
            ("remove", (false, false)),
        ];
        for (tag, expected) in steps {
            change(&mut ada, tag, "950", 0);
            assert_eq!(is_one(&ada, "950"), expected, "{tag}");
        }
        assert_eq!(ada.receive(&deletion(1, round)), 0, "the admins are known");
    }
    // One is missing: the list is not known any more, and is asked for once.
    change(&mut ada, "add", "951", 1);
    let asked: usize = (0..5).map(|round| ada.receive(&deletion(1, 100 + round))).sum();
    assert_eq!(asked, 1);
}

/// A request for a message again, of an installation with that number.
fn retry(from: &Jid, id: &str, registration: u32) -> Stanza {
    let retry = Node::new("retry").attr("v", "1").attr("count", 1_u32).attr("id", id.to_owned());
    let node =
        Node::new("receipt").attr("id", id.to_owned()).attr("type", "retry").attr("from", from.clone());
    let registration = Node::new("registration").bytes(registration.to_be_bytes());
    Stanza::from_node(&node.child(retry.attr("t", START / 1000)).child(registration)).unwrap()
}

/// A person who claims another installation each time gets the message each time, and a new session once in a while.
#[test]
fn requests_for_messages_again_cause_few_queries_for_keys() {
    let mut net = Net::new();
    net.acquainted();
    for number in 0..20 {
        net.text(ADA, BOB, &format!("message {number}"));
    }
    let bob = net.phones[BOB].jid.clone();
    let ids: Vec<String> = net
        .sent
        .iter()
        .filter(|(who, node)| *who == ADA && node.tag() == "message")
        .map(|(_, node)| Stanza::from_node(node).unwrap().root().str("id").unwrap().into_owned())
        .collect();
    let since = net.sent.len();
    net.phones[ADA].asked.clear();
    for minute in 0..3 {
        net.phones[ADA].driver.now = minute * SUBJECT_HOLDS;
        for (number, id) in ids.iter().enumerate() {
            let stanza = retry(&bob, id, 1_000_000 * (minute as u32 + 1) + number as u32);
            net.act(ADA, |engine, cx| engine.receipt(stanza.root(), cx));
        }
        assert_eq!(net.phones[ADA].asked, vec!["encrypt"; minute as usize + 1]);
    }
    assert_eq!(net.messages_sent(ADA, since), 3 * ids.len());
}

/// Answers for which keys have to be asked for wait together, and none is left out.
#[test]
fn answers_that_wait_for_a_query_go_out_with_the_next_one() {
    let mut net = Net::new();
    net.acquainted();
    let bob = net.phones[BOB].jid.clone();
    let id = Stanza::from_node(&net.sent[0].1).unwrap().root().str("id").unwrap().into_owned();
    net.phones[ADA].driver.call(|engine, cx| {
        while engine.core.queries.people_budget.take(cx.now) {}
        Ok(())
    });
    net.forget_sessions(ADA);
    net.phones[ADA].driver.call(|engine, cx| {
        while engine.core.queries.people_budget.take(cx.now) {}
        Ok(())
    });
    net.phones[ADA].asked.clear();
    let since = net.sent.len();
    let stanza = retry(&bob, &id, 5);
    net.act(ADA, |engine, cx| engine.receipt(stanza.root(), cx));
    assert_eq!((net.messages_sent(ADA, since), net.phones[ADA].asked.len()), (0, 0));
    let due = net.phones[ADA].driver.engine.deadline().unwrap();
    assert_eq!(due, net.phones[ADA].driver.now + INTERVAL);
    net.phones[ADA].driver.now = due;
    net.act(ADA, |engine, cx| {
        engine.time_passed(cx);
        Ok(())
    });
    assert_eq!(net.phones[ADA].asked, ["encrypt"]);
    assert_eq!(net.messages_sent(ADA, since), 1);
}
