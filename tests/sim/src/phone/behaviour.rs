//! The behaviour of a phone: the switches of the control API.

use serde::{Deserialize, Serialize};

use crate::faults::Refusal;

/// When a phone gives up without a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stop {
    /// It does not.
    #[default]
    Never,
    /// After it has answered the companion.
    AfterHello,
    /// After it has opened the companion's bundle.
    AfterFinish,
}

/// When a phone wants the account's passkey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Passkey {
    /// Never.
    #[default]
    Off,
    /// When it is linked by QR; by code, right after it has answered the companion.
    BeforeFinish,
    /// When it is linked by QR; by code, after it has opened the companion's bundle.
    AfterFinish,
}

/// All switches. A switch that is not given keeps its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Behaviour {
    /// Refuses a QR without client type, as phones do since spring 2026.
    pub(crate) strict_qr: bool,
    /// Knows linked devices at all.
    pub(crate) multidevice: bool,
    /// The number of companions it allows.
    pub(crate) max_devices: usize,
    /// The platform named in pair-success.
    pub(crate) platform: String,
    /// The name of a business account.
    pub(crate) business_name: Option<String>,
    /// `isChatDbLidMigrated` in the client-props it uploads; no client-props if not given.
    pub(crate) lid_migrated: Option<bool>,
    /// The account may write only to those who wrote to it or gave it a token.
    pub(crate) timelock: bool,
    /// When that ends, Unix seconds; not said if not given.
    pub(crate) timelock_ends: Option<u64>,
    /// Others are not told what its user has read.
    pub(crate) hides_reading: bool,
    /// Only those who show its token may add it to groups; others get a code to invite it with.
    pub(crate) guarded: bool,
    /// The phone is off or without network: what is for it waits.
    pub(crate) away: bool,
    /// The server gives the messages of others to the phone only: its companions are told that there is one.
    pub(crate) withheld: bool,
    /// It sends no receipts for what it received.
    pub(crate) silent: bool,
    /// The person reads everything at once.
    pub(crate) reads: bool,
    /// The person answers every text with the same.
    pub(crate) echoes: bool,
    /// The person reacts to every text with this emoji.
    pub(crate) reacts: Option<String>,
    /// It sends new companions what they need: the key of the app state and the history.
    pub(crate) provisions: bool,
    /// Every request for a code is answered with this.
    pub(crate) refuse_code: Option<Refusal>,
    /// Requests for a code beyond so many are answered with 429.
    pub(crate) code_limit: Option<u32>,
    /// Gives up without a word.
    pub(crate) stop: Stop,
    /// The next so many scans are answered with `companion_reg_refresh`.
    pub(crate) refresh_on_scan: u32,
    /// After such a refresh it goes on with the secret of the first QR.
    pub(crate) keep_old_secret: bool,
    /// RecordRequirements a passkey.
    pub(crate) passkey: Passkey,
    /// The passkey request holds the options; if not, the companion has to ask for them.
    pub(crate) passkey_options: bool,
    /// The user compares the codes by hand (`POST /phones/{number}/confirm`).
    pub(crate) passkey_ask: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            strict_qr: true,
            multidevice: true,
            max_devices: 4,
            platform: "android".to_owned(),
            business_name: None,
            lid_migrated: Some(true),
            timelock: false,
            timelock_ends: None,
            hides_reading: false,
            guarded: false,
            away: false,
            withheld: false,
            silent: false,
            reads: false,
            echoes: false,
            reacts: None,
            provisions: true,
            refuse_code: None,
            code_limit: None,
            stop: Stop::Never,
            refresh_on_scan: 0,
            keep_old_secret: false,
            passkey: Passkey::Off,
            passkey_options: true,
            passkey_ask: false,
        }
    }
}
