//! `/connections`: who is connected, and doing something to one of them.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, ApiError, Shared, body, value};
use crate::{
    faults::End,
    json_node,
    model::{Command, Entry, Stage},
    server::pair::{self, Nudge},
    world::World,
};

/// All open connections.
pub(crate) fn list(world: &World) -> Value {
    let model = world.model.lock();
    model.connections.iter().map(|(id, entry)| show(*id, entry)).collect()
}

fn show(id: u64, entry: &Entry) -> Value {
    let connection = &entry.connection;
    let (received, sent) = connection.counts();
    let mut json = json!({
        "id": id,
        "peer": connection.peer.to_string(),
        "tls": connection.secure,
        "age_ms": u64::try_from(connection.opened.elapsed().as_millis()).unwrap_or(u64::MAX),
        "received": received,
        "sent": sent,
        "media_conns": connection.media_conns(),
    });
    match &entry.stage {
        Stage::Handshake => json["stage"] = "handshake".into(),
        Stage::Unpaired(unpaired) => {
            json["stage"] = "unpaired".into();
            json["os"] = unpaired.props.os.clone().into();
            json["version"] = unpaired.version.clone().into();
            json["number"] = unpaired.code.as_ref().map(|(number, _)| number.clone()).into();
            json["unacked"] = unpaired.unacked.clone().into();
        }
        Stage::Device(address) => {
            json["stage"] = "device".into();
            json["number"] = address.number.clone().into();
            json["jid"] = address.jid().to_string().into();
        }
    }
    json
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToSend {
    stanza: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToNudge {
    what: Nudge,
}

/// Does something to a connection.
pub(crate) fn act(world: &World, id: u64, verb: &str, json: &Value) -> Result<(), ApiError> {
    let connection = world.model.lock().connection(id);
    let connection = connection.ok_or_else(|| ApiError::not_found("there is no such connection"))?;
    match verb {
        "close" => connection.kill(End::Close),
        "cut" => connection.kill(End::Cut),
        "silence" => connection.command(Command::Silence),
        "send" => {
            let ToSend { stanza } = value(json)?;
            let node = json_node::from_json(&stanza).map_err(|why| ApiError::bad("bad_stanza", &why))?;
            connection.send(node);
        }
        "nudge" => {
            let ToNudge { what } = value(json)?;
            if !pair::nudge(world, id, what) {
                return Err(ApiError::bad(
                    "not_unpaired",
                    "only a companion that waits to be linked can be nudged",
                ));
            }
        }
        _ => return Err(ApiError::not_found("no such verb; there are close, cut, silence, send and nudge")),
    }
    Ok(())
}

pub(super) async fn get_all(State(world): Shared) -> Answer {
    Ok(Json(json!({ "connections": list(&world) })))
}

pub(super) async fn post(
    State(world): Shared,
    Path((id, verb)): Path<(u64, String)>,
    bytes: Bytes,
) -> Answer {
    act(&world, id, &verb, &body(&bytes)?)?;
    Ok(Json(json!({})))
}
