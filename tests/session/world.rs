//! A simulator, a phone, and clients whose events are read with a limit in time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use wa::api::{Config, Event};
use wa::client::Client;
use wa::client::queue::Polled;
use wa_sim::{Handle, Options, Simulator};

/// The number of the phone that every world has.
pub(crate) const NUMBER: &str = "15550001234";

/// How long a test waits for anything. Far more than it takes, so that a slow machine fails no test.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) sim: Handle,
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
        let sim = runtime.block_on(Simulator::start(options)).unwrap();
        assert!(sim.add_phone(NUMBER, "Ada"));
        Self { sim, runtime, folder: TempDir::new().unwrap() }
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
        let host = Host { client: Client::new(config, None).unwrap(), seen: Vec::new() };
        host.client.connect().unwrap();
        host
    }

    /// A client that is linked and ready, by code.
    pub(crate) fn linked(&self, config: &Config) -> Host {
        let mut host = self.client(config);
        host.client.request_pairing(NUMBER, None).unwrap();
        let code = host.wait("pairing.code");
        let outcome = self.enter(code["code"].as_str().unwrap());
        assert_eq!(outcome["outcome"], "linked", "{outcome}\n{}", host.story());
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

    /// Lets something go wrong; see the simulator's table of faults.
    pub(crate) fn fault(&self, rule: Value) {
        self.sim.add_fault(rule).unwrap();
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
