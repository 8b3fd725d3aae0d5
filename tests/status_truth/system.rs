//! Faults that only the system can cause: files, room, threads; and a forked child.

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::calls::WITH_NOTHING;

/// Sets a limit of the process for the time of a call.
fn limited<T>(resource: Resource, limit: u64, call: impl FnOnce() -> T) -> T {
    let before = getrlimit(resource);
    setrlimit(resource, Rlimit { current: Some(limit), ..before }).unwrap();
    let result = call();
    setrlimit(resource, before).unwrap();
    result
}

/// Runs a call for which there is no file descriptor.
pub(crate) fn without_descriptors<T>(call: impl FnOnce() -> T) -> T {
    limited(Resource::Nofile, 0, call)
}

/// Runs a call during which no file can be written: it may have no bytes.
pub(crate) fn without_room<T>(call: impl FnOnce() -> T) -> T {
    // SAFETY: to ignore a signal touches nothing else.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    limited(Resource::Fsize, 0, call)
}

/// Lets the process have as many descriptors as it may.
pub(crate) fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

/// Locks a whole file for this opening of it, as the store of another process does.
pub(crate) fn lock(file: &File) {
    let lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    // SAFETY: the descriptor is open, and the lock a local variable.
    let locked = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) };
    assert_eq!(locked, 0, "the file cannot be locked");
}

static THREADS_REFUSED: AtomicBool = AtomicBool::new(false);

/// Runs a call during which no thread can be started.
pub(crate) fn without_threads<T>(call: impl FnOnce() -> T) -> T {
    THREADS_REFUSED.store(true, Ordering::SeqCst);
    let result = call();
    THREADS_REFUSED.store(false, Ordering::SeqCst);
    result
}

type Create = unsafe extern "C" fn(
    *mut libc::pthread_t,
    *const libc::pthread_attr_t,
    *mut c_void,
    *mut c_void,
) -> c_int;

/// Takes the place of the C library's function for this whole process.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut libc::pthread_t,
    attributes: *const libc::pthread_attr_t,
    start: *mut c_void,
    argument: *mut c_void,
) -> c_int {
    if THREADS_REFUSED.load(Ordering::SeqCst) {
        return libc::EAGAIN;
    }
    // SAFETY: the name is a text of C; what it finds is the function behind this one, which has its type.
    unsafe {
        let real = libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr());
        std::mem::transmute::<*mut c_void, Create>(real)(thread, attributes, start, argument)
    }
}

/// Returns what each function answers in a forked child of this process.
pub(crate) fn answers_in_a_forked_child() -> Vec<(&'static str, i32)> {
    let (from, to) = std::io::pipe().unwrap();
    // SAFETY: the child calls the library, which takes no lock there, writes and ends.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "this process cannot be forked");
    if child == 0 {
        for (_, call) in WITH_NOTHING {
            let answer = call().to_ne_bytes();
            // SAFETY: these are as many bytes.
            unsafe { libc::write(to.as_raw_fd(), answer.as_ptr().cast(), answer.len()) };
        }
        // SAFETY: always allowed.
        unsafe { libc::_exit(0) };
    }
    drop(to);
    let mut answers = Vec::new();
    { from }.read_to_end(&mut answers).unwrap();
    let mut end = 0;
    // SAFETY: the child is this process's own, and `end` a local variable.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut end, 0) }, child);
    assert_eq!((end, answers.len()), (0, 4 * WITH_NOTHING.len()));
    let codes = answers.chunks(4).map(|bytes| i32::from_ne_bytes(bytes.try_into().unwrap()));
    WITH_NOTHING.iter().map(|(function, _)| *function).zip(codes).collect()
}
