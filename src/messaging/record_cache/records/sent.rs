//! Messages of ours, and how often messages were asked for again.

use super::super::table::StoredRecord;
use super::{first, timer};
use crate::messaging::content::Expiration;
use crate::stanza::Jid;
use crate::store::records::codec;
use crate::store::{Batch, Space, StoreError, Value};

/// A message of ours: first to be sent, later kept for those who could not read it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SentRecord {
    /// The chat it goes to.
    pub(crate) chat: Jid,
    /// The serialised content.
    pub(crate) message: Vec<u8>,
    /// When the host handed it in, Unix milliseconds. Orders what waits.
    pub(crate) created_ms: i64,
    /// Orders what was handed in within one millisecond.
    pub(crate) number: u64,
    /// When the server took it, Unix milliseconds by its clock; 0: not yet.
    pub(crate) taken_ms: i64,
    /// The timer with which it went out; of 0 seconds for none. A copy that is asked for again gets the same.
    pub(crate) timer: Expiration,
}

/// The requests for a message that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The count of the last request.
    pub(crate) count: u32,
    /// When that was, Unix milliseconds.
    pub(crate) at_ms: i64,
}

/// The answers to a device that could not read a message of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    /// The number of answers.
    pub(crate) count: u32,
    /// The base key of the session at its second request: if it is still the same at the third, that session cannot heal.
    pub(crate) base_key: Option<Vec<u8>>,
}

one_message!(SentRecord, Outbox, SentWire);
one_message!(Asked, RetryAsked, AskedWire);
one_message!(Answered, RetryAnswered, AnsweredWire);

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct SentWire {
    #[prost(string, tag = "1")]
    chat: String,
    #[prost(bytes = "vec", tag = "2")]
    message: Vec<u8>,
    #[prost(int64, tag = "3")]
    created_ms: i64,
    #[prost(uint64, tag = "4")]
    number: u64,
    #[prost(int64, tag = "5")]
    taken_ms: i64,
    #[prost(uint32, tag = "6")]
    timer: u32,
    #[prost(int64, tag = "7")]
    timer_set_at: i64,
}

impl SentRecord {
    fn from_wire(wire: SentWire) -> Option<Self> {
        Some(Self {
            chat: wire.chat.parse().ok()?,
            message: wire.message,
            created_ms: wire.created_ms,
            number: wire.number,
            taken_ms: wire.taken_ms,
            timer: timer(wire.timer, wire.timer_set_at),
        })
    }

    fn to_wire(&self) -> SentWire {
        SentWire {
            chat: self.chat.to_string(),
            message: self.message.clone(),
            created_ms: self.created_ms,
            number: self.number,
            taken_ms: self.taken_ms,
            timer: self.timer.seconds,
            timer_set_at: self.timer.set_at.unwrap_or_default(),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct AskedWire {
    #[prost(uint32, tag = "1")]
    count: u32,
    #[prost(int64, tag = "2")]
    at_ms: i64,
}

impl Asked {
    #[expect(clippy::unnecessary_wraps, reason = "as the other records have it")]
    fn from_wire(wire: AskedWire) -> Option<Self> {
        Some(Self { count: wire.count, at_ms: wire.at_ms })
    }

    fn to_wire(self) -> AskedWire {
        AskedWire { count: self.count, at_ms: self.at_ms }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct AnsweredWire {
    #[prost(uint32, tag = "1")]
    count: u32,
    #[prost(bytes = "vec", optional, tag = "2")]
    base_key: Option<Vec<u8>>,
}

impl Answered {
    #[expect(clippy::unnecessary_wraps, reason = "as the other records have it")]
    fn from_wire(wire: AnsweredWire) -> Option<Self> {
        Some(Self { count: wire.count, base_key: wire.base_key })
    }

    fn to_wire(&self) -> AnsweredWire {
        AnsweredWire { count: self.count, base_key: self.base_key.clone() }
    }
}
