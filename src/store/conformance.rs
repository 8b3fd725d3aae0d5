//! The conformance suite of backends. Each backend's tests run all of it.

use super::memory::MemoryBackend;
use super::shared_memory::SharedMemory;
use super::{Backend, Batch, Session, SessionName, Space, StoreError, Value};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub(super) fn name(text: &str) -> SessionName {
    SessionName::new(text).unwrap()
}

pub(super) fn put(space: Space, key: &[u8], value: &[u8]) -> Batch {
    let mut batch = Batch::new();
    batch.put(space, key, value);
    batch
}

pub(super) async fn run(backend: Arc<dyn Backend>) {
    sessions_are_apart(backend.clone()).await;
    batches_apply_in_order(backend.clone()).await;
    requirements(backend.clone()).await;
    scanning(backend.clone()).await;
    erasing(backend.clone()).await;
    exclusive_use(backend).await;
}

async fn sessions_are_apart(backend: Arc<dyn Backend>) {
    let a = Session::open(backend.clone(), &name("apart-a")).await.unwrap();
    let b = Session::open(backend.clone(), &name("apart-b")).await.unwrap();
    a.commit(put(Space::Device, b"", b"of a")).await.unwrap();
    assert_eq!(a.get(Space::Device, b"").await.unwrap().as_deref(), Some(&b"of a"[..]));
    assert_eq!(a.get(Space::Account, b"").await.unwrap(), None);
    assert_eq!(b.get(Space::Device, b"").await.unwrap(), None);
    a.commit(put(Space::Limiter, b"15550001234", b"shared")).await.unwrap();
    assert_eq!(b.get(Space::Limiter, b"15550001234").await.unwrap().as_deref(), Some(&b"shared"[..]));
    let many = a.get_many(Space::Device, vec![b"x".to_vec(), b"".to_vec()]).await.unwrap();
    assert_eq!(many, [None, Some(Value::from(&b"of a"[..]))]);
}

async fn batches_apply_in_order(backend: Arc<dyn Backend>) {
    let s = Session::open(backend, &name("order")).await.unwrap();
    let mut batch = Batch::new();
    batch.put(Space::Account, b"k".as_slice(), b"1".as_slice());
    batch.put(Space::Account, b"k".as_slice(), b"2".as_slice());
    batch.put(Space::Account, b"gone".as_slice(), b"".as_slice());
    batch.delete(Space::Account, b"gone".as_slice()).delete(Space::Account, b"never".as_slice());
    s.commit(batch).await.unwrap();
    assert_eq!(s.get(Space::Account, b"k").await.unwrap().as_deref(), Some(&b"2"[..]));
    assert_eq!(s.get(Space::Account, b"gone").await.unwrap(), None);
    // An empty value is a value.
    s.commit(put(Space::Account, b"empty", b"")).await.unwrap();
    assert_eq!(s.get(Space::Account, b"empty").await.unwrap().as_deref(), Some(&b""[..]));
    s.commit(Batch::new()).await.unwrap();
    // Queued by the call: not awaited in order, still applied in order.
    let first = s.commit(put(Space::Account, b"k", b"3"));
    let second = s.commit(put(Space::Account, b"k", b"4"));
    let read = s.get(Space::Account, b"k");
    assert_eq!(read.await.unwrap().as_deref(), Some(&b"4"[..]));
    second.await.unwrap();
    first.await.unwrap();
    // Dropped, but not called off.
    drop(s.commit(put(Space::Account, b"k", b"5")));
    assert_eq!(s.get(Space::Account, b"k").await.unwrap().as_deref(), Some(&b"5"[..]));
}

async fn requirements(backend: Arc<dyn Backend>) {
    let s = Session::open(backend, &name("require")).await.unwrap();
    let write = |expected: Option<&[u8]>, value: &[u8]| {
        let mut batch = put(Space::Limiter, b"1", value);
        batch.put(Space::Device, b"".as_slice(), value);
        batch.require(Space::Limiter, b"1".as_slice(), expected.map(Value::from));
        s.commit(batch)
    };
    write(None, b"one").await.unwrap();
    assert_eq!(write(None, b"two").await, Err(StoreError::Changed));
    assert_eq!(write(Some(b"other"), b"two").await, Err(StoreError::Changed));
    assert_eq!(s.get(Space::Device, b"").await.unwrap().as_deref(), Some(&b"one"[..]));
    write(Some(b"one"), b"two").await.unwrap();
    assert_eq!(s.get(Space::Limiter, b"1").await.unwrap().as_deref(), Some(&b"two"[..]));
}

async fn scanning(backend: Arc<dyn Backend>) {
    let s = Session::open(backend, &name("scan")).await.unwrap();
    let mut batch = Batch::new();
    for i in 0..10u8 {
        batch.put(Space::OneTimePrekey, vec![i, 0xff], vec![i]);
    }
    batch.put(Space::OneTimePrekey, Vec::new(), vec![99]);
    batch.put(Space::SignedPrekey, b"not this".as_slice(), vec![0]).put(Space::Account, vec![0xff], vec![0]);
    s.commit(batch).await.unwrap();
    let mut seen = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = s.scan(Space::OneTimePrekey, after.as_deref(), 4).await.unwrap();
        assert!(page.len() <= 4);
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        seen.extend(page.iter().map(|(_, value)| value[0]));
    }
    let (mut keys, mut after) = (Vec::new(), None::<Vec<u8>>);
    loop {
        let page = s.keys(Space::OneTimePrekey, after.as_deref(), 4).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        keys.extend(page);
    }
    let all = s.scan(Space::OneTimePrekey, None, 100).await.unwrap();
    assert!(keys.iter().eq(all.iter().map(|(key, _)| key)));
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99]);
    let mut batch = Batch::new();
    batch.delete_space(Space::OneTimePrekey);
    s.commit(batch).await.unwrap();
    assert!(s.scan(Space::OneTimePrekey, None, 100).await.unwrap().is_empty());
    assert_eq!(s.scan(Space::SignedPrekey, None, 100).await.unwrap().len(), 1);
}

async fn erasing(backend: Arc<dyn Backend>) {
    let s = Session::open(backend.clone(), &name("erase")).await.unwrap();
    let listed = async || backend.list_sessions().await.unwrap().contains(&name("erase"));
    assert!(!listed().await, "an unused session must leave no trace");
    s.commit(put(Space::Limiter, b"7", b"kept")).await.unwrap();
    assert!(!listed().await, "shared data is nobody's session");
    s.commit(put(Space::Device, b"", b"old")).await.unwrap();
    assert!(listed().await);
    assert!(matches!(backend.erase(&name("erase")).await, Err(StoreError::SessionInUse { .. })));
    let mut batch = put(Space::Account, b"", b"before");
    batch.erase_session();
    s.commit(batch).await.unwrap();
    assert!(!listed().await);
    assert_eq!(s.get(Space::Device, b"").await.unwrap(), None);
    assert_eq!(s.get(Space::Account, b"").await.unwrap(), None);
    assert_eq!(s.get(Space::Limiter, b"7").await.unwrap().as_deref(), Some(&b"kept"[..]));
    // The session goes on under its name.
    let mut batch = Batch::new();
    batch.erase_session().put(Space::Device, b"".as_slice(), b"new".as_slice());
    s.commit(batch).await.unwrap();
    assert!(listed().await);
    drop(s);
    let s = Session::open(backend.clone(), &name("erase")).await.unwrap();
    assert_eq!(s.get(Space::Device, b"").await.unwrap().as_deref(), Some(&b"new"[..]));
    drop(s);
    assert!(backend.erase(&name("erase")).await.unwrap());
    assert!(!backend.erase(&name("erase")).await.unwrap(), "there is nothing any more");
    assert!(!backend.erase(&name("never")).await.unwrap());
    assert!(!listed().await);
    let s = Session::open(backend.clone(), &name("erase")).await.unwrap();
    assert_eq!(s.get(Space::Device, b"").await.unwrap(), None);
}

async fn exclusive_use(backend: Arc<dyn Backend>) {
    // Given up, before and while it happens.
    drop(backend.open_session(&name("one")));
    let mut opening = backend.open_session(&name("one"));
    match opening.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(key) => backend.close_session(key.unwrap()),
        Poll::Pending => drop(opening),
    }
    let key = backend.open_session(&name("one")).await.unwrap();
    let again = backend.open_session(&name("one")).await;
    assert_eq!(again, Err(StoreError::SessionInUse { name: "one".into() }));
    backend.commit(key, put(Space::Device, b"", b"x")).await.unwrap();
    backend.close_session(key);
    backend.close_session(key);
    assert_eq!(backend.get(key, Space::Device, b"").await, Err(StoreError::SessionClosed));
    assert_eq!(backend.commit(key, put(Space::Device, b"", b"y")).await, Err(StoreError::SessionClosed));
    let key = backend.open_session(&name("one")).await.unwrap();
    assert_eq!(backend.get(key, Space::Device, b"").await.unwrap().as_deref(), Some(&b"x"[..]));
    backend.close_session(key);
}

/// Tests a backend that processes share: `first` and `second` stand for two of them, and `pass` lets time pass for both.
pub(super) async fn run_shared(
    first: Arc<dyn Backend>,
    second: Arc<dyn Backend>,
    pass: &(dyn Fn(Duration) + Sync),
) {
    let name = name("leased");
    let key = first.open_session(&name).await.unwrap();
    let lease = first.lease(key).unwrap();
    first.commit(key, put(Space::Device, b"", b"of the first")).await.unwrap();
    // A lease that is renewed is not lost.
    for _ in 0..3 {
        pass(lease.lasts * 2 / 3);
        first.renew(key).await.unwrap();
        let refused = second.open_session(&name).await.unwrap_err();
        let StoreError::HeldElsewhere { name: held, wait } = refused else { panic!("{refused:?}") };
        assert!(held == name.as_str() && wait <= lease.lasts, "{held} {wait:?}");
        let refused = second.erase(&name).await.unwrap_err();
        assert!(matches!(refused, StoreError::HeldElsewhere { .. }), "{refused:?}");
    }
    // One that has run out and was not taken goes on.
    pass(lease.lasts * 2);
    first.commit(key, put(Space::Account, b"", b"late")).await.unwrap();
    first.renew(key).await.unwrap();
    assert!(second.open_session(&name).await.is_err());
    // One that was taken is lost for good, and its former holder changes nothing.
    pass(lease.lasts * 2);
    let taken = second.open_session(&name).await.unwrap();
    assert!(second.lease(taken).unwrap().fence > lease.fence);
    assert_eq!(first.commit(key, put(Space::Device, b"", b"stale")).await, Err(StoreError::LeaseLost));
    assert_eq!(first.get(key, Space::Device, b"").await, Err(StoreError::LeaseLost));
    assert_eq!(first.scan(key, Space::Device, None, 1).await, Err(StoreError::LeaseLost));
    assert_eq!(first.keys(key, Space::Device, None, 1).await, Err(StoreError::LeaseLost));
    assert_eq!(first.renew(key).await, Err(StoreError::LeaseLost));
    let held = second.get(taken, Space::Device, b"").await.unwrap();
    assert_eq!(held.as_deref(), Some(&b"of the first"[..]));
    // Nor does it give back what is another's.
    first.close_session(key);
    second.commit(taken, put(Space::Device, b"", b"of the second")).await.unwrap();
    assert!(matches!(first.open_session(&name).await, Err(StoreError::HeldElsewhere { .. })));
    second.close_session(taken);
    let key = first.open_session(&name).await.unwrap();
    assert_eq!(first.get(key, Space::Device, b"").await.unwrap().as_deref(), Some(&b"of the second"[..]));
    first.close_session(key);
}

#[tokio::test]
async fn memory_backend_passes() {
    run(Arc::new(MemoryBackend::new())).await;
}

#[tokio::test]
async fn shared_memory_passes() {
    run(Arc::new(SharedMemory::new())).await;
    let first = SharedMemory::new();
    let (second, clock) = (first.other_process(), first.other_process());
    run_shared(Arc::new(first), Arc::new(second), &|time| clock.pass(time)).await;
}

#[test]
fn names_are_checked() {
    assert!(SessionName::new("Büro 1 / a").is_ok());
    for bad in ["", "a\nb", "\0", &"x".repeat(256)] {
        assert_eq!(SessionName::new(bad), Err(StoreError::SessionName));
    }
}

#[test]
fn debug_shows_no_contents() {
    let text = format!("{:?}", put(Space::Device, b"", b"secret"));
    assert!(text.contains("[6 bytes]") && !text.contains("115"), "{text}");
}
