//! What the log holds, in memory: rows that are newer than those in the database.

use super::log::{Log, ROOM};
use super::rows::{Rows, scope};
use crate::store::{Batch, Op, SessionName, Space, StoreError, Value};
use std::collections::{BTreeMap, HashMap, HashSet};

/// So much may wait before it is brought into the database.
const MOST_LOG: usize = 4 << 20;
/// A batch with more than that goes into the database at once.
const LARGE: usize = 256 << 10;

/// A buffer of at most this size is kept for the next record.
const KEEP: usize = 64 << 10;

const PUT: u8 = 1;
const DELETE: u8 = 2;
const NAME: u8 = 3;

/// Where a row is: scope, space and key in one, in the order of the database.
type Place = Box<[u8]>;

/// Rows on their way to the database, and the log that keeps them until then.
pub(super) struct Pending {
    log: Log,
    /// `None`: to be removed.
    rows: HashMap<Place, Option<Value>>,
    names: BTreeMap<u64, SessionName>,
    /// The scopes and spaces of `rows`.
    spaces: HashSet<(i64, u8)>,
    /// The record in the making, with room for its head.
    record: Vec<u8>,
    /// How to take back what is not on disk, latest last.
    undo: Vec<Undo>,
}

enum Undo {
    Row(Place, Option<Option<Value>>),
    Name(u64),
}

/// A part of the record in the making: one batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    start: usize,
    end: usize,
}

impl Pending {
    /// Takes in what the log holds.
    pub(super) fn new(log: Log, records: &[Vec<u8>]) -> Result<Self, StoreError> {
        let mut pending = Pending {
            log,
            rows: HashMap::new(),
            names: BTreeMap::new(),
            spaces: HashSet::new(),
            record: vec![0; ROOM],
            undo: Vec::new(),
        };
        for record in records {
            pending.take_in(record)?;
        }
        pending.undo.clear();
        Ok(pending)
    }

    /// Whether a batch can wait in the log. Others belong in the database at once.
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

    /// Whether it is time to bring it into the database.
    pub(super) fn is_much(&self) -> bool {
        self.log.len() > MOST_LOG
    }

    /// Whether something is in there that a listing of the space must show.
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

    /// Where a new part of the record begins.
    pub(super) fn begin(&self) -> usize {
        self.record.len()
    }

    /// What was added to the record since `start`.
    pub(super) fn part(&self, start: usize) -> Part {
        Part { start, end: self.record.len() }
    }

    /// Adds the name of a new session to the record.
    pub(super) fn name(&mut self, session: u64, name: &SessionName) {
        self.record.push(NAME);
        self.record.extend_from_slice(&session.to_le_bytes());
        self.record.extend_from_slice(&(name.as_str().len() as u16).to_le_bytes());
        self.record.extend_from_slice(name.as_str().as_bytes());
        self.set_name(session, name.clone());
    }

    /// Adds a row to the record.
    pub(super) fn put(&mut self, session: u64, space: Space, key: &[u8], value: Value) {
        let scope = self.write_place(PUT, session, space, key);
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
        self.record.push(what);
        self.record.extend_from_slice(&scope.to_le_bytes());
        self.record.push(space.number());
        self.record.extend_from_slice(&(key.len() as u16).to_le_bytes());
        self.record.extend_from_slice(key);
        scope
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

    /// Brings the record to the disk. If that fails, nothing of it has happened; the parts can then be tried one by one.
    pub(super) fn flush(&mut self) -> Result<(), (StoreError, Vec<u8>)> {
        let mut record = std::mem::replace(&mut self.record, vec![0; ROOM]);
        let flushed = if record.len() > ROOM { self.log.append(&mut record) } else { Ok(()) };
        match flushed {
            Ok(()) => {
                self.undo.clear();
                // There are keys in it.
                record.fill(0);
                record.truncate(ROOM);
                record.shrink_to(KEEP);
                self.record = record;
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

    /// Tries one part of a record that could not be written as a whole.
    pub(super) fn retry(&mut self, record: &[u8], part: Part) -> Result<(), StoreError> {
        let changes = record.get(part.start..part.end).unwrap_or_default();
        if changes.is_empty() {
            return Ok(());
        }
        self.log.append(&mut [&[0; ROOM], changes].concat())?;
        self.take_in(changes)?;
        self.undo.clear();
        Ok(())
    }

    /// Does what a record says.
    fn take_in(&mut self, record: &[u8]) -> Result<(), StoreError> {
        let mut reader = Reader(record);
        while !reader.0.is_empty() {
            let damaged = || StoreError::Record { space: Space::Event, what: "the log is damaged" };
            reader.change(self).ok_or_else(damaged)?;
        }
        Ok(())
    }

    /// Brings all of it into the database, and begins the log anew.
    pub(super) fn settle(&mut self, rows: &mut Rows<'_>) -> rusqlite::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        rows.begin()?;
        for (session, name) in &self.names {
            rows.name(*session, name.as_str())?;
        }
        let mut sorted: Vec<_> = self.rows.iter().collect();
        sorted.sort_unstable_by_key(|(place, _)| *place);
        for (place, value) in sorted {
            let Some((scope, rest)) = place.split_first_chunk() else { continue };
            let Some((space, key)) = rest.split_first() else { continue };
            rows.write(i64::from_be_bytes(*scope), *space, key, value.as_deref())?;
        }
        rows.commit()?;
        self.rows = HashMap::new();
        self.names.clear();
        self.spaces.clear();
        self.log.restart();
        Ok(())
    }

    /// Before the database is changed by anything else: nothing of the log counts any more, nor can it be read. All of it is in
    /// the database.
    pub(super) fn invalidate(&mut self) -> Result<(), StoreError> {
        self.log.invalidate()
    }

    /// Nothing is left: removes the log.
    pub(super) fn close(&mut self) {
        // A log that stays has nothing in it that the database does not have.
        let _ = self.log.remove();
    }
}

fn place(scope: i64, space: u8, key: &[u8]) -> Place {
    let mut place = Vec::with_capacity(9 + key.len());
    place.extend_from_slice(&scope.to_be_bytes());
    place.push(space);
    place.extend_from_slice(key);
    place.into_boxed_slice()
}

/// Reads a record.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn short(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_le_bytes(self.array()?);
        self.bytes(length.into())
    }

    /// Does the next change.
    fn change(&mut self, pending: &mut Pending) -> Option<()> {
        let [what] = self.array()?;
        if what == NAME {
            let session = u64::from_le_bytes(self.array()?);
            let name = std::str::from_utf8(self.short()?).ok()?;
            pending.set_name(session, SessionName::made(name));
            return Some(());
        }
        let scope = i64::from_le_bytes(self.array()?);
        let [space] = self.array()?;
        let key = self.short()?;
        let value = match what {
            PUT => {
                let length = u32::from_le_bytes(self.array()?);
                Some(Value::from(self.bytes(length as usize)?))
            }
            DELETE => None,
            _ => return None,
        };
        pending.set(scope, space, key, value);
        Some(())
    }
}
