//! Messages that other clients serialised: whatsmeow one of every member of `Message`, with every field set, and Baileys
//! those it makes for its users. The values are ours.

use std::collections::HashMap;

use serde_json::Value;

use super::message_types::{self, MEMBERS, Role};
use super::*;
use crate::crypto::Secret;
use crate::crypto::testing::hex_of;
use crate::messaging::history::{HistoryKind, HistoryNotice};
use crate::stanza::Jid;

fn entries(file: &str) -> Vec<Value> {
    serde_json::from_str(file).unwrap()
}

fn whatsmeow() -> HashMap<u32, Vec<u8>> {
    let entries = entries(include_str!("../../../../tests/vectors/contents-whatsmeow.json"));
    entries.iter().map(|entry| (entry["number"].as_u64().unwrap() as u32, hex_of(entry, "bytes"))).collect()
}

fn baileys(name: &str) -> (Vec<u8>, Read) {
    let entries = entries(include_str!("../../../../tests/vectors/contents-baileys.json"));
    let found = entries.iter().find(|entry| entry["name"] == name);
    let bytes = hex_of(found.unwrap_or_else(|| panic!("no example {name}")), "bytes");
    let read = parse(&bytes).unwrap();
    (bytes, read)
}

fn target() -> MessageRef {
    let chat = Some(Jid::lid("100000011111111"));
    MessageRef { chat, from_me: true, id: "3EB0TARGET".to_owned(), participant: None }
}

const SENT_AT: i64 = 1_767_225_600;

#[test]
fn every_member_is_named() {
    let examples = whatsmeow();
    for row in MEMBERS {
        let bytes = examples.get(&row.number).unwrap_or_else(|| panic!("whatsmeow has no {}", row.word));
        let read = parse(bytes).unwrap();
        let kind = match (row.role, row.number) {
            (Role::Carrier, _) => "nothing",
            // The contents inside the examples.
            (Role::Wrapper, _) => "image",
            (_, message_types::PROTOCOL) => "phone_number_shared",
            (_, message_types::SECRET_ENCRYPTED) => "encrypted_event_edit",
            _ => row.word,
        };
        assert_eq!(read.kind, kind, "{}", row.word);
    }
    assert_eq!(examples.len(), MEMBERS.len(), "whatsmeow has members that have no row");
}

#[test]
fn what_stands_beside_a_content_is_found_in_all_that_have_it() {
    let examples = whatsmeow();
    for row in MEMBERS.iter().filter(|row| row.context != 0) {
        let bytes = &examples[&row.number];
        let context = parse(bytes).unwrap().context;
        let quoted = context.quoted.unwrap_or_else(|| panic!("{}", row.word));
        assert_eq!((quoted.id.as_str(), quoted.text.as_deref()), ("3EB0QUOTED", Some("quoted text")));
        assert_eq!(quoted.sender, Some(Jid::lid("200000022222222")));
        assert_eq!(bytes[quoted.message], *b"\x0a\x0bquoted text");
        assert_eq!(context.mentions, [Jid::lid("300000033333333"), Jid::lid("400000044444444")]);
        assert_eq!((context.forwarded, context.forwarding_score), (true, 3));
        assert_eq!((context.expiration, context.expiration_set_at), (Some(604_800), Some(SENT_AT)));
    }
}

#[test]
fn all_that_is_read_is_read_with_every_field_set() {
    let examples = whatsmeow();
    let content = MEMBERS.iter().filter(|row| row.role == Role::Content);
    let left: Vec<&str> = content
        .filter(|row| matches!(parse(&examples[&row.number]).unwrap().body, Body::Other { .. }))
        .map(|row| row.word)
        .collect();
    let other = [
        "call",
        "chat",
        "highly_structured",
        "payment",
        "payment_request",
        "payment_request_declined",
        "payment_request_cancelled",
        "template",
        "product",
        "list",
        "order",
        "invoice",
        "buttons",
        "payment_invite",
        "interactive",
        "sticker_sync",
        "interactive_response",
        "phone_number_request",
        "scheduled_call",
        "scheduled_call_edit",
        "call_log",
        "history_bundle",
        "business_call",
        "comment",
        "newsletter_admin_invite",
        "placeholder",
        "poll_result",
        "rich_response",
        "status_notification",
        "history_notice",
        "status_question_answer",
        "question_response",
        "status_quoted",
        "status_sticker_interaction",
        "newsletter_follower_invite",
        "poll_result",
        "conditional_reveal",
        "poll_option_added",
        "event_invite",
        "group_root_key",
        "payment_reminder",
        "split_payment",
        "root_secret",
        "split_payment_update",
        "music",
        "status_link_preview",
    ];
    assert_eq!(left, other);
}

#[test]
fn what_is_sent_raw_is_sent_as_it_is() {
    for (number, bytes) in whatsmeow() {
        let is_carrier = message_types::member(number).is_some_and(|row| row.role == Role::Carrier);
        match Outgoing::raw(&bytes) {
            Ok(sent) => assert!(sent.message == bytes && !is_carrier, "{number}"),
            Err(error) => assert!(error == ContentError::Empty && is_carrier, "{number}"),
        }
    }
}

#[test]
fn files() {
    let (_, image) = baileys("image");
    let Body::Media(media) = image.body else { panic!("no file") };
    assert_eq!(media.kind, MediaKind::Image);
    assert_eq!(media.caption.as_deref(), Some("a caption"));
    assert_eq!(media.mimetype.as_deref(), Some("image/jpeg"));
    assert_eq!((media.width, media.height, media.size), (Some(640), Some(480), Some(1234)));
    assert_eq!(media.direct_path.as_deref(), Some("/v/x"));
    assert_eq!(media.url.as_deref(), Some("https://mmg.whatsapp.net/x"));
    assert_eq!(media.key, Some(Secret::new([1; 32])));
    assert_eq!((media.sha256, media.encrypted_sha256), (Some([2; 32]), Some([3; 32])));
    assert_eq!(media.thumbnail.as_deref(), Some(&[0xff, 0xd8][..]));

    for (name, kind) in [
        ("view once image", MediaKind::Image),
        ("video", MediaKind::Video),
        ("gif", MediaKind::Video),
        ("video note", MediaKind::VideoNote),
        ("voice message", MediaKind::Audio),
        ("document with caption", MediaKind::Document),
        ("sticker", MediaKind::Sticker),
    ] {
        let (_, read) = baileys(name);
        assert_eq!(read.flags.view_once, name == "view once image");
        let Body::Media(media) = read.body else { panic!("{name} is no file") };
        assert_eq!((media.kind, media.size), (kind, Some(1234)), "{name}");
        assert_eq!(media.key, Some(Secret::new([1; 32])), "{name}");
        assert_eq!((media.sha256, media.encrypted_sha256), (Some([2; 32]), Some([3; 32])), "{name}");
        assert_eq!(media.direct_path.as_deref(), Some("/v/x"), "{name}");
        assert_eq!(media.gif, name == "gif");
        assert_eq!(media.voice, name == "voice message");
        assert_eq!(media.animated, name == "sticker");
    }
    let (_, document) = baileys("document with caption");
    let Body::Media(media) = document.body else { panic!("no file") };
    assert_eq!((media.file_name.as_deref(), media.pages), (Some("a.pdf"), Some(3)));
    assert_eq!(media.caption.as_deref(), Some("read it"));
}

#[test]
fn texts_and_answers() {
    let (_, plain) = baileys("text");
    assert!(matches!(&plain.body, Body::Text(text) if text.text == "plain text"));
    let (_, mention) = baileys("text with mention");
    assert_eq!(mention.context.mentions, [Jid::lid("300000033333333")]);
    let (_, timed) = baileys("text in a chat with a timer");
    assert_eq!((timed.kind, timed.context.expiration), ("text", Some(604_800)));
    let (_, answer) = baileys("answer");
    let quoted = answer.context.quoted.unwrap();
    assert_eq!((quoted.kind, quoted.text.as_deref()), ("image", Some("a caption")));
    let (_, forwarded) = baileys("forwarded");
    assert!(forwarded.context.forwarded && forwarded.context.forwarding_score == 5);
}

#[test]
fn references_to_messages() {
    for (name, emoji) in [("reaction", "\u{1f44d}"), ("reaction removed", "")] {
        let Body::Reaction(reaction) = baileys(name).1.body else { panic!("no reaction") };
        assert_eq!((&reaction.target, reaction.text.as_str()), (&target(), emoji));
    }
    assert!(matches!(baileys("delete").1.body, Body::Delete { target: found } if found == target()));
    let (bytes, edit) = baileys("edit");
    let Body::Edit(edit) = edit.body else { panic!("no edit") };
    assert_eq!((&edit.target, edit.text.as_deref()), (&target(), Some("new text")));
    assert!(matches!(parse(&bytes[edit.message]).unwrap().body, Body::Text(text) if text.text == "new text"));
    let (_, pin) = baileys("pin");
    assert_eq!(pin.add_on_seconds, Some(86_400));
    assert!(matches!(pin.body, Body::Pin { target: found, pinned: true } if found == target()));
    assert!(matches!(baileys("pin taken away").1.body, Body::Pin { pinned: false, .. }));
    assert!(matches!(baileys("keep").1.body, Body::Keep { target: found, kept: true } if found == target()));
    let (_, part) = baileys("picture of an album");
    assert_eq!(part.association, Some(Box::new(Association { kind: 1, parent: target() })));
    assert!(matches!(baileys("album").1.body, Body::Album { images: 3, videos: 1 }));
}

#[test]
fn polls_and_events() {
    let secret: [u8; 32] = std::array::from_fn(|at| 0x80 + at as u8);
    for (name, selectable, options) in [("poll with one choice", 1, 2), ("poll with any number", 0, 3)] {
        let (_, read) = baileys(name);
        assert_eq!(read.secret, Some(Secret::new(secret)), "{name}");
        let Body::Poll(poll) = read.body else { panic!("no poll") };
        assert_eq!(
            (poll.name.as_str(), poll.selectable, poll.options.len()),
            ("Lunch?", selectable, options)
        );
    }
    let Body::Event(event) = baileys("event").1.body else { panic!("no event") };
    assert_eq!((event.name.as_str(), event.description.as_deref()), ("Launch", Some("of it")));
    assert_eq!((event.starts_at, event.ends_at), (Some(SENT_AT), Some(SENT_AT + 3600)));
    assert_eq!(event.location.and_then(|place| place.name).as_deref(), Some("There"));
}

#[test]
fn comments_and_replies_to_buttons_have_their_text() {
    let key = [&[0x12, 11, 0x10, 1, 0x1a, 7][..], b"3EB0AAA"].concat();
    let message = [&[0xea, 4, 21, 0x0a, 6, 0x0a, 4][..], b"comm", &key].concat();
    let comment = parse(&message).unwrap();
    let Body::Comment(edit) = &comment.body else { panic!("no comment") };
    assert_eq!((comment.kind, edit.text.as_deref()), ("comment", Some("comm")));
    assert_eq!((edit.target.id.as_str(), edit.target.from_me), ("3EB0AAA", true));
    for (number, place, kind) in
        [(29_u32, 2_u8, "template_button_reply"), (39, 1, "list_response"), (43, 2, "buttons_response")]
    {
        let tag = number << 3 | 2;
        let head = [(tag & 0x7f) as u8 | 0x80, (tag >> 7) as u8, 5, place << 3 | 2, 3];
        let reply = parse(&[&head[..], b"Yes"].concat()).unwrap();
        let Body::Text(text) = &reply.body else { panic!("{kind} has no text") };
        assert_eq!((reply.kind, text.text.as_str()), (kind, "Yes"));
    }
}

#[test]
fn places_contacts_and_invitations() {
    let Body::Location(place) = baileys("location").1.body else { panic!("no place") };
    assert_eq!((place.latitude, place.longitude, place.live), (48.5, 2.25, false));
    assert_eq!((place.name.as_deref(), place.address.as_deref()), (Some("Here"), Some("A street 1")));
    let Body::Location(live) = baileys("live location").1.body else { panic!("no place") };
    assert_eq!((live.latitude, live.longitude, live.live), (1.5, -2.5, true));
    assert_eq!((live.accuracy, live.comment.as_deref()), (Some(12), Some("on my way")));
    for (name, kind, count) in [("contact", "contact", 1), ("contacts", "contacts", 2)] {
        let (_, read) = baileys(name);
        assert_eq!(read.kind, kind);
        let Body::Contacts(cards) = read.body else { panic!("no contacts") };
        assert_eq!((cards.len(), cards[0].name.as_str()), (count, "Ada"));
        assert!(cards[0].vcard.starts_with("BEGIN:VCARD\n"));
    }
    let Body::GroupInvite(invite) = baileys("group invite").1.body else { panic!("no invitation") };
    assert_eq!(invite.group, "120363000000000001@g.us".parse().ok());
    assert_eq!((invite.code.as_str(), invite.expires_at), ("CODE", Some(SENT_AT)));
}

#[test]
fn what_is_encrypted_once_more() {
    for (name, kind, purpose) in [
        ("vote", "poll_vote", Purpose::PollVote),
        ("encrypted reaction", "encrypted_reaction", Purpose::Reaction),
        ("answer to an event", "event_response", Purpose::EventResponse),
        ("encrypted edit", "encrypted_edit", Purpose::MessageEdit),
    ] {
        let (_, read) = baileys(name);
        assert_eq!(read.kind, kind);
        let Body::Sealed(sealed) = read.body else { panic!("{name} is not sealed") };
        assert_eq!((sealed.purpose, &sealed.target, sealed.iv), (purpose, &target(), [5; 12]));
        assert_eq!(sealed.at_ms, (name == "vote").then_some(SENT_AT * 1000));
    }
}

#[test]
fn what_devices_tell_each_other() {
    let Body::Protocol(Protocol::DisappearingTimer { seconds, .. }) = baileys("timer").1.body else {
        panic!("no timer")
    };
    assert_eq!(seconds, 86_400);
    let Body::Protocol(Protocol::HistoryNotice(notice)) = baileys("history notice").1.body else {
        panic!("no notice")
    };
    let notice = HistoryNotice::read(&notice);
    assert_eq!((notice.kind, notice.chunk, notice.progress), (HistoryKind::Recent, 2, Some(40)));
    let Body::Protocol(Protocol::LidMapping(mapping)) = baileys("lid mapping").1.body else {
        panic!("no pairs")
    };
    let pairs = [("12345678901", "100000011111111"), ("98765432109", "200000022222222")];
    assert_eq!(mapping.pairs, pairs.map(|(pn, lid)| (Jid::user(pn), Jid::lid(lid))));
    let Body::Protocol(Protocol::MemberLabel(label)) = baileys("member label").1.body else {
        panic!("no label")
    };
    assert_eq!(label, "baker");
}

#[test]
fn a_message_that_the_phone_sends_again() {
    let Body::Protocol(Protocol::PeerDataResponse(answer)) = baileys("answer of the phone").1.body else {
        panic!("no answer")
    };
    assert_eq!((answer.kind, answer.request.as_str(), answer.results.len()), (4, "3EB0ASKED", 1));
    let [bytes] = &answer.resent[..] else { panic!("{} messages", answer.resent.len()) };
    let kept = web_message_info(bytes).unwrap();
    assert_eq!((kept.key.id.as_str(), kept.key.from_me, kept.at), ("3EB0LOST", false, SENT_AT as u64));
    assert_eq!(kept.key.participant, Some(Jid::lid("200000022222222")));
    assert_eq!(kept.push_name.as_deref(), Some("Ada"));
    assert!(kept.secret.is_some());
    let again = parse(&bytes[kept.message]).unwrap();
    assert!(matches!(again.body, Body::Text(text) if text.text == "found again"));
    assert_eq!(web_message_info(b"nothing"), None);
}
