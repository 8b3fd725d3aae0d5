//! The tables, and how older files become current ones.

use super::error::from_sqlite;
use crate::standard;
use crate::store::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// Marks a file as ours: "libw".
pub(super) const APPLICATION_ID: u32 = 0x6c69_6277;

// Keys are in an index of their own, away from the values: in a table without row numbers a search reads every value that it
// passes, all of it, and values may be large.
/// The migrations: each brings a file from format N to N + 1. Never changed once released; the next format is a further entry.
pub(super) const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE session (
        id   INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE item (
        session INTEGER NOT NULL,   -- 0: shared by all sessions
        space   INTEGER NOT NULL,
        key     BLOB    NOT NULL,
        value   BLOB    NOT NULL,
        PRIMARY KEY (session, space, key)
    ) STRICT;
",
    "
    CREATE TABLE state (            -- one row
        store      INTEGER NOT NULL,    -- a random number
        generation INTEGER NOT NULL,    -- rises with every transaction
        has_log    INTEGER NOT NULL     -- whether there must be a log
    ) STRICT;
    INSERT INTO state VALUES (random(), 0, 0);
",
];

/// The settings of the connection. A small page cache: it serves one file, not one session. Deleted data is overwritten. When the
/// write-ahead log is copied into the database is for us to say: the log has to know of it.
const SETTINGS: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA cache_size = -512;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA secure_delete = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA journal_size_limit = 4194304;
";

/// Opens a file that exists, empty or ours, and brings it to the current format. A file that is something else is left as
/// it is. When it is closed, nothing happens to it and its write-ahead log, unless [`tidy_at_close`] was called.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error: rusqlite::Error| from_sqlite(path, &error);
    let _taken = standard::Taken::new();
    // No URI names: a path is a path. One thread uses the connection: no mutex.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    if connection.is_readonly("main").map_err(failed)? {
        return Err(StoreError::ReadOnly { path: path.to_owned() });
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
    // Before anything touches the file, so that SQLite never makes a shared-memory file.
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE").map_err(failed)?;
    let format = recognise(&connection, path)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(StoreError::Io { path: path.to_owned(), what: format!("journal mode {mode}") });
    }
    connection.execute_batch(SETTINGS).map_err(failed)?;
    migrate(&mut connection, format).map_err(failed)?;
    check_names(&connection, path)?;
    Ok(connection)
}

/// Compares the sessions with the index of their names: by a page that was written to the wrong place, a session would not be
/// found, and be made anew.
fn check_names(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let said: String = connection
        .query_row("PRAGMA integrity_check('session')", [], |row| row.get(0))
        .map_err(|error| from_sqlite(path, &error))?;
    if said == "ok" {
        return Ok(());
    }
    Err(StoreError::Corrupt { path: path.to_owned(), what: "the index of its sessions is damaged" })
}

/// The write-ahead log is not needed any more: it is removed when the connection is closed.
pub(super) fn tidy_at_close(connection: &Connection) {
    // Else it stays, and is no harm.
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
}

/// The file's format: 0 if it is empty. The same question as that of [`super::recognise`], by SQLite's rules.
fn recognise(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    const OURS: i64 = APPLICATION_ID as i64;
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let read = || -> rusqlite::Result<_> {
        Ok((
            number("PRAGMA application_id")?,
            number("PRAGMA user_version")?,
            number("SELECT count(*) FROM sqlite_schema")?,
        ))
    };
    let (application, format, tables) = read().map_err(|error| from_sqlite(path, &error))?;
    match (application, format) {
        (0, 0) if tables == 0 => Ok(0),
        (OURS, 1..) => {
            let known = MIGRATIONS.len();
            match usize::try_from(format) {
                Ok(format) if format <= known => Ok(format),
                _ => Err(StoreError::NewerFormat {
                    path: path.to_owned(),
                    found: u32::try_from(format).unwrap_or(u32::MAX),
                    known: known as u32,
                }),
            }
        }
        _ => Err(StoreError::Foreign { path: path.to_owned() }),
    }
}

fn migrate(connection: &mut Connection, format: usize) -> rusqlite::Result<()> {
    let Some(steps) = MIGRATIONS.get(format..).filter(|steps| !steps.is_empty()) else { return Ok(()) };
    let transaction = connection.transaction()?;
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.commit()
}
