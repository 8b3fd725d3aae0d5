//! Commits without the thread: when they are done so, and that they keep what commits promise.

use super::super::sqlite_tests::{LONG, backend};
use super::super::{SqliteBackend, wait_closed};
use super::*;
use crate::store::conformance::{name, put, run};
use crate::store::{Backend, Session, Space};
use std::fs;
use std::task::{Context, Poll, Waker};
use tempfile::TempDir;

/// Returns the answer as it is before it is awaited.
fn at_once<T>(answer: &mut crate::store::Pending<T>) -> Poll<Result<T, StoreError>> {
    answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

async fn here(backend: &SqliteBackend) -> u64 {
    backend.counters().await.here
}

impl SqliteBackend {
    /// Takes the disk for quick enough, whatever it is, and waits until the thread has done all jobs and left the front.
    async fn rested(&self) {
        let works = || self.front(|front| front.thread) == ThreadState::Works;
        while self.jobs.shared.queued.load(Ordering::Acquire) > 0 || works() {
            tokio::task::yield_now().await;
        }
        self.front(|front| front.quick = Duration::MAX);
    }

    fn front<T>(&self, look: impl FnOnce(&mut CommitPath) -> T) -> T {
        look(self.jobs.shared.front.lock().as_mut().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_backend_passes_with_several_workers() {
    crate::threads::mark_worker(2);
    let dir = TempDir::new().unwrap();
    let backend = backend(&dir.path().join("wa.db")).await;
    backend.rested().await;
    run(backend).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_comes_alone_is_done_at_once() {
    crate::threads::mark_worker(2);
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let shared = backend(&path).await;
    let s = Session::open(shared.clone(), &name("s")).await.unwrap();
    // The first one begins the log, which takes the database.
    s.commit(put(Space::Device, b"", b"first")).await.unwrap();
    assert_eq!(here(&shared).await, 0);
    shared.rested().await;
    assert_eq!(at_once(&mut s.commit(put(Space::Device, b"", b"x"))), Poll::Ready(Ok(())));
    assert!(fs::metadata(dir.path().join("wa.db-log")).unwrap().len() > 0);
    assert_eq!(s.get(Space::Device, b"").await.unwrap().as_deref(), Some(&b"x"[..]));
    assert_eq!(here(&shared).await, 1);
    drop((s, shared));
    assert!(wait_closed(LONG));
    let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
    assert_eq!(s.get(Space::Device, b"").await.unwrap().as_deref(), Some(&b"x"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_waits_for_what_was_asked_for_before() {
    crate::threads::mark_worker(2);
    let dir = TempDir::new().unwrap();
    let shared = backend(&dir.path().join("wa.db")).await;
    let s = Session::open(shared.clone(), &name("s")).await.unwrap();
    let resume = shared.pause();
    let before = s.get(Space::Device, b"");
    let mut commit = s.commit(put(Space::Device, b"", b"x"));
    assert!(at_once(&mut commit).is_pending());
    drop(resume);
    assert_eq!((before.await.unwrap(), commit.await), (None, Ok(())));
    assert_eq!(here(&shared).await, 0);
}

/// The thread commits on a slow disk, and commits what takes the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_disk_and_what_takes_the_database_are_left_to_the_thread() {
    crate::threads::mark_worker(2);
    let dir = TempDir::new().unwrap();
    let shared = backend(&dir.path().join("wa.db")).await;
    let s = Session::open(shared.clone(), &name("s")).await.unwrap();
    let mut conditional = put(Space::Limiter, b"1", b"x");
    conditional.require(Space::Limiter, b"1", None);
    s.commit(conditional).await.unwrap();
    let mut erasing = put(Space::Device, b"", b"x");
    erasing.erase_session();
    s.commit(erasing).await.unwrap();
    assert_eq!(here(&shared).await, 0);
    shared.rested().await;
    shared.front(|front| (front.flush, front.quick) = (Duration::from_secs(3600), QUICK));
    s.commit(put(Space::Device, b"", b"x")).await.unwrap();
    assert_eq!(here(&shared).await, 0);
    // Its own flush is measured, too: the disk may become quick again.
    assert!(shared.front(|front| front.flush) < Duration::from_secs(3600));
}

#[tokio::test]
async fn a_runtime_with_one_worker_is_not_held_up() {
    crate::threads::mark_worker(1);
    let dir = TempDir::new().unwrap();
    let shared = backend(&dir.path().join("wa.db")).await;
    let s = Session::open(shared.clone(), &name("s")).await.unwrap();
    s.commit(put(Space::Device, b"", b"x")).await.unwrap();
    s.commit(put(Space::Device, b"", b"y")).await.unwrap();
    assert_eq!(here(&shared).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fails_has_not_happened() {
    crate::threads::mark_worker(2);
    let dir = TempDir::new().unwrap();
    let shared = backend(&dir.path().join("wa.db")).await;
    let s = Session::open(shared.clone(), &name("s")).await.unwrap();
    fs::create_dir(dir.path().join("wa.db-log")).unwrap();
    assert!(matches!(s.commit(put(Space::Device, b"", b"x")).await, Err(StoreError::Io { .. })));
    assert_eq!(s.get(Space::Device, b"").await.unwrap(), None);
    assert!(shared.list_sessions().await.unwrap().is_empty());
    fs::remove_dir(dir.path().join("wa.db-log")).unwrap();
    s.commit(put(Space::Device, b"", b"z")).await.unwrap();
    assert_eq!(s.get(Space::Device, b"").await.unwrap().as_deref(), Some(&b"z"[..]));
    assert_eq!(shared.list_sessions().await.unwrap(), [name("s")]);
    // Nor can a session that is closed be written to.
    let key = shared.open_session(&name("t")).await.unwrap();
    shared.close_session(key);
    let late = shared.commit(key, put(Space::Device, b"", b"x")).await;
    assert_eq!(late, Err(StoreError::SessionClosed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_thread_brings_much_of_it_into_the_database() {
    crate::threads::mark_worker(2);
    let dir = TempDir::new().unwrap();
    let shared = backend(&dir.path().join("wa.db")).await;
    let s = Session::open(shared.clone(), &name("s")).await.unwrap();
    for number in 0..60u8 {
        shared.rested().await;
        s.commit(put(Space::Event, &[number], &[number; 100_000])).await.unwrap();
    }
    assert_eq!(here(&shared).await, 59, "all but the first, which begins the log");
    assert!(!shared.front(|front| front.pending.is_much()));
    let (send, receive) = tokio::sync::oneshot::channel();
    shared.inspect(|connection, _| {
        let count = connection.query_row("SELECT count(*) FROM item", [], |row| row.get::<_, i64>(0));
        send.send(count.unwrap()).unwrap();
    });
    assert!(receive.await.unwrap() >= 40, "a log holds no more than four megabytes");
    for number in 0..60u8 {
        assert_eq!(s.get(Space::Event, &[number]).await.unwrap().as_deref(), Some(&[number; 100_000][..]));
    }
}
