//! Messages at the limit of what is sent and kept, and beyond it: refused by name, or told of and passed over.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use wa::api::Status;
use wa::messaging::content::MAX_SIZE;

use super::world::World;

const ADA: &str = "15550001234";
const BOB: &str = "15550005678";

/// A `Message` with nothing but a text, `size` bytes long in all. Each of its characters takes six in JSON.
fn text_of(size: usize) -> Vec<u8> {
    let length = size - 5;
    let mut bytes = vec![0x0a];
    bytes.extend((0..4).map(|at| {
        let more = if at < 3 { 0x80 } else { 0 };
        u8::try_from((length >> (7 * at)) & 0x7f).unwrap() | more
    }));
    bytes.resize(size, 1);
    bytes
}

#[test]
fn what_is_too_large_to_be_sent_is_refused_at_once() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut ada = world.linked_as(ADA);
    let error = ada.client.send_message(BOB, &text_of(MAX_SIZE + 1), None).unwrap_err();
    assert_eq!((error.status, error.key.as_deref()), (Status::TOO_LONG, Some("message")), "{error}");
    assert!(error.text.contains("1048576"), "{error}");
    let card = json!({ "name": "Eve", "vcard": "x".repeat(MAX_SIZE) });
    let params = json!({ "chat": BOB, "contacts": [card] }).to_string();
    let error = ada.client.call("contact.send", Some(&params)).unwrap_err();
    assert_eq!((error.status, error.key.as_deref()), (Status::TOO_LONG, Some("contacts")), "{error}");
    // Nothing of it stays behind.
    let request = ada.client.send_text(BOB, "small", None).unwrap();
    assert_eq!(ada.answer(request)["name"], "WA_OK");
}

#[test]
fn what_is_too_large_for_all_devices_together_is_refused_and_holds_up_nobody() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    world.sim.set(BOB, &json!({ "max_devices": 20 })).unwrap();
    for _ in 0..17 {
        world.sim.person(BOB, "add_device", &json!({})).unwrap();
    }
    let mut ada = world.linked_as(ADA);
    let large = ada.client.send_message(BOB, &text_of(MAX_SIZE), None).unwrap();
    let small = ada.client.send_text(BOB, "small", None).unwrap();
    let answer = ada.answer(large);
    assert_eq!(answer["name"], "WA_ERROR_TOO_LONG", "{answer}");
    assert_eq!(ada.answer(small)["name"], "WA_OK");
}

#[test]
fn the_largest_message_goes_both_ways_and_is_kept() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let (mut ada, mut bob) = (world.linked_as(ADA), world.linked_as(BOB));
    let request = ada.client.send_message(BOB, &text_of(MAX_SIZE), None).unwrap();
    assert_eq!(ada.answer(request)["name"], "WA_OK");
    assert_eq!(bob.wait("message")["text"].as_str().unwrap().len(), MAX_SIZE - 5);
    drop(bob);
    let mut bob = world.client(&world.config_of(BOB));
    let again = bob.wait("message");
    assert_eq!((again["text"].as_str().unwrap().len(), &again["redelivered"]), (MAX_SIZE - 5, &true.into()));
}

#[test]
fn a_message_that_is_too_large_to_be_kept_is_told_of_and_the_next_one_comes() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut ada = world.linked_as(ADA);
    for round in 0..2 {
        let huge = STANDARD.encode(text_of(3 * MAX_SIZE));
        let sent = world.sim.person(BOB, "send_raw", &json!({ "to": ADA, "message": huge })).unwrap();
        world.sim.person(BOB, "send", &json!({ "to": ADA, "text": "and on" })).unwrap();
        let message = ada.wait("message");
        assert_eq!((&message["message_id"], &message["kind"]), (&sent["id"], &"text".into()), "{round}");
        assert_eq!(message["content"], json!({ "too_large": true }));
        assert_eq!((message["text"].as_str(), message["raw"].as_str()), (None, None));
        assert_eq!(ada.wait("message")["text"], "and on");
    }
    let states = ada.taken("connection");
    assert!(states.iter().all(|told| told["reason"].is_null()), "the connection stays: {states:?}");
    drop(ada);
    let mut ada = world.client(&world.config_of(ADA));
    let kept = [true, false, true, false].map(|large| (large, ada.wait("message")));
    for (large, message) in &kept {
        assert_eq!(
            (message["content"]["too_large"] == true, &message["redelivered"]),
            (*large, &true.into())
        );
    }
}
