//! Whether and how the session is connected.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;

use super::super::clock::Millis;
use super::super::ending::{Ending, Pace};
use super::super::keepalive::{Due, Keepalive};
use super::super::link::{Dial, Incoming, Link, LinkError};
use super::super::pending::Pending;
use super::commands::{Command, Wish};
use super::login::OfflineQueue;
use super::prekeys::UploadedPrekeys;
use super::{Session, Stop};
use crate::api::{ConnectionState, Error};
use crate::crypto::random_array;
use crate::noise::client_payload::{self, DeviceDescription, Login, RegistrationKeys};
use crate::pairing::ReplyTag;
use crate::proto::Message;
use crate::stanza::build::{self, IdSource};
use crate::stanza::{Jid, Node};
use crate::store::records::{self, AccountRecord, DeviceRecord};

/// How the session is connected.
pub(super) enum Phase {
    /// Not at all, and nothing will change that by itself.
    Offline,
    /// Until it is time for the next attempt.
    Waiting { until: Millis },
    /// A connection is being made.
    Dialing(Pin<Box<dyn Future<Output = Result<Link, LinkError>> + Send>>),
    /// Connected.
    Online(Box<Online>),
}

/// An open connection and what belongs to it alone.
pub(super) struct Online {
    pub(super) link: Link,
    pub(super) stage: Stage,
    pub(super) pending: Pending<Waiter>,
    pub(super) keepalive: Keepalive,
    pub(super) ids: IdSource,
    pub(super) offline_queue: OfflineQueue,
}

/// How far the server has let us in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// As a device that is not linked yet.
    Registering,
    /// As a linked device; the server has until then to say `<success>`.
    LoggingIn { until: Millis },
    /// Logged in; the duties before `ready` are under way.
    LoggedIn,
    /// Everything is done.
    Ready,
}

/// Who waits for an answer of the server.
#[derive(Debug)]
pub(super) enum Waiter {
    Pairing(ReplyTag),
    /// A keepalive ping. That anything came in is all it is for.
    Ping,
    HostPing {
        request: u64,
        sent_at: Millis,
    },
    Active,
    Prekeys(UploadedPrekeys),
    Logout {
        request: u64,
    },
    /// The server's answer changes nothing.
    Nobody,
}

/// What woke the session.
pub(super) enum Happened {
    Command(Option<Command>),
    Dialed(Result<Link, LinkError>),
    Received(Result<Incoming, LinkError>),
    Time,
}

impl Phase {
    /// Waits for the connection to do something. May be cancelled at any time.
    pub(super) async fn progress(&mut self) -> Happened {
        match self {
            Self::Offline | Self::Waiting { .. } => pending().await,
            Self::Dialing(dialing) => Happened::Dialed(dialing.await),
            Self::Online(online) => Happened::Received(online.link.receive().await),
        }
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        match self {
            Self::Offline | Self::Dialing(_) => None,
            Self::Waiting { until } => Some(*until),
            Self::Online(online) => {
                let login = match online.stage {
                    Stage::LoggingIn { until } => Some(until),
                    _ => None,
                };
                let due = [
                    login,
                    online.pending.deadline(),
                    Some(online.keepalive.deadline()),
                    online.offline_queue.deadline(),
                ];
                due.into_iter().flatten().min()
            }
        }
    }

    /// Whether the server has accepted the login on this connection.
    pub(super) fn is_logged_in(&self) -> bool {
        matches!(self, Self::Online(online) if matches!(online.stage, Stage::LoggedIn | Stage::Ready))
    }

    pub(super) fn online(&mut self) -> Option<&mut Online> {
        match self {
            Self::Online(online) => Some(online),
            _ => None,
        }
    }
}

impl Session {
    /// Starts to connect now.
    pub(super) async fn dial(&mut self) -> Result<(), Stop> {
        let dial = match (&self.device, &self.account) {
            (Some(device), Some(account)) => {
                login_dial(&self.settings.config, self.settings.version, device, account)
            }
            _ => {
                self.fresh_device().await?;
                self.registration_dial()
            }
        };
        let Some(dial) = dial else {
            // The device was made or loaded above; without one there is nothing to connect with.
            return Ok(());
        };
        self.attempt = self.attempt.saturating_add(1);
        self.tell_connection(ConnectionState::Connecting, None, None, None);
        let settings = Arc::clone(&self.settings);
        self.phase = Phase::Dialing(Box::pin(async move { Link::dial(&settings, dial).await }));
        Ok(())
    }

    /// Makes the keys of a device that is not linked yet, if there are none.
    pub(super) async fn fresh_device(&mut self) -> Result<(), Stop> {
        if self.device.is_none() {
            let device = DeviceRecord::generate(super::super::clock::unix_ms(), &mut self.rng);
            self.store.commit(records::fresh(&device)).await?;
            self.device = Some(device);
        }
        Ok(())
    }

    fn registration_dial(&self) -> Option<Dial> {
        let device = self.device.as_ref()?;
        let keys = RegistrationKeys {
            registration_id: device.registration_id,
            identity: device.identity.public(),
            signed_prekey_id: device.signed_prekey.id,
            signed_prekey: device.signed_prekey.pair.public(),
            signature: device.signed_prekey.signature,
        };
        let description = super::super::device::description(&self.settings.config, self.settings.version);
        Some(Dial {
            noise: Arc::new(device.noise.clone()),
            payload: client_payload::registration(&description, &keys).encode_to_vec(),
            routing_info: device.routing_info.clone(),
        })
    }

    pub(super) async fn dialed(&mut self, dialed: Result<Link, LinkError>) -> Result<(), Stop> {
        let link = match dialed {
            Ok(link) => link,
            Err(error) => {
                self.phase = Phase::Offline;
                self.forget_routing_info().await?;
                return Err(Stop::Broken(error));
            }
        };
        let now = self.clock.now();
        let stage = match self.account {
            Some(_) => Stage::LoggingIn { until: now + self.settings.login_timeout },
            None => Stage::Registering,
        };
        let mut keepalive = Keepalive::new(self.settings.keepalive, now, &mut self.rng);
        keepalive.sent(now);
        self.phase = Phase::Online(Box::new(Online {
            link,
            stage,
            pending: Pending::new(),
            keepalive,
            ids: IdSource::new(random_array(&mut self.rng)),
            offline_queue: OfflineQueue::default(),
        }));
        self.backoff.connected(now);
        self.tell_connection(ConnectionState::Connected, None, None, None);
        self.connected_to_pairing().await
    }

    /// A connection with routing info that failed is tried again without it.
    async fn forget_routing_info(&mut self) -> Result<(), Stop> {
        if let Some(device) = &mut self.device
            && device.routing_info.take().is_some()
        {
            let batch = records::fresh(device);
            self.store.commit(batch).await?;
        }
        Ok(())
    }

    /// Sends a stanza on the connection, if there is one. Nothing need come back for it.
    pub(super) async fn send(&mut self, node: &Node) -> Result<(), Stop> {
        match self.phase.online() {
            Some(online) => Ok(online.link.send(node).await?),
            None => Ok(()),
        }
    }

    /// Sends an iq and notes who waits for its answer. False if there is no connection.
    pub(super) async fn query(&mut self, node: Node, waiter: Waiter, timeout: Millis) -> Result<bool, Stop> {
        let now = self.clock.now();
        let deadline = now.saturating_add(timeout);
        let Some(online) = self.phase.online() else {
            return Ok(false);
        };
        online.keepalive.sent(now);
        let id = online.ids.next();
        online.pending.register(id.clone(), waiter, deadline);
        self.send(&node.attr("id", id)).await?;
        Ok(true)
    }

    /// Takes the connection down, if there is one, and says goodbye on it.
    pub(super) async fn hang_up(&mut self) -> Vec<Waiter> {
        match std::mem::replace(&mut self.phase, Phase::Offline) {
            Phase::Online(mut online) => {
                let waiters = online.pending.drain().collect();
                self.backoff.closed(self.clock.now());
                online.link.close().await;
                waiters
            }
            _ => Vec::new(),
        }
    }

    /// Waits before the next attempt and tells the host for how long.
    pub(super) fn wait(&mut self, pace: Pace, reason: &'static str, error: Option<&Error>) {
        let delay = match pace {
            Pace::AtOnce => 0,
            Pace::BackOff => self.backoff.next(&mut self.rng),
            Pace::BackOffMore => {
                self.backoff.rate_limited();
                self.backoff.next(&mut self.rng)
            }
        };
        self.wait_for(delay, reason, error);
    }

    pub(super) fn wait_for(&mut self, delay: Millis, reason: &'static str, error: Option<&Error>) {
        self.phase = Phase::Waiting { until: self.clock.now().saturating_add(delay) };
        self.tell_connection(ConnectionState::Reconnecting, Some(reason), error, Some(delay));
    }

    pub(super) async fn phase_time_passed(&mut self, now: Millis) -> Result<(), Stop> {
        self.expire_requests(now);
        match &mut self.phase {
            Phase::Waiting { until } if *until <= now && self.wish == Wish::Online => self.dial().await,
            Phase::Online(_) => self.online_time_passed(now).await,
            _ => Ok(()),
        }
    }

    async fn online_time_passed(&mut self, now: Millis) -> Result<(), Stop> {
        if let Some(online) = self.phase.online()
            && matches!(online.stage, Stage::LoggingIn { until } if until <= now)
        {
            return Err(Stop::Ended(Ending::login_timeout()));
        }
        while let Some(waiter) = self.phase.online().and_then(|online| online.pending.take_expired(now)) {
            self.unanswered(waiter, super::incoming::NoAnswer::Timeout).await?;
        }
        self.ask_for_offline(now).await?;
        let Some(online) = self.phase.online() else {
            return Ok(());
        };
        online.keepalive.counted(online.link.received(), now);
        let due = online.keepalive.check(now, !online.pending.is_empty(), &mut self.rng);
        match due {
            Due::Nothing => Ok(()),
            Due::Ping => {
                let timeout = self.settings.keepalive.dead_after;
                self.query(build::get("w:p"), Waiter::Ping, timeout).await.map(drop)
            }
            Due::Dead => Err(Stop::Ended(Ending::dead())),
        }
    }
}

fn login_dial(
    config: &crate::api::Config,
    version: client_payload::AppVersion,
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
    let description: DeviceDescription = super::super::device::description(config, version);
    let mut payload = client_payload::login(&description, &login);
    payload.push_name = account.push_name.clone();
    Some(Dial {
        noise: Arc::new(device.noise.clone()),
        payload: payload.encode_to_vec(),
        routing_info: device.routing_info.clone(),
    })
}
