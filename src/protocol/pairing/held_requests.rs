//! Requests that wait for a connection, or for the references that it is to offer.

use super::code_machine::CodeMachine;
use super::config::Millis;
use super::machine::{Connection, Pairing};
use super::outcome::{Outcome, OutcomeKind};
use super::output::{Method, Output};
use super::qr_machine::QrMachine;

/// Waiting times before the pairing service is tried again that offered nothing.
const REFS_RETRY_AFTER: [Millis; 2] = [10_000, 60_000];

impl Pairing {
    pub(super) fn qr_exhausted(&mut self, now: Millis) {
        let Some(request) = self.qr.request_id() else { return };
        let outstanding = self.is_outstanding();
        if self.qr.take_round() && !outstanding {
            self.core.setback(request, Method::Qr, OutcomeKind::QrExhausted.into());
            self.reconnect(now, 0);
        } else {
            self.qr.close();
            self.core.failed(request, Method::Qr, OutcomeKind::QrExhausted.into());
        }
    }

    /// The connection offered no pairing.
    pub(super) fn no_refs(&mut self, now: Millis) {
        self.qr.forget_refs();
        if !self.has_held() {
            return;
        }
        let outcome = Outcome::new(OutcomeKind::NoRefs);
        let tries = self.refs_tries as usize;
        if self.refs_tries >= self.core.config.refs_retries {
            self.refs_tries = 0;
            self.fail_held(&outcome);
            self.core.emit(Output::Disconnect);
            return;
        }
        self.refs_tries += 1;
        let after = REFS_RETRY_AFTER.get(tries).or(REFS_RETRY_AFTER.last()).copied().unwrap_or(0);
        for (request, method) in self.held_requests() {
            self.core.setback(request, method, outcome.clone().after(after));
        }
        self.reconnect(now, after);
    }

    pub(super) fn held_requests(&self) -> Vec<(u64, Method)> {
        let code = self.code.request_id().filter(|_| self.code.is_held()).map(|id| (id, Method::Code));
        let qr = self.qr.request_id().filter(|_| self.qr.is_held()).map(|id| (id, Method::Qr));
        code.into_iter().chain(qr).collect()
    }

    pub(super) fn fail_held(&mut self, outcome: &Outcome) {
        if self.code.is_held() {
            self.code.end(&mut self.core, outcome.clone());
        }
        if self.qr.is_held()
            && let Some(request) = self.qr.close()
        {
            self.core.failed(request, Method::Qr, outcome.clone());
        }
    }

    /// Every open request with the way it is being served.
    pub(super) fn open_requests(&self) -> Vec<(u64, Method)> {
        let code = self.code.request_id().map(|id| (id, Method::Code));
        let passkey = self.passkey.own_request().map(|id| (id, Method::Passkey));
        let qr = self.qr.request_id().map(|id| (id, Method::Qr));
        code.into_iter().chain(passkey).chain(qr).filter(|(id, _)| *id != 0).collect()
    }

    /// Drops every flow with its keys, without a word.
    pub(super) fn forget_flows(&mut self) {
        self.code = CodeMachine::default();
        self.qr = QrMachine::default();
        self.passkey.forget();
        self.hold_until = None;
    }

    /// A request waits for the connection; one is asked for if there is none.
    pub(super) fn hold(&mut self, now: Millis) {
        if self.connection == Connection::Down {
            self.reconnect(now, 0);
        }
    }

    /// Another registration connection, in place of this one if there is one.
    pub(super) fn reconnect(&mut self, now: Millis, after: Millis) {
        self.connection = Connection::Down;
        self.qr.forget_refs();
        let wait = after.saturating_add(self.core.config.connect_timeout);
        self.hold_until = Some(now.saturating_add(wait));
        self.core.emit(Output::Reconnect { login: false, after });
    }
}
