//! The outcome of an attempt to link, as the phone sees it.

use serde::Serialize;

use crate::faults::Refusal;

/// A name for programs and a sentence for people; the rest as far as it applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Outcome {
    /// `linked`, or why not.
    pub(crate) outcome: &'static str,
    /// The companion's address, if it is linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<String>,
    /// The code of the server's or the companion's refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// The text that the phone shows.
    pub(crate) message: String,
}

macro_rules! outcomes {
    ($($(#[$doc:meta])* $function:ident = $name:literal, $message:literal;)*) => {
        impl Outcome {
            $($(#[$doc])* pub(crate) fn $function() -> Self { Self::new($name, $message) })*
        }
    };
}

outcomes! {
    /// Linked; see [`Outcome::linked_as`].
    linked = "linked", "The device is linked.";
    /// The typed text is no code.
    invalid_code = "invalid_code", "A code has eight characters, digits and letters without 0, I, O and U.";
    /// Nobody asked for a code for this number.
    no_request = "no_request", "No device is asking to be linked with this number.";
    /// The companion's bundle does not open.
    wrong_code = "wrong_code", "The code is wrong. Check it and try again.";
    /// The server does not know the code's or QR's ref any more.
    expired = "expired", "This code is no longer valid. Make a new one on the other device.";
    /// A newer code was asked for meanwhile.
    superseded = "superseded", "The other device has made a new code.";
    /// The companion's connection ended.
    companion_gone = "companion_gone", "The other device is offline.";
    /// The companion did not answer in time.
    no_answer = "no_answer", "The other device does not answer.";
    /// The companion answered nonsense.
    bad_answer = "bad_answer", "The other device could not be linked.";
    /// The server refused the upload.
    upload_refused = "upload_refused", "The device could not be linked. Try again later.";
    /// The companion refused pair-success.
    companion_refused = "companion_refused", "The other device refused the link.";
    /// As many companions as allowed.
    too_many_devices = "too_many_devices", "You have as many linked devices as possible. Log one out first.";
    /// Not a QR for linking.
    unreadable_qr = "unreadable_qr", "This is not a QR code for linking a device.";
    /// A QR of the old form.
    outdated_qr = "outdated_qr", "The other device needs an update before it can be linked.";
    /// The phone asked the companion for a new QR.
    refresh_requested = "refresh_requested", "Could not link the device. Scan the new code.";
    /// A QR that was withdrawn.
    stale_qr = "stale_qr", "This QR code was replaced. Scan the new one.";
    /// The phone cannot link companions.
    no_multidevice = "no_multidevice", "Update WhatsApp on this phone to link devices.";
    /// The passkey exchange failed.
    passkey_failed = "passkey_failed", "The passkey was not confirmed.";
    /// The user saw two different codes.
    passkey_rejected = "passkey_rejected", "The codes were not the same.";
    /// The phone was told to stop here.
    stopped = "stopped", "The phone does not go on.";
}

impl Outcome {
    fn new(outcome: &'static str, message: &str) -> Self {
        Self { outcome, device: None, code: None, message: message.to_owned() }
    }

    /// Linked as that device.
    pub(crate) fn linked_as(device: String) -> Self {
        Self { device: Some(device), ..Self::linked() }
    }

    /// With the code and text of a refusal of the server.
    pub(crate) fn refused_with(mut self, refusal: &Refusal) -> Self {
        self.code = Some(refusal.code.to_string());
        self.message = format!("{} ({} {})", self.message, refusal.code, refusal.text());
        self
    }

    /// With the code and text of a refusal of the companion.
    pub(crate) fn with_code(mut self, code: &str, text: &str) -> Self {
        self.code = Some(code.to_owned());
        self.message = format!("{} ({code} {text})", self.message);
        self
    }
}
