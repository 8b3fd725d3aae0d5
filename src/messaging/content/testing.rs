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

/// A text field.
pub(super) fn text<'a>(section: &'a Value, key: &str) -> &'a str {
    section[key].as_str().unwrap_or_else(|| panic!("no text {key}"))
}

/// A field of hexadecimal digits of any length.
pub(super) fn hex_of(section: &Value, key: &str) -> Vec<u8> {
    hex::decode(text(section, key)).unwrap_or_else(|_| panic!("no hex {key}"))
}

/// A field of exactly `N` bytes.
pub(super) fn bytes<const N: usize>(section: &Value, key: &str) -> [u8; N] {
    hex_of(section, key).try_into().unwrap_or_else(|_| panic!("{key} is not {N} bytes"))
}

/// A list.
pub(super) fn list<'a>(section: &'a Value, key: &str) -> &'a [Value] {
    section[key].as_array().unwrap_or_else(|| panic!("no list {key}"))
}

/// An own message of that id in a one-to-one chat.
pub(super) fn key(id: &str) -> Key {
    Key { from_me: true, id: id.to_owned(), ..Key::default() }
}
