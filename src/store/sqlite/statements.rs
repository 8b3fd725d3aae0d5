//! The statements, prepared once.

use super::recovery::State;
use crate::standard;
use crate::store::{Batch, Op, Space, Value};
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

/// The scope of data that no session owns. Sessions begin at 1.
const SHARED: i64 = 0;

/// Keys and values as they are listed.
pub(super) type Page = Vec<(Vec<u8>, Value)>;

/// The prepared statements of one connection.
pub(super) struct Rows<'c> {
    connection: &'c Connection,
    begin: Statement<'c>,
    commit: Statement<'c>,
    get: Statement<'c>,
    first_page: Statement<'c>,
    next_page: Statement<'c>,
    first_keys: Statement<'c>,
    next_keys: Statement<'c>,
    put: Statement<'c>,
    delete: Statement<'c>,
    delete_space: Statement<'c>,
    delete_items: Statement<'c>,
    delete_session: Statement<'c>,
    name_session: Statement<'c>,
    find_session: Statement<'c>,
    list_sessions: Statement<'c>,
    set_state: Statement<'c>,
}

/// The result of applying a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    /// It is in the transaction.
    Written {
        /// Set if data was erased for good.
        erased: bool,
    },
    /// A requirement did not hold; nothing was written.
    Changed,
}

fn blob(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<u8>> {
    Ok(row.get_ref(column)?.as_blob()?.to_vec())
}

/// Returns the scope of a session's or of shared data.
pub(super) fn scope(session: u64, space: Space) -> i64 {
    if space.is_shared() { SHARED } else { id(session) }
}

/// A session number as SQLite has it. They come from SQLite and count up from 1, so none is lost.
fn id(session: u64) -> i64 {
    i64::try_from(session).unwrap_or(i64::MAX)
}

impl<'c> Rows<'c> {
    pub(super) fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        let page = |what: &str, from: &str| {
            connection.prepare(&format!(
                "SELECT {what} FROM item WHERE session = ?1 AND space = ?2 {from} ORDER BY key LIMIT ?3"
            ))
        };
        Ok(Rows {
            connection,
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            get: connection
                .prepare("SELECT value FROM item WHERE session = ?1 AND space = ?2 AND key = ?3")?,
            first_page: page("key, value", "")?,
            next_page: page("key, value", "AND key > ?4")?,
            first_keys: page("key", "")?,
            next_keys: page("key", "AND key > ?4")?,
            put: connection.prepare(
                "INSERT INTO item (session, space, key, value) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET value = excluded.value",
            )?,
            delete: connection.prepare("DELETE FROM item WHERE session = ?1 AND space = ?2 AND key = ?3")?,
            delete_space: connection.prepare("DELETE FROM item WHERE session = ?1 AND space = ?2")?,
            delete_items: connection.prepare("DELETE FROM item WHERE session = ?1")?,
            delete_session: connection.prepare("DELETE FROM session WHERE id = ?1")?,
            name_session: connection
                .prepare("INSERT INTO session (id, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?,
            find_session: connection.prepare("SELECT id FROM session WHERE name = ?1")?,
            list_sessions: connection.prepare("SELECT name FROM session ORDER BY name")?,
            set_state: connection.prepare("UPDATE state SET generation = ?1, has_log = ?2")?,
        })
    }

    /// The largest session number ever given, also to sessions that are gone.
    pub(super) fn last_session(&self) -> rusqlite::Result<u64> {
        let sql = "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'session'";
        let last: i64 = self.connection.query_row(sql, [], |row| row.get(0))?;
        Ok(u64::try_from(last).unwrap_or(0))
    }

    pub(super) fn begin(&mut self) -> rusqlite::Result<()> {
        self.begin.execute([]).map(drop)
    }

    pub(super) fn commit(&mut self) -> rusqlite::Result<()> {
        self.commit.execute([]).map(drop)
    }

    /// Ends a transaction that failed. SQLite may have done so by itself.
    pub(super) fn rollback(&self) {
        if !self.connection.is_autocommit() {
            // It fails only if the disk does, and then the next opening rolls back.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    /// Returns the state that the database says of itself.
    pub(super) fn state(&self) -> rusqlite::Result<State> {
        self.connection.query_row("SELECT store, generation, has_log FROM state", [], |row| {
            Ok(State {
                store: row.get::<_, i64>(0)?.cast_unsigned(),
                generation: row.get::<_, i64>(1)?.cast_unsigned(),
                has_log: row.get(2)?,
            })
        })
    }

    /// Says another thing, within the transaction.
    pub(super) fn set_state(&mut self, generation: u64, has_log: bool) -> rusqlite::Result<()> {
        self.set_state.execute(params![generation.cast_signed(), has_log]).map(drop)
    }

    /// Copies everything from the write-ahead log into the database.
    pub(super) fn checkpoint(&self) -> rusqlite::Result<()> {
        self.run_checkpoint("PRAGMA wal_checkpoint(RESTART)")
    }

    /// The same, and empties the write-ahead log.
    pub(super) fn truncate_wal(&self) -> rusqlite::Result<()> {
        self.run_checkpoint("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    fn run_checkpoint(&self, sql: &str) -> rusqlite::Result<()> {
        let _taken = standard::Taken::new();
        let (busy, frames, copied) = self.connection.query_row(sql, [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })?;
        if busy != 0 || frames != copied {
            let what = Some("the write-ahead log could not be copied".to_owned());
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR),
                what,
            ));
        }
        Ok(())
    }

    pub(super) fn get(&mut self, session: u64, space: Space, key: &[u8]) -> rusqlite::Result<Option<Value>> {
        let key = params![scope(session, space), space.number(), key];
        Ok(self.get.query_row(key, |row| blob(row, 0)).optional()?.map(Value::new))
    }

    pub(super) fn page(
        &mut self,
        session: u64,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> rusqlite::Result<Page> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = |row: &Row<'_>| Ok((blob(row, 0)?, Value::new(blob(row, 1)?)));
        let (scope, space) = (scope(session, space), space.number());
        match after {
            Some(key) => self.next_page.query_map(params![scope, space, limit, key], read)?.collect(),
            None => self.first_page.query_map(params![scope, space, limit], read)?.collect(),
        }
    }

    pub(super) fn keys(
        &mut self,
        session: u64,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> rusqlite::Result<Vec<Vec<u8>>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = |row: &Row<'_>| blob(row, 0);
        let (scope, space) = (scope(session, space), space.number());
        match after {
            Some(key) => self.next_keys.query_map(params![scope, space, limit, key], read)?.collect(),
            None => self.first_keys.query_map(params![scope, space, limit], read)?.collect(),
        }
    }

    pub(super) fn find_session(&mut self, name: &str) -> rusqlite::Result<Option<u64>> {
        let id: Option<i64> = self.find_session.query_row([name], |row| row.get(0)).optional()?;
        Ok(id.and_then(|id| u64::try_from(id).ok()))
    }

    pub(super) fn list_sessions(&mut self) -> rusqlite::Result<Vec<String>> {
        self.list_sessions.query_map([], |row| row.get(0))?.collect()
    }

    pub(super) fn erase_session(&mut self, session: u64) -> rusqlite::Result<()> {
        self.delete_items.execute([id(session)])?;
        self.delete_session.execute([id(session)])?;
        Ok(())
    }

    /// Notes the name of a session within the transaction.
    pub(super) fn name(&mut self, session: u64, name: &str) -> rusqlite::Result<()> {
        self.name_session.execute(params![id(session), name]).map(drop)
    }

    /// Writes or removes a row within the transaction.
    pub(super) fn write(
        &mut self,
        scope: i64,
        space: u8,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> rusqlite::Result<()> {
        match value {
            Some(value) => self.put.execute(params![scope, space, key, value]).map(drop),
            None => self.delete.execute(params![scope, space, key]).map(drop),
        }
    }

    /// Applies a batch within the transaction. `named` says whether the session's name is in the database, before and after.
    pub(super) fn apply(
        &mut self,
        session: u64,
        name: &str,
        named: &mut bool,
        batch: &Batch,
    ) -> rusqlite::Result<Applied> {
        for op in batch.ops() {
            if let Op::Require { space, key, expected } = op
                && self.get(session, *space, key)? != *expected
            {
                return Ok(Applied::Changed);
            }
        }
        let mut erased = false;
        for op in batch.ops() {
            match op {
                Op::Require { .. } => {}
                Op::Put { space, key, value } => {
                    if !space.is_shared() && !*named {
                        self.name_session.execute(params![id(session), name])?;
                        *named = true;
                    }
                    let (scope, value): (_, &[u8]) = (scope(session, *space), value);
                    self.put.execute(params![scope, space.number(), key, value])?;
                }
                Op::Delete { space, key } => {
                    self.delete.execute(params![scope(session, *space), space.number(), key])?;
                }
                Op::DeleteSpace(space) if space.is_shared() => {}
                Op::DeleteSpace(space) => {
                    self.delete_space.execute(params![id(session), space.number()])?;
                    erased = true;
                }
                Op::EraseSession => {
                    self.erase_session(session)?;
                    (*named, erased) = (false, true);
                }
            }
        }
        Ok(Applied::Written { erased })
    }
}
