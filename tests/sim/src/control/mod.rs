//! The control API: JSON over HTTP for scripts, and the page with the phones. README.md of this package describes it.
//!
//! Handlers translate; what they do is in `phone`, `server` and `faults`, where the Rust API finds it too.

pub(crate) mod ciphertexts;
pub(crate) mod connections;
mod error;
mod faults;
pub(crate) mod groups;
mod log;
pub(crate) mod media;
mod page;
pub(crate) mod past;
pub(crate) mod people;
pub(crate) mod phones;
pub(crate) mod server;
mod settle;
pub(crate) mod version;
mod violations;

use std::sync::Arc;

use axum::{
    Json, Router,
    routing::{delete, get, post},
};
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;

pub(crate) use error::ApiError;

use crate::{media as files, simulator::Started, world::World};

/// The end of `--help`.
pub(crate) const API_HELP: &str = "\
Control API (JSON; errors are 4xx with {\"error\":name,\"message\":text}):
  POST   /phones {\"number\",\"name\", switches}        make a phone
  GET    /phones, /phones/{number}                  screen, waiting request, companions, switches
  PATCH  /phones/{number} {switches}                strict_qr, max_devices, refuse_code, passkey, stop, ...
  POST   /phones/{number}/enter {\"code\"}            type a code; answers with the outcome
  POST   /phones/{number}/scan {\"qr\"}               scan a QR; answers with the outcome
  POST   /phones/{number}/unlink {\"device\"|\"all\"}   unlink companions
  POST   /phones/{number}/refresh_code|confirm|reinstall|push
  POST   /phones/{number}/send|react|edit|delete|vote|status|send_raw|read|typing|forget|add_device|presence|token
  POST   /phones/{number}/past {\"chats\",...}; POST /phones/{number}/past/send {\"type\",...}
  GET    /phones/{number}/heard?after=N&wait_ms=MS    what the person has received
  POST   /loads {\"to\",\"from\",\"count\"}; GET /loads/{id}; POST /loads/{id}/start
  GET, POST /groups {\"subject\",\"creator\",\"members\"}; POST /groups/{id}/add|remove|promote|demote|leave|set|mode
  GET, DELETE /ciphertexts                          message keys seen, and those used twice
  POST   /faults {\"when\",\"do\",\"times\"}              make something go wrong
  GET, DELETE /faults; DELETE /faults/{id}
  GET    /connections; POST /connections/{id}/close|cut|silence|send|nudge
  GET    /log?after=N&wait_ms=MS&json=1&redact=1    what went over the wires
  GET, PATCH /version {\"newest\",\"oldest\"}; GET /sw.js  versions of the web client, and the page that tells the newest
  GET, POST /media {\"number\",\"type\",\"bytes\"}; POST /media/expire {\"number\"|\"path\"} files of the media servers, and letting them expire
  POST   /rotate_key                                the server takes another Noise key
  GET    /violations                                what --check-shapes has found
  POST   /settle {\"wait_ms\"}                        answers once everything sent before has been handled
README.md in tests/sim describes all of it.";

type Shared = axum::extract::State<Arc<World>>;
type Answer = Result<Json<serde_json::Value>, ApiError>;

/// Serves the control address until dropped.
pub(crate) async fn serve(world: Arc<World>, started: Started, listener: TcpListener) {
    let info = serde_json::to_value(&started).unwrap_or_default();
    let router = Router::new()
        .route("/", get(page::index))
        .route("/style.css", get(page::style))
        .route("/app.js", get(page::script))
        .route("/info", get(move || async move { Json(info) }))
        .route("/phones", get(phones::get_all).post(phones::post))
        .route("/phones/{number}", get(phones::get_one).patch(phones::patch_one).delete(phones::remove))
        .route("/phones/{number}/heard", get(people::get_heard))
        .route("/phones/{number}/{verb}", post(phones::act))
        .route("/phones/{number}/past/send", post(past::post_send))
        .route("/loads", post(people::post_load))
        .route("/loads/{id}", get(people::get_load))
        .route("/loads/{id}/start", post(people::post_start))
        .route("/groups", get(groups::get_all).post(groups::post))
        .route("/groups/{id}", get(groups::get_one))
        .route("/groups/{id}/{verb}", post(groups::post_verb))
        .route("/ciphertexts", get(ciphertexts::get).delete(ciphertexts::clear))
        .route("/faults", get(faults::get_all).post(faults::post).delete(faults::clear))
        .route("/faults/{id}", delete(faults::remove))
        .route("/connections", get(connections::get_all))
        .route("/connections/{id}/{verb}", post(connections::post))
        .route("/log", get(log::get))
        .route("/version", get(version::get).patch(version::patch))
        .route("/rotate_key", post(server::post_rotate_key))
        .route("/sw.js", get(version::page))
        .route("/media", get(media::get).post(media::post))
        .route("/media/expire", post(media::post_expire))
        .route("/settle", post(settle::post))
        .route("/violations", get(violations::get))
        .merge(files::router())
        .fallback(|| async { ApiError::not_found("no such path") })
        .method_not_allowed_fallback(|| async { ApiError::bad("method", "not with this method") })
        .with_state(world);
    // It ends only when the listener fails for good, and then there is nobody to tell.
    let _ = axum::serve(listener, router).await;
}

/// Reads a body, whatever its content type; nothing is an empty object.
fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| ApiError::bad("bad_body", &error.to_string()))
}

/// Reads a JSON value that is already parsed.
fn value<T: DeserializeOwned>(json: &serde_json::Value) -> Result<T, ApiError> {
    T::deserialize(json).map_err(|error| ApiError::bad("bad_body", &error.to_string()))
}
