//! A simulator with a phone, and clients that lead to it.

use std::ffi::{CStr, CString};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use wa::api::Status;
use wa_sim::{Handle, Options, Simulator, State};

use super::calls::{Client, Config, Null};

/// The number of the phone.
pub(crate) const NUMBER: &str = "15550001234";
/// The number of a person to write to.
pub(crate) const BOB: &str = "15550005678";

/// An answer to a passkey challenge.
pub(crate) const ASSERTION: &CStr =
    c"{\"id\":\"AQID\",\"rawId\":\"AQID\",\"type\":\"public-key\",\"response\":{\
    \"clientDataJSON\":\"e30\",\"authenticatorData\":\"AAAA\",\"signature\":\"MEUC\",\"userHandle\":null}}";

const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) struct World {
    pub(crate) sim: Arc<Handle>,
    runtime: tokio::runtime::Runtime,
    folder: TempDir,
}

/// Returns a text as one of C.
pub(crate) fn text(text: &str) -> CString {
    CString::new(text).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let sim = runtime.block_on(Simulator::start(Options::default())).unwrap();
        assert!(sim.add_phone(NUMBER, "Ada") && sim.add_phone(BOB, "Bob"));
        sim.set(NUMBER, &json!({ "provisions": false })).unwrap();
        Self { sim: Arc::new(sim), runtime, folder: TempDir::new().unwrap() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A configuration that leads to the simulator, for the session of that name.
    pub(crate) fn config(&self, session: &str) -> Config {
        let store = format!("sqlite:{}", self.folder().join("sessions.db").display());
        Config::new().with(&[
            ("store.url", &store),
            ("session.id", session),
            ("server.url", &self.sim.started().ws),
            ("server.root_key", &self.sim.started().root_key),
            ("reconnect.base_ms", "20"),
            ("pace.first_contacts_per_hour", "0"),
        ])
    }

    /// A client of that configuration, connecting.
    pub(crate) fn connecting(config: &Config) -> Client {
        let client = Client::new(config).unwrap();
        assert_eq!(client.connect(), Status::OK);
        client
    }

    /// A client that is linked to the phone and ready.
    pub(crate) fn linked(&self, session: &str) -> Client {
        self.linked_to(NUMBER, &self.config(session))
    }

    /// The same of that configuration, linked to the phone of that number.
    pub(crate) fn linked_to(&self, number: &str, config: &Config) -> Client {
        let client = Self::connecting(config);
        let request = client.request_pairing(text(number), Null);
        let code = client.event("pairing.code");
        self.enter_on(number, &code.json["code"]);
        assert_eq!(client.answer(request), Status::OK);
        client.event("ready");
        client
    }

    /// A client that is asked for the passkey of its account, and the world of that account.
    pub(crate) fn challenged() -> (Self, Client) {
        let world = Self::new();
        world.sim.set(NUMBER, &json!({ "passkey": "before_finish" })).unwrap();
        let client = Self::connecting(&world.config("default"));
        client.request_pairing(text(NUMBER), Null).unwrap();
        world.enter_later(&client.event("pairing.code").json["code"]);
        client.event("pairing.passkey");
        (world, client)
    }

    /// Types a code into the phone, which is left alone with what comes of it.
    pub(crate) fn enter_later(&self, code: &Value) {
        self.enter_on(NUMBER, code);
    }

    /// The same with the phone of that number.
    fn enter_on(&self, number: &str, code: &Value) {
        let (sim, number) = (Arc::clone(&self.sim), number.to_owned());
        let code = code.as_str().unwrap().to_owned();
        self.runtime.spawn(async move { sim.enter(&number, &code).await });
    }

    /// Scans a QR code with the phone, the same way.
    pub(crate) fn scan_later(&self, payload: &Value) {
        let (sim, payload) = (Arc::clone(&self.sim), payload.as_str().unwrap().to_owned());
        self.runtime.spawn(async move { sim.scan(NUMBER, &payload).await });
    }

    /// Lets something go wrong; see the simulator's table of faults.
    pub(crate) fn fault(&self, rule: Value) {
        self.sim.add_fault(rule).unwrap();
    }

    /// Does something to the newest connection at that stage.
    pub(crate) fn connection(&self, stage: &str, verb: &str, body: &Value) {
        let newest = |state: &State<'_>| {
            let list = state.connections();
            let ids = list.as_array().unwrap().iter().filter(|one| one["stage"] == stage);
            ids.filter_map(|one| one["id"].as_u64()).max()
        };
        let newest = self.runtime.block_on(self.sim.wait(PATIENCE, newest)).expect("a connection");
        self.sim.connection(newest, verb, body).unwrap();
    }

    /// Lets Bob write to the phone's account.
    pub(crate) fn bob_writes(&self) {
        self.sim.person(BOB, "send", &json!({ "to": NUMBER, "text": "hello" })).unwrap();
    }
}

/// A server that takes connections and never says a word.
pub(crate) struct Silence(TcpListener);

impl Silence {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// An address of it, for that protocol.
    pub(crate) fn url(&self, protocol: &str) -> String {
        format!("{protocol}://{}/x", self.0.local_addr().unwrap())
    }
}
