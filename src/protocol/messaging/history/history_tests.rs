//! The history of the vectors, pieces of every length, members in any order, and what is no history.

use proptest::prelude::*;

use super::*;
use crate::messaging::content::Expiration;
use crate::messaging::content::wire::put;
use crate::messaging::test_vectors::vectors;
use crate::stanza::Jid;

fn bytes(value: &serde_json::Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

/// Reads a history in pieces of that length.
fn read_in(history: &[u8], piece: usize) -> (Vec<HistoryItem>, Result<(), MalformedHistory>) {
    let (mut reader, mut items) = (HistoryReader::default(), Vec::new());
    let mut pieces = history.chunks(piece);
    let read = pieces.try_for_each(|piece| reader.push(piece, &mut items));
    (items, read.and_then(|()| reader.finish()))
}

fn read(history: &[u8]) -> Vec<HistoryItem> {
    let (items, end) = read_in(history, 4096);
    assert_eq!(end, Ok(()));
    for piece in [1, 2, 3, 7, 64] {
        assert_eq!(read_in(history, piece), (items.clone(), Ok(())), "{piece}");
    }
    items
}

/// A serialised message of members with a length.
fn message(members: &[(u32, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    members.iter().for_each(|(number, content)| put(&mut out, *number, content));
    out
}

/// A member that is a number.
fn number(number: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    prost::encoding::uint64::encode(number, &value, &mut out);
    out
}

/// A `HistorySyncMsg` with a poll, whose secret stands beside the message.
fn poll(id: &str) -> Vec<u8> {
    let options = [message(&[(1, b"yes")]), message(&[(1, b"no")])];
    let poll = message(&[(2, b"well?"), (3, &options[0]), (3, &options[1])]);
    let key = [message(&[(1, b"100@lid")]), number(2, 0), message(&[(3, id.as_bytes())])].concat();
    let info =
        [message(&[(1, &key), (2, &message(&[(49, &poll)]))]), number(3, 77), message(&[(49, &[9; 32])])];
    message(&[(1, &info.concat())])
}

#[test]
fn the_history_of_the_vectors() {
    let history = bytes(&vectors()["history_sync"]["HistorySync"]);
    let items = read(&history);
    let person = jid("100000011111111@lid");
    let chat = HistoryItem::Chat(Box::new(HistoryChat {
        id: Some(person.clone()),
        pn: Some(jid("12345678901@s.whatsapp.net")),
        has_messages: true,
        token: HistoryToken { token: vec![0x41; 0], ..HistoryToken::default() },
        ..HistoryChat::default()
    }));
    assert_eq!(items.first(), Some(&chat), "{items:#?}");
    let names = HistoryItem::Names { pn: jid("12345678901@s.whatsapp.net"), lid: person };
    assert!(items.contains(&names), "{items:#?}");
    assert!(items.iter().any(|item| matches!(item, HistoryItem::PushName { name, .. } if name == "Ada")));
    let salt = items.iter().find_map(|item| match item {
        HistoryItem::NctSalt(salt) => Some(salt.len()),
        _ => None,
    });
    assert_eq!(salt, Some(32));
}

#[test]
fn a_chat_says_how_the_two_stand() {
    let conversation = [
        message(&[(1, b"100@lid"), (2, &poll("3EB0POLL")), (39, b"555@s.whatsapp.net"), (42, b"100@lid")]),
        [number(5, 70), number(9, 86_400), number(10, 65_999), number(22, 60), number(28, 61)].concat(),
        message(&[(21, b"token"), (13, b"Ada"), (999, b"unknown")]),
    ];
    let history = [number(1, 0), message(&[(2, &conversation.concat())])].concat();
    let items = read(&history);
    let [HistoryItem::Secret(secret), HistoryItem::Chat(chat)] = &items[..] else { panic!("{items:#?}") };
    assert_eq!((secret.id.as_str(), secret.selectable), ("3EB0POLL", 0));
    assert_eq!(secret.author, Some(jid("100@lid")));
    assert_eq!(
        (&secret.options[..], secret.secret.as_bytes()),
        (&["yes".to_owned(), "no".to_owned()][..], &[9; 32])
    );
    assert_eq!((&chat.id, &chat.lid), (&Some(jid("100@lid")), &Some(jid("100@lid"))));
    assert_eq!(chat.pn, Some(jid("555@s.whatsapp.net")));
    assert_eq!(chat.timer, Some(Expiration { seconds: 86_400, set_at: Some(65) }));
    let token = HistoryToken { token: b"token".to_vec(), issued_s: 60, given_s: 61 };
    assert_eq!((chat.has_messages, &chat.token), (true, &token));
}

#[test]
fn the_address_may_come_last_and_a_chat_may_be_empty() {
    let conversation = message(&[(2, &poll("A")), (1, b"100@lid")]);
    let items = read(&message(&[(2, &conversation), (2, b"")]));
    let [HistoryItem::Secret(secret), HistoryItem::Chat(chat), HistoryItem::Chat(empty)] = &items[..] else {
        panic!("{items:#?}")
    };
    assert_eq!((&secret.author, &chat.id), (&Some(jid("100@lid")), &Some(jid("100@lid"))));
    assert_eq!(**empty, HistoryChat::default());
}

#[test]
fn members_of_the_account() {
    let moved = number(20, 1_700_000_000);
    let history = message(&[
        (8, &moved),
        (16, b"nonce"),
        (19, &[5; 32]),
        (19, &[5; 300]),
        (20, &message(&[(1, b"555@s.whatsapp.net"), (2, b"100@lid"), (3, b"Ada")])),
        (7, &message(&[(1, b"555@s.whatsapp.net"), (2, b"-")])),
        (15, &message(&[(1, b"\xff"), (2, b"100@lid")])),
    ]);
    let names = HistoryItem::Names { pn: jid("555@s.whatsapp.net"), lid: jid("100@lid") };
    let expected = [
        HistoryItem::LidMigrated,
        HistoryItem::CompanionNonce("nonce".to_owned()),
        HistoryItem::NctSalt(vec![5; 32]),
        names,
    ];
    assert_eq!(read(&history), expected);
}

#[test]
fn a_long_member_is_passed_over() {
    let long = vec![0; 3 << 20];
    let conversation = message(&[(1, b"100@lid"), (2, &long), (13, &long), (21, &long)]);
    let (items, end) = read_in(&message(&[(2, &conversation), (3, &long), (19, &long)]), 4096);
    assert_eq!(end, Ok(()));
    let [HistoryItem::Chat(chat)] = &items[..] else { panic!("{items:#?}") };
    assert!(chat.has_messages && chat.token.token.is_empty());
}

#[test]
fn a_history_that_is_cut_off_is_found_out() {
    let history = bytes(&vectors()["history_sync"]["HistorySync"]);
    let whole = read(&history);
    // Between two members, nothing tells that more was to come.
    let ends: Vec<usize> = {
        let mut fields = crate::messaging::content::wire::Fields::of(&history);
        std::iter::from_fn(|| fields.next().map(|field| field.raw.len()))
            .scan(0, |at, length| {
                *at += length;
                Some(*at)
            })
            .collect()
    };
    for cut in 1..history.len() {
        let (items, end) = read_in(&history[..cut], 16);
        assert!(whole.starts_with(&items), "{cut}");
        assert_eq!(end.is_ok(), ends.contains(&cut), "{cut}");
    }
}

#[test]
fn notices() {
    let section = &vectors()["history_sync"];
    let notice = |name: &str| {
        let message = bytes(&section[name]);
        let mut fields = crate::messaging::content::wire::Fields::of(&message);
        let protocol = fields.find(|field| field.number == 12).unwrap().bytes().unwrap().to_vec();
        let mut fields = crate::messaging::content::wire::Fields::of(&protocol);
        HistoryNotice::read(fields.find(|field| field.number == 6).unwrap().bytes().unwrap())
    };
    let file = notice("notification_message");
    assert_eq!((file.kind, file.chunk, file.progress), (HistoryKind::Bootstrap, 1, Some(100)));
    let HistoryPlace::File { path, media_key, hashes, handle } = file.place else { panic!("no file") };
    assert_eq!((path.as_str(), handle), ("/v/t62.hist/x.enc", None));
    assert_eq!(media_key.as_bytes().as_slice(), bytes(&section["media_key"]));
    assert_eq!(hashes.content.unwrap().as_slice(), bytes(&section["file_sha256_of_zlib"]));
    assert_eq!(hashes.encrypted.unwrap().as_slice(), bytes(&section["file_enc_sha256"]));
    let inline = notice("inline_notification_message");
    let HistoryPlace::Inline(packed) = inline.place else { panic!("not inline") };
    assert_eq!(*packed, bytes(&section["zlib"]));
    let nothing = HistoryNotice::read(&[0xff]);
    assert_eq!((nothing.kind, nothing.place == HistoryPlace::Nowhere), (HistoryKind::Bootstrap, true));
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces(history: Vec<u8>, piece in 1_usize..50) {
        prop_assert_eq!(read_in(&history, piece), read_in(&history, usize::MAX));
    }
}
