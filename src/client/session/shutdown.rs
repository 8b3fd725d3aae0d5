//! The end of a connection, of the link to the account, or of the client.

use std::time::Duration;

use super::super::clock::unix_ms;
use super::super::disconnect_reason::{DisconnectReason, NextAction, Reason, ReconnectDelay};
use super::super::status_mapping;
use super::super::transport::LinkError;
use super::command::{Command, ConnectionGoal};
use super::core::SessionCore;
use super::core::messaging_driver::Messaging;
use super::state::{ConnectionPhase, NoAnswer, Waiter};
use super::{Session, SessionError};
use crate::api::{
    Body, CloseReason, Closed, ConnectionState, Error, LogLevel, LoggedOut, LogoutReason, Restricted,
    RestrictionKind, RestrictionScope, Status,
};
use crate::pairing::{Outcome, OutcomeKind};
use crate::stanza::{Jid, Node, build};
use crate::store::records;
use crate::store::{Batch, StoreError};
use serde_json::json;

/// The longest wait for the server to confirm a logout. The user wants to be gone, with or without it.
const LOGOUT_LIMIT: u64 = 10_000;

/// The longest wait for the host's acknowledgement of the end of its session. A slower host is told again.
const DRAIN_LIMIT: Duration = Duration::from_millis(500);

/// The way in which the client ends.
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) reason: CloseReason,
    pub(super) error: Option<Error>,
}

impl Session {
    /// Work on the connection cannot go on. Trouble on the way is met by closing the client: there is nothing left to try.
    pub(super) async fn stopped(&mut self, stop: SessionError) {
        let dealt_with = match self.deal_with(stop).await {
            Ok(()) if !self.core.work.is_empty() => self.core.commit().await,
            done => done,
        };
        match dealt_with {
            Ok(()) => {}
            // The store is still as bad. There is nothing else to be done with a linked session: it stays what it was.
            Err(SessionError::Store(error)) if self.core.account.is_some() => self.stay_offline(&error).await,
            Err(again) => {
                let error = again.to_error();
                self.core.log(LogLevel::Error, "session", || format!("the session cannot go on: {error}"));
                self.close_because(CloseReason::Failed, Some(error));
            }
        }
    }

    /// The store failed: without a connection, nothing is asked of it until the host wants one again.
    async fn stay_offline(&mut self, error: &StoreError) {
        self.core.drop_work(error);
        let error = status_mapping::of_store(error);
        self.give_up_connecting();
        self.disconnect().await;
        self.core.answer_broken_off(&error);
        self.core.emit_connection(ConnectionState::Disconnected, Some("store"), Some(&error), None);
    }

    async fn deal_with(&mut self, stop: SessionError) -> Result<(), SessionError> {
        match stop {
            SessionError::Ended(ending) => self.ended(ending).await,
            SessionError::Broken(error) => self.broken(&error).await,
            SessionError::Store(StoreError::LeaseLost) => {
                self.lease_lost().await;
                Ok(())
            }
            SessionError::Store(error) => {
                // Nothing may be told to the server that is not on the disk, so the connection ends. The host may repair the
                // store and connect again.
                self.core.drop_work(&error);
                let error = status_mapping::of_store(&error);
                self.give_up_connecting();
                self.connection_gone(&error).await?;
                self.pairing_unreachable(OutcomeKind::StorageError.into()).await?;
                self.core.answer_broken_off(&error);
                self.core.emit_connection(ConnectionState::Disconnected, Some("store"), Some(&error), None);
                Ok(())
            }
        }
    }

    /// Closes the client: the session belongs to another process, and nothing of it may be sent or stored here any more.
    async fn lease_lost(&mut self) {
        let lost = StoreError::LeaseLost;
        self.core.drop_work(&lost);
        let error = status_mapping::of_store(&lost);
        self.give_up_connecting();
        self.disconnect().await;
        self.core.answer_broken_off(&error);
        self.close_because(CloseReason::Failed, Some(error));
    }

    /// The connection is gone: whoever waited for an answer on it learns that.
    pub(super) async fn connection_gone(&mut self, error: &Error) -> Result<(), SessionError> {
        self.core.attempts.last_error = Some(Box::new(error.clone()));
        let was_online = self.core.phase.online().is_some();
        for waiter in self.disconnect().await {
            if !matches!(waiter, Waiter::Pairing(_)) {
                self.unanswered(waiter, NoAnswer::Disconnected).await?;
            }
        }
        self.core.log(LogLevel::Debug, "connection", || format!("gone: {error}"));
        if was_online {
            self.with_pairing(|pairing, now, _| pairing.disconnected(now)).await?;
        }
        Ok(())
    }

    async fn broken(&mut self, error: &LinkError) -> Result<(), SessionError> {
        let refused = error.refuses_certificate();
        let error = error.to_error();
        self.connection_gone(&error).await?;
        if !error.retryable && self.core.account.is_none() {
            // A user waits in front of a screen, and the next attempt would end as this one.
            let kind = if refused { OutcomeKind::ServerNotTrusted } else { OutcomeKind::NotConnected };
            self.pairing_unreachable(Outcome::new(kind).with_detail(&error.text)).await?;
        }
        self.come_back(ReconnectDelay::BackOff, "broken", Some(&error)).await
    }

    async fn ended(&mut self, ending: DisconnectReason) -> Result<(), SessionError> {
        if ending.reason == Reason::ClientOutdated && self.core.settings.version.is_none() {
            return self.version_refused(&ending).await;
        }
        let error = ending.to_error();
        let reason = ending.reason.name();
        if let (NextAction::Wipe, Some(_)) = (ending.verdict, &self.core.account) {
            return self.link_gone(ending).await;
        }
        // Before anything is told: a host that hears of it may ask to connect again at once, and that must hold.
        if matches!(ending.verdict, NextAction::Stop | NextAction::Wipe) {
            self.give_up_connecting();
        }
        let registering = self.core.account.is_none();
        if registering && ending.verdict != NextAction::Reconnect(ReconnectDelay::AtOnce) {
            self.refused_to_pairing(&ending).await?;
        }
        self.connection_gone(&error).await?;
        if let Some(restricted) = restriction(&ending) {
            self.core.emit_restricted(restricted).await?;
        }
        match ending.verdict {
            NextAction::Reconnect(pace) => self.come_back(pace, reason, Some(&error)).await?,
            NextAction::Stop | NextAction::Wipe => {
                if registering && ending.verdict == NextAction::Wipe {
                    // The server does not want these keys: the next attempt comes with others.
                    self.forget_device().await?;
                }
                self.pairing_unreachable(OutcomeKind::NotConnected.into()).await?;
                self.core.emit_connection(ConnectionState::Disconnected, Some(reason), Some(&error), None);
            }
        }
        Ok(())
    }

    /// No connection is made before the host asks for one again; until then it cannot ask for a pairing either.
    fn give_up_connecting(&mut self) {
        // A client that is being closed stays so, also if its store fails meanwhile.
        if self.core.goal != ConnectionGoal::Closed {
            self.core.goal = ConnectionGoal::Offline;
        }
        self.core.host.shared.set_wants_connection(false);
    }

    /// Connects again, if that is wanted and something else has not begun to already.
    pub(super) async fn come_back(
        &mut self,
        pace: ReconnectDelay,
        reason: &'static str,
        error: Option<&Error>,
    ) -> Result<(), SessionError> {
        if !matches!(self.core.phase, ConnectionPhase::Offline) || self.core.goal == ConnectionGoal::Closed {
            return Ok(());
        }
        // The restart that the server asks for is part of a connection's life, not the loss of one. So is that with a newer version.
        let restart = [Reason::Restart, Reason::NewVersion].iter().any(|restart| restart.name() == reason);
        let wanted = self.core.goal == ConnectionGoal::Online
            && (self.core.settings.config.reconnect_auto() || restart);
        // A device that is not linked comes back only for a pairing: each connection of it is a registration.
        let useful = self.core.account.is_some() || self.pairing.wants_connection();
        if wanted && useful {
            self.wait(pace, reason, error);
            return Ok(());
        }
        if !wanted {
            self.give_up_connecting();
            self.pairing_unreachable(OutcomeKind::NotConnected.into()).await?;
        }
        self.core.emit_connection(ConnectionState::Disconnected, Some(reason), error, None);
        Ok(())
    }

    async fn forget_device(&mut self) -> Result<(), SessionError> {
        self.pairing.close();
        self.core.device = None;
        self.keep_limits().await?;
        self.core.store.commit(records::unlinked()).await?;
        Ok(())
    }

    /// The account no longer knows this device. Its keys are of no use any more.
    async fn link_gone(&mut self, ending: DisconnectReason) -> Result<(), SessionError> {
        let told = true;
        if let Some(request) = self.logging_out() {
            return self.logged_out(request, told).await;
        }
        let reason = match ending.reason {
            Reason::AccountLocked => LogoutReason::AccountLocked,
            Reason::AccountBanned => LogoutReason::AccountBanned,
            Reason::PhoneReset => LogoutReason::PhoneReset,
            _ if self.core.account.as_ref().is_some_and(|account| account.login_counter == 0) => {
                LogoutReason::LinkRevoked
            }
            _ => LogoutReason::ByPhone,
        };
        let error = ending.to_error();
        self.disconnect().await;
        self.core.answer_all(&error);
        // `logged_out` and `closed` tell of that, too.
        self.core.host.shared.set_state(ConnectionState::Disconnected);
        let mut bodies: Vec<Body> = restriction(&ending).map(Body::from).into_iter().collect();
        bodies.push(
            LoggedOut {
                reason,
                user_text: reason.user_text().into(),
                text: ending.text,
                may_be_listed: false,
            }
            .into(),
        );
        // Changes by messages are committed first, so that none of them comes after.
        self.core.commit().await?;
        self.keep_limits().await?;
        self.core.emit_durably(bodies, records::unlinked()).await?;
        self.forget_link();
        self.close_because(CloseReason::LoggedOut, None);
        Ok(())
    }

    pub(super) async fn logout(&mut self, request: u64) -> Result<(), SessionError> {
        let Some(account) = &self.core.account else {
            self.core.answer(request, Err(Status::NOT_LINKED.into()));
            return Ok(());
        };
        let own = account.jid.parse::<Jid>().ok();
        let remove =
            Node::new("remove-companion-device").attr_opt("jid", own).attr("reason", "user_initiated");
        let waiter = Waiter::Logout { request };
        let timeout = LOGOUT_LIMIT.min(self.core.settings.iq_timeout);
        if self.core.phase.is_logged_in() && self.core.query(build::set("md").child(remove), waiter, timeout)
        {
            return Ok(());
        }
        self.logged_out(request, false).await
    }

    /// The request of the host for a logout that the server has not confirmed yet.
    fn logging_out(&mut self) -> Option<u64> {
        let online = self.core.phase.online()?;
        online.pending.find(|waiter| match waiter {
            Waiter::Logout { request } => Some(*request),
            _ => None,
        })
    }

    /// Ends the link at the host's request. `told`: the server knows. Nothing of the session stays in the store, the event neither:
    /// a host that asked for this need not be told again. Every result comes before the event, as `closed` comes behind it.
    pub(super) async fn logged_out(&mut self, request: u64, told: bool) -> Result<(), SessionError> {
        self.disconnect().await;
        // Earlier changes are committed first, so that none of them comes after.
        self.core.commit().await?;
        self.keep_limits().await?;
        let mut batch = Batch::new();
        batch.erase_session();
        let reason = LogoutReason::ByHost;
        let body =
            LoggedOut { reason, user_text: reason.user_text().into(), text: None, may_be_listed: !told };
        self.core.store.commit(batch).await?;
        self.core.journal.forget();
        self.core.host.shared.set_state(ConnectionState::Disconnected);
        self.forget_link();
        self.core.answer_done(request, Ok(json!({})));
        self.core.answer_all(&Status::LOGGED_OUT.into());
        self.core.host.sink.push(0, body);
        self.close_because(CloseReason::LoggedOut, None);
        Ok(())
    }

    /// Erases everything without a word to the server.
    pub(super) async fn erase(&mut self, request: u64) -> Result<(), SessionError> {
        self.pairing.end(&mut self.core);
        self.disconnect().await;
        self.core.commit().await?;
        self.keep_limits().await?;
        let mut batch = Batch::new();
        batch.erase_session();
        self.core.store.commit(batch).await?;
        self.core.journal.forget();
        self.forget_link();
        self.core.answer_done(request, Ok(json!({})));
        self.close_because(CloseReason::ByHost, None);
        Ok(())
    }

    /// Keeps the limits of the account for when it is linked again.
    async fn keep_limits(&mut self) -> Result<(), SessionError> {
        if let Some(account) = &self.core.account {
            records::keep_account_limits(&self.core.store, account.phone(), unix_ms()).await?;
        }
        Ok(())
    }

    fn forget_link(&mut self) {
        self.core.account = None;
        self.core.device = None;
        self.pairing.close();
        self.core.messaging = Messaging::default();
        self.core.host.shared.set_linked(false);
    }

    pub(super) fn close_because(&mut self, reason: CloseReason, error: Option<Error>) {
        self.core.goal = ConnectionGoal::Closed;
        self.closing = Closing { reason, error };
    }

    /// The last words: every request is answered, the session is given back, and only then is the host told.
    pub(super) async fn finish(mut self) {
        self.core.host.shared.set_closed();
        if self.closing.error.is_none() {
            self.pairing.end(&mut self.core);
        }
        self.disconnect().await;
        if self.core.host.shared.state() != ConnectionState::Disconnected {
            let error = self.closing.error.clone();
            self.core.emit_connection(ConnectionState::Disconnected, Some("closed"), error.as_ref(), None);
        }
        if !self.core.messaging.kept.is_empty() {
            // There may be room again. If there is none, the store keeps what it has.
            drop(self.core.prepare_engine().await);
        }
        self.drain().await;
        self.core.answer_all(&Status::CLIENT_CLOSED.into());
        let Self { core, closing, .. } = self;
        let SessionCore { host, store, .. } = core;
        drop(store);
        let Closing { reason, error } = closing;
        let (status, text) = match error {
            Some(error) => (error.status, Some(error.text.into())),
            None => (Status::OK, None),
        };
        host.sink.close(Closed { reason, status, text });
    }

    /// Takes what the host still has to say. A durable event that ended the session, such as `logged_out`, it can only now have
    /// read: it gets a moment to acknowledge it while the store is open. Requests that were on their way are answered.
    async fn drain(&mut self) {
        if self.closing.reason == CloseReason::LoggedOut {
            let until = tokio::time::Instant::now() + DRAIN_LIMIT;
            // Nothing is looked for any more: each has to be told of.
            while self.core.host.shared.poll_acknowledged() {
                self.core.take_acknowledged();
            }
            while self.core.journal.awaits_acknowledgement() {
                match tokio::time::timeout_at(until, self.inbox.recv()).await {
                    Ok(Some(Command::Close) | None) | Err(_) => break,
                    Ok(Some(command)) => self.close_command(command),
                }
            }
        }
        self.inbox.close();
        while let Some(command) = self.inbox.recv().await {
            self.close_command(command);
        }
        if let Err(stop) = self.core.commit().await {
            // Acknowledged events will come again when the session is opened again.
            self.core.log(LogLevel::Warn, "store", || stop.to_error().to_string());
        }
    }

    /// The last that is done for a command when the client ends.
    pub(super) fn close_command(&mut self, command: Command) {
        if let Some((request, method)) = command.request() {
            self.core.requests.open(request, method, None);
        } else if let Command::Acknowledged = command {
            while self.core.host.shared.poll_acknowledged() {
                self.core.take_acknowledged();
            }
        }
    }
}

impl SessionError {
    pub(super) fn to_error(&self) -> Error {
        match self {
            Self::Ended(ending) => ending.to_error(),
            Self::Broken(error) => error.to_error(),
            Self::Store(error) => status_mapping::of_store(error),
        }
    }
}

/// The `restricted` event that belongs to an ending, if one does.
fn restriction(ending: &DisconnectReason) -> Option<Restricted> {
    let (kind, scope) = match ending.reason {
        Reason::TemporaryBan => (RestrictionKind::TemporaryBan, RestrictionScope::Account),
        Reason::AccountBanned => (RestrictionKind::AccountBanned, RestrictionScope::Account),
        Reason::AccountLocked => (RestrictionKind::AccountLocked, RestrictionScope::Account),
        Reason::ClientOutdated => (RestrictionKind::ClientOutdated, RestrictionScope::Client),
        Reason::VersionRefused => (RestrictionKind::VersionRefused, RestrictionScope::Account),
        Reason::RateLimited => (RestrictionKind::RateLimit, RestrictionScope::Connection),
        _ => return None,
    };
    Some(Restricted {
        kind,
        scope,
        starts_at_ms: None,
        ends_at_ms: ending.ends_at_ms(),
        code: ending.ban_code,
        user_text: match &ending.text {
            Some(words) => format!("{} ({words})", kind.user_text()).into(),
            None => kind.user_text().into(),
        },
    })
}
