//! A store that fails while messages flow: what could not be stored was not acknowledged to the server and comes again, and
//! nothing that was there before is harmed.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use wa_sim::State;

use super::disk::Disk;
use super::killable::{ADA, Life, PATIENCE, Scene};

/// Lets no file of the host grow beyond so many bytes, which is to it as if the disk were full.
fn limit(host: &Life, bytes: Option<u64>) {
    let pid = i32::try_from(host.child.lock().unwrap().id()).unwrap();
    prlimit(Pid::from_raw(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

fn is_connected(state: &State<'_>) -> bool {
    let connections = state.connections();
    connections.as_array().unwrap().iter().any(|one| one["number"] == ADA && one["stage"] == "device")
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let limit = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < limit, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_store_that_cannot_grow_loses_nothing() {
    nothing_is_lost(Scene::new(""), |host, full| limit(host, full.then_some(0)));
}

#[test]
fn a_full_disk_loses_nothing() {
    let disk = match Disk::mount() {
        Ok(disk) => disk,
        Err(why) => return println!("left out, for no file system can be mounted here: {why}"),
    };
    let scene = Scene::with_store_in(disk.path());
    nothing_is_lost(scene, |_, full| if full { disk.fill() } else { disk.free() });
}

/// Lets the host run out of room again and again.
fn nothing_is_lost(mut scene: Scene, set_full: impl Fn(&Life, bool)) {
    let host = scene.start(200, None);
    for _ in 0..50 {
        scene.say();
    }
    wait("some messages", || scene.notes().came.len() >= 20);
    for _ in 0..3 {
        set_full(&host, true);
        // The room that is left in the files is used up first.
        let limit = Instant::now() + PATIENCE;
        while !scene.world.comes_to(Duration::from_millis(2), |state| !is_connected(state)) {
            assert!(Instant::now() < limit, "the connection ends");
            scene.say();
        }
        set_full(&host, false);
        scene.world.wait_until("it is back", is_connected);
        for _ in 0..10 {
            scene.say();
        }
    }
    scene.finish(host, 200);
    scene.check(200, "no room");
    let notes = scene.notes();
    assert!(!notes.faults.is_empty());
    for fault in &notes.faults {
        assert_eq!(fault["reason"], "store", "{fault}");
        assert_eq!(fault["status"], 505, "{fault}");
    }
}
