//! The features of a session, most with a state of their own.
//!
//! A feature works with [`SessionCore`](super::core::SessionCore); the session brings features together. A feature may build on
//! another below it, never the other way: `messages` on `presence`, `key_check` on `restored`, `signed_prekey` on `key_check`,
//! `pairing` on `idle_records`.
//!
//! | file | subject |
//! |---|---|
//! | `messages`, `calls`, `presence` | stanzas for the messaging engine; calls; presence and typing |
//! | `read_receipts` | receipts for messages that the host has read |
//! | `pairing` | drives the pairing machines of [`crate::pairing`] |
//! | `prekeys`, `signed_prekey` | one-time prekeys handed to the server; the signed one replaced |
//! | `key_check`, `restored` | the server's copy of these keys compared with the store; a store that is an older copy |
//! | `idle_records` | records that nothing needs any more |
//! | `lease` | holds the session in a store that processes share; no store that ships does so yet |
//! | `history`, `media_hosts` | the parts of the account's history that its phone hands over; the servers that have them |
//! | `props`, `web_version` | server properties; the version of the web client that is presented |

pub(in crate::client::session) mod calls;
pub(in crate::client::session) mod history;
pub(in crate::client::session) mod idle_records;
pub(in crate::client::session) mod key_check;
pub(in crate::client::session) mod lease;
pub(in crate::client::session) mod media_hosts;
pub(in crate::client::session) mod messages;
pub(in crate::client::session) mod pairing;
pub(in crate::client::session) mod prekeys;
pub(in crate::client::session) mod presence;
pub(in crate::client::session) mod props;
pub(in crate::client::session) mod read_receipts;
pub(in crate::client::session) mod restored;
pub(in crate::client::session) mod signed_prekey;
pub(in crate::client::session) mod web_version;
