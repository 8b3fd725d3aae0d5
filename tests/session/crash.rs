//! A host that is killed at random moments while messages flow both ways, in chats and in a group: nothing is lost, nothing
//! comes twice without saying so, no message key is used twice, and what the host asked to send arrives once.
//!
//! The host is tests/c/crash.c. What is run by default is small; the large one is
//!
//!     WA_CRASH_KILLS=200 WA_CRASH_MESSAGES=20000 cargo test --test session crash -- --nocapture
//!
//! `WA_CRASH_SEED` repeats a run as far as the machine lets it: the same kills, after as many events.

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
use wa_sim::Options;

use super::c;
use super::world::World;

const ADA: &str = "15550001234";
const PEOPLE: [&str; 2] = ["15550005678", "15550009999"];
/// How long anything may take when nothing is killed.
const PATIENCE: Duration = Duration::from_secs(60);
/// A host that has nothing left to do is killed after that.
const IDLE: Duration = Duration::from_millis(250);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// A small generator, so that a seed gives the same kills again (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// When a life ends by itself: after so many events, and then so much later.
#[derive(Clone, Copy)]
struct Fate {
    dots: u64,
    later: Duration,
}

/// One life of the host.
struct Life {
    child: Arc<Mutex<Child>>,
    dots: Arc<AtomicU64>,
}

impl Life {
    fn dots(&self) -> u64 {
        self.dots.load(Ordering::Relaxed)
    }

    fn is_over(&self) -> bool {
        self.child.lock().unwrap().try_wait().unwrap().is_some()
    }

    fn kill(self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        let end = child.wait().unwrap();
        assert_eq!(end.signal(), Some(9), "the host ended by itself: {end}");
    }

    /// Lets it end as a host should.
    fn end(self) {
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

struct Scene {
    world: World,
    program: PathBuf,
    notes: PathBuf,
    group: String,
    /// The key that the store is sealed with; empty for none.
    seal: &'static str,
    /// What the people have sent: the number of each text by its message's id.
    said: HashMap<String, u64>,
}

impl Scene {
    fn new(seal: &'static str) -> Self {
        let world = World::with(Options { log_limit: 0, ..Options::default() });
        for (number, name) in PEOPLE.iter().zip(["Bob", "Cem"]) {
            assert!(world.sim.add_phone(number, name));
        }
        let group = json!({ "creator": PEOPLE[0], "subject": "Tea", "members": [ADA, PEOPLE[1]] });
        let group = world.sim.create_group(&group).unwrap()["jid"].as_str().unwrap().to_owned();
        drop(world.linked(&world.config_with(&[("session.id", ADA), ("store.seal_key", seal)])));
        let program = c::compile(world.folder(), &c::root().join("tests/c/crash.c"), &["-O1"]);
        let notes = world.folder().join("notes");
        Scene { world, program, notes, group, seal, said: HashMap::new() }
    }

    fn start(&self, limit: u64, fate: Option<Fate>) -> Life {
        let store = format!("sqlite:{}", self.world.folder().join("sessions.db").display());
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
    fn say(&mut self) {
        let number = self.said.len() as u64 + 1;
        let who = PEOPLE[(number % 2) as usize];
        let to = if number.is_multiple_of(3) { &self.group } else { ADA };
        let sent = self.world.sim.person(who, "send", &json!({ "to": to, "text": format!("in {number}") }));
        let id = sent.unwrap()["id"].as_str().unwrap().to_owned();
        assert!(self.said.insert(id, number).is_none());
    }

    fn notes(&self) -> Notes {
        Notes::read(&self.notes)
    }

    /// Waits for something that a living host will come to.
    fn wait(&self, what: &str, life: &Life, done: impl Fn(&Notes) -> bool) {
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

/// What the host wrote down.
#[derive(Default)]
struct Notes {
    /// Those texts that it knows to be sent.
    sent: HashSet<u64>,
    /// How often each message came, and what was said.
    came: HashMap<String, (u64, String)>,
    redelivered: u64,
    /// The messages that it was told were delivered.
    delivered: HashSet<String>,
    /// Messages that came again as if they were new.
    doubled: Vec<String>,
    /// Whatever should not have been.
    wrong: Vec<String>,
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

    fn story(&self) -> String {
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

/// What one person has heard from Ada: how often each of her texts, and the figures.
fn heard(world: &World, number: &str) -> (HashMap<String, u64>, Value) {
    let heard = world.sim.heard(number, 0, 0).unwrap();
    let mut texts = HashMap::new();
    for message in heard["messages"].as_array().unwrap().iter().filter(|message| message["from"] == ADA) {
        *texts.entry(message["text"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    (texts, heard["figures"].clone())
}

/// Who gets the host's text of that number, as the program chooses.
fn is_for(person: usize, number: u64) -> bool {
    let chat = (number % 3) as usize;
    chat == 2 || chat == person
}

/// How the lives ended.
#[derive(Debug, Default)]
struct Killed {
    /// Starting, logging in, or with whatever there was then.
    early: u64,
    /// While events came.
    amid: u64,
    /// With nothing left to do.
    idle: u64,
}

#[test]
fn a_host_killed_at_random_loses_nothing_and_doubles_nothing() {
    println!("{}", storm(""));
}

#[test]
fn nor_with_a_sealed_store() {
    println!("{}", storm("8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d"));
}

/// Kills the host again and again; gives what there is to tell.
fn storm(seal: &'static str) -> String {
    let kills = setting("WA_CRASH_KILLS", 12);
    let messages = setting("WA_CRASH_MESSAGES", 1_200);
    let seed = setting("WA_CRASH_SEED", u64::from(std::process::id()));
    let mut dice = Dice(seed);
    let each = messages / 2;
    let mut scene = Scene::new(seal);
    let mut killed = Killed::default();
    for life in 1..=kills {
        let due = each * life / kills;
        // Some of it waits when the host begins.
        for _ in 0..dice.below(1 + due - scene.said.len() as u64) {
            scene.say();
        }
        // In half of the lives the server takes its time to say that it has taken something.
        if dice.below(2) == 0 {
            let slowly = json!({ "delay": 1 + dice.below(3) });
            scene.world.fault(json!({ "when": { "point": "out", "tag": "ack" }, "do": slowly, "times": 0 }));
        }
        // A third dies while it starts or logs in, the others amid events.
        let early = (dice.below(3) == 0).then(|| Duration::from_micros(dice.below(100_000)));
        let later = Duration::from_micros(dice.below(4_000));
        let fate = Fate { dots: 1 + dice.below(4 * each / kills), later };
        let host = scene.start(due, Some(fate).filter(|_| early.is_none()));
        let begun = Instant::now();
        let (mut last, mut moved) = (0, begun);
        while !host.is_over() && early.is_none_or(|early| begun.elapsed() < early) {
            if (scene.said.len() as u64) < due && dice.below(3) > 0 {
                scene.say();
            } else {
                thread::sleep(Duration::from_micros(200));
            }
            if std::mem::replace(&mut last, host.dots()) != last || last == 0 {
                moved = Instant::now();
            }
            if moved.elapsed() > IDLE || begun.elapsed() > PATIENCE {
                break;
            }
        }
        match (early, host.is_over()) {
            (Some(_), _) => killed.early += 1,
            (None, true) => killed.amid += 1,
            (None, false) => killed.idle += 1,
        }
        host.kill();
        scene.world.sim.clear_faults();
        while (scene.said.len() as u64) < due {
            scene.say();
        }
    }

    // The host lives on: everything that is left is done, and all chats still work.
    let last = each + 3;
    let host = scene.start(last, None);
    for _ in 0..6 {
        scene.say();
    }
    let said = scene.said.clone();
    scene.wait("the rest", &host, |notes| {
        notes.sent.len() as u64 == last
            && notes.came.len() == said.len()
            && (1..=last).all(|number| notes.delivered.contains(&format!("OUT-{number}")))
    });
    host.end();
    let notes = scene.notes();
    assert!(notes.wrong.is_empty() && notes.doubled.is_empty(), "seed {seed}: {}", notes.story());
    for (id, number) in &said {
        assert_eq!(notes.came[id].1, format!("in {number}"), "seed {seed}");
    }
    for (person, number) in PEOPLE.iter().enumerate() {
        let (texts, figures) = heard(&scene.world, number);
        let wanted: HashMap<String, u64> = (1..=last)
            .filter(|number| is_for(person, *number))
            .map(|number| (format!("out {number}"), 1))
            .collect();
        let mut wrong: Vec<_> = wanted.keys().chain(texts.keys()).collect();
        wrong.retain(|text| wanted.get(*text) != texts.get(*text));
        assert!(wrong.is_empty(), "seed {seed}, {number}: not heard once: {wrong:?}");
        let unreadable = (&figures["undecryptable"], &figures["duplicates"]);
        assert_eq!(unreadable, (&json!(0), &json!(0)), "seed {seed}, {number}: {figures}");
        assert_eq!(figures["again"], 0, "seed {seed}, {number}");
    }
    let ciphertexts = scene.world.sim.ciphertexts();
    assert_eq!(
        (&ciphertexts["reused"], &ciphertexts["unreadable"]),
        (&json!(0), &json!(0)),
        "seed {seed}: {ciphertexts}"
    );

    // What was acknowledged in an orderly life is gone for good.
    let host = scene.start(0, None);
    scene.say();
    let all = scene.said.len();
    scene.wait("one more", &host, |notes| notes.came.len() == all);
    host.end();
    let end = scene.notes();
    assert_eq!(end.redelivered, notes.redelivered, "acknowledged, and came again: {}", end.story());
    format!(
        "seed {seed}: {kills} kills, {killed:?}; {} messages in, {} of them \
         handed out more than once and marked so; {last} out; {ciphertexts}",
        said.len(),
        notes.redelivered
    )
}
