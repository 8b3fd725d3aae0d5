//! [`Pairing`]: the machines of code, QR, passkey and confirmation as one value, and what happens between them.
//!
//! Each machine knows its own steps; here is who may replace the ADV secret, what a lost connection means for all of them,
//! when another connection is wanted, and which timer comes next. The calling order is in the module above.

use std::fmt;

use super::PairingCode;
use super::code_machine::{self, CodeMachine};
use super::config::{Millis, PairingConfig, PairingKeys, PasskeyPolicy};
use super::context::Core;
use super::outcome::{Outcome, OutcomeKind};
use super::output::{DerivedKey, IqFailure, Method, Output, PairingEvent, ReplyTag, SaveToken};
use super::pair_success::Confirmation;
use super::passkey_machine::{self, PasskeyMachine, PasskeyRefusal};
use super::phone_number::PhoneNumber;
use super::qr_machine::QrMachine;
use super::stanzas::{self, PairingStanza};
use crate::crypto::Random;
use crate::stanza::{Jid, NodeRef, build};

/// The pairing of one device. See the [module](super) for the order of calls.
pub struct Pairing {
    pub(super) core: Core,
    pub(super) code: CodeMachine,
    pub(super) qr: QrMachine,
    pub(super) passkey: PasskeyMachine,
    pub(super) confirmation: Confirmation,
    pub(super) connection: Connection,
    /// When requests that wait for a connection are given up.
    pub(super) hold_until: Option<Millis>,
    /// Offers in a row that brought nothing.
    pub(super) refs_tries: u32,
    /// The stored secret belongs to a code that died with its connection. Its confirmation may still come, until the next
    /// offer of references.
    secret_of_lost_code: bool,
    previously_linked: bool,
}

/// The connection, as far as pairing cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    Down,
    /// Open; references are to come until then.
    Opening {
        refs_until: Millis,
    },
    /// Open, and pairing was offered.
    Ready,
}

impl Pairing {
    /// A device with these keys that is not linked. `previously_linked` says whether it ever was, which lets it prove that to
    /// an account that demands its passkey.
    pub fn new(config: PairingConfig, keys: PairingKeys, previously_linked: bool) -> Self {
        Self {
            core: Core::new(config, keys),
            code: CodeMachine::default(),
            qr: QrMachine::default(),
            passkey: PasskeyMachine::default(),
            confirmation: Confirmation::None,
            connection: Connection::Down,
            hold_until: None,
            refs_tries: 0,
            secret_of_lost_code: false,
            previously_linked,
        }
    }

    /// The next thing to do, if there is one.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.core.next_output()
    }

    /// Returns whether a connection is wanted at all: a request is open, or a link is being completed. Without one, a closed
    /// connection is better left closed than retried for ever.
    pub fn wants_connection(&self) -> bool {
        self.code.request_id().is_some()
            || self.qr.request_id().is_some()
            || self.passkey.is_running()
            || self.confirmation.is_running()
    }

    /// Returns whether the device is linked and this value has done its work: it can be dropped after its last output.
    pub fn is_finished(&self) -> bool {
        matches!(self.confirmation, Confirmation::Finished)
    }

    /// A registration connection is open, in place of any before.
    pub fn connected(&mut self, now: Millis) {
        if self.confirmation.is_begun() {
            return;
        }
        if self.connection != Connection::Down {
            self.lose_flows(); // the driver did not say that the one before had ended
        }
        self.code.forget_written_off();
        self.hold_until = None;
        let refs_until = now.saturating_add(self.core.config.refs_timeout);
        self.connection = Connection::Opening { refs_until };
    }

    /// The connection is closed. Nothing happens if it was not open, or was closed at this value's own wish.
    pub fn disconnected(&mut self, now: Millis) {
        let before = std::mem::replace(&mut self.connection, Connection::Down);
        if before == Connection::Down || self.confirmation_lost_connection() {
            return;
        }
        self.lose_flows();
        if matches!(before, Connection::Opening { .. }) {
            self.no_refs(now);
        } else if self.has_held() {
            self.reconnect(now, self.qr.back_off());
        }
    }

    /// The server refused the connection before it offered pairing, and the driver makes another at once. To be called in front of
    /// [`disconnected`](Self::disconnected), for which nothing is left then: what waits goes on waiting, without a word.
    pub fn made_again(&mut self) {
        if matches!(self.connection, Connection::Opening { .. }) {
            self.connection = Connection::Down;
        }
    }

    /// Ends the flows that lived on the lost connection. Requests that only wait go on waiting.
    fn lose_flows(&mut self) {
        if let code_machine::CodeEnd::Yes { owned: true } = self.code.lose_connection(&mut self.core) {
            self.secret_of_lost_code = true;
        }
        if let passkey_machine::PasskeyEnd::Yes { secret_used: true } =
            self.passkey.lose_connection(&mut self.core)
        {
            self.secret_of_lost_code = true;
        }
        self.qr.lose_connection(&mut self.core);
    }

    /// There will be no connection for the time being: the driver has given up, or was told to stay away. Everything open
    /// fails with this outcome, whether or not a connection is still open at the moment.
    pub fn unreachable(&mut self, outcome: Outcome) {
        if self.confirmation.is_begun() {
            return;
        }
        self.hold_until = None;
        self.refs_tries = 0;
        if let code_machine::CodeEnd::Yes { owned: true } = self.code.end(&mut self.core, outcome.clone()) {
            self.secret_of_lost_code = true;
        }
        let exchange = self.passkey.end_with_request(&mut self.core, outcome.clone());
        if let passkey_machine::PasskeyEnd::Yes { secret_used: true } = exchange {
            self.secret_of_lost_code = true;
        }
        if let Some(request) = self.qr.close() {
            self.core.failed(request, Method::Qr, outcome);
        }
    }

    /// Asks for a code for this number, or for the one the host chose. The limiter is asked first, by
    /// [`Output::Permit`].
    pub fn request_code(
        &mut self,
        now: Millis,
        request: u64,
        phone: PhoneNumber,
        custom: Option<PairingCode>,
    ) {
        let refused = if self.confirmation.is_begun() {
            Some(OutcomeKind::AlreadyLinked.into())
        } else if self.code.request_id().is_some() {
            Some(Outcome::new(OutcomeKind::CodeOutstanding).after(self.code.remaining(now)))
        } else if self.passkey.is_running() {
            Some(Outcome::new(OutcomeKind::CodeOutstanding).after(self.passkey.remaining(now)))
        } else {
            None
        };
        if let Some(outcome) = refused {
            self.core.failed(request, Method::Code, outcome);
            return;
        }
        self.code.open(request, phone, custom);
        if self.connection == Connection::Ready {
            self.code.offered(&mut self.core);
        } else {
            self.hold(now);
        }
    }

    /// Asks for QRs.
    pub fn request_qr(&mut self, now: Millis, request: u64) {
        let refused = if self.confirmation.is_begun() {
            Some(OutcomeKind::AlreadyLinked)
        } else if self.qr.request_id().is_some() {
            Some(OutcomeKind::QrOutstanding)
        } else if self.connection == Connection::Ready && !self.qr.has_current() && self.is_outstanding() {
            // All were shown, and others would cost the connection that a code lives on.
            Some(OutcomeKind::QrExhausted)
        } else {
            None
        };
        if let Some(kind) = refused {
            self.core.failed(request, Method::Qr, kind.into());
            return;
        }
        self.qr.open(&mut self.core, now, request);
        match self.connection {
            Connection::Ready if !self.qr.has_current() => self.reconnect(now, 0),
            Connection::Ready => {}
            Connection::Opening { .. } | Connection::Down => self.hold(now),
        }
    }

    /// Ends a request with `cancelled`. False if there is no such request, or if it is too late because the link is being
    /// stored already.
    pub fn cancel(&mut self, now: Millis, request: u64, rng: &mut dyn Random) -> bool {
        if request == 0 || self.confirmation.is_begun() {
            return false;
        }
        if self.code.request_id() == Some(request) {
            let ended = self.code.cancel(&mut self.core);
            self.code_ended(now, ended, rng);
        } else if self.passkey.own_request() == Some(request) {
            let ended = self.passkey.end(&mut self.core, OutcomeKind::Cancelled.into());
            self.passkey_ended(now, ended, rng);
        } else if self.qr.request_id() == Some(request) {
            self.cancel_qr(now, request, rng);
        } else {
            return false;
        }
        true
    }

    fn cancel_qr(&mut self, now: Millis, request: u64, rng: &mut dyn Random) {
        let shown = self.qr.is_shown();
        self.qr.close();
        self.core.failed(request, Method::Qr, OutcomeKind::Cancelled.into());
        self.forget_passkey_of_qr(now);
        if shown && !self.code.owns_secret() && !self.passkey.owns_secret() {
            // A scan of the picture from now on must not link us any more.
            self.core.replace_adv(rng);
        }
    }

    /// A passkey exchange that came from a QR ends with the QR's request, which has been answered.
    pub(super) fn forget_passkey_of_qr(&mut self, now: Millis) {
        if self.passkey.own_request().is_none() {
            self.passkey.forget();
            self.qr.resume(&mut self.core, now);
        }
    }

    /// Ends every request with `cancelled`, for a client that closes.
    pub fn close(&mut self) {
        for (request, method) in self.open_requests() {
            self.core.failed(request, method, OutcomeKind::Cancelled.into());
        }
        self.forget_flows();
        self.confirmation = Confirmation::Finished;
    }

    /// The limiter's answer to [`Output::Permit`]: go on, or wait so many milliseconds.
    pub fn permitted(&mut self, now: Millis, request: u64, answer: Result<(), Millis>, rng: &mut dyn Random) {
        if !self.confirmation.is_begun() {
            let ended = self.code.permitted(&mut self.core, now, request, answer, rng);
            self.code_ended(now, ended, rng);
        }
    }

    /// The host's passkey assertion, JSON. Events of the request that was linking report the result.
    pub fn answer_passkey(&mut self, json: &str) -> Result<(), PasskeyRefusal> {
        if self.confirmation.is_begun() {
            return Err(PasskeyRefusal::NotWaiting);
        }
        self.passkey.answer(&mut self.core, json)
    }

    /// The user has seen the same code on both screens.
    pub fn confirm_passkey(&mut self) -> Result<(), PasskeyRefusal> {
        if self.confirmation.is_begun() {
            return Err(PasskeyRefusal::NotWaiting);
        }
        self.passkey.confirm(&mut self.core)
    }

    /// A stanza from the server. False if it is none of pairing's business; then nothing was done with it, and a
    /// notification still needs its acknowledgement.
    pub fn handle_stanza(&mut self, now: Millis, node: &NodeRef<'_>, rng: &mut dyn Random) -> bool {
        let Some(incoming) = stanzas::read(node) else { return false };
        if self.connection == Connection::Down && !matches!(incoming, PairingStanza::Restart) {
            return false;
        }
        if node.tag() == "notification" {
            // First of all: what follows may take long.
            if let Some(ack) = build::ack(node) {
                self.core.send(ack);
            }
        }
        match incoming {
            PairingStanza::Restart => return self.restart(),
            PairingStanza::PairDevice { id, refs } => {
                self.core.send(build::result(Jid::server(), id));
                self.offered(now, refs, rng);
            }
            PairingStanza::PairSuccess(success) => self.pair_success(now, &success, rng),
            _ if self.confirmation.is_begun() => {}
            PairingStanza::PrimaryHello(hello) => self.code.primary_hello(&mut self.core, now, *hello),
            PairingStanza::RefreshCode { reference, force_manual } => {
                let ended = self.code.refresh_code(&mut self.core, &reference, force_manual);
                self.code_ended(now, ended, rng);
            }
            PairingStanza::RegRefresh => {
                if !self.code.owns_secret() && !self.passkey.owns_secret() {
                    self.secret_of_lost_code = false;
                    self.core.replace_adv(rng);
                    self.qr.render_again(&mut self.core, now);
                }
            }
            PairingStanza::PasskeyRequest { options } => self.passkey_demanded(now, options, rng),
            PairingStanza::Continuation { identity } => {
                let ended = self.passkey.continuation(&mut self.core, identity.as_deref());
                self.passkey_ended(now, ended, rng);
            }
            PairingStanza::Downgrade => {
                if let Some(request) = self.qr.request_id() {
                    let outcome = OutcomeKind::PhoneWithoutMultidevice.into();
                    self.core.event(PairingEvent::PhoneTooOld { request, outcome });
                }
            }
            PairingStanza::Success | PairingStanza::Incomplete => {}
        }
        true
    }

    /// The answer to a query. An iq of type `error` may come as either form.
    pub fn handle_reply(
        &mut self,
        now: Millis,
        tag: ReplyTag,
        reply: Result<NodeRef<'_>, IqFailure>,
        rng: &mut dyn Random,
    ) {
        if self.confirmation.is_begun() {
            return;
        }
        let reply = reply.and_then(stanzas::result_of);
        let ended = self.code.reply(&mut self.core, now, tag, &reply);
        self.code_ended(now, ended, rng);
        let ended = self.passkey.reply(&mut self.core, now, tag, &reply, rng);
        self.passkey_ended(now, ended, rng);
    }

    /// The result of a [`Output::Derive`].
    pub fn derived(&mut self, now: Millis, derived: &DerivedKey, rng: &mut dyn Random) {
        if !self.confirmation.is_begun() {
            let ended = self.code.derived(&mut self.core, now, derived, rng);
            self.code_ended(now, ended, rng);
        }
    }

    /// An [`Output::Save`] is durable.
    pub fn saved(&mut self, now: Millis, token: SaveToken) {
        if self.confirmation.is_begun() {
            self.account_saved(now, token);
        } else if self.code.saved(&mut self.core, token) || self.passkey.saved(&mut self.core, token) {
            // A QR on the screen was made from the secret before.
            self.secret_of_lost_code = false;
            self.qr.render_again(&mut self.core, now);
        }
    }

    /// An [`Output::Save`] failed; nothing of it was kept.
    pub fn save_failed(&mut self, now: Millis, token: SaveToken, rng: &mut dyn Random) {
        if self.confirmation.is_begun() {
            self.account_not_saved(token, rng);
            return;
        }
        let ended = self.code.save_failed(&mut self.core, token);
        self.code_ended(now, ended, rng);
        let ended = self.passkey.save_failed(&mut self.core, token);
        self.passkey_ended(now, ended, rng);
    }

    /// Returns whether a flow lives on this connection that must not lose it.
    pub(super) fn is_outstanding(&self) -> bool {
        self.code.is_outstanding() || self.passkey.is_running() || self.confirmation.is_begun()
    }

    /// Returns whether a request waits for references and nothing else lives on the connection.
    pub(super) fn needs_refs(&self) -> bool {
        self.has_held() && !self.is_outstanding()
    }

    pub(super) fn has_held(&self) -> bool {
        self.code.is_held() || self.qr.is_held()
    }

    /// References have come: the connection is good for pairing.
    fn offered(&mut self, now: Millis, refs: Vec<String>, rng: &mut dyn Random) {
        if self.confirmation.is_begun() || refs.is_empty() {
            return;
        }
        self.connection = Connection::Ready;
        self.refs_tries = 0;
        if std::mem::take(&mut self.secret_of_lost_code)
            && !self.code.owns_secret()
            && !self.passkey.owns_secret()
        {
            self.core.replace_adv(rng);
        }
        self.qr.offer(&mut self.core, now, refs);
        self.code.offered(&mut self.core);
    }

    fn passkey_demanded(&mut self, now: Millis, options: Option<String>, rng: &mut dyn Random) {
        if self.core.config.passkey == PasskeyPolicy::Refuse {
            let outcome = Outcome::new(OutcomeKind::PasskeyRequired);
            let ended = self.code.end(&mut self.core, outcome.clone());
            self.code_ended(now, ended, rng);
            if let Some(request) = self.qr.close() {
                self.core.failed(request, Method::Qr, outcome);
            }
            return;
        }
        let code = self.code.take();
        let qr = self.qr.request_id();
        self.qr.pause();
        self.passkey.begin(&mut self.core, now, options, code, qr, self.previously_linked);
    }

    /// Follows up the end of a code: a secret that was its own is replaced, and the QR with it.
    pub(super) fn code_ended(&mut self, now: Millis, ended: code_machine::CodeEnd, rng: &mut dyn Random) {
        if let code_machine::CodeEnd::Yes { owned: true } = ended {
            self.core.replace_adv(rng);
            self.qr.render_again(&mut self.core, now);
        }
    }

    /// Follows up the end of a passkey exchange: QRs go on, with a secret that is not the exchange's.
    pub(super) fn passkey_ended(
        &mut self,
        now: Millis,
        ended: passkey_machine::PasskeyEnd,
        rng: &mut dyn Random,
    ) {
        if let passkey_machine::PasskeyEnd::Yes { secret_used } = ended {
            if secret_used {
                self.core.replace_adv(rng);
            }
            self.qr.resume(&mut self.core, now);
        }
    }
}

impl fmt::Debug for Pairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pairing")
            .field("connection", &self.connection)
            .field("requests", &self.open_requests())
            .finish_non_exhaustive()
    }
}
