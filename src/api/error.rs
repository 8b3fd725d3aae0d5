//! The error that a call of the host gets.

use super::status::Status;
use std::time::Duration;

/// The reason why a call, or the request that it made, failed.
///
/// The text is for the programmer: it says what to do and carries no secret, no code and no unmasked phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Error {
    /// The class of the error.
    pub status: Status,
    /// The fault, and the advice.
    pub text: String,
    /// The configuration key, argument or parameter concerned.
    pub key: Option<String>,
    /// Set if the same call can succeed later without anything being changed.
    pub retryable: bool,
    /// The time to wait before that; 0 when nothing is known.
    pub retry_after_ms: u32,
}

impl Error {
    /// An error with a text of its own.
    pub fn new(status: Status, text: impl Into<String>) -> Self {
        Error { status, text: text.into(), key: None, retryable: status.info().retryable, retry_after_ms: 0 }
    }

    /// An error that the sentence of the table describes well enough.
    pub fn plain(status: Status) -> Self {
        Self::new(status, status.info().text)
    }

    /// Names the key, argument or parameter concerned.
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Says that waiting helps, and for how long.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retryable = true;
        self.retry_after_ms = super::millis(wait);
        self
    }

    /// Overrides what the table says about trying again.
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::plain(status)
    }
}
