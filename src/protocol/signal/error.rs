//! The errors of a message, and the receiver's answer to the sender.

use super::{DeviceIdentityError, PrekeyId};

/// The reason why a message, a bundle or a key is refused. In every case the record it was tried on is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// There is no session with that device, or none that may be used to send.
    #[error("there is no session with this device")]
    NoSession,
    /// A first message names a signed prekey that is not held (any more).
    #[error("the signed prekey {0:?} is not known")]
    UnknownSignedPrekey(PrekeyId),
    /// A first message names a one-time prekey that is not held: it was used, or never made here.
    #[error("the one-time prekey {0:?} is not known")]
    UnknownPrekey(PrekeyId),
    /// The message was not made by the owner of any session held, or was changed on its way.
    #[error("the message is not authentic")]
    BadMac,
    /// The message is further ahead in its chain than any honest sender gets.
    #[error("the message is too far ahead of those received")]
    TooFarAhead,
    /// A public key with a wrong type byte, in a second spelling, or of low order.
    #[error("a public key is not valid")]
    InvalidKey,
    /// Not the protobuf message that was expected; the text names the part.
    #[error("the message is malformed: {0}")]
    Malformed(&'static str),
    /// Another version of the protocol than 3; the number is the version found.
    #[error("protocol version {0} is not supported")]
    UnsupportedVersion(u8),
    /// The sender itself encrypted something that is not padded.
    #[error("an authentic message does not decrypt")]
    BadCiphertext,
    /// The message was received before. Not a failure: the sender is told what it was told then.
    #[error("the message was received before")]
    Duplicate,
    /// A group message under a key that was never handed out to this device.
    #[error("the sender key is not known")]
    NoSenderKey,
    /// A signature over a prekey or a group message is wrong.
    #[error("a signature is wrong")]
    BadSignature,
    /// The device shows another identity than the one that is pinned.
    #[error("the device's identity is not the one that is pinned")]
    UntrustedIdentity,
    /// The device shows our own identity: a reflection.
    #[error("the device shows our own identity")]
    OwnIdentity,
    /// A companion's certificate is missing or wrong.
    #[error("{0}")]
    DeviceIdentity(#[from] DeviceIdentityError),
    /// All message keys of a sending chain are used up; a new session or sender key is needed.
    #[error("the sending chain is used up")]
    ChainExhausted,
}

/// The `error` of a retry receipt. Names and numbers as the known clients have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say it")]
pub enum RetryCode {
    Unknown = 0,
    NoSession = 1,
    InvalidKey = 2,
    InvalidKeyId = 3,
    InvalidMessage = 4,
    InvalidSignature = 5,
    FutureMessage = 6,
    BadMac = 7,
    InvalidSession = 8,
    InvalidMessageKey = 9,
    BadBroadcastEphemeralSetting = 10,
    UnknownCompanionNoPrekey = 11,
    AdvFailure = 12,
    StatusRevokeDelay = 13,
}

/// From which retry receipt of a message on the own keys go along. They always do from the second on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// With the first: without them the sender could not do better.
    AtOnce,
    /// Not with the first.
    FromSecond,
    /// With the first if the stanza held no pairwise message, which would have shown that a session exists.
    AtOnceUnlessPairwise,
}

/// The receiver's reaction to a message that it could not decrypt. The session is unchanged in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Ask the sender to send it again.
    Retry {
        /// The reason given.
        code: RetryCode,
        /// States if own keys go along.
        keys: Keys,
    },
    /// Repeat what was answered the first time; never ask again.
    Duplicate,
}

impl SignalError {
    /// The reaction to it, if a received message failed so.
    #[must_use]
    pub const fn reaction(&self) -> Reaction {
        use Keys::{AtOnce, AtOnceUnlessPairwise, FromSecond};
        let (code, keys) = match self {
            Self::Duplicate => return Reaction::Duplicate,
            Self::NoSession => (RetryCode::NoSession, AtOnce),
            Self::UnknownSignedPrekey(_) | Self::UnknownPrekey(_) => (RetryCode::InvalidKeyId, AtOnce),
            Self::BadMac => (RetryCode::BadMac, FromSecond),
            Self::TooFarAhead => (RetryCode::FutureMessage, AtOnce),
            Self::InvalidKey | Self::OwnIdentity => (RetryCode::InvalidKey, FromSecond),
            Self::Malformed(_) | Self::UnsupportedVersion(_) => (RetryCode::InvalidMessage, FromSecond),
            Self::BadCiphertext => (RetryCode::InvalidMessageKey, FromSecond),
            Self::NoSenderKey => (RetryCode::NoSession, AtOnceUnlessPairwise),
            Self::BadSignature => (RetryCode::InvalidSignature, FromSecond),
            Self::UntrustedIdentity | Self::DeviceIdentity(_) => (RetryCode::AdvFailure, FromSecond),
            Self::ChainExhausted => (RetryCode::InvalidSession, FromSecond),
        };
        Reaction::Retry { code, keys }
    }
}

/// A stored record that is not one of ours, or not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored session or sender key is damaged: {0}")]
pub struct RecordError(pub(super) &'static str);
