//! Parts of a history that cannot be read, and companions that complain.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{NUMBER, http, phone, protobuf::Value as Member, reader::Reader, simulator};
use serde_json::{Value, json};
use wa::stanza::{Jid, Node};
use wa_sim::Handle;

const BOB: &str = "15550005678";
const RECENT: u64 = 3;

/// A companion that has got nothing yet of a past with ten messages.
async fn reader(sim: &Handle) -> Reader {
    assert!(sim.add_phone(BOB, "Bob"));
    sim.set(NUMBER, &json!({ "provisions": false })).unwrap();
    sim.set_past(NUMBER, &json!({ "chats": [{ "with": BOB, "messages": 10 }] })).unwrap();
    Reader::new(sim, NUMBER).await
}

async fn send(sim: &Handle, flaws: Value) -> Value {
    sim.send_past(NUMBER, &json!({ "type": "recent", "flaws": flaws, "size": 3_000_000 })).await.unwrap()
}

/// The phone's figures once all that was ordered before has been sent, and one more part.
async fn after_another_part(sim: &Handle) -> Value {
    send(sim, json!([])).await;
    phone(sim, NUMBER, |_| true).await
}

#[tokio::test]
async fn each_flaw_is_found_where_it_is() {
    let sim = simulator().await;
    let mut reader = reader(&sim).await;
    for (flaw, found) in [
        ("wrong_hash", "hash of the content"),
        ("wrong_enc_hash", "hash of the file"),
        ("wrong_mac", "code"),
        ("wrong_length", "length"),
        ("no_key", "no key"),
        ("garbage", "zlib"),
        ("truncated", "zlib"),
        ("expired", "status 403"),
        ("unknown_path", "status 404"),
    ] {
        send(&sim, json!([flaw])).await;
        let notice = reader.notice().await;
        assert_eq!(reader.fetch(&sim, &notice).await.unwrap_err(), found, "{flaw}");
    }
}

#[tokio::test]
async fn odd_parts_can_be_read_all_the_same() {
    let sim = simulator().await;
    let mut reader = reader(&sim).await;
    let sent = send(&sim, json!(["unknown", "disordered"])).await;
    let notice = reader.notice().await;
    let part = reader.fetch(&sim, &notice).await.unwrap();
    let chat = part.message(2);
    assert_eq!(chat.keys().iter().position(|key| *key == 1), chat.keys().iter().rposition(|key| *key < 900));
    assert!(part.keys().iter().position(|key| *key == 1) > part.keys().iter().position(|key| *key == 2));
    for members in [&part, &chat, &chat.messages(2)[0]] {
        for number in [900, 901, 902, 903, 904] {
            assert!(members.keys().contains(&number), "{number}");
        }
    }
    assert_eq!(chat.messages(2).len(), 7);
    assert!(sent["notices"][0]["inflated"].as_u64() > sent["notices"][0]["bytes"].as_u64());
    send(&sim, json!(["huge"])).await;
    let huge = reader.notice().await;
    let huge = reader.fetch(&sim, &huge).await.unwrap();
    let longest = huge
        .messages(2)
        .iter()
        .flat_map(|chat| chat.messages(2))
        .map(|entry| entry.message(1).message(2).bytes(1).unwrap().len())
        .max();
    assert_eq!(longest, Some(3_000_000));
    let sent = send(&sim, json!(["bomb"])).await;
    let bomb = reader.notice().await;
    let part = reader.fetch(&sim, &bomb).await.unwrap();
    let zeros = part.0.iter().any(|(_, value)| *value == Member::Bytes(vec![0; 3_000_000]));
    assert!(zeros && sent["notices"][0]["bytes"].as_u64() < Some(20_000), "{sent}");
}

#[tokio::test]
async fn who_complains_gets_the_part_again_and_not_for_ever() {
    let sim = simulator().await;
    let mut reader = reader(&sim).await;
    send(&sim, json!(["wrong_mac"])).await;
    let first = reader.notice().await;
    let mut last = first.clone();
    for round in 1..=3 {
        reader.complain(&last, |receipt| receipt).await;
        let again = reader.notice().await;
        assert_eq!(again.members.text(8).as_deref(), Some(&*first.id), "{round}");
        assert_ne!((again.path(), again.members.bytes(3)), (last.path(), last.members.bytes(3)));
        let part = reader.fetch(&sim, &again).await.unwrap();
        assert_eq!(part.message(2).messages(2).len(), 7);
        last = again;
    }
    reader.complain(&last, |receipt| receipt).await;
    phone(&sim, NUMBER, |phone| phone["past"]["server_errors"] == 4).await;
    let shown = after_another_part(&sim).await;
    assert_eq!(shown["past"]["notices"].as_array().unwrap().len(), 5, "{shown}");
    assert_eq!(shown["past"]["malformed"], json!([]));
    // A complaint is no receipt.
    assert!(shown["companions"][0]["queued"].to_string().contains(&first.id));
    assert_eq!(
        http::get(sim.started(), &first.path()).await.unwrap().status,
        200,
        "the old file is there still"
    );
}

#[tokio::test]
async fn a_malformed_complaint_is_noted_and_gets_nothing() {
    let sim = simulator().await;
    let mut reader = reader(&sim).await;
    send(&sim, json!([])).await;
    let notice = reader.notice().await;
    let without = |tag: &'static str| {
        move |receipt: Node| {
            let encrypt = receipt.child_nodes()[0].child_nodes().to_vec();
            let left = encrypt.into_iter().filter(|child| child.tag() != tag);
            bare(&receipt).child(Node::new("encrypt").children(left.collect::<Vec<_>>()))
        }
    };
    let other_key = |receipt: Node| common::reader::complaint(&id_of(&receipt), &[7; 32], &Jid::user(NUMBER));
    reader.complain(&notice, |receipt| receipt.attr("category", "user")).await;
    reader.complain(&notice, |receipt| receipt.child(Node::new("rmr").attr("from_me", true))).await;
    reader.complain(&notice, |receipt| receipt.attr("to", Jid::user(BOB))).await;
    reader.complain(&notice, |receipt| bare(&receipt)).await;
    reader.complain(&notice, without("enc_p")).await;
    reader.complain(&notice, without("enc_iv")).await;
    reader.complain(&notice, other_key).await;
    reader.complain(&notice, |receipt| receipt.attr("id", "NONE")).await;
    let shown = phone(&sim, NUMBER, |phone| phone["past"]["malformed"].as_array().unwrap().len() == 8).await;
    let reasons = shown["past"]["malformed"].to_string();
    for part in [
        "category",
        "rmr",
        "own account",
        "no encrypt",
        "no enc_p",
        "12 bytes",
        "key of the file",
        "no such notice",
    ] {
        assert!(reasons.contains(part), "{part}: {reasons}");
    }
    let past = &after_another_part(&sim).await["past"];
    assert_eq!((&past["server_errors"], past["notices"].as_array().unwrap().len()), (&json!(0), 2));
}

fn id_of(receipt: &Node) -> String {
    receipt.get("id").unwrap().as_text().unwrap().to_owned()
}

/// A receipt without children.
fn bare(receipt: &Node) -> Node {
    ["id", "type", "category", "to"]
        .into_iter()
        .fold(Node::new("receipt"), |bare, key| bare.attr(key, receipt.get(key).unwrap().clone()))
}

#[tokio::test]
async fn a_chunk_that_is_asked_for_comes_again_or_the_phone_says_why_not() {
    let sim = simulator().await;
    let mut reader = reader(&sim).await;
    send(&sim, json!(["garbage"])).await;
    let first = reader.notice().await;
    let request = reader.ask_again(&first.id, RECENT, Some(1)).await;
    let again = reader.notice().await;
    assert_eq!((again.members.text(8), again.members.text(12)), (Some(first.id.clone()), Some(request)));
    assert_eq!(reader.fetch(&sim, &again).await.unwrap().message(2).messages(2).len(), 7);
    // One that nobody has announced, one that was taken over, and one too often.
    let refusal = async |reader: &mut Reader, notice: &str| {
        let request = reader.ask_again(notice, RECENT, Some(1)).await;
        let (_, protocol) = reader.protocol().await;
        assert_eq!(protocol.number(2), Some(17));
        let response = protocol.message(17);
        assert_eq!((response.number(1), response.text(2)), (Some(10), Some(request)));
        response.message(3).message(10).number(4)
    };
    assert_eq!(refusal(&mut reader, "NONE").await, Some(4));
    for _ in 0..2 {
        reader.ask_again(&again.id, RECENT, Some(1)).await;
        reader.notice().await;
    }
    assert_eq!(refusal(&mut reader, &again.id).await, Some(5));
    reader.receipt(&again.id, "hist_sync").await;
    assert_eq!(refusal(&mut reader, &again.id).await, Some(2));
    reader.ask_again(&again.id, RECENT, Some(2)).await;
    let shown = phone(&sim, NUMBER, |phone| phone["past"]["malformed"].as_array().unwrap().len() == 1).await;
    assert_eq!(shown["past"]["chunk_retries"], 6, "{shown}");
}
