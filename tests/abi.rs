//! The C interface seen from C: compiles the header as every language that reads it, and builds and runs the programs of tests/c,
//! under sanitizers and valgrind too.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/c.rs"]
mod c;
#[path = "abi/calls.rs"]
mod calls;

use c::{WARNINGS, compile, libraries, root, run};
use std::path::{Path, PathBuf};
use std::process::Command;
use wa_generator::declarations::{committed, functions};

const SANITIZERS: [&str; 3] =
    ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

fn misuse(folder: &Path, flags: &[&str]) -> PathBuf {
    std::fs::write(folder.join("calls.inc"), calls::source()).unwrap();
    // The wrong calls ignore results on purpose.
    let flags: Vec<&str> = flags.iter().copied().chain(["-Wno-unused-result"]).collect();
    compile(folder, &root().join("tests/c/misuse.c"), &flags)
}

#[test]
fn the_header_compiles_in_every_dialect_alone_and_twice() {
    let folder = tempfile::tempdir().unwrap();
    let source = "#include <wa.h>\n#include <wa.h>\nint main(void) { return WA_OK; }\n";
    for (compiler, dialect, file) in [
        ("gcc", "c99", "a.c"),
        ("gcc", "c11", "a.c"),
        ("gcc", "c2x", "a.c"),
        ("g++", "c++11", "a.cc"),
        ("g++", "c++17", "a.cc"),
    ] {
        let file = folder.path().join(file);
        std::fs::write(&file, source).unwrap();
        let mut command = Command::new(compiler);
        command.args(WARNINGS).arg(format!("-std={dialect}")).arg("-I").arg(root().join("include"));
        run(command.arg("-fsyntax-only").arg(&file));
    }
    // Two units of one program, C and C++.
    for name in ["a.c", "b.cc"] {
        let body = if name == "a.c" { source } else { "#include <wa.h>\nint b() { return WA_TIMEOUT; }\n" };
        std::fs::write(folder.path().join(name), body).unwrap();
    }
    let mut command = Command::new("g++");
    command.args(WARNINGS).arg("-I").arg(root().join("include"));
    command.arg(folder.path().join("b.cc")).args(["-x", "c++"]).arg(folder.path().join("a.c"));
    run(command.arg("-o").arg(folder.path().join("both")));
}

#[test]
fn the_program_on_the_first_page_of_the_header_compiles() {
    let header = committed();
    let start = header.find(" *     #include <stdio.h>").expect("the listing begins with its includes");
    let listing: String = header[start..]
        .lines()
        .take_while(|line| *line == " *" || line.starts_with(" *     "))
        .map(|line| format!("{}\n", line.strip_prefix(" *").unwrap_or(line)))
        .collect();
    assert!(listing.contains("int main") && listing.trim_end().ends_with('}'));
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("link.c");
    std::fs::write(&source, listing).unwrap();
    // It is not run: it would go to the real server. examples/c/pair.c, its larger sister, runs against the simulator.
    compile(folder.path(), &source, &[]);
}

#[test]
fn every_function_has_a_whole_comment() {
    let functions = functions(&committed());
    assert!(functions.len() > 40);
    for function in &functions {
        let comment = &function.comment;
        for (kind, name) in &function.params {
            // The first page of the header describes them.
            let is_common = matches!(
                (name.as_str(), kind.trim_start_matches("const ")),
                ("client", "wa_client *")
                    | ("config", "wa_config *")
                    | ("event", "wa_event *")
                    | ("error", "wa_error **")
            );
            assert!(
                is_common || comment.contains(&format!("@param {name} ")),
                "{}: nothing is said about {name}",
                function.name
            );
        }
        assert_eq!(function.returns != "void", comment.contains("@return "), "{}", function.name);
        // Those that send take a chat, a content, an id; more would be too many to read.
        assert!(function.params.len() <= 7, "{} has many parameters", function.name);
    }
}

#[test]
fn wrong_calls_get_the_documented_answers() {
    let folder = tempfile::tempdir().unwrap();
    let program = misuse(folder.path(), &["-O1"]);
    let output = run(Command::new(&program).arg("calls"));
    assert!(output.stderr.is_empty(), "the library printed: {}", String::from_utf8_lossy(&output.stderr));
    run(Command::new(&program).arg("threads"));
    run(Command::new(&program).arg("fork"));
}

#[test]
fn wrong_calls_under_sanitizers() {
    let folder = tempfile::tempdir().unwrap();
    let program = misuse(folder.path(), &SANITIZERS);
    let symbols = run(Command::new("nm").arg(&program));
    assert!(
        String::from_utf8_lossy(&symbols.stdout).contains("__asan_init"),
        "the sanitizer is not in the program"
    );
    for way in ["calls", "threads", "fork"] {
        run(Command::new(&program).arg(way));
    }
}

#[test]
fn wrong_calls_under_valgrind() {
    let folder = tempfile::tempdir().unwrap();
    let program = misuse(folder.path(), &["-O1"]);
    let mut command = Command::new("valgrind");
    command.args(["-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite"]);
    run(command.arg(program).arg("calls"));
}

#[test]
fn the_life_of_queues_and_events() {
    let folder = tempfile::tempdir().unwrap();
    let source = root().join("tests/c/queues.c");
    let output = run(&mut Command::new(compile(folder.path(), &source, &["-O1"])));
    assert!(output.stderr.is_empty(), "the library printed: {}", String::from_utf8_lossy(&output.stderr));
    run(&mut Command::new(compile(folder.path(), &source, &SANITIZERS)));
}

/// Returns the options of `wa.pc`, which the build puts beside the library, for these options of pkg-config.
fn pkg_config(options: &[&str]) -> Vec<String> {
    assert!(libraries().join("wa.pc").exists());
    let output = run(Command::new("pkg-config").env("PKG_CONFIG_PATH", libraries()).args(options).arg("wa"));
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_program_can_be_linked_statically() {
    assert_eq!(pkg_config(&["--modversion"]), [env!("CARGO_PKG_VERSION")]);
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("queues");
    let mut command = Command::new("gcc");
    command.args(WARNINGS).args(["-std=c11", "-D_GNU_SOURCE"]).args(pkg_config(&["--cflags"]));
    command.arg(root().join("tests/c/queues.c")).arg("-o").arg(&program).arg(libraries().join("libwa.a"));
    // The archive takes the place of -lwa; what it needs beside is what the file says it needs.
    let needed = pkg_config(&["--static", "--libs"]).into_iter().filter(|flag| flag != "-lwa");
    run(command.args(needed));
    run(&mut Command::new(program));
}
