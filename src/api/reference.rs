//! The tables as JSON, for programs, and as Markdown pages, for people.

use super::event::COMMON;
use super::field::FieldInfo;
use super::keys::KeyType;
use super::methods::ParamInfo;
use super::{EVENTS, KEYS, Keep, METHODS, STATUSES};
use serde_json::{Value, json};
use std::fmt::Write;

/// All four tables as one JSON object with the keys `version`, `statuses`, `keys`, `events` and `methods`.
pub fn reference_json() -> String {
    let statuses: Vec<Value> = STATUSES
        .iter()
        .map(|row| json!({"code": row.status.code(), "name": row.name, "text": row.text, "retryable": row.retryable}))
        .collect();
    let keys: Vec<Value> = KEYS
        .iter()
        .map(|row| {
            let mut value = json!({"name": row.name, "type": type_name(row.kind), "allowed": row.allowed(),
                "default": row.default, "since": row.since, "text": row.sentence});
            match row.kind {
                KeyType::Number(min, max) | KeyType::Millis(min, max) => {
                    value["min"] = min.into();
                    value["max"] = max.into();
                }
                KeyType::Choice(words) => value["values"] = words.into(),
                _ => {}
            }
            value
        })
        .collect();
    let events: Vec<Value> = EVENTS
        .iter()
        .map(|row| {
            let fields: Vec<Value> = row.fields.iter().map(field_json).collect();
            json!({"number": row.kind.number(), "name": row.name, "constant": row.constant, "keep": keep_word(row.keep),
                "since": row.since, "text": row.sentence, "fields": fields})
        })
        .collect();
    let common: Vec<Value> = COMMON.iter().map(field_json).collect();
    let methods: Vec<Value> = METHODS
        .iter()
        .map(|row| {
            json!({"name": row.name, "params": row.params.iter().map(param_json).collect::<Vec<_>>(),
                "result": row.result.iter().map(param_json).collect::<Vec<_>>(), "needs_login": row.needs_login,
                "since": row.since, "text": row.sentence})
        })
        .collect();
    json!({"version": env!("CARGO_PKG_VERSION"), "statuses": statuses, "keys": keys, "common_fields": common,
        "events": events, "methods": methods})
    .to_string()
}

fn field_json(field: &FieldInfo) -> Value {
    json!({"name": field.name, "type": field.kind, "optional": field.optional, "values": field.values,
        "unit": field.unit(), "text": field.sentence})
}

fn param_json(param: &ParamInfo) -> Value {
    json!({"name": param.name, "type": param.kind, "optional": param.optional, "text": param.sentence})
}

fn type_name(kind: KeyType) -> &'static str {
    match kind {
        KeyType::Text(_) | KeyType::Name(_) | KeyType::Hex(_) | KeyType::Version | KeyType::Url(_) => "text",
        KeyType::Number(..) | KeyType::Millis(..) => "integer",
        KeyType::Flag => "boolean",
        KeyType::Choice(_) => "choice",
    }
}

fn keep_word(keep: Keep) -> &'static str {
    match keep {
        Keep::Durable => "durable",
        Keep::Waits => "waits",
        Keep::Droppable => "droppable",
    }
}

const MARK: &str =
    "<!-- Made from the tables in src/api. Do not edit: WA_UPDATE=1 cargo test --test generated -->\n";

/// The pages of `include/`: file name and content.
pub fn pages() -> Vec<(&'static str, String)> {
    vec![("CONFIGURATION.md", configuration()), ("EVENTS.md", events()), ("METHODS.md", methods())]
}

fn configuration() -> String {
    let mut page = format!(
        "# Configuration\n\n{MARK}\nEvery key is set with `wa_config_set(config, key, value, &error)`, always as text. An unknown key \
         is `WA_ERROR_UNKNOWN_KEY`, a value that does not fit `WA_ERROR_BAD_VALUE`; the error says what is allowed. A client copies \
         the configuration it is given. Keys that begin with `ui.` or `host.` are yours: they are kept and not looked at.\n\n\
         | key | what it does | values | default | since |\n|---|---|---|---|---|\n"
    );
    for row in KEYS {
        let default =
            if row.default.is_empty() { "not set".to_owned() } else { format!("`{}`", row.default) };
        row_of(&mut page, &[&format!("`{}`", row.name), row.sentence, &row.allowed(), &default, row.since]);
    }
    page
}

fn events() -> String {
    let mut page = format!(
        "# Events\n\n{MARK}\nEvery event is one JSON object (`wa_event_json`); the fields that most programs need have functions of their \
         own in `wa.h`. Skip types that you do not know: later versions bring more.\n\nWhat becomes of an event that nobody takes: \
         *durable* ones stay in the store until they are acknowledged with `wa_event_ack`, and come again when the session is opened \
         again; *waiting* ones stay in memory as long as the client lives; *droppable* ones are dropped, oldest first, when more than \
         `queue.capacity` of them wait, and an `overflow` event counts them.\n\n## Fields of every event\n\n"
    );
    field_table(&mut page, COMMON);
    page.push_str("\n## Types\n\n| number | name | what it says | kept |\n|---|---|---|---|\n");
    for row in EVENTS {
        let number = row.kind.number().to_string();
        row_of(&mut page, &[&number, &format!("`{}`", row.name), row.sentence, keep_word(row.keep)]);
    }
    for row in EVENTS {
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "\n## {}\n\n`{}`, since {}. {}\n\n",
            row.name, row.constant, row.since, row.sentence
        );
        field_table(&mut page, row.fields);
    }
    page
}

fn field_table(page: &mut String, fields: &[FieldInfo]) {
    page.push_str("| field | type | what it means |\n|---|---|---|\n");
    for field in fields {
        let mut kind = field.kind.to_owned();
        if field.optional {
            kind.push_str(", may be null");
        }
        let mut sentence = field.sentence.to_owned();
        if let Some(unit) = field.unit() {
            let _ = write!(sentence, " In {unit}.");
        }
        if !field.values.is_empty() {
            let _ = write!(sentence, " One of `{}`.", field.values.join("`, `"));
        }
        row_of(page, &[&format!("`{}`", field.name), &kind, &sentence]);
    }
}

fn methods() -> String {
    let mut page = format!(
        "# Methods\n\n{MARK}\nCalled with `wa_call(client, method, params_json, &request, &error)`. The parameters are one JSON object, \
         NULL for none; the answer is the `result` event of the request, whose field `result` holds the object described here.\n"
    );
    for row in METHODS {
        let _ = write!(page, "\n## {}\n\n{}", row.name, row.sentence);
        page.push_str(if row.needs_login { " Needs a session that is logged in." } else { "" });
        let _ = write!(page, " Since {}.\n\n", row.since);
        for (title, items) in [("parameters", row.params), ("result", row.result)] {
            if items.is_empty() {
                let _ = write!(page, "No {title}.\n\n");
                continue;
            }
            let _ = write!(page, "| {title} | type | what it means |\n|---|---|---|\n");
            for item in items {
                let kind =
                    if item.optional { format!("{}, may be null", item.kind) } else { item.kind.to_owned() };
                row_of(&mut page, &[&format!("`{}`", item.name), &kind, item.sentence]);
            }
            page.push('\n');
        }
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn row_of(page: &mut String, cells: &[&str]) {
    page.push('|');
    for cell in cells {
        page.push(' ');
        page.push_str(&cell.replace('|', "\\|"));
        page.push_str(" |");
    }
    page.push('\n');
}
