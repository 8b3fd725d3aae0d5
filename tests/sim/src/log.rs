//! A log of wires and other events, for tests to read: a ring of the last entries.

use std::{collections::VecDeque, io::Write, sync::Arc};

use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tokio::sync::Notify;
use wa::stanza::Node;

use crate::{json_node, world::unix_millis};

/// The direction of a stanza; a note went nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From a client.
    In,
    /// To a client.
    Out,
    /// Something that happened.
    Note,
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Note => "note",
        }
    }
}

#[derive(Clone)]
enum What {
    Stanza(Arc<Node>),
    Text(String),
}

struct Entry {
    n: u64,
    at_ms: u64,
    connection: Option<u64>,
    direction: Direction,
    what: What,
}

/// The display of entries.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Show {
    /// Hide numbers and contents.
    pub(crate) redact: bool,
    /// Give the stanza as JSON too.
    pub(crate) json: bool,
}

impl Entry {
    fn to_json(&self, show: Show) -> Json {
        let mut json = json!({ "n": self.n, "ms": self.at_ms, "dir": self.direction.name() });
        if let Some(id) = self.connection {
            json["connection"] = id.into();
        }
        match &self.what {
            What::Text(text) => json["text"] = text.as_str().into(),
            What::Stanza(node) => {
                json["tag"] = node.tag().into();
                json["xml"] = if show.redact { format!("{node:?}") } else { node.xml() }.into();
                if show.json && !show.redact {
                    json["stanza"] = json_node::to_json(node);
                }
            }
        }
        json
    }
}

#[derive(Default)]
struct Ring {
    last: u64,
    entries: VecDeque<Entry>,
}

/// The log of one simulator.
pub(crate) struct Log {
    limit: usize,
    verbose: bool,
    ring: Mutex<Ring>,
    grown: Notify,
}

impl Log {
    pub(crate) fn new(limit: usize, verbose: bool) -> Self {
        Self { limit, verbose, ring: Mutex::default(), grown: Notify::new() }
    }

    /// Returns whether an entry could ever be seen; if not, none need be made.
    pub(crate) fn is_on(&self) -> bool {
        self.limit > 0 || self.verbose
    }

    pub(crate) fn stanza(&self, connection: u64, direction: Direction, node: Arc<Node>) {
        self.push(Some(connection), direction, What::Stanza(node));
    }

    pub(crate) fn note(&self, connection: Option<u64>, text: impl Into<String>) {
        self.push(connection, Direction::Note, What::Text(text.into()));
    }

    fn push(&self, connection: Option<u64>, direction: Direction, what: What) {
        if !self.is_on() {
            return;
        }
        let mut ring = self.ring.lock();
        ring.last += 1;
        let entry = Entry { n: ring.last, at_ms: unix_millis(), connection, direction, what };
        if self.verbose {
            let line = entry.to_json(Show { redact: true, json: false });
            // If nobody can read it, nobody can be told.
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
        if ring.entries.len() >= self.limit {
            ring.entries.pop_front();
        }
        if self.limit > 0 {
            ring.entries.push_back(entry);
        }
        drop(ring);
        self.grown.notify_waiters();
    }

    /// The number of the newest entry, and all newer than `after` that still exist and pass the filter.
    pub(crate) fn after(&self, after: u64, show: Show, wanted: impl Fn(&Json) -> bool) -> (u64, Vec<Json>) {
        let ring = self.ring.lock();
        let from = ring.entries.partition_point(|entry| entry.n <= after);
        let list = ring
            .entries
            .iter()
            .skip(from)
            .map(|entry| entry.to_json(show))
            .filter(|json| wanted(json))
            .collect();
        (ring.last, list)
    }

    /// Waits until there is an entry newer than `after`.
    pub(crate) async fn grown(&self, after: u64) {
        loop {
            let grown = self.grown.notified();
            tokio::pin!(grown);
            // Registered before looking, so that an entry made in between is not missed.
            grown.as_mut().enable();
            if self.ring.lock().last > after {
                return;
            }
            grown.await;
        }
    }
}
