//! Groups as the server carries them. The contents of messages are made up: the server cannot read them anyway.

mod common;

use common::peer::{Peer, enc, message, mismatches, skmsg, to};
use common::simulator;
use serde_json::json;
use wa::messaging::stanzas::phash::phash;
use wa::stanza::{Jid, Node, Stanza, build};

const ADA: &str = common::NUMBER;
const BOB: &str = "15550005678";
const EVE: &str = "15550009999";

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
