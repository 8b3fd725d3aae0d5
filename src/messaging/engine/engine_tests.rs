//! Engines that write to each other through a server that is a few lines long: who cannot read asks again, who may not ask gets
//! nothing, and what the server announces is taken in.

use std::collections::VecDeque;

use super::test_driver::{Driver, START};
use super::{
    AcceptedMessage, Engine, EngineContext, FollowUp, MessagingEvent, OutboundContent, OutboundMessage,
    Output, SendFailure, UnreadableReason,
};
use crate::crypto::{PublicKey, Secret};
use crate::messaging::address::User;
use crate::messaging::content::{Body, Expiration, Extras, Outgoing};
use crate::messaging::record_cache::{
    GroupRecord, MissingRecords, RecordCache, RecordRequirements, SecretPeriods,
};
use crate::stanza::{Jid, Node, NodeRef, Stanza};
use crate::store::Space;
use crate::store::records::OneTimePrekey;

/// A phone, and what its host was told.
struct Phone {
    driver: Driver,
    jid: Jid,
    told: Vec<MessagingEvent>,
    answers: Vec<Result<AcceptedMessage, SendFailure>>,
    /// The queries it sent to the server, by namespace.
    asked: Vec<String>,
    /// The server has this one-time key of it.
    one_time: Option<OneTimePrekey>,
}

impl Phone {
    fn texts(&self) -> Vec<String> {
        let text = |told: &MessagingEvent| match told {
            MessagingEvent::Message(message) => match &message.content.body {
                Body::Text(text) => Some(text.text.clone()),
                _ => None,
            },
            _ => None,
        };
        self.told.iter().filter_map(text).collect()
    }

    fn changed_identities(&self) -> usize {
        self.told.iter().filter(|told| matches!(told, MessagingEvent::IdentityChanged { .. })).count()
    }

    fn unreadable(&self) -> Vec<(UnreadableReason, u32, bool)> {
        let one = |told: &MessagingEvent| match told {
            MessagingEvent::Unreadable(what) => Some((what.reason, what.retries, what.pending)),
            _ => None,
        };
        self.told.iter().filter_map(one).collect()
    }
}

/// The server, and the phones at it.
struct Net {
    phones: Vec<Phone>,
    /// Messages and receipts that were sent: by whom, and what.
    sent: Vec<(usize, Node)>,
    /// Messages carry the sender's number, and what they take is loaded before they come.
    looks_ahead: bool,
}

const ADA: usize = 0;
const BOB: usize = 1;
const EVE: usize = 2;

impl Net {
    fn new() -> Self {
        let phone = |number: usize| {
            let jid = Jid::lid(format!("{number}00"));
            let pn = Jid::user(format!("1555000000{number}"));
            let driver = Driver::new(&pn, &jid, number as u64);
            Phone { driver, jid, told: Vec::new(), answers: Vec::new(), asked: Vec::new(), one_time: None }
        };
        Self { phones: [1, 2, 3].map(phone).into(), sent: Vec::new(), looks_ahead: false }
    }

    fn act(
        &mut self,
        who: usize,
        call: impl FnMut(&mut Engine, &mut EngineContext<'_>) -> Result<(), MissingRecords>,
    ) {
        let outputs = self.phones[who].driver.call(call);
        self.carry_out_all(who, outputs);
    }

    fn carry_out_all(&mut self, who: usize, outputs: Vec<Output>) {
        let mut queue: VecDeque<_> = outputs.into_iter().map(|output| (who, output)).collect();
        while let Some((who, output)) = queue.pop_front() {
            let more = self.carry_out(who, output);
            queue.extend(more);
        }
    }

    fn carry_out(&mut self, who: usize, output: Output) -> Vec<(usize, Output)> {
        match output {
            Output::Query { tag, node } => {
                let asked = Stanza::from_node(&node).unwrap();
                let mut about = asked.root().str("xmlns").unwrap().into_owned();
                about.push_str(if held(asked.root()) { ", held" } else { "" });
                self.phones[who].asked.push(about);
                let answer = Stanza::from_node(&self.answer(&asked)).unwrap();
                self.give(who, |engine, cx| engine.reply(tag, Ok(answer.root()), cx))
            }
            Output::Send(node) | Output::SendBeforeCommit(node) => {
                self.sent.push((who, node.clone()));
                self.deliver(who, &node)
            }
            Output::Event(told) => {
                self.phones[who].told.push(told);
                Vec::new()
            }
            Output::Answer { answer, .. } => {
                self.phones[who].answers.push(answer);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn give(
        &mut self,
        who: usize,
        call: impl FnMut(&mut Engine, &mut EngineContext<'_>) -> Result<(), MissingRecords>,
    ) -> Vec<(usize, Output)> {
        self.phones[who].driver.call(call).into_iter().map(|output| (who, output)).collect()
    }

    fn answer(&self, asked: &Stanza) -> Node {
        let root = asked.root();
        let result = Node::new("iq").attr("type", "result");
        match root.str("xmlns").as_deref() {
            Some("usync") => {
                let users = root.child("usync").and_then(|usync| usync.child("list")).unwrap();
                let user = |jid: Jid| {
                    let list = Node::new("device-list").attr("hash", "2:phone");
                    let list = list.child(Node::new("device").attr("id", 0_u16));
                    Node::new("user").attr("jid", jid).child(Node::new("devices").child(list))
                };
                // Users known to have this list are left out.
                let news = users.children().filter(|asked| asked.child("devices").is_none());
                let users = news.map(|asked| user(asked.jid("jid").unwrap()));
                result.child(Node::new("usync").child(Node::new("list").children(users)))
            }
            Some("encrypt") => {
                let key = root.child("key").unwrap();
                let users = key.children().map(|asked| {
                    let jid = asked.jid("jid").unwrap();
                    let owner = self.phones.iter().find(|phone| phone.jid == jid).unwrap();
                    let one_time =
                        owner.one_time.as_ref().map(|prekey| key_node("key", prekey.id, prekey.public));
                    Node::new("user").attr("jid", jid).children(bundle(&owner.driver)).children(one_time)
                });
                result.child(Node::new("list").children(users))
            }
            _ => result,
        }
    }

    fn deliver(&mut self, from: usize, node: &Node) -> Vec<(usize, Output)> {
        let stanza = Stanza::from_node(node).unwrap();
        let root = stanza.root();
        let sender = self.phones[from].jid.clone();
        let head = |tag: &'static str| {
            let head =
                Node::new(tag).attr("id", root.str("id").unwrap().into_owned()).attr("from", sender.clone());
            head.attr("t", START / 1000).attr_opt("type", root.str("type").map(|kind| kind.into_owned()))
        };
        let phone = |jid: &Jid| self.phones.iter().position(|phone| phone.jid == jid.account());
        let mut outputs = Vec::new();
        match root.tag() {
            "message" => {
                let copies: Vec<(usize, Node)> = match root.child("participants") {
                    Some(list) => list
                        .children()
                        .map(|to| {
                            (phone(&to.jid("jid").unwrap()).unwrap(), to.child("enc").unwrap().to_node())
                        })
                        .collect(),
                    None => {
                        let to = phone(&root.jid("to").unwrap()).unwrap();
                        vec![(to, root.child("enc").unwrap().to_node())]
                    }
                };
                let ack = Node::new("ack").attr("class", "message").attr("t", START / 1000);
                let ack = ack.attr("id", root.str("id").unwrap().into_owned());
                let ack = Stanza::from_node(&ack.attr("from", root.jid("to").unwrap())).unwrap();
                outputs.extend(self.give(from, |engine, cx| engine.ack(ack.root(), cx)));
                for (to, enc) in copies {
                    let number = self.looks_ahead.then(|| Jid::user(format!("1555000000{}", from + 1)));
                    let message = head("message").attr_opt("sender_pn", number).child(enc);
                    let message = Stanza::from_node(&message).unwrap();
                    if self.looks_ahead {
                        self.phones[to].driver.look_ahead(std::slice::from_ref(&message));
                    }
                    outputs.extend(self.give(to, |engine, cx| engine.message(message.root(), cx)));
                }
            }
            "receipt" => {
                let to = phone(&root.jid("to").unwrap()).unwrap();
                let children = root.children().map(|child| child.to_node());
                let receipt = Stanza::from_node(&head("receipt").children(children)).unwrap();
                outputs.extend(self.give(to, |engine, cx| engine.receipt(receipt.root(), cx)));
            }
            _ => {}
        }
        outputs
    }

    fn text(&mut self, from: usize, to: usize, text: &str) {
        let chat = self.phones[to].jid.clone();
        let content = OutboundContent::Content(Outgoing::text(text, &Extras::default()).unwrap());
        let outbound = OutboundMessage { chat, id: None, content };
        self.act(from, |engine, cx| engine.send(1, &outbound, cx));
        assert!(self.phones[from].answers.last().unwrap().is_ok(), "{:?}", self.phones[from].answers);
    }

    /// A session both ways, so that what follows is encrypted within it.
    fn acquainted(&mut self) {
        self.text(ADA, BOB, "hello");
        self.text(BOB, ADA, "hello yourself");
        assert_eq!(self.phones[BOB].texts(), ["hello"]);
        assert_eq!(self.phones[ADA].texts(), ["hello yourself"]);
    }

    /// The program on a phone is started anew.
    fn restart(&mut self, who: usize) {
        let mut phone = self.phones.remove(who);
        phone.driver = phone.driver.restarted().unwrap();
        self.phones.insert(who, phone);
        self.act(who, |engine, _| {
            engine.online();
            Ok(())
        });
    }

    /// A phone loses all its sessions.
    fn forget_sessions(&mut self, who: usize) {
        self.phones[who].driver.forget(Space::Session);
        self.phones[who].driver.forget(Space::SessionArchive);
        self.restart(who);
    }

    /// Returns the number of messages that a phone has sent since then.
    fn messages_sent(&self, by: usize, since: usize) -> usize {
        self.sent[since..].iter().filter(|(who, node)| *who == by && node.tag() == "message").count()
    }
}

/// Returns whether a query for devices names a cached list.
fn held(asked: NodeRef<'_>) -> bool {
    let users = asked.child("usync").and_then(|usync| usync.child("list"));
    users.is_some_and(|users| {
        users
            .children()
            .any(|user| user.child("devices").is_some_and(|devices| devices.is("device_hash", "2:phone")))
    })
}

/// The keys with which a session with a phone begins, without a one-time key.
fn bundle(driver: &Driver) -> [Node; 4] {
    let (device, signed) = (&driver.device, &driver.device.signed_prekey);
    let signed_key = key_node("skey", signed.id, signed.pair.public());
    [
        Node::new("registration").bytes(device.registration_id.to_be_bytes()),
        Node::new("type").bytes([5]),
        Node::new("identity").bytes(device.identity.public().0),
        signed_key.child(Node::new("signature").bytes(signed.signature)),
    ]
}

fn key_node(tag: &'static str, id: u32, public: PublicKey) -> Node {
    let [_, id @ ..] = id.to_be_bytes();
    Node::new(tag).child(Node::new("id").bytes(id)).child(Node::new("value").bytes(public.0))
}

fn notice(kind: &'static str, from: &Jid, child: Node) -> Stanza {
    let node = Node::new("notification").attr("id", "N").attr("from", from.clone()).attr("type", kind);
    Stanza::from_node(&node.attr("t", START / 1000).child(child)).unwrap()
}

#[test]
fn who_lost_his_session_asks_and_gets_the_message_again_once() {
    let mut net = Net::new();
    net.acquainted();
    net.forget_sessions(BOB);
    let since = net.sent.len();
    net.text(ADA, BOB, "can you read this?");
    assert_eq!(net.phones[BOB].unreadable(), [(UnreadableReason::Undecryptable, 1, true)]);
    assert_eq!(net.phones[BOB].texts(), ["hello", "can you read this?"]);
    assert_eq!(net.messages_sent(ADA, since), 2);
    // From then on all is well.
    net.text(ADA, BOB, "and this?");
    net.text(BOB, ADA, "yes");
    assert_eq!(net.phones[BOB].texts(), ["hello", "can you read this?", "and this?"]);
    assert_eq!(net.phones[ADA].texts(), ["hello yourself", "yes"]);
    assert_eq!(net.phones[BOB].unreadable().len(), 1);
    assert_eq!((net.phones[ADA].changed_identities(), net.phones[BOB].changed_identities()), (0, 0));
}

/// Some clients use a key twice when both sides write at once: the second message under it was not read.
#[test]
fn an_answer_under_a_used_key_is_not_taken_for_the_message() {
    let mut net = Net::new();
    net.acquainted();
    net.text(ADA, BOB, "read");
    let used =
        net.sent.iter().rev().find(|(who, node)| *who == ADA && node.tag() == "message").unwrap().1.clone();
    let used = Stanza::from_node(&used).unwrap();
    let used = match used.root().child("participants") {
        Some(list) => list.child("to").unwrap().child("enc").unwrap().to_node(),
        None => used.root().child("enc").unwrap().to_node(),
    };
    let broken = used.data().unwrap().iter().map(|byte| byte ^ 1).collect::<Vec<u8>>();
    let broken = Node::new("enc").attr("v", "2").attr("type", "msg").bytes(broken);
    let sender = net.phones[ADA].jid.clone();
    let since = net.sent.len();
    for (enc, retries) in [(broken, 1), (used, 2)] {
        let message = Node::new("message").attr("id", "WANTED").attr("from", sender.clone());
        let message = message.attr("t", START / 1000).attr("type", "text").child(enc);
        let message = Stanza::from_node(&message).unwrap();
        net.act(BOB, |engine, cx| engine.message(message.root(), cx));
        assert_eq!(
            net.phones[BOB].unreadable().last(),
            Some(&(UnreadableReason::Undecryptable, retries, true))
        );
    }
    let receipts = net.sent[since..].iter().filter(|(who, node)| *who == BOB && node.tag() == "receipt");
    let kinds: Vec<_> = receipts
        .map(|(_, node)| node.get("type").and_then(|kind| kind.as_text().map(str::to_owned)))
        .collect();
    assert_eq!(kinds, [Some("retry".to_owned()), Some("retry".to_owned())]);
}

#[test]
fn who_asks_again_gets_what_was_sent_first_with_the_timer_that_held_then() {
    let mut net = Net::new();
    net.acquainted();
    let chat = net.phones[BOB].jid.clone();
    let set_timer = |net: &mut Net, seconds| {
        let user = User::of(&chat).unwrap();
        net.act(ADA, |engine, _| {
            engine
                .core
                .follow_ups
                .push_back(FollowUp::Timer(user.clone(), Expiration { seconds, set_at: None }));
            Ok(())
        });
    };
    for (text, then, later) in [("a day", 86_400, 0), ("for ever", 0, 604_800)] {
        set_timer(&mut net, then);
        net.forget_sessions(BOB);
        let content = OutboundContent::Content(Outgoing::text(text, &Extras::default()).unwrap());
        let outbound = OutboundMessage { chat: chat.clone(), id: Some(text.into()), content };
        let outputs = net.phones[ADA].driver.call(|engine, cx| engine.send(1, &outbound, cx));
        // Before Bob, who cannot read it, asks for it again.
        set_timer(&mut net, later);
        net.carry_out_all(ADA, outputs);
        let Some(MessagingEvent::Message(message)) = net.phones[BOB].told.last() else { panic!("not read") };
        assert_eq!(message.info.id.as_str(), text);
        assert_eq!(message.content.context.expiration, Some(then).filter(|seconds| *seconds != 0));
    }
    assert_eq!(net.phones[BOB].unreadable().len(), 2);
}

#[test]
fn a_timer_that_claims_to_be_of_the_future_gives_way_to_a_later_one() {
    let mut net = Net::new();
    net.acquainted();
    let user = User::of(&net.phones[BOB].jid).unwrap();
    for (seconds, is_honest) in [(86_400, false), (604_800, true)] {
        let driver = &mut net.phones[ADA].driver;
        driver.now += 60_000;
        let now_s = START / 1000 + driver.now.cast_signed() / 1000;
        let set_at = Some(if is_honest { now_s } else { i64::MAX });
        net.act(ADA, |engine, _| {
            engine.core.follow_ups.push_back(FollowUp::Timer(user.clone(), Expiration { seconds, set_at }));
            Ok(())
        });
        let cache = &net.phones[ADA].driver.engine.core.cache;
        let held = cache.contacts.get(&cache.canonical_user(&user).key()).unwrap().timer();
        assert_eq!(held, Expiration { seconds, set_at: Some(now_s) });
    }
}

#[test]
fn a_message_of_the_far_future_takes_no_secret_away() {
    let mut net = Net::new();
    let user = User::of(&net.phones[BOB].jid).unwrap();
    let rows = |net: &Net| {
        let driver = &net.phones[ADA].driver;
        driver.rows(Space::SecretEven).len() + driver.rows(Space::SecretOdd).len()
    };
    let day = 24 * 3_600_000;
    // As a clock that was ahead has left it.
    net.act(ADA, |engine, _| {
        let ahead = SecretPeriods { even: 1_000_000, odd: 1_000_001 };
        engine.core.cache.secret_periods.put(&[], ahead);
        Ok(())
    });
    let times = [START - 40 * day, START, START + 40 * day, i64::MAX - 1, i64::MAX, START];
    for (number, unix_ms) in times.into_iter().enumerate() {
        net.act(ADA, |engine, _| {
            let (id, secret) = (format!("M{number}").into(), Secret::new([7; 32]));
            engine.core.follow_ups.push_back(FollowUp::Secret { author: user.clone(), id, secret, unix_ms });
            Ok(())
        });
        assert_eq!(rows(&net), number + 1, "{unix_ms}");
    }
}

#[test]
fn who_has_no_part_in_a_message_does_not_get_it_by_asking() {
    let mut net = Net::new();
    net.acquainted();
    net.text(ADA, EVE, "hello Eve");
    let of_bob = net.sent.iter().find_map(|(who, node)| {
        let stanza = Stanza::from_node(node).unwrap();
        let root = stanza.root();
        (*who == ADA && root.tag() == "message").then(|| root.str("id").unwrap().into_owned())
    });
    let retry = |from: &Jid, id: &str, count: u32| {
        let retry = Node::new("retry").attr("v", "1").attr("count", count).attr("id", id.to_owned());
        let node =
            Node::new("receipt").attr("id", id.to_owned()).attr("type", "retry").attr("from", from.clone());
        let registration = Node::new("registration").bytes([0, 0, 0, 1]);
        Stanza::from_node(&node.child(retry.attr("t", START / 1000)).child(registration)).unwrap()
    };
    let (bob, eve) = (net.phones[BOB].jid.clone(), net.phones[EVE].jid.clone());
    let id = of_bob.unwrap();
    let since = net.sent.len();
    let stanza = retry(&eve, &id, 1);
    net.act(ADA, |engine, cx| engine.receipt(stanza.root(), cx));
    assert_eq!(net.messages_sent(ADA, since), 0, "it is not Eve's");
    let stanza = retry(&bob, &id, 6);
    net.act(ADA, |engine, cx| engine.receipt(stanza.root(), cx));
    assert_eq!(net.messages_sent(ADA, since), 0, "that often nobody asks");
    // Bob has read it, and asks all the same: as often as he may.
    for _ in 0..20 {
        let stanza = retry(&bob, &id, 2);
        net.act(ADA, |engine, cx| engine.receipt(stanza.root(), cx));
    }
    assert_eq!(net.messages_sent(ADA, since), 10);
    assert_eq!(net.phones[BOB].texts(), ["hello"], "and is shown it once");
}

#[test]
fn what_was_sent_and_not_acknowledged_goes_out_after_a_restart() {
    let mut net = Net::new();
    net.acquainted();
    let chat = net.phones[BOB].jid.clone();
    let content = OutboundContent::Content(Outgoing::text("twice", &Extras::default()).unwrap());
    let outbound = OutboundMessage { chat, id: Some("TWICE".into()), content };
    // It goes out, and the program ends before the server says anything.
    let sent = net.phones[ADA].driver.call(|engine, cx| engine.send(1, &outbound, cx));
    let is_message = |output: &&Output| matches!(output, Output::Send(node) | Output::SendBeforeCommit(node) if node.tag() == "message");
    assert_eq!(sent.iter().filter(is_message).count(), 1);
    net.restart(ADA);
    assert_eq!(net.phones[BOB].texts(), ["hello", "twice"]);
}

#[test]
fn what_a_message_takes_is_foreseen() {
    let mut net = Net::new();
    net.looks_ahead = true;
    let takes_nothing_more = |net: &mut Net, text: &str| {
        let before = net.phones[BOB].driver.loads;
        net.text(ADA, BOB, text);
        assert_eq!(net.phones[BOB].driver.loads, before, "{text}");
    };
    net.phones[BOB].one_time = Some(net.phones[BOB].driver.prekey());
    assert_eq!(net.phones[BOB].driver.rows(Space::OneTimePrekey).len(), 1);
    takes_nothing_more(&mut net, "of somebody new");
    assert_eq!(net.phones[BOB].driver.rows(Space::OneTimePrekey).len(), 0, "it was used");
    net.restart(BOB);
    takes_nothing_more(&mut net, "in a session that is stored");
    net.text(BOB, ADA, "an answer");
    net.restart(BOB);
    net.looks_ahead = false;
    let before = net.phones[BOB].driver.loads;
    net.text(ADA, BOB, "and nobody looks ahead");
    assert_ne!(net.phones[BOB].driver.loads, before);
    assert_eq!(net.phones[BOB].texts().len(), 3);
}

#[path = "device_list_tests.rs"]
mod device_lists;
#[path = "query_limit_tests.rs"]
mod query_limits;
