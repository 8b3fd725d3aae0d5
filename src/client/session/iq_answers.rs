//! The answers to our requests, and what follows when there is none.

use super::super::iq_tracker::PendingIq;
use super::super::status_mapping::IqError;
use super::features::{key_check, messages, props};
use super::handled::{Handled, Unhandled};
use super::state::{NoAnswer, Waiter};
use super::{Session, SessionError};
use crate::messaging::engine::QueryError;
use crate::messaging::stanzas::key_digest::KeyDigest;
use crate::messaging::stanzas::media_conn::MediaConn;
use crate::messaging::stanzas::props::Props;
use crate::pairing::IqFailure;
use crate::stanza::NodeRef;

impl Session {
    /// Handles an answer of the server.
    pub(super) fn iq_answered(&mut self, node: NodeRef<'_>) -> Handled {
        let Some(pending) = self.take_pending(node) else { return Ok(()) };
        let handled = self.dispatch_answer(pending.waiter(), node);
        if handled.is_err()
            && let Some(online) = self.core.phase.online()
        {
            online.pending.put_back(pending);
        }
        handled
    }

    fn take_pending(&mut self, node: NodeRef<'_>) -> Option<PendingIq<Waiter>> {
        let id = node.str("id")?;
        self.core.phase.online()?.pending.take(&id)
    }

    fn dispatch_answer(&mut self, waiter: &Waiter, node: NodeRef<'_>) -> Handled {
        let error = IqError::of(node);
        match waiter {
            Waiter::Ping | Waiter::Nobody => {}
            Waiter::Call { request, handler } => {
                return handler.answered(self, *request, node, error.as_ref());
            }
            Waiter::Engine(tag) => {
                let answer = error.as_ref().map_or(Ok(node), |error| Err(error.of_query()));
                self.core.with_engine(|engine, cx| engine.reply(*tag, answer, cx))?;
            }
            Waiter::Privacy(waiting) => {
                self.read_receipts.learn(node);
                for (request, read) in waiting {
                    self.read_receipts.tell(&mut self.core, *request, read);
                }
            }
            Waiter::Props => {
                props::received(&mut self.core, Props::read(node).filter(|_| error.is_none()));
            }
            Waiter::Pairing(_)
            | Waiter::Active
            | Waiter::Alive { .. }
            | Waiter::Prekeys(_)
            | Waiter::KeyDigest
            | Waiter::MediaConn
            | Waiter::SignedPrekey(_)
            | Waiter::Logout { .. } => return Err(Unhandled::Transition),
        }
        Ok(())
    }

    /// Handles an answer that changes the connection, the link or what the store holds of its keys.
    pub(super) async fn answer_transition(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        let Some(pending) = self.take_pending(node) else { return Ok(()) };
        let error = IqError::of(node);
        match pending.into_waiter() {
            Waiter::Pairing(tag) => self
                .with_pairing(|pairing, now, rng| match &error {
                    None => pairing.handle_reply(now, tag, Ok(node), rng),
                    Some(error) => pairing.handle_reply(now, tag, Err(error.for_pairing()), rng),
                })
                .await
                .map(drop),
            Waiter::Active | Waiter::Alive { .. } => self.active().await,
            Waiter::Prekeys(uploaded) => {
                if self.prekeys.answered(&mut self.core, uploaded, error).await? {
                    self.go_active();
                }
                Ok(())
            }
            Waiter::KeyDigest => {
                if key_check::answered(&mut self.core, KeyDigest::read(node), error.as_ref()).await? {
                    self.prekeys.owe(&mut self.core);
                }
                messages::no_key_check(&mut self.core).await
            }
            Waiter::MediaConn => {
                let answer = MediaConn::read(node).filter(|_| error.is_none());
                self.history.hosts_came(&mut self.core, answer);
                Ok(())
            }
            Waiter::SignedPrekey(fresh) => self.signed_prekey.answered(&mut self.core, *fresh, error).await,
            Waiter::Logout { request } => self.logged_out(request, error.is_none()).await,
            // The dispatch has handled these.
            Waiter::Ping
            | Waiter::Nobody
            | Waiter::Call { .. }
            | Waiter::Engine(_)
            | Waiter::Privacy(_)
            | Waiter::Props => Ok(()),
        }
    }

    /// Handles that an answer did not come, and will not.
    pub(super) async fn unanswered(&mut self, waiter: Waiter, why: NoAnswer) -> Result<(), SessionError> {
        match waiter {
            // The watch over the connection is kept elsewhere.
            Waiter::Ping | Waiter::Props | Waiter::Nobody => Ok(()),
            Waiter::Engine(tag) => {
                self.core
                    .engine_transition(|engine, cx| engine.reply(tag, Err(QueryError::SILENCE), cx))
                    .await
            }
            Waiter::Pairing(tag) => {
                let failure = match why {
                    NoAnswer::Timeout => IqFailure::Timeout,
                    NoAnswer::Disconnected => IqFailure::Disconnected,
                };
                self.with_pairing(|pairing, now, rng| pairing.handle_reply(now, tag, Err(failure), rng))
                    .await
                    .map(drop)
            }
            Waiter::Call { request, .. } => {
                self.core.answer(request, Err(why.to_error()));
                Ok(())
            }
            Waiter::Privacy(waiting) => {
                for (request, _) in waiting {
                    self.core.answer(request, Err(why.to_error()));
                }
                Ok(())
            }
            Waiter::Active if why == NoAnswer::Timeout => {
                self.ask_whether_alive();
                Ok(())
            }
            Waiter::Alive { asked_at } if why == NoAnswer::Timeout => self.nothing_answered(asked_at).await,
            Waiter::Active | Waiter::Alive { .. } => Ok(()),
            Waiter::Prekeys(uploaded) if why == NoAnswer::Timeout => {
                self.prekeys.not_taken(&mut self.core, uploaded);
                self.go_active();
                Ok(())
            }
            // The next login finds them unsent and sends them again, and checks the keys.
            Waiter::Prekeys(_) | Waiter::SignedPrekey(_) => Ok(()),
            Waiter::KeyDigest => messages::no_key_check(&mut self.core).await,
            Waiter::MediaConn => {
                self.history.hosts_came(&mut self.core, None);
                Ok(())
            }
            Waiter::Logout { request } => self.logged_out(request, false).await,
        }
    }
}

impl IqError {
    fn for_pairing(&self) -> IqFailure {
        IqFailure::Error {
            code: self.code.unwrap_or(0),
            text: self.text.clone().unwrap_or_default(),
            backoff: self.backoff.map(|wait| wait.as_secs()),
        }
    }
}
