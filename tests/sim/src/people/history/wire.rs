//! The protobuf messages of a history. Conversations and whole parts are written piece by piece, so those have structs for what
//! stands before and behind the pieces.

use prost::encoding::encode_varint;
use wa::proto::message::MessageKey;

/// A name (7 of `HistorySync`).
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PushName {
    #[prost(string, optional, tag = "1")]
    pub(crate) id: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(crate) pushname: Option<String>,
}

/// A person's two names (15 of `HistorySync`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct NamePair {
    #[prost(string, optional, tag = "1")]
    pub(super) pn: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) lid: Option<String>,
}

/// Settings of the account (8 of `HistorySync`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct GlobalSettings {
    #[prost(int32, optional, tag = "9")]
    pub(super) timer: Option<i32>,
    /// Seconds.
    #[prost(int64, optional, tag = "20")]
    pub(super) lid_migrated_at: Option<i64>,
}

/// A message as a phone keeps it (`WebMessageInfo`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct KeptMessage {
    #[prost(message, optional, tag = "1")]
    pub(super) key: Option<MessageKey>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(super) message: Option<Vec<u8>>,
    #[prost(uint64, optional, tag = "3")]
    pub(super) timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "4")]
    pub(super) status: Option<u32>,
    #[prost(string, optional, tag = "5")]
    pub(super) participant: Option<String>,
    #[prost(string, optional, tag = "19")]
    pub(super) push_name: Option<String>,
    #[prost(bytes = "vec", optional, tag = "49")]
    pub(super) secret: Option<Vec<u8>>,
}

/// A message in a conversation (`HistorySyncMsg`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Entry {
    #[prost(message, optional, tag = "1")]
    pub(super) message: Option<KeptMessage>,
    #[prost(uint64, optional, tag = "2")]
    pub(super) order: Option<u64>,
}

/// A member of a group in a conversation.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Member {
    #[prost(string, optional, tag = "1")]
    pub(super) jid: Option<String>,
    #[prost(uint32, optional, tag = "2")]
    pub(super) rank: Option<u32>,
}

/// The members of a `Conversation` behind its messages.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ChatState {
    #[prost(uint64, optional, tag = "5")]
    pub(super) last_message: Option<u64>,
    #[prost(uint32, optional, tag = "6")]
    pub(super) unread: Option<u32>,
    #[prost(bool, optional, tag = "8")]
    pub(super) is_all: Option<bool>,
    #[prost(uint32, optional, tag = "9")]
    pub(super) timer: Option<u32>,
    /// Milliseconds.
    #[prost(int64, optional, tag = "10")]
    pub(super) timer_set_ms: Option<i64>,
    #[prost(uint32, optional, tag = "11")]
    pub(super) end: Option<u32>,
    #[prost(uint64, optional, tag = "12")]
    pub(super) last: Option<u64>,
    #[prost(string, optional, tag = "13")]
    pub(super) name: Option<String>,
    #[prost(message, repeated, tag = "20")]
    pub(super) members: Vec<Member>,
    #[prost(bytes = "vec", optional, tag = "21")]
    pub(super) token: Option<Vec<u8>>,
    #[prost(uint64, optional, tag = "22")]
    pub(super) token_at: Option<u64>,
    #[prost(uint64, optional, tag = "28")]
    pub(super) token_given_at: Option<u64>,
    #[prost(string, optional, tag = "39")]
    pub(super) pn: Option<String>,
    #[prost(string, optional, tag = "42")]
    pub(super) lid: Option<String>,
}

/// Appends a member of the wire type with a length.
pub(super) fn put(out: &mut Vec<u8>, number: u32, content: &[u8]) {
    encode_varint(u64::from(number << 3 | 2), out);
    encode_varint(content.len() as u64, out);
    out.extend_from_slice(content);
}

/// Appends a number.
pub(super) fn put_number(out: &mut Vec<u8>, number: u32, value: u64) {
    encode_varint(u64::from(number << 3), out);
    encode_varint(value, out);
}

/// One member of the wire type with a length.
pub(super) fn member(number: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 8);
    put(&mut out, number, content);
    out
}

/// Members that no schema has, of every wire type.
pub(super) fn unknown_members() -> Vec<u8> {
    let mut out = Vec::new();
    put_number(&mut out, 900, u64::MAX);
    put(&mut out, 901, b"unknown");
    encode_varint(902 << 3 | 1, &mut out);
    out.extend_from_slice(&[0xff; 8]);
    encode_varint(903 << 3 | 5, &mut out);
    out.extend_from_slice(&[0xff; 4]);
    put(&mut out, 904, &[]);
    out
}
