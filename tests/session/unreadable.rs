//! Messages that a companion is not given and its phone has: the phone is asked for them.

use serde_json::{Value, json};

use super::world::{Host, NUMBER, World};

const BOB: &str = "15550005678";

/// Bob writes to Ada, whose companion gets nothing but word of it; the id.
fn withheld(world: &World, ada: &mut Host, chat: &str, text: &str) -> Value {
    let sent = world.sim.person(BOB, "send", &json!({ "to": chat, "text": text })).unwrap();
    let unreadable = ada.wait("message.unreadable");
    assert_eq!((&unreadable["reason"], &unreadable["pending"]), (&"unavailable".into(), &true.into()));
    assert_eq!(unreadable["message_id"], sent["id"]);
    sent["id"].clone()
}

#[test]
fn the_phone_gives_what_the_server_does_not() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut ada = world.linked(&world.config());
    world.sim.set(NUMBER, &json!({ "withheld": true })).unwrap();
    let group = json!({ "creator": BOB, "subject": "Both", "members": [NUMBER] });
    let group = world.sim.create_group(&group).unwrap()["jid"].as_str().unwrap().to_owned();
    for (chat, is_group) in [(NUMBER, false), (&group, true)] {
        let id = withheld(&world, &mut ada, chat, "for the phone");
        let message = ada.wait("message");
        assert_eq!((&message["text"], &message["message_id"]), (&"for the phone".into(), &id));
        assert_eq!((&message["sender_phone"], &message["is_group"]), (&BOB.into(), &is_group.into()));
        assert_eq!(message["from_me"], false);
        // It is a message like any other: it can be answered.
        let quote = json!({ "message_id": id, "sender": message["sender"], "text": "for the phone" });
        let params = json!({ "chat": message["chat"], "text": "answer", "quote": quote });
        let request = ada.client.call("message.send", Some(&params.to_string())).unwrap();
        assert_eq!(ada.answer(request)["name"], "WA_OK");
    }
    world.no_key_is_used_twice();
}

#[test]
fn a_phone_that_is_away_answers_when_it_is_back_even_if_the_program_was_started_anew() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let config = world.config();
    let mut ada = world.linked(&config);
    world.sim.set(NUMBER, &json!({ "withheld": true, "away": true })).unwrap();
    let ids = [0, 1].map(|n| withheld(&world, &mut ada, NUMBER, &format!("text {n}")));
    drop(ada);
    let mut ada = world.client(&config);
    ada.wait("ready");
    assert!(ada.taken("message").is_empty(), "{}", ada.story());
    world.sim.set(NUMBER, &json!({ "away": false })).unwrap();
    for (n, id) in ids.iter().enumerate() {
        let message = ada.wait("message");
        assert_eq!((&message["text"], &message["message_id"]), (&format!("text {n}").into(), id));
    }
    // Each once, although both were asked for before the restart.
    world.sim.set(NUMBER, &json!({ "withheld": false })).unwrap();
    world.sim.person(BOB, "send", &json!({ "to": NUMBER, "text": "last" })).unwrap();
    assert_eq!(ada.wait("message")["text"], "last", "{}", ada.story());
}
