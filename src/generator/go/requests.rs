//! The functions of the header that make a request of a client: each becomes a method that waits for the answer.

use super::file;
use super::names::{doc, doc_item, exported, lower, variable};
use crate::GeneratedFile;
use crate::declarations::{Function, functions};
use crate::header;
use crate::requests::{LIKE_METHODS, WITHOUT_RESULT, is_request, said_of};
use std::fmt::Write;

/// One argument: in Go's signature, in C's call, and what has to be done between the two.
struct Argument {
    /// Its name in the header.
    name: String,
    go: String,
    c: String,
    before: String,
}

fn arguments(function: &Function, all: &[Function]) -> Vec<Argument> {
    let mut given = function.params[1..function.params.len() - 2].iter().peekable();
    let mut arguments = Vec::new();
    while let Some((kind, name)) = given.next() {
        let go = variable(name.strip_suffix("_ms").unwrap_or(name));
        let c_name = format!("c{}", exported(name.strip_suffix("_ms").unwrap_or(name)));
        let convert = |function: &str| {
            format!(
                "\t\t{c_name}, err := {function}(\"{name}\", {go})\n\t\tif err != nil {{\n\t\t\treturn 0, err\n\t\t}}\n"
            )
        };
        let (go, c, before) = match kind.as_str() {
            "const char *" => {
                let nullable = said_of(function, name, all).contains("NULL");
                let before = convert(if nullable { "toTextOrNull" } else { "toText" });
                (format!("{go} string"), c_name, before)
            }
            "const uint8_t *" => {
                assert_eq!(given.next().map(|(kind, _)| kind.as_str()), Some("size_t"), "{}", function.name);
                let before = format!("\t\t{c_name} := toBytes({go})\n");
                (format!("{go} []byte"), format!("{c_name}, C.size_t(len({go}))"), before)
            }
            "int64_t" if name.ends_with("_at_ms") => {
                (format!("{go} time.Time"), format!("toMillis({go})"), String::new())
            }
            "uint32_t" if name.ends_with("_ms") => {
                let before = convert("toDuration");
                (format!("{go} time.Duration"), c_name, before)
            }
            "bool" | "int32_t" | "int64_t" | "uint32_t" | "uint64_t" | "double" => {
                let go_type = match kind.as_str() {
                    "double" => "float64",
                    other => other.trim_end_matches("_t"),
                };
                (format!("{go} {go_type}"), format!("C.{kind}({go})"), String::new())
            }
            other => {
                panic!("{}: tell Go what the type {other} is, in src/generator/go/requests.rs", function.name)
            }
        };
        arguments.push(Argument { name: name.clone(), go, c, before });
    }
    arguments
}

fn request(body: &mut String, function: &Function, all: &[Function]) {
    let name = exported(function.name.trim_start_matches("wa_"));
    let start = format!("start{name}");
    let arguments = arguments(function, all);
    let said = function.comment.split_once(" @").map_or("", |(text, _)| text);
    // C is told at once that the request was taken, and the rest by an event; here both are one call.
    let said =
        said.replace("Returns at once; the `result` event", "The answer").replace("`result` event", "answer");
    doc(body, 0, &format!("{name} {}", lower(&said)));
    if !arguments.is_empty() {
        body.push_str("//\n");
    }
    let signature: Vec<&str> = arguments.iter().map(|argument| argument.go.as_str()).collect();
    let names: Vec<&str> = signature.iter().filter_map(|argument| argument.split(' ').next()).collect();
    for (argument, name) in arguments.iter().zip(&names) {
        let said = said_of(function, &argument.name, all).replace("NULL", "empty");
        if !said.is_empty() {
            doc_item(body, &format!("{name}: {said}"));
        }
    }
    body.push_str("//\n// It waits for the answer; when ctx ends before, the request is cancelled.\n");
    let context: Vec<&str> =
        std::iter::once("ctx context.Context").chain(signature.iter().copied()).collect();
    let like =
        LIKE_METHODS.iter().find(|(prefix, _)| function.name.starts_with(prefix)).map(|(_, method)| method);
    let (returns, read) = match like {
        Some(method) => (format!("(result {}Result, err error)", exported(method)), "result.read"),
        None if WITHOUT_RESULT.contains(&function.name.as_str()) => ("error".to_owned(), "nil"),
        None => ("(*Result, error)".to_owned(), ""),
    };
    let ask = match read {
        "" => format!("return c.askResult(ctx, \"{name}\", {start}({}))", names.join(", ")),
        "nil" => format!("return c.ask(ctx, \"{name}\", {start}({}), nil)", names.join(", ")),
        _ => format!(
            "err = c.ask(ctx, \"{name}\", {start}({}), {read})\n\treturn result, err",
            names.join(", ")
        ),
    };
    write!(body, "func (c *Client) {name}({}) {returns} {{\n\t{ask}\n}}\n\n", context.join(", ")).unwrap();
    let before: String = arguments.iter().map(|argument| argument.before.as_str()).collect();
    let c: String = arguments.iter().map(|argument| format!(", {}", argument.c)).collect();
    write!(
        body,
        "func {start}({}) starter {{\n\treturn func(client *C.wa_client, request *C.uint64_t, fault **C.wa_error) (C.wa_status, error) {{\n\
         {before}\t\treturn C.{}(client{c}, request, fault), nil\n\t}}\n}}\n\n",
        signature.join(", "),
        function.name
    )
    .unwrap();
}

pub(super) fn requests() -> GeneratedFile {
    let mut body = String::from("// #include <wa.h>\nimport \"C\"\n\n");
    let all = functions(&header::text());
    for function in all.iter().filter(|function| is_request(function)) {
        request(&mut body, function, &all);
    }
    file("requests_gen.go", &["context", "time"], &body)
}

#[test]
fn arguments_of_every_kind() {
    let header = "/** Sends. @param chat where. @param id an id; NULL for a new one. @return x */\n\
        wa_status wa_send_a(wa_client *client, const char *chat, const char *id, uint64_t *request, wa_error **error);\n\
        /** Sends bytes. @param message what. @param length how many. @param id as for wa_send_a(). @return x */\n\
        wa_status wa_send_b(wa_client *client, const uint8_t *message, size_t length, const char *id, bool now,\n\
        uint32_t wait_ms, int64_t until_at_ms, uint64_t *request, wa_error **error);";
    let all = functions(header);
    assert!(is_request(&all[1]));
    let mut body = String::new();
    request(&mut body, &all[1], &all);
    for wanted in [
        "func (c *Client) SendB(ctx context.Context, message []byte, id string, now bool, wait time.Duration, untilAt time.Time) \
         (result MessageSendResult, err error) {\n\terr = c.ask(ctx, \"SendB\", startSendB(message, id, now, wait, untilAt), result.read)\n",
        "//   - id: an id; empty for a new one.\n",
        "cID, err := toTextOrNull(\"id\", id)\n",
        "C.wa_send_b(client, cMessage, C.size_t(len(message)), cID, C.bool(now), cWait, toMillis(untilAt), request, fault)",
    ] {
        assert!(body.contains(wanted), "{wanted} is not in:\n{body}");
    }
}
