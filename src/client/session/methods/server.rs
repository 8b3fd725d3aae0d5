//! Methods that ask a server: whether it answers, and which version of WhatsApp Web is the newest.

use serde_json::json;

use super::MethodRow;
use crate::api::{MethodInfo, Status, param};
use crate::client::clock::Millis;
use crate::client::session::Session;
use crate::client::session::call::{CallHandler, ReplyHandler};
use crate::client::session::command::Command;
use crate::client::session::handled::Handled;
use crate::client::session::state::Waiter;
use crate::client::status_mapping::{self, IqError};
use crate::net;
use crate::stanza::{NodeRef, build};

pub(super) const ROWS: &[MethodRow] = &[
    MethodRow {
        info: MethodInfo {
            name: "server.ping",
            params: &[],
            result: &[param("round_trip_ms", "integer", false, "Time until the server answered.")],
            needs_login: false,
            since: "0.1.0",
            sentence: "Asks the server for a sign of life on the connection that is open.",
        },
        parse: |_| Ok(Box::new(ServerPing)),
    },
    MethodRow {
        info: MethodInfo {
            name: "version.latest",
            params: &[],
            result: &[param("version", "text", false, "The version, fit for the key `client.version`.")],
            needs_login: false,
            since: "0.1.0",
            sentence: "Asks WhatsApp's web site for the newest version of its web client. This is never done unasked.",
        },
        parse: |_| Ok(Box::new(LatestVersion)),
    },
];

#[derive(Debug)]
struct ServerPing;

impl CallHandler for ServerPing {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        let core = &mut session.core;
        let waiter = Waiter::Call { request, handler: Box::new(SentPing { sent_at: core.now() }) };
        if !core.query(build::get("w:p"), waiter, core.settings.keepalive.dead_after) {
            core.answer(request, Err(Status::NOT_CONNECTED.into()));
        }
        Ok(())
    }
}

#[derive(Debug)]
struct SentPing {
    sent_at: Millis,
}

impl ReplyHandler for SentPing {
    /// Any answer shows that the server is alive, also one that says it does not know this request.
    fn answered(&self, session: &mut Session, request: u64, _: NodeRef<'_>, _: Option<&IqError>) -> Handled {
        let round_trip = session.core.now().saturating_sub(self.sent_at);
        session.core.answer(request, Ok(json!({ "round_trip_ms": round_trip })));
        Ok(())
    }
}

#[derive(Debug)]
struct LatestVersion;

impl CallHandler for LatestVersion {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        let endpoint = session.core.settings.endpoint.clone();
        let url = session.core.settings.config.client_version_url().to_owned();
        session.core.spawn_job(async move {
            let found = net::latest_version(&endpoint, &url).await;
            let found =
                found.map(|[major, minor, build]| json!({ "version": format!("{major}.{minor}.{build}") }));
            let answer = found.map_err(|error| status_mapping::of_net(&error));
            Command::Answered { request, answer }
        });
        Ok(())
    }
}
