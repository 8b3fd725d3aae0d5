//! The state that a file's thread shares with its callers: the log, and the open sessions.
//!
//! A caller that commits while no other wants anything of the file does it itself ([`Jobs::commit_here`]): to wake the thread and
//! to be woken by it takes longer than all else about a small commit. It holds the front meanwhile, so later callers leave their
//! work to the thread, which commits in groups. That is only done where it keeps little else waiting: with another thread for
//! sessions, and on a disk that flushes quickly.

use super::job::WorkerJob;
use super::log_format::Record;
use super::memtable::{LogPart, Memtable};
use crate::store::{Batch, Op, SessionKey, SessionName, StoreError};
use crate::threads;
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SendError, Sender};
use std::time::{Duration, Instant};

/// A disk that takes longer for a flush than this, on average, is left to the thread.
const QUICK: Duration = Duration::from_millis(2);

/// The way to a file's thread.
#[derive(Clone)]
pub(super) struct Jobs {
    queue: Sender<WorkerJob>,
    shared: Arc<StoreShared>,
}

/// The state that the thread and its callers share.
#[derive(Default)]
pub(super) struct StoreShared {
    /// `None` as long as the thread has not opened the file, and after its end. Held by the thread for a group, by others for
    /// one commit, and never across an await.
    pub(super) front: Mutex<Option<CommitPath>>,
    /// Jobs that are not done.
    queued: AtomicUsize,
}

/// The numbers of commits and of transactions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    /// Transactions flushed to disk.
    pub(super) transactions: u64,
    /// Batches in them.
    pub(super) batches: u64,
    /// Those of them that were committed by whoever wanted that.
    #[cfg(test)]
    pub(super) here: u64,
}

/// An open session.
pub(super) struct Open {
    pub(super) name: SessionName,
    /// Set if the database is known to hold its name.
    pub(super) named: bool,
}

/// The state of a file's thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ThreadState {
    /// It handles a group of jobs.
    Works,
    /// It waits for jobs, and for a quiet moment to bring the log into the database.
    Watches,
    /// It waits for jobs only.
    Rests,
}

/// The log, and the sessions that are open.
pub(super) struct CommitPath {
    /// The file, for errors.
    pub(super) path: PathBuf,
    pub(super) open: HashMap<u64, Open>,
    /// The names of `open`.
    pub(super) open_names: HashSet<SessionName>,
    pub(super) last_session: u64,
    /// The content of the log.
    pub(super) pending: Memtable,
    pub(super) counters: Counters,
    /// The time of a flush, on average.
    flush: Duration,
    /// The longest time of a flush for a commit without the thread.
    quick: Duration,
    /// The state of the thread.
    pub(super) thread: ThreadState,
    /// It was asked to see to the log.
    thread_asked: bool,
}

impl Jobs {
    pub(super) fn new(queue: Sender<WorkerJob>, shared: Arc<StoreShared>) -> Self {
        Jobs { queue, shared }
    }

    /// Leaves a job to the thread. It comes back if the thread is gone.
    pub(super) fn send(&self, job: WorkerJob) -> Result<(), SendError<WorkerJob>> {
        self.shared.queued.fetch_add(1, Ordering::AcqRel);
        self.queue.send(job)
    }

    /// Commits a batch if that can be done here and now; else it comes back.
    pub(super) fn commit_here(
        &self,
        session: SessionKey,
        batch: Batch,
    ) -> Result<Result<(), StoreError>, Batch> {
        // Earlier jobs have to be done before.
        if self.shared.queued.load(Ordering::Acquire) > 0 || !threads::others_go_on() || !is_plain(&batch) {
            return Err(batch);
        }
        let Some(mut locked) = self.shared.front.try_lock() else { return Err(batch) };
        let may = |front: &&mut CommitPath| front.flush <= front.quick && front.pending.is_ready();
        let Some(front) = locked.as_mut().filter(may) else {
            return Err(batch);
        };
        let result = front.commit_alone(session, batch);
        let wants_thread =
            front.thread == ThreadState::Rests || front.pending.is_much() || front.pending.is_in_doubt();
        if wants_thread && !std::mem::replace(&mut front.thread_asked, true) {
            drop(locked);
            // A thread that is gone needs no telling.
            let _ = self.send(WorkerJob::Tidy);
        }
        Ok(result)
    }
}

/// Returns whether all of it goes into the log without a look at the database.
fn is_plain(batch: &Batch) -> bool {
    Memtable::takes(batch) && !batch.ops().iter().any(|op| matches!(op, Op::Require { .. }))
}

impl StoreShared {
    /// So many jobs are done.
    pub(super) fn done(&self, jobs: usize) {
        self.queued.fetch_sub(jobs, Ordering::AcqRel);
    }
}

impl CommitPath {
    pub(super) fn new(path: PathBuf, pending: Memtable, last_session: u64) -> Self {
        CommitPath {
            path,
            open: HashMap::new(),
            open_names: HashSet::new(),
            last_session,
            pending,
            counters: Counters::default(),
            flush: Duration::ZERO,
            quick: QUICK,
            thread: ThreadState::Works,
            thread_asked: false,
        }
    }

    /// The thread is at work.
    pub(super) fn thread_works(&mut self) {
        (self.thread, self.thread_asked) = (ThreadState::Works, false);
    }

    pub(super) fn close(&mut self, session: SessionKey) {
        if let Some(open) = self.open.remove(&session.0) {
            self.open_names.remove(&open.name);
        }
    }

    pub(super) fn check(&self, session: SessionKey) -> Result<(), StoreError> {
        if self.open.contains_key(&session.0) { Ok(()) } else { Err(StoreError::SessionClosed) }
    }

    /// Adds a batch to the record of the group.
    pub(super) fn release(&mut self, session: u64, batch: Batch) -> LogPart {
        let start = self.pending.begin();
        for op in batch.into_ops() {
            match op {
                Op::Put { space, key, value } => {
                    if !space.is_shared()
                        && let Some(open) = self.open.get_mut(&session).filter(|open| !open.named)
                    {
                        self.pending.name(session, &open.name);
                        open.named = true;
                    }
                    self.pending.put(session, space, &key, value);
                }
                Op::Delete { space, key } => self.pending.delete(session, space, &key),
                // The one was looked at, the others go another way.
                Op::Require { .. } | Op::DeleteSpace(_) | Op::EraseSession => {}
            }
        }
        self.pending.part(start)
    }

    /// Brings the record of the group, which has so many batches, to disk. If that fails, nothing of it has happened, and each
    /// of them is to be tried alone.
    pub(super) fn flush(&mut self, batches: usize) -> Result<(), (StoreError, Record)> {
        let begun = Instant::now();
        let flushed = self.pending.flush();
        self.flush = (self.flush * 3 + begun.elapsed()) / 4;
        match &flushed {
            Ok(()) => self.count(batches),
            // Names may have been taken back too.
            Err(_) => self.open.values_mut().for_each(|open| open.named = false),
        }
        flushed
    }

    /// Tries a batch alone.
    pub(super) fn retry(&mut self, record: &[u8], part: LogPart) -> Result<(), StoreError> {
        self.pending.retry(record, part)?;
        self.count(1);
        Ok(())
    }

    fn count(&mut self, batches: usize) {
        self.counters.transactions += 1;
        self.counters.batches += batches as u64;
    }

    /// Commits a batch while there is nothing else to be done.
    fn commit_alone(&mut self, session: SessionKey, batch: Batch) -> Result<(), StoreError> {
        self.check(session)?;
        let part = self.release(session.0, batch);
        #[cfg(test)]
        {
            self.counters.here += 1;
        }
        self.flush(1).or_else(|(error, record)| match self.pending.is_in_doubt() {
            // The thread sees to it that the record is not found later. Until then nobody knows.
            true => Err(error),
            false => self.retry(&record, part),
        })
    }
}

#[cfg(test)]
#[path = "commit_path_tests.rs"]
mod tests;
