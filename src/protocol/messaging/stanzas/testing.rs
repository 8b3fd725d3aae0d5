//! Helpers shared by the tests of this room.

use super::addressing::Own;
pub(super) use crate::messaging::test_vectors::vectors;
use crate::stanza::{Jid, Node, NodeRef, Stanza};

/// Returns the addresses of the tests' own device: `100@s.whatsapp.net`, `900@lid`, device 7.
pub(super) fn own() -> Own {
    Own { pn: jid("100:7@s.whatsapp.net"), lid: Some(jid("900:7@lid")) }
}

pub(super) fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

/// Reads what the other side would have sent as `node`.
pub(super) fn reading<T>(node: Node, read: impl FnOnce(NodeRef<'_>) -> T) -> T {
    read(Stanza::from_node(&node).unwrap().root())
}
