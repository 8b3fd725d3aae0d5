//! `/rotate_key`: the server's Noise key.

use axum::{Json, extract::State};
use serde_json::json;

use super::{Answer, Shared};
use crate::world::{World, unix_seconds};

/// Takes another key; connections that are open go on with the old one.
pub(crate) fn rotate_key(world: &World) {
    world.keys.rotate(unix_seconds(), &mut world.random());
    world.log.note(None, "another Noise key");
}

pub(super) async fn post_rotate_key(State(world): Shared) -> Answer {
    rotate_key(&world);
    Ok(Json(json!({})))
}
