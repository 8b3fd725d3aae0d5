//! The memory of a host that does not poll. A test program of its own, since it counts what the whole program has allocated: the
//! host is this program once more, as a process beside the simulator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod counting;
#[path = "../session/world.rs"]
#[allow(dead_code, reason = "shared with the tests of the session, which use all of it")]
mod world;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use wa::api::{Config, Status};
use wa::client::Client;
use wa::client::queue::Polled;
use wa_sim::Options;

use world::{NUMBER, World};

const PEOPLE: [&str; 4] = ["15550005678", "15550005679", "15550005680", "15550005681"];
/// Many times what waits in memory at most.
const OFFLINE: u64 = 10_000;
const ONLINE: u64 = 20_000;
/// Bytes of each text.
const LENGTH: u64 = 1_000;
/// The memory that a load may add: the store has a bounded memory of what it has written, and so has the session of which
/// messages came. The texts alone would be twenty million bytes.
const MORE: i64 = 8 << 20;
/// The longest wait of a test for anything.
const PATIENCE: Duration = Duration::from_secs(180);
/// The configuration of the host, if this process is one.
const HOST: &str = "WA_TEST_MEMORY_HOST";

/// The host as seen from the test: it is told what to do, line by line, and answers each with a number.
struct Host {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Host {
    fn start(config: &[(&str, &str)]) -> Self {
        let config: HashMap<_, _> = config.iter().copied().collect();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "host", "--nocapture", "--quiet"])
            .env(HOST, json!(config).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, orders, answers }
    }

    fn tell(&mut self, order: &str) -> i64 {
        writeln!(self.orders, "{order}").unwrap();
        loop {
            let line = self.answers.next().unwrap_or_else(|| panic!("{order}: the host has ended")).unwrap();
            if let Some((_, said)) = line.split_once("said: ") {
                return said.parse().unwrap();
            }
        }
    }

    fn end(mut self) {
        drop(self.orders);
        assert!(self.child.wait().unwrap().success());
    }
}

/// Runs the host. Without a configuration this process is none.
#[test]
fn host() {
    let Ok(values) = std::env::var(HOST) else { return };
    let values: HashMap<String, String> = serde_json::from_str(&values).unwrap();
    let mut config = Config::new();
    for (key, value) in &values {
        config.set(key, value).unwrap();
    }
    let client = opened(&config);
    client.connect().unwrap();
    for order in std::io::stdin().lock().lines() {
        let order = order.unwrap();
        let said = match order.split_once(' ') {
            None if order == "peak" => counting::peak(),
            None => counting::live(),
            Some(("history", parts)) => take_history(&client, parts.parse().unwrap()),
            Some((_, count)) => take(&client, count.parse().unwrap()),
        };
        println!("said: {said}");
    }
}

/// Opens the client, once the host before this one has let go of the store.
fn opened(config: &Config) -> Client {
    let since = Instant::now();
    loop {
        match Client::new(config, None) {
            Err(error) if error.status == Status::STORE_LOCKED && since.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => return opened.unwrap(),
        }
    }
}

/// Takes the messages of a load, each the next one of its sender.
fn take(client: &Client, count: i64) -> i64 {
    let mut next: HashMap<String, u64> = HashMap::new();
    let mut taken = 0;
    while taken < count {
        let Polled::Event(event) = client.queue().poll(Some(PATIENCE)) else { panic!("{taken} came") };
        let json: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
        if json["type"] != "message" {
            continue;
        }
        let next = next.entry(json["sender_phone"].as_str().unwrap().to_owned()).or_insert(1);
        assert_eq!(json["text"].as_str().unwrap().trim_end(), format!("#{next}"));
        *next += 1;
        taken += 1;
        client.ack(event.id);
    }
    taken
}

/// Waits until so many parts of the history were taken.
fn take_history(client: &Client, parts: i64) -> i64 {
    for _ in 0..parts {
        loop {
            let Polled::Event(event) = client.queue().poll(Some(PATIENCE)) else {
                panic!("no part was taken")
            };
            let json: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
            client.ack(event.id);
            if json["text"].as_str().is_some_and(|line| line.starts_with("a part of the history was taken")) {
                break;
            }
        }
    }
    parts
}

/// Messages for the host, all of them acknowledged to the server when this returns.
fn flood(world: &World, count: u64, window: u64, meanwhile: impl FnOnce() -> Option<Host>) -> Option<Host> {
    let order = json!({ "to": NUMBER, "from": PEOPLE, "count": count, "length": LENGTH, "window": window });
    let id = world.begin_load(&order);
    let wait = |done: &dyn Fn(&serde_json::Value) -> bool| {
        world.wait_load(id, done);
    };
    wait(&|load| load["sent"].as_u64().unwrap() >= window.min(count));
    let host = meanwhile();
    wait(&|load| load["state"] == "done");
    host
}

#[test]
fn a_host_that_does_not_poll_takes_no_more_memory_the_more_waits() {
    let world = World::with(Options { log_limit: 0, ..Options::default() });
    for number in PEOPLE {
        assert!(world.sim.add_phone(number, number));
    }
    let store = format!("sqlite:{}", world.folder().join("sessions.db").display());
    let config = [
        ("store.url", store.as_str()),
        ("server.url", &world.sim.started().ws),
        ("server.root_key", &world.sim.started().root_key),
    ];
    drop(world.linked(&world.config()));
    let mut host = flood(&world, OFFLINE, OFFLINE, || Some(Host::start(&config))).unwrap();
    let mut before = host.tell("measure");
    for _ in 0..2 {
        flood(&world, ONLINE, 1_000, || None);
        let after = host.tell("measure");
        println!("{before} bytes before {ONLINE} more messages, {after} after them");
        assert!(after - before < MORE, "{before} bytes became {after}");
        before = after;
    }
    for count in [OFFLINE, ONLINE, ONLINE] {
        assert_eq!(host.tell(&format!("take {count}")).cast_unsigned(), count);
    }
    host.end();
}

/// Bytes of each text of the history, and the number of texts: two hundred million bytes altogether.
const HISTORY: (u64, u64) = (2_000, 100_000);

#[test]
fn a_long_history_takes_no_more_memory_than_a_few_of_its_messages() {
    let world = World::with(Options { log_limit: 0, ..Options::default() });
    let store = format!("sqlite:{}", world.folder().join("sessions.db").display());
    let config = [
        ("store.url", store.as_str()),
        ("server.url", &world.sim.started().ws),
        ("server.root_key", &world.sim.started().root_key),
        ("log.level", "info"),
    ];
    let mut first = world.linked(&world.config());
    first.client.close();
    first.closed();
    drop(first);
    let bulk = json!({ "chats": 500, "messages": HISTORY.1, "text": HISTORY.0, "tokens": true });
    world.sim.set_past(NUMBER, &json!({ "chats": [], "bulk": bulk })).unwrap();
    let mut host = Host::start(&config);
    // Warm: a short part first.
    world.send_past(NUMBER, &json!({ "device": 1, "type": "push_name" }));
    host.tell("history 1");
    let before = host.tell("measure");
    host.tell("peak");
    let sent = world.send_past(NUMBER, &json!({ "device": 1, "type": "recent" }));
    assert!(sent["notices"][0]["inflated"].as_u64().unwrap() > HISTORY.0 * HISTORY.1, "{sent}");
    host.tell("history 1");
    let (peak, after) = (host.tell("peak"), host.tell("measure"));
    println!("{before} bytes before the history, {peak} at most, {after} after it");
    assert!(peak - before < MORE, "{before} bytes became {peak}");
    host.end();
}
