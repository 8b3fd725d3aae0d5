//! `client.version` = `auto`: the version of WhatsApp Web that is presented, and what follows when the server refuses it.
//!
//! A version that was refused to this device is not presented by it again for a day, in case the server was wrong; the record of the
//! device holds the number. A version
//! refused to one account may be right for others, so nothing but the answer of the page is shared between sessions.

use crate::api::{ConnectionState, Error, LogLevel, Restricted, RestrictionKind, RestrictionScope};
use crate::client::clock::{Millis, unix_ms};
use crate::client::disconnect_reason::{DisconnectReason, Reason, ReconnectDelay};
use crate::client::session::command::{Command, ConnectionGoal};
use crate::client::session::state::ConnectionPhase;
use crate::client::session::{Session, SessionError};
use crate::client::status_mapping;
use crate::client::web_version::{learn, newest};
use crate::net::NetError;
use crate::noise::client_payload::AppVersion;
use crate::pairing::{Outcome, OutcomeKind};
use crate::store::Batch;
use crate::store::records::{self, DeviceRecord, WebVersionRecord};

/// For how long a version that was refused is not presented again, in milliseconds.
const REFUSED_FOR: i64 = 24 * 3_600_000;

/// Returns the newest version that the server refused to a device lately. One that was refused in the future was noted by a clock that
/// was ahead.
fn refused(device: &DeviceRecord, now_ms: i64) -> Option<AppVersion> {
    let is_lately = (0..REFUSED_FOR).contains(&now_ms.saturating_sub(device.refused_ms));
    device.refused_version.filter(|_| is_lately).map(AppVersion)
}

/// The state of the version of a session.
#[derive(Debug, Default)]
pub(in crate::client::session) struct WebVersion {
    /// The one that was presented last.
    presented: Option<AppVersion>,
    /// The page is being asked.
    is_asked: bool,
    /// The day of expiry that the host was told of last, in Unix seconds.
    told: Option<i64>,
    /// From when on the server will refuse the one that is presented, Unix seconds; to be told if there is no newer one.
    expires: Option<i64>,
}

impl WebVersion {
    /// Notes the day of expiry. Returns whether it is news: the server names it at every login.
    pub(in crate::client::session) fn is_news(&mut self, expires_s: i64) -> bool {
        self.told.replace(expires_s) != Some(expires_s)
    }
}

impl Session {
    /// Chooses the version for the next connection. `None` if all that are known were refused.
    pub(in crate::client::session) async fn choose_version(
        &mut self,
    ) -> Result<Option<AppVersion>, SessionError> {
        let version = match self.core.settings.version {
            Some(fixed) => fixed,
            None => {
                let stored = WebVersionRecord::load(&self.core.store).await?;
                newest(self.core.settings.config.client_version_url(), stored)
            }
        };
        let refused = self.core.device.as_ref().and_then(|device| refused(device, unix_ms()));
        if self.core.settings.version.is_none() && refused.is_some_and(|refused| version <= refused) {
            return Ok(None);
        }
        self.web_version.presented = Some(version);
        Ok(Some(version))
    }

    /// Asks for a newer version before the connection is made.
    pub(in crate::client::session) async fn await_version(&mut self) -> Result<(), SessionError> {
        self.core.phase = ConnectionPhase::Waiting { until: Millis::MAX };
        if self.core.host.shared.state() != ConnectionState::Reconnecting {
            self.core.emit_connection(ConnectionState::Connecting, None, None, None);
        }
        self.ask_version().await
    }

    async fn ask_version(&mut self) -> Result<(), SessionError> {
        if std::mem::replace(&mut self.web_version.is_asked, true) {
            return Ok(());
        }
        let stored = WebVersionRecord::load(&self.core.store).await?;
        let endpoint = self.core.settings.endpoint.clone();
        let url = self.core.settings.config.client_version_url().to_owned();
        self.core.spawn_job(async move { Command::VersionLearned(learn(endpoint, url, stored).await) });
        Ok(())
    }

    /// The server refused the version that was presented. Whatever waits for the connection goes on waiting, for one that is made
    /// with a newer version.
    pub(in crate::client::session) async fn version_refused(
        &mut self,
        ending: &DisconnectReason,
    ) -> Result<(), SessionError> {
        if let (Some(device), Some(refused)) = (&mut self.core.device, self.web_version.presented) {
            (device.refused_version, device.refused_ms) = (Some(refused.0), unix_ms());
            let batch = records::fresh(device);
            self.core.store.commit(batch).await?;
        }
        let error = ending.to_error();
        self.with_pairing(|pairing, _, _| pairing.made_again()).await?;
        self.connection_gone(&error).await?;
        self.come_back(ReconnectDelay::AtOnce, Reason::NewVersion.name(), Some(&error)).await
    }

    /// The server names the day from which it refuses the version. True if a newer one is asked for, and the host need not be told.
    pub(in crate::client::session) async fn version_expires(
        &mut self,
        seconds: i64,
    ) -> Result<bool, SessionError> {
        if self.core.settings.version.is_some() {
            return Ok(false);
        }
        self.web_version.expires = Some(seconds);
        self.ask_version().await?;
        Ok(true)
    }

    pub(in crate::client::session) async fn emit_expiration(
        &mut self,
        seconds: i64,
    ) -> Result<(), SessionError> {
        self.core
            .emit_restricted(Restricted {
                starts_at_ms: Some(seconds.saturating_mul(1000)),
                ..Restricted::new(RestrictionKind::ClientOutdated, RestrictionScope::Client)
            })
            .await
    }

    /// The page has answered, or could not be asked.
    pub(in crate::client::session) async fn version_learned(
        &mut self,
        learned: Result<WebVersionRecord, NetError>,
    ) -> Result<(), SessionError> {
        self.web_version.is_asked = false;
        if let Ok(record) = learned {
            let mut batch = Batch::new();
            record.put(&mut batch);
            self.core.store.commit(batch).await?;
        }
        match (&self.core.phase, self.web_version.expires.take()) {
            // A connection waits for it.
            (ConnectionPhase::Waiting { until: Millis::MAX }, _) => {
                self.core.phase = ConnectionPhase::Offline;
                match learned {
                    Ok(_) => self.connect_with_newer().await,
                    Err(error) => self.version_unknown(&error).await,
                }
            }
            (ConnectionPhase::Online(_), Some(seconds)) => match learned {
                Ok(record) if Some(AppVersion(record.version)) > self.web_version.presented => {
                    Err(SessionError::Ended(DisconnectReason::new_version()))
                }
                _ => self.emit_expiration(seconds).await,
            },
            _ => Ok(()),
        }
    }

    /// Connects, if the answer is newer than what was refused.
    async fn connect_with_newer(&mut self) -> Result<(), SessionError> {
        if self.core.goal != ConnectionGoal::Online {
            return Ok(());
        }
        if self.choose_version().await?.is_some() {
            return self.dial().await;
        }
        Err(SessionError::Ended(DisconnectReason::version_refused()))
    }

    async fn version_unknown(&mut self, error: &NetError) -> Result<(), SessionError> {
        let why = status_mapping::of_net(error);
        let text = format!("the newest version of WhatsApp Web could not be learned: {}", why.text);
        let error = Error::new(why.status, text).retryable(why.retryable);
        self.core.log(LogLevel::Warn, "version", || error.text.clone());
        if !error.retryable && self.core.account.is_none() {
            // A user waits in front of a screen, and the next attempt would end as this one.
            self.pairing_unreachable(Outcome::new(OutcomeKind::ClientOutdated).with_detail(&error.text))
                .await?;
        }
        self.come_back(ReconnectDelay::BackOff, Reason::ClientOutdated.name(), Some(&error)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::OsRandom;

    #[test]
    fn a_version_that_was_refused_is_presented_again_a_day_later() {
        let mut device = DeviceRecord::generate(0, &mut OsRandom);
        assert_eq!(refused(&device, 0), None);
        let now = 1_800_000_000_000;
        (device.refused_version, device.refused_ms) = (Some([2, 3000, 9]), now);
        for (at, held) in
            [(now, true), (now + REFUSED_FOR - 1, true), (now + REFUSED_FOR, false), (now - 1, false)]
        {
            assert_eq!(refused(&device, at).is_some(), held, "{at}");
        }
    }
}
