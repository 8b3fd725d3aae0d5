//! The method that marks messages as read.

use super::params::Params;
use super::{MethodRow, Parsed};
use crate::api::{MethodInfo, param};
use crate::client::recipient;
use crate::client::session::Session;
use crate::client::session::call::CallHandler;
use crate::client::session::handled::Handled;
use crate::stanza::{Jid, Server, Text};

pub(super) const ROWS: &[MethodRow] = &[MethodRow {
    info: MethodInfo {
        name: "message.read",
        params: &[
            param("chat", "text", false, "The chat."),
            param("message_ids", "array of text", false, "The ids of the messages."),
            param(
                "sender",
                "text",
                true,
                "Their sender, as a JID or a phone number; needed in groups and in the status feed. Own messages are not marked.",
            ),
        ],
        result: &[],
        needs_login: true,
        since: "0.1.0",
        sentence: "Tells the sender, and the own other devices, that messages were read. If the account's privacy settings tell nobody, only the own devices learn it; the first call asks the server for these settings and waits for the answer.",
    },
    parse: read,
}];

#[derive(Debug)]
struct MarkRead {
    chat: Jid,
    sender: Option<Jid>,
    ids: Vec<Text>,
}

fn read(params: &Params) -> Parsed {
    let chat = recipient::readable(params.text("chat")?)?;
    let sender = params.optional_person("sender")?;
    if sender.is_none() && (recipient::is_status(&chat) || chat.server == Server::Group) {
        return Err(params.wrong("sender", "is needed in groups and in the status feed"));
    }
    let ids = params.texts("message_ids")?.into_iter().map(Text::from).collect();
    Ok(Box::new(MarkRead { chat, sender, ids }))
}

impl CallHandler for MarkRead {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        let (core, sender) = (&mut session.core, self.sender.as_ref());
        session.read_receipts.mark_read(core, request, &self.chat, sender, &self.ids)
    }
}
