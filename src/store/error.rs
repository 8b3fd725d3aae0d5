//! The errors of the store, and what the host can do about them.

use super::Space;
use std::path::PathBuf;
use std::time::Duration;

/// A failed store operation. The text says what to do. Nothing stored is ever destroyed because of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The URL names no store this library has.
    #[error("the store URL is not understood: use `sqlite:PATH` or `memory:`")]
    Url,
    /// The session's name cannot be used.
    #[error("a session name has 1 to 255 bytes and no control characters")]
    SessionName,
    /// The directory that should hold the file is not there; it is not made on the way.
    #[error("the directory of the store {path} does not exist: create it first")]
    NoDirectory {
        /// The file asked for.
        path: PathBuf,
    },
    /// Another process has the file open, or another copy of this library in this one.
    #[error("the store {path} is in use by another {}: one at a time", holder(*.pid))]
    Locked {
        /// The file.
        path: PathBuf,
        /// The other process, if the system tells.
        pid: Option<u32>,
    },
    /// The session is open in this process already.
    #[error("the session `{name}` is open already: close it first, or use another session")]
    SessionInUse {
        /// Its name.
        name: String,
    },
    /// Another process has the session open, in a store that processes share.
    #[error(
        "the session `{name}` is in use by another process: close it there, or wait for the end of its lease, {} s at most",
        wait.as_secs() + 1
    )]
    HeldElsewhere {
        /// Its name.
        name: String,
        /// When its lease ends, unless it is renewed.
        wait: Duration,
    },
    /// Another process has taken the session, because its lease was not renewed in time. Nothing was written.
    #[error(
        "another process has taken the session: this one did not renew its lease in time; close the client here, and see why \
         the process or the store stood still"
    )]
    LeaseLost,
    /// A step asked for records again and again: a fault of this library, not of the store.
    #[error("a step never had the records that it needs: a fault of the library")]
    NeverComplete,
    /// Files of the store are damaged, missing or of different age.
    #[error(
        "the store {path} is damaged ({what}): move all its files away and pair again; a copy is put back only \
         with session.restored"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The damage that was found.
        what: &'static str,
    },
    /// The database is gone, and a file beside it is of a store that was in use.
    #[error(
        "the database of the store {path} is missing or empty, and {left} shows that it was in use: put the database back if it \
         was only moved; to begin anew, remove the files that begin with its name, and pair again"
    )]
    DatabaseMissing {
        /// The database.
        path: PathBuf,
        /// The file that shows it.
        left: PathBuf,
    },
    /// A file of the store was removed or replaced while it was open. Nothing that is written to it would last.
    #[error(
        "the store {path} was moved, removed or replaced while it was open, or the process changed its root: close it, and see to its files"
    )]
    Removed {
        /// The file.
        path: PathBuf,
    },
    /// The file system cannot lock files.
    #[error("the store {path} is on a file system that cannot lock files: choose another place for it")]
    NoLocks {
        /// The file.
        path: PathBuf,
    },
    /// The file's name, or the whole path, is too long for the files that belong to it.
    #[error("the path of the store {path} is too long: its name may have 247 bytes, all of it 500")]
    NameTooLong {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else than an SQLite database.
    #[error("{path} is not a database: choose another path")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file, or one that would belong to the store, is of another program.
    #[error("{path} belongs to another program: choose another path")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this library.
    #[error("the store {path} has format {found}, this library knows up to {known}: use the newer version")]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The file's format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The file or its directory cannot be written.
    #[error("the store {path} cannot be written: check the permissions of the file and its directory")]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// There is no room: the disk is full, a quota is used up, or the file may not grow further. Nothing of the batch was written; it
    /// can be committed again.
    #[error("no space left for the store {path}: make room and try again")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The process has no file descriptor left.
    #[error("too many open files: raise the limit (ulimit -n) or open fewer sessions")]
    TooManyFiles,
    /// The system refused the thread that a file needs.
    #[error("{what}")]
    NoThread {
        /// The advice.
        what: String,
    },
    /// The system's input or output failed.
    #[error("input/output error on the store {path}: {what}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        what: String,
    },
    /// The system could not bring a batch to the disk, nor make sure that nothing of it is there: whether it is stored is not known
    /// before the store is opened again. While the process lives it is not, and other batches wait until the disk is well.
    #[error(
        "the store {path} could not be brought to the disk ({what}): whether the last changes are stored is not known \
         before it is opened again; see to the disk"
    )]
    Unflushed {
        /// The file.
        path: PathBuf,
        /// The system's words.
        what: String,
        /// Set if there was no room for them.
        is_full: bool,
    },
    /// The store is sealed and no key was given.
    #[error("the store is sealed: set store.seal_key to the key that it was sealed with")]
    Sealed,
    /// A key was given for a store that is not sealed, though it is open or not empty.
    #[error("the store is not sealed: leave store.seal_key unset, or use a store that is new")]
    NotSealed,
    /// The store was sealed with another key.
    #[error(
        "the store was sealed with another key than that of store.seal_key: set the right one; nothing was changed"
    )]
    WrongSealKey,
    /// A [required](super::Batch::require) value was another; nothing was written.
    #[error("the data was changed by another session meanwhile: read it again")]
    Changed,
    /// A value or a batch is larger than the backend can take.
    #[error("a value is too large for the store")]
    TooLarge,
    /// A stored record cannot be read. Sessions never fall back to an empty one.
    #[error("a stored record ({space:?}) cannot be read: {what}")]
    Record {
        /// Its space.
        space: Space,
        /// The fault in it.
        what: &'static str,
    },
    /// The session was closed before this operation.
    #[error("the session is closed")]
    SessionClosed,
    /// The store is shut down.
    #[error("the store is closed")]
    Closed,
}

fn holder(pid: Option<u32>) -> String {
    match pid {
        Some(pid) if pid == std::process::id() => "copy of this library in this process".to_owned(),
        Some(pid) => format!("process (process {pid})"),
        None => "process".to_owned(),
    }
}
