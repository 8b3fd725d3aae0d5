//! The limit of queries that other people cause with what they send: each takes the server's time and, for keys, a key of the person
//! who is asked about. What this account sends is not limited by it.
//!
//! So many queries may follow each other at once, and further ones at an even pace. The same subject is not asked about again within a
//! short time: what was told then is recent enough.

use std::collections::HashMap;

use super::queries::Query;
use crate::messaging::engine::Millis;

/// The number of queries that may follow each other at once.
pub(in crate::messaging::engine) const BURST: u64 = 20;
/// The interval of further ones.
pub(in crate::messaging::engine) const INTERVAL: Millis = 10_000;
/// The time within which a subject is not asked about again.
pub(in crate::messaging::engine) const SUBJECT_HOLDS: Millis = 60_000;
/// The number of subjects that are remembered.
const MOST_SUBJECTS: usize = 1024;

/// The rest of the limit. It outlives the connection.
#[derive(Default)]
pub(in crate::messaging::engine) struct QueryBudget {
    /// When all of it is free again.
    full_at: Millis,
    /// When a subject was asked about last.
    subjects: HashMap<Query, Millis>,
}

impl QueryBudget {
    /// Returns when the next query may be sent; that may be now or earlier.
    pub(in crate::messaging::engine) fn next(&self) -> Millis {
        self.full_at.saturating_sub((BURST - 1) * INTERVAL)
    }

    /// Takes the room of one query. Returns whether there was some.
    pub(in crate::messaging::engine) fn take(&mut self, now: Millis) -> bool {
        if self.next() > now {
            return false;
        }
        self.full_at = self.full_at.max(now).saturating_add(INTERVAL);
        true
    }

    /// Returns whether a subject was asked about lately.
    pub(in crate::messaging::engine) fn is_recent(&self, subject: &Query, now: Millis) -> bool {
        self.subjects.get(subject).is_some_and(|asked| now < asked.saturating_add(SUBJECT_HOLDS))
    }

    /// Notes that a subject is asked about. Returns false if it was lately, or if too many others were.
    pub(in crate::messaging::engine) fn note(&mut self, subject: &Query, now: Millis) -> bool {
        if self.is_recent(subject, now) {
            return false;
        }
        if self.subjects.len() >= MOST_SUBJECTS {
            self.subjects.retain(|_, asked| now < asked.saturating_add(SUBJECT_HOLDS));
        }
        if self.subjects.len() >= MOST_SUBJECTS {
            return false;
        }
        self.subjects.insert(subject.clone(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(number: u64) -> Query {
        Query::Group(format!("{number}@g.us").parse().unwrap())
    }

    #[test]
    fn a_burst_goes_through_and_then_an_even_pace() {
        let mut budget = QueryBudget::default();
        let taken = |budget: &mut QueryBudget, now| (0..1000).filter(|_| budget.take(now)).count() as u64;
        assert_eq!(taken(&mut budget, 5), BURST);
        assert_eq!(budget.next(), 5 + INTERVAL);
        for round in 1..100 {
            assert_eq!(taken(&mut budget, 4 + round * INTERVAL), 0);
            assert_eq!(taken(&mut budget, 5 + round * INTERVAL), 1);
        }
        // After a rest all of it is there again, and no more.
        assert_eq!(taken(&mut budget, 1_000_000_000), BURST);
    }

    #[test]
    fn a_subject_is_not_asked_about_again_at_once() {
        let mut budget = QueryBudget::default();
        assert!(budget.note(&group(1), 7));
        assert!(budget.is_recent(&group(1), 7) && !budget.is_recent(&group(2), 7));
        assert!(!budget.note(&group(1), 7 + SUBJECT_HOLDS - 1));
        assert!(budget.note(&group(1), 7 + SUBJECT_HOLDS));
    }

    #[test]
    fn few_subjects_are_remembered() {
        let mut budget = QueryBudget::default();
        let noted = (0..9999).filter(|number| budget.note(&group(*number), 0)).count();
        assert_eq!(noted, MOST_SUBJECTS);
        assert!(budget.note(&group(9999), SUBJECT_HOLDS));
        assert_eq!(budget.subjects.len(), 1);
    }
}
