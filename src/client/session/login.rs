//! From `<success>` to `ready`.

use super::super::clock::{Millis, unix_ms};
use super::state::{LoginStage, OfflineQueue, Waiter};
use super::{Session, SessionError};
use crate::api::{ConnectionState, Hidden, LogLevel, PairingStage, Ready};
use crate::stanza::{Node, NodeRef, build};

/// How many stanzas of the queue are asked for at once, as the official web client does.
const OFFLINE_BATCH: u32 = 200;
/// From the first stanza of a batch to the request for the next.
const OFFLINE_PAUSE: Millis = 100;

/// How long the first message of a connection waits for the key check. It comes right behind the answer that makes the session ready.
const KEY_CHECK_HOLD: Millis = 5_000;

impl Session {
    pub(super) async fn logged_in(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        // A server may say it to a device that is not linked, and may say it twice: only the first to a linked one counts.
        let now = self.clock.now();
        let (Some(online), Some(account)) = (self.phase.online(), &mut self.account) else {
            return Ok(());
        };
        if !matches!(online.stage, LoginStage::LoggingIn { .. }) {
            return Ok(());
        }
        online.stage = LoginStage::LoggedIn;
        self.first_login = account.login_counter == 0;
        **account = account.logged_in();
        if let Some(lid) = node.str("lid").filter(|lid| !lid.is_empty()) {
            account.lid = lid.into_owned();
        }
        if let Some(name) = node.str("display_name").filter(|name| !name.is_empty()) {
            account.push_name = Some(name.into_owned());
        }
        if let Some(seconds) = node.u64("t").and_then(|t| i64::try_from(t).ok()) {
            account.learn_time(seconds, unix_ms());
        }
        self.attempt = 0;
        self.backoff.connected(now);
        account.put(self.work.batch());
        self.tell_unified_session();
        self.emit_connection(ConnectionState::Online, None, None, None);
        if self.first_login {
            self.emit_first(PairingStage::FirstLogin);
        }
        let has_prekeys = self.account.as_ref().is_some_and(|account| account.server_has_prekeys);
        if has_prekeys || self.prekeys_paused() {
            self.go_active();
            Ok(())
        } else {
            self.provide_prekeys().await
        }
    }

    /// Tells the server that we are there for live traffic, the last duty before `ready`.
    pub(super) fn go_active(&mut self) {
        if !self.phase.online().is_some_and(|online| online.stage == LoginStage::LoggedIn) {
            return;
        }
        let node = build::set("passive").child(Node::new("active"));
        self.query(node, Waiter::Active, self.settings.iq_timeout);
        if self.account.as_ref().is_some_and(|account| account.server_has_prekeys) {
            self.check_keys();
            if let Some(online) = self.phase.online() {
                online.held_until = Some(self.clock.now().saturating_add(KEY_CHECK_HOLD));
            }
        }
        self.fetch_props();
    }

    /// The server took that. Should it not have, the session is of use all the same, as long as the server is there.
    pub(super) async fn active(&mut self) -> Result<(), SessionError> {
        let Some(online) = self.phase.online().filter(|online| online.stage == LoginStage::LoggedIn) else {
            return Ok(());
        };
        online.stage = LoginStage::Ready;
        let Some(account) = &self.account else { return Ok(()) };
        let ready = Ready {
            jid: account.jid.clone(),
            lid: Some(account.lid.clone()).filter(|lid| !lid.is_empty()),
            phone: account.phone().to_owned(),
            name: account.push_name.clone().map(Hidden::new),
            first_login: self.first_login,
        };
        if self.first_login {
            self.emit_first(PairingStage::Ready);
        }
        self.pairing = None;
        self.emit(0, ready);
        self.messages_online().await?;
        self.watch_signed_prekey().await
    }

    /// The server did not take that in time. Without its answer the session is of use, on a dead connection it is not.
    pub(super) fn ask_whether_alive(&mut self) {
        let waiter = Waiter::Alive { asked_at: self.clock.now() };
        self.query(build::get("w:p"), waiter, self.settings.keepalive.dead_after);
    }

    /// Nor did it answer that. The watch over the connection ends one on which nothing comes at all.
    pub(super) async fn nothing_answered(&mut self, asked_at: Millis) -> Result<(), SessionError> {
        match self.phase.online() {
            Some(online) if online.keepalive.has_received_since(asked_at) => self.active().await,
            _ => {
                self.ask_whether_alive();
                Ok(())
            }
        }
    }

    /// `<offline_preview count=…/>`: so many wait.
    pub(super) fn offline_announced(&mut self, count: u64) {
        self.log(LogLevel::Debug, "offline", || format!("{count} stanzas wait at the server"));
        let Some(online) = self.phase.online() else { return };
        online.offline_queue = OfflineQueue { left: count, ask_at: None };
        if count > 0 {
            self.ask_for_batch();
        }
    }

    /// One of the stanzas that waited has come.
    pub(super) fn offline_stanza(&mut self, node: NodeRef<'_>) {
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
    pub(super) fn offline_done(&mut self) {
        if let Some(online) = self.phase.online() {
            online.offline_queue = OfflineQueue::default();
        }
    }

    /// Asks for the next batch of what waits, if that is due.
    pub(super) fn ask_for_offline(&mut self, now: Millis) {
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
}
