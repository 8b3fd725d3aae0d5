//! Knows whether this process is a forked child of the one that uses the library.
//!
//! The child has a copy of the memory but none of the threads, and any lock may be held by a thread that does not exist there. So
//! every function asks here first, before it takes a lock, at the price of reading two bytes.
//!
//! Two signs are watched, from the first handle on; a process that forks before that may use the library on both sides. `fork` runs
//! our handler in the child. And on Linux a page that the system empties in every child gives away those that were made without
//! the C library's `fork`.

use std::ptr::{NonNull, null_mut};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, Ordering};

static FORKED: AtomicBool = AtomicBool::new(false);
static WATCH: Once = Once::new();

/// A byte that is 1 in the process that began to watch and 0 in its children; NULL where there is no such thing.
static WITNESS: AtomicPtr<AtomicU8> = AtomicPtr::new(null_mut());

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
        // library is never unloaded (it is linked with `-z nodelete`). Failure means no memory: then the page has to do.
        let _ = unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
        #[cfg(target_os = "linux")]
        if let Some(byte) = wiped_page() {
            // SAFETY: the byte is ours, mapped for good, and an atomic byte is a byte.
            unsafe { byte.as_ref() }.store(1, Ordering::Relaxed);
            WITNESS.store(byte.as_ptr(), Ordering::Release);
        }
    });
}

/// Whether the handles were made in another process.
pub(super) fn happened() -> bool {
    let witness = NonNull::new(WITNESS.load(Ordering::Acquire));
    // SAFETY: once set it points to a byte that stays mapped.
    let wiped = witness.is_some_and(|byte| unsafe { byte.as_ref() }.load(Ordering::Relaxed) == 0);
    wiped || FORKED.load(Ordering::Relaxed)
}

/// A page of memory that is all zero in every forked child.
#[cfg(target_os = "linux")]
fn wiped_page() -> Option<NonNull<AtomicU8>> {
    const SIZE: usize = 4096;
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping, at a place of the system's choice, touches nothing that exists.
    let page = unsafe { libc::mmap(null_mut(), SIZE, access, kind, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the page is ours. Systems before Linux 4.14 refuse, and then it is given back.
    unsafe {
        if libc::madvise(page, SIZE, libc::MADV_WIPEONFORK) != 0 {
            libc::munmap(page, SIZE);
            return None;
        }
    }
    NonNull::new(page.cast())
}
