//! Tests of the journal: the rules one by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::api::{LoggedOut, LogoutReason, RequestResult, Restricted, RestrictionKind, RestrictionScope};
use crate::client::queue::{Polled, Queue};
use crate::store::memory::MemoryBackend;
use crate::store::{Backend, SessionName};

/// A durable event that can be told from others.
pub(super) fn numbered(number: i64) -> Event {
    large(number, 0)
}

fn large(number: i64, size: usize) -> Event {
    let body = Restricted {
        kind: RestrictionKind::RateLimit,
        scope: RestrictionScope::Client,
        starts_at_ms: Some(number),
        ends_at_ms: None,
        code: None,
        user_text: "x".repeat(size).into(),
    };
    Event::new(0, 1, body)
}

fn last_words() -> Event {
    let reason = LogoutReason::ByPhone;
    Event::new(0, 1, LoggedOut { reason, user_text: "".into(), text: None, may_be_listed: false })
}

/// One that is not durable.
fn plain() -> Event {
    Event::new(7, 1, RequestResult::ok("x", serde_json::Value::Null))
}

pub(super) fn number(event: &Event) -> Option<i64> {
    match &event.body {
        Body::Restricted(body) => body.starts_at_ms,
        _ => None,
    }
}

/// The numbers of the durable ones.
fn numbers(events: &[Box<Event>]) -> Vec<i64> {
    events.iter().filter_map(|event| number(event)).collect()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A session with its journal, and a host with its queue.
struct House {
    backend: Arc<dyn Backend>,
    store: Session,
    journal: Journal,
    queue: Arc<Queue>,
    sink: Sink,
    woken: Arc<AtomicUsize>,
}

impl House {
    async fn new() -> Self {
        Self::open(Arc::new(MemoryBackend::new())).await
    }

    async fn restart_with_window(self, window: usize) -> Self {
        let House { backend, store, .. } = self;
        drop(store);
        Self::open_with(backend, Some(window)).await
    }

    async fn open(backend: Arc<dyn Backend>) -> Self {
        Self::open_with(backend, None).await
    }

    async fn open_with(backend: Arc<dyn Backend>, window: Option<usize>) -> Self {
        let store = Session::open(Arc::clone(&backend), &SessionName::new("one").unwrap()).await.unwrap();
        let queue = Queue::for_one();
        let sink = queue.add_client(10);
        let mut journal = Journal::open(&store).await.unwrap();
        journal.set_window(window);
        let mut house = House { backend, store, journal, queue, sink, woken: Arc::default() };
        house.refill().await;
        house
    }

    /// Dies and comes back.
    async fn restart(self) -> Self {
        let House { backend, store, .. } = self;
        drop(store);
        Self::open(backend).await
    }

    async fn settle(&mut self, mut events: Vec<Event>) {
        let mut batch = Batch::new();
        let written = self.journal.put(&mut batch, events.iter_mut());
        self.journal.put_acknowledgements(&mut batch);
        self.store.commit(batch).await.unwrap();
        self.journal.acknowledgements_stored();
        let events = events.into_iter().map(Box::new).collect();
        self.journal.hand_out(written, events, &self.sink);
        self.ask_for_room(LOW);
    }

    fn ask_for_room(&mut self, low: usize) {
        if self.journal.request_room() {
            let woken = Arc::clone(&self.woken);
            let wake = move || {
                woken.fetch_add(1, Ordering::Relaxed);
            };
            self.sink.when_below(low, Box::new(wake));
        }
    }

    async fn refill(&mut self) {
        let low = self.journal.refill(&self.store, &self.sink).await.unwrap();
        self.ask_for_room(low);
    }

    /// Does what the queue asked for, if it did.
    async fn refill_if_woken(&mut self) {
        while self.woken.swap(0, Ordering::Relaxed) > 0 {
            self.refill().await;
        }
    }

    fn poll(&self) -> Option<Box<Event>> {
        match self.queue.poll(Some(Duration::ZERO)) {
            Polled::Event(event) => Some(event),
            _ => None,
        }
    }

    /// Takes all there is, as a host that polls steadily.
    async fn poll_all(&mut self) -> Vec<Box<Event>> {
        let mut all = Vec::new();
        loop {
            self.refill_if_woken().await;
            match self.poll() {
                Some(event) => all.push(event),
                None => return all,
            }
        }
    }

    /// Returns the numbers of rows and of marks in the store.
    async fn rows(&self) -> (usize, usize) {
        let count = async |space| self.store.keys(space, None, 10_000).await.unwrap().len();
        (count(Space::Event).await, count(Space::EventMark).await)
    }
}

#[test]
fn one_commit_is_one_row_which_goes_when_all_of_it_is_acknowledged() {
    block_on(async {
        let mut house = House::new().await;
        house.settle(vec![numbered(0), plain(), numbered(1), plain(), plain(), numbered(2)]).await;
        assert_eq!(house.rows().await, (1, 0));
        let events = house.poll_all().await;
        assert_eq!(events.len(), 6);
        assert!(events.windows(2).all(|pair| pair[0].id + 1 == pair[1].id));
        assert!(events.iter().all(|event| !event.redelivered));
        // Acknowledging what needs it not, or is nobody's, changes nothing.
        for id in [events[1].id, events[3].id, events[4].id, 0, 7, 1_000] {
            house.journal.acknowledge(id);
            assert!(!house.journal.has_acknowledgements(), "{id}");
        }
        house.journal.acknowledge(events[2].id);
        house.journal.acknowledge(events[2].id);
        house.settle(vec![]).await;
        assert_eq!(house.rows().await, (1, 1));
        let mut house = house.restart().await;
        let events = house.poll_all().await;
        assert_eq!(numbers(&events), [0, 2]);
        assert!(events.iter().all(|event| event.redelivered));
        for event in &events {
            house.journal.acknowledge(event.id);
        }
        assert!(!house.journal.awaits_acknowledgement());
        house.settle(vec![]).await;
        assert_eq!(house.rows().await, (0, 0));
        assert!(house.journal.handed_out.is_empty() && house.journal.touched.is_empty());
    });
}

#[test]
fn acknowledgements_that_could_not_be_stored_are_tried_with_the_next_commit() {
    block_on(async {
        let mut house = House::new().await;
        house.settle(vec![numbered(0)]).await;
        let events = house.poll_all().await;
        house.journal.acknowledge(events[0].id);
        // A commit that failed: what was put into its batch is lost.
        let _ = house.journal.put(&mut Batch::new(), [numbered(1)].iter_mut());
        house.journal.put_acknowledgements(&mut Batch::new());
        house.settle(vec![numbered(2)]).await;
        assert_eq!(numbers(&house.poll_all().await), [2]);
        let mut house = house.restart().await;
        assert_eq!(numbers(&house.poll_all().await), [2]);
    });
}

#[test]
fn with_a_window_the_host_has_no_more_than_it_deals_with() {
    const COUNT: i64 = 600;
    const WINDOW: usize = 20;
    block_on(async {
        for (per_row, earlier) in [(1, false), (7, false), (20, false), (100, false), (7, true), (100, true)]
        {
            let mut house = House::new().await;
            house.journal.set_window((!earlier).then_some(WINDOW));
            for start in (0..COUNT).step_by(per_row) {
                let end = COUNT.min(start + i64::try_from(per_row).unwrap());
                house.settle((start..end).map(numbered).collect()).await;
            }
            if earlier {
                // The host had set no window, and took nothing.
                house = house.restart_with_window(WINDOW).await;
            }
            let mut held = VecDeque::new();
            let mut seen = Vec::new();
            let mut refills = 0;
            loop {
                while let Some(event) = house.poll() {
                    held.push_back(event);
                }
                let most = if earlier { WINDOW.max(per_row) } else { WINDOW };
                assert!(held.len() <= most, "{} of {per_row}", held.len());
                let Some(event) = held.pop_front() else { break };
                seen.extend(number(&event));
                house.journal.acknowledge(event.id);
                house.settle(vec![]).await;
                // Once in a while, and not at every acknowledgement.
                refills += house.woken.load(Ordering::Relaxed);
                if house.woken.swap(0, Ordering::Relaxed) > 0 {
                    house.refill().await;
                    assert_eq!(
                        house.woken.load(Ordering::Relaxed),
                        0,
                        "nothing is to be had before an acknowledgement"
                    );
                }
            }
            assert!(seen.into_iter().eq(0..COUNT), "{per_row}");
            assert!(refills <= 600 / per_row.clamp(5, WINDOW / 2) + 2, "{refills} of {per_row}");
            assert_eq!(house.rows().await, (0, 0));
        }
    });
}

#[test]
fn a_host_that_does_not_poll_costs_no_memory_and_gets_all_in_order() {
    const COUNT: i64 = 20_000;
    block_on(async {
        let mut house = House::new().await;
        for start in (0..COUNT).step_by(100) {
            house.settle((start..start + 100).map(numbered).collect()).await;
            assert!(house.sink.waiting() <= HIGH);
        }
        assert_eq!(house.journal.backlog.len(), 1, "the backlog is a range");
        // Only the first of them come back into memory after a kill.
        let mut house = house.restart().await;
        assert!((HIGH - 100..=HIGH).contains(&house.sink.waiting()));
        // More come in while the host catches up.
        let mut seen = Vec::new();
        for new in COUNT..COUNT + 50 {
            house.settle(vec![numbered(new)]).await;
            for _ in 0..350 {
                house.refill_if_woken().await;
                assert!(house.sink.waiting() <= HIGH);
                let event = house.poll().unwrap();
                house.journal.acknowledge(event.id);
                seen.extend(number(&event));
            }
        }
        for event in house.poll_all().await {
            house.journal.acknowledge(event.id);
            assert_eq!(event.redelivered, number(&event) < Some(COUNT));
            seen.extend(number(&event));
        }
        assert!(seen.into_iter().eq(0..COUNT + 50));
        house.settle(vec![]).await;
        assert_eq!(house.rows().await, (0, 0));
    });
}

#[test]
fn what_is_not_durable_and_the_last_words_do_not_wait_for_the_backlog() {
    block_on(async {
        let mut house = House::new().await;
        for start in [0, 250, 500, 750, 1000, 1250] {
            house.settle((start..start + 250).map(numbered).collect()).await;
        }
        house.settle(vec![numbered(1500), plain(), numbered(1501)]).await;
        house.settle(vec![last_words()]).await;
        let events: Vec<_> = std::iter::from_fn(|| house.poll()).collect();
        let [before @ .., answer, words] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(numbers(before), (0..1000).collect::<Vec<_>>());
        assert!(matches!(answer.body, Body::RequestResult(_)));
        assert!(matches!(words.body, Body::LoggedOut(_)));
        let rest = house.poll_all().await;
        assert_eq!(numbers(&rest), (1000..1502).collect::<Vec<_>>());
        assert!(rest[0].id > words.id);
    });
}

#[test]
fn large_events_count_for_several_and_the_largest_go_alone() {
    const MIB: usize = 1024 * 1024;
    block_on(async {
        let mut house = House::new().await;
        for at in 0..12 {
            house.settle(vec![large(at, MIB), numbered(100 + at)]).await;
        }
        // Some 256 units each: three fit.
        assert_eq!(house.sink.waiting(), 6);
        house.settle(vec![large(12, 8 * MIB)]).await;
        house.settle(vec![numbered(112)]).await;
        let (mut most, mut seen) = (0, Vec::new());
        loop {
            house.refill_if_woken().await;
            most = most.max(house.sink.durable());
            let Some(event) = house.poll() else { break };
            seen.extend(number(&event));
        }
        let expected: Vec<_> = (0..13).flat_map(|at| [at, 100 + at]).collect();
        assert_eq!(seen, expected);
        assert!((2048..2052).contains(&most), "the largest goes alone: {most}");
    });
}

#[test]
fn a_host_that_has_left_is_not_waited_for_and_nothing_is_lost() {
    block_on(async {
        let mut house = House::new().await;
        for start in (0..2000).step_by(200) {
            house.settle((start..start + 200).map(numbered).collect()).await;
        }
        house.queue.close();
        house.refill().await;
        house.settle(vec![numbered(2000)]).await;
        assert_eq!(house.woken.load(Ordering::Relaxed), 0);
        let mut house = house.restart().await;
        assert_eq!(numbers(&house.poll_all().await), (0..2001).collect::<Vec<_>>());
    });
}

#[test]
fn damage_is_named() {
    let row = |events: &mut [Event]| {
        let mut writer = record::RecordWriter::default();
        events.iter_mut().for_each(|event| writer.add(event));
        writer.finish().2.to_vec()
    };
    let whole = row(&mut [numbered(1), numbered(2)]);
    let mut cut = whole.clone();
    cut.pop();
    let mut newer = whole.clone();
    newer[0] = 2;
    let many = row(&mut (0..300).map(numbered).collect::<Vec<_>>());
    let no_event = vec![1, 0, 0, 0, 1, b'x'];
    block_on(async {
        let backend: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
        let store = Session::open(backend, &SessionName::new("one").unwrap()).await.unwrap();
        let read = async |key: &[u8], value: &[u8]| {
            let mut batch = Batch::new();
            batch.delete_space(Space::Event).put(Space::Event, key, value);
            store.commit(batch).await.unwrap();
            let sink = Queue::for_one().add_client(1);
            Journal::open(&store).await?.refill(&store, &sink).await
        };
        assert!(read(&[0; 8], &whole).await.is_ok());
        for bad in [&cut, &newer, &many, &no_event, &vec![]] {
            let error = read(&[0; 8], bad).await;
            assert!(matches!(error, Err(StoreError::Record { space: Space::Event, .. })), "{error:?}");
        }
        assert!(matches!(read(&[0; 7], &whole).await, Err(StoreError::Record { .. })));
    });
}

#[test]
fn bits_come_back() {
    let mut bits = Bits::default();
    for index in [0, 7, 8, 63, 64, 200, 255] {
        assert!(bits.set(index));
        assert!(!bits.set(index) && bits.get(index));
    }
    assert!(!bits.set(256) && !bits.get(256) && !bits.get(1));
    assert_eq!(Bits::read(&bits.to_value(256)), Ok(bits));
    assert_eq!(bits.to_value(9).len(), 3);
    assert!(Bits::read(&[1; 40]).is_err() && Bits::read(&[2]).is_err());
}

#[path = "model_tests.rs"]
mod model;
