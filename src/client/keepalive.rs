//! When to ping, and when a silent connection counts as dead. Pure: time and randomness are handed in.
//!
//! The official web client's rules: a ping every 15 to 30 s, but only on an idle connection; and a connection is dead
//! when nothing at all has come in for 20 s since the first request that was sent after the last thing received. Any
//! inbound bytes count as life. Only what the server answers counts as sent: after an acknowledgement it may well have
//! nothing to say for longer than that.

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

/// What is due.
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
    /// The connection's count of inbound bytes when it was last looked at.
    bytes: u64,
    unanswered_since: Option<Millis>,
}

impl Keepalive {
    pub(crate) fn new(times: KeepaliveTimes, now: Millis, rng: &mut dyn Random) -> Self {
        let next_check = now + interval(times, rng);
        Self { times, next_check, last_received: now, bytes: 0, unanswered_since: None }
    }

    /// Something was sent that the server answers.
    pub(crate) fn sent(&mut self, now: Millis) {
        self.unanswered_since.get_or_insert(now);
    }

    pub(crate) fn received(&mut self, now: Millis) {
        self.last_received = now;
        self.unanswered_since = None;
    }

    /// The connection has received so many bytes in all: more than before is life, whether or not they make a stanza.
    pub(crate) fn counted(&mut self, bytes: u64, now: Millis) {
        if bytes != self.bytes {
            self.bytes = bytes;
            self.received(now);
        }
    }

    /// When [`Keepalive::check`] wants to be called next.
    pub(crate) fn deadline(&self) -> Millis {
        match self.unanswered_since {
            Some(since) => self.next_check.min(since + self.times.dead_after),
            None => self.next_check,
        }
    }

    /// `requests_pending`: an answer is being waited for, so that a ping would tell nothing new.
    pub(crate) fn check(&mut self, now: Millis, requests_pending: bool, rng: &mut dyn Random) -> Due {
        if self.unanswered_since.is_some_and(|since| now >= since + self.times.dead_after) {
            return Due::Dead;
        }
        if now < self.next_check {
            return Due::Nothing;
        }
        self.next_check = now + interval(self.times, rng);
        let idle = now.saturating_sub(self.last_received) >= self.times.min;
        if idle && !requests_pending { Due::Ping } else { Due::Nothing }
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
        assert_eq!(watch.deadline(), 30_000);
    }

    #[test]
    fn a_busy_connection_is_not_pinged() {
        let mut watch = watch();
        watch.received(10_000);
        assert_eq!(watch.check(15_000, false, &mut Zero), Due::Nothing, "data came in lately");
        assert_eq!(watch.check(30_000, true, &mut Zero), Due::Nothing, "an answer is awaited");
    }

    #[test]
    fn death_is_counted_from_the_first_unanswered_send() {
        let mut watch = watch();
        watch.sent(1_000);
        watch.sent(18_000);
        assert_eq!(watch.deadline(), 15_000);
        assert_eq!(watch.check(20_999, true, &mut Zero), Due::Nothing);
        assert_eq!(watch.check(21_000, true, &mut Zero), Due::Dead);
    }

    #[test]
    fn bytes_that_make_no_stanza_are_life_too() {
        let mut watch = watch();
        watch.counted(100, 500);
        watch.sent(1_000);
        watch.counted(100, 14_000);
        assert_eq!(watch.check(21_000, true, &mut Zero), Due::Dead, "nothing new came in");
        watch.counted(101, 21_000);
        assert_ne!(watch.check(21_000, true, &mut Zero), Due::Dead);
    }

    #[test]
    fn any_inbound_data_is_life() {
        let mut watch = watch();
        watch.sent(1_000);
        watch.received(20_000);
        assert_ne!(watch.check(21_000, true, &mut Zero), Due::Dead);
        watch.sent(22_000);
        assert_eq!(watch.check(42_000, true, &mut Zero), Due::Dead);
    }
}
