//! The exchange about a passkey, which some accounts demand of new devices.
//!
//! The server's challenge goes out to the host and its assertion comes in, perhaps minutes later; then keys are exchanged
//! with the phone, and unless we can prove to have been a device of the account before, the user compares a code on both
//! screens. The exchange makes its own ADV secret and holds it until just before the sealed request is sent.
//!
//! Main type: [`PasskeyMachine`].

use super::config::Millis;
use super::context::Core;
use super::outcome::{Outcome, OutcomeKind};
use super::output::{Change, IqFailure, Method, PairingEvent, PasskeyOptions, ReplyTag, SaveToken};
use super::passkey_crypto::{
    Assertion, AssertionError, CompanionExchange, PairedKeys, PasskeySession, PrimaryPart, handoff_key,
    handoff_proof, options_timeout,
};
use super::stanzas;
use crate::crypto::{Random, Secret, random_array};
use crate::stanza::NodeRef;

/// Longest time a challenge can ask for.
const MAX_TIMEOUT: Millis = 3_600_000;
/// The longest time for the server to answer a step.
const STEP_TIMEOUT: Millis = 30_000;

/// The reason why the host's word was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyRefusal {
    /// Nothing of the kind is being waited for.
    #[error("no passkey step is waiting for this")]
    NotWaiting,
    /// The assertion cannot be used; the challenge still stands.
    #[error(transparent)]
    Assertion(#[from] AssertionError),
}

#[derive(Default)]
pub(super) struct PasskeyMachine {
    exchange: Option<Exchange>,
}

struct Exchange {
    /// The request it serves; 0 if none.
    request: u64,
    /// Set if the request was for a code, which ended when the exchange began.
    from_code: bool,
    /// Set if the stored secret is of no use once the exchange has failed.
    secret_used: bool,
    /// When the exchange is given up.
    until: Millis,
    /// Proves to have been a device of the account before, for a while.
    handoff: Option<(Secret<32>, Millis)>,
    step: Step,
}

enum Step {
    Fetching {
        tag: ReplyTag,
    },
    Wanted,
    AskingRef {
        tag: ReplyTag,
        assertion: Assertion,
    },
    /// The prologue was sent; its answer and the phone's part may come in any order.
    Prologue {
        tag: ReplyTag,
        open: Box<PasskeyExchange>,
        answered: bool,
        part: Option<PrimaryPart>,
    },
    Nonce {
        tag: ReplyTag,
        session: PasskeySession,
        open: Box<PasskeyExchange>,
    },
    /// The user compares.
    Comparing {
        session: PasskeySession,
        open: Box<PasskeyExchange>,
    },
    Saving {
        token: SaveToken,
        secret: Secret<32>,
        sealed: Vec<u8>,
    },
    Sealed {
        tag: ReplyTag,
    },
}

/// An exchange that has begun.
struct PasskeyExchange {
    exchange: CompanionExchange,
    /// The secret that the phone will be told.
    secret: Secret<32>,
    iv: [u8; 12],
    /// Set if the proof was sent, so that nobody need compare.
    proven: bool,
}

/// The end of the exchange, if it ended.
pub(super) enum PasskeyEnd {
    No,
    Yes {
        /// The stored secret must be replaced.
        secret_used: bool,
    },
}

impl PasskeyMachine {
    pub(super) fn is_running(&self) -> bool {
        self.exchange.is_some()
    }

    /// The request that became this exchange; none if it serves a QR request, which lives beside it.
    pub(super) fn own_request(&self) -> Option<u64> {
        self.exchange.as_ref().filter(|exchange| exchange.from_code).map(|exchange| exchange.request)
    }

    /// Returns whether the stored secret is this exchange's.
    pub(super) fn owns_secret(&self) -> bool {
        matches!(self.exchange, Some(Exchange { step: Step::Saving { .. } | Step::Sealed { .. }, .. }))
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        let exchange = self.exchange.as_ref()?;
        let handoff = exchange.handoff.as_ref().map(|(_, until)| *until);
        Some(handoff.map_or(exchange.until, |until| until.min(exchange.until)))
    }

    pub(super) fn remaining(&self, now: Millis) -> Millis {
        self.exchange.as_ref().map_or(0, |exchange| exchange.until.saturating_sub(now))
    }

    /// The server demands the passkey. A second demand starts over, for the same request.
    pub(super) fn begin(
        &mut self,
        core: &mut Core,
        now: Millis,
        options: Option<String>,
        code: Option<(u64, bool)>,
        qr: Option<u64>,
        previously_linked: bool,
    ) {
        let mut secret_used = code.is_some_and(|(_, owned)| owned);
        let (mut request, mut from_code) = match (code, qr) {
            (Some((request, _)), _) => (request, true),
            (None, qr) => (qr.unwrap_or(0), false),
        };
        if let Some(before) = self.exchange.take() {
            secret_used |= before.secret_used;
            if before.from_code {
                (request, from_code) = (before.request, true);
            }
        }
        // Without having been linked before, the comparison of codes is what protects the user: no proof then.
        let handoff =
            previously_linked.then(|| (handoff_key(&core.adv), now.saturating_add(core.config.handoff_ttl)));
        let until = now.saturating_add(core.config.passkey_timeout);
        let mut exchange = Exchange { request, from_code, secret_used, until, handoff, step: Step::Wanted };
        match options {
            Some(options) => exchange.want(core, now, options),
            None => {
                exchange.step =
                    Step::Fetching { tag: core.query(stanzas::get_passkey_options(), STEP_TIMEOUT) };
            }
        }
        self.exchange = Some(exchange);
    }

    /// The host's assertion.
    pub(super) fn answer(&mut self, core: &mut Core, json: &str) -> Result<(), PasskeyRefusal> {
        match &mut self.exchange {
            Some(exchange) if matches!(exchange.step, Step::Wanted) => {
                let assertion = Assertion::parse(json)?;
                let tag = core.query(stanzas::get_ref(), STEP_TIMEOUT);
                exchange.step = Step::AskingRef { tag, assertion };
                Ok(())
            }
            _ => Err(PasskeyRefusal::NotWaiting),
        }
    }

    /// The user has compared the codes.
    pub(super) fn confirm(&mut self, core: &mut Core) -> Result<(), PasskeyRefusal> {
        match &mut self.exchange {
            Some(exchange) if matches!(exchange.step, Step::Comparing { .. }) => {
                if let Step::Comparing { session, open } = std::mem::replace(&mut exchange.step, Step::Wanted)
                {
                    exchange.seal(core, &session, &open);
                }
                Ok(())
            }
            _ => Err(PasskeyRefusal::NotWaiting),
        }
    }

    pub(super) fn reply(
        &mut self,
        core: &mut Core,
        now: Millis,
        tag: ReplyTag,
        reply: &Result<NodeRef<'_>, IqFailure>,
        rng: &mut dyn Random,
    ) -> PasskeyEnd {
        let Some(exchange) = &mut self.exchange else { return PasskeyEnd::No };
        let name = match &exchange.step {
            Step::Fetching { tag: ours } if *ours == tag => "options",
            Step::AskingRef { tag: ours, .. } if *ours == tag => "reference",
            Step::Prologue { tag: ours, .. } if *ours == tag => "prologue",
            Step::Nonce { tag: ours, .. } if *ours == tag => "nonce",
            Step::Sealed { tag: ours } if *ours == tag => "request",
            _ => return PasskeyEnd::No,
        };
        let reply = match reply {
            Ok(reply) => reply,
            Err(failure) => {
                let outcome = failed(name);
                return self.end(
                    core,
                    match failure {
                        IqFailure::Error { code, .. } => outcome.with_code(*code),
                        IqFailure::Timeout | IqFailure::Disconnected => outcome,
                    },
                );
            }
        };
        match std::mem::replace(&mut exchange.step, Step::Wanted) {
            Step::Fetching { .. } => match stanzas::child_text(reply, "passkey_request_options") {
                Some(options) => exchange.want(core, now, options),
                None => return self.end(core, failed("options")),
            },
            Step::AskingRef { assertion, .. } => match stanzas::child_text(reply, "ref") {
                Some(reference) => exchange.open(core, now, reference, &assertion, rng),
                None => return self.end(core, failed("reference")),
            },
            Step::Prologue { tag, open, part, .. } => {
                exchange.step = Step::Prologue { tag, open, answered: true, part };
                return self.meet(core);
            }
            Step::Nonce { session, open, .. } if open.proven => exchange.seal(core, &session, &open),
            Step::Nonce { session, open, .. } => {
                core.event(PairingEvent::PasskeyCode {
                    request: exchange.request,
                    code: session.verification_code().clone(),
                    expires_in: exchange.until.saturating_sub(now),
                });
                exchange.step = Step::Comparing { session, open };
            }
            step @ (Step::Sealed { .. } | Step::Saving { .. } | Step::Comparing { .. } | Step::Wanted) => {
                exchange.step = step;
            }
        }
        PasskeyEnd::No
    }

    /// The phone's part. Out of turn it is ignored; a malformed one ends the exchange.
    pub(super) fn continuation(&mut self, core: &mut Core, identity: Option<&[u8]>) -> PasskeyEnd {
        let Some(Exchange { step: Step::Prologue { part, .. }, .. }) = &mut self.exchange else {
            return PasskeyEnd::No;
        };
        if part.is_some() {
            return PasskeyEnd::No;
        }
        *part = identity.and_then(PrimaryPart::decode);
        if part.is_none() {
            return self.end(core, failed("continuation"));
        }
        self.meet(core)
    }

    /// Goes on when both the answer to the prologue and the phone's part are there.
    fn meet(&mut self, core: &mut Core) -> PasskeyEnd {
        let Some(exchange) = &mut self.exchange else { return PasskeyEnd::No };
        let Step::Prologue { open, answered: true, part: Some(part), .. } = &exchange.step else {
            return PasskeyEnd::No;
        };
        let Ok(session) = open.exchange.meet(part) else { return self.end(core, failed("continuation")) };
        let tag = core.query(stanzas::companion_nonce(open.exchange.nonce()), STEP_TIMEOUT);
        if let Step::Prologue { open, .. } = std::mem::replace(&mut exchange.step, Step::Wanted) {
            exchange.step = Step::Nonce { tag, session, open };
        }
        PasskeyEnd::No
    }

    /// A save has succeeded. True if the stored secret is now this exchange's.
    pub(super) fn saved(&mut self, core: &mut Core, token: SaveToken) -> bool {
        let Some(exchange) = &mut self.exchange else { return false };
        match std::mem::replace(&mut exchange.step, Step::Wanted) {
            Step::Saving { token: ours, secret, sealed } if ours == token => {
                core.adv = secret;
                exchange.secret_used = true;
                let tag = core.query(stanzas::encrypted_pairing_request(sealed), STEP_TIMEOUT);
                exchange.step = Step::Sealed { tag };
                true
            }
            step => {
                exchange.step = step;
                false
            }
        }
    }

    pub(super) fn save_failed(&mut self, core: &mut Core, token: SaveToken) -> PasskeyEnd {
        match &self.exchange {
            Some(Exchange { step: Step::Saving { token: ours, .. }, .. }) if *ours == token => {
                self.end(core, OutcomeKind::StorageError.into())
            }
            _ => PasskeyEnd::No,
        }
    }

    pub(super) fn timeout(&mut self, core: &mut Core, now: Millis) -> PasskeyEnd {
        let Some(exchange) = &mut self.exchange else { return PasskeyEnd::No };
        if exchange.handoff.as_ref().is_some_and(|(_, until)| *until <= now) {
            exchange.handoff = None;
        }
        if exchange.until <= now {
            self.end(core, OutcomeKind::PasskeyTimeout.into())
        } else {
            PasskeyEnd::No
        }
    }

    pub(super) fn lose_connection(&mut self, core: &mut Core) -> PasskeyEnd {
        self.end(core, failed("connection"))
    }

    /// Ends it. A request for a code ends with it; one for a QR goes on.
    pub(super) fn end(&mut self, core: &mut Core, outcome: Outcome) -> PasskeyEnd {
        let Some(exchange) = self.exchange.take() else { return PasskeyEnd::No };
        if exchange.from_code {
            core.failed(exchange.request, Method::Passkey, outcome);
        } else {
            core.setback(exchange.request, Method::Passkey, outcome);
        }
        PasskeyEnd::Yes { secret_used: exchange.secret_used }
    }

    /// Ends it where the QR request it may serve is about to end, too, and is told so by others.
    pub(super) fn end_with_request(&mut self, core: &mut Core, outcome: Outcome) -> PasskeyEnd {
        if self.own_request().is_some() {
            return self.end(core, outcome);
        }
        match self.exchange.take() {
            Some(exchange) => PasskeyEnd::Yes { secret_used: exchange.secret_used },
            None => PasskeyEnd::No,
        }
    }

    /// Forgets it without a word.
    pub(super) fn forget(&mut self) {
        self.exchange = None;
    }
}

impl Exchange {
    fn want(&mut self, core: &mut Core, now: Millis, options: String) {
        let timeout = options_timeout(&options).filter(|timeout| *timeout > 0);
        let timeout = timeout.unwrap_or(core.config.passkey_timeout).min(MAX_TIMEOUT);
        self.until = now.saturating_add(timeout);
        self.step = Step::Wanted;
        core.event(PairingEvent::PasskeyRequired {
            request: self.request,
            options: PasskeyOptions(options),
            expires_in: timeout,
        });
    }

    fn open(
        &mut self,
        core: &mut Core,
        now: Millis,
        reference: String,
        assertion: &Assertion,
        rng: &mut dyn Random,
    ) {
        let exchange = CompanionExchange::new(reference, core.config.platform.number(), rng);
        let secret = Secret::new(random_array(rng));
        let iv = random_array(rng);
        let proof = self
            .handoff
            .take()
            .filter(|(_, until)| *until > now)
            .map(|(key, _)| handoff_proof(&key, exchange.prologue()));
        let node =
            stanzas::passkey_prologue(&assertion.credential_id, &assertion.json, exchange.prologue(), proof);
        let tag = core.query(node, STEP_TIMEOUT);
        let open = Box::new(PasskeyExchange { exchange, secret, iv, proven: proof.is_some() });
        self.step = Step::Prologue { tag, open, answered: false, part: None };
    }

    fn seal(&mut self, core: &mut Core, session: &PasskeySession, open: &PasskeyExchange) {
        let keys = PairedKeys {
            noise: core.noise,
            identity: core.identity.public(),
            adv_secret: open.secret.clone(),
        };
        let sealed = session.seal(&keys, &open.iv);
        let token = core.save(Change::AdvSecret(open.secret.clone()));
        self.step = Step::Saving { token, secret: open.secret.clone(), sealed };
    }
}

fn failed(step: &'static str) -> Outcome {
    Outcome::new(OutcomeKind::PasskeyFailed).with_detail(step)
}
