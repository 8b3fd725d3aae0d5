//! The timer of a chat, after which messages in it disappear.

use serde_json::{Value, json};

use super::messages::{ADA, BOB, call, sent, two};
use super::world::World;

#[test]
fn the_timer_of_a_chat_is_on_what_is_sent_to_it() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    let group = json!({ "subject": "Tea", "members": [BOB], "expiration_s": 86_400 });
    let request = call(&ada.client, "group.create", &group);
    let group = sent(&mut ada, request)["chat"].clone();
    for (method, params) in [
        ("message.send", json!({ "text": "soon gone" })),
        ("poll.send", json!({ "question": "Tea?", "options": ["yes", "no"] })),
        ("location.send", json!({ "latitude": 1, "longitude": 2 })),
    ] {
        let mut params = params;
        params["chat"] = group.clone();
        let request = call(&ada.client, method, &params);
        let message = bob.wait("message");
        assert_eq!(message["content"]["expires_in_s"], 86_400, "{message}");
        sent(&mut ada, request);
    }
    // Between two, either of them sets it.
    let request = ada.client.send_text(BOB, "stays", None).unwrap();
    let message = bob.wait("message");
    assert_eq!(message["content"]["expires_in_s"], Value::Null);
    sent(&mut ada, request);
    // protocolMessage { type: EPHEMERAL_SETTING, ephemeralExpiration: 604800 }
    let setting = [0x62, 6, 0x10, 3, 0x20, 0x80, 0xf5, 0x24];
    let request = bob.client.send_message(message["chat"].as_str().unwrap(), &setting, None).unwrap();
    ada.wait("message");
    sent(&mut bob, request);
    let request = ada.client.send_text(BOB, "goes", None).unwrap();
    assert_eq!(bob.wait("message")["content"]["expires_in_s"], 604_800);
    sent(&mut ada, request);
}

/// extendedTextMessage { text: "hi", contextInfo { expiration, ephemeralSettingTimestamp } }
fn timed(seconds: u64, set_at: u64) -> Vec<u8> {
    let varint = |out: &mut Vec<u8>, mut value: u64| {
        while value >= 128 {
            out.push(value as u8 | 128);
            value >>= 7;
        }
        out.push(value as u8);
    };
    let mut context = vec![0xc8, 1];
    varint(&mut context, seconds);
    context.extend_from_slice(&[0xd0, 1]);
    varint(&mut context, set_at);
    let mut text = vec![0x0a, 2, b'h', b'i', 0x8a, 1, context.len() as u8];
    text.extend_from_slice(&context);
    [vec![0x32, text.len() as u8], text].concat()
}

#[test]
fn the_timer_of_a_chat_of_two_is_learned_from_what_carries_it() {
    let world = World::new();
    let (mut ada, mut bob) = two(&world);
    for (seconds, set_at, holds) in
        [(86_400, 1_767_225_600, 86_400), (604_800, 1_767_000_000, 86_400), (604_800, 1_767_300_000, 604_800)]
    {
        let request = bob.client.send_message(ADA, &timed(seconds, set_at), None).unwrap();
        ada.wait("message");
        sent(&mut bob, request);
        // Texts, and what hosts make themselves: imageMessage { caption: "hi" }.
        let text = ada.client.send_text(BOB, "goes", None).unwrap();
        let image = ada.client.send_message(BOB, &[0x1a, 4, 0x1a, 2, b'h', b'i'], None).unwrap();
        for (request, kind) in [(text, "text"), (image, "image")] {
            let message = bob.wait("message");
            assert_eq!(
                (&message["kind"], &message["content"]["expires_in_s"]),
                (&kind.into(), &holds.into())
            );
            sent(&mut ada, request);
        }
    }
    // A message of our own phone carries it too, and a restart forgets nothing.
    let raw =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, timed(7_776_000, 1_767_400_000));
    world.sim.person(ADA, "send_raw", &json!({ "to": BOB, "message": raw })).unwrap();
    ada.wait("message");
    ada.acknowledge_all();
    drop(ada);
    let mut ada = world.client(&world.config_of(ADA));
    ada.wait("ready");
    let request = ada.client.send_text(BOB, "later", None).unwrap();
    let message = bob.wait_for("message", |event| event["text"] == "later");
    assert_eq!(message["content"]["expires_in_s"], 7_776_000);
    sent(&mut ada, request);
}
