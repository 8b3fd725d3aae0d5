//! Presence: who is there, and who types.

use serde_json::json;

use super::super::event_mapping;
use super::core::SessionCore;
use super::dispatch::Handled;
use super::messaging_driver::own;
use crate::api::Status;
use crate::messaging::record_cache::MissingRecords;
use crate::messaging::stanzas::presence::{self, ChatState, IncomingChatState, IncomingPresence};
use crate::stanza::{Jid, Node, NodeRef};

/// The host says whether the user is there.
pub(super) fn set(core: &mut SessionCore, request: u64, available: bool) {
    if !core.is_ready() {
        return core.answer(request, Err(Status::NOT_CONNECTED.into()));
    }
    core.messaging.available = available;
    if let Some(engine) = &mut core.messaging.engine {
        engine.set_available(available);
    }
    show(core);
    core.work.answer(request, Ok(json!({})));
}

/// Shows whether the user is there, with the name that others see.
pub(super) fn show(core: &mut SessionCore) {
    if core.messaging.available {
        announce_use(core);
    }
    let name = core.account.as_ref().and_then(|account| account.push_name.as_deref());
    core.work.send(presence::presence(core.messaging.available, name));
}

/// Names the session of use that this is part of, as the official web client does.
pub(super) fn announce_use(core: &mut SessionCore) {
    let now = core.server_ms();
    core.work.send(presence::unified_session(now));
}

/// Shows others in a chat what the user does.
pub(super) fn show_activity(
    core: &mut SessionCore,
    request: u64,
    chat: &Jid,
    activity: ChatState,
) -> Handled {
    let node = match core.is_ready() {
        true => core.with_engine(|engine, cx| engine.wire_name(chat, cx))?,
        false => None,
    };
    send(core, request, node.map(|name| presence::chat_state(&name, activity)));
    Ok(())
}

/// Asks the server to tell of the presence of somebody.
pub(super) fn subscribe(core: &mut SessionCore, request: u64, user: &Jid) -> Handled {
    let node = match core.is_ready() {
        true => core.with_engine(|engine, cx| engine.subscription(user, cx))?,
        false => None,
    };
    send(core, request, node);
    Ok(())
}

/// Sends something that the server does not answer; there is nothing to send without a connection.
fn send(core: &mut SessionCore, request: u64, node: Option<Node>) {
    let Some(node) = node else { return core.answer(request, Err(Status::NOT_CONNECTED.into())) };
    core.work.send(node);
    core.work.answer(request, Ok(json!({})));
}

/// Handles `<presence>`.
pub(super) fn received(core: &mut SessionCore, node: NodeRef<'_>) -> Handled {
    if let Some(presence) = IncomingPresence::read(node) {
        let pn = phone_of(core, &presence.from)?;
        core.work.emit(0, event_mapping::presence(&presence, pn.as_ref()));
    }
    Ok(())
}

/// Handles `<chatstate>`.
pub(super) fn activity_received(core: &mut SessionCore, node: NodeRef<'_>) -> Handled {
    let Some(own) = core.account.as_deref().and_then(own) else { return Ok(()) };
    if let Some(state) = IncomingChatState::read(node, &own).filter(|state| !state.origin.from_me) {
        let chat_pn = phone_of(core, &state.origin.chat)?;
        let sender_pn = phone_of(core, &state.origin.sender)?;
        core.work.emit(0, event_mapping::activity(&state, chat_pn.as_ref(), sender_pn.as_ref()));
    }
    Ok(())
}

/// Returns the address by phone number of a person, if it is known.
fn phone_of(core: &mut SessionCore, person: &Jid) -> Result<Option<Jid>, MissingRecords> {
    Ok(core.with_engine(|engine, _| engine.known_phone(person))?.flatten())
}
