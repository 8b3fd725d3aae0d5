//! Events of pairing.

/// Adds the events of this file, behind those that came before, and goes on with the files that are left.
macro_rules! pairing_events {
    ($left:tt $($before:tt)*) => { gather! { $left $($before)*

        /// A pairing code that the server has accepted: show it to the user.
        200 "pairing.code" = "WA_EVENT_PAIRING_CODE", Waits, "0.1.0",
        PairingCode {
            /// The eight characters.
            code: Hidden,
            /// The same in two groups, as the phone shows the entry: `ABCD-EFGH`.
            display: Hidden,
            /// When it stops being accepted.
            expires_at_ms: i64,
            /// Time left when the event was made.
            expires_in_ms: u32,
            /// Set if the host chose it.
            custom: bool,
            /// 1 for the first code of the request, more for those that automatic refresh brought.
            generation: u32,
        }

        /// A QR code to show. Each one replaces the one before.
        201 "pairing.qr" = "WA_EVENT_PAIRING_QR", Droppable, "0.1.0",
        PairingQr {
            /// The text to encode; wa_event_qr_image draws it.
            payload: Hidden,
            /// When the next one comes, or the last one ends.
            expires_at_ms: i64,
            /// Time left when the event was made.
            expires_in_ms: u32,
            /// Its number in the series, from 1.
            index: u32,
            /// The number of codes in the series.
            of: u32,
            /// Set if it replaces one that was still valid, because the server asked for a fresh secret.
            updated: bool,
        }

        /// A pairing went one step on.
        202 "pairing.progress" = "WA_EVENT_PAIRING_PROGRESS", Droppable, "0.1.0",
        PairingProgress {
            /// The step reached.
            stage: PairingStage,
            /// By code, QR or passkey.
            method: PairingMethod,
            /// The text to show to the user.
            user_text: Cow<'static, str>,
        }

        /// A code ended unused, or all QR codes were shown.
        203 "pairing.expired" = "WA_EVENT_PAIRING_EXPIRED", Waits, "0.1.0",
        PairingExpired {
            /// The named outcome.
            outcome: Cow<'static, str>,
            /// The stage at which it ended.
            stage: OutcomeStage,
            /// By code, QR or passkey.
            method: PairingMethod,
            /// The outcome's class as a status code.
            status: Status,
            /// The text to show to the user.
            user_text: Cow<'static, str>,
            /// Set if asking again can help.
            retryable: bool,
            /// The time to wait before that.
            retry_after_ms: u32,
            /// Set if a new code comes by itself: the request goes on.
            refreshing: bool,
        }

        /// A pairing failed, or an attempt of it did.
        204 "pairing.error" = "WA_EVENT_PAIRING_ERROR", Waits, "0.1.0",
        PairingError {
            /// The named outcome.
            outcome: Cow<'static, str>,
            /// The stage at which it ended.
            stage: OutcomeStage,
            /// By code, QR or passkey.
            method: PairingMethod,
            /// The outcome's class as a status code.
            status: Status,
            /// The text to show to the user.
            user_text: Cow<'static, str>,
            /// Further detail for the programmer.
            text: Option<Cow<'static, str>>,
            /// Set if asking again can help.
            retryable: bool,
            /// The time to wait before that.
            retry_after_ms: u32,
            /// The server's error code, if it gave one.
            server_code: Option<u32>,
            /// Set if the library tries again by itself: the request goes on.
            refreshing: bool,
        }

        /// The account wants a passkey to confirm this device.
        205 "pairing.passkey" = "WA_EVENT_PAIRING_PASSKEY", Waits, "0.1.0",
        PairingPasskey {
            /// The step that is wanted from the host.
            step: PasskeyStep,
            /// The WebAuthn request options, as JSON text, for the step `required`.
            options: Option<Hidden>,
            /// The code to compare with the phone, in two groups, for the step `confirm`.
            display: Option<Hidden>,
            /// When the exchange is given up.
            expires_at_ms: i64,
        }

        /// The phone linked this device. `ready` follows after the first login.
        206 "pairing.success" = "WA_EVENT_PAIRING_SUCCESS", Waits, "0.1.0",
        PairingSuccess {
            /// The device's own JID.
            jid: String,
            /// The device's own LID, if the server named it.
            lid: Option<String>,
            /// The account's phone number, digits only.
            phone: String,
            /// The phone's platform as it names itself, such as `android`.
            platform: Option<String>,
            /// The name of the business, for business accounts.
            business_name: Option<String>,
            /// By code, QR or passkey.
            method: PairingMethod,
        }
    } };
}

pub(super) use pairing_events;
