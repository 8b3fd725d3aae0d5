//! The texts for users where an event comes from a closed list. The outcomes of pairing bring texts of their own.

use super::enums::{LogoutReason, PairingMethod, PairingStage, RestrictionKind, RestrictionScope};
use super::event_table::{LoggedOut, PairingProgress, Restricted};

impl PairingStage {
    /// Returns the text to show to the user at this step.
    pub const fn user_text(self) -> &'static str {
        match self {
            PairingStage::Requested => "Asking WhatsApp for a code.",
            PairingStage::Code => "Waiting for the phone.",
            PairingStage::PhoneAnswered => "The phone answered; checking the code.",
            PairingStage::FinishAccepted => "Waiting for the phone to confirm.",
            PairingStage::Linked => "Linked. Connecting as the new device.",
            PairingStage::FirstLogin => "Logging in for the first time.",
            PairingStage::Ready => "Linking is complete.",
        }
    }
}

impl LogoutReason {
    /// The text to show to the user.
    pub const fn user_text(self) -> &'static str {
        match self {
            LogoutReason::ByHost => "Logged out.",
            LogoutReason::ByPhone => "This device was unlinked on the phone. Link it again to go on.",
            LogoutReason::PhoneReset => {
                "WhatsApp was set up anew on the phone, which unlinks all devices. Link this one again to go on."
            }
            LogoutReason::LinkRevoked => {
                "WhatsApp unlinked this device right after it was linked. Look at \"Linked devices\" on the phone, and try again later."
            }
            LogoutReason::AccountLocked => {
                "WhatsApp locked the account, or it is no longer registered on its phone. Open WhatsApp on the phone to see why."
            }
            LogoutReason::AccountBanned => {
                "WhatsApp banned the account. Open WhatsApp on the phone to see why."
            }
        }
    }
}

impl RestrictionKind {
    /// The text to show to the user.
    pub const fn user_text(self) -> &'static str {
        match self {
            RestrictionKind::TemporaryBan => "WhatsApp banned the account for a time.",
            RestrictionKind::AccountBanned => {
                "WhatsApp banned the account. Open WhatsApp on the phone to see why."
            }
            RestrictionKind::AccountLocked => {
                "WhatsApp locked the account, or it is no longer registered on its phone. Open WhatsApp on the phone to see why."
            }
            RestrictionKind::ClientOutdated => {
                "WhatsApp no longer accepts this version of the program. Update it."
            }
            RestrictionKind::VersionRefused => {
                "WhatsApp does not let this account connect, although the program is up to date. Try again in some days."
            }
            RestrictionKind::TimeLock => {
                "WhatsApp does not let this account start new conversations for a time."
            }
            RestrictionKind::RateLimit => "WhatsApp asks for fewer requests. Wait before trying again.",
            RestrictionKind::PairingRefused => {
                "WhatsApp does not let this account link devices by code. Use the QR code."
            }
        }
    }
}

impl PairingProgress {
    /// The event for a step.
    pub fn new(stage: PairingStage, method: PairingMethod) -> Self {
        PairingProgress { stage, method, user_text: stage.user_text().into() }
    }
}

impl LoggedOut {
    /// The event for a reason, without words of the server.
    pub fn new(reason: LogoutReason) -> Self {
        LoggedOut { reason, user_text: reason.user_text().into(), text: None, may_be_listed: false }
    }
}

impl Restricted {
    /// The event for a kind, without an end or a number of the server.
    pub fn new(kind: RestrictionKind, scope: RestrictionScope) -> Self {
        Restricted {
            kind,
            scope,
            starts_at_ms: None,
            ends_at_ms: None,
            code: None,
            user_text: kind.user_text().into(),
        }
    }
}
