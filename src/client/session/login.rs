//! From `<success>` to `ready`.

use super::super::clock::{Millis, unix_ms};
use super::features::{key_check, messages, presence, props};
use super::state::{LoginStage, Waiter};
use super::{Session, SessionError};
use crate::api::{ConnectionState, Hidden, PairingStage, Ready};
use crate::stanza::{Node, NodeRef, build};

/// The longest wait of a connection's first message for the key check. That comes right behind the answer that makes the session
/// ready.
const KEY_CHECK_HOLD: Millis = 5_000;

impl Session {
    pub(super) async fn logged_in(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        // A server may say it to a device that is not linked, and may say it twice: only the first to a linked one counts.
        let now = self.core.clock.now();
        let (Some(online), Some(account)) = (self.core.phase.online(), &mut self.core.account) else {
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
        self.core.attempts.count = 0;
        self.core.attempts.backoff.connected(now);
        account.put(self.core.work.batch());
        presence::announce_use(&mut self.core);
        self.core.emit_connection(ConnectionState::Online, None, None, None);
        if self.first_login {
            self.pairing.emit_first(&mut self.core, PairingStage::FirstLogin);
        }
        let has_prekeys = self.core.account.as_ref().is_some_and(|account| account.server_has_prekeys);
        if has_prekeys || self.prekeys.are_paused(&self.core) {
            self.go_active();
            Ok(())
        } else {
            self.prekeys.provide(&mut self.core).await
        }
    }

    /// Tells the server that we are there for live traffic, the last duty before `ready`.
    pub(super) fn go_active(&mut self) {
        if !self.core.phase.online().is_some_and(|online| online.stage == LoginStage::LoggedIn) {
            return;
        }
        let node = build::set("passive").child(Node::new("active"));
        self.core.query(node, Waiter::Active, self.core.settings.iq_timeout);
        if self.core.account.as_ref().is_some_and(|account| account.server_has_prekeys) {
            key_check::ask(&mut self.core);
            if let Some(online) = self.core.phase.online() {
                online.held_until = Some(self.core.clock.now().saturating_add(KEY_CHECK_HOLD));
            }
        }
        props::fetch(&mut self.core);
    }

    /// The server took that. Should it not have, the session is of use all the same, as long as the server is there.
    pub(super) async fn active(&mut self) -> Result<(), SessionError> {
        let Some(online) = self.core.phase.online().filter(|online| online.stage == LoginStage::LoggedIn)
        else {
            return Ok(());
        };
        online.stage = LoginStage::Ready;
        let Some(account) = &self.core.account else { return Ok(()) };
        let ready = Ready {
            jid: account.jid.clone(),
            lid: Some(account.lid.clone()).filter(|lid| !lid.is_empty()),
            phone: account.phone().to_owned(),
            name: account.push_name.clone().map(Hidden::new),
            first_login: self.first_login,
        };
        if self.first_login {
            self.pairing.emit_first(&mut self.core, PairingStage::Ready);
        }
        self.pairing.close();
        self.core.emit(0, ready);
        self.core.messaging.history_due = true;
        messages::online(&mut self.core).await?;
        self.signed_prekey.watch(&mut self.core).await
    }

    /// The server did not take that in time. Without its answer the session is of use, on a dead connection it is not.
    pub(super) fn ask_whether_alive(&mut self) {
        let waiter = Waiter::Alive { asked_at: self.core.clock.now() };
        self.core.query(build::get("w:p"), waiter, self.core.settings.keepalive.dead_after);
    }

    /// Nor did it answer that. The watch over the connection ends one on which nothing comes at all.
    pub(super) async fn nothing_answered(&mut self, asked_at: Millis) -> Result<(), SessionError> {
        match self.core.phase.online() {
            Some(online) if online.keepalive.has_received_since(asked_at) => self.active().await,
            _ => {
                self.ask_whether_alive();
                Ok(())
            }
        }
    }
}
