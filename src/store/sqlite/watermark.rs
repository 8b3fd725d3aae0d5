//! The watermark: the end of the log, in a second place.
//!
//! The end of the log may be lost in such a way that what is left of it is whole. So after each flush it is noted in the lock file,
//! which is there anyway, how far the log goes: one small write into the system's memory, and no flush. It is as good as the log if the
//! process dies; after a power failure it may be behind, and says nothing about what came later. It is never ahead.
//!
//! The first one of a log is flushed. So a database that says that there is a log has a lock file with a watermark, however the
//! process or the machine ended, and a lock file without one is not that of this database: it was removed, and made anew since.

use super::log_format::{LogFields, mix};

/// Its place in the file.
pub(super) const AT: u64 = 0;
/// Its length.
pub(super) const LENGTH: usize = 32;

/// Up to where the log is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watermark {
    pub(super) store: u64,
    /// The generation of the log.
    pub(super) generation: u64,
    /// The end of the last record.
    pub(super) end: u64,
}

impl Watermark {
    pub(super) fn to_bytes(self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let fields =
            [self.store, self.generation, self.end, self.check()].into_iter().flat_map(u64::to_le_bytes);
        bytes.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Reads it: `Ok(None)` if none was ever written, an error if it is damaged.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, ()> {
        let bytes = bytes.get(..LENGTH).unwrap_or(bytes);
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let mut fields = LogFields(bytes);
        let mut field = || fields.u64().ok_or(());
        let mark = Watermark { store: field()?, generation: field()?, end: field()? };
        if field()? == mark.check() { Ok(Some(mark)) } else { Err(()) }
    }

    fn check(self) -> u64 {
        mix(&[self.store, self.generation, self.end], b"watermark")
    }
}
