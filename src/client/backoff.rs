//! The delay before the next connection. Pure: time and randomness are handed in.
//!
//! The official web client's rule: Fibonacci steps with a jitter of ten percent, back to the first step only after a
//! connection has held for half a minute (a login alone proves nothing), and five extra steps after a rate limit.

use super::clock::Millis;
use crate::crypto::{Random, random_array};

/// A connection that held this long puts the waiting time back to its first step.
const STABLE_AFTER: Millis = 30_000;
/// Steps added when the server says "too many".
const RATE_LIMIT_STEPS: u32 = 5;

/// The waiting times between connections of one session.
#[derive(Debug)]
pub(crate) struct Backoff {
    base: Millis,
    max: Millis,
    step: u32,
    connected_at: Option<Millis>,
}

impl Backoff {
    /// `base` is the first wait, `max` the longest, both in milliseconds.
    pub(crate) fn new(base: Millis, max: Millis) -> Self {
        Self { base, max, step: 0, connected_at: None }
    }

    pub(crate) fn connected(&mut self, now: Millis) {
        self.connected_at = Some(now);
    }

    pub(crate) fn closed(&mut self, now: Millis) {
        if let Some(since) = self.connected_at.take()
            && now.saturating_sub(since) >= STABLE_AFTER
        {
            self.step = 0;
        }
    }

    /// Begins with the first step again.
    pub(crate) fn reset(&mut self) {
        self.step = 0;
    }

    pub(crate) fn rate_limited(&mut self) {
        self.step = self.step.saturating_add(RATE_LIMIT_STEPS);
    }

    /// The wait before the next attempt; each call goes one step further.
    pub(crate) fn next(&mut self, rng: &mut dyn Random) -> Millis {
        let plain = self.base.saturating_mul(fibonacci(self.step)).min(self.max);
        self.step = self.step.saturating_add(1);
        jitter(plain, rng)
    }
}

/// `plain` give or take ten percent.
fn jitter(plain: Millis, rng: &mut dyn Random) -> Millis {
    let span = plain / 5;
    let random = u64::from(u32::from_be_bytes(random_array(rng)));
    plain - plain / 10 + (random * span) / u64::from(u32::MAX)
}

/// 1, 1, 2, 3, 5 …; saturates, since the cap is reached long before.
fn fibonacci(step: u32) -> u64 {
    let (mut a, mut b) = (1_u64, 1_u64);
    for _ in 0..step.min(80) {
        (a, b) = (b, a.saturating_add(b));
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws bytes that are all the same.
    struct Constant(u8);
    impl Random for Constant {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(self.0);
        }
    }

    #[test]
    fn steps_are_fibonacci_within_ten_percent_up_to_the_cap() {
        let mut low = Backoff::new(1_000, 10_000);
        let mut high = Backoff::new(1_000, 10_000);
        for plain in [1_000, 1_000, 2_000, 3_000, 5_000, 8_000, 10_000, 10_000] {
            assert_eq!(low.next(&mut Constant(0)), plain - plain / 10);
            assert_eq!(high.next(&mut Constant(0xff)), plain + plain / 10);
        }
    }

    #[test]
    fn only_a_connection_that_held_goes_back_to_the_first_step() {
        let mut backoff = Backoff::new(1_000, 900_000);
        for _ in 0..4 {
            backoff.next(&mut Constant(0));
        }
        backoff.connected(0);
        backoff.closed(STABLE_AFTER - 1);
        assert_eq!(backoff.next(&mut Constant(0)), 4_500);
        backoff.connected(0);
        backoff.closed(STABLE_AFTER);
        assert_eq!(backoff.next(&mut Constant(0)), 900);
    }

    #[test]
    fn a_rate_limit_adds_steps() {
        let mut backoff = Backoff::new(1_000, 900_000);
        backoff.rate_limited();
        assert_eq!(backoff.next(&mut Constant(0)), 7_200);
    }
}
