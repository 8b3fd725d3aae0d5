//! Methods of sessions: this one, and the others of its store.

use std::sync::Arc;

use serde_json::json;

use super::MethodRow;
use super::params::Params;
use crate::api::{Error, MethodInfo, Status, param};
use crate::client::clock::unix_ms;
use crate::client::session::Session;
use crate::client::session::call::{CallHandler, CallTransition};
use crate::client::session::command::Command;
use crate::client::session::features::restored;
use crate::client::session::handled::{Handled, Unhandled};
use crate::client::status_mapping;
use crate::store::{self, Backend, SessionName, StoreError, records};

pub(super) const ROWS: &[MethodRow] = &[
    MethodRow {
        info: MethodInfo {
            name: "session.erase",
            params: &[param(
                "session",
                "text",
                true,
                "The name of another session of the same store, which no client has open; left out, it is the client's own. A session \
                 that is too damaged to be opened can be erased so. A name that the store does not have is refused with \
                 `WA_ERROR_UNKNOWN_SESSION`, also after it was erased.",
            )],
            result: &[],
            needs_login: false,
            since: "0.1.0",
            sentence: "Erases the session from the store without telling the server, and closes the client if it is its own. The phone \
                       goes on listing the device until it is removed there; wa_logout is the polite way. What limits the phone number stays \
                       in the store: the ration of pairing codes, the first contacts of the last hour, and WhatsApp's lock.",
        },
        parse: |params| Ok(Box::new(EraseSession(name(params)?))),
    },
    MethodRow {
        info: MethodInfo {
            name: "session.list",
            params: &[],
            result: &[param(
                "sessions",
                "array of text",
                false,
                "The names of all sessions in the client's store.",
            )],
            needs_login: false,
            since: "0.1.0",
            sentence: "Lists the sessions of the store.",
        },
        parse: |_| Ok(Box::new(ListSessions)),
    },
    MethodRow {
        info: MethodInfo {
            name: "session.restored",
            params: &[],
            result: &[],
            needs_login: false,
            since: "0.1.0",
            sentence: "Makes a store safe to use that is an older copy, put back from a backup or with the snapshot of a machine. Call it before wa_client_connect, once for each copy that is put back. Messages from an older copy would be encrypted with keys that were used since it was made; so all keys for sending are dropped, which is on the disk when the result comes. New ones are made at the next message to each device and group, and new prekeys are uploaded. The device stays linked. What came or was acknowledged after the copy was made is not in it: events that were not acknowledged in the copy come again, marked as redelivered. Messages that waited in it are sent under the ids they had, so that whoever has got one does not see it twice; one that was cancelled since, or had failed, is sent after all. What others have sent to the dropped keys is asked for again: it comes late, or not at all if they do not answer.",
        },
        parse: |_| Ok(Box::new(SessionRestored)),
    },
    MethodRow {
        info: MethodInfo {
            name: "session.status",
            params: &[],
            result: &[
                param("state", "text", false, "The state of the connection, as in the event `connection`."),
                param("linked", "boolean", false, "Whether the session is linked to an account."),
                param("jid", "text", true, "The device's own JID."),
                param("lid", "text", true, "The device's own LID."),
                param("phone", "text", true, "The account's phone number, digits only."),
            ],
            needs_login: false,
            since: "0.1.0",
            sentence: "Tells where the session stands, without asking the server.",
        },
        parse: |_| Ok(Box::new(GetStatus)),
    },
];

/// The name of another session, if one is given.
fn name(params: &Params) -> Result<Option<SessionName>, Error> {
    let Some(name) = params.optional_text("session") else { return Ok(None) };
    let name = SessionName::new(name);
    name.map(Some).map_err(|_| params.wrong("session", "must be 1 to 255 bytes without control characters"))
}

/// Erases the session of that name; its own without one.
#[derive(Debug)]
struct EraseSession(Option<SessionName>);

impl CallHandler for EraseSession {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        let core = &session.core;
        let is_other = |name: &&SessionName| name.as_str() != core.settings.config.session_id();
        let Some(name) = self.0.as_ref().filter(is_other).cloned() else {
            return Err(Unhandled::Transition);
        };
        let backend = Arc::clone(core.store.backend());
        core.spawn_job(async move {
            let answer = match erase_other(backend, &name).await {
                Ok(true) => Ok(json!({})),
                Ok(false) => Err(Error::plain(Status::UNKNOWN_SESSION).with_key("session")),
                Err(error) => Err(status_mapping::of_store(&error)),
            };
            Command::Answered { request, answer }
        });
        Ok(())
    }

    fn transition<'a>(&'a self, session: &'a mut Session, request: u64) -> CallTransition<'a> {
        Box::pin(session.erase(request))
    }
}

/// Erases a session that no client has open, and keeps what limits its account. One that cannot be read is erased all the same. Says
/// whether there was one.
async fn erase_other(backend: Arc<dyn Backend>, name: &SessionName) -> Result<bool, StoreError> {
    if let Ok(other) = store::Session::open(Arc::clone(&backend), name).await
        && let Ok((_, Some(account))) = records::load(&other).await
    {
        let _ = records::keep_account_limits(&other, account.phone(), unix_ms()).await;
    }
    backend.erase(name).await
}

#[derive(Debug)]
struct ListSessions;

impl CallHandler for ListSessions {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        let backend = Arc::clone(session.core.store.backend());
        session.core.spawn_job(async move {
            let listed = backend.list_sessions().await;
            let names = |names: Vec<SessionName>| {
                names.iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
            };
            let answer = listed.map(|listed| json!({ "sessions": names(listed) }));
            Command::Answered { request, answer: answer.map_err(|error| status_mapping::of_store(&error)) }
        });
        Ok(())
    }
}

/// The host says that the store is an older copy.
#[derive(Debug)]
struct SessionRestored;

impl CallHandler for SessionRestored {
    fn run(&self, _: &mut Session, _: u64) -> Handled {
        Err(Unhandled::Transition)
    }

    fn transition<'a>(&'a self, session: &'a mut Session, request: u64) -> CallTransition<'a> {
        Box::pin(async move {
            restored::begin_sending_anew(&mut session.core).await?;
            session.core.answer(request, Ok(json!({})));
            session.prekeys.owe(&mut session.core);
            Ok(())
        })
    }
}

#[derive(Debug)]
struct GetStatus;

impl CallHandler for GetStatus {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        let account = session.core.account.as_deref();
        let status = json!({
            "state": session.core.host.shared.state(),
            "linked": account.is_some(),
            "jid": account.map(|account| &account.jid),
            "lid": account.map(|account| &account.lid).filter(|lid| !lid.is_empty()),
            "phone": account.map(|account| account.phone()),
        });
        session.core.answer(request, Ok(status));
        Ok(())
    }
}
