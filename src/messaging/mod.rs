//! Messages: from what a host wants to say to the stanzas that say it, and back.
//!
//! Values in, values out, as in [`pairing`](crate::pairing): no clock, socket or randomness but what is handed in.
//!
//! | part | subject |
//! |---|---|
//! | [`address`], [`content`], [`history`], [`stanzas`] | the values, from the package of the protocols |
//! | [`record_cache`] | the records that are worked on, loaded from the store and written back to it |
//! | [`engine`] | the decisions: what is done with a message that comes, and what it takes to send one |

pub use wa_protocol::messaging::{address, content, history, stanzas};

pub(crate) mod engine;
pub(crate) mod record_cache;

#[cfg(any(test, fuzzing))]
pub use engine::random_walk::walk as engine_walk;
