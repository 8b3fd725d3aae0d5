//! The guard that every exported function runs in: nothing unwinds out of it,
//! nothing is printed, and a forked child is turned away.

use super::constants::wa_status;
use super::error::{ErrorObject, wa_error};
use super::{convert, fork, handle};
use crate::api::{Error, Status};
use std::cell::Cell;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A return type that has a value for "there is nothing": an invalid handle, a forked child, a panic.
pub(super) trait Nothing {
    const NOTHING: Self;
}

macro_rules! nothings {
    ($($type:ty = $value:expr;)+) => { $(impl Nothing for $type { const NOTHING: Self = $value; })+ };
}

nothings! {
    () = ();
    bool = false;
    i32 = 0;
    u32 = 0;
    i64 = 0;
    u64 = 0;
}

impl<T> Nothing for *const T {
    const NOTHING: Self = std::ptr::null();
}

impl<T> Nothing for *mut T {
    const NOTHING: Self = std::ptr::null_mut();
}

/// Runs a function that can fail in ways worth explaining. `error` is set to an error object, or to NULL.
///
/// # Safety
/// `error` is NULL or points to memory that may be written.
pub(super) unsafe fn fallible(
    error: *mut *mut wa_error,
    run: impl FnOnce() -> Result<(), Error>,
) -> wa_status {
    // SAFETY: passed on.
    unsafe { answering(error, || run().map(|()| Status::OK)) }
}

/// The same for a function that has several answers that are no errors.
///
/// # Safety
/// As [`fallible`].
pub(super) unsafe fn answering(
    error: *mut *mut wa_error,
    run: impl FnOnce() -> Result<Status, Error>,
) -> wa_status {
    // SAFETY: the caller's promise.
    unsafe { convert::put(error, std::ptr::null_mut()) };
    fork::watch();
    if fork::happened() {
        return Status::FORKED.code();
    }
    let failed = match caught(run) {
        Some(Ok(status)) => return status.code(),
        Some(Err(failed)) => failed,
        None => Error::plain(Status::PANIC),
    };
    let status = failed.status.code();
    if !error.is_null() {
        // Without a handle left, the status has to do.
        let made = caught(|| handle::insert(Arc::new(ErrorObject::new(failed))));
        if let Some(Ok(object)) = made {
            // SAFETY: the caller's promise.
            unsafe { convert::put(error, object) };
        }
    }
    status
}

/// Runs a function that answers a status without explanation.
pub(super) fn status(run: impl FnOnce() -> Result<(), Error>) -> wa_status {
    // SAFETY: NULL is always allowed.
    unsafe { fallible(std::ptr::null_mut(), run) }
}

/// Runs a function that reads something; where there is nothing to read, it gives the value for that.
pub(super) fn reading<T: Nothing>(run: impl FnOnce() -> Option<T>) -> T {
    if fork::happened() {
        return T::NOTHING;
    }
    caught(run).flatten().unwrap_or(T::NOTHING)
}

fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    // No thread waits for the first one: a child that is forked meanwhile would wait for ever. A panic of another thread in that
    // moment would be printed.
    if !SILENCED.load(Ordering::Relaxed) && !SILENCED.swap(true, Ordering::Relaxed) {
        silence();
    }
    INSIDE.with(|inside| {
        let outer = inside.replace(true);
        let _whole = (!outer).then(Uncancellable::begin);
        // State behind a handle is kept consistent by locks and is not looked at here after a panic.
        let result = catch_unwind(AssertUnwindSafe(run));
        inside.set(outer);
        result.ok()
    })
}

/// Keeps `pthread_cancel` from ending the thread within a call: unwinding through Rust would abort the process.
struct Uncancellable {
    before: c_int,
}

const PTHREAD_CANCEL_DISABLE: c_int = 1;

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
}

impl Uncancellable {
    fn begin() -> Self {
        let mut before = 0;
        // SAFETY: the state is a valid one, and `before` a local variable.
        unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &raw mut before) };
        Uncancellable { before }
    }
}

impl Drop for Uncancellable {
    fn drop(&mut self) {
        // SAFETY: the state is the one that was; NULL is allowed by the C library.
        unsafe { pthread_setcancelstate(self.before, std::ptr::null_mut()) };
    }
}

thread_local! {
    /// Set while this thread is in a call of the library.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

static SILENCED: AtomicBool = AtomicBool::new(false);

/// Keeps panics of the library's own threads, and of calls into it, from printing. Those of everything else in the process go to the
/// hook that was there before; as a shared library we have a hook of our own anyway.
fn silence() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let inside = INSIDE.try_with(Cell::get).unwrap_or(true);
        let ours = std::thread::current().name().is_some_and(|name| name.starts_with(crate::threads::PREFIX));
        if !inside && !ours {
            before(panic);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status_or_nothing() {
        let mut error = std::ptr::null_mut();
        // SAFETY: `error` is a local variable.
        let code = unsafe { fallible(&raw mut error, || panic!("not printed")) };
        assert_eq!(code, Status::PANIC.code());
        let object = handle::remove::<ErrorObject>(error).unwrap();
        assert_eq!(object.status(), Status::PANIC);
        assert_eq!(status(|| panic!("not printed")), Status::PANIC.code());
        assert_eq!(reading::<u64>(|| panic!("not printed")), 0);
        assert!(reading::<*const u8>(|| panic!("not printed")).is_null());
        assert_eq!(reading(|| Some(7u64)), 7);
    }
}
