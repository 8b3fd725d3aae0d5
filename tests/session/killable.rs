//! A host that can be killed: the program tests/c/crash.c, the people that it talks with, and what it wrote down.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wa_sim::{Options, State};

use super::c;
use super::world::World;

pub(crate) const ADA: &str = "15550001234";
pub(crate) const PEOPLE: [&str; 2] = ["15550005678", "15550009999"];
/// The longest wait for anything when nothing is killed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// When a life ends by itself: after so many events, and then so much later.
#[derive(Clone, Copy)]
pub(crate) struct Fate {
    pub(crate) dots: u64,
    pub(crate) later: Duration,
}

/// One life of the host.
pub(crate) struct Life {
    pub(crate) child: Arc<Mutex<Child>>,
    pub(crate) dots: Arc<AtomicU64>,
}

impl Life {
    pub(crate) fn dots(&self) -> u64 {
        self.dots.load(Ordering::Relaxed)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.child.lock().unwrap().try_wait().unwrap().is_some()
    }

    pub(crate) fn kill(self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        let end = child.wait().unwrap();
        assert_eq!(end.signal(), Some(9), "the host ended by itself: {end}");
    }

    /// Lets it end as a host should.
    pub(crate) fn end(self) {
        let mut child = self.child.lock().unwrap();
        drop(child.stdin.take());
        let end = child.wait().unwrap();
        assert!(end.success(), "{end}");
    }
}

/// Counts the dots, and kills when there are enough.
fn watch(mut output: ChildStdout, child: &Mutex<Child>, dots: &AtomicU64, fate: Option<Fate>) {
    let mut some = [0; 64];
    let mut fate = fate;
    while let Ok(read @ 1..) = output.read(&mut some) {
        let before = dots.fetch_add(read as u64, Ordering::Relaxed);
        if let Some(due) = fate.take_if(|fate| before + read as u64 >= fate.dots) {
            thread::sleep(due.later);
            child.lock().unwrap().kill().unwrap();
        }
    }
}

pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) program: PathBuf,
    pub(crate) notes: PathBuf,
    /// The folder of the store.
    pub(crate) store: PathBuf,
    pub(crate) group: String,
    /// The key that the store is sealed with; empty for none.
    pub(crate) seal: &'static str,
    /// The texts that the people have sent: the number of each by its message's id.
    pub(crate) said: HashMap<String, u64>,
}

impl Scene {
    pub(crate) fn new(seal: &'static str) -> Self {
        Self::make(seal, None)
    }

    /// The same with its store in another folder.
    pub(crate) fn with_store_in(folder: &Path) -> Self {
        Self::make("", Some(folder))
    }

    fn make(seal: &'static str, store: Option<&Path>) -> Self {
        let world = World::with(Options { log_limit: 0, ..Options::default() });
        let store = store.unwrap_or(world.folder()).to_owned();
        for (number, name) in PEOPLE.iter().zip(["Bob", "Cem"]) {
            assert!(world.sim.add_phone(number, name));
        }
        let group = json!({ "creator": PEOPLE[0], "subject": "Tea", "members": [ADA, PEOPLE[1]] });
        let group = world.sim.create_group(&group).unwrap()["jid"].as_str().unwrap().to_owned();
        let url = url(&store);
        let config = [("session.id", ADA), ("store.seal_key", seal), ("store.url", &url)];
        drop(world.linked(&world.config_with(&config)));
        let program = c::compile(world.folder(), &c::root().join("tests/c/crash.c"), &["-O1"]);
        let notes = world.folder().join("notes");
        Scene { world, program, notes, store, group, seal, said: HashMap::new() }
    }

    pub(crate) fn start(&self, limit: u64, fate: Option<Fate>) -> Life {
        let store = url(&self.store);
        let started = self.world.sim.started();
        let mut command = Command::new(&self.program);
        command.arg(&self.notes).arg(limit.to_string());
        for chat in PEOPLE.iter().copied().chain([self.group.as_str()]) {
            command.args(["--to", chat]);
        }
        for (key, value) in [
            ("store.url", store.as_str()),
            ("session.id", ADA),
            ("store.seal_key", self.seal),
            ("server.url", &started.ws),
            ("server.root_key", &started.root_key),
            ("reconnect.base_ms", "20"),
        ] {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let life = Life { child: Arc::new(Mutex::new(child)), dots: Arc::default() };
        let (child, dots) = (Arc::clone(&life.child), Arc::clone(&life.dots));
        thread::spawn(move || watch(output, &child, &dots, fate));
        life
    }

    /// One of the people says something to Ada or to the group.
    pub(crate) fn say(&mut self) {
        let number = self.said.len() as u64 + 1;
        let who = PEOPLE[(number % 2) as usize];
        let to = if number.is_multiple_of(3) { &self.group } else { ADA };
        let sent = self.world.sim.person(who, "send", &json!({ "to": to, "text": format!("in {number}") }));
        let id = sent.unwrap()["id"].as_str().unwrap().to_owned();
        assert!(self.said.insert(id, number).is_none());
    }

    pub(crate) fn notes(&self) -> Notes {
        Notes::read(&self.notes)
    }

    /// Waits for something that a living host will come to.
    pub(crate) fn wait(&self, what: &str, life: &Life, done: impl Fn(&Notes) -> bool) {
        let (mut since, mut before) = (Instant::now(), 0);
        while !done(&self.notes()) {
            if std::mem::replace(&mut before, life.dots()) != before {
                since = Instant::now();
            }
            assert!(since.elapsed() < PATIENCE, "{what}: the host has stopped\n{}", self.notes().story());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Scene {
    /// Lets the host do all that is left to do, and end.
    pub(crate) fn finish(&self, host: Life, last: u64) {
        self.wait("the rest", &host, |notes| {
            notes.sent.len() as u64 == last
                && notes.came.len() == self.said.len()
                && (1..=last).all(|number| notes.delivered.contains(&format!("OUT-{number}")))
        });
        host.end();
    }

    /// Everything arrived, in both directions, and once; nobody was at a loss with a ciphertext, and no key was used twice.
    pub(crate) fn check(&self, last: u64, run: &str) {
        let notes = self.notes();
        assert!(notes.wrong.is_empty() && notes.doubled.is_empty(), "{run}: {}", notes.story());
        for (id, number) in &self.said {
            assert_eq!(notes.came[id].1, format!("in {number}"), "{run}");
        }
        for (person, number) in PEOPLE.iter().enumerate() {
            let wanted: HashMap<String, u64> = (1..=last)
                .filter(|number| is_for(person, *number))
                .map(|number| (format!("out {number}"), 1))
                .collect();
            let (texts, figures) = heard(&self.world, number, wanted.len());
            let mut wrong: Vec<_> = wanted.keys().chain(texts.keys()).collect();
            wrong.retain(|text| wanted.get(*text) != texts.get(*text));
            assert!(wrong.is_empty(), "{run}, {number}: not heard once: {wrong:?}");
            let unreadable = (&figures["undecryptable"], &figures["duplicates"]);
            assert_eq!(unreadable, (&json!(0), &json!(0)), "{run}, {number}: {figures}");
            assert_eq!(figures["again"], 0, "{run}, {number}");
        }
        let ciphertexts = self.world.settled(|state| state.ciphertexts());
        let bad = (&ciphertexts["reused"], &ciphertexts["unreadable"]);
        assert_eq!(bad, (&json!(0), &json!(0)), "{run}: {ciphertexts}");
    }
}

fn url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("sessions.db").display())
}

/// The notes of the host.
#[derive(Default)]
pub(crate) struct Notes {
    /// Those texts that it knows to be sent.
    pub(crate) sent: HashSet<u64>,
    /// The number of times that each message came, and its text.
    pub(crate) came: HashMap<String, (u64, String)>,
    pub(crate) redelivered: u64,
    /// The messages that it was told were delivered.
    pub(crate) delivered: HashSet<String>,
    /// Messages that came again as if they were new.
    pub(crate) doubled: Vec<String>,
    /// The store's faults, as they were told when a connection ended because of them.
    pub(crate) faults: Vec<Value>,
    /// The requests that the store refused.
    pub(crate) refused: u64,
    /// Whatever should not have been.
    pub(crate) wrong: Vec<String>,
}

impl Notes {
    fn read(path: &Path) -> Self {
        let mut notes = Notes::default();
        let text = std::fs::read_to_string(path).unwrap_or_default();
        // The last line may not be finished yet.
        let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
        for line in whole.lines() {
            if let Some(number) = line.strip_prefix("sent ") {
                notes.sent.insert(number.parse().unwrap());
                continue;
            }
            let event: Value = serde_json::from_str(line).unwrap();
            match event["type"].as_str().unwrap() {
                "message" if event["from_me"] == false => notes.message(&event),
                "receipt" => {
                    let ids = event["message_ids"].as_array().unwrap();
                    notes.delivered.extend(ids.iter().map(|id| id.as_str().unwrap().to_owned()));
                }
                "connection" => notes.faults.push(event),
                "result" if [500, 505].contains(&event["status"].as_u64().unwrap()) => notes.refused += 1,
                _ => notes.wrong.push(line.to_owned()),
            }
        }
        notes
    }

    fn message(&mut self, event: &Value) {
        let (id, text) = (event["message_id"].as_str().unwrap(), event["text"].as_str().unwrap());
        let redelivered = event["redelivered"] == true;
        self.redelivered += u64::from(redelivered);
        let came = self.came.entry(id.to_owned()).or_insert_with(|| (0, text.to_owned()));
        came.0 += 1;
        if came.0 > 1 && !redelivered {
            self.doubled.push(text.to_owned());
        }
    }

    pub(crate) fn story(&self) -> String {
        let mut story = String::new();
        let _ = write!(
            story,
            "{} sent, {} messages came ({} redelivered), {} receipts",
            self.sent.len(),
            self.came.len(),
            self.redelivered,
            self.delivered.len()
        );
        let silent = self.sent.iter().filter(|number| !self.delivered.contains(&format!("OUT-{number}")));
        let silent: Vec<String> = silent.map(u64::to_string).collect();
        for (what, list) in [("not delivered", &silent), ("doubled", &self.doubled), ("wrong", &self.wrong)] {
            for line in list.iter().take(40) {
                let _ = write!(story, "\n{what}: {line}");
            }
        }
        story
    }
}

/// Returns the texts that one person has heard from Ada, with the number of times for each, and the figures.
///
/// Waits until there are as many texts as are wanted: of a group's members one may have heard it, and the other not yet. What
/// comes after them, and should not, counts too.
pub(crate) fn heard(world: &World, number: &str, wanted: usize) -> (HashMap<String, u64>, Value) {
    let read = |state: &State<'_>| {
        let heard = state.heard(number, 0, 0).unwrap();
        let mut texts = HashMap::new();
        for message in heard["messages"].as_array().unwrap().iter().filter(|message| message["from"] == ADA) {
            *texts.entry(message["text"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        (texts, heard["figures"].clone())
    };
    world.wait_until(&format!("{number} hears {wanted} texts"), |state| read(state).0.len() >= wanted);
    world.settled(read)
}

/// Returns whether a person gets the host's text of that number, as the program chooses.
pub(crate) fn is_for(person: usize, number: u64) -> bool {
    let chat = (number % 3) as usize;
    chat == 2 || chat == person
}
