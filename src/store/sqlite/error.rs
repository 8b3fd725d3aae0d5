//! SQLite's errors in the store's words.

use crate::standard;
use crate::store::StoreError;
use rusqlite::{ErrorCode, ffi};
use std::fs::File;
use std::io;
use std::path::Path;

/// "Too many open files", for the process and for the system.
fn is_too_many_files(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

/// Returns whether there is no room: on the disk, in the user's quota, or within the largest size of a file.
fn is_no_room(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// An error of the file system on the store's files.
pub(super) fn from_io(path: &Path, error: &io::Error) -> StoreError {
    let path = path.to_owned();
    match error.kind() {
        _ if is_too_many_files(error) => StoreError::TooManyFiles,
        _ if is_no_room(error) => StoreError::Full { path },
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { path },
        io::ErrorKind::InvalidFilename => StoreError::NameTooLong { path },
        _ => StoreError::Io { path, what: error.to_string() },
    }
}

/// The failures of SQLite that a system without room causes: they come from a call that writes, and that has just failed.
const WRITING: [i32; 4] =
    [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_TRUNCATE, ffi::SQLITE_IOERR_SHMSIZE];

/// Returns whether an error of SQLite, which has just come up on this thread, is for want of room. SQLite calls only one of the
/// system's errors a full disk; the others are errors of input and output to it.
fn is_sqlite_without_room(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map_or(ffi::SQLITE_OK, |error| error.extended_code);
    code == ffi::SQLITE_FULL || WRITING.contains(&code) && is_no_room(&io::Error::last_os_error())
}

/// Returns whether a commit that failed in SQLite may be found on the disk all the same. Its record is incomplete if there was
/// no room to write it. To be called before anything else is asked of the system.
pub(super) fn may_be_there(error: &rusqlite::Error) -> bool {
    let is_flush = error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_FSYNC);
    is_flush || !is_sqlite_without_room(error)
}

/// An error of SQLite. To be called before anything else is asked of the system, whose last error may be the cause.
pub(super) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    if is_sqlite_without_room(error) {
        return StoreError::Full { path };
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt { path, what: "the database is malformed" },
        Some(ErrorCode::NotADatabase) => StoreError::NotADatabase { path },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked { path, pid: None },
        Some(ErrorCode::TooBig) => StoreError::TooLarge,
        // SQLite does not say why it could not open a file. Ask the system the same question.
        Some(ErrorCode::CannotOpen) => {
            match standard::open(|| File::open("/dev/null").and(File::open(&path))) {
                Err(error) => from_io(&path, &error),
                Ok(_) => StoreError::ReadOnly { path },
            }
        }
        _ => StoreError::Io { path, what: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::io::Write;

    fn failed(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn a_write_of_sqlite_that_fails_for_want_of_room_is_told_as_a_full_disk() {
        let path = Path::new("wa.db");
        let full = StoreError::Full { path: path.to_owned() };
        let mut no_room = OpenOptions::new().write(true).open("/dev/full").unwrap();
        for code in WRITING {
            let error = failed(code);
            assert!(no_room.write(b"x").is_err());
            assert_eq!(from_sqlite(path, &error), full, "{code}");
            // Only a record that was written to its end can be found.
            assert_eq!(may_be_there(&error), code == ffi::SQLITE_IOERR_FSYNC, "{code}");
            assert!(File::open("/does/not/exist").is_err());
            assert!(matches!(from_sqlite(path, &error), StoreError::Io { .. }), "{code}");
            assert!(may_be_there(&error), "{code}");
        }
        let error = failed(ffi::SQLITE_FULL);
        assert!(from_sqlite(path, &error) == full && !may_be_there(&error));
        // Reading takes no room.
        let error = failed(ffi::SQLITE_IOERR_READ);
        assert!(no_room.write(b"x").is_err());
        assert!(matches!(from_sqlite(path, &error), StoreError::Io { .. }));
    }

    #[test]
    fn every_want_of_room_is_a_full_disk() {
        for number in [libc::ENOSPC, libc::EDQUOT, libc::EFBIG] {
            let error = from_io(Path::new("wa.db"), &io::Error::from_raw_os_error(number));
            assert!(matches!(error, StoreError::Full { .. }), "{number}: {error:?}");
        }
    }
}
