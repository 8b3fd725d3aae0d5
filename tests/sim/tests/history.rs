//! A phone's past at its companions: handed over at the beginning, sent later, and sent again to those who complain.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    NUMBER, http,
    peer::{Peer, fan_out},
    phone,
    protobuf::Members,
    reader::{Notice, Reader},
    simulator, until, with,
};
use serde_json::{Value, json};
use wa::stanza::{Jid, Node};
use wa_sim::{Handle, State};

const BOB: &str = "15550005678";
const EVE: &str = "15550009012";

/// The types of parts.
const BOOTSTRAP: u64 = 0;
const RECENT: u64 = 3;

async fn world() -> Handle {
    let sim = simulator().await;
    assert!(sim.add_phone(BOB, "Bob") && sim.add_phone(EVE, "Eve"));
    sim
}

fn lid(sim: &Handle, number: &str) -> impl Future<Output = String> {
    let look = phone(sim, number, |_| true);
    async { look.await["lid"].as_str().unwrap().to_owned() }
}

fn pn(number: &str) -> String {
    format!("{number}@s.whatsapp.net")
}

/// The next notices, with what is in their parts.
async fn parts(sim: &Handle, reader: &mut Reader, count: usize) -> Vec<(Notice, Members)> {
    let mut parts = Vec::new();
    for _ in 0..count {
        let notice = reader.notice().await;
        let part = reader.fetch(sim, &notice).await.unwrap();
        parts.push((notice, part));
    }
    parts
}

/// The ids of the messages in a chat of a part.
fn ids(part: &Members, chat: &str) -> Vec<String> {
    let chat = part.messages(2).into_iter().find(|found| found.text(1).as_deref() == Some(chat));
    let messages = chat.unwrap_or_default().messages(2);
    messages.iter().map(|entry| entry.message(1).message(1).text(3).unwrap()).collect()
}

#[tokio::test]
async fn all_parts_come_in_order_and_hold_what_the_phone_knows() {
    let sim = world().await;
    let past = sim
        .set_past(
            NUMBER,
            &json!({
                "chats": [
                    { "with": BOB, "messages": 20, "token": true, "timer": 604_800, "last_s": 1_700_000_000, "gave_s": 1_699_000_000 },
                    { "with": EVE, "by": "pn" },
                ],
                "chunks": 2,
                "inline": false,
                "nonce": "the nonce",
            }),
        )
        .unwrap();
    let mut reader = Reader::new(&sim, NUMBER).await;
    let (_, share) = reader.protocol().await;
    assert_eq!(share.number(2), Some(6), "the key of the app state comes first");
    let parts = parts(&sim, &mut reader, 5).await;
    let kinds: Vec<_> = parts
        .iter()
        .map(|(notice, _)| (notice.members.number(6), notice.members.number(7), notice.members.number(9)))
        .collect();
    assert_eq!(
        kinds,
        [
            (Some(0), Some(1), Some(100)),
            (Some(4), None, None),
            (Some(3), Some(1), Some(50)),
            (Some(3), Some(2), Some(100)),
            (Some(5), None, None),
        ]
    );
    let handles: BTreeSet<_> = parts.iter().map(|(notice, _)| notice.members.text(14).unwrap()).collect();
    assert_eq!(handles.len(), 5, "each file has a handle of its own");
    for (notice, part) in &parts {
        assert_eq!(part.number(1), notice.members.number(6));
        assert!(part.keys().is_sorted(), "{:?}", part.keys());
    }
    let (bob, eve) = (lid(&sim, BOB).await, lid(&sim, EVE).await);
    let bootstrap = &parts[0].1;
    assert_eq!(bootstrap.text(16).as_deref(), Some("the nonce"));
    assert_eq!(STANDARD.encode(bootstrap.bytes(19).unwrap()), past["salt"]);
    let pairs: Vec<_> = bootstrap.messages(15).iter().map(|pair| (pair.text(1), pair.text(2))).collect();
    assert_eq!(pairs, [(Some(pn(BOB)), Some(bob.clone())), (Some(pn(EVE)), Some(eve.clone()))]);
    let chats = bootstrap.messages(2);
    assert_eq!(chats.iter().map(|chat| chat.text(1).unwrap()).collect::<Vec<_>>(), [bob.clone(), pn(EVE)]);
    assert_eq!(STANDARD.encode(chats[0].bytes(21).unwrap()), past["chats"][0]["token"]);
    assert_eq!(chats[0].number(22), past["chats"][0]["token_s"].as_u64());
    assert_eq!((chats[0].number(28), chats[0].number(9)), (Some(1_699_000_000), Some(604_800)));
    assert_eq!((chats[0].number(12), chats[0].text(39)), (Some(1_700_000_000), Some(pn(BOB))));
    assert_eq!((chats[1].bytes(21), chats[1].number(9), chats[1].text(42)), (None, None, Some(eve)));
    let names: Vec<_> =
        parts[1].1.messages(7).iter().map(|name| (name.text(1).unwrap(), name.text(2).unwrap())).collect();
    let named = |id: &str, name: &str| (id.to_owned(), name.to_owned());
    let own = lid(&sim, NUMBER).await;
    let expected =
        [named(&pn(NUMBER), "Ada"), named(&own, "Ada"), named(&bob, "Bob"), named(&pn(EVE), "Eve")];
    assert_eq!(names, expected);
    // Each message once, in all parts together.
    let all: Vec<_> = [0, 2, 3].iter().flat_map(|at| ids(&parts[*at].1, &bob)).collect();
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (20, 20));
    let first = &chats[0].messages(2)[0].message(1);
    assert_eq!((first.number(3), first.message(1).text(1)), (Some(1_700_000_000), Some(bob)));
}

#[tokio::test]
async fn receipts_take_a_notice_out_of_the_queue_and_files_are_deleted_with_the_nonce() {
    let sim = world().await;
    let past = sim.set_past(NUMBER, &json!({ "chats": [{ "with": BOB }], "inline": false })).unwrap();
    let mut reader = Reader::new(&sim, NUMBER).await;
    let notice = reader.notice().await;
    reader.receipt(&notice.id, "hist_sync").await;
    let shown = phone(&sim, NUMBER, |phone| phone["past"]["notices"][0]["hist_sync"] == true).await;
    assert!(shown["companions"][0]["queued"].to_string().contains(&notice.id), "not by that alone");
    reader.receipt(&notice.id, "peer_msg").await;
    phone(&sim, NUMBER, |phone| !phone["companions"][0]["queued"].to_string().contains(&notice.id)).await;
    let conn = reader.wire.query(wa::stanza::build::set("w:m").child(Node::new("media_conn"))).await;
    let auth = conn.root().child("media_conn").unwrap().str("auth").unwrap().into_owned();
    let media = settled_media(&sim, &mut reader).await;
    let file =
        media["files"].as_array().unwrap().iter().find(|file| file["path"] == json!(notice.path())).unwrap();
    let token = file["token"].as_str().unwrap();
    let d_md =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(notice.path().split('?').next().unwrap());
    let auth = auth.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let handle = notice.members.text(14).unwrap();
    let target = format!("/mms/md-msg-hist/{token}?token={token}&d_md={d_md}&auth={auth}&e_handle={handle}");
    assert_eq!(http::delete(sim.started(), &target, Some("other")).await.status, 403);
    assert_eq!(http::delete(sim.started(), &target, past["nonce"].as_str()).await.status, 200);
    assert_eq!(http::get(sim.started(), &notice.path()).await.unwrap().status, 404);
}

async fn settled_media(sim: &Handle, reader: &mut Reader) -> Value {
    reader.wire.query(wa::stanza::build::get("w:p")).await;
    sim.wait(common::PATIENCE, |state| Some(state.media())).await.unwrap()
}

#[tokio::test]
async fn a_phone_without_a_past_sends_what_it_always_sent() {
    let sim = world().await;
    let mut reader = Reader::new(&sim, NUMBER).await;
    for (kind, members) in [(0, &[6, 7, 9, 11][..]), (4, &[6, 11])] {
        let notice = reader.notice().await;
        assert_eq!((notice.members.number(6), &*notice.members.keys()), (Some(kind), members));
    }
    assert!(sim.send_past(NUMBER, &json!({ "type": "recent" })).await.unwrap_err().contains("no past"));
}

#[tokio::test]
async fn a_small_first_part_comes_within_its_notice_if_that_is_wanted() {
    for (inline, messages, is_inline) in
        [(json!(true), 3, true), (Value::Null, 3, true), (json!(false), 3, false), (json!(true), 0, true)]
    {
        let sim = world().await;
        let past = json!({ "chats": [{ "with": BOB, "messages": messages }], "inline": inline });
        sim.set_past(NUMBER, &past).unwrap();
        let mut reader = Reader::new(&sim, NUMBER).await;
        let parts = parts(&sim, &mut reader, 2).await;
        assert_eq!(parts[0].0.members.bytes(11).is_some(), is_inline, "{past}");
        assert!(parts[1].0.members.bytes(11).is_none(), "names come as a file");
    }
    let sim = world().await;
    sim.set_past(
        NUMBER,
        &json!({ "inline": true, "bulk": { "chats": 20_000, "messages": 0, "tokens": true } }),
    )
    .unwrap();
    let notice = Reader::new(&sim, NUMBER).await.notice().await;
    assert!(notice.members.bytes(11).is_none(), "it is not small");
}

#[tokio::test]
async fn the_server_takes_a_token_of_the_past_and_no_other() {
    for (chat, code) in [
        (json!({ "with": BOB, "token": true }), None),
        (json!({ "with": BOB, "token": true, "token_s": 1_600_000_000 }), Some(463)),
        (json!({ "with": BOB }), Some(463)),
    ] {
        let sim = with(|options| options.no_tokens = true).await;
        assert!(sim.add_phone(BOB, "Bob"));
        sim.set(NUMBER, &json!({ "timelock": true })).unwrap();
        let past = sim.set_past(NUMBER, &json!({ "chats": [chat] })).unwrap();
        let token =
            past["chats"][0]["token"].as_str().map_or(vec![7; 16], |token| STANDARD.decode(token).unwrap());
        let mut ada = Peer::new(&sim, NUMBER).await;
        let (bob, own): (Jid, Jid) = (lid(&sim, BOB).await.parse().unwrap(), ada.lid.account());
        let message = fan_out("A1", &bob, &[&bob, &own]).child(Node::new("tctoken").bytes(token));
        assert_eq!(ada.refused(message).await, code, "{chat}");
    }
}

#[tokio::test]
async fn polls_and_events_have_their_secrets_and_people_vote_in_them() {
    let sim = world().await;
    let group =
        sim.create_group(&json!({ "creator": NUMBER, "subject": "Tea", "members": [BOB, EVE] })).unwrap();
    let chats = json!([
        { "with": BOB, "messages": 5, "poll": true, "event": true },
        { "with": group["id"], "messages": 1, "poll": true },
    ]);
    let past = sim.set_past(NUMBER, &json!({ "chats": chats })).unwrap();
    let mut reader = Reader::new(&sim, NUMBER).await;
    let parts = parts(&sim, &mut reader, 3).await;
    let mut found = BTreeSet::new();
    for chat in parts.iter().flat_map(|(_, part)| part.messages(2)) {
        for kept in chat.messages(2).iter().map(|entry| entry.message(1)) {
            let content = kept.message(2);
            let inside = content.message(35).bytes(3).map(<[u8]>::to_vec);
            let secret = kept.bytes(49).map(<[u8]>::to_vec).or(inside);
            if let Some(secret) = secret {
                let from_me = kept.message(1).number(2) == Some(1);
                found.insert((kept.message(1).text(3).unwrap(), from_me, STANDARD.encode(secret)));
            }
        }
    }
    let marks = past["chats"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|chat| ["polls", "events"].map(|kind| chat[kind].clone()));
    let marks: BTreeSet<_> = marks
        .flat_map(|marks| marks.as_array().unwrap().clone())
        .map(|mark| {
            let text = |key: &str| mark[key].as_str().unwrap().to_owned();
            (text("id"), mark["from_me"] == true, text("secret"))
        })
        .collect();
    assert_eq!((&found, found.len()), (&marks, 6));
    for (at, to) in [(0, json!(NUMBER)), (1, group["jid"].clone())] {
        let polls = &past["chats"][at]["polls"];
        let own = polls.as_array().unwrap().iter().find(|poll| poll["from_me"] == true).unwrap();
        let vote = json!({ "to": to, "target": { "id": own["id"], "from": NUMBER }, "options": ["yes"] });
        let id = sim.person(BOB, "vote", &vote).unwrap()["id"].clone();
        let look = |state: &State<'_>| {
            let heard = state.heard(NUMBER, 0, 0).unwrap();
            heard["messages"].as_array().unwrap().iter().find(|message| message["id"] == id).cloned()
        };
        let heard = until(&sim, look).await;
        assert_eq!(heard["selected"], json!(["yes"]), "{heard}");
    }
}

#[tokio::test]
async fn a_group_has_its_members_and_its_messages_their_writers() {
    let sim = world().await;
    let group = sim.create_group(&json!({ "creator": NUMBER, "subject": "Tea", "members": [BOB] })).unwrap();
    sim.set_past(NUMBER, &json!({ "chats": [{ "with": group["jid"], "messages": 2, "timer": 86_400 }] }))
        .unwrap();
    let mut reader = Reader::new(&sim, NUMBER).await;
    let chat = parts(&sim, &mut reader, 1).await[0].1.message(2);
    assert_eq!(
        (chat.text(1).unwrap(), chat.text(13).unwrap()),
        (group["jid"].as_str().unwrap().to_owned(), "Tea".to_owned())
    );
    let (ada, bob) = (lid(&sim, NUMBER).await, lid(&sim, BOB).await);
    let members: BTreeSet<_> =
        chat.messages(20).iter().map(|one| (one.text(1).unwrap(), one.number(2))).collect();
    assert_eq!(members, [(ada, Some(2)), (bob.clone(), Some(0))].into());
    let keys: Vec<_> = chat.messages(2).iter().map(|entry| entry.message(1).message(1)).collect();
    let writers: Vec<_> = keys.iter().map(|key| (key.number(2), key.text(4))).collect();
    assert_eq!(writers, [(Some(1), None), (Some(0), Some(bob))], "the newest first");
}

#[tokio::test]
async fn a_part_can_be_sent_later() {
    let sim = world().await;
    sim.set(NUMBER, &json!({ "provisions": false })).unwrap();
    sim.set_past(NUMBER, &json!({ "chats": [{ "with": BOB, "messages": 9 }], "chunks": 3 })).unwrap();
    let mut reader = Reader::new(&sim, NUMBER).await;
    let sent = sim.send_past(NUMBER, &json!({ "type": "full" })).await.unwrap();
    assert_eq!(sent["notices"].as_array().unwrap().len(), 3, "{sent}");
    let bob = lid(&sim, BOB).await;
    let all: Vec<_> =
        parts(&sim, &mut reader, 3).await.iter().flat_map(|(_, part)| ids(part, &bob)).collect();
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (9, 9));
    let order = json!({ "type": "on_demand", "inline": true, "session": "S1" });
    let sent = sim.send_past(NUMBER, &order).await.unwrap();
    let notice = reader.notice().await;
    assert_eq!(
        (notice.members.text(12).as_deref(), json!(notice.id)),
        (Some("S1"), sent["notices"][0]["id"].clone())
    );
    assert!(notice.members.bytes(11).is_some());
    let one = json!({ "type": "recent", "chunk": 2 });
    sim.send_past(NUMBER, &one).await.unwrap();
    assert_eq!(reader.notice().await.members.number(7), Some(2));
    sim.send_past(NUMBER, &json!({ "type": "no_history" })).await.unwrap();
    assert_eq!(reader.notice().await.members.keys(), [6], "there is nothing to fetch");
}

#[tokio::test]
async fn a_large_history_is_written_as_it_is_read() {
    let sim = world().await;
    let bulk = json!({ "chats": 300, "messages": 30_000, "text": 100, "tokens": true });
    sim.set_past(NUMBER, &json!({ "bulk": bulk, "chunks": 2, "inline": false })).unwrap();
    let mut reader = Reader::new(&sim, NUMBER).await;
    let parts = parts(&sim, &mut reader, 4).await;
    assert_eq!(parts[0].1.messages(2).len(), 300);
    assert!(parts[0].1.messages(2).iter().all(|chat| chat.bytes(21).unwrap().len() == 16));
    assert_eq!((parts[0].1.messages(15).len(), parts[1].1.messages(7).len()), (300, 302));
    let chats = [0, 2, 3].iter().flat_map(|at| parts[*at].1.messages(2));
    let keys = chats.flat_map(|chat| chat.messages(2)).map(|entry| entry.message(1).message(1));
    let all: BTreeSet<_> = keys.map(|key| (key.text(1), key.text(3))).collect();
    assert_eq!(all.len(), 30_000);
    assert_eq!(parts[2].1.number(1), Some(RECENT));
    assert_eq!(parts[0].1.number(1), Some(BOOTSTRAP));
}

#[tokio::test]
async fn mistakes_are_named() {
    let sim = world().await;
    let group = sim.create_group(&json!({ "creator": BOB, "subject": "Tea" })).unwrap();
    for (past, part) in [
        (json!({ "chats": [{ "with": "15550000000" }] }), "there is no phone 15550000000"),
        (json!({ "chats": [{ "with": NUMBER }] }), "account itself"),
        (json!({ "chats": [{ "with": group["id"] }] }), "no member"),
        (json!({ "names": ["15550000000"] }), "there is no phone"),
        (json!({ "chunks": 0 }), "chunks"),
        (json!({ "bulk": { "chats": 0, "messages": 1 } }), "a bulk has"),
        (json!({ "chat": [] }), "bad_body"),
    ] {
        let error = sim.set_past(NUMBER, &past).unwrap_err();
        assert!(error.contains(part), "{past}: {error}");
    }
    sim.set_past(NUMBER, &json!({})).unwrap();
    for (order, part) in [
        (json!({ "type": "recent" }), "no such companion"),
        (json!({ "type": "recent", "chunk": 2 }), "no such chunk"),
        (json!({ "type": "novel" }), "bad_body"),
    ] {
        let error = sim.send_past(NUMBER, &order).await.unwrap_err();
        assert!(error.contains(part), "{order}: {error}");
    }
}
