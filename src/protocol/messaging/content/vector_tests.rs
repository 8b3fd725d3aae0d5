//! Tests against the contents in `tests/vectors/message-vectors.json`, which an independent program made.

use serde_json::Value;

use super::addons::secret_key;
use super::reporting::covered;
use super::testing::{key, vectors};
use super::wire::put;
use super::*;
use crate::crypto::Secret;
use crate::crypto::testing::{Scripted, bytes, hex_of, list, text};
use crate::stanza::Jid;

fn message(name: &str) -> Vec<u8> {
    let found = list(vectors(), "protobuf").iter().find(|entry| entry["name"] == name);
    hex_of(found.unwrap_or_else(|| panic!("no vector {name}")), "bytes")
}

/// The message that most vectors refer to.
fn target() -> MessageRef {
    MessageRef {
        chat: Some(Jid::lid("100000011111111")),
        from_me: true,
        id: "3EB0TARGET".to_owned(),
        participant: None,
    }
}

const SENT_AT: i64 = 1_767_225_600_000;

#[test]
fn message_ids() {
    for case in list(vectors(), "message_id") {
        let own = text(case, "own").parse().unwrap();
        let mut rng = Scripted::new(&[&hex_of(case, "random")]);
        let id = message_id(case["unix_seconds"].as_u64().unwrap(), &own, &mut rng);
        assert_eq!(id, text(case, "id"));
        assert!(rng.is_spent());
    }
}

#[test]
fn a_text() {
    let bytes = message("conversation");
    let read = parse(&bytes).unwrap();
    assert_eq!(read.kind, "text");
    assert!(matches!(&read.body, Body::Text(text) if text.text == "hi"));
    assert_eq!(read.inner, 0..bytes.len());
    assert_eq!(Outgoing::text("hi", &Extras::default()).unwrap().message, bytes);
}

#[test]
fn an_answer_with_a_mention() {
    let plain = message("quoted reply with mention");
    let answer = parse(&plain).unwrap();
    assert!(matches!(&answer.body, Body::Text(text) if text.text == "hi @98765432109"));
    let quoted = answer.context.quoted.as_ref().unwrap();
    assert_eq!((quoted.id.as_str(), quoted.kind), ("3EB0QUOTED", "text"));
    assert_eq!(quoted.sender, Some(Jid::user("12345678901")));
    assert_eq!(quoted.text.as_deref(), Some("original"));
    assert_eq!(plain[quoted.message.clone()], *b"\x0a\x08original");
    assert_eq!(answer.context.mentions, [Jid::user("98765432109")]);
    assert_eq!(answer.context.expiration, Some(604_800));

    let extras = Extras {
        quote: Some(Quote::of_text("3EB0QUOTED", Jid::user("12345678901"), "original")),
        mentions: vec![Jid::user("98765432109")],
        expiration: Some(Expiration { seconds: 604_800, set_at: None }),
        ..Extras::default()
    };
    let built = Outgoing::text("hi @98765432109", &extras).unwrap();
    assert_eq!(built.message, plain);
    let secret = bytes(&vectors()["message_secret"], "secret");
    let with_secret = built.with_secret(&secret);
    assert_eq!(with_secret.message, message("for recipient devices"));
    let copy = device_sent(&with_secret.message, &Jid::lid("100000011111111"));
    // The official client has the context beside the content only.
    let (ours, official) = (parse(&copy).unwrap(), parse(&message("for own devices")).unwrap());
    assert_eq!(copy[ours.inner], with_secret.message);
    assert_eq!((ours.device_sent, ours.secret), (official.device_sent, official.secret));
}

#[test]
fn a_copy_from_another_own_device() {
    let copy = message("for own devices");
    let read = parse(&copy).unwrap();
    assert_eq!(read.device_sent, Some(Jid::lid("100000011111111")));
    assert_eq!(read.secret, Some(Secret::new(bytes(&vectors()["message_secret"], "secret"))));
    assert_eq!(copy[read.inner.clone()], message("quoted reply with mention"));
    assert_eq!(copy[read.context.quoted.unwrap().message], *b"\x0a\x08original");
}

#[test]
fn a_sender_key() {
    let bytes = message("sender key distribution");
    let read = parse(&bytes).unwrap();
    assert_eq!((read.kind, &read.body), ("nothing", &Body::Nothing));
    let key = read.key_distribution.unwrap();
    let group: Jid = "120363000000000001@g.us".parse().unwrap();
    assert_eq!(key.group.as_ref(), Some(&group));
    assert_eq!(key_distribution(&group, &key.message), bytes);
}

#[test]
fn deleting_editing_reacting() {
    let deletion = message("revoke own");
    assert!(matches!(parse(&deletion).unwrap().body, Body::Delete { target: found } if found == target()));
    let built = Outgoing::delete(&target()).unwrap();
    assert_eq!((built.message, built.shape.edit), (deletion, Some("7")));

    let edit = message("edit");
    let Body::Edit(found) = parse(&edit).unwrap().body else { panic!("no edit") };
    assert_eq!((&found.target, found.kind, found.text.as_deref()), (&target(), "text", Some("new text")));
    assert_eq!(found.at_ms, Some(SENT_AT));
    assert_eq!(edit[found.message], *b"\x0a\x08new text");
    let built = Outgoing::edit(&target(), "new text", &Extras::default(), SENT_AT).unwrap();
    assert_eq!((built.message, built.shape.edit), (edit, Some("1")));

    for (name, emoji, mark) in [("reaction", "\u{1f44d}", None), ("reaction removed", "", Some("7"))] {
        let reaction = message(name);
        let Body::Reaction(found) = parse(&reaction).unwrap().body else { panic!("no reaction") };
        assert_eq!((&found.target, found.text.as_str(), found.at_ms), (&target(), emoji, Some(SENT_AT)));
        let built = Outgoing::reaction(&target(), emoji, SENT_AT).unwrap();
        assert_eq!((built.message, built.shape.edit), (reaction, mark));
    }
}

#[test]
fn a_timer() {
    let bytes = message("ephemeral setting");
    let read = parse(&bytes).unwrap();
    assert_eq!(read.kind, "disappearing_timer");
    let Body::Protocol(Protocol::DisappearingTimer { seconds: 604_800, set_at: Some(set_at) }) = read.body
    else {
        panic!("no timer")
    };
    assert_eq!(Outgoing::disappearing_timer(604_800, set_at).unwrap().message, bytes);
}

#[test]
fn a_poll() {
    let bytes = message("poll v3");
    let read = parse(&bytes).unwrap();
    let Body::Poll(poll) = &read.body else { panic!("no poll") };
    assert_eq!((poll.name.as_str(), poll.selectable), ("Lunch?", 1));
    assert_eq!(poll.options, ["Yes", "No", "Maybe later"]);
    let secret = self::bytes(&vectors()["message_secret"], "secret");
    assert_eq!(read.secret, Some(Secret::new(secret)));

    let built = Outgoing::poll(&poll.name, &poll.options, 1, &secret, &Extras::default()).unwrap();
    let Body::Poll(again) = super::parse(&built.message).unwrap().body else { panic!("no poll") };
    assert_eq!(again, *poll);
    assert_eq!(built.shape.stanza_type, "poll");
    assert_eq!(built.shape.meta, [("polltype", "creation")]);
}

#[test]
fn a_place() {
    let bytes = message("location");
    let Body::Location(place) = parse(&bytes).unwrap().body else { panic!("no place") };
    assert_eq!((place.latitude, place.longitude, place.name.as_deref()), (52.5, 13.25, Some("Here")));
    let built = Outgoing::location(&place, &Extras::default()).unwrap();
    assert_eq!((built.message, built.shape.media_type), (bytes, Some("location")));
}

#[test]
fn keys_of_the_app_state() {
    let read_request = parse(&message("app state key request")).unwrap();
    assert_eq!(read_request.kind, "app_state_key_request");
    let Body::Protocol(Protocol::AppStateKeyRequest(ids)) = read_request.body else { panic!("no request") };
    assert_eq!(ids, [[0, 0, 0, 1, 2, 3]]);

    let Body::Protocol(Protocol::AppStateKeyShare(keys)) =
        parse(&message("app state key share")).unwrap().body
    else {
        panic!("no keys")
    };
    let [key] = &keys[..] else { panic!("{} keys", keys.len()) };
    assert_eq!(key.id, [0, 0, 0, 1, 2, 3]);
    assert_eq!(*key.data, (0x50..0x70).collect::<Vec<u8>>());
    assert_eq!(
        (key.fingerprint.as_slice(), key.at_ms),
        (&hex::decode("08b96010011a020001").unwrap()[..], SENT_AT)
    );
}

#[test]
fn keys_of_message_secrets() {
    let section = &vectors()["message_secret"];
    let secret = Secret::new(bytes(section, "secret"));
    let keys = section["keys"].as_object().unwrap();
    for (use_case, case) in keys {
        let info = [text(section, "original_id"), text(section, "original_sender")];
        let who = text(section, "modification_sender");
        let key = secret_key(&secret, &[info[0], info[1], who, use_case]);
        assert_eq!(key, Secret::new(bytes(case, "key")), "{use_case}");
    }
    for purpose in PURPOSES {
        assert!(keys.contains_key(purpose.use_case()), "{purpose:?}");
    }
}

const PURPOSES: [Purpose; 8] = [
    Purpose::PollVote,
    Purpose::Reaction,
    Purpose::Comment,
    Purpose::EventResponse,
    Purpose::EventEdit,
    Purpose::MessageEdit,
    Purpose::PollEdit,
    Purpose::PollAddOption,
];

#[test]
fn what_was_encrypted_with_a_secret() {
    let section = &vectors()["message_secret"];
    let secret = Secret::new(bytes(section, "secret"));
    let author = text(section, "original_sender").parse::<Jid>().unwrap();
    let sender = text(section, "modification_sender").parse::<Jid>().unwrap();
    let sealing = Sealing { secret: &secret, author: &author, sender: &sender };
    for case in list(section, "encrypted") {
        let purpose =
            PURPOSES.into_iter().find(|purpose| purpose.use_case() == text(case, "use_case")).unwrap();
        let (plain, iv) = (hex_of(case, "plaintext"), bytes::<12>(case, "iv"));
        let target = key(text(section, "original_id"));
        let sealed = Sealed::seal(purpose, target, &sealing, &plain, &mut Scripted::new(&[&iv]));
        assert_eq!(sealed.payload, hex_of(case, "enc_payload"), "{purpose:?}");
        assert_eq!(sealed.open(&sealing), Some(expected(purpose, case, plain)), "{purpose:?}");

        // A device of the author is the author.
        let device = author.clone().with_device(3);
        assert!(sealed.open(&Sealing { author: &device, ..sealing }).is_some());
        let swapped = Sealing { author: &sender, sender: &author, secret: &secret };
        assert!(sealed.open(&swapped).is_none());
        assert!(sealed.open(&Sealing { secret: &Secret::new([0; 32]), ..sealing }).is_none());
    }
}

fn expected(purpose: Purpose, case: &Value, plain: Vec<u8>) -> AddonContent {
    match purpose {
        Purpose::PollVote if plain.is_empty() => AddonContent::Vote(Vec::new()),
        Purpose::PollVote => AddonContent::Vote(vec![option_hash("Yes"), option_hash("Maybe later")]),
        Purpose::Reaction => AddonContent::Reaction { text: "\u{1f44d}".to_owned(), at_ms: Some(SENT_AT) },
        Purpose::EventResponse => {
            AddonContent::EventResponse { response: 1, at_ms: Some(SENT_AT), extra_guests: 0 }
        }
        _ => {
            assert_eq!(plain, hex_of(case, "plaintext"));
            AddonContent::Message(plain)
        }
    }
}

#[test]
fn options_of_polls() {
    for case in list(&vectors()["message_secret"], "poll_option_hashes") {
        assert_eq!(option_hash(text(case, "option")), bytes(case, "sha256"));
    }
}

#[test]
fn reporting_tokens() {
    let section = &vectors()["reporting_token"];
    let secret = Secret::new(bytes(section, "secret"));
    let (sender, chat) = (text(section, "sender").parse().unwrap(), text(section, "remote").parse().unwrap());
    let token =
        |message: &[u8]| reporting_token(message, &secret, text(section, "stanza_id"), &sender, &chat);
    for case in list(section, "cases") {
        let message = hex_of(case, "message");
        assert_eq!(hex::encode(covered(&message)), text(case, "content"), "{}", text(case, "name"));
        assert_eq!(token(&message), Some(bytes(case, "token")), "{}", text(case, "name"));
    }
    // Contents without a token: reactions, and context alone.
    assert_eq!(token(&Outgoing::reaction(&target(), "\u{1f44d}", SENT_AT).unwrap().message), None);
    assert_eq!(token(&[]), None);
}

#[test]
fn a_reply_of_a_bot() {
    let section = &vectors()["message_secret"];
    let case = &section["bot_message"];
    let secret = Secret::new(bytes(section, "secret"));
    let (asker, bot) = (text(case, "target_sender").parse().unwrap(), text(case, "bot").parse().unwrap());
    let mut payload = vec![0x0d, 1, 0, 0, 0];
    put(&mut payload, 2, &hex_of(case, "iv"));
    put(&mut payload, 3, &hex_of(case, "enc_payload"));
    let id = text(case, "reply_id");
    assert_eq!(open_bot_reply(&payload, &secret, id, &asker, &bot), Some(hex_of(case, "plaintext")));
    assert_eq!(open_bot_reply(&payload, &secret, "BOTREPLY002", &asker, &bot), None);
    assert_eq!(open_bot_reply(&payload, &secret, id, &bot, &asker), None);
    assert_eq!(open_bot_reply(&[], &secret, id, &asker, &bot), None);
}
