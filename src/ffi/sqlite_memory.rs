//! SQLite's memory, wiped when it is given back: its pages and statements hold keys of stores that are not sealed.

use rusqlite::ffi::{SQLITE_CONFIG_MALLOC, SQLITE_OK, sqlite3_config, sqlite3_mem_methods};
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

/// Room in front of each allocation, for its size. It keeps the alignment of `malloc`.
const FRONT: usize = 16;

/// Has SQLite use this memory. To be called before SQLite is used; after that it changes nothing.
#[cfg_attr(test, expect(dead_code, reason = "only the library itself knows that nobody has begun"))]
pub(super) fn install() {
    let methods = sqlite3_mem_methods {
        xMalloc: Some(allocate),
        xFree: Some(free),
        xRealloc: Some(reallocate),
        xSize: Some(size),
        xRoundup: Some(round_up),
        xInit: Some(begin),
        xShutdown: Some(end),
        pAppData: null_mut(),
    };
    // SAFETY: SQLite copies the methods. It refuses the call if it is in use already.
    let _ = unsafe { sqlite3_config(SQLITE_CONFIG_MALLOC, &raw const methods) };
}

unsafe extern "C" fn allocate(length: c_int) -> *mut c_void {
    let Some(whole) = usize::try_from(length).ok().and_then(|length| length.checked_add(FRONT)) else {
        return null_mut();
    };
    // SAFETY: any size is allowed.
    let start = unsafe { libc::malloc(whole) };
    if start.is_null() {
        return null_mut();
    }
    // SAFETY: there is room for the size in front, aligned as `malloc` aligns, and what is behind it is inside the allocation.
    unsafe {
        start.cast::<usize>().write(whole);
        start.byte_add(FRONT)
    }
}

/// Returns the start and the size of an allocation.
///
/// # Safety
/// `memory` came from [`allocate`] and was not freed.
unsafe fn whole(memory: *mut c_void) -> (*mut c_void, usize) {
    // SAFETY: the size stands in front of it.
    unsafe {
        let start = memory.byte_sub(FRONT);
        (start, start.cast::<usize>().read())
    }
}

unsafe extern "C" fn free(memory: *mut c_void) {
    if memory.is_null() {
        return;
    }
    // SAFETY: SQLite gives back what it got from here, once.
    unsafe {
        let (start, length) = whole(memory);
        libc::explicit_bzero(start, length);
        libc::free(start);
    }
}

unsafe extern "C" fn reallocate(memory: *mut c_void, length: c_int) -> *mut c_void {
    // SAFETY: SQLite gives what it got from here; both allocations are as long as is copied.
    unsafe {
        let grown = allocate(length);
        if !grown.is_null() && !memory.is_null() {
            let shorter = size(memory).min(length);
            grown.copy_from_nonoverlapping(memory, usize::try_from(shorter).unwrap_or(0));
            free(memory);
        }
        grown
    }
}

unsafe extern "C" fn size(memory: *mut c_void) -> c_int {
    if memory.is_null() {
        return 0;
    }
    // SAFETY: SQLite asks about what it got from here.
    let (_, length) = unsafe { whole(memory) };
    c_int::try_from(length - FRONT).unwrap_or(c_int::MAX)
}

unsafe extern "C" fn round_up(length: c_int) -> c_int {
    length.saturating_add(7) & !7
}

unsafe extern "C" fn begin(_: *mut c_void) -> c_int {
    SQLITE_OK
}

unsafe extern "C" fn end(_: *mut c_void) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_grows_shrinks_and_keeps_what_is_in_it() {
        // SAFETY: used as SQLite uses it.
        unsafe {
            let memory = allocate(10);
            assert_eq!(size(memory), 10);
            memory.cast::<u8>().write_bytes(7, 10);
            let grown = reallocate(memory, 5000);
            assert_eq!((size(grown), *grown.cast::<[u8; 10]>()), (5000, [7; 10]));
            let shrunk = reallocate(grown, 8);
            assert_eq!((size(shrunk), *shrunk.cast::<[u8; 8]>()), (8, [7; 8]));
            free(shrunk);
            free(null_mut());
            assert_eq!((size(null_mut()), round_up(9), round_up(16)), (0, 16, 16));
        }
    }
}
