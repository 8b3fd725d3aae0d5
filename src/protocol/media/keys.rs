//! The kinds of files, and the keys that follow from a media key.

use crate::crypto::{Secret, hkdf};

/// A kind of file: each has keys of its own, and a word of its own at the media servers. Facts from whatsmeow, Baileys and zapo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A part of the account's history, which the own phone puts up.
    History,
}

impl FileKind {
    /// The info of the key derivation.
    #[must_use]
    pub const fn key_info(self) -> &'static str {
        match self {
            Self::History => "WhatsApp History Keys",
        }
    }

    /// The word for it in the addresses of the media servers, `mms-type`.
    #[must_use]
    pub const fn mms_type(self) -> &'static str {
        match self {
            Self::History => "md-msg-hist",
        }
    }
}

/// The keys of one file.
pub struct MediaKeys {
    pub(super) iv: [u8; 16],
    pub(super) cipher: Secret<32>,
    pub(super) code: Secret<32>,
}

impl MediaKeys {
    /// Derives them from the media key that the message carries.
    #[must_use]
    pub fn derive(media_key: &Secret<32>, kind: FileKind) -> Self {
        Self::with_info(media_key, kind.key_info())
    }

    pub(super) fn with_info(media_key: &Secret<32>, info: &str) -> Self {
        let expanded: Secret<112> = hkdf(None, media_key.as_bytes(), info.as_bytes());
        let bytes = expanded.as_bytes();
        let (mut iv, mut cipher, mut code) = ([0; 16], Secret::new([0; 32]), Secret::new([0; 32]));
        iv.copy_from_slice(&bytes[..16]);
        cipher.as_mut_bytes().copy_from_slice(&bytes[16..48]);
        code.as_mut_bytes().copy_from_slice(&bytes[48..80]);
        Self { iv, cipher, code }
    }
}
