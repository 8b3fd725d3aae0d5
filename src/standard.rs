//! Descriptors 0, 1 and 2 are the host's, also while they are closed: nothing that the library opens has one of these numbers.
//!
//! The system gives the lowest number that is free. A host without standard descriptors, as daemons are, would get a file of the store or
//! the connection to the server as its standard output, and print into it. And when it puts a log of its own there (`dup2`), the system
//! would close what the library has there.
//!
//! A program would put `/dev/null` there for good. A guest does not: the host may count on it that the next file it opens becomes its
//! standard input, and a write to a descriptor that it has closed is to fail. So [`open`] does two things, and leaves nothing behind:
//!
//! - While something is opened ([`Taken`]), each of the numbers that is free has a descriptor that can neither be read nor written, so
//!   that not even for a moment what is opened has it. For the host it is as if it were closed.
//! - What gets one of the numbers all the same, as the host has closed it in that very moment, is moved to a higher one.
//!
//! The second alone would do for files and sockets, but for the moment in which another thread of the host prints. The first alone has to
//! do for what opens descriptors by itself: tokio's runtime, the system's look-up of names, and SQLite, which otherwise would leave
//! `/dev/null` there for good.

use parking_lot::Mutex;
use rustix::fs::{Mode, OFlags, fcntl_getfl};
use rustix::io::{Errno, fcntl_dupfd_cloexec, fcntl_getfd};
use rustix::stdio::{stderr, stdin, stdout};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};

/// The first number that is not the host's.
const FIRST: RawFd = 3;

static HELD: Mutex<Placeholders> = Mutex::new(Placeholders { users: 0, places: [None, None, None] });

/// The placeholders of closed descriptors.
struct Placeholders {
    /// The number of values of [`Taken`].
    users: usize,
    /// By number.
    places: [Option<OwnedFd>; FIRST as usize],
}

/// As long as it lives, what is opened on any thread gets none of the numbers, unless the host closes one meanwhile.
pub(crate) struct Taken(());

impl Taken {
    pub(crate) fn new() -> Self {
        let mut held = HELD.lock();
        held.users += 1;
        held.fill();
        Taken(())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut held = HELD.lock();
        held.users = held.users.saturating_sub(1);
        if held.users == 0 {
            held.release();
        }
    }
}

impl Placeholders {
    /// Takes the numbers that are free.
    fn fill(&mut self) {
        let is_closed = |descriptor: BorrowedFd<'_>| fcntl_getfd(descriptor) == Err(Errno::BADF);
        if ![stdin(), stdout(), stderr()].into_iter().any(is_closed) {
            return;
        }
        for _ in 0..FIRST {
            // If there is none, what is opened next is moved, or not opened either.
            let Ok(made) = rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) else {
                return;
            };
            let place = usize::try_from(made.as_raw_fd()).ok().and_then(|number| self.places.get_mut(number));
            let Some(place) = place else { return };
            if let Some(former) = place.replace(made) {
                // The host has closed it.
                leave(former);
            }
        }
    }

    /// Gives the numbers back. One that the host has put something else on by now stays open.
    fn release(&mut self) {
        for held in self.places.iter_mut().filter_map(Option::take) {
            match fcntl_getfl(&held) {
                Ok(flags) if flags.contains(OFlags::PATH) => drop(held),
                _ => leave(held),
            }
        }
    }
}

/// Forgets a descriptor that is not the library's any more.
fn leave(descriptor: OwnedFd) {
    let _: RawFd = descriptor.into_raw_fd();
}

/// Opens something that stays the library's own, whatever the host does with its standard descriptors.
pub(crate) fn open<T: AsFd + From<OwnedFd>>(open: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let _taken = Taken::new();
    let opened = open()?;
    if opened.as_fd().as_raw_fd() >= FIRST {
        return Ok(opened);
    }
    Ok(fcntl_dupfd_cloexec(&opened, FIRST)?.into())
}
