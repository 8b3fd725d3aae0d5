//! A look at the files before anything is opened for writing, made or changed: the path may lead to a file of another program, which is
//! to stay as it is, and have no file of ours beside it.
//!
//! The owner of a database stands in its first page (<https://www.sqlite.org/fileformat2.html#the_database_header>). The newest
//! copy of that page may be in the write-ahead log still. SQLite is not asked: it would take part in that log, or roll a
//! transaction of the other program back.
//!
//! Files whose owner cannot be told are taken for ours if they are empty, as a host may have made them for us, or are a database
//! without a table. Damage within is not found here, but when the store is opened.

use super::error::from_io;
use super::files::{self, beside};
use super::schema::{APPLICATION_ID, MIGRATIONS};
use super::wal_check;
use crate::store::StoreError;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use zeroize::Zeroizing;

/// Beginning of a database.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The place in the header of the database of its format, and of the program that it belongs to.
const FORMAT: usize = 60;
const APPLICATION: usize = 68;
/// The places of the size of a page, the count of changes, the count of pages, and the change that the latter was counted at.
const PAGE_SIZE: usize = 16;
const CHANGED: usize = 24;
const PAGES: usize = 28;
const COUNTED_AT: usize = 92;
/// The root of the schema: what kind of page it is, and how many entries it has.
const SCHEMA: usize = 100;
const ENTRIES: usize = 103;
const TABLE_LEAF: u8 = 13;
/// Up to there the first page is looked at.
const LOOKED_AT: usize = 105;

/// The owner that the first page names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Ours(u32),
    /// A database with nothing in it.
    Nobody,
    Another,
    /// It is no database.
    None,
}

/// An error if the files belong to another program, or to a newer version of this library. Nothing is changed.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    check_regular(path)?;
    let page = match files::read_start(path, LOOKED_AT) {
        Ok(page) => page,
        Err(error) if error.kind() == ErrorKind::NotFound => return check_beside(path),
        Err(error) => return Err(from_io(path, &error)),
    };
    if page.is_empty() {
        return check_beside(path);
    }
    let path = path.to_owned();
    match newest(&path, owner(&page))? {
        Owner::Ours(format) if format as usize > MIGRATIONS.len() => {
            Err(StoreError::NewerFormat { path, found: format, known: MIGRATIONS.len() as u32 })
        }
        Owner::Ours(_) => check_length(&path, &page),
        // Amid the first transaction of all, which may be ours: then there is a lock file.
        found if has(&path, "-journal") => match (beside(&path, "-lock").exists(), found) {
            (true, Owner::Nobody | Owner::None) => Ok(()),
            (false, Owner::None) => Err(StoreError::NotADatabase { path }),
            _ => Err(StoreError::Foreign { path }),
        },
        Owner::Nobody => Ok(()),
        Owner::Another => Err(StoreError::Foreign { path }),
        Owner::None => Err(StoreError::NotADatabase { path }),
    }
}

/// Refuses a database that is shorter than its header says, unless the write-ahead log may have pages for it.
fn check_length(path: &Path, page: &[u8]) -> Result<(), StoreError> {
    let word = |at: usize| page.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    let word = |at: usize| word(at).map_or(0, u32::from_be_bytes);
    // One stands for the largest size, which two bytes cannot say. The count holds only if it was written with the last change.
    let page_size = match word(PAGE_SIZE) >> 16 {
        1 => 65_536,
        size => u64::from(size),
    };
    let pages = if word(CHANGED) == word(COUNTED_AT) { u64::from(word(PAGES)) } else { 0 };
    let length = std::fs::metadata(path).map_err(|error| from_io(path, &error))?.len();
    if length >= pages * page_size || has(path, "-journal") {
        return Ok(());
    }
    let wal = files::read(&beside(path, "-wal")).map(Zeroizing::new);
    if wal.is_ok_and(|wal| wal_check::has_commit(&wal)) {
        return Ok(());
    }
    Err(StoreError::Corrupt { path: path.to_owned(), what: "the database is cut off" })
}

/// Returns the owner by the newest copy of the first page, given what the database itself has for it.
fn newest(path: &Path, found: Owner) -> Result<Owner, StoreError> {
    if matches!(found, Owner::Ours(_)) {
        return Ok(found);
    }
    let wal = match files::read(&beside(path, "-wal")) {
        Ok(wal) => Zeroizing::new(wal),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(from_io(path, &error)),
    };
    Ok(wal_check::first_page(&wal).map_or(found, owner))
}

fn owner(page: &[u8]) -> Owner {
    let word = |at: usize| page.get(at..)?.first_chunk().map(|word| u32::from_be_bytes(*word));
    if !page.starts_with(MAGIC) {
        return Owner::None;
    }
    match (word(APPLICATION), word(FORMAT)) {
        (Some(APPLICATION_ID), Some(format @ 1..)) => Owner::Ours(format),
        // One that is cut off there is for SQLite to judge.
        (None, _) => Owner::Nobody,
        (Some(0), Some(0)) => {
            let is_empty =
                page.get(SCHEMA) == Some(&TABLE_LEAF) && page.get(ENTRIES..LOOKED_AT) == Some(&[0, 0]);
            if is_empty { Owner::Nobody } else { Owner::Another }
        }
        _ => Owner::Another,
    }
}

/// The database is not there yet, or empty: SQLite removes what it finds beside such a one, so that has to be of SQLite and of us.
fn check_beside(path: &Path) -> Result<(), StoreError> {
    const WAL: [[u8; 4]; 2] = [[0x37, 0x7f, 0x06, 0x82], [0x37, 0x7f, 0x06, 0x83]];
    const JOURNAL: [u8; 4] = [0xd9, 0xd5, 0x05, 0xf9];
    // Room that nothing was written to.
    const NOTHING: [u8; 4] = [0; 4];
    for (suffix, known) in [("-wal", [WAL[0], WAL[1], NOTHING]), ("-journal", [JOURNAL, JOURNAL, NOTHING])] {
        let side = beside(path, suffix);
        match files::read_start(&side, NOTHING.len()) {
            Ok(start)
                if start.is_empty() || (known.iter().any(|known| start == known) && is_beside_ours(path)) => {
            }
            Ok(_) => return Err(StoreError::Foreign { path: side }),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(from_io(&side, &error)),
        }
    }
    if has(path, "-shm") && !is_beside_ours(path) {
        return Err(StoreError::Foreign { path: beside(path, "-shm") });
    }
    Ok(())
}

/// Returns whether the files beside the database are ours. To be asked after they were read: another process that makes a store at
/// this moment makes the lock file before all others.
fn is_beside_ours(path: &Path) -> bool {
    let wal = || files::read(&beside(path, "-wal")).map(Zeroizing::new);
    ["-lock", "-log"].into_iter().any(|suffix| beside(path, suffix).exists())
        || wal().is_ok_and(|wal| matches!(wal_check::first_page(&wal).map(owner), Some(Owner::Ours(_))))
}

/// Returns whether there is something in that file.
fn has(path: &Path, suffix: &str) -> bool {
    fs::metadata(beside(path, suffix)).is_ok_and(|metadata| metadata.len() > 0)
}

/// An error if something else than a file has the name of one: a FIFO would be waited on for ever.
fn check_regular(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-log", "-wal", "-journal"] {
        let file = beside(path, suffix);
        match fs::symlink_metadata(&file) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => {
                let what = format!("{} is not a regular file", file.display());
                return Err(StoreError::Io { path: path.to_owned(), what });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(from_io(path, &error)),
        }
    }
    Ok(())
}
