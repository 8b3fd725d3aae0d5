//! Pairing as the session sees it: what the connection and the host mean for it.

use serde_json::json;

use super::super::clock::Millis;
use super::super::disconnect_reason::{DisconnectReason, Reason};
use super::super::utc;
use super::command::ConnectionGoal;
use super::features::pairing::ConnectionStep;
use super::state::{ConnectionPhase, Waiter};
use super::{Session, SessionError};
use crate::api::{ConnectionState, Error, Status};
use crate::crypto::Random;
use crate::pairing::{Outcome, OutcomeKind, Pairing, PasskeyRefusal};
use crate::stanza::NodeRef;

impl Session {
    /// Calls the pairing machines, if there are any, and does what they ask for.
    pub(super) async fn with_pairing<T>(
        &mut self,
        call: impl FnOnce(&mut Pairing, Millis, &mut dyn Random) -> T,
    ) -> Result<Option<T>, SessionError> {
        let answer = self.pairing.call(&mut self.core, call);
        while let Some(step) = self.pairing.carry_out(&mut self.core).await? {
            self.take_step(step).await?;
        }
        Ok(answer)
    }

    /// A request of the host for a code or a QR: connects if need be.
    pub(super) async fn pairing_request(
        &mut self,
        request: u64,
        call: impl FnOnce(&mut Pairing, Millis, &mut dyn Random),
    ) -> Result<(), SessionError> {
        if self.core.account.is_some() {
            self.core.answer(request, Err(Status::ALREADY_LINKED.into()));
            return Ok(());
        }
        self.pairing.prepare(&mut self.core).await?;
        if matches!(self.core.phase, ConnectionPhase::Offline) && self.core.goal == ConnectionGoal::Online {
            self.dial().await?;
        }
        self.with_pairing(call).await?;
        if self.core.goal != ConnectionGoal::Online {
            // The connection was given up while the request was on its way.
            self.pairing_unreachable(OutcomeKind::NotConnected.into()).await?;
        }
        Ok(())
    }

    pub(super) async fn connected_to_pairing(&mut self) -> Result<(), SessionError> {
        if self.core.account.is_some() {
            return Ok(());
        }
        self.pairing.prepare(&mut self.core).await?;
        self.with_pairing(|pairing, now, _| pairing.connected(now)).await.map(drop)
    }

    /// Shows the machines a stanza. True if it was theirs; then nothing is left to be done with it.
    pub(super) async fn offer_to_pairing(&mut self, node: NodeRef<'_>) -> Result<bool, SessionError> {
        let taken = self.with_pairing(|pairing, now, rng| pairing.handle_stanza(now, &node, rng)).await?;
        Ok(taken.unwrap_or(false))
    }

    /// The server refused the connection as such, which ends every pairing that waits on it.
    pub(super) async fn refused_to_pairing(&mut self, ending: &DisconnectReason) -> Result<(), SessionError> {
        let kind = match ending.reason {
            Reason::TemporaryBan => OutcomeKind::TemporarilyBanned,
            Reason::AccountLocked => OutcomeKind::AccountLocked,
            Reason::AccountBanned => OutcomeKind::AccountBanned,
            Reason::ClientOutdated => OutcomeKind::ClientOutdated,
            Reason::VersionRefused => OutcomeKind::VersionRefused,
            Reason::BadUserAgent => OutcomeKind::BadUserAgent,
            Reason::Unauthorized | Reason::Rejected | Reason::DeviceRemoved => OutcomeKind::Rejected,
            Reason::Replaced => OutcomeKind::Replaced,
            _ => return Ok(()),
        };
        let outcome = Outcome::new(kind);
        let outcome = match (ending.code, ending.expires_in_s) {
            (_, Some(seconds)) => outcome.after(seconds.saturating_mul(1000)),
            (Some(code), None) => outcome.with_code(code),
            (None, None) => outcome,
        };
        let outcome = match ending.ends_at_ms() {
            Some(end) => outcome.with_detail(&format!("until {}", utc::moment(end))),
            None => outcome,
        };
        self.pairing_unreachable(outcome).await
    }

    /// No connection will be made for the time being.
    pub(super) async fn pairing_unreachable(&mut self, outcome: Outcome) -> Result<(), SessionError> {
        self.with_pairing(|pairing, _, _| pairing.unreachable(outcome)).await.map(drop)
    }

    pub(super) async fn answer_passkey(&mut self, request: u64, assertion: &str) -> Result<(), SessionError> {
        let done = self.with_pairing(|pairing, _, _| pairing.answer_passkey(assertion)).await?;
        self.passkey_answered(request, done);
        Ok(())
    }

    pub(super) async fn confirm_passkey(&mut self, request: u64) -> Result<(), SessionError> {
        let done = self.with_pairing(|pairing, _, _| pairing.confirm_passkey()).await?;
        self.passkey_answered(request, done);
        Ok(())
    }

    /// The step was taken in; what comes of it is told by the pairing request that led to it.
    fn passkey_answered(&mut self, request: u64, done: Option<Result<(), PasskeyRefusal>>) {
        let answer = match done.unwrap_or(Err(PasskeyRefusal::NotWaiting)) {
            Ok(()) => Ok(json!({})),
            Err(error @ PasskeyRefusal::NotWaiting) => {
                Err(Error::new(Status::INVALID_STATE, error.to_string()))
            }
            Err(error @ PasskeyRefusal::Assertion(_)) => {
                Err(Error::new(Status::INVALID_JSON, error.to_string()))
            }
        };
        self.core.answer(request, answer);
    }

    /// The machines know that their queries end with the connection; other waiters are told.
    async fn disconnect_for_pairing(&mut self) {
        for waiter in self.disconnect().await {
            if let Waiter::Call { request, .. } = waiter {
                self.core.answer(request, Err(Status::CONNECTION_LOST.into()));
            }
        }
    }

    /// Does with the connection what the machines ask for.
    async fn take_step(&mut self, step: ConnectionStep) -> Result<(), SessionError> {
        let (login, after) = match step {
            ConnectionStep::Reconnect { login, after } => (login, after),
            ConnectionStep::Disconnect => {
                self.disconnect_for_pairing().await;
                let (state, reason) = (ConnectionState::Disconnected, Some("nothing_to_pair"));
                self.core.emit_connection(state, reason, None, None);
                return Ok(());
            }
        };
        if self.core.goal != ConnectionGoal::Online {
            self.pairing.call(&mut self.core, |pairing, _, _| {
                pairing.unreachable(OutcomeKind::NotConnected.into());
            });
            return Ok(());
        }
        let is_on_its_way =
            matches!(self.core.phase, ConnectionPhase::Dialing(_) | ConnectionPhase::Waiting { .. });
        if is_on_its_way && !login {
            return Ok(());
        }
        self.disconnect_for_pairing().await;
        if after == 0 {
            return self.dial().await;
        }
        self.wait_for(after, "pairing", None);
        Ok(())
    }
}
