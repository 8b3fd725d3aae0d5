//! The transitions: events that change the connection or the link, or that take the store for more than records.

use super::super::transport::TransportEvent;
use super::command::{Command, ConnectionGoal};
use super::dispatch::is_answer;
use super::state::{ConnectionPhase, LoopEvent};
use super::{Session, SessionError};
use crate::api::{CloseReason, ConnectionState, Error, LogLevel, Status};
use crate::pairing::OutcomeKind;
use crate::stanza::NodeRef;

impl Session {
    /// Carries out what the dispatch called a transition.
    pub(super) async fn transition(&mut self, event: LoopEvent) -> Result<(), SessionError> {
        match event {
            LoopEvent::Command(Some(command)) => self.command(command).await,
            // The client was dropped without being closed.
            LoopEvent::Command(None) => self.command(Command::Close).await,
            LoopEvent::Dialed(dialed) => self.dialed(dialed).await,
            LoopEvent::Received(Ok(TransportEvent::Stanza(stanza))) => self.stanza(stanza.root()).await,
            LoopEvent::Received(Ok(TransportEvent::Unreadable(_))) => Ok(()),
            LoopEvent::Received(Err(error)) => Err(error.into()),
            LoopEvent::Time => self.time_passed().await,
        }
    }

    async fn stanza(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        match node.tag() {
            "success" => self.logged_in(node).await,
            "ib" => self.ib_transition(node).await,
            "iq" if is_answer(node) => self.answer_transition(node).await,
            "iq" => {
                if !self.offer_to_pairing(node).await? {
                    self.log_unknown_iq();
                }
                Ok(())
            }
            "notification" => self.notification_transition(node).await,
            _ => Ok(()),
        }
    }

    pub(super) async fn command(&mut self, command: Command) -> Result<(), SessionError> {
        match command {
            Command::WishChanged => {
                let goal = self.core.host.shared.take_wish();
                if goal.disconnect {
                    self.wish_offline().await?;
                }
                if goal.connect {
                    self.wish_online().await?;
                }
                Ok(())
            }
            Command::Close => {
                self.core.goal = ConnectionGoal::Closed;
                Ok(())
            }
            Command::RequestCode { request, phone, code } => {
                self.pairing_request(request, |pairing, now, _| {
                    pairing.request_code(now, request, phone, code)
                })
                .await
            }
            Command::RequestQr { request } => {
                self.pairing_request(request, |pairing, now, _| pairing.request_qr(now, request)).await
            }
            Command::AnswerPasskey { request, assertion } => self.answer_passkey(request, &assertion).await,
            Command::ConfirmPasskey { request } => self.confirm_passkey(request).await,
            Command::Cancel { request } => {
                self.with_pairing(|pairing, now, rng| pairing.cancel(now, request, rng)).await?;
                self.cancel(request);
                Ok(())
            }
            Command::Logout { request } => self.logout(request).await,
            Command::Call { request, call } => call.handler.transition(self, request).await,
            #[cfg(test)]
            Command::Break => panic!("a test breaks the task"),
            Command::WorkDied => {
                let error = Error::plain(Status::PANIC);
                self.core.answer_broken_off(&error);
                self.close_because(CloseReason::Failed, Some(error));
                Ok(())
            }
            Command::Room => self.core.refill().await,
            Command::Derived(key) => {
                self.with_pairing(|pairing, now, rng| pairing.derived(now, &key, rng)).await.map(drop)
            }
            Command::PrekeysMade(made) => self.prekeys.made(&mut self.core, *made).await,
            Command::HistoryFetched(fetched) => {
                self.history.fetched(&mut self.core, fetched);
                Ok(())
            }
            Command::HistoryRead(step) => self.history.read(&mut self.core, step).await,
            Command::JobDone(line) => {
                self.core.log(LogLevel::Debug, "jobs", || line);
                Ok(())
            }
            Command::VersionLearned(learned) => self.version_learned(learned).await,
            // The dispatch has handled these.
            Command::Acknowledged | Command::LeaseRenewed { .. } | Command::Answered { .. } => Ok(()),
        }
    }

    async fn wish_online(&mut self) -> Result<(), SessionError> {
        self.core.goal = ConnectionGoal::Online;
        self.core.attempts.last_error = None;
        self.core.host.shared.set_wants_connection(true);
        match self.core.phase {
            // The host is at hand: no reason to sit out a wait.
            ConnectionPhase::Waiting { .. } => self.dial().await,
            ConnectionPhase::Offline => {
                let stagger = self.core.settings.stagger(&mut self.core.rng);
                if stagger == 0 {
                    return self.dial().await;
                }
                self.wait_for(stagger, "staggered_start", None);
                Ok(())
            }
            ConnectionPhase::Dialing(_) | ConnectionPhase::Online(_) => Ok(()),
        }
    }

    async fn wish_offline(&mut self) -> Result<(), SessionError> {
        let was_wanted =
            std::mem::replace(&mut self.core.goal, ConnectionGoal::Offline) == ConnectionGoal::Online;
        if matches!(self.core.phase, ConnectionPhase::Offline) {
            self.pairing_unreachable(OutcomeKind::NotConnected.into()).await?;
            if was_wanted {
                // A device that nobody links was told to be offline, and not for good: whoever waits for it can stop now.
                self.core.emit_connection(ConnectionState::Disconnected, Some("by_host"), None, None);
            }
            return Ok(());
        }
        let error = Error::new(Status::CONNECTION_LOST, "the connection was closed by wa_client_disconnect");
        self.connection_gone(&error).await?;
        self.pairing_unreachable(OutcomeKind::NotConnected.into()).await?;
        self.core.emit_connection(ConnectionState::Disconnected, Some("by_host"), None, None);
        Ok(())
    }
}
