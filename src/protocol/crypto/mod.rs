//! The primitives that the protocol rooms share, and the source of randomness they are handed.
//!
//! It is a set of thin, hard-to-misuse names over well-kept crates. A key pair and its signature live in [`KeyPair`];
//! secrets travel as [`Secret`], which wipes itself and prints nothing.
//! It is not a protocol: the inputs of each hash are the business of `noise`, `signal` and `pairing`.

pub mod cbc;
pub mod ctr;
pub mod gcm;
mod hash;
mod keys;
mod random;
mod secret;
mod xeddsa;

#[cfg(test)]
mod crypto_tests;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use hash::{MacKey, RunningHash, RunningMac, hkdf, hmac_sha256, pbkdf2_sha256, sha256};
pub use keys::{KeyPair, LowOrder, PreparedKey, PublicKey};
pub use random::{OsRandom, PooledRandom, Random, SharedRandom, random_array};
pub use secret::Secret;
pub use xeddsa::{SIGNATURE_LENGTH, verify};
