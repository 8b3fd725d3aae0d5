//! [`Paused`]: messages whose turn has not come, by chat.

use std::collections::{BTreeSet, HashMap};

use crate::messaging::engine::Millis;
use crate::stanza::Jid;

/// One chat in which messages wait.
#[derive(Debug)]
struct Chat {
    due_ms: i64,
    until: Millis,
    numbers: BTreeSet<u64>,
}

/// They are kept apart from those that may go, so that any number of them costs nothing while they wait.
#[derive(Debug, Default)]
pub(super) struct Paused {
    chats: HashMap<Jid, Chat>,
    /// The earliest of the times.
    next: Option<Millis>,
}

impl Paused {
    /// One more waits in a chat.
    pub(super) fn add(&mut self, chat: &Jid, number: u64, due_ms: i64, until: Millis) {
        let fresh = || Chat { due_ms, until, numbers: BTreeSet::new() };
        self.chats.entry(chat.clone()).or_insert_with(fresh).numbers.insert(number);
        self.next = Some(self.next.map_or(until, |next| next.min(until)));
    }

    /// When those of a chat are due, Unix milliseconds; `None` if nothing waits there.
    pub(super) fn due(&self, chat: &Jid) -> Option<i64> {
        if self.chats.is_empty() {
            return None;
        }
        self.chats.get(chat).map(|chat| chat.due_ms)
    }

    /// When the first is due.
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.next
    }

    /// One waits no longer.
    pub(super) fn remove(&mut self, chat: &Jid, number: u64) {
        if let Some(held) = self.chats.get_mut(chat) {
            held.numbers.remove(&number);
            if held.numbers.is_empty() {
                self.take(chat);
            }
        }
    }

    /// All of a chat.
    pub(super) fn take(&mut self, chat: &Jid) -> BTreeSet<u64> {
        let taken = self.chats.remove(chat);
        if taken.is_some() {
            self.next = self.chats.values().map(|chat| chat.until).min();
        }
        taken.map(|chat| chat.numbers).unwrap_or_default()
    }

    /// All whose time has come.
    pub(super) fn take_due(&mut self, now: Millis) -> BTreeSet<u64> {
        if self.next.is_none_or(|next| next > now) {
            return BTreeSet::new();
        }
        let due = self.chats.extract_if(|_, chat| chat.until <= now);
        let due = due.flat_map(|(_, chat)| chat.numbers).collect();
        self.next = self.chats.values().map(|chat| chat.until).min();
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chat_has_its_time() {
        let chat = |number: u32| -> Jid { format!("{number}@lid").parse().unwrap() };
        let mut paused = Paused::default();
        assert_eq!((paused.deadline(), paused.due(&chat(1))), (None, None));
        paused.add(&chat(1), 1, 1_000, 50);
        paused.add(&chat(1), 3, 9_000, 90);
        paused.add(&chat(2), 2, 500, 20);
        paused.add(&chat(3), 4, 2_000, 70);
        assert_eq!((paused.deadline(), paused.due(&chat(1))), (Some(20), Some(1_000)));
        assert!(paused.take_due(19).is_empty());
        assert_eq!(paused.take_due(50), [1, 2, 3].into());
        assert_eq!((paused.deadline(), paused.due(&chat(1))), (Some(70), None));
        paused.remove(&chat(3), 4);
        assert_eq!(paused.deadline(), None);
        paused.add(&chat(1), 5, 1, 1);
        assert_eq!((paused.take(&chat(1)), paused.take(&chat(1))), ([5].into(), [].into()));
        assert_eq!(paused.deadline(), None);
    }
}
