//! Helpers shared by the tests of this room.

use super::MessageRef;
pub(super) use crate::messaging::test_vectors::vectors;

/// An own message of that id in a one-to-one chat.
pub(super) fn key(id: &str) -> MessageRef {
    MessageRef { from_me: true, id: id.to_owned(), ..MessageRef::default() }
}
