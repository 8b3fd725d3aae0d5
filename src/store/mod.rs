//! The data of sessions: a small key-value store with atomic, durable batches, and the typed records kept in it.
//!
//! A [`Backend`] holds many sessions. Data is addressed by session, [`Space`] and key; a [`Batch`] is all or nothing and is
//! on disk when its commit resolves. Two backends exist: SQLite ([`sqlite`]) and memory ([`memory`]); [`open()`] picks one by
//! URL, and puts a seal around it if the host gives a key ([`seal`]). The meaning of the bytes is the business of [`records`],
//! which is the same for every backend.
//!
//! It is not a cache: nothing of an idle session stays in memory here but its name. It knows no protocol either: JIDs are
//! text, and the account's proof of identity is a blob.

mod backend;
mod batch;
mod error;
pub mod memory;
mod namespace;
mod open;
pub mod records;
pub mod seal;
pub mod sqlite;

pub use backend::{Backend, Lease, Pending, Session, SessionKey, SessionName};
pub use batch::{Batch, MAX_KEY, MAX_VALUE, Op, Value};
pub use error::StoreError;
pub use namespace::Space;
pub use open::open;

#[cfg(test)]
mod conformance;
#[cfg(test)]
pub(crate) mod shared_memory;
