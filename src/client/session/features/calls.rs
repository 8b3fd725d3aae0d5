//! Calls of others: told to the host, and acknowledged. This library takes none.

use crate::client::clock::unix_ms;
use crate::client::event_mapping;
use crate::client::session::core::SessionCore;
use crate::messaging::stanzas::calls::IncomingCall;
use crate::stanza::NodeRef;

/// Handles `<call>`.
pub(in crate::client::session) fn received(core: &mut SessionCore, node: NodeRef<'_>) {
    if let Some(event) = IncomingCall::read(node).and_then(|call| event_mapping::call(&call, unix_ms())) {
        core.work.emit(0, event);
    }
    core.acknowledge(node);
}
