//! Protobuf messages, made at build time from the `.proto` files beside this one: our own selection, one file per subject.
//!
//! All of them are proto2: a field that is set to zero is written, a field that is not set is not, so `Some(0)` and `None`
//! are different messages. Nothing here checks lengths or meanings; that is for the rooms above.

use std::fmt;

pub use prost::Message;

macro_rules! subject {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[allow(missing_docs, clippy::all, clippy::pedantic, reason = "generated from the file of the same name")]
        pub mod $name {
            include!(concat!(env!("OUT_DIR"), "/wa.", stringify!($name), ".rs"));
        }
    };
}

subject! {
    /// The Noise handshake and its certificates (`handshake.proto`).
    handshake
}
subject! {
    /// The client's description of itself at the end of the handshake (`payload.proto`).
    payload
}
subject! {
    /// A companion's presentation of itself to the phone (`companion.proto`).
    companion
}
subject! {
    /// Signed device identities and key-index lists (`adv.proto`).
    adv
}
subject! {
    /// Pairing with a passkey (`passkey.proto`).
    passkey
}

subject! {
    /// Chat messages (`message.proto`).
    message
}

impl fmt::Debug for payload::ClientPayload {
    /// Leaves out the phone number and the push name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientPayload")
            .field("user_agent", &self.user_agent)
            .field("device", &self.device)
            .field("device_pairing_data", &self.device_pairing_data)
            .field("lc", &self.lc)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for passkey::PairingRequest {
    /// Leaves out the ADV secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairingRequest").finish_non_exhaustive()
    }
}

macro_rules! chat_messages {
    ($($($name:ident)::+)*) => {$(
        impl fmt::Debug for message::$($name)::+ {
            /// The type only: what people write is not printed, and neither are keys.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($($name)::+)).finish_non_exhaustive()
            }
        }
    )*};
}
chat_messages! {
    Message
    MessageKey
    SenderKeyDistributionMessage
    DeviceSentMessage
    MessageContextInfo
    ContextInfo
    ExtendedTextMessage
    ReactionMessage
    PinInChatMessage
    LocationMessage
    ContactMessage
    ContactsArrayMessage
    PollCreationMessage
    poll_creation_message::Option
    PollUpdateMessage
    poll_update_message::Encrypted
    PollVoteMessage
    ProtocolMessage
    AppStateSyncKeyShare
    AppStateSyncKey
    AppStateSyncKeyId
    AppStateSyncKeyData
    AppStateSyncKeyFingerprint
    AppStateSyncKeyRequest
    HistorySyncNotification
    PeerDataOperationRequestMessage
    peer_data_operation_request_message::PlaceholderMessageResendRequest
    LidMigrationMappingSyncMessage
    LidMigrationMappingSyncPayload
    LidMigrationMapping
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_numbers_are_not_printed() {
        let payload = payload::ClientPayload {
            username: Some(15_551_234_567),
            push_name: Some("Ada".to_owned()),
            device: Some(12),
            ..Default::default()
        };
        let printed = format!("{payload:?}");
        assert!(printed.contains("device: Some(12)"), "{printed}");
        assert!(!printed.contains("1234567") && !printed.contains("Ada"), "{printed}");

        let request = passkey::PairingRequest { adv_secret: Some(vec![0xab; 32]), ..Default::default() };
        assert_eq!(format!("{request:?}"), "PairingRequest { .. }");
    }

    #[test]
    fn a_field_set_to_zero_is_written() {
        let unset = adv::AdvDeviceIdentity::default();
        let zero = adv::AdvDeviceIdentity { account_type: Some(0), ..Default::default() };
        assert!(unset.encode_to_vec().is_empty());
        assert_eq!(zero.encode_to_vec(), [0x20, 0]);
    }
}
