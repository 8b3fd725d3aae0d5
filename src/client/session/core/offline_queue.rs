//! The stanzas that waited for this device at the server, and the acknowledgement of what has come.

use crate::api::LogLevel;
use crate::client::clock::Millis;
use crate::client::session::core::SessionCore;
use crate::client::session::state::OfflineQueue;
use crate::stanza::{Node, NodeRef, build};

/// The number of queued stanzas that are asked for at once, as the official web client does.
const OFFLINE_BATCH: u32 = 200;
/// From the first stanza of a batch to the request for the next.
const OFFLINE_PAUSE: Millis = 100;

impl SessionCore {
    /// `<offline_preview count=…/>`: so many wait.
    pub(in crate::client::session) fn offline_announced(&mut self, count: u64) {
        self.log(LogLevel::Debug, "offline", || format!("{count} stanzas wait at the server"));
        let Some(online) = self.phase.online() else { return };
        online.offline_queue = OfflineQueue { left: count, ask_at: None };
        if count > 0 {
            self.ask_for_batch();
        }
    }

    /// Counts a stanza, if it is one of those that waited.
    pub(in crate::client::session) fn offline_stanza(&mut self, node: NodeRef<'_>) {
        let now = self.clock.now();
        let Some(online) = self.phase.online().filter(|_| node.has_attr("offline")) else { return };
        let queue = &mut online.offline_queue;
        queue.left = queue.left.saturating_sub(1);
        if queue.left > 0 {
            queue.ask_at.get_or_insert(now + OFFLINE_PAUSE);
        } else {
            queue.ask_at = None;
        }
    }

    /// `<offline/>`: that was all.
    pub(in crate::client::session) fn offline_done(&mut self) {
        if let Some(online) = self.phase.online() {
            online.offline_queue = OfflineQueue::default();
        }
    }

    /// Asks for the next batch of what waits, if that is due.
    pub(in crate::client::session) fn ask_for_offline(&mut self, now: Millis) {
        if let Some(online) = self.phase.online()
            && online.offline_queue.ask_at.is_some_and(|at| at <= now)
        {
            online.offline_queue.ask_at = None;
            self.ask_for_batch();
        }
    }

    fn ask_for_batch(&mut self) {
        self.work.send(Node::new("ib").child(Node::new("offline_batch").attr("count", OFFLINE_BATCH)));
    }

    /// Tells the server that a stanza has arrived and need not be sent again.
    pub(in crate::client::session) fn acknowledge(&mut self, node: NodeRef<'_>) {
        self.offline_stanza(node);
        if let Some(ack) = build::ack(&node) {
            self.work.send(ack);
        }
    }
}
