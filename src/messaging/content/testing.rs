//! What the tests of this room share.

use std::sync::OnceLock;

use serde_json::Value;

use super::Key;

/// `tests/vectors/message-vectors.json`.
pub(super) fn vectors() -> &'static Value {
    static VECTORS: OnceLock<Value> = OnceLock::new();
    VECTORS.get_or_init(|| {
        serde_json::from_str(include_str!("../../../tests/vectors/message-vectors.json")).unwrap()
    })
}

/// An own message of that id in a one-to-one chat.
pub(super) fn key(id: &str) -> Key {
    Key { from_me: true, id: id.to_owned(), ..Key::default() }
}
