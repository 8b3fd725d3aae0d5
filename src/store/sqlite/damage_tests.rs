//! Any damage to any file beside the database, at any moment: either all that was acknowledged is there, or the store is damaged.

use super::memtable::STEPS;
use super::sqlite_tests::{LONG, backend};
use super::{SqliteBackend, wait_closed};
use crate::store::conformance::{name, put};
use crate::store::{Backend, Batch, Session, Space, StoreError};
use once_cell::sync::Lazy;
use parking_lot::Mutex;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const SPACES: [Space; 4] = [Space::Device, Space::Account, Space::Known, Space::Limiter];
/// Beside the database.
const SIDE_FILES: [&str; 3] = ["wa.db-log", "wa.db-wal", "wa.db-lock"];

type Files = BTreeMap<String, Vec<u8>>;
/// The rows that a session sees.
type View = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// The files of a store at one moment, and what may be in them.
#[derive(Clone, Debug)]
struct Moment {
    what: String,
    files: Files,
    views: Vec<View>,
}

fn files(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    // One may be removed meanwhile.
    let files = entries.filter_map(|entry| Some((entry.file_name(), fs::read(entry.path()).ok()?)));
    files.map(|(name, bytes)| (name.into_string().unwrap(), bytes)).collect()
}

async fn view(s: &Session) -> Result<View, StoreError> {
    let mut view = View::new();
    for space in SPACES {
        for (key, value) in s.scan(space, None, 10_000).await? {
            view.insert((space.number(), key), value.to_vec());
        }
    }
    Ok(view)
}

/// A store that is used, and all moments in its life.
struct Life {
    dir: TempDir,
    moments: Vec<Moment>,
    now: View,
}

impl Life {
    async fn note(&mut self, what: &str, shared: Option<&SqliteBackend>) {
        let folder = self.dir.path().to_owned();
        let files = match shared {
            None => files(&folder),
            // Not while the thread is at work.
            Some(shared) => {
                let (send, receive) = tokio::sync::oneshot::channel();
                shared.inspect(move |_, _| send.send(files(&folder)).unwrap());
                receive.await.unwrap()
            }
        };
        self.moments.push(Moment { what: what.to_owned(), files, views: vec![self.now.clone()] });
    }

    /// Does something after which the session sees another thing; also notes the moments in between.
    async fn change(
        &mut self,
        what: &str,
        shared: Option<&SqliteBackend>,
        apply: impl FnOnce(&mut View),
        change: impl Future<Output = ()>,
    ) {
        let steps: Arc<Mutex<Vec<(String, Files)>>> = Arc::default();
        let (noted, folder) = (Arc::clone(&steps), self.dir.path().to_owned());
        let database = folder.join("wa.db").canonicalize().unwrap_or_else(|_| folder.join("wa.db"));
        STEPS.lock().insert(
            database.clone(),
            Box::new(move |step| noted.lock().push((step.to_owned(), files(&folder)))),
        );
        let before = self.now.clone();
        apply(&mut self.now);
        change.await;
        STEPS.lock().remove(&database);
        for (step, files) in std::mem::take(&mut *steps.lock()) {
            let views = vec![before.clone(), self.now.clone()];
            self.moments.push(Moment { what: format!("{what}, {step}"), files, views });
        }
        self.note(what, shared).await;
    }

    async fn put(
        &mut self,
        (shared, s): (&SqliteBackend, &Session),
        space: Space,
        key: &[u8],
        value: Vec<u8>,
    ) {
        let at = (space.number(), key.to_vec());
        let commit = s.commit(put(space, key, &value));
        let what = format!("{} bytes at {at:?}", value.len());
        self.change(&what, Some(shared), |view| drop(view.insert(at, value)), async {
            commit.await.unwrap()
        })
        .await;
    }

    /// Reads what makes the log go into the database.
    async fn settle(&mut self, (shared, s): (&SqliteBackend, &Session)) {
        self.change("a listing", Some(shared), |_| {}, async { drop(view(s).await.unwrap()) }).await;
    }
}

async fn live() -> Vec<Moment> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let mut life = Life { dir, moments: Vec::new(), now: View::new() };
    for round in 0..2u8 {
        let shared = backend(&path).await;
        let s = Session::open(shared.clone(), &name("s")).await.unwrap();
        for number in 0..3u8 {
            life.put((&shared, &s), Space::Device, b"", vec![round, number]).await;
            life.put((&shared, &s), Space::Account, &[number], vec![number; 70]).await;
        }
        life.settle((&shared, &s)).await;
        life.put((&shared, &s), Space::Limiter, b"1", vec![round; 9]).await;
        life.put((&shared, &s), Space::Device, b"", vec![round, 10]).await;
        life.settle((&shared, &s)).await;
        // Over several pages.
        life.put((&shared, &s), Space::Known, &[round], vec![7; 30_000]).await;
        life.settle((&shared, &s)).await;
        life.put((&shared, &s), Space::Device, b"", vec![round, 11]).await;
        // At once.
        life.put((&shared, &s), Space::Known, b"large", vec![round; 300_000]).await;
        life.put((&shared, &s), Space::Known, b"larger", vec![round; 310_000]).await;
        life.put((&shared, &s), Space::Device, b"", vec![round, 12]).await;
        let mut batch = Batch::new();
        batch.delete_space(Space::Known);
        let commit = s.commit(batch);
        let gone = |view: &mut View| view.retain(|(space, _), _| *space != Space::Known.number());
        life.change("a space is emptied", Some(&shared), gone, async { commit.await.unwrap() }).await;
        life.put((&shared, &s), Space::Device, b"", vec![round, 13]).await;
        // Another session is erased, which copies the write-ahead log.
        let other = Session::open(shared.clone(), &name("other")).await.unwrap();
        other.commit(put(Space::Account, b"", b"of another")).await.unwrap();
        drop(other);
        let erase = shared.erase(&name("other"));
        life.change("another is erased", Some(&shared), |_| {}, async { assert!(erase.await.unwrap()) })
            .await;
        life.settle((&shared, &s)).await;
        life.put((&shared, &s), Space::Device, b"", vec![round, 14]).await;
        life.change("closed", None, |_| {}, async {
            drop((s, shared));
            let closed = tokio::task::spawn_blocking(|| wait_closed(LONG)).await.unwrap();
            assert!(closed);
        })
        .await;
    }
    life.moments
}

static MOMENTS: Lazy<Vec<Moment>> = Lazy::new(|| runtime().block_on(live()));

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// Returns the rows that are seen when these files are opened.
fn seen(files: &Files) -> Result<View, StoreError> {
    let dir = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    let view = runtime().block_on(async {
        let shared = SqliteBackend::open(&dir.path().join("wa.db")).await?;
        let s = Session::open(shared, &name("s")).await?;
        let seen = view(&s).await?;
        s.commit(put(Space::Device, b"", b"goes on")).await?;
        Ok(seen)
    });
    // The folder is needed until it is closed.
    let limit = std::time::Instant::now() + LONG;
    while dir.path().join("wa.db-wal").exists() && view.is_ok() && std::time::Instant::now() < limit {
        std::thread::yield_now();
    }
    view
}

#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Cut(Index),
    TakeOut(Index, Index),
    Zero(Index, Index),
    /// Puts a copy of a part in somewhere.
    Duplicate(Index, Index, Index),
    /// Writes a copy of a part over something.
    Overwrite(Index, Index, Index),
    Swap(Index, Index, Index),
    Remove,
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), 0u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        4 => index().prop_map(Damage::Cut),
        2 => (index(), index()).prop_map(|(from, to)| Damage::TakeOut(from, to)),
        2 => (index(), index()).prop_map(|(from, to)| Damage::Zero(from, to)),
        2 => (index(), index(), index()).prop_map(|(from, to, at)| Damage::Duplicate(from, to, at)),
        2 => (index(), index(), index()).prop_map(|(from, to, at)| Damage::Overwrite(from, to, at)),
        2 => (index(), index(), index()).prop_map(|(one, two, length)| Damage::Swap(one, two, length)),
        1 => Just(Damage::Remove),
    ]
}

impl Damage {
    /// Damages a file that is not empty.
    fn apply(&self, bytes: &mut Vec<u8>) {
        let size = bytes.len();
        let range = |from: &Index, to: &Index| {
            let (from, to) = (from.index(size), to.index(size));
            from.min(to)..from.max(to) + 1
        };
        match self {
            Damage::Flip(at, bit) => bytes[at.index(size)] ^= 1 << bit,
            Damage::Cut(at) => bytes.truncate(at.index(size)),
            Damage::TakeOut(from, to) => drop(bytes.drain(range(from, to))),
            Damage::Zero(from, to) => bytes[range(from, to)].fill(0),
            Damage::Duplicate(from, to, at) => {
                let copy = bytes[range(from, to)].to_vec();
                let at = at.index(size);
                bytes.splice(at..at, copy);
            }
            Damage::Overwrite(from, to, at) => {
                let copy = bytes[range(from, to)].to_vec();
                let at = at.index(size);
                let end = (at + copy.len()).min(size);
                bytes[at..end].copy_from_slice(&copy[..end - at]);
            }
            Damage::Swap(one, two, length) => {
                let (one, two) = (one.index(size), two.index(size));
                let (one, two) = (one.min(two), one.max(two));
                let length = length.index(size).min(two - one).min(size - two);
                let (front, back) = bytes.split_at_mut(two);
                front[one..one + length].swap_with_slice(&mut back[..length]);
            }
            Damage::Remove => {}
        }
    }
}

fn check(moment: &Moment, files: &Files, how: &str) {
    match seen(files) {
        Ok(view) => assert!(moment.views.contains(&view), "{}: {how}: another state is used", moment.what),
        Err(StoreError::Corrupt { .. } | StoreError::DatabaseMissing { .. }) => {}
        Err(error) => panic!("{}: {how}: {error}", moment.what),
    }
}

#[test]
fn a_crash_at_any_moment_leaves_all_that_was_acknowledged() {
    assert!(MOMENTS.len() > 80, "{}", MOMENTS.len());
    for moment in MOMENTS.iter() {
        let view = seen(&moment.files).unwrap_or_else(|error| panic!("{}: {error}", moment.what));
        assert!(moment.views.contains(&view), "{}", moment.what);
    }
}

#[test]
fn a_file_that_is_missing() {
    for moment in MOMENTS.iter() {
        for missing in SIDE_FILES.iter().chain(&["wa.db"]) {
            let mut files = moment.files.clone();
            if files.remove(*missing).is_none() {
                continue;
            }
            check(moment, &files, &format!("without {missing}"));
        }
        let mut files = moment.files.clone();
        files.retain(|name, _| name == "wa.db");
        check(moment, &files, "the database alone");
    }
}

/// Side files of a moment before, put back together with a lock file that was removed or emptied.
#[test]
fn older_side_files_without_the_lock_file() {
    for (at, moment) in MOMENTS.iter().enumerate() {
        for older in &MOMENTS[at.saturating_sub(3)..at] {
            for put_back in [&["wa.db-log"][..], &["wa.db-wal"], &["wa.db-log", "wa.db-wal"]] {
                let mut files = moment.files.clone();
                for name in put_back {
                    match older.files.get(*name) {
                        Some(bytes) => drop(files.insert((*name).to_owned(), bytes.clone())),
                        None => drop(files.remove(*name)),
                    }
                }
                let how = format!("{put_back:?} of {:?} and no lock file", older.what);
                files.remove("wa.db-lock");
                check(moment, &files, &how);
                files.insert("wa.db-lock".to_owned(), Vec::new());
                check(moment, &files, &how);
            }
        }
    }
}

/// A store that was closed is the database alone; one that is or was in use is not.
#[test]
fn the_lock_file_is_needed_as_long_as_there_is_a_log() {
    let (mut closed, mut refused) = (0, 0);
    for moment in MOMENTS.iter() {
        let mut files = moment.files.clone();
        files.remove("wa.db-lock");
        match seen(&files) {
            Ok(_) => assert!(
                moment.what.starts_with("closed") || moment.what.ends_with("begun"),
                "{}",
                moment.what
            ),
            Err(error) => {
                let needs_it =
                    matches!(error, StoreError::Corrupt { what, .. } if what.contains("lock file"));
                assert!(needs_it, "{}: {error}", moment.what);
                refused += 1;
            }
        }
        if moment.what == "closed" {
            assert!(moment.views.contains(&seen(&files).unwrap()));
            closed += 1;
        }
    }
    assert!(closed == 2 && refused > 60, "{closed}, {refused}");
}

/// After a failure of power, the end of the record that begins a round may be on the disk without its beginning.
#[test]
fn a_first_record_of_a_round_of_which_only_the_end_was_written_is_no_damage() {
    let dir = TempDir::new().unwrap();
    let log = "wa.db-log";
    let (before, after, expected) = runtime().block_on(async {
        let shared = backend(&dir.path().join("wa.db")).await;
        let s = Session::open(shared.clone(), &name("s")).await.unwrap();
        for number in 0..6u8 {
            s.commit(put(Space::Known, &[number], &[number; 3_000])).await.unwrap();
        }
        let expected = view(&s).await.unwrap();
        let before = files(dir.path());
        s.commit(put(Space::Known, b"next", &[9; 6_000])).await.unwrap();
        (before, files(dir.path()), expected)
    });
    for page in [512, 4096] {
        let mut files = before.clone();
        let bytes = files.get_mut(log).unwrap();
        assert_eq!(bytes.len(), after[log].len());
        bytes[page..].copy_from_slice(&after[log][page..]);
        assert!(seen(&files).unwrap() == expected, "{page}");
    }
}

/// A page of the database that was written to the place of another one: the session would be made anew, and not be linked.
#[test]
fn a_session_that_the_index_of_names_does_not_have_is_damage() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    runtime().block_on(async {
        let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
        s.commit(put(Space::Device, b"", b"linked")).await.unwrap();
    });
    assert!(wait_closed(LONG));
    let whole = files(dir.path());
    assert!(!seen(&whole).unwrap().is_empty());
    let database = rusqlite::Connection::open(&path).unwrap();
    let root = |index: &str| {
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
        database.query_row(sql, [index], |row| row.get::<_, u32>(0)).unwrap() as usize - 1
    };
    let (names, items) = (root("sqlite_autoindex_session_1"), root("sqlite_autoindex_item_1"));
    let size = database.query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0)).unwrap() as usize;
    let mut damaged = whole;
    damaged.get_mut("wa.db").unwrap().copy_within(items * size..(items + 1) * size, names * size);
    assert!(matches!(seen(&damaged), Err(StoreError::Corrupt { .. })));
}

#[test]
fn a_database_that_is_cut_within_its_last_page_is_refused() {
    let dir = TempDir::new().unwrap();
    runtime().block_on(async {
        let s = Session::open(backend(&dir.path().join("wa.db")).await, &name("s")).await.unwrap();
        s.commit(put(Space::Device, b"", b"linked")).await.unwrap();
    });
    assert!(wait_closed(LONG));
    let mut damaged = files(dir.path());
    for cut in [1, 1000, 3000] {
        damaged.get_mut("wa.db").unwrap().truncate(files(dir.path())["wa.db"].len() - cut);
        assert!(matches!(seen(&damaged), Err(StoreError::Corrupt { .. })), "{cut}");
    }
}

/// A process that was killed while it closed the store, and a second one that was killed before it wrote anything.
#[test]
fn a_close_that_was_cut_off_leaves_nothing_in_doubt_for_the_next_opening() {
    let pairs = MOMENTS.windows(2).filter(|pair| {
        pair[0].what == "closed, before the checkpoint" && pair[1].what == "closed, after the checkpoint"
    });
    let mut pairs_seen = 0;
    for pair in pairs {
        pairs_seen += 1;
        let (before, after) = (&pair[0].files["wa.db"], &pair[1].files["wa.db"]);
        for done in (0..=after.len()).step_by(4096) {
            let dir = TempDir::new().unwrap();
            for (name, bytes) in &pair[0].files {
                fs::write(dir.path().join(name), bytes).unwrap();
            }
            let mut half = after[..done].to_vec();
            half.extend_from_slice(before.get(done..).unwrap_or_default());
            fs::write(dir.path().join("wa.db"), half).unwrap();
            let mut files = runtime().block_on(async {
                let _shared = backend(&dir.path().join("wa.db")).await;
                files(dir.path())
            });
            files.remove("wa.db-wal");
            check(&pair[0], &files, &format!("{done} bytes were copied"));
        }
    }
    assert_eq!(pairs_seen, 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_damage_to_any_side_file_at_any_moment_is_found(
        moment: Index,
        file: Index,
        damage in damage(),
    ) {
        let moment = moment.get(&MOMENTS);
        let mut files = moment.files.clone();
        let side: Vec<_> = SIDE_FILES.iter().filter(|name| files.get(**name).is_some_and(|file| !file.is_empty())).collect();
        let name = **file.get(&side);
        if matches!(damage, Damage::Remove) {
            files.remove(name);
        } else {
            damage.apply(files.get_mut(name).unwrap());
        }
        check(moment, &files, &format!("{name} of {} bytes: {damage:?}", moment.files[name].len()));
    }

    /// The database is half overwritten from its write-ahead log, which is damaged then.
    #[test]
    fn damage_in_the_middle_of_a_checkpoint_is_found(pair: Index, pages: Index, damage in damage(), intact: bool) {
        let pairs: Vec<_> = MOMENTS.windows(2).filter(|pair| {
            pair[0].what.ends_with("before the checkpoint") && pair[1].what.ends_with("after the checkpoint")
        }).collect();
        let pair = pair.get(&pairs);
        let (before, after) = (&pair[0].files["wa.db"], &pair[1].files["wa.db"]);
        let done = pages.index(after.len() / 4096 + 1) * 4096;
        let mut half = after[..done].to_vec();
        half.extend_from_slice(before.get(done..).unwrap_or_default());
        let mut files = pair[0].files.clone();
        files.insert("wa.db".to_owned(), half);
        if intact {
            let view = seen(&files).unwrap();
            prop_assert!(pair[0].views.contains(&view));
            return Ok(());
        }
        let wal = files.get_mut("wa.db-wal").unwrap();
        if matches!(damage, Damage::Remove) { wal.clear() } else { damage.apply(wal) }
        check(&pair[0], &files, &format!("{done} bytes, {damage:?}"));
    }

    /// The record that was being written when the process was killed, which was not acknowledged, may be cut off.
    #[test]
    fn a_record_that_was_never_finished_is_no_damage(pair: Index, length: Index) {
        let pairs: Vec<_> = MOMENTS.windows(2).filter(|pair| {
            let [before, after] = pair else { return false };
            let (Some(old), Some(new)) = (before.files.get("wa.db-log"), after.files.get("wa.db-log")) else {
                return false;
            };
            old.len() < new.len() && new.starts_with(old) && [before, after].iter().all(|moment| moment.views.len() == 1)
        }).collect();
        let pair = pair.get(&pairs);
        let (before, after) = (&pair[0].files["wa.db-log"], &pair[1].files["wa.db-log"]);
        let mut files = pair[0].files.clone();
        let end = before.len() + length.index(after.len() - before.len() + 1);
        files.insert("wa.db-log".to_owned(), after[..end].to_vec());
        let view = seen(&files).unwrap();
        let expected = if end == after.len() { &pair[1] } else { &pair[0] };
        prop_assert!(expected.views.contains(&view));
    }
}
