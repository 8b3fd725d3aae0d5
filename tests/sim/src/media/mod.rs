//! The media servers: encrypted files over HTTP, which phones put up and companions fetch and delete.
//!
//! | module | what it is |
//! |---|---|
//! | `files` | the files that are held, and who may have them |
//! | `path` | the direct path of a file, with its signature and its end |
//! | `auth` | the tokens that `media_conn` gives out |
//! | `http` | the requests, and the rules at point `media` |
//! | `range` | the part of a file that a request asks for |
//! | `body` | the bytes of an answer, and what rules make of them |
//! | `stream` | tells requests for files from those for a WebSocket, on one address |
//!
//! Uploads by clients (`POST /mms/…`) are not simulated: phones put their files up without HTTP.

mod auth;
mod body;
mod files;
mod http;
mod path;
mod range;
mod stream;

pub(crate) use auth::{AUTH_TTL, Auths, TTL};
pub(crate) use files::{Files, Lock, Upload};
pub(crate) use http::{router, serve};
pub(crate) use stream::{Begun, begin};

/// Everything that the media servers of one simulator hold.
pub(crate) struct Media {
    pub(crate) files: Files,
    pub(crate) auths: Auths,
}

impl Media {
    /// Makes empty media servers, which sign their paths with a secret.
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self { files: Files::new(secret), auths: Auths::default() }
    }
}
