//! The log: changes that are on disk but not in the database yet.
//!
//! A commit of any size is one record: one write and one flush. The file is written from its beginning again and again, so that
//! after the first time its blocks are there and a flush has nothing else to write. A record counts if its check is right; the
//! first one that does not count ends the log. The check is made with a number that changes with every new beginning, so what is
//! left of earlier rounds never counts.

use super::error::from_io;
use super::files::{self, MODE};
use crate::store::StoreError;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Beginning of the file: what it is, and the version of its format.
const MAGIC: [u8; 8] = *b"wa-log\0\x01";
/// What it is, and the number of the round.
const HEADER: usize = 16;
/// Length and check.
const RECORD_HEADER: usize = 12;
/// So much has to be left free in front of a record: all that may have to be written there.
pub(super) const ROOM: usize = HEADER + RECORD_HEADER;

/// The log of one database.
pub(super) struct Log {
    path: PathBuf,
    /// The database, which errors name.
    database: PathBuf,
    /// Made by the first record.
    file: Option<File>,
    round: u64,
    /// Where the next record goes.
    end: usize,
    /// There may be records in the file that count.
    counts: bool,
}

impl Log {
    /// The log of the database at `database`, and its records, oldest first. `fresh`: the database was just made, so that a log
    /// which is there belongs to another one.
    pub(super) fn open(database: &Path, fresh: bool) -> Result<(Self, Vec<Vec<u8>>), StoreError> {
        let path = files::beside(database, "-log");
        let mut log = Log {
            path,
            database: database.to_owned(),
            file: None,
            round: first_round(),
            end: HEADER,
            counts: false,
        };
        if fresh {
            log.remove()?;
            return Ok((log, Vec::new()));
        }
        let bytes = match fs::read(&log.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((log, Vec::new())),
            Err(error) => return Err(log.failed(&error)),
        };
        let Some((magic, rest)) = bytes.split_first_chunk() else { return Ok((log, Vec::new())) };
        if *magic != MAGIC {
            // One that was never finished is empty; nothing else begins otherwise, unless a newer version wrote it.
            let [name @ .., version] = magic;
            return match MAGIC.strip_suffix(&[1]) == Some(name) {
                true => Err(StoreError::NewerFormat {
                    path: log.path,
                    found: (*version).into(),
                    known: MAGIC[7].into(),
                }),
                false => Ok((log, Vec::new())),
            };
        }
        let Some((round, mut rest)) = rest.split_first_chunk() else { return Ok((log, Vec::new())) };
        log.round = u64::from_le_bytes(*round);
        log.counts = true;
        let mut records = Vec::new();
        while let Some((record, behind)) = log.record(rest, log.end) {
            records.push(record.to_vec());
            log.end += RECORD_HEADER + record.len();
            rest = behind;
        }
        Ok((log, records))
    }

    /// The record that `bytes` begin with, if it counts.
    fn record<'a>(&self, bytes: &'a [u8], at: usize) -> Option<(&'a [u8], &'a [u8])> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (check, rest) = rest.split_first_chunk()?;
        let (body, behind) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        (self.check(body, at) == u64::from_le_bytes(*check)).then_some((body, behind))
    }

    /// The check of a record that stands at `at`.
    fn check(&self, body: &[u8], at: usize) -> u64 {
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        let mix = |state: u64, word: u64| (state.rotate_left(23) ^ word).wrapping_mul(FACTOR);
        let (words, tail) = body.as_chunks();
        let mut last = [0; 8];
        last.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
        let begun = mix(mix(mix(FACTOR, self.round), at as u64), body.len() as u64);
        let state = words.iter().fold(begun, |state, word| mix(state, u64::from_le_bytes(*word)));
        let state = mix(state, u64::from_le_bytes(last));
        mix(state ^ (state >> 32), FACTOR)
    }

    /// How long it is.
    pub(super) fn len(&self) -> usize {
        self.end
    }

    /// Brings a record to the disk: what stands in `record` behind [`ROOM`] bytes. If that fails, it does not count.
    pub(super) fn append(&mut self, record: &mut [u8]) -> Result<(), StoreError> {
        let Some((room, body)) = record.split_first_chunk_mut::<ROOM>() else { return Ok(()) };
        let length = u32::try_from(body.len()).map_err(|_| StoreError::TooLarge)?;
        let check = self.check(body, self.end);
        let head = [&MAGIC[..], &self.round.to_le_bytes(), &length.to_le_bytes(), &check.to_le_bytes()];
        room.iter_mut().zip(head.into_iter().flatten()).for_each(|(to, from)| *to = *from);
        let end = self.end + RECORD_HEADER + body.len();
        // The first one brings the head of the file along.
        let (at, skipped) = if self.end == HEADER { (0, 0) } else { (self.end, HEADER) };
        let bytes = record.get(skipped..).unwrap_or_default();
        self.counts = true;
        let written = self.file().and_then(|file| {
            file.write_all_at(bytes, at as u64)?;
            file.sync_data()
        });
        written.map_err(|error| self.failed(&error))?;
        self.end = end;
        Ok(())
    }

    /// The file, made if it is not there, readable by its owner only.
    fn file(&mut self) -> io::Result<&File> {
        if self.file.is_none() {
            let file =
                OpenOptions::new().write(true).create(true).truncate(false).mode(MODE).open(&self.path)?;
            file.set_permissions(Permissions::from_mode(MODE))?;
            // Its name has to be on disk before what is in it counts.
            if let Some(folder) = self.path.parent() {
                File::open(folder)?.sync_all()?;
            }
            self.file = Some(file);
        }
        self.file.as_ref().ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Begins anew: all records are in the database. Until the next one is written, those that are there still count, and say
    /// nothing that the database does not say.
    pub(super) fn restart(&mut self) {
        self.round = self.round.wrapping_add(1);
        self.end = HEADER;
    }

    /// Sees to it that no record counts any more. To be done before the database is changed by anything else: an old record would
    /// take that back.
    pub(super) fn invalidate(&mut self) -> Result<(), StoreError> {
        if self.counts {
            self.restart();
            self.empty().map_err(|error| self.failed(&error))?;
            self.counts = false;
        }
        Ok(())
    }

    /// Leaves nothing in the file.
    fn empty(&mut self) -> io::Result<()> {
        let file = self.file()?;
        file.set_len(0)?;
        file.sync_data()
    }

    /// Removes the file. What was in it would count no more if the name came back after a crash.
    pub(super) fn remove(&mut self) -> Result<(), StoreError> {
        if !self.path.exists() {
            return Ok(());
        }
        self.counts = true;
        self.invalidate()?;
        self.file = None;
        fs::remove_file(&self.path).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> StoreError {
        from_io(&self.database, error)
    }
}

/// Where rounds begin: a number that no earlier file is likely to have had.
fn first_round() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness the clock does.
    if getrandom::fill(&mut bytes).is_err() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        return now.map_or(1, |since| since.as_nanos() as u64);
    }
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
