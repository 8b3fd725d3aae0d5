//! `/settle`: the barrier before a look at the state.

use std::time::Duration;

use axum::{Json, body::Bytes, extract::State};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, ApiError, Shared, body};
use crate::settle::settle;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    #[serde(default = "a_minute")]
    wait_ms: u64,
}

fn a_minute() -> u64 {
    60_000
}

pub(super) async fn post(State(world): Shared, bytes: Bytes) -> Answer {
    let Limit { wait_ms } = body(&bytes)?;
    match settle(&world, Duration::from_millis(wait_ms)).await {
        Ok(()) => Ok(Json(json!({}))),
        Err(why) => Err(ApiError::conflict("unsettled", &why)),
    }
}
