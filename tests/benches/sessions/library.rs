//! The library as it ships: its size, and how long a program waits for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Failure;
use super::native;

/// What it weighs.
pub(crate) struct Library {
    pub(crate) stripped: u64,
    pub(crate) load: std::time::Duration,
}

/// Builds the library as users do and looks at it.
pub(crate) fn measure() -> Result<Library, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo).args(["build", "--release", "--workspace", "--quiet"]).current_dir(root))?;
    let folder = tempfile::tempdir()?;
    let stripped = folder.path().join("libwa.so");
    run(Command::new("strip").arg("--strip-unneeded").arg("-o").arg(&stripped).arg(built(root)?))?;
    Ok(Library { stripped: std::fs::metadata(&stripped)?.len(), load: native::load(&stripped)? })
}

/// Where cargo put it: beside the folder that this program is in.
fn built(root: &Path) -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    let release = program.parent().and_then(Path::parent).unwrap_or(root);
    Ok(release.join("libwa.so"))
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}
