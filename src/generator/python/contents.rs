//! `contents.py`: one frozen dataclass for each type of content that a message can have, and for the objects in it.

use super::{DATACLASS, Value, docstring, value};
use std::fmt::Write;
use wa::api::{COMMON_CONTENT, CONTENTS, ContentInfo, FieldInfo, ObjectInfo, event_objects};

/// The class of what all contents have.
const BASE: &str = "MessageContent";

pub(super) fn source() -> String {
    let mut text = String::from(
        "\"\"\"The contents of messages: one frozen dataclass for each type.\n\n\
         `Message.typed_content` is one of them. Types and keys are described in include/EVENTS.md, under \"Contents of messages\".\n\
         \"\"\"\n\n\
         from __future__ import annotations\n\n\
         from dataclasses import dataclass, field\n\
         from datetime import datetime\n\
         from typing import Any, ClassVar\n\n\
         from ._record import Record\n\
         from ._time import time_of_seconds\n",
    );
    let objects = event_objects();
    for object in &objects {
        object_class(&mut text, object);
    }
    base_class(&mut text);
    for row in CONTENTS {
        class(&mut text, row);
    }
    text.push_str(
        "\n\n# The types of content by kind of message.\nBY_KIND: dict[str, type[MessageContent]] = {\n",
    );
    for row in CONTENTS {
        for (kind, _) in row.kinds {
            writeln!(text, "    \"{kind}\": {},", row.name).unwrap();
        }
    }
    text.push_str("}\n\n\n");
    text.push_str(OF_KIND);
    text.push_str("\n\n__all__ = [\n");
    let mut names: Vec<&str> = CONTENTS.iter().map(|row| row.name).collect();
    names.extend(objects.iter().map(|object| object.name));
    names.extend([BASE, "content_from_json"]);
    names.sort_unstable();
    for name in names {
        writeln!(text, "    \"{name}\",").unwrap();
    }
    text.push_str("]\n");
    text
}

const OF_KIND: &str = "\
def content_from_json(kind: str, o: dict[str, Any] | None) -> MessageContent:
    \"\"\"Makes the content of a message of its `kind` and its `content`, which is JSON.

    It is an `OtherContent` for a kind that this version of the package does not know, and for a content that lacks what its type
    always has: one that is too large, or that could not be read. Keys that this version does not know are left out.
    \"\"\"
    o = o or {}
    found = BY_KIND.get(kind, OtherContent)
    if any(o.get(key) is None for key in found._needed):
        found = OtherContent
    return found.from_json(o)
";

/// A field in Python: its name and type, the expression that takes it out of `o`, and its default if it has one.
struct Attribute {
    name: String,
    kind: String,
    from_json: String,
    default: Option<&'static str>,
    unit: &'static str,
}

/// A field of a content, which may be missing if it is optional.
fn attribute(field: &FieldInfo) -> Attribute {
    let key = field.name;
    let found = format!("o.get(\"{key}\")");
    if let Some(object) = field.object {
        let class = object.name;
        return match field.kind {
            "object" => Attribute {
                name: key.to_owned(),
                kind: format!("{class} | None"),
                from_json: format!("{class}.from_json(o[\"{key}\"]) if {found} else None"),
                default: Some("None"),
                unit: "",
            },
            _ => Attribute {
                name: key.to_owned(),
                kind: format!("list[{class}]"),
                from_json: format!("[{class}.from_json(item) for item in o[\"{key}\"]]"),
                default: None,
                unit: "",
            },
        };
    }
    if field.kind == "boolean" && field.optional {
        let from_json = format!("bool({found})");
        let default = Some("False");
        return Attribute { name: key.to_owned(), kind: "bool".to_owned(), from_json, default, unit: "" };
    }
    let Value { kind, from_json, .. } = value(key, field.kind, field.optional, None);
    let name = key.strip_suffix("_s").unwrap_or(key).to_owned();
    let unit = if key.ends_with("_s") { " In seconds." } else { "" };
    let taken = if field.optional { found } else { format!("o[\"{key}\"]") };
    let default = field.optional.then_some("None");
    Attribute { name, kind, from_json: from_json.replace("{}", &taken), default, unit }
}

/// The value of a field of an object whose key is missing.
fn nothing(kind: &str) -> &'static str {
    match kind {
        "text" => "\"\"",
        "boolean" => "False",
        "integer" => "0",
        other => panic!("tell Python what no {other} is, in src/generator/python/contents.rs"),
    }
}

fn object_class(text: &mut String, object: &ObjectInfo) {
    let attributes: Vec<Attribute> = object
        .fields
        .iter()
        .map(|field| {
            let Value { name, kind, .. } = value(field.name, field.kind, field.optional, None);
            let key = field.name;
            let from_json = match field.optional {
                true => format!("o.get(\"{key}\")"),
                false => format!("o.get(\"{key}\", {})", nothing(field.kind)),
            };
            Attribute { name, kind, from_json, default: field.optional.then_some("None"), unit: "" }
        })
        .collect();
    head(text, object.name, "Record", object.sentence, object.fields, &attributes);
    constructor(text, &attributes, &[]);
    maker(text, object.name, &attributes);
}

fn base_class(text: &mut String) {
    let attributes: Vec<Attribute> = COMMON_CONTENT.iter().map(attribute).collect();
    let said = "The content of a message: what one of any kind may have. Each type of content is a class of its own.";
    head(text, BASE, "Record", said, COMMON_CONTENT, &attributes);
    text.push_str("\n    # The keys without which a content is not of this type.\n    _needed: ClassVar[tuple[str, ...]] = ()\n");
    constructor(text, &attributes, &[]);
    maker(text, BASE, &attributes);
}

fn class(text: &mut String, row: &ContentInfo) {
    let attributes: Vec<Attribute> = row.fields.iter().map(attribute).collect();
    let common: Vec<Attribute> = COMMON_CONTENT.iter().map(attribute).collect();
    let kinds: Vec<String> = row.kinds.iter().map(|(kind, _)| format!("`{kind}`")).collect();
    // Most kinds have no type of their own; they are in the page.
    let said = match kinds.len() {
        1 => format!("{} The kind of the message is {}.", row.sentence, kinds[0]),
        2..=6 => format!("{} The kind of the message is one of {}.", row.sentence, kinds.join(", ")),
        _ => row.sentence.to_owned(),
    };
    head(text, row.name, BASE, &said, row.fields, &attributes);
    let needed: Vec<String> = row
        .fields
        .iter()
        .filter(|field| !field.optional)
        .map(|field| format!("\"{}\"", field.name))
        .collect();
    if !needed.is_empty() {
        let comma = if needed.len() == 1 { "," } else { "" };
        writeln!(text, "\n    _needed = ({}{comma})", needed.join(", ")).unwrap();
    }
    constructor(text, &attributes, &common);
    maker(text, row.name, &attributes.into_iter().chain(common).collect::<Vec<_>>());
}

/// The class up to its constructor.
fn head(
    text: &mut String,
    name: &str,
    base: &str,
    said: &str,
    fields: &[FieldInfo],
    attributes: &[Attribute],
) {
    write!(text, "\n\n{DATACLASS}\nclass {name}({base}):\n").unwrap();
    let list: Vec<(String, String)> = fields
        .iter()
        .zip(attributes)
        .map(|(field, attribute)| (attribute.name.clone(), format!("{}{}", field.sentence, attribute.unit)))
        .collect();
    docstring(text, 4, said, "Attributes", &list);
    if !attributes.is_empty() {
        text.push('\n');
    }
    for (field, attribute) in fields.iter().zip(attributes) {
        let hidden = if field.secret { " = field(repr=False)" } else { "" };
        writeln!(text, "    {}: {}{hidden}", attribute.name, attribute.kind).unwrap();
    }
}

/// A constructor that takes everything by name.
fn constructor(text: &mut String, own: &[Attribute], common: &[Attribute]) {
    text.push_str("\n    def __init__(\n        self,\n        *,\n");
    for Attribute { name, kind, default, .. } in own.iter().chain(common) {
        let default = default.map(|default| format!(" = {default}")).unwrap_or_default();
        writeln!(text, "        {name}: {kind}{default},").unwrap();
    }
    text.push_str("    ) -> None:\n        own_ = self.__dict__\n");
    for Attribute { name, .. } in own.iter().chain(common) {
        writeln!(text, "        own_[\"{name}\"] = {name}").unwrap();
    }
}

fn maker(text: &mut String, name: &str, attributes: &[Attribute]) {
    write!(
        text,
        "\n    @classmethod\n    def from_json(cls, o: dict[str, Any]) -> {name}:\n        \
         \"\"\"Makes it of its JSON object.\"\"\"\n        return cls(\n"
    )
    .unwrap();
    for attribute in attributes {
        writeln!(text, "            {}={},", attribute.name, attribute.from_json).unwrap();
    }
    text.push_str("        )\n");
}
