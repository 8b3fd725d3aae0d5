//! Handles the host's commands, and the results of jobs.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::mpsc;

use super::super::clock::unix_ms;
use super::super::methods::Call;
use super::super::runtime::COMPUTATIONS;
use super::command::{CODE, Command, ConnectionGoal, LOGOUT, PASSKEY, QR};
use super::state::{ConnectionPhase, ReadMessages};
use super::{Session, SessionError};
use crate::api::{CloseReason, ConnectionState, Error, Status};
use crate::messaging::stanzas::presence;
use crate::net;
use crate::pairing::OutcomeKind;
use crate::store::{self, Backend, SessionName, StoreError, records};

impl Session {
    pub(super) async fn command(&mut self, command: Command) -> Result<(), SessionError> {
        match command {
            Command::WishChanged => {
                let goal = self.shared.take_wish();
                if goal.disconnect {
                    self.wish_offline().await?;
                }
                if goal.connect {
                    self.wish_online().await?;
                }
                Ok(())
            }
            Command::Close => {
                self.goal = ConnectionGoal::Closed;
                Ok(())
            }
            Command::RequestCode { request, phone, code } => {
                self.requests.open(request, CODE, None);
                self.pairing_request(request, |pairing, now, _| {
                    pairing.request_code(now, request, phone, code)
                })
                .await
            }
            Command::RequestQr { request } => {
                self.requests.open(request, QR, None);
                self.pairing_request(request, |pairing, now, _| pairing.request_qr(now, request)).await
            }
            Command::AnswerPasskey { request, assertion } => {
                self.requests.open(request, PASSKEY, None);
                self.answer_passkey(request, &assertion).await
            }
            Command::ConfirmPasskey { request } => {
                self.requests.open(request, PASSKEY, None);
                self.confirm_passkey(request).await
            }
            Command::Cancel { request } => self.cancel(request).await,
            Command::Logout { request } => {
                self.requests.open(request, LOGOUT, None);
                self.logout(request).await
            }
            Command::Call { request, call } => {
                self.requests.open(request, call.name(), None);
                self.call(request, call).await
            }
            // What settles takes them.
            Command::Acknowledged => Ok(()),
            #[cfg(test)]
            Command::Break => panic!("a test breaks the task"),
            Command::WorkDied => {
                let error = Error::plain(Status::PANIC);
                self.answer_all(&error);
                self.close_because(CloseReason::Failed, Some(error));
                Ok(())
            }
            Command::Room => self.refill().await,
            Command::Derived(key) => {
                self.with_pairing(|pairing, now, rng| pairing.derived(now, &key, rng)).await.map(drop)
            }
            Command::PrekeysMade(made) => self.prekeys_made(*made).await,
            Command::VersionFound { request, found } => {
                let answer = found.map(|version| json!({ "version": version }));
                self.answer(request, answer.map_err(|error| super::super::status_mapping::of_net(&error)));
                Ok(())
            }
            Command::VersionLearned(learned) => self.version_learned(learned).await,
            Command::SessionErased { request, erased } => {
                let answer = match erased {
                    Ok(true) => Ok(json!({})),
                    Ok(false) => Err(Status::UNKNOWN_SESSION.into()),
                    Err(error) => Err(super::super::status_mapping::of_store(&error)),
                };
                self.answer(request, answer);
                Ok(())
            }
            Command::SessionsListed { request, listed } => {
                let answer = listed.map(|sessions| json!({ "sessions": sessions }));
                self.answer(request, answer.map_err(|error| super::super::status_mapping::of_store(&error)));
                Ok(())
            }
        }
    }

    /// Does what is asked for often. Gives back what needs waiting.
    pub(super) fn command_quickly(&mut self, command: Command) -> Option<Command> {
        match command {
            Command::Call { request, call: Call::Send(name, draft) } => {
                self.send_quickly(request, name, *draft)
            }
            Command::Acknowledged => None,
            other => Some(other),
        }
    }

    async fn wish_online(&mut self) -> Result<(), SessionError> {
        self.goal = ConnectionGoal::Online;
        self.connection_error = None;
        self.shared.set_wants_connection(true);
        match self.phase {
            // The host is at hand: no reason to sit out a wait.
            ConnectionPhase::Waiting { .. } => self.dial().await,
            ConnectionPhase::Offline => {
                let stagger = self.settings.stagger(&mut self.rng);
                if stagger == 0 {
                    return self.dial().await;
                }
                self.wait_for(stagger, "staggered_start", None);
                Ok(())
            }
            ConnectionPhase::Dialing(_) | ConnectionPhase::Online(_) => Ok(()),
        }
    }

    async fn wish_offline(&mut self) -> Result<(), SessionError> {
        let was_wanted = std::mem::replace(&mut self.goal, ConnectionGoal::Offline) == ConnectionGoal::Online;
        if matches!(self.phase, ConnectionPhase::Offline) {
            self.pairing_unreachable(OutcomeKind::NotConnected.into()).await?;
            if was_wanted {
                // A device that nobody links was told to be offline, and not for good: whoever waits for it can stop now.
                self.emit_connection(ConnectionState::Disconnected, Some("by_host"), None, None);
            }
            return Ok(());
        }
        let error = Error::new(Status::CONNECTION_LOST, "the connection was closed by wa_client_disconnect");
        self.connection_gone(&error).await?;
        self.pairing_unreachable(OutcomeKind::NotConnected.into()).await?;
        self.emit_connection(ConnectionState::Disconnected, Some("by_host"), None, None);
        Ok(())
    }

    async fn cancel(&mut self, request: u64) -> Result<(), SessionError> {
        if !self.requests.is_open(request) {
            // It was answered while the call was on its way; its answer says all.
            return Ok(());
        }
        if self.requests.has(CODE) || self.requests.has(QR) {
            self.with_pairing(|pairing, now, rng| pairing.cancel(now, request, rng)).await?;
        }
        if let Some(engine) = &mut self.engine {
            engine.cancel(request);
            self.carry_out();
        }
        // Whatever is left of it is forgotten: an answer of the server finds nobody.
        self.answer(request, Err(Status::CANCELLED.into()));
        Ok(())
    }

    async fn call(&mut self, request: u64, call: Call) -> Result<(), SessionError> {
        match call {
            Call::Send(_, draft) => self.send_message(request, *draft).await,
            Call::Group(_, goal) => self.manage_group(request, *goal).await,
            Call::CheckNumbers(numbers) => self.check_numbers(request, numbers).await,
            Call::MarkRead { chat, sender, ids } => {
                self.mark_read(request, ReadMessages { chat, sender, ids }).await
            }
            Call::ShowActivity { chat, activity } => {
                let mut name = chat.clone();
                self.with_names(|engine, cx| {
                    name = engine.wire_name(&chat, cx)?;
                    Ok(())
                })
                .await?;
                self.show(request, presence::chat_state(&name, activity));
                Ok(())
            }
            Call::SetPresence { available } => {
                self.set_presence(request, available);
                Ok(())
            }
            Call::Subscribe { user } => {
                let mut node = presence::subscribe(&user, None);
                self.with_names(|engine, cx| {
                    node = engine.subscription(&user, cx)?;
                    Ok(())
                })
                .await?;
                self.show(request, node);
                Ok(())
            }
            Call::ServerPing => self.host_ping(request).await,
            Call::RestrictionsGet => self.restrictions(request).await,
            Call::SessionErase(Some(name)) if name.as_str() != self.settings.config.session_id() => {
                let backend = Arc::clone(self.store.backend());
                self.spawn_job(async move {
                    let erased = erase_other(backend, &name).await;
                    Command::SessionErased { request, erased }
                });
                Ok(())
            }
            Call::SessionErase(_) => self.erase(request).await,
            Call::SessionRestored => self.restored(request).await,
            Call::SessionStatus => {
                let status = self.status();
                self.answer(request, Ok(status));
                Ok(())
            }
            Call::SessionList => {
                let backend = Arc::clone(self.store.backend());
                self.spawn_job(async move {
                    let listed = backend.list_sessions().await;
                    let listed =
                        listed.map(|names| names.iter().map(|name| name.as_str().to_owned()).collect());
                    Command::SessionsListed { request, listed }
                });
                Ok(())
            }
            Call::VersionLatest => {
                let endpoint = self.settings.endpoint.clone();
                let url = self.settings.config.client_version_url().to_owned();
                self.spawn_job(async move {
                    let found = net::latest_version(&endpoint, &url).await;
                    let found = found.map(|[major, minor, build]| format!("{major}.{minor}.{build}"));
                    Command::VersionFound { request, found }
                });
                Ok(())
            }
        }
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

    /// Runs something that must not hold up the session; its result comes back as a command.
    pub(super) fn spawn_job(&self, work: impl Future<Output = Command> + Send + 'static) {
        let post = WorkPost::new(&self.post);
        tokio::spawn(async move {
            let command = work.await;
            post.send(command);
        });
    }

    /// The same for work that keeps a processor busy. Without a thread for it, it is done here.
    pub(super) fn spawn_blocking_job(&self, work: impl FnOnce() -> Command + Send + 'static) {
        let post = WorkPost::new(&self.post);
        if let Err((work, _)) = COMPUTATIONS.submit(Box::new(move || post.send(work()))) {
            work();
        }
    }
}

/// Brings the result of a job to the session, or word that there will be none.
struct WorkPost(Option<mpsc::WeakUnboundedSender<Command>>);

impl WorkPost {
    fn new(post: &mpsc::WeakUnboundedSender<Command>) -> Self {
        WorkPost(Some(post.clone()))
    }

    fn send(mut self, command: Command) {
        self.bring(command);
    }

    fn bring(&mut self, command: Command) {
        if let Some(post) = self.0.take().and_then(|post| post.upgrade()) {
            // A closed session wants no results.
            let _ = post.send(command);
        }
    }
}

impl Drop for WorkPost {
    fn drop(&mut self) {
        self.bring(Command::WorkDied);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_dies_tells_the_session() {
        let (sender, mut inbox) = mpsc::unbounded_channel();
        WorkPost::new(&sender.downgrade()).send(Command::Close);
        assert!(matches!(inbox.try_recv(), Ok(Command::Close)) && inbox.try_recv().is_err());
        let post = WorkPost::new(&sender.downgrade());
        let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _post = post;
            panic!("the work dies");
        }));
        assert!(died.is_err() && matches!(inbox.try_recv(), Ok(Command::WorkDied)));
    }
}
