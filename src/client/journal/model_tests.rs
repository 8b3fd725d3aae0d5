//! Random interleavings of a session, a journal and a host, against a model.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// So many durable events, each followed by so many others.
    Settle(Vec<u8>),
    Poll(u8),
    /// Of those taken, by a number modulo their count.
    Acknowledge(Vec<u16>),
    AcknowledgeAll,
    Restart,
    /// The process dies before what was acknowledged is stored.
    Kill,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop::collection::vec(0u8..3, 0..40).prop_map(Step::Settle),
        1 => prop::collection::vec(0u8..2, 200..600).prop_map(Step::Settle),
        3 => any::<u8>().prop_map(Step::Poll),
        3 => prop::collection::vec(any::<u16>(), 1..30).prop_map(Step::Acknowledge),
        1 => Just(Step::AcknowledgeAll),
        1 => Just(Step::Restart),
        1 => Just(Step::Kill),
    ];
    prop::collection::vec(step, 1..60)
}

/// The model of a journal: its rules hold after every step.
#[derive(Default)]
struct Model {
    next: i64,
    /// All that were stored and whose acknowledgement was not.
    open: BTreeSet<i64>,
    /// Acknowledged, which is not stored yet.
    acknowledged: Vec<i64>,
    /// Those the host has in this life, by identifier.
    taken: BTreeMap<u64, i64>,
    /// The last one taken in this life, and its identifier.
    last: Option<i64>,
    last_id: u64,
    /// Those below are of an earlier life.
    old_below: i64,
}

impl Model {
    fn took(&mut self, event: &Event) {
        assert!(event.id > self.last_id, "identifiers rise");
        self.last_id = event.id;
        let Some(number) = number(event) else { return };
        // Nothing missing, nothing twice, nothing that was acknowledged.
        let after = self.last.map_or(i64::MIN, |last| last + 1);
        assert_eq!(self.open.range(after..).next(), Some(&number));
        assert_eq!(event.redelivered, number < self.old_below);
        self.last = Some(number);
        self.taken.insert(event.id, number);
    }

    fn acknowledged(&mut self, id: u64) {
        self.acknowledged.extend(self.taken.remove(&id));
    }

    fn settled(&mut self) {
        for number in self.acknowledged.drain(..) {
            self.open.remove(&number);
        }
    }

    fn restarted(&mut self) {
        *self = Model {
            next: self.next,
            old_below: self.next,
            open: std::mem::take(&mut self.open),
            ..Model::default()
        };
    }
}

async fn play(steps: Vec<Step>) {
    let mut house = House::new().await;
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Settle(shape) => {
                let mut events = Vec::new();
                for others in shape {
                    events.push(numbered(model.next));
                    model.open.insert(model.next);
                    model.next += 1;
                    events.extend((0..others).map(|_| plain()));
                }
                house.settle(events).await;
                model.settled();
            }
            Step::Poll(count) => {
                for _ in 0..u32::from(count) * 4 {
                    let Some(event) = house.poll() else { break };
                    model.took(&event);
                    house.refill_if_woken().await;
                }
            }
            Step::Acknowledge(picks) => {
                for pick in picks {
                    let count = model.taken.len().max(1);
                    if let Some(id) = model.taken.keys().nth(usize::from(pick) % count).copied() {
                        house.journal.acknowledge(id);
                        model.acknowledged(id);
                    }
                }
            }
            Step::AcknowledgeAll => {
                for id in model.taken.keys().copied().collect::<Vec<_>>() {
                    house.journal.acknowledge(id);
                    model.acknowledged(id);
                }
            }
            Step::Restart | Step::Kill => {
                if matches!(step, Step::Restart) {
                    house.settle(vec![]).await;
                    model.settled();
                }
                house = house.restart().await;
                model.restarted();
            }
        }
        assert!(house.sink.durable() <= HIGH);
    }
    // In the end all that is open comes, and nothing else.
    house = house.restart().await;
    model.restarted();
    for event in house.poll_all().await {
        model.took(&event);
        house.journal.acknowledge(event.id);
        model.acknowledged(event.id);
    }
    assert_eq!(model.last, model.open.last().copied());
    house.settle(vec![]).await;
    assert_eq!(house.rows().await, (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_lost_doubled_or_moved(steps in steps()) {
        block_on(play(steps));
    }
}
