//! Tests of the queue: order, fairness, dropping, waking, closing, the descriptor.

use super::*;
use crate::api::{ConnectionState, RequestResult};
use rustix::event::{PollFd, PollFlags, Timespec};

fn droppable(attempt: u32) -> crate::api::Connection {
    crate::api::Connection {
        state: ConnectionState::Connecting,
        reason: None,
        status: Status::OK,
        text: None,
        is_final: false,
        retryable: true,
        retry_in_ms: None,
        attempt,
    }
}

fn kept() -> RequestResult {
    RequestResult::ok("x", serde_json::Value::Null)
}

fn by_host() -> Closed {
    Closed { reason: CloseReason::ByHost, status: Status::OK, text: None }
}

fn next(queue: &Queue) -> Box<Event> {
    match queue.poll(Some(Duration::ZERO)) {
        Polled::Event(event) => event,
        other => panic!("{other:?}"),
    }
}

fn readable(number: RawFd) -> bool {
    // Borrowing by number needs no unsafe through /proc: reopening would make another description, so poll a duplicate of it.
    let path = format!("/proc/self/fdinfo/{number}");
    let info = std::fs::read_to_string(path).unwrap();
    let count = info.lines().find_map(|line| line.strip_prefix("eventfd-count:")).unwrap().trim().to_owned();
    u64::from_str_radix(&count, 16).unwrap() > 0
}

#[test]
fn ids_rise_and_order_is_kept() {
    let queue = Queue::for_one();
    let sink = queue.add_client(10);
    for request in 1..=3 {
        assert_eq!(sink.push(request, kept()), request);
    }
    for expected in 1..=3 {
        let event = next(&queue);
        assert_eq!((event.id, event.request, event.client), (expected, expected, sink.client()));
    }
    assert!(matches!(queue.poll(Some(Duration::ZERO)), Polled::Timeout));
}

#[test]
fn clients_take_turns() {
    let queue = Queue::shared();
    let (busy, quiet) = (queue.add_client(1000), queue.add_client(1000));
    for _ in 0..100 {
        busy.push(0, droppable(0));
    }
    quiet.push(0, droppable(0));
    quiet.push(0, droppable(0));
    let order: Vec<u64> = (0..5).map(|_| next(&queue).client).collect();
    let (b, q) = (busy.client(), quiet.client());
    assert_eq!(order, [b, q, b, q, b]);
}

#[test]
fn only_droppable_events_are_dropped_oldest_first_and_counted_in_place() {
    let queue = Queue::for_one();
    let sink = queue.add_client(2);
    sink.push(1, kept());
    sink.push(0, droppable(1));
    sink.push(2, kept());
    for attempt in 2..=5 {
        sink.push(0, droppable(attempt));
    }
    sink.push(3, kept());
    let mut shown = Vec::new();
    let mut last = 0;
    while let Polled::Event(event) = queue.poll(Some(Duration::ZERO)) {
        assert!(event.id > last);
        last = event.id;
        shown.push(match event.body {
            Body::Connection(body) => format!("c{}", body.attempt),
            Body::Overflow(body) => format!("overflow {}", body.count),
            _ => format!("r{}", event.request),
        });
    }
    assert_eq!(shown, ["r1", "overflow 3", "r2", "c4", "c5", "r3"]);
    // The count was taken: the next gap has a marker of its own.
    for attempt in 6..=8 {
        sink.push(0, droppable(attempt));
    }
    assert!(matches!(next(&queue).body, Body::Overflow(Overflow { count: 1 })));
}

#[test]
fn what_anybody_can_cause_is_bounded_and_makes_room_for_nothing_droppable() {
    let queue = Queue::for_one();
    let sink = queue.add_client(2);
    let stranger =
        |device| crate::api::IdentityChanged { sender: "5@lid".to_owned(), sender_phone: None, device };
    for attempt in 1..=5 {
        sink.push(0, stranger(attempt));
        sink.push(0, droppable(attempt));
    }
    let mut shown = Vec::new();
    while let Polled::Event(event) = queue.poll(Some(Duration::ZERO)) {
        shown.push(match event.body {
            Body::Connection(body) => format!("c{}", body.attempt),
            Body::IdentityChanged(body) => format!("i{}", body.device),
            Body::Overflow(body) => format!("overflow {}", body.count),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(shown, ["overflow 6", "i4", "c4", "i5", "c5"]);
    assert_eq!(crate::api::EVENTS.iter().filter(|row| row.keep == Keep::Bounded).count(), 3);
}

#[test]
fn an_own_queue_closes_after_its_last_event() {
    let queue = Queue::for_one();
    let sink = queue.add_client(10);
    sink.push(1, kept());
    sink.close(by_host());
    assert_eq!(sink.push(2, kept()), 0);
    drop(sink);
    assert_eq!(next(&queue).request, 1);
    assert!(matches!(next(&queue).body, Body::Closed(Closed { reason: CloseReason::ByHost, .. })));
    assert!(matches!(queue.poll(None), Polled::Closed));
    assert!(matches!(queue.poll(None), Polled::Closed));
}

#[test]
fn a_shared_queue_outlives_its_clients() {
    let queue = Queue::shared();
    drop(queue.add_client(10));
    assert!(matches!(next(&queue).body, Body::Closed(Closed { reason: CloseReason::Failed, .. })));
    assert!(matches!(queue.poll(Some(Duration::ZERO)), Polled::Timeout));
    let sink = queue.add_client(10);
    sink.push(1, kept());
    queue.close();
    assert!(matches!(queue.poll(None), Polled::Closed));
    assert_eq!(sink.push(2, kept()), 0);
    assert!(queue.state.lock().lanes.is_empty());
}

#[test]
fn a_wake_reaches_one_poll_waiting_or_not() {
    let queue = Queue::for_one();
    let sink = queue.add_client(10);
    queue.wake();
    queue.wake();
    assert!(matches!(queue.poll(None), Polled::Woken));
    assert!(matches!(queue.poll(Some(Duration::from_millis(1))), Polled::Timeout));
    let poller = Arc::clone(&queue);
    let thread = std::thread::spawn(move || poller.poll(None));
    while queue.state.lock().waiting_pollers == 0 {
        std::thread::yield_now();
    }
    queue.wake();
    assert!(matches!(thread.join().unwrap(), Polled::Woken));
    drop(sink);
}

#[test]
fn closing_lets_every_waiting_poll_go() {
    let queue = Queue::for_one();
    let sink = queue.add_client(10);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || queue.poll(None))
        })
        .collect();
    while queue.state.lock().waiting_pollers < 4 {
        std::thread::yield_now();
    }
    sink.close(by_host());
    let answers: Vec<Polled> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Polled::Event(_))).count(), 1);
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Polled::Closed)).count(), 3);
}

#[test]
fn the_descriptor_is_readable_exactly_while_a_poll_would_not_wait() {
    let queue = Queue::for_one();
    let sink = queue.add_client(10);
    sink.push(1, kept());
    let number = queue.descriptor().unwrap();
    assert_eq!(queue.descriptor().unwrap(), number);
    assert!(readable(number));
    sink.push(2, kept());
    next(&queue);
    assert!(readable(number));
    next(&queue);
    assert!(!readable(number));
    queue.wake();
    assert!(readable(number));
    assert!(matches!(queue.poll(None), Polled::Woken));
    assert!(!readable(number));
    sink.close(by_host());
    assert!(readable(number));
    next(&queue);
    assert!(readable(number), "closed and drained is an answer too");
}

#[test]
fn the_descriptor_wakes_a_real_poll() {
    let queue = Queue::for_one();
    let sink = queue.add_client(10);
    queue.descriptor().unwrap();
    let thread = std::thread::spawn({
        let queue = Arc::clone(&queue);
        move || {
            // The duplicate shares the description, so it becomes readable with it.
            let copy = rustix::io::dup(queue.state.lock().descriptor.as_ref().unwrap()).unwrap();
            let mut list = [PollFd::new(&copy, PollFlags::IN)];
            let limit = Timespec { tv_sec: 10, tv_nsec: 0 };
            rustix::event::poll(&mut list, Some(&limit)).unwrap()
        }
    });
    sink.push(1, kept());
    assert_eq!(thread.join().unwrap(), 1);
}

#[test]
fn nothing_is_lost_between_many_writers_and_readers() {
    let queue = Queue::shared();
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let sink = queue.add_client(10_000);
            std::thread::spawn(move || {
                for request in 1..=500 {
                    sink.push(request, kept());
                }
                sink.close(by_host());
            })
        })
        .collect();
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || {
                let mut taken = 0;
                while let Polled::Event(_) = queue.poll(Some(Duration::from_millis(500))) {
                    taken += 1;
                }
                taken
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let taken: usize = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
    assert_eq!(taken, 4 * 501);
    assert!(queue.state.lock().lanes.is_empty());
}

#[test]
fn a_client_that_fails_leaves_no_request_unanswered() {
    let queue = Queue::for_one();
    let shared = Arc::new(Shared::new(true));
    let sink = queue.add_client(8).answering_for(Arc::clone(&shared));
    let asked: Vec<u64> = (0..3).map(|_| shared.open_request("message.send", 10).unwrap()).collect();
    shared.request_answered(asked[1]);
    drop(sink);
    for request in [asked[0], asked[2]] {
        let event = next(&queue);
        assert_eq!(event.request, request);
        assert!(matches!(&event.body, Body::RequestResult(result) if result.status == Status::PANIC));
    }
    assert!(matches!(next(&queue).body, Body::Closed(Closed { reason: CloseReason::Failed, .. })));
    assert!(shared.is_closed() && matches!(queue.poll(None), Polled::Closed));
}

/// The caller finds it open when the session does not take it any more, and is told so.
#[test]
fn a_request_that_reaches_no_client_stays_with_its_caller() {
    let queue = Queue::for_one();
    let shared = Arc::new(Shared::new(true));
    let sink = queue.add_client(8).answering_for(Arc::clone(&shared));
    let late = shared.open_request("message.send", 10).unwrap();
    sink.close(Closed { reason: CloseReason::ByHost, status: Status::OK, text: None });
    drop(sink);
    assert!(shared.is_closed() && shared.request_answered(late));
    assert!(matches!(next(&queue).body, Body::Closed(Closed { reason: CloseReason::ByHost, .. })));
    assert!(matches!(queue.poll(None), Polled::Closed));
}
