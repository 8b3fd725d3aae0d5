//! Polls: votes that are cast and votes that come, in chats and groups.

use serde_json::json;

use super::messages::{ADA, BOB, call, sent, two};
use super::world::World;

#[test]
fn votes_are_cast_and_read_in_chats_and_groups() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    assert!(world.sim.add_phone("15550009999", "Cem"));
    let mut cem = world.linked_as("15550009999");
    let group = json!({ "creator": ADA, "subject": "Tea", "members": [BOB, "15550009999"] });
    let group = world.sim.create_group(&group).unwrap()["id"].as_str().unwrap().to_owned();
    let group = format!("{}@g.us", group.trim_end_matches("@g.us"));

    for chat in [BOB.to_owned(), group.clone()] {
        let options = json!(["green", "black", "none"]);
        let poll = json!({ "chat": chat, "question": "Tea?", "options": options, "selectable": 2 });
        let request = call(&ada.client, "poll.send", &poll);
        let poll_id = sent(&mut ada, request)["message_id"].clone();
        let seen = bob.wait_for("message", |event| event["kind"] == "poll");
        let vote = json!({
            "chat": seen["chat"], "target": poll_id, "sender": seen["sender"], "options": ["black", "green"],
        });
        let request = call(&bob.client, "poll.vote", &vote);
        let came = ada.wait_for("message", |event| event["content"]["target"]["message_id"] == poll_id);
        sent(&mut bob, request);
        // In the order of the poll.
        assert_eq!(came["content"]["selected"], json!(["green", "black"]), "{came}");
        assert_eq!((&came["kind"], &came["sender_phone"]), (&"poll_vote".into(), &BOB.into()));
        // The one who asks votes too, and the others read it.
        let own = json!({ "chat": chat, "target": poll_id, "options": ["none"] });
        let request = call(&ada.client, "poll.vote", &own);
        let came = bob.wait_for("message", |event| event["kind"] == "poll_vote");
        sent(&mut ada, request);
        assert_eq!(came["content"]["selected"], json!(["none"]), "{came}");
        if chat == group {
            for selected in [json!(["green", "black"]), json!(["none"])] {
                let came = cem.wait_for("message", |event| event["kind"] == "poll_vote");
                assert_eq!(came["content"]["selected"], selected, "{came}");
            }
        }
        let back =
            json!({ "chat": seen["chat"], "target": poll_id, "sender": seen["sender"], "options": [] });
        let request = call(&bob.client, "poll.vote", &back);
        let came = ada.wait_for("message", |event| event["kind"] == "poll_vote");
        sent(&mut bob, request);
        assert_eq!(came["content"]["selected"], json!([]));
    }

    let seen = bob.taken("message").into_iter().find(|event| event["kind"] == "poll").unwrap();
    for (target, chosen, status, key) in [
        (seen["message_id"].clone(), json!(["red"]), "WA_ERROR_INVALID_MESSAGE", "options"),
        (seen["message_id"].clone(), json!(["none", "none"]), "WA_ERROR_INVALID_MESSAGE", "options"),
        (
            seen["message_id"].clone(),
            json!(["none", "black", "green"]),
            "WA_ERROR_INVALID_MESSAGE",
            "options",
        ),
        (json!("NO-POLL"), json!(["none"]), "WA_ERROR_NOT_FOUND", "target"),
    ] {
        let vote = json!({ "chat": seen["chat"], "target": target, "options": chosen });
        let request = call(&bob.client, "poll.vote", &vote);
        let answer = bob.answer(request);
        assert_eq!((&answer["name"], &answer["key"]), (&status.into(), &key.into()), "{answer}");
    }
    world.no_key_is_used_twice();
}

/// A client may know the author by one name and the voter by the other.
#[test]
fn votes_are_opened_under_whatever_names_they_were_sealed() {
    let world = World::new();
    let (mut ada, _bob) = two(&world);
    let poll = json!({ "chat": BOB, "question": "Tea?", "options": ["green", "black"] });
    let request = call(&ada.client, "poll.send", &poll);
    let poll_id = sent(&mut ada, request)["message_id"].clone();
    world.wait_heard(BOB, 0, |heard| heard["id"] == poll_id);
    for (author_by, sender_by) in [("lid", "lid"), ("pn", "pn"), ("lid", "pn"), ("pn", "lid")] {
        let target = json!({ "id": poll_id, "from": ADA, "author_by": author_by, "sender_by": sender_by });
        let vote = json!({ "to": ADA, "target": target, "options": ["black"] });
        world.sim.person(BOB, "vote", &vote).unwrap();
        let came = ada.wait("message");
        assert_eq!(
            (&came["kind"], &came["content"]["selected"]),
            (&"poll_vote".into(), &json!(["black"])),
            "{came}"
        );
    }
}
