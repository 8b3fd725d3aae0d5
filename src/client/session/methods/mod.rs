//! The methods of `wa_call`: what is not needed often enough for a function of its own.
//!
//! A row carries its handler. One file has the rows of one subject: for each, the struct that holds its parameters, read, and handles the
//! call, by itself or with a feature of the session. [`ROWS`] brings the subjects together; the pages and the bindings are made from it.

mod contacts;
mod groups;
mod invite_code;
mod location;
mod mentions;
mod messages;
mod params;
mod polls;
mod presence;
mod read_receipts;
mod restrictions;
mod server;
mod sessions;

use self::params::Params;
use super::call::{CallHandler, MethodCall};
use crate::api::{Error, MethodInfo, Status, check_params};

pub(crate) use messages::{raw, text};

/// One method, with its handler.
struct MethodRow {
    info: MethodInfo,
    /// Reads the parameters, which the row has been held against.
    parse: fn(&Params) -> Parsed,
}

/// A call whose parameters are read.
type Parsed = Result<Box<dyn CallHandler>, Error>;

/// The rows of every subject.
static ROWS: [&[MethodRow]; 10] = [
    contacts::ROWS,
    groups::ROWS,
    location::ROWS,
    messages::ROWS,
    polls::ROWS,
    presence::ROWS,
    read_receipts::ROWS,
    restrictions::ROWS,
    server::ROWS,
    sessions::ROWS,
];

fn rows() -> impl Iterator<Item = &'static MethodRow> {
    ROWS.into_iter().flatten()
}

/// Every method there is, by name.
pub fn method_table() -> Vec<&'static MethodInfo> {
    let mut table: Vec<_> = rows().map(|row| &row.info).collect();
    table.sort_unstable_by_key(|info| info.name);
    table
}

/// Finds a method and reads its parameters. Refuses what the table does not know.
pub(crate) fn parse(method: &str, params_json: Option<&str>) -> Result<MethodCall, Error> {
    let row = rows().find(|row| row.info.name == method).ok_or_else(|| {
        let known: Vec<&str> = method_table().iter().map(|info| info.name).collect();
        let text = format!("there is no method of this name; there are {}", known.join(", "));
        Error::new(Status::UNKNOWN_METHOD, text).with_key("method")
    })?;
    let params = Params::new(row.info.name, check_params(&row.info, params_json)?);
    Ok(MethodCall { info: &row.info, handler: (row.parse)(&params)? })
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
