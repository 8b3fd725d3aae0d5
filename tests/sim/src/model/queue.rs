//! Stanzas for one device, in order, kept until the device acknowledges them.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Instant,
};

use wa::stanza::{Node, Text};

/// A stanza that waits to be acknowledged. It has an `id`.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) id: String,
    pub(crate) node: Node,
    /// The connection that it was sent on last, and when.
    pub(crate) sent: Option<(u64, Instant)>,
}

impl Queued {
    /// A stanza that was not sent yet.
    pub(crate) fn new(id: String, node: Node) -> Self {
        Self { id, node, sent: None }
    }
}

/// The progress of a device's queue since its login.
#[derive(Clone, Copy)]
pub(crate) struct Offline {
    /// The number of the last stanza that went out.
    pub(crate) sent: u64,
    /// The number of announced stanzas that are left.
    pub(crate) left: usize,
    /// The number of announced stanzas.
    pub(crate) count: usize,
}

/// The queue. Ids may be there more than once: a message, its receipts and its answer to a retry share one.
#[derive(Default)]
pub(crate) struct Queue {
    next: u64,
    entries: BTreeMap<u64, Queued>,
    by_id: HashMap<Text, VecDeque<u64>>,
}

impl Queue {
    /// Adds a stanza. If more than `limit` would wait, the oldest is lost; says so.
    pub(crate) fn push(&mut self, queued: Queued, limit: usize) -> bool {
        let full = self.entries.len() >= limit.max(1);
        if full && let Some((n, oldest)) = self.entries.pop_first() {
            self.forget(&oldest.id, n);
        }
        self.next += 1;
        self.by_id.entry(Text::new(&queued.id)).or_default().push_back(self.next);
        self.entries.insert(self.next, queued);
        full
    }

    /// Takes out the oldest stanza of that id and tag that fits.
    pub(crate) fn acknowledge(
        &mut self,
        id: &str,
        tag: &str,
        fits: impl Fn(&Node) -> bool,
    ) -> Option<Queued> {
        let numbers = self.by_id.get(id)?;
        let is_it = |queued: &Queued| queued.node.tag() == tag && fits(&queued.node);
        let n = *numbers.iter().find(|n| self.entries.get(n).is_some_and(is_it))?;
        let queued = self.entries.remove(&n);
        self.forget(id, n);
        queued
    }

    fn forget(&mut self, id: &str, n: u64) {
        if let Some(numbers) = self.by_id.get_mut(id) {
            numbers.retain(|other| *other != n);
            if numbers.is_empty() {
                self.by_id.remove(id);
            }
        }
    }

    /// The next stanzas after that number, which then is that of the last of them. They are noted as sent on the connection.
    pub(crate) fn next_of(&mut self, connection: u64, after: &mut u64, most: usize) -> Vec<Node> {
        let now = Instant::now();
        let entries = self.entries.range_mut(*after + 1..).take(most);
        let mut nodes = Vec::new();
        for (number, queued) in entries {
            *after = *number;
            queued.sent = Some((connection, now));
            nodes.push(queued.node.clone());
        }
        nodes
    }

    /// The id of the oldest that was sent on a connection before that time.
    pub(crate) fn overdue(&self, connection: u64, before: Instant) -> Option<&str> {
        let is_late = |queued: &&Queued| queued.sent.is_some_and(|(on, at)| on == connection && at < before);
        self.entries.values().find(is_late).map(|queued| queued.id.as_str())
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Queued> {
        self.entries.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queued(tag: &'static str, id: &str) -> Queued {
        Queued::new(id.to_owned(), Node::new(tag).attr("id", id.to_owned()))
    }

    #[test]
    fn each_acknowledgement_takes_one() {
        let mut queue = Queue::default();
        for (tag, id) in [("message", "a"), ("receipt", "a"), ("message", "b"), ("message", "a")] {
            assert!(!queue.push(queued(tag, id), 10));
        }
        assert!(queue.acknowledge("a", "notification", |_| true).is_none());
        assert_eq!(queue.acknowledge("a", "receipt", |_| true).unwrap().node.tag(), "receipt");
        assert!(
            queue.acknowledge("a", "message", |_| true).is_some()
                && queue.acknowledge("a", "message", |_| true).is_some()
        );
        assert!(queue.acknowledge("a", "message", |_| true).is_none());
        assert_eq!(queue.iter().map(|queued| queued.id.as_str()).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn the_oldest_gives_way() {
        let mut queue = Queue::default();
        assert!(!queue.push(queued("message", "a"), 2) && !queue.push(queued("message", "b"), 2));
        assert!(queue.push(queued("message", "c"), 2));
        assert_eq!(queue.len(), 2);
        assert!(queue.acknowledge("a", "message", |_| true).is_none() && queue.by_id.len() == 2);
    }
}
