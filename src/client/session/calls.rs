//! Calls of others: told to the host, and acknowledged. This library takes none.

use super::super::clock::unix_ms;
use super::super::event_mapping;
use super::core::SessionCore;
use crate::messaging::stanzas::calls::IncomingCall;
use crate::stanza::NodeRef;

/// Handles `<call>`.
pub(super) fn received(core: &mut SessionCore, node: NodeRef<'_>) {
    if let Some(event) = IncomingCall::read(node).and_then(|call| event_mapping::call(&call, unix_ms())) {
        core.work.emit(0, event);
    }
    core.acknowledge(node);
}
