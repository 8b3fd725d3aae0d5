//! The one thread that works on a file: takes jobs from a queue, commits in groups.
//!
//! A group is what has queued up while the last one was being flushed. Its batches go into one transaction; when that is on
//! disk, each is answered. Reads within a group are answered at once, unless the group has written to what they read: then
//! their answer waits for the flush, so that nobody acts on data that a crash could take back.
//!
//! If the transaction fails, each of its batches is tried again alone, so that one that does not fit on the disk any more
//! fails alone.

use super::rows::{Applied, Page, Rows};
use super::{error::from_sqlite, schema};
use crate::store::{Batch, SessionKey, SessionName, Space, StoreError, Value};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::mpsc;
use tokio::sync::oneshot;

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// The largest group. Bounds the transaction's size and how long the first in it waits.
const GROUP: usize = 512;

/// Work for the thread.
pub(super) enum Job {
    Open {
        name: SessionName,
        reply: Reply<SessionKey>,
    },
    Close(SessionKey),
    Get {
        session: SessionKey,
        space: Space,
        key: Vec<u8>,
        reply: Reply<Option<Value>>,
    },
    GetMany {
        session: SessionKey,
        space: Space,
        keys: Vec<Vec<u8>>,
        reply: Reply<Vec<Option<Value>>>,
    },
    Scan {
        session: SessionKey,
        space: Space,
        after: Option<Vec<u8>>,
        limit: usize,
        reply: Reply<Page>,
    },
    Keys {
        session: SessionKey,
        space: Space,
        after: Option<Vec<u8>>,
        limit: usize,
        reply: Reply<Vec<Vec<u8>>>,
    },
    Commit {
        session: SessionKey,
        batch: Batch,
        reply: Reply<()>,
    },
    List {
        reply: Reply<Vec<SessionName>>,
    },
    Erase {
        name: SessionName,
        reply: Reply<()>,
    },
    #[cfg(test)]
    Inspect(Look),
}

/// A look at the connection, for tests.
#[cfg(test)]
type Look = Box<dyn FnOnce(&rusqlite::Connection, &Counters) + Send>;

/// How much was done in how many transactions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    /// Transactions flushed to disk.
    pub(super) transactions: u64,
    /// Batches in them.
    pub(super) batches: u64,
}

/// A batch within the current transaction.
struct Written {
    session: u64,
    name: SessionName,
    batch: Batch,
    applied: Applied,
    reply: Reply<()>,
}

/// An answer that waits for the flush; given the error if there was one.
type Held = Box<dyn FnOnce(Option<StoreError>)>;

/// An open session.
struct Open {
    name: SessionName,
    /// Whether the database is known to hold its name.
    named: bool,
}

struct Writer<'c, 'p> {
    path: &'p Path,
    rows: Rows<'c>,
    #[cfg(test)]
    connection: &'c rusqlite::Connection,
    open: HashMap<u64, Open>,
    /// The names of `open`.
    open_names: HashSet<SessionName>,
    last_session: u64,
    /// The current transaction's batches; empty if there is none.
    written: Vec<Written>,
    /// The sessions they belong to.
    touched: HashSet<u64>,
    held: Vec<Held>,
    counters: Counters,
}

/// Opens the file, reports how that went, and works until nobody can send jobs any more.
pub(super) fn run(path: &Path, queue: &mpsc::Receiver<Job>, report: impl FnOnce(Result<(), StoreError>)) {
    let connection = match super::files::prepare(path).and_then(|()| schema::open(path)) {
        Ok(connection) => connection,
        Err(error) => return report(Err(error)),
    };
    let prepared = Rows::new(&connection).and_then(|rows| Ok((rows.last_session()?, rows)));
    let (last_session, rows) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return report(Err(from_sqlite(path, &error))),
    };
    report(Ok(()));
    let mut writer = Writer {
        path,
        rows,
        #[cfg(test)]
        connection: &connection,
        open: HashMap::new(),
        open_names: HashSet::new(),
        last_session,
        written: Vec::new(),
        touched: HashSet::new(),
        held: Vec::new(),
        counters: Counters::default(),
    };
    while let Ok(first) = queue.recv() {
        writer.handle(first);
        for job in queue.try_iter().take(GROUP) {
            writer.handle(job);
        }
        writer.flush();
    }
}

impl Writer<'_, '_> {
    fn handle(&mut self, job: Job) {
        match job {
            Job::Open { name, reply } => {
                let opened = self.open(&name);
                if let Err(Ok(session)) = reply.send(opened) {
                    // Nobody waits for it any more.
                    self.close(session);
                }
            }
            Job::Close(session) => self.close(session),
            Job::Get { session, space, key, reply } => {
                let result = self.read(session, |rows, id| rows.get(id, space, &key));
                self.answer_read(session, space, result, reply);
            }
            Job::GetMany { session, space, keys, reply } => {
                let result =
                    self.read(session, |rows, id| keys.iter().map(|key| rows.get(id, space, key)).collect());
                self.answer_read(session, space, result, reply);
            }
            Job::Scan { session, space, after, limit, reply } => {
                let result = self.read(session, |rows, id| rows.page(id, space, after.as_deref(), limit));
                self.answer_read(session, space, result, reply);
            }
            Job::Keys { session, space, after, limit, reply } => {
                let result = self.read(session, |rows, id| rows.keys(id, space, after.as_deref(), limit));
                self.answer_read(session, space, result, reply);
            }
            Job::Commit { session, batch, reply } => self.commit(session, batch, reply),
            Job::List { reply } => {
                self.flush();
                let names = self.rows.list_sessions().map_err(|error| from_sqlite(self.path, &error));
                answer(reply, names.and_then(|names| names.into_iter().map(SessionName::new).collect()));
            }
            Job::Erase { name, reply } => {
                self.flush();
                answer(reply, self.erase(&name));
            }
            #[cfg(test)]
            Job::Inspect(look) => look(self.connection, &self.counters),
        }
    }

    fn open(&mut self, name: &SessionName) -> Result<SessionKey, StoreError> {
        if self.open_names.contains(name) {
            return Err(StoreError::SessionInUse { name: name.to_string() });
        }
        let found = self.rows.find_session(name.as_str()).map_err(|error| from_sqlite(self.path, &error))?;
        let id = found.unwrap_or(self.last_session.saturating_add(1));
        self.last_session = self.last_session.max(id);
        self.open.insert(id, Open { name: name.clone(), named: false });
        self.open_names.insert(name.clone());
        Ok(SessionKey(id))
    }

    fn close(&mut self, session: SessionKey) {
        if let Some(open) = self.open.remove(&session.0) {
            self.open_names.remove(&open.name);
        }
    }

    fn read<T>(
        &mut self,
        session: SessionKey,
        read: impl FnOnce(&mut Rows<'_>, u64) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        if !self.open.contains_key(&session.0) {
            return Err(StoreError::SessionClosed);
        }
        read(&mut self.rows, session.0).map_err(|error| from_sqlite(self.path, &error))
    }

    fn answer_read<T: 'static>(
        &mut self,
        session: SessionKey,
        space: Space,
        result: Result<T, StoreError>,
        reply: Reply<T>,
    ) {
        let dirty =
            if space.is_shared() { !self.written.is_empty() } else { self.touched.contains(&session.0) };
        if dirty {
            self.held.push(Box::new(move |error| answer(reply, error.map_or(result, Err))));
        } else {
            answer(reply, result);
        }
    }

    fn commit(&mut self, session: SessionKey, batch: Batch, reply: Reply<()>) {
        let Some(open) = self.open.get_mut(&session.0) else {
            return answer(reply, Err(StoreError::SessionClosed));
        };
        let name = open.name.clone();
        let begun = if self.written.is_empty() { self.rows.begin() } else { Ok(()) };
        let applied = begun.and_then(|()| self.rows.apply(session.0, name.as_str(), &mut open.named, &batch));
        self.touched.insert(session.0);
        match applied {
            Ok(applied) => self.written.push(Written { session: session.0, name, batch, applied, reply }),
            Err(error) => {
                // Whatever it was, the transaction is not to be trusted any more. This batch has its turn after the others.
                let applied = Applied::Written { erased: false };
                self.written.push(Written { session: session.0, name, batch, applied, reply });
                self.fall_apart(&error);
            }
        }
    }

    /// Brings the current transaction to disk and answers all that wait for it.
    fn flush(&mut self) {
        if self.written.is_empty() {
            return;
        }
        if let Err(error) = self.rows.commit() {
            return self.fall_apart(&error);
        }
        self.counters.transactions += 1;
        self.counters.batches += self.written.len() as u64;
        if self.written.iter().any(|written| written.applied == Applied::Written { erased: true }) {
            self.rows.forget_log();
        }
        for written in self.written.drain(..) {
            answer(written.reply, outcome(written.applied));
        }
        self.touched.clear();
        for held in self.held.drain(..) {
            held(None);
        }
    }

    /// The current transaction failed: each of its batches is tried alone.
    fn fall_apart(&mut self, error: &rusqlite::Error) {
        self.rows.rollback();
        self.touched.clear();
        // Names may have been taken back too.
        self.open.values_mut().for_each(|open| open.named = false);
        // What these have read was taken back.
        let error = from_sqlite(self.path, error);
        for held in self.held.drain(..) {
            held(Some(error.clone()));
        }
        for written in std::mem::take(&mut self.written) {
            let result = self.alone(written.session, written.name.as_str(), &written.batch);
            answer(written.reply, result);
        }
    }

    fn alone(&mut self, session: u64, name: &str, batch: &Batch) -> Result<(), StoreError> {
        let applied = self.rows.begin().and_then(|()| {
            let applied = self.rows.apply(session, name, &mut false, batch)?;
            self.rows.commit()?;
            Ok(applied)
        });
        match applied {
            Ok(applied) => {
                self.counters.transactions += 1;
                self.counters.batches += 1;
                if applied == (Applied::Written { erased: true }) {
                    self.rows.forget_log();
                }
                outcome(applied)
            }
            Err(error) => {
                self.rows.rollback();
                Err(from_sqlite(self.path, &error))
            }
        }
    }

    fn erase(&mut self, name: &SessionName) -> Result<(), StoreError> {
        if self.open_names.contains(name) {
            return Err(StoreError::SessionInUse { name: name.to_string() });
        }
        let erase = |rows: &mut Rows<'_>| {
            let Some(id) = rows.find_session(name.as_str())? else { return Ok(false) };
            rows.begin()?;
            rows.erase_session(id)?;
            rows.commit()?;
            Ok(true)
        };
        match erase(&mut self.rows) {
            Ok(true) => {
                self.rows.forget_log();
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(error) => {
                self.rows.rollback();
                Err(from_sqlite(self.path, &error))
            }
        }
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
