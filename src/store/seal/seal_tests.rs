//! Sealed data opens again, only with its key, and only where it was put.

use super::keys::{Keys, SHARED};
use super::{SealKey, SealOpener, Sealed};
use crate::store::conformance::{name, put, run, run_shared};
use crate::store::memory::MemoryBackend;
use crate::store::shared_memory::SharedMemory;
use crate::store::sqlite::{SqliteBackend, wait_closed};
use crate::store::{Backend, Batch, MAX_VALUE, Session, Space, StoreError, open};
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(60);

fn key(byte: u8) -> SealKey {
    SealKey::new([byte; 32])
}

fn keys() -> Keys {
    Keys::derive(&[7; 32], &key(1))
}

async fn sealed(inner: Arc<dyn Backend>) -> Arc<dyn Backend> {
    SealOpener::default().open(inner, Some(&key(1))).await.unwrap()
}

#[tokio::test]
async fn a_sealed_backend_passes() {
    run(sealed(Arc::new(MemoryBackend::new())).await).await;
    let dir = TempDir::new().unwrap();
    run(sealed(SqliteBackend::open(&dir.path().join("wa.db")).await.unwrap()).await).await;
}

#[tokio::test]
async fn a_sealed_backend_of_several_processes_passes() {
    let first = SharedMemory::new();
    let (second, clock) = (first.other_process(), first.other_process());
    let (first, second) = (sealed(Arc::new(first)).await, sealed(Arc::new(second)).await);
    run_shared(first, second, &|time| clock.pass(time)).await;
}

#[tokio::test]
async fn the_largest_key_and_value_fit() {
    let s = Session::open(sealed(Arc::new(MemoryBackend::new())).await, &name("s")).await.unwrap();
    let huge = vec![1; MAX_VALUE + 1];
    assert_eq!(s.commit(put(Space::Group, &[0; 1024], &huge)).await, Err(StoreError::TooLarge));
    s.commit(put(Space::Group, &[0; 1024], &huge[1..])).await.unwrap();
    let all = s.scan(Space::Group, None, 10).await.unwrap();
    assert_eq!((all[0].0.as_slice(), all[0].1.len()), (&[0; 1024][..], MAX_VALUE));
}

/// Opens the file as a host does, writes something, and closes it again.
async fn visit(path: &Path, key: Option<&SealKey>) -> Result<Option<Vec<u8>>, StoreError> {
    let backend = open(&format!("sqlite:{}", path.display()), key).await?;
    let s = Session::open(backend, &name("s")).await?;
    let before = s.get(Space::Account, b"").await?.map(|value| value.to_vec());
    s.commit(put(Space::Account, b"", b"account")).await?;
    Ok(before)
}

#[tokio::test]
async fn only_the_right_key_opens_and_a_wrong_one_destroys_nothing() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    assert_eq!(visit(&path, Some(&key(1))).await, Ok(None));
    assert!(wait_closed(LONG));
    let before = fs::read(&path).unwrap();
    assert_eq!(visit(&path, Some(&key(2))).await, Err(StoreError::WrongSealKey));
    assert_eq!(visit(&path, None).await, Err(StoreError::Sealed));
    assert!(wait_closed(LONG));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(visit(&path, Some(&key(1))).await, Ok(Some(b"account".to_vec())));
    // While it is open it is no different.
    let held = open(&format!("sqlite:{}", path.display()), Some(&key(1))).await.unwrap();
    assert_eq!(visit(&path, Some(&key(2))).await, Err(StoreError::WrongSealKey));
    assert_eq!(visit(&path, None).await, Err(StoreError::Sealed));
    drop(held);
}

#[tokio::test]
async fn a_store_in_use_is_not_sealed_afterwards() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    // Nothing is in it yet, but another opener is about to put something there.
    let held = open(&format!("sqlite:{}", path.display()), None).await.unwrap();
    assert_eq!(visit(&path, Some(&key(1))).await, Err(StoreError::NotSealed));
    drop(held);
    assert_eq!(visit(&path, None).await, Ok(None));
    assert!(wait_closed(LONG));
    assert_eq!(visit(&path, Some(&key(1))).await, Err(StoreError::NotSealed));
    assert_eq!(visit(&path, None).await, Ok(Some(b"account".to_vec())));
    // The number of a phone that asked for codes is something, too.
    let other = dir.path().join("other.db");
    let s = Session::open(SqliteBackend::open(&other).await.unwrap(), &name("s")).await.unwrap();
    s.commit(put(Space::Limiter, b"15550001234", b"asked")).await.unwrap();
    drop(s);
    assert!(wait_closed(LONG));
    assert_eq!(visit(&other, Some(&key(1))).await, Err(StoreError::NotSealed));
}

#[tokio::test]
async fn a_damaged_record_of_the_seal_is_not_taken_for_another_key() {
    let salt = [5; 32];
    let code: crate::crypto::Secret<32> =
        crate::crypto::hkdf(Some(&salt), key(1).as_bytes(), b"libwa store, check of the key");
    let first_format = [&[1][..], &salt, code.as_bytes()].concat();
    for (at, first) in (0..73).map(|at| (at, false)).chain([(64, true)]) {
        let inner: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
        let s = Session::open(Arc::clone(&inner), &name("s")).await.unwrap();
        if first {
            // Of the version before this one.
            s.commit(put(Space::Seal, b"", &first_format)).await.unwrap();
        } else {
            sealed(Arc::clone(&inner)).await;
        }
        assert!(SealOpener::default().open(Arc::clone(&inner), Some(&key(1))).await.is_ok());
        assert_eq!(
            SealOpener::default().open(Arc::clone(&inner), Some(&key(2))).await.err(),
            Some(StoreError::WrongSealKey)
        );
        let mut record = s.get(Space::Seal, b"").await.unwrap().unwrap().to_vec();
        record[at] ^= 4;
        s.commit(put(Space::Seal, b"", &record)).await.unwrap();
        let error = SealOpener::default().open(Arc::clone(&inner), Some(&key(1))).await.err().unwrap();
        if first {
            assert_eq!(error, StoreError::WrongSealKey, "it has no check");
        } else {
            assert!(matches!(error, StoreError::Record { space: Space::Seal, .. }), "byte {at}: {error}");
        }
    }
}

/// A sealed backend and what is under it.
async fn both() -> (Arc<dyn Backend>, Arc<dyn Backend>) {
    let inner: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
    (sealed(Arc::clone(&inner)).await, inner)
}

/// A session as the backend sees it, by its place in the list.
async fn under(inner: &Arc<dyn Backend>, index: usize) -> Session {
    let names = inner.list_sessions().await.unwrap();
    Session::open(Arc::clone(inner), &names[index]).await.unwrap()
}

#[tokio::test]
async fn what_is_moved_elsewhere_does_not_open() {
    let (outer, inner) = both().await;
    for session in ["a", "b"] {
        let s = Session::open(outer.clone(), &name(session)).await.unwrap();
        let mut batch = put(Space::Session, b"peer", b"1");
        batch.put(Space::Session, b"other".as_slice(), b"2".as_slice());
        batch.put(Space::Identity, b"peer".as_slice(), b"3".as_slice());
        batch.put(Space::Event, 1u64.to_be_bytes(), b"4".as_slice());
        batch.put(Space::EventMark, 1u64.to_be_bytes(), b"5".as_slice());
        s.commit(batch).await.unwrap();
    }
    let (one, two) = (under(&inner, 0).await, under(&inner, 1).await);
    let rows = one.scan(Space::Session, None, 10).await.unwrap();
    let mark = one.get(Space::EventMark, &1u64.to_be_bytes()).await.unwrap().unwrap();
    let foreign = two.scan(Space::Session, None, 10).await.unwrap();
    let identity = one.scan(Space::Identity, None, 10).await.unwrap();
    let mut batch = Batch::new();
    // From one key to another, one space to another, one session to another.
    batch.put(Space::Session, rows[0].0.clone(), rows[1].1.clone());
    batch.put(Space::Session, rows[1].0.clone(), foreign[1].1.clone());
    batch.put(Space::Identity, identity[0].0.clone(), rows[0].1.clone());
    batch.put(Space::Event, 1u64.to_be_bytes(), mark);
    one.commit(batch).await.unwrap();
    drop((one, two));
    let mut broken = 0;
    for session in ["a", "b"] {
        let s = Session::open(outer.clone(), &name(session)).await.unwrap();
        for (space, key) in [
            (Space::Session, b"peer".to_vec()),
            (Space::Session, b"other".to_vec()),
            (Space::Identity, b"peer".to_vec()),
            (Space::Event, 1u64.to_be_bytes().to_vec()),
        ] {
            match s.get(space, &key).await {
                Err(StoreError::Record { space: named, .. }) if named == space => broken += 1,
                other => assert!(other.unwrap().is_some()),
            }
        }
    }
    assert_eq!(broken, 4);
}

#[tokio::test]
async fn equal_contents_do_not_look_equal() {
    let (outer, inner) = both().await;
    let s = Session::open(outer, &name("s")).await.unwrap();
    let mut batch = put(Space::Session, b"1", b"the same");
    batch.put(Space::Session, b"2".as_slice(), b"the same".as_slice());
    s.commit(batch).await.unwrap();
    drop(s);
    let s = under(&inner, 0).await;
    let rows = s.scan(Space::Session, None, 10).await.unwrap();
    assert_ne!(rows[0].1[25..], rows[1].1[25..]);
}

#[test]
fn no_nonce_comes_twice() {
    let keys = keys();
    let place = keys.place([1; 16], Space::Session, b"key");
    let (first, second) = (keys.seal(&place, b"value"), keys.seal(&place, b"value"));
    assert_eq!(first[..17], second[..17]);
    assert_ne!(first[17..25], second[17..25]);
    // The last of an epoch, and what follows it.
    keys.skip_to((1 << 32) - 1);
    let (last, next) = (keys.seal(&place, b"value"), keys.seal(&place, b"value"));
    assert_eq!((&last[1..17], &last[17..25]), (&first[1..17], &0xffff_ffff_u64.to_be_bytes()[..]));
    assert_ne!(next[1..17], first[1..17]);
    assert_eq!(next[17..25], [0; 8]);
    // Another opening has another epoch, and reads those before it.
    let again = self::keys();
    assert_ne!(again.seal(&place, b"value")[1..17], first[1..17]);
    for sealed in [first, second, last, next] {
        assert_eq!(*again.open(&place, &sealed).unwrap(), *b"value");
    }
}

#[test]
fn shared_values_and_names_are_the_same_each_time() {
    let (keys, again) = (keys(), keys());
    let place = keys.place(SHARED, Space::Limiter, b"15550001234");
    assert_eq!(keys.seal(&place, b"value"), again.seal(&place, b"value"));
    assert_ne!(keys.seal(&place, b"value")[1..13], again.seal(&place, b"other")[1..13]);
    let longest = name(&"x".repeat(255));
    for name in [name("bot"), longest] {
        let sealed = keys.seal_name(&name);
        assert_eq!(sealed, again.seal_name(&name));
        assert!(!sealed.as_str().contains(name.as_str()));
        assert_eq!(again.open_name(&sealed).unwrap(), name);
    }
    let other = Keys::derive(&[8; 32], &key(1));
    assert_ne!(other.seal_name(&name("bot")), keys.seal_name(&name("bot")));
    assert!(other.open_name(&keys.seal_name(&name("bot"))).is_err());
}

#[test]
fn nothing_is_shown() {
    let backend = Sealed::new(Arc::new(MemoryBackend::new()), keys());
    let text = format!("{backend:?} {:?}", key(0xab));
    assert!(text.contains("Keys(..)") && !text.contains("171") && !text.contains("ab, ab"), "{text}");
}

proptest! {
    #[test]
    fn whatever_is_flipped_is_noticed(
        value in proptest::collection::vec(any::<u8>(), 0..80),
        shared: bool,
        at: proptest::sample::Index,
        bit in 0u8..8,
    ) {
        let keys = keys();
        let space = if shared { Space::Limiter } else { Space::Group };
        let place = keys.place([1; 16], space, b"key");
        let mut sealed = keys.seal(&place, &value).to_vec();
        prop_assert_eq!(&*keys.open(&place, &sealed).unwrap(), value.as_slice());
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        let noticed = matches!(keys.open(&place, &sealed), Err(StoreError::Record { .. }));
        prop_assert!(noticed);
    }

    #[test]
    fn anything_at_all_is_no_more_than_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let keys = keys();
        for space in [Space::Limiter, Space::Group, Space::Event] {
            prop_assert!(keys.open(&keys.place([1; 16], space, b"key"), &bytes).is_err());
        }
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        prop_assert!(keys.open_name(&crate::store::SessionName::made(&text)).is_err());
    }
}
