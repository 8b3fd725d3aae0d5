//! The journal on SQLite in a process that is killed at any moment.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::tests::{number, numbered};
use super::*;
use crate::client::queue::{Polled, Queue};
use crate::crypto::{OsRandom, random_array};
use crate::store::sqlite::{SqliteBackend, wait_closed};
use crate::store::{Backend, SessionName};

const PATH: &str = "WA_TEST_JOURNAL_PATH";
const FIRST: &str = "WA_TEST_JOURNAL_FIRST";
const ROUNDS: usize = 15;
const LONG: Duration = Duration::from_secs(60);

fn random(below: u16) -> u16 {
    u16::from_be_bytes(random_array(&mut OsRandom)) % below
}

async fn open(path: &Path) -> Session {
    let backend: Arc<dyn Backend> = SqliteBackend::open(path).await.unwrap();
    Session::open(backend, &SessionName::new("one").unwrap()).await.unwrap()
}

/// The entry of the child process. Without a path this is no child.
#[tokio::test]
async fn child_process() {
    let Some(path) = env::var_os(PATH).map(PathBuf::from) else { return };
    let store = open(&path).await;
    let queue = Queue::for_one();
    let sink = queue.add_client(1);
    let mut journal = Journal::open(&store).await.unwrap();
    let mut next: i64 = env::var(FIRST).unwrap().parse().unwrap();
    loop {
        journal.refill(&store, &sink).await.unwrap();
        let mut events: Vec<_> = (next..next + i64::from(random(40))).map(numbered).collect();
        next += events.len() as i64;
        let mut batch = Batch::new();
        let written = journal.put(&mut batch, events.iter_mut());
        journal.put_acknowledgements(&mut batch);
        store.commit(batch).await.unwrap();
        let stored = events.iter().map(|event| format!("+{}", number(event).unwrap()));
        say(&stored.collect::<Vec<_>>().join(" "));
        journal.acknowledgements_stored();
        journal.hand_out(written, events.into_iter().map(Box::new).collect(), &sink);
        let mut acknowledged = Vec::new();
        for _ in 0..random(60) {
            let Polled::Event(event) = queue.poll(Some(Duration::ZERO)) else { break };
            // A host may leave out some.
            if random(10) > 0 {
                journal.acknowledge(event.id);
                acknowledged.push(format!("-{}", number(&event).unwrap()));
            }
        }
        // Two lines: what may be stored from here on, and later what is.
        say(&acknowledged.iter().map(|number| format!("?{number}")).collect::<Vec<_>>().join(" "));
        let mut batch = Batch::new();
        journal.put_acknowledgements(&mut batch);
        store.commit(batch).await.unwrap();
        journal.acknowledgements_stored();
        say(&acknowledged.join(" "));
    }
}

fn say(text: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "said: {text}").unwrap();
    output.flush().unwrap();
}

fn child(path: &Path, first: i64) -> (Child, impl Iterator<Item = String>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "client::journal::kill_tests::child_process", "--nocapture", "--quiet"])
        .env(PATH, path)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let lines = output.lines().map_while(Result::ok);
    let said = lines.filter_map(|line| line.split_once("said: ").map(|(_, said)| said.to_owned()));
    (child, said)
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_no_event_and_brings_none_again_that_was_acknowledged() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("wa.db");
    let (mut open_events, mut maybe_gone) = (BTreeSet::<i64>::new(), BTreeSet::<i64>::new());
    // The first number that nothing is known of, and how many were.
    let (mut unknown, mut total) = (0, 0);
    for _ in 0..ROUNDS {
        let (mut child, said) = child(&path, unknown);
        let enough = usize::from(random(100));
        for (count, line) in said.enumerate() {
            if count == enough {
                child.kill().unwrap();
            }
            for word in line.split(' ').filter(|word| !word.is_empty()) {
                if let Some(number) = word.strip_prefix("?-") {
                    maybe_gone.extend(number.parse::<i64>());
                } else if let Some(number) = word.strip_prefix('-') {
                    open_events.remove(&number.parse().unwrap());
                } else if let Some(number) = word.strip_prefix('+') {
                    unknown = number.parse::<i64>().unwrap() + 1;
                    open_events.insert(unknown - 1);
                    total += 1;
                }
            }
        }
        child.wait().unwrap();

        let store = open(&path).await;
        let queue = Queue::for_one();
        let sink = queue.add_client(1);
        let mut journal = Journal::open(&store).await.unwrap();
        let mut came = Vec::new();
        loop {
            journal.refill(&store, &sink).await.unwrap();
            let Polled::Event(event) = queue.poll(Some(Duration::ZERO)) else { break };
            assert!(event.redelivered);
            came.push(number(&event).unwrap());
        }
        assert!(came.is_sorted_by(|one, other| one < other), "out of order: {came:?}");
        let came: BTreeSet<i64> = came.into_iter().collect();
        let lost: Vec<_> = open_events.difference(&came).filter(|one| !maybe_gone.contains(one)).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
        // The kill may have come between the commit and the word of it: then there are newer ones than were told.
        let again: Vec<_> = came.difference(&open_events).filter(|one| **one < unknown).collect();
        assert!(again.is_empty(), "acknowledged and came again: {again:?}");
        unknown = unknown.max(came.last().map_or(0, |last| last + 1));
        open_events = came;
        maybe_gone.clear();
        drop((store, journal));
        assert!(wait_closed(LONG));
    }
    assert!(total > 100, "{total} events are no test");
}
