//! How often a session commits: at once as long as little happens, and in groups when much does.
//!
//! A commit costs about the same whether it holds one message or hundreds. So a session that has committed often lately waits a
//! moment for more to come.

use super::super::clock::Millis;

/// So many commits may follow each other at once.
const BURST: u64 = 8;
/// How long it takes until one more may.
const PAUSE: Millis = 3;

/// Tells when the next commit may be made.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When there was, or will be, credit for a whole burst again.
    rested_at: Millis,
}

impl Pace {
    /// When to commit, if that is not at once.
    pub(super) fn wait(&self, now: Millis) -> Option<Millis> {
        let earliest = self.rested_at.saturating_sub((BURST - 1) * PAUSE);
        (earliest > now).then_some(earliest)
    }

    /// A commit was made.
    pub(super) fn committed(&mut self, now: Millis) {
        self.rested_at = self.rested_at.max(now) + PAUSE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_commits_are_made_at_once_and_many_one_after_the_other() {
        let mut pace = Pace::default();
        for _ in 0..BURST {
            assert_eq!(pace.wait(1_000), None);
            pace.committed(1_000);
        }
        assert_eq!(pace.wait(1_000), Some(1_000 + PAUSE));
        assert_eq!(pace.wait(1_000 + PAUSE), None);
        pace.committed(1_000 + PAUSE);
        assert_eq!(pace.wait(1_000 + PAUSE), Some(1_000 + 2 * PAUSE));
        assert_eq!(pace.wait(2_000), None, "after a rest all is as at the beginning");
    }
}
