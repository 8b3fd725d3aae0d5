//! Compiles C programs against the library, for the tests that run them.

#![allow(dead_code, reason = "each of these tests needs a part of it")]

#[path = "libraries.rs"]
mod built;

pub(crate) use built::libraries;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The warnings of every C compiler here.
pub(crate) const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// The checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &mut Command) -> Output {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?} cannot be run ({error}): install it"));
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Compiles a program of tests/c, or one that stands in `folder`, against the shared library.
pub(crate) fn compile(folder: &Path, source: &Path, flags: &[&str]) -> PathBuf {
    let program = folder.join(source.file_stem().unwrap());
    let mut command = Command::new("gcc");
    command.args(WARNINGS).args(["-std=c11", "-D_GNU_SOURCE", "-g"]).args(flags);
    command.arg("-I").arg(root().join("include")).arg("-I").arg(folder).arg(source).arg("-o").arg(&program);
    // A program looks for the library by its SONAME.
    let soname = folder.join("libwa.so.0");
    if !soname.exists() {
        std::os::unix::fs::symlink(libraries().join("libwa.so"), &soname).unwrap();
    }
    // Before LD_LIBRARY_PATH, in which cargo puts the folder of whatever was built as a whole last.
    command
        .arg("-L")
        .arg(libraries())
        .arg(format!("-Wl,--disable-new-dtags,-rpath,{}", folder.display()))
        .args(["-lwa", "-pthread"]);
    run(&mut command);
    program
}
