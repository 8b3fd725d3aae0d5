//! Knows whether this process is a forked child of the one that uses the library.
//!
//! The child has a copy of the memory but none of the threads, and any lock may be held by a thread that does not exist there. So
//! every function asks here first, before it takes a lock, at the price of reading two bytes.
//!
//! Two signs are watched, from the first call on that may take a lock; a process that forks before that may use the library on both
//! sides. `fork` runs our handler in the child, which also gives up what the stores are locked with. And on Linux a page that the system
//! empties in every child gives away those that were made without the C library's `fork`.
//!
//! A process may be forked by one thread while another makes that first call. Nothing here is waited for, then: whoever finds a part
//! of the watch missing makes it himself, and a child that was forked before the watch was complete begins one of its own. No lock is
//! taken in the library before it is complete, so none is held there.

use crate::store::sqlite;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, Ordering};

/// The watch is complete. A child of a process where it was not inherits that.
static WATCHED: AtomicBool = AtomicBool::new(false);
static FORKED: AtomicBool = AtomicBool::new(false);
static HANDLER: AtomicBool = AtomicBool::new(false);

/// A byte that is 1 in the process that watches and 0 in its children; NULL where there is no such thing.
static WITNESS: AtomicPtr<AtomicU8> = AtomicPtr::new(null_mut());

extern "C" fn before_it() {
    sqlite::fork_begins();
}

extern "C" fn in_the_parent() {
    sqlite::fork_ends();
}

extern "C" fn in_the_child() {
    if WATCHED.load(Ordering::SeqCst) {
        FORKED.store(true, Ordering::SeqCst);
    }
    // Else the child would keep the stores locked after its parent's end. The files that own these are never dropped here.
    sqlite::forked(|descriptor| {
        // SAFETY: the descriptor is the library's, and nothing in this process uses it any more.
        unsafe { libc::close(descriptor) };
    });
}

/// Begins to watch for forks, and does what else comes first; cheap when done already.
pub(super) fn watch() {
    if !WATCHED.load(Ordering::Acquire) {
        begin();
    }
}

#[cold]
fn begin() {
    if cfg!(miri) {
        return;
    }
    if !HANDLER.load(Ordering::SeqCst) {
        // SAFETY: the handlers only use atomics and close files, which is allowed between fork and exec; they are never unregistered,
        // and the library is never unloaded (it is linked with `-z nodelete`). Failure means no memory: then the page has to do. Two
        // threads may register them at once: they do no more when they run twice.
        let _ = unsafe { libc::pthread_atfork(Some(before_it), Some(in_the_parent), Some(in_the_child)) };
        HANDLER.store(true, Ordering::SeqCst);
    }
    // Whoever uses SQLite has been here before; it does no more when it is done twice. In tests, others may be about to begin.
    #[cfg(all(target_os = "linux", not(test)))]
    super::sqlite_memory::install();
    #[cfg(target_os = "linux")]
    {
        if WITNESS.load(Ordering::SeqCst).is_null()
            && let Some(page) = wiped_page()
            && WITNESS
                .compare_exchange(null_mut(), page.as_ptr(), Ordering::SeqCst, Ordering::SeqCst)
                .is_err()
        {
            // SAFETY: another thread was first, and nobody knows this page.
            unsafe { libc::munmap(page.as_ptr().cast(), PAGE) };
        }
        if let Some(byte) = NonNull::new(WITNESS.load(Ordering::SeqCst)) {
            // SAFETY: the byte is ours, mapped for good, and an atomic byte is a byte.
            unsafe { byte.as_ref() }.store(1, Ordering::SeqCst);
        }
    }
    WATCHED.store(true, Ordering::SeqCst);
}

/// Returns whether the handles were made in another process.
pub(super) fn happened() -> bool {
    if !WATCHED.load(Ordering::Acquire) {
        return false;
    }
    let witness = NonNull::new(WITNESS.load(Ordering::Acquire));
    // SAFETY: once set it points to a byte that stays mapped.
    let wiped = witness.is_some_and(|byte| unsafe { byte.as_ref() }.load(Ordering::Relaxed) == 0);
    wiped || FORKED.load(Ordering::Relaxed)
}

/// Its size.
#[cfg(target_os = "linux")]
const PAGE: usize = 4096;

/// A page of memory that is all zero in every forked child.
#[cfg(target_os = "linux")]
fn wiped_page() -> Option<NonNull<AtomicU8>> {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping, at a place of the system's choice, touches nothing that exists.
    let page = unsafe { libc::mmap(null_mut(), PAGE, access, kind, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the page is ours. Systems before Linux 4.14 refuse, and then it is given back.
    unsafe {
        if libc::madvise(page, PAGE, libc::MADV_WIPEONFORK) != 0 {
            libc::munmap(page, PAGE);
            return None;
        }
    }
    NonNull::new(page.cast())
}
