//! The cost of sessions for a process: processor time of a connection, time to `ready` and to a code, memory and threads while
//! nothing happens, and what the library itself weighs.
//!
//! Every measurement runs in a process of its own, which is this program called again, and the simulated WhatsApp in
//! another, so that neither pays for the other. `cargo bench --bench sessions` measures everything, with the mark to reach beside
//! each figure; with `-- NAME` only what begins so: `single`, `code`, `unpaired`, `pair`, `login`, `paired`, `paired-full`, `library`. Nothing is
//! asserted here: figures are for people.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

mod host;
mod library;
mod measure;
mod native;
mod report;
mod scenarios;
mod server;

use std::process::ExitCode;

/// Sessions that a measurement of many opens.
const MANY: usize = 1_000;

fn main() -> ExitCode {
    // Cargo says `--bench`; what is left is ours.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["simulator"] => server::run(),
        ["measure", scenario, folder, server] => scenarios::measure(scenario, folder, server),
        filter => report::all(filter.first().copied().unwrap_or_default()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whatever went wrong; a benchmark has nobody to tell but its user.
type Failure = Box<dyn std::error::Error>;
