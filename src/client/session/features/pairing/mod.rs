//! Drives the pairing machines: does what they ask for, as far as that leaves the connection alone.

mod events;

use crate::api::{Config, LogLevel, PairingMethod, PairingStage};
use crate::client::clock::{Millis, unix_ms};
use crate::client::device_props;
use crate::client::session::SessionError;
use crate::client::session::command::Command;
use crate::client::session::core::SessionCore;
use crate::client::session::features::idle_records::forget_idle;
use crate::client::session::state::Waiter;
use crate::client::settings::millis;
use crate::crypto::Random;
use crate::pairing::limiter::{LimiterRecord, Limits};
use crate::pairing::qr::QrForm;
use crate::pairing::{Change, LinkedAccount, Output, Pairing, PairingConfig, PairingKeys, PhoneNumber};
use crate::store::records::{self, AccountRecord, DeviceRecord};
use crate::store::{Batch, Space, StoreError, Value};

/// The number of tries to change a record that several sessions share when another session was faster.
const SHARED_RECORD_TRIES: usize = 16;

/// The pairing of an unlinked session.
#[derive(Default)]
pub(in crate::client::session) struct PairingDriver {
    /// Present from the first connection of an unlinked session until it is linked and ready.
    pub(in crate::client::session) machines: Option<Box<Pairing>>,
    /// The request that linked the device, and how, until the first login is done.
    pub(in crate::client::session) linked_by: Option<(u64, PairingMethod)>,
}

/// A step with the connection that the machines ask for.
pub(in crate::client::session) enum ConnectionStep {
    /// Connect again after so many milliseconds, as a linked device or as one that is not.
    Reconnect { login: bool, after: Millis },
    /// There is nothing left to pair.
    Disconnect,
}

impl PairingDriver {
    /// Returns whether the session is being linked.
    pub(in crate::client::session) fn is_open(&self) -> bool {
        self.machines.is_some()
    }

    /// Forgets the machines: the device is linked, or its keys are gone.
    pub(in crate::client::session) fn close(&mut self) {
        self.machines = None;
    }

    /// Returns when the machines have something to do.
    pub(in crate::client::session) fn deadline(&self) -> Option<Millis> {
        self.machines.as_ref()?.next_deadline()
    }

    /// Returns whether a pairing needs a connection.
    pub(in crate::client::session) fn wants_connection(&self) -> bool {
        self.machines.as_ref().is_some_and(|pairing| pairing.wants_connection())
    }

    /// Calls the machines, if there are any. Their wishes are carried out by [`PairingDriver::carry_out`].
    pub(in crate::client::session) fn call<T>(
        &mut self,
        core: &mut SessionCore,
        call: impl FnOnce(&mut Pairing, Millis, &mut dyn Random) -> T,
    ) -> Option<T> {
        let now = core.now();
        Some(call(self.machines.as_deref_mut()?, now, &mut core.rng))
    }

    fn poll(&mut self) -> Option<Output> {
        self.machines.as_mut()?.poll_output()
    }

    /// Emits a step after the link, for the request that made it.
    pub(in crate::client::session) fn emit_first(&self, core: &mut SessionCore, stage: PairingStage) {
        if let Some((request, method)) = self.linked_by {
            core.emit_progress(request, stage, method);
        }
    }

    /// Makes the machines for a device that is not linked.
    pub(in crate::client::session) async fn prepare(
        &mut self,
        core: &mut SessionCore,
    ) -> Result<(), SessionError> {
        core.fresh_device().await?;
        if let (None, Some(device)) = (&self.machines, &core.device) {
            let keys = PairingKeys {
                noise: device.noise.public(),
                identity: device.identity.clone(),
                adv_secret: device.adv_secret.clone(),
            };
            self.machines = Some(Box::new(Pairing::new(pairing_config(&core.settings.config), keys, false)));
        }
        Ok(())
    }

    /// The client ends: every pairing ends with it, by name. Other wishes of the machines are of no use any more.
    pub(in crate::client::session) fn end(&mut self, core: &mut SessionCore) {
        let Some(pairing) = &mut self.machines else { return };
        pairing.close();
        while let Some(output) = self.poll() {
            if let Output::Event(event) = output {
                self.emit(core, event);
            }
        }
    }

    /// Does what the machines ask for, up to a step that is the session's.
    pub(in crate::client::session) async fn carry_out(
        &mut self,
        core: &mut SessionCore,
    ) -> Result<Option<ConnectionStep>, SessionError> {
        while let Some(output) = self.poll() {
            match output {
                // A later output may end the connection.
                Output::Send(node) => {
                    core.work.send(node);
                    core.commit().await?;
                }
                Output::Query { tag, node, timeout } => {
                    core.query(node, Waiter::Pairing(tag), timeout);
                    core.commit().await?;
                }
                Output::Derive(job) => core.spawn_blocking_job(move || Command::Derived(job.run())),
                Output::Permit { request, phone } => {
                    let permit = permit(core, &phone).await?;
                    let now = core.clock.now();
                    if let Some(pairing) = &mut self.machines {
                        pairing.permitted(now, request, permit, &mut core.rng);
                    }
                }
                Output::Save { token, change } => {
                    let saved = save(core, change).await;
                    let now = core.clock.now();
                    if let Err(error) = &saved {
                        core.log(LogLevel::Error, "store", || {
                            format!("pairing could not be stored: {error}")
                        });
                    }
                    match (&mut self.machines, saved) {
                        (Some(pairing), Ok(())) => pairing.saved(now, token),
                        (Some(pairing), Err(_)) => pairing.save_failed(now, token, &mut core.rng),
                        (None, _) => {}
                    }
                }
                Output::Event(event) => self.emit(core, event),
                Output::Linked(_) => core.host.shared.set_linked(true),
                Output::Reconnect { login, after } => {
                    return Ok(Some(ConnectionStep::Reconnect { login, after }));
                }
                Output::Disconnect => return Ok(Some(ConnectionStep::Disconnect)),
            }
        }
        Ok(None)
    }
}

async fn save(core: &mut SessionCore, change: Change) -> Result<(), StoreError> {
    let Some(device) = &core.device else { return Ok(()) };
    match change {
        Change::AdvSecret(secret) => {
            let device = DeviceRecord { adv_secret: secret, ..device.clone() };
            core.store.commit(records::fresh(&device)).await?;
            core.device = Some(device);
        }
        Change::Account(linked) => {
            let device = DeviceRecord { adv_secret: linked.adv_secret.clone(), ..device.clone() };
            let (account, now) = (account_record(*linked), unix_ms());
            let mut batch = records::linked(&device, &account);
            records::restore_account_limits(&core.store, account.phone(), now, &mut batch).await?;
            core.store.commit(batch).await?;
            forget_idle(&core.store, now).await?;
            core.device = Some(device);
            core.account = Some(Box::new(account));
        }
    }
    Ok(())
}

/// Asks the limiter for one more code for this number. The answer is on the disk before it is used, so that a program that
/// crashes and starts again cannot burn the number. The record belongs to the store: all its sessions share it.
async fn permit(core: &mut SessionCore, phone: &PhoneNumber) -> Result<Result<(), Millis>, SessionError> {
    let config = &core.settings.config;
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let limits = Limits {
        burst: small(config.pairing_limit_burst()),
        interval_ms: millis(config.pairing_limit_interval()),
        per_window: small(config.pairing_limit_per_hour()),
        ..Limits::default()
    };
    let key = phone.digits().as_bytes();
    for _ in 0..SHARED_RECORD_TRIES {
        let stored: Option<Value> = core.store.get(Space::Limiter, key).await?;
        let mut record = stored.as_deref().map(LimiterRecord::from_bytes).unwrap_or_default();
        if let Err(wait) = record.try_request(&limits, unix_ms()) {
            return Ok(Err(wait));
        }
        let mut batch = Batch::new();
        batch.require(Space::Limiter, key, stored).put(Space::Limiter, key, record.to_bytes());
        match core.store.commit(batch).await {
            Err(StoreError::Changed) => {}
            done => {
                done?;
                forget_idle(&core.store, unix_ms()).await?;
                return Ok(Ok(()));
            }
        }
    }
    Err(SessionError::Store(StoreError::Changed))
}

fn pairing_config(config: &Config) -> PairingConfig {
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
