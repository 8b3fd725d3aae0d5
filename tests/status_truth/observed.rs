//! The statuses that came: each that a function returned or a `result` event brought, in the whole run.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use wa::api::Status;

/// The name of a function and that of a status.
pub(crate) type Pair = (String, String);

/// Everything that was noted.
#[derive(Clone, Default)]
pub(crate) struct Observed {
    pub(crate) returned: BTreeSet<Pair>,
    pub(crate) results: BTreeSet<Pair>,
    /// The function that made a request, by client and number.
    requests: Option<HashMap<(u64, u64), &'static str>>,
}

static OBSERVED: Mutex<Observed> =
    Mutex::new(Observed { returned: BTreeSet::new(), results: BTreeSet::new(), requests: None });

/// Returns the name of a pair for a message.
pub(crate) fn names((function, status): &Pair) -> String {
    format!("{function} {status}")
}

/// Notes what a function returned.
pub(crate) fn returned(function: &'static str, code: i32) -> Status {
    let status = Status::from_code(code).unwrap_or_else(|| panic!("{function} returned {code}"));
    OBSERVED.lock().unwrap().returned.insert((function.to_owned(), status.name().to_owned()));
    status
}

/// Notes that a function made that request of a client.
pub(crate) fn requested(function: &'static str, client: u64, request: u64) {
    let mut observed = OBSERVED.lock().unwrap();
    observed.requests.get_or_insert_default().insert((client, request), function);
}

/// Notes the result of a request, which must be its only one.
pub(crate) fn answered(client: u64, request: u64, status: Status) {
    let mut observed = OBSERVED.lock().unwrap();
    let function = observed.requests.get_or_insert_default().remove(&(client, request));
    let function =
        function.unwrap_or_else(|| panic!("{request} was no open request, and is answered {status:?}"));
    observed.results.insert((function.to_owned(), status.name().to_owned()));
}

/// Returns all that was noted so far.
pub(crate) fn all() -> Observed {
    OBSERVED.lock().unwrap().clone()
}
