//! Faults of encrypted files.

/// The reason why a file is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// No file has this length.
    #[error("the file was cut off")]
    Length,
    /// The hash of the encrypted file is another one than the message names.
    #[error("the file is not the one that the message names")]
    EncryptedHash,
    /// The code at the end was not made with the key of the message.
    #[error("the file was changed, or its key is another one")]
    Code,
    /// The last block does not end as a last block does.
    #[error("the padding of the file is malformed")]
    Padding,
    /// The hash of the content is another one than the message names.
    #[error("the content of the file is not the one that the message names")]
    ContentHash,
}
