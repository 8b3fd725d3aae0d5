//! Makes what is made from something else and committed: constants, header, pages, the list of exported symbols, and what the
//! bindings need to know of them. Each has a module here.
//!
//! `cargo run -p libwa-generator` writes them all anew; tests/generated.rs fails when one is stale.

#![expect(clippy::unwrap_used, reason = "a generator stops at the first fault of its input")]

mod accessors;
pub mod declarations;
mod go;
pub mod header;
mod pages;
mod python;
mod requests;
mod symbols;

use std::io;
use std::path::{Path, PathBuf};

/// The command that makes the generated files, as they name it.
const COMMAND: &str = "cargo run -p libwa-generator";

/// The top of the checkout.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// A generated file.
#[derive(Debug)]
pub struct GeneratedFile {
    /// The path from the top of the checkout.
    pub path: String,
    /// The text that it should have.
    pub text: String,
}

impl GeneratedFile {
    fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    fn place(&self) -> PathBuf {
        root().join(&self.path)
    }

    /// Returns the first line in which the committed file differs: its number, what it has, and what it should have.
    pub fn stale_line(&self) -> Option<(usize, String, String)> {
        let found = std::fs::read_to_string(self.place()).unwrap_or_default();
        if found == self.text {
            return None;
        }
        let same = found.lines().zip(self.text.lines()).take_while(|(a, b)| a == b).count();
        let line = |text: &str| text.lines().nth(same).unwrap_or("(end)").to_owned();
        Some((same + 1, line(&found), line(&self.text)))
    }

    /// Writes the file, unless it is as it should be. Returns whether it was written.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn write(&self) -> io::Result<bool> {
        if self.stale_line().is_none() {
            return Ok(false);
        }
        if let Some(folder) = self.place().parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(self.place(), &self.text)?;
        Ok(true)
    }
}

/// Returns all generated files.
pub fn files() -> Vec<GeneratedFile> {
    let mut files = header::files();
    files.extend(pages::files());
    files.push(symbols::file());
    files.extend(go::files());
    files.extend(python::files());
    files
}
