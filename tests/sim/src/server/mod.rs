//! The server side: one task per connection.
//!
//! [`accept`] takes connections, [`session`] owns one and moves its bytes, [`handshake`] brings it to encrypted frames,
//! [`login`] and [`register`] decide who comes in, [`dispatch`] hands each stanza to the file of its subject. Handlers
//! are plain functions on the model; what they send goes to the connection's queue.

pub(crate) mod accept;
pub(crate) mod account;
pub(crate) mod answer;
pub(crate) mod bundles;
mod client_payload;
pub(crate) mod devices;
mod dispatch;
pub(crate) mod groups;
mod handshake;
pub(crate) mod link_code;
mod login;
mod media_conn;
pub(crate) mod message;
pub(crate) mod pair;
pub(crate) mod passkey;
pub(crate) mod phash;
mod prekeys;
pub(crate) mod presence;
mod queries;
pub(crate) mod queue;
mod rate;
pub(crate) mod receipts;
mod register;
pub(crate) mod restrictions;
mod session;
mod tls;
pub(crate) mod unlink;
mod usync;

pub(crate) use rate::Rates;
pub(crate) use tls::Tls;
