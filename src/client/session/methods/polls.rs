//! Methods of polls.

use serde_json::Value;

use super::MethodRow;
use super::messages::{CHAT, MESSAGE_ID, SENT, message_id, named, sends, with_secret};
use super::params::Params;
use crate::api::{Error, MethodInfo, param};
use crate::crypto::{SharedRandom, random_array};
use crate::messaging::content::{ContentError, Extras, Outgoing};
use crate::messaging::engine::{OutboundContent, Vote};
use crate::stanza::Jid;

pub(super) const ROWS: &[MethodRow] = &[
    MethodRow {
        info: MethodInfo {
            name: "poll.send",
            params: &[
                CHAT,
                param("question", "text", false, "The question."),
                param(
                    "options",
                    "array of text",
                    false,
                    "The answers to choose from, 2 to 12 and no two alike.",
                ),
                param(
                    "selectable",
                    "integer",
                    true,
                    "The number of options that may be chosen: 1 if left out, 0 for any number.",
                ),
                MESSAGE_ID,
            ],
            result: SENT,
            needs_login: false,
            since: "0.1.0",
            sentence: "Sends a poll.",
        },
        parse: |params| sends(params, poll),
    },
    MethodRow {
        info: MethodInfo {
            name: "poll.vote",
            params: &[
                CHAT,
                param("target", "text", false, "The id of the message with the poll."),
                param(
                    "options",
                    "array of text",
                    false,
                    "The options that are chosen, by their texts; none takes the vote back.",
                ),
                param(
                    "sender",
                    "text",
                    true,
                    "The sender of the poll, as a JID or a phone number; needed in groups, unless it is an own one.",
                ),
                MESSAGE_ID,
            ],
            result: SENT,
            needs_login: false,
            since: "0.1.0",
            sentence: "Votes in a poll that came to this session. A vote takes the place of an earlier one.",
        },
        parse: |params| sends(params, vote),
    },
];

fn poll(_: &Jid, params: &Params) -> Result<OutboundContent, Error> {
    let selectable = params.optional_count("selectable")?.unwrap_or(1);
    let secret = random_array(&mut SharedRandom);
    let options = params.texts("options")?;
    let question = params.text("question")?;
    let poll = Outgoing::poll(question, &options, selectable, &secret, &Extras::default());
    let key = match &poll {
        Err(ContentError::Choices) => "selectable",
        _ if question.is_empty() => "question",
        _ => "options",
    };
    Ok(OutboundContent::Content(with_secret(named(poll, key)?)))
}

/// A vote. An empty list takes an earlier one back.
fn vote(_: &Jid, params: &Params) -> Result<OutboundContent, Error> {
    let none = params.value("options").and_then(Value::as_array).is_some_and(Vec::is_empty);
    Ok(OutboundContent::Vote(Vote {
        poll: message_id(params.text("target")?).map_err(|error| error.with_key("target"))?,
        author: params.optional_person("sender")?,
        chosen: if none { Vec::new() } else { params.texts("options")? },
    }))
}
