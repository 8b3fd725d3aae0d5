//! The methods of `wa_call`, each with typed parameters and a typed result.

use super::events::field_name;
use super::names::{doc, exported, lower, plain};
use super::{close_list, field_sentence, file};
use crate::GeneratedFile;
use std::fmt::Write;
use wa::api::{MethodInfo, ParamInfo};
use wa::client::method_table;

/// Returns the Go type of a value and the function of the reader that reads it. A value that may be missing, and whose zero value
/// says something, is a pointer. A text and a time have an empty value that says nothing else.
pub(super) fn value_type(name: &str, kind: &str, optional: bool) -> (String, String) {
    let (go_type, read) = match kind {
        "text" => ("string", "text"),
        "boolean" => ("bool", "boolean"),
        "integer" if name.ends_with("_at_ms") => ("time.Time", "time"),
        "integer" if name.ends_with("_ms") => ("time.Duration", "duration"),
        "integer" => ("int64", "integer"),
        "number" => ("float64", "number"),
        "array of text" => ("[]string", "texts"),
        "json" => ("json.RawMessage", "raw"),
        other => panic!("{name}: tell Go what the type {other} is, in src/generator/go/methods.rs"),
    };
    if optional && is_pointer(go_type) {
        return (format!("*{go_type}"), format!("optional(r, r.{read})"));
    }
    (go_type.to_owned(), format!("r.{read}()"))
}

/// The types of the objects in arrays, by the methods whose results have them; they are written by hand, or results themselves.
const ELEMENTS: [(&[&str], &str, &str); 5] = [
    (&["contacts.check"], "contacts", "CheckedContact"),
    (&["group.add", "group.demote", "group.promote", "group.remove"], "members", "MemberOutcome"),
    (&["group.create", "group.info"], "members", "GroupMember"),
    (&["group.create", "group.info"], "not_added", "MemberOutcome"),
    (&["group.list"], "groups", "GroupInfoResult"),
];

/// The Go type of a field of a result and how it is read.
fn result_type(method: &str, field: &ParamInfo) -> (String, String) {
    if field.kind != "array of objects" {
        return value_type(field.name, field.kind, field.optional);
    }
    let found = ELEMENTS.iter().find(|(methods, name, _)| methods.contains(&method) && *name == field.name);
    let Some((_, _, element)) = found else {
        panic!("{method}: tell Go what the members of {} are, in src/generator/go/methods.rs", field.name);
    };
    (format!("[]{element}"), format!("objects[{element}](r)"))
}

/// Returns whether an optional value of a Go type is a pointer.
fn is_pointer(go_type: &str) -> bool {
    matches!(go_type, "bool" | "int64" | "float64" | "time.Duration")
}

fn method(body: &mut String, row: &MethodInfo) {
    let name = exported(row.name);
    if !row.params.is_empty() {
        params(body, &name, row.params);
    }
    if !row.result.is_empty() {
        result(body, row.name, row.result);
    }
    doc(body, 0, &format!("{name} {} It calls the method {}.", lower(row.sentence), row.name));
    if row.needs_login {
        body.push_str("//\n");
        doc(body, 0, "It needs a session that is logged in.");
    }
    let (argument, params) = match row.params {
        [] => (String::new(), "nil"),
        _ => (format!(", params {name}Params"), "params.values()"),
    };
    let head = format!("func (c *Client) {name}(ctx context.Context{argument})");
    match row.result {
        [] => write!(body, "{head} error {{\n\treturn c.call(ctx, \"{}\", {params}, nil)\n}}\n\n", row.name),
        _ => write!(
            body,
            "{head} (result {name}Result, err error) {{\n\terr = c.call(ctx, \"{}\", {params}, result.read)\n\
             \treturn result, err\n}}\n\n",
            row.name
        ),
    }
    .unwrap();
}

fn params(body: &mut String, name: &str, params: &[ParamInfo]) {
    doc(body, 0, &format!("{name}Params are the parameters of [Client.{name}]."));
    writeln!(body, "type {name}Params struct {{").unwrap();
    let mut required = String::new();
    let mut optional = String::new();
    for param in params {
        let plain_type = match param.kind {
            // Whatever encoding/json makes of it.
            "json" => "any".to_owned(),
            "array of objects" => "[]map[string]any".to_owned(),
            kind => value_type(param.name, kind, false).0,
        };
        let field = field_name(param.name);
        let pointer = param.optional && is_pointer(&plain_type);
        let sentence = plain(param.sentence);
        let sentence = match (param.optional, plain_type.as_str()) {
            (false, _) => sentence,
            (true, "string") => format!("{sentence} Empty leaves it out."),
            (true, "time.Time") => format!("{sentence} The zero time leaves it out."),
            (true, _) => format!("{sentence} Nil leaves it out."),
        };
        doc(body, 1, &sentence);
        let star = if pointer { "*" } else { "" };
        writeln!(body, "\t{field} {star}{plain_type}\n").unwrap();
        let value = match plain_type.as_str() {
            "time.Time" => format!("p.{field}.UnixMilli()"),
            "time.Duration" => format!("p.{field}.Milliseconds()"),
            // No array is none in JSON too, and not null.
            list if list.starts_with("[]") && !param.optional => format!("array(p.{field})"),
            _ => format!("{star}p.{field}"),
        };
        if param.optional {
            let given = match plain_type.as_str() {
                "string" => format!("p.{field} != \"\""),
                "time.Time" => format!("!p.{field}.IsZero()"),
                _ => format!("p.{field} != nil"),
            };
            write!(optional, "\tif {given} {{\n\t\tvalues[\"{}\"] = {value}\n\t}}\n", param.name).unwrap();
        } else {
            writeln!(required, "\tvalues[\"{}\"] = {value}", param.name).unwrap();
        }
    }
    close_list(body, "}\n\n");
    write!(
        body,
        "func (p {name}Params) values() map[string]any {{\n\tvalues := map[string]any{{}}\n{required}{optional}\treturn values\n}}\n\n"
    )
    .unwrap();
}

fn result(body: &mut String, method: &str, fields: &[ParamInfo]) {
    let name = exported(method);
    doc(body, 0, &format!("{name}Result is what [Client.{name}] gives."));
    writeln!(body, "type {name}Result struct {{").unwrap();
    let mut cases = String::new();
    for field in fields {
        let (go_type, read) = result_type(method, field);
        doc(body, 1, &field_sentence(field.sentence, &go_type, field.optional));
        writeln!(body, "\t{} {go_type}\n", field_name(field.name)).unwrap();
        write!(cases, "\t\tcase \"{}\":\n\t\t\tv.{} = {read}\n", field.name, field_name(field.name)).unwrap();
    }
    close_list(body, "}\n\n");
    write!(
        body,
        "func (v *{name}Result) read(r *reader) {{\n\tfor r.next() {{\n\t\tswitch r.key {{\n{cases}\t\tdefault:\n\t\t\tr.skip()\n\
         \t\t}}\n\t}}\n}}\n\n"
    )
    .unwrap();
}

pub(super) fn typed_methods() -> GeneratedFile {
    let mut body = String::new();
    for row in method_table() {
        method(&mut body, row);
    }
    file("methods_gen.go", &["context", "encoding/json", "time"], &body)
}

#[test]
fn parameters_of_every_kind() {
    let param = |name, kind, optional| ParamInfo { name, kind, optional, sentence: "It is." };
    let mut body = String::new();
    let given = [
        param("chat", "text", false),
        param("quoted", "text", true),
        param("until_at_ms", "integer", true),
        param("for_ms", "integer", true),
        param("count", "integer", false),
        param("silently", "boolean", true),
        param("loud", "boolean", false),
        param("members", "array of text", false),
        param("mentions", "array of text", true),
        param("contacts", "array of objects", false),
        param("latitude", "number", true),
        param("quote", "json", true),
    ];
    params(&mut body, "ChatMute", &given);
    for wanted in [
        "\tChat string\n",
        "\tFor *time.Duration\n",
        "\tvalues[\"chat\"] = p.Chat\n",
        "\tif p.Quoted != \"\" {\n",
        "\tif !p.UntilAt.IsZero() {\n\t\tvalues[\"until_at_ms\"] = p.UntilAt.UnixMilli()\n",
        "\tif p.For != nil {\n\t\tvalues[\"for_ms\"] = p.For.Milliseconds()\n",
        "\tvalues[\"count\"] = p.Count\n",
        "\tSilently *bool\n",
        "\tif p.Silently != nil {\n\t\tvalues[\"silently\"] = *p.Silently\n",
        "\tvalues[\"loud\"] = p.Loud\n",
        "\tMembers []string\n",
        "\tvalues[\"members\"] = array(p.Members)\n",
        "\tif p.Mentions != nil {\n\t\tvalues[\"mentions\"] = p.Mentions\n",
        "\tContacts []map[string]any\n",
        "\tLatitude *float64\n",
        "\tif p.Latitude != nil {\n\t\tvalues[\"latitude\"] = *p.Latitude\n",
        "\tQuote any\n",
    ] {
        assert!(body.contains(wanted), "{wanted} is not in:\n{body}");
    }
}

/// No optional value is one that cannot be said, or cannot be told from what was not said: over all tables.
#[test]
fn every_optional_value_can_be_said() {
    let zero_says_nothing = ["string", "time.Time", "[]string", "json.RawMessage"];
    for row in method_table() {
        let mut body = String::new();
        params(&mut body, "Method", row.params);
        for param in row.params.iter().filter(|param| param.optional) {
            let go_type = value_type(param.name, param.kind, true).0;
            let said = zero_says_nothing.contains(&go_type.as_str()) || go_type.starts_with('*');
            assert!(said, "{} of {} is a {go_type}", param.name, row.name);
            if go_type.starts_with('*') {
                let field = field_name(param.name);
                let guard = format!("\tif p.{field} != nil {{\n\t\tvalues[\"{}\"] = ", param.name);
                assert!(body.contains(&guard), "{} of {}:\n{body}", param.name, row.name);
                assert!(
                    body.contains(&format!("\t{field} {go_type}\n")),
                    "{} of {}:\n{body}",
                    param.name,
                    row.name
                );
            }
        }
        let mut body = String::new();
        result(&mut body, row.name, row.result);
        for field in row.result.iter().filter(|field| field.optional) {
            let (go_type, read) = result_type(row.name, field);
            assert!(body.contains(&format!("= {read}\n")), "{} of {}:\n{body}", field.name, row.name);
            assert!(
                zero_says_nothing.contains(&go_type.as_str()) || read.starts_with("optional(r, "),
                "{} of {} is a {go_type}",
                field.name,
                row.name
            );
        }
    }
}
