//! The events of example messages: those that other clients serialised, and what these leave out.
//!
//! `tests/vectors/message-contents.json` has what a host gets of each; the bindings' tests read it too.
//! `WA_UPDATE=1 cargo test --lib content_mapping` writes it anew.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::event_mapping;
use crate::api;
use crate::crypto::testing::hex_of;
use crate::messaging::content::{self, AddonContent, Body, Edit};
use crate::messaging::engine::{InboundMessage, MessageInfo, MessagingEvent, Target};
use crate::stanza::Jid;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/message-contents.json");

/// A message as the engine hands it out.
fn inbound(bytes: &[u8]) -> InboundMessage {
    let content = content::parse(bytes).unwrap();
    let target = content.body.target().map(|key| Target {
        id: key.id.clone(),
        from_me: key.from_me,
        sender: Some(Jid::lid("200000022222222")),
        sender_pn: Some(Jid::user("15551234567")),
        by_admin: false,
    });
    InboundMessage {
        info: MessageInfo {
            id: "3EB0FIRST".into(),
            chat: Jid::lid("100000011111111"),
            sender: Jid::lid("100000011111111"),
            sender_pn: None,
            chat_pn: None,
            from_me: false,
            timestamp_ms: 1_767_225_600_000,
        },
        push_name: None,
        offline: false,
        old_identity: false,
        content,
        bytes: bytes.to_vec(),
        quotes_me: true,
        target,
        awaited: false,
        vouched: false,
        opened: None,
        chosen: Vec::new(),
    }
}

/// The event that the host gets.
fn event(inbound: InboundMessage) -> api::Message {
    match event_mapping::body(MessagingEvent::Message(Box::new(inbound))) {
        Some(api::Body::Message(message)) => message,
        other => panic!("no message: {other:?}"),
    }
}

/// The messages of other clients, by name.
fn of_others() -> Vec<(String, Vec<u8>)> {
    let whatsmeow = include_str!("../../tests/vectors/contents-whatsmeow.json");
    let baileys = include_str!("../../tests/vectors/contents-baileys.json");
    let mut all = Vec::new();
    for (client, file) in [("whatsmeow", whatsmeow), ("baileys", baileys)] {
        let entries: Vec<Value> = serde_json::from_str(file).unwrap();
        for entry in entries {
            let name = entry["name"].as_str().unwrap();
            all.push((format!("{client}: {name}"), hex_of(&entry, "bytes")));
        }
    }
    all
}

fn of_baileys(name: &str) -> InboundMessage {
    let all = of_others();
    let (_, bytes) = all.iter().find(|(found, _)| *found == format!("baileys: {name}")).unwrap();
    inbound(bytes)
}

/// All examples, by name.
fn examples() -> Vec<(String, InboundMessage)> {
    let mut all: Vec<(String, InboundMessage)> = of_others()
        .into_iter()
        .filter(|(_, bytes)| content::parse(bytes).unwrap().kind != "nothing")
        .map(|(name, bytes)| (name, inbound(&bytes)))
        .collect();
    let mut add = |name: &str, message: InboundMessage| all.push((name.to_owned(), message));
    for (name, chosen) in
        [("vote, opened", vec!["red".to_owned(), "green".to_owned()]), ("vote, taken back", vec![])]
    {
        let mut vote = of_baileys("vote");
        vote.opened = Some(AddonContent::Vote(Vec::new()));
        vote.chosen = chosen;
        add(name, vote);
    }
    let mut answer = of_baileys("answer to an event");
    answer.opened = Some(AddonContent::EventResponse { response: 1, at_ms: None, extra_guests: 0 });
    add("answer to an event, opened", answer);
    let mut deletion = of_baileys("delete");
    deletion.target = Some(Target {
        id: "3EB0TARGET".to_owned(),
        from_me: false,
        sender: None,
        sender_pn: None,
        by_admin: true,
    });
    add("deletion by an admin", deletion);
    let mut option = of_baileys("encrypted edit");
    let target = option.content.body.target().unwrap().clone();
    option.content.kind = "poll_option_added";
    let text = Some("blue".to_owned());
    option.content.body = Body::Comment(Edit { target, kind: "unknown", text, at_ms: None, message: 0..0 });
    add("option of a poll, opened", option);
    let mut large = of_baileys("answer");
    large.bytes = vec![0; content::MAX_SIZE + 1];
    add("too large", large);
    for (name, bytes) in odd_ones() {
        add(name, inbound(&bytes));
    }
    all
}

/// A varint.
fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// A field with bytes in it.
fn field(number: u64, content: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

/// A field with a whole number in it.
fn whole(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

/// A field with a `double` in it.
fn double(number: u64, value: f64) -> Vec<u8> {
    [varint(number << 3 | 1), value.to_le_bytes().to_vec()].concat()
}

/// Messages that other clients do not write so.
fn odd_ones() -> Vec<(&'static str, Vec<u8>)> {
    let key = [whole(2, 1), field(3, b"3EB0AAA")].concat();
    let context = |inside: Vec<u8>| field(6, &[field(1, b"text"), field(17, &inside)].concat());
    let place = |degrees: f64| field(5, &[double(1, degrees), double(2, degrees)].concat());
    let link =
        [field(1, b"see https://a.example"), field(2, b"https://a.example"), field(6, b"Title")].concat();
    let sealed = |kind: u64| {
        field(82, &[field(1, &key), field(2, b"sealed"), field(3, &[0; 12]), whole(4, kind)].concat())
    };
    vec![
        ("edit of a poll, sealed", sealed(4)),
        ("option of a poll, sealed", sealed(5)),
        ("text with a link", field(6, &link)),
        ("limit of sharing", field(12, &whole(2, 27))),
        ("timer that is taken away", field(12, &whole(2, 3))),
        ("edit without a target", field(12, &whole(2, 14))),
        ("of a type that nobody knows", field(900, b"x")),
        ("comment in the open", field(77, &[field(1, &field(1, b"comm")), field(2, &key)].concat())),
        ("wrapper around nothing", field(37, &[])),
        ("text that mentions all", context(whole(70, 1))),
        ("text with a timer of 0", context(whole(25, 0))),
        ("place that is none", place(f64::NAN)),
        ("place without a name", place(1.5)),
        ("image that is none", field(3, &[0])),
        ("poll that is none", field(49, &[0])),
        ("poll without options", field(49, &[])),
        ("event without anything", field(75, &[])),
        ("invitation without anything", field(28, &[])),
        ("contacts without cards", field(13, &[])),
        ("album without numbers", field(83, &[])),
        ("pictures without anything", field(3, &[])),
    ]
}

#[test]
fn hosts_get_of_each_message_what_they_always_got() {
    let mut lines = Vec::new();
    for (name, inbound) in examples() {
        let event: Value = serde_json::to_value(api::Event::new(0, 0, event(inbound))).unwrap();
        let line = json!({
            "name": name,
            "kind": event["kind"],
            "text": event["text"],
            "quoted": event["quoted"],
            "content": event["content"],
        });
        lines.push(line.to_string());
    }
    let made = format!("[\n{}\n]\n", lines.join(",\n"));
    if std::env::var_os("WA_UPDATE").is_some() {
        std::fs::write(FILE, &made).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap();
    for (kept, made) in kept.lines().zip(made.lines()) {
        assert_eq!(kept, made);
    }
    assert_eq!(kept.len(), made.len());
}

/// All kinds that the parser can give, found by handing it every member, every protocol message and every sealed edit.
fn kinds_of_the_parser() -> BTreeSet<&'static str> {
    let key = field(1, &field(3, b"3EB0AAA"));
    let members = (1..300).map(|number| field(number, &[]));
    let protocol = (0..100).map(|kind| field(12, &[key.clone(), whole(2, kind)].concat()));
    let sealed = (0..20).map(|kind| field(82, &whole(4, kind)));
    let all = members.chain(protocol).chain(sealed);
    all.map(|bytes| content::parse(&bytes).unwrap().kind).filter(|kind| *kind != "nothing").collect()
}

#[test]
fn the_table_has_the_kinds_that_the_parser_has() {
    let in_table: BTreeSet<&str> =
        api::CONTENTS.iter().flat_map(|row| row.kinds).map(|(kind, _)| *kind).collect();
    assert_eq!(in_table, kinds_of_the_parser());
}

/// Fails if a content has a key that its kind has not.
fn check(name: &str, event: &api::Message) {
    let row = api::ContentInfo::of_kind(&event.kind).unwrap_or_else(|| panic!("{name}: {}", event.kind));
    for key in event.content.keys() {
        let known = api::COMMON_CONTENT.iter().chain(row.fields).any(|field| field.name == key);
        assert!(known, "{name}: {} has no key {key}", row.name);
    }
}

#[test]
fn all_keys_that_are_emitted_are_in_the_table_and_all_of_the_table_are_emitted() {
    let mut whole: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, inbound) in examples() {
        let event = event(inbound);
        check(&name, &event);
        let row = api::ContentInfo::of_kind(&event.kind).unwrap();
        let keys: BTreeSet<String> = event.content.keys().map(str::to_owned).collect();
        if row.fields.iter().all(|field| field.optional || keys.contains(field.name)) {
            whole.entry(row.name).or_default().extend(keys);
        }
    }
    for row in api::CONTENTS {
        let keys = whole.get(row.name).unwrap_or_else(|| panic!("no example is a {}", row.name));
        for field in row.fields {
            assert!(keys.contains(field.name), "no {} has {}", row.name, field.name);
        }
    }
    let all: BTreeSet<String> = examples()
        .into_iter()
        .flat_map(|(_, inbound)| event(inbound).content.keys().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    for field in api::COMMON_CONTENT {
        assert!(all.contains(field.name), "no example has {}", field.name);
    }
}

#[test]
fn a_message_that_waits_in_the_store_is_the_same_when_it_comes_again() {
    for (name, inbound) in examples() {
        let event = api::Event::new(0, 0, event(inbound));
        let mut stored = Vec::new();
        event.store_into(&mut stored);
        let again = api::Event::from_stored(&stored).unwrap();
        assert_eq!(api::Event { redelivered: false, ..again }.to_json(), event.to_json(), "{name}");
    }
}

#[test]
fn what_an_earlier_version_has_stored_of_a_quoted_message_is_enough() {
    let mut answer = serde_json::to_value(api::Event::new(0, 0, event(of_baileys("answer")))).unwrap();
    answer["quoted"] = json!({ "message_id": "3EB0", "sender": null, "text": "?" });
    let again = api::Event::from_stored(answer.to_string().as_bytes()).unwrap();
    let api::Body::Message(message) = again.body else { panic!("no message") };
    assert_eq!(message.quoted.unwrap().message_id, "3EB0");
}

/// Bytes that look like messages.
fn message_like() -> impl Strategy<Value = Vec<u8>> {
    let garbage = vec(any::<u8>(), 0..24);
    garbage.prop_recursive(6, 64, 4, |inner| {
        let fields = vec((1_u64..140, inner), 0..4);
        fields
            .prop_map(|fields| fields.iter().flat_map(|(number, content)| field(*number, content)).collect())
    })
}

proptest! {
    #[test]
    fn whatever_comes_has_the_keys_of_its_kind(bytes in message_like()) {
        if content::parse(&bytes).is_ok_and(|read| read.kind != "nothing") {
            check("made up", &event(inbound(&bytes)));
        }
    }
}
