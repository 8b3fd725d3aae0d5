//! The generated files of bindings/python: prototypes, errors, events and methods, made from the header and the tables.

mod bindings;
mod contents;
mod errors;
mod events;
mod methods;
mod names;
mod requests;

use crate::{COMMAND, GeneratedFile};
use std::fmt::Write;

const PACKAGE: &str = "bindings/python/src/libwa";

/// The first line of every file, before what it says of itself.
fn mark() -> String {
    format!("# Made from include/wa.h and the tables in src/api. Do not edit: {COMMAND}\n")
}

pub(crate) fn files() -> Vec<GeneratedFile> {
    [
        ("_bindings.py", bindings::source()),
        ("contents.py", contents::source()),
        ("errors.py", errors::source()),
        ("events.py", events::source()),
        ("_methods.py", methods::source()),
        ("_requests.py", requests::source()),
    ]
    .map(|(name, text)| GeneratedFile::new(format!("{PACKAGE}/{name}"), mark() + &text))
    .into()
}

/// `pairing.code`, `logged_out` and `STORE_LOCKED` as names of classes.
fn camel(name: &str) -> String {
    let mut camel = String::new();
    for word in name.split(['.', '_']) {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(&letters.as_str().to_ascii_lowercase());
    }
    camel
}

/// The class of an event. Names that end in "Error" are those of exceptions, so `pairing.error` is `PairingFailed`.
fn event_class(name: &str) -> String {
    let class = camel(name);
    class.strip_suffix("Error").map_or(class.clone(), |start| format!("{start}Failed"))
}

/// A name that is no word of the language.
fn safe(name: &str) -> String {
    let taken = [
        "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
        "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    if taken.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// Wraps words into lines of at most 100 columns. All lines but the first are indented by `hanging` more.
fn wrapped(text: &mut String, indent: usize, hanging: usize, words: &str) {
    let mut line = " ".repeat(indent);
    let mut empty = true;
    for word in words.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > 100 {
            writeln!(text, "{line}").unwrap();
            line = " ".repeat(indent + hanging);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    writeln!(text, "{line}").unwrap();
}

/// The first line or lines of a method, broken as the formatter breaks them.
fn signature(text: &mut String, start: &str, params: &[String], returns: &str) {
    let all: Vec<&str> = std::iter::once("self").chain(params.iter().map(String::as_str)).collect();
    let (one, end) = (all.join(", "), format!(") -> {returns}:"));
    if 4 + start.len() + 1 + one.len() + end.len() <= 132 {
        write!(text, "\n    {start}({one}{end}\n").unwrap();
    } else if 8 + one.len() <= 132 {
        write!(text, "\n    {start}(\n        {one}\n    {end}\n").unwrap();
    } else {
        write!(text, "\n    {start}(\n        {},\n    {end}\n", all.join(",\n        ")).unwrap();
    }
}

/// A sentence of the tables or the header as it stands in a docstring.
fn spoken(words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    let said = names::in_python(&words.join(" ").replace('\\', "\\\\"));
    // Quotes that would end the docstring.
    let clashes = said.starts_with('"') || said.ends_with('"') || said.contains("\"\"");
    if clashes { said.replace('"', "'") } else { said }
}

/// A docstring of one paragraph and, where there are any, a list of names with what they mean.
fn docstring(text: &mut String, indent: usize, words: &str, title: &str, list: &[(String, String)]) {
    let words = spoken(words);
    let short = indent + words.len() + 3 <= 100;
    if list.is_empty() && short {
        writeln!(text, "{}\"\"\"{words}\"\"\"", " ".repeat(indent)).unwrap();
        return;
    }
    wrapped(text, indent, 0, &format!("\"\"\"{words}"));
    if !list.is_empty() {
        writeln!(text, "\n{}{title}:", " ".repeat(indent)).unwrap();
        for (name, meaning) in list {
            wrapped(text, indent + 4, 4, &format!("{name}: {}", spoken(meaning)));
        }
    }
    writeln!(text, "{}\"\"\"", " ".repeat(indent)).unwrap();
}

/// The decorator of a class of the package: `_record.py` says why.
const DATACLASS: &str = "@dataclass(frozen=True, init=False, repr=False, eq=False)";

/// The constructor of a frozen dataclass, of its fields' names and types.
fn constructor(text: &mut String, fields: &[(&str, &str)]) {
    text.push_str("\n    def __init__(\n        self,\n");
    for (name, kind) in fields {
        writeln!(text, "        {name}: {kind},").unwrap();
    }
    text.push_str("    ) -> None:\n        own_ = self.__dict__\n");
    for (name, _) in fields {
        writeln!(text, "        own_[\"{name}\"] = {name}").unwrap();
    }
}

/// A field, parameter or result as Python has it.
struct Value {
    /// Its name in Python: times and durations need no unit, being a `datetime` and seconds.
    name: String,
    /// Its type.
    kind: String,
    /// The expression that makes it of the value `{}` of the JSON object.
    from_json: String,
}

/// Returns a value of the tables as Python has it.
fn value(name: &str, kind: &str, optional: bool, words: Option<&str>) -> Value {
    let (short, kind, from_json) = match (name, kind) {
        ("time_ms", _) => ("time", "datetime", "as_time({})"),
        (name, "integer") if name.ends_with("_at_ms") => {
            (&name[..name.len() - 3], "datetime", if optional { "maybe_time({})" } else { "as_time({})" })
        }
        (name, "integer") if name.ends_with("_ms") => {
            (&name[..name.len() - 3], "float", if optional { "maybe_seconds({})" } else { "{} / 1000" })
        }
        (name, "integer") if name.ends_with("_at") => (name, "datetime", "time_of_seconds({})"),
        (name, "integer") => (name, "int", "{}"),
        (name, "boolean") => (name, "bool", "{}"),
        (name, "text") => (name, words.unwrap_or("str"), "{}"),
        (name, "number") => (name, "float", "{}"),
        (name, "array of text") => (name, "list[str]", "{}"),
        (name, "array of objects") => (name, "list[dict[str, Any]]", "{}"),
        (name, _) => (name, "Any", "{}"),
    };
    let kind = if optional && kind != "Any" { format!("{kind} | None") } else { kind.to_owned() };
    Value { name: safe(short), kind, from_json: from_json.to_owned() }
}

/// The imports of what a file uses for times and durations: first those of Python, then those of the package.
fn units(body: &str) -> (&'static str, String) {
    let helpers = ["as_time", "maybe_seconds", "maybe_time", "to_ms"];
    let used: Vec<&str> = helpers.into_iter().filter(|name| body.contains(&format!("{name}("))).collect();
    let package =
        if used.is_empty() { String::new() } else { format!("from ._time import {}\n", used.join(", ")) };
    (if body.contains(": datetime") { "from datetime import datetime\n" } else { "" }, package)
}

/// A number that is given to the library: its name and type in Python, and how it is passed.
fn argument(name: &str) -> (String, &'static str, String) {
    let kind = match name {
        name if name.ends_with("_at_ms") => "datetime",
        name if name.ends_with("_ms") => "float",
        _ => return (safe(name), "int", safe(name)),
    };
    let short = safe(&name[..name.len() - 3]);
    let passed = format!("to_ms({short})");
    (short, kind, passed)
}

impl Value {
    /// The expression that takes it out of the JSON object `object`.
    fn out_of(&self, object: &str, key: &str) -> String {
        self.from_json.replace("{}", &format!("{object}[\"{key}\"]"))
    }

    /// The unit, for its description.
    fn unit(&self) -> &'static str {
        if self.kind.contains("float") && self.from_json != "{}" { " In seconds." } else { "" }
    }
}
