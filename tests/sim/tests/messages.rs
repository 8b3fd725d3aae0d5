//! Messages between companions as the server carries them. The contents are made up: the server cannot read them anyway.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Companion, Wire, phone, simulator, until};
use serde_json::{Value, json};
use wa::messaging::stanzas::phash::phash;
use wa::stanza::{Jid, Node, Stanza, build};
use wa_sim::Handle;

const ADA: &str = common::NUMBER;
const BOB: &str = "15550005678";
const EVE: &str = "15550009999";

/// A companion that is logged in and past the beginning.
struct Peer {
    wire: Wire,
    jid: Jid,
    lid: Jid,
}

impl Peer {
    async fn new(sim: &Handle, number: &str) -> Self {
        // Taken already in the case of the second companion of an account.
        sim.add_phone(number, "Somebody");
        let mut companion = Companion::new();
        companion.link_to(sim, number).await;
        Self::log_in(sim, &companion).await
    }

    async fn log_in(sim: &Handle, companion: &Companion) -> Self {
        let (mut wire, success) = companion.log_in(sim).await;
        let lid = success.root().jid("lid").unwrap();
        while wire.expect("ib").await.root().child("offline").is_none() {}
        Self { wire, jid: companion.jid.clone().unwrap(), lid }
    }

    /// Sends a message; gives the acknowledgement.
    async fn send(&mut self, message: Node) -> Stanza {
        self.wire.send(&message).await;
        loop {
            let ack = self.wire.expect("ack").await;
            if ack.root().is("class", "message") {
                return ack;
            }
        }
    }

    /// Sends a message; gives the code it is refused with.
    async fn refused(&mut self, message: Node) -> Option<u64> {
        self.send(message).await.root().u64("error")
    }

    async fn receive(&mut self) -> Stanza {
        self.wire.expect("message").await
    }
}

/// A ciphertext in form: version, ratchet key, counter, some text, a MAC.
fn enc(kind: &'static str, counter: u8, text: &[u8]) -> Node {
    let mut bytes = vec![0x33, 0x0a, 33];
    bytes.extend([5; 33]);
    bytes.extend([0x10, counter, 0x22, u8::try_from(text.len()).unwrap()]);
    bytes.extend(text);
    bytes.extend([0; 8]);
    Node::new("enc").attr("v", "2").attr("type", kind).bytes(bytes)
}

/// A group ciphertext in form.
fn skmsg(iteration: u8) -> Node {
    let mut bytes = vec![0x33, 0x08, 7, 0x10, iteration, 0x1a, 1, 0];
    bytes.extend([0; 64]);
    Node::new("enc").attr("v", "2").attr("type", "skmsg").bytes(bytes)
}

fn message(id: &'static str, to: &Jid) -> Node {
    Node::new("message").attr("id", id).attr("to", to).attr("type", "text")
}

fn to(jid: &Jid) -> Node {
    Node::new("to").attr("jid", jid).child(enc("msg", 0, b"for one device"))
}

fn fan_out(id: &'static str, chat: &Jid, devices: &[&Jid]) -> Node {
    message(id, chat).child(Node::new("participants").children(devices.iter().map(|jid| to(jid))))
}

#[tokio::test]
async fn a_message_reaches_every_device_it_names() {
    let sim = simulator().await;
    let (mut ada, mut ada_too) = (Peer::new(&sim, ADA).await, Peer::new(&sim, ADA).await);
    let mut bob = Peer::new(&sim, BOB).await;
    let phones = (ada.lid.account(), bob.lid.account());
    let sent = fan_out("M1", &phones.1, &[&phones.1, &bob.lid, &phones.0, &ada_too.lid])
        .child(Node::new("tctoken").bytes(*b"secret"))
        .child(Node::new("meta").attr("appdata", "default"));
    let ack = ada.send(sent).await;
    let ack = ack.root();
    assert!(ack.is("id", "M1") && ack.jid("from").as_ref() == Some(&phones.1) && ack.has_attr("t"));
    assert!(!ack.has_attr("phash") && !ack.has_attr("error"), "{ack:?}");

    let got = bob.receive().await;
    let got = got.root();
    assert_eq!(got.jid("from"), Some(ada.lid.clone()));
    assert_eq!(got.jid("sender_pn"), Some(ada.jid.account()));
    assert!(got.is("notify", "Ada") && got.is("type", "text") && got.has_attr("t"));
    assert!(!got.has_attr("to") && got.child("participants").is_none() && got.child("tctoken").is_none());
    assert_eq!(got.child("enc").unwrap().bytes(), enc("msg", 0, b"for one device").data());
    assert!(got.child("meta").is_some());

    let copy = ada_too.receive().await;
    let copy = copy.root();
    assert_eq!((copy.jid("from"), copy.jid("recipient")), (Some(ada.lid.clone()), Some(phones.1.clone())));
    assert_eq!(copy.jid("peer_recipient_pn"), Some(bob.jid.account()));

    // By phone number, with two devices forgotten: it goes on, and the hash tells.
    let ack = ada.send(fan_out("M2", &bob.jid.account(), &[&bob.jid, &ada_too.jid])).await;
    assert!(ack.root().str("phash").unwrap().starts_with("2:"));
    let got = bob.receive().await;
    assert_eq!(got.root().jid("from"), Some(ada.jid.clone()));
    assert_eq!(got.root().jid("sender_lid"), Some(ada.lid.account()));

    // Sent again, as after a lost connection: acknowledged, and delivered once.
    let again = fan_out("M2", &bob.jid.account(), &[&bob.jid, &ada_too.jid]);
    assert!(ada.refused(again).await.is_none());
    ada.send(fan_out("M3", &bob.jid.account(), &[&bob.jid])).await;
    assert!(bob.receive().await.root().is("id", "M3"));
}

#[tokio::test]
async fn what_production_rejects_is_rejected() {
    let sim = simulator().await;
    let (mut ada, bob) = (Peer::new(&sim, ADA).await, Peer::new(&sim, BOB).await);
    let (own, lid, pn) = (ada.lid.account(), bob.lid.account(), bob.jid.account());
    let opening =
        Node::new("participants").child(Node::new("to").attr("jid", &lid).child(enc("pkmsg", 0, b"x")));
    let peer = |node: Node| node.attr("category", "peer").child(enc("msg", 0, b"x"));
    let untyped = Node::new("message").attr("id", "X13").attr("to", &lid);
    let unknown = Node::new("message").attr("id", "X14").attr("to", &lid).attr("type", "chat");
    for (what, stanza, code) in [
        ("nobody", fan_out("X1", &Jid::user("15550000000"), &[&pn]), 404),
        ("mixed name spaces", fan_out("X2", &lid, &[&lid, &ada.jid.account()]), 400),
        ("the sending device", fan_out("X3", &lid, &[&lid, &ada.lid]), 400),
        ("a device twice", fan_out("X4", &lid, &[&lid, &lid]), 400),
        ("somebody else", fan_out("X5", &lid, &[&Jid::lid("5")]), 400),
        ("no ciphertext", message("X6", &lid), 479),
        ("no receivers", fan_out("X7", &lid, &[]), 479),
        ("a session opened without identity", message("X8", &lid).child(opening), 479),
        ("a token to an own device", peer(message("X9", &own)).child(Node::new("tctoken").bytes([1])), 479),
        ("a peer message to others", peer(message("X10", &lid)), 400),
        ("no such group", message("X11", &"120363000000000009@g.us".parse().unwrap()).child(skmsg(0)), 404),
        (
            "a status with a mode",
            fan_out("X12", &"status@broadcast".parse().unwrap(), &[&lid]).attr("addressing_mode", "lid"),
            479,
        ),
        ("no type", untyped.child(Node::new("participants").child(to(&lid))), 479),
        ("an unknown type", unknown.child(Node::new("participants").child(to(&lid))), 479),
    ] {
        assert_eq!(ada.refused(stanza).await, Some(code), "{what}");
    }
    for (id, kind) in [
        ("Z1", "text"),
        ("Z2", "media"),
        ("Z3", "medianotify"),
        ("Z4", "pay"),
        ("Z5", "poll"),
        ("Z6", "reaction"),
        ("Z7", "event"),
    ] {
        let message = Node::new("message").attr("id", id).attr("to", &lid).attr("type", kind);
        let message = message.child(Node::new("participants").child(to(&lid)));
        assert_eq!(ada.refused(message).await, None, "{kind}");
    }
    sim.set(ADA, &json!({ "lid_migrated": false })).unwrap();
    assert_eq!(ada.refused(fan_out("Y1", &lid, &[&lid])).await, Some(400));
    sim.set(ADA, &json!({ "lid_migrated": true, "timelock": true })).unwrap();
    assert_eq!(ada.refused(fan_out("Y2", &lid, &[&lid])).await, Some(463));
    let fault = json!({ "when": { "tag": "message" }, "do": { "error": { "code": 429 } } });
    sim.add_fault(fault).unwrap();
    assert_eq!(ada.refused(fan_out("Y3", &lid, &[&lid])).await, Some(429));
}

#[tokio::test]
async fn an_account_that_moved_to_lids_writes_to_nobody_by_phone_number() {
    let sim = common::with(|options| options.pn_messages = false).await;
    let (mut ada, bob) = (Peer::new(&sim, ADA).await, Peer::new(&sim, BOB).await);
    let (lid, pn) = (bob.lid.account(), bob.jid.account());
    assert_eq!(ada.refused(fan_out("P1", &pn, &[&pn])).await, Some(463));
    assert_eq!(ada.refused(fan_out("P2", &lid, &[&lid])).await, None);
    sim.set(ADA, &json!({ "lid_migrated": false })).unwrap();
    assert_eq!(ada.refused(fan_out("P3", &pn, &[&pn])).await, None);
}

#[tokio::test]
async fn under_a_time_lock_a_token_or_an_answer_opens_the_way() {
    let sim = simulator().await;
    let (mut ada, mut bob) = (Peer::new(&sim, ADA).await, Peer::new(&sim, BOB).await);
    let lid = bob.lid.account();
    sim.set(ADA, &json!({ "timelock": true })).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let token =
        Node::new("token").attr("jid", ada.lid.account()).attr("type", "trusted_contact").attr("t", now);
    let given = bob.wire.query(build::set("privacy").child(Node::new("tokens").child(token))).await;
    assert!(given.root().is("type", "result"));
    let notice = ada.wire.notification("privacy_token").await;
    let token = notice.root().child("tokens").unwrap().child("token").unwrap().bytes().unwrap().to_vec();
    assert_eq!(notice.root().jid("sender_lid"), Some(lid.clone()));
    let with = |id, token: &[u8]| fan_out(id, &lid, &[&lid]).child(Node::new("tctoken").bytes(token));
    assert_eq!(ada.refused(with("T1", b"wrong")).await, Some(463));
    assert_eq!(ada.refused(with("T2", &token)).await, None);
    bob.send(fan_out("T3", &ada.lid.account(), &[&ada.lid])).await;
    assert_eq!(ada.refused(fan_out("T4", &lid, &[&lid])).await, None);
}

/// Waits until a stanza of that id waits for Bob's first companion, or until none does.
async fn waits(sim: &Handle, id: &str, is: bool) {
    let has = |phone: &Value| phone["companions"][0]["queued"].as_array().unwrap().contains(&json!(id));
    phone(sim, BOB, |phone| has(phone) == is).await;
}

#[tokio::test]
async fn receipts_and_retries_find_the_sender() {
    let sim = simulator().await;
    let (mut ada, mut ada_too) = (Peer::new(&sim, ADA).await, Peer::new(&sim, ADA).await);
    let (mut bob, mut bob_too) = (Peer::new(&sim, BOB).await, Peer::new(&sim, BOB).await);
    ada.send(fan_out("R1", &bob.lid.account(), &[&bob.lid, &bob_too.lid])).await;
    let from = bob.receive().await.root().jid("from").unwrap();
    waits(&sim, "R1", true).await;

    // Asking for it again leaves it in the queue, and is told to the device that sent it only.
    let receipt = || Node::new("receipt").attr("id", "R1").attr("to", &from);
    let asked = receipt().attr("type", "retry").child(Node::new("retry").attr("count", 1u8).attr("id", "R1"));
    bob.wire.send(&asked).await;
    let asked = ada.wire.expect("receipt").await;
    assert!(asked.root().is("type", "retry") && asked.root().child("retry").unwrap().is("count", "1"));
    assert_eq!(asked.root().jid("from"), Some(bob.lid.clone()));
    waits(&sim, "R1", true).await;
    let again = enc("msg", 1, b"again").attr("count", 1u8);
    ada.send(message("R1", &bob.lid).attr("device_fanout", false).attr("t", 1_700_000_000u32).child(again))
        .await;
    let again = bob.receive().await;
    assert!(again.root().is("t", "1700000000") && again.root().child("enc").unwrap().is("count", "1"));

    // The message and the answer to the retry share an id; each receipt is for one of them.
    for _ in 0..2 {
        waits(&sim, "R1", true).await;
        bob.wire.send(&receipt()).await;
        bob.wire.expect("ack").await;
    }
    waits(&sim, "R1", false).await;
    bob.wire.send(&receipt().attr("type", "read")).await;
    for peer in [&mut ada, &mut ada_too] {
        for _ in 0..2 {
            let delivered = peer.wire.expect("receipt").await;
            assert_eq!(delivered.root().jid("from"), Some(bob.lid.clone()));
            assert!(!delivered.root().has_attr("type"));
        }
        assert!(peer.wire.expect("receipt").await.root().is("type", "read"));
    }
    // The other own device hears that it was read.
    let read = bob_too.wire.expect("receipt").await;
    assert!(read.root().is("type", "read") && read.root().jid("recipient") == Some(from.account()));
}

#[tokio::test]
async fn a_group_from_its_making_to_its_end() {
    let sim = simulator().await;
    let (mut ada, mut bob, mut eve) =
        (Peer::new(&sim, ADA).await, Peer::new(&sim, BOB).await, Peer::new(&sim, EVE).await);
    let member = |peer: &Peer| Node::new("participant").attr("jid", peer.lid.account());
    let group_iq = |kind, to: &Jid, child| build::iq(kind, to.clone(), "w:g2").child(child);
    let service = Jid::new("", wa::stanza::Server::Group);
    let create = Node::new("create").attr("subject", "Three").children([member(&bob), member(&eve)]);
    let made = ada.wire.query(group_iq("set", &service, create)).await;
    let made = made.root().child("group").unwrap();
    assert!(made.is("addressing_mode", "lid") && made.is("size", "3"));
    let owner = made.children_named("participant").find(|member| member.is("type", "superadmin")).unwrap();
    assert_eq!(owner.jid("phone_number"), Some(ada.jid.account()));
    let group = Jid::new(made.str("id").unwrap().into_owned(), wa::stanza::Server::Group);
    for peer in [&mut ada, &mut bob, &mut eve] {
        let told = peer.wire.notification("w:gp2").await;
        assert_eq!(told.root().jid("from"), Some(group.clone()));
        assert!(told.root().child("create").unwrap().child("group").is_some());
    }

    let text = |id, iteration, mode| {
        message(id, &group).attr("addressing_mode", mode).attr("phash", "2:AAAAAAAA").child(skmsg(iteration))
    };
    let with_key = text("G1", 0, "lid").child(Node::new("participants").child(to(&bob.lid)));
    let ack = ada.send(with_key).await;
    let hash = ack.root().str("phash").unwrap().into_owned();
    let kinds = |stanza: &Stanza| {
        stanza
            .root()
            .children_named("enc")
            .map(|enc| enc.str("type").unwrap().into_owned())
            .collect::<Vec<_>>()
    };
    let got = bob.receive().await;
    assert_eq!(kinds(&got), ["msg", "skmsg"]);
    assert_eq!(got.root().jid("participant"), Some(ada.lid.clone()));
    assert_eq!(got.root().jid("participant_pn"), Some(ada.jid.account()));
    assert_eq!(kinds(&eve.receive().await), ["skmsg"]);
    assert_eq!(ada.refused(text("G2", 1, "pn")).await, Some(421));

    // A retry within the group goes to the sender, the answer to the one device.
    let asked = Node::new("receipt").attr("id", "G1").attr("to", &group).attr("participant", &ada.lid);
    eve.wire.send(&asked.attr("type", "retry").child(Node::new("retry").attr("count", 1u8))).await;
    let asked = ada.wire.expect("receipt").await;
    assert_eq!(asked.root().jid("participant"), Some(eve.lid.clone()));
    let answer =
        message("G1", &group).attr("participant", &eve.lid).child(enc("msg", 3, b"again").attr("count", 1u8));
    assert_eq!(ada.refused(answer).await, None);
    assert_eq!(kinds(&eve.receive().await), ["msg"]);

    // Put out, eve may not send; the others' hash is another one.
    let remove = Node::new("remove").child(member(&eve));
    let removed = ada.wire.query(group_iq("set", &group, remove)).await;
    assert!(!removed.root().child("remove").unwrap().child("participant").unwrap().has_attr("error"));
    for peer in [&mut bob, &mut eve] {
        assert!(peer.wire.notification("w:gp2").await.root().child("remove").is_some());
    }
    assert_eq!(eve.refused(text("G3", 0, "lid")).await, Some(403));
    assert_ne!(ada.send(text("G4", 2, "lid")).await.root().str("phash").unwrap(), hash);
    assert!(bob.receive().await.root().is("id", "G4"));
    let query = Node::new("query").attr("request", "interactive");
    let refused = eve.wire.query(group_iq("get", &group, query.clone())).await;
    assert!(refused.root().child("error").unwrap().is("code", "403"));
    let own = bob.wire.query(group_iq("get", &service, Node::new("participating"))).await;
    assert_eq!(own.root().child("groups").unwrap().children().count(), 1);

    // Only admins change what is theirs to change.
    let announce = || Node::new("announcement");
    let refused = bob.wire.query(group_iq("set", &group, announce())).await;
    assert!(refused.root().child("error").unwrap().is("code", "401"));
    assert!(ada.wire.query(group_iq("set", &group, announce())).await.root().is("type", "result"));
    assert_eq!(bob.refused(text("G5", 0, "lid")).await, Some(405));
    let leave = Node::new("leave").child(Node::new("group").attr("id", &group));
    assert!(bob.wire.query(group_iq("set", &service, leave)).await.root().is("type", "result"));
    let id = group.user.to_string();
    assert_eq!(
        sim.group(&id, "mode", &json!({ "mode": "pn" })).unwrap()["members"].as_array().unwrap().len(),
        1
    );
    assert_eq!(ada.refused(text("G6", 3, "lid")).await, Some(421));
}

/// Returns how many messages of an account's first companion were meant for other devices than there are.
async fn mismatches(sim: &Handle, number: &str) -> u64 {
    phone(sim, number, |_| true).await["companions"][0]["phash_mismatches"].as_u64().unwrap()
}

#[tokio::test]
async fn the_hash_of_a_groups_devices_is_answered_with_the_servers() {
    let sim = simulator().await;
    let (mut ada, bob) = (Peer::new(&sim, ADA).await, Peer::new(&sim, BOB).await);
    for mode in ["lid", "pn"] {
        let before = mismatches(&sim, ADA).await;
        let group = json!({ "creator": ADA, "subject": "Two", "members": [BOB], "mode": mode });
        let group: Jid = sim.create_group(&group).unwrap()["jid"].as_str().unwrap().parse().unwrap();
        let own = |peer: &Peer| if mode == "lid" { peer.lid.clone() } else { peer.jid.clone() };
        let other = |peer: &Peer| if mode == "lid" { peer.jid.clone() } else { peer.lid.clone() };
        let hash = |name: &dyn Fn(&Peer) -> Jid, has_sender: bool| {
            let mut all = vec![name(&ada).account(), name(&bob).account(), name(&bob)];
            all.extend(has_sender.then(|| name(&ada)));
            phash(&all).unwrap().to_string()
        };
        let (right, without_sender) = (hash(&own, true), hash(&own, false));
        let wrong = hash(&other, true);
        let ids = if mode == "lid" { ["L1", "L2", "L3", "L4"] } else { ["N1", "N2", "N3", "N4"] };
        for (id, sent, answer, count) in [
            (ids[0], Some(&right), Some(&right), 0),
            (ids[1], Some(&wrong), Some(&right), 1),
            (ids[2], Some(&without_sender), Some(&right), 2),
            (ids[3], None, None, 2),
        ] {
            let text = message(id, &group).attr("addressing_mode", mode).attr_opt("phash", sent.cloned());
            let ack = ada.send(text.child(skmsg(0))).await;
            assert!(!ack.root().has_attr("error"));
            assert_eq!(ack.root().str("phash").as_deref(), answer.map(String::as_str), "{id}");
            assert_eq!(mismatches(&sim, ADA).await - before, count, "{id}");
        }
    }
}

#[tokio::test]
async fn in_a_chat_the_devices_named_are_compared_and_a_hash_if_there_is_one() {
    let sim = simulator().await;
    let (mut ada, bob) = (Peer::new(&sim, ADA).await, Peer::new(&sim, BOB).await);
    let (own, theirs) = (ada.lid.account(), bob.lid.account());
    let others = [own.clone(), theirs.clone(), bob.lid.clone()];
    let all: Vec<&Jid> = others.iter().chain([&ada.lid]).collect();
    let right = phash(all.iter().copied()).unwrap().to_string();
    let without_sender = phash(&others).unwrap().to_string();
    let by_number = phash([&ada.jid, &bob.jid]).unwrap().to_string();
    let named = [&own, &theirs, &bob.lid];
    for (id, named, sent, differs) in [
        ("C1", &named[..], None, false),
        ("C2", &named[..], Some(&right), false),
        ("C3", &named[..], Some(&without_sender), false),
        ("C4", &named[..], Some(&by_number), true),
        ("C5", &named[..2], None, true),
        ("C6", &named[..2], Some(&right), true),
    ] {
        let before = mismatches(&sim, ADA).await;
        let ack = ada.send(fan_out(id, &theirs, named).attr_opt("phash", sent.cloned())).await;
        assert_eq!(ack.root().str("phash").as_deref(), differs.then_some(right.as_str()), "{id}");
        assert_eq!(mismatches(&sim, ADA).await - before, u64::from(differs), "{id}");
    }
}

#[tokio::test]
async fn bundles_are_given_out_and_run_low() {
    let sim = common::with(|options| options.prekey_threshold = 2).await;
    let (mut ada, mut bob) = (Peer::new(&sim, ADA).await, Peer::new(&sim, BOB).await);
    let fetch =
        |jid: &Jid| build::get("encrypt").child(Node::new("key").child(Node::new("user").attr("jid", jid)));
    let phone = bob.jid.account();
    let answer = ada.wire.query(fetch(&phone)).await;
    let user = answer.root().child("list").unwrap().child("user").unwrap();
    assert!(user.child("skey").is_some() && user.child("device-identity").is_none());
    let answer = ada.wire.query(fetch(&bob.jid)).await;
    let user = answer.root().child("list").unwrap().child("user").unwrap();
    assert_eq!(user.jid("jid"), Some(bob.jid.clone()));
    assert_eq!(user.child("registration").unwrap().bytes(), Some(&1234u32.to_be_bytes()[..]));
    assert!(user.child("key").is_none() && user.child("device-identity").is_some());
    let low = bob.wire.notification("encrypt").await;
    assert!(low.root().child("count").unwrap().is("value", "0"));
    let answer = ada.wire.query(fetch(&Jid::user("15550000000"))).await;
    let error = answer.root().child("list").unwrap().child("user").unwrap().child("error").unwrap();
    assert!(error.is("code", "404"));
    let identity = Node::new("identity").child(Node::new("user").attr("jid", &bob.lid));
    let answer = ada.wire.query(build::get("encrypt").child(identity)).await;
    assert_eq!(
        answer
            .root()
            .child("list")
            .unwrap()
            .child("user")
            .unwrap()
            .child("identity")
            .unwrap()
            .bytes()
            .unwrap()
            .len(),
        32
    );
}

#[tokio::test]
async fn who_knows_an_account_hears_of_its_devices() {
    let sim = simulator().await;
    let (mut ada, mut bob) = (Peer::new(&sim, ADA).await, Peer::new(&sim, BOB).await);
    let user = Node::new("user").attr("jid", bob.lid.account());
    let query = |user: Node| {
        let devices = Node::new("query").child(Node::new("devices").attr("version", 2u8));
        let usync = Node::new("usync").attr("sid", "s").child(devices).child(Node::new("list").child(user));
        build::get("usync").child(usync)
    };
    let answer = ada.wire.query(query(user.clone())).await;
    let found = answer.root().child("usync").unwrap().child("list").unwrap().child("user").unwrap();
    assert_eq!(found.jid("pn_jid"), Some(bob.jid.account()));
    let hash =
        found.child("devices").unwrap().child("device-list").unwrap().str("hash").unwrap().into_owned();
    let held = user.clone().child(Node::new("devices").attr("device_hash", hash));
    let answer = ada.wire.query(query(held)).await;
    assert_eq!(answer.root().child("usync").unwrap().child("list").unwrap().children().count(), 0);

    let _second = Peer::new(&sim, BOB).await;
    let told = ada.wire.notification("devices").await;
    let add = told.root().child("add").unwrap();
    assert!(add.has_attr("device_hash") && add.child("key-index-list").unwrap().bytes().is_some());
    assert_eq!(add.child("device").unwrap().jid("jid"), Some(bob.jid.account().with_device(2)));
    let own = bob.wire.notification("account_sync").await;
    assert_eq!(own.root().child("devices").unwrap().children_named("device").count(), 3);
    sim.reinstall(BOB, true).unwrap();
    for _ in 0..2 {
        assert!(ada.wire.notification("devices").await.root().child("remove").is_some());
    }
    assert!(ada.wire.notification("encrypt").await.root().child("identity").is_some());
}

#[tokio::test]
async fn presence_and_typing_are_told_to_those_who_look() {
    let sim = simulator().await;
    let (mut ada, mut bob) = (Peer::new(&sim, ADA).await, Peer::new(&sim, BOB).await);
    let presence = |kind: &'static str| Node::new("presence").attr("type", kind);
    ada.wire.send(&presence("available").attr("name", "Ada L.")).await;
    ada.wire.send(&presence("subscribe").attr("to", bob.lid.account())).await;
    let seen = ada.wire.expect("presence").await;
    assert!(seen.root().is("type", "unavailable") && seen.root().has_attr("last"));
    // Without a name it is as if nothing had been said.
    bob.wire.send(&presence("available")).await;
    bob.wire.send(&presence("available").attr("name", "Bob")).await;
    let seen = ada.wire.expect("presence").await;
    assert!(seen.root().jid("from") == Some(bob.lid.account()) && !seen.root().has_attr("type"));
    let typing = Node::new("chatstate").attr("to", ada.lid.account()).child(Node::new("composing"));
    bob.wire.send(&typing).await;
    let typing = ada.wire.expect("chatstate").await;
    assert!(
        typing.root().jid("from") == Some(bob.lid.account()) && typing.root().child("composing").is_some()
    );
    drop(bob);
    assert!(ada.wire.expect("presence").await.root().is("type", "unavailable"));
    phone(&sim, ADA, |phone| phone["name"] == "Ada L.").await;
}

#[tokio::test]
async fn a_message_key_used_twice_is_found() {
    let sim = simulator().await;
    let (mut ada, bob) = (Peer::new(&sim, ADA).await, Peer::new(&sim, BOB).await);
    let chat = bob.lid.account();
    let one = |id, counter, text: &'static [u8]| {
        let to = Node::new("to").attr("jid", &bob.lid).child(enc("msg", counter, text));
        message(id, &chat).child(Node::new("participants").child(to))
    };
    ada.send(one("K1", 0, b"one")).await;
    ada.send(one("K2", 1, b"two")).await;
    until(&sim, |state| (state.ciphertexts()["messages"] == 2).then_some(())).await;
    ada.send(one("K3", 1, b"three")).await;
    let seen = until(&sim, |state| Some(state.ciphertexts()).filter(|seen| seen["messages"] == 3)).await;
    assert_eq!((&seen["messages"], &seen["pairwise"], &seen["reused"]), (&json!(3), &json!(3), &json!(1)));
    assert_eq!(seen["findings"][0]["id"], "K3");
}
