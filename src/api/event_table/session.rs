//! Events of the session: its connection, its login, its end.

/// Adds the events of this file, behind those that came before, and goes on with the files that are left.
macro_rules! session_events {
    ($left:tt $($before:tt)*) => { gather! { $left $($before)*

        /// The connection changed its state.
        100 "connection" = "WA_EVENT_CONNECTION", Droppable, "0.1.0",
        Connection {
            /// The state of the connection now.
            state: ConnectionState,
            /// The reason as a stable word, when it was lost or given up.
            reason: Option<Cow<'static, str>>,
            /// The reason as a status code; 0 when nothing went wrong, also when the host asked for it.
            status: Status,
            /// The reason in a sentence for the programmer.
            text: Option<Cow<'static, str>>,
            /// Set if the connection is given up: no attempt follows before wa_client_connect is called again. Whatever waits for the connection can end then, with `status`, or with WA_ERROR_NOT_CONNECTED if that is 0.
            is_final: bool,
            /// Set if an attempt can succeed as things are. False when a person has to mend something first; `text` says what.
            retryable: bool,
            /// Time until the next attempt, when reconnecting.
            retry_in_ms: Option<u32>,
            /// The number of this attempt to connect, or of the last one, counted from 1 since the last login; 0 after a login, until the next attempt.
            attempt: u32,
        }

        /// The session is linked, logged in and ready for use. Comes after every login.
        101 "ready" = "WA_EVENT_READY", Droppable, "0.1.0",
        Ready {
            /// The device's own JID.
            jid: String,
            /// The device's own LID, if the server named it.
            lid: Option<String>,
            /// The account's phone number, digits only.
            phone: String,
            /// The user's name as contacts see it, if the server has told it.
            name: Option<Hidden>,
            /// Set if this is the first login since pairing.
            first_login: bool,
        }

        /// The session was logged out and its keys are erased. The result of a logout comes before it; `closed` follows, and results of requests that came too late.
        102 "logged_out" = "WA_EVENT_LOGGED_OUT", Durable, "0.1.0",
        LoggedOut {
            /// The reason for the logout.
            reason: LogoutReason,
            /// The text to show to the user.
            user_text: Cow<'static, str>,
            /// The server's words about it, if any.
            text: Option<String>,
            /// Set if the phone may still list the device, because the server could not be told.
            may_be_listed: bool,
        }

        /// The server restricts the account or the client.
        103 "restricted" = "WA_EVENT_RESTRICTED", Durable, "0.1.0",
        Restricted {
            /// The kind of the restriction.
            kind: RestrictionKind,
            /// The scope of the restriction.
            scope: RestrictionScope,
            /// When it begins, if that is not now.
            starts_at_ms: Option<i64>,
            /// When it ends, if the server said so.
            ends_at_ms: Option<i64>,
            /// The server's own number for the cause, if it gave one.
            code: Option<u32>,
            /// The text to show to the user.
            user_text: Cow<'static, str>,
        }
    } };
}

pub(super) use session_events;
