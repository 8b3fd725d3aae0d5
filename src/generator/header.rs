//! The C header, and the constants in it, which are made from the tables in `src/api`.

use crate::{COMMAND, GeneratedFile, accessors, root};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use wa::api::{EVENTS, STATUSES};

/// The head of the section that begins with the table of types and their accessors.
const FIELDS: &str = "Events: their fields";

/// The sources of the header in the order of its parts, each with the head of its section.
const SOURCES: [(&str, &str); 13] = [
    ("constants", ""),
    ("version", "Version"),
    ("status", "Names of status codes"),
    ("error", "Error objects"),
    ("config", "Configuration"),
    ("client", "Clients: connection, events, requests"),
    ("pairing", "Pairing"),
    ("messages", "Sending"),
    ("event", "Events: what all of them have"),
    ("event_fields", FIELDS),
    ("message_fields", "Events: the fields of messages"),
    ("queue", "Queues that clients share, and descriptors to wait on"),
    ("reference", "The tables at run time"),
];

fn constants() -> String {
    let mut text = format!(
        "//! Made from the tables in src/api. Do not edit: {COMMAND}\n\n\
         /// The answer of a function: 0 when it is done, 1 to 99 for other answers that\n\
         /// are no errors, 100 and above for errors, in ranges by subject: 100\n\
         /// arguments, 200 state, 300 handles, 400 configuration, 500 store, 600\n\
         /// network, 700 the server's answers, 800 pairing, 900 the session. Numbers\n\
         /// are never changed.\n\
         pub type wa_status = i32;\n\n",
    );
    for row in STATUSES {
        doc(&mut text, row.text);
        writeln!(text, "pub const {}: wa_status = {};\n", row.name, row.status.code()).unwrap();
    }
    for row in EVENTS {
        doc(&mut text, &format!("Event `{}`: {}", row.name, row.sentence));
        writeln!(text, "pub const {}: u32 = {};\n", row.constant, row.kind.number()).unwrap();
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// A comment that fits into 80 columns of the header.
fn doc(text: &mut String, sentence: &str) {
    let mut line = String::new();
    for word in sentence.split_whitespace() {
        if line.len() + word.len() > 75 {
            writeln!(text, "///{line}").unwrap();
            line.clear();
        }
        write!(line, " {word}").unwrap();
    }
    writeln!(text, "///{line}").unwrap();
}

/// Returns the header as it should be.
pub fn text() -> String {
    let config = cbindgen::Config::from_file(root().join("include/cbindgen.toml")).unwrap();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for (source, _) in SOURCES {
        builder = builder.with_src(source_file(source));
    }
    let mut bytes = Vec::new();
    builder.generate().unwrap().write(&mut bytes);
    with_sections(&with_short_comments(&String::from_utf8(bytes).unwrap()))
}

fn source_file(name: &str) -> PathBuf {
    root().join("src/ffi").join(name).with_extension("rs")
}

/// Gives comments the form that takes the fewest lines.
fn with_short_comments(header: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for line in header.lines() {
        let start = out.iter().rposition(|line| line == "/**").filter(|_| line == " */");
        let Some(start) = start.filter(|start| out[start + 1..].iter().all(|line| line.starts_with(" *")))
        else {
            out.push(line.to_owned());
            continue;
        };
        out.remove(start);
        out[start] = format!("/**{}", &out[start][2..]);
        let last = out.last_mut().unwrap();
        if last.chars().count() + 3 <= 80 {
            last.push_str(" */");
        } else {
            out.push(line.to_owned());
        }
    }
    out.join("\n") + "\n"
}

/// Puts the heads of the sections where their first items are.
fn with_sections(header: &str) -> String {
    let mut heads = vec![
        ("#define WA_EVENT_".to_owned(), "Types of events"),
        ("typedef struct ".to_owned(), "Handles"),
        ("typedef int32_t wa_status".to_owned(), "Status codes"),
    ];
    for (source, head) in SOURCES.iter().filter(|(_, head)| !head.is_empty()) {
        let text = std::fs::read_to_string(source_file(source)).unwrap();
        let (_, first) = text.split_once("extern \"C\" fn ").expect("a source of the header has functions");
        let name = first.split('(').next().unwrap();
        heads.push((format!("{name}("), head));
    }
    let mut lines: Vec<&str> = header.lines().collect();
    let mut inserted: Vec<(usize, String)> = Vec::new();
    for (start, head) in heads {
        let found = lines.iter().position(|line| !line.starts_with([' ', '/']) && line.contains(&start));
        let item = found.unwrap_or_else(|| panic!("nothing begins with {start}"));
        let comment = (0..item).rev().find(|line| lines[*line].starts_with("/**")).unwrap();
        let rule = "-".repeat(68 - head.len());
        let table = if head == FIELDS { accessors::table(header) + "\n" } else { String::new() };
        inserted.push((comment, format!("/* ---- {head} {rule} */\n\n{table}").trim_end().to_owned() + "\n"));
    }
    inserted.sort_by_key(|(line, _)| std::cmp::Reverse(*line));
    for (line, head) in &inserted {
        lines.insert(*line, head);
    }
    lines.join("\n") + "\n"
}

pub(crate) fn files() -> Vec<GeneratedFile> {
    vec![GeneratedFile::new("src/ffi/constants.rs", constants()), GeneratedFile::new("include/wa.h", text())]
}

/// Returns the names of the source files of the header.
pub fn sources() -> BTreeSet<&'static str> {
    SOURCES.iter().map(|(source, _)| *source).collect()
}
