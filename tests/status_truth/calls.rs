//! The C functions that return a status, as functions of Rust. Each notes what it returned, and polls note the results they take.

use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use serde_json::Value;
use wa::api::Status;
use wa::ffi::*;

use super::observed;

/// The longest wait for what a call must bring. Far more than it takes, so that a slow machine fails no test.
const PATIENCE: Duration = Duration::from_secs(180);

/// Calls a function of the header and notes what it returned.
macro_rules! noted {
    ($name:ident($($argument:expr),*)) => {{
        // SAFETY: handles may be anything; texts are NULL or end with a NUL, and results go to local variables or nowhere.
        let code = unsafe { $name($($argument),*) };
        observed::returned(stringify!($name), code)
    }};
}

/// An optional text of C.
pub(crate) trait Text {
    fn start(&self) -> *const std::ffi::c_char;
}

impl Text for &CStr {
    fn start(&self) -> *const std::ffi::c_char {
        self.as_ptr()
    }
}

impl Text for CString {
    fn start(&self) -> *const std::ffi::c_char {
        self.as_ptr()
    }
}

/// NULL.
pub(crate) struct Null;

impl Text for Null {
    fn start(&self) -> *const std::ffi::c_char {
        null()
    }
}

/// A function of the header, called with arguments that are the same each time.
type Bare = fn() -> i32;

/// Every function that returns the status of what it did, called with nothing but NULL and 0. Allocates nothing, so that a forked
/// child may do it.
pub(crate) const WITH_NOTHING: [(&str, Bare); 19] = {
    macro_rules! with_nothing {
        ($($name:ident($($argument:expr),*)),+ $(,)?) => {
            // SAFETY: every pointer may be NULL.
            [$((stringify!($name), || unsafe { $name($($argument),*) })),+]
        };
    }
    with_nothing![
        wa_config_set(null_mut(), null(), null(), null_mut()),
        wa_client_new(null(), null_mut(), null_mut(), null_mut()),
        wa_client_connect(null_mut(), null_mut()),
        wa_client_disconnect(null_mut(), null_mut()),
        wa_client_close(null_mut()),
        wa_cancel(null_mut(), 0, null_mut()),
        wa_logout(null_mut(), null_mut(), null_mut()),
        wa_call(null_mut(), null(), null(), null_mut(), null_mut()),
        wa_poll_event(null_mut(), 0, null_mut(), null_mut()),
        wa_request_pairing(null_mut(), null(), null(), null_mut(), null_mut()),
        wa_request_qr(null_mut(), null_mut(), null_mut()),
        wa_answer_passkey(null_mut(), null(), null_mut(), null_mut()),
        wa_confirm_passkey(null_mut(), null_mut(), null_mut()),
        wa_send_text(null_mut(), null(), null(), null(), null_mut(), null_mut()),
        wa_send_message(null_mut(), null(), null(), 0, null(), null_mut(), null_mut()),
        wa_event_ack(null_mut()),
        wa_queue_new(null_mut(), null_mut()),
        wa_queue_poll(null_mut(), 0, null_mut(), null_mut()),
        wa_queue_wake(null_mut()),
    ]
};

/// A configuration.
pub(crate) struct Config(*mut wa_config);

impl Config {
    pub(crate) fn new() -> Self {
        Self(wa_config_new())
    }

    pub(crate) fn set(&self, key: impl Text, value: impl Text) -> Status {
        noted!(wa_config_set(self.0, key.start(), value.start(), null_mut()))
    }

    /// Frees it; what is left is no handle.
    pub(crate) fn free(&self) {
        // SAFETY: any handle may be freed.
        unsafe { wa_config_free(self.0) };
    }

    /// The same configuration with these values, which must be good ones.
    pub(crate) fn with(self, values: &[(&str, &str)]) -> Self {
        for (key, value) in values {
            let set = self.set(CString::new(*key).unwrap(), CString::new(*value).unwrap());
            assert_eq!(set, Status::OK, "{key} = {value}");
        }
        self
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        self.free();
    }
}

/// A queue: one to share, or a client's own.
pub(crate) struct Queue(*mut wa_queue);

impl Queue {
    pub(crate) fn shared() -> Self {
        let mut queue = null_mut();
        assert_eq!(noted!(wa_queue_new(&raw mut queue, null_mut())), Status::OK);
        Self(queue)
    }

    pub(crate) fn poll(&self, timeout_ms: i32) -> Status {
        let mut event = null_mut();
        let status = noted!(wa_queue_poll(self.0, timeout_ms, &raw mut event, null_mut()));
        drop(Event::taken(event));
        status
    }

    /// Polls with NULL for the event.
    pub(crate) fn poll_nowhere(&self) -> Status {
        noted!(wa_queue_poll(self.0, 0, null_mut(), null_mut()))
    }

    pub(crate) fn wake(&self) -> Status {
        noted!(wa_queue_wake(self.0))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: any handle may be freed, and that of a client's own queue is let pass.
        unsafe { wa_queue_free(self.0) };
    }
}

/// An event, and its JSON.
pub(crate) struct Event {
    handle: *mut wa_event,
    pub(crate) json: Value,
}

impl Event {
    /// Reads an event that a poll put out, if there is one, and notes the result that it may be.
    fn taken(handle: *mut wa_event) -> Option<Self> {
        if handle.is_null() {
            return None;
        }
        // SAFETY: the handle is an event's, and its text is valid until it is freed.
        let text = unsafe { CStr::from_ptr(wa_event_json(handle, null_mut())) };
        let json: Value = serde_json::from_slice(text.to_bytes()).unwrap();
        let event = Self { handle, json };
        if event.json["type"] == "result" {
            // SAFETY: as above.
            let (client, request) = unsafe { (wa_event_client(handle), wa_event_request(handle)) };
            observed::answered(client, request, event.status());
        }
        Some(event)
    }

    /// An event that is none.
    pub(crate) fn none() -> Self {
        Self { handle: null_mut(), json: Value::Null }
    }

    pub(crate) fn ack(&self) -> Status {
        noted!(wa_event_ack(self.handle))
    }

    pub(crate) fn status(&self) -> Status {
        noted!(wa_event_status(self.handle))
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: any handle may be freed.
        unsafe { wa_event_free(self.handle) };
    }
}

/// A client.
pub(crate) struct Client(*mut wa_client);

// SAFETY: a handle is a number, and any function may be called from any thread.
unsafe impl Send for Client {}
// SAFETY: the same.
unsafe impl Sync for Client {}

impl Client {
    pub(crate) fn new(config: &Config) -> Result<Self, Status> {
        Self::with_queue(config, &Queue(null_mut()))
    }

    pub(crate) fn with_queue(config: &Config, queue: &Queue) -> Result<Self, Status> {
        let mut client = null_mut();
        match noted!(wa_client_new(config.0, queue.0, &raw mut client, null_mut())) {
            Status::OK => Ok(Self(client)),
            failed => Err(failed),
        }
    }

    /// The client's own queue.
    pub(crate) fn queue(&self) -> Queue {
        // SAFETY: the handle is a client's.
        Queue(unsafe { wa_client_queue(self.0) })
    }

    pub(crate) fn connect(&self) -> Status {
        noted!(wa_client_connect(self.0, null_mut()))
    }

    pub(crate) fn disconnect(&self) -> Status {
        noted!(wa_client_disconnect(self.0, null_mut()))
    }

    pub(crate) fn close(&self) -> Status {
        noted!(wa_client_close(self.0))
    }

    pub(crate) fn cancel(&self, request: u64) -> Status {
        noted!(wa_cancel(self.0, request, null_mut()))
    }

    /// Polls for an event, which is thrown away.
    pub(crate) fn poll(&self, timeout_ms: i32) -> Status {
        let mut event = null_mut();
        let status = noted!(wa_poll_event(self.0, timeout_ms, &raw mut event, null_mut()));
        drop(Event::taken(event));
        status
    }

    /// Polls with NULL for the event.
    pub(crate) fn poll_nowhere(&self) -> Status {
        noted!(wa_poll_event(self.0, 0, null_mut(), null_mut()))
    }

    /// Returns the next event; `None` when none comes.
    pub(crate) fn next(&self) -> Option<Event> {
        let mut event = null_mut();
        let patience = i32::try_from(PATIENCE.as_millis()).unwrap();
        let _ = noted!(wa_poll_event(self.0, patience, &raw mut event, null_mut()));
        Event::taken(event)
    }

    /// Returns the next event for which `wanted` holds; others are thrown away.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Event {
        let (limit, mut seen) = (Instant::now() + PATIENCE, String::new());
        while Instant::now() < limit {
            let Some(event) = self.next() else { break };
            if wanted(&event.json) {
                return event;
            }
            seen = format!("{seen}\n{}", event.json);
        }
        panic!("no {what} in{seen}");
    }

    /// Returns the next event of that type.
    #[track_caller]
    pub(crate) fn event(&self, kind: &str) -> Event {
        self.wait(kind, |event| event["type"] == kind)
    }

    /// Returns what the result of a request says.
    #[track_caller]
    pub(crate) fn answer(&self, request: Result<u64, Status>) -> Status {
        let request = request.unwrap_or_else(|status| panic!("refused: {status:?}"));
        self.wait("result", |event| event["type"] == "result" && event["request"] == request).status()
    }

    /// Returns what the results of several requests say, in whatever order they come.
    pub(crate) fn answers<const N: usize>(&self, requests: [Result<u64, Status>; N]) -> [Status; N] {
        let numbers = requests.map(|request| request.unwrap_or_else(|status| panic!("refused: {status:?}")));
        let mut answers = [None; N];
        while answers.contains(&None) {
            let result = self.event("result");
            if let Some(index) = numbers.iter().position(|number| result.json["request"] == *number) {
                answers[index] = Some(result.status());
            }
        }
        answers.map(Option::unwrap)
    }

    /// Takes all events up to the last one.
    pub(crate) fn finish(&self) {
        self.event("closed");
        assert!(self.next().is_none(), "nothing comes after `closed`");
    }
}

/// The calls that make a request. Each gives its number, or why it was refused.
macro_rules! requests {
    ($($method:ident($($parameter:ident: $kind:ident),*) = $name:ident;)+) => {
        impl Client {
            $(pub(crate) fn $method(&self, $($parameter: impl $kind),*) -> Result<u64, Status> {
                let mut request = 0;
                let status = noted!($name(self.0, $($parameter.start(),)* &raw mut request, null_mut()));
                self.noted_request(stringify!($name), status, request)
            })+
        }
    };
}

requests! {
    logout() = wa_logout;
    call(method: Text, params_json: Text) = wa_call;
    request_pairing(phone: Text, code: Text) = wa_request_pairing;
    request_qr() = wa_request_qr;
    answer_passkey(assertion_json: Text) = wa_answer_passkey;
    confirm_passkey() = wa_confirm_passkey;
    send_text(chat: Text, text: Text, message_id: Text) = wa_send_text;
}

impl Client {
    pub(crate) fn send_message(
        &self,
        chat: impl Text,
        message: &[u8],
        message_id: impl Text,
    ) -> Result<u64, Status> {
        let (start, length) = (message.as_ptr(), message.len());
        self.send_bytes(chat, start, length, message_id)
    }

    /// Sends bytes of which only the number is given.
    pub(crate) fn send_no_bytes(&self, chat: impl Text, length: usize) -> Result<u64, Status> {
        self.send_bytes(chat, null(), length, Null)
    }

    fn send_bytes(
        &self,
        chat: impl Text,
        start: *const u8,
        length: usize,
        message_id: impl Text,
    ) -> Result<u64, Status> {
        let (mut request, id) = (0, message_id.start());
        let status =
            noted!(wa_send_message(self.0, chat.start(), start, length, id, &raw mut request, null_mut()));
        self.noted_request("wa_send_message", status, request)
    }

    fn noted_request(&self, function: &'static str, status: Status, request: u64) -> Result<u64, Status> {
        if status != Status::OK {
            return Err(status);
        }
        // SAFETY: the handle is a client's.
        observed::requested(function, unsafe { wa_client_id(self.0) }, request);
        Ok(request)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: any handle may be freed.
        unsafe { wa_client_free(self.0) };
    }
}

/// Returns the status of an error object: of none, and of a call that failed.
pub(crate) fn error_statuses() -> [Status; 2] {
    let mut error = null_mut();
    // SAFETY: the object goes to a local variable.
    let failed = unsafe { wa_config_set(null_mut(), null(), null(), &raw mut error) };
    let read = noted!(wa_error_status(error));
    assert_eq!(read.code(), failed);
    // SAFETY: any handle may be freed.
    unsafe { wa_error_free(error) };
    [noted!(wa_error_status(null())), noted!(wa_error_status(error))]
}
