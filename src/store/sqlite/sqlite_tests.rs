//! The SQLite backend within one process, when all goes well.

use super::commit_path::Counters;
use super::job::WorkerJob;
use super::{SqliteBackend, wait_closed};
use crate::store::conformance::{name, put, run};
use crate::store::{Backend, Batch, MAX_VALUE, Session, Space, StoreError, open};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;
use tempfile::TempDir;

pub(super) const LONG: Duration = Duration::from_secs(60);

pub(super) async fn backend(path: &Path) -> Arc<SqliteBackend> {
    SqliteBackend::open(path).await.unwrap()
}

impl SqliteBackend {
    /// Runs something on the file's thread, between two groups or within one.
    pub(super) fn inspect(&self, look: impl FnOnce(&rusqlite::Connection, &Counters) + Send + 'static) {
        self.jobs.send(WorkerJob::Inspect(Box::new(look))).unwrap();
    }

    pub(super) async fn counters(&self) -> Counters {
        let (send, receive) = tokio::sync::oneshot::channel();
        self.inspect(|_, counters| send.send(*counters).unwrap());
        receive.await.unwrap()
    }

    /// Stops the thread until the returned end is dropped.
    pub(super) fn pause(&self) -> mpsc::Sender<()> {
        let (resume, wait) = mpsc::channel::<()>();
        self.inspect(move |_, _| {
            let _ = wait.recv();
        });
        resume
    }
}

pub(super) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn sqlite_backend_passes() {
    let dir = TempDir::new().unwrap();
    run(backend(&dir.path().join("wa.db")).await).await;
}

#[tokio::test]
async fn data_outlives_the_backend() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    for round in 0..3u8 {
        let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
        let stored = s.get(Space::Device, b"").await.unwrap();
        assert_eq!(stored.as_deref(), (round > 0).then_some(&[round][..]));
        s.commit(put(Space::Device, b"", &[round + 1])).await.unwrap();
    }
    assert!(wait_closed(LONG));
    // Closed in an orderly way, the data is in one file, and the lock file is the only other.
    let mut files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["wa.db", "wa.db-lock"]);
}

#[tokio::test]
async fn what_is_queued_is_done_though_nobody_waits() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
    drop(s.commit(put(Space::Device, b"", b"x")));
    drop(s);
    let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
    assert_eq!(s.get(Space::Device, b"").await.unwrap().as_deref(), Some(&b"x"[..]));
}

#[tokio::test]
async fn an_opening_that_was_given_up_leaves_the_session_free() {
    let dir = TempDir::new().unwrap();
    let backend = backend(&dir.path().join("wa.db")).await;
    for answered in [true, false] {
        let resume = backend.pause();
        let opening = backend.open_session(&name("s"));
        let later = backend.list_sessions();
        if answered {
            drop(resume);
            later.await.unwrap();
            drop(opening);
        } else {
            drop(opening);
            drop(resume);
        }
        drop(Session::open(backend.clone(), &name("s")).await.unwrap());
    }
}

#[tokio::test]
async fn one_file_is_one_backend_however_it_is_named() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let first = backend(&path).await;
    symlink(&path, dir.path().join("link.db")).unwrap();
    let second = backend(&dir.path().join("link.db")).await;
    let third = backend(&dir.path().join("../").join(dir.path().file_name().unwrap()).join("wa.db")).await;
    assert!(Arc::ptr_eq(&first, &second) && Arc::ptr_eq(&first, &third));
    // Many at once, before the file is there.
    let path = dir.path().join("other.db");
    let opened = futures_util::future::join_all((0..50).map(|_| backend(&path))).await;
    assert!(opened.windows(2).all(|pair| Arc::ptr_eq(&pair[0], &pair[1])));
    // By another hard link it is another file to us, but SQLite knows better.
    fs::hard_link(dir.path().join("wa.db"), dir.path().join("hard.db")).unwrap();
    let hard = SqliteBackend::open(&dir.path().join("hard.db")).await;
    assert!(matches!(hard, Err(StoreError::Locked { .. })), "{hard:?}");
    let s = Session::open(first, &name("s")).await.unwrap();
    s.commit(put(Space::Device, b"", b"still works")).await.unwrap();
}

#[tokio::test]
async fn urls() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    open(&format!("sqlite:{}", path.display()), None).await.unwrap();
    assert!(path.exists());
    open("memory:", None).await.unwrap();
    for bad in
        ["", "sqlite", "sqlite:", "sqlite://wa.db", "file:wa.db", "memory", "memory:x", "postgres://h/d"]
    {
        assert_eq!(open(bad, None).await.err(), Some(StoreError::Url), "{bad}");
    }
    let nowhere = dir.path().join("none/wa.db");
    let error = open(&format!("sqlite:{}", nowhere.display()), None).await.unwrap_err();
    assert_eq!(error, StoreError::NoDirectory { path: nowhere });
    let below_a_file = path.join("wa.db");
    assert!(matches!(SqliteBackend::open(&below_a_file).await, Err(StoreError::NoDirectory { .. })));
    assert!(matches!(SqliteBackend::open(dir.path()).await, Err(StoreError::NotADatabase { .. })));
    symlink(dir.path().join("nothing"), dir.path().join("dangling")).unwrap();
    let dangling = SqliteBackend::open(&dir.path().join("dangling")).await;
    assert!(matches!(dangling, Err(StoreError::NoDirectory { .. })));
}

#[tokio::test]
async fn an_open_file_that_others_could_read_is_narrowed() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    fs::write(&path, b"").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
    s.commit(put(Space::Device, b"", b"x")).await.unwrap();
    for file in ["wa.db", "wa.db-log", "wa.db-wal", "wa.db-lock"] {
        assert_eq!(mode(&dir.path().join(file)), 0o600, "{file}");
    }
    assert!(!dir.path().join("wa.db-shm").exists(), "exclusive mode needs no shared memory");
}

#[tokio::test]
async fn commits_that_wait_share_one_flush() {
    let dir = TempDir::new().unwrap();
    let backend = backend(&dir.path().join("wa.db")).await;
    let mut sessions = Vec::new();
    for i in 0..100 {
        sessions.push(Session::open(backend.clone(), &name(&format!("s{i}"))).await.unwrap());
    }
    let before = backend.counters().await;
    let resume = backend.pause();
    let commits: Vec<_> = sessions.iter().map(|s| s.commit(put(Space::Device, b"", b"x"))).collect();
    drop(resume);
    for commit in commits {
        commit.await.unwrap();
    }
    let after = backend.counters().await;
    assert_eq!(after.batches - before.batches, 100);
    assert!(after.transactions - before.transactions <= 2, "{before:?} {after:?}");
}

#[tokio::test]
async fn reads_never_show_what_is_not_on_disk() {
    let dir = TempDir::new().unwrap();
    let backend = backend(&dir.path().join("wa.db")).await;
    let a = Session::open(backend.clone(), &name("a")).await.unwrap();
    let b = Session::open(backend.clone(), &name("b")).await.unwrap();
    b.commit(put(Space::Device, b"", b"of b")).await.unwrap();
    // All in one group, which is stopped before its flush: what is answered by then did not wait for it.
    let outer = backend.pause();
    let _commit = a.commit(put(Space::Device, b"", b"new"));
    let mut own = a.get(Space::Device, b"");
    let mut shared = a.get(Space::Limiter, b"1");
    let other = b.get(Space::Device, b"");
    let inner = backend.pause();
    drop(outer);
    assert_eq!(other.await.unwrap().as_deref(), Some(&b"of b"[..]));
    let mut context = Context::from_waker(Waker::noop());
    assert!(own.as_mut().poll(&mut context).is_pending());
    assert!(shared.as_mut().poll(&mut context).is_pending());
    drop(inner);
    assert_eq!(own.await.unwrap().as_deref(), Some(&b"new"[..]));
    assert_eq!(shared.await.unwrap(), None);
}

#[tokio::test]
async fn a_thousand_sessions_in_one_file() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let shared = backend(&path).await;
    let open = |i: usize| {
        let shared = shared.clone();
        async move { Session::open(shared, &name(&format!("session {i:04}"))).await.unwrap() }
    };
    let sessions = futures_util::future::join_all((0..1000).map(open)).await;
    let fill = |s: &Session, i: usize| {
        let mut batch = put(Space::Device, b"", format!("device {i}").as_bytes());
        batch.put(Space::Account, Vec::new(), format!("account {i}").into_bytes());
        s.commit(batch)
    };
    let commits = sessions.iter().enumerate().map(|(i, s)| fill(s, i));
    for result in futures_util::future::join_all(commits).await {
        result.unwrap();
    }
    assert_eq!(shared.list_sessions().await.unwrap().len(), 1000);
    let mut erase = Batch::new();
    erase.erase_session();
    sessions[500].commit(erase).await.unwrap();
    drop((sessions, shared));
    let shared = backend(&path).await;
    let names = shared.list_sessions().await.unwrap();
    assert_eq!(names.len(), 999);
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]));
    for (i, expected) in [(0, Some(&b"account 0"[..])), (500, None), (999, Some(&b"account 999"[..]))] {
        let s = Session::open(shared.clone(), &name(&format!("session {i:04}"))).await.unwrap();
        assert_eq!(s.get(Space::Account, b"").await.unwrap().as_deref(), expected);
    }
}

#[tokio::test]
async fn erased_bytes_are_gone_from_the_files() {
    for all in [true, false] {
        erased_bytes_are_gone(all).await;
    }
}

/// `all`: the session; else one space of it.
async fn erased_bytes_are_gone(all: bool) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let s = Session::open(backend(&path).await, &name("victim")).await.unwrap();
    let secret = b"a very recognisable secret";
    s.commit(put(Space::Device, b"", secret)).await.unwrap();
    drop(s.keys(Space::Device, None, 1).await.unwrap());
    let found = || {
        let holds = |file: &str| {
            let bytes = fs::read(dir.path().join(file)).unwrap_or_default();
            bytes.windows(secret.len()).any(|window| window == secret)
        };
        holds("wa.db") || holds("wa.db-wal") || holds("wa.db-log")
    };
    assert!(found());
    let mut erase = Batch::new();
    if all {
        erase.erase_session();
    } else {
        erase.delete_space(Space::Device);
    }
    s.commit(erase).await.unwrap();
    assert!(!found());
}

#[tokio::test]
async fn session_numbers_are_not_used_again() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let shared = backend(&path).await;
    let key = shared.open_session(&name("a")).await.unwrap();
    shared.commit(key, put(Space::Device, b"", b"x")).await.unwrap();
    shared.close_session(key);
    assert!(shared.erase(&name("a")).await.unwrap());
    drop(shared);
    let shared = backend(&path).await;
    let next = shared.open_session(&name("b")).await.unwrap();
    assert!(next > key);
    let unused = shared.open_session(&name("c")).await.unwrap();
    assert!(unused > next);
}

#[tokio::test]
async fn absurd_sizes_are_refused() {
    let dir = TempDir::new().unwrap();
    let s = Session::open(backend(&dir.path().join("wa.db")).await, &name("s")).await.unwrap();
    let huge = vec![0; MAX_VALUE + 1];
    assert_eq!(s.commit(put(Space::Device, b"", &huge)).await, Err(StoreError::TooLarge));
    assert_eq!(s.commit(put(Space::Device, &[0; 1025], b"")).await, Err(StoreError::TooLarge));
    s.commit(put(Space::Device, &[0; 1024], &huge[1..])).await.unwrap();
    assert_eq!(s.get(Space::Device, &[0; 1024]).await.unwrap().unwrap().len(), MAX_VALUE);
}

/// The files as a crash would leave them at this moment, opened elsewhere.
async fn after_a_crash(dir: &TempDir) -> (TempDir, Session) {
    let copy = TempDir::new().unwrap();
    for file in ["wa.db", "wa.db-log", "wa.db-wal", "wa.db-lock"] {
        if dir.path().join(file).exists() {
            fs::copy(dir.path().join(file), copy.path().join(file)).unwrap();
        }
    }
    let session = Session::open(backend(&copy.path().join("wa.db")).await, &name("s")).await.unwrap();
    (copy, session)
}

#[tokio::test]
async fn what_the_log_holds_outlives_a_crash() {
    let dir = TempDir::new().unwrap();
    let s = Session::open(backend(&dir.path().join("wa.db")).await, &name("s")).await.unwrap();
    // Several times what the log holds, so that part of it is in the database and part is not.
    let value = vec![7; 100_000];
    for round in 0..150u8 {
        let mut batch = put(Space::Device, b"", &[round]);
        batch.put(Space::Account, vec![round % 50], value.clone());
        batch.delete(Space::Account, vec![(round + 1) % 50]);
        s.commit(batch).await.unwrap();
        if round % 30 != 7 {
            continue;
        }
        let (_copy, again) = after_a_crash(&dir).await;
        assert_eq!(again.get(Space::Device, b"").await.unwrap().as_deref(), Some(&[round][..]));
        let keys = again.keys(Space::Account, None, 100).await.unwrap();
        assert_eq!(keys, s.keys(Space::Account, None, 100).await.unwrap());
        let there = again.get(Space::Account, &[round % 50]).await.unwrap();
        assert_eq!(there.as_deref(), Some(&value[..]));
    }
    assert!(fs::metadata(dir.path().join("wa.db-log")).unwrap().len() < 6 << 20);
}

#[tokio::test]
async fn nothing_older_comes_back_over_what_went_into_the_database_at_once() {
    let dir = TempDir::new().unwrap();
    let s = Session::open(backend(&dir.path().join("wa.db")).await, &name("s")).await.unwrap();
    let large = vec![1; 1 << 20];
    for round in 0..3u8 {
        let mut batch = put(Space::Device, b"", b"small");
        batch.put(Space::Account, vec![round], vec![round]);
        batch.put(Space::Known, vec![round], vec![round]);
        s.commit(batch).await.unwrap();

        s.commit(put(Space::Device, b"", &large)).await.unwrap();
        let (_copy, again) = after_a_crash(&dir).await;
        assert_eq!(again.get(Space::Device, b"").await.unwrap().as_deref(), Some(&large[..]));
        assert_eq!(again.get(Space::Account, &[round]).await.unwrap().as_deref(), Some(&[round][..]));

        let mut batch = Batch::new();
        batch.delete_space(Space::Account);
        s.commit(batch).await.unwrap();
        let (_copy, again) = after_a_crash(&dir).await;
        assert!(again.keys(Space::Account, None, 9).await.unwrap().is_empty());
        assert_eq!(again.keys(Space::Known, None, 9).await.unwrap().len(), 1);

        s.commit(put(Space::Account, b"", b"x")).await.unwrap();
        let mut batch = Batch::new();
        batch.erase_session();
        s.commit(batch).await.unwrap();
        let (_copy, again) = after_a_crash(&dir).await;
        for space in [Space::Device, Space::Account, Space::Known] {
            assert!(again.keys(space, None, 9).await.unwrap().is_empty());
        }
    }
}

/// As after a failure of power, when nothing but the beginning of the log was noted in the lock file.
#[tokio::test]
async fn a_log_that_is_cut_off_anywhere_gives_what_was_written_up_to_there() {
    let dir = TempDir::new().unwrap();
    let s = Session::open(backend(&dir.path().join("wa.db")).await, &name("s")).await.unwrap();
    let log = dir.path().join("wa.db-log");
    let (mut lengths, mut files) = (Vec::new(), Vec::new());
    for round in 1..=4u8 {
        let mut batch = put(Space::Device, b"", &[round]);
        batch.put(Space::Account, vec![round], vec![round; 5]);
        s.commit(batch).await.unwrap();
        lengths.push(fs::metadata(&log).unwrap().len());
        // At once: in a quiet moment all goes into the database.
        files = ["wa.db", "wa.db-log", "wa.db-wal", "wa.db-lock"]
            .map(|file| (file, fs::read(dir.path().join(file)).unwrap()))
            .into();
    }
    let mark = super::watermark::Watermark::read(&files[3].1).unwrap().unwrap();
    files[3].1 = super::watermark::Watermark { end: 40, ..mark }.to_bytes().to_vec();
    for length in 0..=lengths[3] {
        let whole = lengths.iter().filter(|end| **end <= length).count();
        let copy = TempDir::new().unwrap();
        for (file, bytes) in &files {
            fs::write(copy.path().join(file), bytes).unwrap();
        }
        let cut = fs::OpenOptions::new().write(true).open(copy.path().join("wa.db-log")).unwrap();
        cut.set_len(length).unwrap();
        let opened = SqliteBackend::open(&copy.path().join("wa.db")).await;
        if length < 40 {
            // There is always a header.
            assert!(matches!(opened, Err(StoreError::Corrupt { .. })), "{length} bytes");
            continue;
        }
        let again = Session::open(opened.unwrap(), &name("s")).await.unwrap();
        let newest = again.get(Space::Device, b"").await.unwrap();
        assert_eq!(newest.as_deref(), (whole > 0).then_some(&[whole as u8][..]), "{length} bytes");
        assert_eq!(again.keys(Space::Account, None, 9).await.unwrap().len(), whole);
    }
}

/// A store as the version before this one left it after a crash.
#[tokio::test]
async fn a_store_of_the_first_format_is_taken_over_with_its_log() {
    for log in [true, false] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("wa.db");
        let old = rusqlite::Connection::open(&path).unwrap();
        old.execute_batch(super::schema::MIGRATIONS[0]).unwrap();
        old.execute_batch(
            "PRAGMA application_id = 0x6c696277; PRAGMA user_version = 1;
             INSERT INTO session VALUES (1, 's'); INSERT INTO item VALUES (1, 1, x'', x'0a');",
        )
        .unwrap();
        drop(old);
        if log {
            // Round 1; one record: the row of space 1 under the empty key becomes 0b.
            let mut record = vec![1];
            record.extend(1i64.to_le_bytes());
            record.extend([1, 0, 0, 1, 0, 0, 0, 0x0b]);
            let check = super::log_format::mix(&[1, 16, record.len() as u64], &record);
            let mut file = b"wa-log\0\x01".to_vec();
            file.extend(1u64.to_le_bytes());
            file.extend((record.len() as u32).to_le_bytes());
            file.extend(check.to_le_bytes());
            file.extend(&record);
            fs::write(dir.path().join("wa.db-log"), file).unwrap();
        }
        for round in 0..2 {
            let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
            let expected = if log { 0x0b } else { 0x0a };
            assert_eq!(s.get(Space::Device, b"").await.unwrap().as_deref(), Some(&[expected][..]));
            s.commit(put(Space::Account, &[round], b"new")).await.unwrap();
            assert_eq!(s.keys(Space::Account, None, 9).await.unwrap().len(), usize::from(round) + 1);
            drop(s);
            assert!(wait_closed(LONG));
        }
    }
}

#[tokio::test]
async fn the_write_ahead_log_does_not_grow_without_end() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let shared = backend(&path).await;
    let s = Session::open(shared.clone(), &name("s")).await.unwrap();
    for round in 0..120u8 {
        s.commit(put(Space::Known, b"", &[round; 100_000])).await.unwrap();
        // Brings it into the database, long before our own log is full.
        assert_eq!(s.scan(Space::Known, None, 9).await.unwrap().len(), 1);
        let _ = shared.counters().await;
        let length = fs::metadata(dir.path().join("wa.db-wal")).unwrap().len();
        assert!(length < super::worker::MOST_WAL + 1_000_000, "{length} bytes after {round} rounds");
    }
}

#[tokio::test]
async fn what_is_no_file_is_not_waited_for() {
    for suffix in ["", "-log", "-wal", "-journal", "-lock"] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("wa.db");
        if !suffix.is_empty() {
            drop(backend(&path).await);
            assert!(wait_closed(LONG));
        }
        let fifo = dir.path().join(format!("wa.db{suffix}"));
        let _ = fs::remove_file(&fifo);
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let error = SqliteBackend::open(&path).await.unwrap_err();
        assert!(error.to_string().ends_with("not a regular file"), "{suffix}: {error}");
    }
}
