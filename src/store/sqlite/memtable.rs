//! The content of the log, in memory: rows that are newer than those in the database.

use super::changes::{ChangeReader, DELETE, LoggedChange, NAME, PUT};
use super::error::{from_sqlite, may_be_there};
use super::log::{Log, NotAppended, ROOM};
use super::log_format::Record;
use super::statements::{Rows, scope};
use crate::standard;
use crate::store::{Batch, Op, SessionName, Space, StoreError, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use zeroize::Zeroize;
#[cfg(test)]
use {parking_lot::Mutex, std::path::PathBuf};

/// So much may wait before it is brought into the database.
const MOST_LOG: usize = 4 << 20;
/// A batch with more than that goes into the database at once.
const LARGE: usize = 256 << 10;

/// A buffer of at most this size is kept for the next record.
const KEEP: usize = 64 << 10;

/// The place of a row: scope, space and key in one, in the order of the database.
type Place = Box<[u8]>;

/// Rows on their way to the database, and the log that keeps them until then.
pub(super) struct Memtable {
    log: Log,
    /// `None`: to be removed.
    rows: HashMap<Place, Option<Value>>,
    names: BTreeMap<u64, SessionName>,
    /// The scopes and spaces of `rows`.
    spaces: HashSet<(i64, u8)>,
    /// The record in the making, with room for its head.
    record: Vec<u8>,
    /// The undo entries of what is not on disk, latest last.
    undo: Vec<Undo>,
    /// A transaction that failed may be found in SQLite's write-ahead log all the same, or a record in the log, until another
    /// transaction takes its place.
    in_doubt: bool,
    /// The database itself says that there is a log.
    is_noted: bool,
    /// SQLite's write-ahead log has become longer since [`Memtable::wal_grew`].
    wal_grew: bool,
}

enum Undo {
    Row(Place, Option<Option<Value>>),
    Name(u64),
}

/// A part of the record in the making: one batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogPart {
    start: usize,
    end: usize,
}

impl Memtable {
    /// Takes in what the log holds. `is_noted`: the database says that there is a log.
    pub(super) fn new(log: Log, records: &[Record], is_noted: bool) -> Result<Self, StoreError> {
        let mut pending = Memtable {
            log,
            rows: HashMap::new(),
            names: BTreeMap::new(),
            spaces: HashSet::new(),
            record: vec![0; ROOM],
            undo: Vec::new(),
            in_doubt: false,
            is_noted,
            wal_grew: false,
        };
        for record in records {
            pending.take_in(record)?;
        }
        pending.undo.clear();
        Ok(pending)
    }

    /// Returns whether a batch can wait in the log. Others belong in the database at once.
    pub(super) fn takes(batch: &Batch) -> bool {
        let mut size = 0;
        batch.ops().iter().all(|op| match op {
            Op::Put { key, value, .. } => {
                size += key.len() + value.len();
                size <= LARGE
            }
            Op::Delete { .. } | Op::Require { .. } => true,
            Op::DeleteSpace(_) | Op::EraseSession => false,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.names.is_empty()
    }

    /// Returns whether it is time to bring it into the database.
    pub(super) fn is_much(&self) -> bool {
        self.log.len() > MOST_LOG
    }

    /// Returns whether something is in there that a listing of the space must show.
    pub(super) fn concerns(&self, session: u64, space: Space) -> bool {
        self.spaces.contains(&(scope(session, space), space.number()))
    }

    /// The row, if it is in here: `Some(None)` if it is going to be removed.
    pub(super) fn get(&self, session: u64, space: Space, key: &[u8]) -> Option<Option<&Value>> {
        if !self.concerns(session, space) {
            return None;
        }
        self.rows.get(&*place(scope(session, space), space.number(), key)).map(Option::as_ref)
    }

    /// The session of that name, if the database does not know it yet.
    pub(super) fn find_session(&self, name: &SessionName) -> Option<u64> {
        self.names.iter().find(|(_, named)| *named == name).map(|(session, _)| *session)
    }

    /// Returns the start of a new part of the record.
    pub(super) fn begin(&self) -> usize {
        self.record.len()
    }

    /// Returns the part that was added to the record since `start`.
    pub(super) fn part(&self, start: usize) -> LogPart {
        LogPart { start, end: self.record.len() }
    }

    /// Adds the name of a new session to the record.
    pub(super) fn name(&mut self, session: u64, name: &SessionName) {
        self.make_room(11 + name.as_str().len());
        self.record.push(NAME);
        self.record.extend_from_slice(&session.to_le_bytes());
        self.record.extend_from_slice(&(name.as_str().len() as u16).to_le_bytes());
        self.record.extend_from_slice(name.as_str().as_bytes());
        self.set_name(session, name.clone());
    }

    /// Adds a row to the record.
    pub(super) fn put(&mut self, session: u64, space: Space, key: &[u8], value: Value) {
        let scope = self.write_place(PUT, session, space, key);
        self.make_room(4 + value.len());
        self.record.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.record.extend_from_slice(&value);
        self.set(scope, space.number(), key, Some(value));
    }

    /// Adds the removal of a row to the record.
    pub(super) fn delete(&mut self, session: u64, space: Space, key: &[u8]) {
        let scope = self.write_place(DELETE, session, space, key);
        self.set(scope, space.number(), key, None);
    }

    /// Writes where a row is, and gives its scope.
    fn write_place(&mut self, what: u8, session: u64, space: Space, key: &[u8]) -> i64 {
        let scope = scope(session, space);
        self.make_room(12 + key.len());
        self.record.push(what);
        self.record.extend_from_slice(&scope.to_le_bytes());
        self.record.push(space.number());
        self.record.extend_from_slice(&(key.len() as u16).to_le_bytes());
        self.record.extend_from_slice(key);
        scope
    }

    /// Sees to it that so much fits into the record. One that grows by itself would leave a copy of what is in it behind.
    fn make_room(&mut self, more: usize) {
        let length = self.record.len() + more;
        if length > self.record.capacity() {
            let mut larger = Vec::with_capacity((2 * length).max(1024));
            larger.extend_from_slice(&self.record);
            std::mem::replace(&mut self.record, larger).zeroize();
        }
    }

    fn set(&mut self, scope: i64, space: u8, key: &[u8], value: Option<Value>) {
        let place = place(scope, space, key);
        self.spaces.insert((scope, space));
        let before = self.rows.insert(place.clone(), value);
        self.undo.push(Undo::Row(place, before));
    }

    fn set_name(&mut self, session: u64, name: SessionName) {
        self.names.insert(session, name);
        self.undo.push(Undo::Name(session));
    }

    /// Brings the record to the disk. If that fails, nothing of it has happened. If nothing is in doubt then, the parts can be tried one
    /// by one.
    pub(super) fn flush(&mut self) -> Result<(), (StoreError, Record)> {
        let mut record = Record::new(std::mem::replace(&mut self.record, vec![0; ROOM]));
        let flushed = if record.len() > ROOM { self.append(&mut record) } else { Ok(()) };
        match flushed {
            Ok(()) => {
                self.undo.clear();
                // There are keys in it.
                record.fill(0);
                if record.capacity() <= KEEP {
                    record.truncate(ROOM);
                    self.record = std::mem::take(&mut *record);
                }
                Ok(())
            }
            Err(error) => {
                while let Some(undo) = self.undo.pop() {
                    match undo {
                        Undo::Row(place, Some(before)) => drop(self.rows.insert(place, before)),
                        Undo::Row(place, None) => drop(self.rows.remove(&place)),
                        Undo::Name(session) => drop(self.names.remove(&session)),
                    }
                }
                Err((error, record))
            }
        }
    }

    /// Brings a record to the disk, or notes that it is in doubt.
    fn append(&mut self, record: &mut [u8]) -> Result<(), StoreError> {
        self.log.append(record).map_err(|error| match error {
            NotAppended::Failed(error) => error,
            NotAppended::Unflushed(error) => {
                self.in_doubt = true;
                unflushed(self.log.failed(&error))
            }
        })
    }

    /// Returns whether the last change failed and may still be found when the store is opened again.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// Sees to it that what failed is not found later: another transaction takes its place. Gives the error for who asked for it, by
    /// whether that could be done.
    pub(super) fn clear_doubt(&mut self, rows: &mut Rows<'_>, error: StoreError) -> StoreError {
        if !self.in_doubt {
            return error;
        }
        // If it fails, it is tried again before the next commit.
        match self.make_ready(rows) {
            Ok(()) => known(error),
            Err(_) => unflushed(error),
        }
    }

    /// Tries one part of a record that could not be written as a whole.
    pub(super) fn retry(&mut self, record: &[u8], part: LogPart) -> Result<(), StoreError> {
        let changes = record.get(part.start..part.end).unwrap_or_default();
        if changes.is_empty() {
            return Ok(());
        }
        self.append(&mut Record::new([&[0; ROOM], changes].concat()))?;
        self.take_in(changes)?;
        self.undo.clear();
        Ok(())
    }

    /// Does what a record says.
    fn take_in(&mut self, record: &[u8]) -> Result<(), StoreError> {
        let mut changes = ChangeReader::new(record);
        while !changes.is_empty() {
            let path = self.log.database().to_owned();
            match changes.next_change().ok_or(StoreError::Corrupt { path, what: "its log is damaged" })? {
                LoggedChange::Row { scope, space, key, value } => self.set(scope, space, key, value),
                LoggedChange::Name { session, name } => self.set_name(session, name),
            }
        }
        Ok(())
    }

    /// Brings what was found into the database, and finishes what a crash has left half done.
    pub(super) fn recover(&mut self, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let has_records = !self.is_empty();
        self.settle(rows)?;
        if self.log.is_begun() {
            // The crash may have come before the database itself said that there is a log.
            self.checkpoint(rows)?;
            if !self.is_noted {
                // The database does without it, now that it does without its write-ahead log.
                self.log.remove()?;
            }
        } else if has_records {
            // A log of the first version, which knows of no generations. It stays until the database can do without.
            rows.checkpoint().map_err(|error| from_sqlite(self.log.database(), &error))?;
            self.log.remove()?;
        }
        Ok(())
    }

    /// Returns whether a batch can be brought to the log here and now; else [`Memtable::make_ready`] has to be called first.
    pub(super) fn is_ready(&self) -> bool {
        self.log.is_begun() && self.is_noted && !self.in_doubt
    }

    /// Sees to it that batches can be brought to the log.
    pub(super) fn make_ready(&mut self, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        if !self.log.is_begun() {
            self.log.begin()?;
            self.is_noted = false;
            self.step("begun");
        }
        if !self.is_noted {
            // Nothing counts before the database itself says that there is a log.
            self.transact(rows, true, |_, _| Ok(()))?;
            self.checkpoint(rows)?;
            self.is_noted = true;
        }
        if self.in_doubt {
            if self.is_empty() {
                self.transact(rows, true, |_, _| Ok(()))?;
            } else {
                self.settle(rows)?;
            }
        }
        Ok(())
    }

    /// Makes a transaction of the database, the next generation. `has_log`: there must be a log from then on.
    pub(super) fn transact<T>(
        &mut self,
        rows: &mut Rows<'_>,
        has_log: bool,
        work: impl FnOnce(&Self, &mut Rows<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        // The last generation's header has to be there before this one.
        self.log.write_header(false)?;
        // SQLite may open the folder to bring the name of its log to the disk.
        let _taken = standard::Taken::new();
        let worked = rows.begin().and_then(|()| {
            let done = work(self, rows)?;
            rows.set_state(self.log.generation() + 1, has_log)?;
            Ok(done)
        });
        let failed = |error: &rusqlite::Error| from_sqlite(self.log.database(), error);
        let committed =
            worked.map_err(|error| (failed(&error), false)).and_then(|done| match rows.commit() {
                Ok(()) => Ok(done),
                // A record for which there was no room is not there.
                Err(error) => Err((failed(&error), may_be_there(&error))),
            });
        match committed {
            Ok(done) => {
                self.log.advance();
                (self.in_doubt, self.wal_grew) = (false, true);
                self.step("committed");
                Ok(done)
            }
            Err((error, may_be_there)) => {
                rows.rollback();
                self.in_doubt |= may_be_there;
                Err(error)
            }
        }
    }

    /// Brings all of it into the database, and begins the log anew.
    pub(super) fn settle(&mut self, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        if self.is_empty() {
            return Ok(());
        }
        let has_log = self.log.is_begun();
        self.settle_as(rows, has_log)
    }

    fn settle_as(&mut self, rows: &mut Rows<'_>, has_log: bool) -> Result<(), StoreError> {
        self.log.check_place()?;
        self.transact(rows, has_log, |pending, rows| {
            for (session, name) in &pending.names {
                rows.name(*session, name.as_str())?;
            }
            let mut sorted: Vec<_> = pending.rows.iter().collect();
            sorted.sort_unstable_by_key(|(place, _)| *place);
            for (place, value) in sorted {
                let Some((scope, rest)) = place.split_first_chunk() else { continue };
                let Some((space, key)) = rest.split_first() else { continue };
                rows.write(i64::from_be_bytes(*scope), *space, key, value.as_deref())?;
            }
            Ok(())
        })?;
        self.rows = HashMap::new();
        self.names.clear();
        self.spaces.clear();
        Ok(())
    }

    /// A transaction was made that is nowhere but in SQLite's files: the log is told, so that its loss would be noticed. Nothing of what
    /// was in the log can be read there any more. If that fails, the transaction counts all the same, for it is on the disk; but another
    /// one has to be noted before anything else is.
    pub(super) fn acknowledge(&mut self) {
        self.in_doubt |= self.log.write_header(true).is_err();
    }

    /// Returns whether SQLite's write-ahead log has become longer since the last call.
    pub(super) fn wal_grew(&mut self) -> bool {
        std::mem::take(&mut self.wal_grew)
    }

    /// Copies SQLite's write-ahead log into the database.
    pub(super) fn checkpoint(&mut self, rows: &Rows<'_>) -> Result<(), StoreError> {
        self.log.set_checkpoint(true);
        self.log.write_header(false)?;
        self.step("before the checkpoint");
        rows.checkpoint().map_err(|error| from_sqlite(self.log.database(), &error))?;
        // The next header says so.
        self.log.set_checkpoint(false);
        self.step("after the checkpoint");
        Ok(())
    }

    /// The same, and leaves nothing in the write-ahead log, so that what was overwritten in the database does not live on there.
    pub(super) fn empty_wal(&mut self, rows: &Rows<'_>) -> Result<(), StoreError> {
        self.checkpoint(rows)?;
        self.log.write_header(true)?;
        self.step("before the write-ahead log is emptied");
        rows.truncate_wal().map_err(|error| from_sqlite(self.log.database(), &error))?;
        self.step("after the write-ahead log was emptied");
        Ok(())
    }

    /// Brings everything into the database, which is then all there is.
    pub(super) fn close(&mut self, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        if !self.log.is_begun() {
            return Ok(());
        }
        self.settle_as(rows, false)?;
        self.empty_wal(rows)?;
        self.log.remove()
    }
}

/// Told of the steps of one database.
#[cfg(test)]
type Told = Box<dyn FnMut(&'static str) + Send>;

/// Those that are told of each step between which a crash could come, by database.
#[cfg(test)]
pub(super) static STEPS: Mutex<BTreeMap<PathBuf, Told>> = Mutex::new(BTreeMap::new());

impl Memtable {
    /// A crash could come here.
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "tests only"))]
    fn step(&self, _name: &'static str) {
        #[cfg(test)]
        if let Some(told) = STEPS.lock().get_mut(self.log.database()) {
            told(_name);
        }
    }
}

/// The error of a change of which it is not known what is on the disk.
fn unflushed(error: StoreError) -> StoreError {
    match error {
        StoreError::Io { path, what } => StoreError::Unflushed { path, what, is_full: false },
        StoreError::Full { path } => {
            StoreError::Unflushed { path, what: "no space left".to_owned(), is_full: true }
        }
        other => other,
    }
}

/// The error of a change that is certainly not there.
fn known(error: StoreError) -> StoreError {
    match error {
        StoreError::Unflushed { path, is_full: true, .. } => StoreError::Full { path },
        StoreError::Unflushed { path, what, .. } => StoreError::Io { path, what },
        other => other,
    }
}

fn place(scope: i64, space: u8, key: &[u8]) -> Place {
    let mut place = Vec::with_capacity(9 + key.len());
    place.extend_from_slice(&scope.to_be_bytes());
    place.push(space);
    place.extend_from_slice(key);
    place.into_boxed_slice()
}
