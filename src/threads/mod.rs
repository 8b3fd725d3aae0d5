//! The threads of the library: [`spawn`] is the one place where any of them is started.
//!
//! A library that is a guest in a process takes none of its host's signals. A new thread inherits the mask of the thread that starts
//! it, so every signal is blocked there while the system makes the thread: it never runs with any of them open. A write to a lost
//! connection or beyond a limit of file sizes then is an error of that write, and cannot end the process.
//!
//! A signal that the system forces upon a thread, SIGSEGV after a fault or SIGSYS by a seccomp filter, cannot be put off: since it is
//! blocked, it ends the process without a call of the host's handler. The header says so.
//!
//! A thread's stack has the size given here, whatever the environment says.

mod pool;

use nix::sys::signal::{SigSet, SigmaskHow};
use std::cell::Cell;
use std::io;
use std::thread::JoinHandle;

pub(crate) use pool::Pool;

/// Beginning of the names of all threads of the library. Fifteen bytes of a name are visible to the system.
pub(crate) const PREFIX: &str = "wa-";

/// The stack of a thread that runs sessions.
pub(crate) const WORKER_STACK: usize = 2 * 1024 * 1024;

/// The stack of a thread with one job: SQLite, key derivation, the system's look-up of names.
pub(crate) const JOB_STACK: usize = 512 * 1024;

/// Starts a thread on which every signal is blocked.
///
/// # Errors
/// The system refuses another thread.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    stack: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let _blocked = Blocked::all()?;
    std::thread::Builder::new().name(format!("{PREFIX}{name}")).stack_size(stack).spawn(work)
}

/// Returns the text for the host when the system refuses a thread.
pub(crate) fn refused(error: &io::Error) -> String {
    format!(
        "the system refused a thread ({error}): raise the limit of processes and threads (ulimit -u, TasksMax, pids.max) or of \
         memory (ulimit -v, memory.max), or set runtime.workers to 1"
    )
}

/// All signals blocked on this thread until the value is dropped.
struct Blocked {
    before: SigSet,
}

impl Blocked {
    fn all() -> io::Result<Self> {
        let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
        Ok(Blocked { before })
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // A mask that came from the system is a valid one.
        let _ = self.before.thread_set_mask();
    }
}

thread_local! {
    /// The number of threads that run sessions beside this one, which is one of them itself; 0 on any other thread.
    static WORKERS_BESIDE: Cell<usize> = const { Cell::new(0) };
}

/// Notes that this thread runs sessions, as one of so many.
pub(crate) fn mark_worker(workers: usize) {
    WORKERS_BESIDE.set(workers.saturating_sub(1));
}

/// Returns whether this thread runs sessions and others go on while it waits for the disk.
pub(crate) fn others_go_on() -> bool {
    WORKERS_BESIDE.get() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_starts_with_every_signal_blocked_and_leaves_the_starter_as_it_was() {
        let before = SigSet::thread_get_mask().unwrap();
        let inside = spawn("mask", JOB_STACK, || SigSet::thread_get_mask().unwrap()).unwrap().join().unwrap();
        // The system blocks neither of these.
        let never = [nix::sys::signal::SIGKILL, nix::sys::signal::SIGSTOP];
        for signal in nix::sys::signal::Signal::iterator().filter(|signal| !never.contains(signal)) {
            assert!(inside.contains(signal), "{signal} is open");
        }
        assert_eq!(SigSet::thread_get_mask().unwrap(), before);
    }
}
