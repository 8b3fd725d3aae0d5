//! The files that this process has open: one backend per file, however many clients open it.

use super::SqliteBackend;
use super::commit_path::{Jobs, StoreShared};
use super::job::WorkerJob;
use super::{lock, recognise, worker};
use crate::store::StoreError;
use crate::threads;
use once_cell::sync::Lazy;
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Held for look-ups and for starting a thread, never across an await or file access.
static FILES: Lazy<Mutex<HashMap<PathBuf, OpenFile>>> = Lazy::new(Mutex::default);
/// Told whenever a file's thread is done.
static CLOSED: Condvar = Condvar::new();

struct OpenFile {
    backend: Weak<SqliteBackend>,
    thread: JoinHandle<()>,
    /// The thread is past all it does with the file.
    done: bool,
}

/// The backend of a resolved path, started if need be. Whether it could open the file is known later.
pub(super) fn get_or_start(path: PathBuf) -> Result<Arc<SqliteBackend>, StoreError> {
    let mut files = FILES.lock();
    if let Some(backend) = files.get(&path).and_then(|entry| entry.backend.upgrade()) {
        return Ok(backend);
    }
    reap(&mut files);
    // The file's former thread may still be closing it, and has its lock. The new one waits for it.
    let former = files.remove(&path).map(|entry| entry.thread);
    let (sender, queue) = mpsc::channel();
    let shared = Arc::new(StoreShared::default());
    let jobs = Jobs::new(sender, Arc::clone(&shared));
    let (report, opened) = watch::channel(None);
    let backend = Arc::new(SqliteBackend { path: path.clone(), jobs, opened });
    let work = {
        let path = path.clone();
        move || {
            if let Some(former) = former {
                // A thread that panicked has closed its file as well.
                let _ = former.join();
            }
            let _done = Done(path.clone());
            serve(&path, &queue, &shared, &report);
        }
    };
    let thread = threads::spawn("store", threads::JOB_STACK, work)
        .map_err(|error| StoreError::NoThread { what: threads::refused(&error) })?;
    files.insert(path, OpenFile { backend: Arc::downgrade(&backend), thread, done: false });
    Ok(backend)
}

/// The life of a file's thread.
fn serve(
    path: &Path,
    queue: &mpsc::Receiver<WorkerJob>,
    shared: &StoreShared,
    report: &watch::Sender<Option<Result<(), StoreError>>>,
) {
    let lock = match recognise::check(path).and_then(|()| lock::take(path)) {
        Ok(lock) => lock,
        Err(error) => {
            report.send_replace(Some(Err(error)));
            return;
        }
    };
    worker::run(path, lock, queue, shared, |result| {
        report.send_replace(Some(result));
    });
}

/// Marks a thread's entry as done, also when the thread panics.
struct Done(PathBuf);

impl Drop for Done {
    fn drop(&mut self) {
        let mut files = FILES.lock();
        if let Some(entry) = files.get_mut(&self.0)
            && entry.thread.thread().id() == thread::current().id()
        {
            entry.done = true;
        }
        CLOSED.notify_all();
    }
}

/// Joins the threads that are done. They have nothing left to do but to return.
fn reap(files: &mut HashMap<PathBuf, OpenFile>) {
    for (_, entry) in files.extract_if(|_, entry| entry.done) {
        let _ = entry.thread.join();
    }
}

/// Waits until every file that nobody uses any more is closed and its thread has ended, at most for `limit`. Says whether
/// that is so. Blocks: not for async threads.
pub fn wait_closed(limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    let mut files = FILES.lock();
    loop {
        reap(&mut files);
        if files.values().all(|entry| entry.backend.strong_count() > 0) {
            return true;
        }
        if CLOSED.wait_until(&mut files, deadline).timed_out() {
            return false;
        }
    }
}
