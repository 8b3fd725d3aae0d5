//! `HISTORY_SYNC_CHUNK_RETRY`: a companion asks its phone for a part again. The part comes with a new notice; only a refusal is
//! an answer of its own.

use prost::Message as _;

use super::{
    super::{Actor, Scene, send},
    complaint::MOST_AGAIN,
    job::Job,
    notice::Cause,
};
use crate::model::DeviceAddress;

/// `PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE`, and `HISTORY_SYNC_CHUNK_RETRY`.
const RESPONSE: u32 = 17;
const CHUNK_RETRY: u32 = 10;

#[derive(Clone, PartialEq, prost::Message)]
struct ChunkWanted {
    #[prost(uint32, optional, tag = "1")]
    sync_type: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    chunk_order: Option<u32>,
    #[prost(string, optional, tag = "3")]
    notice: Option<String>,
    #[prost(bool, optional, tag = "4")]
    regenerate: Option<bool>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Request {
    #[prost(uint32, optional, tag = "1")]
    kind: Option<u32>,
    #[prost(message, optional, tag = "8")]
    chunk: Option<ChunkWanted>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ChunkRefused {
    #[prost(uint32, optional, tag = "1")]
    sync_type: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    chunk_order: Option<u32>,
    #[prost(string, optional, tag = "3")]
    request: Option<String>,
    #[prost(uint32, optional, tag = "4")]
    code: Option<u32>,
    #[prost(bool, optional, tag = "5")]
    can_recover: Option<bool>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Refusal {
    #[prost(message, optional, tag = "10")]
    chunk: Option<ChunkRefused>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RefusalResponse {
    #[prost(uint32, optional, tag = "1")]
    kind: Option<u32>,
    #[prost(string, optional, tag = "2")]
    request: Option<String>,
    #[prost(message, repeated, tag = "3")]
    results: Vec<Refusal>,
}

/// `ProtocolMessage`, both ways.
#[derive(Clone, PartialEq, prost::Message)]
struct PeerProtocol {
    #[prost(uint32, optional, tag = "2")]
    kind: Option<u32>,
    #[prost(message, optional, tag = "16")]
    request: Option<Request>,
    #[prost(message, optional, tag = "17")]
    response: Option<RefusalResponse>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct PeerMessage {
    #[prost(message, optional, tag = "12")]
    protocol: Option<PeerProtocol>,
}

/// The reasons of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Consumed = 2,
    SessionExhausted = 4,
    ChunkExhausted = 5,
}

/// Answers a request; false if the message is another one.
pub(crate) fn answer(
    scene: &mut Scene<'_>,
    actor: &mut Actor,
    request: &str,
    companion: &DeviceAddress,
    raw: &[u8],
) -> bool {
    if scene.address.device != 0 || companion.number != scene.address.number {
        return false;
    }
    let asked = PeerMessage::decode(raw).ok().and_then(|message| message.protocol?.request);
    let Some(asked) = asked.filter(|asked| asked.kind == Some(CHUNK_RETRY)) else { return false };
    let chunk = asked.chunk.unwrap_or_default();
    match judge(scene, companion, &chunk) {
        Verdict::Again(job) => {
            let cause = Cause { session: Some(request.to_owned()), ..job.cause.clone() };
            scene.world.histories.add(Job { cause, ..job });
        }
        Verdict::Refused(why) => {
            let refused = ChunkRefused {
                sync_type: chunk.sync_type,
                chunk_order: chunk.chunk_order,
                request: Some(request.to_owned()),
                code: Some(why as u32),
                can_recover: Some(false),
            };
            let response = RefusalResponse {
                kind: Some(CHUNK_RETRY),
                request: Some(request.to_owned()),
                results: vec![Refusal { chunk: Some(refused) }],
            };
            let protocol = PeerProtocol { kind: Some(RESPONSE), response: Some(response), request: None };
            let message = PeerMessage { protocol: Some(protocol) }.encode_to_vec();
            if let Err(why) = send::send_peer(scene, actor, companion, &message) {
                let text = format!("{} cannot answer its companion: {why:?}", scene.address.jid());
                scene.world.log.note(None, text);
            }
        }
        Verdict::Malformed => {}
    }
    true
}

enum Verdict {
    Again(Job),
    Refused(Why),
    Malformed,
}

/// Decides what becomes of a request, and counts it.
fn judge(scene: &mut Scene<'_>, companion: &DeviceAddress, chunk: &ChunkWanted) -> Verdict {
    let Some(phone) = scene.model.phones.get_mut(&companion.number) else { return Verdict::Malformed };
    let history = &mut phone.history;
    let (Some(id), Some(sync_type)) = (&chunk.notice, chunk.sync_type) else {
        history.note_malformed("chunk retry: it lacks the type, or the id of the notice".to_owned());
        return Verdict::Malformed;
    };
    let Some(notice) = history.find(companion.device, id).cloned() else {
        history.chunk_retries += 1;
        return Verdict::Refused(Why::SessionExhausted);
    };
    if sync_type != notice.part.kind as u32 || chunk.chunk_order != notice.part.chunk_order() {
        history.note_malformed(format!("chunk retry for {id}: its type or chunk is not that of the notice"));
        return Verdict::Malformed;
    }
    history.chunk_retries += 1;
    if notice.hist_sync {
        return Verdict::Refused(Why::Consumed);
    }
    let first = notice.first().to_owned();
    if history.times_again(&first) >= MOST_AGAIN {
        return Verdict::Refused(Why::ChunkExhausted);
    }
    Verdict::Again(Job::again(companion, notice.part, Cause { again_of: Some(first), session: None }))
}
