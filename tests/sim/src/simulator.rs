//! Starting a simulator, and the handle on a running one.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use serde_json::Value as Json;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    control,
    faults::NewRule,
    keys::ROOT_SERIAL,
    log::Show,
    options::Options,
    people,
    phone::{self, code::Typed},
    server::{Tls, accept, link_code, unlink},
    settle::settle,
    world::World,
};

/// The pause of [`Handle::wait`] between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// Starts simulators.
#[derive(Debug)]
pub struct Simulator;

/// The addresses of a simulator and its keys to trust; the command's first line of output.
#[derive(Clone, Debug, Serialize)]
pub struct Started {
    /// The WebSocket without TLS.
    pub ws: String,
    /// The WebSocket over TLS.
    pub wss: String,
    /// Control API and page.
    pub control: String,
    /// The page that tells the newest version of the web client.
    pub version_page: String,
    /// The Noise root key that clients have to pin, hexadecimal.
    pub root_key: String,
    /// Its serial.
    pub root_serial: u32,
    /// The authority that signed the TLS certificate.
    pub ca_pem: String,
}

/// A running simulator. Dropping it ends everything.
///
/// The methods are the control API without HTTP; what they take and give is described there.
pub struct Handle {
    started: Started,
    world: Arc<World>,
    // Held for its drop, which ends the tasks.
    _tasks: JoinSet<()>,
}

impl Simulator {
    /// Starts one on the current tokio runtime.
    pub async fn start(options: Options) -> io::Result<Handle> {
        let tls = Tls::generate()?;
        let ws = TcpListener::bind(options.ws).await?;
        let wss = TcpListener::bind(options.wss).await?;
        let control = TcpListener::bind(options.control).await?;
        let world = Arc::new(World::new(options).map_err(io::Error::other)?);
        let started = Started {
            ws: format!("ws://{}/ws/chat", ws.local_addr()?),
            wss: format!("wss://{}/ws/chat", wss.local_addr()?),
            control: format!("http://{}", control.local_addr()?),
            version_page: format!("http://{}/sw.js", control.local_addr()?),
            root_key: world.keys.root.0.iter().map(|byte| format!("{byte:02x}")).collect(),
            root_serial: ROOT_SERIAL,
            ca_pem: tls.ca_pem,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(accept::listen(Arc::clone(&world), ws, None));
        tasks.spawn(accept::listen(Arc::clone(&world), wss, Some(tls.acceptor)));
        tasks.spawn(people::serve(Arc::clone(&world)));
        tasks.spawn(people::history::serve(Arc::clone(&world)));
        tasks.spawn(control::serve(Arc::clone(&world), started.clone(), control));
        Ok(Handle { started, world, _tasks: tasks })
    }
}

impl Handle {
    /// Returns the addresses and keys.
    pub fn started(&self) -> &Started {
        &self.started
    }

    /// The Noise root key.
    pub fn root_key(&self) -> [u8; 32] {
        self.world.keys.root.0
    }

    /// `POST /phones`: makes a phone; false if the number is taken or not one.
    pub fn add_phone(&self, number: &str, name: &str) -> bool {
        control::phones::create(&self.world, number, name, None).is_ok()
    }

    /// `PATCH /phones/{number}`: sets switches; the error is the API's.
    pub fn set(&self, number: &str, switches: &Json) -> Result<(), String> {
        control::phones::patch(&self.world, number, switches).map_err(|error| error.to_string())
    }

    /// `POST /phones/{number}/enter`: types a code and waits for the outcome.
    pub async fn enter(&self, number: &str, code: &str) -> Json {
        to_json(phone::code::enter(&self.world, number, Typed::new(code)).await)
    }

    /// `POST /phones/{number}/scan`: scans a QR and waits for the outcome.
    pub async fn scan(&self, number: &str, qr: &str) -> Json {
        to_json(phone::qr::scan(&self.world, number, qr).await)
    }

    /// `POST /phones/{number}/unlink` with `{"all":true}`.
    pub fn unlink_all(&self, number: &str) {
        unlink::from_phone(&self.world, number, unlink::Which::All);
    }

    /// `POST /phones/{number}/confirm`; the error is the API's.
    pub fn confirm(&self, number: &str, same: bool) -> Result<(), String> {
        control::phones::confirm(&self.world, number, same).map_err(|error| error.to_string())
    }

    /// `POST /phones/{number}/reinstall`; the error is the API's.
    pub fn reinstall(&self, number: &str, unlink: bool) -> Result<(), String> {
        phone::reinstall(&self.world, number, unlink).ok_or_else(|| format!("there is no phone {number}"))
    }

    /// `POST /phones/{number}/refresh_code`; false if no code waits for this phone.
    pub fn refresh_code(&self, number: &str, force_manual: bool) -> bool {
        link_code::refresh_code(&self.world, number, force_manual).is_some()
    }

    /// `POST /phones/{number}/push`: gives the stanza's id; the error is the API's.
    pub fn push(&self, number: &str, device: u16, stanza: Json) -> Result<String, String> {
        control::phones::push(&self.world, number, device, &stanza).map_err(|error| error.to_string())
    }

    /// `POST /phones/{number}/{verb}` for what people do (`send`, `react`, `read`, `add_device` …); the error is the API's.
    pub fn person(&self, number: &str, verb: &str, body: &Json) -> Result<Json, String> {
        control::people::act(&self.world, number, verb, body).map_err(|error| error.to_string())
    }

    /// `POST /phones/{number}/past`: gives the phone a past; the error is the API's.
    pub fn set_past(&self, number: &str, past: &Json) -> Result<Json, String> {
        control::past::set(&self.world, number, past).map_err(|error| error.to_string())
    }

    /// `POST /phones/{number}/past/send`: sends a part and gives its notices; the error is the API's.
    pub async fn send_past(&self, number: &str, part: &Json) -> Result<Json, String> {
        control::past::send(&self.world, number, part).await.map_err(|error| error.to_string())
    }

    /// `POST /loads`; the error is the API's.
    pub fn begin_load(&self, order: &Json) -> Result<Json, String> {
        control::people::begin_load(&self.world, order).map_err(|error| error.to_string())
    }

    /// `POST /loads/{id}/start`; the error is the API's.
    pub fn start_load(&self, id: u64) -> Result<Json, String> {
        control::people::start_load(&self.world, id).map_err(|error| error.to_string())
    }

    /// `POST /groups`: makes a group; the error is the API's.
    pub fn create_group(&self, group: &Json) -> Result<Json, String> {
        control::groups::create(&self.world, group).map_err(|error| error.to_string())
    }

    /// `POST /groups/{id}/{verb}`; the error is the API's.
    pub fn group(&self, id: &str, verb: &str, body: &Json) -> Result<Json, String> {
        control::groups::act(&self.world, id, verb, body).map_err(|error| error.to_string())
    }

    /// `POST /faults`: adds a rule and gives its id; the error says what is wrong with it.
    pub fn add_fault(&self, rule: Json) -> Result<u64, String> {
        let rule: NewRule = serde_json::from_value(rule).map_err(|error| error.to_string())?;
        Ok(self.world.faults.add(rule))
    }

    /// `POST /media`: puts a file up and gives its `path`; the error is the API's.
    pub fn put_file(&self, file: &Json) -> Result<Json, String> {
        control::media::put(&self.world, file).map_err(|error| error.to_string())
    }

    /// `POST /media/expire`: gives the number of the files that have expired; the error is the API's.
    pub fn expire_media(&self, which: &Json) -> Result<u64, String> {
        control::media::expire(&self.world, which).map_err(|error| error.to_string())
    }

    /// `POST /rotate_key`: the server takes another Noise key, which its certificates vouch for.
    pub fn rotate_key(&self) {
        control::server::rotate_key(&self.world);
    }

    /// `PATCH /version`: sets the newest version, and the oldest that is let in; the error is the API's.
    pub fn set_versions(&self, change: &Json) -> Result<(), String> {
        control::version::set(&self.world, change).map_err(|error| error.to_string())
    }

    /// `GET /violations`: what clients sent in another shape than the official web client, if the option `check_shapes` is set.
    pub fn violations(&self) -> Vec<String> {
        self.world.shapes.found()
    }

    /// `DELETE /faults`.
    pub fn clear_faults(&self) {
        self.world.faults.clear();
    }

    /// `POST /connections/{id}/{verb}`; the error is the API's.
    pub fn connection(&self, id: u64, verb: &str, body: &Json) -> Result<(), String> {
        control::connections::act(&self.world, id, verb, body).map_err(|error| error.to_string())
    }

    /// Looks at the state again and again until `look` finds what it wants, and gives that; `None` if it has not after `limit`.
    ///
    /// The effect of a client's or a person's last action may not have reached the state yet, so a test waits for it here. The
    /// *absence* of an effect is asserted with [`Handle::settled`].
    pub async fn wait<T>(&self, limit: Duration, mut look: impl FnMut(&State<'_>) -> Option<T>) -> Option<T> {
        let end = Instant::now() + limit;
        loop {
            if let Some(found) = look(&State { world: &self.world }) {
                return Some(found);
            }
            if Instant::now() >= end {
                return None;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Looks at the state once, after everything that the clients had written is handled and the people have heard what was sent
    /// to them; the error says why that has not come within `limit`. `POST /settle` describes it.
    ///
    /// An order to a client counts once the client has reported by an event that it is done.
    pub async fn settled<T>(&self, limit: Duration, look: impl FnOnce(&State<'_>) -> T) -> Result<T, String> {
        settle(&self.world, limit).await?;
        Ok(look(&State { world: &self.world }))
    }
}

/// The simulator's state at one moment. [`Handle::wait`] and [`Handle::settled`] hand it out.
pub struct State<'a> {
    world: &'a Arc<World>,
}

impl std::fmt::Debug for State<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

impl State<'_> {
    /// `GET /phones/{number}`.
    pub fn phone(&self, number: &str) -> Option<Json> {
        control::phones::show(self.world, number)
    }

    /// `GET /phones/{number}/heard?after=…`; the error is the API's.
    pub fn heard(&self, number: &str, device: u16, after: u64) -> Result<Json, String> {
        control::people::heard(self.world, number, device, after).map_err(|error| error.to_string())
    }

    /// `GET /loads/{id}`; the error is the API's.
    pub fn load(&self, id: u64) -> Result<Json, String> {
        control::people::show_load(self.world, id).map_err(|error| error.to_string())
    }

    /// `GET /media`.
    pub fn media(&self) -> Json {
        control::media::show(self.world)
    }

    /// `GET /ciphertexts`.
    pub fn ciphertexts(&self) -> Json {
        control::ciphertexts::show(self.world)
    }

    /// `GET /version`.
    pub fn versions(&self) -> Json {
        control::version::show(self.world)
    }

    /// `GET /faults`.
    pub fn faults(&self) -> Json {
        to_json(self.world.faults.list())
    }

    /// `GET /connections`.
    pub fn connections(&self) -> Json {
        control::connections::list(self.world)
    }

    /// `GET /log?after=…&json=1`: the newest entry's number and the entries.
    pub fn log(&self, after: u64) -> (u64, Vec<Json>) {
        self.world.log.after(after, Show { redact: false, json: true }, |_| true)
    }
}

fn to_json(value: impl Serialize) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
}
