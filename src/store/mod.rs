//! What a session keeps: a small key-value store with atomic, durable batches, and the typed records kept in it.
//!
//! A [`Backend`] holds many sessions. Data is addressed by session, [`Space`] and key; a [`Batch`] is all or nothing and is
//! on disk when its commit resolves. Two backends exist: SQLite ([`sqlite`]) and memory ([`memory`]); [`open`] picks one by
//! URL, and puts a seal around it if the host gives a key ([`seal`]). What the bytes mean is the business of [`records`], which
//! is the same for every backend.
//!
//! It is not a cache: nothing of an idle session stays in memory here but its name. It knows no protocol either: JIDs are
//! text, and the account's proof of identity is a blob.

mod backend;
mod batch;
mod error;
pub mod memory;
pub mod records;
pub mod seal;
mod space;
pub mod sqlite;
mod url;

pub use backend::{Backend, Pending, Session, SessionKey, SessionName};
pub use batch::{Batch, MAX_KEY, MAX_VALUE, Op, Value};
pub use error::StoreError;
pub use space::Space;
pub use url::open;

#[cfg(test)]
mod suite;
