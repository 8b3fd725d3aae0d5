//! The parts of a history in any order, twice, and older than what is known.

use super::*;
use crate::crypto::Secret;
use crate::messaging::content::Expiration;
use crate::messaging::engine::test_driver::{Driver, START};
use crate::messaging::history::HistoryToken;
use crate::messaging::record_cache::StoredRecord;
use crate::store::Space;

const NOW_S: u64 = START.unsigned_abs() / 1000;

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

fn driver() -> Driver {
    Driver::new(&jid("1:3@s.whatsapp.net"), &jid("900:3@lid"), 5)
}

fn take(driver: &mut Driver, items: &[HistoryItem]) -> Vec<Output> {
    driver.call(|engine, cx| engine.history(items, cx))
}

fn chat(id: &str, chat: HistoryChat) -> HistoryItem {
    HistoryItem::Chat(Box::new(HistoryChat { id: Some(jid(id)), has_messages: true, ..chat }))
}

fn token(bytes: &[u8], issued_s: u64, given_s: u64) -> HistoryToken {
    HistoryToken { token: bytes.to_vec(), issued_s, given_s }
}

/// The records of people that the store has, by their keys.
fn contacts(driver: &Driver) -> Vec<(Vec<u8>, ContactRecord)> {
    let rows = driver.rows(Space::PrivacyToken);
    rows.into_iter().map(|(key, row)| (key, ContactRecord::load(&[Some(row)]).unwrap())).collect()
}

fn lid(digits: &str) -> Vec<u8> {
    User::of(&Jid::lid(digits)).unwrap().key()
}

#[test]
fn a_chat_makes_a_person_known_and_is_taken_twice_without_a_change() {
    let mut driver = driver();
    let timer = Some(Expiration { seconds: 86_400, set_at: Some(70) });
    let bob = HistoryChat {
        pn: Some(jid("555@s.whatsapp.net")),
        timer,
        token: token(b"token", NOW_S - 10, NOW_S - 5),
        ..HistoryChat::default()
    };
    let items = [
        chat("100@lid", bob),
        HistoryItem::PushName { person: jid("555@s.whatsapp.net"), name: "Bob".to_owned() },
    ];
    for _ in 0..2 {
        take(&mut driver, &items);
        let expected = ContactRecord {
            token: b"token".to_vec(),
            issued_s: NOW_S - 10,
            given_s: NOW_S - 5,
            met: true,
            expiration: 86_400,
            expiration_set_at: 70,
            taken_as: None,
            push_name: "Bob".to_owned(),
        };
        assert_eq!(contacts(&driver), [(lid("100"), expected)]);
        assert_eq!(driver.rows(Space::LidMap).len(), 4, "the own names and Bob's");
    }
    // A restart finds all of it.
    let mut driver = driver.restarted().unwrap();
    take(&mut driver, &items);
    assert_eq!(contacts(&driver).len(), 1);
}

#[test]
fn a_history_that_is_older_changes_nothing_newer() {
    let mut driver = driver();
    let newer = HistoryChat { token: token(b"new", NOW_S - 10, NOW_S - 10), ..HistoryChat::default() };
    let older = HistoryChat { token: token(b"old", NOW_S - 99, NOW_S - 99), ..HistoryChat::default() };
    take(&mut driver, &[chat("100@lid", newer), chat("100@lid", older)]);
    let [(_, contact)] = &contacts(&driver)[..] else { panic!("not one person") };
    assert_eq!(
        (contact.token.as_slice(), contact.issued_s, contact.given_s),
        (&b"new"[..], NOW_S - 10, NOW_S - 10)
    );
    // Times that are yet to come would hold for ever.
    let ahead = HistoryChat { token: token(b"ahead", u64::MAX, u64::MAX), ..HistoryChat::default() };
    take(&mut driver, &[chat("100@lid", ahead)]);
    let [(_, contact)] = &contacts(&driver)[..] else { panic!("not one person") };
    assert_eq!((contact.token.as_slice(), contact.issued_s, contact.given_s), (&b"ahead"[..], NOW_S, NOW_S));
}

#[test]
fn the_account_learns_what_is_its_own() {
    let mut driver = driver();
    driver.account.lid_migrated = false;
    let items = [
        HistoryItem::NctSalt(vec![5; 32]),
        HistoryItem::CompanionNonce("nonce".to_owned()),
        HistoryItem::LidMigrated,
        HistoryItem::PushName { person: jid("900@lid"), name: "Ada".to_owned() },
        chat("900@lid", HistoryChat::default()),
    ];
    let changes = |outputs: Vec<Output>| {
        outputs.iter().filter(|output| matches!(output, Output::AccountChanged)).count()
    };
    assert_eq!(changes(take(&mut driver, &items)), 4);
    let account = &driver.account;
    assert_eq!((account.nct_salt.as_slice(), account.companion_nonce.as_str()), (&[5; 32][..], "nonce"));
    assert_eq!((account.lid_migrated, account.push_name.as_deref()), (true, Some("Ada")));
    assert_eq!(contacts(&driver), [], "the account is none of its contacts");
    assert_eq!(changes(take(&mut driver, &items)), 0);
}

#[test]
fn groups_and_empty_chats_make_nobody_known() {
    let mut driver = driver();
    let empty = HistoryChat { id: Some(jid("100@lid")), ..HistoryChat::default() };
    let long = HistoryChat { token: token(&[1; 5000], 1, 0), ..HistoryChat::default() };
    take(
        &mut driver,
        &[
            HistoryItem::Chat(Box::new(empty)),
            HistoryItem::Chat(Box::default()),
            chat("120363000000000001@g.us", HistoryChat::default()),
            HistoryItem::PushName { person: jid("101@lid"), name: "x".repeat(300) },
        ],
    );
    assert_eq!(contacts(&driver), []);
    take(&mut driver, &[chat("102@lid", long)]);
    let [(_, contact)] = &contacts(&driver)[..] else { panic!("not one person") };
    assert!(contact.met && contact.token.is_empty());
}

#[test]
fn secrets_are_kept_under_their_authors() {
    let mut driver = driver();
    let secret = |author: Option<&str>, id: &str| {
        HistoryItem::Secret(Box::new(SecretMessage {
            author: author.map(jid),
            id: id.to_owned(),
            secret: Secret::new([7; 32]),
            options: vec!["yes".to_owned()],
            selectable: 1,
        }))
    };
    take(&mut driver, &[secret(Some("100@lid"), "A"), secret(None, "B")]);
    let mut expected = [
        authored_key(&User::of(&jid("100@lid")).unwrap(), "A"),
        authored_key(&User::of(&jid("900@lid")).unwrap(), "B"),
    ];
    expected.sort();
    let kept: Vec<_> = driver.rows(Space::MessageSecret).into_iter().map(|(key, _)| key).collect();
    assert_eq!(kept, expected);
}

#[test]
fn many_items_take_few_loads() {
    let mut driver = driver();
    let items: Vec<_> = (0..256)
        .map(|number| {
            let pn = Some(Jid::user(format!("1555{number:04}").as_str()));
            chat(&format!("7{number:04}@lid"), HistoryChat { pn, ..HistoryChat::default() })
        })
        .collect();
    driver.loads = 0;
    take(&mut driver, &items);
    assert!(driver.loads <= 3, "{}", driver.loads);
    assert_eq!(contacts(&driver).len(), 256);
}
