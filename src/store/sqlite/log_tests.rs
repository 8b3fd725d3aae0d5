//! The log by itself: what is brought to the file.

use super::super::lock;
use super::super::log_format::{Found, read};
use super::*;
use tempfile::TempDir;

fn record(body: &[u8]) -> Vec<u8> {
    [&[0; ROOM], body].concat()
}

/// A log with these records.
fn written(dir: &TempDir, bodies: &[&[u8]]) -> Log {
    let database = dir.path().join("wa.db");
    fs::write(&database, "").unwrap();
    let lock = lock::take(&database).unwrap().with_database().unwrap();
    let mut log = Log::new(&database, Arc::new(lock), 7, 1);
    log.begin().unwrap();
    bodies.iter().for_each(|body| log.append(&mut record(body)).unwrap());
    log
}

fn found(log: &Log) -> (u64, Vec<Vec<u8>>) {
    match read(&fs::read(&log.path).unwrap()) {
        Found::Log { header, records, .. } => {
            (header.generation, records.iter().map(|record| record.to_vec()).collect())
        }
        _ => panic!("no log"),
    }
}

#[test]
fn what_was_written_is_read_and_gone_on_with() {
    let dir = TempDir::new().unwrap();
    let mut log = written(&dir, &[b"one", b"", b"three is longer than a word"]);
    let mut expected = vec![b"one".to_vec(), Vec::new(), b"three is longer than a word".to_vec()];
    assert_eq!(found(&log), (1, expected.clone()));
    let Found::Log { header, end, .. } = read(&fs::read(&log.path).unwrap()) else { panic!("no log") };
    let mut again = Log::new(&log.database, Arc::clone(&log.lock), 7, 1);
    again.resume(header, end).unwrap();
    again.append(&mut record(b"four")).unwrap();
    expected.push(b"four".to_vec());
    assert_eq!(found(&again), (1, expected));
    assert_eq!(fs::metadata(&log.path).unwrap().permissions().mode() & 0o777, 0o600);
    log.remove().unwrap();
    assert!(!log.path.exists());
}

#[test]
fn what_is_left_of_an_earlier_round_does_not_count() {
    let dir = TempDir::new().unwrap();
    let mut log = written(&dir, &[b"aaaa", b"bbbb", b"cccc"]);
    for round in 2..6 {
        let before = found(&log);
        log.advance();
        assert_eq!(found(&log), before, "a new round begins with its first record");
        log.append(&mut record(b"dddd")).unwrap();
        assert_eq!(found(&log), (round, vec![b"dddd".to_vec()]), "another record of that length follows");
        log.append(&mut record(b"eeee")).unwrap();
    }
}

#[test]
fn what_was_cut_off_cannot_be_read() {
    let dir = TempDir::new().unwrap();
    let mut log = written(&dir, &[b"a secret"]);
    log.advance();
    log.write_header(true).unwrap();
    assert_eq!(fs::read(&log.path).unwrap().len(), HEADER);
    log.append(&mut record(b"next")).unwrap();
    assert_eq!(found(&log), (2, vec![b"next".to_vec()]));
}

#[test]
fn a_damaged_record_is_told_from_one_that_was_never_finished() {
    let dir = TempDir::new().unwrap();
    let log = written(&dir, &[b"first", b"second"]);
    let whole = fs::read(&log.path).unwrap();
    let second = HEADER + RECORD_HEADER + 5;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        match read(&bytes) {
            Found::Log { records, is_whole, .. } => {
                let expected = if at < second { (0, false) } else { (1, true) };
                assert!(at >= HEADER && (records.len(), is_whole) == expected, "byte {at}");
            }
            Found::Damaged => assert!(at < HEADER, "byte {at}"),
            Found::Newer => assert_eq!(at, 7),
            _ => panic!("byte {at}"),
        }
    }
    for length in HEADER..whole.len() {
        let Found::Log { records, .. } = read(&whole[..length]) else { panic!("{length} bytes") };
        assert_eq!(records.len(), usize::from(length >= second), "{length} bytes");
    }
}
