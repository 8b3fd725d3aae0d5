//! `_requests.py`: the functions of the header that start a request, as methods of the clients that wait for its answer.

use super::{docstring, safe};
use crate::declarations::{Function, functions};
use crate::header;
use std::fmt::Write;

/// Requests that bring more than their answer: the package has its own forms for them.
const BY_HAND: [&str; 3] = ["wa_call", "wa_request_pairing", "wa_request_qr"];

pub(super) fn source() -> String {
    let mut text = String::from(
        "\"\"\"The requests that have a function of their own in the C interface.\"\"\"\n\n\
         from __future__ import annotations\n\n\
         from collections.abc import Awaitable\n\
         from typing import Any\n",
    );
    let functions: Vec<Function> = functions(&header::text())
        .into_iter()
        .filter(|function| {
            let has = |kind: &str| function.params.iter().any(|(declared, _)| declared == kind);
            has("uint64_t *") && has("wa_client *") && !BY_HAND.contains(&function.name.as_str())
        })
        .collect();
    for (kind, asynchronous) in [("Async", true), ("Sync", false)] {
        write!(
            text,
            "\n\nclass {kind}Requests:\n    \"\"\"Each makes its request and waits for the answer.\"\"\"\n\n"
        )
        .unwrap();
        let result = if asynchronous { "Awaitable[Any]" } else { "Any" };
        write!(text, "    def _request(self, function: str, *args: Any) -> {result}:\n        raise NotImplementedError\n").unwrap();
        for function in &functions {
            method(&mut text, function, asynchronous);
        }
    }
    text
}

fn method(text: &mut String, function: &Function, asynchronous: bool) {
    let (words, rest) = function.comment.split_once(" @param ").unwrap();
    let meaning = |name: &str| {
        let after = rest.split(" @").find_map(|part| {
            part.strip_prefix("param ")
                .unwrap_or(part)
                .strip_prefix(name)
                .and_then(|more| more.strip_prefix(' '))
        });
        after.unwrap_or_default().to_owned()
    };
    // What must be given comes first.
    let (mut signature, mut optional) = (String::new(), String::new());
    let mut arguments = String::new();
    let mut list = Vec::new();
    let mut bytes = false;
    for (declared, c_name) in &function.params[1..] {
        if matches!(declared.as_str(), "uint64_t *" | "wa_error **") {
            continue;
        }
        let name = safe(c_name);
        let said = meaning(c_name);
        let (kind, argument) = match declared.as_str() {
            "const char *" => ("str", name.clone()),
            "const uint8_t *" => ("bytes", name.clone()),
            "bool" => ("bool", name.clone()),
            "size_t" if bytes => {
                // The length of the bytes before it.
                write!(
                    arguments,
                    ", len({} or b\"\")",
                    list.last().map(|(name, _): &(String, String)| name.as_str()).unwrap()
                )
                .unwrap();
                bytes = false;
                continue;
            }
            "size_t" | "int32_t" | "uint32_t" | "int64_t" | "uint64_t" => ("int", name.clone()),
            other => panic!("teach tests/generated/python/requests.rs what a {other} is"),
        };
        bytes = kind == "bytes";
        if said.contains("NULL") {
            write!(optional, ", {name}: {kind} | None = None").unwrap();
        } else {
            write!(signature, ", {name}: {kind}").unwrap();
        }
        write!(arguments, ", {argument}").unwrap();
        list.push((name, said.replace("NULL", "None")));
    }
    let (async_, await_) = if asynchronous { ("async ", "await ") } else { ("", "") };
    let short = function.name.strip_prefix("wa_client_").or(function.name.strip_prefix("wa_")).unwrap();
    write!(text, "\n    {async_}def {short}(self{signature}{optional}) -> Any:\n").unwrap();
    docstring(text, 8, words, "Args", &list);
    writeln!(text, "        return {await_}self._request(\"{}\"{arguments})", function.name).unwrap();
}
