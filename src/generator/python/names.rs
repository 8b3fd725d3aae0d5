//! The Python names of what has another name in C: in what is generated, and in the texts that the library gives at run time.

use super::{errors, event_class};
use crate::declarations::functions;
use crate::header;
use std::collections::BTreeMap;
use std::fmt::Write;
use wa::api::{EVENTS, STATUSES};

/// Functions whose names in Python do not follow from their own.
const RENAMED: [(&str, &str); 19] = [
    ("wa_cancel", "leaving the loop"),
    ("wa_client_free", "`del client`"),
    ("wa_client_id", "`Client.id`"),
    ("wa_client_is_linked", "`Client.is_linked`"),
    ("wa_client_new", "`Client()`"),
    ("wa_client_queue", "`events()`"),
    ("wa_error_free", "`del error`"),
    ("wa_event_ack", "`Event.ack()`"),
    ("wa_event_free", "`del event`"),
    ("wa_event_json", "`vars(event)`"),
    ("wa_event_qr_image", "`PairingQr.svg()`"),
    ("wa_poll_event", "`events()`"),
    ("wa_queue_free", "`close()`"),
    ("wa_queue_new", "`Client()`"),
    ("wa_reference_json", "`libwa.reference()`"),
    ("wa_status_name", "`Error.name`"),
    ("wa_status_text", "`libwa.status_text()`"),
    ("wa_version_number", "`libwa.version()`"),
    ("wa_version_string", "`libwa.version()`"),
];

/// The others, by the beginnings of their names; what is left takes the place of `{}`.
const KINDS: [(&str, &str); 6] = [
    ("wa_client_", "`{}()`"),
    ("wa_config_", "`config`"),
    ("wa_error_", "`Error.{}`"),
    ("wa_event_", "`Event.{}`"),
    ("wa_queue_", "`events()`"),
    ("wa_", "`{}()`"),
];

/// Every name that a text may have, with that in Python.
fn names() -> BTreeMap<String, String> {
    let mut names = BTreeMap::from([("NULL".to_owned(), "None".to_owned())]);
    for function in functions(&header::text()) {
        let renamed =
            RENAMED.iter().find(|(c, _)| *c == function.name).map(|(_, python)| (*python).to_owned());
        let python = renamed.unwrap_or_else(|| {
            let (start, form) = KINDS.iter().find(|(start, _)| function.name.starts_with(start)).unwrap();
            form.replace("{}", &function.name[start.len()..])
        });
        names.insert(function.name, python);
    }
    for row in STATUSES {
        let python = if row.status.is_error() { errors::name(row) } else { row.status.code().to_string() };
        names.insert(row.name.to_owned(), format!("`{python}`"));
    }
    for row in EVENTS {
        names.insert(row.constant.to_owned(), format!("`{}`", event_class(row.name)));
    }
    names
}

/// The table as a part of `_bindings.py`.
pub(super) fn table() -> String {
    let mut text = String::from("# The names of these in Python, in texts.\nNAMES: dict[str, str] = {\n");
    for (c, python) in names() {
        writeln!(text, "    \"{c}\": \"{python}\",").unwrap();
    }
    text.push_str("}\n");
    text
}

/// A text with Python's names for what it names.
pub(super) fn in_python(text: &str) -> String {
    thread_local!(static NAMES: BTreeMap<String, String> = names());
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let (mut said, mut rest) = (String::new(), text);
    while let Some(start) = rest.find(is_part) {
        let end = rest[start..].find(|letter| !is_part(letter)).map_or(rest.len(), |length| start + length);
        said.push_str(&rest[..start]);
        let python = NAMES.with(|names| names.get(&rest[start..end]).cloned());
        rest = match &python {
            None => {
                said.push_str(&rest[start..end]);
                &rest[end..]
            }
            Some(python) => {
                let quoted = said.ends_with('`');
                said.push_str(if quoted { python.trim_matches('`') } else { python });
                rest[end..].trim_start_matches("()")
            }
        };
    }
    said + rest
}

#[test]
fn names_of_c_become_those_of_python() {
    for (c, python) in [
        ("call wa_client_connect first", "call `connect()` first"),
        ("`wa_call` or wa_reference_json().", "`call()` or `libwa.reference()`."),
        ("see WA_ERROR_SERVER_ERROR; it may be NULL", "see `ServerError`; it may be None"),
        ("WA_EVENT_PAIRING_ERROR tells, nawa_call does not", "`PairingFailed` tells, nawa_call does not"),
    ] {
        assert_eq!(in_python(c), python);
    }
}
