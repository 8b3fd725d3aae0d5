//! The library as it ships: its size, and how long a program waits for it.

#[path = "../../common/libraries.rs"]
mod built;

use std::process::Command;

use super::Failure;
use super::native;
use built::libraries;

/// The size of the library.
pub(crate) struct Library {
    pub(crate) stripped: u64,
    pub(crate) load: std::time::Duration,
}

/// Looks at the library, built as users build it.
pub(crate) fn measure() -> Result<Library, Failure> {
    let folder = tempfile::tempdir()?;
    let stripped = folder.path().join("libwa.so");
    let built = libraries().join("libwa.so");
    run(Command::new("strip").arg("--strip-unneeded").arg("-o").arg(&stripped).arg(built))?;
    Ok(Library { stripped: std::fs::metadata(&stripped)?.len(), load: native::load(&stripped)? })
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}
