//! A companion asks its phone for messages that it cannot read: the phone sends them as it keeps them.

use wa::proto::{
    Message as _,
    message::{Message, MessageKey},
};

use super::{Actor, Scene, send};
use crate::model::DeviceAddress;

/// `PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE`, and `PLACEHOLDER_MESSAGE_RESEND`.
const RESPONSE: u32 = 17;
const RESEND: u32 = 4;

/// A message as a phone keeps it.
#[derive(Clone, PartialEq, prost::Message)]
struct WebMessageInfo {
    #[prost(message, optional, tag = "1")]
    key: Option<MessageKey>,
    #[prost(bytes = "vec", optional, tag = "2")]
    message: Option<Vec<u8>>,
    #[prost(uint64, optional, tag = "3")]
    timestamp: Option<u64>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Resent {
    #[prost(bytes = "vec", optional, tag = "1")]
    info: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Outcome {
    #[prost(message, optional, tag = "4")]
    resent: Option<Resent>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Response {
    #[prost(uint32, optional, tag = "1")]
    kind: Option<u32>,
    #[prost(string, optional, tag = "2")]
    request: Option<String>,
    #[prost(message, repeated, tag = "3")]
    outcomes: Vec<Outcome>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Protocol {
    #[prost(uint32, optional, tag = "2")]
    kind: Option<u32>,
    #[prost(message, optional, tag = "17")]
    response: Option<Response>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Outer {
    #[prost(message, optional, tag = "12")]
    protocol: Option<Protocol>,
}

/// Answers what the companion asks for in `raw`. Of what the phone does not have, the answer holds nothing.
pub(super) fn answer(
    scene: &mut Scene<'_>,
    actor: &mut Actor,
    request: &str,
    companion: &DeviceAddress,
    raw: &[u8],
) {
    if scene.address.device != 0 || companion.number != scene.address.number {
        return;
    }
    let asked = Message::decode(raw)
        .ok()
        .and_then(|message| message.protocol_message?.peer_data_operation_request_message);
    let Some(asked) = asked else { return };
    let keys = asked.placeholder_message_resend_request.into_iter().filter_map(|one| one.message_key);
    let outcomes = keys.map(|key| Outcome { resent: kept(actor, key) }).collect();
    let response = Response { kind: Some(RESEND), request: Some(request.to_owned()), outcomes };
    let protocol = Protocol { kind: Some(RESPONSE), response: Some(response) };
    let message = Outer { protocol: Some(protocol) }.encode_to_vec();
    if let Err(why) = send::send_peer(scene, actor, companion, &message) {
        scene.world.log.note(None, format!("{} cannot answer its companion: {why:?}", scene.address.jid()));
    }
}

/// A message that this phone has received or sent.
fn kept(actor: &Actor, key: MessageKey) -> Option<Resent> {
    let id = key.id();
    let (message, timestamp) = match actor.heard.find(id) {
        Some(message) => (message.raw.clone(), message.at_ms / 1000),
        None => actor.sent.iter().rfind(|sent| sent.id == id).map(|sent| (sent.message.clone(), sent.at))?,
    };
    let info = WebMessageInfo { key: Some(key), message: Some(message), timestamp: Some(timestamp) };
    Some(Resent { info: Some(info.encode_to_vec()) })
}
