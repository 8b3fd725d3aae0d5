//! One opening at a time: of all processes, and of all copies of this library in a process.
//!
//! SQLite's own locks on the database are POSIX record locks. They hold between processes only, and are gone as soon as the process
//! closes *any* descriptor of the file, as a host does that copies it for a backup. So they protect nothing here.
//!
//! Our locks belong to the open file (`F_OFD_SETLK`): they conflict with every other opening, within the process too, and end only when
//! that open file is closed, or with the process, however it ends. Forked children close it ([`super::descriptors`]), programs that
//! are executed do not inherit it. There are two, so that neither a second name of the database nor the removal of the lock file lets
//! anybody in:
//!
//! - on the file `NAME-lock`, which stays when the lock is given up;
//! - on the database itself, on a byte far behind those that SQLite locks.
//!
//! On a system without such locks `flock` takes their place, on the lock file alone; it has the same properties. A file system without
//! any locks is refused.
//!
//! A lock file that was made for an opening that is refused goes with it: the path was a wrong one. It may have been opened by another
//! process in that moment, so who has locked the file makes sure that it still has its name.
//!
//! The lock file also says who has it, and how far the log goes ([`super::watermark`]).

use super::descriptors::HeldFile;
use super::error::from_io;
use super::files::{MODE, beside};
use super::log_format::{LogFields, mix};
use super::watermark::{self, Watermark};
use crate::store::StoreError;
use std::cell::Cell;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The place of the holder in the lock file: process, and its namespace of processes.
const HOLDER: u64 = 64;
/// So often may a lock file be removed by others while it is being locked.
const MOST_REMOVED: u32 = 1000;
/// SQLite's locks are about byte 2³⁰.
#[cfg(target_os = "linux")]
const BYTE: i64 = 1 << 62;

/// The lock file, locked until dropped.
#[derive(Debug)]
pub(super) struct LockFile {
    path: PathBuf,
    file: HeldFile,
    /// It was made for this opening, and is of no use unless that succeeds.
    is_spare: AtomicBool,
}

/// Both locks, held until dropped.
#[derive(Debug)]
pub(super) struct StoreLock {
    lock: LockFile,
    database: HeldFile,
}

/// Takes the lock file of a database, or says who has it.
pub(super) fn take(path: &Path) -> Result<LockFile, StoreError> {
    let failed = |error: io::Error| from_io(path, &error);
    for _ in 0..MOST_REMOVED {
        let made = Cell::new(false);
        let file = HeldFile::open(|| open(&beside(path, "-lock"), &made)).map_err(failed)?;
        let lock = LockFile { path: path.to_owned(), file, is_spare: AtomicBool::new(false) };
        if !lock_whole(&lock.file).map_err(|error| lock_failed(path, &error))? {
            return Err(StoreError::Locked { path: path.to_owned(), pid: lock.holder() });
        }
        if !lock.has_its_name() {
            continue;
        }
        lock.is_spare.store(made.get(), Relaxed);
        // If it says something else, it is not ours.
        lock.watermark()?;
        lock.narrow();
        lock.sign();
        return Ok(lock);
    }
    Err(StoreError::Locked { path: path.to_owned(), pid: None })
}

/// Opens the lock file, made if it is not there.
fn open(path: &Path, made: &Cell<bool>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(MODE).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let opened = match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            options.create(true).truncate(false).open(path)
        }
        opened => opened.inspect(|_| made.set(true)),
    };
    let file = match opened {
        // One that was just made and not yet opened up; it is ours, or this fails.
        Err(error)
            if error.kind() == ErrorKind::PermissionDenied
                && std::fs::symlink_metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0) =>
        {
            std::fs::set_permissions(path, Permissions::from_mode(MODE)).map_err(|_| error)?;
            options.open(path)?
        }
        opened => opened?,
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("the lock file is not a regular file"));
    }
    Ok(file)
}

impl LockFile {
    /// The opening succeeds, or something else than this file is left of it.
    pub(super) fn keep(&self) {
        self.is_spare.store(false, Relaxed);
    }

    /// Returns whether the file is the one that others find.
    fn has_its_name(&self) -> bool {
        let named = std::fs::symlink_metadata(beside(&self.path, "-lock"));
        matches!((named.map(place), self.file.metadata().map(place)), (Ok(named), Ok(open)) if named == open)
    }

    /// Leaves the file to its owner, whatever the umask was.
    fn narrow(&self) {
        if self.file.metadata().is_ok_and(|metadata| metadata.mode() & 0o777 != MODE) {
            // Some file systems have no modes, and the file may be another user's; neither is a reason to refuse.
            let _ = self.file.set_permissions(Permissions::from_mode(MODE));
        }
    }

    /// Takes the database too, which is there by now.
    pub(super) fn with_database(self) -> Result<StoreLock, StoreError> {
        let path = &self.path;
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
        let database = HeldFile::open(|| options.open(path)).map_err(|error| from_io(path, &error))?;
        if !lock_byte(&database).map_err(|error| lock_failed(path, &error))? {
            return Err(StoreError::Locked { path: path.to_owned(), pid: None });
        }
        Ok(StoreLock { lock: self, database })
    }

    /// Returns the end of the log, as far as is known here.
    pub(super) fn watermark(&self) -> Result<Option<Watermark>, StoreError> {
        let damaged = |()| StoreError::Corrupt { path: self.path.clone(), what: "its lock file is damaged" };
        let bytes = self.read::<{ watermark::LENGTH }>(watermark::AT);
        Watermark::read(&bytes.map_err(|error| from_io(&self.path, &error))?).map_err(damaged)
    }

    /// Says who has it.
    fn sign(&self) {
        let fields = [u64::from(std::process::id()), namespace()];
        let fields = [fields[0], fields[1], mix(&fields, b"holder")];
        let bytes: Vec<u8> = fields.into_iter().flat_map(u64::to_le_bytes).collect();
        // It only serves a text.
        let _ = self.file.write_all_at(&bytes, HOLDER);
    }

    /// The process that has it, if it can be seen from here.
    fn holder(&self) -> Option<u32> {
        let bytes = self.read::<24>(HOLDER).ok()?;
        let mut fields = LogFields(&bytes);
        let holder = [fields.u64()?, fields.u64()?];
        let is_whole = fields.u64()? == mix(&holder, b"holder");
        if is_whole && holder[1] == namespace() { u32::try_from(holder[0]).ok() } else { None }
    }

    /// Bytes of the lock file; 0 where it ends.
    fn read<const N: usize>(&self, at: u64) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        let mut done = 0;
        while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, at + done as u64)? {
                0 => break,
                more => done += more,
            }
        }
        Ok(bytes)
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        if self.is_spare.load(Relaxed) && self.has_its_name() {
            // While it is locked. One that stays is no harm.
            let _ = std::fs::remove_file(beside(&self.path, "-lock"));
        }
    }
}

impl StoreLock {
    /// The opening has succeeded.
    pub(super) fn keep(&self) {
        self.lock.keep();
    }

    /// Notes how far the log goes, on the disk.
    pub(super) fn keep_watermark(&self, mark: Watermark) -> io::Result<()> {
        self.lock.file.write_all_at(&mark.to_bytes(), watermark::AT)?;
        self.lock.file.sync_data()
    }

    /// Notes how far the log goes, in the system's memory.
    pub(super) fn set_watermark(&self, mark: Watermark) {
        // Without it one kind of damage is not found. There is room for it since it was signed.
        let _ = self.lock.file.write_all_at(&mark.to_bytes(), watermark::AT);
    }

    /// An error if a file was removed or replaced: what is written would be gone with it.
    pub(super) fn check_linked(&self, log: &File) -> Result<(), StoreError> {
        let gone = |file: &File| file.metadata().is_ok_and(|metadata| metadata.nlink() == 0);
        if [&self.lock.file, &*self.database, log].into_iter().any(gone) {
            return Err(StoreError::Removed { path: self.lock.path.clone() });
        }
        Ok(())
    }

    /// The same by the database's name, which may lead to another file by now.
    pub(super) fn check_place(&self) -> Result<(), StoreError> {
        match (std::fs::metadata(&self.lock.path).map(place), self.database.metadata().map(place)) {
            (Ok(named), Ok(open)) if named == open => Ok(()),
            (Err(error), _) | (_, Err(error)) if error.kind() != ErrorKind::NotFound => {
                Err(from_io(&self.lock.path, &error))
            }
            _ => Err(StoreError::Removed { path: self.lock.path.clone() }),
        }
    }
}

/// Returns the identity of a file.
fn place(metadata: std::fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Returns the namespace of processes that see each other.
fn namespace() -> u64 {
    std::fs::metadata("/proc/self/ns/pid").map_or(0, |namespace| namespace.ino())
}

fn lock_failed(path: &Path, error: &io::Error) -> StoreError {
    match error.raw_os_error() {
        Some(libc::ENOLCK | libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL) => {
            StoreError::NoLocks { path: path.to_owned() }
        }
        _ => from_io(path, error),
    }
}

/// Locks a file; returns whether no other process has it.
fn lock_whole(file: &File) -> io::Result<bool> {
    match lock_range(file, 0, 0) {
        Err(error) if is_unknown(&error) => taken(
            rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
                .map_err(io::Error::from),
        ),
        locked => locked,
    }
}

/// Locks the byte of a database; returns whether no other process has it.
fn lock_byte(file: &File) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    match lock_range(file, BYTE, 1) {
        // The lock file has to do: a lock of the whole file would be in SQLite's way on some file systems.
        Err(error) if is_unknown(&error) => Ok(true),
        locked => locked,
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        Ok(true)
    }
}

/// The system does not know this kind of lock.
fn is_unknown(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS))
}

/// Gives back all locks of an open file.
pub(super) fn unlock(file: &File) {
    // It is about to be closed, which does the same.
    #[cfg(target_os = "linux")]
    let _ = set_range(file, libc::F_UNLCK, 0, 0);
    let _ = rustix::fs::flock(file, rustix::fs::FlockOperation::Unlock);
}

#[cfg(target_os = "linux")]
fn lock_range(file: &File, start: i64, length: i64) -> io::Result<bool> {
    taken(set_range(file, libc::F_WRLCK, start, length))
}

#[cfg(target_os = "linux")]
fn set_range(file: &File, kind: libc::c_int, start: i64, length: i64) -> io::Result<()> {
    let lock = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: start,
        l_len: length,
        l_pid: 0,
    };
    nix::fcntl::fcntl(file, nix::fcntl::FcntlArg::F_OFD_SETLK(&lock))?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn lock_range(_: &File, _: i64, _: i64) -> io::Result<bool> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

/// Returns whether a lock was taken; others that failed were in the way.
fn taken(locked: io::Result<()>) -> io::Result<bool> {
    match locked {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(false),
        Err(error) => Err(error),
    }
}
