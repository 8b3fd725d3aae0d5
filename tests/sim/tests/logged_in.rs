//! The view of a logged-in companion: its queue, its prekeys, answers to what clients ask.

mod common;

use common::{Companion, NUMBER, Wire, phone, simulator};
use serde_json::{Value, json};
use wa::{
    crypto::{KeyPair, OsRandom},
    stanza::{Jid, Node, Stanza, build},
};
use wa_sim::Handle;

/// Waits until just that is queued for the companion.
async fn queued(sim: &Handle, what: Value) {
    phone(sim, NUMBER, |phone| phone["companions"][0]["queued"] == what).await;
}

/// Past the stanzas that begin every login without a queue.
async fn settle(wire: &mut Wire) {
    while wire.expect("ib").await.root().child("offline").is_none() {}
}

#[tokio::test]
async fn stanzas_come_again_until_they_are_acknowledged() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    companion.link(&sim).await;
    let message =
        json!({ "tag": "message", "attrs": { "from": "15550009999@s.whatsapp.net", "type": "text" } });
    let notice =
        json!({ "tag": "notification", "attrs": { "from": "s.whatsapp.net", "type": "psa", "id": "n1" } });
    let id = sim.push(NUMBER, 1, message).unwrap();
    sim.push(NUMBER, 1, notice).unwrap();
    for _ in 0..2 {
        let (mut wire, _) = companion.log_in(&sim).await;
        wire.expect("ib").await;
        let preview = wire.expect("ib").await;
        let preview = preview.root().child("offline_preview").unwrap();
        assert!(preview.is("count", "2") && preview.is("message", "1") && preview.is("notification", "1"));
        let message = wire.expect("message").await;
        assert!(message.root().is("id", &id) && message.root().has_attr("offline"));
        wire.expect("notification").await;
        assert!(wire.expect("ib").await.root().child("offline").unwrap().is("count", "2"));
    }
    let (mut wire, _) = companion.log_in(&sim).await;
    let notice = wire.expect("notification").await;
    wire.send(&build::ack(&notice.root()).unwrap()).await;
    wire.query(build::get("w:p")).await;
    queued(&sim, json!([id])).await;
    wire.send(&Node::new("receipt").attr("id", id).attr("to", Jid::user("15550009999"))).await;
    assert!(wire.expect("ack").await.root().is("class", "receipt"));
    queued(&sim, json!([])).await;
}

#[tokio::test]
async fn a_passive_login_gets_its_queue_when_it_asks() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    companion.link(&sim).await;
    let payload = {
        use wa::proto::{Message as _, payload::ClientPayload};
        let mut payload = ClientPayload::decode(companion.login().as_slice()).unwrap();
        payload.passive = Some(true);
        payload.encode_to_vec()
    };
    let mut wire = companion.connect(&sim, &payload).await.unwrap();
    assert_eq!(wire.next().await.unwrap().root().tag(), "success");
    assert!(wire.expect("ib").await.root().child("edge_routing").is_some());
    wire.query(build::get("w:p")).await;
    assert!(wire.is_quiet(std::time::Duration::from_millis(50)).await);
    let active = wire.query(build::set("passive").child(Node::new("active"))).await;
    assert!(active.root().is("type", "result"));
    settle(&mut wire).await;
}

fn id(number: u8) -> Node {
    Node::new("id").bytes([0, 0, number])
}

fn upload(companion: &Companion, sign_with: &KeyPair) -> Node {
    let rng = &mut OsRandom;
    let skey = KeyPair::generate(rng).public();
    let signature = sign_with.sign(&[&skey.with_type_byte()], rng);
    let keys = (1..=3).map(|number| {
        Node::new("key").child(id(number)).child(Node::new("value").bytes(KeyPair::generate(rng).public().0))
    });
    build::set("encrypt")
        .child(Node::new("registration").bytes(1234u32.to_be_bytes()))
        .child(Node::new("type").bytes([5]))
        .child(Node::new("identity").bytes(companion.identity.public().0))
        .child(Node::new("list").children(keys.collect::<Vec<_>>()))
        .child(
            Node::new("skey")
                .child(id(9))
                .child(Node::new("value").bytes(skey.0))
                .child(Node::new("signature").bytes(signature)),
        )
}

#[tokio::test]
async fn prekeys_are_checked_kept_counted_and_digested() {
    let sim = simulator().await;
    // The first thing a phone sends would take one.
    sim.set(NUMBER, &json!({ "provisions": false })).unwrap();
    let mut companion = Companion::new();
    companion.link(&sim).await;
    let (mut wire, _) = companion.log_in(&sim).await;
    let count = async |wire: &mut Wire| {
        let answer = wire.query(build::get("encrypt").child(Node::new("count"))).await;
        answer.root().child("count").unwrap().u64("value")
    };
    let digest = || build::get("encrypt").child(Node::new("digest"));
    assert_eq!(count(&mut wire).await, Some(0));
    assert!(wire.query(digest()).await.root().child("error").unwrap().is("code", "404"));
    let forged = wire.query(upload(&companion, &KeyPair::generate(&mut OsRandom))).await;
    assert!(forged.root().child("error").unwrap().is("code", "406"));
    let taken = wire.query(upload(&companion, &companion.identity)).await;
    assert!(taken.root().is("type", "result"));
    assert_eq!(count(&mut wire).await, Some(3));
    let answer = wire.query(digest()).await;
    let digest = answer.root().child("digest").unwrap();
    assert_eq!(digest.child("hash").unwrap().bytes().unwrap().len(), 20);
    assert_eq!(digest.child("list").unwrap().children().count(), 3);
    assert_eq!(digest.child("skey").unwrap().child("id").unwrap().bytes(), Some(&[0, 0, 9][..]));
}

#[tokio::test]
async fn what_clients_ask_after_login_is_answered() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    companion.link(&sim).await;
    let (mut wire, _) = companion.log_in(&sim).await;
    let good = |answer: &Stanza| answer.root().is("type", "result");
    for (xmlns, tag) in [
        ("privacy", "privacy"),
        ("abt", "props"),
        ("w", "props"),
        ("blocklist", "list"),
        ("bot", "bot"),
        ("disappearing_mode", "disappearing_mode"),
    ] {
        let answer = wire.query(build::get(xmlns).child(Node::new(tag))).await;
        assert!(good(&answer) && answer.root().children().count() == 1, "{xmlns}");
    }
    for (xmlns, tag) in [("urn:xmpp:whatsapp:dirty", "clean"), ("urn:xmpp:whatsapp:push", "config")] {
        assert!(good(&wire.query(build::set(xmlns).child(Node::new(tag))).await), "{xmlns}");
    }
    let groups = build::iq("get", Jid::new("", wa::stanza::Server::Group), "w:g2");
    assert!(wire.query(groups.child(Node::new("participating"))).await.root().child("groups").is_some());
    let unknown = wire.query(build::get("never:heard:of").child(Node::new("it"))).await;
    assert!(unknown.root().child("error").unwrap().is("code", "501"));

    let user = |number: &str| Node::new("user").attr("jid", Jid::user(number.to_owned()));
    let query = Node::new("usync")
        .attr("sid", "s1")
        .attr("mode", "query")
        .child(Node::new("query").child(Node::new("devices").attr("version", 2u8)).child(Node::new("lid")))
        .child(Node::new("list").child(user(NUMBER)).child(user("15550009999")));
    let answer = wire.query(build::get("usync").child(query)).await;
    let usync = answer.root().child("usync").unwrap();
    assert!(usync.is("sid", "s1"));
    let users: Vec<_> = usync.child("list").unwrap().children().collect();
    assert!(users[0].child("lid").unwrap().jid("val").unwrap().is_lid());
    let devices = users[0].child("devices").unwrap();
    let ids: Vec<_> =
        devices.child("device-list").unwrap().children().map(|d| d.u64("id").unwrap()).collect();
    assert_eq!(ids, [0, 1]);
    assert_eq!(users[1].children().count(), 0);
}

#[tokio::test]
async fn a_phone_installed_anew_drops_its_companions() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    companion.link(&sim).await;
    let (mut wire, _) = companion.log_in(&sim).await;
    settle(&mut wire).await;
    sim.reinstall(NUMBER, false).unwrap();
    let changed = wire.notification("encrypt").await;
    assert!(changed.root().child("identity").is_some());
    assert!(changed.root().jid("from").unwrap().same_account(companion.jid.as_ref().unwrap()));
    sim.reinstall(NUMBER, true).unwrap();
    assert!(wire.expect("stream:error").await.root().child("conflict").unwrap().is("type", "device_removed"));
    Companion::new().link(&sim).await;
}

#[tokio::test]
async fn the_server_pings_and_ends_idle_connections() {
    let sim = common::with(|options| {
        options.ping_interval_ms = 50;
        options.idle_timeout_ms = 400;
    })
    .await;
    let mut companion = Companion::new();
    companion.link(&sim).await;
    let (mut wire, _) = companion.log_in(&sim).await;
    let ping = wire.expect("iq").await;
    assert!(ping.root().is("xmlns", "urn:xmpp:ping") && ping.root().is("type", "get"));
    wire.closed().await;
}

#[tokio::test]
async fn a_stanza_that_nobody_acknowledges_ends_the_stream() {
    let sim = common::with(|options| options.ack_timeout_ms = 100).await;
    let mut companion = Companion::new();
    companion.link(&sim).await;
    let (mut wire, _) = companion.log_in(&sim).await;
    settle(&mut wire).await;
    sim.reinstall(NUMBER, false).unwrap();
    let unanswered = wire.expect("notification").await;
    let end = wire.expect("stream:error").await;
    assert_eq!(end.root().child("ack").unwrap().str("id"), unanswered.root().str("id"));
}
