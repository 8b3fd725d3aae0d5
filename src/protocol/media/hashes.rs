//! The hashes by which a message names a file.

/// SHA-256 of a file's content and of the file as it is stored, as far as the message has them. A hash that is absent is not checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileHashes {
    /// Of the content. That of a history is the hash of its compressed form.
    pub content: Option<[u8; 32]>,
    /// Of the encrypted file.
    pub encrypted: Option<[u8; 32]>,
}
