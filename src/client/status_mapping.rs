//! The one place where errors of the rooms below become the host's status codes.

use std::time::Duration;

use super::server_codes::{self, About};
use crate::api::{Error, Status};
use crate::messaging::engine::QueryError;
use crate::net::{NetError, Step};
use crate::pairing::OutcomeKind;
use crate::stanza::NodeRef;
use crate::store::StoreError;

/// An error of the network.
pub(crate) fn of_net(error: &NetError) -> Error {
    let status = match error {
        NetError::Url(_) | NetError::ProxyUrl(_) | NetError::CaFile(_) => Status::BAD_VALUE,
        NetError::InsecureUrl { .. } => Status::INSECURE_URL,
        NetError::Timeout { .. } => Status::NETWORK_TIMEOUT,
        NetError::Dns { .. } => Status::DNS,
        NetError::Io { step: Step::Tcp, .. } => Status::CONNECT,
        NetError::Io { step: Step::ProxyTcp | Step::Proxy, .. }
        | NetError::ProxyAuth
        | NetError::ProxyPrivate
        | NetError::ProxyRefused { .. } => Status::PROXY,
        NetError::TooManyFiles => Status::TOO_MANY_FILES,
        NetError::NoThread { .. } => Status::SYSTEM,
        NetError::Certificate { .. } | NetError::Tls { .. } | NetError::Io { step: Step::Tls, .. } => {
            Status::TLS
        }
        NetError::Upgrade { .. } | NetError::Io { step: Step::Upgrade, .. } => Status::UPGRADE,
        NetError::Io { step: Step::Stream | Step::Http, .. } | NetError::Closed => Status::CONNECTION_LOST,
        NetError::TooLarge | NetError::Protocol { .. } | NetError::NoVersion => Status::PROTOCOL,
    };
    let made = Error::new(status, error.to_string());
    if needs_a_person(error) { made.retryable(false) } else { made }
}

/// Returns whether the next attempt would end as this one did, until a person changes something: credentials, an address, the
/// certificates that are trusted, the clock.
fn needs_a_person(error: &NetError) -> bool {
    match error {
        NetError::ProxyAuth | NetError::ProxyPrivate | NetError::Certificate { .. } => true,
        NetError::ProxyRefused { for_good, .. } => *for_good,
        NetError::Upgrade { status } => {
            status.is_some_and(|status| matches!(status, 400..=499) && !matches!(status, 408 | 425 | 429))
        }
        _ => false,
    }
}

/// An error of the store.
pub(crate) fn of_store(error: &StoreError) -> Error {
    let status = match error {
        StoreError::Url | StoreError::SessionName | StoreError::NameTooLong { .. } => Status::BAD_VALUE,
        StoreError::NoDirectory { .. } => Status::STORE_NOT_FOUND,
        StoreError::Locked { .. } => Status::STORE_LOCKED,
        StoreError::SessionInUse { .. } | StoreError::HeldElsewhere { .. } => Status::SESSION_IN_USE,
        StoreError::LeaseLost => Status::SESSION_TAKEN,
        StoreError::NeverComplete => Status::PANIC,
        StoreError::Corrupt { .. }
        | StoreError::DatabaseMissing { .. }
        | StoreError::NotADatabase { .. }
        | StoreError::Foreign { .. }
        | StoreError::Record { .. } => Status::STORE_CORRUPT,
        StoreError::NewerFormat { .. } => Status::STORE_TOO_NEW,
        StoreError::ReadOnly { .. } => Status::STORE_READ_ONLY,
        StoreError::Full { .. } | StoreError::Unflushed { is_full: true, .. } => Status::STORE_FULL,
        StoreError::TooManyFiles => Status::TOO_MANY_FILES,
        StoreError::NoThread { .. } => Status::SYSTEM,
        StoreError::Sealed => Status::STORE_SEALED,
        StoreError::NotSealed => Status::STORE_NOT_SEALED,
        StoreError::WrongSealKey => Status::WRONG_SEAL_KEY,
        _ => Status::STORE,
    };
    let made = Error::new(status, error.to_string());
    match error {
        StoreError::HeldElsewhere { wait, .. } => made.retry_after(*wait),
        _ => made,
    }
}

/// The error in an answer of type `error`; `None` if the answer is a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IqError {
    pub(crate) code: Option<u32>,
    pub(crate) text: Option<String>,
    pub(crate) backoff: Option<Duration>,
}

impl IqError {
    /// Returns the error as the messaging engine takes it.
    pub(crate) fn of_query(&self) -> QueryError {
        let backoff_s = self.backoff.map(|backoff| backoff.as_secs());
        QueryError { code: self.code.unwrap_or(0), is_silence: false, backoff_s }
    }

    pub(crate) fn of(answer: NodeRef<'_>) -> Option<Self> {
        if !answer.is("type", "error") {
            return None;
        }
        let Some(error) = answer.child("error") else {
            return Some(Self { code: None, text: None, backoff: None });
        };
        Some(Self {
            code: error.u64("code").and_then(|code| u32::try_from(code).ok()),
            text: error.str("text").map(|text| text.into_owned()),
            backoff: error.u64("backoff").map(Duration::from_secs),
        })
    }

    /// The error for the host.
    pub(crate) fn to_error(&self) -> Error {
        let status = self.code.map_or(Status::REFUSED, |code| server_codes::status(About::Query, code));
        let code = self.code.map_or_else(|| "an error without a code".to_owned(), |code| code.to_string());
        let text = self.text.as_deref().unwrap_or("no words");
        let error = Error::new(status, format!("the server answered {code} ({text})"));
        match self.backoff {
            Some(wait) => error.retry_after(wait),
            None => error,
        }
    }
}

/// The class of a pairing's outcome.
pub(crate) fn of_outcome(kind: OutcomeKind) -> Status {
    use OutcomeKind as O;
    match kind {
        O::InvalidPhoneNumber => Status::INVALID_PHONE_NUMBER,
        O::InvalidCustomCode => Status::INVALID_PAIRING_CODE,
        O::CodeOutstanding | O::QrOutstanding => Status::PAIRING_OUTSTANDING,
        O::Throttled => Status::PAIRING_LIMIT,
        O::NotConnected => Status::NOT_CONNECTED,
        O::ServerNotTrusted => Status::SERVER_NOT_TRUSTED,
        O::AlreadyLinked => Status::ALREADY_LINKED,
        O::NoRefs | O::ServerUnavailable | O::ServerError => Status::SERVER_ERROR,
        O::RejectedOrThrottled | O::DisplayRejected | O::Forbidden | O::Rejected => Status::CODE_REFUSED,
        O::RateLimited => Status::RATE_LIMITED,
        O::FeatureUnavailable => Status::FEATURE_UNAVAILABLE,
        O::ProtocolError => Status::PROTOCOL,
        O::RequestTimeout => Status::REQUEST_TIMEOUT,
        O::CodeExpired | O::QrExhausted | O::CodeRefreshRequested | O::CodeRefreshManual => {
            Status::PAIRING_EXPIRED
        }
        O::PhoneDidNotFinish => Status::PHONE_DID_NOT_FINISH,
        O::FinishRejected | O::PhoneWithoutMultidevice | O::RejectedLocally | O::BootstrapSlow => {
            Status::PAIRING_FAILED
        }
        O::CodeLostWithConnection | O::QrLost => Status::CONNECTION_LOST,
        O::Cancelled => Status::CANCELLED,
        O::PasskeyRequired => Status::PASSKEY_REQUIRED,
        O::PasskeyFailed | O::PasskeyTimeout => Status::PASSKEY_FAILED,
        O::WrongSecret | O::BadAccountSignature => Status::PAIRING_NOT_GENUINE,
        O::StorageError => Status::STORE,
        O::LinkRevoked => Status::LINK_REVOKED,
        O::TemporarilyBanned => Status::TEMPORARILY_BANNED,
        O::AccountLocked => Status::ACCOUNT_LOCKED,
        O::AccountBanned => Status::ACCOUNT_BANNED,
        O::ClientOutdated => Status::CLIENT_OUTDATED,
        O::VersionRefused => Status::VERSION_REFUSED,
        O::BadUserAgent => Status::CLIENT_REFUSED,
        O::Replaced => Status::REPLACED,
        O::LoggedOutByPhone | O::LoggedOutByUs | O::LoggedOutPhoneReset => Status::LOGGED_OUT,
        O::LoginTimeout => Status::LOGIN_TIMEOUT,
    }
}
