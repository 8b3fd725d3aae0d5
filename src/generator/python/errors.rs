//! `errors.py`: one exception for each status.

use super::{camel, docstring};
use std::fmt::Write;
use wa::api::{STATUSES, StatusInfo};

/// Statuses that speak of their whole range: their exceptions are the bases of those of the range.
const GENERAL: [i32; 4] = [500, 600, 700, 800];

pub(super) fn source() -> String {
    let mut text = String::from(
        "\"\"\"The library's errors: one exception for each status code, all of them kinds of `Error`.\"\"\"\n\n\
         from __future__ import annotations\n\n\
         from ._error import Error\n\n",
    );
    let errors: Vec<&StatusInfo> = STATUSES.iter().filter(|row| row.status.is_error()).collect();
    for row in &errors {
        let code = row.status.code();
        let general = errors.iter().find(|row| row.status.code() == code / 100 * 100);
        let base = match general {
            Some(general) if GENERAL.contains(&general.status.code()) && general.status != row.status => {
                name(general)
            }
            _ => "Error".to_owned(),
        };
        writeln!(text, "\nclass {}({base}):", name(row)).unwrap();
        docstring(&mut text, 4, row.text, "", &[]);
        writeln!(text, "\n    code = {code}\n    name = \"{}\"", row.name).unwrap();
        let retryable = if row.retryable { "True" } else { "False" };
        writeln!(text, "    retryable = {retryable}\n").unwrap();
    }
    text.push_str("\nBY_CODE: dict[int, type[Error]] = {\n");
    for row in &errors {
        writeln!(text, "    {}: {},", row.status.code(), name(row)).unwrap();
    }
    text.push_str("}\n\n__all__ = [\n    \"BY_CODE\",\n");
    let mut names: Vec<String> = errors.iter().map(|row| name(row)).collect();
    names.push("Error".to_owned());
    names.sort();
    for name in names {
        writeln!(text, "    \"{name}\",").unwrap();
    }
    text.push_str("]\n");
    text
}

pub(super) fn name(row: &StatusInfo) -> String {
    let mut name = camel(row.name.strip_prefix("WA_ERROR_").unwrap());
    if !name.ends_with("Error") {
        name.push_str("Error");
    }
    name
}
