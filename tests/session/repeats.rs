//! A message that was taken, which this side has not heard: it is sent again, and what hangs on it comes out right.

use serde_json::{Value, json};
use wa::client::Client;

use super::world::{Host, NUMBER, World};

const BOB: &str = "15550005678";
const CEM: &str = "15550009999";

fn world() -> (World, Host) {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob") && world.sim.add_phone(CEM, "Cem"));
    let ada = world.linked(&world.config_with(&[("message.ack_timeout_ms", "1000")]));
    (world, ada)
}

fn send(client: &Client, chat: &str, text: &str) -> u64 {
    client.send_text(chat, text, None).unwrap()
}

fn sent(host: &mut Host, request: u64) {
    let answer = host.answer(request);
    assert_eq!(answer["name"], "WA_OK", "{answer}\n{}", host.story());
}

/// The server takes the next message and its word of that is lost.
fn lose_an_ack(world: &World) {
    world.fault(json!({ "when": { "point": "out", "tag": "ack" }, "do": "drop" }));
}

/// Returns what Bob has heard, once that is there.
fn heard(world: &World, text: &str) -> (Value, Value) {
    world.wait("Bob hears it", |state| {
        let heard = state.heard(BOB, 0, 0).unwrap();
        let messages = heard["messages"].as_array().unwrap();
        let found = messages.iter().find(|message| message["text"] == text)?.clone();
        Some((found, heard["figures"].clone()))
    })
}

#[test]
fn who_cannot_read_a_message_gets_it_again_before_its_acknowledgement_is_there() {
    let (world, mut ada) = world();
    let request = send(&ada.client, BOB, "first");
    sent(&mut ada, request);
    world.sim.person(BOB, "forget", &json!({ "number": NUMBER })).unwrap();
    lose_an_ack(&world);
    let request = send(&ada.client, BOB, "second");
    let (second, _) = heard(&world, "second");
    assert_eq!(second["retried"], true, "{second}");
    sent(&mut ada, request);
    world.no_key_is_used_twice();
}

#[test]
fn a_key_for_a_group_that_came_with_a_repeated_message_is_brought_again() {
    let (world, mut ada) = world();
    let group = json!({ "creator": BOB, "subject": "Tea", "members": [NUMBER, CEM] });
    let group = world.sim.create_group(&group).unwrap();
    let (id, chat) = (group["id"].as_str().unwrap(), group["jid"].as_str().unwrap());
    let request = send(&ada.client, chat, "first");
    sent(&mut ada, request);
    lose_an_ack(&world);
    let request = send(&ada.client, chat, "second");
    heard(&world, "second");
    // A member who has left must not read on: there is another key when the message is sent again.
    world.sim.group(id, "leave", &json!({ "member": CEM })).unwrap();
    sent(&mut ada, request);
    let request = send(&ada.client, chat, "third");
    sent(&mut ada, request);
    let (_, figures) = heard(&world, "third");
    assert_eq!(figures["undecryptable"], 0, "{figures}");
    assert_eq!(world.settled(|state| state.ciphertexts()["again"].clone()), 1);
}
