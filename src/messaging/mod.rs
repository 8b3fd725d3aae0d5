//! Messages: from what a host wants to say to the stanzas that say it, and back.
//!
//! Values in, values out, as in [`pairing`](crate::pairing): no clock, socket or randomness but what is handed in.
//!
//! | part | what it is |
//! |---|---|
//! | [`address`] | the names under which keys are kept |
//! | [`content`] | what messages say: made, read, sealed |
//! | [`stanzas`] | typed values and the stanzas that carry them; no state and no decisions |
//! | [`record_cache`] | the records that are worked on, loaded from the store and written back to it |
//! | [`engine`] | the decisions: what is done with a message that comes, and what it takes to send one |

pub mod address;
pub mod content;
pub(crate) mod engine;
pub(crate) mod record_cache;
pub mod stanzas;

#[cfg(any(test, fuzzing))]
pub use engine::random_walk::walk as engine_walk;

#[cfg(test)]
mod test_vectors;
