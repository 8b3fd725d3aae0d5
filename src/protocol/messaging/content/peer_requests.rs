//! Requests of this device to the account's other devices.

use super::compose::message_key;
use super::context_info::MessageRef;
use super::outgoing::Outgoing;
use super::parse::ContentError;
use crate::proto::message::peer_data_operation_request_message::{
    PlaceholderMessageResendRequest, Type as PeerDataType,
};
use crate::proto::message::protocol_message::Type;
use crate::proto::message::{PeerDataOperationRequestMessage, ProtocolMessage};

impl Outgoing {
    /// Asks the phone to send messages again that could not be decrypted. The answer is a
    /// [`PeerDataResponse`](super::PeerDataResponse) with each as [`Stored`](super::Stored).
    ///
    /// # Errors
    /// [`ContentError::NoTarget`].
    pub fn ask_again(targets: &[MessageRef]) -> Result<Self, ContentError> {
        let keys = targets.iter().map(message_key).collect::<Result<Vec<_>, _>>()?;
        let ask = |key| PlaceholderMessageResendRequest { message_key: Some(key) };
        Self::protocol(ProtocolMessage {
            r#type: Some(Type::PeerDataOperationRequestMessage.into()),
            peer_data_operation_request_message: Some(PeerDataOperationRequestMessage {
                peer_data_operation_request_type: Some(PeerDataType::PlaceholderMessageResend.into()),
                placeholder_message_resend_request: keys.into_iter().map(ask).collect(),
            }),
            ..ProtocolMessage::default()
        })
    }
}
