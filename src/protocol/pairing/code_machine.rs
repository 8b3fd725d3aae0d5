//! The life of one pairing code: asked for, shown, answered by the phone, and what ends it.
//!
//! One code at a time: a second one would not take the first off a screen, and the phone of a person who types the first would
//! fail without a reason. The slow key derivations are handed out; a result for a code that is gone is dropped by its token.
//! Everything that concerns other flows too is left to [`Pairing`](super::Pairing).
//!
//! Main type: [`CodeMachine`].

use std::collections::VecDeque;

use super::code::PairingCode;
use super::code_crypto::{WrapNonce, companion_finish, wrap, wrapped_salt};
use super::config::{MAX_CODE_TTL, MAX_PRIMARY_HELLOS, Millis};
use super::context::Core;
use super::outcome::{Outcome, OutcomeKind, Stage};
use super::output::{
    Change, DeriveJob, DerivedKey, IqFailure, Method, Output, PairingEvent, ReplyTag, SaveToken,
};
use super::phone_number::PhoneNumber;
use super::refusal::Strikes;
use super::stanzas::{self, Hello, PrimaryHello};
use crate::crypto::{KeyPair, Random, Secret};
use crate::stanza::{Node, NodeRef};

#[derive(Default)]
pub(super) struct CodeMachine {
    flow: Option<Flow>,
    /// On this connection a code was written off after our answer to the phone: its confirmation may still come.
    written_off: bool,
    strikes: Strikes,
}

struct Flow {
    request: u64,
    phone: PhoneNumber,
    custom: Option<PairingCode>,
    /// Codes that automatic refresh has brought.
    refreshes: u32,
    step: Step,
}

enum Step {
    /// Waits for a connection that offers pairing.
    Held,
    /// Waits for the limiter.
    Permit,
    /// The key of the code is being derived.
    Preparing { token: u64, nonce: WrapNonce, code: Box<Code> },
    /// The server was asked.
    Requested { tag: ReplyTag, until: Millis, code: Box<Code> },
    /// The code is out, with a reference.
    Out { reference: Vec<u8>, code: Box<Code>, phone: PhoneSide },
}

/// A code and what hangs on it.
struct Code {
    text: PairingCode,
    ephemeral: KeyPair,
    /// Later answers of a phone are refused.
    until: Millis,
}

/// The phone's progress with a code.
#[derive(Default)]
struct PhoneSide {
    /// Answers taken so far.
    accepted: u32,
    /// When the last one is written off.
    success_until: Option<Millis>,
    /// The answer being worked on; the others wait, since each makes a new secret and the stored one must fit the last.
    working: Option<Working>,
    waiting: VecDeque<PrimaryHello>,
    /// The query with our last answer. While there is one, its secret is the stored one.
    finish: Option<ReplyTag>,
}

enum Working {
    Deriving { token: u64, hello: PrimaryHello },
    Saving { token: SaveToken, secret: Secret<32>, finish: Node },
}

/// The end of a code, if it ended.
pub(super) enum CodeEnd {
    /// It goes on, or there is none.
    No,
    /// It ended. `owned`: the stored secret was its own and is of no use any more.
    Yes {
        /// Set if the stored secret must be replaced.
        owned: bool,
    },
}

impl CodeMachine {
    pub(super) fn request_id(&self) -> Option<u64> {
        self.flow.as_ref().map(|flow| flow.request)
    }

    pub(super) fn is_held(&self) -> bool {
        self.flow.as_ref().is_some_and(|flow| matches!(flow.step, Step::Held))
    }

    /// Returns whether a code is out or on its way out: then nothing else may end the connection.
    pub(super) fn is_outstanding(&self) -> bool {
        self.flow.is_some() && !self.is_held()
    }

    /// Returns whether the stored secret belongs to this code.
    pub(super) fn owns_secret(&self) -> bool {
        match &self.flow {
            Some(Flow { step: Step::Out { phone, .. }, .. }) => {
                phone.working.is_some() || phone.finish.is_some()
            }
            _ => false,
        }
    }

    pub(super) fn was_written_off(&self) -> bool {
        self.written_off
    }

    /// A new connection: nothing late can come on it.
    pub(super) fn forget_written_off(&mut self) {
        self.written_off = false;
    }

    /// Returns the stage that the code has reached.
    fn stage(&self) -> Stage {
        match self.flow.as_ref().map(|flow| &flow.step) {
            None | Some(Step::Held) => Stage::Connection,
            Some(Step::Permit | Step::Preparing { .. } | Step::Requested { .. }) => Stage::Request,
            Some(Step::Out { phone, .. }) if phone.accepted == 0 => Stage::Code,
            Some(Step::Out { .. }) => Stage::Answer,
        }
    }

    /// Returns the time until it ends by itself.
    pub(super) fn remaining(&self, now: Millis) -> Millis {
        self.deadline().map_or(0, |deadline| deadline.saturating_sub(now))
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        match &self.flow.as_ref()?.step {
            Step::Held | Step::Permit => None,
            Step::Preparing { code, .. } => Some(code.until),
            Step::Requested { until, code, .. } => Some(code.until.min(*until)),
            Step::Out { code, phone, .. } => phone.success_until.or(Some(code.until)),
        }
    }

    pub(super) fn open(&mut self, request: u64, phone: PhoneNumber, custom: Option<PairingCode>) {
        self.flow = Some(Flow { request, phone, custom, refreshes: 0, step: Step::Held });
    }

    /// The connection offers pairing: go on if something waits for that.
    pub(super) fn offered(&mut self, core: &mut Core) {
        if let Some(flow) = &mut self.flow
            && matches!(flow.step, Step::Held)
        {
            flow.step = Step::Permit;
            core.emit(Output::Permit { request: flow.request, phone: flow.phone.clone() });
        }
    }

    /// The limiter's answer: go on, or wait so long.
    pub(super) fn permitted(
        &mut self,
        core: &mut Core,
        now: Millis,
        request: u64,
        answer: Result<(), Millis>,
        rng: &mut dyn Random,
    ) -> CodeEnd {
        let Some(flow) = &mut self.flow else { return CodeEnd::No };
        if flow.request != request || !matches!(flow.step, Step::Permit) {
            return CodeEnd::No;
        }
        if let Err(wait) = answer {
            return self.end(core, Outcome::new(OutcomeKind::Throttled).after(wait));
        }
        // The clock starts before anything is sent, as it does at the server.
        let until = now.saturating_add(core.config.code_ttl.min(MAX_CODE_TTL));
        let text = flow.custom.clone().unwrap_or_else(|| PairingCode::generate(rng));
        let ephemeral = KeyPair::generate(rng);
        let nonce = WrapNonce::generate(rng);
        let token = core.token();
        core.emit(Output::Derive(DeriveJob { token, code: text.clone(), salt: nonce.salt }));
        flow.step = Step::Preparing { token, nonce, code: Box::new(Code { text, ephemeral, until }) };
        CodeEnd::No
    }

    pub(super) fn derived(
        &mut self,
        core: &mut Core,
        now: Millis,
        derived: &DerivedKey,
        rng: &mut dyn Random,
    ) -> CodeEnd {
        match self.flow.as_mut().map(|flow| &mut flow.step) {
            Some(Step::Preparing { token, .. }) if *token == derived.token => {
                self.ask(core, now, &derived.key);
                CodeEnd::No
            }
            Some(Step::Out {
                phone: PhoneSide { working: Some(Working::Deriving { token, .. }), .. },
                ..
            }) if *token == derived.token => self.answer_phone(core, &derived.key, rng),
            _ => CodeEnd::No,
        }
    }

    /// Sends the request for the prepared code.
    fn ask(&mut self, core: &mut Core, now: Millis, key: &Secret<32>) {
        let Some(flow) = &mut self.flow else { return };
        let Step::Preparing { nonce, code, .. } = std::mem::replace(&mut flow.step, Step::Held) else {
            return;
        };
        let hello = stanzas::companion_hello(&Hello {
            phone: &flow.phone,
            wrapped: &wrap(key, &nonce, &code.ephemeral.public()),
            noise: &core.noise,
            client_type: core.config.platform.client_type(),
            display: core.config.platform.display(&core.config.os_hint),
            show_push: core.config.show_push,
        });
        let timeout = core.config.hello_timeout;
        let tag = core.query(hello, timeout);
        core.event(PairingEvent::Requested { request: flow.request });
        flow.step = Step::Requested { tag, until: now.saturating_add(timeout), code };
    }

    pub(super) fn reply(
        &mut self,
        core: &mut Core,
        now: Millis,
        tag: ReplyTag,
        reply: &Result<NodeRef<'_>, IqFailure>,
    ) -> CodeEnd {
        let Some(flow) = &mut self.flow else { return CodeEnd::No };
        match &mut flow.step {
            Step::Requested { tag: ours, .. } if *ours == tag => {}
            Step::Out { phone, .. } if phone.finish == Some(tag) => {
                return match reply {
                    Ok(_) => {
                        core.event(PairingEvent::FinishAccepted { request: flow.request });
                        CodeEnd::No
                    }
                    // Silence is for the timer to judge; a result would not say much more.
                    Err(IqFailure::Timeout | IqFailure::Disconnected) => CodeEnd::No,
                    Err(IqFailure::Error { code, text, .. }) => {
                        let outcome = Outcome::new(OutcomeKind::FinishRejected);
                        self.end(core, outcome.with_code(*code).with_detail(text))
                    }
                };
            }
            _ => return CodeEnd::No,
        }
        let reference = match reply {
            Ok(node) => stanzas::hello_reference(node),
            Err(failure) => {
                let outcome = self.strikes.outcome(&flow.phone, failure);
                return self.end(core, outcome);
            }
        };
        self.strikes.clear();
        let Some(reference) = reference else {
            let outcome = Outcome::new(OutcomeKind::ProtocolError).at(Stage::Request);
            return self.end(core, outcome.with_detail("the answer has no reference"));
        };
        let Step::Requested { code, .. } = std::mem::replace(&mut flow.step, Step::Held) else {
            return CodeEnd::No;
        };
        core.event(PairingEvent::Code {
            request: flow.request,
            code: code.text.clone(),
            expires_in: code.until.saturating_sub(now),
            custom: flow.custom.is_some(),
            generation: flow.refreshes + 1,
        });
        flow.step = Step::Out { reference, code, phone: PhoneSide::default() };
        CodeEnd::No
    }

    /// The phone's answer. One that does not fit costs nothing: it has been acknowledged, that is all.
    pub(super) fn primary_hello(&mut self, core: &mut Core, now: Millis, hello: PrimaryHello) {
        let Some(flow) = &mut self.flow else { return };
        let Step::Out { reference, code, phone } = &mut flow.step else { return };
        if hello.reference != *reference || now > code.until || phone.accepted >= MAX_PRIMARY_HELLOS {
            return;
        }
        phone.accepted += 1;
        phone.success_until = Some(now.saturating_add(core.config.success_timeout));
        core.event(PairingEvent::PhoneAnswered { request: flow.request, attempt: phone.accepted });
        phone.waiting.push_back(hello); // at most MAX_PRIMARY_HELLOS
        next_answer(core, code, phone);
    }

    /// The key for the phone's answer is there: make the bundle and store the secret that goes with it.
    fn answer_phone(&mut self, core: &mut Core, key: &Secret<32>, rng: &mut dyn Random) -> CodeEnd {
        let Some(flow) = &mut self.flow else { return CodeEnd::No };
        let Step::Out { reference, code, phone } = &mut flow.step else { return CodeEnd::No };
        let Some(Working::Deriving { hello, .. }) = &phone.working else { return CodeEnd::No };
        let made =
            companion_finish(key, &code.ephemeral, &core.identity, &hello.wrapped, &hello.identity, rng);
        let Ok(made) = made else {
            let outcome = Outcome::new(OutcomeKind::ProtocolError);
            return self.end(core, outcome.with_detail("the phone sent a key of low order"));
        };
        let finish = stanzas::companion_finish(&flow.phone, &made.bundle, &core.identity.public(), reference);
        let token = core.save(Change::AdvSecret(made.adv_secret.clone()));
        phone.working = Some(Working::Saving { token, secret: made.adv_secret, finish });
        CodeEnd::No
    }

    /// A save has succeeded. True if the stored secret is now that of this code: then our answer went out.
    pub(super) fn saved(&mut self, core: &mut Core, token: SaveToken) -> bool {
        let Some(Flow { step: Step::Out { code, phone, .. }, .. }) = &mut self.flow else { return false };
        if !matches!(&phone.working, Some(Working::Saving { token: ours, .. }) if *ours == token) {
            return false;
        }
        let Some(Working::Saving { secret, finish, .. }) = phone.working.take() else { return false };
        core.adv = secret;
        phone.finish = Some(core.query(finish, core.config.finish_timeout));
        next_answer(core, code, phone);
        true
    }

    pub(super) fn save_failed(&mut self, core: &mut Core, token: SaveToken) -> CodeEnd {
        match self.flow.as_ref().map(|flow| &flow.step) {
            Some(Step::Out {
                phone: PhoneSide { working: Some(Working::Saving { token: ours, .. }), .. },
                ..
            }) if *ours == token => {
                let outcome = Outcome::new(OutcomeKind::StorageError).at(Stage::Answer);
                self.end(core, outcome)
            }
            _ => CodeEnd::No,
        }
    }

    /// The server retired a code. One with another reference is not ours.
    pub(super) fn refresh_code(&mut self, core: &mut Core, reference: &[u8], force_manual: bool) -> CodeEnd {
        match self.flow.as_ref().map(|flow| &flow.step) {
            Some(Step::Out { reference: ours, .. }) if ours == reference => {}
            _ => return CodeEnd::No,
        }
        let stage = self.stage();
        if force_manual {
            self.end(core, Outcome::new(OutcomeKind::CodeRefreshManual).at(stage))
        } else {
            self.end_or_refresh(core, Outcome::new(OutcomeKind::CodeRefreshRequested).at(stage))
        }
    }

    pub(super) fn timeout(&mut self, core: &mut Core, now: Millis) -> CodeEnd {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return CodeEnd::No;
        }
        let kind = match self.flow.as_ref().map(|flow| &flow.step) {
            Some(Step::Requested { code, .. }) if code.until > now => OutcomeKind::RequestTimeout,
            Some(Step::Out { phone, .. }) if phone.success_until.is_some() => OutcomeKind::PhoneDidNotFinish,
            _ => OutcomeKind::CodeExpired,
        };
        if kind == OutcomeKind::RequestTimeout {
            self.end(core, kind.into())
        } else {
            self.end_or_refresh(core, kind.into())
        }
    }

    /// The connection is gone, and a code does not survive that. A request that still waited goes on waiting.
    pub(super) fn lose_connection(&mut self, core: &mut Core) -> CodeEnd {
        if !self.is_outstanding() {
            return CodeEnd::No;
        }
        let stage = self.stage();
        self.end(core, Outcome::new(OutcomeKind::CodeLostWithConnection).at(stage))
    }

    pub(super) fn cancel(&mut self, core: &mut Core) -> CodeEnd {
        let stage = self.stage();
        self.end(core, Outcome::new(OutcomeKind::Cancelled).at(stage))
    }

    /// Ends the request with this outcome.
    pub(super) fn end(&mut self, core: &mut Core, outcome: Outcome) -> CodeEnd {
        let owned = self.owns_secret();
        let Some((request, _)) = self.take() else { return CodeEnd::No };
        core.failed(request, Method::Code, outcome);
        CodeEnd::Yes { owned }
    }

    /// The same, unless a new code may follow by itself.
    fn end_or_refresh(&mut self, core: &mut Core, outcome: Outcome) -> CodeEnd {
        let owned = self.owns_secret();
        match &mut self.flow {
            Some(flow) if core.config.auto_refresh && flow.refreshes < core.config.auto_refresh_max => {
                self.written_off |= owned;
                flow.refreshes += 1;
                flow.step = Step::Held;
                core.setback(flow.request, Method::Code, outcome);
                self.offered(core);
                CodeEnd::Yes { owned }
            }
            _ => self.end(core, outcome),
        }
    }

    /// Forgets the code without a word and gives its request, and whether the stored secret was its own.
    pub(super) fn take(&mut self) -> Option<(u64, bool)> {
        let owned = self.owns_secret();
        self.written_off |= owned;
        self.flow.take().map(|flow| (flow.request, owned))
    }
}

/// Starts on the next answer of the phone, unless one is being worked on.
fn next_answer(core: &mut Core, code: &Code, phone: &mut PhoneSide) {
    if phone.working.is_some() {
        return;
    }
    let Some(hello) = phone.waiting.pop_front() else { return };
    let token = core.token();
    let salt = wrapped_salt(&hello.wrapped);
    core.emit(Output::Derive(DeriveJob { token, code: code.text.clone(), salt }));
    phone.working = Some(Working::Deriving { token, hello });
}
