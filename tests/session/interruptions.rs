//! Pairing and the first login, interrupted at every step in every way: exactly one answer with a name, nothing hangs, and
//! afterwards the same program pairs and becomes ready.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use wa::api::Config;
use wa_sim::Options;

use super::world::{Host, NUMBER, World};

/// Cases that run side by side. Most of their time is waiting.
const THREADS: usize = 12;
/// The number of failures of a pairing after which the fault counts as one that does not go away.
const TRIES: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Code,
    Qr,
}

/// One interruption of one pairing.
struct Case {
    method: Method,
    when: Value,
    what: Value,
}

/// The faults of a stanza that the server receives.
const INCOMING: [&str; 4] = ["cut", "close", "silence", "drop"];
/// And to one that it sends.
const OUTGOING: [&str; 10] =
    ["cut", "close", "cut_after", "silence", "drop", "garble", "truncate", "replay", "reorder", "duplicate"];

/// The steps of connecting, each with what can happen there.
fn connecting(skip: u32) -> Vec<(Value, Vec<Value>)> {
    let at = |point: &str| json!({ "point": point, "skip": skip });
    let words = |list: &[&str]| list.iter().map(|word| json!(word)).collect::<Vec<_>>();
    let mut upgrade = words(&["cut", "silence"]);
    upgrade.push(json!({ "http": 503 }));
    vec![
        (at("accept"), words(&["cut", "silence"])),
        (at("upgrade"), upgrade),
        (at("client_hello"), words(&["cut", "silence"])),
        (at("server_hello"), words(&["cut", "silence", "drop", "garble", "truncate", "duplicate"])),
        (at("client_finish"), words(&["cut", "silence"])),
    ]
}

/// The steps after it. `results`: how many of the server's answers come before the login.
fn talking(method: Method) -> Vec<(Value, Vec<Value>)> {
    let incoming = |when: Value| (when, INCOMING.map(|word| json!(word)).to_vec());
    let outgoing = |mut when: Value| {
        when["point"] = "out".into();
        (when, OUTGOING.map(|word| json!(word)).to_vec())
    };
    let result = |skip: u32| outgoing(json!({ "tag": "iq", "type": "result", "skip": skip }));
    let mut steps = vec![
        outgoing(json!({ "child": "pair-device" })),
        incoming(json!({ "tag": "iq", "type": "result" })),
        outgoing(json!({ "child": "pair-success" })),
        incoming(json!({ "child": "pair-device-sign" })),
        outgoing(json!({ "tag": "stream:error", "code": "515" })),
        outgoing(json!({ "tag": "success" })),
        incoming(json!({ "xmlns": "encrypt" })),
        incoming(json!({ "xmlns": "passive" })),
    ];
    let before_login = match method {
        Method::Qr => 0,
        Method::Code => {
            steps.extend([
                incoming(json!({ "stage": "companion_hello" })),
                outgoing(json!({ "stage": "companion_hello" })),
                outgoing(json!({ "stage": "primary_hello" })),
                incoming(json!({ "tag": "ack" })),
                incoming(json!({ "stage": "companion_finish" })),
                result(1),
            ]);
            2
        }
    };
    steps.extend([result(before_login), result(before_login + 1)]);
    steps
}

fn cases(steps: Vec<(Value, Vec<Value>)>, method: Method) -> Vec<Case> {
    let each = |(when, whats): (Value, Vec<Value>)| {
        whats.into_iter().map(move |what| Case { method, when: when.clone(), what })
    };
    steps.into_iter().flat_map(each).collect()
}

/// Every wait is short, and yet long enough for a machine that has much else to do.
fn config(world: &World) -> Config {
    world.config_with(&[
        ("store.url", "memory:"),
        ("connect.timeout_ms", "1500"),
        ("handshake.timeout_ms", "1500"),
        ("login.timeout_ms", "2500"),
        ("iq.timeout_ms", "2000"),
        ("keepalive.deadline_ms", "8000"),
        ("pairing.refs_timeout_ms", "2000"),
        ("pairing.hello_timeout_ms", "3000"),
        ("pairing.finish_timeout_ms", "3000"),
        ("pairing.success_timeout_ms", "5000"),
        ("pairing.code_ttl_ms", "8000"),
        ("pairing.qr_first_ms", "4000"),
        ("pairing.qr_next_ms", "3000"),
        ("pairing.restart_timeout_ms", "500"),
        ("pairing.limit_burst", "10"),
        ("pairing.limit_interval_ms", "100"),
        ("pairing.limit_per_hour", "60"),
        ("prekeys.upload_count", "5"),
        ("log.level", "off"),
    ])
}

/// A host that wants its session to be linked and ready, whatever comes.
struct Pairer<'a> {
    world: &'a World,
    config: Config,
    method: Method,
    host: Host,
    /// The open request, and how the server's or the phone's word on it was put.
    request: u64,
    outcome: Option<Value>,
    tries: usize,
}

impl<'a> Pairer<'a> {
    fn new(world: &'a World, method: Method) -> Self {
        let config = config(world);
        let host = world.client(&config);
        let mut pairer = Self { world, config, method, host, request: 0, outcome: None, tries: 0 };
        pairer.ask();
        pairer
    }

    fn ask(&mut self) {
        self.tries += 1;
        assert!(self.tries <= TRIES, "it does not recover:\n{}", self.host.story());
        self.outcome = None;
        self.host.client.connect().unwrap();
        self.request = match self.method {
            Method::Code => self.host.client.request_pairing(NUMBER, None),
            Method::Qr => self.host.client.request_qr(),
        }
        .unwrap_or_else(|error| panic!("{error:?} after\n{}", self.host.story()));
    }

    fn run(&mut self) {
        while let Some(event) = self.next() {
            let ours = event["request"] == self.request;
            match event["type"].as_str().unwrap() {
                "pairing.code" => self.world.enter_later(&event["code"]),
                "pairing.qr" => self.world.scan_later(&event["payload"]),
                "pairing.error" | "pairing.expired" if ours => {
                    assert!(!event["user_text"].as_str().unwrap().is_empty(), "{event}");
                    if event["refreshing"] == false {
                        self.outcome = Some(event["outcome"].clone());
                    }
                }
                "result" if ours && event["status"] != 0 => {
                    assert!(self.outcome.is_some(), "no outcome was told:\n{}", self.host.story());
                    self.world.sim.clear_faults();
                    self.ask();
                }
                // A user who waits presses the button.
                "connection" if event["retry_in_ms"].as_u64().is_some_and(|wait| wait > 500) => {
                    self.host.client.connect().unwrap();
                }
                // A server that wants to be left alone is asked again when the host says so.
                "connection" if event["state"] == "disconnected" && self.host.client.is_linked() => {
                    self.host.client.connect().unwrap();
                }
                "ready" => return,
                _ => {}
            }
        }
        panic!("closed:\n{}", self.host.story());
    }

    /// The next event; a session whose link was revoked is begun anew.
    fn next(&mut self) -> Option<Value> {
        let event = self.host.next()?;
        if event["type"] != "closed" {
            return Some(event);
        }
        assert_eq!(event["reason"], "logged_out", "{}", self.host.story());
        self.settled();
        self.world.sim.clear_faults();
        self.host = self.world.client(&self.config);
        self.ask();
        self.host.next()
    }

    /// Each request had exactly one answer.
    fn settled(&mut self) {
        while self.host.next().is_some() {}
        let answers = self.host.taken("result");
        let mut requests: Vec<_> = answers.iter().map(|answer| answer["request"].as_u64().unwrap()).collect();
        let count = requests.len();
        requests.dedup();
        assert_eq!(requests.len(), count, "a request was answered twice:\n{}", self.host.story());
        assert!(requests.contains(&self.request), "a request was not answered:\n{}", self.host.story());
    }
}

fn play(case: &Case) {
    let world = World::with(Options { phone_patience_ms: 5_000, ..Options::default() });
    world.sim.set(NUMBER, &json!({ "max_devices": 20 })).unwrap();
    world.fault(json!({ "when": case.when, "do": case.what }));
    let mut pairer = Pairer::new(&world, case.method);
    pairer.run();
    // A fault that was not met is not a case; those that were are gone if the first try failed.
    let met = pairer.tries > 1 || world.settled(|state| state.faults()[0]["applied"] == 1);
    assert!(met, "the step was not reached:\n{}", pairer.host.story());
    pairer.host.client.close();
    pairer.settled();
}

/// Plays all cases, some at a time, and tells all that failed.
fn play_all(cases: Vec<Case>) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Err(panic) = catch_unwind(AssertUnwindSafe(|| play(case))) else { continue };
                    let text = panic.downcast_ref::<String>().map_or("no words", String::as_str);
                    let Case { method, when, what } = case;
                    failed.lock().unwrap().push(format!("{method:?} {when} {what}: {text}"));
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), cases.len(), failed.join("\n\n"));
}

#[test]
fn connecting_to_pair() {
    play_all(cases(connecting(0), Method::Code));
}

#[test]
fn connecting_to_log_in() {
    play_all(cases(connecting(1), Method::Qr));
}

#[test]
fn being_let_in() {
    let mut steps = Vec::new();
    for point in ["register", "login"] {
        let whats = ["drop", "cut", "close", "silence"].map(|word| json!(word));
        let more = [
            json!({ "failure": { "reason": "500" } }),
            json!({ "failure": { "reason": "503" } }),
            json!({ "failure": { "reason": "401" } }),
            json!({ "failure": { "reason": "403" } }),
            json!({ "failure": { "reason": "400" } }),
            json!({ "failure": {} }),
            json!({ "stream_error": { "code": "503" } }),
            json!({ "stream_error": {} }),
        ];
        steps.push((json!({ "point": point }), whats.into_iter().chain(more).collect()));
    }
    play_all(cases(steps, Method::Code));
}

#[test]
fn linking_by_code() {
    play_all(cases(talking(Method::Code), Method::Code));
}

#[test]
fn linking_by_qr() {
    play_all(cases(talking(Method::Qr), Method::Qr));
}

#[test]
fn a_confirmation_that_is_not_right() {
    let forgeries = [
        "wrong_mac",
        "wrong_signature",
        "other_identity",
        "no_device",
        "no_identity",
        "oversize",
        "truncated",
        "key_index_zero",
        "low_order_key",
        "hosted_flag",
    ];
    let whats = forgeries.map(|forgery| json!({ "forge": forgery }));
    let more = [json!("drop"), json!({ "error": { "code": 500 } })];
    let whats: Vec<_> = whats.into_iter().chain(more).collect();
    let steps = vec![(json!({ "point": "pair_success" }), whats)];
    play_all(cases(steps.clone(), Method::Code));
    // A QR stays on the screen after a bad confirmation; the user scans it again.
    play_all(cases(steps, Method::Qr));
}
