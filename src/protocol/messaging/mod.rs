//! Messages as values: the names under which keys are kept, the contents, and the stanzas that carry them.
//!
//! | part | subject |
//! |---|---|
//! | [`address`] | the names under which keys are kept |
//! | [`content`] | the contents of messages: made, read, sealed |
//! | [`history`] | the account's history, as its phone hands it over |
//! | [`stanzas`] | typed values and the stanzas that carry them; no state and no decisions |

pub mod address;
pub mod content;
pub mod history;
pub mod stanzas;

#[cfg(test)]
pub(crate) mod test_vectors;
