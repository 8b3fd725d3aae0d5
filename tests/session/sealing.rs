//! A sealed store, from the host's side: nobody reads it without the key, and nobody comes in with another.

use serde_json::{Value, json};
use wa::api::{Config, Status};
use wa::client::Client;

use super::world::{NUMBER, World};

const KEY: &str = "8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d";
const OTHER_KEY: &str = "45c48cce2e2d7fbdea1afc51c7c6ad2645c48cce2e2d7fbdea1afc51c7c6ad26";
const BOB: &str = "15550005678";
const SESSION: &str = "session-of-ada";

fn config(world: &World, key: Option<&str>) -> Config {
    let mut config = world.config_with(&[("session.id", SESSION)]);
    if let Some(key) = key {
        config.set("store.seal_key", key).unwrap();
    }
    config
}

/// All files of the store, one after the other.
fn files(world: &World) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(world.folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("sessions.db") {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

fn contains(all: &[u8], wanted: &[u8]) -> bool {
    all.windows(wanted.len()).any(|window| window.eq_ignore_ascii_case(wanted))
}

/// Returns whether a text is there: as it is, in hexadecimal, or in two bytes for each character.
fn is_readable(all: &[u8], text: &str) -> bool {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [text.as_bytes(), hex.as_bytes(), &wide].iter().any(|form| contains(all, form))
}

/// Lets messages flow, and gives what was in the files meanwhile and afterwards, with all that nobody should find there.
fn traffic(key: Option<&str>) -> (Vec<u8>, Vec<String>) {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bartholomew the Contact"));
    world.sim.set(NUMBER, &json!({ "provisions": true })).unwrap();
    let mut ada = world.linked(&config(&world, key));
    let group = json!({ "creator": BOB, "subject": "Conspiracy", "members": [NUMBER] });
    let group = world.sim.create_group(&group).unwrap()["jid"].as_str().unwrap().to_owned();
    let mut planted: Vec<String> =
        [NUMBER, BOB, SESSION, "Bartholomew the Contact"].map(str::to_owned).into();
    planted.push(group.trim_end_matches("@g.us").to_owned());
    for (index, chat) in [BOB, &group].into_iter().enumerate() {
        let id = format!("PLANTED-ID-{index}");
        let text = format!("the words that are sent {index}");
        let request = ada.client.send_text(chat, &text, Some(&id)).unwrap();
        assert_eq!(ada.answer(request)["name"], "WA_OK");
        planted.extend([id, text]);
    }
    for (index, chat) in [NUMBER, &group].into_iter().enumerate() {
        let text = format!("the words that are heard {index}");
        let sent = world.sim.person(BOB, "send", &json!({ "to": chat, "text": text })).unwrap();
        let message: Value = ada.wait("message");
        assert_eq!(message["text"], text);
        planted.extend([text, sent["id"].as_str().unwrap().to_owned()]);
        let sender = message["sender"].as_str().unwrap();
        planted.push(sender.split(['@', ':']).next().unwrap().to_owned());
    }
    let mut all = files(&world);
    drop(ada);
    all.extend(files(&world));
    (all, planted)
}

#[test]
fn nothing_can_be_read_in_a_sealed_store() {
    let (plain, planted) = traffic(None);
    let hidden: Vec<_> = planted.iter().filter(|text| !is_readable(&plain, text)).collect();
    assert!(hidden.is_empty(), "not even in a store that is not sealed: {hidden:?}");
    let (sealed, planted) = traffic(Some(KEY));
    let found: Vec<_> = planted.iter().filter(|text| is_readable(&sealed, text)).collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(!is_readable(&sealed, KEY) && !contains(&sealed, &hex::decode(KEY).unwrap()));
}

#[test]
fn a_sealed_session_lives_on_and_opens_with_its_key_only() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut ada = world.linked(&config(&world, Some(KEY)));
    world.sim.person(BOB, "send", &json!({ "to": NUMBER, "text": "not acknowledged" })).unwrap();
    ada.wait("message");
    let request = ada.client.call("session.list", None).unwrap();
    assert_eq!(ada.answer(request)["result"]["sessions"], json!([SESSION]));
    drop(ada);
    for (key, status) in [(Some(OTHER_KEY), Status::WRONG_SEAL_KEY), (None, Status::STORE_SEALED)] {
        let error = Client::new(&config(&world, key), None).unwrap_err();
        assert_eq!(error.status, status, "{error}");
        assert!(!error.text.contains(OTHER_KEY) && error.text.contains("store.seal_key"), "{error}");
    }
    let mut ada = world.client(&config(&world, Some(KEY)));
    let message = ada.wait("message");
    assert_eq!((&message["text"], &message["redelivered"]), (&"not acknowledged".into(), &true.into()));
    ada.wait("ready");
    world.sim.person(BOB, "send", &json!({ "to": NUMBER, "text": "and on" })).unwrap();
    assert_eq!(ada.wait("message")["text"], "and on");
    assert!(!ada.story().contains(KEY));
}

#[test]
fn a_store_without_a_seal_takes_no_key() {
    let world = World::new();
    drop(world.linked(&config(&world, None)));
    let error = Client::new(&config(&world, Some(KEY)), None).unwrap_err();
    assert_eq!(error.status, Status::STORE_NOT_SEALED, "{error}");
    let mut ada = world.client(&config(&world, None));
    ada.wait("ready");
}
