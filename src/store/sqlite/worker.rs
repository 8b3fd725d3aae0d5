//! The one thread that works on a file: takes jobs from a queue, commits in groups.
//!
//! A group is what has queued up while the last one was being flushed. Its batches are one record of the log; when that is on
//! disk, each is answered. Reads within a group are answered at once, unless the group has written to what they read: then
//! their answer waits for the flush, so that nobody acts on data that a crash could take back.
//!
//! Batches that can be committed without the thread are ([`super::commit_path`]).
//!
//! If the record cannot be written, each of its batches is tried again alone, so that one that does not fit on the disk any
//! more fails alone. If it cannot be flushed, all of it fails ([`super::log`]). Large batches, and those that erase, go into the database at once, behind all that waits in the log.

use super::commit_path::{CommitPath, Open, StoreShared, ThreadState};
use super::job::{Reply, WorkerJob};
use super::lock::{LockFile, StoreLock};
use super::memtable::{LogPart, Memtable};
use super::recovery::Files;
use super::statements::{Applied, Rows};
use super::{error::from_sqlite, files, schema};
use crate::standard;
use crate::store::{Batch, Op, SessionKey, SessionName, Space, StoreError, Value};
use rusqlite::Connection;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// The largest group. Bounds the transaction's size and how long the first in it waits.
const GROUP: usize = 512;
/// After that time without work, what is in the log is brought into the database.
const IDLE: Duration = Duration::from_secs(5);
/// When SQLite's write-ahead log has become larger than that, it is copied into the database. After that it is cut to that size.
pub(super) const MOST_WAL: u64 = 4 << 20;

/// A batch within the current group.
struct GroupedBatch {
    part: LogPart,
    reply: Reply<()>,
}

/// An answer that waits for the flush; given the error if there was one.
type Held = Box<dyn FnOnce(Option<StoreError>)>;

/// The state of the thread alone.
struct WorkerThread<'s, 'c> {
    shared: &'s StoreShared,
    rows: Rows<'c>,
    #[cfg(test)]
    connection: &'c Connection,
    group: CommitGroup,
}

/// The thread, with the front in its hands.
struct StoreWriter<'w, 'c> {
    rows: &'w mut Rows<'c>,
    #[cfg(test)]
    connection: &'c Connection,
    front: &'w mut CommitPath,
    group: &'w mut CommitGroup,
}

/// The current group. Empty between two.
#[derive(Default)]
struct CommitGroup {
    /// Its batches.
    written: Vec<GroupedBatch>,
    /// The sessions they belong to.
    touched: HashSet<u64>,
    held: Vec<Held>,
}

/// Opens the file, reports how that went, and works until nobody can send jobs any more.
pub(super) fn run(
    path: &Path,
    lock: LockFile,
    queue: &mpsc::Receiver<WorkerJob>,
    shared: &StoreShared,
    report: impl FnOnce(Result<(), StoreError>),
) {
    let (files, lock, connection) = match open(path, lock) {
        Ok(opened) => opened,
        Err(error) => return report(Err(error)),
    };
    let (pending, rows, last_session) = match prepare(path, files, &lock, &connection) {
        Ok(prepared) => prepared,
        Err(error) => return report(Err(error)),
    };
    lock.keep();
    *shared.front.lock() = Some(CommitPath::new(path.to_owned(), pending, last_session));
    report(Ok(()));
    let mut thread = WorkerThread {
        shared,
        rows,
        #[cfg(test)]
        connection: &connection,
        group: CommitGroup::default(),
    };
    while let Some(first) = thread.next(queue) {
        thread.with_front(|writer| {
            let mut done = 0;
            writer.front.thread_works();
            for job in std::iter::once(first).chain(queue.try_iter().take(GROUP)) {
                writer.handle(job);
                done += 1;
            }
            writer.flush();
            if writer.front.pending.is_in_doubt() {
                // If it fails, it is tried again before the next commit.
                drop(writer.make_ready());
            }
            if writer.front.pending.is_much() {
                // If it fails, the log keeps what it has, and the next group tries again.
                drop(writer.settle());
            }
            // If it fails, the write-ahead log keeps what it has, and the next transaction tries again.
            drop(writer.checkpoint());
            shared.done(done);
        });
    }
    thread.with_front(|writer| {
        // If it fails, all that is there stays as it is.
        if writer.front.pending.close(writer.rows).is_ok() {
            schema::tidy_at_close(&connection);
        }
    });
    *shared.front.lock() = None;
    drop(thread);
    // The locks go last.
    let _taken = standard::Taken::new();
    drop(connection);
    drop(lock);
}

/// Looks at what is there, and opens the database.
fn open(path: &Path, lock: LockFile) -> Result<(Files, Arc<StoreLock>, Connection), StoreError> {
    let found = Files::read(path, &lock)?;
    if files::prepare(path)? {
        lock.keep();
    }
    let lock = Arc::new(lock.with_database()?);
    let connection = schema::open(path)?;
    Ok((found, lock, connection))
}

impl<'c> WorkerThread<'_, 'c> {
    /// Does something with the front, which nobody else has meanwhile.
    fn with_front<T>(&mut self, work: impl FnOnce(&mut StoreWriter<'_, 'c>) -> T) -> Option<T> {
        // Only this thread takes it away.
        let mut front = self.shared.front.lock();
        Some(work(&mut StoreWriter {
            rows: &mut self.rows,
            #[cfg(test)]
            connection: self.connection,
            front: front.as_mut()?,
            group: &mut self.group,
        }))
    }

    /// The next job; `None` when there will be none. A quiet moment is used to bring the log into the database.
    fn next(&mut self, queue: &mpsc::Receiver<WorkerJob>) -> Option<WorkerJob> {
        let mut before = None;
        loop {
            let rests = self.with_front(|writer| {
                let now = writer.front.counters.transactions;
                let is_quiet = before.replace(now) == Some(now);
                if is_quiet && !writer.front.pending.is_empty() {
                    // If it fails, the logs keep what they have; whoever writes next hears of it.
                    drop(writer.settle().and_then(|()| writer.checkpoint()));
                }
                let rests = is_quiet || writer.front.pending.is_empty();
                writer.front.thread = if rests { ThreadState::Rests } else { ThreadState::Watches };
                rests
            });
            if rests? {
                return queue.recv().ok();
            }
            match queue.recv_timeout(IDLE) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// Brings what a crash left in the log into the database.
fn prepare<'c>(
    path: &Path,
    files: Files,
    lock: &Arc<StoreLock>,
    connection: &'c Connection,
) -> Result<(Memtable, Rows<'c>, u64), StoreError> {
    let failed = |error: rusqlite::Error| from_sqlite(path, &error);
    let mut rows = Rows::new(connection).map_err(failed)?;
    let state = rows.state().map_err(failed)?;
    let (log, records) = files.log(Arc::clone(lock), state)?;
    let mut pending = Memtable::new(log, &records, state.has_log)?;
    pending.recover(&mut rows)?;
    let last_session = rows.last_session().map_err(failed)?;
    Ok((pending, rows, last_session))
}

impl StoreWriter<'_, '_> {
    fn handle(&mut self, job: WorkerJob) {
        match job {
            WorkerJob::Open { name, reply } => {
                let opened = self.open(&name);
                if let Err(Ok(session)) = reply.send(opened) {
                    // Nobody waits for it any more.
                    self.front.close(session);
                }
            }
            WorkerJob::Close(session) => self.front.close(session),
            WorkerJob::Get { session, space, key, reply } => {
                let result = self.front.check(session).and_then(|()| self.get(session.0, space, &key));
                self.answer_read(session, space, result, reply);
            }
            WorkerJob::GetMany { session, space, keys, reply } => {
                let get = |key: &Vec<u8>| self.get(session.0, space, key);
                let result = keys.iter().map(get).collect();
                let result = self.front.check(session).and(result);
                self.answer_read(session, space, result, reply);
            }
            WorkerJob::Scan { session, space, after, limit, reply } => {
                let result =
                    self.list(session, space, |rows, id| rows.page(id, space, after.as_deref(), limit));
                self.answer_read(session, space, result, reply);
            }
            WorkerJob::Keys { session, space, after, limit, reply } => {
                let result =
                    self.list(session, space, |rows, id| rows.keys(id, space, after.as_deref(), limit));
                self.answer_read(session, space, result, reply);
            }
            WorkerJob::Commit { session, batch, reply } => self.commit(session, batch, reply),
            WorkerJob::List { reply } => {
                self.flush();
                let rows = self.settle();
                let names = rows.and_then(|()| {
                    self.rows.list_sessions().map_err(|error| from_sqlite(&self.front.path, &error))
                });
                answer(reply, names.and_then(|names| names.into_iter().map(SessionName::new).collect()));
            }
            WorkerJob::Erase { name, reply } => {
                self.flush();
                answer(reply, self.erase(&name));
            }
            // Tidying up follows each group.
            WorkerJob::Tidy => {}
            #[cfg(test)]
            WorkerJob::Inspect(look) => look(self.connection, &self.front.counters),
        }
    }

    fn open(&mut self, name: &SessionName) -> Result<SessionKey, StoreError> {
        if self.front.open_names.contains(name) {
            return Err(StoreError::SessionInUse { name: name.to_string() });
        }
        let found = match self.front.pending.find_session(name) {
            Some(session) => Some(session),
            None => self
                .rows
                .find_session(name.as_str())
                .map_err(|error| from_sqlite(&self.front.path, &error))?,
        };
        let id = found.unwrap_or(self.front.last_session.saturating_add(1));
        self.front.last_session = self.front.last_session.max(id);
        self.front.open.insert(id, Open { name: name.clone(), named: false });
        self.front.open_names.insert(name.clone());
        Ok(SessionKey(id))
    }

    fn get(&mut self, session: u64, space: Space, key: &[u8]) -> Result<Option<Value>, StoreError> {
        match self.front.pending.get(session, space, key) {
            Some(value) => Ok(value.cloned()),
            None => self.rows.get(session, space, key).map_err(|error| from_sqlite(&self.front.path, &error)),
        }
    }

    /// Reads several rows in their order, which the database knows.
    fn list<T>(
        &mut self,
        session: SessionKey,
        space: Space,
        read: impl FnOnce(&mut Rows<'_>, u64) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.front.check(session)?;
        if self.front.pending.concerns(session.0, space) {
            self.flush();
            self.settle()?;
        }
        read(self.rows, session.0).map_err(|error| from_sqlite(&self.front.path, &error))
    }

    fn answer_read<T: 'static>(
        &mut self,
        session: SessionKey,
        space: Space,
        result: Result<T, StoreError>,
        reply: Reply<T>,
    ) {
        let dirty = if space.is_shared() {
            !self.group.written.is_empty()
        } else {
            self.group.touched.contains(&session.0)
        };
        if dirty {
            self.group.held.push(Box::new(move |error| answer(reply, error.map_or(result, Err))));
        } else {
            answer(reply, result);
        }
    }

    fn commit(&mut self, session: SessionKey, batch: Batch, reply: Reply<()>) {
        let ready = self.front.check(session).and_then(|()| self.make_ready());
        if let Err(error) = ready {
            return answer(reply, Err(error));
        }
        if !Memtable::takes(&batch) {
            let result = self.commit_at_once(session.0, &batch);
            return answer(reply, result);
        }
        match self.meets(session.0, &batch) {
            Ok(true) => {}
            Ok(false) => return answer(reply, Err(StoreError::Changed)),
            Err(error) => return answer(reply, Err(error)),
        }
        let part = self.front.release(session.0, batch);
        self.group.touched.insert(session.0);
        self.group.written.push(GroupedBatch { part, reply });
    }

    /// Returns whether a batch's requirements hold.
    fn meets(&mut self, session: u64, batch: &Batch) -> Result<bool, StoreError> {
        for op in batch.ops() {
            if let Op::Require { space, key, expected } = op
                && self.get(session, *space, key)? != *expected
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Brings the record of the group to disk and answers all that wait for it.
    fn flush(&mut self) {
        if self.group.written.is_empty() {
            return;
        }
        self.group.touched.clear();
        if let Err((error, record)) = self.front.flush(self.group.written.len()) {
            return self.fall_apart(error, &record);
        }
        for written in self.group.written.drain(..) {
            answer(written.reply, Ok(()));
        }
        for held in self.group.held.drain(..) {
            held(None);
        }
    }

    /// The record could not be written: each of its batches is tried alone. If it could not be flushed, the disk is to blame, and none
    /// is.
    fn fall_apart(&mut self, error: StoreError, record: &[u8]) {
        let is_flushing = self.front.pending.is_in_doubt();
        let error = self.front.pending.clear_doubt(self.rows, error);
        // The writes that these have read were taken back.
        for held in self.group.held.drain(..) {
            held(Some(error.clone()));
        }
        for GroupedBatch { part, reply } in std::mem::take(&mut self.group.written) {
            let result = if is_flushing { Err(error.clone()) } else { self.retry(record, part) };
            answer(reply, result);
        }
    }

    /// Tries one batch of a record that could not be written as a whole.
    fn retry(&mut self, record: &[u8], part: LogPart) -> Result<(), StoreError> {
        self.make_ready()?;
        self.front.retry(record, part).map_err(|error| self.front.pending.clear_doubt(self.rows, error))
    }

    /// Sees to it that there is a log to write to.
    fn make_ready(&mut self) -> Result<(), StoreError> {
        if self.front.pending.is_ready() {
            return Ok(());
        }
        self.flush();
        self.front.pending.make_ready(self.rows)
    }

    /// Brings what is in the log into the database.
    fn settle(&mut self) -> Result<(), StoreError> {
        self.front.pending.settle(self.rows)
    }

    /// Copies SQLite's write-ahead log into the database if it has become large.
    fn checkpoint(&mut self) -> Result<(), StoreError> {
        if !self.front.pending.wal_grew() {
            return Ok(());
        }
        let wal = files::beside(&self.front.path, "-wal");
        if std::fs::metadata(wal).is_ok_and(|metadata| metadata.len() > MOST_WAL) {
            self.front.pending.checkpoint(self.rows)?;
        }
        Ok(())
    }

    /// Commits to the database itself, behind all that came before.
    fn commit_at_once(&mut self, session: u64, batch: &Batch) -> Result<(), StoreError> {
        self.flush();
        self.settle()?;
        let Some(open) = self.front.open.get_mut(&session) else { return Err(StoreError::SessionClosed) };
        let mut named = open.named;
        let applied = self
            .front
            .pending
            .transact(self.rows, true, |_, rows| rows.apply(session, open.name.as_str(), &mut named, batch));
        let applied = applied.map_err(|error| self.front.pending.clear_doubt(self.rows, error))?;
        open.named = named;
        self.front.counters.transactions += 1;
        self.front.counters.batches += 1;
        self.front.pending.acknowledge();
        if applied == (Applied::Written { erased: true }) {
            self.forget();
        }
        outcome(applied)
    }

    /// Leaves nothing of what was erased in the write-ahead log.
    fn forget(&mut self) {
        // If it fails, the erased data is out of reach all the same, and the next checkpoint takes care of the rest.
        drop(self.front.pending.empty_wal(self.rows));
    }

    /// Erases a session that is not open. Says whether there was one.
    fn erase(&mut self, name: &SessionName) -> Result<bool, StoreError> {
        if self.front.open_names.contains(name) {
            return Err(StoreError::SessionInUse { name: name.to_string() });
        }
        self.settle()?;
        let found = self.rows.find_session(name.as_str());
        let Some(id) = found.map_err(|error| from_sqlite(&self.front.path, &error))? else {
            return Ok(false);
        };
        self.make_ready()?;
        let erased = self.front.pending.transact(self.rows, true, |_, rows| rows.erase_session(id));
        erased.map_err(|error| self.front.pending.clear_doubt(self.rows, error))?;
        self.front.pending.acknowledge();
        self.forget();
        Ok(true)
    }
}

fn outcome(applied: Applied) -> Result<(), StoreError> {
    match applied {
        Applied::Written { .. } => Ok(()),
        Applied::Changed => Err(StoreError::Changed),
    }
}

/// Nobody may be waiting any more; what was done stays done.
fn answer<T>(reply: Reply<T>, result: Result<T, StoreError>) {
    let _ = reply.send(result);
}
