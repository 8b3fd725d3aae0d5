//! A person: their privacy token, whether this account has met them, and the timer of the chat with them.

use super::super::table::StoredRecord;
use super::{first, timer};
use crate::messaging::address::Kind;
use crate::messaging::content::Expiration;
use crate::store::records::codec;
use crate::store::{Batch, Space, StoreError, Value};

/// The relation to a person: the token that shows their trust in us, when they had ours, and whether we have met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContactRecord {
    /// Theirs; empty if we have none.
    pub(crate) token: Vec<u8>,
    /// When it was issued, Unix seconds.
    pub(crate) issued_s: u64,
    /// When we issued ours to them last, Unix seconds; 0 for never.
    pub(crate) given_s: u64,
    /// Set if they have written to us, or have been sent a message that the server took.
    pub(crate) met: bool,
    /// The seconds after which messages disappear in the chat with them; 0 for never.
    pub(crate) expiration: u32,
    /// When that was set, in seconds since 1970; 0 if it is not known.
    pub(crate) expiration_set_at: i64,
    /// The kind of name under which the server took a message to them after it had refused it under the other.
    pub(crate) taken_as: Option<Kind>,
    /// The name that they gave themselves, as the phone's history has it; empty if it is not known.
    pub(crate) push_name: String,
}

one_message!(ContactRecord, PrivacyToken, ContactWire);

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct ContactWire {
    #[prost(bytes = "vec", tag = "1")]
    token: Vec<u8>,
    #[prost(uint64, tag = "2")]
    issued_s: u64,
    #[prost(uint64, tag = "3")]
    given_s: u64,
    #[prost(bool, tag = "4")]
    met: bool,
    #[prost(uint32, tag = "5")]
    expiration: u32,
    #[prost(int64, tag = "6")]
    expiration_set_at: i64,
    /// 1: by phone number, 2: by LID.
    #[prost(uint32, tag = "7")]
    taken_as: u32,
    #[prost(string, tag = "8")]
    push_name: String,
}

impl ContactRecord {
    /// The timer of the chat with them.
    pub(crate) fn timer(&self) -> Expiration {
        timer(self.expiration, self.expiration_set_at)
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the other records have it")]
    fn from_wire(wire: ContactWire) -> Option<Self> {
        Some(Self {
            token: wire.token,
            issued_s: wire.issued_s,
            given_s: wire.given_s,
            met: wire.met,
            expiration: wire.expiration,
            expiration_set_at: wire.expiration_set_at,
            taken_as: match wire.taken_as {
                1 => Some(Kind::Pn),
                2 => Some(Kind::Lid),
                _ => None,
            },
            push_name: wire.push_name,
        })
    }

    fn to_wire(&self) -> ContactWire {
        ContactWire {
            token: self.token.clone(),
            issued_s: self.issued_s,
            given_s: self.given_s,
            met: self.met,
            expiration: self.expiration,
            expiration_set_at: self.expiration_set_at,
            taken_as: match self.taken_as {
                None => 0,
                Some(Kind::Pn) => 1,
                Some(Kind::Lid) => 2,
            },
            push_name: self.push_name.clone(),
        }
    }
}
