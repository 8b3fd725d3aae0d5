//! Many sessions in one process, on one queue.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use wa::client::Client;
use wa::client::queue::{Polled, Queue};
use wa_sim::Options;

use super::world::World;

/// As many as a small service has.
const CLIENTS: usize = 200;

/// The host's knowledge of one of them.
#[derive(Default)]
struct Seen {
    number: String,
    last_event: u64,
    answers: usize,
    linked: bool,
    ready: bool,
    closed: bool,
}

#[test]
fn two_hundred_pair_at_once_on_one_queue() {
    let world = World::with(Options { log_limit: 0, ..Options::default() });
    let queue = Queue::shared();
    let mut clients = HashMap::new();
    let mut seen: HashMap<u64, Seen> = HashMap::new();
    for index in 0..CLIENTS {
        let number = format!("1556{index:07}");
        assert!(world.sim.add_phone(&number, "One of many"));
        let session = format!("session-{index}");
        let config = world.config_with(&[
            ("session.id", &session),
            ("prekeys.upload_count", "3"),
            ("log.level", "off"),
        ]);
        let client = Client::new(&config, Some(queue.clone())).unwrap();
        client.connect().unwrap();
        client.request_pairing(&number, None).unwrap();
        seen.insert(client.id(), Seen { number, ..Seen::default() });
        clients.insert(client.id(), client);
    }
    // Threads of the library alone cannot be told from the simulator's here; that they do not grow with the clients can.
    let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    assert!(threads < CLIENTS, "{threads} threads for {CLIENTS} clients");

    let mut ready = 0;
    while ready < CLIENTS {
        let event = next(&queue);
        let one = take(&mut seen, &event);
        match event["type"].as_str().unwrap() {
            "pairing.code" => world.enter_on(&one.number, &event["code"]),
            "pairing.error" | "pairing.expired" | "restricted" => panic!("{event}"),
            "pairing.success" => {
                assert_eq!(event["phone"], one.number.as_str(), "each hears of itself");
                one.linked = true;
            }
            "result" => {
                assert_eq!(event["status"], 0, "{event}");
                one.answers += 1;
            }
            "ready" => {
                assert!(one.linked && !one.ready, "{event}");
                assert_eq!(event["phone"], one.number.as_str());
                one.ready = true;
                ready += 1;
            }
            _ => {}
        }
    }
    assert!(seen.values().all(|one| one.answers == 1), "one answer for each request");

    for client in clients.values() {
        client.close();
    }
    while seen.values().any(|one| !one.closed) {
        let event = next(&queue);
        let one = take(&mut seen, &event);
        one.closed |= event["type"] == "closed";
    }
    assert!(matches!(queue.poll(Some(Duration::ZERO)), Polled::Timeout), "nothing comes after `closed`");
    assert!(clients.values().all(|client| client.shut_down(Duration::from_secs(60))));
}

fn next(queue: &Queue) -> Value {
    match queue.poll(Some(Duration::from_secs(120))) {
        Polled::Event(event) => serde_json::from_str(&event.to_json()).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Returns the client that an event concerns; ids grow for each client, and nothing follows its last event.
fn take<'a>(seen: &'a mut HashMap<u64, Seen>, event: &Value) -> &'a mut Seen {
    let one = seen.get_mut(&event["client"].as_u64().unwrap()).expect("an event names its client");
    let id = event["id"].as_u64().unwrap();
    assert!(id > one.last_event && !one.closed, "{event}");
    one.last_event = id;
    one
}
