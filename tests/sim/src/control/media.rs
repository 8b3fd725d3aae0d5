//! `/media`: the files of the media servers.

use axum::{Json, body::Bytes, extract::State};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, ApiError, Shared, body, value};
use crate::{
    media::{Lock, Upload},
    world::{World, unix_seconds},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFile {
    number: String,
    #[serde(rename = "type")]
    mms_type: String,
    /// The encrypted file, base64.
    bytes: String,
    e_handle: Option<String>,
    #[serde(default)]
    secret: String,
    /// Its path has run out already.
    #[serde(default)]
    expired: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    number: Option<String>,
    path: Option<String>,
}

/// All files, and the figures.
pub(crate) fn show(world: &World) -> Value {
    world.media.files.show(None)
}

/// Puts a file up, as the phone of that number; gives its direct path.
pub(crate) fn put(world: &World, file: &Value) -> Result<Value, ApiError> {
    let NewFile { number, mms_type, bytes, e_handle, secret, expired } = value(file)?;
    if !world.model.lock().phones.contains_key(&number) {
        return Err(ApiError::no_phone(&number));
    }
    let bytes = STANDARD.decode(bytes).map_err(|error| ApiError::bad("bad_body", &error.to_string()))?;
    let lock = e_handle.map(|handle| Lock { handle, secret });
    let upload = Upload { number, mms_type, bytes, lock, has_run_out: expired };
    let path = world.media.files.put(upload, unix_seconds());
    world.changed.notify_waiters();
    Ok(json!({ "path": path }))
}

/// Lets files expire; gives their number.
pub(crate) fn expire(world: &World, which: &Value) -> Result<u64, ApiError> {
    let Which { number, path } = value(which)?;
    let expired = world.media.files.expire(number.as_deref(), path.as_deref());
    Ok(u64::try_from(expired).unwrap_or(u64::MAX))
}

pub(super) async fn get(State(world): Shared) -> Answer {
    Ok(Json(show(&world)))
}

pub(super) async fn post(State(world): Shared, bytes: Bytes) -> Answer {
    put(&world, &body(&bytes)?).map(Json)
}

pub(super) async fn post_expire(State(world): Shared, bytes: Bytes) -> Answer {
    Ok(Json(json!({ "expired": expire(&world, &body(&bytes)?)? })))
}
