//! Calls that need the C library: loading ours, processor time, and what the allocator holds.
#![expect(unsafe_code, reason = "calls of the C library")]

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};

use super::Failure;

/// Lets this process have as many files as it may: each session takes one.
pub(crate) fn many_files() -> Result<(), Failure> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

/// Measures the time it takes to load a library.
pub(crate) fn load(library: &Path) -> Result<Duration, Failure> {
    let name = CString::new(library.as_os_str().as_bytes())?;
    let start = Instant::now();
    // SAFETY: the name ends with a zero; the library's initialisers are Rust's own, which may run at any time.
    let loaded = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    let took = start.elapsed();
    if loaded.is_null() { Err(format!("{} cannot be loaded", library.display()).into()) } else { Ok(took) }
}

/// Bytes that the program holds of the allocator's, without what the allocator keeps for later.
pub(crate) fn allocated() -> u64 {
    // SAFETY: it takes nothing and only reads the allocator's own counters, under its locks.
    let info = unsafe { libc::mallinfo2() };
    (info.uordblks + info.hblkhd) as u64
}

/// Processor time that all threads of this process have taken, in the kernel too.
pub(crate) fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes one timespec, and there is one.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}
