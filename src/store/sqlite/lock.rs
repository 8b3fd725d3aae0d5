//! One process at a time.
//!
//! SQLite's own lock on the database file, held all the time by `locking_mode=EXCLUSIVE`, keeps out every program that goes
//! through SQLite. It is a POSIX record lock, and such locks have a trap: when the process closes *any* descriptor of the
//! file, all its locks on it are gone. A host that copies the database file for a backup would unlock it. Therefore there
//! is a second lock on a file of its own, `NAME-lock`, which nobody has a reason to open.
//!
//! It is a POSIX record lock as well, of all kinds the only one that a forked child does not share: `flock` and open file
//! description locks belong to the open file, and a child that lives on would keep the file locked after its parent has
//! died. The trap is avoided by opening the lock file in one place, here, and only once per process: the registry sees to
//! that. The file stays when the lock is given up, since removing it would race with the next process that takes it.

use super::error::from_io;
use super::files::{MODE, beside};
use crate::store::StoreError;
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::process::{Flock, FlockType, fcntl_getlk};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The lock, held until dropped.
#[derive(Debug)]
pub(super) struct ProcessLock {
    _file: File,
}

/// Takes the lock of a database file, or says who has it.
pub(super) fn take(path: &Path) -> Result<ProcessLock, StoreError> {
    let lock_path = beside(path, "-lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(MODE).custom_flags(libc::O_NOFOLLOW);
    let file = options.open(&lock_path).map_err(|error| from_io(path, &error))?;
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(ProcessLock { _file: file }),
        Err(rustix::io::Errno::ACCESS | rustix::io::Errno::AGAIN) => {
            let other = fcntl_getlk(&file, &Flock::from(FlockType::WriteLock)).ok().flatten();
            let pid = other.and_then(|lock| lock.pid).and_then(|pid| u32::try_from(pid.as_raw_pid()).ok());
            Err(StoreError::Locked { path: path.to_owned(), pid })
        }
        Err(error) => Err(from_io(path, &error.into())),
    }
}
