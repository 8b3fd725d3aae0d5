//! The header's word on statuses: every status that it documents comes, through the C functions, and no other does.
//!
//! `documented` reads the header, `calls` are the C functions, which note in `observed` what they return, and `provocations` has the
//! tables: for each function and status the call that brings it about.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[expect(unsafe_code, reason = "the functions are those of the C interface")]
mod calls;
mod documented;
mod observed;
mod provocations;
#[expect(unsafe_code, reason = "limits, forks and threads are the system's")]
mod system;
mod world;

use std::collections::BTreeSet;

use documented::Documented;
use observed::{Pair, names};
use wa::api::{STATUSES, Status};

/// The statuses that no test can provoke, each with the reason. "" stands for every function that documents it.
const UNPROVOKED: [(&str, Status, &str); 2] = [
    ("", Status::PANIC, "a fault of the library; the unit tests of the boundary make one"),
    ("", Status::TOO_MANY_HANDLES, "takes sixteen million live handles, which need gigabytes"),
];

/// The statuses that no function returns and no result says, each with its place.
const OF_NO_FUNCTION: [(Status, &str); 5] = [
    (Status::SESSION_TAKEN, "`closed`, in a store that processes share"),
    (Status::NETWORK, "kept for its number: each step of connecting has a code of its own"),
    (Status::PASSKEY_REQUIRED, "an outcome of a pairing"),
    (Status::LOGIN_TIMEOUT, "`connection`"),
    (Status::LINK_REVOKED, "an outcome of a pairing"),
];

fn is_unprovoked((function, status): &Pair) -> bool {
    UNPROVOKED.iter().any(|(name, code, _)| (name.is_empty() || name == function) && code.name() == status)
}

/// Compares what came with what is documented.
fn compare(documented: &BTreeSet<Pair>, observed: &BTreeSet<Pair>) -> Vec<String> {
    let undocumented = observed.difference(documented).map(|pair| format!("undocumented: {}", names(pair)));
    let missing = documented.difference(observed).filter(|pair| !is_unprovoked(pair));
    let missing = missing.map(|pair| format!("never provoked: {}", names(pair)));
    let stale = observed.iter().filter(|pair| is_unprovoked(pair));
    let stale = stale.map(|pair| format!("can be provoked after all: {}", names(pair)));
    undocumented.chain(missing).chain(stale).collect()
}

#[test]
fn every_documented_status_comes_and_no_other() {
    let mut wrong = provocations::run();
    let documented = Documented::of_the_header();
    let observed = observed::all();
    wrong.extend(compare(&documented.returned, &documented.without_readers(observed.returned)));
    let results = documented.with_any_result(observed.results);
    wrong.extend(compare(&documented.results, &results).into_iter().map(|what| format!("result {what}")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_error_is_named_by_a_function_a_result_or_has_another_place() {
    let documented = Documented::of_the_header();
    let mut named: BTreeSet<&str> =
        documented.returned.iter().chain(&documented.results).map(|(_, status)| status.as_str()).collect();
    for (status, place) in OF_NO_FUNCTION {
        assert!(named.insert(status.name()), "a function names {}, not only {place}", status.name());
    }
    let errors = STATUSES.iter().filter(|row| row.status.code() >= 100).map(|row| row.name);
    let missing: Vec<&str> = errors.filter(|name| !named.contains(name)).collect();
    assert_eq!(missing, [""; 0], "no function, no result and no other place has them");
}

/// The page on events tells which status each outcome of a pairing has: those are what its result can say.
#[test]
fn the_outcomes_of_pairings_are_documented_as_their_results() {
    let documented = Documented::of_the_header();
    for status in provocations::outcomes_of_pairings() {
        assert!(documented.is_result("wa_request_pairing", status), "{status:?}");
    }
}
