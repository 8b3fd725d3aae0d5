//! Messages about other messages: whose those are, and what a person says of them who may not.

use serde_json::{Value, json};

use super::world::{Host, World};

const ADA: &str = "15550001234";
const BOB: &str = "15550005678";
const CEM: &str = "15550009999";

/// Three phones; a client is linked to the first.
fn ada(world: &World) -> Host {
    assert!(world.sim.add_phone(BOB, "Bob") && world.sim.add_phone(CEM, "Cem"));
    world.linked_as(ADA)
}

fn call(host: &mut Host, method: &str, params: &Value) -> Value {
    let request = host.client.call(method, Some(&params.to_string())).unwrap();
    let answer = host.answer(request);
    assert_eq!(answer["name"], "WA_OK", "{method} {params}: {answer}");
    answer["result"].clone()
}

/// Lets a person do something; gives the message's id.
fn person(world: &World, number: &str, verb: &str, body: &Value) -> Value {
    world.sim.person(number, verb, body).unwrap()["id"].clone()
}

fn group(world: &World, creator: &str) -> String {
    let members: Vec<&str> = [ADA, BOB, CEM].into_iter().filter(|number| *number != creator).collect();
    let group = json!({ "creator": creator, "subject": "Tea", "members": members });
    world.sim.create_group(&group).unwrap()["jid"].as_str().unwrap().to_owned()
}

/// A group of which this account was not told.
fn unknown_group(world: &World, creator: &str) -> String {
    let lost = json!({ "when": { "point": "out", "tag": "notification" }, "do": "drop", "times": 1 });
    world.fault(lost);
    group(world, creator)
}

/// The target in the next message of that kind.
fn target(host: &mut Host, kind: &str) -> Value {
    host.wait_for("message", |event| event["kind"] == kind)["content"]["target"].clone()
}

#[test]
fn from_me_is_this_account_in_every_kind_of_target() {
    let world = World::new();
    let mut ada = ada(&world);
    let group = group(&world, ADA);
    for chat in [BOB.to_owned(), group.clone()] {
        let to = if chat == group { group.as_str() } else { ADA };
        let mine =
            call(&mut ada, "message.send", &json!({ "chat": chat, "text": "mine" }))["message_id"].clone();
        let theirs = person(&world, BOB, "send", &json!({ "to": to, "text": "theirs" }));
        ada.wait_for("message", |event| event["message_id"] == theirs);
        // From another phone than ours, and from our own.
        let own_to = if chat == group { group.as_str() } else { BOB };
        for (writer, to) in [(BOB, to), (ADA, own_to)] {
            for (id, from, from_me) in [(&mine, ADA, true), (&theirs, BOB, false)] {
                let about = json!({ "to": to, "target": { "id": id, "from": from }, "emoji": "👍" });
                person(&world, writer, "react", &about);
                let target = target(&mut ada, "reaction");
                assert_eq!(
                    (&target["message_id"], &target["from_me"]),
                    (id, &from_me.into()),
                    "{writer} {target}"
                );
                assert_eq!(target["sender_phone"], from, "{writer} {target}");
            }
        }
        // People may change only their own messages.
        for verb in ["edit", "delete"] {
            for (writer, to, id, from_me) in [(BOB, to, &theirs, false), (ADA, own_to, &mine, true)] {
                let about = json!({ "to": to, "target": { "id": id, "from": writer }, "text": "changed" });
                person(&world, writer, verb, &about);
                let target = target(&mut ada, verb);
                assert_eq!(
                    (&target["message_id"], &target["from_me"]),
                    (id, &from_me.into()),
                    "{writer} {target}"
                );
                assert_eq!(target["sender_phone"], writer, "{verb} {target}");
            }
        }
        for (from, from_me) in [(ADA, true), (BOB, false)] {
            let quote =
                json!({ "to": to, "text": "quoted", "quote": { "id": "A", "from": from, "text": "?" } });
            person(&world, BOB, "send", &quote);
            let quoted = ada.wait_for("message", |event| event["text"] == "quoted")["quoted"].clone();
            assert_eq!(quoted["from_me"], from_me, "{quoted}");
        }
        let poll = json!({ "chat": chat, "question": "Tea?", "options": ["yes", "no"] });
        let poll = call(&mut ada, "poll.send", &poll)["message_id"].clone();
        // pinInChatMessage { key { fromMe: false, id, participant }, type: PIN_FOR_ALL } of what is ours.
        let id = poll.as_str().unwrap().as_bytes();
        let mut key = vec![0x10, 0, 0x1a, id.len() as u8];
        key.extend_from_slice(id);
        if chat == group {
            let phone = world.wait_phone("Ada", ADA, |_| true);
            let lid = phone["lid"].as_str().unwrap().to_owned();
            key.extend_from_slice(&[0x22, lid.len() as u8]);
            key.extend_from_slice(lid.as_bytes());
        }
        for (member, kind) in [(63_u32, "pin"), (51, "keep")] {
            let mut content = vec![0x0a, key.len() as u8];
            content.extend_from_slice(&key);
            content.extend_from_slice(&[0x10, 1]);
            let tag = member << 3 | 2;
            let mut message = vec![(tag & 0x7f) as u8 | 0x80, (tag >> 7) as u8, content.len() as u8];
            message.extend_from_slice(&content);
            person(&world, BOB, "send_raw", &json!({ "to": to, "message": base64(&message) }));
            let target = target(&mut ada, kind);
            assert_eq!((&target["message_id"], &target["from_me"]), (&poll, &true.into()), "{target}");
        }
    }
}

#[test]
fn what_somebody_may_not_edit_or_delete_is_not_told() {
    let world = World::new();
    let mut ada = ada(&world);
    let group = group(&world, ADA);
    for chat in [BOB.to_owned(), group.clone()] {
        let to = if chat == group { group.as_str() } else { ADA };
        let mine =
            call(&mut ada, "message.send", &json!({ "chat": chat, "text": "mine" }))["message_id"].clone();
        for verb in ["edit", "delete"] {
            let forged = json!({ "to": to, "target": { "id": mine, "from": ADA }, "text": "forged" });
            person(&world, BOB, verb, &forged);
            person(&world, BOB, "send", &json!({ "to": to, "text": "after it" }));
            let next = ada.wait("message");
            assert_eq!(next["text"], "after it", "{verb} in {chat}: {next}");
        }
    }
}

#[test]
fn who_may_delete_in_a_group_is_asked_of_the_server_first() {
    let world = World::new();
    let mut ada = ada(&world);
    // Nothing was asked about this group before.
    let group = unknown_group(&world, CEM);
    let id = group.trim_end_matches("@g.us");
    let about = |id: &Value, from: &str| json!({ "to": group, "target": { "id": id, "from": from } });
    let theirs = person(&world, CEM, "send", &json!({ "to": group, "text": "of an admin" }));
    person(&world, BOB, "delete", &about(&theirs, CEM));
    person(&world, BOB, "send", &json!({ "to": group, "text": "after it" }));
    let next = ada.wait_for("message", |event| event["text"] != "of an admin");
    assert_eq!(next["text"], "after it", "{next}");
    // An admin may, whoever became one meanwhile too, and our own phone knows whether it may.
    let ours =
        call(&mut ada, "message.send", &json!({ "chat": group, "text": "ours" }))["message_id"].clone();
    person(&world, CEM, "delete", &about(&ours, ADA));
    let deleted = ada.wait_for("message", |event| event["kind"] == "delete");
    let content = &deleted["content"];
    assert_eq!(
        (&content["target"]["from_me"], &content["by_admin"]),
        (&true.into(), &true.into()),
        "{deleted}"
    );
    world.sim.group(id, "promote", &json!({ "members": [BOB] })).unwrap();
    person(&world, BOB, "delete", &about(&theirs, CEM));
    let deleted = ada.wait_for("message", |event| event["kind"] == "delete");
    let content = &deleted["content"];
    assert_eq!(
        (&content["target"]["message_id"], &content["by_admin"]),
        (&theirs, &true.into()),
        "{deleted}"
    );
    world.sim.group(id, "demote", &json!({ "members": [BOB] })).unwrap();
    person(&world, BOB, "delete", &about(&ours, ADA));
    person(&world, BOB, "send", &json!({ "to": group, "text": "no more" }));
    let next = ada.wait("message");
    assert_eq!(next["text"], "no more", "{next}");
}

#[test]
fn a_members_deletion_is_not_told_if_the_server_does_not_say_who_the_admins_are() {
    for code in [403, 404] {
        let world = World::new();
        let mut ada = ada(&world);
        let group = unknown_group(&world, CEM);
        let theirs = person(&world, CEM, "send", &json!({ "to": group, "text": "of an admin" }));
        ada.wait_for("message", |event| event["message_id"] == theirs);
        world.fault(json!({ "when": { "tag": "iq", "xmlns": "w:g2" }, "do": { "error": { "code": code } } }));
        person(&world, BOB, "delete", &json!({ "to": group, "target": { "id": theirs, "from": CEM } }));
        person(&world, BOB, "send", &json!({ "to": group, "text": "after it" }));
        let next = ada.wait("message");
        assert_eq!(next["text"], "after it", "{code}: {next}");
    }
}

#[test]
fn a_deletion_that_waits_for_the_server_is_not_lost_with_the_program() {
    let world = World::new();
    let mut ada = ada(&world);
    let group = unknown_group(&world, CEM);
    let theirs = person(&world, BOB, "send", &json!({ "to": group, "text": "of a member" }));
    ada.wait_for("message", |event| event["message_id"] == theirs);
    // The server does not say who the admins are, and the program ends.
    let fault = json!({ "when": { "tag": "iq", "xmlns": "w:g2" }, "do": "drop", "times": 1 });
    world.fault(fault);
    let after = world.now();
    person(&world, CEM, "delete", &json!({ "to": group, "target": { "id": theirs, "from": BOB } }));
    world.received(after, |stanza| stanza["attrs"]["xmlns"] == "w:g2");
    ada.acknowledge_all();
    drop(ada);
    let mut ada = world.client(&world.config_of(ADA));
    let deleted = ada.wait_for("message", |event| event["kind"] == "delete");
    assert_eq!((&deleted["content"]["target"]["message_id"], &deleted["offline"]), (&theirs, &true.into()));
}

#[test]
fn edits_and_reactions_in_the_sealed_form_are_edits_and_reactions() {
    let world = World::new();
    let mut ada = ada(&world);
    let group = group(&world, ADA);
    for chat in [BOB.to_owned(), group.clone()] {
        let to = if chat == group { group.as_str() } else { ADA };
        let mine =
            call(&mut ada, "message.send", &json!({ "chat": chat, "text": "mine" }))["message_id"].clone();
        let theirs = person(&world, BOB, "send", &json!({ "to": to, "text": "theirs" }));
        ada.wait_for("message", |event| event["message_id"] == theirs);
        if chat == group {
            // Everybody's, also after a restart.
            ada.acknowledge_all();
            drop(ada);
            ada = world.client(&world.config_of(ADA));
            ada.wait("ready");
        }
        let about = |id: &Value, from: &str| json!({ "to": to, "target": { "id": id, "from": from }, "text": "changed", "emoji": "👍" });
        person(&world, BOB, "sealed_edit", &about(&theirs, BOB));
        let edit = ada.wait("message");
        assert_eq!(
            (&edit["kind"], &edit["text"], &edit["content"]["kind"]),
            (&"edit".into(), &"changed".into(), &"text".into()),
            "{edit}"
        );
        assert_eq!(edit["content"]["target"]["message_id"], theirs, "{edit}");
        assert!(edit["raw"].is_string());
        world.wait_heard(BOB, 0, |heard| heard["id"] == mine);
        for (id, from, from_me) in [(&theirs, BOB, false), (&mine, ADA, true)] {
            person(&world, BOB, "sealed_react", &about(id, from));
            let reaction = ada.wait("message");
            assert_eq!(
                (&reaction["kind"], &reaction["text"]),
                (&"reaction".into(), &"👍".into()),
                "{reaction}"
            );
            let target = &reaction["content"]["target"];
            assert_eq!((&target["message_id"], &target["from_me"]), (id, &from_me.into()), "{reaction}");
        }
        // An edit of what is ours is a forgery, sealed or not.
        person(&world, BOB, "sealed_edit", &about(&mine, ADA));
        person(&world, BOB, "send", &json!({ "to": to, "text": "after it" }));
        let next = ada.wait("message");
        assert_eq!(next["text"], "after it", "{next}");
    }
}

#[test]
fn people_are_named_by_phone_number_too() {
    let world = World::new();
    let mut ada = ada(&world);
    let group = group(&world, ADA);
    let update = ada.wait_for("group.update", |event| event["chat"] == group);
    assert_eq!(
        update["members"].as_array().map(Vec::len),
        update["member_phones"].as_array().map(Vec::len),
        "{update}"
    );
    // A message of our own phone.
    person(&world, ADA, "send", &json!({ "to": BOB, "text": "from the phone" }));
    let message = ada.wait_for("message", |event| event["text"] == "from the phone");
    assert_eq!((&message["from_me"], &message["chat_phone"]), (&true.into(), &BOB.into()), "{message}");
    assert_eq!(message["sender_phone"], ADA, "{message}");
    person(&world, BOB, "send", &json!({ "to": ADA, "text": "from Bob" }));
    let message = ada.wait_for("message", |event| event["text"] == "from Bob");
    assert_eq!((&message["chat_phone"], &message["sender_phone"]), (&BOB.into(), &BOB.into()), "{message}");
    // Receipts.
    for (chat, chat_phone) in [(BOB.to_owned(), json!(BOB)), (group.clone(), Value::Null)] {
        let id =
            call(&mut ada, "message.send", &json!({ "chat": chat, "text": "read it" }))["message_id"].clone();
        world.wait_heard(BOB, 0, |heard| heard["id"] == id);
        let seen =
            json!({ "chat": if chat == group { group.as_str() } else { ADA }, "ids": [id], "from": ADA });
        world.sim.person(BOB, "read", &seen).unwrap();
        let read =
            ada.wait_for("receipt", |event| event["receipt"] == "read" && event["message_ids"][0] == id);
        assert_eq!((&read["chat_phone"], &read["sender_phone"]), (&chat_phone, &BOB.into()), "{read}");
    }
    // Members who come and go, and who did it.
    let number = group.trim_end_matches("@g.us");
    for (verb, change) in [("promote", "promote"), ("remove", "remove"), ("add", "add")] {
        world.sim.group(number, verb, &json!({ "members": [CEM], "by": ADA })).unwrap();
        let update = ada.wait_for("group.update", |event| event["change"] == change);
        assert_eq!(
            (&update["member_phones"], &update["sender_phone"]),
            (&json!([CEM]), &ADA.into()),
            "{update}"
        );
    }
}

#[test]
fn people_in_what_is_sent_are_named_as_the_chat_names_them() {
    let world = World::new();
    let mut ada = ada(&world);
    // In a group by LID, and in one by phone number.
    for mode in ["lid", "pn"] {
        let group = json!({ "creator": CEM, "subject": "Tea", "members": [ADA, BOB], "mode": mode });
        let group = world.sim.create_group(&group).unwrap()["jid"].as_str().unwrap().to_owned();
        let theirs = person(&world, BOB, "send", &json!({ "to": group, "text": "theirs" }));
        let message = ada.wait_for("message", |event| event["message_id"] == theirs);
        call(&mut ada, "message.send", &json!({ "chat": group, "text": "hello" }));
        let name = |number: &str| {
            let phone = world.wait_phone("somebody", number, |_| true);
            let pn = format!("{number}@s.whatsapp.net");
            if mode == "lid" { phone["lid"].as_str().unwrap().to_owned() } else { pn }
        };
        assert_eq!(message["sender"], name(BOB));
        let mine =
            call(&mut ada, "message.send", &json!({ "chat": group, "text": "mine" }))["message_id"].clone();
        for (sender, id, from) in [
            (format!("+{BOB}"), &theirs, BOB),
            (name(BOB), &theirs, BOB),
            (ADA.to_owned(), &mine, ADA),
            (name(ADA), &mine, ADA),
        ] {
            let react = json!({ "chat": group, "target": id, "sender": sender, "emoji": "👍" });
            let id = call(&mut ada, "message.react", &react)["message_id"].clone();
            let heard = world.wait_heard(CEM, 0, |heard| heard["id"] == id);
            assert_eq!(heard["target_from"], from, "{sender} in {mode}: {heard}");
            let quote = json!({ "message_id": id, "sender": sender, "text": "?" });
            let answer = json!({ "chat": group, "text": "yes", "quote": quote });
            let id = call(&mut ada, "message.send", &answer)["message_id"].clone();
            let heard = world.wait_heard(CEM, 0, |heard| heard["id"] == id);
            assert_eq!(heard["target_from"], from, "{sender} in {mode}: {heard}");
        }
        let after = world.now();
        let read = json!({ "chat": group, "sender": format!("+{BOB}"), "message_ids": [theirs] });
        call(&mut ada, "message.read", &read);
        let receipt = world.received(after, |stanza| stanza["attrs"]["type"] == "read");
        assert_eq!(receipt["attrs"]["participant"], name(BOB), "{receipt}");
    }
}

/// In the list of mentions and in the text, whichever name the host gives; in chats of two as well.
#[test]
fn people_who_are_mentioned_are_named_as_the_chat_names_them() {
    let world = World::new();
    let mut ada = ada(&world);
    let lid =
        |number: &str| world.wait_phone("somebody", number, |_| true)["lid"].as_str().unwrap().to_owned();
    let pn = |number: &str| format!("{number}@s.whatsapp.net");
    let mut chats = vec![(BOB.to_owned(), true)];
    for mode in ["lid", "pn"] {
        let group = json!({ "creator": CEM, "subject": "Tea", "members": [ADA, BOB], "mode": mode });
        let group = world.sim.create_group(&group).unwrap()["jid"].as_str().unwrap().to_owned();
        chats.push((group, mode == "lid"));
    }
    for (chat, by_lid) in &chats {
        for given in [[BOB.to_owned(), lid(ADA)], [lid(BOB), format!("+{ADA}")]] {
            let user = |name: &str| name.trim_start_matches('+').split('@').next().unwrap().to_owned();
            let text = format!("@{} and @{}!", user(&given[0]), user(&given[1]));
            let send = json!({ "chat": chat, "text": text, "mentions": given });
            let id = call(&mut ada, "message.send", &send)["message_id"].clone();
            let names = [BOB, ADA].map(|number| if *by_lid { lid(number) } else { pn(number) });
            let heard = world.wait_heard(BOB, 0, |heard| heard["id"] == id);
            assert_eq!(heard["mentions"], json!(names), "{given:?} in {chat}: {heard}");
            assert_eq!(heard["text"], format!("@{} and @{}!", user(&names[0]), user(&names[1])), "{heard}");
        }
    }
}

#[test]
fn people_are_named_as_a_group_names_them_that_was_not_fetched_before() {
    let world = World::new();
    let mut ada = ada(&world);
    for mode in ["lid", "pn"] {
        for by_lid in [true, false] {
            for first in ["react", "quote", "read"] {
                let group = json!({ "creator": CEM, "subject": "Tea", "members": [ADA, BOB], "mode": mode });
                let group = world.sim.create_group(&group).unwrap()["jid"].as_str().unwrap().to_owned();
                let theirs = person(&world, BOB, "send", &json!({ "to": group, "text": "theirs" }));
                let message = ada.wait_for("message", |event| event["message_id"] == theirs);
                let sender = if by_lid {
                    world.wait_phone("Bob", BOB, |_| true)["lid"].as_str().unwrap().to_owned()
                } else {
                    format!("{BOB}@s.whatsapp.net")
                };
                let what = format!("{first} of {sender} in {mode}");
                let (method, params) = match first {
                    "react" => (
                        "message.react",
                        json!({ "chat": group, "target": theirs, "sender": sender, "emoji": "\u{1f44d}" }),
                    ),
                    "quote" => {
                        let quote = json!({ "message_id": theirs, "sender": sender, "text": "?" });
                        ("message.send", json!({ "chat": group, "text": "yes", "quote": quote }))
                    }
                    // The event's own name of the sender is the group's.
                    _ => (
                        "message.read",
                        json!({ "chat": group, "sender": message["sender"], "message_ids": [theirs] }),
                    ),
                };
                let after = world.now();
                let answer = call(&mut ada, method, &params);
                if first == "read" {
                    let receipt = world.received(after, |stanza| stanza["attrs"]["type"] == "read");
                    assert_eq!(receipt["attrs"]["participant"], message["sender"], "{what}: {receipt}");
                } else {
                    let heard = world.wait_heard(CEM, 0, |heard| heard["id"] == answer["message_id"]);
                    assert_eq!(heard["target_from"], BOB, "{what}: {heard}");
                }
            }
        }
    }
}

#[test]
fn a_sender_who_cannot_have_written_the_message_is_refused() {
    let world = World::new();
    let mut ada = ada(&world);
    let group = group(&world, ADA);
    ada.wait_for("group.update", |event| event["chat"] == group);
    let theirs = person(&world, BOB, "send", &json!({ "to": ADA, "text": "theirs" }));
    let message = ada.wait_for("message", |event| event["message_id"] == theirs);
    let lid = world.wait_phone("Bob", BOB, |_| true)["lid"].as_str().unwrap().to_owned();
    let before = world.now();
    let quote = |sender: &str| json!({ "message_id": "A", "sender": sender, "text": "?" });
    for (method, params, key) in [
        ("message.delete", json!({ "target": theirs, "sender": BOB }), "sender"),
        ("message.delete", json!({ "target": theirs, "sender": lid }), "sender"),
        ("message.delete", json!({ "target": theirs, "sender": CEM }), "sender"),
        ("message.react", json!({ "target": theirs, "emoji": "\u{1f44d}", "sender": CEM }), "sender"),
        (
            "message.react",
            json!({ "target": theirs, "emoji": "\u{1f44d}", "sender": BOB, "from_me": true }),
            "sender",
        ),
        ("message.send", json!({ "text": "yes", "quote": quote(CEM) }), "quote"),
        ("message.read", json!({ "message_ids": [theirs], "sender": CEM }), "sender"),
        ("message.read", json!({ "message_ids": [theirs], "sender": ADA }), "sender"),
    ] {
        // However the chat is named.
        for chat in [json!(BOB), message["chat"].clone(), json!(lid)] {
            let mut params = params.clone();
            params["chat"] = chat;
            let request = ada.client.call(method, Some(&params.to_string())).unwrap();
            let answer = ada.answer(request);
            assert_eq!(answer["name"], "WA_ERROR_INVALID_PARAMETER", "{method} {params}: {answer}");
            assert_eq!(answer["key"], key, "{method} {params}: {answer}");
        }
    }
    let of_host = |entry: &Value| {
        entry["dir"] == "in"
            && (entry["stanza"]["tag"] == "message" || entry["stanza"]["attrs"]["type"] == "read")
    };
    assert_eq!(world.entries(before).iter().filter(|entry| of_host(entry)).count(), 0, "nothing was sent");
    // An own number is this account, in every chat; in a group, and in a quote from it, members are senders.
    let theirs = person(&world, BOB, "send", &json!({ "to": group, "text": "of a member" }));
    ada.wait_for("message", |event| event["message_id"] == theirs);
    for (chat, method, params) in [
        (BOB, "message.delete", json!({ "sender": ADA })),
        (BOB, "message.react", json!({ "sender": ADA, "emoji": "\u{1f44d}" })),
        (BOB, "message.react", json!({ "sender": ADA, "from_me": true, "emoji": "\u{1f44d}" })),
        (
            BOB,
            "message.react",
            json!({ "sender": BOB, "emoji": "\u{1f44d}", "target": message["message_id"] }),
        ),
        (&group, "message.delete", json!({ "sender": ADA })),
        (&group, "message.delete", json!({ "sender": BOB, "target": theirs })),
    ] {
        let mine =
            call(&mut ada, "message.send", &json!({ "chat": chat, "text": "mine" }))["message_id"].clone();
        let mut params = params.clone();
        params["chat"] = chat.into();
        if params["target"].is_null() {
            params["target"] = mine;
        }
        let id = call(&mut ada, method, &params)["message_id"].clone();
        let heard = world.wait_heard(BOB, 0, |heard| heard["id"] == id);
        let whose = if params["sender"] == ADA { ADA } else { BOB };
        assert_eq!(heard["target_from"], whose, "{method} {params}: {heard}");
    }
    let mut quote = quote(CEM);
    quote["chat"] = json!(group);
    call(&mut ada, "message.send", &json!({ "chat": BOB, "text": "yes", "quote": quote }));
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
