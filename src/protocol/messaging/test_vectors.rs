//! Vectors that an independent program computed, for the tests of messages and files.

use std::sync::OnceLock;

use serde_json::Value;

/// `tests/vectors/message-vectors.json`.
pub(crate) fn vectors() -> &'static Value {
    static VECTORS: OnceLock<Value> = OnceLock::new();
    VECTORS.get_or_init(|| {
        serde_json::from_str(include_str!("../../../tests/vectors/message-vectors.json")).unwrap()
    })
}
