//! Client objects: one for each session.

use super::config::{ConfigObject, wa_config};
use super::constants::wa_status;
use super::error::wa_error;
use super::event::wa_event;
use super::queue::{QueueObject, wa_queue};
use super::{convert, guard, handle, queue};
use crate::api::{Error, Status};
use crate::client::Client;
use once_cell::sync::Lazy;
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::ffi::c_char;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// One session: a device linked, or to be linked, to one WhatsApp account.
///
/// Made with wa_client_new(), stopped with wa_client_close(), freed with
/// wa_client_free(). Everything that happens to it comes as events out of its
/// queue. Each request returns at once with its number, and exactly one `result`
/// event answers that number.
///
/// Threads: any function from any thread. A call in progress keeps the client
/// alive while another thread frees it; a later call answers
/// WA_ERROR_INVALID_HANDLE.
pub struct wa_client(());

pub(super) struct ClientObject {
    client: Arc<Client>,
    /// The address of the own queue's handle, once it was asked for. Held for
    /// moments only.
    queue_handle: Mutex<Option<usize>>,
}

/// The longest wait of wa_client_free for the session's end, which includes
/// saving what is under way.
const FREE_LIMIT: Duration = Duration::from_secs(3);

const METHOD_MAX: usize = 128;
pub(super) const JSON_MAX: usize = 1 << 20;

/// The live clients by number, for events that are acknowledged.
static LIVE: Lazy<RwLock<HashMap<u64, Weak<Client>>>> = Lazy::new(RwLock::default);

/// The client of an event, while it lives.
pub(super) fn by_number(number: u64) -> Option<Arc<Client>> {
    LIVE.read().get(&number)?.upgrade()
}

fn find(client: *const wa_client) -> Result<Arc<Client>, Error> {
    handle::get::<ClientObject>(client).map(|object| Arc::clone(&object.client))
}

/// Runs what gives the number of a request, and puts that number out.
///
/// # Safety `request` and `error` are NULL or writable.
pub(super) unsafe fn asking(
    client: *mut wa_client,
    request: *mut u64,
    error: *mut *mut wa_error,
    ask: impl FnOnce(&Client) -> Result<u64, Error>,
) -> wa_status {
    // SAFETY: the caller's promise.
    unsafe {
        guard::fallible(error, || {
            let number = ask(find(client)?.as_ref())?;
            convert::put(request, number);
            Ok(())
        })
    }
}

/// Makes a client and opens its session in the store. Nothing goes over the
/// network before wa_client_connect().
///
/// The first client of the process starts the library's threads, the end of the
/// last one ends them.
///
/// @param config the configuration; the client copies it. NULL means all
/// defaults.
/// @param queue a queue to share, or NULL for a queue of the client's own.
/// @param client where the new client is put. The caller owns it and frees it
/// with wa_client_free().
/// @return WA_OK; WA_ERROR_INVALID_ARGUMENT: `client` is NULL, or `queue`
/// another client's own; WA_ERROR_INVALID_HANDLE for `config` or `queue`;
/// WA_ERROR_BAD_VALUE or WA_ERROR_INSECURE_URL: a value of the configuration
/// cannot be used here; WA_ERROR_CONFIG_CONFLICT; WA_ERROR_STORE_LOCKED:
/// another process uses the store; WA_ERROR_SESSION_IN_USE: another client of
/// this process uses the session; WA_ERROR_STORE, WA_ERROR_STORE_CORRUPT,
/// WA_ERROR_STORE_READ_ONLY, WA_ERROR_STORE_FULL, WA_ERROR_STORE_TOO_NEW,
/// WA_ERROR_STORE_NOT_FOUND, WA_ERROR_STORE_SEALED,
/// WA_ERROR_STORE_NOT_SEALED, WA_ERROR_WRONG_SEAL_KEY: the store cannot be
/// opened; WA_ERROR_SYSTEM, WA_ERROR_TOO_MANY_FILES,
/// WA_ERROR_TOO_MANY_HANDLES.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_client_new(
    config: *const wa_config,
    queue: *mut wa_queue,
    client: *mut *mut wa_client,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: `client` and `error` are NULL or writable.
    unsafe {
        guard::fallible(error, || {
            convert::wanted(client, "client")?;
            let config = if config.is_null() {
                Arc::default()
            } else {
                handle::get::<ConfigObject>(config).map_err(|error| error.with_key("config"))?
            };
            let queue = if queue.is_null() {
                None
            } else {
                let object = handle::get::<QueueObject>(queue).map_err(|error| error.with_key("queue"))?;
                if object.borrowed {
                    let text = "the queue belongs to another client; make one to share with wa_queue_new";
                    return Err(Error::new(Status::INVALID_ARGUMENT, text).with_key("queue"));
                }
                Some(Arc::clone(&object.queue))
            };
            // The copy leaves the lock before anything slow begins.
            let values = config.config.lock().clone();
            let made = Arc::new(Client::new(&values, queue)?);
            LIVE.write().insert(made.id(), Arc::downgrade(&made));
            let object = ClientObject { client: Arc::clone(&made), queue_handle: Mutex::new(None) };
            match handle::insert(Arc::new(object)) {
                Ok(handle) => convert::put(client, handle),
                Err(error) => {
                    end(&made);
                    return Err(error);
                }
            }
            Ok(())
        })
    }
}

/// Gives the number of a client, by which its events name it:
/// wa_event_client().
///
/// @return a number that is unique in the process and never 0; 0 for what is no
/// client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_client_id(client: *const wa_client) -> u64 {
    guard::reading(|| Some(find(client).ok()?.id()))
}

/// Tells whether the session is linked to an account, so that it needs no
/// pairing.
///
/// @return true from the event `pairing.success` on, also in later runs of the
/// program, until it is logged out; false for what is no client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_client_is_linked(client: *const wa_client) -> bool {
    guard::reading(|| Some(find(client).ok()?.is_linked()))
}

/// Gives the client's own queue, for wa_queue_fd() and wa_queue_wake().
///
/// @return a queue borrowed from the client, valid until wa_client_free(); NULL
/// when the client shares a queue, which the caller has already, and for what
/// is no client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_client_queue(client: *mut wa_client) -> *mut wa_queue {
    guard::reading(|| {
        let object = handle::get::<ClientObject>(client).ok()?;
        if !object.client.owns_queue() {
            return None;
        }
        let mut known = object.queue_handle.lock();
        if known.is_none() {
            let queue = Arc::clone(object.client.queue());
            *known = Some(handle::insert(Arc::new(QueueObject { queue, borrowed: true })).ok()?.addr());
        }
        let made = std::ptr::without_provenance_mut(known.unwrap_or(0));
        // A thread that freed the client before the handle was noted could not take it along.
        if handle::get::<ClientObject>(client).is_err() {
            drop(handle::remove::<QueueObject>(made));
        }
        Some(made)
    })
}

/// Asks for a connection to the server, kept up from then on: it is made again
/// whenever it is lost, as the keys `reconnect.*` say. Returns at once;
/// `connection` events tell how it goes, and `ready` that a linked session is
/// logged in.
///
/// The library gives the connection up when the server ends it for a reason
/// that another attempt does not cure, such as a second program with the same
/// session, and when the store fails: wa_event_is_final() tells. Calling this
/// again begins anew.
///
/// @return WA_OK, also when it is connected already; WA_ERROR_CLIENT_CLOSED;
/// WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_client_connect(client: *mut wa_client, error: *mut *mut wa_error) -> wa_status {
    // SAFETY: `error` is NULL or writable.
    unsafe { guard::fallible(error, || find(client)?.connect()) }
}

/// Gives the connection up until wa_client_connect() is called again. Returns
/// at once; a `connection` event says when it is done. A pairing that is under
/// way ends with it.
///
/// @return WA_OK, also when there is no connection; WA_ERROR_CLIENT_CLOSED;
/// WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_client_disconnect(
    client: *mut wa_client,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: `error` is NULL or writable.
    unsafe { guard::fallible(error, || find(client)?.disconnect()) }
}

/// Asks a client to stop: the connection is given up, open requests are
/// answered, the session is closed in the store and stays there. Returns at
/// once; the event `closed` says when it is done, and after it a queue of the
/// client's own answers WA_CLOSED.
///
/// @return WA_OK, also when it is closed already; WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_client_close(client: *mut wa_client) -> wa_status {
    guard::status(|| {
        find(client)?.close();
        Ok(())
    })
}

/// Frees a client, closing it first if that was not done. The session stays in
/// the store.
///
/// Allowed from any thread and in any state. Threads that wait in its queue
/// come back with WA_CLOSED. The wait for what is under way is bounded by about
/// three seconds, and usually takes none. Events that were taken before stay
/// valid. On a shared queue its last events, up to `closed`, can still be
/// taken.
///
/// In a forked child this does nothing.
///
/// @param client a client; NULL, freed and foreign ones are let pass.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_client_free(client: *mut wa_client) {
    guard::reading(|| {
        let object = handle::remove::<ClientObject>(client).ok()?;
        if let Some(address) = object.queue_handle.lock().take() {
            let queue: *mut wa_queue = std::ptr::without_provenance_mut(address);
            drop(handle::remove::<QueueObject>(queue));
        }
        end(&object.client);
        Some(())
    });
}

fn end(client: &Arc<Client>) {
    LIVE.write().remove(&client.id());
    client.shut_down(FREE_LIMIT);
    if client.owns_queue() {
        client.queue().close();
    }
}

/// Cancels a request that is not answered yet. Its `result` event then says
/// WA_ERROR_CANCELLED, unless the answer was faster.
///
/// @param request the number of the request.
/// @return WA_OK, also when it was answered already; WA_ERROR_UNKNOWN_REQUEST:
/// it was never made; WA_ERROR_CLIENT_CLOSED; WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_cancel(
    client: *mut wa_client,
    request: u64,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: `error` is NULL or writable.
    unsafe { guard::fallible(error, || find(client)?.cancel(request)) }
}

/// Unlinks the device: the server is told and the session's keys are erased.
/// The request's `result` comes first, then `logged_out` and `closed`, which end
/// the client. When the server cannot be told, the keys are erased all the same
/// and `logged_out` says that the phone may still list the device.
///
/// @param request where the number of the request is put; may be NULL.
/// @return WA_OK: accepted, the rest comes as events; WA_ERROR_NOT_LINKED;
/// WA_ERROR_CLIENT_CLOSED; WA_ERROR_TOO_MANY_REQUESTS; WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_logout(
    client: *mut wa_client,
    request: *mut u64,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: `request` and `error` are NULL or writable.
    unsafe { asking(client, request, error, Client::logout) }
}

/// Calls a method by name, for what has no function of its own; METHODS.md and
/// wa_reference_json() list the methods. The request's `result` event brings
/// what the method gives: wa_event_result().
///
/// The result says WA_ERROR_NOT_LINKED; WA_ERROR_NOT_CONNECTED: the method needs
/// a session that is logged in, or for `server.ping` a connection;
/// WA_ERROR_CONNECTION_LOST; WA_ERROR_INVALID_PARAMETER: the `sender` cannot
/// have written the message that is meant; WA_ERROR_UNKNOWN_SESSION or
/// WA_ERROR_SESSION_IN_USE for another session of the store;
/// WA_ERROR_INVALID_MESSAGE: no such option of a poll; for
/// `version.latest` WA_ERROR_CONNECT, WA_ERROR_DNS, WA_ERROR_PROXY,
/// WA_ERROR_TLS, WA_ERROR_UPGRADE, WA_ERROR_NETWORK_TIMEOUT or
/// WA_ERROR_PROTOCOL, which is also the result of any method whose answer says
/// nothing; WA_ERROR_TOO_LONG: too large for all devices of the
/// recipient together; and that of wa_send_text() for the server's refusals.
///
/// @param method the name, such as "session.status".
/// @param params_json the parameters as one JSON object; NULL for none.
/// @param request where the number of the request is put; may be NULL.
/// @return WA_OK: accepted, the rest comes as an event;
/// WA_ERROR_UNKNOWN_METHOD; WA_ERROR_INVALID_JSON; WA_ERROR_INVALID_PARAMETER,
/// WA_ERROR_INVALID_JID, WA_ERROR_INVALID_PHONE_NUMBER,
/// WA_ERROR_UNSUPPORTED_CHAT or WA_ERROR_INVALID_MESSAGE: the error's key names
/// the parameter; WA_ERROR_CLIENT_CLOSED;
/// WA_ERROR_TOO_MANY_REQUESTS; WA_ERROR_INVALID_ARGUMENT,
/// WA_ERROR_INVALID_UTF8, WA_ERROR_TOO_LONG; WA_ERROR_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_call(
    client: *mut wa_client,
    method: *const c_char,
    params_json: *const c_char,
    request: *mut u64,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: texts are NULL or end with a NUL; `request` and `error` are NULL or writable.
    unsafe {
        asking(client, request, error, |client| {
            let method = convert::text(method, "method", METHOD_MAX)?;
            client.call(method, convert::optional_text(params_json, "params_json", JSON_MAX)?)
        })
    }
}

/// Takes the next event of a client that has a queue of its own, waiting for
/// one if there is none: wa_queue_poll() on that queue.
///
/// @param timeout_ms how long to wait, in milliseconds: 0 does not wait, -1
/// waits on.
/// @param event where the event is put. The caller owns it and frees it with
/// wa_event_free(). Written on WA_OK only.
/// @return WA_OK: an event was taken; WA_TIMEOUT: none came in time; WA_WOKEN:
/// wa_queue_wake() was called; WA_CLOSED: the client is closed and all its
/// events are taken, or it was freed during the wait; WA_ERROR_INVALID_STATE:
/// the client shares a queue, poll that one; WA_ERROR_INVALID_ARGUMENT: NULL or
/// a time-out below -1; WA_ERROR_TOO_MANY_HANDLES; WA_ERROR_INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_poll_event(
    client: *mut wa_client,
    timeout_ms: i32,
    event: *mut *mut wa_event,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: `event` and `error` are NULL or writable.
    unsafe {
        guard::answering(error, || {
            // Only the queue is held during the wait, so that freeing the client is not put off by it.
            let own = {
                let client = find(client)?;
                if !client.owns_queue() {
                    let text = "the client shares a queue; poll that queue with wa_queue_poll";
                    return Err(Error::new(Status::INVALID_STATE, text));
                }
                Arc::clone(client.queue())
            };
            queue::poll(&own, timeout_ms, event)
        })
    }
}
