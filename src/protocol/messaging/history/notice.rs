//! The notice of a part of the history: `HistorySyncNotification`.

use zeroize::Zeroizing;

use crate::crypto::Secret;
use crate::media::FileHashes;
use crate::messaging::content::wire::{Field, Fields};

/// The parts of a history, by the numbers of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HistoryKind {
    /// The chats with a few messages each; comes first.
    Bootstrap,
    /// The names that people gave themselves.
    PushNames,
    /// The messages of the last weeks, in chunks.
    Recent,
    /// Earlier messages, in chunks.
    Full,
    /// An answer to a request.
    OnDemand,
    /// Settings, calls and the like.
    NonBlocking,
    /// A part without any history: status posts, or word that there is none, or of how much may be asked for.
    Empty,
    /// A part that only a newer version knows.
    Unknown,
}

impl HistoryKind {
    const fn of(number: u32) -> Self {
        match number {
            0 => Self::Bootstrap,
            1 | 7 | 8 => Self::Empty,
            2 => Self::Full,
            3 => Self::Recent,
            4 => Self::PushNames,
            5 => Self::NonBlocking,
            6 => Self::OnDemand,
            _ => Self::Unknown,
        }
    }
}

/// The location of a part of the history.
#[derive(Clone, PartialEq, Eq)]
pub enum HistoryPlace {
    /// In the notice itself, compressed.
    Inline(Zeroizing<Vec<u8>>),
    /// In an encrypted file.
    File {
        /// The path of the file at any media server, with its query.
        path: String,
        /// The key of the file.
        media_key: Secret<32>,
        /// The hashes of the file. The content is the compressed form.
        hashes: FileHashes,
        /// The handle with which the server's copy is deleted, if the phone gave one.
        handle: Option<String>,
    },
    /// Nowhere: the notice has none.
    Nowhere,
}

/// A notice, as far as it is of use.
#[derive(Clone, PartialEq, Eq)]
pub struct HistoryNotice {
    /// The part.
    pub kind: HistoryKind,
    /// The number of the chunk within its kind.
    pub chunk: u32,
    /// The progress of the transfer so far, in percent.
    pub progress: Option<u32>,
    /// The location of the part.
    pub place: HistoryPlace,
}

impl std::fmt::Debug for HistoryNotice {
    /// Leaves out the location, which has the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("HistoryNotice");
        shown.field("kind", &self.kind).field("chunk", &self.chunk).field("progress", &self.progress);
        shown.finish_non_exhaustive()
    }
}

impl HistoryNotice {
    /// Reads a serialised `HistorySyncNotification`, as far as it can be read.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let (mut kind, mut chunk, mut progress) = (0, 0, None);
        let (mut hashes, mut media_key, mut path, mut handle) = (FileHashes::default(), None, None, None);
        let mut inline = None;
        for field in Fields::of(bytes) {
            match field.number {
                1 => hashes.content = hash(&field),
                3 => media_key = field.bytes().and_then(Secret::from_slice),
                4 => hashes.encrypted = hash(&field),
                5 => path = field.text(),
                6 => kind = field.small().unwrap_or_default(),
                7 => chunk = field.small().unwrap_or_default(),
                9 => progress = field.small(),
                11 => inline = field.bytes().map(|bytes| Zeroizing::new(bytes.to_vec())),
                14 => handle = field.text(),
                _ => {}
            }
        }
        let place = match (inline.filter(|inline| !inline.is_empty()), path, media_key) {
            (Some(inline), _, _) => HistoryPlace::Inline(inline),
            (None, Some(path), Some(media_key)) => HistoryPlace::File { path, media_key, hashes, handle },
            _ => HistoryPlace::Nowhere,
        };
        Self { kind: HistoryKind::of(kind), chunk, progress, place }
    }
}

fn hash(field: &Field<'_>) -> Option<[u8; 32]> {
    field.bytes().and_then(|bytes| bytes.try_into().ok())
}
