//! Stores of which files are gone: what is left of one that was used is never taken for a new one.

use super::sqlite_tests::{LONG, backend};
use super::{SqliteBackend, wait_closed};
use crate::store::conformance::{name, put};
use crate::store::{Backend, Session, Space, StoreError};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

type Files = BTreeMap<String, Vec<u8>>;

fn files(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()));
    files.map(|(name, bytes)| (name.into_string().unwrap(), bytes)).collect()
}

fn folder_of(files: &Files) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

/// All choices of some of these files.
fn subsets(files: &Files) -> impl Iterator<Item = Files> + '_ {
    (0..1u32 << files.len()).map(|choice| {
        let chosen = files.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1);
        chosen.map(|(_, (name, bytes))| (name.clone(), bytes.clone())).collect()
    })
}

/// Returns the store's answer in a folder, and closes it.
async fn said(folder: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let said = match SqliteBackend::open(&folder.join("wa.db")).await {
        Err(error) => Err(error),
        Ok(shared) => {
            let s = Session::open(shared, &name("s")).await.unwrap();
            let said = s.get(Space::Device, b"").await.unwrap();
            s.commit(put(Space::Account, b"", b"goes on")).await.unwrap();
            Ok(said.map(|value| value.to_vec()))
        }
    };
    assert!(wait_closed(LONG));
    said
}

/// The files of a store with one value, as a kill leaves them, and after it was closed.
async fn used() -> [(&'static str, Files); 2] {
    let dir = TempDir::new().unwrap();
    let s = Session::open(backend(&dir.path().join("wa.db")).await, &name("s")).await.unwrap();
    s.commit(put(Space::Device, b"", b"linked")).await.unwrap();
    let killed = files(dir.path());
    drop(s);
    assert!(wait_closed(LONG));
    [("killed", killed), ("closed", files(dir.path()))]
}

/// Files of SQLite's that other programs leave beside a database that they had open.
fn left_by_others(files: &mut Files) {
    files.insert("wa.db-shm".to_owned(), [&3_007_000u32.to_le_bytes()[..], &[1; 100]].concat());
    let pages = 9u32.to_be_bytes();
    let journal = [&[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7][..], &[0; 8], &pages, &[0; 8]].concat();
    files.entry("wa.db-journal".to_owned()).or_insert(journal);
}

#[tokio::test]
async fn whatever_is_left_of_a_store_that_was_used_is_no_new_one() {
    for (how, whole) in used().await {
        let mut with_others = whole.clone();
        left_by_others(&mut with_others);
        let (mut refused, mut read) = (0, 0);
        // SQLite would take a journal beside a database for a transaction to be taken back.
        let is_theirs = |left: &Files| left.contains_key("wa.db") && left.contains_key("wa.db-journal");
        for left in subsets(&with_others).filter(|left| !left.is_empty() && !is_theirs(left)) {
            let names: Vec<_> = left.keys().cloned().collect();
            let what = format!("{how}: {names:?}");
            let dir = folder_of(&left);
            match said(dir.path()).await {
                // With its database and all that it needs; else it is damaged.
                Ok(value) => {
                    assert!(left.contains_key("wa.db"), "{what}: it is taken for a new one");
                    assert_eq!(value.as_deref(), Some(&b"linked"[..]), "{what}");
                    read += 1;
                    continue;
                }
                Err(StoreError::Corrupt { .. }) => assert!(left.contains_key("wa.db"), "{what}"),
                Err(error @ StoreError::DatabaseMissing { .. }) => {
                    assert!(!left.contains_key("wa.db"), "{what}");
                    let StoreError::DatabaseMissing { left: shown, .. } = &error else { unreachable!() };
                    assert!(dir.path().canonicalize().unwrap().join(shown).exists(), "{what}: {error}");
                    assert!(error.to_string().contains("pair again"), "{error}");
                }
                // Files of other programs alone, and none of ours.
                Err(StoreError::Foreign { path }) => {
                    assert!(left.keys().all(|name| !whole.contains_key(name)), "{what}: {path:?}");
                }
                Err(error) => panic!("{what}: {error}"),
            }
            refused += 1;
            if !left.contains_key("wa.db") {
                assert!(files(dir.path()) == left, "{what}: nothing is changed, and no file made");
                // The advice is followed.
                left.keys().for_each(|name| fs::remove_file(dir.path().join(name)).unwrap());
                assert_eq!(said(dir.path()).await, Ok(None), "{what}");
            }
        }
        assert!(refused > 6 && read > 0, "{how}: {refused}, {read}");
        // An empty file is no database either.
        for mut left in subsets(&whole).filter(|left| !left.contains_key("wa.db") && !left.is_empty()) {
            let names: Vec<_> = left.keys().cloned().collect();
            left.insert("wa.db".to_owned(), Vec::new());
            let said = said(folder_of(&left).path()).await;
            assert!(matches!(said, Err(StoreError::DatabaseMissing { .. })), "{how}: {names:?}: {said:?}");
        }
    }
}

/// A store that was closed and is moved without its lock file is whole.
#[tokio::test]
async fn a_store_that_was_closed_is_its_database() {
    let [_, (_, mut closed)] = used().await;
    closed.retain(|name, _| name == "wa.db");
    assert_eq!(said(folder_of(&closed).path()).await, Ok(Some(b"linked".to_vec())));
}

/// Its account was erased, its file is there.
#[tokio::test]
async fn a_store_whose_sessions_were_erased_opens() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
    s.commit(put(Space::Device, b"", b"linked")).await.unwrap();
    drop(s);
    assert!(backend(&path).await.erase(&name("s")).await.unwrap());
    assert!(wait_closed(LONG));
    assert_eq!(said(dir.path()).await, Ok(None));
    // All that belongs to it was removed.
    for name in files(dir.path()).keys() {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    assert_eq!(said(dir.path()).await, Ok(None));
}

/// An opening that was cut off before anything was committed: by a kill at any moment, or closed.
#[tokio::test]
async fn a_store_that_was_never_used_is_a_new_one() {
    let dir = TempDir::new().unwrap();
    let shared = backend(&dir.path().join("wa.db")).await;
    let opened = files(dir.path());
    drop(shared);
    assert!(wait_closed(LONG));
    let closed = files(dir.path());
    let lock = closed["wa.db-lock"].clone();
    assert!(!lock.is_empty());
    let of = |files: &[(&str, &[u8])]| -> Files {
        files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()
    };
    // Of the first transaction of all, of which nothing has reached the database.
    let first = [&[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7][..], &[0; 504]].concat();
    let cut_off = [
        ("as it was open", opened),
        ("as it was closed", closed),
        ("the lock file", of(&[("wa.db-lock", &lock)])),
        ("an empty lock file", of(&[("wa.db-lock", &[])])),
        ("an empty database", of(&[("wa.db", &[]), ("wa.db-lock", &lock)])),
        ("a first journal", of(&[("wa.db", &[]), ("wa.db-lock", &lock), ("wa.db-journal", &first)])),
        ("room", of(&[("wa.db-lock", &lock), ("wa.db-wal", &[0; 64]), ("wa.db-log", &[0; 64])])),
        ("a file that a host made", of(&[("wa.db", &[])])),
    ];
    for (what, left) in cut_off {
        let dir = folder_of(&left);
        assert_eq!(said(dir.path()).await, Ok(None), "{what}");
        assert_eq!(said(dir.path()).await, Ok(None), "{what}, again");
    }
}

/// Of openings at once, each finds a new store or one that is in use.
#[test]
fn a_new_store_that_many_make_at_once() {
    for _ in 0..20 {
        let dir = TempDir::new().unwrap();
        let path = dir.path().canonicalize().unwrap().join("wa.db");
        let looks: Vec<_> = (0..3)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || {
                    for _ in 0..200 {
                        if let Err(error) = super::recognise::check(&path) {
                            return Some(error);
                        }
                    }
                    None
                })
            })
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
            s.commit(put(Space::Device, b"", b"x")).await.unwrap();
        });
        for look in looks {
            assert_eq!(look.join().unwrap(), None);
        }
        assert!(wait_closed(LONG));
    }
}
