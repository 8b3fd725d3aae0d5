//! The log: changes that are on disk but not in the database yet.
//!
//! A commit of any size is one record: one write and one flush. The file is written from its beginning again and again, in rounds, so
//! that after the first time its blocks are there and a flush has nothing else to write. Each round builds upon one *generation* of the
//! database, a number that rises with every transaction of SQLite's.
//!
//! # What is found when the files are opened
//! The process may have died at any moment, the machine too, and any file may have been damaged since. Either all that was
//! acknowledged is there, or the store is damaged:
//!
//! - The database says whether there must be a log. That is written before the first commit of an opening counts, and taken back when
//!   all is in the database, which is then the only file that matters.
//! - The log says upon which generation it builds, in a header with a check. A database that is older has lost a transaction: its
//!   write-ahead log is damaged or missing. It may be newer by one: then the records are in it already.
//! - Each record has its checks, and nothing may follow one that is damaged ([`super::log_format`]), unless the database has all of
//!   that round.
//! - The end of the log is noted in a second place ([`super::watermark`]). A log that ends before has lost records. The second place
//!   itself is on disk before the database says that there is a log: from then on it cannot be missing.
//! - While SQLite copies its write-ahead log into the database, the header says so: from then on, and until the next round, that log
//!   must be there and whole ([`super::wal_check`]).
//!
//! # When a flush fails
//! Then it is not known what is on the disk. A later flush that succeeds does not tell: the system may have dropped what it could not
//! write, and takes it for written. So the record is taken out of the file at once, which is enough should only the process die; and
//! nothing is written behind it before a transaction of SQLite's has begun a new round, in which no record of this one counts
//! ([`super::memtable::Memtable::clear_doubt`]). When that is done the record is certainly void, and its caller is told that it failed.
//! Until then its caller is told that it is not known ([`StoreError::Unflushed`]), since after a failure of power it may be found.
//!
//! One case cannot be told apart: after a failure of power the second place may be behind. If then, in addition, the newest
//! records were damaged or cut off in such a way that nothing is left behind them, that looks like a record that was never
//! finished.

use super::error::from_io;
use super::files::{self, MODE};
use super::lock::StoreLock;
use super::log_format::{HEADER, LogHeader, RECORD_HEADER};
use super::watermark::Watermark;
use crate::standard;
use crate::store::StoreError;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So much has to be left free in front of a record: all that may have to be written there.
pub(super) const ROOM: usize = HEADER + RECORD_HEADER;

/// The log of one database.
pub(super) struct Log {
    path: PathBuf,
    /// The database, which errors name.
    database: PathBuf,
    lock: Arc<StoreLock>,
    /// There when the log was begun.
    file: Option<File>,
    /// The header of the file; `None` if that is not known.
    written: Option<LogHeader>,
    /// The next header.
    header: LogHeader,
    /// The place of the next record.
    end: usize,
}

/// The reason why a record was not brought to the disk.
#[derive(Debug)]
pub(super) enum NotAppended {
    /// Nothing of it counts, and others may follow.
    Failed(StoreError),
    /// It was written and could not be flushed.
    Unflushed(io::Error),
}

impl From<StoreError> for NotAppended {
    fn from(error: StoreError) -> Self {
        NotAppended::Failed(error)
    }
}

impl Log {
    /// The log of a database of that generation, not begun.
    pub(super) fn new(database: &Path, lock: Arc<StoreLock>, store: u64, generation: u64) -> Self {
        Log {
            path: files::beside(database, "-log"),
            database: database.to_owned(),
            lock,
            file: None,
            written: None,
            header: LogHeader { store, generation, checkpoint: false },
            end: HEADER,
        }
    }

    /// Goes on with the one that was found.
    pub(super) fn resume(&mut self, header: LogHeader, end: usize) -> Result<(), StoreError> {
        let file = open(&self.path, false).map_err(|error| self.failed(&error))?;
        (self.file, self.written) = (Some(file), Some(header));
        // A log that is in the database already is followed by a new round.
        if self.header.generation == header.generation {
            self.end = end;
        }
        self.header.checkpoint = header.checkpoint;
        Ok(())
    }

    /// Makes the file, readable by its owner only.
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        if self.file.is_none() {
            self.file = Some(open(&self.path, true).map_err(|error| self.failed(&error))?);
            (self.written, self.end) = (None, HEADER);
            let begun = self.write_header(true).and_then(|()| {
                let kept = self.lock.keep_watermark(self.watermark());
                // The names of both have to be on disk before what is in them counts.
                let folder = kept.and_then(|()| match self.path.parent() {
                    Some(folder) => standard::open(|| File::open(folder))?.sync_all(),
                    None => Ok(()),
                });
                folder.map_err(|error| self.failed(&error))
            });
            begun.inspect_err(|_| self.file = None)?;
        }
        Ok(())
    }

    /// Returns whether it is there to be written to.
    pub(super) fn is_begun(&self) -> bool {
        self.file.is_some()
    }

    /// The generation of the database.
    pub(super) fn generation(&self) -> u64 {
        self.header.generation
    }

    /// The database that it belongs to.
    pub(super) fn database(&self) -> &Path {
        &self.database
    }

    /// Returns its length.
    pub(super) fn len(&self) -> usize {
        self.end
    }

    /// Brings a record to the disk: what stands in `record` behind [`ROOM`] bytes.
    pub(super) fn append(&mut self, record: &mut [u8]) -> Result<(), NotAppended> {
        let (header, at) = (self.header, self.end);
        let Some((room, body)) = record.split_first_chunk_mut::<ROOM>() else { return Ok(()) };
        u32::try_from(body.len()).map_err(|_| StoreError::TooLarge)?;
        let end = at + RECORD_HEADER + body.len();
        let head = header.to_bytes().into_iter().chain(header.head(at, body));
        room.iter_mut().zip(head).for_each(|(to, from)| *to = from);
        if at > HEADER && self.written != Some(header) {
            self.write_header(false)?;
        }
        let file = self.file.as_ref().ok_or(StoreError::Closed)?;
        self.lock.check_linked(file)?;
        // The first one brings the head of the file along.
        let (start, skipped) = if at == HEADER { (0, 0) } else { (at, HEADER) };
        let bytes = record.get(skipped..).unwrap_or_default();
        if start == 0 {
            self.written = None;
        }
        // One that is written in part has a wrong check.
        file.write_all_at(bytes, start as u64).map_err(|error| self.failed(&error))?;
        if let Err(error) = self.flush(file) {
            self.written = None;
            self.take_out(at);
            return Err(NotAppended::Unflushed(error));
        }
        (self.written, self.end) = (Some(header), end);
        self.set_watermark();
        Ok(())
    }

    /// Takes the record at `at`, which is the last one, out of the file. The disk may have it all the same.
    fn take_out(&self, at: usize) {
        let Some(file) = &self.file else { return };
        // Either is enough.
        let _ = file.write_all_at(&[0; RECORD_HEADER], at as u64);
        let _ = file.set_len(at as u64);
    }

    /// Brings what was written to the disk.
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "tests only"))]
    fn flush(&self, file: &File) -> io::Result<()> {
        #[cfg(test)]
        if let Some(disk) = DEAD_DISKS.lock().get_mut(&self.database).filter(|disk| disk.failures > 0) {
            disk.failures -= 1;
            disk.seen = fs::read(&self.path)?;
            return Err(io::Error::from_raw_os_error(if disk.is_full { libc::EDQUOT } else { libc::EIO }));
        }
        file.sync_data()
    }

    /// Brings the header to the disk, unless it is there. `cut`: what is behind is to be gone from the file.
    pub(super) fn write_header(&mut self, cut: bool) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Ok(()) };
        if self.written == Some(self.header) && !cut {
            return Ok(());
        }
        self.written = None;
        let write = || {
            file.write_all_at(&self.header.to_bytes(), 0)?;
            if cut {
                file.set_len(self.end as u64)?;
            }
            self.flush(file)
        };
        write().map_err(|error| self.failed(&error))?;
        self.written = Some(self.header);
        self.set_watermark();
        Ok(())
    }

    fn set_watermark(&self) {
        self.lock.set_watermark(self.watermark());
    }

    fn watermark(&self) -> Watermark {
        let LogHeader { store, generation, .. } = self.header;
        Watermark { store, generation, end: self.end as u64 }
    }

    /// The database is a generation further, and has what was in the log: the next record begins a new round.
    pub(super) fn advance(&mut self) {
        self.header.generation += 1;
        self.end = HEADER;
    }

    /// Sets whether SQLite's write-ahead log is being copied into the database.
    pub(super) fn set_checkpoint(&mut self, under_way: bool) {
        self.header.checkpoint = under_way;
    }

    /// An error if the database or its log was removed or replaced.
    pub(super) fn check_place(&self) -> Result<(), StoreError> {
        self.lock.check_place()
    }

    /// Removes the file, of which nothing is needed any more.
    pub(super) fn remove(&mut self) -> Result<(), StoreError> {
        self.file = None;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed(&error)),
            _ => Ok(()),
        }
    }

    /// An error of the file system, in the store's words.
    pub(super) fn failed(&self, error: &io::Error) -> StoreError {
        from_io(&self.database, error)
    }
}

/// A disk on which flushes of the log fail.
#[cfg(test)]
#[derive(Default)]
pub(super) struct DeadDisk {
    /// The number of further ones that fail.
    pub(super) failures: u32,
    /// The content of the file at the last one.
    pub(super) seen: Vec<u8>,
    /// They fail because the quota is used up.
    pub(super) is_full: bool,
}

/// Those there are, by database.
#[cfg(test)]
pub(super) static DEAD_DISKS: parking_lot::Mutex<std::collections::BTreeMap<PathBuf, DeadDisk>> =
    parking_lot::Mutex::new(std::collections::BTreeMap::new());

fn open(path: &Path, create: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create).truncate(false).mode(MODE);
    options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = standard::open(|| options.open(path))?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("the log is not a regular file"));
    }
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
