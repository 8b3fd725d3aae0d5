//! `/log`: what went over the wires.

use std::time::Duration;

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::{Answer, Shared};
use crate::log::Show;

/// Longest wait for new entries.
const MOST_WAIT_MS: u64 = 60_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Filter {
    after: u64,
    wait_ms: u64,
    connection: Option<u64>,
    tag: Option<String>,
    dir: Option<String>,
    redact: u8,
    json: u8,
}

pub(super) async fn get(State(world): Shared, Query(filter): Query<Filter>) -> Answer {
    if filter.wait_ms > 0 {
        let wait = Duration::from_millis(filter.wait_ms.min(MOST_WAIT_MS));
        // The entries are shown, new ones or not.
        let _ = timeout(wait, world.log.grown(filter.after)).await;
    }
    let show = Show { redact: filter.redact != 0, json: filter.json != 0 };
    let (last, entries) = world.log.after(filter.after, show, |entry| {
        filter.connection.is_none_or(|id| entry["connection"] == id)
            && filter.tag.as_deref().is_none_or(|tag| entry["tag"] == tag)
            && filter.dir.as_deref().is_none_or(|dir| entry["dir"] == dir)
    });
    Ok(Json(json!({ "last": last, "entries": entries })))
}
