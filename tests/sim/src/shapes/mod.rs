//! The check of everything that a client sends against the official web client's shapes.
//!
//! The table is `tests/vectors/stanza_shapes.json`: one shape for each kind of stanza that libwa sends, with its source, and with
//! every deliberate difference and its reason. A stanza has to fit exactly one shape and keep to it. The check is off unless
//! the option `check_shapes` is set: other clients send other things.
//!
//! Main type: [`Checker`], one for each simulator. [`Watch`] is its side of one connection.

mod condition;
mod count;
mod difference;
mod element;
mod table;
mod value;

#[cfg(test)]
mod shapes_tests;

use std::{collections::HashSet, io::Write, sync::LazyLock};

use parking_lot::Mutex;
use wa::stanza::NodeRef;

use table::Table;

/// Most violations that are kept; the first ones tell enough.
const MAX_KEPT: usize = 100;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // The unit tests read it, too: a table that cannot be read does not leave this repository.
    Table::read(include_str!("../../../vectors/stanza_shapes.json")).unwrap_or_default()
});

/// Checks stanzas and keeps what it finds.
pub(crate) struct Checker {
    on: bool,
    found: Mutex<Vec<String>>,
}

impl Checker {
    /// Makes a checker; one that is not `on` looks at nothing.
    pub(crate) fn new(on: bool) -> Self {
        Self { on, found: Mutex::default() }
    }

    /// Begins to watch a connection.
    pub(crate) fn watch(&self) -> Option<Watch> {
        self.on.then(Watch::default)
    }

    /// Returns the violations found so far.
    pub(crate) fn found(&self) -> Vec<String> {
        self.found.lock().clone()
    }

    /// Checks one received stanza. Its faults are kept, and written to standard error.
    pub(crate) fn check(&self, watch: &mut Watch, connection: u64, stanza: NodeRef<'_>) {
        let Some(violation) = watch.check(&TABLE, stanza) else { return };
        let text = format!("connection {connection}: {violation}");
        // If nobody can read it, the harness still sees it in the list.
        let _ = writeln!(std::io::stderr().lock(), "wa-sim: {text}");
        let mut found = self.found.lock();
        if found.len() < MAX_KEPT {
            found.push(text);
        }
    }
}

/// The state of a connection for the checks.
#[derive(Default)]
pub(crate) struct Watch {
    /// The ids of its requests.
    ids: HashSet<String>,
}

impl Watch {
    /// Returns what is wrong with a stanza, as a message of several lines.
    fn check(&mut self, table: &Table, stanza: NodeRef<'_>) -> Option<String> {
        let (shape, mut wrong) = table.check(stanza);
        if stanza.tag() == "iq"
            && (stanza.is("type", "get") || stanza.is("type", "set"))
            && let Some(id) = stanza.str("id")
            && !self.ids.insert(id.clone().into_owned())
        {
            wrong.push(format!("iq/@id: {id} is the id of an earlier request on this connection"));
        }
        if wrong.is_empty() {
            return None;
        }
        let of = shape.map_or_else(String::new, |name| format!(" (shape \"{name}\")"));
        let rules = wrong.iter().map(|rule| format!("\n  {rule}")).collect::<String>();
        Some(format!("not as the official client sends it{of}:{rules}\n  {}", stanza.xml()))
    }
}
