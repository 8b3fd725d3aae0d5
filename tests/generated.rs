//! The generated files that are committed are fresh, and the library exports what the header declares.

#[path = "common/libraries.rs"]
mod built;

use std::collections::BTreeSet;
use std::process::Command;

use built::libraries;
use wa_generator::declarations::{committed, functions};
use wa_generator::{files, header, root};

#[test]
fn every_generated_file_is_fresh() {
    for file in files() {
        if let Some((line, has, wanted)) = file.stale_line() {
            let path = file.path;
            panic!(
                "{path} is stale from line {line} on:\n  has    {has}\n  wanted {wanted}\nrun: cargo run -p libwa-generator"
            );
        }
    }
}

#[test]
fn the_library_exports_what_the_header_declares() {
    let output = Command::new("nm")
        .args(["-D", "--defined-only"])
        .arg(libraries().join("libwa.so"))
        .output()
        .expect("nm of binutils is needed");
    assert!(output.status.success());
    let output = String::from_utf8(output.stdout).unwrap();
    let exported: BTreeSet<String> =
        output.lines().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect();
    let declared = functions(&committed()).into_iter().map(|function| function.name).collect();
    assert_eq!(exported, declared, "what is exported and what the header declares differ");
}

#[test]
fn the_header_is_words_and_not_too_long() {
    let header = committed();
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
    assert!(comment * 10 >= lines * 6, "only {comment} of the header's {lines} lines are comments");
    assert!(header.lines().count() <= 1_600, "the header has {} lines", header.lines().count());
    let long: Vec<&str> = header.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "too long for a header: {long:#?}");
}

#[test]
fn every_source_file_with_c_functions_is_in_the_header() {
    let mut files: BTreeSet<String> = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("src/ffi")).unwrap() {
        let path = entry.unwrap().path();
        if std::fs::read_to_string(&path).unwrap().contains("#[unsafe(no_mangle)]") {
            files.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    files.insert("constants".to_owned());
    assert_eq!(files, header::sources().into_iter().map(str::to_owned).collect());
}

#[test]
fn python_has_the_version_of_the_library() {
    let project = std::fs::read_to_string(root().join("bindings/python/pyproject.toml")).unwrap();
    let wanted = format!("version = \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(project.lines().any(|line| line == wanted), "pyproject.toml has not the line {wanted}");
}
