//! The end of a pairing: the server says that the phone has linked us.
//!
//! Its message is verified against the stored secret, stored as a whole, and only then answered; the server then closes the
//! connection and the next one logs in. One confirmation at a time, and none after a good one.

use super::config::Millis;
use super::identity::{self, IdentityError};
use super::machine::{Connection, Pairing};
use super::outcome::{Outcome, OutcomeKind};
use super::output::{Change, LinkedAccount, Method, Output, PairingEvent, SaveToken};
use super::stanzas::{self, PairSuccess};
use crate::crypto::Random;
use crate::proto::Message;
use crate::proto::companion::ClientPairingProps;
use crate::stanza::Node;

/// The progress of a confirmation.
pub(super) enum Confirmation {
    None,
    /// Verified; being stored. The flows stand still but are kept, to be answered.
    Saving {
        token: SaveToken,
        id: String,
        reply: Node,
        method: Method,
        account: Box<LinkedAccount>,
    },
    /// Answered; the server is to ask for the new connection until then.
    Signed {
        until: Millis,
    },
    /// Nothing is left to do.
    Finished,
}

/// The reason why a confirmation is refused.
enum ConfirmationRefusal {
    Identity(IdentityError),
    OtherAccount,
}

impl From<IdentityError> for ConfirmationRefusal {
    fn from(error: IdentityError) -> Self {
        Self::Identity(error)
    }
}

impl ConfirmationRefusal {
    fn reply(&self) -> (u32, &'static str) {
        match self {
            Self::Identity(error) => error.reply(),
            Self::OtherAccount => (500, "internal-error"),
        }
    }

    fn outcome(&self) -> Outcome {
        let kind = match self {
            Self::Identity(IdentityError::Malformed(_)) => OutcomeKind::ProtocolError,
            Self::Identity(IdentityError::WrongSecret) => OutcomeKind::WrongSecret,
            Self::Identity(IdentityError::BadSignature) => OutcomeKind::BadAccountSignature,
            Self::OtherAccount => OutcomeKind::RejectedLocally,
        };
        let outcome = Outcome::new(kind).at(super::Stage::Confirmation);
        match self {
            Self::Identity(error) => outcome.with_detail(&error.to_string()),
            Self::OtherAccount => outcome,
        }
    }
}

impl Confirmation {
    /// Returns whether a confirmation was verified, so that nothing else matters any more.
    pub(super) fn is_begun(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Returns whether the driver still has something to wait for.
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Self::Saving { .. } | Self::Signed { .. })
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        match self {
            Self::Signed { until } => Some(*until),
            _ => None,
        }
    }
}

impl Pairing {
    /// Verifies a confirmation. One that verifies is good whatever was being waited for: only who knows the stored secret
    /// can have made it, and a secret that must not be used any more is replaced when that is decided.
    pub(super) fn pair_success(&mut self, now: Millis, success: &PairSuccess, rng: &mut dyn Random) {
        if self.confirmation.is_begun() {
            return; // a replay
        }
        match self.verify(success, rng) {
            Ok((account, reply)) => {
                let method = if self.passkey.is_running() {
                    Method::Passkey
                } else if self.code.owns_secret() {
                    Method::Code
                } else {
                    Method::Qr
                };
                let token = self.core.save(Change::Account(account.clone()));
                let id = success.id.clone();
                self.confirmation = Confirmation::Saving { token, id, reply, method, account };
            }
            Err(refusal) => self.refuse(now, success, &refusal, rng),
        }
    }

    fn verify(
        &self,
        success: &PairSuccess,
        rng: &mut dyn Random,
    ) -> Result<(Box<LinkedAccount>, Node), ConfirmationRefusal> {
        let core = &self.core;
        let container = success.container.as_deref().ok_or(IdentityError::Malformed("no identity"))?;
        let signed = identity::accept(container, &core.adv, &core.identity, rng)?;
        let jid = success.jid.clone().filter(|jid| jid.is_pn() && jid.device != 0);
        let jid = jid.ok_or(IdentityError::Malformed("no device address"))?;
        if core.config.only_account.as_ref().is_some_and(|only| !only.jid().same_account(&jid)) {
            return Err(ConfirmationRefusal::OtherAccount);
        }
        let props = success.client_props.as_deref().and_then(|props| ClientPairingProps::decode(props).ok());
        let reply = stanzas::pair_device_sign(&success.id, &signed.reply, signed.key_index);
        let account = LinkedAccount {
            jid,
            lid: success.lid.clone().filter(|lid| lid.is_lid()),
            identity: signed.stored,
            account_key: signed.account_key,
            key_index: signed.key_index,
            business_name: success.business_name.clone(),
            platform: success.platform.clone(),
            adv_secret: core.adv.clone(),
            lid_migrated: props.map(|props| props.is_chat_db_lid_migrated()),
            server_time: success.time,
        };
        Ok((Box::new(account), reply))
    }

    /// Refuses a confirmation, and ends the flow that it was for. If it can be the late end of a code that was written off,
    /// or nobody was waiting for one, everything else lives on.
    fn refuse(
        &mut self,
        now: Millis,
        success: &PairSuccess,
        refusal: &ConfirmationRefusal,
        rng: &mut dyn Random,
    ) {
        self.core.send(stanzas::refusal(&success.id, refusal.reply()));
        let outcome = refusal.outcome();
        if outcome.kind == OutcomeKind::WrongSecret && self.code.was_written_off() {
            return;
        }
        if self.passkey.owns_secret() {
            let ended = self.passkey.end(&mut self.core, outcome);
            self.passkey_ended(now, ended, rng);
        } else if self.code.owns_secret() {
            let ended = self.code.end(&mut self.core, outcome);
            self.code_ended(now, ended, rng);
        } else if self.qr.is_shown() {
            let Some(request) = self.qr.request_id() else { return };
            let again = outcome.kind == OutcomeKind::WrongSecret && self.qr.take_round();
            self.core.replace_adv(rng);
            if again {
                self.core.setback(request, Method::Qr, outcome);
            } else {
                self.qr.close();
                self.core.failed(request, Method::Qr, outcome);
                self.forget_passkey_of_qr(now);
            }
        } else {
            return;
        }
        // The server has used up this connection's references.
        if self.is_outstanding() {
            return;
        }
        if self.wants_connection() {
            self.reconnect_for_refs(now);
        } else {
            self.connection = Connection::Down;
            self.qr.forget_refs();
            self.core.emit(Output::Disconnect);
        }
    }

    fn reconnect_for_refs(&mut self, now: Millis) {
        self.qr.lose_connection(&mut self.core);
        if self.wants_connection() {
            self.reconnect(now, 0);
        }
    }

    /// The link is stored: tell everybody, and the server first.
    pub(super) fn account_saved(&mut self, now: Millis, token: SaveToken) {
        match &self.confirmation {
            Confirmation::Saving { token: ours, .. } if *ours == token => {}
            _ => return,
        }
        let before = std::mem::replace(&mut self.confirmation, Confirmation::Finished);
        let Confirmation::Saving { reply, method, account, .. } = before else { return };
        let connected = self.connection != Connection::Down;
        if connected {
            self.core.send(reply);
        }
        let mut requests: Vec<u64> = self.open_requests().into_iter().map(|(request, _)| request).collect();
        if requests.is_empty() {
            requests.push(0);
        }
        for request in requests {
            self.core.event(PairingEvent::Linked { request, method, account: account.clone() });
        }
        self.core.emit(Output::Linked(account));
        self.forget_flows();
        if connected {
            let until = now.saturating_add(self.core.config.restart_timeout);
            self.confirmation = Confirmation::Signed { until };
        } else {
            self.log_in(); // unanswered, but one try costs nothing: the server says so if it disagrees
        }
    }

    /// Nothing was kept, so the link must not come about.
    pub(super) fn account_not_saved(&mut self, token: SaveToken, rng: &mut dyn Random) {
        match &self.confirmation {
            Confirmation::Saving { token: ours, .. } if *ours == token => {}
            _ => return,
        }
        let before = std::mem::replace(&mut self.confirmation, Confirmation::None);
        let Confirmation::Saving { id, method, .. } = before else { return };
        self.core.send(stanzas::refusal(&id, (500, "internal-error")));
        for (request, _) in self.open_requests() {
            self.core.failed(request, method, OutcomeKind::StorageError.into());
        }
        self.forget_flows();
        // The same confirmation, sent again, must not link after all.
        self.core.replace_adv(rng);
        self.connection = Connection::Down;
        self.core.emit(Output::Disconnect);
    }

    /// The connection is gone. True if a confirmation is under way and nothing else need be thought of.
    pub(super) fn confirmation_lost_connection(&mut self) -> bool {
        if matches!(self.confirmation, Confirmation::Signed { .. }) {
            self.log_in();
        }
        self.confirmation.is_begun()
    }

    pub(super) fn confirmation_timeout(&mut self, now: Millis) {
        if self.confirmation.deadline().is_some_and(|until| until <= now) {
            self.log_in();
        }
    }

    /// The server asks for the new connection. False if that is not about pairing.
    pub(super) fn restart(&mut self) -> bool {
        let expected = matches!(self.confirmation, Confirmation::Signed { .. });
        if expected {
            self.log_in();
        }
        expected
    }

    fn log_in(&mut self) {
        self.confirmation = Confirmation::Finished;
        self.connection = Connection::Down;
        self.core.emit(Output::Reconnect { login: true, after: 0 });
    }
}
