//! `_requests.py`: the functions of the header that start a request, as methods of the clients that wait for its answer.

use super::{argument, camel, docstring, safe, signature, units};
use crate::declarations::{Function, functions};
use crate::header;
use crate::requests::{LIKE_METHODS, WITHOUT_RESULT, is_request, said_of};
use std::fmt::Write;
use wa::client::method_table;

pub(super) fn source() -> String {
    let all = functions(&header::text());
    let mut body = String::new();
    for (kind, asynchronous) in [("Async", true), ("Sync", false)] {
        write!(
            body,
            "\n\nclass {kind}Requests:\n    \"\"\"Each makes its request and waits for the answer.\"\"\"\n\n"
        )
        .unwrap();
        let result = if asynchronous { "Awaitable[Any]" } else { "Any" };
        write!(
            body,
            "    def _request(self, function: str, *args: Any) -> {result}:\n        raise NotImplementedError\n"
        )
        .unwrap();
        for function in all.iter().filter(|function| is_request(function)) {
            method(&mut body, function, &all, asynchronous);
        }
    }
    let (python, units) = units(&body);
    let results: Vec<String> =
        LIKE_METHODS.iter().map(|(_, method)| camel(method)).filter(|class| body.contains(class)).collect();
    let mut package = if results.is_empty() {
        String::new()
    } else {
        format!("from ._methods import {}\n", results.join(", "))
    };
    package.push_str(&units);
    if !package.is_empty() {
        package.insert(0, '\n');
    }
    format!(
        "\"\"\"The requests that have a function of their own in the C interface.\"\"\"\n\n\
         from __future__ import annotations\n\n\
         from collections.abc import Awaitable\n\
         {python}from typing import Any\n\
         {package}{body}"
    )
}

fn method(text: &mut String, function: &Function, all: &[Function], asynchronous: bool) {
    // Required parameters come first.
    let (mut params, mut optional) = (Vec::new(), Vec::new());
    let mut arguments = String::new();
    let mut list = Vec::new();
    let mut given = function.params[1..function.params.len() - 2].iter();
    while let Some((declared, c_name)) = given.next() {
        let said = said_of(function, c_name, all);
        let (name, kind, passed) = match declared.as_str() {
            "const char *" => (safe(c_name), "str", safe(c_name)),
            "const uint8_t *" => {
                assert_eq!(given.next().map(|(kind, _)| kind.as_str()), Some("size_t"), "{}", function.name);
                let name = safe(c_name);
                let passed = format!("{name}, len({name} or b\"\")");
                (name, "bytes", passed)
            }
            "bool" => (safe(c_name), "bool", safe(c_name)),
            "double" => (safe(c_name), "float", safe(c_name)),
            "size_t" | "int32_t" | "uint32_t" | "int64_t" | "uint64_t" => argument(c_name),
            other => panic!("teach src/generator/python/requests.rs what a {other} is"),
        };
        if said.contains("NULL") {
            optional.push(format!("{name}: {kind} | None = None"));
        } else {
            params.push(format!("{name}: {kind}"));
        }
        write!(arguments, ", {passed}").unwrap();
        list.push((name, said));
    }
    let (async_, await_) = if asynchronous { ("async ", "await ") } else { ("", "") };
    let short = function.name.strip_prefix("wa_client_").or(function.name.strip_prefix("wa_")).unwrap();
    let ask = format!("{await_}self._request(\"{}\"{arguments})", function.name);
    let like = LIKE_METHODS.iter().find(|(prefix, _)| function.name.starts_with(prefix));
    let (returns, body) = match like {
        Some((_, method))
            if method_table().iter().any(|row| row.name == *method && !row.result.is_empty()) =>
        {
            let result = camel(method);
            let body = format!("return {result}._make({ask})");
            (result, body)
        }
        _ if WITHOUT_RESULT.contains(&function.name.as_str()) => ("None".to_owned(), ask),
        _ => ("Any".to_owned(), format!("return {ask}")),
    };
    params.extend(optional);
    signature(text, &format!("{async_}def {short}"), &params, &returns);
    let words = function.comment.split_once(" @").map_or("", |(words, _)| words);
    docstring(text, 8, words, "Args", &list);
    writeln!(text, "        {body}").unwrap();
}

#[test]
fn arguments_of_every_kind() {
    let header = "/** Sends. @param chat where. @param id an id; NULL for a new one. @return x */\n\
        wa_status wa_post_a(wa_client *client, const char *chat, const char *id, uint64_t *request, wa_error **error);\n\
        /** Sends bytes. @param message what. @param length how many. @param id as for wa_post_a(). @return x */\n\
        wa_status wa_post_b(wa_client *client, const char *id, const uint8_t *message, size_t length, bool now,\n\
        uint32_t wait_ms, int64_t until_at_ms, uint64_t *request, wa_error **error);";
    let all = functions(header);
    let mut body = String::new();
    method(&mut body, &all[1], &all, true);
    for wanted in [
        "async def post_b(self, message: bytes, now: bool, wait: float, until_at: datetime, id: str | None = None) -> Any:\n",
        "            id: an id; None for a new one.\n",
        "return await self._request(\"wa_post_b\", id, message, len(message or b\"\"), now, to_ms(wait), to_ms(until_at))\n",
    ] {
        assert!(body.contains(wanted), "{wanted} is not in:\n{body}");
    }
}
