//! Events to the host.

use std::borrow::Cow;

use crate::api::{
    Body, Connection, ConnectionState, Error, Keep, Log, LogLevel, PairingMethod, PairingProgress,
    PairingStage, Restricted, Status,
};
use crate::client::clock::Millis;
use crate::client::server_text::one_line;
use crate::client::session::SessionError;
use crate::client::session::command::ConnectionGoal;
use crate::client::session::core::SessionCore;
use crate::store::Batch;

impl SessionCore {
    /// The connection's state, once for each change. It is final when the host has to ask for the next attempt.
    pub(in crate::client::session) fn emit_connection(
        &mut self,
        state: ConnectionState,
        reason: Option<&'static str>,
        error: Option<&Error>,
        retry_in: Option<Millis>,
    ) {
        self.host.shared.set_state(state);
        let is_given_up = match self.goal {
            ConnectionGoal::Online => false,
            // The host may have asked for the next one already: whoever waits for that must not be told that there is none.
            ConnectionGoal::Offline => !self.host.shared.wants_connection(),
            ConnectionGoal::Closed => true,
        };
        self.emit(
            0,
            Connection {
                state,
                reason: reason.map(Cow::Borrowed),
                status: error.map_or(Status::OK, |error| error.status),
                text: error.map(|error| Cow::Owned(error.text.clone())),
                is_final: state == ConnectionState::Disconnected && is_given_up,
                retryable: error.is_none_or(|error| error.retryable),
                retry_in_ms: retry_in.map(|wait| u32::try_from(wait).unwrap_or(u32::MAX)),
                attempt: self.attempts.count,
            },
        );
    }

    /// Tells a restriction; it stays in the store until it is acknowledged.
    pub(in crate::client::session) async fn emit_restricted(
        &mut self,
        restricted: Restricted,
    ) -> Result<(), SessionError> {
        self.emit_durably(vec![restricted.into()], Batch::new()).await
    }

    /// Emits an event at once, or after everything in the unit of work. A durable one goes by the unit of work, which stores it.
    pub(in crate::client::session) fn emit(&mut self, request: u64, body: impl Into<Body>) {
        let body = body.into();
        if self.work.is_empty() && body.keep() != Keep::Durable {
            self.host.sink.push(request, body);
        } else {
            self.work.emit(request, body);
        }
    }

    /// Stores durable events together with what `batch` does, then hands them to the host.
    pub(in crate::client::session) async fn emit_durably(
        &mut self,
        bodies: Vec<Body>,
        batch: Batch,
    ) -> Result<(), SessionError> {
        self.work.batch().append(batch);
        for body in bodies {
            self.work.emit(0, body);
        }
        self.commit().await
    }

    /// A step on the way of a pairing.
    pub(in crate::client::session) fn emit_progress(
        &mut self,
        request: u64,
        stage: PairingStage,
        method: PairingMethod,
    ) {
        self.emit(request, PairingProgress { stage, method, user_text: stage.user_text().into() });
    }

    /// A line of the log, if the host wants lines of that level.
    pub(in crate::client::session) fn log(
        &self,
        level: LogLevel,
        target: &'static str,
        text: impl FnOnce() -> String,
    ) {
        if self.settings.log_level.is_some_and(|wanted| level as u8 <= wanted as u8) {
            self.host.sink.push(0, Log { level, target: Cow::Borrowed(target), text: one_line(text()) });
        }
    }
}
