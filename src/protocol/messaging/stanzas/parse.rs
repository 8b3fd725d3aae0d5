//! Helpers of the parsers: attributes and contents of the kinds that stanzas hold.

use crate::stanza::{AttrRef, Jid, NodeRef};

/// The last second of the year 9999. Later times are absurd, and would overflow when counted in smaller units.
const LAST_SECOND: u64 = 253_402_300_799;

/// An attribute that is text and not empty, borrowed from the stanza.
pub(super) fn text<'a>(node: &NodeRef<'a>, key: &str) -> Option<&'a str> {
    as_text(node.attr(key)?)
}

/// A number that fits.
pub(super) fn number<T: TryFrom<u64>>(node: &NodeRef<'_>, key: &str) -> Option<T> {
    as_number(node.attr(key)?)
}

/// A time in Unix seconds; absurd ones are none.
pub(super) fn time(node: &NodeRef<'_>, key: &str) -> Option<u64> {
    as_time(node.attr(key)?)
}

/// Returns whether the attribute is true, in either of the words in use.
pub(super) fn flag(node: &NodeRef<'_>, key: &str) -> bool {
    matches!(text(node, key), Some("true" | "1"))
}

/// The bytes of the child of that tag.
pub(super) fn child_bytes<'a>(node: &NodeRef<'a>, tag: &str) -> Option<&'a [u8]> {
    node.child(tag)?.bytes()
}

/// The text of the child of that tag; what is not UTF-8 is none.
pub(super) fn child_text<'a>(node: &NodeRef<'a>, tag: &str) -> Option<&'a str> {
    std::str::from_utf8(child_bytes(node, tag)?).ok().filter(|text| !text.is_empty())
}

pub(super) fn as_text(value: AttrRef<'_>) -> Option<&str> {
    match value {
        AttrRef::Text(text) => Some(text).filter(|text| !text.is_empty()),
        // A bare server is written like an address.
        AttrRef::Jid(jid) => Some(jid.server).filter(|_| jid.user.is_empty()),
    }
}

pub(super) fn as_jid(value: AttrRef<'_>) -> Option<Jid> {
    match value {
        AttrRef::Text(text) => text.parse().ok(),
        AttrRef::Jid(jid) => Some(jid.to_jid()),
    }
}

pub(super) fn as_number<T: TryFrom<u64>>(value: AttrRef<'_>) -> Option<T> {
    let AttrRef::Text(text) = value else { return None };
    // `parse` alone would take a leading plus sign.
    let number: u64 =
        if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok()? } else { return None };
    number.try_into().ok()
}

pub(super) fn as_time(value: AttrRef<'_>) -> Option<u64> {
    as_number(value).filter(|seconds| *seconds <= LAST_SECOND)
}
