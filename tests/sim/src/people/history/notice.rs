//! Announcing a part to a companion, and what became of the notices.

use std::{collections::VecDeque, sync::Arc};

use serde_json::{Value, json};
use wa::proto::{
    Message as _,
    message::{HistorySyncNotification, Message, ProtocolMessage, protocol_message::Type},
};

use super::{parcel::Parcel, part::Part, past::Past};
use crate::model::{DeviceAddress, Model};

/// Most notices, and most complaints, that are kept.
const MAX_KEPT: usize = 10_000;

/// A notice that was sent.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub(super) id: String,
    pub(super) device: u16,
    pub(super) part: Part,
    /// The key of its file; a part within its notice has none.
    pub(super) media_key: Option<[u8; 32]>,
    pub(super) path: Option<String>,
    pub(super) bytes: usize,
    pub(super) inflated: u64,
    /// The first notice of the part, if this one is not.
    pub(super) again_of: Option<String>,
    /// The companion has said that it has taken the part over.
    pub(super) hist_sync: bool,
}

impl Notice {
    /// The id of the first notice of its part.
    pub(super) fn first(&self) -> &str {
        self.again_of.as_deref().unwrap_or(&self.id)
    }

    /// The notice as JSON.
    pub(super) fn show(&self) -> Value {
        json!({
            "id": self.id,
            "device": self.device,
            "type": self.part.kind,
            "chunk": self.part.chunk_order(),
            "progress": self.part.progress(),
            "path": self.path,
            "bytes": self.bytes,
            "inflated": self.inflated,
            "again_of": self.again_of,
            "hist_sync": self.hist_sync,
        })
    }
}

/// The past of a phone, and what has become of it at the companions.
#[derive(Default)]
pub(crate) struct History {
    pub(super) past: Option<Arc<Past>>,
    notices: VecDeque<Notice>,
    pub(super) server_errors: u64,
    pub(super) chunk_retries: u64,
    malformed: Vec<String>,
}

impl History {
    pub(super) fn note(&mut self, notice: Notice) {
        if self.notices.len() >= MAX_KEPT {
            self.notices.pop_front();
        }
        self.notices.push_back(notice);
    }

    pub(super) fn find(&self, device: u16, id: &str) -> Option<&Notice> {
        self.notices.iter().rfind(|notice| notice.device == device && notice.id == id)
    }

    /// The number of times that a part was sent again.
    pub(super) fn times_again(&self, first: &str) -> usize {
        self.notices.iter().filter(|notice| notice.again_of.as_deref() == Some(first)).count()
    }

    /// Notes a complaint that is not as official clients send it.
    pub(super) fn note_malformed(&mut self, why: String) {
        if self.malformed.len() < MAX_KEPT {
            self.malformed.push(why);
        }
    }

    /// All of it as JSON.
    pub(crate) fn show(&self) -> Value {
        json!({
            "chats": self.past.as_ref().map_or(0, |past| past.listed().count()),
            "notices": self.notices.iter().map(Notice::show).collect::<Vec<_>>(),
            "server_errors": self.server_errors,
            "chunk_retries": self.chunk_retries,
            "malformed": self.malformed,
        })
    }
}

/// A companion has taken over the part that was announced so.
pub(crate) fn noted_receipt(model: &mut Model, from: &DeviceAddress, id: &str) {
    let Some(phone) = model.phones.get_mut(&from.number) else { return };
    let notices = phone.history.notices.iter_mut();
    for notice in notices.filter(|notice| notice.device == from.device && notice.id == id) {
        notice.hist_sync = true;
    }
}

/// The content that a notice announces.
pub(super) enum Content<'a> {
    Inline(&'a [u8]),
    File(&'a Parcel),
    Nothing,
}

/// The circumstances of a notice.
#[derive(Clone, Debug, Default)]
pub(super) struct Cause {
    /// The first notice of the part, if it comes again.
    pub(super) again_of: Option<String>,
    /// The companion's request.
    pub(super) session: Option<String>,
}

/// Makes the peer message.
pub(super) fn message(part: Part, content: &Content<'_>, cause: &Cause, oldest: Option<u64>) -> Vec<u8> {
    let mut notice = HistorySyncNotification {
        sync_type: Some(part.kind as u32),
        chunk_order: part.chunk_order(),
        progress: part.progress(),
        original_message_id: cause.again_of.clone(),
        peer_data_request_session_id: cause.session.clone(),
        oldest_msg_in_chunk_timestamp_sec: oldest.and_then(|oldest| i64::try_from(oldest).ok()),
        ..HistorySyncNotification::default()
    };
    match content {
        Content::Nothing => {}
        Content::Inline(bytes) => notice.initial_hist_bootstrap_inline_payload = Some(bytes.to_vec()),
        Content::File(parcel) => {
            notice.file_sha256 = Some(parcel.hash.to_vec());
            notice.file_length = Some(parcel.length);
            notice.media_key = parcel.media_key.map(|key| key.to_vec());
            notice.file_enc_sha256 = Some(parcel.enc_hash.to_vec());
            notice.direct_path = Some(parcel.path.clone());
            notice.enc_handle = parcel.enc_handle.clone();
        }
    }
    let protocol = ProtocolMessage {
        r#type: Some(Type::HistorySyncNotification.into()),
        history_sync_notification: Some(notice),
        ..ProtocolMessage::default()
    };
    Message { protocol_message: Some(protocol), ..Message::default() }.encode_to_vec()
}
