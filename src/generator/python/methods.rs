//! `_methods.py`: the methods of `wa_call` as methods of the clients, with their results as dataclasses.

use super::{DATACLASS, argument, camel, constructor, docstring, safe, signature, units, value};
use std::collections::BTreeMap;
use std::fmt::Write;
use wa::api::MethodInfo;
use wa::client::method_table;

pub(super) fn source() -> String {
    let body = body();
    let (python, package) = units(&body);
    format!(
        "\"\"\"The library's methods by name: `client.session.status()` is `client.call(\"session.status\")` with types.\n\n\
         The methods are described in include/METHODS.md.\n\"\"\"\n\n\
         from __future__ import annotations\n\n\
         from collections.abc import Awaitable, Callable\n\
         from dataclasses import dataclass\n\
         {python}from typing import Any\n\n\
         from ._record import Record\n\
         {package}\n\
         Texts = list[str]\n\
         Objects = list[dict[str, Any]]\n\
         AsyncCall = Callable[[str, dict[str, Any]], Awaitable[Any]]\n\
         SyncCall = Callable[[str, dict[str, Any]], Any]\n\
         {body}"
    )
}

fn body() -> String {
    let mut text = String::new();
    for row in method_table().into_iter().filter(|row| !row.result.is_empty()) {
        result(&mut text, row);
    }
    let mut groups: BTreeMap<&str, Vec<&MethodInfo>> = BTreeMap::new();
    for row in method_table() {
        groups.entry(row.name.split_once('.').unwrap().0).or_default().push(row);
    }
    for (kind, asynchronous) in [("Async", true), ("Sync", false)] {
        for (group, rows) in &groups {
            write!(text, "\n\nclass {kind}{}:\n    \"\"\"Methods `{group}.*`.\"\"\"\n\n", camel(group))
                .unwrap();
            text.push_str("    __slots__ = (\"_call\",)\n\n");
            writeln!(text, "    def __init__(self, call: {kind}Call) -> None:\n        self._call = call")
                .unwrap();
            for row in rows {
                method(&mut text, row, asynchronous);
            }
        }
        write!(
            text,
            "\n\nclass {kind}Methods:\n    \"\"\"All methods, by the first part of their names.\"\"\"\n\n"
        )
        .unwrap();
        let call = if asynchronous { "Awaitable[Any]" } else { "Any" };
        write!(text, "    def _call(self, method: str, params: dict[str, Any]) -> {call}:\n        raise NotImplementedError\n").unwrap();
        for group in groups.keys() {
            let class = format!("{kind}{}", camel(group));
            write!(
                text,
                "\n    @property\n    def {group}(self) -> {class}:\n        \"\"\"Methods `{group}.*`.\"\"\"\n        \
                 return {class}(self._call)\n"
            )
            .unwrap();
        }
    }
    text
}

fn result(text: &mut String, row: &MethodInfo) {
    let name = camel(row.name);
    write!(text, "\n\n{DATACLASS}\nclass {name}(Record):\n").unwrap();
    let values: Vec<_> =
        row.result.iter().map(|item| (item, value(item.name, item.kind, item.optional, None))).collect();
    let list: Vec<(String, String)> = values
        .iter()
        .map(|(item, value)| (value.name.clone(), format!("{}{}", item.sentence, value.unit())))
        .collect();
    docstring(text, 4, &format!("The result of `{}`.", row.name), "Attributes", &list);
    text.push('\n');
    for (_, value) in &values {
        writeln!(text, "    {}: {}", value.name, value.kind).unwrap();
    }
    let fields: Vec<(&str, &str)> =
        values.iter().map(|(_, value)| (value.name.as_str(), value.kind.as_str())).collect();
    constructor(text, &fields);
    write!(
        text,
        "\n    @classmethod\n    def _make(cls, o: dict[str, Any]) -> {name}:\n        return cls(\n"
    )
    .unwrap();
    for (item, value) in &values {
        writeln!(text, "            {},", value.out_of("o", item.name)).unwrap();
    }
    text.push_str("        )\n");
}

fn method(text: &mut String, row: &MethodInfo, asynchronous: bool) {
    let name = safe(&row.name.split_once('.').unwrap().1.replace('.', "_"));
    let (async_, await_) = if asynchronous { ("async ", "await ") } else { ("", "") };
    let mut params: Vec<String> = Vec::new();
    let mut filled = String::new();
    let mut list = Vec::new();
    for item in row.params {
        let (python, kind, passed) = match item.kind {
            "integer" => argument(item.name),
            kind => {
                let kind = match kind {
                    "text" => "str",
                    "boolean" => "bool",
                    "number" => "float",
                    // By names of their own: in a class with a method `list`, that is what `list` is.
                    "array of text" => "Texts",
                    "array of objects" => "Objects",
                    _ => "Any",
                };
                (safe(item.name), kind, safe(item.name))
            }
        };
        // Everything is given by name.
        if params.is_empty() {
            params.push("*".to_owned());
        }
        let set = format!("params[\"{}\"] = {passed}", item.name);
        if item.optional {
            params.push(format!(
                "{python}: {kind}{}",
                if kind == "Any" { " = None" } else { " | None = None" }
            ));
            writeln!(filled, "        if {python} is not None:\n            {set}").unwrap();
        } else {
            params.push(format!("{python}: {kind}"));
            writeln!(filled, "        {set}").unwrap();
        }
        list.push((python, item.sentence.to_owned()));
    }
    let returns = if row.result.is_empty() { "None".to_owned() } else { camel(row.name) };
    signature(text, &format!("{async_}def {name}"), &params, &returns);
    docstring(text, 8, row.sentence, "Args", &list);
    text.push_str("        params: dict[str, Any] = {}\n");
    text.push_str(&filled);
    let call = format!("{await_}self._call(\"{}\", params)", row.name);
    if row.result.is_empty() {
        writeln!(text, "        {call}").unwrap();
    } else {
        writeln!(text, "        return {returns}._make({call})").unwrap();
    }
}
