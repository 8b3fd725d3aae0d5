//! Retention of sent messages: they are kept for a while, since a recipient may fail to read a copy and ask for another.

use std::collections::VecDeque;

use crate::messaging::record_cache::{RecordCache, SentRecord};
use crate::stanza::Text;

/// The number of messages that are kept.
const MOST: usize = 1000;
/// The time they are kept, in milliseconds.
const LONGEST_MS: i64 = 7 * 24 * 3_600_000;

/// The messages that are kept, oldest first.
#[derive(Default)]
pub(super) struct SentRetention {
    kept: VecDeque<(i64, Text)>,
}

impl SentRetention {
    /// Of what the store has, in any order.
    pub(super) fn load(sent: impl IntoIterator<Item = (Text, SentRecord)>) -> Self {
        let mut kept: Vec<_> = sent.into_iter().map(|(id, sent)| (sent.taken_ms, id)).collect();
        kept.sort_unstable();
        Self { kept: kept.into() }
    }

    /// One more was sent. The oldest go.
    pub(super) fn sent(&mut self, id: Text, unix_ms: i64, cache: &mut RecordCache) {
        self.kept.push_back((unix_ms, id));
        let too_old = |at: i64| unix_ms.saturating_sub(at) > LONGEST_MS;
        while self.kept.len() > MOST || self.kept.front().is_some_and(|(at, _)| too_old(*at)) {
            let Some((_, id)) = self.kept.pop_front() else { break };
            cache.outbox.remove(id.as_bytes());
        }
    }
}
