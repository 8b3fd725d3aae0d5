//! Input made to hurt: it must be refused, soon and without much memory.

use std::io::Write as _;

use super::*;

fn refused(body: &[u8]) -> DecodeError {
    let mut plaintext = vec![0];
    plaintext.extend_from_slice(body);
    Stanza::decode(plaintext).err().unwrap_or_else(|| panic!("accepted {:x?}", &body[..body.len().min(32)]))
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::ZlibEncoder::new(vec![2], flate2::Compression::best());
    writer.write_all(body).unwrap();
    writer.finish().unwrap()
}

/// `depth` elements, one inside the other.
fn nested(depth: usize) -> Vec<u8> {
    let mut body = [0xf8, 2, 0x3f, 0xf8, 1].repeat(depth - 1);
    body.extend([0xf8, 1, 0x3f]);
    body
}

#[test]
fn depth() {
    let mut plaintext = vec![0];
    plaintext.extend(nested(MAX_DEPTH));
    let stanza = Stanza::decode(plaintext.clone()).unwrap();
    let (mut node, mut depth) = (stanza.root(), 1);
    while let Some(child) = node.children().next() {
        (node, depth) = (child, depth + 1);
    }
    assert_eq!(depth, MAX_DEPTH);
    assert_eq!(encode(&stanza.root().to_node()).unwrap(), plaintext);
    for depth in [MAX_DEPTH + 1, 10_000, 3_000_000] {
        assert_eq!(refused(&nested(depth)), DecodeError::TooDeep);
    }
    assert_eq!(Stanza::decode(compressed(&nested(10_000))).err(), Some(DecodeError::TooDeep));
}

#[test]
fn bombs() {
    // 16 KiB that would be 17 MiB, and 2 MiB that would be 2 GiB if one let them.
    let limit = 16 << 20;
    let mut body = vec![0xf8, 2, 0x3f, 0xfe];
    body.extend((limit as u32 - 8).to_be_bytes());
    body.resize(limit, 0);
    assert_eq!(Stanza::decode(compressed(&body)).unwrap().root().bytes().map(<[u8]>::len), Some(limit - 8));
    body.push(0);
    assert_eq!(Stanza::decode(compressed(&body)).err(), Some(DecodeError::TooLarge));
    assert_eq!(refused(&body), DecodeError::TooLarge);
    assert_eq!(Stanza::decode([2]).err(), Some(DecodeError::Compression));
    assert_eq!(Stanza::decode(compressed(b"")).err(), Some(DecodeError::Truncated));
}

#[test]
fn counts_that_the_input_cannot_hold() {
    assert_eq!(refused(&[0xf9, 0xff, 0xff, 0x3f]), DecodeError::Truncated);
    assert_eq!(refused(&[0xf8, 2, 0x3f, 0xf9, 0xff, 0xff, 0xf8, 1, 0x3f]), DecodeError::Truncated);
    for length in [
        &[0xfc, 0xff][..],
        &[0xfd, 0xff, 0xff, 0xff],
        &[0xfe, 0xff, 0xff, 0xff, 0xff],
        &[0xfe, 0x80, 0, 0, 0],
    ] {
        let mut body = vec![0xf8, 2, 0x3f];
        body.extend_from_slice(length);
        assert_eq!(refused(&body), DecodeError::Truncated);
    }
}

#[test]
fn numbers_of_things() {
    // 65535 children, four times: more elements than a stanza may have.
    let mut list = vec![0xf9, 0xff, 0xff];
    list.extend([0xf8, 1, 0x3f].repeat(65535));
    let mut body = vec![0xf8, 2, 0x3f, 0xf8, 4];
    for _ in 0..4 {
        body.extend([0xf8, 2, 0x3f]);
        body.extend_from_slice(&list);
    }
    assert_eq!(refused(&body), DecodeError::TooManyNodes);

    let with_attrs = |count: usize| {
        let mut body = vec![0xf9];
        body.extend((1 + 2 * count as u16).to_be_bytes());
        body.push(0x3f);
        body.extend([0x0c, 0x0c].repeat(count));
        body
    };
    assert_eq!(refused(&with_attrs(MAX_ATTRS + 1)), DecodeError::TooManyAttributes);
    let mut plaintext = vec![0];
    plaintext.extend(with_attrs(MAX_ATTRS));
    assert_eq!(Stanza::decode(plaintext).unwrap().root().attrs().count(), 1);
    let mut body = vec![0xf8, 2, 0x3f, 0xf9];
    body.extend(500u16.to_be_bytes());
    body.extend(with_attrs(MAX_ATTRS).repeat(500));
    assert_eq!(refused(&body), DecodeError::TooManyAttributes);
}

#[test]
fn lengths_of_names() {
    let raw = |len: usize| {
        let mut text = vec![0xfd, 0, (len >> 8) as u8, len as u8];
        text.resize(4 + len, b'x');
        text
    };
    let tag = |len| [vec![0, 0xf8, 1], raw(len)].concat();
    let key = |len| [vec![0, 0xf8, 3, 0x3f], raw(len), vec![0x0c]].concat();
    let user = |len| [vec![0, 0xf8, 3, 0x3f, 0x0c, 0xfa], raw(len), vec![3]].concat();
    let server = |len| [vec![0, 0xf8, 3, 0x3f, 0x0c, 0xfa, 0], raw(len)].concat();
    let forms: [&dyn Fn(usize) -> Vec<u8>; 4] = [&tag, &key, &user, &server];
    for form in forms {
        assert!(Stanza::decode(form(256)).is_ok());
        assert_eq!(Stanza::decode(form(257)).err(), Some(DecodeError::TooLong));
    }
    for nameless in [tag(0), key(0), server(0)] {
        assert_eq!(Stanza::decode(nameless).err(), Some(DecodeError::NoName));
    }
    assert!(Stanza::decode(user(0)).is_ok());
    // Empty in packed form is empty too.
    assert_eq!(refused(&[0xf8, 1, 0xff, 0]), DecodeError::NoName);
}

#[test]
fn things_out_of_place() {
    // A list, or an address, where only a text may stand.
    assert_eq!(refused(&[0xf8, 1, 0xf8, 1, 0x3f]), DecodeError::UnexpectedByte);
    assert_eq!(refused(&[0xf8, 3, 0x3f, 0x0c, 0xf8, 0]), DecodeError::UnexpectedByte);
    assert_eq!(refused(&[0xf8, 3, 0x3f, 0xfa, 0, 3, 0x0c]), DecodeError::UnexpectedByte);
    assert_eq!(refused(&[0xf8, 3, 0x3f, 0x0c, 0xfa, 0xfa, 0, 3, 3]), DecodeError::UnexpectedByte);
    assert_eq!(refused(&[0xf8, 3, 0x3f, 0x0c, 0xf7, 0, 1, 0]), DecodeError::NoName);
    // A text where an element must stand.
    assert_eq!(refused(&[0x3f]), DecodeError::NotANode);
    assert_eq!(refused(&[0xf8, 2, 0x3f, 0xf8, 1, 0x3f, 0x3f]), DecodeError::NotANode);
    // Device addresses in a domain that nobody knows.
    for domain in [2, 3, 127, 131, 255] {
        assert_eq!(refused(&[0xf8, 3, 0x3f, 0x0c, 0xf7, domain, 1, 0x55]), DecodeError::Domain);
    }
    let hosted = Stanza::decode([0, 0xf8, 3, 0x3f, 0x0c, 0xf7, 0x82, 99, 0x55]).unwrap();
    assert_eq!(hosted.root().jid("jid").unwrap().to_string(), "1:99@hosted");
}

#[test]
fn invalid_text_is_replaced() {
    let stanza =
        Stanza::decode([0, 0xf8, 4, 0xfc, 2, b'a', 0xff, 0x0c, 0xfc, 3, b'x', 0xe2, 0x28, 0xfc, 1, 0xff])
            .unwrap();
    let node = stanza.root();
    assert_eq!(node.tag(), "a\u{fffd}");
    assert_eq!(node.str("jid").as_deref(), Some("x\u{fffd}("));
    assert_eq!(node.bytes(), Some(&[0xff][..]));
    assert_eq!(node.text().as_deref(), Some("\u{fffd}"));
}

#[test]
fn an_empty_attribute_is_there() {
    for empty in [&[0][..], &[0xff, 0], &[0xfb, 0], &[0xfc, 0]] {
        let stanza = Stanza::decode([&[0, 0xf8, 3, 0x3f, 0x0c], empty].concat()).unwrap();
        let node = stanza.root();
        assert_eq!(node.attrs().collect::<Vec<_>>(), [("jid", AttrRef::Text(""))]);
        assert_eq!((node.str("jid").as_deref(), node.jid("jid"), node.u64("jid")), (Some(""), None, None));
        assert_eq!(node.to_node(), Node::new("item"));
    }
}

#[test]
fn an_address_cannot_pose_as_another() {
    // User "1:7" on lid, and user "a@lid" on g.us, each as a pair.
    let colon = Stanza::decode(*b"\0\xf8\x03\x3f\x0c\xfa\xfc\x031:7\x76").unwrap();
    assert_eq!(colon.root().attr("jid"), Some(AttrRef::Text("1:7@lid")));
    assert_eq!(colon.root().jid("jid"), Some(Jid::lid("1").with_device(7)));
    let at = Stanza::decode(*b"\0\xf8\x03\x3f\x0c\xfa\xfc\x05a@lid\x1c").unwrap();
    assert_eq!(at.root().attr("jid"), Some(AttrRef::Text("a@lid@g.us")));
    assert_eq!(at.root().jid("jid"), None);
}

/// Found by fuzzing: the text of such an address does not show the number.
#[test]
fn an_integrator_elsewhere_is_dropped() {
    let stanza = Stanza::decode(*b"\0\xf8\x03\x3f\x0c\xf5\xff\x82\x12\x3f\0\x03\0\x7b\x76").unwrap();
    assert_eq!(stanza.root().jid("jid"), Some(Jid::lid("123").with_device(3)));
}

#[test]
fn addresses_as_content_are_text() {
    let stanza = Stanza::decode([0, 0xf8, 2, 0x3f, 0xf7, 1, 5, 0xff, 2, 0x12, 0x34]).unwrap();
    assert_eq!(stanza.root().text().as_deref(), Some("1234:5@lid"));
    let stanza = Stanza::decode([0, 0xf8, 2, 0x3f, 0xfa, 0, 3]).unwrap();
    assert_eq!(stanza.root().bytes(), Some(&b"s.whatsapp.net"[..]));
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    use EncodeError::{Device, Interop, Name, TooDeep, TooManyAttributes, TooManyChildren};
    let cases = [
        (Node::new(""), Name),
        (Node::new("x".repeat(257)), Name),
        (Node::new("x").attr("", "1"), Name),
        (Node::new("x").children((0..65536).map(|_| Node::new("y"))), TooManyChildren),
        ((0..1025).fold(Node::new("x"), |node, i| node.attr(format!("a{i}"), "1")), TooManyAttributes),
        ((0..MAX_DEPTH).fold(Node::new("x"), |node, _| Node::new("x").child(node)), TooDeep),
        (Node::new("x").attr("to", Jid::user("1").with_device(256)), Device),
        (Node::new("x").attr("to", Jid::user("1".repeat(257))), EncodeError::Jid),
        (Node::new("x").attr("to", Jid::new("1", Server::Other(Text::default()))), EncodeError::Jid),
        (Node::new("x").attr("to", Jid::new("1", Server::Interop)), Interop),
    ];
    for (node, error) in cases {
        let mut out = b"kept".to_vec();
        assert_eq!(encode_into(&node, &mut out), Err(error));
        assert_eq!(out, b"kept");
    }
}

#[test]
fn what_has_no_meaning_is_left_out() {
    let node =
        Node::new("item").attr("a", "").attr("jid", Jid::new("5", Server::Group).with_device(3)).children([]);
    let stanza = Stanza::from_node(&node).unwrap();
    assert_eq!(stanza.root().xml(), "<item jid=\"5@g.us\"/>");
    // Setting an attribute to nothing removes it.
    assert_eq!(Node::new("item").attr("a", "1").attr("a", ""), Node::new("item"));
    let messenger = Node::new("item").attr("jid", Jid::new("1000123456", Server::Messenger).with_device(700));
    assert_eq!(hex::encode(encode(&messenger).unwrap()), "00f8033f0cf6ff05100012345602bccc");
}
