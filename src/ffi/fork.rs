//! Knows whether this process is a forked child of the one that uses the library.
//!
//! The child has a copy of the memory but none of the threads, and any lock may be held by a thread that does not exist there. So
//! every function asks here first, before it takes a lock, at the price of reading one flag. The system sets the flag, in the
//! child, on every fork after the first handle was made; a process that forks before that may use the library on both sides.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static FORKED: AtomicBool = AtomicBool::new(false);
static WATCH: Once = Once::new();

extern "C" fn in_the_child() {
    FORKED.store(true, Ordering::Relaxed);
}

/// Begins to watch for forks; cheap when done already.
pub(super) fn watch() {
    if cfg!(miri) {
        return;
    }
    WATCH.call_once(|| {
        // SAFETY: the handler only stores to an atomic, which is allowed between fork and exec; it is never unregistered, and the
        // library is never unloaded (it is linked with `-z nodelete`). Failure means no memory: then forks go unnoticed, as in a
        // process that does not fork.
        let _ = unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
    });
}

/// Whether the handles were made in another process.
pub(super) fn happened() -> bool {
    FORKED.load(Ordering::Relaxed)
}
