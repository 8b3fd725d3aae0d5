//! The store's files in the file system: where they are and who may read them.

use super::error::from_io;
use crate::standard;
use crate::store::StoreError;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Only the owner reads and writes.
pub(super) const MODE: u32 = 0o600;

/// The longest name of a database: the files beside it have longer ones, up to "-journal".
const LONGEST_NAME: usize = 255 - 8;
/// The longest path that SQLite takes, less those eight bytes and some.
const LONGEST_PATH: usize = 500;

/// The absolute path with all links followed: the same file has the same path, however it was named.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, StoreError> {
    let path = canonical(path)?;
    let name = path.file_name().map_or(0, |name| name.len());
    if name > LONGEST_NAME || path.as_os_str().len() > LONGEST_PATH {
        return Err(StoreError::NameTooLong { path });
    }
    Ok(path)
}

fn canonical(path: &Path) -> Result<PathBuf, StoreError> {
    match fs::canonicalize(path) {
        Ok(path) if path.is_dir() => Err(StoreError::NotADatabase { path }),
        Ok(path) => Ok(path),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = path.file_name().ok_or(StoreError::Url)?;
            let parent = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            };
            // A link that leads nowhere has a name but no file; it would be followed to a place nobody checked.
            if fs::symlink_metadata(path).is_ok() {
                return Err(StoreError::NoDirectory { path: path.to_owned() });
            }
            match fs::canonicalize(parent) {
                Ok(parent) if parent.is_dir() => Ok(parent.join(name)),
                Err(error)
                    if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::InvalidFilename) =>
                {
                    Err(from_io(path, &error))
                }
                _ => Err(StoreError::NoDirectory { path: path.to_owned() }),
            }
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            Err(StoreError::NoDirectory { path: path.to_owned() })
        }
        Err(error) => Err(from_io(path, &error)),
    }
}

/// The path of a file that belongs to the database: same name, with a suffix.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Opens a file that is there for reading. A FIFO is not waited on.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    standard::open(|| options.open(path))
}

/// All of a file. There may be keys in it.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    // At its size from the beginning: a buffer that grows leaves copies behind.
    let mut content = Vec::with_capacity(file.metadata()?.len() as usize + 1);
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// The first bytes of a file, fewer if it is shorter.
pub(super) fn read_start(path: &Path, length: usize) -> io::Result<Vec<u8>> {
    let mut content = Vec::with_capacity(length);
    open(path)?.take(length as u64).read_to_end(&mut content)?;
    Ok(content)
}

/// Makes the database file if it is not there, readable by its owner only whatever the umask is. SQLite gives the files it
/// makes beside it the same mode. Says whether it was made.
///
/// Of a file that is there the mode is narrowed where the file system allows. It is ours by now ([`super::recognise`]).
pub(super) fn prepare(path: &Path) -> Result<bool, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(MODE);
    match standard::open(|| options.open(path)) {
        Ok(file) => {
            let made = file.set_permissions(Permissions::from_mode(MODE)).map(|()| true);
            made.map_err(|error| from_io(path, &error))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            for suffix in ["", "-log", "-wal", "-shm", "-journal"] {
                narrow(&beside(path, suffix));
            }
            Ok(false)
        }
        Err(error) => Err(from_io(path, &error)),
    }
}

fn narrow(path: &Path) {
    // The target of a link is not ours.
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    let mode = metadata.permissions().mode();
    if metadata.is_file() && mode & 0o077 != 0 {
        // Some file systems have no modes, and the file may be another user's; neither is a reason to refuse.
        let _ = fs::set_permissions(path, Permissions::from_mode(mode & 0o700));
    }
}
