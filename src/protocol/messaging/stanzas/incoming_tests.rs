use super::super::addressing::Pair;
use super::super::testing::{jid, own, reading};
use super::*;
use crate::stanza::{Node, Value};

fn message(attrs: &[(&'static str, &'static str)]) -> Node {
    let head = Node::new("message").attr("id", "3EB0A1").attr("t", "1767225600").attr("type", "text");
    attrs.iter().fold(head, |node, (key, value)| match value.parse::<Jid>() {
        Ok(jid) if value.contains('@') => node.attr(*key, jid),
        _ => node.attr(*key, Value::from(*value)),
    })
}

fn enc(kind: &'static str, bytes: &[u8]) -> Node {
    Node::new("enc").attr("v", "2").attr("type", kind).bytes(bytes)
}

fn origin(attrs: &[(&'static str, &'static str)]) -> Origin {
    reading(message(attrs), |node| IncomingMessage::read(node, &own()).unwrap().origin)
}

#[test]
fn from_a_person() {
    let node = message(&[
        ("from", "555:3@lid"),
        ("sender_pn", "1555@s.whatsapp.net"),
        ("notify", "Ada"),
        ("offline", "4"),
        ("verified_level", "high"),
    ]);
    let node = node.child(enc("pkmsg", b"abc")).child(Node::new("device-identity").bytes(*b"cert"));
    reading(node, |node| {
        let read = IncomingMessage::read(node, &own()).unwrap();
        assert_eq!((read.id, read.kind, read.push_name), ("3EB0A1", "text", Some("Ada")));
        assert_eq!((read.timestamp, read.offline, read.edit), (Some(1_767_225_600), true, None));
        assert!(read.verified_business && !read.is_peer() && !read.origin.from_me);
        assert_eq!((&read.origin.chat, &read.origin.sender), (&jid("555@lid"), &jid("555:3@lid")));
        let pair = Pair { pn: jid("1555@s.whatsapp.net"), lid: jid("555@lid") };
        assert_eq!(read.origin.pairs().collect::<Vec<_>>(), [&pair]);
        assert_eq!(read.device_identity, Some(&b"cert"[..]));
        let encs: Vec<_> = read.encs().collect();
        assert_eq!((encs[0].kind, encs[0].version, encs[0].bytes), (EncKind::Prekey, 2, &b"abc"[..]));
        assert_eq!((encs.len(), encs[0].count, encs[0].hide), (1, 0, false));
    });
}

#[test]
fn from_a_member_of_a_group() {
    let node = message(&[
        ("from", "120363@g.us"),
        ("participant", "1555:2@s.whatsapp.net"),
        ("participant_lid", "555@lid"),
        ("addressing_mode", "lid"),
        ("edit", "1"),
    ]);
    let group = enc("skmsg", b"group").attr("decrypt-fail", "hide").attr("count", "2");
    let node = node.child(group).child(enc("msg", b"key").attr("mediatype", "image"));
    reading(node, |node| {
        let read = IncomingMessage::read(node, &own()).unwrap();
        assert_eq!(
            (&read.origin.chat, &read.origin.sender),
            (&jid("120363@g.us"), &jid("1555:2@s.whatsapp.net"))
        );
        assert_eq!((read.addressing_mode, read.edit), (Some(AddressingMode::Lid), Some("1")));
        assert_eq!(read.origin.sender_pair.as_ref().unwrap().lid, jid("555@lid"));
        let encs: Vec<_> = read.encs().map(|enc| (enc.kind, enc.count, enc.hide, enc.media_type)).collect();
        assert_eq!(
            encs,
            [(EncKind::Session, 0, false, Some("image")), (EncKind::SenderKey, 2, true, None)],
            "the key comes before what needs it"
        );
    });
}

#[test]
fn from_our_other_devices() {
    let read = origin(&[
        ("from", "900@lid"),
        ("recipient", "555@lid"),
        ("peer_recipient_pn", "1555@s.whatsapp.net"),
    ]);
    assert!(read.from_me);
    assert_eq!((read.chat, read.sender), (jid("555@lid"), jid("900@lid")));
    assert_eq!(read.recipient_pair.unwrap().pn, jid("1555@s.whatsapp.net"));

    let read = origin(&[("from", "100@s.whatsapp.net"), ("category", "peer")]);
    assert_eq!(
        (read.chat, read.sender, read.from_me),
        (jid("100@s.whatsapp.net"), jid("100@s.whatsapp.net"), true)
    );

    let read = origin(&[("from", "120363@g.us"), ("participant", "900:3@lid")]);
    assert!(read.from_me);
    // The same digits under another kind of address are another account.
    assert!(!origin(&[("from", "100@lid")]).from_me);
    assert!(!origin(&[("from", "120363@g.us"), ("participant", "900@s.whatsapp.net")]).from_me);
}

#[test]
fn hosted_devices_are_filed_under_their_account() {
    let read = origin(&[("from", "1555:99@hosted")]);
    assert_eq!((read.chat, read.sender), (jid("1555@s.whatsapp.net"), jid("1555:99@hosted")));
    assert!(origin(&[("from", "900:99@hosted.lid"), ("recipient", "5@lid")]).from_me);
}

#[test]
fn a_recipient_counts_only_from_ourselves() {
    let read = origin(&[("from", "555@lid"), ("recipient", "777@lid")]);
    assert_eq!((read.chat, read.from_me), (jid("555@lid"), false));
    assert_eq!(read.recipient, Some(jid("777@lid")), "it is repeated in answers all the same");
}

#[test]
fn from_channels_status_and_bots() {
    let read = origin(&[("from", "123@newsletter"), ("server_id", "101")]);
    assert_eq!((read.chat, read.sender), (jid("123@newsletter"), jid("123@newsletter")));
    let read = origin(&[("from", "status@broadcast"), ("participant", "555@lid")]);
    assert_eq!((read.chat, read.sender), (jid("status@broadcast"), jid("555@lid")));

    let meta = Node::new("meta")
        .attr("target_id", "3EB0Q")
        .attr("target_sender_jid", jid("900@lid"))
        .attr("target_chat_jid", jid("120363@g.us"));
    let bot = Node::new("bot").attr("edit", "inner").attr("edit_target_id", "3EB0FIRST");
    let node = |from| message(&[("from", from)]).child(meta.clone()).child(bot.clone());
    reading(node("867051314767696@bot"), |node| {
        let read = IncomingMessage::read(node, &own()).unwrap();
        assert_eq!(read.origin.chat, jid("120363@g.us"));
        assert_eq!((read.meta().target_id, read.bot_reply_id()), (Some("3EB0Q"), "3EB0FIRST"));
    });
    reading(node("13135550002@s.whatsapp.net"), |node| {
        assert_eq!(IncomingMessage::read(node, &own()).unwrap().origin.chat, jid("120363@g.us"));
    });
    reading(node("555@lid"), |node| {
        let chat = IncomingMessage::read(node, &own()).unwrap().origin.chat;
        assert_eq!(chat, jid("555@lid"), "only a bot may choose the chat");
    });
}

#[test]
fn a_list_may_bring_the_whole_fan_out() {
    let to = |who: &str, bytes: &[u8]| Node::new("to").attr("jid", jid(who)).child(enc("msg", bytes));
    let fan_out = Node::new("participants").children([to("900:6@lid", b"no"), to("900:7@lid", b"yes")]);
    let node = message(&[("from", "177@broadcast"), ("participant", "900:2@lid")]).child(fan_out);
    reading(node, |node| {
        let read = IncomingMessage::read(node, &own()).unwrap();
        assert_eq!(read.encs().map(|enc| enc.bytes).collect::<Vec<_>>(), [b"yes"]);
        assert_eq!(read.list_recipients().count(), 2);
    });
}

#[test]
fn content_that_is_not_for_us() {
    let gone = |kind: &'static str| {
        message(&[("from", "555@lid")]).child(Node::new("unavailable").attr("type", kind))
    };
    let unavailable = |node| reading(node, |node| IncomingMessage::read(node, &own()).unwrap().unavailable());
    let what = |view_once, hosted, from_bot| Some(Unavailable { view_once, hosted, from_bot });
    for (kind, read) in [
        ("view_once", what(true, false, false)),
        ("view_once_unavailable_fanout", what(true, false, false)),
        ("hosted_unavailable_fanout", what(false, true, false)),
        ("bot_unavailable_fanout", what(false, false, true)),
        ("anything", what(false, false, false)),
    ] {
        assert_eq!(unavailable(gone(kind)), read, "{kind}");
    }
    assert_eq!(unavailable(gone("view_once").child(enc("msg", b"it is there"))), None);
}

#[test]
fn what_lacks_its_head_is_named() {
    let error = |node: Node| reading(node, |node| IncomingMessage::read(node, &own()).err());
    let headless = Node::new("message").attr("from", jid("5@lid"));
    assert_eq!(error(headless.clone()), Some(HeaderError::NoId));
    assert_eq!(error(headless.attr("id", jid("5@lid"))), Some(HeaderError::NoId));
    assert_eq!(error(message(&[])), Some(HeaderError::NoFrom));
    assert_eq!(error(message(&[("from", "a@b@c")])), Some(HeaderError::NoFrom));
    assert_eq!(error(message(&[("from", "120363@g.us")])), Some(HeaderError::NoParticipant));
    assert_eq!(error(message(&[("from", "status@broadcast")])), Some(HeaderError::NoParticipant));
}

#[test]
fn absurd_values_are_none() {
    let node = Node::new("message")
        .attr("id", "1")
        .attr("from", jid("5@lid"))
        .attr("t", u64::MAX)
        .attr("addressing_mode", "carrier-pigeon")
        .attr("sender_pn", jid("6@lid"))
        .attr("server_id", "-1");
    let absurd = Node::new("enc").attr("v", "two").attr("type", "rot13").attr("count", u64::MAX);
    let node = node.children(std::iter::repeat_n(absurd, 10_000));
    reading(node, |node| {
        let read = IncomingMessage::read(node, &own()).unwrap();
        assert_eq!((read.timestamp, read.addressing_mode, read.server_id), (None, None, None));
        assert_eq!((read.kind, read.origin.pairs().count()), ("", 0));
        let encs: Vec<_> = read.encs().collect();
        assert_eq!(encs.len(), MAX_ENCS);
        assert_eq!((encs[0].kind, encs[0].version, encs[0].count), (EncKind::Unknown, 0, 0));
        assert!(encs[0].bytes.is_empty());
    });
}
