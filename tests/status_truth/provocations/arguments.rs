//! The statuses that calls return at once: their arguments, and the state that their client is in.

use super::results::HELLO;
use super::{Provocation, Returned, provocations};
use crate::calls::{Client, Config, Event, Null, Queue, error_statuses};
use crate::world::{BOB, text};
use std::ffi::CString;
use wa::api::Status;

/// Bytes that are no UTF-8.
const NO_UTF8: &std::ffi::CStr = c"\xff";
const PHONE: &std::ffi::CStr = c"15550001234";
const CHANNEL: &std::ffi::CStr = c"1@newsletter";
const MESSAGE_MAX: usize = 1 << 20;

fn config() -> Config {
    Config::new()
}

/// A client that has nothing to say.
fn silent() -> Client {
    Client::new(&config()).unwrap()
}

fn longer_than(bytes: usize) -> CString {
    text(&"1".repeat(bytes + 1))
}

pub(crate) const TABLE: &[Provocation] = provocations! {
    wa_error_status {
        OK: |_| error_statuses()[0];
        INVALID_HANDLE: |_| error_statuses()[1];
    }
    wa_event_status {
        OK: |_| Event::none().status();
    }
    wa_config_set {
        UNKNOWN_KEY: |_| config().set(c"no.such.key", c"1");
        BAD_VALUE: |_| config().set(c"log.level", c"loud");
        INVALID_ARGUMENT: |_| config().set(Null, c"1");
        INVALID_UTF8: |_| config().set(c"ui.theme", NO_UTF8);
        TOO_LONG: |_| config().set(c"ui.theme", longer_than(8192));
    }
    wa_client_connect {
        CLIENT_CLOSED: |scene| scene.closed.connect();
    }
    wa_client_disconnect {
        OK: |scene| scene.idle.disconnect();
        CLIENT_CLOSED: |scene| scene.closed.disconnect();
    }
    wa_cancel {
        OK: |scene| {
            // Answered already, which is no error.
            let request = scene.idle.call(c"session.status", Null).unwrap();
            scene.idle.answer(Ok(request));
            scene.idle.cancel(request)
        };
        UNKNOWN_REQUEST: |scene| scene.idle.cancel(1_000_000);
        CLIENT_CLOSED: |scene| scene.closed.cancel(1);
    }
    wa_logout {
        NOT_LINKED: |scene| scene.idle.logout().status();
        CLIENT_CLOSED: |scene| scene.closed.logout().status();
        TOO_MANY_REQUESTS: |scene| scene.busy.logout().status();
    }
    wa_call {
        UNKNOWN_METHOD: |scene| scene.idle.call(c"no.such", Null).status();
        INVALID_JSON: |scene| scene.idle.call(c"session.status", c"{").status();
        INVALID_PARAMETER: |scene| scene.idle.call(c"session.status", c"[]").status();
        INVALID_PHONE_NUMBER: |scene| scene.idle.call(c"contacts.check", c"{\"numbers\":[\"x\"]}").status();
        INVALID_JID: |scene| scene.idle.call(c"group.leave", c"{\"chat\":\"x\"}").status();
        UNSUPPORTED_CHAT: |scene| scene.idle.call(c"group.leave", c"{\"chat\":\"15550001234\"}").status();
        INVALID_MESSAGE: |scene| {
            scene.idle.call(c"message.send", c"{\"chat\":\"15550001234\",\"text\":\"\"}").status()
        };
        CLIENT_CLOSED: |scene| scene.closed.call(c"session.status", Null).status();
        TOO_MANY_REQUESTS: |scene| scene.busy.call(c"session.status", Null).status();
        INVALID_ARGUMENT: |scene| scene.idle.call(Null, Null).status();
        INVALID_UTF8: |scene| scene.idle.call(NO_UTF8, Null).status();
        TOO_LONG: |scene| scene.idle.call(longer_than(128), Null).status();
    }
    wa_poll_event {
        OK: |scene| {
            scene.idle.connect();
            let taken = scene.idle.poll(-1);
            scene.idle.disconnect();
            taken
        };
        TIMEOUT: |_| silent().poll(1);
        WOKEN: |_| {
            let client = silent();
            assert_eq!(client.queue().wake(), Status::OK);
            client.poll(-1)
        };
        CLOSED: |scene| scene.closed.poll(0);
        INVALID_STATE: |scene| scene.sharing.poll(0);
        INVALID_ARGUMENT: |scene| scene.idle.poll_nowhere();
    }
    wa_queue_poll {
        OK: |scene| {
            scene.sharing.connect();
            let taken = scene.queue.poll(-1);
            scene.sharing.disconnect();
            taken
        };
        TIMEOUT: |_| Queue::shared().poll(1);
        WOKEN: |_| {
            let queue = Queue::shared();
            assert_eq!(queue.wake(), Status::OK);
            queue.poll(-1)
        };
        CLOSED: |scene| scene.closed.queue().poll(0);
        INVALID_ARGUMENT: |scene| scene.queue.poll_nowhere();
    }
    wa_request_pairing {
        INVALID_PHONE_NUMBER: |scene| scene.idle.request_pairing(c"+", Null).status();
        INVALID_PAIRING_CODE: |scene| scene.idle.request_pairing(PHONE, c"ABCD0123").status();
        ALREADY_LINKED: |scene| scene.linked.request_pairing(PHONE, Null).status();
        INVALID_STATE: |scene| scene.idle.request_pairing(PHONE, Null).status();
        CLIENT_CLOSED: |scene| scene.closed_connecting.request_pairing(PHONE, Null).status();
        TOO_MANY_REQUESTS: |scene| scene.busy_connecting.request_pairing(PHONE, Null).status();
        INVALID_ARGUMENT: |scene| scene.idle.request_pairing(Null, Null).status();
        INVALID_UTF8: |scene| scene.idle.request_pairing(NO_UTF8, Null).status();
        TOO_LONG: |scene| scene.idle.request_pairing(longer_than(64), Null).status();
    }
    wa_request_qr {
        ALREADY_LINKED: |scene| scene.linked.request_qr().status();
        INVALID_STATE: |scene| scene.idle.request_qr().status();
        CLIENT_CLOSED: |scene| scene.closed_connecting.request_qr().status();
        TOO_MANY_REQUESTS: |scene| scene.busy_connecting.request_qr().status();
    }
    wa_answer_passkey {
        ALREADY_LINKED: |scene| scene.linked.answer_passkey(c"{}").status();
        INVALID_STATE: |scene| scene.idle.answer_passkey(c"{}").status();
        CLIENT_CLOSED: |scene| scene.closed_connecting.answer_passkey(c"{}").status();
        TOO_MANY_REQUESTS: |scene| scene.busy_connecting.answer_passkey(c"{}").status();
        INVALID_ARGUMENT: |scene| scene.idle.answer_passkey(Null).status();
        INVALID_UTF8: |scene| scene.idle.answer_passkey(NO_UTF8).status();
        TOO_LONG: |scene| scene.idle.answer_passkey(longer_than(MESSAGE_MAX)).status();
    }
    wa_confirm_passkey {
        ALREADY_LINKED: |scene| scene.linked.confirm_passkey().status();
        INVALID_STATE: |scene| scene.idle.confirm_passkey().status();
        CLIENT_CLOSED: |scene| scene.closed_connecting.confirm_passkey().status();
        TOO_MANY_REQUESTS: |scene| scene.busy_connecting.confirm_passkey().status();
    }
    wa_send_text {
        NOT_LINKED: |scene| scene.idle.send_text(text(BOB), c"hello", Null).status();
        INVALID_JID: |scene| scene.idle.send_text(c"Ada", c"hello", Null).status();
        UNSUPPORTED_CHAT: |scene| scene.idle.send_text(CHANNEL, c"hello", Null).status();
        INVALID_MESSAGE: |scene| scene.idle.send_text(text(BOB), c"", Null).status();
        CLIENT_CLOSED: |scene| scene.closed.send_text(text(BOB), c"hello", Null).status();
        TOO_MANY_REQUESTS: |scene| scene.busy.send_text(text(BOB), c"hello", Null).status();
        INVALID_ARGUMENT: |scene| scene.idle.send_text(text(BOB), c"hello", c" ").status();
        INVALID_UTF8: |scene| scene.idle.send_text(NO_UTF8, c"hello", Null).status();
        TOO_LONG: |scene| scene.idle.send_text(text(BOB), longer_than(MESSAGE_MAX), Null).status();
    }
    wa_send_message {
        NOT_LINKED: |scene| scene.idle.send_message(text(BOB), HELLO, Null).status();
        INVALID_JID: |scene| scene.idle.send_message(c"Ada", HELLO, Null).status();
        UNSUPPORTED_CHAT: |scene| scene.idle.send_message(CHANNEL, HELLO, Null).status();
        INVALID_MESSAGE: |scene| scene.idle.send_message(text(BOB), &[0xff; 8], Null).status();
        CLIENT_CLOSED: |scene| scene.closed.send_message(text(BOB), HELLO, Null).status();
        TOO_MANY_REQUESTS: |scene| scene.busy.send_message(text(BOB), HELLO, Null).status();
        INVALID_ARGUMENT: |scene| scene.idle.send_no_bytes(text(BOB), 8).status();
        INVALID_UTF8: |scene| scene.idle.send_message(NO_UTF8, HELLO, Null).status();
        TOO_LONG: |scene| scene.idle.send_no_bytes(text(BOB), MESSAGE_MAX + 1).status();
    }
    wa_event_ack {
        OK: |scene| {
            scene.world.bob_writes();
            scene.linked.event("message").ack()
        };
        CLIENT_CLOSED: |scene| scene.orphan.ack();
    }
};
