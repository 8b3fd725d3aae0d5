//! The threads that run the sessions of the process: [`Runtime`].
//!
//! They are made with the first client and ended with the last: whoever holds a [`Lease`] keeps them. Each thread drives a scheduler of
//! its own, and a session stays on the thread that it was given: tokio's scheduler of several threads starts them by itself and
//! cannot be left again when the system refuses one.
//!
//! DisconnectReason them waits, for a bounded time and never on one of them, until all are gone, those of [`crate::threads::Pool`]s and stores
//! too. In a forked child the threads do not exist, so there they are left alone.

use crate::api::{Error, Status};
use crate::standard::Taken;
use crate::threads::{self, Pool};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The longest wait for the threads at the end of the runtime. Tasks end at their next await, jobs take milliseconds.
const END_LIMIT: Duration = Duration::from_secs(3);

/// Work that keeps a processor busy: key derivation and prekeys.
pub(crate) static COMPUTATIONS: Pool = Pool::new("compute", 4);

/// Does work that keeps a processor busy or waits for a disk on a thread of [`COMPUTATIONS`]; here, if the system refuses one.
pub(crate) async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (answer, answered) = oneshot::channel();
    let job = Box::new(move || drop(answer.send(work())));
    if let Err((job, _)) = COMPUTATIONS.submit(job) {
        job();
    }
    match answered.await {
        Ok(done) => done,
        Err(_) => panic!("the work died"),
    }
}

/// A share in the runtime.
pub type Lease = Arc<Runtime>;

/// The threads themselves; see [`lease`].
pub struct Runtime {
    workers: Vec<Worker>,
    /// Breaks when the last of the threads is done.
    ended: Mutex<mpsc::Receiver<()>>,
    process: u32,
}

/// A thread that runs sessions.
struct Worker {
    handle: Handle,
    /// The number of its sessions.
    sessions: Arc<AtomicUsize>,
    /// Ends it, by being dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

static CURRENT: Mutex<Weak<Runtime>> = Mutex::new(Weak::new());

/// Gives a share in the process's runtime, making it if there is none. `workers` counts only then; 0 means one for each core, at
/// most two.
///
/// # Errors
/// The system refuses a thread or a descriptor; nothing is left of the attempt then.
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
    let _taken = Taken::new();
    let workers = match workers {
        0 => std::thread::available_parallelism().map_or(1, |cores| cores.get().min(2)),
        given => given,
    };
    let runtime = Arc::new(Runtime::start(workers)?);
    *current = Arc::downgrade(&runtime);
    Ok(runtime)
}

impl Runtime {
    /// Starts so many threads. An error drops, and so ends, those that were started before it.
    fn start(workers: usize) -> Result<Self, Error> {
        let (alive, ended) = mpsc::channel();
        let process = std::process::id();
        let mut runtime = Runtime { workers: Vec::with_capacity(workers), ended: Mutex::new(ended), process };
        let started = (0..workers).try_for_each(|_| {
            runtime.workers.push(Worker::start(workers, alive.clone())?);
            Ok(())
        });
        drop(alive);
        started.map(|()| runtime)
    }

    /// A place for one more session, on the thread that has the fewest.
    pub(crate) fn place(&self) -> ThreadSlot {
        let fewest = self.workers.iter().min_by_key(|worker| worker.sessions.load(Ordering::Relaxed));
        // There is at least one worker.
        let worker = fewest.unwrap_or_else(|| unreachable!("a runtime without threads"));
        worker.sessions.fetch_add(1, Ordering::Relaxed);
        ThreadSlot { handle: worker.handle.clone(), sessions: Arc::clone(&worker.sessions) }
    }

    /// Returns whether the calling thread is one of these.
    fn is_here(&self) -> bool {
        let here = std::thread::current().id();
        self.workers
            .iter()
            .filter_map(|worker| worker.thread.as_ref())
            .any(|thread| thread.thread().id() == here)
    }
}

impl Worker {
    fn start(workers: usize, alive: mpsc::Sender<()>) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build().map_err(|error| {
            let files =
                [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE].map(|errno| Some(errno.raw_os_error()));
            if files.contains(&error.raw_os_error()) {
                Error::plain(Status::TOO_MANY_FILES)
            } else {
                Error::new(Status::SYSTEM, format!("the library's threads could not be started: {error}"))
            }
        })?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let work = move || {
            // Dropped last, whatever happens.
            let _alive = alive;
            threads::mark_worker(workers);
            // An error is what is waited for.
            let _ = runtime.block_on(stopped);
            drop(runtime);
        };
        let thread = threads::spawn("worker", threads::WORKER_STACK, work)
            .map_err(|error| Error::new(Status::SYSTEM, threads::refused(&error)))?;
        Ok(Worker { handle, sessions: Arc::default(), stop: Some(stop), thread: Some(thread) })
    }
}

/// The place of a session on a thread; counted as one until it is dropped.
pub(crate) struct ThreadSlot {
    handle: Handle,
    sessions: Arc<AtomicUsize>,
}

impl ThreadSlot {
    /// Runs the session itself there, which gives the place back with its end.
    pub(crate) fn run(self, session: impl Future<Output = ()> + Send + 'static) {
        let handle = self.handle.clone();
        drop(handle.spawn(async move {
            session.await;
            drop(self);
        }));
    }

    /// Runs a task there.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // Nobody waits for it: what it has to say it says by itself.
        drop(self.handle.spawn(task));
    }
}

impl Drop for ThreadSlot {
    fn drop(&mut self) {
        self.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // The child of a fork has the memory but not the threads: waiting for them would never end.
            std::mem::forget(std::mem::take(&mut self.workers));
            return;
        }
        let on_a_worker = self.is_here();
        for worker in &mut self.workers {
            worker.stop = None;
        }
        // A task that dropped the last share cannot wait for the thread that it is on. They still end, only unobserved.
        if !on_a_worker {
            self.wait_ended();
        }
    }
}

impl Runtime {
    /// Waits for the threads, and then for those of the stores that their tasks were the last to use.
    fn wait_ended(&mut self) {
        let deadline = Instant::now() + END_LIMIT;
        let left = || deadline.saturating_duration_since(Instant::now());
        let over = loop {
            match self.ended.get_mut().recv_timeout(left()) {
                Ok(()) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break true,
                Err(mpsc::RecvTimeoutError::Timeout) => break false,
            }
        };
        if over {
            for thread in self.workers.iter_mut().filter_map(|worker| worker.thread.take()) {
                // Nothing panics there but tasks, which tokio catches.
                let _ = thread.join();
            }
        }
        // Computations that are not done by then end by themselves later.
        let _ = COMPUTATIONS.wait_idle(left());
        let _ = crate::net::wait_for_lookups(left());
        let _ = crate::store::sqlite::wait_closed(END_LIMIT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    /// The name of the thread that a task of this place runs on.
    fn name(place: &ThreadSlot) -> Option<String> {
        let (answer, answered) = mpsc::channel();
        place.spawn(async move {
            let _ = answer.send(std::thread::current().name().map(str::to_owned));
        });
        answered.recv_timeout(LIMIT).unwrap()
    }

    #[test]
    fn one_runtime_for_all_made_and_ended_on_demand() {
        // A place of its own, since other tests of this process use the common one.
        let current = Mutex::default();
        let first = lease_from(&current, 1).unwrap();
        let second = lease_from(&current, 7).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(first.workers.len(), 1);
        assert!(name(&first.place()).unwrap().starts_with(threads::PREFIX));

        // The last share may be dropped on one of its own threads.
        let place = first.place();
        let (gone, wait) = mpsc::channel();
        drop(second);
        place.spawn(async move {
            drop(first);
            let _ = gone.send(());
        });
        wait.recv_timeout(LIMIT).unwrap();

        let again = lease_from(&current, 2).unwrap();
        assert_eq!(again.workers.len(), 2);
        assert!(name(&again.place()).is_some());
        let weak = Arc::downgrade(&again);
        drop(again);
        assert!(weak.upgrade().is_none());
    }

    #[test]
    fn sessions_are_spread_over_the_threads() {
        let runtime = lease_from(&Mutex::default(), 3).unwrap();
        let counts = || {
            let counts = runtime.workers.iter().map(|worker| worker.sessions.load(Ordering::Relaxed));
            counts.collect::<Vec<_>>()
        };
        let mut places: Vec<ThreadSlot> = (0..9).map(|_| runtime.place()).collect();
        assert_eq!(counts(), [3, 3, 3]);
        places.retain(|place| !Arc::ptr_eq(&place.sessions, &runtime.workers[1].sessions));
        assert_eq!(counts(), [3, 0, 3]);
        places.extend((0..3).map(|_| runtime.place()));
        assert_eq!(counts(), [3, 3, 3]);
    }
}
