//! Messages: what comes, what goes, and what the session's state means for them.

use crate::client::session::SessionError;
use crate::client::session::core::SessionCore;
use crate::client::session::features::presence;
use crate::client::session::handled::Handled;
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
