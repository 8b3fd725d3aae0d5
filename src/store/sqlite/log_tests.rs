//! The log by itself: which records count.

use super::*;
use tempfile::TempDir;

fn record(body: &[u8]) -> Vec<u8> {
    [&[0; ROOM], body].concat()
}

/// A database's path, and its log with these records.
fn written(dir: &TempDir, bodies: &[&[u8]]) -> (PathBuf, Log) {
    let database = dir.path().join("wa.db");
    let (mut log, records) = Log::open(&database, false).unwrap();
    assert!(records.is_empty());
    bodies.iter().for_each(|body| log.append(&mut record(body)).unwrap());
    (database, log)
}

fn read(database: &Path) -> Vec<Vec<u8>> {
    Log::open(database, false).unwrap().1
}

#[test]
fn what_was_written_is_read_and_gone_on_with() {
    let dir = TempDir::new().unwrap();
    let (database, log) = written(&dir, &[b"one", b"", b"three is longer than a word"]);
    drop(log);
    let (mut log, records) = Log::open(&database, false).unwrap();
    assert_eq!(records, [&b"one"[..], b"", b"three is longer than a word"]);
    log.append(&mut record(b"four")).unwrap();
    assert_eq!(read(&database).len(), 4);
    assert_eq!(fs::metadata(&log.path).unwrap().permissions().mode() & 0o777, 0o600);
    log.remove().unwrap();
    assert!(!log.path.exists() && read(&database).is_empty());
}

#[test]
fn a_record_counts_only_whole_and_as_it_was_written() {
    let dir = TempDir::new().unwrap();
    let (database, log) = written(&dir, &[b"first", b"second"]);
    let (path, whole) = (log.path.clone(), fs::read(&log.path).unwrap());
    let both = [b"first".to_vec(), b"second".to_vec()];
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let counted = read(&database);
        assert!(counted.len() < 2 && both.starts_with(&counted), "{length} bytes");
    }
    let end_of_first = HEADER + RECORD_HEADER + 5;
    for at in HEADER..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&database).len(), usize::from(at >= end_of_first), "byte {at}");
    }
}

#[test]
fn what_is_left_of_an_earlier_round_does_not_count() {
    let dir = TempDir::new().unwrap();
    let (database, mut log) = written(&dir, &[b"aaaa", b"bbbb", b"cccc"]);
    for round in 0..4 {
        let before = read(&database).len();
        log.restart();
        assert_eq!(read(&database).len(), before, "a new round begins with its first record");
        log.append(&mut record(b"dddd")).unwrap();
        assert_eq!(read(&database), [b"dddd"], "round {round}: another record of that length follows");
        log.append(&mut record(b"eeee")).unwrap();
    }
}

#[test]
fn what_was_invalidated_counts_no_more_and_cannot_be_read() {
    let dir = TempDir::new().unwrap();
    let (database, mut log) = written(&dir, &[b"a secret"]);
    log.restart();
    assert_eq!(read(&database), [b"a secret"]);
    log.invalidate().unwrap();
    assert!(read(&database).is_empty() && fs::read(&log.path).unwrap().is_empty());
    log.append(&mut record(b"next")).unwrap();
    assert_eq!(read(&database), [b"next"]);
}

#[test]
fn a_file_that_was_removed_says_nothing_if_its_name_comes_back() {
    let dir = TempDir::new().unwrap();
    let (database, mut log) = written(&dir, &[b"old"]);
    fs::hard_link(&log.path, dir.path().join("again")).unwrap();
    log.remove().unwrap();
    fs::rename(dir.path().join("again"), &log.path).unwrap();
    assert!(read(&database).is_empty());
}

#[test]
fn the_log_of_another_database_and_that_of_a_newer_version() {
    let dir = TempDir::new().unwrap();
    let (database, log) = written(&dir, &[b"of a file that was deleted"]);
    assert!(Log::open(&database, true).unwrap().1.is_empty() && !log.path.exists());
    let (database, log) = written(&dir, &[b"x"]);
    let mut bytes = fs::read(&log.path).unwrap();
    bytes[7] = 9;
    fs::write(&log.path, &bytes).unwrap();
    let error = Log::open(&database, false).map(drop).unwrap_err();
    assert_eq!(error, StoreError::NewerFormat { path: log.path.clone(), found: 9, known: 1 });
}
