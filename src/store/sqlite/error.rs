//! SQLite's errors in the store's words.

use crate::standard;
use crate::store::StoreError;
use rusqlite::ErrorCode;
use std::fs::File;
use std::io;
use std::path::Path;

/// "Too many open files", for the process and for the system.
fn is_too_many_files(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

/// An error of the file system on the store's files.
pub(super) fn from_io(path: &Path, error: &io::Error) -> StoreError {
    let path = path.to_owned();
    match error.kind() {
        _ if is_too_many_files(error) => StoreError::TooManyFiles,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { path },
        io::ErrorKind::InvalidFilename => StoreError::NameTooLong { path },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::Full { path }
        }
        _ => StoreError::Io { path, what: error.to_string() },
    }
}

/// An error of SQLite.
pub(super) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt { path, what: "the database is malformed" },
        Some(ErrorCode::NotADatabase) => StoreError::NotADatabase { path },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly { path },
        Some(ErrorCode::DiskFull) => StoreError::Full { path },
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
