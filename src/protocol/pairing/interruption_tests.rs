//! A connection cut, a silence, or a cancellation after every single step: each request is answered once, and the same
//! value links afterwards.

use super::OutcomeKind;
use super::config::PairingConfig;
use super::harness::{Link, World};
use super::harness_peer::{ASSERTION, Passkey};
use super::output::PairingEvent;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Code,
    WrongThenRight,
    Qr,
    Both,
    PasskeyAfterCode,
    PasskeyAfterQr,
}

const WAYS: [Way; 6] =
    [Way::Code, Way::WrongThenRight, Way::Qr, Way::Both, Way::PasskeyAfterCode, Way::PasskeyAfterQr];

/// The steps of the user and the host so far.
struct Play {
    world: World,
    way: Way,
    requests: Vec<u64>,
    typed: usize,
    scanned: bool,
    answered: usize,
    confirmed: usize,
}

impl Play {
    fn new(way: Way) -> Self {
        let mut world = World::new(PairingConfig::default());
        if matches!(way, Way::PasskeyAfterCode | Way::PasskeyAfterQr) {
            world.peer.passkey = Some(Passkey::new(way == Way::PasskeyAfterCode));
        }
        world.connect();
        let mut requests = Vec::new();
        if way != Way::Qr && way != Way::PasskeyAfterQr {
            requests.push(world.request_code(None));
        }
        if matches!(way, Way::Qr | Way::PasskeyAfterQr | Way::Both) {
            requests.push(world.request_qr());
        }
        Self { world, way, requests, typed: 0, scanned: false, answered: 0, confirmed: 0 }
    }

    /// One step: of the machines if there is something to do, else of the people. False if nobody has anything to do.
    fn step(&mut self) -> bool {
        self.world.step() || self.people()
    }

    fn people(&mut self) -> bool {
        let world = &mut self.world;
        if world.link != Link::Registration {
            return false;
        }
        let count = |is: fn(&PairingEvent) -> bool| world.events.iter().filter(|event| is(event)).count();
        let demands = count(|event| matches!(event, PairingEvent::PasskeyRequired { .. }));
        let comparisons = count(|event| matches!(event, PairingEvent::PasskeyCode { .. }));
        let codes_to_type = if self.way == Way::WrongThenRight { 2 } else { 1 };
        if demands > self.answered {
            self.answered = demands;
            if world.pairing.answer_passkey(ASSERTION).is_ok() {
                world.settle_outputs();
            }
        } else if comparisons > self.confirmed {
            self.confirmed = comparisons;
            if world.pairing.confirm_passkey().is_ok() {
                world.settle_outputs();
            }
        } else if world.codes() == 1 && self.typed < codes_to_type {
            self.typed += 1;
            let wrong = self.way == Way::WrongThenRight && self.typed == 1;
            let code = if wrong { "ABCD-1234".to_owned() } else { world.code().unwrap() };
            world.type_code(&code);
        } else if matches!(self.way, Way::Qr | Way::PasskeyAfterQr)
            && !world.qrs().is_empty()
            && !self.scanned
        {
            self.scanned = true;
            world.scan();
        } else {
            return false;
        }
        true
    }

    fn run(&mut self) {
        while self.step() {}
    }

    fn steps_of(way: Way) -> usize {
        let mut play = Self::new(way);
        play.run();
        for request in &play.requests {
            assert!(play.world.is_linked(*request), "{way:?} {:?}", play.world.events);
        }
        play.world.steps
    }

    /// Everything must have come to an end by now, one way or the other; and linking must be possible.
    fn must_be_over(mut self, what: &str) {
        self.world.pass(45 * 60_000);
        for request in &self.requests {
            let end = self.world.final_event(*request);
            assert!(end.is_some(), "{:?} {what}: no answer in {:?}", self.way, self.world.events);
        }
        if self.world.stored_account.is_some() {
            assert_eq!(self.world.link, Link::Login, "{:?} {what}", self.way);
        } else {
            self.world.must_link_again();
        }
    }
}

#[test]
fn a_cut_after_every_step() {
    for way in WAYS {
        for step in 0..=Play::steps_of(way) {
            let mut play = Play::new(way);
            if step == 0 {
                play.world.lose_connection();
            }
            play.world.cut_after = Some(step);
            play.run();
            play.must_be_over(&format!("cut after step {step}"));
        }
    }
}

#[test]
fn silence_from_every_step() {
    for way in WAYS {
        for step in 0..=Play::steps_of(way) {
            let mut play = Play::new(way);
            play.world.silent_after = Some(step);
            play.run();
            play.must_be_over(&format!("silence after step {step}"));
        }
    }
}

#[test]
fn an_unreachable_server_after_every_step() {
    for way in WAYS {
        for step in 0..=Play::steps_of(way) {
            let mut play = Play::new(way);
            if step == 0 {
                play.world.lose_connection();
            }
            play.world.cut_after = Some(step);
            play.world.reachable = false;
            play.run();
            play.must_be_over(&format!("unreachable after step {step}"));
        }
    }
}

#[test]
fn a_cancellation_after_every_step() {
    for way in WAYS {
        for step in 0..=Play::steps_of(way) {
            let mut play = Play::new(way);
            while play.world.steps < step && play.step() {}
            let code = play.world.code();
            let qr = play.world.qr_on_screen();
            let mut too_late = false;
            for request in play.requests.clone() {
                if play.world.cancel(request) {
                    assert_eq!(play.world.failure(request), Some(OutcomeKind::Cancelled));
                    assert!(!play.world.cancel(request), "a request is cancelled once");
                } else {
                    too_late = true;
                }
            }
            // A code that is still on a screen or on its way must not link any more.
            play.world.settle();
            if !too_late && play.world.link == Link::Registration {
                if let Some(code) = code {
                    play.world.type_code(&code);
                }
                if let Some(qr) = qr {
                    for node in play.world.peer.scan(&qr, &mut crate::crypto::testing::Seeded(5)) {
                        play.world.deliver(node);
                    }
                }
                play.world.settle();
            }
            let linked = play.world.stored_account.is_some();
            assert_eq!(linked, too_late, "{way:?} step {step} {:?}", play.world.events);
            play.must_be_over(&format!("cancelled after step {step}"));
        }
    }
}

#[test]
fn a_failing_store_at_every_save() {
    for way in WAYS {
        for (account, secret) in [(true, false), (false, true), (true, true)] {
            let mut play = Play::new(way);
            play.world.account_saves_fail = account;
            play.world.secret_saves_fail = secret;
            play.run();
            play.must_be_over("failing store");
        }
    }
}

#[test]
fn closing_answers_everything_once() {
    for way in WAYS {
        for step in 0..=Play::steps_of(way) {
            let mut play = Play::new(way);
            while play.world.steps < step && play.step() {}
            play.world.pairing.close();
            play.world.settle();
            for request in &play.requests {
                assert!(play.world.final_event(*request).is_some(), "{way:?} {step}");
            }
            assert_eq!(play.world.pairing.next_deadline(), None);
            assert!(!play.world.pairing.wants_connection());
        }
    }
}
