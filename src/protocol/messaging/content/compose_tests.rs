//! Tests of composing: the content, the marks of its stanza, and the refusals.

use super::testing::key;
use super::wire::put;
use super::*;
use crate::crypto::Secret;
use crate::crypto::testing::Seeded;
use crate::stanza::Jid;

const SECRET: [u8; 32] = [7; 32];

fn options(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn none() -> Extras {
    Extras::default()
}

/// A message with one member, which holds these bytes.
fn member(number: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, number, content);
    out
}

fn marks(sent: &Outgoing) -> (&str, Option<&str>, Option<&str>, bool) {
    (sent.shape.stanza_type, sent.shape.media_type, sent.shape.edit, sent.shape.hide_decrypt_failure)
}

#[test]
fn stanzas_are_marked_by_content() {
    let own = key("3EB0");
    let others = MessageRef { from_me: false, participant: Some(Jid::lid("5")), ..key("3EB0") };
    let place = Location { latitude: 1.0, longitude: 2.0, ..Location::default() };
    let card = ContactCard::of_number("Ada", "15551234567");
    let secret = Secret::new(SECRET);
    let sealing = Sealing { secret: &secret, author: &Jid::lid("1"), sender: &Jid::lid("2") };
    let vote = Outgoing::vote(&own, &options(&["a"]), &sealing, 1, &mut Seeded(1));
    for (sent, expected) in [
        (Outgoing::text("hi", &none()), ("text", None, None, false)),
        (Outgoing::reaction(&own, "\u{1f44d}", 1), ("reaction", None, None, true)),
        (Outgoing::reaction(&own, "", 1), ("reaction", None, Some("7"), true)),
        (Outgoing::edit(&own, "hi", &none(), 1), ("text", None, Some("1"), true)),
        (Outgoing::delete(&own), ("text", None, Some("7"), false)),
        (Outgoing::delete(&others), ("text", None, Some("8"), false)),
        (Outgoing::pin(&own, Some(86_400), 1), ("text", None, Some("2"), true)),
        (Outgoing::poll("?", &options(&["a", "b"]), 1, &SECRET, &none()), ("poll", None, None, false)),
        (vote, ("poll", None, None, true)),
        (Outgoing::location(&place, &none()), ("media", Some("location"), None, false)),
        (Outgoing::contacts(std::slice::from_ref(&card), &none()), ("media", Some("vcard"), None, false)),
        (Outgoing::contacts(&[card.clone(), card], &none()), ("media", Some("contact_array"), None, false)),
        (Outgoing::disappearing_timer(86_400, 1), ("text", None, None, false)),
    ] {
        let sent = sent.unwrap();
        assert_eq!(marks(&sent), expected);
        // The host that makes the same bytes itself gets the same marks.
        assert_eq!(Outgoing::raw(&sent.message).unwrap(), sent);
    }
}

#[test]
fn stanzas_of_raw_messages_are_marked_by_content() {
    use super::message_types as m;
    let wrapped = |wrapper, inner: &[u8]| member(wrapper, &member(1, inner));
    let gif = member(m::VIDEO, &[0x40, 1]);
    let voice = member(m::AUDIO, &[0x30, 1]);
    let preview = member(m::EXTENDED_TEXT, b"\x0a\x01x\x12\x01x");
    let blank_preview = member(m::EXTENDED_TEXT, b"\x0a\x01x\x12\x01 ");
    let edit = Outgoing::edit(&key("3EB0"), "hi", &none(), 1).unwrap().message;
    for (bytes, expected) in [
        (member(m::IMAGE, &[]), ("media", Some("image"), None, false)),
        (gif.clone(), ("media", Some("gif"), None, false)),
        (voice, ("media", Some("ptt"), None, false)),
        (preview, ("media", Some("url"), None, false)),
        (blank_preview, ("text", None, None, false)),
        (wrapped(m::EPHEMERAL, &member(m::IMAGE, &[])), ("media", Some("image"), None, false)),
        (
            wrapped(m::DOCUMENT_WITH_CAPTION, &member(m::DOCUMENT, &[])),
            ("media", Some("document"), None, false),
        ),
        (wrapped(m::LOTTIE_STICKER, &member(m::STICKER, &[])), ("media", Some("sticker"), None, false)),
        (wrapped(m::EDITED, &edit), ("text", None, Some("1"), true)),
        (wrapped(m::EDITED, &gif), ("text", None, None, true)),
        (member(m::VIDEO_NOTE, &[0x40, 1]), ("media", Some("ptv"), None, false)),
        (member(m::EVENT, &[]), ("event", None, None, false)),
        (member(16, &[]), ("pay", None, None, false)),
        // A type that this version does not know is sent as a text, as all other clients do.
        (member(5000, &[]), ("text", None, None, false)),
    ] {
        assert_eq!(marks(&Outgoing::raw(&bytes).unwrap()), expected, "{bytes:x?}");
    }
    let view_once = Outgoing::raw(&wrapped(m::VIEW_ONCE_V2, &member(m::IMAGE, &[]))).unwrap();
    assert_eq!(view_once.shape.meta, [("view_once", "true")]);
}

#[test]
fn a_vote_can_be_opened_by_who_has_the_poll() {
    let secret = Secret::new(SECRET);
    let (author, voter) = (Jid::lid("1"), Jid::lid("2").with_device(4));
    let sealing = Sealing { secret: &secret, author: &author, sender: &voter };
    let chosen = options(&["Yes", "Maybe"]);
    let sent = Outgoing::vote(&key("3EB0POLL"), &chosen, &sealing, 5, &mut Seeded(1)).unwrap();
    assert_eq!(sent.shape.meta, [("polltype", "vote")]);
    let Body::Sealed(sealed) = parse(&sent.message).unwrap().body else { panic!("not sealed") };
    assert_eq!((sealed.at_ms, &sealed.target), (Some(5), &key("3EB0POLL")));
    assert_eq!(
        sealed.open(&sealing),
        Some(AddonContent::Vote(vec![option_hash("Yes"), option_hash("Maybe")]))
    );
}

#[test]
fn a_quote_does_not_carry_what_it_quoted() {
    let first = Quote::of_text("3EB0FIRST", Jid::lid("1"), "first");
    let second = Outgoing::text("second", &Extras { quote: Some(first), ..none() }).unwrap();
    let quote = Quote {
        id: "3EB0SECOND".to_owned(),
        sender: Jid::lid("2").with_device(3),
        chat: None,
        message: second.with_secret(&SECRET).message,
    };
    let third = Outgoing::text("third", &Extras { quote: Some(quote), ..none() }).unwrap();
    let quoted = parse(&third.message).unwrap().context.quoted.unwrap();
    assert_eq!((quoted.text.as_deref(), quoted.sender), (Some("second"), Some(Jid::lid("2"))));
    let copy = parse(&third.message[quoted.message]).unwrap();
    assert_eq!((copy.context.quoted, copy.secret), (None, None));
}

#[test]
fn a_secret_is_given_once() {
    let sent = Outgoing::text("hi", &none()).unwrap().with_secret(&SECRET);
    assert_eq!(sent.clone().with_secret(&[9; 32]), sent);
    assert_eq!(parse(&sent.message).unwrap().secret, Some(Secret::new(SECRET)));
    // A context that is there already stays.
    let pin = Outgoing::pin(&key("3EB0"), Some(86_400), 1).unwrap().with_secret(&SECRET);
    let read = parse(&pin.message).unwrap();
    assert_eq!((read.add_on_seconds, read.secret), (Some(86_400), Some(Secret::new(SECRET))));
}

#[test]
fn a_sender_key_travels_beside_a_content() {
    let group: Jid = "120363000000000001@g.us".parse().unwrap();
    let poll = Outgoing::poll("?", &options(&["a", "b"]), 0, &SECRET, &none()).unwrap();
    let read = parse(&append_key_distribution(&poll.message, &group, b"key")).unwrap();
    assert_eq!((read.kind, read.secret), ("poll", Some(Secret::new(SECRET))));
    let key = read.key_distribution.unwrap();
    assert_eq!((key.group, key.message.as_slice()), (Some(group), &b"key"[..]));
}

#[test]
fn only_the_outermost_copy_is_one() {
    let inner = device_sent(&Outgoing::text("hi", &none()).unwrap().message, &Jid::lid("1"));
    let nested = parse(&device_sent(&inner, &Jid::lid("2"))).unwrap();
    assert_eq!((nested.device_sent, nested.kind), (Some(Jid::lid("2")), "device_sent"));
    // A copy that names no chat is none.
    let nameless = member(super::message_types::DEVICE_SENT, &member(2, &member(1, b"hi")));
    let read = parse(&nameless).unwrap();
    assert_eq!((read.device_sent, read.kind), (None, "device_sent"));
}

#[test]
fn a_deletion_says_what_to_delete() {
    // A protocol message without a kind reads as one; without a key it deletes nothing.
    let read = parse(&member(super::message_types::PROTOCOL, &[])).unwrap();
    assert_eq!((read.kind, read.body), ("protocol", Body::Other { member: super::message_types::PROTOCOL }));
}

#[test]
fn what_cannot_be_sent_is_refused_by_name() {
    let nameless = MessageRef::default();
    let place = |latitude, longitude| Location { latitude, longitude, ..Location::default() };
    let card = ContactCard { name: String::new(), vcard: "BEGIN:VCARD".to_owned() };
    let poll = |question, names: &[&str], selectable| {
        Outgoing::poll(question, &options(names), selectable, &SECRET, &none())
    };
    let many: Vec<String> = (0..13).map(|at| at.to_string()).collect();
    let secret = Secret::new(SECRET);
    let sealing = Sealing { secret: &secret, author: &Jid::lid("1"), sender: &Jid::lid("2") };
    let twice = Outgoing::vote(&key("3EB0"), &options(&["a", "a"]), &sealing, 1, &mut Seeded(1));
    for (sent, error) in [
        (Outgoing::text("", &none()), ContentError::EmptyText),
        (Outgoing::text(&"\u{e9}".repeat(65_537), &none()), ContentError::TextTooLong),
        (Outgoing::reaction(&nameless, "x", 1), ContentError::NoTarget),
        (Outgoing::edit(&nameless, "x", &none(), 1), ContentError::NoTarget),
        (Outgoing::edit(&key("3EB0"), "", &none(), 1), ContentError::EmptyText),
        (Outgoing::delete(&nameless), ContentError::NoTarget),
        (Outgoing::pin(&nameless, None, 1), ContentError::NoTarget),
        (Outgoing::ask_again(&[nameless]), ContentError::NoTarget),
        (poll("", &["a", "b"], 1), ContentError::Poll),
        (poll("?", &["a"], 1), ContentError::Poll),
        (poll("?", &["a", "a"], 1), ContentError::Poll),
        (poll("?", &["a", ""], 1), ContentError::Poll),
        (poll("?", &["a", "b"], 3), ContentError::Choices),
        (Outgoing::poll("?", &many, 1, &SECRET, &none()), ContentError::Poll),
        (twice, ContentError::Choices),
        (Outgoing::location(&place(90.5, 0.0), &none()), ContentError::Location),
        (Outgoing::location(&place(0.0, f64::NAN), &none()), ContentError::Location),
        (
            Outgoing::location(&Location { live: true, ..place(0.0, 0.0) }, &none()),
            ContentError::LiveLocation,
        ),
        (Outgoing::contacts(&[], &none()), ContentError::Contact),
        (Outgoing::contacts(&[card], &none()), ContentError::Contact),
        (Outgoing::raw(b"no message"), ContentError::Malformed),
        (Outgoing::raw(&member(super::message_types::IMAGE, b"no image")), ContentError::Malformed),
        (Outgoing::raw(b"\x0a\x02hi\x9a\x02\x01\x00"), ContentError::Malformed),
        (Outgoing::raw(&[]), ContentError::Empty),
    ] {
        assert_eq!(sent, Err(error));
    }
    assert!(Outgoing::text(&"\u{e9}".repeat(65_536), &none()).is_ok());
}

#[test]
fn requests_to_own_devices() {
    let again = Outgoing::ask_again(&[key("3EB0LOST")]).unwrap();
    assert_eq!(parse(&again.message).unwrap().kind, "peer_data_request");
}

#[test]
fn what_people_write_is_not_printed() {
    let secret_text = "meet me at nine";
    let quote = Quote::of_text("3EB0", Jid::lid("1"), secret_text);
    let extras = Extras { quote: Some(quote), ..none() };
    let sent = Outgoing::text(secret_text, &extras).unwrap();
    let read = parse(&sent.message).unwrap();
    let printed = format!("{sent:?} {read:?} {:?} {:?} {extras:?}", read.body, read.context);
    assert!(!printed.contains("nine"), "{printed}");
    let bytes = format!("{:?}", secret_text.as_bytes());
    assert!(!printed.contains(bytes.trim_matches(['[', ']'])), "{printed}");
}
