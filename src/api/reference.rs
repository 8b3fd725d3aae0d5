//! The tables as JSON, for programs, and as Markdown pages, for people.

use super::config_keys::KeyType;
use super::event::COMMON;
use super::field::FieldInfo;
use super::methods::{MethodInfo, ParamInfo};
use super::{COMMON_CONTENT, CONTENTS, EVENTS, KEYS, Keep, STATUSES, Status, event_objects};
use serde_json::{Value, json};
use std::fmt::Write;

/// One outcome of pairing. Their table belongs to the room that pairs; whoever can see it hands it in.
#[derive(Debug, Clone, Copy)]
pub struct OutcomeInfo {
    /// Its name in events.
    pub name: &'static str,
    /// The status code that goes with it.
    pub status: Status,
    /// The way to try again: `never`, `corrected`, `with_qr`, `by_user`, `auto` or `after_change`.
    pub retry: &'static str,
    /// The time to wait before that, if the server says nothing more exact.
    pub wait_ms: u64,
    /// The text to show to the user.
    pub user_text: &'static str,
}

/// All tables as one JSON object with the keys `version`, `statuses`, `keys`, `common_fields`, `events`, `contents`,
/// `content_fields`, `outcomes` and `methods`. The rows of the last two belong to the rooms above.
pub fn reference_json(outcomes: &[OutcomeInfo], methods: &[&MethodInfo]) -> String {
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
    let outcomes: Vec<Value> = outcomes
        .iter()
        .map(|row| {
            json!({"name": row.name, "status": row.status.name(), "retry": row.retry, "wait_ms": row.wait_ms,
                "user_text": row.user_text})
        })
        .collect();
    let contents: Vec<Value> = CONTENTS
        .iter()
        .map(|row| {
            let kinds: Vec<Value> =
                row.kinds.iter().map(|(kind, meaning)| json!({"name": kind, "text": meaning})).collect();
            let fields: Vec<Value> = row.fields.iter().map(field_json).collect();
            json!({"name": row.name, "kinds": kinds, "text": row.sentence, "fields": fields})
        })
        .collect();
    let content_fields: Vec<Value> = COMMON_CONTENT.iter().map(field_json).collect();
    let common: Vec<Value> = COMMON.iter().map(field_json).collect();
    let methods: Vec<Value> = methods
        .iter()
        .map(|row| {
            json!({"name": row.name, "params": row.params.iter().map(param_json).collect::<Vec<_>>(),
                "result": row.result.iter().map(param_json).collect::<Vec<_>>(), "needs_login": row.needs_login,
                "since": row.since, "text": row.sentence})
        })
        .collect();
    json!({"version": env!("CARGO_PKG_VERSION"), "statuses": statuses, "keys": keys, "common_fields": common,
        "events": events, "contents": contents, "content_fields": content_fields, "outcomes": outcomes, "methods": methods})
    .to_string()
}

fn field_json(field: &FieldInfo) -> Value {
    let mut value = json!({"name": field.name, "type": field.kind, "optional": field.optional, "values": field.values,
        "unit": field.unit(), "secret": field.secret, "text": field.sentence});
    if let Some(object) = field.object {
        value["object"] = object.name.into();
        value["fields"] = object.fields.iter().map(field_json).collect();
    }
    value
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
        Keep::Bounded => "bounded",
        Keep::Droppable => "droppable",
    }
}

const MARK: &str = "<!-- Made from the tables in src/api. Do not edit: cargo run -p libwa-generator -->\n";

/// The pages of `include/`: file name and content.
pub fn pages(outcomes: &[OutcomeInfo], rows: &[&MethodInfo]) -> Vec<(&'static str, String)> {
    vec![
        ("CONFIGURATION.md", configuration()),
        ("EVENTS.md", events(outcomes)),
        ("METHODS.md", methods(rows)),
    ]
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

const PAST_AND_PRESENT: &str = "
## Past and present

An event with `redelivered` was stored by an earlier run of the program, which did not acknowledge it. What to do with it depends on \
what it tells:

- A `message` or a `receipt` is handled like any other: it was not dealt with before. A program that answers messages gives \
the answer an id made of the message's chat, sender and id, so that an answer given twice is sent once. The id alone is \
not enough: it is the sender's choice.
- A `logged_out` or a `restricted` tells of a state that may have passed. It ends nothing now: acknowledge it, and go by \
`wa_client_is_linked` and by what this run's connection brings. If the state still holds, the server says so at the next connection, \
and a new event comes, not `redelivered`.

Acknowledge what you have handled, also just before the program ends: `wa_client_free` stores what was acknowledged.

## How a wait ends

A wait for the connection, for `ready` or for a step of pairing, ends with the first of these:

- what it waits for;
- the `result` of the pairing's own request, if it failed;
- a `connection` with `is_final`: the connection is given up. Its `status` is the error, `WA_ERROR_NOT_CONNECTED` if that is 0, and `text` \
says why. With `retryable` false a person has to mend something first. `wa_client_connect` begins anew;
- a `logged_out` that is not `redelivered`: the session's keys are erased, `closed` follows;
- `closed`, or `WA_CLOSED` from the queue.

Messages that were to be sent stay in the store when the connection is given up, and their requests stay open: they go out with the \
next connection, of a later run too. That holds when the store fails as well, if they are in it. Every other request has had its \
`result` before; one that says `WA_ERROR_STORE_FULL` is of something that was not done and is not done later.
";

fn events(outcomes: &[OutcomeInfo]) -> String {
    let mut page = format!(
        "# Events\n\n{MARK}\nEvery event is one JSON object (`wa_event_json`); the fields that most programs need have functions of their \
         own in `wa.h`. Skip types that you do not know: later versions bring more.\n\nWhat becomes of an event that nobody takes: \
         *durable* ones stay in the store until they are acknowledged with `wa_event_ack`, and come again when the session is opened \
         again; *waiting* ones stay in memory as long as the client lives: each answers something that the host asked for; *bounded* and \
         *droppable* ones are dropped, oldest first, when more than `queue.capacity` of their kind of keeping wait, and an `overflow` event \
         counts them. Bounded are those that anybody can cause and that matter: ask with `group.info` what a group is after an `overflow`. \
         Nothing droppable, such as a line of the log, takes their place.\n\n## Fields of every event\n\n"
    );
    field_table(&mut page, COMMON, "may be null");
    page.push_str(PAST_AND_PRESENT);
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
        field_table(&mut page, row.fields, "may be null");
    }
    contents(&mut page);
    page.push_str(
        "\n## Outcomes of pairing\n\nWhat the field `outcome` of `pairing.expired` and `pairing.error` can say. *Retry* is who may try \
         again: `auto` a program by itself, `by_user` only when the user wants it, `with_qr` with a QR code in place of a code, \
         `corrected` with other input, `after_change` when something was repaired, `never` nobody.\n\n\
         | outcome | what to tell the user | retry | wait | status |\n|---|---|---|---|---|\n",
    );
    for row in outcomes {
        let wait = if row.wait_ms == 0 { "none".to_owned() } else { format!("{} s", row.wait_ms / 1000) };
        let status = format!("`{}`", row.status.name());
        row_of(&mut page, &[&format!("`{}`", row.name), row.user_text, row.retry, &wait, &status]);
    }
    page
}

const CONTENTS_OF_MESSAGES: &str = "
## Contents of messages

The field `content` of a `message` is an object, whose keys depend on the `kind` of the message. A key without a value is left out, not null. \
A content that is too large, or that could not be read, lacks the keys of its kind; skip kinds and keys that you do not know: later versions bring more.

";

/// Appends the contents of messages, and the objects in events.
fn contents(page: &mut String) {
    page.push_str(CONTENTS_OF_MESSAGES);
    page.push_str("Any content may have these keys:\n\n");
    field_table(page, COMMON_CONTENT, "may be missing");
    for row in CONTENTS {
        let _ = write!(page, "\n### {}\n\n{}\n\n| kind | meaning |\n|---|---|\n", row.name, row.sentence);
        for (kind, meaning) in row.kinds {
            row_of(page, &[&format!("`{kind}`"), meaning]);
        }
        page.push('\n');
        if row.fields.is_empty() {
            page.push_str("No keys of its own.\n");
        } else {
            field_table(page, row.fields, "may be missing");
        }
    }
    page.push_str("\n## Objects\n\nAn object has all its keys.\n");
    for object in event_objects() {
        let _ = write!(page, "\n### {}\n\n{}\n\n", object.name, object.sentence);
        field_table(page, object.fields, "may be null");
    }
}

/// Appends the table of some fields; `without` says of a field that is optional how it is without a value.
fn field_table(page: &mut String, fields: &[FieldInfo], without: &str) {
    page.push_str("| field | type | what it means |\n|---|---|---|\n");
    for field in fields {
        let mut kind = field.kind.to_owned();
        if let Some(object) = field.object {
            let _ = write!(kind, " [{}](#{})", object.name, object.name.to_lowercase());
        }
        if field.optional {
            let _ = write!(kind, ", {without}");
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

fn methods(rows: &[&MethodInfo]) -> String {
    let mut page = format!(
        "# Methods\n\n{MARK}\nCalled with `wa_call(client, method, params_json, &request, &error)`. The parameters are one JSON object, \
         NULL for none; the answer is the `result` event of the request, whose field `result` holds the object described here.\n"
    );
    for row in rows {
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
