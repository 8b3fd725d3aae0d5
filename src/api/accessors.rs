//! The fields that most programs need, by meaning and whatever the event: what the typed accessors of the C interface show.

use super::event_table::Body;
use super::status::Status;
use serde_json::Value;

/// One method for each accessor: `field(&self) -> Option<type>`, with the bodies that have it and where it stands in them.
macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $name:ident -> $type:ty { $($body:ident: |$b:ident| $value:expr,)+ })+) => {
        impl Body {
            $($(#[doc = $doc])+
            pub fn $name(&self) -> Option<$type> {
                match self {
                    $(Body::$body($b) => $value,)+
                    _ => None,
                }
            })+
        }
    };
}

fields! {
    /// The pairing code, eight characters.
    code -> &str { PairingCode: |b| Some(b.code.reveal()), }
    /// The code as it is shown, in two groups.
    code_display -> &str {
        PairingCode: |b| Some(b.display.reveal()),
        PairingPasskey: |b| b.display.as_ref().map(|text| text.reveal()),
    }
    /// The text of the QR code.
    qr_payload -> &str { PairingQr: |b| Some(b.payload.reveal()), }
    /// The WebAuthn request options.
    passkey_options -> &str { PairingPasskey: |b| b.options.as_ref().map(|text| text.reveal()), }
    /// When what the event tells of ends.
    expires_at_ms -> i64 {
        PairingCode: |b| Some(b.expires_at_ms),
        PairingQr: |b| Some(b.expires_at_ms),
        PairingPasskey: |b| Some(b.expires_at_ms),
        Restricted: |b| b.ends_at_ms,
    }
    /// The stage that the pairing reached.
    stage -> &str {
        PairingProgress: |b| Some(b.stage.word()),
        PairingExpired: |b| Some(b.stage.word()),
        PairingError: |b| Some(b.stage.word()),
    }
    /// The named outcome of the pairing.
    outcome -> &str {
        PairingExpired: |b| Some(&b.outcome),
        PairingError: |b| Some(&b.outcome),
    }
    /// The text to show to the user.
    user_text -> &str {
        LoggedOut: |b| Some(&b.user_text),
        Restricted: |b| Some(&b.user_text),
        PairingProgress: |b| Some(&b.user_text),
        PairingExpired: |b| Some(&b.user_text),
        PairingError: |b| Some(&b.user_text),
    }
    /// The conversation.
    chat -> &str {
        Message: |b| Some(&b.chat),
        MessageUnreadable: |b| Some(&b.chat),
        Receipt: |b| Some(&b.chat),
        ChatActivityChanged: |b| Some(&b.chat),
        GroupUpdate: |b| Some(&b.chat),
        Call: |b| b.chat.as_deref(),
    }
    /// The JID of the person concerned.
    sender -> &str {
        Message: |b| Some(&b.sender),
        MessageUnreadable: |b| Some(&b.sender),
        Receipt: |b| Some(&b.sender),
        ChatActivityChanged: |b| Some(&b.sender),
        Presence: |b| Some(&b.sender),
        GroupUpdate: |b| b.sender.as_deref(),
        Call: |b| Some(&b.sender),
        IdentityChanged: |b| Some(&b.sender),
    }
    /// The id of the message.
    message_id -> &str {
        Message: |b| Some(&b.message_id),
        MessageUnreadable: |b| Some(&b.message_id),
    }
    /// The kind of the message.
    message_kind -> &str { Message: |b| Some(&b.kind), }
    /// Set if this account did it, from another device.
    is_from_me -> bool {
        Message: |b| Some(b.from_me),
        MessageUnreadable: |b| Some(b.from_me),
        Receipt: |b| Some(b.from_me),
    }
    /// The text that people wrote, or the detail for the programmer.
    text -> &str {
        Message: |b| b.text.as_ref().map(|text| text.reveal()),
        GroupUpdate: |b| b.text.as_ref().map(|text| text.reveal()),
        Connection: |b| b.text.as_deref(),
        LoggedOut: |b| b.text.as_deref(),
        PairingError: |b| b.text.as_deref(),
        RequestResult: |b| b.text.as_deref(),
        Log: |b| Some(&b.text),
        Closed: |b| b.text.as_deref(),
    }
    /// The state of the connection.
    state -> &str { Connection: |b| Some(b.state.word()), }
    /// The reason, as a stable word.
    reason -> &str {
        Connection: |b| b.reason.as_deref(),
        LoggedOut: |b| Some(b.reason.word()),
        Restricted: |b| Some(b.kind.word()),
        Closed: |b| Some(b.reason.word()),
    }
    /// The device's own JID.
    jid -> &str {
        Ready: |b| Some(&b.jid),
        PairingSuccess: |b| Some(&b.jid),
    }
    /// The outcome, as a status.
    status -> Status {
        Connection: |b| Some(b.status),
        PairingExpired: |b| Some(b.status),
        PairingError: |b| Some(b.status),
        RequestResult: |b| Some(b.status),
        Closed: |b| Some(b.status),
    }
    /// Set if asking again can help.
    is_retryable -> bool {
        Connection: |b| Some(b.retryable),
        PairingExpired: |b| Some(b.retryable),
        PairingError: |b| Some(b.retryable),
        RequestResult: |b| Some(b.retryable),
    }
    /// Set if the connection is given up.
    is_final -> bool { Connection: |b| Some(b.is_final), }
    /// Set if the library goes on by itself.
    is_refreshing -> bool {
        PairingExpired: |b| Some(b.refreshing),
        PairingError: |b| Some(b.refreshing),
    }
    /// The time to wait, or the time that the library waits.
    retry_after_ms -> u32 {
        Connection: |b| b.retry_in_ms,
        PairingExpired: |b| Some(b.retry_after_ms),
        PairingError: |b| Some(b.retry_after_ms),
        RequestResult: |b| Some(b.retry_after_ms),
    }
    /// The result of a request.
    result -> &Value { RequestResult: |b| Some(&b.result), }
}
