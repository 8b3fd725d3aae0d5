//! Events of requests, and of the library itself.

/// Adds the events of this file, behind those that came before, and goes on with the files that are left.
macro_rules! library_events {
    ($left:tt $($before:tt)*) => { gather! { $left $($before)*

        /// The one answer to a request.
        400 "result" = "WA_EVENT_RESULT", Waits, "0.1.0",
        RequestResult {
            /// The request: `pairing.code`, `pairing.qr`, `pairing.passkey`, `session.logout`, or the method of wa_call.
            method: Cow<'static, str>,
            /// WA_OK, or the status of the failure.
            status: Status,
            /// The name of that status.
            name: Cow<'static, str>,
            /// The reason of the failure, and what to do.
            text: Option<Cow<'static, str>>,
            /// The parameter or key concerned.
            key: Option<String>,
            /// Set if asking again can help.
            retryable: bool,
            /// The time to wait before that.
            retry_after_ms: u32,
            /// The result of the method as an object, `{}` if it gives nothing; null if the request failed.
            result: Value,
        }

        /// Events were dropped because nobody took them; stands where the first of them stood.
        500 "overflow" = "WA_EVENT_OVERFLOW", Waits, "0.1.0",
        Overflow {
            /// The number of dropped events.
            count: u64,
        }

        /// A line of the library's log; see the key `log.level`.
        501 "log" = "WA_EVENT_LOG", Droppable, "0.1.0",
        Log {
            /// The level of the line.
            level: LogLevel,
            /// The part of the library it comes from.
            target: Cow<'static, str>,
            /// The line. It holds no secret, and phone numbers are masked.
            text: String,
        }

        /// The client is closed. Always its last event.
        502 "closed" = "WA_EVENT_CLOSED", Waits, "0.1.0",
        Closed {
            /// The reason.
            reason: CloseReason,
            /// The reason as a status code; 0 when the host wished it.
            status: Status,
            /// The reason in a sentence for the programmer.
            text: Option<Cow<'static, str>>,
        }
    } };
}

pub(super) use library_events;
