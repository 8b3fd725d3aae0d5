//! Recovery after a crash: goes on from what the files say, or finds that something is missing ([`super::log`]).

use super::error::from_io;
use super::files::{self, beside};
use super::lock::{LockFile, StoreLock};
use super::log::Log;
use super::log_format::{self, Found, HEADER, LogHeader, Record};
use super::wal_check;
use super::watermark::Watermark;
use crate::store::StoreError;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The place and length of the number of pages that a database had, in the journal of a transaction of SQLite's
/// (<https://www.sqlite.org/fileformat2.html#the_rollback_journal>).
const JOURNAL_PAGES: (usize, usize) = (16, 4);

/// The state that the database says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    /// Tells stores apart.
    pub(super) store: u64,
    /// The number of transactions it has seen.
    pub(super) generation: u64,
    /// There must be a log.
    pub(super) has_log: bool,
}

/// The content of the other files. To be read before anything is made or changed.
pub(super) struct Files {
    path: PathBuf,
    log: Found,
    watermark: Option<Watermark>,
}

impl Files {
    pub(super) fn read(path: &Path, lock: &LockFile) -> Result<Self, StoreError> {
        let read = |suffix| match files::read(&beside(path, suffix)) {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(from_io(path, &error)),
        };
        let log = read("-log")?.map_or(Found::Missing, |bytes| log_format::read(&bytes));
        let files = Files { path: path.to_owned(), log, watermark: lock.watermark()? };
        if let Some(suffix) = files.left_over() {
            let left = beside(path, suffix);
            return Err(StoreError::DatabaseMissing { path: files.path, left });
        }
        if let Found::Log { header: LogHeader { checkpoint: true, .. }, .. } = files.log
            && !read("-wal")?.is_some_and(|wal| wal_check::has_commit(&wal))
        {
            return files.damaged("its write-ahead log is damaged or missing");
        }
        if matches!(files.log, Found::Damaged) {
            return files.damaged("its log is damaged");
        }
        Ok(files)
    }

    /// Returns the file that shows that the store was in use, if its database is missing or empty.
    ///
    /// The database has its first page on the disk before a write-ahead log is made, and its tables before the first commit makes a
    /// log and a watermark. So an opening that is cut off leaves none of them without a database, and a lock file without a watermark
    /// is that of a store that nothing was ever committed to. A journal there may be beside an empty database: amid the first
    /// transaction of all.
    fn left_over(&self) -> Option<&'static str> {
        let database = fs::metadata(&self.path).ok().map(|metadata| metadata.len());
        if database.unwrap_or(0) > 0 {
            return None;
        }
        // Room that nothing was written to does not count.
        let says = |suffix, from: usize, length: usize| {
            let path = beside(&self.path, suffix);
            let is_file = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
            let start = if is_file { files::read_start(&path, from + length).ok() } else { None };
            start.and_then(|start| Some(start.get(from..)?.iter().any(|byte| *byte != 0))).unwrap_or(false)
        };
        let journal = if database.is_none() { (0, 4) } else { JOURNAL_PAGES };
        let shows = [
            ("-lock", self.watermark.is_some()),
            ("-log", !matches!(self.log, Found::Missing | Found::Empty)),
            ("-wal", says("-wal", 0, 4)),
            ("-journal", says("-journal", journal.0, journal.1)),
            ("-shm", says("-shm", 0, 4)),
        ];
        shows.into_iter().find_map(|(suffix, shows)| shows.then_some(suffix))
    }

    /// The log, and its records that are to be taken in, oldest first.
    pub(super) fn log(self, lock: Arc<StoreLock>, state: State) -> Result<(Log, Vec<Record>), StoreError> {
        let path = self.path.clone();
        let mut log = Log::new(&path, lock, state.store, state.generation);
        let watermark = self.watermark.filter(|mark| mark.store == state.store);
        if watermark.is_some_and(|mark| mark.generation > state.generation) {
            return self.damaged("it is older than what was acknowledged");
        }
        match (&self.log, state.has_log) {
            (Found::Missing | Found::Empty, true) => self.damaged("its log is missing"),
            (Found::First(_), true) => self.damaged("its log is another one"),
            (Found::Log { header, .. }, true) if header.store != state.store => {
                self.damaged("its log is that of another store")
            }
            // It was there before the database spoke of a log. Without it an older log could not be told from the newest.
            (Found::Log { .. }, true) if watermark.is_none() => {
                self.damaged("its lock file is missing, or that of another store")
            }
            (Found::Log { header, end, is_whole, .. }, _) if header.store == state.store => {
                let LogHeader { generation, .. } = *header;
                if state.generation < generation {
                    return self.damaged("it is older than its log");
                }
                if watermark.is_some_and(|mark| mark.generation > generation) {
                    return self.damaged("its log is older than what was acknowledged");
                }
                // A record that begins the next round may be cut off in such a way that only its end has reached the disk, amid
                // records that are in the database.
                if state.generation == generation && !*is_whole {
                    return self.damaged("its log is damaged");
                }
                let is_short = |mark: Watermark| generation == mark.generation && (*end as u64) < mark.end;
                // A log that is in the database already cannot be missing.
                if state.generation == generation && watermark.is_some_and(is_short) {
                    return self.damaged("the end of its log is missing");
                }
                match (state.has_log, state.generation - generation) {
                    (true, newer @ (0 | 1)) => {
                        log.resume(*header, *end)?;
                        match self.log {
                            Found::Log { records, .. } if newer == 0 => Ok((log, records)),
                            // They are in the database. Part of them would take back what it has.
                            _ => Ok((log, Vec::new())),
                        }
                    }
                    (true, _) => self.damaged("its log is older than it is"),
                    (false, 0) if *end > HEADER => self.damaged("it is older than its log"),
                    // One that was not begun to be used, or is used no more. It stays until SQLite's write-ahead log is not needed.
                    (false, _) => log.resume(*header, HEADER).map(|()| (log, Vec::new())),
                }
            }
            // Of a version before this one; there were no generations, so the first one is its.
            (Found::First(records), false) if state.generation == 0 && !records.is_empty() => {
                let Found::First(records) = self.log else { return Ok((log, Vec::new())) };
                Ok((log, records))
            }
            (other, false) if other.has_records() && !matches!(other, Found::First(_)) => {
                self.damaged("its log is that of another store")
            }
            (Found::Missing, false) => Ok((log, Vec::new())),
            (Found::Empty | Found::First(_), false) => log.remove().map(|()| (log, Vec::new())),
            (Found::Log { .. }, false) => log.remove().map(|()| (log, Vec::new())),
            // A newer one belongs to a newer database, which was refused.
            (Found::Damaged | Found::Newer | Found::Log { .. }, _) => self.damaged("its log is damaged"),
        }
    }

    fn damaged<T>(&self, what: &'static str) -> Result<T, StoreError> {
        Err(StoreError::Corrupt { path: self.path.clone(), what })
    }
}

impl Found {
    fn has_records(&self) -> bool {
        match self {
            Found::First(records) => !records.is_empty(),
            Found::Log { records, is_whole, .. } => !records.is_empty() || !is_whole,
            Found::Damaged => true,
            Found::Missing | Found::Empty | Found::Newer => false,
        }
    }
}
