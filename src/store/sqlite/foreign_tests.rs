//! Paths that lead to files of other programs: an opening that is refused leaves all of them as they were, and no file behind.

use super::sqlite_tests::{LONG, backend};
use super::{SqliteBackend, wait_closed};
use crate::store::conformance::{name, put};
use crate::store::{Session, Space, StoreError};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// All that an opening could change: by name, the mode, the times of the last change of content and of anything else, and what is in it.
type Folder = BTreeMap<String, (u32, i64, i64, i64, i64, Vec<u8>)>;

fn look(folder: &Path) -> Folder {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let entries = entries.map(|entry| {
        let data = fs::symlink_metadata(entry.path()).unwrap();
        let content = if data.is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() };
        let all = (data.mode(), data.mtime(), data.mtime_nsec(), data.ctime(), data.ctime_nsec(), content);
        (entry.file_name().into_string().unwrap(), all)
    });
    entries.collect()
}

async fn error(path: &Path) -> StoreError {
    let error = SqliteBackend::open(path).await.map(drop).unwrap_err();
    assert!(wait_closed(LONG));
    error
}

/// Refuses the path, twice, and leaves its folder as it was.
async fn refused(dir: &TempDir, path: &Path) -> StoreError {
    for file in fs::read_dir(dir.path()).unwrap().map(Result::unwrap) {
        if file.file_type().unwrap().is_file() {
            fs::set_permissions(file.path(), Permissions::from_mode(0o644)).unwrap();
        }
    }
    let before = look(dir.path());
    let first = error(path).await;
    assert!(look(dir.path()) == before, "{first}: {:?}", look(dir.path()).keys());
    assert_eq!(error(path).await, first);
    assert!(look(dir.path()) == before, "{first}");
    first
}

/// Databases of other programs, by what is special about them, as they are while the program has them open.
fn databases(dir: &TempDir) -> [(&'static str, rusqlite::Connection); 4] {
    let open = |name: &str, sql: &str| {
        let connection = rusqlite::Connection::open(dir.path().join(name)).unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    };
    [
        ("plain", open("plain", "CREATE TABLE their (x); INSERT INTO their VALUES (1)")),
        ("marked", open("marked", "PRAGMA application_id = 7")),
        // All of it is in the write-ahead log.
        (
            "wal",
            open("wal", "PRAGMA journal_mode = WAL; CREATE TABLE their (x); INSERT INTO their VALUES (1)"),
        ),
        // In the middle of its first transaction, which a crash cuts off.
        (
            "journal",
            open(
                "journal",
                "PRAGMA user_version = 0; VACUUM; PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; CREATE TABLE their (x); \
                 INSERT INTO their SELECT hex(zeroblob(3000)) FROM (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9))",
            ),
        ),
    ]
}

#[tokio::test]
async fn a_database_of_another_program_is_left_as_it_was() {
    let theirs = TempDir::new().unwrap();
    let open = databases(&theirs);
    for (kind, _) in &open {
        for links in [false, true] {
            let dir = TempDir::new().unwrap();
            for suffix in ["", "-wal", "-journal"] {
                let file = format!("{kind}{suffix}");
                let _ = fs::copy(theirs.path().join(&file), dir.path().join(&file));
            }
            let mut path = dir.path().join(kind);
            if links {
                path = dir.path().join("link");
                symlink(kind, &path).unwrap();
            }
            let error = refused(&dir, &path).await;
            assert_eq!(
                error,
                StoreError::Foreign { path: dir.path().canonicalize().unwrap().join(kind) },
                "{kind}"
            );
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_as_it_was() {
    let long = vec![0; 8192];
    for content in
        [&b"x"[..], b"Dear diary, I have used a hundred and more bytes", b"SQLite format 4\0", &long]
    {
        let dir = TempDir::new().unwrap();
        let path = dir.path().canonicalize().unwrap().join("their.db");
        fs::write(&path, content).unwrap();
        assert_eq!(refused(&dir, &path).await, StoreError::NotADatabase { path });
    }
}

/// A new store would have side files that another program has already.
#[tokio::test]
async fn files_of_other_programs_beside_a_new_store_are_left_as_they_were() {
    for suffix in ["-log", "-lock", "-wal", "-journal"] {
        for content in ["their own", &"their own, and of more than a few words ".repeat(9)] {
            for empty in [false, true] {
                let dir = TempDir::new().unwrap();
                let path = dir.path().join("their");
                fs::write(dir.path().join(format!("their{suffix}")), content).unwrap();
                if empty {
                    fs::write(&path, "").unwrap();
                }
                refused(&dir, &path).await;
            }
        }
    }
}

#[tokio::test]
async fn a_path_that_is_no_file_is_left_as_it_was() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    refused(&dir, &path).await;
    fs::create_dir(dir.path().join("folder")).unwrap();
    refused(&dir, &dir.path().join("folder")).await;
}

#[tokio::test]
async fn a_link_in_the_place_of_a_side_file_is_not_followed() {
    for suffix in ["-log", "-lock", "-wal", "-shm", "-journal"] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("wa.db");
        drop(backend(&path).await);
        assert!(wait_closed(LONG));
        let theirs = TempDir::new().unwrap();
        let victim = theirs.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        fs::set_permissions(&victim, Permissions::from_mode(0o644)).unwrap();
        let before = look(theirs.path());
        let side = dir.path().join(format!("wa.db{suffix}"));
        let _ = fs::remove_file(&side);
        symlink(&victim, &side).unwrap();
        let _ = SqliteBackend::open(&path).await.map(drop);
        assert!(wait_closed(LONG));
        assert!(look(theirs.path()) == before, "{suffix}");
    }
}

/// A store of ours that is refused, without its lock file.
#[tokio::test]
async fn a_store_that_is_refused_gets_no_lock_file() {
    let life = TempDir::new().unwrap();
    let path = life.path().join("wa.db");
    let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
    s.commit(put(Space::Device, b"", b"x")).await.unwrap();
    let in_use = TempDir::new().unwrap();
    for file in ["wa.db", "wa.db-log", "wa.db-wal"] {
        fs::copy(life.path().join(file), in_use.path().join(file)).unwrap();
    }
    drop(s);
    assert!(wait_closed(LONG));
    for _ in 0..2 {
        let error = error(&in_use.path().join("wa.db")).await;
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        assert!(!in_use.path().join("wa.db-lock").exists());
    }
    let newer = TempDir::new().unwrap();
    fs::copy(&path, newer.path().join("wa.db")).unwrap();
    let database = rusqlite::Connection::open(newer.path().join("wa.db")).unwrap();
    database.execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(database);
    let error = refused(&newer, &newer.path().join("wa.db")).await;
    assert!(matches!(error, StoreError::NewerFormat { found: 99, .. }), "{error}");
}

/// Openings that come and go while others are refused: never two of them have the store.
#[tokio::test]
async fn a_lock_file_that_is_removed_again_lets_nobody_in() {
    let dir = TempDir::new().unwrap();
    let path: Arc<Path> = dir.path().join("wa.db").into();
    let holders = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (path, holders) = (Arc::clone(&path), Arc::clone(&holders));
            std::thread::spawn(move || {
                for round in 0..300 {
                    let Ok(lock) = super::lock::take(&path) else { continue };
                    assert_eq!(holders.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                    if round % 3 == 0 {
                        std::thread::yield_now();
                    }
                    holders.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    drop(lock);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
