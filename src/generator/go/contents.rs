//! The types of content that a message can have, and the objects in it.

use super::methods::value_type;
use super::names::{doc, exported, lower};
use super::{close_list, field_sentence, file};
use crate::GeneratedFile;
use std::fmt::Write;
use wa::api::{COMMON_CONTENT, CONTENTS, ContentInfo, FieldInfo, event_objects};

/// The type that all contents have as a part.
const COMMON: &str = "CommonContent";

/// The Go type of a field and the function of the reader that reads it.
fn field_type(field: &FieldInfo) -> (String, String) {
    match (field.kind, field.object) {
        ("object", Some(object)) => (format!("*{}", object.name), format!("object[{}](r)", object.name)),
        (_, Some(object)) => (format!("[]{}", object.name), format!("objects[{}](r)", object.name)),
        // A flag: what is not said is not so.
        ("boolean", None) => ("bool".to_owned(), "r.boolean()".to_owned()),
        // No list and an empty one are two things.
        ("array of text", None) => ("[]string".to_owned(), "r.list()".to_owned()),
        ("integer", None) if field.name.ends_with("_at") => {
            ("time.Time".to_owned(), "r.timeOfSeconds()".to_owned())
        }
        ("integer", None) if field.name.ends_with("_s") => {
            ("*time.Duration".to_owned(), "optional(r, r.seconds)".to_owned())
        }
        (kind, None) => value_type(field.name, kind, field.optional),
    }
}

fn field_name(field: &FieldInfo) -> String {
    exported(field.name.strip_suffix("_s").unwrap_or(field.name))
}

/// Writes the fields of a struct, and gives the cases that read them into `value`.
fn fields(body: &mut String, value: &str, fields: &[FieldInfo]) -> String {
    let mut cases = String::new();
    for field in fields {
        let (go_type, read) = field_type(field);
        let optional = field.optional && go_type != "bool";
        doc(body, 1, &field_sentence(field.sentence, &go_type, optional));
        let name = field_name(field);
        writeln!(body, "\t{name} {go_type}\n").unwrap();
        write!(cases, "\t\tcase \"{}\":\n\t\t\t{value}.{name} = {read}\n", field.name).unwrap();
    }
    close_list(body, "}\n\n");
    cases
}

fn content(body: &mut String, row: &ContentInfo) {
    let name = row.name;
    doc(body, 0, &format!("{name} is a content: {}", lower(row.sentence)));
    body.push_str("//\n");
    let kinds: Vec<String> = row.kinds.iter().map(|(kind, _)| format!("`{kind}`")).collect();
    match kinds.len() {
        1 => doc(body, 0, &format!("The kind of the message is {}.", kinds[0])),
        2..=6 => doc(body, 0, &format!("The kind of the message is one of {}.", kinds.join(", "))),
        _ => doc(body, 0, "The kind of the message is none that another type is for."),
    }
    writeln!(body, "type {name} struct {{\n\t{COMMON}\n").unwrap();
    let cases = fields(body, "c", row.fields);
    if cases.is_empty() {
        return;
    }
    write!(
        body,
        "func (c *{name}) read(r *reader) {{\n\tfor r.next() {{\n\t\tswitch r.key {{\n{cases}\t\tdefault:\n\t\t\tc.readKey(r)\n\
         \t\t}}\n\t}}\n}}\n\n"
    )
    .unwrap();
}

pub(super) fn content_types() -> GeneratedFile {
    let mut body = String::new();
    for object in event_objects() {
        let name = object.name;
        doc(&mut body, 0, &format!("{name} is an object in an event: {}", lower(object.sentence)));
        writeln!(body, "type {name} struct {{").unwrap();
        let cases = fields(&mut body, "v", object.fields);
        write!(
            body,
            "func (v *{name}) read(r *reader) {{\n\tfor r.next() {{\n\t\tswitch r.key {{\n{cases}\t\tdefault:\n\t\t\tr.skip()\n\
             \t\t}}\n\t}}\n}}\n\n"
        )
        .unwrap();
    }
    doc(
        &mut body,
        0,
        &format!(
            "{COMMON} is what the content of a message of any kind may have; it is part of all contents."
        ),
    );
    writeln!(body, "type {COMMON} struct {{").unwrap();
    let cases = fields(&mut body, "c", COMMON_CONTENT);
    write!(
        body,
        "func (c *{COMMON}) readKey(r *reader) {{\n\tswitch r.key {{\n{}\tdefault:\n\t\tr.skip()\n\t}}\n}}\n\n",
        cases.replace("\n\t", "\n").replacen('\t', "", 1)
    )
    .unwrap();
    for row in CONTENTS {
        content(&mut body, row);
    }
    body.push_str(
        "// newContent gives an empty content for a kind of message, and the keys without which a content is not of its type.\n\
         func newContent(kind string) (content MessageContent, needed []string) {\n\tswitch kind {\n",
    );
    for row in CONTENTS.iter().filter(|row| row.name != "OtherContent") {
        let kinds: Vec<String> = row.kinds.iter().map(|(kind, _)| format!("\"{kind}\"")).collect();
        let needed: Vec<String> = row
            .fields
            .iter()
            .filter(|field| !field.optional)
            .map(|field| format!("\"{}\"", field.name))
            .collect();
        let needed = match needed.as_slice() {
            [] => "nil".to_owned(),
            keys => format!("[]string{{{}}}", keys.join(", ")),
        };
        write!(body, "\tcase {}:\n\t\treturn new({}), {needed}\n", kinds.join(", "), row.name).unwrap();
    }
    body.push_str("\t}\n\treturn new(OtherContent), nil\n}\n");
    file("contents_gen.go", &["time"], &body)
}
