//! A store that cannot be used while messages wait at the server or flow: a named error, nothing is destroyed by it, and when the
//! store is as it was everything is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use wa::api::{Config, Status};
use wa::client::Client;

use super::disk::Disk;
use super::killable::{ADA, PATIENCE, Scene};
use super::world::{Host, NUMBER, World};

const BOB: &str = "15550005678";
const KEY: &str = "8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d";
const OTHER_KEY: &str = "45c48cce2e2d7fbdea1afc51c7c6ad2645c48cce2e2d7fbdea1afc51c7c6ad26";
const MANY: usize = 20;

/// A linked session that is closed: one message is in its store, not acknowledged, and more wait at the server.
fn waiting(world: &World, config: &Config, folder: &Path) {
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut host = world.linked(config);
    say(world, 0);
    host.wait("message");
    drop(host);
    for number in 1..MANY {
        say(world, number);
    }
    until_closed(folder);
}

/// A store is closed a moment after its last client, or after an opening that failed; until then its files may still change.
fn until_closed(folder: &Path) {
    let limit = Instant::now() + PATIENCE;
    while is_open(folder) {
        assert!(Instant::now() < limit, "the store stays open");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether this process has a file of that folder open.
fn is_open(folder: &Path) -> bool {
    let files = fs::read_dir("/proc/self/fd").unwrap();
    files.flatten().any(|file| fs::read_link(file.path()).is_ok_and(|path| path.starts_with(folder)))
}

fn say(world: &World, number: usize) {
    world.sim.person(BOB, "send", &json!({ "to": NUMBER, "text": number.to_string() })).unwrap();
}

/// All of it comes, in order and once.
fn everything_comes(world: &World, config: &Config) {
    let mut host = world.client(config);
    for number in 0..MANY {
        let message = host.wait("message");
        assert_eq!(message["text"], number.to_string());
        assert_eq!(message["redelivered"], number == 0);
        host.client.ack(message["id"].as_u64().unwrap());
    }
    let request = host.client.send_text(BOB, "still here", None).unwrap();
    assert_eq!(host.answer(request)["name"], "WA_OK");
    world.no_key_is_used_twice();
}

fn store_in(world: &World, folder: &Path) -> Config {
    world.config_with(&[("store.url", &format!("sqlite:{}", folder.join("sessions.db").display()))])
}

/// The files of a store that nobody uses, and what is in them.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    until_closed(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn a_store_that_may_only_be_read() {
    let disk = match Disk::mount() {
        Ok(disk) => disk,
        Err(why) => return println!("left out, for no file system can be mounted here: {why}"),
    };
    let world = World::new();
    let config = store_in(&world, disk.path());
    waiting(&world, &config, disk.path());
    disk.set_read_only(true);
    let before = files(disk.path());
    let error = Client::new(&config, None).unwrap_err();
    assert_eq!(error.status, Status::STORE_READ_ONLY, "{error}");
    assert!(error.text.contains("sessions.db"), "{error}");
    assert!(files(disk.path()) == before);
    disk.set_read_only(false);
    everything_comes(&world, &config);
}

/// Opens a store that is damaged: the error of that, or of what the session then comes upon.
fn failure(config: &Config) -> Status {
    let mut host = match World::open(config) {
        Ok(host) => host,
        Err(error) => return error.status,
    };
    // It may have come upon it already.
    let _ = host.client.connect();
    loop {
        let event = host.next().unwrap();
        let status = event["status"].as_i64().unwrap_or_default();
        assert_ne!(event["type"], "ready", "{}", host.story());
        if status != 0 {
            return Status::from_code(i32::try_from(status).unwrap()).unwrap();
        }
    }
}

#[test]
fn a_store_that_is_damaged() {
    for (what, from) in [("its beginning", 0), ("the schema", 100), ("all but the schema", 4096)] {
        let folder = tempfile::TempDir::new().unwrap();
        let world = World::new();
        let config = store_in(&world, folder.path());
        waiting(&world, &config, folder.path());
        let good = files(folder.path());
        let path = folder.path().join("sessions.db");
        let mut bytes = fs::read(&path).unwrap();
        bytes[from..].fill(0xa5);
        fs::write(&path, &bytes).unwrap();
        let status = failure(&config);
        assert_eq!(status, Status::STORE_CORRUPT, "{what}");
        until_closed(folder.path());
        let after = fs::read(&path).unwrap();
        assert!(after == bytes, "{what}: what is left of it is left alone");
        for (path, bytes) in good {
            fs::write(path, bytes).unwrap();
        }
        everything_comes(&world, &config);
    }
}

#[test]
fn a_sealed_store_and_another_key() {
    let folder = tempfile::TempDir::new().unwrap();
    let world = World::new();
    let with = |key: &str| {
        let mut config = store_in(&world, folder.path());
        config.set("store.seal_key", key).unwrap();
        config
    };
    waiting(&world, &with(KEY), folder.path());
    let before = files(folder.path());
    let error = Client::new(&with(OTHER_KEY), None).unwrap_err();
    assert_eq!(error.status, Status::WRONG_SEAL_KEY, "{error}");
    assert!(files(folder.path()) == before);
    everything_comes(&world, &with(KEY));
    // Nor does it disturb a session that is open.
    let mut host = world.client(&with(KEY));
    host.wait("ready");
    let mut other = with(OTHER_KEY);
    other.set("session.id", "other").unwrap();
    assert_eq!(Client::new(&other, None).unwrap_err().status, Status::WRONG_SEAL_KEY);
    say(&world, MANY);
    assert_eq!(host.wait("message")["text"], MANY.to_string());
}

#[test]
fn a_second_process_while_messages_flow() {
    let mut scene = Scene::new("");
    let host = scene.start(200, None);
    let config = scene.world.config_with(&[("session.id", ADA)]);
    for _ in 0..5 {
        for _ in 0..20 {
            scene.say();
        }
        let said = scene.said.len();
        scene.wait("some events", &host, |notes| notes.came.len() > said / 2);
        let error = Client::new(&config, None).unwrap_err();
        assert_eq!(error.status, Status::STORE_LOCKED, "{error}");
        let pid = host.child.lock().unwrap().id().to_string();
        assert!(error.text.contains(&pid) && error.retryable, "{error}");
    }
    scene.finish(host, 200);
    scene.check(200, "a second process");
    assert!(scene.notes().faults.is_empty());
}

/// One session of a store is damaged: it alone cannot be opened, and another client of the store erases it.
#[test]
fn a_damaged_session_is_erased_by_another() {
    let folder = tempfile::TempDir::new().unwrap();
    let world = World::new();
    let of = |session: &str| {
        let mut config = store_in(&world, folder.path());
        config.set("session.id", session).unwrap();
        config
    };
    let host = world.linked(&of("one"));
    let mut other = World::open(&of("two")).unwrap();
    let erase = |host: &mut Host, session: &str| {
        let params = json!({ "session": session }).to_string();
        let request = host.client.call("session.erase", Some(&params)).unwrap();
        host.answer(request)["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(erase(&mut other, "one"), "WA_ERROR_SESSION_IN_USE");
    drop((host, other));
    until_closed(folder.path());
    let path = folder.path().join("sessions.db");
    let mut bytes = fs::read(&path).unwrap();
    let own = format!("{}:1@s.whatsapp.net", NUMBER.trim_start_matches('+'));
    let found: Vec<usize> =
        (0..bytes.len() - own.len()).filter(|&at| bytes[at..].starts_with(own.as_bytes())).collect();
    assert!(!found.is_empty(), "the account is not in the file");
    for at in found {
        bytes[at..at + own.len()].fill(0xff);
    }
    fs::write(&path, &bytes).unwrap();
    assert_eq!(World::open(&of("one")).err().map(|error| error.status), Some(Status::STORE_CORRUPT));
    let mut other = World::open(&of("two")).unwrap();
    assert_eq!(erase(&mut other, "one"), "WA_OK");
    assert!(!World::open(&of("one")).unwrap().client.is_linked());
}
