//! Messages between companions as the server carries them. The contents are made up: the server cannot read them anyway.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::peer::{Peer, enc, fan_out, message, mismatches, skmsg, to};
use common::{phone, simulator, until};
use serde_json::{Value, json};
use wa::messaging::stanzas::phash::phash;
use wa::stanza::{Jid, Node, build};
use wa_sim::Handle;

const ADA: &str = common::NUMBER;
const BOB: &str = "15550005678";

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
