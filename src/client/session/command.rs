//! The commands of a session: those of the host, and the results of jobs.

use serde_json::Value;
use tempfile::SpooledTempFile;

use super::super::clock::Millis;
use super::super::media::{FetchError, HistoryStep};
use super::call::MethodCall;
use crate::api::Error;
use crate::net::NetError;
use crate::pairing::DerivedKey;
use crate::pairing::code::PairingCode;
use crate::pairing::phone_number::PhoneNumber;
use crate::store::StoreError;
use crate::store::records::{PrekeyBatch, WebVersionRecord};

/// Comes in through the session's inbox.
#[derive(Debug)]
pub(crate) enum Command {
    /// The host wants a connection, or none any more; which, is in [`super::super::shared_state::Shared`].
    WishChanged,
    Close,
    RequestCode {
        request: u64,
        phone: PhoneNumber,
        code: Option<PairingCode>,
    },
    RequestQr {
        request: u64,
    },
    AnswerPasskey {
        request: u64,
        assertion: String,
    },
    ConfirmPasskey {
        request: u64,
    },
    Cancel {
        request: u64,
    },
    Logout {
        request: u64,
    },
    Call {
        request: u64,
        call: MethodCall,
    },
    /// The host has acknowledged events; which, is in [`super::super::shared_state::Shared`].
    Acknowledged,
    /// From the queue: the host has taken events, and there is room for those that wait in the store.
    Room,
    /// A job failed by a fault of this library, and will bring no result.
    WorkDied,
    /// Breaks the session's task, as a fault of this library would.
    #[cfg(test)]
    Break,
    /// From the thread that derived a key for the pairing code.
    Derived(DerivedKey),
    /// From the thread that made one-time prekeys.
    PrekeysMade(Box<MadePrekeys>),
    /// From the job of a call: the answer to its request.
    Answered {
        request: u64,
        answer: Result<Value, Error>,
    },
    /// From the task that asked for the newest version because the server refuses ours.
    VersionLearned(Result<WebVersionRecord, NetError>),
    /// From the job that fetched a file of the account's history.
    HistoryFetched(Result<SpooledTempFile, FetchError>),
    /// From the thread that reads a part of the account's history.
    HistoryRead(HistoryStep),
    /// From a job whose result changes nothing: a line for the log.
    JobDone(String),
    /// From the store: the lease of the session, asked for at this time, was renewed or not.
    LeaseRenewed {
        asked_at: Millis,
        renewed: Result<(), StoreError>,
    },
}

impl Command {
    /// The request that it is, and its name in the `result` event.
    pub(super) fn request(&self) -> Option<(u64, &'static str)> {
        match self {
            Self::RequestCode { request, .. } => Some((*request, CODE)),
            Self::RequestQr { request } => Some((*request, QR)),
            Self::AnswerPasskey { request, .. } | Self::ConfirmPasskey { request } => {
                Some((*request, PASSKEY))
            }
            Self::Logout { request } => Some((*request, LOGOUT)),
            Self::Call { request, call } => Some((*request, call.info.name)),
            _ => None,
        }
    }
}

/// The state of the connection that the host wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionGoal {
    Offline,
    Online,
    Closed,
}

/// Names of requests in `result` events, where they are no methods of `wa_call`.
pub(crate) const CODE: &str = "pairing.code";
pub(crate) const QR: &str = "pairing.qr";
pub(crate) const PASSKEY: &str = "pairing.passkey";
pub(crate) const LOGOUT: &str = "session.logout";

/// Keys made on another thread.
#[derive(Debug)]
pub(crate) struct MadePrekeys(pub(super) PrekeyBatch);
