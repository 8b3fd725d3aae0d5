//! The events of a pairing, as the host hears them.

use std::borrow::Cow;

use serde_json::json;

use crate::api::{
    Error, Hidden, OutcomeStage, PairingCode, PairingError, PairingExpired, PairingMethod, PairingPasskey,
    PairingQr, PairingStage, PairingSuccess, PasskeyStep,
};
use crate::client::clock::{Millis, unix_ms};
use crate::client::session::core::SessionCore;
use crate::client::session::features::pairing::PairingDriver;
use crate::client::{status_mapping, utc};
use crate::pairing::{LinkedAccount, Method, Outcome, OutcomeKind, PairingEvent, Retry, Stage};

impl PairingDriver {
    pub(in crate::client::session) fn emit(&mut self, core: &mut SessionCore, event: PairingEvent) {
        let until = |wait: Millis| unix_ms().saturating_add(i64::try_from(wait).unwrap_or(i64::MAX));
        let short = |wait: Millis| u32::try_from(wait).unwrap_or(u32::MAX);
        match event {
            PairingEvent::Requested { request } => {
                core.emit_progress(request, PairingStage::Requested, PairingMethod::Code);
            }
            PairingEvent::Code { request, code, expires_in, custom, generation } => {
                let body = PairingCode {
                    code: Hidden::new(code.reveal()),
                    display: Hidden::new(code.display()),
                    expires_at_ms: until(expires_in),
                    expires_in_ms: short(expires_in),
                    custom,
                    generation,
                };
                core.emit(request, body);
            }
            PairingEvent::PhoneAnswered { request, .. } => {
                core.emit_progress(request, PairingStage::PhoneAnswered, PairingMethod::Code);
            }
            PairingEvent::FinishAccepted { request } => {
                core.emit_progress(request, PairingStage::FinishAccepted, PairingMethod::Code);
            }
            PairingEvent::Qr { request, payload, expires_in, index, of, updated } => {
                let body = PairingQr {
                    payload: Hidden::new(payload.reveal()),
                    expires_at_ms: until(expires_in),
                    expires_in_ms: short(expires_in),
                    index,
                    of,
                    updated,
                };
                core.emit(request, body);
            }
            PairingEvent::PasskeyRequired { request, options, expires_in } => {
                let body = PairingPasskey {
                    step: PasskeyStep::Required,
                    options: Some(Hidden::new(options.reveal())),
                    display: None,
                    expires_at_ms: until(expires_in),
                };
                core.emit(request, body);
            }
            PairingEvent::PasskeyCode { request, code, expires_in } => {
                let body = PairingPasskey {
                    step: PasskeyStep::Confirm,
                    options: None,
                    display: Some(Hidden::new(code.display())),
                    expires_at_ms: until(expires_in),
                };
                core.emit(request, body);
            }
            PairingEvent::Setback { request, method, outcome } => {
                emit_outcome(core, request, method, &outcome, true)
            }
            PairingEvent::PhoneTooOld { request, outcome } => {
                emit_outcome(core, request, Method::Qr, &outcome, true)
            }
            PairingEvent::Linked { request, method, account } => {
                self.emit_linked(core, request, method, &account)
            }
            PairingEvent::Failed { request, method, outcome } => {
                let outcome = with_cause(core, outcome);
                emit_outcome(core, request, method, &outcome, false);
                core.answer(request, Err(outcome_error(&outcome)));
            }
        }
    }

    fn emit_linked(&mut self, core: &mut SessionCore, request: u64, method: Method, account: &LinkedAccount) {
        let method = word(method);
        self.linked_by = Some((request, method));
        core.emit_progress(request, PairingStage::Linked, method);
        let jid = account.jid.to_string();
        let success = PairingSuccess {
            phone: account.jid.user.to_string(),
            lid: account.lid.as_ref().map(ToString::to_string),
            platform: account.platform.clone(),
            business_name: account.business_name.clone(),
            method,
            jid: jid.clone(),
        };
        core.emit(request, success);
        core.answer(request, Ok(json!({ "jid": jid })));
    }
}

/// Adds to an outcome why there is no connection, and whether waiting can help.
fn with_cause(core: &SessionCore, outcome: Outcome) -> Outcome {
    let Some(error) =
        core.attempts.last_error.as_deref().filter(|_| outcome.kind == OutcomeKind::NotConnected)
    else {
        return outcome;
    };
    let retryable = if error.retryable { outcome.retryable } else { Retry::AfterChange };
    Outcome { retryable, ..outcome.with_detail(&error.text) }
}

/// Emits the end of an attempt. `refreshing`: the request goes on by itself.
fn emit_outcome(core: &mut SessionCore, request: u64, method: Method, outcome: &Outcome, refreshing: bool) {
    let error = outcome_error(outcome);
    let (name, stage, method) = (outcome.name().into(), stage(outcome.stage), word(method));
    let user_text = user_text(outcome);
    if matches!(outcome.kind, OutcomeKind::CodeExpired | OutcomeKind::QrExhausted) {
        let expired = PairingExpired {
            outcome: name,
            stage,
            method,
            status: error.status,
            user_text,
            retryable: error.retryable,
            retry_after_ms: error.retry_after_ms,
            refreshing,
        };
        core.emit(request, expired);
    } else {
        let failed = PairingError {
            outcome: name,
            stage,
            method,
            status: error.status,
            user_text,
            text: outcome.detail.clone().map(Into::into),
            retryable: error.retryable,
            retry_after_ms: error.retry_after_ms,
            server_code: outcome.code,
            refreshing,
        };
        core.emit(request, failed);
    }
}

fn word(method: Method) -> PairingMethod {
    match method {
        Method::Code => PairingMethod::Code,
        Method::Qr => PairingMethod::Qr,
        Method::Passkey => PairingMethod::Passkey,
    }
}

fn stage(stage: Stage) -> OutcomeStage {
    match stage {
        Stage::Input => OutcomeStage::Input,
        Stage::Connection => OutcomeStage::Connection,
        Stage::Request => OutcomeStage::Request,
        Stage::Code => OutcomeStage::Code,
        Stage::Answer => OutcomeStage::Answer,
        Stage::Qr => OutcomeStage::Qr,
        Stage::Passkey => OutcomeStage::Passkey,
        Stage::Confirmation => OutcomeStage::Confirmation,
        Stage::Login => OutcomeStage::Login,
        Stage::Session => OutcomeStage::Session,
    }
}

/// Returns what to tell the user. Of the library's own limit it is known how long it lasts.
fn user_text(outcome: &Outcome) -> Cow<'static, str> {
    match outcome.kind {
        OutcomeKind::Throttled => {
            let wait = utc::span(outcome.retry_after);
            format!("Too many codes were requested for this number. Ask for another one in {wait}.").into()
        }
        _ => outcome.user_text.into(),
    }
}

/// Makes the error of an outcome: the advice, and in parentheses the server's word or what exactly went wrong.
fn outcome_error(outcome: &Outcome) -> Error {
    let advice = user_text(outcome);
    let text = match &outcome.detail {
        Some(detail) if !detail.is_empty() => format!("{advice} ({detail})"),
        _ => advice.into_owned(),
    };
    let error = Error::new(status_mapping::of_outcome(outcome.kind), text);
    let retryable = outcome.retryable.is_retryable();
    Error { retryable, retry_after_ms: u32::try_from(outcome.retry_after).unwrap_or(u32::MAX), ..error }
}
