//! Actions of the people at the phones: writing, reading, answering; and the messages they have received.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;
use wa::stanza::{Node, Server, Stanza};

use super::{Answer, ApiError, Shared, body, value};
use crate::{
    model::DeviceAddress,
    people::{
        self, Scene, load,
        send::{self, NotSent, Target, What},
    },
    phone,
    server::presence,
    world::World,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    to: String,
    text: String,
    quote: Option<Target>,
    #[serde(default)]
    device: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    to: String,
    target: Target,
    #[serde(default)]
    text: String,
    #[serde(default)]
    emoji: String,
    #[serde(default)]
    device: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vote {
    to: String,
    target: Target,
    options: Vec<String>,
    #[serde(default)]
    device: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    text: String,
    /// The people who see it, by number; all phones if it is left out.
    audience: Option<Vec<String>>,
    #[serde(default)]
    device: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    to: String,
    message: String,
    #[serde(default)]
    device: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    chat: String,
    ids: Vec<String>,
    /// The sender of the messages, in a group.
    from: Option<String>,
    #[serde(default)]
    device: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typing {
    to: String,
    #[serde(default = "composing")]
    state: String,
    #[serde(default)]
    device: u16,
}

fn composing() -> String {
    "composing".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forget {
    number: String,
    #[serde(default)]
    device: u16,
}

/// The verbs of this file.
pub(super) const VERBS: [&str; 13] = [
    "send",
    "react",
    "edit",
    "delete",
    "sealed_react",
    "sealed_edit",
    "vote",
    "status",
    "send_raw",
    "read",
    "typing",
    "forget",
    "add_device",
];

/// Lets a person do something.
pub(crate) fn act(world: &World, number: &str, verb: &str, asked: &Value) -> Result<Value, ApiError> {
    if !world.model.lock().phones.contains_key(number) {
        return Err(ApiError::no_phone(number));
    }
    match verb {
        "send" => {
            let Text { to, text, quote, device } = value(asked)?;
            say(world, number, device, &to, &What::Text(text, quote))
        }
        "vote" => {
            let Vote { to, target, options, device } = value(asked)?;
            say(world, number, device, &to, &What::Vote(options, target))
        }
        "status" => {
            let Status { text, audience, device } = value(asked)?;
            post_status(world, number, device, &text, audience)
        }
        "react" | "edit" | "delete" | "sealed_react" | "sealed_edit" => {
            let About { to, target, text, emoji, device } = value(asked)?;
            let what = match verb {
                "react" => What::Reaction(emoji, target),
                "edit" => What::Edit(text, target),
                "sealed_react" => What::SealedReaction(emoji, target),
                "sealed_edit" => What::SealedEdit(text, target),
                _ => What::Delete(target),
            };
            say(world, number, device, &to, &what)
        }
        "send_raw" => {
            let Raw { to, message, device } = value(asked)?;
            let bytes =
                STANDARD.decode(message).map_err(|error| ApiError::bad("bad_body", &error.to_string()))?;
            say(world, number, device, &to, &What::Raw(bytes))
        }
        "read" => {
            let seen: Seen = value(asked)?;
            read(world, number, &seen)
        }
        "typing" => {
            let Typing { to, state, device } = value(asked)?;
            let address = address(world, number, device)?;
            let model = world.model.lock();
            let chat = send::chat(&model, &address, &to).ok_or_else(no_chat)?;
            let node = Node::new("chatstate").child(Node::new(wa::stanza::Text::new(&state)));
            let stanza =
                Stanza::from_node(&node).map_err(|error| ApiError::bad("bad_body", &error.to_string()))?;
            presence::typing(&model, &address, &chat, stanza.root());
            Ok(json!({}))
        }
        "forget" => {
            let Forget { number: whom, device } = value(asked)?;
            let address = address(world, number, device)?;
            people::act(world, &mut world.model.lock(), &address, |_, actor| actor.forget(&whom));
            Ok(json!({}))
        }
        "add_device" => {
            let device = phone::add_companion(world, number).ok_or_else(|| {
                ApiError::conflict("too_many_devices", "the account has no room for another device")
            })?;
            let jid = DeviceAddress { number: number.to_owned(), device }.jid().to_string();
            Ok(json!({ "device": device, "jid": jid }))
        }
        _ => Err(ApiError::not_found("people cannot do that")),
    }
}

fn no_chat() -> ApiError {
    ApiError::not_found("there is no such chat: give a number or the address of a group")
}

/// A simulated device of an account.
fn address(world: &World, number: &str, device: u16) -> Result<DeviceAddress, ApiError> {
    let address = DeviceAddress { number: number.to_owned(), device };
    let model = world.model.lock();
    match model.keys(&address) {
        Some(keys) if keys.secrets.is_some() => Ok(address),
        _ => Err(ApiError::not_found("there is no such simulated device")),
    }
}

fn say(world: &World, number: &str, device: u16, to: &str, what: &What) -> Result<Value, ApiError> {
    let address = address(world, number, device)?;
    let mut model = world.model.lock();
    let sent = people::act(world, &mut model, &address, |model, actor| {
        send::send(&mut Scene { world, model, address: &address }, actor, to, what)
    });
    answer(sent)
}

fn post_status(
    world: &World,
    number: &str,
    device: u16,
    text: &str,
    audience: Option<Vec<String>>,
) -> Result<Value, ApiError> {
    let address = address(world, number, device)?;
    let mut model = world.model.lock();
    let audience =
        audience.unwrap_or_else(|| model.phones.keys().filter(|other| *other != number).cloned().collect());
    if let Some(unknown) = audience.iter().find(|other| !model.phones.contains_key(*other)) {
        return Err(ApiError::no_phone(unknown));
    }
    answer(people::act(world, &mut model, &address, |model, actor| {
        send::post_status(&mut Scene { world, model, address: &address }, actor, text, &audience)
    }))
}

fn answer(sent: Result<String, NotSent>) -> Result<Value, ApiError> {
    match sent {
        Ok(id) => Ok(json!({ "id": id })),
        Err(NotSent::NoSuchChat) => Err(no_chat()),
        Err(NotSent::Content(why)) => Err(ApiError::bad("bad_content", &why)),
        Err(NotSent::Refused(code)) => {
            Err(ApiError::conflict("refused", &format!("the server refuses the message with {code}")))
        }
    }
}

fn read(world: &World, number: &str, seen: &Seen) -> Result<Value, ApiError> {
    let address = address(world, number, seen.device)?;
    let mut model = world.model.lock();
    let chat = send::chat(&model, &address, &seen.chat).ok_or_else(no_chat)?;
    let participant = match &seen.from {
        Some(from) if chat.server == Server::Group => {
            let mode = model.group(&chat).map(|group| group.mode).ok_or_else(no_chat)?;
            Some(model.phones.get(from).ok_or_else(|| ApiError::no_phone(from))?.jid(mode, 0))
        }
        _ => None,
    };
    let mut ids = seen.ids.iter();
    let Some(first) = ids.next() else { return Err(ApiError::bad("bad_body", "which messages?")) };
    let items: Vec<Node> = ids.map(|id| Node::new("item").attr("id", id)).collect();
    let receipt = Node::new("receipt")
        .attr("id", first)
        .attr("to", &chat)
        .attr("type", "read")
        .attr_opt("participant", participant)
        .children((!items.is_empty()).then(|| Node::new("list").children(items)));
    people::act(world, &mut model, &address, |model, _| {
        Scene { world, model, address: &address }.receipt(&receipt);
    });
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default)]
    device: u16,
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait_ms: u64,
}

/// Returns the messages that a device has received after that number.
pub(crate) fn heard(world: &World, number: &str, device: u16, after: u64) -> Result<Value, ApiError> {
    let address = address(world, number, device)?;
    let model = world.model.lock();
    let Some(actor) = model.people.get(&address) else {
        return Ok(
            json!({ "last": 0, "messages": [], "receipts": [], "figures": people::Figures::default() }),
        );
    };
    let heard = &actor.heard;
    Ok(json!({
        "last": heard.figures.received,
        "messages": heard.after(after),
        "receipts": heard.receipts().collect::<Vec<_>>(),
        "figures": heard.figures,
    }))
}

pub(super) async fn get_heard(
    State(world): Shared,
    Path(number): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let news = async {
        loop {
            let changed = world.changed.notified();
            tokio::pin!(changed);
            // Registered before looking, so that what comes in between is not missed.
            changed.as_mut().enable();
            let heard = heard(&world, &number, wanted.device, wanted.after)?;
            if heard["messages"].as_array().is_none_or(|messages| !messages.is_empty()) {
                return Ok(heard);
            }
            changed.await;
        }
    };
    match timeout(Duration::from_millis(wanted.wait_ms), news).await {
        Ok(found) => found.map(Json),
        Err(_) => heard(&world, &number, wanted.device, wanted.after).map(Json),
    }
}

/// Begins a load; gives it as JSON.
pub(crate) fn begin_load(world: &Arc<World>, order: &Value) -> Result<Value, ApiError> {
    let id = load::begin(world, value(order)?).map_err(|why| ApiError::bad("bad_load", &why))?;
    show_load(world, id)
}

/// A load as JSON.
pub(crate) fn show_load(world: &World, id: u64) -> Result<Value, ApiError> {
    let progress = world.loads.lock().get(id);
    progress.map(|progress| json!(progress)).ok_or_else(|| ApiError::not_found("there is no such load"))
}

/// Lets a held load go.
pub(crate) fn start_load(world: &World, id: u64) -> Result<Value, ApiError> {
    if world.loads.lock().start(id) {
        return show_load(world, id);
    }
    show_load(world, id)?;
    Err(ApiError::conflict("not_held", "this load is not held, or not encrypted yet"))
}

pub(super) async fn post_load(State(world): Shared, bytes: Bytes) -> Answer {
    begin_load(&world, &body(&bytes)?).map(Json)
}

pub(super) async fn get_load(State(world): Shared, Path(id): Path<u64>) -> Answer {
    show_load(&world, id).map(Json)
}

pub(super) async fn post_start(State(world): Shared, Path(id): Path<u64>) -> Answer {
    start_load(&world, id).map(Json)
}
