//! Reading `tests/vectors/pairing-vectors.json` in tests.

use std::sync::OnceLock;

use serde_json::Value;

pub(crate) use crate::crypto::testing::{bytes, hex_of, list, text};

/// The whole file.
pub(crate) fn vectors() -> &'static Value {
    static VECTORS: OnceLock<Value> = OnceLock::new();
    VECTORS.get_or_init(|| {
        serde_json::from_str(include_str!("../../../tests/vectors/pairing-vectors.json")).unwrap()
    })
}
