//! The dispatch: brings each event to its handler.
//!
//! A handler puts what follows on the unit of work and waits for nothing. If it lacks records, it changes nothing and says
//! [`Unhandled::Needs`]: the loop loads them and dispatches the event again. A change of the connection or the link is a
//! [`Unhandled::Transition`]: the loop commits what came before, and `transitions` carries it out.

use super::super::disconnect_reason::DisconnectReason;
use super::super::server_text::word;
use super::super::transport::TransportEvent;
use super::Session;
use super::command::ConnectionGoal;
use super::features::{calls, messages, presence};
use super::handled::{Handled, Unhandled};
use super::notifications::from_server;
use super::state::LoopEvent;
use crate::api::LogLevel;
use crate::messaging::stanzas::acks::Nack;
use crate::stanza::{Jid, Node, NodeRef, Server, build};

impl Session {
    /// Notes that an event has come, once, however often it is dispatched.
    pub(super) fn note(&mut self, event: &LoopEvent) {
        match event {
            LoopEvent::Command(Some(command)) => {
                if let Some((request, method)) = command.request() {
                    self.core.requests.open(request, method, None);
                }
            }
            LoopEvent::Received(Ok(received)) => self.note_received(received),
            _ => {}
        }
    }

    fn note_received(&mut self, received: &TransportEvent) {
        let now = self.core.clock.now();
        if let Some(online) = self.core.phase.online() {
            online.keepalive.counted(online.link.received(), now);
            online.keepalive.received(now);
        }
        match received {
            TransportEvent::Stanza(stanza) => {
                self.core.log(LogLevel::Trace, "stanza", || format!("in: {}", outline(stanza.root())));
            }
            TransportEvent::Unreadable(error) => {
                self.core.log(LogLevel::Warn, "stanza", || format!("a stanza was dropped: {error}"));
            }
        }
    }

    /// Handles an event as far as that takes no waiting.
    pub(super) fn dispatch(&mut self, event: &LoopEvent) -> Handled {
        match event {
            LoopEvent::Command(Some(command)) => self.dispatch_command(command),
            LoopEvent::Received(Ok(TransportEvent::Stanza(stanza))) => self.dispatch_stanza(stanza.root()),
            LoopEvent::Received(Ok(TransportEvent::Unreadable(_))) => Ok(()),
            LoopEvent::Command(None)
            | LoopEvent::Dialed(_)
            | LoopEvent::Received(Err(_))
            | LoopEvent::Time => Err(Unhandled::Transition),
        }
    }

    fn dispatch_stanza(&mut self, node: NodeRef<'_>) -> Handled {
        match node.tag() {
            "message" | "status" | "receipt" => messages::received(&mut self.core, node),
            "ack" if node.is("class", "message") => messages::received(&mut self.core, node),
            "ack" | "error" => Ok(()),
            "call" => {
                calls::received(&mut self.core, node);
                Ok(())
            }
            "iq" => self.iq(node),
            "ib" => self.ib(node),
            "notification" => self.notification(node),
            "presence" => presence::received(&mut self.core, node),
            "chatstate" => presence::activity_received(&mut self.core, node),
            "success" => Err(Unhandled::Transition),
            "failure" => Err(DisconnectReason::of_failure(node).into()),
            "stream:error" => Err(DisconnectReason::of_stream_error(node).into()),
            "xmlstreamend" => Err(DisconnectReason::stream_end().into()),
            _ => {
                self.refuse_unknown(node);
                Ok(())
            }
        }
    }

    fn iq(&mut self, node: NodeRef<'_>) -> Handled {
        if is_answer(node) {
            // A query about a group is answered in the group's name.
            if !from_server(node) && node.jid("from").is_none_or(|from| from.server != Server::Group) {
                self.core.log(LogLevel::Warn, "iq", || {
                    "an answer did not come from the server and was dropped".to_owned()
                });
                return Ok(());
            }
            return self.iq_answered(node);
        }
        if node.is("xmlns", "urn:xmpp:ping") || node.is("xmlns", "w:p") || node.child("ping").is_some() {
            self.answer_ping(node);
            return Ok(());
        }
        if self.pairing.is_open() {
            return Err(Unhandled::Transition);
        }
        self.log_unknown_iq();
        Ok(())
    }

    pub(super) fn log_unknown_iq(&self) {
        self.core.log(LogLevel::Debug, "iq", || "a request of the server is not known here".to_owned());
    }

    /// The server may leave the id out; then so does the answer.
    fn answer_ping(&mut self, node: NodeRef<'_>) {
        let to = node.jid("from").unwrap_or_else(Jid::server);
        let id = node.str("id").map(|id| id.into_owned());
        self.core.work.send(Node::new("iq").attr("to", to).attr("type", "result").attr_opt("id", id));
    }

    /// Tells the server that a stanza of an unknown kind was seen and not understood: it would come for ever otherwise.
    fn refuse_unknown(&mut self, node: NodeRef<'_>) {
        self.core.log(LogLevel::Debug, "stanza", || {
            format!("an unknown stanza <{}> was refused", word(node.tag()))
        });
        let nack = build::nack(&node, Nack::UnknownStanza as u16);
        if let Some(nack) = nack.filter(|_| self.core.goal == ConnectionGoal::Online) {
            self.core.work.send(nack);
        }
    }
}

/// Returns whether an iq answers one of ours.
pub(super) fn is_answer(node: NodeRef<'_>) -> bool {
    node.is("type", "result") || node.is("type", "error")
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
