//! Queue objects: where events wait for the host.

use super::constants::wa_status;
use super::error::wa_error;
use super::event::{EventObject, wa_event};
use super::{convert, guard, handle};
use crate::api::{Error, Status};
use crate::client::queue::{Polled, Queue};
use std::ffi::c_int;
use std::sync::Arc;
use std::time::Duration;

/// The place where events wait to be taken. Every client has one: its own, or
/// one that it shares with other clients.
///
/// A shared queue is made with wa_queue_new() and freed with wa_queue_free();
/// it may serve thousands of clients and gives each its turn. It may be freed
/// before its clients, which then talk to nobody. A client's own queue is
/// borrowed with wa_client_queue() and goes with the client.
///
/// Threads: any function from any thread, also while others wait in
/// wa_queue_poll(); each event goes to one of them.
pub struct wa_queue(());

pub(super) struct QueueObject {
    pub(super) queue: Arc<Queue>,
    /// Set if it belongs to a client and goes with it.
    pub(super) borrowed: bool,
}

/// Makes a queue that clients can share.
///
/// @param queue where the new queue is put. The caller owns it and frees it
/// with wa_queue_free().
/// @return WA_OK; WA_ERROR_INVALID_ARGUMENT; WA_ERROR_TOO_MANY_HANDLES.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_queue_new(queue: *mut *mut wa_queue, error: *mut *mut wa_error) -> wa_status {
    // SAFETY: `queue` and `error` are NULL or writable.
    unsafe {
        guard::fallible(error, || {
            convert::wanted(queue, "queue")?;
            let made = handle::insert(Arc::new(QueueObject { queue: Queue::shared(), borrowed: false }))?;
            convert::put(queue, made);
            Ok(())
        })
    }
}

/// Takes the next event, waiting for one if there is none.
///
/// Events of one client come in the order in which they happened; between
/// clients nothing is promised, except that none waits for ever while others
/// talk.
///
/// @param queue a shared queue, or a client's own.
/// @param timeout_ms how long to wait, in milliseconds: 0 does not wait, -1
/// waits on.
/// @param event where the event is put. The caller owns it and frees it with
/// wa_event_free(). Written on WA_OK only.
/// @return WA_OK: an event was taken; WA_TIMEOUT: none came in time; WA_WOKEN:
/// wa_queue_wake() was called; WA_CLOSED: all events are taken and none will
/// come any more, or the queue was freed during the wait;
/// WA_ERROR_INVALID_HANDLE; WA_ERROR_INVALID_ARGUMENT: NULL or a time-out below
/// -1; WA_ERROR_TOO_MANY_HANDLES: the event is lost to this run of the program,
/// and comes again later if it is a durable one.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_queue_poll(
    queue: *mut wa_queue,
    timeout_ms: i32,
    event: *mut *mut wa_event,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: `event` and `error` are NULL or writable.
    unsafe {
        guard::answering(error, || {
            let queue = Arc::clone(&handle::get::<QueueObject>(queue)?.queue);
            poll(&queue, timeout_ms, event)
        })
    }
}

/// Polls, for this function and wa_poll_event.
///
/// # Safety `event` is NULL or writable.
pub(super) unsafe fn poll(
    queue: &Queue,
    timeout_ms: i32,
    event: *mut *mut wa_event,
) -> Result<Status, Error> {
    convert::wanted(event, "event")?;
    let timeout = match timeout_ms {
        -1 => None,
        wait => Some(Duration::from_millis(u64::try_from(wait).map_err(|_| {
            let text = "timeout_ms must be -1 (no limit), 0 (no wait) or a number of milliseconds";
            Error::new(Status::INVALID_ARGUMENT, text).with_key("timeout_ms")
        })?)),
    };
    match queue.poll(timeout) {
        Polled::Event(taken) => {
            let made = handle::insert(Arc::new(EventObject::new(*taken)))?;
            // SAFETY: the caller's promise.
            unsafe { convert::put(event, made) };
            Ok(Status::OK)
        }
        Polled::Timeout => Ok(Status::TIMEOUT),
        Polled::Woken => Ok(Status::WOKEN),
        Polled::Closed => Ok(Status::CLOSED),
    }
}

/// Gives a descriptor for select, poll, epoll, asyncio, Go's poller and the
/// like: it is readable exactly while wa_queue_poll() with time-out 0 would
/// answer something other than WA_TIMEOUT (level-triggered).
///
/// The descriptor belongs to the queue and goes with it. Wait for it to be
/// readable; do not read, write or close it. It is made by the first call and
/// stays the same.
///
/// @param queue a shared queue, or a client's own.
/// @return the descriptor; -1 for what is no queue, in a forked child, and when
/// the process has no descriptor left.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_queue_fd(queue: *mut wa_queue) -> c_int {
    guard::reading(|| {
        let queue = Arc::clone(&handle::get::<QueueObject>(queue).ok()?.queue);
        Some(Descriptor(queue.descriptor().ok()?))
    })
    .0
}

/// A descriptor, for which "nothing" is -1.
struct Descriptor(c_int);

impl guard::Nothing for Descriptor {
    const NOTHING: Self = Descriptor(-1);
}

/// Makes a wait in wa_queue_poll() or wa_poll_event() answer WA_WOKEN: one that
/// is under way, else the next one. Several calls before that count as one.
///
/// @param queue a shared queue, or a client's own.
/// @return WA_OK; WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_queue_wake(queue: *mut wa_queue) -> wa_status {
    guard::status(|| {
        handle::get::<QueueObject>(queue)?.queue.wake();
        Ok(())
    })
}

/// Frees a shared queue. Waiting polls answer WA_CLOSED, what still waits is
/// thrown away (durable events come again when their session is opened again),
/// and its clients go on without a listener until they are freed.
///
/// @param queue a queue of wa_queue_new(); NULL, freed and foreign ones, and a
/// client's own, are let pass.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_queue_free(queue: *mut wa_queue) {
    guard::reading(|| {
        if handle::get::<QueueObject>(queue).ok()?.borrowed {
            return None;
        }
        handle::remove::<QueueObject>(queue).ok()?.queue.close();
        Some(())
    });
}
