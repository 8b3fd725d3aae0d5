//! Handles the host's commands, and the results of jobs.

use std::sync::Arc;

use serde_json::json;

use super::super::clock::unix_ms;
use super::super::methods::Call;
use super::super::status_mapping;
use super::Session;
use super::command::{CODE, Command, QR};
use super::dispatch::{Handled, Unhandled};
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
                let pairs = self.requests.has(CODE) || self.requests.has(QR);
                if pairs && self.requests.is_open(*request) {
                    return Err(Unhandled::Transition);
                }
                self.cancel(*request);
            }
            Command::VersionFound { request, found } => {
                let answer = found.as_ref().map(|version| json!({ "version": version }));
                self.answer(*request, answer.map_err(status_mapping::of_net));
            }
            Command::SessionErased { request, erased } => {
                let answer = match erased {
                    Ok(true) => Ok(json!({})),
                    Ok(false) => Err(Status::UNKNOWN_SESSION.into()),
                    Err(error) => Err(status_mapping::of_store(error)),
                };
                self.answer(*request, answer);
            }
            Command::SessionsListed { request, listed } => {
                let answer = listed.as_ref().map(|sessions| json!({ "sessions": sessions }));
                self.answer(*request, answer.map_err(status_mapping::of_store));
            }
            _ => return Err(Unhandled::Transition),
        }
        Ok(())
    }

    /// Gives up a request that is still open. A pairing has been told already.
    pub(super) fn cancel(&mut self, request: u64) {
        if !self.requests.is_open(request) {
            // It was answered while the call was on its way; its answer says all.
            return;
        }
        if let Some(engine) = &mut self.engine {
            engine.cancel(request);
            self.carry_out();
        }
        // Whatever is left of it is forgotten: an answer of the server finds nobody.
        self.answer(request, Err(Status::CANCELLED.into()));
    }

    fn call(&mut self, request: u64, call: &Call) -> Handled {
        match call {
            Call::Send(_, message) => return self.send_message(request, message),
            Call::Group(_, command) => return self.manage_group(request, command),
            Call::CheckNumbers(numbers) => self.check_numbers(request, numbers),
            Call::MarkRead { chat, sender, ids } => {
                return self.mark_read(request, chat, sender.as_ref(), ids);
            }
            Call::ShowActivity { chat, activity } => return self.show_activity(request, chat, *activity),
            Call::SetPresence { available } => self.set_presence(request, *available),
            Call::Subscribe { user } => return self.subscribe(request, user),
            Call::ServerPing => self.host_ping(request),
            Call::RestrictionsGet => return self.restrictions(request),
            Call::SessionErase(Some(name)) if name.as_str() != self.settings.config.session_id() => {
                let (backend, name) = (Arc::clone(self.store.backend()), name.clone());
                self.spawn_job(async move {
                    let erased = erase_other(backend, &name).await;
                    Command::SessionErased { request, erased }
                });
            }
            Call::SessionErase(_) | Call::SessionRestored => return Err(Unhandled::Transition),
            Call::SessionStatus => {
                let status = self.status();
                self.answer(request, Ok(status));
            }
            Call::SessionList => {
                let backend = Arc::clone(self.store.backend());
                self.spawn_job(async move {
                    let listed = backend.list_sessions().await;
                    let listed =
                        listed.map(|names| names.iter().map(|name| name.as_str().to_owned()).collect());
                    Command::SessionsListed { request, listed }
                });
            }
            Call::VersionLatest => {
                let endpoint = self.settings.endpoint.clone();
                let url = self.settings.config.client_version_url().to_owned();
                self.spawn_job(async move {
                    let found = net::latest_version(&endpoint, &url).await;
                    let found = found.map(|[major, minor, build]| format!("{major}.{minor}.{build}"));
                    Command::VersionFound { request, found }
                });
            }
        }
        Ok(())
    }

    fn status(&self) -> serde_json::Value {
        let account = self.account.as_deref();
        json!({
            "state": self.shared.state(),
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
