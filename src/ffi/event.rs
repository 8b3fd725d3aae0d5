//! Event objects: what every event has. The fields of single types are in `event_fields`.

use super::client::by_number;
use super::constants::wa_status;
use super::convert::{self, LentBuffers};
use super::{guard, handle};
use crate::api::{Error, Event, Keep, Status};
use std::ffi::c_char;

/// Something that happened, taken from a queue by wa_poll_event() or
/// wa_queue_poll().
///
/// The caller owns it and frees it with wa_event_free(). Type, name and JSON
/// serve every event; the further accessors say which types they serve and give
/// NULL, 0 or false for all others, so they may be called on any. Skip types
/// that you do not know: later versions bring more. An event outlives its
/// client and its queue.
///
/// Threads: an event belongs to one thread at a time. Text and bytes are
/// borrowed from it, valid until wa_event_free().
pub struct wa_event(());

pub(super) struct EventObject {
    pub(super) event: Event,
    pub(super) lent: LentBuffers,
}

impl EventObject {
    pub(super) fn new(event: Event) -> Self {
        EventObject { event, lent: LentBuffers::default() }
    }
}

/// Reads from an event.
pub(super) fn read<T: guard::Nothing>(
    event: *const wa_event,
    pick: impl FnOnce(&EventObject) -> Option<T>,
) -> T {
    guard::reading(|| pick(handle::get::<EventObject>(event).ok().as_ref()?))
}

/// Gives the type of an event, one of the constants WA_EVENT_*.
///
/// @return the type; 0, which no event has, for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_type(event: *const wa_event) -> u32 {
    read(event, |object| Some(object.event.kind().number()))
}

/// Gives the name of an event's type, such as "pairing.code".
///
/// @return text borrowed from the event, valid until wa_event_free(); NULL for
/// what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_name(event: *const wa_event) -> *const c_char {
    read(event, |object| Some(object.lent.text("name", || object.event.kind().name().to_owned()).0))
}

/// Gives a whole event as one JSON object; EVENTS.md describes the fields of
/// each type.
///
/// @param length where the length without the final NUL is put; may be NULL.
/// Written only when there is a text.
/// @return text borrowed from the event, valid until wa_event_free(); NULL for
/// what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_json(event: *const wa_event, length: *mut usize) -> *const c_char {
    read(event, |object| {
        let (start, count) = object.lent.text("json", || object.event.to_json());
        // SAFETY: `length` is NULL or writable.
        unsafe { convert::put(length, count) };
        Some(start)
    })
}

/// Gives the number of an event: strictly increasing for each client.
///
/// @return the number; 0 for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_id(event: *const wa_event) -> u64 {
    read(event, |object| Some(object.event.id))
}

/// Gives the number of the client that an event comes from: wa_client_id().
///
/// @return the number; 0 for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_client(event: *const wa_event) -> u64 {
    read(event, |object| Some(object.event.client))
}

/// Gives the number of the request that an event belongs to.
///
/// @return the number; 0 when it belongs to none, and for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_request(event: *const wa_event) -> u64 {
    read(event, |object| Some(object.event.request))
}

/// Gives the time at which an event happened.
///
/// @return milliseconds since 1970 UTC; 0 for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_time_ms(event: *const wa_event) -> i64 {
    read(event, |object| Some(object.event.time_ms))
}

/// Tells whether an event is durable: kept in the store until it is
/// acknowledged with wa_event_ack(), across runs of the program.
///
/// @return the answer; false for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_is_durable(event: *const wa_event) -> bool {
    read(event, |object| Some(object.event.body.keep() == Keep::Durable))
}

/// Tells whether an event is of an earlier run of the program, which did not
/// acknowledge it.
///
/// A `message` or a `receipt` is still to be handled. A `logged_out` or a
/// `restricted` tells of the past: acknowledge it, and go by
/// wa_client_is_linked() and by what this run's connection brings. If the
/// state still holds, an event that is not redelivered says so.
///
/// @return the answer; false for what is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_is_redelivered(event: *const wa_event) -> bool {
    read(event, |object| Some(object.event.redelivered))
}

/// Acknowledges an event: it need not come again. Call it when you have dealt
/// with the event. It returns at once; what it changes in the store may follow
/// a little later, so a crash right after it can still bring the event again.
/// Events that are not durable take it too and need it not.
///
/// @return WA_OK, also when repeated; WA_ERROR_CLIENT_CLOSED: the client is
/// gone, a durable event will come again; WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_ack(event: *mut wa_event) -> wa_status {
    guard::status(|| {
        let object = handle::get::<EventObject>(event)?;
        if object.event.body.keep() != Keep::Durable {
            return Ok(());
        }
        let client = by_number(object.event.client).ok_or_else(|| Error::plain(Status::CLIENT_CLOSED))?;
        client.ack(object.event.id);
        Ok(())
    })
}

/// Frees an event and what was borrowed from it. It does not acknowledge it.
///
/// @param event an event; NULL, freed and foreign ones are let pass.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_event_free(event: *mut wa_event) {
    guard::reading(|| handle::remove::<EventObject>(event).ok().map(drop));
}
