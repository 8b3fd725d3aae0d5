//! The first programs in C that a reader meets, run as they stand through what happens to a session: the one on the header's first
//! page, the README's, and those of examples/c.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/c.rs"]
mod c;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use wa_sim::{Handle, Options, Simulator};

/// The number in the README's listing.
const NUMBER: &str = "15551234567";
/// The longest wait for a line. Far more than it takes, so that a slow machine fails no test.
const PATIENCE: Duration = Duration::from_secs(180);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Header,
    Readme,
    Pair,
    Echo,
}

use Program::{Echo, Header, Pair, Readme};

/// Those that link by themselves.
const LINKING: [Program; 3] = [Header, Readme, Pair];
const ALL: [Program; 4] = [Header, Readme, Pair, Echo];

impl Program {
    fn source(self) -> String {
        let read = |path: &str| std::fs::read_to_string(c::root().join(path)).unwrap();
        match self {
            Header => listing_of_the_header(&read("include/wa.h")),
            Readme => {
                let readme = read("README.md");
                let (_, rest) = readme.split_once("\n```c\n").expect("the README has a listing");
                rest.split_once("\n```").expect("the listing ends").0.to_owned()
            }
            Pair => read("examples/c/pair.c"),
            Echo => read("examples/c/echo.c"),
        }
    }

    /// The store that it names.
    fn store(self) -> &'static str {
        match self {
            Header => "sqlite:link.db",
            Readme => "sqlite:session.db",
            Pair | Echo => "sqlite:pair.db",
        }
    }

    /// Builds it so that it goes where the environment says. All else is as it stands.
    fn build(self, folder: &Path) -> PathBuf {
        let source = self.source();
        let call = format!("wa_config_set(config, \"store.url\", \"{}\", ", self.store());
        assert_eq!(source.matches(&call).count(), 1, "{self:?} sets its store as the test knows it");
        let simulated = call.replace("wa_config_set(", "simulated(");
        let (head, body) = source.split_once("#include <wa.h>\n").expect("it includes the header");
        let helper = r#"
#include <stdlib.h>
static wa_status simulated(wa_config *config, const char *key, const char *value, wa_error **error)
{
    wa_config_set(config, "server.url", getenv("TEST_URL"), NULL);
    wa_config_set(config, "server.root_key", getenv("TEST_ROOT_KEY"), NULL);
    if (getenv("TEST_TIMEOUT"))
        wa_config_set(config, "connect.timeout_ms", getenv("TEST_TIMEOUT"), NULL);
    wa_config_set(config, "pairing.limit_burst", "10", NULL);
    wa_config_set(config, "pairing.limit_per_hour", "60", NULL);
    return wa_config_set(config, key, value, error);
}
"#;
        let whole = format!("{head}#include <wa.h>\n{helper}{}", body.replace(&call, &simulated));
        let file = folder.join(format!("{self:?}.c").to_lowercase());
        std::fs::write(&file, whole).unwrap();
        c::compile(folder, &file, &[])
    }
}

fn listing_of_the_header(header: &str) -> String {
    let start = header.find(" *     #include <stdio.h>").expect("the listing begins with its includes");
    let lines = header[start..].lines().take_while(|line| *line == " *" || line.starts_with(" *     "));
    lines.map(|line| format!("{}\n", line.strip_prefix(" *     ").unwrap_or(""))).collect()
}

/// Each of them built once, by the first test that needs it.
fn built(program: Program) -> &'static Path {
    static BUILT: LazyLock<(TempDir, Vec<PathBuf>)> = LazyLock::new(|| {
        let folder = TempDir::new().unwrap();
        let programs = ALL.iter().map(|program| program.build(folder.path())).collect();
        (folder, programs)
    });
    &BUILT.1[program as usize]
}

impl Drop for Place {
    fn drop(&mut self) {
        let violations = self.sim.violations();
        assert!(violations.is_empty() || std::thread::panicking(), "{}", violations.join("\n"));
    }
}

/// A simulator with a phone, and a folder for the store.
struct Place {
    sim: Handle,
    runtime: tokio::runtime::Runtime,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let sim =
            runtime.block_on(Simulator::start(Options { check_shapes: true, ..Options::default() })).unwrap();
        assert!(sim.add_phone(NUMBER, "Ada"));
        Self { sim, runtime, folder: TempDir::new().unwrap() }
    }

    /// Runs a program in the folder.
    fn run(&self, program: Program) -> Running {
        self.start(program, &[("TEST_URL", &self.sim.started().ws)])
    }

    /// The same without a network.
    fn run_alone(&self, program: Program) -> Running {
        // Nobody listens at the port of discarded bytes, which is known at once. A request for a code is given up after three times
        // as long as one connection may take, and nothing but that end is hastened.
        self.start(program, &[("TEST_URL", "ws://127.0.0.1:9/ws/chat"), ("TEST_TIMEOUT", "4000")])
    }

    fn start(&self, program: Program, environment: &[(&str, &str)]) -> Running {
        // Both outputs are one pipe, as under a supervisor: what a program does not flush is not seen before it ends.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" 2>&1"]).arg(built(program));
        command.env("TEST_ROOT_KEY", &self.sim.started().root_key).envs(environment.iter().copied());
        if matches!(program, Header | Pair) {
            command.arg(format!("+{NUMBER}"));
        }
        let mut child = command.current_dir(self.folder.path()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
        });
        Running { program, child, lines, seen: String::new() }
    }

    /// Links the store of a program to the phone.
    fn link(&self, program: Program) {
        let mut running = self.run(if program == Echo { Pair } else { program });
        self.enter(&running.code());
        running.ready();
    }

    fn enter(&self, code: &str) {
        let outcome: Value = self.runtime.block_on(self.sim.enter(NUMBER, code));
        assert_eq!(outcome["outcome"], "linked", "{outcome}");
    }
}

/// A program at work.
struct Running {
    program: Program,
    child: Child,
    lines: Receiver<String>,
    seen: String,
}

impl Running {
    /// The next line that `wanted` makes something of.
    fn line<T>(&mut self, wanted: impl Fn(&str) -> Option<T>) -> T {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                    if let Some(found) = wanted(&line) {
                        return found;
                    }
                }
                Err(error) => panic!("{:?}: {error} after:\n{}", self.program, self.seen),
            }
        }
    }

    fn says(&mut self, words: &str) {
        self.line(|line| line.contains(words).then_some(()));
    }

    /// The pairing code that it shows.
    fn code(&mut self) -> String {
        let is_part = |part: &str| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        self.line(|line| {
            let word = line.split_whitespace().next_back()?;
            word.split_once('-').filter(|(a, b)| is_part(a) && is_part(b)).map(|_| word.to_owned())
        })
    }

    fn ready(&mut self) {
        let words = if self.program == Readme { "Linked as" } else { "Ready" };
        self.line(|line| line.starts_with(words).then_some(()));
    }

    /// Waits until it ends, and gives its status.
    fn ended(&mut self) -> i32 {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push_str(&format!("{line}\n")),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("{:?} goes on after:\n{}", self.program, self.seen),
            }
        }
        self.child.wait().unwrap().code().expect("no signal ended it")
    }

    /// Waits until it ends, which it must with those words and status 1.
    fn fails(&mut self, words: &str) {
        let status = self.ended();
        assert!(
            status == 1 && self.seen.contains(words),
            "{:?} ended with {status}, not with \"{words}\":\n{}",
            self.program,
            self.seen
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn they_link_and_are_ready_when_run_again() {
    for program in LINKING {
        let place = Place::new();
        place.link(program);
        let mut again = place.run(program);
        again.ready();
        if program != Readme {
            assert_eq!(again.ended(), 0, "{program:?}: {}", again.seen);
        }
    }
}

#[test]
fn echo_says_that_it_is_not_linked() {
    Place::new().run(Echo).fails("run pair first");
}

#[test]
fn a_refused_request_for_a_code_ends_them() {
    for program in LINKING {
        let place = Place::new();
        place.sim.set(NUMBER, &json!({ "refuse_code": { "code": 429 } })).unwrap();
        place.run(program).fails("Too many attempts");
    }
}

/// They say so once, and ask for a code each time after that, whatever becomes of the codes.
#[test]
fn unlinked_while_stopped_they_are_linked_again() {
    for program in ALL {
        let place = Place::new();
        place.link(program);
        place.sim.unlink_all(NUMBER);
        place.run(program).fails("unlinked on the phone");
        let linking = if program == Echo {
            place.run(Echo).fails("run pair first");
            Pair
        } else {
            program
        };
        drop(place.run(linking).code());
        place.link(linking);
        place.run(program).ready();
    }
}

/// Events of the past that were not acknowledged end nothing.
#[test]
fn what_an_earlier_run_did_not_acknowledge_ends_nothing() {
    for program in ALL {
        let place = Place::new();
        place.link(program);
        let outdated = json!({ "when": { "point": "login" }, "do": { "failure": { "reason": "405" } } });
        place.sim.add_fault(outdated.clone()).unwrap();
        leave_unacknowledged(&place, program, "restricted");
        place.run(program).ready();

        place.sim.add_fault(outdated).unwrap();
        leave_unacknowledged(&place, program, "restricted");
        place.sim.unlink_all(NUMBER);
        leave_unacknowledged(&place, program, "logged_out");
        let linking = if program == Echo { Pair } else { program };
        place.link(linking);
        place.run(program).ready();
    }
}

/// Another program opens the store, sees that event and acknowledges nothing.
fn leave_unacknowledged(place: &Place, program: Program, kind: &str) {
    let mut config = wa::api::Config::new();
    let path = place.folder.path().join(program.store().strip_prefix("sqlite:").unwrap());
    for (key, value) in [
        ("store.url", format!("sqlite:{}", path.display())),
        ("server.url", place.sim.started().ws.clone()),
        ("server.root_key", place.sim.started().root_key.clone()),
    ] {
        config.set(key, &value).unwrap();
    }
    let client = wa::client::Client::new(&config, None).unwrap();
    client.connect().unwrap();
    loop {
        match client.queue().poll(Some(PATIENCE)) {
            wa::client::queue::Polled::Event(event) => {
                if event.kind().name() == kind && !event.redelivered {
                    break;
                }
            }
            other => panic!("{other:?} and no {kind}"),
        }
    }
    assert!(client.shut_down(PATIENCE));
}

#[test]
fn a_restriction_ends_them_and_only_while_it_holds() {
    for (reason, words) in
        [("405", "no longer accepts this version"), ("402", "banned the account for a time")]
    {
        for program in ALL {
            let place = Place::new();
            place.link(program);
            let failure = json!({ "reason": reason, "code": "104", "expire": "3600" });
            place
                .sim
                .add_fault(json!({ "when": { "point": "login" }, "do": { "failure": failure } }))
                .unwrap();
            let mut running = place.run(program);
            running.fails(words);
            // The end of a ban, as a moment.
            let told = running.seen.contains("banned until 2") && running.seen.contains(" UTC");
            assert_eq!(told, reason == "402", "{program:?}: {}", running.seen);
            place.run(program).ready();
        }
    }
}

/// Of those that stay connected.
#[test]
fn unlinked_while_they_run_they_end_and_say_so() {
    for program in [Readme, Echo] {
        let place = Place::new();
        place.link(program);
        let mut running = place.run(program);
        running.ready();
        place.sim.unlink_all(NUMBER);
        running.fails("unlinked on the phone");
    }
}

#[test]
fn a_session_in_use_elsewhere_ends_them() {
    for program in ALL {
        let place = Place::new();
        place.link(program);
        let replaced = json!({ "stream_error": { "conflict": "replaced" } });
        place.sim.add_fault(json!({ "when": { "point": "out", "tag": "success" }, "do": replaced })).unwrap();
        place.run(program).fails("connected elsewhere");
    }
}

#[test]
fn a_store_in_use_ends_them() {
    for program in ALL {
        let place = Place::new();
        if program == Echo {
            place.link(program);
        }
        let mut first = place.run(program);
        if program == Echo {
            first.ready()
        } else {
            drop(first.code())
        }
        place.run(program).fails("in use by another process");
    }
}

#[test]
fn without_a_network_they_say_why() {
    for program in ALL {
        let place = Place::new();
        if program != Echo {
            place.run_alone(program).fails("refused");
            place.link(program);
        } else {
            place.link(Echo);
        }
        let mut running = place.run_alone(program);
        if matches!(program, Header | Pair) {
            running.fails("refused");
        } else {
            // They try again for as long as it takes.
            running.says("refused");
            running.says("refused");
        }
    }
}
