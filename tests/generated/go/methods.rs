//! The methods of `wa_call`, each with typed parameters and a typed result.

use super::events::field_name;
use super::names::{doc, exported, lower, plain};
use super::{close_list, field_sentence, file};
use std::fmt::Write;
use wa::api::{METHODS, MethodInfo, ParamInfo};

/// The Go type of a value and the function of the reader that reads it.
pub(super) fn value_type(name: &str, kind: &str) -> (String, String) {
    let (go_type, read) = match kind {
        "text" => ("string", "r.text()"),
        "boolean" => ("bool", "r.boolean()"),
        "integer" if name.ends_with("_at_ms") => ("time.Time", "r.time()"),
        "integer" if name.ends_with("_ms") => ("time.Duration", "r.duration()"),
        "integer" => ("int64", "r.integer()"),
        "number" => ("float64", "r.number()"),
        "array of text" => ("[]string", "r.texts()"),
        "array of objects" => ("[]json.RawMessage", "r.objects()"),
        "json" => ("json.RawMessage", "r.raw()"),
        other => panic!("{name}: tell Go what the type {other} is, in tests/generated/go/methods.rs"),
    };
    (go_type.to_owned(), read.to_owned())
}

fn method(body: &mut String, row: &MethodInfo) {
    let name = exported(row.name);
    if !row.params.is_empty() {
        params(body, &name, row.params);
    }
    if !row.result.is_empty() {
        result(body, &name, row.result);
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
            kind => value_type(param.name, kind).0,
        };
        let field = field_name(param.name);
        // What may be left out is left out when it has its zero value; where zero says something, it is a pointer.
        let pointer = param.optional && matches!(plain_type.as_str(), "int64" | "float64" | "time.Duration");
        let sentence = plain(param.sentence);
        let sentence = if param.optional { format!("{sentence} May be left out.") } else { sentence };
        doc(body, 1, &sentence);
        writeln!(body, "\t{field} {}{plain_type}\n", if pointer { "*" } else { "" }).unwrap();
        let star = if pointer { "*" } else { "" };
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
                "bool" => format!("p.{field}"),
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

fn result(body: &mut String, name: &str, fields: &[ParamInfo]) {
    doc(body, 0, &format!("{name}Result is what [Client.{name}] gives."));
    writeln!(body, "type {name}Result struct {{").unwrap();
    let mut cases = String::new();
    for field in fields {
        let (go_type, read) = value_type(field.name, field.kind);
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

#[test]
fn typed_methods() {
    let mut body = String::new();
    for row in METHODS {
        method(&mut body, row);
    }
    file("methods_gen.go", &["context", "encoding/json", "time"], &body);
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
        "\tif p.Silently {\n\t\tvalues[\"silently\"] = p.Silently\n",
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
