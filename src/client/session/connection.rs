//! Makes connections, sends on them, and watches over them.

use std::sync::Arc;

use super::super::clock::{Millis, unix_ms};
use super::super::device_props;
use super::super::disconnect_reason::{DisconnectReason, ReconnectDelay};
use super::super::iq_tracker::IqTracker;
use super::super::keepalive::{Due, Keepalive};
use super::super::transport::{Dial, Link, LinkError};
use super::command::ConnectionGoal;
use super::features::messages;
use super::state::{ConnectionPhase, LoginStage, NoAnswer, OfflineQueue, Online, PrekeyWork, Waiter};
use super::{Session, SessionError};
use crate::api::{Config, ConnectionState, Error};
use crate::crypto::PublicKey;
use crate::noise::VerifiedServer;
use crate::noise::client_payload::{self, AppVersion, Login, RegistrationKeys};
use crate::proto::Message;
use crate::stanza::Jid;
use crate::stanza::build;
use crate::store::records::{self, AccountRecord, DeviceRecord, ServerRecord};
use crate::store::{Space, StoreError};

/// The state of resumed handshakes, which use the server's key of an earlier one.
#[derive(Debug, Default)]
pub(super) struct Resumption {
    /// The handshake under way is a resumed one.
    is_under_way: bool,
    /// The last attempt failed; none is made until a handshake has succeeded.
    has_failed: bool,
}

impl Session {
    /// Starts to connect now.
    pub(super) async fn dial(&mut self) -> Result<(), SessionError> {
        if self.core.account.is_none() {
            self.core.fresh_device().await?;
        }
        let Some(version) = self.choose_version().await? else {
            return self.await_version().await;
        };
        let dial = match (&self.core.device, &self.core.account) {
            (Some(device), Some(account)) => {
                let dial = login_dial(&self.core.settings.config, version, device, account);
                dial.map(|dial| Dial { server: self.known_server(device), ..dial })
            }
            _ => self.registration_dial(version),
        };
        let Some(dial) = dial else {
            // Told like any other damage: a host that waits for the connection must hear that none is made.
            let what = "the account's JID is damaged";
            return Err(SessionError::Store(StoreError::Record { space: Space::Account, what }));
        };
        self.resumption.is_under_way = dial.server.is_some();
        self.core.attempts.count = self.core.attempts.count.saturating_add(1);
        self.core.emit_connection(ConnectionState::Connecting, None, None, None);
        let settings = Arc::clone(&self.core.settings);
        self.core.phase =
            ConnectionPhase::Dialing(Box::pin(async move { Link::dial(&settings, dial).await }));
        Ok(())
    }

    fn registration_dial(&self, version: AppVersion) -> Option<Dial> {
        let device = self.core.device.as_ref()?;
        let keys = RegistrationKeys {
            registration_id: device.registration_id,
            identity: device.identity.public(),
            signed_prekey_id: device.signed_prekey.id,
            signed_prekey: device.signed_prekey.pair.public(),
            signature: device.signed_prekey.signature,
        };
        let description = device_props::description(&self.core.settings.config, version);
        Some(Dial {
            noise: Arc::new(device.noise.clone()),
            payload: client_payload::registration(&description, &keys).encode_to_vec(),
            routing_info: device.routing_info.clone(),
            server: None,
        })
    }

    /// The key of the server, if the handshake can be resumed with it: its certificates led to the root of this configuration and
    /// are valid now, and the last attempt to resume did not fail.
    fn known_server(&self, device: &DeviceRecord) -> Option<PublicKey> {
        let server = device.server.as_ref().filter(|_| !self.resumption.has_failed)?;
        let root = &self.core.settings.root;
        server.usable(&root.key, root.serial, unix_ms().div_euclid(1000))
    }

    /// Keeps the server's key for later connections. That of a server which does not know this device yet is not kept.
    async fn keep_server(&mut self, verified: VerifiedServer) -> Result<(), SessionError> {
        let root = &self.core.settings.root;
        let VerifiedServer { key, validity } = verified;
        let server = ServerRecord { key, validity, root: root.key, root_serial: root.serial };
        match &mut self.core.device {
            Some(device) if self.core.account.is_some() && device.server.as_ref() != Some(&server) => {
                device.server = Some(server);
                self.core.store.commit(records::fresh(device)).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// An attempt to resume has failed: the next attempt shows whether the server is well. A key that the other side does not hold
    /// is forgotten.
    async fn resumption_failed(&mut self, error: &LinkError) -> Result<(), SessionError> {
        self.resumption.has_failed = true;
        if let Some(device) = &mut self.core.device
            && error.disproves_server()
            && device.server.take().is_some()
        {
            let batch = records::fresh(device);
            self.core.store.commit(batch).await?;
        }
        Ok(())
    }

    pub(super) async fn dialed(&mut self, dialed: Result<Link, LinkError>) -> Result<(), SessionError> {
        let resumes = std::mem::take(&mut self.resumption.is_under_way);
        let mut link = match dialed {
            Ok(link) => link,
            Err(error) => {
                self.core.phase = ConnectionPhase::Offline;
                if resumes {
                    self.resumption_failed(&error).await?;
                }
                self.forget_routing_info().await?;
                return Err(SessionError::Broken(error));
            }
        };
        self.resumption.has_failed = false;
        if let Some(verified) = link.verified.take() {
            self.keep_server(verified).await?;
        }
        self.core.attempts.last_error = None;
        let now = self.core.clock.now();
        let stage = match self.core.account {
            Some(_) => LoginStage::LoggingIn { until: now + self.core.settings.login_timeout },
            None => LoginStage::Registering,
        };
        let mut keepalive = Keepalive::new(self.core.settings.keepalive, now, &mut self.core.rng);
        keepalive.sent(now, false);
        self.core.phase = ConnectionPhase::Online(Box::new(Online {
            link,
            stage,
            pending: IqTracker::new(),
            keepalive,
            offline_queue: OfflineQueue::default(),
            prekeys: PrekeyWork::default(),
            held_until: None,
        }));
        self.core.attempts.backoff.connected(now);
        self.core.emit_connection(ConnectionState::Connected, None, None, None);
        self.connected_to_pairing().await
    }

    /// A connection with routing info that failed is tried again without it.
    async fn forget_routing_info(&mut self) -> Result<(), SessionError> {
        if let Some(device) = &mut self.core.device
            && device.routing_info.take().is_some()
        {
            let batch = records::fresh(device);
            self.core.store.commit(batch).await?;
        }
        Ok(())
    }

    /// Takes the connection down, if there is one, and says goodbye on it.
    pub(super) async fn disconnect(&mut self) -> Vec<Waiter> {
        match std::mem::replace(&mut self.core.phase, ConnectionPhase::Offline) {
            ConnectionPhase::Online(mut online) => {
                messages::offline(&mut self.core);
                let waiters = online.pending.drain().collect();
                self.core.attempts.backoff.closed(self.core.clock.now());
                online.link.close().await;
                waiters
            }
            _ => Vec::new(),
        }
    }

    /// Waits before the next attempt and tells the host for how long.
    pub(super) fn wait(&mut self, pace: ReconnectDelay, reason: &'static str, error: Option<&Error>) {
        let delay = match pace {
            ReconnectDelay::AtOnce => 0,
            ReconnectDelay::BackOff => self.core.attempts.backoff.next(&mut self.core.rng),
            ReconnectDelay::BackOffMore => {
                self.core.attempts.backoff.rate_limited();
                self.core.attempts.backoff.next(&mut self.core.rng)
            }
        };
        self.wait_for(delay, reason, error);
    }

    pub(super) fn wait_for(&mut self, delay: Millis, reason: &'static str, error: Option<&Error>) {
        self.core.phase = ConnectionPhase::Waiting { until: self.core.clock.now().saturating_add(delay) };
        self.core.emit_connection(ConnectionState::Reconnecting, Some(reason), error, Some(delay));
    }

    pub(super) async fn phase_time_passed(&mut self, now: Millis) -> Result<(), SessionError> {
        self.core.expire_requests(now);
        match &mut self.core.phase {
            ConnectionPhase::Waiting { until }
                if *until <= now && self.core.goal == ConnectionGoal::Online =>
            {
                self.dial().await
            }
            ConnectionPhase::Online(_) => self.online_time_passed(now).await,
            _ => Ok(()),
        }
    }

    async fn online_time_passed(&mut self, now: Millis) -> Result<(), SessionError> {
        if let Some(online) = self.core.phase.online()
            && matches!(online.stage, LoginStage::LoggingIn { until } if until <= now)
        {
            return Err(SessionError::Ended(DisconnectReason::login_timeout()));
        }
        while let Some(waiter) = self.core.phase.online().and_then(|online| online.pending.take_expired(now))
        {
            self.unanswered(waiter, NoAnswer::Timeout).await?;
        }
        if self.core.phase.online().is_some_and(|online| online.held_until.is_some_and(|at| at <= now)) {
            messages::no_key_check(&mut self.core).await?;
        }
        self.core.ask_for_offline(now);
        let awaits_acks = self.core.awaits_acks();
        let Some(online) = self.core.phase.online() else {
            return Ok(());
        };
        online.keepalive.counted(online.link.received(), now);
        let due = online.keepalive.check(now, awaits_acks || !online.pending.is_empty(), &mut self.core.rng);
        match due {
            Due::Nothing => Ok(()),
            Due::Ping => {
                let timeout = self.core.settings.keepalive.dead_after;
                self.core.query(build::get("w:p"), Waiter::Ping, timeout);
                Ok(())
            }
            Due::Dead => Err(SessionError::Ended(DisconnectReason::dead())),
        }
    }
}

fn login_dial(
    config: &Config,
    version: AppVersion,
    device: &DeviceRecord,
    account: &AccountRecord,
) -> Option<Dial> {
    let jid: Jid = account.jid.parse().ok()?;
    let login = Login {
        username: jid.user.parse().ok()?,
        device: u32::from(jid.device),
        login_counter: account.login_counter,
        passive: config.login_passive(),
        lid_migrated: account.lid_migrated,
        connect_attempt_count: None,
    };
    let description = device_props::description(config, version);
    let payload = client_payload::login(&description, &login);
    Some(Dial {
        noise: Arc::new(device.noise.clone()),
        payload: payload.encode_to_vec(),
        routing_info: device.routing_info.clone(),
        server: None,
    })
}
