//! `/ciphertexts`: what the ledger of message keys has seen.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{Answer, Shared};
use crate::world::World;

/// The figures, and the message keys that were used twice.
pub(crate) fn show(world: &World) -> Value {
    let mut json = json!(world.ledger.totals());
    json["findings"] = json!(world.ledger.findings());
    json
}

pub(super) async fn get(State(world): Shared) -> Answer {
    Ok(Json(show(&world)))
}

pub(super) async fn clear(State(world): Shared) -> Answer {
    world.ledger.clear();
    Ok(Json(json!({})))
}
