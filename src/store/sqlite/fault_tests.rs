//! The SQLite backend when the file or the disk is not as it should be. Nothing stored may be harmed by it.

use super::SqliteBackend;
use super::log::{DEAD_DISKS, DeadDisk};
use super::sqlite_tests::{LONG, backend};
use super::wait_closed;
use crate::store::conformance::{name, put};
use crate::store::{Batch, Session, Space, StoreError};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A store with one session, closed again.
async fn stored(dir: &TempDir) -> PathBuf {
    let path = dir.path().join("wa.db");
    let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
    let mut batch = Batch::new();
    for i in 0..2000u32 {
        batch.put(Space::OneTimePrekey, i.to_be_bytes(), [7u8; 64].to_vec());
    }
    s.commit(batch).await.unwrap();
    drop(s);
    assert!(wait_closed(LONG));
    path
}

async fn error(path: &Path) -> StoreError {
    SqliteBackend::open(path).await.map(drop).unwrap_err()
}

#[tokio::test]
async fn not_a_database() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("notes.txt");
    let text = "Dear diary, ".repeat(500);
    fs::write(&path, &text).unwrap();
    assert_eq!(error(&path).await, StoreError::NotADatabase { path: path.clone() });
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_another_program() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("other.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE item (x); INSERT INTO item VALUES (1)").unwrap();
    drop(other);
    let before = fs::read(&path).unwrap();
    assert_eq!(error(&path).await, StoreError::Foreign { path: path.clone() });
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_newer_format() {
    let dir = TempDir::new().unwrap();
    let path = stored(&dir).await;
    let future = rusqlite::Connection::open(&path).unwrap();
    future.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(future);
    let before = fs::read(&path).unwrap();
    assert_eq!(error(&path).await, StoreError::NewerFormat { path: path.clone(), found: 99, known: 2 });
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_damaged_file() {
    let dir = TempDir::new().unwrap();
    let path = stored(&dir).await;
    let mut bytes = fs::read(&path).unwrap();
    // All but the first pages, which are the roots: it opens, and fails when the data is needed.
    bytes[6 * 4096..].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let result = async {
        let s = Session::open(SqliteBackend::open(&path).await?, &name("s")).await?;
        s.scan(Space::OneTimePrekey, None, 5000).await.map(drop)
    };
    assert_eq!(
        result.await,
        Err(StoreError::Corrupt { path: path.clone(), what: "the database is malformed" })
    );
    assert!(wait_closed(LONG));
    // The schema itself.
    bytes[100..4096].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(error(&path).await, StoreError::Corrupt { .. }));
    assert!(wait_closed(LONG));
    assert_eq!(fs::read(&path).unwrap(), bytes);
    // Cut off in the middle.
    bytes.truncate(1000);
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(error(&path).await, StoreError::Corrupt { .. } | StoreError::NotADatabase { .. }));
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn a_directory_nobody_may_write_to() {
    // Not even root makes files there.
    let path = Path::new("/sys/wa.db");
    assert_eq!(error(path).await, StoreError::ReadOnly { path: path.to_owned() });
}

#[tokio::test]
async fn a_full_disk_fails_one_batch_and_harms_nothing() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let shared = backend(&path).await;
    let small = Session::open(shared.clone(), &name("small")).await.unwrap();
    let large = Session::open(shared.clone(), &name("large")).await.unwrap();
    small.commit(put(Space::Device, b"", b"before")).await.unwrap();
    // SQLite reports a limit on the number of pages just as it reports a full file system.
    shared.inspect(|connection, _| {
        connection.query_row("PRAGMA max_page_count = 40", [], |_| Ok(())).unwrap();
    });
    let too_much = vec![1; 1024 * 1024];
    // In one group: what fits succeeds though it shared the transaction with what does not.
    let resume = shared.pause();
    let first = small.commit(put(Space::Account, b"1", b"fits"));
    let second = large.commit(put(Space::Account, b"", &too_much));
    let third = small.commit(put(Space::Account, b"3", b"fits"));
    drop(resume);
    first.await.unwrap();
    assert_eq!(second.await, Err(StoreError::Full { path: shared.path().to_owned() }));
    third.await.unwrap();
    let mut half = put(Space::Device, b"", b"half of it");
    half.put(Space::Account, Vec::new(), too_much.clone());
    assert!(matches!(small.commit(half).await, Err(StoreError::Full { .. })));
    for (space, key, value) in [
        (Space::Device, &b""[..], &b"before"[..]),
        (Space::Account, b"1", b"fits"),
        (Space::Account, b"3", b"fits"),
    ] {
        assert_eq!(small.get(space, key).await.unwrap().as_deref(), Some(value));
    }
    assert_eq!(shared_names(&shared).await, ["small"]);
    // Room again: the same batch goes through.
    shared.inspect(|connection, _| {
        connection.query_row("PRAGMA max_page_count = 100000", [], |_| Ok(())).unwrap();
    });
    large.commit(put(Space::Account, b"", &too_much)).await.unwrap();
    assert_eq!(shared_names(&shared).await, ["large", "small"]);
}

async fn shared_names(backend: &Arc<SqliteBackend>) -> Vec<String> {
    use crate::store::Backend;
    backend.list_sessions().await.unwrap().iter().map(|name| name.to_string()).collect()
}

#[tokio::test]
async fn a_failed_opening_can_be_repeated() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    fs::write(&path, "not a database ".repeat(100)).unwrap();
    assert!(matches!(error(&path).await, StoreError::NotADatabase { .. }));
    fs::remove_file(&path).unwrap();
    let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
    s.commit(put(Space::Device, b"", b"x")).await.unwrap();
}

#[tokio::test]
async fn a_log_that_cannot_be_written_fails_commits_and_harms_nothing() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let shared = backend(&path).await;
    let s = Session::open(shared.clone(), &name("s")).await.unwrap();
    fs::create_dir(dir.path().join("wa.db-log")).unwrap();
    let resume = shared.pause();
    let commits = [s.commit(put(Space::Device, b"", b"x")), s.commit(put(Space::Account, b"", b"y"))];
    let read = s.get(Space::Device, b"");
    drop(resume);
    for commit in commits {
        assert!(matches!(commit.await, Err(StoreError::Io { .. })));
    }
    assert_eq!(read.await, Ok(None));
    assert_eq!(s.get(Space::Device, b"").await.unwrap(), None);
    fs::remove_dir(dir.path().join("wa.db-log")).unwrap();
    s.commit(put(Space::Device, b"", b"z")).await.unwrap();
    assert_eq!(s.get(Space::Device, b"").await.unwrap().as_deref(), Some(&b"z"[..]));
    assert_eq!(s.get(Space::Account, b"").await.unwrap(), None);
    assert_eq!(shared_names(&shared).await, ["s"]);
}

#[tokio::test]
async fn names_that_are_too_long() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().canonicalize().unwrap();
    let longest = folder.join("n".repeat(247));
    let s = Session::open(backend(&longest).await, &name("s")).await.unwrap();
    s.commit(put(Space::Device, b"", b"x")).await.unwrap();
    for long in [folder.join("n".repeat(248)), folder.join("n".repeat(256))] {
        let error = SqliteBackend::open(&long).await.unwrap_err();
        assert!(matches!(error, StoreError::NameTooLong { .. }), "{error:?}");
    }
    let mut deep = folder;
    while deep.as_os_str().len() < 450 {
        deep = deep.join("f".repeat(40));
        fs::create_dir(&deep).unwrap();
    }
    let error = SqliteBackend::open(&deep.join("n".repeat(60))).await.unwrap_err();
    assert!(matches!(error, StoreError::NameTooLong { .. }), "{error:?}");
}

/// Lets so many flushes of a store's log fail, as long as it lives.
struct Dying(PathBuf);

impl Dying {
    fn new(database: &Path, failures: u32) -> Self {
        let database = database.canonicalize().unwrap();
        DEAD_DISKS.lock().insert(database.clone(), DeadDisk { failures, ..DeadDisk::default() });
        Self(database)
    }

    /// The log as it was when the last flush failed, as the disk may have it.
    fn seen(&self) -> Vec<u8> {
        DEAD_DISKS.lock().get(&self.0).unwrap().seen.clone()
    }
}

impl Drop for Dying {
    fn drop(&mut self) {
        DEAD_DISKS.lock().remove(&self.0);
    }
}

const WANTED: [(Space, &[u8]); 3] = [(Space::Device, b""), (Space::Account, b""), (Space::Known, b"k")];

/// Returns the rows of a session that is opened after the process was killed now, or after the power failed and the disk has that
/// log.
async fn after_a_crash(dir: &TempDir, log: Option<Vec<u8>>) -> [Option<Vec<u8>>; 3] {
    let copy = TempDir::new().unwrap();
    for entry in fs::read_dir(dir.path()).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    if let Some(log) = log {
        fs::write(copy.path().join("wa.db-log"), log).unwrap();
    }
    let s = Session::open(backend(&copy.path().join("wa.db")).await, &name("s")).await.unwrap();
    let mut found = [None, None, None];
    for ((space, key), found) in WANTED.into_iter().zip(&mut found) {
        *found = s.get(space, key).await.unwrap().map(|value| value.to_vec());
    }
    found
}

fn texts(texts: [Option<&str>; 3]) -> [Option<Vec<u8>>; 3] {
    texts.map(|text| text.map(|text| text.as_bytes().to_vec()))
}

#[tokio::test]
async fn what_could_not_be_flushed_is_void_and_the_store_goes_on() {
    for in_a_new_round in [false, true] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("wa.db");
        let shared = backend(&path).await;
        let s = Session::open(shared.clone(), &name("s")).await.unwrap();
        s.commit(put(Space::Device, b"", b"before")).await.unwrap();
        if in_a_new_round {
            // A listing brings the log into the database.
            s.scan(Space::Device, None, 1).await.unwrap();
        }
        let disk = Dying::new(&path, 1);
        let resume = shared.pause();
        let commits =
            [s.commit(put(Space::Device, b"", b"lost")), s.commit(put(Space::Account, b"", b"lost"))];
        let read = s.get(Space::Device, b"");
        drop(resume);
        for commit in commits {
            let error = commit.await.unwrap_err();
            assert!(matches!(error, StoreError::Io { .. }), "it is known to have failed: {error:?}");
        }
        assert!(read.await.is_err(), "it had seen what was taken back");
        let before = texts([Some("before"), None, None]);
        assert_eq!(after_a_crash(&dir, None).await, before);
        assert_eq!(after_a_crash(&dir, Some(disk.seen())).await, before, "the disk had it all the same");
        s.commit(put(Space::Known, b"k", b"after")).await.unwrap();
        let after = texts([Some("before"), None, Some("after")]);
        assert_eq!(after_a_crash(&dir, None).await, after);
        drop((s, shared));
        assert!(wait_closed(LONG));
        assert_eq!(after_a_crash(&dir, None).await, after);
    }
}

#[tokio::test]
async fn as_long_as_the_disk_is_dead_it_is_not_known_what_it_has() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let shared = backend(&path).await;
    let s = Session::open(shared.clone(), &name("s")).await.unwrap();
    s.commit(put(Space::Device, b"", b"before")).await.unwrap();
    let disk = Dying::new(&path, u32::MAX);
    let resume = shared.pause();
    let commit = s.commit(put(Space::Account, b"", b"lost"));
    drop(resume);
    let error = commit.await.unwrap_err();
    assert!(matches!(error, StoreError::Unflushed { .. }), "{error:?}");
    let before = texts([Some("before"), None, None]);
    assert_eq!(after_a_crash(&dir, None).await, before, "not if the process is killed");
    // Later batches are refused, whichever way they take, and certainly not there.
    let mut large = put(Space::Known, b"k", b"lost");
    large.delete_space(Space::Known).put(Space::Known, b"k".as_slice(), b"lost".as_slice());
    for batch in [put(Space::Known, b"k", b"lost"), large] {
        let error = s.commit(batch).await.unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
    }
    assert_eq!(s.get(Space::Device, b"").await.unwrap().as_deref(), Some(&b"before"[..]));
    assert_eq!(after_a_crash(&dir, None).await, before);
    let seen = disk.seen();
    drop(disk);
    s.commit(put(Space::Known, b"k", b"after")).await.unwrap();
    let after = texts([Some("before"), None, Some("after")]);
    assert_eq!(after_a_crash(&dir, None).await, after);
    assert!(!seen.is_empty());
    assert_eq!(s.get(Space::Account, b"").await.unwrap(), None);
}

#[tokio::test]
async fn a_flush_for_which_there_is_no_room_fails_as_a_full_disk_does() {
    for (failures, is_known) in [(1, true), (u32::MAX, false)] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("wa.db");
        let shared = backend(&path).await;
        let s = Session::open(shared.clone(), &name("s")).await.unwrap();
        s.commit(put(Space::Device, b"", b"before")).await.unwrap();
        let disk = Dying::new(&path, failures);
        DEAD_DISKS.lock().get_mut(&disk.0).unwrap().is_full = true;
        let resume = shared.pause();
        let commit = s.commit(put(Space::Account, b"", b"lost"));
        drop(resume);
        let error = commit.await.unwrap_err();
        assert_eq!(matches!(error, StoreError::Full { .. }), is_known, "{error:?}");
        assert_eq!(matches!(error, StoreError::Unflushed { is_full: true, .. }), !is_known, "{error:?}");
        drop(disk);
        s.commit(put(Space::Account, b"", b"after")).await.unwrap();
        assert_eq!(after_a_crash(&dir, None).await, texts([Some("before"), Some("after"), None]));
    }
}

#[tokio::test]
async fn a_commit_that_needs_no_thread_is_voided_by_the_thread() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
    s.commit(put(Space::Device, b"", b"before")).await.unwrap();
    let disk = Dying::new(&path, 1);
    let error = s.commit(put(Space::Account, b"", b"lost")).await.unwrap_err();
    assert!(matches!(error, StoreError::Unflushed { .. } | StoreError::Io { .. }), "{error:?}");
    let seen = disk.seen();
    // An answer of the thread: what it had to do before is done.
    s.scan(Space::FirstContact, None, 1).await.unwrap();
    let before = texts([Some("before"), None, None]);
    assert_eq!(after_a_crash(&dir, None).await, before);
    assert_eq!(after_a_crash(&dir, Some(seen)).await, before, "the disk had it all the same");
}

#[tokio::test]
async fn what_is_in_the_database_is_told_as_done_though_the_log_cannot_note_it() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
    let large = |value: &[u8]| {
        let mut large = Batch::new();
        large.delete_space(Space::Known).put(Space::Known, b"k".as_slice(), value);
        large
    };
    // The log knows the database as it is then, so that nothing has to be flushed before the next transaction.
    s.commit(large(b"old")).await.unwrap();
    let disk = Dying::new(&path, 1);
    s.commit(large(b"new")).await.unwrap();
    assert!(!disk.seen().is_empty(), "a flush failed");
    let new = texts([None, None, Some("new")]);
    assert_eq!(after_a_crash(&dir, None).await, new);
    s.commit(put(Space::Device, b"", b"after")).await.unwrap();
    assert_eq!(after_a_crash(&dir, None).await, texts([Some("after"), None, Some("new")]));
}
