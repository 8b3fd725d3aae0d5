//! Where each stanza goes.

use super::super::disconnect_reason::DisconnectReason;
use super::super::server_text::word;
use super::super::status_mapping::IqError;
use super::super::transport::TransportEvent;
use super::command::ConnectionGoal;
use super::notifications::from_server;
use super::state::{NoAnswer, Waiter};
use super::{Session, SessionError};
use crate::api::{LogLevel, Status};
use crate::messaging::stanzas::key_digest::KeyDigest;
use crate::messaging::stanzas::privacy;
use crate::messaging::stanzas::props::Props;
use crate::pairing::IqFailure;
use crate::stanza::{Jid, Node, NodeRef, Server, Stanza, build};
use serde_json::json;

impl Session {
    /// Takes note of something that came in, and deals with it if that needs no waiting. Gives back a stanza that does.
    pub(super) fn received_quickly(
        &mut self,
        received: TransportEvent,
    ) -> Result<Option<Stanza>, SessionError> {
        let now = self.clock.now();
        if let Some(online) = self.phase.online() {
            online.keepalive.counted(online.link.received(), now);
            online.keepalive.received(now);
        }
        match received {
            TransportEvent::Stanza(stanza) => {
                let node = stanza.root();
                self.log(LogLevel::Trace, "stanza", || format!("in: {}", outline(node)));
                let done = self.route_quickly(node)?;
                Ok((!done).then_some(stanza))
            }
            TransportEvent::Unreadable(error) => {
                self.log(LogLevel::Warn, "stanza", || format!("a stanza was dropped: {error}"));
                Ok(None)
            }
        }
    }

    /// Where the frequent ones go. False if this is none of them.
    fn route_quickly(&mut self, node: NodeRef<'_>) -> Result<bool, SessionError> {
        match node.tag() {
            "message" | "status" | "receipt" => return Ok(self.message_quickly(node)),
            "ack" if node.is("class", "message") => return Ok(self.message_quickly(node)),
            "call" => self.call_came(node),
            "ack" | "error" => {}
            "failure" => return Err(SessionError::Ended(DisconnectReason::of_failure(node))),
            "stream:error" => return Err(SessionError::Ended(DisconnectReason::of_stream_error(node))),
            "xmlstreamend" => return Err(SessionError::Ended(DisconnectReason::stream_end())),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Where all others go.
    pub(super) async fn route(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        match node.tag() {
            "iq" => self.iq(node).await,
            "success" => self.logged_in(node).await,
            "ib" => self.ib(node).await,
            "notification" => self.notification(node).await,
            "message" | "status" | "receipt" | "ack" => self.message_stanza(node).await,
            "presence" => self.presence_came(node).await,
            "chatstate" => self.activity_came(node).await,
            _ => {
                self.refuse_unknown(node);
                Ok(())
            }
        }
    }

    async fn iq(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        if node.is("type", "result") || node.is("type", "error") {
            let Some(id) = node.str("id") else { return Ok(()) };
            // What is asked of a group is answered in its name.
            if !from_server(node) && node.jid("from").is_none_or(|from| from.server != Server::Group) {
                self.log(LogLevel::Warn, "iq", || {
                    "an answer did not come from the server and was dropped".to_owned()
                });
                return Ok(());
            }
            let waiter = self.phase.online().and_then(|online| online.pending.take(&id));
            return match waiter {
                Some(waiter) => self.answered(waiter, node).await,
                None => Ok(()),
            };
        }
        if node.is("xmlns", "urn:xmpp:ping") || node.is("xmlns", "w:p") || node.child("ping").is_some() {
            return self.answer_ping(node).await;
        }
        if self.offer_to_pairing(node).await? {
            return Ok(());
        }
        self.log(LogLevel::Debug, "iq", || "a request of the server is not known here".to_owned());
        Ok(())
    }

    /// The server may leave the id out; then so does the answer.
    async fn answer_ping(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        let to = node.jid("from").unwrap_or_else(Jid::server);
        let id = node.str("id").map(|id| id.into_owned());
        let answer = Node::new("iq").attr("to", to).attr("type", "result").attr_opt("id", id);
        self.send(answer).await
    }

    async fn answered(&mut self, waiter: Waiter, node: NodeRef<'_>) -> Result<(), SessionError> {
        let error = IqError::of(node);
        match waiter {
            Waiter::Ping | Waiter::Nobody => Ok(()),
            Waiter::Pairing(tag) => self
                .with_pairing(|pairing, now, rng| match &error {
                    None => pairing.handle_reply(now, tag, Ok(node), rng),
                    Some(error) => pairing.handle_reply(now, tag, Err(error.for_pairing()), rng),
                })
                .await
                .map(drop),
            // Any answer shows that the server is alive, also one that says it does not know this request.
            Waiter::HostPing { request, sent_at } => {
                let round_trip = self.clock.now().saturating_sub(sent_at);
                self.answer(request, Ok(json!({ "round_trip_ms": round_trip })));
                Ok(())
            }
            Waiter::Engine(tag) => {
                let answer = error.as_ref().map_or(Ok(node), |error| Err(error.code.unwrap_or(0)));
                self.with_engine(|engine, cx| engine.reply(tag, answer, cx)).await
            }
            Waiter::Numbers { request, numbers } => {
                self.numbers_answered(request, &numbers, node, error.as_ref()).await
            }
            Waiter::Privacy(waiting) => {
                self.tells_reading = privacy::tells_reading(node).or(self.tells_reading);
                for (request, read) in waiting {
                    self.tell_read(request, &read);
                }
                Ok(())
            }
            Waiter::Active | Waiter::Alive { .. } => self.active().await,
            Waiter::Prekeys(uploaded) => self.prekeys_answered(uploaded, error).await,
            Waiter::KeyDigest => {
                self.keys_checked(KeyDigest::read(node), error.as_ref()).await?;
                self.keys_need_no_waiting().await
            }
            Waiter::Props => self.props_came(Props::read(node).filter(|_| error.is_none())).await,
            Waiter::SignedPrekey(fresh) => self.signed_prekey_answered(*fresh, error).await,
            Waiter::Logout { request } => self.logged_out(request, error.is_none()).await,
        }
    }

    /// The answer did not come, and will not.
    pub(super) async fn unanswered(&mut self, waiter: Waiter, why: NoAnswer) -> Result<(), SessionError> {
        match waiter {
            // The watch over the connection is kept elsewhere.
            Waiter::Ping | Waiter::Props | Waiter::Nobody => Ok(()),
            Waiter::Engine(tag) => self.with_engine(|engine, cx| engine.reply(tag, Err(0), cx)).await,
            Waiter::Pairing(tag) => {
                let failure = match why {
                    NoAnswer::Timeout => IqFailure::Timeout,
                    NoAnswer::Disconnected => IqFailure::Disconnected,
                };
                self.with_pairing(|pairing, now, rng| pairing.handle_reply(now, tag, Err(failure), rng))
                    .await
                    .map(drop)
            }
            Waiter::HostPing { request, .. } | Waiter::Numbers { request, .. } => {
                self.answer(request, Err(why.to_error()));
                Ok(())
            }
            Waiter::Privacy(waiting) => {
                for (request, _) in waiting {
                    self.answer(request, Err(why.to_error()));
                }
                Ok(())
            }
            Waiter::Active if why == NoAnswer::Timeout => self.ask_whether_alive().await,
            Waiter::Alive { asked_at } if why == NoAnswer::Timeout => self.nothing_answered(asked_at).await,
            Waiter::Active | Waiter::Alive { .. } => Ok(()),
            Waiter::Prekeys(uploaded) if why == NoAnswer::Timeout => self.prekeys_not_taken(uploaded).await,
            // The next login finds them unsent and sends them again, and checks the keys.
            Waiter::Prekeys(_) | Waiter::SignedPrekey(_) => Ok(()),
            Waiter::KeyDigest => self.keys_need_no_waiting().await,
            Waiter::Logout { request } => self.logged_out(request, false).await,
        }
    }

    pub(super) async fn host_ping(&mut self, request: u64) -> Result<(), SessionError> {
        let waiter = Waiter::HostPing { request, sent_at: self.clock.now() };
        let timeout = self.settings.keepalive.dead_after;
        if !self.query(build::get("w:p"), waiter, timeout).await? {
            self.answer(request, Err(Status::NOT_CONNECTED.into()));
        }
        Ok(())
    }

    /// Something new: the server is told that it was seen and not understood, or it would come for ever.
    fn refuse_unknown(&mut self, node: NodeRef<'_>) {
        const UNRECOGNIZED_STANZA: u16 = 488;
        self.log(LogLevel::Debug, "stanza", || {
            format!("an unknown stanza <{}> was refused", word(node.tag()))
        });
        if let Some(ack) = build::ack(&node).filter(|_| self.goal == ConnectionGoal::Online) {
            self.work.send(ack.attr("error", UNRECOGNIZED_STANZA));
        }
    }
}

/// A stanza as a log may show it: names and kinds, and nothing of whom it concerns or what it carries.
fn outline(node: NodeRef<'_>) -> String {
    let kind = ["type", "xmlns", "code", "reason", "stage"].into_iter().filter_map(|key| {
        let value = node.str(key)?;
        Some(format!(" {key}={}", word(&value)))
    });
    let children: Vec<_> = node.children().take(8).map(outline).collect();
    let (kind, tag) = (kind.collect::<String>(), word(node.tag()));
    if children.is_empty() {
        format!("<{tag}{kind}/>")
    } else {
        format!("<{tag}{kind}>{}</{tag}>", children.join(""))
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
