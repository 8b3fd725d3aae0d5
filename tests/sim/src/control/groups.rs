//! `/groups`: groups from outside, as their members and the server see them.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};
use wa::stanza::{Node, Stanza, Text};

use super::{Answer, ApiError, Shared, body, value};
use crate::{
    model::{Group, Model, Space},
    server::groups::{self, Action},
    world::World,
};

/// All groups.
pub(super) async fn get_all(State(world): Shared) -> Answer {
    let model = world.model.lock();
    let all: Vec<Value> = model.groups.values().map(|group| to_json(&model, group)).collect();
    Ok(Json(json!({ "groups": all })))
}

/// One group.
pub(super) async fn get_one(State(world): Shared, Path(id): Path<String>) -> Answer {
    show(&world, &id).map(Json)
}

fn show(world: &World, id: &str) -> Result<Value, ApiError> {
    let model = world.model.lock();
    let group = model.groups.get(id).ok_or_else(no_group)?;
    Ok(to_json(&model, group))
}

fn no_group() -> ApiError {
    ApiError::not_found("there is no such group")
}

fn to_json(model: &Model, group: &Group) -> Value {
    let members: Vec<Value> = group
        .members
        .iter()
        .map(|(number, rank)| {
            let lid = model.phones.get(number).map(|phone| phone.lid(0).to_string());
            json!({ "number": number, "lid": lid, "rank": rank.name().unwrap_or("member") })
        })
        .collect();
    json!({
        "id": group.id,
        "jid": group.jid().to_string(),
        "subject": group.subject,
        "mode": group.mode.name(),
        "description": group.description.as_ref().map(|description| description.body.as_str()),
        "announcement": group.announcement,
        "locked": group.locked,
        "ephemeral": group.ephemeral,
        "invite": group.invite,
        "members": members,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    subject: String,
    creator: String,
    #[serde(default)]
    members: Vec<String>,
    mode: Option<String>,
}

/// Makes a group; gives it as JSON.
pub(crate) fn create(world: &World, new: &Value) -> Result<Value, ApiError> {
    let New { subject, creator, members, mode } = value(new)?;
    let mode = match mode {
        Some(name) => mode_of(&name)?,
        None => world.options.group_mode(),
    };
    let mut model = world.model.lock();
    let unknown =
        std::iter::once(&creator).chain(&members).find(|number| !model.phones.contains_key(*number));
    if let Some(number) = unknown {
        return Err(ApiError::no_phone(number));
    }
    let id = groups::create(world, &mut model, &creator, &subject, &members, mode, None).map_err(refused)?;
    drop(model);
    show(world, &id)
}

fn mode_of(name: &str) -> Result<Space, ApiError> {
    Space::from_name(name).ok_or(ApiError::bad("bad_body", "a mode is pn or lid"))
}

fn refused(code: u16) -> ApiError {
    ApiError::bad("refused", &format!("the server refuses with {code}"))
}

pub(super) async fn post(State(world): Shared, bytes: Bytes) -> Answer {
    create(&world, &body(&bytes)?).map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    members: Vec<String>,
    by: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leave {
    member: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    what: String,
    text: Option<String>,
    expiration: Option<u32>,
    by: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mode {
    mode: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Times {
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

/// Does something to a group. Without `by`, its creator does it.
pub(crate) fn act(world: &World, id: &str, verb: &str, body: &Value) -> Result<Value, ApiError> {
    let mut model = world.model.lock();
    let group = model.groups.get_mut(id).ok_or_else(no_group)?;
    let creator = group.creator.clone();
    match verb {
        "add" | "remove" | "promote" | "demote" => {
            let Members { members, by } = value(body)?;
            if let Some(number) = members.iter().find(|number| !model.phones.contains_key(*number)) {
                return Err(ApiError::no_phone(number));
            }
            let action: Action = value(&Value::from(verb))?;
            groups::update(world, &mut model, id, &by.unwrap_or(creator), &members, action);
        }
        "leave" => {
            let Leave { member } = value(body)?;
            groups::leave(world, &mut model, id, &member).map_err(refused)?;
        }
        "set" => {
            let Setting { what, text, expiration, by } = value(body)?;
            let mut node = Node::new(Text::new(&what)).attr_opt("expiration", expiration);
            if let Some(text) = text {
                node = node.text(text);
            }
            let stanza =
                Stanza::from_node(&node).map_err(|error| ApiError::bad("bad_body", &error.to_string()))?;
            groups::set(world, &mut model, id, &by.unwrap_or(creator), stanza.root()).map_err(refused)?;
        }
        "mode" => {
            let Mode { mode } = value(body)?;
            group.mode = mode_of(&mode)?;
        }
        "false_hashes" => {
            let Times { times } = value(body)?;
            group.false_hashes = times;
        }
        _ => {
            return Err(ApiError::not_found(
                "a group can add, remove, promote, demote, leave, set, mode and false_hashes",
            ));
        }
    }
    drop(model);
    show(world, id)
}

pub(super) async fn post_verb(
    State(world): Shared,
    Path((id, verb)): Path<(String, String)>,
    bytes: Bytes,
) -> Answer {
    act(&world, &id, &verb, &body(&bytes)?).map(Json)
}
