//! `/violations`: what clients sent in another shape than the official web client.

use axum::{Json, extract::State};
use serde_json::json;

use super::{Answer, Shared};

pub(super) async fn get(State(world): Shared) -> Answer {
    Ok(Json(json!({ "violations": world.shapes.found() })))
}
