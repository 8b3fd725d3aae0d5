//! A part of the history, unpacked and read some items at a time, so that the session stores them as they come.

use std::io::{Cursor, Read, Seek, SeekFrom};

use flate2::{Decompress, FlushDecompress, Status};
use tempfile::SpooledTempFile;
use zeroize::Zeroizing;

use super::RemoteFile;
use crate::media::{Decryptor, MediaError};
use crate::messaging::history::{HistoryItem, HistoryReader, MalformedHistory};

/// The number of items after which a step ends.
const ITEMS: usize = 256;
/// The number of unpacked bytes after which a step ends, so that others have their turn.
const STEP: u64 = 4 << 20;
/// The number of bytes that are unpacked at once.
const PIECE: usize = 32 << 10;
/// The longest history. Its items are what costs memory and disk, and they are taken step by step; this bounds the time.
const LONGEST: u64 = 4 << 30;

/// The reason why a part of the history cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryFault {
    /// The file does not decrypt.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// It is not compressed as it should be, or was cut off.
    #[error("the history does not unpack")]
    Compression,
    /// It is longer than any history.
    #[error("the history is longer than {LONGEST} bytes")]
    TooLong,
    /// The unpacked bytes are no history.
    #[error(transparent)]
    Malformed(#[from] MalformedHistory),
    /// The file that was kept aside cannot be read.
    #[error("the file that was kept aside cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

/// The source of the compressed bytes.
enum Packed {
    /// They were in the notice.
    Inline(Cursor<Zeroizing<Vec<u8>>>),
    /// They are encrypted.
    File(Box<PackedFile>),
}

/// An encrypted file that was fetched and checked.
struct PackedFile {
    file: SpooledTempFile,
    /// Present until the end of the file.
    decryptor: Option<Decryptor>,
    /// The hash of what it decrypts to.
    content: Option<[u8; 32]>,
}

impl PackedFile {
    /// Decrypts the next bytes; none are left if it gives none. The end of the file is kept back until all of it is there.
    fn read(&mut self, out: &mut Vec<u8>) -> Result<(), HistoryFault> {
        let mut piece = vec![0; PIECE];
        while let (true, Some(decryptor)) = (out.is_empty(), self.decryptor.as_mut()) {
            let count = self.file.read(&mut piece)?;
            decryptor.update(piece.get(..count).unwrap_or_default(), out);
            if count == 0
                && let Some(decryptor) = self.decryptor.take()
            {
                decryptor.finish(self.content.as_ref(), out)?;
            }
        }
        Ok(())
    }
}

/// A part of the history that is being read.
pub(crate) struct HistorySource {
    packed: Packed,
    inflater: Decompress,
    reader: HistoryReader,
    /// Compressed bytes that are not unpacked yet, and how many of them are done with.
    input: (Vec<u8>, usize),
    /// The stream of compressed bytes has ended.
    is_over: bool,
    /// The number of bytes that may still be unpacked.
    left: u64,
}

/// Some of the items, and how it goes on.
pub(crate) struct HistoryStep {
    /// The items that were read.
    pub(crate) items: Vec<HistoryItem>,
    /// The rest; `Ok(None)` if that was all.
    pub(crate) rest: Result<Option<Box<HistorySource>>, HistoryFault>,
}

impl std::fmt::Debug for HistoryStep {
    /// Leaves out what was read.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HistoryStep").field("items", &self.items.len()).finish_non_exhaustive()
    }
}

impl HistorySource {
    /// A part that came within its notice.
    pub(crate) fn inline(bytes: Zeroizing<Vec<u8>>) -> Box<Self> {
        Self::new(Packed::Inline(Cursor::new(bytes)))
    }

    /// A file that was fetched and checked.
    ///
    /// # Errors
    /// It cannot be read from its beginning.
    pub(crate) fn file(mut fetched: SpooledTempFile, file: &RemoteFile) -> std::io::Result<Box<Self>> {
        fetched.seek(SeekFrom::Start(0))?;
        let decryptor = Some(Decryptor::new(&file.keys()));
        let file = PackedFile { file: fetched, decryptor, content: file.hashes.content };
        Ok(Self::new(Packed::File(Box::new(file))))
    }

    fn new(packed: Packed) -> Box<Self> {
        Box::new(Self {
            packed,
            inflater: Decompress::new(true),
            reader: HistoryReader::default(),
            input: (Vec::new(), 0),
            is_over: false,
            left: LONGEST,
        })
    }

    /// Reads the next items. It keeps a processor busy, and may wait for a disk.
    pub(crate) fn step(mut self: Box<Self>) -> HistoryStep {
        let mut items = Vec::new();
        let until = self.left.saturating_sub(STEP);
        let mut piece = Zeroizing::new(vec![0; PIECE]);
        while items.len() < ITEMS && self.left > until {
            match self.unpack(&mut piece, &mut items) {
                Ok(true) => {}
                Ok(false) => return HistoryStep { items, rest: Ok(None) },
                Err(fault) => return HistoryStep { items, rest: Err(fault) },
            }
        }
        HistoryStep { items, rest: Ok(Some(self)) }
    }

    /// Unpacks and reads one piece. Returns whether there may be more.
    fn unpack(&mut self, piece: &mut [u8], items: &mut Vec<HistoryItem>) -> Result<bool, HistoryFault> {
        let has_input = self.input.1 < self.input.0.len() || self.fill()?;
        if self.is_over {
            // Bytes behind the stream are none of it, but the file is checked to its end.
            self.input = (Vec::new(), 0);
            if has_input {
                return Ok(true);
            }
            self.reader.finish()?;
            return Ok(false);
        }
        let (before_in, before_out) = (self.inflater.total_in(), self.inflater.total_out());
        let input = self.input.0.get(self.input.1..).unwrap_or_default();
        let status = self.inflater.decompress(input, piece, FlushDecompress::None);
        let status = status.map_err(|_| HistoryFault::Compression)?;
        let read = usize::try_from(self.inflater.total_in() - before_in).unwrap_or(usize::MAX);
        let made = usize::try_from(self.inflater.total_out() - before_out).unwrap_or(usize::MAX);
        self.input.1 = self.input.1.saturating_add(read);
        let left = self.left.checked_sub(made as u64).filter(|left| *left > 0);
        self.left = left.ok_or(HistoryFault::TooLong)?;
        self.reader.push(piece.get(..made).unwrap_or_default(), items)?;
        self.is_over = status == Status::StreamEnd;
        if read == 0 && made == 0 && !self.is_over && !has_input {
            return Err(HistoryFault::Compression);
        }
        Ok(true)
    }

    /// Gets more compressed bytes. Returns false at their end.
    fn fill(&mut self) -> Result<bool, HistoryFault> {
        self.input = (Vec::new(), 0);
        match &mut self.packed {
            Packed::Inline(bytes) => {
                bytes.by_ref().take(PIECE as u64).read_to_end(&mut self.input.0)?;
            }
            Packed::File(file) => file.read(&mut self.input.0)?,
        }
        Ok(!self.input.0.is_empty())
    }
}

#[cfg(test)]
#[path = "history_source_tests.rs"]
mod tests;
