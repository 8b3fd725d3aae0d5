//! Calls, as they are checked and read.

use super::testing::{sample, sample_params};
use super::*;
use crate::api::{KINDS, MethodInfo, ParamInfo};
use serde_json::{Map, Value, json};

#[test]
fn a_call_names_a_method_of_the_table() {
    assert_eq!(parse("session.status", None).unwrap().info.name, "session.status");
    for name in ["session.stat", ""] {
        let error = parse(name, None).unwrap_err();
        assert_eq!((error.status, error.key.as_deref()), (Status::UNKNOWN_METHOD, Some("method")));
        assert!(error.text.contains("chat.activity, contact.send"), "{error}");
    }
}

#[test]
fn rows_are_unique_and_speak() {
    let table = method_table();
    for pair in table.windows(2) {
        assert!(pair[0].name < pair[1].name, "{}", pair[1].name);
    }
    for method in table {
        assert!(method.sentence.ends_with('.'), "{}", method.name);
        for item in method.params.iter().chain(method.result) {
            assert!(item.sentence.ends_with('.') && KINDS.contains(&item.kind), "{}", method.name);
        }
    }
}

#[test]
fn every_method_of_the_table_can_be_called() {
    for method in method_table() {
        for with_optional in [false, true] {
            let json = sample_params(method, with_optional).to_string();
            // Of these every one may be left out, but not all.
            if method.name == "group.settings" && !with_optional {
                assert!(parse(method.name, Some(&json)).is_err());
                continue;
            }
            let call = parse(method.name, Some(&json));
            assert_eq!(call.map(|call| call.info.name).ok(), Some(method.name), "{} {json}", method.name);
        }
    }
}

#[test]
fn what_is_wrong_is_named() {
    let chat = "15551234567@s.whatsapp.net";
    for (method, params, status, key) in [
        ("message.send", json!({ "chat": "x", "text": "a" }), Status::INVALID_JID, "chat"),
        ("message.send", json!({ "chat": chat, "text": "" }), Status::INVALID_MESSAGE, "text"),
        (
            "message.send",
            json!({ "chat": chat, "text": "a", "quote": {} }),
            Status::INVALID_PARAMETER,
            "quote",
        ),
        (
            "message.send",
            json!({ "chat": chat, "text": "a", "mentions": ["x@y@z"] }),
            Status::INVALID_JID,
            "mentions",
        ),
        (
            "message.send",
            json!({ "chat": chat, "text": "a", "message_id": " " }),
            Status::INVALID_ARGUMENT,
            "message_id",
        ),
        (
            "message.react",
            json!({ "chat": chat, "target": "", "emoji": "\u{1f44d}" }),
            Status::INVALID_MESSAGE,
            "target",
        ),
        (
            "poll.send",
            json!({ "chat": chat, "question": "a", "options": [1] }),
            Status::INVALID_PARAMETER,
            "options",
        ),
        (
            "poll.send",
            json!({ "chat": chat, "question": "a", "options": ["a"] }),
            Status::INVALID_MESSAGE,
            "options",
        ),
        (
            "location.send",
            json!({ "chat": chat, "latitude": 91, "longitude": 0 }),
            Status::INVALID_MESSAGE,
            "latitude",
        ),
        (
            "location.send",
            json!({ "chat": chat, "latitude": 0, "longitude": 181 }),
            Status::INVALID_MESSAGE,
            "longitude",
        ),
        (
            "poll.send",
            json!({ "chat": chat, "question": "", "options": ["a", "b"] }),
            Status::INVALID_MESSAGE,
            "question",
        ),
        (
            "poll.send",
            json!({ "chat": chat, "question": "a", "options": ["a", "b"], "selectable": 3 }),
            Status::INVALID_MESSAGE,
            "selectable",
        ),
        ("contact.send", json!({ "chat": chat, "contacts": "x" }), Status::INVALID_PARAMETER, "contacts"),
        ("contact.send", json!({ "chat": chat, "contacts": [1] }), Status::INVALID_PARAMETER, "contacts"),
        (
            "message.read",
            json!({ "chat": "120363000000000001@g.us", "message_ids": ["A"] }),
            Status::INVALID_PARAMETER,
            "sender",
        ),
        ("message.send", json!({ "chat": chat, "text": "a\0b" }), Status::INVALID_PARAMETER, "text"),
        ("message.send", json!({ "chat": "1\0", "text": "a" }), Status::INVALID_PARAMETER, "chat"),
        (
            "message.send",
            json!({ "chat": chat, "text": "a", "quote": { "message_id": "A", "sender": chat, "text": "\0" } }),
            Status::INVALID_PARAMETER,
            "quote",
        ),
        (
            "poll.send",
            json!({ "chat": chat, "question": "a", "options": ["b", "c\0"] }),
            Status::INVALID_PARAMETER,
            "options",
        ),
        ("contact.send", json!({ "chat": chat, "contacts": [] }), Status::INVALID_MESSAGE, "contacts"),
        (
            "message.react",
            json!({ "chat": chat, "target": "A", "emoji": "ab" }),
            Status::INVALID_PARAMETER,
            "emoji",
        ),
        (
            "message.react",
            json!({ "chat": chat, "target": "A", "emoji": "\u{1f44d}".repeat(17) }),
            Status::INVALID_PARAMETER,
            "emoji",
        ),
        (
            "message.send",
            json!({ "chat": chat, "text": "a", "quote": {
                "message_id": "A", "sender": chat, "text": "x".repeat(65_537)
            } }),
            Status::INVALID_PARAMETER,
            "quote",
        ),
        ("chat.activity", json!({ "chat": chat, "activity": "x" }), Status::INVALID_PARAMETER, "activity"),
        (
            "message.read",
            json!({ "chat": chat, "message_ids": [] }),
            Status::INVALID_PARAMETER,
            "message_ids",
        ),
    ] {
        let error = parse(method, Some(&params.to_string())).unwrap_err();
        assert_eq!((error.status, error.key.as_deref()), (status, Some(key)), "{method} {params}");
    }
}

/// Returns the parameters of a method that hold an address.
fn addresses(method: &'static MethodInfo) -> Vec<&'static str> {
    let is_one = |name: &&str| ["chat", "user", "sender", "members", "mentions", "quote"].contains(name);
    method.params.iter().map(|param| param.name).filter(is_one).collect()
}

#[test]
fn every_address_is_a_jid_or_a_phone_number() {
    let mut seen = 0;
    for method in method_table() {
        for name in addresses(method) {
            for (text, is_good) in [
                ("+15551234567", true),
                ("15551234567", true),
                ("15551234567@s.whatsapp.net", true),
                ("15551234567:2@s.whatsapp.net", true),
                ("100000011111111@lid", true),
                ("Ada", false),
                ("+1 (555) 123-4567", false),
                ("0", false),
                ("", false),
                ("ada@s.whatsapp.net", false),
                ("@s.whatsapp.net", false),
                ("1@2@lid", false),
                ("15551234567@nowhere.example", false),
                ("status@broadcast", false),
            ] {
                let is_group = method.name.starts_with("group.");
                let param = |param: &ParamInfo| {
                    let value = match param.name {
                        "quote" if name == "quote" => {
                            json!({ "message_id": "A", "sender": text, "text": "?" })
                        }
                        _ if param.name != name => sample(param.name, param.kind, is_group),
                        _ if param.kind == "array of text" => json!([text]),
                        _ => json!(text),
                    };
                    (param.name.to_owned(), value)
                };
                let params: Map<String, Value> = method.params.iter().map(param).collect();
                let call = parse(method.name, Some(&Value::Object(params).to_string()));
                // A group is no person, and a person no group.
                let is_good = is_good && !(is_group && name == "chat");
                let is_good =
                    is_good || method.name == "message.read" && text == "status@broadcast" && name == "chat";
                let Err(error) = call else {
                    assert!(is_good, "{} takes the {name} {text:?}", method.name);
                    continue;
                };
                assert!(!is_good, "{} refuses the {name} {text:?}: {}", method.name, error.text);
                let key = error.key.as_deref().unwrap_or_default();
                assert_eq!(key.split('.').next(), Some(name), "{} {text:?}", method.name);
                let empty = text.is_empty() && name != "chat" && name != "user" && name != "sender";
                let status = match text {
                    _ if empty => Status::INVALID_PARAMETER,
                    "15551234567@s.whatsapp.net" | "15551234567:2@s.whatsapp.net" | "100000011111111@lid" => {
                        Status::UNSUPPORTED_CHAT
                    }
                    "+15551234567" | "15551234567" => Status::UNSUPPORTED_CHAT,
                    "status@broadcast" | "15551234567@nowhere.example" if name == "chat" => {
                        Status::UNSUPPORTED_CHAT
                    }
                    _ => Status::INVALID_JID,
                };
                assert_eq!(error.status, status, "{} {name} {text:?}", method.name);
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}
