//! The reason for the end of a connection: `<failure>`, `<stream:error>`, `<xmlstreamend>` and plain closes, judged by table.
//!
//! The numbers are the protocol's; the actions are those on which the public clients agree, and where they differ the
//! more careful one: never fight a "replaced", never wipe on a reason that does not say that the link is gone.

use super::clock::unix_ms;
use super::server_text::shown;
use super::utc;
use crate::api::{Error, Status};
use crate::stanza::NodeRef;

/// The next action after the connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextAction {
    /// Connect again, the session's data is good.
    Reconnect(ReconnectDelay),
    /// Keep the data, but connect again only when the host says so.
    Stop,
    /// The link is gone: erase the session's data.
    Wipe,
}

/// The delay before the next connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReconnectDelay {
    AtOnce,
    BackOff,
    /// Back off with extra steps: the server asked for fewer connections.
    BackOffMore,
}

/// The reason for the end of a connection, by name; the names are part of the `connection` and `logged_out` events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Closed,
    StreamEnd,
    Restart,
    Replaced,
    DeviceRemoved,
    Unauthorized,
    TemporaryBan,
    AccountLocked,
    AccountBanned,
    ClientOutdated,
    VersionRefused,
    NewVersion,
    BadUserAgent,
    RateLimited,
    ServerUnavailable,
    UnackedStanza,
    MalformedStanza,
    Rejected,
    ServerError,
    Dead,
    LoginTimeout,
    PhoneReset,
}

impl Reason {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::StreamEnd => "stream_end",
            Self::Restart => "restart",
            Self::Replaced => "replaced",
            Self::DeviceRemoved => "device_removed",
            Self::Unauthorized => "unauthorized",
            Self::TemporaryBan => "temporary_ban",
            Self::AccountLocked => "account_locked",
            Self::AccountBanned => "account_banned",
            Self::ClientOutdated => "client_outdated",
            Self::VersionRefused => "version_refused",
            Self::NewVersion => "new_version",
            Self::BadUserAgent => "bad_user_agent",
            Self::RateLimited => "rate_limited",
            Self::ServerUnavailable => "server_unavailable",
            Self::UnackedStanza => "unacked_stanza",
            Self::MalformedStanza => "malformed_stanza",
            Self::Rejected => "rejected",
            Self::ServerError => "server_error",
            Self::Dead => "dead",
            Self::LoginTimeout => "login_timeout",
            Self::PhoneReset => "phone_reset",
        }
    }
}

/// The end of one connection, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DisconnectReason {
    pub(crate) verdict: NextAction,
    pub(crate) reason: Reason,
    /// The server's code, where it gave one.
    pub(crate) code: Option<u32>,
    /// Cause of a temporary ban.
    pub(crate) ban_code: Option<u32>,
    /// Length of a temporary ban in seconds.
    pub(crate) expires_in_s: Option<u64>,
    /// Text of the server that is meant for the user.
    pub(crate) text: Option<String>,
}

impl DisconnectReason {
    fn new(verdict: NextAction, reason: Reason, code: Option<u32>) -> Self {
        Self { verdict, reason, code, ban_code: None, expires_in_s: None, text: None }
    }

    /// The connection ended without a word, the server's normal way of recycling one.
    pub(crate) fn closed() -> Self {
        Self::new(NextAction::Reconnect(ReconnectDelay::BackOff), Reason::Closed, None)
    }

    /// `<xmlstreamend/>`.
    pub(crate) fn stream_end() -> Self {
        Self::new(NextAction::Reconnect(ReconnectDelay::BackOff), Reason::StreamEnd, None)
    }

    /// Nothing came in for too long.
    pub(crate) fn dead() -> Self {
        Self::new(NextAction::Reconnect(ReconnectDelay::AtOnce), Reason::Dead, None)
    }

    /// The server neither accepted nor refused the login.
    pub(crate) fn login_timeout() -> Self {
        Self::new(NextAction::Reconnect(ReconnectDelay::BackOff), Reason::LoginTimeout, None)
    }

    /// The server refuses the newest version that there is: what it does not take is not its age.
    pub(crate) fn version_refused() -> Self {
        Self::new(NextAction::Stop, Reason::VersionRefused, None)
    }

    /// A newer version of the web client is to be presented.
    pub(crate) fn new_version() -> Self {
        Self::new(NextAction::Reconnect(ReconnectDelay::AtOnce), Reason::NewVersion, None)
    }

    /// The account's phone was set up anew, with another identity key.
    pub(crate) fn phone_reset() -> Self {
        Self::new(NextAction::Wipe, Reason::PhoneReset, None)
    }

    /// The account's own list of devices leaves this one out.
    pub(crate) fn unlinked() -> Self {
        Self::new(NextAction::Wipe, Reason::DeviceRemoved, None)
    }

    /// Returns when a temporary ban ends, in Unix milliseconds, if the server said so.
    pub(crate) fn ends_at_ms(&self) -> Option<i64> {
        let span = i64::try_from(self.expires_in_s?).unwrap_or(i64::MAX).saturating_mul(1000);
        Some(unix_ms().saturating_add(span))
    }

    /// The error for requests that this ending leaves without an answer, and for the `connection` event.
    pub(crate) fn to_error(&self) -> Error {
        let (status, text) = match self.reason {
            Reason::Closed | Reason::StreamEnd => {
                (Status::CONNECTION_LOST, "the server closed the connection")
            }
            Reason::Restart => (Status::CONNECTION_LOST, "the server asked for a new connection"),
            Reason::Replaced => (
                Status::REPLACED,
                "the same device connected elsewhere: does the program run twice with one store?",
            ),
            Reason::DeviceRemoved => (Status::LOGGED_OUT, "this device was unlinked"),
            Reason::Unauthorized => (Status::LOGGED_OUT, "the server no longer knows this device"),
            Reason::PhoneReset => (Status::LOGGED_OUT, "WhatsApp was set up anew on the account's phone"),
            Reason::TemporaryBan => (Status::TEMPORARILY_BANNED, "the account is banned for a time"),
            Reason::AccountLocked => {
                (Status::ACCOUNT_LOCKED, "the account is locked, or no longer on its phone")
            }
            Reason::AccountBanned => (Status::ACCOUNT_BANNED, "the account is banned"),
            Reason::ClientOutdated => (
                Status::CLIENT_OUTDATED,
                "the server no longer takes this client.version: set auto, or a newer one",
            ),
            Reason::VersionRefused => (
                Status::VERSION_REFUSED,
                "the server refuses this account with the newest version of WhatsApp Web, too",
            ),
            Reason::NewVersion => {
                (Status::CONNECTION_LOST, "the connection is made again with a newer client.version")
            }
            Reason::BadUserAgent => {
                (Status::CLIENT_REFUSED, "the server does not take how this client presents itself")
            }
            Reason::RateLimited => (Status::RATE_LIMITED, "the server wants fewer connections"),
            Reason::ServerUnavailable => (Status::SERVER_ERROR, "the server is not available now"),
            Reason::UnackedStanza => (Status::PROTOCOL, "the server missed an acknowledgement"),
            Reason::MalformedStanza => (Status::PROTOCOL, "the server could not read what was sent"),
            Reason::Rejected => (Status::REFUSED, "the server refused the connection"),
            Reason::ServerError => (Status::SERVER_ERROR, "the server ended the connection with an error"),
            Reason::Dead => (Status::CONNECTION_LOST, "nothing came from the server for too long"),
            Reason::LoginTimeout => (Status::LOGIN_TIMEOUT, "the server did not answer the login in time"),
        };
        let text = match self.ends_at_ms() {
            Some(end) => format!("the account is banned until {}", utc::moment(end)),
            None => text.to_owned(),
        };
        let error = match self.code {
            Some(code) => Error::new(status, format!("{text} (code {code})")),
            None => Error::new(status, text),
        };
        match self.verdict {
            NextAction::Reconnect(_) => error.retryable(true),
            NextAction::Stop | NextAction::Wipe => error,
        }
    }

    /// `<failure reason=…>`, the answer to a login that is refused.
    pub(crate) fn of_failure(node: NodeRef<'_>) -> Self {
        use Reason::*;
        let code = node.u64("reason").and_then(|code| u32::try_from(code).ok());
        let (verdict, reason) = match code {
            Some(401) => (NextAction::Wipe, Unauthorized),
            Some(403) => (NextAction::Wipe, AccountLocked),
            Some(406) => (NextAction::Wipe, AccountBanned),
            Some(402) => (NextAction::Stop, TemporaryBan),
            Some(405) => (NextAction::Stop, ClientOutdated),
            Some(409) => (NextAction::Stop, BadUserAgent),
            Some(429) => (NextAction::Reconnect(ReconnectDelay::BackOffMore), RateLimited),
            Some(500 | 503) => (NextAction::Reconnect(ReconnectDelay::BackOff), ServerUnavailable),
            _ => (NextAction::Stop, Rejected),
        };
        let text = match (node.str("logout_message_header"), node.str("logout_message_subtext")) {
            (Some(header), Some(subtext)) => Some(format!("{header}: {subtext}")),
            (Some(one), None) | (None, Some(one)) => Some(one.into_owned()),
            (None, None) => node.str("message").map(|text| text.into_owned()),
        };
        let banned = reason == TemporaryBan;
        Self {
            ban_code: node.u64("code").filter(|_| banned).and_then(|code| u32::try_from(code).ok()),
            expires_in_s: node.u64("expire").filter(|_| banned),
            text: text.map(|text| shown(&text)).filter(|text| !text.is_empty()),
            ..Self::new(verdict, reason, code)
        }
    }

    /// `<stream:error>`. The conflict child decides first, then the code, then other children.
    pub(crate) fn of_stream_error(node: NodeRef<'_>) -> Self {
        use Reason::*;
        let code = node.u64("code").and_then(|code| u32::try_from(code).ok());
        if let Some(conflict) = node.child("conflict") {
            let (verdict, reason) = if conflict.is("type", "replaced") {
                (NextAction::Stop, Replaced)
            } else {
                (NextAction::Wipe, DeviceRemoved)
            };
            return Self::new(verdict, reason, code);
        }
        let (verdict, reason) = match code {
            Some(401) => (NextAction::Wipe, Unauthorized),
            Some(409) => (NextAction::Stop, Replaced),
            Some(429) => (NextAction::Reconnect(ReconnectDelay::BackOffMore), RateLimited),
            Some(515) => (NextAction::Reconnect(ReconnectDelay::AtOnce), Restart),
            Some(516) => (NextAction::Wipe, DeviceRemoved),
            Some(500..=599) => (NextAction::Reconnect(ReconnectDelay::BackOff), ServerUnavailable),
            _ if node.child("ack").is_some() => {
                (NextAction::Reconnect(ReconnectDelay::BackOff), UnackedStanza)
            }
            _ if node.child("xml-not-well-formed").is_some() => {
                (NextAction::Reconnect(ReconnectDelay::BackOff), MalformedStanza)
            }
            _ => (NextAction::Reconnect(ReconnectDelay::BackOff), ServerError),
        };
        Self::new(verdict, reason, code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stanza::{Node, Stanza};

    fn failure(attrs: &[(&'static str, &'static str)]) -> DisconnectReason {
        let node = attrs.iter().fold(Node::new("failure"), |node, (key, value)| node.attr(*key, *value));
        DisconnectReason::of_failure(Stanza::from_node(&node).unwrap().root())
    }

    fn stream_error(node: Node) -> DisconnectReason {
        DisconnectReason::of_stream_error(Stanza::from_node(&node).unwrap().root())
    }

    #[test]
    fn every_connect_failure_has_its_verdict() {
        use Reason::*;
        let again = NextAction::Reconnect(ReconnectDelay::BackOff);
        for (code, verdict, reason) in [
            ("400", NextAction::Stop, Rejected),
            ("401", NextAction::Wipe, Unauthorized),
            ("402", NextAction::Stop, TemporaryBan),
            ("403", NextAction::Wipe, AccountLocked),
            ("405", NextAction::Stop, ClientOutdated),
            ("406", NextAction::Wipe, AccountBanned),
            ("409", NextAction::Stop, BadUserAgent),
            ("413", NextAction::Stop, Rejected),
            ("414", NextAction::Stop, Rejected),
            ("415", NextAction::Stop, Rejected),
            ("418", NextAction::Stop, Rejected),
            ("429", NextAction::Reconnect(ReconnectDelay::BackOffMore), RateLimited),
            ("500", again, ServerUnavailable),
            ("501", NextAction::Stop, Rejected),
            ("503", again, ServerUnavailable),
            ("none", NextAction::Stop, Rejected),
        ] {
            let ending = failure(&[("reason", code)]);
            assert_eq!((ending.verdict, ending.reason), (verdict, reason), "{code}");
            assert_eq!(ending.code, code.parse().ok());
        }
    }

    #[test]
    fn a_ban_tells_its_cause_and_length_and_invents_neither() {
        let ending = failure(&[("reason", "402"), ("code", "101"), ("expire", "21600")]);
        assert_eq!((ending.ban_code, ending.expires_in_s), (Some(101), Some(21_600)));
        let ending = failure(&[("reason", "402")]);
        assert_eq!((ending.ban_code, ending.expires_in_s), (None, None));
        assert_eq!(ending.to_error().text, "the account is banned for a time (code 402)");
        // The text for people has the end, as a moment.
        let ending = failure(&[("reason", "402"), ("expire", "99999999999999")]);
        assert_eq!(
            ending.to_error().text,
            format!("the account is banned until {} (code 402)", utc::moment(ending.ends_at_ms().unwrap()))
        );
    }

    #[test]
    fn the_servers_words_reach_the_user() {
        let ending = failure(&[
            ("reason", "403"),
            ("logout_message_header", "Account locked"),
            ("logout_message_subtext", "Open WhatsApp on the phone"),
        ]);
        assert_eq!(ending.text.as_deref(), Some("Account locked: Open WhatsApp on the phone"));
    }

    #[test]
    fn the_conflict_child_decides_before_the_code() {
        let conflict = |kind: &'static str| Node::new("conflict").attr("type", kind);
        let ending = stream_error(Node::new("stream:error").attr("code", "401").child(conflict("replaced")));
        assert_eq!((ending.verdict, ending.reason), (NextAction::Stop, Reason::Replaced));
        let ending = stream_error(Node::new("stream:error").child(conflict("device_removed")));
        assert_eq!((ending.verdict, ending.reason), (NextAction::Wipe, Reason::DeviceRemoved));
    }

    #[test]
    fn stream_errors_by_code_and_child() {
        use Reason::*;
        let later = NextAction::Reconnect(ReconnectDelay::BackOff);
        for (code, verdict, reason) in [
            ("401", NextAction::Wipe, Unauthorized),
            ("409", NextAction::Stop, Replaced),
            ("429", NextAction::Reconnect(ReconnectDelay::BackOffMore), RateLimited),
            ("503", later, ServerUnavailable),
            ("515", NextAction::Reconnect(ReconnectDelay::AtOnce), Restart),
            ("516", NextAction::Wipe, DeviceRemoved),
            ("599", later, ServerUnavailable),
            ("700", later, ServerError),
        ] {
            let ending = stream_error(Node::new("stream:error").attr("code", code));
            assert_eq!((ending.verdict, ending.reason), (verdict, reason), "{code}");
        }
        let unacked = stream_error(Node::new("stream:error").child(Node::new("ack").attr("id", "1")));
        assert_eq!((unacked.verdict, unacked.reason), (later, UnackedStanza));
        let malformed = stream_error(Node::new("stream:error").child(Node::new("xml-not-well-formed")));
        assert_eq!((malformed.verdict, malformed.reason), (later, MalformedStanza));
    }
}
