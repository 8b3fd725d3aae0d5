//! The C header, and the constants in it, which are made from the tables in `src/api`.

use crate::{check, root};
use std::collections::BTreeSet;
use std::fmt::Write;
use wa::api::{EVENTS, STATUSES};

/// The sources of the header, in the order of its parts.
const SOURCES: [&str; 13] = [
    "constants",
    "version",
    "status",
    "error",
    "config",
    "queue",
    "client",
    "pairing",
    "messages",
    "event",
    "event_fields",
    "message_fields",
    "reference",
];

fn constants() -> String {
    let mut text = String::from(
        "//! Made from the tables in src/api. Do not edit: WA_UPDATE=1 cargo test --test generated\n\n\
         /// What a function answers: 0 when it is done, 1 to 99 for other answers that\n\
         /// are no errors, 100 and above for errors, in ranges by subject: 100\n\
         /// arguments, 200 state, 300 handles, 400 configuration, 500 store, 600\n\
         /// network, 700 the server's answers, 800 pairing, 900 the session. Numbers\n\
         /// are never changed.\n\
         ///\n\
         /// @since 0.1.0\n\
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

pub(crate) fn text() -> String {
    let config = cbindgen::Config::from_file(root().join("include/cbindgen.toml")).unwrap();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(root().join("src/ffi").join(source).with_extension("rs"));
    }
    let mut bytes = Vec::new();
    builder.generate().unwrap().write(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn constants_and_header() {
    check("src/ffi/constants.rs", &constants());
    let header = text();
    check("include/wa.h", &header);

    // The header is the reference, so most of it is words.
    let mut comment = 0;
    let mut inside = false;
    let mut lines = 0;
    for line in header.lines().filter(|line| !line.trim().is_empty()) {
        lines += 1;
        inside |= line.trim_start().starts_with("/*");
        comment += usize::from(inside);
        inside &= !line.trim_end().ends_with("*/");
    }
    assert!(comment * 10 >= lines * 7, "only {comment} of the header's {lines} lines are comments");
    let long: Vec<&str> = header.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "too long for a header: {long:#?}");
}

#[test]
fn the_source_list_is_whole() {
    let mut files: BTreeSet<String> = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("src/ffi")).unwrap() {
        let path = entry.unwrap().path();
        if std::fs::read_to_string(&path).unwrap().contains("#[unsafe(no_mangle)]") {
            files.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    files.insert("constants".to_owned());
    assert_eq!(files, SOURCES.iter().map(|source| (*source).to_owned()).collect());
}
