//! Presence: who is there, and who types.

use crate::client::event_mapping;
use crate::client::session::core::SessionCore;
use crate::client::session::core::messaging_driver::own;
use crate::client::session::handled::Handled;
use crate::messaging::record_cache::MissingRecords;
use crate::messaging::stanzas::presence::{self, IncomingChatState, IncomingPresence};
use crate::stanza::{Jid, NodeRef};

/// Shows contacts whether the user is there, on this connection and later ones.
pub(in crate::client::session) fn set(core: &mut SessionCore, available: bool) {
    core.work.changes_available(std::mem::replace(&mut core.messaging.available, available));
    if let Some(engine) = &mut core.messaging.engine {
        engine.set_available(available);
    }
    show(core);
}

/// Shows whether the user is there, with the name that others see.
pub(in crate::client::session) fn show(core: &mut SessionCore) {
    if core.messaging.available {
        announce_use(core);
    }
    let name = core.account.as_ref().and_then(|account| account.push_name.as_deref());
    core.work.send(presence::presence(core.messaging.available, name));
}

/// Names the session of use that this is part of, as the official web client does.
pub(in crate::client::session) fn announce_use(core: &mut SessionCore) {
    let now = core.server_ms();
    core.work.send(presence::unified_session(now));
}

/// Handles `<presence>`.
pub(in crate::client::session) fn received(core: &mut SessionCore, node: NodeRef<'_>) -> Handled {
    if let Some(presence) = IncomingPresence::read(node) {
        let pn = phone_of(core, &presence.from)?;
        core.work.emit(0, event_mapping::presence(&presence, pn.as_ref()));
    }
    Ok(())
}

/// Handles `<chatstate>`.
pub(in crate::client::session) fn activity_received(core: &mut SessionCore, node: NodeRef<'_>) -> Handled {
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
    Ok(core.with_engine(|engine, _| engine.core.known_phone(person))?.flatten())
}
