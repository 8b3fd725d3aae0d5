//! Messages: from what a host wants to say to the stanzas that say it, and back.
//!
//! Values in, values out, as in [`pairing`](crate::pairing): no clock, socket or randomness but what is handed in.

pub mod content;
pub mod stanzas;

#[cfg(test)]
mod test_vectors;
