//! Methods that send messages, and what those of other subjects share with them.

use serde_json::Value;

use super::mentions;
use super::params::Params;
use super::{MethodRow, Parsed};
use crate::api::{Error, MethodInfo, ParamInfo, Status, param};
use crate::client::recipient;
use crate::client::session::Session;
use crate::client::session::call::{CallHandler, MethodCall};
use crate::client::session::handled::Handled;
use crate::crypto::{SharedRandom, random_array};
use crate::messaging::content::{ContentError, Extras, MAX_TEXT, MessageRef, Outgoing, Quote};
use crate::messaging::engine::{Named, Naming, OutboundContent, OutboundMessage, SenderClaim};
use crate::stanza::{Jid, Server, Text};

/// The chat that a message goes to.
pub(super) const CHAT: ParamInfo = param(
    "chat",
    "text",
    false,
    "The recipient: the chat of an event, a JID, or a phone number with its country code.",
);

/// The id of a message, if the host chooses it.
pub(super) const MESSAGE_ID: ParamInfo =
    param("message_id", "text", true, "An id for the message that the host chooses; see wa_send_text.");

/// The result of every method that sends a message.
pub(super) const SENT: &[ParamInfo] = &[
    param("message_id", "text", false, "The id of the message."),
    param("chat", "text", false, "The chat that it went to."),
    param("sent_at_ms", "integer", false, "The server's time for it, in milliseconds since 1970 UTC."),
];

/// `message.send`: wa_send_text and wa_send_message go by its name, too.
const SEND: MethodInfo = MethodInfo {
    name: "message.send",
    params: &[
        CHAT,
        param("text", "text", false, "The text, at most 65,536 characters."),
        param(
            "quote",
            "json",
            true,
            "The message that it answers, as an object with `message_id`, `sender` (a JID or a phone number) and `text`; `chat` if it was sent in another one, such as `status@broadcast`.",
        ),
        param(
            "mentions",
            "array of text",
            true,
            "Those who are mentioned, as JIDs or phone numbers; the text has `@` and the number of each. Both are changed to the names that the chat uses.",
        ),
        MESSAGE_ID,
    ],
    result: SENT,
    needs_login: false,
    since: "0.1.0",
    sentence: "Sends a text that may answer a message or mention people. wa_send_text does it for plain ones.",
};

pub(super) const ROWS: &[MethodRow] = &[
    MethodRow {
        info: MethodInfo {
            name: "message.delete",
            params: &[
                CHAT,
                param("target", "text", false, "The id of the message."),
                param(
                    "sender",
                    "text",
                    true,
                    "The sender of the message, as a JID or a phone number, for an administrator of a group who deletes that of another member. Left out for an own message. In a chat with a person only own messages can be deleted for everybody.",
                ),
                MESSAGE_ID,
            ],
            result: SENT,
            needs_login: false,
            since: "0.1.0",
            sentence: "Deletes a message for everybody: an own one, or in a group, as an administrator, any.",
        },
        parse: |params| sends(params, deletion),
    },
    MethodRow {
        info: MethodInfo {
            name: "message.edit",
            params: &[
                CHAT,
                param("target", "text", false, "The id of the own message."),
                param("text", "text", false, "The new text."),
                MESSAGE_ID,
            ],
            result: SENT,
            needs_login: false,
            since: "0.1.0",
            sentence: "Gives an own message a new text. Official clients take edits for 20 minutes after it was sent.",
        },
        parse: |params| sends(params, edit),
    },
    MethodRow {
        info: MethodInfo {
            name: "message.react",
            params: &[
                CHAT,
                param("target", "text", false, "The id of the message."),
                param("emoji", "text", false, "One emoji; empty takes an earlier reaction back."),
                param(
                    "sender",
                    "text",
                    true,
                    "The sender of the message, as a JID or a phone number; needed in groups, unless it is an own one.",
                ),
                param("from_me", "boolean", true, "Whether it is an own message."),
                MESSAGE_ID,
            ],
            result: SENT,
            needs_login: false,
            since: "0.1.0",
            sentence: "Reacts to a message with an emoji.",
        },
        parse: |params| sends(params, reaction),
    },
    MethodRow { info: SEND, parse: |params| sends(params, text_wished) },
];

/// Returns the call that sends a plain text. It waits for a login.
pub(crate) fn text(chat: &str, text: &str, id: Option<&str>) -> Result<MethodCall, Error> {
    let (chat, id) = (recipient::parse(chat)?, id.map(message_id).transpose()?);
    let content = with_secret(named(Outgoing::text(text, &Extras::default()), "text")?);
    Ok(call(OutboundMessage { chat, id, content: OutboundContent::Content(content) }))
}

/// Returns the call that sends a protobuf message of the host's own making.
pub(crate) fn raw(chat: &str, message: &[u8], id: Option<&str>) -> Result<MethodCall, Error> {
    let chat = recipient::parse(chat)?;
    let id = id.map(message_id).transpose()?;
    let content = named(Outgoing::raw(message), "message")?;
    Ok(call(OutboundMessage { chat, id, content: OutboundContent::Content(content) }))
}

fn call(message: OutboundMessage) -> MethodCall {
    MethodCall { info: &SEND, handler: Box::new(SendMessage(message)) }
}

#[derive(Debug)]
struct SendMessage(OutboundMessage);

impl CallHandler for SendMessage {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        if session.core.with_engine(|engine, cx| engine.send(request, &self.0, cx))?.is_none() {
            session.core.answer(request, Err(Status::NOT_LINKED.into()));
        }
        Ok(())
    }
}

/// Reads a call that sends a message: its chat, its id, and the content that `content` reads.
pub(super) fn sends(params: &Params, content: fn(&Jid, &Params) -> Result<OutboundContent, Error>) -> Parsed {
    let chat = recipient::parse(params.text("chat")?)?;
    let id = params.optional_text("message_id").map(message_id).transpose()?;
    let content = content(&chat, params)?;
    Ok(Box::new(SendMessage(OutboundMessage { chat, id, content })))
}

/// Returns a text, which may answer a message, and mention people.
fn text_wished(chat: &Jid, params: &Params) -> Result<OutboundContent, Error> {
    let (text, extras) = (params.text("text")?.to_owned(), extras(params)?);
    let secret: [u8; 32] = random_array(&mut SharedRandom);
    let people = mentions::people(&extras);
    if people.is_empty() {
        let content = named(Outgoing::text(&text, &extras), "text")?;
        return Ok(OutboundContent::Content(content.with_secret(&secret)));
    }
    let is_quoted_here = extras.quote.as_ref().is_some_and(|quote| quote.chat.is_none());
    let make = move |_: &Jid, people: &[Named], _| {
        let (text, extras) = mentions::renamed(&text, &extras, people);
        Ok(Outgoing::text(&text, &extras)?.with_secret(&secret))
    };
    // A quote from another chat may be of anybody.
    let claim = if is_quoted_here { SenderClaim::OfChat("quote") } else { SenderClaim::Nothing };
    let naming = Naming::new(people, chat, make).map_err(|error| refused(error, "text"))?;
    Ok(OutboundContent::Naming(naming.claiming(claim)))
}

/// The most bytes of an emoji: a family of four with skin colours has 41.
const LONGEST_EMOJI: usize = 64;

fn reaction(chat: &Jid, params: &Params) -> Result<OutboundContent, Error> {
    let (key, sender) = target(chat, params)?;
    let emoji = params.text("emoji")?.to_owned();
    if !emoji.is_empty() && (emoji.len() > LONGEST_EMOJI || emoji.is_ascii()) {
        return Err(params.wrong("emoji", "must be one emoji, or empty to take a reaction back"));
    }
    let Some(sender) = sender else {
        return naming(chat.clone(), chat, "target", SenderClaim::Nothing, move |_, chat, at_ms| {
            Outgoing::reaction(&MessageRef { chat: Some(chat.clone()), ..key.clone() }, &emoji, at_ms)
        });
    };
    let in_group = chat.server == Server::Group;
    let claim = if key.from_me { SenderClaim::Own } else { SenderClaim::OfChat("sender") };
    naming(sender, chat, "target", claim, move |sender, chat, at_ms| {
        let from_me = key.from_me || sender.is_own;
        let participant = (in_group && !from_me).then(|| sender.jid.clone());
        let chat = Some(chat.clone());
        Outgoing::reaction(&MessageRef { chat, from_me, participant, ..key.clone() }, &emoji, at_ms)
    })
}

/// A new text for a message of our own.
fn edit(chat: &Jid, params: &Params) -> Result<OutboundContent, Error> {
    let (key, text) = (own_target(chat, params)?, params.text("text")?.to_owned());
    let secret: [u8; 32] = random_array(&mut SharedRandom);
    let wrong = if key.id.is_empty() { "target" } else { "text" };
    naming(chat.clone(), chat, wrong, SenderClaim::Nothing, move |_, chat, at_ms| {
        let key = MessageRef { chat: Some(chat.clone()), ..key.clone() };
        Ok(Outgoing::edit(&key, &text, &Extras::default(), at_ms)?.with_secret(&secret))
    })
}

/// Deletes a message of our own, or, if a sender is named in a group, one that an administrator removes.
fn deletion(chat: &Jid, params: &Params) -> Result<OutboundContent, Error> {
    let (key, sender) = (own_target(chat, params)?, params.optional_person("sender")?);
    let secret: [u8; 32] = random_array(&mut SharedRandom);
    let is_own = sender.is_none();
    let claim = if is_own { SenderClaim::Nothing } else { SenderClaim::Deletable };
    naming(sender.unwrap_or_else(|| chat.clone()), chat, "target", claim, move |sender, chat, _| {
        let from_me = is_own || sender.is_own;
        let participant = (!from_me).then(|| sender.jid.clone());
        let key = MessageRef { chat: Some(chat.clone()), from_me, participant, ..key.clone() };
        Ok(Outgoing::delete(&key)?.with_secret(&secret))
    })
}

/// Makes a message that names its chat or a person, with a claim about the person; it is made anew when it is known how the chat
/// names them.
fn naming(
    person: Jid,
    chat: &Jid,
    key: &'static str,
    claim: SenderClaim,
    make: impl Fn(&Named, &Jid, i64) -> Result<Outgoing, ContentError> + Send + Sync + 'static,
) -> Result<OutboundContent, Error> {
    let make = move |chat: &Jid, people: &[Named], at_ms| match people {
        [person, ..] => make(person, chat, at_ms),
        [] => Err(ContentError::NoTarget),
    };
    let naming = Naming::new(vec![person], chat, make).map_err(|error| refused(error, key))?;
    Ok(OutboundContent::Naming(naming.claiming(claim)))
}

/// Gives a message its secret: it is what reports and later votes and edits of it are authenticated with. Edits and deletions
/// have one as well, for their reports; reactions and votes have none.
pub(super) fn with_secret(content: Outgoing) -> Outgoing {
    content.with_secret(&random_array(&mut SharedRandom))
}

/// The id of a message that a host chose: not empty, and nothing that the wire could not carry.
pub(super) fn message_id(id: &str) -> Result<Text, Error> {
    if !id.is_empty() && id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Text::new(id));
    }
    let text = "a message id is made of up to 128 visible ASCII characters, without spaces";
    Err(Error::new(Status::INVALID_ARGUMENT, text).with_key("message_id"))
}

pub(super) fn named(made: Result<Outgoing, ContentError>, key: &'static str) -> Result<Outgoing, Error> {
    made.map_err(|error| refused(error, key))
}

fn refused(error: ContentError, key: &'static str) -> Error {
    let status = match error {
        ContentError::TooLarge => Status::TOO_LONG,
        _ => Status::INVALID_MESSAGE,
    };
    Error::new(status, error.to_string()).with_key(key)
}

/// The message that another one is about, whoever sent it; and its sender, if one is named.
fn target(chat: &Jid, params: &Params) -> Result<(MessageRef, Option<Jid>), Error> {
    let sender = params.optional_person("sender")?;
    let from_me = match params.value("from_me") {
        Some(_) => params.flag("from_me")?,
        // In a chat of two, what nobody else is named for was sent by the other.
        None => false,
    };
    let in_group = chat.server == Server::Group;
    if in_group && !from_me && sender.is_none() {
        return Err(params.wrong("sender", "is missing: in a group it says whose message is meant"));
    }
    let id = params.text("target")?.to_owned();
    Ok((MessageRef { chat: Some(chat.clone()), from_me, id, participant: None }, sender))
}

/// A message of our own.
fn own_target(chat: &Jid, params: &Params) -> Result<MessageRef, Error> {
    let id = params.text("target")?.to_owned();
    Ok(MessageRef { chat: Some(chat.clone()), from_me: true, id, participant: None })
}

fn extras(params: &Params) -> Result<Extras, Error> {
    let mut extras = Extras::default();
    if let Some(quote) = params.value("quote") {
        let part = |name: &str| quote.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(id), Some(sender)) = (part("message_id"), part("sender")) else {
            let what = "must be an object with message_id, sender (a JID or a phone number) and text";
            return Err(params.wrong("quote", what));
        };
        let sender = recipient::person_or_bot(sender, "quote.sender")?;
        let text = part("text").unwrap_or_default();
        if text.len() > MAX_TEXT && text.chars().count() > MAX_TEXT {
            return Err(params.wrong("quote", "has a text of more than 65,536 characters"));
        }
        let chat =
            part("chat").map(recipient::readable).transpose().map_err(|error| error.with_key("quote"))?;
        extras.quote = Some(Quote { chat, ..Quote::of_text(id, sender, text) });
    }
    if params.value("mentions").is_some() {
        let mentions = params.texts("mentions")?;
        extras.mentions = mentions
            .iter()
            .map(|text| recipient::person_or_bot(text, "mentions"))
            .collect::<Result<_, _>>()?;
    }
    Ok(extras)
}
