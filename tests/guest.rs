//! The library as a guest in a host's process: the program tests/c/guest.c, which has signals, threads, forks and a stack of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/c.rs"]
mod c;

use c::{compile, root, run};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use wa_sim::{Options, Simulator, State};

/// The phone.
const NUMBER: &str = "15550001234";
/// The longest wait for a connection. Far more than it takes, so that a slow machine fails no test.
const PATIENCE: Duration = Duration::from_secs(180);
/// Nobody listens there, and the name has to be looked up.
const NOWHERE: &str = "ws://localhost:1/";

fn guest(folder: &Path) -> PathBuf {
    compile(folder, &root().join("tests/c/guest.c"), &["-O1", "-ldl"])
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, if all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn lines(output: &std::process::Output) -> Vec<String> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_lost_tls_connection_ends_no_host() {
    const CUTS: usize = 200;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let sim =
        runtime.block_on(Simulator::start(Options { check_shapes: true, ..Options::default() })).unwrap();
    assert!(sim.add_phone(NUMBER, "Ada") && sim.add_phone("15550005678", "Bo"));
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, &sim.started().ca_pem).unwrap();

    let mut command = Command::new(guest(folder.path()));
    command.args(["cut", &sim.started().wss, &sim.started().root_key]).arg(&authority);
    command.args([NUMBER, &(CUTS + 1).to_string()]).stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut cuts = 0;
    for line in BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap) {
        if let Some(code) = line.strip_prefix("code ") {
            let outcome = runtime.block_on(sim.enter(NUMBER, code));
            assert_eq!(outcome["outcome"], "linked", "{outcome}");
        } else if cuts < CUTS {
            // Amid what it writes; a connection may have ended meanwhile.
            std::thread::sleep(Duration::from_micros((cuts % 20) as u64 * 200));
            let open = |state: &State<'_>| {
                let list = state.connections();
                let ids: Vec<u64> = list.as_array()?.iter().filter_map(|one| one["id"].as_u64()).collect();
                (!ids.is_empty()).then_some(ids)
            };
            for id in runtime.block_on(sim.wait(PATIENCE, open)).expect("it connects") {
                let _ = sim.connection(id, "cut", &json!({}));
            }
            cuts += 1;
        }
    }
    let end = running.0.wait().unwrap();
    assert!(end.success(), "after {cuts} cuts it ended with {end}, signal {:?}", end.signal());
    assert_eq!(cuts, CUTS);
    assert_eq!(sim.violations(), [""; 0]);
}

#[test]
fn no_signal_of_the_host_reaches_a_thread_of_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("sessions.db").display());
    run(Command::new(guest(folder.path())).args(["signals", &store, NOWHERE]));
}

#[test]
fn a_thread_that_the_system_refuses_is_a_named_error_and_every_request_has_its_result() {
    let folder = tempfile::tempdir().unwrap();
    let program = guest(folder.path());
    for (store, needed) in [("memory:", 2), ("sqlite:", 3)] {
        for limit in 0..=8 {
            let path = folder.path().join(format!("{limit}.db"));
            let store =
                if store == "memory:" { store.to_owned() } else { format!("{store}{}", path.display()) };
            let output = run(Command::new(&program).args(["threads", &store, NOWHERE, &limit.to_string()]));
            let expected = match limit {
                limit if limit < needed => "refused",
                limit if limit == needed => "opened, WA_ERROR_SYSTEM",
                _ => "opened, WA_ERROR_CONNECT",
            };
            assert_eq!(lines(&output), [expected; 3], "{store} with {limit} threads");
        }
    }
}

#[test]
fn a_child_forked_during_the_first_call_does_not_hang() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(Command::new(guest(folder.path())).args(["fork", "300"]));
    assert!(lines(&output)[0].starts_with("used "), "{:?}", lines(&output));
}

#[test]
fn a_call_takes_no_more_of_the_callers_stack_than_the_header_promises() {
    let folder = tempfile::tempdir().unwrap();
    let program = guest(folder.path());
    let output = run(Command::new(&program).args(["stack", NOWHERE]));
    println!("{} bytes", lines(&output)[0]);
    let header = std::fs::read_to_string(root().join("include/wa.h")).unwrap();
    assert!(header.contains("64 KiB of stack"));
    // The threads of the library have what they need whatever the environment says.
    run(Command::new(&program).args(["stack", NOWHERE]).env("RUST_MIN_STACK", "1"));
}

#[test]
fn a_host_that_changes_its_mind_without_an_end_takes_no_memory_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(Command::new(guest(folder.path())).args(["loop", NOWHERE]));
    println!("{}", lines(&output)[0]);
}

#[test]
fn a_thread_that_is_cancelled_ends_behind_its_call_and_no_descriptor_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile(folder.path(), &root().join("tests/c/leave.c"), &["-O1"]);
    let store = format!("sqlite:{}", folder.path().join("sessions.db").display());
    for store in ["memory:", &store] {
        run(Command::new(&program).args([store, NOWHERE, "200"]));
    }
}

#[test]
fn nothing_of_the_library_takes_the_place_of_a_closed_standard_descriptor() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = compile(folder.path(), &root().join("tests/c/closed.c"), &["-O1"]);
    for when in ["before", "between", "again"] {
        let sim =
            runtime.block_on(Simulator::start(Options { check_shapes: true, ..Options::default() })).unwrap();
        assert!(sim.add_phone(NUMBER, "Ada"));
        let authority = folder.path().join("ca.pem");
        std::fs::write(&authority, &sim.started().ca_pem).unwrap();
        // A name, which has to be looked up.
        let server = sim.started().wss.replace("127.0.0.1", "localhost");
        let store = folder.path().join(format!("{when}.db"));
        let mut command = Command::new(&program);
        command.args([when, &format!("sqlite:{}", store.display()), &server, &sim.started().root_key]);
        command.arg(&authority).arg(NUMBER).stdout(Stdio::piped());
        let mut running = Running(command.spawn().unwrap());
        let mut said = Vec::new();
        for line in BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap) {
            match line.strip_prefix("code ") {
                Some(code) => assert_eq!(runtime.block_on(sim.enter(NUMBER, code))["outcome"], "linked"),
                None => said.push(line),
            }
        }
        let end = running.0.wait().unwrap();
        assert!(end.success(), "{when}: {end}, {said:?}");
        assert_eq!(sim.violations(), [""; 0]);
    }
}
