//! The state of the session's connection, and what belongs to a connection: waiters, the offline queue, the events of the loop.

use std::future::{Future, pending};
use std::pin::Pin;

use super::super::clock::Millis;
use super::super::iq_tracker::IqTracker;
use super::super::keepalive::Keepalive;
use super::super::transport::{Link, LinkError, TransportEvent};
use super::call::ReplyHandler;
use super::command::Command;
use crate::api::{Error, Status};
use crate::messaging::engine::Tag;
use crate::pairing::ReplyTag;
use crate::stanza::{Jid, Text};
use crate::store::records::SignedPrekey;

/// The phase of the session's connection.
pub(super) enum ConnectionPhase {
    /// Not at all, and nothing will change that by itself.
    Offline,
    /// Until it is time for the next attempt.
    Waiting { until: Millis },
    /// A connection is being made.
    Dialing(Pin<Box<dyn Future<Output = Result<Link, LinkError>> + Send>>),
    /// Connected.
    Online(Box<Online>),
}

/// An open connection and what belongs to it alone.
pub(super) struct Online {
    pub(super) link: Link,
    pub(super) stage: LoginStage,
    pub(super) pending: IqTracker<Waiter>,
    pub(super) keepalive: Keepalive,
    pub(super) offline_queue: OfflineQueue,
    pub(super) prekeys: PrekeyWork,
    /// Until when nothing is encrypted, unless the server's answer to the key check comes before.
    pub(super) held_until: Option<Millis>,
}

/// The stage of the login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoginStage {
    /// As a device that is not linked yet.
    Registering,
    /// As a linked device; the server has until then to say `<success>`.
    LoggingIn { until: Millis },
    /// Logged in; the duties before `ready` are under way.
    LoggedIn,
    /// Everything is done.
    Ready,
}

/// The one who waits for an answer of the server.
#[derive(Debug)]
pub(super) enum Waiter {
    Pairing(ReplyTag),
    /// A keepalive ping. That anything came in is all it is for.
    Ping,
    /// A call of the host.
    Call {
        request: u64,
        handler: Box<dyn ReplyHandler>,
    },
    Active,
    /// The server did not answer that, and was asked then whether it is there. Whatever comes shows it.
    Alive {
        asked_at: Millis,
    },
    Prekeys(UploadedPrekeys),
    /// The digest of the keys that the server holds of this device.
    KeyDigest,
    /// The server properties.
    Props,
    /// The server was offered this one.
    SignedPrekey(Box<SignedPrekey>),
    Logout {
        request: u64,
    },
    /// A question of the messaging engine.
    Engine(Tag),
    /// The host has read messages, by these requests, and the account's settings say who is to know.
    Privacy(Vec<(u64, ReadMessages)>),
    /// The media servers, for a file of the account's history.
    MediaConn,
    /// The server's answer changes nothing.
    Nobody,
}

/// Messages that the user has read.
#[derive(Debug)]
pub(super) struct ReadMessages {
    pub(super) chat: Jid,
    pub(super) sender: Option<Jid>,
    pub(super) ids: Vec<Text>,
}

/// The work with prekeys that is under way. One upload at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum PrekeyWork {
    #[default]
    Nothing,
    Making,
    Uploading,
}

/// The keys of one upload that the server has not answered yet.
#[derive(Debug)]
pub(super) struct UploadedPrekeys {
    pub(super) last_id: u32,
    pub(super) count: usize,
}

/// The reason why an answer did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    Timeout,
    Disconnected,
}

impl NoAnswer {
    pub(super) fn to_error(self) -> Error {
        match self {
            Self::Timeout => Status::REQUEST_TIMEOUT.into(),
            Self::Disconnected => Status::CONNECTION_LOST.into(),
        }
    }
}

/// The stanzas that waited for us at the server. It sends a few by itself and the rest in batches that are asked for.
#[derive(Debug, Default)]
pub(super) struct OfflineQueue {
    /// The number of those still to come.
    pub(super) left: u64,
    pub(super) ask_at: Option<Millis>,
}

impl OfflineQueue {
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.ask_at
    }
}

/// An event that wakes the session.
pub(super) enum LoopEvent {
    Command(Option<Command>),
    Dialed(Result<Link, LinkError>),
    Received(Result<TransportEvent, LinkError>),
    Time,
}

impl ConnectionPhase {
    /// Waits for the connection to do something. May be cancelled at any time.
    pub(super) async fn progress(&mut self) -> LoopEvent {
        match self {
            Self::Offline | Self::Waiting { .. } => pending().await,
            Self::Dialing(dialing) => LoopEvent::Dialed(dialing.await),
            Self::Online(online) => LoopEvent::Received(online.link.receive().await),
        }
    }

    /// `awaits_acks`: the server owes acknowledgements of messages.
    pub(super) fn deadline(&self, awaits_acks: bool) -> Option<Millis> {
        match self {
            Self::Offline | Self::Dialing(_) => None,
            Self::Waiting { until } => Some(*until),
            Self::Online(online) => {
                let login = match online.stage {
                    LoginStage::LoggingIn { until } => Some(until),
                    _ => None,
                };
                let due = [
                    login,
                    online.pending.deadline(),
                    Some(online.keepalive.deadline(awaits_acks || !online.pending.is_empty())),
                    online.offline_queue.deadline(),
                    online.held_until,
                ];
                due.into_iter().flatten().min()
            }
        }
    }

    /// Returns whether the server has accepted the login on this connection.
    pub(super) fn is_logged_in(&self) -> bool {
        matches!(self, Self::Online(online) if matches!(online.stage, LoginStage::LoggedIn | LoginStage::Ready))
    }

    /// Returns whether messages may be encrypted: the duties of the login are done, and no key check is waited for.
    pub(super) fn may_encrypt(&self) -> bool {
        matches!(self, Self::Online(online) if online.stage == LoginStage::Ready && online.held_until.is_none())
    }

    pub(super) fn online(&mut self) -> Option<&mut Online> {
        match self {
            Self::Online(online) => Some(online),
            _ => None,
        }
    }
}
