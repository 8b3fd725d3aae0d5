//! Everything that is made from something else and committed: constants, header, pages, the list of exported symbols, and what
//! the bindings need to know of them. Each has a module here.
//!
//! These tests fail when one is stale. `WA_UPDATE=1 cargo test --test generated` writes them all anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/libraries.rs"]
mod built;
#[path = "../common/header.rs"]
mod declarations;
mod go;
mod header;
mod pages;
mod python;
mod requests;
mod symbols;

use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn updating() -> bool {
    std::env::var_os("WA_UPDATE").is_some()
}

/// Compares a committed file with what it should be, or writes it.
fn check(path: &str, wanted: &str) {
    let path = root().join(path);
    if updating() {
        if std::fs::read_to_string(&path).ok().as_deref() != Some(wanted) {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, wanted).unwrap();
        }
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    if found == wanted {
        return;
    }
    let line = found.lines().zip(wanted.lines()).take_while(|(a, b)| a == b).count();
    panic!(
        "{} is stale from line {} on:\n  has    {}\n  wanted {}\nrun: WA_UPDATE=1 cargo test --test generated",
        path.display(),
        line + 1,
        found.lines().nth(line).unwrap_or("(end)"),
        wanted.lines().nth(line).unwrap_or("(end)"),
    );
}
