//! `/faults`: the rule table.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde_json::json;

use super::{Answer, ApiError, Shared, body};
use crate::faults::NewRule;

pub(super) async fn post(State(world): Shared, bytes: Bytes) -> Answer {
    let rule: NewRule = body(&bytes)?;
    Ok(Json(json!({ "id": world.faults.add(rule) })))
}

pub(super) async fn get_all(State(world): Shared) -> Answer {
    Ok(Json(json!({ "faults": world.faults.list() })))
}

pub(super) async fn clear(State(world): Shared) -> Answer {
    world.faults.clear();
    Ok(Json(json!({})))
}

pub(super) async fn remove(State(world): Shared, Path(id): Path<u64>) -> Answer {
    if world.faults.remove(id) {
        Ok(Json(json!({})))
    } else {
        Err(ApiError::not_found("there is no such rule"))
    }
}
