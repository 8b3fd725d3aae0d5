//! Messages: what comes, what goes, and what the session's state means for them.

use crate::api::Status;
use crate::client::event_mapping;
use crate::client::session::SessionError;
use crate::client::session::core::SessionCore;
use crate::client::session::dispatch::Handled;
use crate::client::session::features::presence;
use crate::messaging::engine::{GroupCommand, GroupRequest, OutboundMessage};
use crate::stanza::NodeRef;

/// Handles a message, or what the server or a recipient says of ours.
pub(in crate::client::session) fn received(core: &mut SessionCore, node: NodeRef<'_>) -> Handled {
    core.with_engine(|engine, cx| match node.tag() {
        "message" | "status" => engine.message(node, cx),
        "receipt" => engine.receipt(node, cx),
        _ => engine.ack(node, cx),
    })?;
    core.offline_stanza(node);
    Ok(())
}

/// Sends a message of the host.
pub(in crate::client::session) fn send(
    core: &mut SessionCore,
    request: u64,
    message: &OutboundMessage,
) -> Handled {
    if core.with_engine(|engine, cx| engine.send(request, message, cx))?.is_none() {
        core.answer(request, Err(Status::NOT_LINKED.into()));
    }
    Ok(())
}

/// Tells the host what holds for first contacts.
pub(in crate::client::session) fn restrictions(core: &mut SessionCore, request: u64) -> Handled {
    let found = core.with_engine(|engine, cx| Ok(engine.restrictions(cx)))?;
    let answer = found.map(|found| event_mapping::restrictions(&found));
    core.answer(request, answer.ok_or_else(|| Status::NOT_LINKED.into()));
    Ok(())
}

/// Does what the host wants of groups.
pub(in crate::client::session) fn groups(
    core: &mut SessionCore,
    request: u64,
    command: &GroupCommand,
) -> Handled {
    let group_request = GroupRequest { request, command: command.clone() };
    core.with_engine(|engine, cx| engine.group_request(&group_request, cx))?;
    Ok(())
}

/// The session is ready: what waits to be sent may go. The server is told the name, once for each login, and whether the user
/// is there.
pub(in crate::client::session) async fn online(core: &mut SessionCore) -> Result<(), SessionError> {
    let available = core.messaging.available;
    if available || core.account.as_ref().is_some_and(|account| account.push_name.is_some()) {
        presence::show(core);
    }
    let may_encrypt = core.phase.may_encrypt();
    core.engine_transition(|engine, _| {
        engine.set_available(available);
        if may_encrypt {
            engine.online();
        }
        Ok(())
    })
    .await
}

/// The key check need not be waited for any more: what waits to be sent may go.
pub(in crate::client::session) async fn no_key_check(core: &mut SessionCore) -> Result<(), SessionError> {
    let Some(online) = core.phase.online() else { return Ok(()) };
    if online.held_until.take().is_none() || !core.phase.may_encrypt() {
        return Ok(());
    }
    core.engine_transition(|engine, _| {
        engine.online();
        Ok(())
    })
    .await
}

/// The connection is gone.
pub(in crate::client::session) fn offline(core: &mut SessionCore) {
    if let Some(engine) = &mut core.messaging.engine {
        engine.offline();
        engine.set_available(false);
    }
}
