//! Presence: who is there, and who types.

use serde_json::json;

use super::super::event_mapping;
use super::Session;
use super::dispatch::Handled;
use super::messaging_driver::own;
use crate::api::Status;
use crate::messaging::record_cache::MissingRecords;
use crate::messaging::stanzas::presence::{self, ChatState, IncomingChatState, IncomingPresence};
use crate::stanza::{Jid, Node, NodeRef};

impl Session {
    /// The host says whether the user is there.
    pub(super) fn set_presence(&mut self, request: u64, available: bool) {
        if !self.is_ready() {
            return self.answer(request, Err(Status::NOT_CONNECTED.into()));
        }
        self.available = available;
        if let Some(engine) = &mut self.engine {
            engine.set_available(available);
        }
        self.show_presence();
        self.work.answer(request, Ok(json!({})));
    }

    /// Shows whether the user is there, with the name that others see.
    pub(super) fn show_presence(&mut self) {
        if self.available {
            self.tell_unified_session();
        }
        let name = self.account.as_ref().and_then(|account| account.push_name.as_deref());
        self.work.send(presence::presence(self.available, name));
    }

    /// Names the session of use that this is part of, as the official web client does.
    pub(super) fn tell_unified_session(&mut self) {
        let now = self.server_ms();
        self.work.send(presence::unified_session(now));
    }

    /// Shows others in a chat what the user does.
    pub(super) fn show_activity(&mut self, request: u64, chat: &Jid, activity: ChatState) -> Handled {
        let node = match self.is_ready() {
            true => self.with_engine(|engine, cx| engine.wire_name(chat, cx))?,
            false => None,
        };
        self.show(request, node.map(|name| presence::chat_state(&name, activity)));
        Ok(())
    }

    /// Asks the server to tell of the presence of somebody.
    pub(super) fn subscribe(&mut self, request: u64, user: &Jid) -> Handled {
        let node = match self.is_ready() {
            true => self.with_engine(|engine, cx| engine.subscription(user, cx))?,
            false => None,
        };
        self.show(request, node);
        Ok(())
    }

    /// Sends something that the server does not answer; there is nothing to send without a connection.
    fn show(&mut self, request: u64, node: Option<Node>) {
        let Some(node) = node else { return self.answer(request, Err(Status::NOT_CONNECTED.into())) };
        self.work.send(node);
        self.work.answer(request, Ok(json!({})));
    }

    pub(super) fn presence_came(&mut self, node: NodeRef<'_>) -> Handled {
        if let Some(presence) = IncomingPresence::read(node) {
            let pn = self.phone_of(&presence.from)?;
            self.work.emit(0, event_mapping::presence(&presence, pn.as_ref()));
        }
        Ok(())
    }

    pub(super) fn activity_came(&mut self, node: NodeRef<'_>) -> Handled {
        let Some(own) = self.account.as_deref().and_then(own) else { return Ok(()) };
        if let Some(state) = IncomingChatState::read(node, &own).filter(|state| !state.origin.from_me) {
            let chat_pn = self.phone_of(&state.origin.chat)?;
            let sender_pn = self.phone_of(&state.origin.sender)?;
            self.work.emit(0, event_mapping::activity(&state, chat_pn.as_ref(), sender_pn.as_ref()));
        }
        Ok(())
    }

    /// Returns the address by phone number of a person, if it is known.
    fn phone_of(&mut self, person: &Jid) -> Result<Option<Jid>, MissingRecords> {
        Ok(self.with_engine(|engine, _| engine.known_phone(person))?.flatten())
    }
}
