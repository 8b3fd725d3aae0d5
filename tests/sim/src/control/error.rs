//! Errors of the control API.

use std::fmt;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// A refusal: an HTTP status, a name for programs, a text for people.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    name: &'static str,
    message: String,
}

impl ApiError {
    /// The request is wrong.
    pub(crate) fn bad(name: &'static str, message: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, name, message: message.to_owned() }
    }

    /// There is no such thing.
    pub(crate) fn not_found(message: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, name: "not_found", message: message.to_owned() }
    }

    /// There is no such phone.
    pub(crate) fn no_phone(number: &str) -> Self {
        Self::not_found(&format!("there is no phone {number}"))
    }

    /// It exists already.
    pub(crate) fn conflict(name: &'static str, message: &str) -> Self {
        Self { status: StatusCode::CONFLICT, name, message: message.to_owned() }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.name, "message": self.message }))).into_response()
    }
}
