//! `events.py`: one frozen dataclass for each type of event.

use super::{DATACLASS, constructor, docstring, event_class, spoken, value, wrapped};
use std::fmt::Write;
use wa::api::{EVENTS, EventInfo, FieldInfo, Keep, Words};

/// The handwritten base classes of types, beside `Event`.
const EXTRA: [(&str, &str); 2] = [("message", "WithContent"), ("pairing.qr", "QrCode")];

/// The fields of every event, which `Event` declares.
const COMMON: [(&str, &str); 5] =
    [("id", "int"), ("client", "int"), ("request", "int"), ("time", "datetime"), ("redelivered", "bool")];

pub(super) fn source() -> String {
    let mut text = String::from(
        "\"\"\"The library's events: one frozen dataclass for each type.\n\n\
         Times are aware `datetime`s in UTC, durations are seconds. Types and fields are described in include/EVENTS.md.\n\
         \"\"\"\n\n\
         from __future__ import annotations\n\n\
         from collections.abc import Callable\n\
         from dataclasses import dataclass, field\n\
         from datetime import datetime\n\
         from typing import TYPE_CHECKING, Any, Literal\n\n\
         from ._content import WithContent\n\
         from ._event import Event, QrCode, UnknownEvent\n\
         from ._time import as_time, maybe_seconds, maybe_time\n\n",
    );
    text.push_str("if TYPE_CHECKING:\n    from ._error import Error\n");
    let mut words: Vec<&Words> =
        EVENTS.iter().flat_map(|row| row.fields).filter_map(|field| field.words).collect();
    words.sort_by_key(|words| words.name);
    words.dedup_by_key(|words| words.name);
    for words in &words {
        text.push('\n');
        wrapped(&mut text, 0, 0, &format!("# {}", words.sentence));
        writeln!(text, "{} = Literal[", words_name(words)).unwrap();
        for (word, meaning) in words.list {
            wrapped_comment(&mut text, meaning);
            writeln!(text, "    \"{word}\",").unwrap();
        }
        text.push_str("]\n");
    }
    for row in EVENTS {
        class(&mut text, row);
    }
    text.push_str("\n\nBY_NAME: dict[str, type[Event]] = {\n");
    for row in EVENTS {
        writeln!(text, "    \"{}\": {},", row.name, event_class(row.name)).unwrap();
    }
    text.push_str("}\n\n# The makers of events of their JSON objects.\nMAKERS: dict[str, Callable[[dict[str, Any]], Event]] = {\n");
    for row in EVENTS {
        writeln!(text, "    \"{0}\": {1}._make,", row.name, event_class(row.name)).unwrap();
    }
    text.push_str("}\n\n__all__ = [\n");
    let mut names: Vec<String> = EVENTS.iter().map(|row| event_class(row.name)).collect();
    names.extend(words.iter().map(|words| words_name(words)));
    names.extend(["Event", "UnknownEvent", "BY_NAME"].map(str::to_owned));
    names.sort();
    for name in names {
        writeln!(text, "    \"{name}\",").unwrap();
    }
    text.push_str("]\n");
    text
}

/// The name of a list of words; that of an event is taken.
fn words_name(words: &Words) -> String {
    let taken = EVENTS.iter().any(|row| event_class(row.name) == words.name);
    if taken { format!("{}Kind", words.name) } else { words.name.to_owned() }
}

fn wrapped_comment(text: &mut String, meaning: &str) {
    writeln!(text, "    # {}", spoken(meaning)).unwrap();
}

fn class(text: &mut String, row: &EventInfo) {
    let name = event_class(row.name);
    let extra = EXTRA.iter().find(|(event, _)| *event == row.name).map(|(_, class)| format!("{class}, "));
    write!(text, "\n\n{DATACLASS}\nclass {name}({}Event):\n", extra.unwrap_or_default()).unwrap();
    let list: Vec<(String, String)> = row
        .fields
        .iter()
        .map(|field| {
            let value = of(field);
            (value.name.clone(), format!("{}{}", field.sentence, value.unit()))
        })
        .collect();
    docstring(text, 4, row.sentence, "Attributes", &list);
    writeln!(text, "\n    type = \"{}\"\n    number = {}", row.name, row.kind.number()).unwrap();
    let durable = if row.keep == Keep::Durable { "True" } else { "False" };
    let droppable = if matches!(row.keep, Keep::Bounded | Keep::Droppable) { "True" } else { "False" };
    let bounded = if row.keep == Keep::Bounded { "    bounded = True\n" } else { "" };
    writeln!(text, "    durable = {durable}\n    droppable = {droppable}\n{bounded}").unwrap();
    for field in row.fields {
        let value = of(field);
        let hidden = if field.secret { " = field(repr=False)" } else { "" };
        writeln!(text, "    {}: {}{hidden}", value.name, value.kind).unwrap();
    }
    let own: Vec<super::Value> = row.fields.iter().map(of).collect();
    let mut all: Vec<(&str, &str)> = COMMON.to_vec();
    all.extend(own.iter().map(|value| (value.name.as_str(), value.kind.as_str())));
    constructor(text, &all);
    if row.fields.iter().any(|field| field.name == "status") {
        text.push_str(
            "\n    @property\n    def error(self) -> Error | None:\n        \
             \"\"\"The status as an exception to raise; None when nothing went wrong.\"\"\"\n        \
             return self._error()\n",
        );
    }
    text.push_str(
        "\n    @classmethod\n    def _make(cls, o: dict[str, Any]) -> Event:\n        return cls(\n            \
         o[\"id\"],\n            o[\"client\"],\n            o[\"request\"],\n            \
         as_time(o[\"time_ms\"]),\n            o[\"redelivered\"],\n",
    );
    for field in row.fields {
        writeln!(text, "            {},", of(field).out_of("o", field.name)).unwrap();
    }
    text.push_str("        )\n");
}

fn of(field: &FieldInfo) -> super::Value {
    value(field.name, field.kind, field.optional, field.words.map(words_name).as_deref())
}
