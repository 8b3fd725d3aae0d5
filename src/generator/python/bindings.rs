//! `_bindings.py`: the prototype of every function, for ctypes.

use super::names;
use crate::declarations::functions;
use crate::header;
use std::fmt::Write;
use wa::api::STATUSES;

pub(super) fn source() -> String {
    let mut text = String::from(
        "\"\"\"The C interface as ctypes sees it: status codes, and result and parameters of every function.\"\"\"\n\n\
         from __future__ import annotations\n\n\
         from ctypes import POINTER, c_bool, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p\n\
         from typing import Any\n\n",
    );
    let mut parts = env!("CARGO_PKG_VERSION").split('.').map(|part| part.parse::<u32>().unwrap());
    let number = parts.by_ref().fold(0, |number, part| number * 1000 + part);
    writeln!(text, "VERSION = \"{}\"\nVERSION_NUMBER = {number}\n", env!("CARGO_PKG_VERSION")).unwrap();
    for row in STATUSES {
        writeln!(text, "{} = {}", row.name, row.status.code()).unwrap();
    }
    text.push_str("\nFUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {\n");
    for function in functions(&header::text()) {
        let params: Vec<&str> = function.params.iter().map(|(kind, _)| parameter(kind)).collect();
        let comma = if params.len() == 1 { "," } else { "" };
        let line = format!(
            "    \"{}\": ({}, ({}{comma})),",
            function.name,
            result(&function.returns),
            params.join(", ")
        );
        writeln!(text, "{line}").unwrap();
    }
    text.push_str("}\n\n");
    text.push_str(
        "# The parameters of the functions that start a request, between the client and the number.\n",
    );
    text.push_str("REQUESTS: dict[str, tuple[tuple[str, type], ...]] = {\n");
    for function in functions(&header::text()) {
        let params = &function.params;
        let numbered = params.iter().any(|(kind, name)| kind.starts_with("uint64_t *") && name == "request");
        if numbered && params.first().is_some_and(|(kind, _)| kind == "wa_client *") {
            let taken = &params[1..params.len() - 2];
            let taken: Vec<String> =
                taken.iter().map(|(kind, name)| format!("(\"{name}\", {})", python_type(kind))).collect();
            let comma = if taken.len() == 1 { "," } else { "" };
            writeln!(text, "    \"{}\": ({}{comma}),", function.name, taken.join(", ")).unwrap();
        }
    }
    text.push_str("}\n\n");
    text.push_str(&names::table());
    text
}

fn python_type(declared: &str) -> &'static str {
    match declared {
        "const char *" => "str",
        "const uint8_t *" => "bytes",
        "bool" => "bool",
        "double" => "float",
        _ => "int",
    }
}

fn parameter(declared: &str) -> &'static str {
    match declared {
        // Bytes and their length: ctypes hands over the memory of a bytes object, whatever is in it.
        "const char *" | "const uint8_t *" => "c_char_p",
        "size_t *" => "POINTER(c_size_t)",
        "uint64_t *" => "POINTER(c_uint64)",
        out if out.starts_with("wa_") && out.ends_with("**") => "POINTER(c_void_p)",
        handle if handle.contains("wa_") && handle.ends_with('*') => "c_void_p",
        plain => number(plain),
    }
}

fn result(declared: &str) -> &'static str {
    match declared {
        "void" => "None",
        "const char *" => "c_char_p",
        "const uint8_t *" => "POINTER(c_uint8)",
        handle if handle.contains("wa_") && handle.ends_with('*') => "c_void_p",
        plain => number(plain),
    }
}

fn number(declared: &str) -> &'static str {
    match declared {
        "bool" => "c_bool",
        "int" => "c_int",
        "int32_t" | "wa_status" => "c_int32",
        "int64_t" => "c_int64",
        "uint32_t" => "c_uint32",
        "uint64_t" => "c_uint64",
        "size_t" => "c_size_t",
        other => panic!("teach src/generator/python/bindings.rs what a {other} is"),
    }
}
