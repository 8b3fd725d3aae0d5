//! Groups, and the devices that have our sender keys.

use super::super::table::StoredRecord;
use super::first;
use crate::messaging::address::{Address, User};
use crate::store::records::codec;
use crate::store::{Batch, Space, StoreError, Value};

/// A group, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GroupRecord {
    /// Members are addressed by LID.
    pub(crate) by_lid: bool,
    /// The members, each under the name that the group uses.
    pub(crate) members: Vec<User>,
    /// Those of them who are admins; empty if that is not known.
    pub(crate) admins: Vec<User>,
    /// Seconds after which messages disappear; 0 for never.
    pub(crate) expiration: u32,
    /// When it was fetched, Unix milliseconds.
    pub(crate) fetched_ms: i64,
    /// The server's version of the list of members; empty if that is not known.
    pub(crate) version: String,
}

/// The devices that have our current sender key of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SenderKeyHolders {
    /// The number of the key they have.
    pub(crate) key_id: u32,
    /// They.
    pub(crate) devices: std::collections::BTreeSet<Address>,
}

one_message!(GroupRecord, Group, GroupWire);
one_message!(SenderKeyHolders, SenderKeyHolders, HoldersWire);

#[derive(Clone, PartialEq, prost::Message)]
struct GroupWire {
    #[prost(bool, tag = "1")]
    by_lid: bool,
    #[prost(string, repeated, tag = "2")]
    members: Vec<String>,
    #[prost(uint32, tag = "3")]
    expiration: u32,
    #[prost(int64, tag = "4")]
    fetched_ms: i64,
    #[prost(string, repeated, tag = "5")]
    admins: Vec<String>,
    #[prost(string, tag = "6")]
    version: String,
}

impl GroupRecord {
    fn from_wire(wire: GroupWire) -> Option<Self> {
        let user = |text: &String| User::of(&text.parse().ok()?);
        Some(Self {
            by_lid: wire.by_lid,
            members: wire.members.iter().map(user).collect::<Option<_>>()?,
            admins: wire.admins.iter().map(user).collect::<Option<_>>()?,
            expiration: wire.expiration,
            fetched_ms: wire.fetched_ms,
            version: wire.version,
        })
    }

    fn to_wire(&self) -> GroupWire {
        GroupWire {
            by_lid: self.by_lid,
            members: self.members.iter().map(|user| user.jid().to_string()).collect(),
            admins: self.admins.iter().map(|user| user.jid().to_string()).collect(),
            expiration: self.expiration,
            fetched_ms: self.fetched_ms,
            version: self.version.clone(),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct HoldersWire {
    #[prost(uint32, tag = "1")]
    key_id: u32,
    #[prost(bytes = "vec", repeated, tag = "2")]
    devices: Vec<Vec<u8>>,
}

impl SenderKeyHolders {
    fn from_wire(wire: HoldersWire) -> Option<Self> {
        let devices = wire.devices.iter().map(|key| Address::from_key(key)).collect::<Option<_>>()?;
        Some(Self { key_id: wire.key_id, devices })
    }

    fn to_wire(&self) -> HoldersWire {
        HoldersWire { key_id: self.key_id, devices: self.devices.iter().map(Address::key).collect() }
    }
}
