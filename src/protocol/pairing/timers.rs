//! The timers of all machines as one: which comes next, and what is done then.

use super::config::Millis;
use super::machine::{Connection, Pairing};
use super::outcome::OutcomeKind;
use crate::crypto::Random;

impl Pairing {
    /// Returns when [`handle_timeout`](Self::handle_timeout) is to be called next.
    pub fn next_deadline(&self) -> Option<Millis> {
        if self.confirmation.is_begun() {
            return self.confirmation.deadline();
        }
        let refs_until = match self.connection {
            Connection::Opening { refs_until } if self.needs_refs() => Some(refs_until),
            _ => None,
        };
        let hold_until = self.hold_until.filter(|_| self.has_held());
        [refs_until, hold_until, self.qr.deadline(), self.code.deadline(), self.passkey.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due. Calling it too early does no harm.
    pub fn handle_timeout(&mut self, now: Millis, rng: &mut dyn Random) {
        if self.confirmation.is_begun() {
            self.confirmation_timeout(now);
            return;
        }
        if let Connection::Opening { refs_until } = self.connection
            && refs_until <= now
            && self.needs_refs()
        {
            self.connection = Connection::Down;
            self.no_refs(now);
        }
        if self.hold_until.is_some_and(|until| until <= now) {
            self.hold_until = None;
            self.fail_held(&OutcomeKind::NotConnected.into());
        }
        let ended = self.passkey.timeout(&mut self.core, now);
        self.passkey_ended(now, ended, rng);
        let ended = self.code.timeout(&mut self.core, now);
        self.code_ended(now, ended, rng);
        if self.qr.advance(&mut self.core, now) {
            self.qr_exhausted(now);
        }
    }
}
