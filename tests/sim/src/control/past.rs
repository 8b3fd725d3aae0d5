//! `/phones/{number}/past`: what a phone knows of the past, and sending a part of it.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde_json::Value;

use super::{Answer, ApiError, Shared, body, value};
use crate::{people::history, world::World};

fn bad(why: &str) -> ApiError {
    ApiError::bad("bad_past", why)
}

/// Gives a phone a past.
pub(crate) fn set(world: &World, number: &str, order: &Value) -> Result<Value, ApiError> {
    history::set(world, number, value(order)?).map_err(|why| bad(&why))
}

/// Sends a part of it; gives the notices once they are on their way.
pub(crate) async fn send(world: &World, number: &str, order: &Value) -> Result<Value, ApiError> {
    history::send(world, number, value(order)?).await.map_err(|why| bad(&why))
}

pub(super) async fn post_send(State(world): Shared, Path(number): Path<String>, bytes: Bytes) -> Answer {
    send(&world, &number, &body(&bytes)?).await.map(Json)
}
