//! When to ping, and when a silent connection counts as dead. Pure: time and randomness are handed in.
//!
//! The official web client's rules: a ping every 15 to 30 s, but only on an idle connection; and a connection is dead
//! when nothing at all has come in for 20 s while an answer is due. Any inbound bytes count as life. Only what the server
//! answers counts as sent: after an acknowledgement it may well have nothing to say for longer than that.
//!
//! Two rules beside these. As long as a request waits for its answer, the silence after anything received counts too, or a
//! connection that dies behind an unrelated stanza would be found only when the request times out. And half-way through a
//! silence the server is asked with a ping: one that merely ignores a request answers that.

use super::clock::Millis;
use crate::crypto::{Random, random_array};

/// Lengths of the waits, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeepaliveTimes {
    /// Shortest time between two checks.
    pub(crate) min: Millis,
    /// Longest time between two checks.
    pub(crate) max: Millis,
    /// Silence after a send that makes the connection dead.
    pub(crate) dead_after: Millis,
}

/// The action that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    /// Send a ping now.
    Ping,
    /// Close the connection and make a new one at once.
    Dead,
}

/// The watch over one connection.
#[derive(Debug)]
pub(crate) struct Keepalive {
    times: KeepaliveTimes,
    next_check: Millis,
    last_received: Millis,
    /// A ping was sent after that.
    pinged: bool,
    /// The connection's count of inbound bytes when it was last looked at.
    bytes: u64,
    /// Since when nothing has come while an answer was due.
    silent_since: Option<Millis>,
    /// Something has come since the last send, so that the silence counts only as long as a request waits.
    answered: bool,
}

impl Keepalive {
    pub(crate) fn new(times: KeepaliveTimes, now: Millis, rng: &mut dyn Random) -> Self {
        let next_check = now + interval(times, rng);
        Self {
            times,
            next_check,
            last_received: now,
            pinged: false,
            bytes: 0,
            silent_since: None,
            answered: false,
        }
    }

    /// Something was sent that the server answers. `requests_pending`: it owed an answer before.
    pub(crate) fn sent(&mut self, now: Millis, requests_pending: bool) {
        if self.answered && !requests_pending {
            self.silent_since = None;
        }
        self.answered = false;
        self.silent_since.get_or_insert(now);
    }

    pub(crate) fn received(&mut self, now: Millis) {
        self.last_received = now;
        self.pinged = false;
        self.answered = true;
        if let Some(since) = &mut self.silent_since {
            *since = now;
        }
    }

    /// Returns whether anything was received at that time or later.
    pub(crate) fn has_received_since(&self, at: Millis) -> bool {
        self.last_received >= at
    }

    /// The connection has received so many bytes in all: more than before is life, whether or not they make a stanza.
    pub(crate) fn counted(&mut self, bytes: u64, now: Millis) {
        if bytes != self.bytes {
            self.bytes = bytes;
            self.received(now);
        }
    }

    /// When [`Keepalive::check`] wants to be called next.
    pub(crate) fn deadline(&self, requests_pending: bool) -> Millis {
        let due = self
            .silence(requests_pending)
            .map(|since| since + if self.pinged { self.times.dead_after } else { self.probe_after() });
        due.map_or(self.next_check, |due| due.min(self.next_check))
    }

    /// `requests_pending`: the server owes an answer.
    pub(crate) fn check(&mut self, now: Millis, requests_pending: bool, rng: &mut dyn Random) -> Due {
        if let Some(since) = self.silence(requests_pending) {
            if now >= since + self.times.dead_after {
                return Due::Dead;
            }
            if now >= since + self.probe_after() && !self.pinged {
                return self.ping();
            }
        }
        if now < self.next_check {
            return Due::Nothing;
        }
        self.next_check = now + interval(self.times, rng);
        let idle = now.saturating_sub(self.last_received) >= self.times.min;
        if idle && !requests_pending { self.ping() } else { Due::Nothing }
    }

    fn ping(&mut self) -> Due {
        self.pinged = true;
        Due::Ping
    }

    /// Returns the length of a silence after which a ping is sent.
    fn probe_after(&self) -> Millis {
        self.times.dead_after / 2
    }

    /// Since when the server owes something and nothing has come.
    fn silence(&self, requests_pending: bool) -> Option<Millis> {
        self.silent_since.filter(|_| requests_pending || !self.answered)
    }
}

fn interval(times: KeepaliveTimes, rng: &mut dyn Random) -> Millis {
    let span = times.max.saturating_sub(times.min);
    let random = u64::from(u32::from_be_bytes(random_array(rng)));
    times.min + random * span / u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: KeepaliveTimes = KeepaliveTimes { min: 15_000, max: 30_000, dead_after: 20_000 };

    struct Zero;
    impl Random for Zero {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(0);
        }
    }

    fn watch() -> Keepalive {
        Keepalive::new(TIMES, 0, &mut Zero)
    }

    #[test]
    fn an_idle_connection_is_pinged() {
        let mut watch = watch();
        assert_eq!(watch.check(14_999, false, &mut Zero), Due::Nothing);
        assert_eq!(watch.check(15_000, false, &mut Zero), Due::Ping);
        assert_eq!(watch.deadline(false), 30_000);
    }

    #[test]
    fn a_busy_connection_is_not_pinged() {
        let mut watch = watch();
        watch.received(10_000);
        assert_eq!(watch.check(15_000, false, &mut Zero), Due::Nothing, "data came in lately");
        watch.received(29_000);
        assert_eq!(watch.check(30_000, true, &mut Zero), Due::Nothing, "an answer is awaited");
    }

    #[test]
    fn death_is_counted_from_the_first_unanswered_send() {
        let mut watch = watch();
        watch.sent(1_000, false);
        watch.sent(18_000, true);
        assert_eq!(watch.deadline(true), 11_000);
        assert_eq!(watch.check(11_000, true, &mut Zero), Due::Ping);
        assert_eq!(watch.check(20_999, true, &mut Zero), Due::Nothing);
        assert_eq!(watch.check(21_000, true, &mut Zero), Due::Dead);
    }

    #[test]
    fn silence_behind_an_unrelated_stanza_is_found_while_an_answer_is_due() {
        let mut watch = watch();
        watch.sent(1_000, false);
        watch.received(2_000);
        assert_eq!(watch.deadline(true), 12_000);
        assert_eq!(watch.check(12_000, true, &mut Zero), Due::Ping);
        watch.sent(12_000, true);
        assert_eq!(watch.deadline(true), 15_000, "the next check");
        assert_eq!(watch.check(15_000, true, &mut Zero), Due::Nothing);
        assert_eq!(watch.deadline(true), 22_000);
        assert_eq!(watch.check(22_000, true, &mut Zero), Due::Dead);
    }

    #[test]
    fn a_request_after_a_long_silence_has_all_its_time() {
        let mut watch = watch();
        watch.sent(0, false);
        watch.received(1_000);
        watch.sent(14_000, false);
        assert_eq!(watch.check(33_999, true, &mut Zero), Due::Ping);
        assert_eq!(watch.check(34_000, true, &mut Zero), Due::Dead);
    }

    #[test]
    fn a_server_that_ignores_a_request_is_alive_as_long_as_it_answers_pings() {
        let mut watch = watch();
        watch.sent(0, false);
        for at in [10_000, 20_500, 31_000, 41_500] {
            assert_eq!(watch.check(at, true, &mut Zero), Due::Ping, "{at}");
            watch.sent(at, true);
            watch.received(at + 500);
        }
    }

    #[test]
    fn bytes_that_make_no_stanza_are_life_too() {
        let mut watch = watch();
        watch.counted(100, 500);
        watch.sent(1_000, false);
        watch.counted(100, 14_000);
        assert_eq!(watch.check(21_000, true, &mut Zero), Due::Dead, "nothing new came in");
        watch.counted(101, 21_000);
        assert_ne!(watch.check(21_000, true, &mut Zero), Due::Dead);
    }

    #[test]
    fn any_inbound_data_is_life() {
        let mut watch = watch();
        watch.sent(1_000, false);
        watch.received(20_000);
        assert_ne!(watch.check(21_000, true, &mut Zero), Due::Dead);
        watch.sent(22_000, false);
        assert_eq!(watch.check(42_000, true, &mut Zero), Due::Dead);
    }
}
