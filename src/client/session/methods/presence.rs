//! Methods of presence: who is there, and who types.

use serde_json::json;

use super::params::Params;
use super::{MethodRow, Parsed};
use crate::api::{MethodInfo, Status, param};
use crate::client::recipient;
use crate::client::session::Session;
use crate::client::session::call::CallHandler;
use crate::client::session::core::SessionCore;
use crate::client::session::features::presence;
use crate::client::session::handled::Handled;
use crate::messaging::stanzas::presence::{ChatState, chat_state};
use crate::stanza::{Jid, Node};

pub(super) const ROWS: &[MethodRow] = &[
    MethodRow {
        info: MethodInfo {
            name: "chat.activity",
            params: &[
                param("chat", "text", false, "The chat."),
                param("activity", "text", false, "`typing`, `recording` or `paused`."),
            ],
            result: &[],
            needs_login: true,
            since: "0.1.0",
            sentence: "Shows the others in a chat that the user is writing or recording, or has stopped. It fades by itself after some 20 seconds.",
        },
        parse: activity,
    },
    MethodRow {
        info: MethodInfo {
            name: "presence.set",
            params: &[param(
                "available",
                "boolean",
                false,
                "Whether the user counts as being there. While true, the phone may show no notifications.",
            )],
            result: &[],
            needs_login: true,
            since: "0.1.0",
            sentence: "Shows contacts that the user is there, or not, also on later connections of this client. At first he is not.",
        },
        parse: |params| Ok(Box::new(SetPresence { available: params.flag("available")? })),
    },
    MethodRow {
        info: MethodInfo {
            name: "presence.subscribe",
            params: &[param("user", "text", false, "The JID of the person, or a phone number.")],
            result: &[],
            needs_login: true,
            since: "0.1.0",
            sentence: "Asks for the `presence` and `chat.activity` events of a person, until the connection ends.",
        },
        parse: |params| {
            Ok(Box::new(SubscribePresence { user: recipient::person(params.text("user")?, "user")? }))
        },
    },
];

/// Shows others in a chat whether the user types or records.
#[derive(Debug)]
struct ShowActivity {
    chat: Jid,
    activity: ChatState,
}

fn activity(params: &Params) -> Parsed {
    Ok(Box::new(ShowActivity {
        chat: recipient::parse(params.text("chat")?)?,
        activity: match params.text("activity")? {
            "typing" => ChatState::Composing,
            "recording" => ChatState::Recording,
            "paused" => ChatState::Paused,
            _ => return Err(params.wrong("activity", "is typing, recording or paused")),
        },
    }))
}

impl CallHandler for ShowActivity {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        let name = session.core.with_engine(|engine, cx| engine.core.wire_name(&self.chat, cx))?;
        send(&mut session.core, request, name.map(|name| chat_state(&name, self.activity)));
        Ok(())
    }
}

/// Says whether the user is there.
#[derive(Debug)]
struct SetPresence {
    available: bool,
}

impl CallHandler for SetPresence {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        presence::set(&mut session.core, self.available);
        session.core.work.answer(request, Ok(json!({})));
        Ok(())
    }
}

/// Asks the server to tell of the presence of a person.
#[derive(Debug)]
struct SubscribePresence {
    user: Jid,
}

impl CallHandler for SubscribePresence {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        let node = session.core.with_engine(|engine, cx| engine.core.subscription(&self.user, cx))?;
        send(&mut session.core, request, node);
        Ok(())
    }
}

/// Sends something that the server does not answer; a session that is not linked has nothing to send.
fn send(core: &mut SessionCore, request: u64, node: Option<Node>) {
    let Some(node) = node else { return core.answer(request, Err(Status::NOT_LINKED.into())) };
    core.work.send(node);
    core.work.answer(request, Ok(json!({})));
}
