//! The one tokio runtime that all clients of the process share.
//!
//! It is made with the first client and ended with the last: whoever holds a [`Lease`] keeps it. Ending it waits, for a bounded
//! time and never on one of its own threads, until its threads are gone. In a forked child the threads do not exist, so there it is
//! left alone.

use crate::api::{Error, Status};
use once_cell::sync::Lazy;
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Beginning of the names of all threads of the runtime. Fifteen bytes of a name are visible to the system.
pub const THREAD_PREFIX: &str = "wa-";

/// How long the end of the runtime waits for its threads. Tasks end at their next await, blocking jobs take milliseconds.
const END_LIMIT: Duration = Duration::from_secs(3);

/// How many threads run blocking jobs (key derivation, store) at most beside the workers.
const BLOCKING_MAX: usize = 4;

/// A share in the runtime.
pub type Lease = Arc<Runtime>;

/// The runtime itself; see [`lease`].
pub struct Runtime {
    /// Taken out when it ends.
    inner: Option<tokio::runtime::Runtime>,
    process: u32,
}

static CURRENT: Lazy<Mutex<Weak<Runtime>>> = Lazy::new(Mutex::default);

/// Gives a share in the process's runtime, making it if there is none. `workers` counts only then; 0 means one for each core, at
/// most two.
pub fn lease(workers: usize) -> Result<Lease, Error> {
    lease_from(&CURRENT, workers)
}

fn lease_from(current: &Mutex<Weak<Runtime>>, workers: usize) -> Result<Lease, Error> {
    let mut current = current.lock();
    if let Some(runtime) = current.upgrade() {
        return if runtime.process == std::process::id() {
            Ok(runtime)
        } else {
            Err(Error::plain(Status::FORKED))
        };
    }
    let workers = match workers {
        0 => std::thread::available_parallelism().map_or(1, |cores| cores.get().min(2)),
        given => given,
    };
    let inner = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(BLOCKING_MAX)
        .thread_keep_alive(Duration::from_secs(2))
        .thread_name(format!("{THREAD_PREFIX}worker"))
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| {
            let files =
                [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE].map(|errno| Some(errno.raw_os_error()));
            if files.contains(&error.raw_os_error()) {
                Error::plain(Status::TOO_MANY_FILES)
            } else {
                Error::new(Status::SYSTEM, format!("the library's threads could not be started: {error}"))
            }
        })?;
    let runtime = Arc::new(Runtime { inner: Some(inner), process: std::process::id() });
    *current = Arc::downgrade(&runtime);
    Ok(runtime)
}

impl Runtime {
    /// For spawning on it.
    pub fn handle(&self) -> &tokio::runtime::Handle {
        match &self.inner {
            Some(inner) => inner.handle(),
            // Only `drop` takes it out.
            None => unreachable!("a runtime that is being dropped is not reachable"),
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let Some(inner) = self.inner.take() else {
            return;
        };
        if self.process != std::process::id() {
            // The child of a fork has the memory but not the threads: waiting for them would never end.
            std::mem::forget(inner);
            return;
        }
        if tokio::runtime::Handle::try_current().is_err() {
            end(inner);
            return;
        }
        // A task of some runtime dropped the last share, and a runtime must not wait on a worker. Without a thread to wait on, its
        // threads still end, only unobserved.
        let shared = Arc::new(Mutex::new(Some(inner)));
        let handed = Arc::clone(&shared);
        let work = move || {
            if let Some(inner) = handed.lock().take() {
                end(inner);
            }
        };
        if std::thread::Builder::new().name(format!("{THREAD_PREFIX}end")).spawn(work).is_err()
            && let Some(inner) = shared.lock().take()
        {
            inner.shutdown_background();
        }
    }
}

/// Ends the runtime's threads, and then those of the stores that its tasks were the last to use.
fn end(inner: tokio::runtime::Runtime) {
    inner.shutdown_timeout(END_LIMIT);
    // What is not closed by then closes itself later.
    let _ = crate::store::sqlite::wait_closed(END_LIMIT);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_runtime_for_all_made_and_ended_on_demand() {
        // A place of its own, since other tests of this process use the common one.
        let current = Mutex::default();
        let first = lease_from(&current, 1).unwrap();
        let second = lease_from(&current, 7).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(first.handle().metrics().num_workers(), 1);
        let name = first.handle().spawn(async { std::thread::current().name().map(str::to_owned) });
        let name = first.handle().block_on(name).unwrap();
        assert!(name.unwrap().starts_with(THREAD_PREFIX));

        // The last share may be dropped on one of its own workers.
        let handle = first.handle().clone();
        let (gone, wait) = std::sync::mpsc::channel();
        drop(second);
        handle.spawn(async move {
            drop(first);
            let _ = gone.send(());
        });
        wait.recv_timeout(Duration::from_secs(10)).unwrap();

        let again = lease_from(&current, 2).unwrap();
        assert_eq!(again.handle().metrics().num_workers(), 2);
        assert_eq!(again.handle().block_on(async { 7 }), 7);
        let weak = Arc::downgrade(&again);
        drop(again);
        assert!(weak.upgrade().is_none());
    }
}
