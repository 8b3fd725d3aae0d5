//! Encrypted files: their keys, and the two ways through a file, which take it piece by piece and hold no more than one.
//!
//! A file is the ciphertext of AES-256-CBC followed by ten bytes of HMAC-SHA256. Its content is used only after the code was
//! checked over the whole file: a reader goes through the file twice, first with [`Verifier`], then with [`Decryptor`].
//!
//! | file | subject |
//! |---|---|
//! | `keys` | the kinds of files, and the keys that follow from a media key |
//! | `hashes` | the hashes by which a message names a file |
//! | `verify` | the check of a whole file |
//! | `decrypt` | the content of a checked file |
//! | `encrypt` | the file of a content |
//! | `retry` | the request for a file that the servers lost |

mod decrypt;
mod encrypt;
mod error;
mod hashes;
mod keys;
mod retry;
mod verify;

#[cfg(test)]
mod media_tests;

pub use decrypt::Decryptor;
pub use encrypt::{EncryptedFile, encrypt};
pub use error::MediaError;
pub use hashes::FileHashes;
pub use keys::{FileKind, MediaKeys};
pub use retry::{RETRY_IV, retry_key, retry_request};
pub use verify::Verifier;

/// Length of the code at the end of a file.
const CODE: usize = 10;
