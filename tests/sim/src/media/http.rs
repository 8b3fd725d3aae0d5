//! The requests for files, and the rules at point `media`.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::Response,
    routing::{delete, get},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    time::sleep,
};

use super::{
    body::Spoilt,
    files::{Deletion, NotServed, Shown},
    range::{self, Part},
};
use crate::{
    faults::{Action, Plan, Subject},
    world::{World, unix_seconds},
};

/// Told when a rule ends the connection without an answer.
#[derive(Clone, Default)]
struct Hangup(Arc<Notify>);

type Shared = State<Arc<World>>;

/// The paths of the media servers.
pub(crate) fn router() -> Router<Arc<World>> {
    Router::new().route("/v/{*path}", get(download)).route("/mms/{type}/{token}", delete(remove))
}

/// Serves requests for files on one connection until it ends.
pub(crate) async fn serve<S>(world: Arc<World>, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let hangup = Hangup::default();
    let router = router()
        .fallback(|| async { refused(&NotServed { status: 404, why: "no such path" }) })
        .layer(Extension(hangup.clone()))
        .with_state(world);
    let served =
        http1::Builder::new().serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::select! {
        // An error is the client's: it is gone, or it speaks no HTTP.
        _ = served => {}
        () = hangup.0.notified() => {}
    }
}

/// The query of a download, in every style that clients have.
#[derive(Deserialize)]
struct DownloadQuery {
    oh: Option<String>,
    oe: Option<String>,
    hash: Option<String>,
    token: Option<String>,
    #[serde(rename = "mms-type")]
    mms_type: Option<String>,
}

async fn download(
    State(world): Shared,
    hangup: Option<Extension<Hangup>>,
    uri: Uri,
    Query(query): Query<DownloadQuery>,
    headers: HeaderMap,
) -> Response {
    let owner = world.media.files.owner(uri.path());
    let plan = hit(&world, &Method::GET, &uri, owner.as_ref());
    if let Some(answer) = instead(&plan, hangup).await {
        return answer;
    }
    let shown = Shown {
        oh: query.oh.as_deref(),
        oe: query.oe.as_deref(),
        hash: query.hash.as_deref().or(query.token.as_deref()),
        mms_type: query.mms_type.as_deref(),
    };
    let bytes = match world.media.files.fetch(uri.path(), shown, unix_seconds()) {
        Ok(bytes) => bytes,
        Err(why) => {
            note(&world, &Method::GET, &uri, &why);
            return refused(&why);
        }
    };
    world.log.note(None, format!("GET {}: {} bytes", uri.path(), bytes.len()));
    world.changed.notify_waiters();
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    file(range, bytes, &Spoilt::of(&plan))
}

/// The answer with a file, or with a part of it.
fn file(range: Option<&str>, bytes: Bytes, spoilt: &Spoilt) -> Response {
    let whole = bytes.len();
    let answer = Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::ACCEPT_RANGES, "bytes");
    let (answer, bytes) = match range::read(range, whole) {
        Part::All => (answer.status(StatusCode::OK), bytes),
        Part::Some(part) => {
            let of = format!("bytes {}-{}/{whole}", part.start, part.end.saturating_sub(1));
            let answer = answer.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, of);
            (answer, bytes.slice(part))
        }
        Part::Outside => {
            let answer = answer.status(StatusCode::RANGE_NOT_SATISFIABLE);
            (answer.header(header::CONTENT_RANGE, format!("bytes */{whole}")), Bytes::new())
        }
    };
    let bytes = spoilt.change(bytes);
    let answer = answer.header(header::CONTENT_LENGTH, bytes.len());
    answer.body(spoilt.body(bytes)).unwrap_or_default()
}

/// The query of a deletion.
#[derive(Deserialize)]
struct DeletionQuery {
    token: Option<String>,
    d_md: Option<String>,
    auth: Option<String>,
    e_handle: Option<String>,
}

async fn remove(
    State(world): Shared,
    hangup: Option<Extension<Hangup>>,
    uri: Uri,
    Path((mms_type, token)): Path<(String, String)>,
    Query(query): Query<DeletionQuery>,
    headers: HeaderMap,
) -> Response {
    let path = query.d_md.as_deref().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let path = path.and_then(|bytes| String::from_utf8(bytes).ok());
    let owner = path.as_deref().and_then(|path| world.media.files.owner(path));
    let plan = hit(&world, &Method::DELETE, &uri, owner.as_ref());
    if let Some(answer) = instead(&plan, hangup).await {
        return answer;
    }
    let number = query.auth.as_deref().and_then(|auth| world.media.auths.number(auth, unix_seconds()));
    let secret = headers.get("companion_user_secret").and_then(|secret| secret.to_str().ok());
    let deleted = match (number, path) {
        (None, _) => early(&world, 401, "auth is missing, unknown or has run out"),
        (_, None) => early(&world, 400, "d_md is missing, or no base64 of a path"),
        _ if query.token.as_deref() != Some(&*token) => {
            early(&world, 400, "the token of the query is not that of the path")
        }
        (Some(number), Some(path)) => world.media.files.delete(Deletion {
            mms_type: &mms_type,
            token: &token,
            path: &path,
            number: &number,
            handle: query.e_handle.as_deref(),
            secret,
        }),
    };
    match deleted {
        Ok(()) => {
            world.log.note(None, format!("DELETE {}", uri.path()));
            world.changed.notify_waiters();
            Response::default()
        }
        Err(why) => {
            note(&world, &Method::DELETE, &uri, &why);
            refused(&why)
        }
    }
}

fn early(world: &World, status: u16, why: &'static str) -> Result<(), NotServed> {
    world.media.files.note_refused();
    Err(NotServed { status, why })
}

fn note(world: &World, method: &Method, uri: &Uri, why: &NotServed) {
    world.log.note(None, format!("{method} {} is refused with {}: {}", uri.path(), why.status, why.why));
    world.changed.notify_waiters();
}

fn refused(why: &NotServed) -> Response {
    status(why.status, Body::from(why.why))
}

fn status(code: u16, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// Asks the rules about a request.
fn hit(world: &World, method: &Method, uri: &Uri, owner: Option<&(String, String)>) -> Plan {
    let path = uri.path_and_query().map_or_else(|| uri.path(), |whole| whole.as_str());
    Plan::of(world.faults.hit(|| Subject::file(method.as_str(), path, owner.cloned())))
}

/// Does what the rules want in place of an answer, or before it; gives the answer that they make.
async fn instead(plan: &Plan, hangup: Option<Extension<Hangup>>) -> Option<Response> {
    if let Some(ms) = plan.delay {
        sleep(Duration::from_millis(ms)).await;
    }
    if plan.silence {
        return std::future::pending().await;
    }
    if plan.end_before.is_some() || plan.drop {
        // The control address has connections that end with an answer only.
        let Some(Extension(Hangup(hangup))) = hangup else { return Some(status(500, Body::empty())) };
        hangup.notify_one();
        return std::future::pending().await;
    }
    if let Some(refusal) = &plan.error {
        let mut answer = status(refusal.code, Body::from(refusal.text().to_owned()));
        if let Some(after) = refusal.backoff {
            answer.headers_mut().insert(header::RETRY_AFTER, after.into());
        }
        return Some(answer);
    }
    plan.special.iter().find_map(|action| match action {
        Action::Http(code) => Some(status(*code, Body::empty())),
        _ => None,
    })
}
