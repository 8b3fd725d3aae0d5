//! Requests of [`Pairing`](super::Pairing) to its driver, and the values that travel with them.
//!
//! Main types: [`Output`], [`PairingEvent`].

use std::fmt;

use super::code::{PairingCode, derive_key};
use super::config::Millis;
use super::outcome::Outcome;
use super::phone_number::PhoneNumber;
use super::qr::QrText;
use crate::crypto::{PublicKey, Secret};
use crate::stanza::{Jid, Node};

/// Names one query; its answer comes back with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplyTag(pub(super) u64);

/// Names one save; its result comes back with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SaveToken(pub(super) u64);

/// One thing to do. They are executed strictly in order.
#[derive(Debug)]
pub enum Output {
    /// Send it; no answer is wanted.
    Send(Node),
    /// Send this iq under an id of the driver's choice and hand in the answer with the tag. Nothing bad comes of answers
    /// that arrive late or never; the driver may forget the id after `timeout`.
    Query {
        /// To be handed back with the answer.
        tag: ReplyTag,
        /// The iq, without id.
        node: Node,
        /// When the driver may stop waiting, in milliseconds from now.
        timeout: Millis,
    },
    /// Run it, away from threads that serve others, and hand in what it gives.
    Derive(DeriveJob),
    /// Ask the limiter for this number, durably, and hand in the answer by `permitted`.
    Permit {
        /// The request that waits for it.
        request: u64,
        /// The number.
        phone: PhoneNumber,
    },
    /// Commit it durably, then call `saved` or `save_failed` with the token.
    Save {
        /// To be handed back.
        token: SaveToken,
        /// The change to commit, in one transaction.
        change: Change,
    },
    /// Tell the host.
    Event(PairingEvent),
    /// The device is linked and stored, and the server's copy is on its way. From now on this is the device's address.
    Linked(Box<LinkedAccount>),
    /// Close the connection if there is one and open another: to log in, or to register again.
    Reconnect {
        /// With the login payload. If false, with the registration payload.
        login: bool,
        /// Not before so many milliseconds. A login is made at once, without back-off.
        after: Millis,
    },
    /// Close the connection; nothing is outstanding.
    Disconnect,
}

/// Something to be stored.
#[derive(Debug, Clone)]
pub enum Change {
    /// The ADV secret is now this one.
    AdvSecret(Secret<32>),
    /// The device is linked: all of it in one transaction, the ADV secret included.
    Account(Box<LinkedAccount>),
}

/// The parts of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedAccount {
    /// Our own address, with device number.
    pub jid: Jid,
    /// Our own hidden address, if the server said it.
    pub lid: Option<Jid>,
    /// The signed device identity as it goes into later messages.
    pub identity: Vec<u8>,
    /// The account's identity key, that of its device 0.
    pub account_key: PublicKey,
    /// Our index in the account's list of devices.
    pub key_index: u32,
    /// The name of a business account.
    pub business_name: Option<String>,
    /// The kind of the phone, such as `android`.
    pub platform: Option<String>,
    /// The ADV secret as verified; from now on it never changes.
    pub adv_secret: Secret<32>,
    /// Set if the account's chats are addressed by LID; `None` if the phone did not say. Then the stored value of the same
    /// account stays, and another account starts with false.
    pub lid_migrated: Option<bool>,
    /// The server's clock in Unix seconds when it confirmed.
    pub server_time: Option<u64>,
}

/// A key derivation that takes tens of milliseconds.
pub struct DeriveJob {
    pub(super) token: u64,
    pub(super) code: PairingCode,
    pub(super) salt: [u8; 32],
}

impl DeriveJob {
    /// Does the work.
    pub fn run(self) -> DerivedKey {
        DerivedKey { token: self.token, key: Box::new(derive_key(&self.code, &self.salt)) }
    }

    /// Returns the inputs of the result, for tests that run the same derivation many times.
    #[cfg(test)]
    pub(super) fn inputs(&self) -> (String, [u8; 32]) {
        (self.code.reveal(), self.salt)
    }

    /// The result with a key that is known already.
    #[cfg(test)]
    pub(super) fn with_key(&self, key: Secret<32>) -> DerivedKey {
        DerivedKey { token: self.token, key: Box::new(key) }
    }
}

impl fmt::Debug for DeriveJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeriveJob").field("token", &self.token).finish_non_exhaustive()
    }
}

/// The result of a [`DeriveJob`].
#[derive(Debug)]
pub struct DerivedKey {
    pub(super) token: u64,
    /// In one place, as the code itself.
    pub(super) key: Box<Secret<32>>,
}

/// The reason why a query got no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IqFailure {
    /// The server answered with an error.
    Error {
        /// Its code; 0 if it gave none.
        code: u32,
        /// Its text.
        text: String,
        /// The time to stay away, in seconds, if it says.
        backoff: Option<u64>,
    },
    /// No answer in time.
    Timeout,
    /// The connection ended first.
    Disconnected,
}

/// The method of linking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// By a code typed into the phone.
    Code,
    /// By a QR scanned with the phone.
    Qr,
    /// With the account's passkey, which it demanded on the way.
    Passkey,
}

impl Method {
    /// The name in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Qr => "qr",
            Self::Passkey => "passkey",
        }
    }
}

/// The WebAuthn request options that the server sent, JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct PasskeyOptions(pub(super) String);

impl PasskeyOptions {
    /// The JSON text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasskeyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasskeyOptions(redacted)")
    }
}

/// Something the host may want to know. `request` is the id that was handed in with the request, or 0 if it belongs to
/// none. Every request gets exactly one [`Linked`](Self::Linked) or [`Failed`](Self::Failed), and nothing after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PairingEvent {
    /// The server was asked for a code.
    Requested {
        /// The request.
        request: u64,
    },
    /// The server has accepted this code: show it.
    Code {
        /// The request.
        request: u64,
        /// The code.
        code: PairingCode,
        /// The time until it expires, in milliseconds.
        expires_in: Millis,
        /// Set if the host chose it.
        custom: bool,
        /// 1 for the first code of the request, more for those that automatic refresh brought.
        generation: u32,
    },
    /// A code was typed into the phone, not necessarily the right one.
    PhoneAnswered {
        /// The request.
        request: u64,
        /// 1 for the first answer to this code.
        attempt: u32,
    },
    /// The server took our answer; now the phone decides.
    FinishAccepted {
        /// The request.
        request: u64,
    },
    /// Show this QR in place of the one before.
    Qr {
        /// The request.
        request: u64,
        /// The QR's text.
        payload: QrText,
        /// When the next one follows or the series ends, in milliseconds.
        expires_in: Millis,
        /// Its number in the series, from 1.
        index: u32,
        /// The number of QRs in the series.
        of: u32,
        /// Set if it replaces one that would still have been good, because the secret in it changed.
        updated: bool,
    },
    /// The phone cannot link devices in this way; the same QR can be scanned again after an update.
    PhoneTooOld {
        /// The request that shows a QR.
        request: u64,
        /// Always `phone_without_multidevice`.
        outcome: Outcome,
    },
    /// The account demands its passkey: answer the challenge with `answer_passkey`.
    PasskeyRequired {
        /// The request.
        request: u64,
        /// The challenge.
        options: PasskeyOptions,
        /// The time the host has, in milliseconds.
        expires_in: Millis,
    },
    /// The user compares this code with the phone's; then `confirm_passkey`.
    PasskeyCode {
        /// The request.
        request: u64,
        /// The code.
        code: PairingCode,
        /// The time the host has, in milliseconds.
        expires_in: Millis,
    },
    /// An attempt failed and the request goes on by itself.
    Setback {
        /// The request.
        request: u64,
        /// The method.
        method: Method,
        /// The outcome.
        outcome: Outcome,
    },
    /// The device is linked. The last event of the request.
    Linked {
        /// The request, or 0 if the link came without one.
        request: u64,
        /// The method.
        method: Method,
        /// The parts of the link.
        account: Box<LinkedAccount>,
    },
    /// The request ended without a link. Its last event.
    Failed {
        /// The request.
        request: u64,
        /// The method.
        method: Method,
        /// The outcome.
        outcome: Outcome,
    },
}

impl PairingEvent {
    /// The request it belongs to.
    pub fn request(&self) -> u64 {
        match self {
            Self::Requested { request }
            | Self::Code { request, .. }
            | Self::PhoneAnswered { request, .. }
            | Self::FinishAccepted { request }
            | Self::Qr { request, .. }
            | Self::PhoneTooOld { request, .. }
            | Self::PasskeyRequired { request, .. }
            | Self::PasskeyCode { request, .. }
            | Self::Setback { request, .. }
            | Self::Linked { request, .. }
            | Self::Failed { request, .. } => *request,
        }
    }

    /// Returns whether it is the last event of its request.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Linked { .. } | Self::Failed { .. })
    }
}
