//! Placeholder resend: asks the own phone for messages that this device cannot read, as WhatsApp Web does.
//!
//! A message that could not be opened is first asked for from its sender. If no readable copy has come some seconds later,
//! and at once if the server gives this device no copy at all, one request goes to the phone: once, since the server keeps it
//! until the phone is there. The phone's answer is emitted like any message, whichever of the two comes first.

mod record;
mod resend;

use std::collections::HashMap;

pub(super) use self::record::Wanted;
pub(super) use self::resend::{FailedMessage, emit_end};
use super::super::Millis;
use crate::stanza::{Jid, Text};
use crate::store::{Batch, Space, StoreError, Value};

/// The time the sender has to send a readable copy. whatsmeow waits as long.
pub(super) const PATIENCE: Millis = 5_000;
/// Older messages are not asked for: WhatsApp Web does not.
const OLDEST_MS: i64 = 14 * 24 * 3_600_000;
/// Messages that come within one moment get times of their own in it.
const MOMENT_MS: i64 = 1_000;
/// Longest name of a sender that is kept.
const LONGEST_NAME: usize = 1024;
/// The number of messages that may be wanted from the phone.
const MOST: usize = 256;
/// The time until the next attempt, if there is no session with the phone and none can be begun.
const PAUSE: Millis = 60_000;
/// The interval, in milliseconds, of looking for those that are too old.
const TIDY_MS: i64 = 3_600_000;
/// The number of times one request is sent, should the phone be unable to read it.
const MOST_TRIES: u32 = 5;

/// The messages that the phone is asked for, or will be.
#[derive(Default)]
pub(super) struct Placeholders {
    /// By the id of the request.
    open: HashMap<Text, OpenPlaceholder>,
    /// The time of the last look-through. Requests due before it wait for an answer of the server.
    looked: Millis,
    /// When those that are too old were let go last, Unix milliseconds.
    tidied_ms: i64,
}

/// One of them.
struct OpenPlaceholder {
    wanted: Wanted,
    due: Millis,
    /// It went out on this connection.
    sent: bool,
    /// The count of the phone's own request to see it again that this answers; 0 for none.
    count: u32,
}

impl Placeholders {
    /// Loads the stored rows, in any order.
    pub(super) fn load(rows: Vec<(Vec<u8>, Value)>) -> Result<Self, StoreError> {
        let open = |(id, value): (Vec<u8>, Value)| {
            let open = OpenPlaceholder { wanted: Wanted::decode(&value)?, due: 0, sent: false, count: 0 };
            Ok((Text::new(String::from_utf8_lossy(&id)), open))
        };
        Ok(Self {
            open: rows.into_iter().map(open).collect::<Result<_, StoreError>>()?,
            looked: 0,
            tidied_ms: 0,
        })
    }

    /// When the next one is due.
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.unsent().map(|(_, open)| open.due).filter(|due| *due > self.looked).min()
    }

    /// Returns whether there are some that the server does not have.
    pub(super) fn is_waiting(&self) -> bool {
        self.unsent().next().is_some()
    }

    /// Returns whether that is the id of a request.
    pub(super) fn has(&self, request: &str) -> bool {
        self.open.contains_key(request)
    }

    /// The connection is gone. Requests that the server has not taken go out again.
    pub(super) fn forget_sent(&mut self) {
        self.open.values_mut().for_each(|open| open.sent = false);
    }

    /// The phone cannot read a request: it goes out again.
    pub(super) fn ask_anew(&mut self, request: &str, count: u32) {
        if let Some(open) = self.open.get_mut(request).filter(|_| count <= MOST_TRIES) {
            (open.wanted.taken, open.sent, open.count, open.due) = (false, false, count, 0);
        }
    }

    fn unsent(&self) -> impl Iterator<Item = (&Text, &OpenPlaceholder)> {
        self.open.iter().filter(|(_, open)| !open.sent && !open.wanted.taken)
    }

    /// Returns the time of a new one, later than those of its moment: they are asked for, and told, in the order in which they
    /// came. Times further ahead were noted by a wrong clock, and are ignored so that no other one grows as old.
    fn next_ms(&self, unix_ms: i64) -> i64 {
        let others = self.open.values().map(|open| open.wanted.since_ms);
        let last = others.filter(|since| since.saturating_sub(unix_ms) < MOMENT_MS).max();
        last.map_or(unix_ms, |last| unix_ms.max(last.saturating_add(1)))
    }

    /// Those that are to go out now, the oldest first.
    fn due(&self, now: Millis) -> Vec<Text> {
        let mut due: Vec<_> = self.unsent().filter(|(_, open)| open.due <= now).collect();
        due.sort_by_key(|(_, open)| open.wanted.since_ms);
        due.into_iter().map(|(id, _)| id.clone()).collect()
    }

    /// Lets go of those that are too old to be answered, and gives them.
    fn tidy(&mut self, unix_ms: i64, written: &mut Batch) -> Vec<Wanted> {
        let is_old =
            |_: &Text, open: &mut OpenPlaceholder| unix_ms.saturating_sub(open.wanted.since_ms) > OLDEST_MS;
        let mut old: Vec<_> = self.open.extract_if(is_old).collect();
        old.sort_by_key(|(_, open)| open.wanted.since_ms);
        for (id, _) in &old {
            written.delete(Space::PhoneAsk, id.as_bytes());
        }
        old.into_iter().map(|(_, open)| open.wanted).collect()
    }

    /// The request for that message, if there is one.
    fn find(&self, chat: &Jid, author: &Jid, id: &str) -> Option<&Text> {
        let mut open = self.open.iter();
        open.find(|(_, open)| open.wanted.is(chat, author, id)).map(|(request, _)| request)
    }

    /// The request to be evicted for a message: the oldest post that is of no chat, or the oldest of the chat that has the most, if that
    /// has more than the chat of the message would have.
    fn evictable(&self, wanted: &Wanted) -> Option<Text> {
        if !wanted.is_of_chat() {
            return None;
        }
        let oldest = |suits: &dyn Fn(&Wanted) -> bool| {
            let suiting = self.open.iter().filter(|(_, open)| suits(&open.wanted));
            suiting.min_by_key(|(_, open)| open.wanted.since_ms).map(|(id, _)| id.clone())
        };
        oldest(&|other| !other.is_of_chat()).or_else(|| {
            let mut shares: HashMap<&Jid, usize> = HashMap::new();
            self.open.values().for_each(|open| *shares.entry(&open.wanted.info.chat).or_default() += 1);
            let own = shares.get(&wanted.info.chat).copied().unwrap_or_default() + 1;
            let (fullest, share) = shares.into_iter().max_by_key(|(_, share)| *share)?;
            (share > own).then(|| oldest(&|other| other.info.chat == *fullest)).flatten()
        })
    }

    /// Returns whether that message may still come.
    pub(super) fn awaits(&self, chat: &Jid, author: &Jid, id: &str) -> bool {
        self.find(chat, author, id).is_some()
    }
}

#[cfg(test)]
mod resend_tests;
