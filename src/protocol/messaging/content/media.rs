//! Images, videos, voice messages, documents and stickers: what they are, and what is needed to fetch the file.

use std::fmt;

use super::message_types;
use super::wire::Fields;
use crate::crypto::Secret;

/// The kind of file that a message points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MediaKind {
    /// A picture.
    #[default]
    Image,
    /// A video.
    Video,
    /// A round video message.
    VideoNote,
    /// Sound.
    Audio,
    /// Any file.
    Document,
    /// A sticker.
    Sticker,
    /// A set of stickers.
    StickerPack,
}

/// A file: encrypted at the server, described here.
#[derive(Clone, PartialEq, Default)]
pub struct Media {
    /// The kind of media.
    pub kind: MediaKind,
    /// Text beside it.
    pub caption: Option<String>,
    /// Its type, as the sender says.
    pub mimetype: Option<String>,
    /// The name of a document, or of a set of stickers.
    pub file_name: Option<String>,
    /// Length in bytes, not encrypted.
    pub size: Option<u64>,
    /// Length in seconds.
    pub seconds: Option<u32>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Pages of a document.
    pub pages: Option<u32>,
    /// A voice message, not just sound.
    pub voice: bool,
    /// A video without sound that runs again and again.
    pub gif: bool,
    /// A sticker that moves.
    pub animated: bool,
    /// To be looked at once.
    pub view_once: bool,
    /// The path of the encrypted file on any media host.
    pub direct_path: Option<String>,
    /// The whole URL of the encrypted file.
    pub url: Option<String>,
    /// The key it is encrypted with.
    pub key: Option<Secret<32>>,
    /// SHA-256 of the file.
    pub sha256: Option<[u8; 32]>,
    /// SHA-256 of the encrypted file.
    pub encrypted_sha256: Option<[u8; 32]>,
    /// A small JPEG (of stickers, PNG) of it.
    pub thumbnail: Option<Vec<u8>>,
}

impl fmt::Debug for Media {
    /// Prints the kind only, not the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The meaning of a field of a media message; each kind of media numbers the same fields differently.
#[derive(Clone, Copy)]
enum MediaField {
    Url,
    Mimetype,
    Caption,
    FileName,
    Size,
    Seconds,
    Width,
    Height,
    Pages,
    Voice,
    Gif,
    Animated,
    ViewOnce,
    Path,
    MessageRef,
    Sha256,
    EncryptedSha256,
    Thumbnail,
}

use MediaField::{
    Animated, Caption, EncryptedSha256, FileName, Gif, Height, MessageRef, Mimetype, Pages, Path, Seconds,
    Sha256, Size, Thumbnail, Url, ViewOnce, Voice, Width,
};

type Places = &'static [(u32, MediaField)];

const IMAGE: Places = &[
    (1, Url),
    (2, Mimetype),
    (3, Caption),
    (4, Sha256),
    (5, Size),
    (6, Height),
    (7, Width),
    (8, MessageRef),
    (9, EncryptedSha256),
    (11, Path),
    (16, Thumbnail),
    (25, ViewOnce),
];
const VIDEO: Places = &[
    (1, Url),
    (2, Mimetype),
    (3, Sha256),
    (4, Size),
    (5, Seconds),
    (6, MessageRef),
    (7, Caption),
    (8, Gif),
    (9, Height),
    (10, Width),
    (11, EncryptedSha256),
    (13, Path),
    (16, Thumbnail),
    (20, ViewOnce),
];
const AUDIO: Places = &[
    (1, Url),
    (2, Mimetype),
    (3, Sha256),
    (4, Size),
    (5, Seconds),
    (6, Voice),
    (7, MessageRef),
    (8, EncryptedSha256),
    (9, Path),
    (21, ViewOnce),
];
const DOCUMENT: Places = &[
    (1, Url),
    (2, Mimetype),
    (4, Sha256),
    (5, Size),
    (6, Pages),
    (7, MessageRef),
    (8, FileName),
    (9, EncryptedSha256),
    (10, Path),
    (16, Thumbnail),
    (20, Caption),
];
const STICKER: Places = &[
    (1, Url),
    (2, Sha256),
    (3, EncryptedSha256),
    (4, MessageRef),
    (5, Mimetype),
    (6, Height),
    (7, Width),
    (8, Path),
    (9, Size),
    (13, Animated),
    (16, Thumbnail),
];
const STICKER_PACK: Places =
    &[(2, FileName), (5, Size), (6, Sha256), (7, EncryptedSha256), (8, MessageRef), (9, Path), (10, Caption)];

impl Media {
    /// Reads the member of that number; `None` if it is not one with a file.
    pub(super) fn read(member: u32, fields: Fields<'_>) -> Option<Self> {
        let (kind, places) = match member {
            message_types::IMAGE => (MediaKind::Image, IMAGE),
            message_types::VIDEO => (MediaKind::Video, VIDEO),
            message_types::VIDEO_NOTE => (MediaKind::VideoNote, VIDEO),
            message_types::AUDIO => (MediaKind::Audio, AUDIO),
            message_types::DOCUMENT => (MediaKind::Document, DOCUMENT),
            message_types::STICKER => (MediaKind::Sticker, STICKER),
            message_types::STICKER_PACK => (MediaKind::StickerPack, STICKER_PACK),
            _ => return None,
        };
        let mut out = Self { kind, ..Self::default() };
        for field in fields {
            let Some((_, part)) = places.iter().find(|(number, _)| *number == field.number) else { continue };
            match part {
                Url => out.url = field.text(),
                Mimetype => out.mimetype = field.text(),
                Caption => out.caption = field.text(),
                FileName => out.file_name = field.text(),
                Size => out.size = field.whole(),
                Seconds => out.seconds = field.small(),
                Width => out.width = field.small(),
                Height => out.height = field.small(),
                Pages => out.pages = field.small(),
                Voice => out.voice = field.flag(),
                Gif => out.gif = field.flag(),
                Animated => out.animated = field.flag(),
                ViewOnce => out.view_once = field.flag(),
                Path => out.direct_path = field.text(),
                MessageRef => out.key = field.bytes().and_then(Secret::from_slice),
                Sha256 => out.sha256 = field.bytes().and_then(|bytes| bytes.try_into().ok()),
                EncryptedSha256 => {
                    out.encrypted_sha256 = field.bytes().and_then(|bytes| bytes.try_into().ok())
                }
                Thumbnail => out.thumbnail = field.bytes().map(<[u8]>::to_vec),
            }
        }
        Some(out)
    }
}
