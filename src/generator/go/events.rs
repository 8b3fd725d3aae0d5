//! Event types, the words and outcomes that their fields hold, and how they are read.

use super::names::{doc, exported, lower};
use super::{close_list, field_sentence, file};
use crate::GeneratedFile;
use std::collections::BTreeSet;
use std::fmt::Write;
use wa::api::{EVENTS, EventInfo, FieldInfo, Keep, Words};
use wa::client::outcomes;

/// The Go type of a field and the function of the reader that reads it.
fn field_type(field: &FieldInfo) -> (String, String) {
    if let Some(words) = field.words {
        let name = words_name(words);
        return (name.clone(), format!("{name}(r.text())"));
    }
    if let Some(object) = field.object {
        return (format!("*{}", object.name), format!("object[{}](r)", object.name));
    }
    match (field.name, field.kind) {
        ("outcome", "text") => ("Outcome".to_owned(), "Outcome(r.text())".to_owned()),
        ("status", "integer") => ("Status".to_owned(), "Status(r.integer())".to_owned()),
        // Its keys depend on another field.
        ("content", "object") => ("json.RawMessage".to_owned(), "r.raw()".to_owned()),
        _ => super::methods::value_type(field.name, field.kind, field.optional),
    }
}

/// The type of a list of words: its own name, unless an event has that.
fn words_name(words: &Words) -> String {
    let taken = EVENTS.iter().any(|row| exported(row.name) == words.name);
    format!("{}{}", words.name, if taken { "Kind" } else { "" })
}

/// The name of a field, without the unit, which its type carries.
pub(super) fn field_name(name: &str) -> String {
    exported(name.strip_suffix("_ms").unwrap_or(name))
}

fn event(body: &mut String, row: &EventInfo) {
    let name = exported(row.name);
    doc(body, 0, &format!("{name} is the event {}: {}", row.name, lower(row.sentence)));
    body.push_str("//\n");
    let kept = match row.keep {
        Keep::Durable => {
            "It is durable: it comes again, when the session is opened again, until it is acknowledged."
        }
        Keep::Waits => "It waits until it is taken.",
        Keep::Bounded | Keep::Droppable => {
            "It may be dropped when nobody takes it; an [Overflow] then counts it."
        }
    };
    doc(body, 0, kept);
    writeln!(body, "type {name} struct {{\n\tEventInfo\n").unwrap();
    let mut cases = String::new();
    for field in row.fields {
        let (go_type, read) = field_type(field);
        doc(body, 1, &field_sentence(field.sentence, &go_type, field.optional));
        let field_name = field_name(field.name);
        writeln!(body, "\t{field_name} {go_type}\n").unwrap();
        write!(cases, "\t\tcase \"{}\":\n\t\t\te.{field_name} = {read}\n", field.name).unwrap();
    }
    close_list(body, "}\n\n");
    write!(
        body,
        "func (e *{name}) read(r *reader) {{\n\tfor r.next() {{\n\t\tswitch r.key {{\n{cases}\t\tdefault:\n\t\t\tr.skip()\n\
         \t\t}}\n\t}}\n}}\n\n"
    )
    .unwrap();
}

pub(super) fn event_types() -> GeneratedFile {
    let mut body = String::new();
    for row in EVENTS {
        event(&mut body, row);
    }
    body.push_str(
        "// newEvent gives an empty event of a type, nil for a type that is not known here.\n\
         func newEvent(number uint32) body {\n\tswitch number {\n",
    );
    for row in EVENTS {
        write!(body, "\tcase {}:\n\t\treturn new({})\n", row.kind.number(), exported(row.name)).unwrap();
    }
    body.push_str("\t}\n\treturn nil\n}\n\n");
    body.push_str("// keptAs tells what becomes of events of a type when too many wait.\nfunc keptAs(event Event) keeping {\n\tswitch event.(type) {\n");
    for (keep, name) in [(Keep::Bounded, "bounded"), (Keep::Droppable, "droppable")] {
        let rows = EVENTS.iter().filter(|row| row.keep == keep);
        let list: Vec<String> = rows.map(|row| format!("*{}", exported(row.name))).collect();
        write!(body, "\tcase {}:\n\t\treturn {name}\n", list.join(", ")).unwrap();
    }
    body.push_str("\t}\n\treturn kept\n}\n");
    file("events_gen.go", &["encoding/json", "time"], &body)
}

pub(super) fn words() -> GeneratedFile {
    let mut body = String::new();
    let mut seen = BTreeSet::new();
    let fields = EVENTS.iter().flat_map(|row| row.fields);
    for words in fields.filter_map(|field| field.words).filter(|words| seen.insert(words.name)) {
        let name = words_name(words);
        doc(&mut body, 0, &format!("{name} is a word that says: {}", lower(words.sentence)));
        writeln!(body, "type {name} string\n").unwrap();
        doc(&mut body, 0, &format!("The words of [{name}]; later versions may bring more."));
        body.push_str("const (\n");
        for (word, sentence) in words.list {
            doc(&mut body, 1, sentence);
            writeln!(body, "\t{name}{} {name} = \"{word}\"\n", exported(word)).unwrap();
        }
        close_list(&mut body, ")\n\n");
    }
    body.push_str(
        "// Outcome names how a pairing, or an attempt of it, ended.\ntype Outcome string\n\n\
         // The outcomes of pairing, each with what it tells the user; later versions may bring more.\nconst (\n",
    );
    for row in outcomes() {
        doc(&mut body, 1, row.user_text);
        writeln!(body, "\tOutcome{} Outcome = \"{}\"\n", exported(row.name), row.name).unwrap();
    }
    close_list(&mut body, ")\n\n");
    file("words_gen.go", &[], &body)
}
