//! A simulator, a phone, and clients whose events are read with a limit in time.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use wa::api::{Config, Error, Event};
use wa::client::Client;
use wa::client::queue::Polled;
use wa::store::Backend;
use wa_sim::{Handle, Options, Simulator, State};

/// The number of the phone that every world has.
pub(crate) const NUMBER: &str = "15550001234";

/// The longest wait of a test for anything. Far more than it takes, so that a slow machine fails no test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) struct World {
    pub(crate) sim: Arc<Handle>,
    runtime: tokio::runtime::Runtime,
    folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        // All stanzas of libwa are of the official client's shape in every test.
        let options = Options { check_shapes: true, ..options };
        let sim = runtime.block_on(Simulator::start(options)).unwrap();
        assert!(sim.add_phone(NUMBER, "Ada"));
        // The first messages of a phone would take prekeys and wait in the queue, which these tests count.
        sim.set(NUMBER, &serde_json::json!({ "provisions": false })).unwrap();
        Self { sim: Arc::new(sim), runtime, folder: TempDir::new().unwrap() }
    }

    /// A configuration that leads to the simulator and keeps its session in the world's folder.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new();
        let store = format!("sqlite:{}", self.folder.path().join("sessions.db").display());
        for (key, value) in [
            ("store.url", store.as_str()),
            ("server.url", &self.sim.started().ws),
            ("server.root_key", &self.sim.started().root_key),
            ("reconnect.base_ms", "20"),
            ("pace.first_contacts_per_hour", "0"),
            ("log.level", "debug"),
        ] {
            config.set(key, value).unwrap();
        }
        config
    }

    pub(crate) fn config_with(&self, values: &[(&str, &str)]) -> Config {
        let mut config = self.config();
        for (key, value) in values {
            config.set(key, value).unwrap();
        }
        config
    }

    /// A client of that configuration, connecting.
    pub(crate) fn client(&self, config: &Config) -> Host {
        let host = Self::offline_client(config);
        host.client.connect().unwrap();
        host
    }

    /// The same, not connecting.
    pub(crate) fn offline_client(config: &Config) -> Host {
        Self::open(config).unwrap()
    }

    /// The same, if it can be opened.
    pub(crate) fn open(config: &Config) -> Result<Host, Error> {
        Ok(Host { client: Client::new(config, None)?, seen: Vec::new() })
    }

    /// A client whose session is in that store, not connecting.
    pub(crate) fn offline_client_in(&self, store: Arc<dyn Backend>) -> Host {
        Host { client: Client::in_store(&self.config(), store).unwrap(), seen: Vec::new() }
    }

    /// The folder of the store.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A client that is linked and ready, by code.
    pub(crate) fn linked(&self, config: &Config) -> Host {
        self.link(World::offline_client(config))
    }

    /// Links a client by code; gives it back when it is ready.
    pub(crate) fn link(&self, mut host: Host) -> Host {
        host.client.connect().unwrap();
        host.client.request_pairing(NUMBER, None).unwrap();
        let code = host.wait("pairing.code");
        let outcome = self.enter(code["code"].as_str().unwrap());
        assert_eq!(outcome["outcome"], "linked", "{outcome}\n{}", host.story());
        host.wait("ready");
        host
    }

    /// A configuration for a session of its own, named by the phone's number.
    pub(crate) fn config_of(&self, number: &str) -> Config {
        self.config_with(&[("session.id", number)])
    }

    /// A client that is linked to the phone of that number and ready.
    pub(crate) fn linked_as(&self, number: &str) -> Host {
        let mut host = self.client(&self.config_of(number));
        host.client.request_pairing(number, None).unwrap();
        let code = host.wait("pairing.code");
        self.enter_on(number, &code["code"]);
        host.wait("ready");
        host
    }

    /// Types a code into the phone and waits for what comes of it.
    pub(crate) fn enter(&self, code: &str) -> Value {
        self.runtime.block_on(self.sim.enter(NUMBER, code))
    }

    /// Scans a QR with the phone and waits for what comes of it.
    pub(crate) fn scan(&self, payload: &str) -> Value {
        self.runtime.block_on(self.sim.scan(NUMBER, payload))
    }

    /// Types a code into the phone; the phone is left alone with what comes of it.
    pub(crate) fn enter_later(&self, code: &Value) {
        self.enter_on(NUMBER, code);
    }

    /// The same with the phone of that number.
    pub(crate) fn enter_on(&self, number: &str, code: &Value) {
        let (sim, number) = (Arc::clone(&self.sim), number.to_owned());
        let code = code.as_str().unwrap().to_owned();
        self.runtime.spawn(async move { sim.enter(&number, &code).await });
    }

    /// The same with a QR.
    pub(crate) fn scan_later(&self, payload: &Value) {
        let (sim, payload) = (Arc::clone(&self.sim), payload.as_str().unwrap().to_owned());
        self.runtime.spawn(async move { sim.scan(NUMBER, &payload).await });
    }

    /// Lets something go wrong; see the simulator's table of faults.
    pub(crate) fn fault(&self, rule: Value) {
        self.sim.add_fault(rule).unwrap();
    }

    /// Does something with the phone that only the control API can: `POST /phones/{number}/{verb}`.
    pub(crate) fn phone(&self, verb: &str, body: &Value) -> Value {
        self.phone_of(NUMBER, verb, body)
    }

    /// The same with the phone of that number.
    pub(crate) fn phone_of(&self, number: &str, verb: &str, body: &Value) -> Value {
        let control = self.sim.started().control.strip_prefix("http://").unwrap();
        let body = body.to_string();
        let mut stream = TcpStream::connect(control).unwrap();
        write!(
            stream,
            "POST /phones/{number}/{verb} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{verb} {body}: {answer}");
        let (_, json) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(json).unwrap_or(Value::Null)
    }

    /// Lets the phone of that number send a part of its past.
    pub(crate) fn send_past(&self, number: &str, body: &Value) -> Value {
        self.runtime.block_on(self.sim.send_past(number, body)).unwrap()
    }

    /// Waits until the simulator is in a state of which `look` makes something; gives that.
    pub(crate) fn wait<T>(&self, what: &str, look: impl FnMut(&State<'_>) -> Option<T>) -> T {
        let found = self.runtime.block_on(self.sim.wait(PATIENCE, look));
        found.unwrap_or_else(|| panic!("it never came to this: {what}"))
    }

    /// Waits until it is so.
    pub(crate) fn wait_until(&self, what: &str, is: impl Fn(&State<'_>) -> bool) {
        self.wait(what, |state| is(state).then_some(()));
    }

    /// Looks at the simulator's state once everything that the clients had written is handled and heard.
    pub(crate) fn settled<T>(&self, look: impl FnOnce(&State<'_>) -> T) -> T {
        let found = self.runtime.block_on(self.sim.settled(PATIENCE, look));
        found.unwrap_or_else(|why| panic!("it never settled: {why}"))
    }

    /// Returns whether the simulator comes to a state within a moment. For a loop that does something meanwhile.
    pub(crate) fn comes_to(&self, moment: Duration, is: impl Fn(&State<'_>) -> bool) -> bool {
        self.runtime.block_on(self.sim.wait(moment, |state| is(state).then_some(()))).is_some()
    }

    /// Checks that no message key was used for two messages.
    pub(crate) fn no_key_is_used_twice(&self) {
        let seen = self.settled(|state| state.ciphertexts());
        assert_eq!((&seen["reused"], &seen["unreadable"]), (&json!(0), &json!(0)), "{seen}");
    }

    /// Returns the state of the phone of that number, once `is` holds.
    pub(crate) fn wait_phone(&self, what: &str, number: &str, is: impl Fn(&Value) -> bool) -> Value {
        self.wait(what, |state| state.phone(number).filter(&is))
    }

    /// Waits until a load is so.
    pub(crate) fn wait_load(&self, id: u64, is: impl Fn(&Value) -> bool) -> Value {
        self.wait("a load", |state| {
            let load = state.load(id).unwrap();
            assert!(load["state"] != "failed", "{load}");
            is(&load).then_some(load)
        })
    }

    /// The entries of the log after that one, with all that the clients had sent.
    pub(crate) fn entries(&self, after: u64) -> Vec<Value> {
        self.settled(|state| state.log(after).1)
    }

    /// Returns how many messages of an account's first companion were meant for other devices than the server knew.
    pub(crate) fn phash_mismatches(&self, number: &str) -> u64 {
        let phone = self.settled(|state| state.phone(number)).unwrap();
        phone["companions"][0]["phash_mismatches"].as_u64().unwrap()
    }

    /// Waits until a simulated device has heard such a message; gives it.
    pub(crate) fn wait_heard(&self, number: &str, device: u16, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait(&format!("{number} hears it"), |state| {
            let heard = state.heard(number, device, 0).unwrap();
            heard["messages"].as_array().unwrap().iter().find(|message| wanted(message)).cloned()
        })
    }

    /// Many messages at once, as `POST /loads` sends them; gives the number of the load.
    pub(crate) fn load(&self, order: &Value) -> u64 {
        let _on = self.runtime.enter();
        self.sim.begin_load(order).unwrap()["id"].as_u64().unwrap()
    }

    /// Queues a stanza for the first companion.
    pub(crate) fn push(&self, stanza: &Value) {
        self.phone("push", &json!({ "device": 1, "stanza": stanza }));
    }

    /// Begins a load (`POST /loads`) and gives its number.
    pub(crate) fn begin_load(&self, order: &Value) -> u64 {
        let _entered = self.runtime.enter();
        self.sim.begin_load(order).unwrap()["id"].as_u64().unwrap()
    }

    /// The newest connection at that stage.
    pub(crate) fn connection(&self, stage: &str) -> u64 {
        self.wait(&format!("somebody is {stage}"), |state| {
            let list = state.connections();
            let ids = list.as_array().unwrap().iter().filter(|one| one["stage"] == stage);
            ids.filter_map(|one| one["id"].as_u64()).max()
        })
    }

    /// The server says something to the linked device.
    pub(crate) fn say(&self, stanza: &Value) {
        self.sim.connection(self.connection("device"), "send", &json!({ "stanza": stanza })).unwrap();
    }

    /// Waits until the simulator's log has an entry newer than `after` that is wanted; gives the entry.
    pub(crate) fn logged(&self, after: u64, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait("an entry of the log", |state| state.log(after).1.into_iter().find(|entry| wanted(entry)))
    }

    /// Waits until the server has received such a stanza.
    pub(crate) fn received(&self, after: u64, wanted: impl Fn(&Value) -> bool) -> Value {
        self.logged(after, |entry| entry["dir"] == "in" && wanted(&entry["stanza"]))["stanza"].clone()
    }

    /// The number of the newest entry of the log, behind all that the clients had sent.
    pub(crate) fn now(&self) -> u64 {
        self.settled(|state| state.log(u64::MAX).0)
    }
}

impl Drop for World {
    /// Fails the test if a client has sent what the official web client does not.
    fn drop(&mut self) {
        let violations = self.sim.violations();
        assert!(violations.is_empty() || std::thread::panicking(), "{}", violations.join("\n"));
    }
}

impl Drop for Host {
    /// As the C interface frees a client: when it returns, the session can be opened again.
    fn drop(&mut self) {
        let ended = self.client.shut_down(PATIENCE);
        assert!(ended || std::thread::panicking(), "the client did not end");
    }
}

/// A host: its client, and every event it has taken.
pub(crate) struct Host {
    pub client: Client,
    seen: Vec<Arc<Event>>,
}

impl Host {
    /// The next event, as its JSON; `None` when the client is closed and has nothing more to say.
    pub(crate) fn next(&mut self) -> Option<Value> {
        match self.client.queue().poll(Some(PATIENCE)) {
            Polled::Event(event) => {
                let json = serde_json::from_str(&event.to_json()).unwrap();
                self.seen.push(Arc::from(event));
                Some(json)
            }
            Polled::Closed => None,
            other => panic!("{other:?} after\n{}", self.story()),
        }
    }

    /// The next event of that type; others are passed over.
    pub(crate) fn wait(&mut self, kind: &str) -> Value {
        self.wait_for(kind, |_| true)
    }

    /// The next event of that type for which `wanted` holds.
    pub(crate) fn wait_for(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let limit = Instant::now() + PATIENCE;
        while Instant::now() < limit {
            match self.next() {
                Some(event) if event["type"] == kind && wanted(&event) => return event,
                Some(_) => {}
                None => break,
            }
        }
        panic!("no {kind} in\n{}", self.story())
    }

    /// The answer to that request.
    pub(crate) fn answer(&mut self, request: u64) -> Value {
        self.wait_for("result", |event| event["request"] == request)
    }

    /// Takes everything to the last event, and gives that. Panics unless it is `closed`.
    pub(crate) fn closed(&mut self) -> Value {
        let closed = self.wait("closed");
        assert!(self.next().is_none(), "nothing comes after `closed`");
        closed
    }

    /// The events of that type taken so far.
    pub(crate) fn taken(&self, kind: &str) -> Vec<Value> {
        let all = self.seen.iter().map(|event| serde_json::from_str::<Value>(&event.to_json()).unwrap());
        all.filter(|event| event["type"] == kind).collect()
    }

    /// Acknowledges everything taken so far.
    pub(crate) fn acknowledge_all(&self) {
        for event in &self.seen {
            self.client.ack(event.id);
        }
    }

    /// Everything taken so far, for the message of a failed test.
    pub(crate) fn story(&self) -> String {
        self.seen.iter().map(|event| format!("  {}\n", event.to_json())).collect()
    }
}
