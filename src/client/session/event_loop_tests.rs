//! Tests of what settling promises: all of it or nothing, in order, and a bounded turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;

use super::super::command::Command;
use super::super::{SessionError, SessionParts};
use super::*;
use crate::api::{
    Body, Config, ConnectionState, LogLevel, Restricted, RestrictionKind, RestrictionScope, Status,
};
use crate::client::journal;
use crate::client::queue::{Polled, Queue};
use crate::client::session::methods::{method_table, parse, testing::sample_params};
use crate::client::settings::Settings;
use crate::client::shared_state::Shared;
use crate::client::transport::LinkError;
use crate::store::memory::MemoryBackend;
use crate::store::shared_memory::{LASTS, SharedMemory};
use crate::store::{self, Backend, Batch, Pending, SessionKey, SessionName, Space, StoreError, Value};

/// A store in memory that counts commits and can be made to fail them.
#[derive(Debug, Default)]
struct Disk {
    memory: MemoryBackend,
    full: AtomicBool,
    commits: AtomicUsize,
}

impl Backend for Disk {
    fn open_session(&self, name: &SessionName) -> Pending<SessionKey> {
        self.memory.open_session(name)
    }
    fn close_session(&self, session: SessionKey) {
        self.memory.close_session(session);
    }
    fn get(&self, session: SessionKey, space: Space, key: &[u8]) -> Pending<Option<Value>> {
        self.memory.get(session, space, key)
    }
    fn get_many(&self, session: SessionKey, space: Space, keys: Vec<Vec<u8>>) -> Pending<Vec<Option<Value>>> {
        self.memory.get_many(session, space, keys)
    }
    fn scan(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<(Vec<u8>, Value)>> {
        self.memory.scan(session, space, after, limit)
    }
    fn keys(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<Vec<u8>>> {
        self.memory.keys(session, space, after, limit)
    }
    fn commit(&self, session: SessionKey, batch: Batch) -> Pending<()> {
        if self.full.load(Ordering::Relaxed) {
            return Box::pin(std::future::ready(Err(StoreError::Full { path: "disk".into() })));
        }
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.memory.commit(session, batch)
    }
    fn list_sessions(&self) -> Pending<Vec<SessionName>> {
        self.memory.list_sessions()
    }
    fn erase(&self, name: &SessionName) -> Pending<bool> {
        self.memory.erase(name)
    }
}

struct House {
    disk: Arc<Disk>,
    queue: Arc<Queue>,
    commands: mpsc::UnboundedSender<Command>,
    session: Session,
}

impl House {
    async fn new() -> Self {
        let disk = Arc::new(Disk::default());
        Self::with(disk.clone(), disk).await
    }

    async fn with(disk: Arc<Disk>, backend: Arc<dyn Backend>) -> Self {
        let store = store::Session::open(backend, &SessionName::new("one").unwrap()).await.unwrap();
        let queue = Queue::for_one();
        let (commands, inbox) = mpsc::unbounded_channel();
        let session = Session::new(SessionParts {
            settings: Arc::new(Settings::read(&Config::new()).unwrap().0),
            shared: Arc::new(Shared::new(false)),
            sink: queue.add_client(10_000),
            store,
            inbox,
            post: commands.downgrade(),
            device: None,
            account: None,
        });
        House { disk, queue, commands, session }
    }

    fn commits(&self) -> usize {
        self.disk.commits.load(Ordering::Relaxed)
    }

    /// All events that wait, as their type and request, and the ids of the durable ones.
    fn told(&self) -> (Vec<String>, Vec<u64>) {
        let (mut told, mut durable) = (Vec::new(), Vec::new());
        while let Polled::Event(event) = self.queue.poll(Some(Duration::ZERO)) {
            told.push(format!("{} {}", event.kind().name(), event.request));
            if event.kind().is_durable() {
                durable.push(event.id);
            }
        }
        (told, durable)
    }

    async fn stored(&self, space: Space) -> usize {
        self.session.core.store.keys(space, None, 1_000).await.unwrap().len()
    }
}

fn restricted() -> Restricted {
    Restricted {
        kind: RestrictionKind::RateLimit,
        scope: RestrictionScope::Client,
        starts_at_ms: None,
        ends_at_ms: None,
        code: None,
        user_text: "".into(),
    }
}

fn line() -> crate::api::Log {
    crate::api::Log { level: LogLevel::Info, target: "test".into(), text: String::new() }
}

fn fill(session: &mut Session) {
    session.core.requests.open(5, "x", None);
    session.core.work.batch().put(Space::LidMap, *b"k", b"v".as_slice());
    session.core.work.emit(0, line());
    session.core.work.emit(0, restricted());
    session.core.answer(5, Ok(json!(1)));
    session.core.emit(3, line());
    session.core.work.emit(0, restricted());
}

#[tokio::test]
async fn one_commit_then_all_of_it_in_order() {
    let mut house = House::new().await;
    fill(&mut house.session);
    assert!(house.told().0.is_empty(), "nothing is told before it is stored");
    assert!(house.session.core.requests.is_open(5));
    house.session.core.commit().await.unwrap();
    assert_eq!(house.commits(), 1);
    let (told, durable) = house.told();
    assert_eq!(told, ["log 0", "restricted 0", "result 5", "log 3", "restricted 0"]);
    assert!(house.session.core.work.is_empty() && !house.session.core.requests.is_open(5));
    assert_eq!((house.stored(Space::LidMap).await, house.stored(Space::Event).await), (1, 1));
    // Acknowledgements need no commit of their own.
    house.session.core.host.shared.acknowledge(durable[0]);
    house.session.core.host.shared.acknowledge(durable[1]);
    house.session.core.work.batch().put(Space::LidMap, *b"l", b"w".as_slice());
    house.session.core.commit().await.unwrap();
    assert_eq!((house.commits(), house.stored(Space::Event).await), (2, 0));
    house.session.core.commit().await.unwrap();
    assert_eq!(house.commits(), 2, "nothing to do is nothing done");
    // A command that needs no store does without.
    house.session.core.emit(0, line());
    house.session.core.work.emit(1, line());
    house.session.core.emit(2, line());
    house.session.core.commit().await.unwrap();
    assert_eq!((house.commits(), house.told().0), (2, vec!["log 0".into(), "log 1".into(), "log 2".into()]));
}

#[tokio::test]
async fn what_cannot_be_stored_does_not_happen() {
    let mut house = House::new().await;
    house.disk.full.store(true, Ordering::Relaxed);
    fill(&mut house.session);
    assert!(matches!(house.session.core.commit().await, Err(SessionError::Store(StoreError::Full { .. }))));
    let Polled::Event(event) = house.queue.poll(Some(Duration::ZERO)) else { panic!("no answer") };
    let Body::RequestResult(answer) = &event.body else { panic!("{event:?}") };
    assert_eq!((event.request, answer.status), (5, Status::STORE_FULL));
    assert!(house.told().0.is_empty());
    assert!(house.session.core.work.is_empty());
    house.disk.full.store(false, Ordering::Relaxed);
    house.session.core.commit().await.unwrap();
    assert_eq!((house.stored(Space::LidMap).await, house.stored(Space::Event).await), (0, 0));
    assert!(house.told().0.is_empty());
}

#[tokio::test]
async fn what_is_done_is_answered_so_and_what_is_refused_too_though_the_store_fails() {
    let mut house = House::new().await;
    house.disk.full.store(true, Ordering::Relaxed);
    house.session.core.work.batch().put(Space::LidMap, *b"k", b"v".as_slice());
    for request in 1..=3 {
        house.session.core.requests.open(request, "x", None);
    }
    let done = Command::Answered { request: 1, answer: Ok(json!({})) };
    house.session.dispatch(&LoopEvent::Command(Some(done))).unwrap();
    house.session.core.answer(2, Err(Status::INVALID_MESSAGE.into()));
    house.session.core.answer(3, Ok(json!({})));
    house.session.turn(LoopEvent::Time).await;
    let mut told = Vec::new();
    while let Polled::Event(event) = house.queue.poll(Some(Duration::ZERO)) {
        if let Body::RequestResult(answer) = &event.body {
            told.push((event.request, answer.status));
        }
    }
    assert_eq!(told, [(1, Status::OK), (2, Status::INVALID_MESSAGE), (3, Status::STORE_FULL)]);
}

#[tokio::test]
async fn what_is_at_hand_shares_a_commit_and_is_bounded() {
    let mut house = House::new().await;
    for _ in 0..2 * AT_ONCE {
        house.session.core.work.emit(0, restricted());
    }
    house.session.core.commit().await.unwrap();
    let ids = house.told().1;
    assert_eq!((ids.len(), house.commits()), (2 * AT_ONCE, 1));
    for event in ids {
        house.session.core.host.shared.acknowledge(event);
        house.commands.send(Command::Acknowledged).unwrap();
    }
    let first = house.session.inbox.recv().await;
    house.session.turn(LoopEvent::Command(first)).await;
    assert_eq!((house.commits(), house.stored(Space::Event).await), (2, 0));
    assert_eq!(house.session.inbox.len(), AT_ONCE, "one turn takes no more than that");
}

#[tokio::test]
async fn an_order_that_takes_time_comes_after_what_was_before_it() {
    let mut house = House::new().await;
    house.session.core.work.emit(0, restricted());
    house.session.core.commit().await.unwrap();
    let (_, ids) = house.told();
    house.session.core.host.shared.acknowledge(ids[0]);
    for command in [Command::Acknowledged, Command::WishChanged, Command::Close, Command::Acknowledged] {
        house.commands.send(command).unwrap();
    }
    house.session.core.work.emit(0, restricted());
    let first = house.session.inbox.recv().await;
    house.session.turn(LoopEvent::Command(first)).await;
    assert_eq!((house.commits(), house.stored(Space::Event).await), (2, 1));
    assert_eq!(house.told().0, ["restricted 0"]);
    assert_eq!(house.session.inbox.len(), 1, "nothing is taken in after the end");
}

#[tokio::test]
async fn the_end_of_a_connection_is_final_unless_the_next_one_is_asked_for() {
    let mut house = House::new().await;
    let shared = Arc::clone(&house.session.core.host.shared);
    let is_final = |house: &House| {
        let mut told: Vec<bool> = Vec::new();
        while let Polled::Event(event) = house.queue.poll(Some(Duration::ZERO)) {
            if let Body::Connection(connection) = event.body {
                told.push(connection.is_final);
            }
        }
        told
    };
    // Nobody links the device, so that it has no connection, and the host gives it up.
    house.session.core.goal = ConnectionGoal::Online;
    shared.wish(false);
    house.session.command(Command::WishChanged).await.unwrap();
    house.session.core.commit().await.unwrap();
    assert_eq!(is_final(&house), [true]);
    // A request that was given up already is not given up again.
    shared.wish(false);
    house.session.command(Command::WishChanged).await.unwrap();
    house.session.core.commit().await.unwrap();
    assert!(is_final(&house).is_empty());
    for (goal, wanted, expected) in [
        (ConnectionGoal::Online, true, false),
        (ConnectionGoal::Offline, false, true),
        (ConnectionGoal::Offline, true, false),
        (ConnectionGoal::Closed, true, true),
    ] {
        house.session.core.goal = goal;
        shared.set_wants_connection(wanted);
        house.session.core.emit_connection(ConnectionState::Disconnected, Some("by_host"), None, None);
        house.session.core.commit().await.unwrap();
        assert_eq!(is_final(&house), [expected], "{goal:?} {wanted}");
    }
}

#[tokio::test]
async fn an_order_is_not_lost_with_what_could_not_be_stored_before_it() {
    let mut house = House::new().await;
    house.session.core.work.emit(0, restricted());
    house.session.core.commit().await.unwrap();
    let (_, ids) = house.told();
    house.disk.full.store(true, Ordering::Relaxed);
    house.commands.send(Command::Logout { request: 9 }).unwrap();
    house.session.core.host.shared.acknowledge(ids[0]);
    house.session.turn(LoopEvent::Command(Some(Command::Acknowledged))).await;
    assert_eq!(house.told().0, ["connection 0", "result 9"]);
    // The acknowledgement is not forgotten either.
    house.disk.full.store(false, Ordering::Relaxed);
    house.session.turn(LoopEvent::Time).await;
    assert_eq!(house.stored(Space::Event).await, 0);
}

#[tokio::test]
async fn a_host_that_comes_back_to_its_queue_gets_what_waits_in_the_store() {
    const COUNT: usize = 3_000;
    let mut house = House::new().await;
    for _ in 0..COUNT / 100 {
        (0..100).for_each(|_| house.session.core.work.emit(0, restricted()));
        house.session.core.commit().await.unwrap();
    }
    assert!(house.session.core.host.sink.waiting() <= journal::HIGH);
    let mut taken = 0;
    while let Polled::Event(event) = house.queue.poll(Some(Duration::ZERO)) {
        taken += 1;
        house.session.core.host.shared.acknowledge(event.id);
        if let Ok(command) = house.session.inbox.try_recv() {
            assert!(matches!(command, Command::Room));
            house.session.turn(LoopEvent::Command(Some(command))).await;
        }
    }
    house.session.core.commit().await.unwrap();
    assert_eq!((taken, house.stored(Space::Event).await), (COUNT, 0));
}

#[tokio::test]
async fn what_nobody_waits_for_waits_for_company_but_not_for_long() {
    let mut house = House::new().await;
    house.session.core.work.emit(0, restricted());
    house.session.core.work.emit(0, restricted());
    house.session.core.commit().await.unwrap();
    let (_, ids) = house.told();
    let due = house.session.core.work.lazy_at.unwrap();
    assert!(house.session.next_deadline() <= due);
    assert!(!house.session.core.host.shared.acknowledge(ids[0]), "the session is going to look by itself");
    house.session.turn(LoopEvent::Command(Some(Command::Acknowledged))).await;
    assert_eq!(
        (house.commits(), house.stored(Space::Event).await),
        (1, 1),
        "alone they are not worth a commit"
    );
    assert_eq!(house.session.core.work.lazy_at, Some(due));
    assert!(!house.session.core.host.shared.acknowledge(ids[1]));
    house.session.turn(LoopEvent::Time).await;
    assert_eq!((house.commits(), house.stored(Space::Event).await), (2, 0));
    // As long as there is something each time, it goes on looking; then it has to be told.
    assert!(house.session.core.work.lazy_at.is_some());
    house.session.turn(LoopEvent::Time).await;
    assert_eq!((house.commits(), house.session.core.work.lazy_at), (2, None));
    assert!(
        house.session.core.host.shared.acknowledge(ids[0])
            && !house.session.core.host.shared.acknowledge(ids[1])
    );
    house.session.turn(LoopEvent::Command(Some(Command::Acknowledged))).await;
    assert!(house.session.core.work.lazy_at.is_some());
}

#[tokio::test]
async fn what_nobody_waits_for_goes_with_the_next_that_somebody_does() {
    let mut house = House::new().await;
    house.session.core.work.emit_lazily(restricted());
    house.session.turn(LoopEvent::Command(Some(Command::Acknowledged))).await;
    assert_eq!((house.commits(), house.told().0.len()), (0, 0), "alone it is not worth a commit");
    let due = house.session.core.work.lazy_at.unwrap();
    house.session.core.requests.open(5, "x", None);
    // There is no other message on its way, for whose answer this one could wait.
    house.session.core.work.answer_together(5, Ok(json!(1)));
    assert!(house.session.core.work.lazy_at.is_some_and(|at| at <= due));
    house.session.turn(LoopEvent::Command(Some(Command::Acknowledged))).await;
    assert_eq!(house.commits(), 1);
    assert_eq!(house.told().0, ["restricted 0", "result 5"], "in the order in which it happened");
    // A later command does not pass it.
    house.session.core.work.emit_lazily(restricted());
    house.session.core.emit(3, line());
    house.session.turn(LoopEvent::Command(Some(Command::Acknowledged))).await;
    assert_eq!((house.commits(), house.told().0), (2, vec!["restricted 0".into(), "log 3".into()]));
    // Nor does the end of the connection take it away.
    house.session.core.work.emit_lazily(restricted());
    let broken = LoopEvent::Received(Err(LinkError::Closed));
    house.session.turn(broken).await;
    assert_eq!((house.commits(), house.told().0.first().cloned()), (3, Some("restricted 0".into())));
}

#[tokio::test]
async fn a_method_that_needs_a_login_does_nothing_without_one() {
    let mut house = House::new().await;
    for method in method_table() {
        let params = sample_params(method, false);
        // Of these every one may be left out, but not all.
        let params = if method.name == "group.settings" { sample_params(method, true) } else { params };
        let call = parse(method.name, Some(&params.to_string())).unwrap();
        if method.name.starts_with("session.") || method.name == "version.latest" {
            assert!(!call.info.needs_login, "{}", method.name);
            continue;
        }
        house.session.turn(LoopEvent::Command(Some(Command::Call { request: 1, call }))).await;
        let Polled::Event(event) = house.queue.poll(Some(Duration::ZERO)) else { panic!("{}", method.name) };
        let Body::RequestResult(result) = &event.body else { panic!("{event:?}") };
        // It needs a connection, and no login; nothing else is possible before the session is linked.
        let expected = if method.name == "server.ping" { Status::NOT_CONNECTED } else { Status::NOT_LINKED };
        assert_eq!(result.status, expected, "{}", method.name);
    }
}

#[tokio::test]
async fn a_session_that_another_process_has_taken_stops() {
    let store = SharedMemory::new();
    let other = store.other_process();
    let mut house = House::with(Arc::default(), Arc::new(other)).await;
    house.session.core.requests.open(5, "x", None);
    house.session.core.work.batch().put(Space::LidMap, *b"k", b"mine".as_slice());
    house.session.core.commit().await.unwrap();
    store.pass(2 * LASTS);
    let name = SessionName::new("one").unwrap();
    let taken = store::Session::open(Arc::new(store), &name).await.unwrap();
    house.session.core.work.batch().put(Space::LidMap, *b"k", b"stale".as_slice());
    house.session.turn(LoopEvent::Time).await;
    assert_eq!(house.session.core.goal, ConnectionGoal::Closed);
    let House { session, queue, .. } = house;
    session.finish().await;
    assert_eq!(taken.get(Space::LidMap, b"k").await.unwrap().as_deref(), Some(&b"mine"[..]));
    let mut told = Vec::new();
    while let Polled::Event(event) = queue.poll(Some(Duration::ZERO)) {
        match &event.body {
            Body::Closed(closed) => told.push(("closed", closed.status)),
            Body::RequestResult(result) => told.push(("result", result.status)),
            _ => {}
        }
    }
    assert_eq!(told, [("result", Status::SESSION_TAKEN), ("closed", Status::SESSION_TAKEN)]);
}

#[tokio::test(start_paused = true)]
async fn a_session_renews_its_lease_while_it_runs() {
    let store = SharedMemory::new();
    let clock = store.other_process();
    let house = House::with(Arc::default(), Arc::new(store)).await;
    let name = SessionName::new("one").unwrap();
    let running = tokio::spawn(house.session.run());
    for _ in 0..10 {
        tokio::time::sleep(LASTS / 2).await;
        clock.pass(LASTS / 2);
        assert!(clock.open_session(&name).await.is_err(), "the lease is not renewed");
    }
    house.commands.send(Command::Close).unwrap();
    running.await.unwrap();
    assert!(clock.open_session(&name).await.is_ok(), "the session is given back");
}

#[tokio::test]
async fn a_client_that_is_being_closed_closes_though_its_store_fails() {
    let mut house = House::new().await;
    house.session.core.goal = ConnectionGoal::Closed;
    house.session.core.work.emit(0, restricted());
    house.disk.full.store(true, Ordering::Relaxed);
    house.session.turn(LoopEvent::Command(Some(Command::Acknowledged))).await;
    assert_eq!(house.session.core.goal, ConnectionGoal::Closed);
}
