//! Stanzas: the tree of elements in which everything after the handshake is said, and its binary form.
//!
//! * [`Node`] is an owned element: build one and [`encode()`] it.
//! * [`Stanza`] is a received one, decoded in place; walk it by [`NodeRef`].
//! * [`Jid`] is an address.
//! * [`build`] has the elements that everybody needs: iqs, acks, pings, ids.
//!
//! Values in, values out: nothing here knows a connection, waits, or decides what a stanza means. The decoder faces the
//! network: whatever the bytes, it answers with a [`Stanza`] or a [`DecodeError`], within bounded memory and time.

pub mod build;
mod debug;
mod decode;
mod decoded;
mod encode;
mod inflate;
mod jid;
mod name;
mod node;
mod packing;
mod token;
mod tokens;

pub use decode::DecodeError;
pub use decoded::{AttrRef, JidRef, NodeRef, Stanza};
pub use encode::{EncodeError, encode, encode_into};
pub use jid::{Jid, JidError, Server};
pub use name::Name;
pub use node::{Content, Node, Value};

/// Short text: up to 23 bytes are kept in place, `'static` text is only pointed to, clones are cheap.
pub use smol_str::SmolStr as Text;

/// Deepest nesting that is read or written; real stanzas stay below 20.
pub const MAX_DEPTH: usize = 128;
/// Most attributes of one element; real ones have less than 30.
pub const MAX_ATTRS: usize = 1024;
/// Longest tag or attribute name in bytes; real ones stay below 50.
pub const MAX_NAME: usize = 256;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod vector_tests;
