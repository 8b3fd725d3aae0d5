//! Drives the pairing machines: gives them what comes in, does what they ask for, and turns their outputs into events.

use serde_json::json;

use super::super::clock::{Millis, unix_ms};
use super::super::device_props;
use super::super::disconnect_reason::{DisconnectReason, Reason};
use super::super::settings::millis;
use super::super::status_mapping;
use super::command::{Command, ConnectionGoal};
use super::idle_records::forget_idle;
use super::state::{ConnectionPhase, Waiter};
use super::{Session, SessionError};
use crate::api::{
    Error, Hidden, LogLevel, OutcomeStage, PairingCode, PairingError, PairingExpired, PairingMethod,
    PairingPasskey, PairingQr, PairingStage, PairingSuccess, PasskeyStep, Status,
};
use crate::crypto::Random;
use crate::pairing::limiter::{LimiterRecord, Limits};
use crate::pairing::qr::QrForm;
use crate::pairing::{
    Change, LinkedAccount, Method, Outcome, OutcomeKind, Output, Pairing, PairingConfig, PairingEvent,
    PairingKeys, PasskeyRefusal, PhoneNumber, Retry, Stage,
};
use crate::stanza::NodeRef;
use crate::store::records::{self, AccountRecord, DeviceRecord};
use crate::store::{Batch, Space, StoreError, Value};

/// How often a record that several sessions share is tried again when another one was faster.
const SHARED_RECORD_TRIES: usize = 16;

impl Session {
    /// Calls the machines, if there are any, and does what they ask for.
    pub(super) async fn with_pairing<T>(
        &mut self,
        call: impl FnOnce(&mut Pairing, Millis, &mut dyn Random) -> T,
    ) -> Result<Option<T>, SessionError> {
        let now = self.clock.now();
        let Some(pairing) = &mut self.pairing else { return Ok(None) };
        let answer = call(pairing, now, &mut self.rng);
        self.do_what_pairing_wants().await?;
        Ok(Some(answer))
    }

    /// A request of the host for a code or a QR: connects if need be.
    pub(super) async fn pairing_request(
        &mut self,
        request: u64,
        call: impl FnOnce(&mut Pairing, Millis, &mut dyn Random),
    ) -> Result<(), SessionError> {
        if self.account.is_some() {
            self.answer(request, Err(Status::ALREADY_LINKED.into()));
            return Ok(());
        }
        self.prepare_pairing().await?;
        if matches!(self.phase, ConnectionPhase::Offline) && self.goal == ConnectionGoal::Online {
            self.dial().await?;
        }
        self.with_pairing(call).await?;
        if self.goal != ConnectionGoal::Online {
            // The connection was given up while the request was on its way.
            self.pairing_unreachable(OutcomeKind::NotConnected.into()).await?;
        }
        Ok(())
    }

    /// Makes the machines for a device that is not linked.
    async fn prepare_pairing(&mut self) -> Result<(), SessionError> {
        self.fresh_device().await?;
        if let (None, Some(device)) = (&self.pairing, &self.device) {
            let keys = PairingKeys {
                noise: device.noise.public(),
                identity: device.identity.clone(),
                adv_secret: device.adv_secret.clone(),
            };
            self.pairing = Some(Box::new(Pairing::new(self.pairing_config(), keys, false)));
        }
        Ok(())
    }

    pub(super) async fn connected_to_pairing(&mut self) -> Result<(), SessionError> {
        if self.account.is_some() {
            return Ok(());
        }
        self.prepare_pairing().await?;
        self.with_pairing(|pairing, now, _| pairing.connected(now)).await.map(drop)
    }

    /// Shows the machines a stanza. True if it was theirs; then nothing is left to be done with it.
    pub(super) async fn offer_to_pairing(&mut self, node: NodeRef<'_>) -> Result<bool, SessionError> {
        let taken = self.with_pairing(|pairing, now, rng| pairing.handle_stanza(now, &node, rng)).await?;
        Ok(taken.unwrap_or(false))
    }

    pub(super) fn pairing_is_wanted(&self) -> bool {
        self.pairing.as_ref().is_some_and(|pairing| pairing.wants_connection())
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
        self.pairing_unreachable(outcome).await
    }

    /// No connection will be made for the time being.
    pub(super) async fn pairing_unreachable(&mut self, outcome: Outcome) -> Result<(), SessionError> {
        self.with_pairing(|pairing, _, _| pairing.unreachable(outcome)).await.map(drop)
    }

    /// The client ends: every pairing ends with it, by name. What else the machines want is of no use any more.
    pub(super) fn end_pairings(&mut self) {
        let Some(pairing) = &mut self.pairing else { return };
        pairing.close();
        while let Some(output) = self.pairing.as_mut().and_then(|pairing| pairing.poll_output()) {
            if let Output::Event(event) = output {
                self.emit_pairing(event);
            }
        }
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
        self.answer(request, answer);
    }

    async fn do_what_pairing_wants(&mut self) -> Result<(), SessionError> {
        while let Some(output) = self.pairing.as_mut().and_then(|pairing| pairing.poll_output()) {
            match output {
                // What follows may end the connection.
                Output::Send(node) => {
                    self.work.send(node);
                    self.commit().await?;
                }
                Output::Query { tag, node, timeout } => {
                    self.query(node, Waiter::Pairing(tag), timeout);
                    self.commit().await?;
                }
                Output::Derive(job) => self.spawn_blocking_job(move || Command::Derived(job.run())),
                Output::Permit { request, phone } => {
                    let permit = self.permit(&phone).await?;
                    let now = self.clock.now();
                    if let Some(pairing) = &mut self.pairing {
                        pairing.permitted(now, request, permit, &mut self.rng);
                    }
                }
                Output::Save { token, change } => {
                    let saved = self.save(change).await;
                    let now = self.clock.now();
                    if let Err(error) = &saved {
                        self.log(LogLevel::Error, "store", || {
                            format!("pairing could not be stored: {error}")
                        });
                    }
                    match (&mut self.pairing, saved) {
                        (Some(pairing), Ok(())) => pairing.saved(now, token),
                        (Some(pairing), Err(_)) => pairing.save_failed(now, token, &mut self.rng),
                        (None, _) => {}
                    }
                }
                Output::Event(event) => self.emit_pairing(event),
                Output::Linked(_) => self.shared.set_linked(true),
                Output::Reconnect { login, after } => self.reconnect_for_pairing(login, after).await?,
                Output::Disconnect => {
                    self.disconnect_for_pairing().await;
                    self.emit_connection(
                        crate::api::ConnectionState::Disconnected,
                        Some("nothing_to_pair"),
                        None,
                        None,
                    );
                }
            }
        }
        Ok(())
    }

    /// The machines know that their queries end with the connection; other waiters are told.
    async fn disconnect_for_pairing(&mut self) {
        for waiter in self.disconnect().await {
            if let Waiter::HostPing { request, .. } = waiter {
                self.answer(request, Err(Status::CONNECTION_LOST.into()));
            }
        }
    }

    async fn reconnect_for_pairing(&mut self, login: bool, after: Millis) -> Result<(), SessionError> {
        if self.goal != ConnectionGoal::Online {
            if let Some(pairing) = &mut self.pairing {
                pairing.unreachable(OutcomeKind::NotConnected.into());
            }
            return Ok(());
        }
        if !login && matches!(self.phase, ConnectionPhase::Dialing(_) | ConnectionPhase::Waiting { .. }) {
            return Ok(());
        }
        self.disconnect_for_pairing().await;
        if after == 0 {
            return self.dial().await;
        }
        self.wait_for(after, "pairing", None);
        Ok(())
    }

    async fn save(&mut self, change: Change) -> Result<(), StoreError> {
        let Some(device) = &self.device else { return Ok(()) };
        match change {
            Change::AdvSecret(secret) => {
                let device = DeviceRecord { adv_secret: secret, ..device.clone() };
                self.store.commit(records::fresh(&device)).await?;
                self.device = Some(device);
            }
            Change::Account(linked) => {
                let device = DeviceRecord { adv_secret: linked.adv_secret.clone(), ..device.clone() };
                let (account, now) = (account_record(*linked), unix_ms());
                let mut batch = records::linked(&device, &account);
                records::restore_account_limits(&self.store, account.phone(), now, &mut batch).await?;
                self.store.commit(batch).await?;
                forget_idle(&self.store, now).await?;
                self.device = Some(device);
                self.account = Some(Box::new(account));
            }
        }
        Ok(())
    }

    /// Asks the limiter for one more code for this number. The answer is on the disk before it is used, so that a program that
    /// crashes and starts again cannot burn the number. The record belongs to the store: all its sessions share it.
    async fn permit(&mut self, phone: &PhoneNumber) -> Result<Result<(), Millis>, SessionError> {
        let config = &self.settings.config;
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let limits = Limits {
            burst: small(config.pairing_limit_burst()),
            interval_ms: millis(config.pairing_limit_interval()),
            per_window: small(config.pairing_limit_per_hour()),
            ..Limits::default()
        };
        let key = phone.digits().as_bytes();
        for _ in 0..SHARED_RECORD_TRIES {
            let stored: Option<Value> = self.store.get(Space::Limiter, key).await?;
            let mut record = stored.as_deref().map(LimiterRecord::from_bytes).unwrap_or_default();
            if let Err(wait) = record.try_request(&limits, unix_ms()) {
                return Ok(Err(wait));
            }
            let mut batch = Batch::new();
            batch.require(Space::Limiter, key, stored).put(Space::Limiter, key, record.to_bytes());
            match self.store.commit(batch).await {
                Err(StoreError::Changed) => {}
                done => {
                    done?;
                    forget_idle(&self.store, unix_ms()).await?;
                    return Ok(Ok(()));
                }
            }
        }
        Err(SessionError::Store(StoreError::Changed))
    }

    fn pairing_config(&self) -> PairingConfig {
        let config = &self.settings.config;
        PairingConfig {
            // Its three steps: name and TCP, proxy, TLS.
            connect_timeout: millis(config.connect_timeout()).saturating_mul(3),
            platform: device_props::platform(config),
            os_hint: device_props::os(config).to_owned(),
            qr_form: if config.pairing_qr_form() == "plain" { QrForm::Plain } else { QrForm::Url },
            code_ttl: millis(config.pairing_code_ttl()),
            auto_refresh: config.pairing_auto_refresh(),
            auto_refresh_max: u32::try_from(config.pairing_auto_refresh_max()).unwrap_or(0),
            refs_timeout: millis(config.pairing_refs_timeout()),
            hello_timeout: millis(config.pairing_hello_timeout()),
            success_timeout: millis(config.pairing_success_timeout()),
            finish_timeout: millis(config.pairing_finish_timeout()),
            qr_first: millis(config.pairing_qr_first()),
            qr_next: millis(config.pairing_qr_next()),
            passkey_timeout: millis(config.pairing_passkey_timeout()),
            handoff_ttl: millis(config.pairing_handoff_ttl()),
            restart_timeout: millis(config.pairing_restart_timeout()),
            ..PairingConfig::default()
        }
    }

    fn emit_pairing(&mut self, event: PairingEvent) {
        let until = |wait: Millis| unix_ms().saturating_add(i64::try_from(wait).unwrap_or(i64::MAX));
        let short = |wait: Millis| u32::try_from(wait).unwrap_or(u32::MAX);
        match event {
            PairingEvent::Requested { request } => {
                self.emit_progress(request, PairingStage::Requested, PairingMethod::Code);
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
                self.emit(request, body);
            }
            PairingEvent::PhoneAnswered { request, .. } => {
                self.emit_progress(request, PairingStage::PhoneAnswered, PairingMethod::Code);
            }
            PairingEvent::FinishAccepted { request } => {
                self.emit_progress(request, PairingStage::FinishAccepted, PairingMethod::Code);
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
                self.emit(request, body);
            }
            PairingEvent::PasskeyRequired { request, options, expires_in } => {
                let body = PairingPasskey {
                    step: PasskeyStep::Required,
                    options: Some(Hidden::new(options.reveal())),
                    display: None,
                    expires_at_ms: until(expires_in),
                };
                self.emit(request, body);
            }
            PairingEvent::PasskeyCode { request, code, expires_in } => {
                let body = PairingPasskey {
                    step: PasskeyStep::Confirm,
                    options: None,
                    display: Some(Hidden::new(code.display())),
                    expires_at_ms: until(expires_in),
                };
                self.emit(request, body);
            }
            PairingEvent::Setback { request, method, outcome } => {
                self.emit_outcome(request, method, &outcome, true)
            }
            PairingEvent::PhoneTooOld { request, outcome } => {
                self.emit_outcome(request, Method::Qr, &outcome, true)
            }
            PairingEvent::Linked { request, method, account } => self.emit_linked(request, method, &account),
            PairingEvent::Failed { request, method, outcome } => {
                let outcome = self.with_cause(outcome);
                self.emit_outcome(request, method, &outcome, false);
                self.answer(request, Err(outcome_error(&outcome)));
            }
        }
    }

    /// That there is no connection, with why not, and whether waiting can help.
    fn with_cause(&self, outcome: Outcome) -> Outcome {
        let Some(error) =
            self.connection_error.as_deref().filter(|_| outcome.kind == OutcomeKind::NotConnected)
        else {
            return outcome;
        };
        let retryable = if error.retryable { outcome.retryable } else { Retry::AfterChange };
        Outcome { retryable, ..outcome.with_detail(&error.text) }
    }

    fn emit_linked(&mut self, request: u64, method: Method, account: &LinkedAccount) {
        let method = word(method);
        self.linked_by = Some((request, method));
        self.emit_progress(request, PairingStage::Linked, method);
        let jid = account.jid.to_string();
        let success = PairingSuccess {
            phone: account.jid.user.to_string(),
            lid: account.lid.as_ref().map(ToString::to_string),
            platform: account.platform.clone(),
            business_name: account.business_name.clone(),
            method,
            jid: jid.clone(),
        };
        self.emit(request, success);
        self.answer(request, Ok(json!({ "jid": jid })));
    }

    /// How an attempt ended. `refreshing`: the request goes on by itself.
    fn emit_outcome(&mut self, request: u64, method: Method, outcome: &Outcome, refreshing: bool) {
        let error = outcome_error(outcome);
        let (name, stage, method) = (outcome.name().into(), stage(outcome.stage), word(method));
        let user_text = outcome.user_text.into();
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
            self.emit(request, expired);
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
            self.emit(request, failed);
        }
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

fn outcome_error(outcome: &Outcome) -> Error {
    let text = match (&outcome.detail, outcome.kind) {
        (Some(detail), OutcomeKind::NotConnected) => format!("{} {detail}", outcome.user_text),
        _ => outcome.user_text.to_owned(),
    };
    let error = Error::new(status_mapping::of_outcome(outcome.kind), text);
    let retryable = outcome.retryable.is_retryable();
    Error { retryable, retry_after_ms: u32::try_from(outcome.retry_after).unwrap_or(u32::MAX), ..error }
}

fn account_record(linked: LinkedAccount) -> AccountRecord {
    let lid = linked.lid.as_ref().map(ToString::to_string).unwrap_or_default();
    let now = unix_ms();
    let server_s = linked.server_time.and_then(|t| i64::try_from(t).ok());
    let mut record = AccountRecord {
        key_index: linked.key_index,
        business_name: linked.business_name,
        platform: linked.platform.unwrap_or_default(),
        // Phones that say nothing of it are of accounts that are.
        lid_migrated: linked.lid_migrated.unwrap_or(true),
        linked_ms: now,
        ..AccountRecord::new(linked.jid.to_string(), lid, linked.identity, linked.account_key)
    };
    if let Some(server_s) = server_s {
        record.learn_time(server_s, now);
    }
    record
}
