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
pub(crate) fn until_closed(folder: &Path) {
    let limit = Instant::now() + PATIENCE;
    while is_open(folder) {
        assert!(Instant::now() < limit, "the store stays open");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Returns whether this process has a file of that folder open.
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

/// The files of a store in use, as a kill would leave them.
fn killed(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let read = || {
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = paths.filter_map(|path| Some((path.clone(), fs::read(path).ok()?))).collect();
        files.sort();
        files
    };
    let limit = Instant::now() + PATIENCE;
    loop {
        let (one, two) = (read(), read());
        if one == two {
            return one;
        }
        assert!(Instant::now() < limit, "the files do not come to rest");
    }
}

/// Damage to a store's files, beside the database and by name.
type Damage = fn(&str, &mut Vec<u8>) -> bool;

/// After a kill, and whatever then becomes of a file: no message key is used again, for no older state is used.
#[test]
fn a_log_that_is_damaged_after_a_kill() {
    let damages: [(&str, Damage); 8] = [
        ("a bit of the first record", |name, bytes| {
            if name.ends_with("-log") {
                bytes[60] ^= 1;
            }
            true
        }),
        ("the log's magic", |name, bytes| {
            if name.ends_with("-log") {
                bytes[0] ^= 1;
            }
            true
        }),
        ("a bit of the last record", |name, bytes| {
            if name.ends_with("-log") {
                *bytes.last_mut().unwrap() ^= 1;
            }
            true
        }),
        ("a log that is cut off", |name, bytes| {
            if name.ends_with("-log") {
                bytes.truncate(bytes.len() - 1);
            }
            true
        }),
        ("a log without records", |name, bytes| {
            if name.ends_with("-log") {
                bytes.truncate(40);
            }
            true
        }),
        ("an empty log", |name, bytes| {
            if name.ends_with("-log") {
                bytes.clear();
            }
            true
        }),
        ("no log", |name, _| !name.ends_with("-log")),
        ("the database alone", |name, _| name.ends_with(".db")),
    ];
    let folder = tempfile::TempDir::new().unwrap();
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let config = store_in(&world, folder.path());
    let mut host = world.linked(&config);
    for number in 0..10 {
        let request = host.client.send_text(BOB, &number.to_string(), None).unwrap();
        assert_eq!(host.answer(request)["name"], "WA_OK");
    }
    let before = killed(folder.path());
    drop(host);
    until_closed(folder.path());
    let put_back = |damage: Option<Damage>| {
        until_closed(folder.path());
        for entry in fs::read_dir(folder.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (path, bytes) in &before {
            let mut bytes = bytes.clone();
            if damage.is_none_or(|damage| damage(path.to_str().unwrap(), &mut bytes)) {
                fs::write(path, bytes).unwrap();
            }
        }
    };
    for (what, damage) in damages {
        put_back(Some(damage));
        let damaged = killed(folder.path());
        let error = Client::new(&config, None).unwrap_err();
        assert_eq!(error.status, Status::STORE_CORRUPT, "{what}: {error}");
        until_closed(folder.path());
        // SQLite may make an empty file of its own.
        let left: Vec<_> = killed(folder.path())
            .into_iter()
            .filter(|file| damaged.iter().any(|(path, _)| *path == file.0))
            .collect();
        assert!(left == damaged, "{what}: nothing is destroyed");
    }
    put_back(None);
    let mut host = world.client(&config);
    for number in 10..20 {
        let request = host.client.send_text(BOB, &number.to_string(), None).unwrap();
        assert_eq!(host.answer(request)["name"], "WA_OK");
    }
    world.no_key_is_used_twice();
}

/// The account would be gone without a word, and a new device be linked beside it.
#[test]
fn a_store_whose_database_is_gone_is_no_new_one() {
    let folder = tempfile::TempDir::new().unwrap();
    let world = World::new();
    let config = store_in(&world, folder.path());
    waiting(&world, &config, folder.path());
    let database = folder.path().join("sessions.db");
    let moved = folder.path().join("moved");
    fs::rename(&database, &moved).unwrap();
    let before = files(folder.path());
    for _ in 0..2 {
        let error = Client::new(&config, None).unwrap_err();
        assert_eq!(error.status, Status::STORE_CORRUPT, "{error}");
        assert!(error.text.contains("missing") && error.text.contains("sessions.db-lock"), "{error}");
        assert!(files(folder.path()) == before, "nothing is made in its place");
    }
    fs::rename(&moved, &database).unwrap();
    everything_comes(&world, &config);
    until_closed(folder.path());
    // To begin anew, all of it is removed.
    files(folder.path()).iter().for_each(|(path, _)| fs::remove_file(path).unwrap());
    assert!(!World::open(&config).unwrap().client.is_linked());
}

#[test]
fn a_store_that_is_removed_while_it_is_in_use() {
    let folder = tempfile::TempDir::new().unwrap();
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let config = store_in(&world, folder.path());
    let mut host = world.linked(&config);
    for entry in fs::read_dir(folder.path()).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    // A message that cannot be stored is not sent.
    host.client.send_text(BOB, "into the void", None).unwrap();
    loop {
        let event = host.next().unwrap();
        let text = event["text"].as_str().or_else(|| event["error"].as_str()).unwrap_or_default();
        if event["status"] == Status::STORE.code() {
            assert!(text.contains("removed"), "{event}");
            break;
        }
    }
    world.no_key_is_used_twice();
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
    assert_eq!(erase(&mut other, "One"), "WA_ERROR_UNKNOWN_SESSION");
    assert_eq!(erase(&mut other, "one"), "WA_OK");
    assert_eq!(erase(&mut other, "one"), "WA_ERROR_UNKNOWN_SESSION");
    assert!(!World::open(&of("one")).unwrap().client.is_linked());
}
