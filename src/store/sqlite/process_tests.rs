//! The SQLite backend and other processes: locks, file modes, and being killed at any moment.

use super::sqlite_tests::{LONG, backend, mode};
use super::wait_closed;
use super::{SqliteBackend, lock};
use crate::crypto::{OsRandom, random_array};
use crate::store::conformance::{name, put};
use crate::store::{Backend, Batch, Session, Space, StoreError};
use std::collections::HashMap;
use std::env;
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

const ROLE: &str = "WA_TEST_STORE_ROLE";
const PATH: &str = "WA_TEST_STORE_PATH";
const SESSIONS: u8 = 6;
const KEYS: u8 = 12;

/// This test program again, as another process with one role.
fn arguments() -> [String; 5] {
    let program = env::current_exe().unwrap().to_str().unwrap().to_owned();
    let test = "store::sqlite::process_tests::child_process".to_owned();
    [program, "--exact".into(), test, "--nocapture".into(), "--quiet".into()]
}

fn start(mut command: Command, role: &str, path: &Path) -> Child {
    command
        .env(ROLE, role)
        .env(PATH, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

fn child(role: &str, path: &Path) -> Child {
    let [program, arguments @ ..] = arguments();
    let mut command = Command::new(program);
    command.args(arguments);
    start(command, role, path)
}

/// The lines a child says to us; the test runner's own are left out.
fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let output = BufReader::new(child.stdout.take().unwrap());
    output.lines().map_while(Result::ok).filter_map(|line| {
        let (_, said) = line.split_once("said: ")?;
        Some(said.to_owned())
    })
}

fn say(text: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "said: {text}").unwrap();
    output.flush().unwrap();
}

/// The entry of a child process. Without a role it has nothing to do.
#[test]
fn child_process() {
    let Ok(role) = env::var(ROLE) else { return };
    let path = PathBuf::from(env::var_os(PATH).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match role.as_str() {
        "hold" => runtime.block_on(hold(&path)),
        "try" => say(&match runtime.block_on(SqliteBackend::open(&path)) {
            Ok(_) => "opened".to_owned(),
            Err(StoreError::Locked { .. }) => "locked".to_owned(),
            Err(other) => format!("{other:?}"),
        }),
        "files" => runtime.block_on(open_without_files(&path)),
        "commit" => runtime.block_on(commit_for_ever(&path)),
        other => panic!("no role {other}"),
    }
}

/// Has the store open until told to end.
async fn hold(path: &Path) {
    let s = Session::open(backend(path).await, &name("held")).await.unwrap();
    s.commit(put(Space::Device, b"", b"x")).await.unwrap();
    say("held");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

fn try_open(path: &Path) -> String {
    let mut child = child("try", path);
    let said = lines(&mut child).next().unwrap();
    child.wait().unwrap();
    said
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let mut holder = child("hold", &path);
    assert_eq!(lines(&mut holder).next().unwrap(), "held");
    let error = SqliteBackend::open(&path).await.unwrap_err();
    let path = path.canonicalize().unwrap();
    assert_eq!(error, StoreError::Locked { path: path.clone(), pid: Some(holder.id()) });
    assert!(
        error.to_string().contains(path.to_str().unwrap())
            && error.to_string().contains(&holder.id().to_string())
    );
    // SQLite refuses others as well, and they can tell that it is in use, not damaged.
    let other = rusqlite::Connection::open(&path).unwrap();
    let read = other.query_row("SELECT count(*) FROM item", [], |row| row.get::<_, i64>(0));
    assert_eq!(read.unwrap_err().sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy));
    drop(other);
    // A holder that dies, however, leaves the store free.
    holder.kill().unwrap();
    holder.wait().unwrap();
    let s = Session::open(backend(&path).await, &name("held")).await.unwrap();
    assert_eq!(s.get(Space::Device, b"").await.unwrap().as_deref(), Some(&b"x"[..]));
}

#[tokio::test]
async fn the_lock_is_not_lost_by_accident() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let shared = backend(&path).await;
    assert_eq!(try_open(&path), "locked");
    // A host that copies the folder closes a descriptor of each file.
    let backup = TempDir::new().unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), backup.path().join(file.file_name())).unwrap();
        assert_eq!(try_open(&path), "locked", "{file:?}");
    }
    // Nor is it the lock file alone that keeps others out, or the one name of the database.
    std::fs::hard_link(&path, dir.path().join("second.db")).unwrap();
    assert_eq!(try_open(&dir.path().join("second.db")), "locked");
    std::fs::rename(dir.path().join("wa.db-lock"), dir.path().join("kept")).unwrap();
    assert_eq!(try_open(&path), "locked");
    std::fs::rename(dir.path().join("kept"), dir.path().join("wa.db-lock")).unwrap();
    // A second opening in this process, given up again.
    drop(backend(&path).await);
    assert_eq!(try_open(&path), "locked");
    // Closed and opened at once: the end of the former thread must not take the new lock with it.
    for _ in 0..5 {
        let s = Session::open(shared.clone(), &name("s")).await.unwrap();
        s.commit(put(Space::Device, b"", &[1; 100_000])).await.unwrap();
    }
    drop(shared);
    let shared = backend(&path).await;
    assert_eq!(try_open(&path), "locked");
    drop(shared);
    assert!(wait_closed(LONG));
    assert_eq!(try_open(&path), "opened");
}

/// Another copy of the library in this process has locks of its own, and must not come in either.
#[tokio::test]
async fn a_second_opening_in_the_same_process_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db").parent().unwrap().canonicalize().unwrap().join("wa.db");
    let shared = backend(&path).await;
    let error = lock::take(&path).unwrap_err();
    assert_eq!(error, StoreError::Locked { path: path.clone(), pid: Some(std::process::id()) });
    assert!(error.to_string().contains("another copy of this library"), "{error}");
    assert_eq!(try_open(&path), "locked", "the attempt changes nothing");
    drop(shared);
    assert!(wait_closed(LONG));
    drop(lock::take(&path).unwrap());
    assert_eq!(try_open(&path), "opened");
}

#[tokio::test]
async fn a_store_that_is_removed_or_replaced_while_it_is_open() {
    for (how, file) in
        [("removed", "wa.db"), ("removed", "wa.db-log"), ("removed", "wa.db-lock"), ("replaced", "wa.db")]
    {
        let dir = TempDir::new().unwrap();
        let path = dir.path().canonicalize().unwrap().join("wa.db");
        let s = Session::open(backend(&path).await, &name("s")).await.unwrap();
        s.commit(put(Space::Device, b"", b"x")).await.unwrap();
        let file = dir.path().join(file);
        if how == "replaced" {
            std::fs::write(dir.path().join("other"), "another").unwrap();
            std::fs::rename(dir.path().join("other"), &file).unwrap();
        } else {
            std::fs::remove_file(&file).unwrap();
        }
        let late = s.commit(put(Space::Device, b"", b"y")).await;
        assert_eq!(late, Err(StoreError::Removed { path: path.clone() }), "{file:?} {how}");
        // Neither the one that came in its place is touched.
        drop(s);
        assert!(wait_closed(LONG));
        if how == "replaced" {
            assert_eq!(std::fs::read(&file).unwrap(), b"another");
        }
    }
}

#[test]
fn files_are_private_under_any_umask() {
    for umask in ["0000", "0777"] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("wa.db");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("umask {umask}; exec \"$@\"")).arg("sh").args(arguments());
        let mut holder = start(shell, "hold", &path);
        assert_eq!(lines(&mut holder).next().unwrap(), "held", "umask {umask}");
        assert_eq!(mode(&path), 0o600, "umask {umask}");
        assert_eq!(mode(&dir.path().join("wa.db-wal")), 0o600, "umask {umask}");
        assert_eq!(mode(&dir.path().join("wa.db-log")), 0o600, "umask {umask}");
        assert_eq!(mode(&dir.path().join("wa.db-lock")), 0o600, "umask {umask}");
        holder.kill().unwrap();
        holder.wait().unwrap();
    }
}

#[tokio::test]
async fn a_file_that_must_not_be_written() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    drop(Session::open(backend(&path).await, &name("s")).await.unwrap());
    assert!(wait_closed(LONG));
    let [program, arguments @ ..] = arguments();
    let mut command = Command::new(program);
    command.args(arguments);
    if rustix::process::geteuid().is_root() {
        // Root may write anything: another user tries.
        const NOBODY: u32 = 65534;
        for path in [dir.path(), &path, &dir.path().join("wa.db-lock")] {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        command.uid(NOBODY).gid(NOBODY);
    }
    std::fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    let mut child = start(command, "try", &path);
    let said = lines(&mut child).next().unwrap();
    child.wait().unwrap();
    assert!(said.starts_with("ReadOnly"), "{said}");
    assert_eq!(mode(&path), 0o400);
}

/// Opens the store with no file descriptor left, with one, and so on until it works.
async fn open_without_files(path: &Path) {
    let few = rustix::process::Rlimit { current: Some(64), maximum: Some(64) };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, few).unwrap();
    let mut taken: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
    for left in 0..10 {
        match SqliteBackend::open(path).await {
            Err(StoreError::TooManyFiles) => say(&format!("{left} too few")),
            Err(other) => say(&format!("{left} {other:?}")),
            Ok(_) => return say("enough"),
        }
        assert!(wait_closed(LONG));
        taken.pop();
    }
}

#[test]
fn too_many_open_files_are_named() {
    let dir = TempDir::new().unwrap();
    let mut child = child("files", &dir.path().join("wa.db"));
    let said: Vec<String> = lines(&mut child).collect();
    child.wait().unwrap();
    let (last, before) = said.split_last().unwrap();
    assert_eq!(last, "enough");
    assert!(before.len() > 1 && before.iter().all(|line| line.ends_with("too few")), "{before:?}");
}

fn batch(number: u64) -> Batch {
    let mut batch = Batch::new();
    for key in 0..KEYS {
        // Of several sizes, so that a batch spans pages.
        let value = number.to_be_bytes().repeat(1 + usize::from(key) * 40);
        batch.put(Space::Account, [key], value);
    }
    batch
}

/// The number of the batch that a session holds. Panics if it holds parts of several.
async fn whole_batch(s: &Session) -> u64 {
    let keys = (0..KEYS).map(|key| vec![key]).collect();
    let values = s.get_many(Space::Account, keys).await.unwrap();
    let Some(first) = &values[0] else {
        assert!(values.iter().all(Option::is_none), "half a batch");
        return 0;
    };
    let number = u64::from_be_bytes(first[..8].try_into().unwrap());
    for (key, value) in values.iter().enumerate() {
        let expected = number.to_be_bytes().repeat(1 + key * 40);
        assert_eq!(value.as_deref(), Some(expected.as_slice()), "half a batch");
    }
    number
}

/// Commits in several sessions at once and says each that was acknowledged, until killed.
async fn commit_for_ever(path: &Path) {
    let backend: Arc<dyn Backend> = backend(path).await;
    let work = (0..SESSIONS).map(|i| {
        let backend = backend.clone();
        async move {
            let s = Session::open(backend, &name(&i.to_string())).await.unwrap();
            let mut number = whole_batch(&s).await;
            loop {
                number += 1;
                s.commit(batch(number)).await.unwrap();
                say(&format!("{i} {number}"));
            }
        }
    });
    futures_util::future::join_all(work).await;
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_nothing_acknowledged_and_leaves_whole_batches() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wa.db");
    let mut acknowledged: HashMap<String, u64> = HashMap::new();
    for _ in 0..15 {
        let mut child = child("commit", &path);
        let lines = lines(&mut child);
        let enough = u16::from_be_bytes(random_array(&mut OsRandom)) % 300;
        for (count, line) in lines.enumerate() {
            if count == usize::from(enough) {
                child.kill().unwrap();
            }
            // Lines that are still in the pipe after the kill were acknowledged before it.
            if let Some((session, number)) = line.split_once(' ')
                && let Ok(number) = number.parse()
            {
                acknowledged.insert(session.to_owned(), number);
            }
        }
        child.wait().unwrap();
        let shared: Arc<dyn Backend> = backend(&path).await;
        for i in 0..SESSIONS {
            let s = Session::open(shared.clone(), &name(&i.to_string())).await.unwrap();
            let stored = whole_batch(&s).await;
            let least = acknowledged.get(&i.to_string()).copied().unwrap_or(0);
            assert!(
                stored == least || stored == least + 1,
                "session {i}: {least} acknowledged, {stored} stored"
            );
            // The next one goes on from there, whether it was acknowledged or not.
            acknowledged.insert(i.to_string(), stored);
        }
        drop(shared);
        assert!(wait_closed(LONG));
    }
    assert!(acknowledged.values().all(|number| *number > 15), "{acknowledged:?}");
}
