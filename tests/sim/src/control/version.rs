//! `/version` and `/sw.js`: which versions of the web client there are.

use axum::{Json, body::Bytes, extract::State, http::header, response::IntoResponse};
use serde_json::Value;

use super::{Answer, ApiError, Shared, body, value};
use crate::world::{World, unix_seconds};

pub(crate) fn show(world: &World) -> Value {
    world.versions.show(&world.options, unix_seconds())
}

/// Sets the newest version, or the oldest that is let in.
pub(crate) fn set(world: &World, json: &Value) -> Result<(), ApiError> {
    world.versions.change(value(json)?).map_err(|why| ApiError::bad("bad_version", &why))
}

pub(super) async fn get(State(world): Shared) -> Answer {
    Ok(Json(show(&world)))
}

pub(super) async fn patch(State(world): Shared, bytes: Bytes) -> Answer {
    set(&world, &body(&bytes)?)?;
    Ok(Json(show(&world)))
}

/// The page that clients read the newest version from.
pub(super) async fn page(State(world): Shared) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/javascript")], world.versions.page(unix_seconds()))
}
