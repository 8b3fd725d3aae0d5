//! The C program of the README, as it stands there but for the server's address, against the simulator.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/libraries.rs"]
mod built;

use built::libraries;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wa_sim::{Options, Simulator};

/// The number in the listing.
const NUMBER: &str = "15551234567";

/// Returns the program that the README shows in a language.
fn listing(language: &str) -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, rest) = readme.split_once(&format!("\n```{language}\n")).expect("the README has a listing");
    rest.split_once("\n```").expect("the listing ends").0.to_owned()
}

/// Builds the listing so that it talks to the simulator.
fn build(folder: &Path, url: &str, root_key: &str) -> PathBuf {
    let store = r#"wa_config_set(config, "store.url", "sqlite:session.db", NULL);"#;
    let listing = listing("c");
    assert!(listing.contains(store), "the listing sets its store as the test knows it");
    let simulated = format!(
        "{store}\n    wa_config_set(config, \"server.url\", \"{url}\", NULL);\n    \
         wa_config_set(config, \"server.root_key\", \"{root_key}\", NULL);"
    );
    let source = folder.join("program.c");
    std::fs::write(&source, listing.replace(store, &simulated)).unwrap();

    std::os::unix::fs::symlink(libraries().join("libwa.so"), folder.join("libwa.so.0")).unwrap();
    let program = folder.join("program");
    let built = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/include"))
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(libraries())
        .arg(format!("-Wl,-rpath,{}", folder.display()))
        .arg("-lwa")
        .status()
        .expect("cc can be run");
    assert!(built.success());
    program
}

#[test]
fn the_c_program_links_a_phone() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let sim =
        runtime.block_on(Simulator::start(Options { check_shapes: true, ..Options::default() })).unwrap();
    assert!(sim.add_phone(NUMBER, "Ada"));
    let folder = tempfile::tempdir().unwrap();
    let program = build(folder.path(), &sim.started().ws, &sim.started().root_key);

    // Its output is a pipe, as under a supervisor: what it does not flush is not seen.
    let mut running =
        Command::new(program).current_dir(folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines().map(Result::unwrap);
    let shown = lines.next().expect("it shows a code");
    let code = shown.rsplit(' ').next().unwrap();
    let outcome = runtime.block_on(sim.enter(NUMBER, code));
    assert_eq!(outcome["outcome"], "linked", "{shown}: {outcome}");
    let linked = lines.next().expect("it says that it is linked");
    assert_eq!(linked, format!("Linked as {}", outcome["device"].as_str().unwrap()));

    sim.unlink_all(NUMBER);
    assert_eq!(lines.next(), None);
    assert_eq!(running.wait().unwrap().code(), Some(1), "it ends when the session does");
    assert_eq!(sim.violations(), [""; 0]);
}
