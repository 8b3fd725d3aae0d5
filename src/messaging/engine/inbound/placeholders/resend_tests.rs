//! A companion that cannot read a message, and the phone of its account, which can.

use std::collections::VecDeque;

use super::record::Wanted;
use super::{PATIENCE, PAUSE};
use crate::crypto::testing::Seeded;
use crate::crypto::{KeyPair, Secret, gcm, hkdf};
use crate::messaging::content::{Body, Extras, Outgoing};
use crate::messaging::engine::test_driver::{Driver, START};
use crate::messaging::engine::{
    InboundMessage, MessagingEvent, OutboundContent, OutboundMessage, Output, UnreadableReason,
};
use crate::proto::Message as _;
use crate::proto::message::{Message, MessageKey, PeerDataOperationRequestMessage, protocol_message};
use crate::signal::{
    IdentityKey, Own, OwnSenderKey, PrekeyMessage, RawBundle, ResponderKeys, SessionRecord, SignalMessage,
    pad, unpad,
};
use crate::stanza::{Jid, Node, Stanza};
use crate::store::Space;

/// The phone of the account: no more than a session with the companion.
struct OwnPhone {
    identity: KeyPair,
    session: SessionRecord,
    companion: IdentityKey,
    rng: Seeded,
}

struct World {
    companion: Driver,
    phone: OwnPhone,
    friend: Driver,
    told: Vec<MessagingEvent>,
    /// Messages, receipts and acknowledgements that the companion has sent.
    sent: Vec<Node>,
    /// Of the last message of the friend.
    enc: Node,
}

const OWN: &str = "100@lid";
const FRIEND: &str = "200@lid";

impl World {
    fn new() -> Self {
        let mut rng = Seeded(77);
        let pn = Jid::user("15550000001").with_device(3);
        let mut companion = Driver::new(&pn, &Jid::lid("100").with_device(3), 1);
        let identity = KeyPair::generate(&mut rng);
        companion.account.account_key = identity.public();
        let key = IdentityKey::new(companion.device.identity.public()).unwrap();
        let phone = OwnPhone { identity, session: SessionRecord::default(), companion: key, rng };
        let friend = Driver::new(&Jid::user("15550000002"), &Jid::lid("200"), 2);
        let mut world =
            Self { companion, phone, friend, told: Vec::new(), sent: Vec::new(), enc: Node::new("enc") };
        world.open_session();
        world
    }

    /// The phone begins to write to the companion.
    fn open_session(&mut self) {
        let (device, signed) = (&self.companion.device, &self.companion.device.signed_prekey);
        let [_, id @ ..] = signed.id.to_be_bytes();
        let bundle = RawBundle {
            registration: &device.registration_id.to_be_bytes(),
            key_type: None,
            identity: &device.identity.public().0,
            signed_id: &id,
            signed_value: &signed.pair.public().0,
            signed_signature: &signed.signature,
            one_time: None,
        };
        let bundle = bundle.check().unwrap();
        let own = Own { identity: &self.phone.identity, registration_id: 9 };
        self.phone.session.open(&bundle, own, &self.phone.companion, &mut self.phone.rng).unwrap();
        self.phone_says("P0", &[]);
    }

    /// Sorts the outputs of the companion, each to where it belongs.
    fn sort(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(node) | Output::SendBeforeCommit(node) => self.sent.push(node),
                Output::Event(told) => self.told.push(told),
                _ => {}
            }
        }
    }

    fn arrives(&mut self, stanza: &Node) {
        let stanza = Stanza::from_node(stanza).unwrap();
        let outputs = self.companion.call(|engine, cx| engine.message(stanza.root(), cx));
        self.sort(outputs);
    }

    /// Time passes for the companion.
    fn later(&mut self, by: u64) {
        self.companion.now += by;
        let due = self.companion.engine.deadline().is_some_and(|at| at <= self.companion.now);
        if due {
            let outputs = self.companion.call(|engine, cx| {
                engine.time_passed(cx);
                Ok(())
            });
            self.sort(outputs);
        }
    }

    fn restart(self) -> Self {
        let mut world = Self { companion: self.companion.restarted().unwrap(), ..self };
        let outputs = world.companion.call(|engine, _| {
            engine.online();
            Ok(())
        });
        world.sort(outputs);
        world
    }

    /// The phone tells its companion something of which no user hears.
    fn phone_says(&mut self, id: &'static str, message: &[u8]) {
        self.phone_sends(head(id, OWN).attr("category", "peer"), message);
    }

    fn phone_sends(&mut self, head: Node, message: &[u8]) {
        let enc = self.phone_encrypts(message);
        self.arrives(&head.child(enc));
    }

    fn phone_encrypts(&mut self, message: &[u8]) -> Node {
        let own = Own { identity: &self.phone.identity, registration_id: 9 };
        let mut padded = message.to_vec();
        pad(&mut padded, &mut self.phone.rng);
        let sealed =
            self.phone.session.encrypt(&padded, own, &self.phone.companion, &mut self.phone.rng).unwrap();
        Node::new("enc").attr("v", "2").attr("type", sealed.kind.as_str()).bytes(sealed.bytes)
    }

    /// The friend writes; the companion gets nothing yet. The ciphertext is kept.
    fn friend_writes(&mut self, id: &'static str, text: &str) {
        self.friend_sends(id, &Outgoing::text(text, &Extras::default()).unwrap().message);
    }

    /// The same with any message.
    fn friend_sends(&mut self, id: &'static str, message: &[u8]) {
        let content = OutboundContent::Content(Outgoing::raw(message).unwrap());
        let outbound = OutboundMessage { chat: OWN.parse().unwrap(), id: Some(id.into()), content };
        let mut outputs: VecDeque<_> = self.friend.call(|engine, cx| engine.send(1, &outbound, cx)).into();
        while let Some(output) = outputs.pop_front() {
            match output {
                // The devices, and their keys.
                Output::Query { tag, node } => {
                    let answer = self.answer(&Stanza::from_node(&node).unwrap());
                    let answer = Stanza::from_node(&answer).unwrap();
                    outputs.extend(self.friend.call(|engine, cx| engine.reply(tag, Ok(answer.root()), cx)));
                }
                Output::Send(node) | Output::SendBeforeCommit(node) => {
                    let stanza = Stanza::from_node(&node).unwrap();
                    let to = stanza.root().child("participants").unwrap().children().next().unwrap();
                    self.enc = to.child("enc").unwrap().to_node();
                    return;
                }
                _ => {}
            }
        }
        panic!("the friend has sent nothing");
    }

    /// To the friend, the account has the phone only, whose keys are those of the companion: they differ in nothing here.
    fn answer(&self, asked: &Stanza) -> Node {
        let root = asked.root();
        let result = Node::new("iq").attr("type", "result");
        if let Some(usync) = root.child("usync") {
            let user = |jid: Jid| {
                let list = Node::new("device-list").child(Node::new("device").attr("id", 0_u16));
                Node::new("user").attr("jid", jid).child(Node::new("devices").child(list))
            };
            let users = usync.child("list").unwrap();
            let users = users.children().map(|asked| user(asked.jid("jid").unwrap()));
            return result.child(Node::new("usync").child(Node::new("list").children(users)));
        }
        let (device, signed) = (&self.companion.device, &self.companion.device.signed_prekey);
        let [_, id @ ..] = signed.id.to_be_bytes();
        let skey = Node::new("skey")
            .child(Node::new("id").bytes(id))
            .child(Node::new("value").bytes(signed.pair.public().0))
            .child(Node::new("signature").bytes(signed.signature));
        let user = Node::new("user")
            .attr("jid", OWN.parse::<Jid>().unwrap())
            .child(Node::new("registration").bytes(device.registration_id.to_be_bytes()))
            .child(Node::new("type").bytes([5]))
            .child(Node::new("identity").bytes(device.identity.public().0))
            .child(skey);
        result.child(Node::new("list").child(user))
    }

    /// The friend's last message arrives, readable or not.
    fn arrives_as(&mut self, id: &'static str, readable: bool) {
        let stanza = Stanza::from_node(&self.enc).unwrap();
        let mut bytes = stanza.root().bytes().unwrap().to_vec();
        if !readable {
            *bytes.last_mut().unwrap() ^= 1;
        }
        let kind = stanza.root().str("type").unwrap().into_owned();
        let enc = Node::new("enc").attr("v", "2").attr("type", kind).bytes(bytes);
        self.arrives(&head(id, FRIEND).child(enc));
    }

    /// Returns the companion's new requests to its phone: their ids, and the messages that they ask for.
    fn requests(&mut self) -> Vec<(String, MessageKey)> {
        let sent = std::mem::take(&mut self.sent);
        sent.iter().filter_map(|node| self.request(node)).collect()
    }

    fn request(&mut self, node: &Node) -> Option<(String, MessageKey)> {
        let stanza = Stanza::from_node(node).unwrap();
        let root = stanza.root();
        if root.tag() != "message" {
            return None;
        }
        assert!(root.is("category", "peer") && root.is("push_priority", "high_force"), "{root:?}");
        assert!(root.child("meta").is_some_and(|meta| meta.is("appdata", "default")));
        assert_eq!(root.jid("to").unwrap().to_string(), "15550000001@s.whatsapp.net");
        let enc = root.child("enc").unwrap();
        let own = Own { identity: &self.phone.identity, registration_id: 9 };
        let (bytes, session, pin) = (enc.bytes().unwrap(), &mut self.phone.session, self.phone.companion);
        let plain = if enc.is("type", "pkmsg") {
            let parsed = PrekeyMessage::parse(bytes).unwrap();
            let keys = ResponderKeys { signed: None, one_time: None };
            session.decrypt_prekey(&parsed, own, keys, Some(&pin)).unwrap().plaintext
        } else {
            session.decrypt(&SignalMessage::parse(bytes).unwrap(), Some(&pin)).unwrap().plaintext
        };
        let protocol = Message::decode(unpad(&plain).unwrap()).unwrap().protocol_message.unwrap();
        assert_eq!(protocol.r#type, Some(protocol_message::Type::PeerDataOperationRequestMessage.into()));
        let PeerDataOperationRequestMessage { mut placeholder_message_resend_request, .. } =
            protocol.peer_data_operation_request_message.unwrap();
        let key = placeholder_message_resend_request.pop().unwrap().message_key.unwrap();
        assert!(placeholder_message_resend_request.is_empty());
        Some((root.str("id").unwrap().into_owned(), key))
    }

    fn server_takes(&mut self, request: &str) {
        let ack = Node::new("ack").attr("class", "message").attr("id", request.to_owned());
        let ack = Stanza::from_node(&ack.attr("t", START / 1000)).unwrap();
        let outputs = self.companion.call(|engine, cx| engine.ack(ack.root(), cx));
        self.sort(outputs);
    }

    /// The phone answers a request: the message of that id with this text.
    fn phone_answers(&mut self, id: &'static str, request: &str, of: &str, text: &str) {
        let info = [field(1, &field(3, of.as_bytes())), field(2, &field(1, text.as_bytes()))].concat();
        let response = [vec![1 << 3, 4], field(2, request.as_bytes()), field(3, &field(4, &field(1, &info)))];
        let protocol = [vec![2 << 3, 17], field(17, &response.concat())].concat();
        self.phone_says(id, &field(12, &protocol));
    }

    fn texts(&self) -> Vec<&str> {
        self.messages().map(|(text, _)| text).collect()
    }

    /// The texts that the host was told.
    fn messages(&self) -> impl Iterator<Item = (&str, &InboundMessage)> {
        self.told.iter().filter_map(|told| {
            let MessagingEvent::Message(message) = told else { return None };
            let Body::Text(text) = &message.content.body else { return None };
            Some((text.text.as_str(), &**message))
        })
    }

    /// The codes with which messages were refused since this was asked last.
    fn nacks(&mut self) -> Vec<String> {
        let sent = std::mem::take(&mut self.sent);
        let stanzas = sent.iter().map(|node| Stanza::from_node(node).unwrap());
        stanzas.filter_map(|stanza| stanza.root().str("error").map(|code| code.into_owned())).collect()
    }

    fn unreadable(&self) -> Vec<(UnreadableReason, bool)> {
        let one = |told: &MessagingEvent| match told {
            MessagingEvent::Unreadable(what) => Some((what.reason, what.pending)),
            _ => None,
        };
        self.told.iter().filter_map(one).collect()
    }
}

/// A field of bytes of a protobuf message.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    assert!(bytes.len() < 128);
    let tag = u16::from(number) << 3 | 2;
    let mut out = if tag < 128 { vec![tag as u8] } else { vec![tag as u8 | 128, (tag >> 7) as u8] };
    out.push(bytes.len() as u8);
    out.extend_from_slice(bytes);
    out
}

fn head(id: &'static str, from: &str) -> Node {
    Node::new("message").attr("id", id).attr("from", from.parse::<Jid>().unwrap()).attr("t", START / 1000)
}

#[test]
fn the_phone_is_asked_for_what_the_sender_does_not_send_again() {
    let mut world = World::new();
    world.friend_writes("M1", "can you read this?");
    world.arrives_as("M1", false);
    assert_eq!(world.unreadable(), [(UnreadableReason::Undecryptable, true)]);
    world.later(PATIENCE - 1);
    assert_eq!(world.requests(), [], "the sender may still answer");
    world.later(1);
    let requests = world.requests();
    let [(request, key)] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((key.id.as_deref(), key.from_me), (Some("M1"), Some(false)));
    assert_eq!((key.remote_jid.as_deref(), key.participant.as_deref()), (Some(FRIEND), None));
    world.later(PAUSE * 10);
    assert_eq!(world.requests(), [], "it is asked once");

    world.phone_answers("P1", request, "M1", "can you read this?");
    assert_eq!(world.texts(), ["can you read this?"]);
    let (_, message) = world.messages().next().unwrap();
    assert_eq!((message.info.id.as_str(), message.info.chat.to_string()), ("M1", FRIEND.to_owned()));
    assert_eq!((message.info.from_me, message.info.timestamp_ms), (false, START));
    // Neither another answer nor the sender's copy, when it comes after all, is shown again.
    world.phone_answers("P2", request, "M1", "can you read this?");
    world.arrives_as("M1", true);
    assert_eq!(world.texts().len(), 1);
    assert_eq!(world.companion.rows(Space::PhoneAsk).len(), 0);
}

#[test]
fn what_the_sender_sends_again_in_time_is_not_asked_for() {
    let mut world = World::new();
    world.friend_writes("M1", "now");
    world.arrives_as("M1", false);
    world.later(PATIENCE / 2);
    world.arrives_as("M1", true);
    world.later(PATIENCE);
    assert_eq!(world.requests(), []);
    assert_eq!(world.texts(), ["now"]);
    assert_eq!(world.companion.rows(Space::PhoneAsk).len(), 0);
}

#[test]
fn what_the_server_keeps_from_a_companion_is_asked_for_at_once() {
    let mut world = World::new();
    let withheld = |id, kind: Option<&'static str>| {
        head(id, FRIEND).child(Node::new("unavailable").attr_opt("type", kind))
    };
    world.arrives(&withheld("M1", None));
    assert_eq!(world.unreadable(), [(UnreadableReason::Unavailable, true)]);
    let requests = world.requests();
    assert_eq!(requests.len(), 1);
    world.phone_answers("P1", &requests[0].0, "M1", "only here");
    assert_eq!(world.texts(), ["only here"]);
    world.told.clear();
    // A message that is view-once, a bot's, or old stays on the phone.
    let old = head("M5", FRIEND).attr("t", START / 1000 - 15 * 24 * 3600).child(Node::new("unavailable"));
    let kinds = ["view_once", "bot_unavailable_fanout", "hosted_unavailable_fanout"];
    let kept = ["M2", "M3", "M4"].iter().zip(kinds).map(|(id, kind)| withheld(id, Some(kind)));
    kept.chain([old]).collect::<Vec<_>>().iter().for_each(|node| world.arrives(node));
    assert_eq!(world.unreadable().iter().filter(|(_, pending)| !pending).count(), 4);
    assert_eq!(world.requests(), []);
}

#[test]
fn a_request_that_the_server_has_is_not_sent_again_after_a_restart_and_any_other_is() {
    let mut world = World::new();
    world.arrives(&head("M1", FRIEND).child(Node::new("unavailable")));
    let first = world.requests();
    let mut world = world.restart();
    assert_eq!(world.requests(), first, "the server has not said that it has it");
    world.server_takes(&first[0].0);
    let mut world = world.restart();
    assert_eq!(world.requests(), []);
    world.phone_answers("P1", &first[0].0, "M1", "late");
    assert_eq!(world.texts(), ["late"]);
}

#[test]
fn after_a_restart_the_requests_go_out_in_the_order_of_their_messages() {
    let mut world = World::new();
    let messages = ["M1", "M2", "M3", "M4", "M5", "M6"];
    for id in messages {
        world.arrives(&head(id, FRIEND).child(Node::new("unavailable")));
    }
    for _ in 0..2 {
        let asked: Vec<_> = world.requests().into_iter().filter_map(|(_, key)| key.id).collect();
        assert_eq!(asked, messages);
        world = world.restart();
    }
}

#[test]
fn a_clock_that_was_ahead_makes_no_later_request_younger() {
    const AHEAD: u64 = 10 * 24 * 3_600_000;
    let mut world = World::new();
    world.companion.now = AHEAD;
    world.arrives(&head("M1", FRIEND).child(Node::new("unavailable")));
    world.companion.now = 0;
    world.arrives(&head("M2", FRIEND).child(Node::new("unavailable")));
    let rows = world.companion.rows(Space::PhoneAsk);
    let mut since: Vec<_> = rows.iter().map(|(_, row)| Wanted::decode(row).unwrap().since_ms).collect();
    since.sort_unstable();
    assert_eq!(since[1].abs_diff(since[0]), AHEAD);
}

#[test]
fn an_answer_that_fits_no_request_shows_nothing() {
    let mut world = World::new();
    world.arrives(&head("M1", FRIEND).child(Node::new("unavailable")));
    let requests = world.requests();
    world.phone_answers("P1", "3EB0", "M1", "not asked");
    world.phone_answers("P2", &requests[0].0, "M2", "another message");
    assert_eq!(world.texts().len(), 0);
    // The phone has answered: it does not have the message.
    world.phone_answers("P3", &requests[0].0, "M1", "once more");
    assert_eq!(world.texts().len(), 0);
}

#[test]
fn a_phone_that_cannot_read_the_request_gets_it_again() {
    let mut world = World::new();
    world.arrives(&head("M1", FRIEND).child(Node::new("unavailable")));
    let requests = world.requests();
    world.server_takes(&requests[0].0);
    let id = requests[0].0.clone();
    let retry = Node::new("retry").attr("v", "1").attr("count", 1_u8).attr("id", id.clone());
    let receipt = Node::new("receipt")
        .attr("id", id)
        .attr("type", "retry")
        .attr("from", OWN.parse::<Jid>().unwrap())
        .child(retry.attr("t", START / 1000))
        .child(Node::new("registration").bytes([0, 0, 0, 9]));
    let receipt = Stanza::from_node(&receipt).unwrap();
    let outputs = world.companion.call(|engine, cx| engine.receipt(receipt.root(), cx));
    world.sort(outputs);
    let counted = world.sent.iter().any(|node| {
        let stanza = Stanza::from_node(node).unwrap();
        stanza.root().child("enc").is_some_and(|enc| enc.is("count", "1"))
    });
    assert!(counted);
    assert_eq!(world.requests(), requests);
}

#[test]
fn what_the_own_devices_tell_each_other_is_no_message_of_a_chat() {
    let mut world = World::new();
    let enc = Node::new("enc").attr("v", "2").attr("type", "msg").bytes([0x33; 60]);
    world.arrives(&head("P9", OWN).attr("category", "peer").child(enc));
    assert_eq!(world.unreadable(), []);
    let asks = |node: &Node| Stanza::from_node(node).unwrap().root().is("type", "retry");
    assert!(world.sent.iter().any(asks), "and it is asked for again all the same");
    assert_eq!(world.companion.rows(Space::PhoneAsk).len(), 0);
}

#[test]
fn a_group_message_whose_sender_key_alone_can_be_read_is_asked_for_again() {
    let group = "120363000000000001@g.us";
    let retries = |world: &World| {
        let is_retry = |node: &&Node| Stanza::from_node(node).unwrap().root().is("type", "retry");
        world.sent.iter().filter(is_retry).count()
    };
    let mut world = World::new();
    let key = OwnSenderKey::generate(&mut world.phone.rng).distribution();
    let key = world.phone_encrypts(&field(2, &[field(1, group.as_bytes()), field(2, &key)].concat()));
    let unreadable = Node::new("enc").attr("v", "2").attr("type", "skmsg").bytes([0x33; 80]);
    let head = || head("M1", group).attr("participant", OWN.parse::<Jid>().unwrap());
    let stanza = head().child(key).child(unreadable);
    world.arrives(&stanza);
    assert_eq!(world.unreadable(), [(UnreadableReason::Undecryptable, true)]);
    assert_eq!(retries(&world), 1);
    // The server gives it out again, since the program was killed before the request left: the sender key is a duplicate now.
    let mut world = world.restart();
    world.arrives(&stanza);
    assert_eq!(retries(&world), 2);
    // The answer is read, and ends it.
    let text = Outgoing::text("here it is", &Extras::default()).unwrap();
    let answer = world.phone_encrypts(&text.message);
    world.arrives(&head().child(answer));
    world.arrives(&stanza);
    assert_eq!((world.texts(), retries(&world)), (vec!["here it is"], 2));
}

#[path = "places_tests.rs"]
mod places;

#[path = "bot_tests.rs"]
mod bots;

#[path = "ending_tests.rs"]
mod endings;
