//! The configuration of pairing: durations, counts, the presentation of this client, and its keys.
//!
//! Main types: [`PairingConfig`], [`PairingKeys`].

use super::phone_number::PhoneNumber;
use super::platform::Platform;
use super::qr::QrForm;
use crate::crypto::{KeyPair, PublicKey, Secret};

/// Milliseconds on a clock that only goes forward, from an arbitrary start.
pub type Millis = u64;

/// Longest life of a code: the phone's answer to an older one is refused.
pub const MAX_CODE_TTL: Millis = 180_000;
/// The number of a phone's answers that one code takes: the right one after two mistakes.
pub const MAX_PRIMARY_HELLOS: u32 = 3;

/// The policy when the account demands its passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PasskeyPolicy {
    /// Hand the challenge to the host and wait for its answer.
    #[default]
    Ask,
    /// The host has no authenticator: fail at once.
    Refuse,
}

/// The settings of pairing. All durations are in milliseconds.
#[derive(Debug, Clone)]
pub struct PairingConfig {
    /// The kind of client to present.
    pub platform: Platform,
    /// Names the operating system in a request for a code; free text, mapped to what the server takes.
    pub os_hint: String,
    /// Set if the phone shows a notice when a code is asked for.
    pub show_push: bool,
    /// The form of a QR text.
    pub qr_form: QrForm,
    /// The lifetime of a code; more than [`MAX_CODE_TTL`] counts as that.
    pub code_ttl: Millis,
    /// Set if a new code is asked for when one ended unused. Each of them counts with the limiter.
    pub auto_refresh: bool,
    /// New codes that one request may bring by itself.
    pub auto_refresh_max: u32,
    /// The number of retries of an offer that brought no references.
    pub refs_retries: u32,
    /// Series of QRs that one request may show before it ends.
    pub qr_rounds: u32,
    /// The number of connections in a row that a QR request may lose.
    pub qr_reconnects: u32,
    /// The time a request waits for a connection.
    pub connect_timeout: Millis,
    /// From the opening of a connection to the first references.
    pub refs_timeout: Millis,
    /// From the request for a code to the server's answer.
    pub hello_timeout: Millis,
    /// From the phone's answer to the confirmation of the link.
    pub success_timeout: Millis,
    /// From our answer to the phone to the server's answer; only for the log, `success_timeout` decides.
    pub finish_timeout: Millis,
    /// The time the first QR of a full series is shown.
    pub qr_first: Millis,
    /// The time each other QR is shown.
    pub qr_next: Millis,
    /// The time the host and the user have for a passkey, if the challenge does not say.
    pub passkey_timeout: Millis,
    /// The time for proving to have been a device of the account before.
    pub handoff_ttl: Millis,
    /// From our signed identity to the reconnection, if the server asks for none.
    pub restart_timeout: Millis,
    /// The policy when the account demands its passkey.
    pub passkey: PasskeyPolicy,
    /// If set, only this account may be linked.
    pub only_account: Option<PhoneNumber>,
}

impl Default for PairingConfig {
    fn default() -> Self {
        Self {
            platform: Platform::Chrome,
            os_hint: String::new(),
            show_push: true,
            qr_form: QrForm::Url,
            code_ttl: MAX_CODE_TTL,
            auto_refresh: false,
            auto_refresh_max: 5,
            refs_retries: 2,
            qr_rounds: 1,
            qr_reconnects: 5,
            connect_timeout: 60_000,
            refs_timeout: 30_000,
            hello_timeout: 30_000,
            success_timeout: 60_000,
            finish_timeout: 30_000,
            qr_first: 60_000,
            qr_next: 20_000,
            passkey_timeout: 600_000,
            handoff_ttl: 300_000,
            restart_timeout: 10_000,
            passkey: PasskeyPolicy::Ask,
            only_account: None,
        }
    }
}

/// The keys of a device that is not linked yet.
#[derive(Debug, Clone)]
pub struct PairingKeys {
    /// The key of the Noise handshake, by which the server knows the waiting connection.
    pub noise: PublicKey,
    /// The identity key that the phone will sign.
    pub identity: KeyPair,
    /// The ADV secret as stored.
    pub adv_secret: Secret<32>,
}
