//! Jobs that keep a thread waiting or busy: [`Pool`].

use super::{JOB_STACK, spawn};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

/// Something to be done on a thread of a pool.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// A bounded number of threads that do jobs. A thread lives as long as there is a job for it: to start one costs far less than any job
/// here, and no idle thread is left behind.
pub(crate) struct Pool {
    name: &'static str,
    max: usize,
    /// Held for moments only, and while a thread is started.
    state: Mutex<State>,
    /// Told whenever a thread has done its last job.
    ended: Condvar,
}

struct State {
    waiting: VecDeque<Job>,
    threads: Vec<Thread>,
}

struct Thread {
    handle: JoinHandle<()>,
    /// It is past its last job.
    done: bool,
}

impl Pool {
    /// A pool of at most `max` threads.
    pub(crate) const fn new(name: &'static str, max: usize) -> Self {
        let state = State { waiting: VecDeque::new(), threads: Vec::new() };
        Pool { name, max, state: Mutex::new(state), ended: Condvar::new() }
    }

    /// Has a job done on a thread of the pool, as soon as one is free. A job that panics ends alone.
    ///
    /// # Errors
    /// The system refuses a thread; the job comes back.
    pub(crate) fn submit(&'static self, job: Job) -> Result<(), (Job, io::Error)> {
        let mut state = self.state.lock();
        reap(&mut state.threads);
        state.waiting.push_back(job);
        if state.threads.len() >= self.max {
            return Ok(());
        }
        match spawn(self.name, JOB_STACK, move || self.serve()) {
            Ok(handle) => {
                state.threads.push(Thread { handle, done: false });
                Ok(())
            }
            Err(error) => match state.waiting.pop_back() {
                Some(job) => Err((job, error)),
                // Nobody takes a job while the lock is held here.
                None => Ok(()),
            },
        }
    }

    /// Waits until no job is left and the threads have ended, at most for `limit`. Returns whether that is so.
    pub(crate) fn wait_idle(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.state.lock();
        loop {
            reap(&mut state.threads);
            if state.threads.is_empty() {
                return true;
            }
            if self.ended.wait_until(&mut state, deadline).timed_out() {
                reap(&mut state.threads);
                return state.threads.is_empty();
            }
        }
    }

    /// The life of a thread.
    fn serve(&self) {
        loop {
            let mut state = self.state.lock();
            let Some(job) = state.waiting.pop_front() else {
                let this: ThreadId = thread::current().id();
                if let Some(thread) =
                    state.threads.iter_mut().find(|thread| thread.handle.thread().id() == this)
                {
                    thread.done = true;
                }
                self.ended.notify_all();
                return;
            };
            drop(state);
            // The waiter learns from what the job drops.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    }
}

/// Joins the threads that are done. They have nothing left to do but to return.
fn reap(threads: &mut Vec<Thread>) {
    for thread in threads.extract_if(.., |thread| thread.done) {
        // A panic was caught before.
        let _ = thread.handle.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn jobs_are_done_by_few_threads_which_end_with_the_last_job() {
        static POOL: Pool = Pool::new("test", 2);
        let limit = Duration::from_secs(60);
        let (sender, receiver) = mpsc::channel();
        for number in 0..50 {
            let sender = sender.clone();
            let job = move || {
                assert!(number != 7, "a job that panics takes nobody with it");
                sender.send((number, thread::current().id())).unwrap();
            };
            assert!(POOL.submit(Box::new(job)).is_ok());
        }
        drop(sender);
        let mut done: Vec<_> = receiver.iter().collect();
        assert!(POOL.wait_idle(limit));
        assert!(POOL.state.lock().threads.is_empty());
        done.sort_unstable_by_key(|(number, _)| *number);
        assert_eq!(
            done.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
            (0..50).filter(|n| *n != 7).collect::<Vec<_>>()
        );
    }
}
