//! Whatever arrives is read within bounds, and what is made is read back.

use proptest::collection::vec;
use proptest::prelude::*;

use super::testing::key;
use super::wire::put;
use super::*;
use crate::stanza::Jid;

/// Bytes that look like messages: numbers of members that exist, nested, with garbage at the bottom.
fn message_like() -> impl Strategy<Value = Vec<u8>> {
    let garbage = vec(any::<u8>(), 0..24);
    garbage.prop_recursive(6, 64, 4, |inner| {
        vec((1_u32..140, inner), 0..4).prop_map(|fields| {
            let mut out = Vec::new();
            for (number, content) in fields {
                put(&mut out, number, &content);
            }
            out
        })
    })
}

/// Reads it, and looks at all parts that it names.
fn read_all_of(bytes: &[u8]) {
    let Ok(read) = parse(bytes) else { return };
    assert!(bytes.get(read.inner).is_some());
    assert!(read.context.quoted.is_none_or(|quoted| bytes.get(quoted.message).is_some()));
    if let Body::Edit(edit) = read.body {
        assert!(bytes.get(edit.message).is_some());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        read_all_of(&bytes);
        prop_assert!(web_message_info(&bytes).is_none_or(|kept| bytes.get(kept.message).is_some()));
        if let Ok(sent) = Outgoing::raw(&bytes) {
            prop_assert_eq!(sent.message, bytes);
        }
    }

    #[test]
    fn what_looks_like_a_message_is_read_or_refused(bytes in message_like()) {
        read_all_of(&bytes);
        if let Ok(sent) = Outgoing::raw(&bytes) {
            prop_assert_eq!(&sent.message, &bytes);
        }
    }

    #[test]
    fn what_is_sent_raw_survives_what_is_added(bytes in message_like(), secret in any::<[u8; 32]>()) {
        let chat = Jid::lid("1");
        let Ok(sent) = Outgoing::raw(&bytes) else { return Ok(()) };
        let before = parse(&bytes).unwrap();
        let with_secret = sent.with_secret(&secret);
        let after = parse(&with_secret.message).unwrap();
        prop_assert_eq!((after.kind, &after.body), (before.kind, &before.body));
        prop_assert!(after.secret.is_some());
        let copy = device_sent(&with_secret.message, &chat);
        let copied = parse(&copy).unwrap();
        prop_assert_eq!(copied.device_sent, Some(chat));
        // In a copy the content's own wrapper for copies is one too many.
        if before.device_sent.is_none() {
            prop_assert_eq!((copied.kind, copied.body), (after.kind, after.body));
        }
        prop_assert_eq!(copied.secret, after.secret);
    }

    #[test]
    fn texts_come_back(text in ".{1,60}", mentions in vec(1_u64..u64::MAX, 0..4), all in any::<bool>()) {
        let extras = Extras {
            mentions: mentions.iter().map(|user| Jid::lid(user.to_string())).collect(),
            mention_all: all,
            ..Extras::default()
        };
        let sent = Outgoing::text(&text, &extras).unwrap();
        let read = parse(&sent.message).unwrap();
        prop_assert!(matches!(&read.body, Body::Text(found) if found.text == text));
        prop_assert_eq!(read.context.mentions, extras.mentions);
        prop_assert_eq!(read.context.mentions_all, all);
        prop_assert_eq!(Outgoing::raw(&sent.message).unwrap(), sent);
    }

    #[test]
    fn reactions_come_back(emoji in ".{0,4}", id in "[0-9A-F]{1,20}", at in any::<i64>()) {
        let sent = Outgoing::reaction(&key(&id), &emoji, at).unwrap();
        let Body::Reaction(found) = parse(&sent.message).unwrap().body else { panic!("no reaction") };
        prop_assert_eq!((found.target, found.text, found.at_ms), (key(&id), emoji, Some(at)));
    }
}

#[test]
fn wrappers_are_taken_off_up_to_a_bound() {
    let mut bytes = Outgoing::text("inside", &Extras::default()).unwrap().message;
    for layers in 1..=40 {
        let mut inner = Vec::new();
        put(&mut inner, 1, &bytes);
        bytes.clear();
        put(&mut bytes, super::message_types::EPHEMERAL, &inner);
        match parse(&bytes) {
            Ok(read) => assert!(read.kind == "text" && read.flags.ephemeral && layers <= 16),
            Err(error) => assert!(error == ContentError::TooDeep && layers > 16),
        }
    }
}

#[test]
fn lists_are_read_up_to_a_bound() {
    // 100,000 contacts without a name, two bytes each.
    let mut list = Vec::new();
    for _ in 0..100_000 {
        put(&mut list, 2, &[]);
    }
    let mut bytes = Vec::new();
    put(&mut bytes, super::message_types::CONTACTS, &list);
    let Body::Contacts(cards) = parse(&bytes).unwrap().body else { panic!("no contacts") };
    assert_eq!(cards.len(), super::parse::MAX_ITEMS);
}
