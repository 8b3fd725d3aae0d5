use super::*;
use crate::crypto::{OsRandom, PublicKey, verify};
use crate::store::memory::MemoryBackend;
use crate::store::{Batch, Session, SessionName, Space, StoreError};
use std::sync::Arc;

async fn session() -> Session {
    Session::open(Arc::new(MemoryBackend::new()), &SessionName::new("s").unwrap()).await.unwrap()
}

fn account() -> AccountRecord {
    let (jid, lid) = ("15550001234:7@s.whatsapp.net".to_owned(), "98765:7@lid".to_owned());
    let mut account = AccountRecord::new(jid, lid, vec![1, 2, 3], PublicKey([9; 32]));
    account.key_index = 3;
    account.business_name = Some("Büro".into());
    account.platform = "android".into();
    account.clock_offset_ms = -1500;
    account.linked_ms = 1_800_000_000_000;
    account.lid_migrated = true;
    account.nct_salt = vec![4; 32];
    account
}

#[test]
fn a_device_survives_encoding() {
    let mut device = DeviceRecord::generate(17, &mut OsRandom);
    assert!((1..=16380).contains(&device.registration_id));
    let prekey = &device.signed_prekey;
    assert!(verify(&device.identity.public(), &[&prekey.pair.public().with_type_byte()], &prekey.signature));
    device.routing_info = Some(vec![8, 0]);
    let read = DeviceRecord::decode(&device.encode()).unwrap();
    assert_eq!(read.encode(), device.encode());
    assert_eq!(read.noise.public(), device.noise.public());
    assert_eq!(read.routing_info.as_deref(), Some(&[8, 0][..]));
    assert_eq!(read.signed_prekey.made_ms, 17);
}

#[test]
fn an_account_survives_encoding() {
    let account = account();
    assert_eq!(AccountRecord::decode(&account.encode()).unwrap(), account);
    assert_eq!(account.logged_in().login_counter, 1);
}

#[test]
fn damaged_records_are_errors() {
    let device = DeviceRecord::generate(0, &mut OsRandom).encode();
    let newer = [&[2], &device[1..]].concat();
    for bad in [&b""[..], &newer, &device[..device.len() - 1], &[1], &[1, 0xff]] {
        assert!(matches!(DeviceRecord::decode(bad), Err(StoreError::Record { space: Space::Device, .. })));
    }
    assert!(matches!(AccountRecord::decode(&[1]), Err(StoreError::Record { space: Space::Account, .. })));
    assert!(OneTimePrekey::decode(&[1, 8, 1]).is_err());
}

#[test]
fn debug_is_silent() {
    let device = DeviceRecord::generate(0, &mut OsRandom);
    let text = format!("{device:?} {:?}", account());
    let secret = format!("{:?}", device.noise.secret().as_bytes());
    assert!(!text.contains(&secret) && !text.contains("15550001234") && !text.contains("98765"), "{text}");
}

#[tokio::test]
async fn linking_is_one_batch_and_wiping_leaves_nothing() {
    let s = session().await;
    let device = DeviceRecord::generate(0, &mut OsRandom);
    s.commit(fresh(&device)).await.unwrap();
    let (loaded, none) = load(&s).await.unwrap();
    assert!(loaded.is_some() && none.is_none());

    let account = account();
    s.commit(linked(&device, &account)).await.unwrap();
    let (_, loaded) = load(&s).await.unwrap();
    assert_eq!(loaded.unwrap(), account);
    for phone in ["15550001234@s.whatsapp.net", "98765@lid"] {
        let key = s.get(Space::Identity, phone.as_bytes()).await.unwrap().unwrap();
        assert_eq!(*key, [9; 32]);
    }
    let number = s.get(Space::LidMap, b"98765@lid").await.unwrap().unwrap();
    assert_eq!(&*number, b"15550001234@s.whatsapp.net");

    let kept = [
        Space::Limiter,
        Space::Event,
        Space::EventMark,
        Space::Seal,
        Space::AccountLimits,
        Space::WebVersion,
    ];
    let mut batch = Batch::new();
    for space in Space::of_a_link().chain(kept) {
        batch.put(space, [0xff, 0xee], b"x".as_slice());
    }
    s.commit(batch).await.unwrap();
    s.commit(unlinked()).await.unwrap();
    assert!(load(&s).await.unwrap().0.is_none());
    for space in Space::of_a_link() {
        assert!(s.keys(space, None, 10).await.unwrap().is_empty(), "{space:?}");
    }
    for space in kept {
        assert_eq!(s.keys(space, None, 10).await.unwrap().len(), 1, "{space:?}");
    }
}

#[tokio::test]
async fn an_account_without_keys_is_reported() {
    let s = session().await;
    let mut batch = Batch::new();
    account().put(&mut batch);
    s.commit(batch).await.unwrap();
    assert!(matches!(load(&s).await, Err(StoreError::Record { space: Space::Device, .. })));
}

#[tokio::test]
async fn prekeys_are_sent_again_until_confirmed() {
    let s = session().await;
    let start = account();
    assert!(load_unsent_prekeys(&s, &start).await.unwrap().is_empty());
    let made = allocate_prekeys(&start, 5, &mut OsRandom);
    assert_eq!(made.keys.iter().map(|key| key.id).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    s.commit(made.batch).await.unwrap();
    // A crash before the answer: the same keys again.
    let account = AccountRecord::decode(&s.get(Space::Account, &[]).await.unwrap().unwrap()).unwrap();
    let again = load_unsent_prekeys(&s, &account).await.unwrap();
    assert_eq!(again.len(), 5);
    assert!(again.iter().zip(&made.keys).all(|(a, b)| a.public == b.public && a.secret == b.secret));
    let (account, batch) = prekeys_uploaded(&account, 5);
    s.commit(batch).await.unwrap();
    assert!(account.server_has_prekeys);
    assert!(load_unsent_prekeys(&s, &account).await.unwrap().is_empty());
    assert_eq!(s.scan(Space::OneTimePrekey, None, 100).await.unwrap().len(), 5);
}

#[tokio::test]
async fn prekey_ids_begin_again_after_24_bits() {
    let s = session().await;
    let mut start = account();
    start.next_prekey_id = 0x00ff_ffff;
    start.first_unsent_prekey_id = 0x00ff_ffff;
    let made = allocate_prekeys(&start, 3, &mut OsRandom);
    assert_eq!(made.keys.iter().map(|key| key.id).collect::<Vec<_>>(), [0x00ff_ffff, 1, 2]);
    s.commit(made.batch).await.unwrap();
    assert_eq!(load_unsent_prekeys(&s, &made.account).await.unwrap().len(), 3);
    let mut nonsense = made.account.clone();
    nonsense.next_prekey_id = 0;
    assert!(load_unsent_prekeys(&s, &nonsense).await.is_err());
}

#[tokio::test]
async fn a_key_for_a_retry_receipt_takes_the_next_id_and_is_not_uploaded() {
    let s = session().await;
    let mut account = account();
    let put = |key: &OneTimePrekey| {
        let mut batch = Batch::new();
        batch.put(Space::OneTimePrekey, OneTimePrekey::key(key.id), key.encode());
        batch
    };
    let key = allocate_retry_prekey(&mut account, &mut OsRandom);
    s.commit(put(&key)).await.unwrap();
    assert_eq!((key.id, account.next_prekey_id, account.first_unsent_prekey_id), (1, 2, 2));
    // While an upload is under way.
    let made = allocate_prekeys(&account, 2, &mut OsRandom);
    s.commit(made.batch).await.unwrap();
    let mut account = made.account;
    let key = allocate_retry_prekey(&mut account, &mut OsRandom);
    s.commit(put(&key)).await.unwrap();
    assert_eq!(key.id, 4);
    let unsent = load_unsent_prekeys(&s, &account).await.unwrap();
    assert_eq!(unsent.iter().map(|key| key.id).collect::<Vec<_>>(), [2, 3]);
    let (account, _) = prekeys_uploaded(&account, 3);
    assert!(load_unsent_prekeys(&s, &account).await.unwrap().is_empty());
}

#[test]
fn numbers_go_past_what_the_server_holds() {
    let beyond = |next, held: &[u32]| {
        let mut account = AccountRecord { next_prekey_id: next, first_unsent_prekey_id: next, ..account() };
        let moved = number_beyond(&mut account, held.iter().copied());
        assert_eq!(account.next_prekey_id, account.first_unsent_prekey_id);
        (moved, account.next_prekey_id)
    };
    assert_eq!(beyond(7, &[1, 2, 6]), (false, 7));
    assert_eq!(beyond(7, &[]), (false, 7));
    assert_eq!(beyond(7, &[6, 7]), (true, 8));
    assert_eq!(beyond(7, &[12, 9, 1]), (true, 13));
    // They begin again at 1 after the last; what is far ahead is behind.
    assert_eq!(beyond(7, &[0x007f_ffff]), (false, 7));
    assert_eq!(beyond(0x007f_fffe, &[0x007f_ffff]), (true, 1));
    assert_eq!(beyond(0x007f_fffe, &[3]), (true, 4));
    assert_eq!(beyond(7, &[0, 0x00ff_ffff]), (false, 7), "no ids of ours");
}

/// The ids of the one-time prekeys that are stored, ascending.
async fn prekey_ids(s: &Session) -> Vec<u32> {
    let mut keys = s.keys(Space::OneTimePrekey, None, 10_000).await.unwrap();
    keys.sort();
    keys.iter().map(|key| u32::from_be_bytes(key[..].try_into().unwrap())).collect()
}

#[tokio::test]
async fn the_keys_of_old_uploads_go_whatever_their_sizes() {
    const LAST: u32 = 0x007f_ffff;
    for start in [1, LAST - 40] {
        let s = session().await;
        let mut account = account();
        account.next_prekey_id = start;
        let mut made_ids: Vec<Vec<u32>> = Vec::new();
        for count in [3, 20, 1, 1, 30, 2, 2, 9, 1, 40, 1, 1] {
            let made = allocate_prekeys(&account, count, &mut OsRandom);
            account = made.account;
            let mut batch = made.batch;
            forget_prekeys(&s, &mut account, made.keys[0].id, 4, &mut batch).await.unwrap();
            account.put(&mut batch);
            s.commit(batch).await.unwrap();
            made_ids.push(made.keys.iter().map(|key| key.id).collect());
            let mut kept: Vec<u32> = made_ids.iter().rev().take(4).flatten().copied().collect();
            kept.sort_unstable();
            assert_eq!(prekey_ids(&s).await, kept, "{} uploads from {start}", made_ids.len());
            account = AccountRecord::decode(&account.encode()).unwrap();
        }
    }
}

#[test]
fn a_server_is_known_by_its_root_and_as_long_as_its_certificates_are_valid() {
    let (key, root, other) = (PublicKey([1; 32]), PublicKey([2; 32]), PublicKey([3; 32]));
    let record = ServerRecord { key, validity: 100..=200, root, root_serial: 7 };
    for (root, serial, now, expected) in [
        (root, 7, 100, Some(key)),
        (root, 7, 200, Some(key)),
        (root, 7, 99, None),
        (root, 7, 201, None),
        (root, 7, -1, None),
        (root, 8, 150, None),
        (other, 7, 150, None),
    ] {
        assert_eq!(record.usable(&root, serial, now), expected, "{root:?} {serial} {now}");
    }
}

#[test]
fn what_the_server_said_of_itself_and_of_a_version_is_kept() {
    let mut device = DeviceRecord::generate(0, &mut OsRandom);
    let server = ServerRecord {
        key: PublicKey([1; 32]),
        validity: 100..=200,
        root: PublicKey([2; 32]),
        root_serial: 7,
    };
    (device.server, device.refused_version) = (Some(server), Some([2, 3000, 9]));
    let read = DeviceRecord::decode(&device.encode()).unwrap();
    assert_eq!((&read.server, read.refused_version), (&device.server, device.refused_version));
    (device.server, device.refused_version) = (None, None);
    let read = DeviceRecord::decode(&device.encode()).unwrap();
    assert_eq!((read.server, read.refused_version), (None, None));
}

#[test]
fn numbers_that_begin_anew_stay_valid_and_ahead_of_what_the_server_holds() {
    for next in [1, 813, 0x007f_0000, 0x007f_ffff] {
        let mut account = AccountRecord { next_prekey_id: next, server_has_prekeys: true, ..account() };
        for _ in 0..40 {
            let before = account.next_prekey_id;
            number_anew(&mut account, &mut OsRandom);
            assert!((1..=0x007f_ffff).contains(&account.next_prekey_id) && !account.server_has_prekeys);
            assert_eq!(account.first_unsent_prekey_id, account.next_prekey_id);
            assert!(!number_beyond(&mut account.clone(), [before, next]), "what was given out is behind");
        }
    }
}

#[tokio::test]
async fn an_upload_counts_while_its_keys_wait_for_the_word() {
    let s = session().await;
    let made = allocate_prekeys(&account(), 5, &mut OsRandom);
    s.commit(made.batch).await.unwrap();
    let mut account = made.account;
    assert!(awaits_upload(&account, 5) && awaits_upload(&account, 1) && !awaits_upload(&account, 6));
    number_anew(&mut account, &mut OsRandom);
    assert!(!awaits_upload(&account, 5));
    assert!(load_unsent_prekeys(&s, &account).await.unwrap().is_empty(), "they are not uploaded again");
}

#[tokio::test]
async fn an_older_copy_loses_its_keys_for_sending_and_nothing_else() {
    let s = session().await;
    let spaces =
        [Space::Device, Space::OneTimePrekey, Space::Identity, Space::SenderKey, Space::Outbox, Space::Event];
    let sending = [Space::Session, Space::SessionArchive, Space::OwnSenderKey, Space::SenderKeyHolders];
    let mut batch = Batch::new();
    for space in spaces.into_iter().chain(sending) {
        batch.put(space, b"k".as_slice(), b"v".as_slice());
    }
    s.commit(batch).await.unwrap();
    let account = account();
    s.commit(restored(&account)).await.unwrap();
    for space in sending {
        assert!(s.keys(space, None, 10).await.unwrap().is_empty(), "{space:?}");
    }
    for space in spaces {
        assert_eq!(s.keys(space, None, 10).await.unwrap().len(), 1, "{space:?}");
    }
    assert!(s.get(Space::Account, &[]).await.unwrap().is_some());
}

#[test]
fn a_clock_that_is_within_the_second_that_the_server_tells_is_right() {
    let mut account = account();
    for (host_ms, offset) in [(5_000, 0), (5_999, 0), (6_500, -501), (4_990, 10)] {
        account.learn_time(5, host_ms);
        assert_eq!(
            (account.clock_offset_ms, account.server_ms(host_ms)),
            (offset, host_ms + offset),
            "{host_ms}"
        );
    }
}
