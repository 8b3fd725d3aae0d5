//! Sessions in one SQLite file.
//!
//! One thread ([`worker`]) owns the only connection and does all of a file's work but a commit that comes alone ([`commit_path`]).
//! Batches that arrive while it is at work are committed together, so a thousand sessions share few disk flushes, and each is
//! answered after the flush that covers it. Reads go the same way: they are answered at once unless they would see what is not
//! yet on disk.
//!
//! A commit is a record in a [`log`] beside the database, one write and one flush; what the log holds is in memory as well
//! ([`memtable`]), and is brought into the database when it has become much, when nothing has happened for a while, and at the
//! end. Rows that come and go in between, or change a thousand times, are written there once or not at all.
//!
//! One process at a time owns the file, by a [`lock`]; within the process all who open it share it ([`registry`]).
//! With a single connection in exclusive mode SQLite needs neither shared memory nor lock traffic, and is never busy.

mod changes;
mod commit_path;
mod descriptors;
mod error;
mod files;
mod job;
mod lock;
mod log;
mod log_format;
mod memtable;
mod recognise;
mod recovery;
mod registry;
mod schema;
mod statements;
mod wal_check;
mod watermark;
mod worker;

pub(crate) use descriptors::{fork_begins, fork_ends, forked};
pub use registry::wait_closed;

use super::{Backend, Batch, Pending, SessionKey, SessionName, Space, StoreError, Value};
use commit_path::Jobs;
use job::{Reply, WorkerJob};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

/// Sessions in one SQLite file. Ends its thread, in the background, when the last reference goes; [`wait_closed`] waits for
/// that.
pub struct SqliteBackend {
    path: PathBuf,
    jobs: Jobs,
    /// `None` until the thread has opened the file.
    opened: watch::Receiver<Option<Result<(), StoreError>>>,
}

impl SqliteBackend {
    /// Opens a file, which is made if it is not there; its directory must exist. A file that this process has open already
    /// is shared.
    pub async fn open(path: &Path) -> Result<Arc<Self>, StoreError> {
        let path = files::resolve(path)?;
        let backend = registry::get_or_start(path)?;
        let mut opened = backend.opened.clone();
        let state = opened.wait_for(Option::is_some).await.map_err(|_| StoreError::Closed)?;
        state.clone().unwrap_or(Err(StoreError::Closed))?;
        drop(state);
        Ok(backend)
    }

    /// The file, with all links followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Queues a job and gives the way to its answer.
    fn ask<T: Send + 'static>(&self, job: impl FnOnce(Reply<T>) -> WorkerJob) -> Pending<T> {
        let (reply, answer) = oneshot::channel();
        // If the thread is gone, the reply is dropped with the job and the answer says so.
        let _ = self.jobs.send(job(reply));
        Box::pin(async move { answer.await.unwrap_or(Err(StoreError::Closed)) })
    }
}

impl Backend for SqliteBackend {
    fn open_session(&self, name: &SessionName) -> Pending<SessionKey> {
        let (name, jobs) = (name.clone(), self.jobs.clone());
        let (reply, answer) = oneshot::channel();
        let _ = jobs.send(WorkerJob::Open { name, reply });
        let mut opening = Opening { answer, jobs };
        Box::pin(async move { (&mut opening.answer).await.unwrap_or(Err(StoreError::Closed)) })
    }

    fn close_session(&self, session: SessionKey) {
        let _ = self.jobs.send(WorkerJob::Close(session));
    }

    fn get(&self, session: SessionKey, space: Space, key: &[u8]) -> Pending<Option<Value>> {
        let key = key.to_vec();
        self.ask(|reply| WorkerJob::Get { session, space, key, reply })
    }

    fn get_many(&self, session: SessionKey, space: Space, keys: Vec<Vec<u8>>) -> Pending<Vec<Option<Value>>> {
        self.ask(|reply| WorkerJob::GetMany { session, space, keys, reply })
    }

    fn scan(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<(Vec<u8>, Value)>> {
        let after = after.map(<[u8]>::to_vec);
        self.ask(|reply| WorkerJob::Scan { session, space, after, limit, reply })
    }

    fn keys(
        &self,
        session: SessionKey,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Pending<Vec<Vec<u8>>> {
        let after = after.map(<[u8]>::to_vec);
        self.ask(|reply| WorkerJob::Keys { session, space, after, limit, reply })
    }

    fn commit(&self, session: SessionKey, batch: Batch) -> Pending<()> {
        match self.jobs.commit_here(session, batch) {
            Ok(result) => Box::pin(std::future::ready(result)),
            Err(batch) => self.ask(|reply| WorkerJob::Commit { session, batch, reply }),
        }
    }

    fn list_sessions(&self) -> Pending<Vec<SessionName>> {
        self.ask(|reply| WorkerJob::List { reply })
    }

    fn erase(&self, name: &SessionName) -> Pending<bool> {
        let name = name.clone();
        self.ask(|reply| WorkerJob::Erase { name, reply })
    }
}

/// An opening on its way. If nobody takes its answer, the session is closed again: it would stay in use for ever.
struct Opening {
    answer: oneshot::Receiver<Result<SessionKey, StoreError>>,
    jobs: Jobs,
}

impl Drop for Opening {
    fn drop(&mut self) {
        // An answer that comes later than this is noticed by the thread.
        self.answer.close();
        if let Ok(Ok(session)) = self.answer.try_recv() {
            let _ = self.jobs.send(WorkerJob::Close(session));
        }
    }
}

impl fmt::Debug for SqliteBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteBackend").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod foreign_tests;
#[cfg(test)]
mod missing_tests;
#[cfg(test)]
mod process_tests;
#[cfg(test)]
mod sqlite_tests;
