//! The file of a content.

use super::{CODE, FileHashes, FileKind, MediaKeys};
use crate::crypto::{Secret, cbc, hmac_sha256, sha256};

/// A file as it goes to the media servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedFile {
    /// The ciphertext and its code.
    pub bytes: Vec<u8>,
    /// The hashes of the content and of these bytes.
    pub hashes: FileHashes,
}

/// Encrypts a content under a media key, which no other content was encrypted with.
#[must_use]
pub fn encrypt(media_key: &Secret<32>, kind: FileKind, content: &[u8]) -> EncryptedFile {
    encrypt_with(&MediaKeys::derive(media_key, kind), content)
}

pub(super) fn encrypt_with(keys: &MediaKeys, content: &[u8]) -> EncryptedFile {
    let mut bytes = Vec::with_capacity(cbc::sealed_length(content.len()) + CODE);
    cbc::encrypt_onto(keys.cipher.as_bytes(), &keys.iv, content, &mut bytes);
    let code = hmac_sha256(keys.code.as_bytes(), &[&keys.iv, &bytes]);
    bytes.extend_from_slice(code.get(..CODE).unwrap_or_default());
    let hashes = FileHashes { content: Some(sha256(&[content])), encrypted: Some(sha256(&[&bytes])) };
    EncryptedFile { bytes, hashes }
}
