//! The features of a session: what it can do, each with its own state.
//!
//! A feature works with [`SessionCore`](super::core::SessionCore) and knows nothing of the others; the session brings them together.

pub(in crate::client::session) mod calls;
pub(in crate::client::session) mod idle_records;
pub(in crate::client::session) mod key_check;
pub(in crate::client::session) mod lease;
pub(in crate::client::session) mod messages;
pub(in crate::client::session) mod pairing;
pub(in crate::client::session) mod prekeys;
pub(in crate::client::session) mod presence;
pub(in crate::client::session) mod props;
pub(in crate::client::session) mod read_receipts;
pub(in crate::client::session) mod restored;
pub(in crate::client::session) mod signed_prekey;
pub(in crate::client::session) mod web_version;
