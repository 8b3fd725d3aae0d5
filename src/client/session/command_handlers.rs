//! Handles the host's commands, and the results of jobs.

use std::sync::Arc;

use serde_json::json;

use super::super::clock::unix_ms;
use super::super::methods::{Action, Call};
use super::super::status_mapping;
use super::Session;
use super::command::{CODE, Command, QR};
use super::dispatch::{Handled, Unhandled};
use super::features::{contacts, messages, presence};
use crate::api::Status;
use crate::net;
use crate::store::{self, Backend, SessionName, StoreError, records};

impl Session {
    /// Handles a command of the host, or the result of a job, as far as that takes no waiting.
    pub(super) fn dispatch_command(&mut self, command: &Command) -> Handled {
        match command {
            Command::Call { request, call } => return self.call(*request, call),
            // The commit takes them.
            Command::Acknowledged => {}
            Command::Cancel { request } => {
                let pairs = self.core.requests.has(CODE) || self.core.requests.has(QR);
                if pairs && self.core.requests.is_open(*request) {
                    return Err(Unhandled::Transition);
                }
                self.cancel(*request);
            }
            Command::LeaseRenewed { asked_at, renewed } => {
                self.lease
                    .renewed(*asked_at, self.core.now(), renewed)
                    .map_err(|lost| Unhandled::Stop(lost.into()))?;
            }
            Command::VersionFound { request, found } => {
                let answer = found.as_ref().map(|version| json!({ "version": version }));
                self.core.answer(*request, answer.map_err(status_mapping::of_net));
            }
            Command::SessionErased { request, erased } => {
                let answer = match erased {
                    Ok(true) => Ok(json!({})),
                    Ok(false) => Err(Status::UNKNOWN_SESSION.into()),
                    Err(error) => Err(status_mapping::of_store(error)),
                };
                self.core.answer(*request, answer);
            }
            Command::SessionsListed { request, listed } => {
                let answer = listed.as_ref().map(|sessions| json!({ "sessions": sessions }));
                self.core.answer(*request, answer.map_err(status_mapping::of_store));
            }
            _ => return Err(Unhandled::Transition),
        }
        Ok(())
    }

    /// Gives up a request that is still open. A pairing has been told already.
    pub(super) fn cancel(&mut self, request: u64) {
        if !self.core.requests.is_open(request) {
            // It was answered while the call was on its way; its answer says all.
            return;
        }
        if let Some(engine) = &mut self.core.messaging.engine {
            engine.cancel(request);
            self.core.carry_out();
        }
        // Whatever is left of it is forgotten: an answer of the server finds nobody.
        self.core.answer(request, Err(Status::CANCELLED.into()));
    }

    fn call(&mut self, request: u64, call: &Call) -> Handled {
        if call.needs_login && !self.core.is_ready() {
            self.core.answer(request, Err(Status::NOT_CONNECTED.into()));
            return Ok(());
        }
        match &call.action {
            Action::Send(message) => return messages::send(&mut self.core, request, message),
            Action::Group(command) => return messages::groups(&mut self.core, request, command),
            Action::CheckNumbers(numbers) => contacts::check(&mut self.core, request, numbers),
            Action::MarkRead { chat, sender, ids } => {
                let sender = sender.as_ref();
                return self.read_receipts.mark_read(&mut self.core, request, chat, sender, ids);
            }
            Action::ShowActivity { chat, activity } => {
                return presence::show_activity(&mut self.core, request, chat, *activity);
            }
            Action::SetPresence { available } => presence::set(&mut self.core, request, *available),
            Action::Subscribe { user } => return presence::subscribe(&mut self.core, request, user),
            Action::ServerPing => self.host_ping(request),
            Action::RestrictionsGet => return messages::restrictions(&mut self.core, request),
            Action::SessionErase(Some(name)) if name.as_str() != self.core.settings.config.session_id() => {
                let (backend, name) = (Arc::clone(self.core.store.backend()), name.clone());
                self.core.spawn_job(async move {
                    let erased = erase_other(backend, &name).await;
                    Command::SessionErased { request, erased }
                });
            }
            Action::SessionErase(_) | Action::SessionRestored => return Err(Unhandled::Transition),
            Action::SessionStatus => {
                let status = self.status();
                self.core.answer(request, Ok(status));
            }
            Action::SessionList => {
                let backend = Arc::clone(self.core.store.backend());
                self.core.spawn_job(async move {
                    let listed = backend.list_sessions().await;
                    let listed =
                        listed.map(|names| names.iter().map(|name| name.as_str().to_owned()).collect());
                    Command::SessionsListed { request, listed }
                });
            }
            Action::VersionLatest => {
                let endpoint = self.core.settings.endpoint.clone();
                let url = self.core.settings.config.client_version_url().to_owned();
                self.core.spawn_job(async move {
                    let found = net::latest_version(&endpoint, &url).await;
                    let found = found.map(|[major, minor, build]| format!("{major}.{minor}.{build}"));
                    Command::VersionFound { request, found }
                });
            }
        }
        Ok(())
    }

    fn status(&self) -> serde_json::Value {
        let account = self.core.account.as_deref();
        json!({
            "state": self.core.host.shared.state(),
            "linked": account.is_some(),
            "jid": account.map(|account| &account.jid),
            "lid": account.map(|account| &account.lid).filter(|lid| !lid.is_empty()),
            "phone": account.map(|account| account.phone()),
        })
    }
}

/// Erases a session that no client has open, and keeps what limits its account. One that cannot be read is erased all the same. Says
/// whether there was one.
async fn erase_other(backend: Arc<dyn Backend>, name: &SessionName) -> Result<bool, StoreError> {
    if let Ok(other) = store::Session::open(Arc::clone(&backend), name).await
        && let Ok((_, Some(account))) = records::load(&other).await
    {
        let _ = records::keep_account_limits(&other, account.phone(), unix_ms()).await;
    }
    backend.erase(name).await
}
