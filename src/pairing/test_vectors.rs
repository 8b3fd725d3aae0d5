//! Reading `tests/vectors/pairing-vectors.json` in tests.

use std::sync::OnceLock;

use serde_json::Value;

/// The whole file.
pub(crate) fn vectors() -> &'static Value {
    static VECTORS: OnceLock<Value> = OnceLock::new();
    VECTORS.get_or_init(|| {
        serde_json::from_str(include_str!("../../tests/vectors/pairing-vectors.json")).unwrap()
    })
}

/// A text field.
pub(crate) fn text<'a>(section: &'a Value, key: &str) -> &'a str {
    section[key].as_str().unwrap_or_else(|| panic!("no text {key}"))
}

/// A field of hexadecimal digits of any length.
pub(crate) fn hex_of(section: &Value, key: &str) -> Vec<u8> {
    hex::decode(text(section, key)).unwrap_or_else(|_| panic!("no hex {key}"))
}

/// A field of exactly `N` bytes.
pub(crate) fn bytes<const N: usize>(section: &Value, key: &str) -> [u8; N] {
    hex_of(section, key).try_into().unwrap_or_else(|_| panic!("{key} is not {N} bytes"))
}

/// A list.
pub(crate) fn list<'a>(section: &'a Value, key: &str) -> &'a [Value] {
    section[key].as_array().unwrap_or_else(|| panic!("no list {key}"))
}
