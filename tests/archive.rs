//! `libwa.a` inside of programs that have an SQLite, a Rust standard library or plugins of their own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/c.rs"]
mod c;

use c::{WARNINGS, libraries, root, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The libraries that a program needs beside the archive, as `wa.pc` names them.
const NEEDED: [&str; 3] = ["-lpthread", "-lm", "-ldl"];

fn archive() -> PathBuf {
    libraries().join("libwa.a")
}

/// Builds a program of tests/c with these inputs behind it, in their order.
fn link(folder: &Path, source: &str, inputs: &[&str]) -> PathBuf {
    let program = folder.join(source);
    let mut command = Command::new("gcc");
    command.args(WARNINGS).args(["-std=c11", "-D_GNU_SOURCE", "-I"]).arg(root().join("include"));
    command.arg(root().join("tests/c").join(format!("{source}.c"))).arg("-o").arg(&program);
    run(command.args(inputs).args(NEEDED));
    program
}

#[test]
fn it_is_one_object_that_defines_the_interface_and_nothing_else() {
    let members = run(Command::new("ar").arg("t").arg(archive()));
    assert_eq!(String::from_utf8_lossy(&members.stdout).lines().count(), 1);
    let symbols = run(Command::new("nm").args(["-g", "--defined-only", "--format=posix"]).arg(archive()));
    let symbols = String::from_utf8(symbols.stdout).unwrap();
    let names: Vec<&str> = symbols
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| !name.ends_with(':'))
        .collect();
    assert!(names.len() > 40, "{names:?}");
    let foreign: Vec<&&str> = names.iter().filter(|name| !name.starts_with("wa_")).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[test]
fn a_program_keeps_its_own_sqlite_in_whatever_order_it_is_linked() {
    let archive = archive();
    let archive = archive.to_str().unwrap();
    // The system's, shared.
    let version = run(Command::new("pkg-config").args(["--modversion", "sqlite3"]));
    for inputs in [[archive, "-lsqlite3"], ["-lsqlite3", archive]] {
        let folder = tempfile::tempdir().unwrap();
        let program = link(folder.path(), "beside", &inputs);
        let store = format!("sqlite:{}", folder.path().join("sessions.db").display());
        let output = run(Command::new(program).arg(store));
        assert_eq!(output.stdout, version.stdout, "{inputs:?}");
    }
}

#[test]
fn another_archive_of_rust_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("other.rs");
    let code = r#"
        //! Uses the standard library, unwinding and threads.
        #[unsafe(no_mangle)]
        pub extern "C" fn other() -> i32 {
            let caught = std::panic::catch_unwind(|| std::thread::spawn(|| "7".parse::<i32>()).join());
            caught.ok().and_then(Result::ok).and_then(Result::ok).unwrap_or(-1)
        }
    "#;
    std::fs::write(&source, code).unwrap();
    let other = folder.path().join("libother.a");
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    // All in one object, as with link-time optimisation: it defines what the standard library defines.
    rustc.args(["--edition=2024", "--crate-type=staticlib", "-Copt-level=1", "-Clto=fat"]);
    run(rustc.arg(&source).arg("-o").arg(&other));
    let program = folder.path().join("program.c");
    let code = "#include <wa.h>\nint other(void);\n\
                int main(void) { wa_client *c = 0; int s = wa_client_new(0, 0, &c, 0); wa_client_free(c);\n\
                return s || other() != 7; }\n";
    std::fs::write(&program, code).unwrap();
    for inputs in [[archive(), other.clone()], [other.clone(), archive()]] {
        let executable = folder.path().join("program");
        let mut gcc = Command::new("gcc");
        gcc.arg("-I").arg(root().join("include")).arg(&program).arg("-o").arg(&executable);
        run(gcc.args(&inputs).args(NEEDED));
        run(&mut Command::new(&executable));
    }
}

#[test]
fn a_plugin_has_it_inside_and_shows_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive();
    let plugin = link(
        folder.path(),
        "plugin",
        &["-DPLUGIN", "-shared", "-fPIC", archive.to_str().unwrap(), "-Wl,-z,nodelete"],
    );
    let shared = folder.path().join("plugin.so");
    std::fs::rename(plugin, &shared).unwrap();
    let program = link(folder.path(), "plugin", &[]);
    run(Command::new(program).arg(shared));
}
