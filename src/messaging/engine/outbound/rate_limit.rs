//! [`Pacer`]: how many people who do not know us are written to in an hour.
//!
//! Writing to many strangers is taken for spam. So first contacts go out at most so many an hour, with a random pause between
//! them; each that has to wait is given its turn at once, and can say when that will be. Sent ones are kept in the store, so
//! that a restart begins no new hour.

use std::collections::{HashSet, VecDeque};

use crate::crypto::{Random, random_array};
use crate::messaging::address::User;
use crate::messaging::engine::Millis;
use crate::stanza::Text;
use crate::store::records::codec;
use crate::store::{Batch, Space, StoreError, Value};

/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;

/// The host's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimit {
    /// First contacts in any hour; 0 for as many as are wanted.
    pub(crate) per_hour: u32,
    /// The longest random pause between two of them.
    pub(crate) jitter: Millis,
}

/// The turn of one first contact.
#[derive(Debug)]
enum Turn {
    /// It went out; the row that says so.
    Taken(u64),
    /// It is reserved for a message.
    Reserved(Text),
}

/// The turns of an hour: those that were taken, and those that messages wait for.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    /// In the order in which they were given, with their times in Unix milliseconds.
    turns: VecDeque<(i64, Turn)>,
    /// The people to whom a first message is on its way. Later messages to them need not wait.
    begun: HashSet<User>,
    next_row: u64,
}

impl Pacer {
    /// Loads the stored rows, in any order.
    pub(super) fn load(rows: Vec<(Vec<u8>, Value)>) -> Result<Self, StoreError> {
        let damaged = || codec::error(Space::FirstContact, "it is damaged");
        let mut pacer = Self::default();
        for (key, value) in rows {
            let row = u64::from_be_bytes(key.as_slice().try_into().map_err(|_| damaged())?);
            let at = i64::from_be_bytes(value.as_ref().try_into().map_err(|_| damaged())?);
            pacer.next_row = pacer.next_row.max(row.saturating_add(1));
            pacer.turns.push_back((at, Turn::Taken(row)));
        }
        pacer.turns.make_contiguous().sort_by_key(|(at, _)| *at);
        Ok(pacer)
    }

    /// When a message to a stranger may go out: the time of its turn, which it keeps until it is out or given up.
    pub(super) fn turn(&mut self, id: &Text, unix_ms: i64, pace: RateLimit, rng: &mut dyn Random) -> i64 {
        let held = self.turns.iter().find(|(_, turn)| matches!(turn, Turn::Reserved(whose) if whose == id));
        if let Some((at, _)) = held {
            return *at;
        }
        let mut pause = || {
            let random = u64::from(u32::from_be_bytes(random_array(rng)));
            let pause = pace.jitter.saturating_mul(random) / u64::from(u32::MAX);
            i64::try_from(pause).unwrap_or(HOUR)
        };
        // A clock that was set back must not make anybody wait for the time that it lost.
        let recent = |at: &&i64| (unix_ms.saturating_sub(HOUR)..=unix_ms.saturating_add(HOUR)).contains(at);
        let mut at = unix_ms;
        let reserved = self.turns.iter().any(|(_, turn)| matches!(turn, Turn::Reserved(_)));
        let last = self.turns.back().map(|(at, _)| at);
        if let Some(last) = last.filter(|last| reserved || recent(last)) {
            at = at.max(last.saturating_add(pause()));
        }
        let per_hour = usize::try_from(pace.per_hour).unwrap_or(usize::MAX);
        let full = self.turns.len().checked_sub(per_hour).and_then(|index| self.turns.get(index));
        if let Some((oldest, turn)) = full
            && (matches!(turn, Turn::Reserved(_)) || recent(&oldest))
        {
            at = at.max(oldest.saturating_add(HOUR).saturating_add(pause()));
        }
        self.turns.push_back((at, Turn::Reserved(id.clone())));
        at
    }

    /// A message to a stranger went out.
    pub(super) fn went(&mut self, id: &Text, to: User, unix_ms: i64, batch: &mut Batch) {
        self.give_back(id);
        while let Some((at, Turn::Taken(row))) = self.turns.front()
            && unix_ms.saturating_sub(*at).unsigned_abs() > HOUR.unsigned_abs()
        {
            batch.delete(Space::FirstContact, row.to_be_bytes());
            self.turns.pop_front();
        }
        let row = self.next_row;
        self.next_row += 1;
        batch.put(Space::FirstContact, row.to_be_bytes(), unix_ms.to_be_bytes().to_vec());
        let taken = self.turns.iter().take_while(|(_, turn)| matches!(turn, Turn::Taken(_))).count();
        self.turns.insert(taken, (unix_ms, Turn::Taken(row)));
        self.begun.insert(to);
    }

    /// Returns whether a first message to a person is on its way.
    pub(super) fn has_begun(&self, with: &User) -> bool {
        self.begun.contains(with)
    }

    /// It was taken, or refused.
    pub(super) fn arrived(&mut self, at: &User) {
        self.begun.remove(at);
    }

    /// A message waits for its turn no longer.
    pub(super) fn give_back(&mut self, id: &Text) {
        self.turns.retain(|(_, turn)| !matches!(turn, Turn::Reserved(whose) if whose == id));
    }

    /// All who wait are to be given new turns: nobody could take his for a while.
    pub(super) fn give_all_back(&mut self) {
        self.turns.retain(|(_, turn)| matches!(turn, Turn::Taken(_)));
    }

    /// Returns the number that may still go out in this hour, without those that wait.
    pub(super) fn left(&self, unix_ms: i64, pace: RateLimit) -> u32 {
        let taken = self.turns.iter().filter(|(at, turn)| {
            matches!(turn, Turn::Taken(_)) && unix_ms.saturating_sub(*at).unsigned_abs() < HOUR.unsigned_abs()
        });
        pace.per_hour.saturating_sub(u32::try_from(taken.count()).unwrap_or(u32::MAX))
    }

    /// The times of those that wait, soonest first.
    pub(super) fn waiting(&self) -> impl Iterator<Item = i64> {
        self.turns.iter().filter(|(_, turn)| matches!(turn, Turn::Reserved(_))).map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::Seeded;
    use crate::store::Op;

    const START: i64 = 1_767_225_600_000;

    fn user(number: u32) -> User {
        User::of(&format!("1555{number:07}@s.whatsapp.net").parse().unwrap()).unwrap()
    }

    fn id(number: u32) -> Text {
        Text::new(number.to_string())
    }

    /// Sends so many as soon as they may go, from `start` on; the times at which they went.
    fn run(
        pacer: &mut Pacer,
        batch: &mut Batch,
        from: u32,
        many: u32,
        start: i64,
        pace: RateLimit,
    ) -> Vec<i64> {
        let mut rng = Seeded(7);
        let turns: Vec<i64> =
            (from..from + many).map(|n| pacer.turn(&id(n), start, pace, &mut rng)).collect();
        for (n, at) in (from..).zip(&turns) {
            assert_eq!(pacer.turn(&id(n), *at, pace, &mut rng), *at, "a turn is kept");
            pacer.went(&id(n), user(n), *at, batch);
        }
        turns
    }

    #[test]
    fn so_many_in_any_hour() {
        for jitter in [0, 10_000] {
            let (mut pacer, pace) = (Pacer::default(), RateLimit { per_hour: 5, jitter });
            let times = run(&mut pacer, &mut Batch::new(), 0, 23, START, pace);
            assert_eq!(times[0], START);
            for (n, at) in times.iter().enumerate().skip(5) {
                assert!(at - times[n - 5] >= HOUR, "{n}: {times:?}");
            }
            assert!(times.is_sorted());
            // Nobody waits longer than it takes.
            assert!(times[22] <= START + 4 * HOUR + 27 * i64::try_from(jitter).unwrap(), "{times:?}");
            let spread = times[1] - times[0];
            assert_eq!(spread > 0, jitter > 0, "{times:?}");
        }
    }

    #[test]
    fn a_restart_begins_no_new_hour() {
        let (mut pacer, pace) = (Pacer::default(), RateLimit { per_hour: 3, jitter: 0 });
        let mut batch = Batch::new();
        run(&mut pacer, &mut batch, 0, 3, START, pace);
        let rows = batch.ops().iter().map(|op| match op {
            Op::Put { key, value, .. } => (key.clone(), value.clone()),
            other => panic!("{other:?}"),
        });
        let mut again = Pacer::load(rows.collect()).unwrap();
        assert_eq!(again.left(START + 1, pace), 0);
        assert_eq!(again.turn(&id(9), START + 1, pace, &mut Seeded(1)), START + HOUR);
        // And what is older than an hour is forgotten.
        let mut batch = Batch::new();
        again.went(&id(9), user(9), START + HOUR + 1, &mut batch);
        let deleted = batch.ops().iter().filter(|op| matches!(op, Op::Delete { .. })).count();
        assert_eq!((deleted, again.left(START + HOUR + 1, pace)), (3, 2));
        assert!(Pacer::load(vec![(vec![1], Value::from(vec![]))]).is_err());
        assert!(Pacer::load(vec![(vec![0; 8], Value::from(vec![1]))]).is_err());
    }

    #[test]
    fn who_gives_up_makes_room_and_after_an_absence_turns_are_given_anew() {
        let (mut pacer, pace) = (Pacer::default(), RateLimit { per_hour: 1, jitter: 0 });
        let mut rng = Seeded(3);
        assert_eq!(pacer.turn(&id(0), START, pace, &mut rng), START);
        assert_eq!(pacer.turn(&id(1), START, pace, &mut rng), START + HOUR);
        assert_eq!(pacer.waiting().collect::<Vec<_>>(), [START, START + HOUR]);
        pacer.give_back(&id(1));
        assert_eq!(pacer.turn(&id(2), START, pace, &mut rng), START + HOUR);
        pacer.give_all_back();
        assert_eq!(pacer.turn(&id(2), START + 9 * HOUR, pace, &mut rng), START + 9 * HOUR);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_for_years() {
        let (mut pacer, pace) = (Pacer::default(), RateLimit { per_hour: 1, jitter: 1000 });
        run(&mut pacer, &mut Batch::new(), 0, 1, START, pace);
        let earlier = START - 365 * 24 * HOUR;
        assert_eq!(pacer.turn(&id(1), earlier, pace, &mut Seeded(1)), earlier);
    }

    #[test]
    fn what_follows_a_first_message_is_free() {
        let mut pacer = Pacer::default();
        pacer.went(&id(0), user(0), START, &mut Batch::new());
        assert!(pacer.has_begun(&user(0)) && !pacer.has_begun(&user(1)));
        pacer.arrived(&user(0));
        assert!(!pacer.has_begun(&user(0)));
    }
}
