//! Messages that a host describes, made into what is sent.

use serde_json::Value;

use super::mentions;
use super::params::Params;
use crate::api::{Error, Status};
use crate::client::recipient;
use crate::crypto::{SharedRandom, random_array};
use crate::messaging::content::{
    ContactCard, ContentError, Extras, Location, MAX_TEXT, MessageRef, Outgoing, Quote,
};
use crate::messaging::engine::{Named, Naming, OutboundContent, OutboundMessage, Vote};
use crate::stanza::{Jid, Server, Text};

/// A plain text.
pub(crate) fn text(chat: &str, text: &str, id: Option<&str>) -> Result<OutboundMessage, Error> {
    let (chat, id) = (recipient::parse(chat)?, id.map(message_id).transpose()?);
    let content = with_secret(named(Outgoing::text(text, &Extras::default()), "text")?);
    Ok(OutboundMessage { chat, id, content: OutboundContent::Content(content) })
}

/// A protobuf message of the host's own making.
pub(crate) fn raw(chat: &str, message: &[u8], id: Option<&str>) -> Result<OutboundMessage, Error> {
    let chat = recipient::parse(chat)?;
    let id = id.map(message_id).transpose()?;
    Ok(OutboundMessage {
        chat,
        id,
        content: OutboundContent::Content(named(Outgoing::raw(message), "message")?),
    })
}

/// The message that a method of that name sends; `None` if it sends none.
pub(super) fn parse(method: &str, params: &Params) -> Result<Option<OutboundMessage>, Error> {
    if ![
        "message.send",
        "message.react",
        "message.edit",
        "message.delete",
        "poll.send",
        "poll.vote",
        "location.send",
        "contact.send",
    ]
    .contains(&method)
    {
        return Ok(None);
    }
    let chat = recipient::parse(params.text("chat")?)?;
    if method == "poll.vote" {
        let id = params.optional_text("message_id").map(message_id).transpose()?;
        return Ok(Some(OutboundMessage { chat, id, content: OutboundContent::Vote(vote(params)?) }));
    }
    let id = params.optional_text("message_id").map(message_id).transpose()?;
    let content = match method {
        "message.send" => text_wished(&chat, params)?,
        "message.edit" => edit(&chat, params)?,
        "message.react" => reaction(&chat, params)?,
        "message.delete" => deletion(&chat, params)?,
        _ => OutboundContent::Content(with_secret(plain(method, params)?)),
    };
    Ok(Some(OutboundMessage { chat, id, content }))
}

/// Messages that name nobody.
fn plain(method: &str, params: &Params) -> Result<Outgoing, Error> {
    match method {
        "poll.send" => {
            let selectable = params.optional_count("selectable")?.unwrap_or(1);
            let secret = random_array(&mut SharedRandom);
            let options = params.texts("options")?;
            let question = params.text("question")?;
            named(Outgoing::poll(question, &options, selectable, &secret, &Extras::default()), "options")
        }
        "location.send" => {
            let location = Location {
                latitude: params.number("latitude")?,
                longitude: params.number("longitude")?,
                name: params.optional_text("name").map(str::to_owned),
                address: params.optional_text("address").map(str::to_owned),
                ..Location::default()
            };
            named(Outgoing::location(&location, &Extras::default()), "latitude")
        }
        _ => named(Outgoing::contacts(&contacts(params)?, &Extras::default()), "contacts"),
    }
}

/// A text, which may answer a message of somebody, and mention people.
fn text_wished(chat: &Jid, params: &Params) -> Result<OutboundContent, Error> {
    let (text, extras) = (params.text("text")?.to_owned(), extras(params)?);
    let secret: [u8; 32] = random_array(&mut SharedRandom);
    let people = mentions::people(&extras);
    if people.is_empty() {
        let content = named(Outgoing::text(&text, &extras), "text")?;
        return Ok(OutboundContent::Content(content.with_secret(&secret)));
    }
    let make = move |_: &Jid, people: &[Named], _| {
        let (text, extras) = mentions::renamed(&text, &extras, people);
        Ok(Outgoing::text(&text, &extras)?.with_secret(&secret))
    };
    Naming::new(people, chat, make).map(OutboundContent::Naming).map_err(|error| refused(error, "text"))
}

/// The most bytes of an emoji: a family of four with skin colours has 41.
const LONGEST_EMOJI: usize = 64;

fn reaction(chat: &Jid, params: &Params) -> Result<OutboundContent, Error> {
    let (key, sender) = target(chat, params)?;
    let emoji = params.text("emoji")?.to_owned();
    if !emoji.is_empty() && (emoji.len() > LONGEST_EMOJI || emoji.is_ascii()) {
        return Err(params.wrong("emoji", "must be one emoji, or empty to take a reaction back"));
    }
    let Some(sender) = sender.filter(|_| !key.from_me) else {
        return naming(chat.clone(), chat, "target", move |_, chat, at_ms| {
            Outgoing::reaction(&MessageRef { chat: Some(chat.clone()), ..key.clone() }, &emoji, at_ms)
        });
    };
    let in_group = chat.server == Server::Group;
    naming(sender, chat, "target", move |sender, chat, at_ms| {
        let participant = (in_group && !sender.is_own).then(|| sender.jid.clone());
        let chat = Some(chat.clone());
        Outgoing::reaction(
            &MessageRef { chat, from_me: sender.is_own, participant, ..key.clone() },
            &emoji,
            at_ms,
        )
    })
}

/// A new text for a message of our own.
fn edit(chat: &Jid, params: &Params) -> Result<OutboundContent, Error> {
    let (key, text) = (own_target(chat, params)?, params.text("text")?.to_owned());
    let secret: [u8; 32] = random_array(&mut SharedRandom);
    let wrong = if key.id.is_empty() { "target" } else { "text" };
    naming(chat.clone(), chat, wrong, move |_, chat, at_ms| {
        let key = MessageRef { chat: Some(chat.clone()), ..key.clone() };
        Ok(Outgoing::edit(&key, &text, &Extras::default(), at_ms)?.with_secret(&secret))
    })
}

/// Deletes a message of our own, or, if a sender is named, one that an administrator removes.
fn deletion(chat: &Jid, params: &Params) -> Result<OutboundContent, Error> {
    let (key, sender) = (own_target(chat, params)?, params.optional_person("sender")?);
    let secret: [u8; 32] = random_array(&mut SharedRandom);
    let is_own = sender.is_none();
    naming(sender.unwrap_or_else(|| chat.clone()), chat, "target", move |sender, chat, _| {
        let from_me = is_own || sender.is_own;
        let participant = (!from_me).then(|| sender.jid.clone());
        let key = MessageRef { chat: Some(chat.clone()), from_me, participant, ..key.clone() };
        Ok(Outgoing::delete(&key)?.with_secret(&secret))
    })
}

/// Makes a message that names its chat or a person; it is made anew when it is known how the chat names them.
fn naming(
    person: Jid,
    chat: &Jid,
    key: &'static str,
    make: impl Fn(&Named, &Jid, i64) -> Result<Outgoing, ContentError> + Send + Sync + 'static,
) -> Result<OutboundContent, Error> {
    let make = move |chat: &Jid, people: &[Named], at_ms| match people {
        [person, ..] => make(person, chat, at_ms),
        [] => Err(ContentError::NoTarget),
    };
    Naming::new(vec![person], chat, make).map(OutboundContent::Naming).map_err(|error| refused(error, key))
}

/// Gives a message its secret: it is what reports and later votes and edits of it are authenticated with. Edits and deletions
/// have one as well, for their reports; reactions and votes have none.
fn with_secret(content: Outgoing) -> Outgoing {
    content.with_secret(&random_array(&mut SharedRandom))
}

/// A vote. An empty list takes an earlier one back.
fn vote(params: &Params) -> Result<Vote, Error> {
    let none = params.value("options").and_then(Value::as_array).is_some_and(Vec::is_empty);
    Ok(Vote {
        poll: message_id(params.text("target")?).map_err(|error| error.with_key("target"))?,
        author: params.optional_person("sender")?,
        chosen: if none { Vec::new() } else { params.texts("options")? },
    })
}

/// The id of a message that a host chose: not empty, and nothing that the wire could not carry.
fn message_id(id: &str) -> Result<Text, Error> {
    if !id.is_empty() && id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Text::new(id));
    }
    let text = "a message id is made of up to 128 visible ASCII characters, without spaces";
    Err(Error::new(Status::INVALID_ARGUMENT, text).with_key("message_id"))
}

fn named(made: Result<Outgoing, ContentError>, key: &'static str) -> Result<Outgoing, Error> {
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

fn contacts(params: &Params) -> Result<Vec<ContactCard>, Error> {
    let cards = params.value("contacts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let card = |value: &Value| {
        let part = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        ContactCard { name: part("name"), vcard: part("vcard") }
    };
    Ok(cards.iter().take(64).map(card).collect())
}
