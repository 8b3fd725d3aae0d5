//! A host that is killed at random moments while messages flow both ways, in chats and in a group: nothing is lost, nothing
//! comes twice without saying so, no message key is used twice, and what the host asked to send arrives once.
//!
//! The host is tests/c/crash.c. What is run by default is small; the large one is
//!
//!     WA_CRASH_KILLS=200 WA_CRASH_MESSAGES=20000 cargo test --test session crash -- --nocapture
//!
//! `WA_CRASH_SEED` repeats a run as far as the machine lets it: the same kills, after as many events.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::killable::{Fate, PATIENCE, Scene};

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

/// The ends of the lives.
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
    scene.finish(host, last);
    scene.check(last, &format!("seed {seed}"));
    let (notes, ciphertexts) = (scene.notes(), scene.world.settled(|state| state.ciphertexts()));

    // Events that were acknowledged in an orderly life are gone for good.
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
        scene.said.len(),
        notes.redelivered
    )
}
