//! The tables of what is done to get a status.

mod arguments;
mod pairing_results;
mod results;
mod scene;
mod store;

use std::panic::{AssertUnwindSafe, catch_unwind};

use wa::api::Status;

use self::scene::Scene;
use super::calls::WITH_NOTHING;
use super::observed;
use super::system;

pub(crate) use pairing_results::said_by_results as outcomes_of_pairings;

/// One row: a function, a status, and what makes the function return it, or its result say it.
pub(crate) struct Provocation {
    pub(crate) function: &'static str,
    pub(crate) status: Status,
    pub(crate) provoke: fn(&Scene) -> Status,
}

/// Writes a table of them: below each function a line for each status.
macro_rules! provocations {
    ($($function:ident { $($status:ident: $provoke:expr;)+ })+) => {
        &[$($(Provocation {
            function: stringify!($function),
            status: Status::$status,
            provoke: $provoke,
        }),+),+]
    };
}
use provocations;

/// Anything that a call of a table gives.
pub(crate) trait Returned {
    fn status(self) -> Status;
}

impl<T> Returned for Result<T, Status> {
    fn status(self) -> Status {
        self.map_or_else(|status| status, |_| Status::OK)
    }
}

/// Runs a row. Returns what it brought about, if that is something else.
fn unlike(function: &str, wanted: Status, provoke: impl FnOnce() -> Status) -> Option<String> {
    // The other rows are of use all the same.
    match catch_unwind(AssertUnwindSafe(provoke)) {
        Ok(came) if came == wanted => None,
        Ok(came) => Some(format!("{function} was to say {wanted:?} and said {came:?}")),
        Err(_) => Some(format!("{function} was to say {wanted:?} and the test could not go on")),
    }
}

/// Runs all tables. Returns the rows that brought about something else.
pub(crate) fn run() -> Vec<String> {
    for (function, call) in WITH_NOTHING {
        observed::returned(function, call());
    }
    let mut wrong = store::run();
    let scene = Scene::new();
    for (function, code) in system::answers_in_a_forked_child() {
        assert_eq!(observed::returned(function, code), Status::FORKED, "{function} in a forked child");
    }
    for table in [arguments::TABLE, results::TABLE, pairing_results::TABLE] {
        for Provocation { function, status, provoke } in table {
            wrong.extend(unlike(function, *status, || provoke(&scene)));
        }
    }
    scene.end();
    wrong
}
