//! The state shared by all tasks of one simulator: options, keys, the model, the fault table, the log.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;
use tokio::sync::Notify;
use wa::crypto::random_array;

use crate::{
    faults::FaultTable,
    keys::ServerKeys,
    ledger::Ledger,
    log::Log,
    media::Media,
    model::Model,
    options::Options,
    people::{history::Jobs, load::Loads},
    random::SimRandom,
    shapes::Checker,
    versions::Versions,
};

/// One simulated WhatsApp. The locks are held for short sections only, never across an await, and never two at a time
/// except model before media, histories, faults or log.
pub(crate) struct World {
    pub(crate) options: Options,
    pub(crate) keys: ServerKeys,
    pub(crate) model: Mutex<Model>,
    pub(crate) faults: FaultTable,
    pub(crate) log: Log,
    pub(crate) media: Media,
    pub(crate) ledger: Ledger,
    pub(crate) shapes: Checker,
    pub(crate) loads: Mutex<Loads>,
    pub(crate) histories: Jobs,
    pub(crate) versions: Versions,
    /// Told when there is something in the post for simulated devices.
    pub(crate) posted: Notify,
    /// Notified of every change that a task may wait for.
    pub(crate) changed: Notify,
    /// Stanzas taken from clients, and by simulated devices, so far.
    pub(crate) handled: AtomicU64,
    random: SimRandom,
    streams: AtomicU64,
    ids: AtomicU64,
}

impl World {
    pub(crate) fn new(options: Options) -> Result<Self, getrandom::Error> {
        let random = SimRandom::new(options.seed.as_deref())?;
        let keys = ServerKeys::generate(&random, unix_seconds());
        let log = Log::new(options.log_limit, options.verbose);
        let shapes = Checker::new(options.check_shapes);
        Ok(Self {
            options,
            keys,
            model: Mutex::new(Model::default()),
            faults: FaultTable::default(),
            log,
            media: Media::new(random_array(&mut random.derive("media"))),
            ledger: Ledger::default(),
            shapes,
            loads: Mutex::default(),
            histories: Jobs::default(),
            versions: Versions::default(),
            posted: Notify::new(),
            changed: Notify::new(),
            handled: AtomicU64::new(0),
            random,
            streams: AtomicU64::new(0),
            ids: AtomicU64::new(1),
        })
    }

    /// A stream of randomness nobody else has.
    pub(crate) fn random(&self) -> SimRandom {
        let n = self.streams.fetch_add(1, Ordering::Relaxed);
        self.random.derive(&format!("stream {n}"))
    }

    /// A stream that depends on the label only: what must be the same in every run with the same seed.
    pub(crate) fn stable_random(&self, label: &str) -> SimRandom {
        self.random.derive(label)
    }

    /// An id for a stanza that the server starts.
    pub(crate) fn stanza_id(&self) -> String {
        format!("{}", 1_000_000_000 + self.ids.fetch_add(1, Ordering::Relaxed))
    }
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// Milliseconds since 1970.
pub(crate) fn unix_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
