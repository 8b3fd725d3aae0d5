//! Device lists.

use super::super::table::StoredRecord;
use super::first;
use crate::stanza::Text;
use crate::store::records::codec;
use crate::store::{Batch, Space, StoreError, Value};

/// One device in a user's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListedDevice {
    /// Its number.
    pub(crate) id: u16,
    /// Its index in the account's signed list; the phone has none.
    pub(crate) key_index: Option<u32>,
}

/// A user's devices, as the server gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeviceList {
    /// In the server's order, the phone among them.
    pub(crate) devices: Vec<ListedDevice>,
    /// The server's hash of the list, to be sent back as a hint; empty if it is not to be relied on.
    pub(crate) hash: Text,
    /// When the account signed the list, Unix seconds; 0 if it is not signed.
    pub(crate) signed_s: u64,
    /// The number of the account's installation; another one means that everything began anew. 0 if unknown.
    pub(crate) raw_id: u32,
    /// When it was fetched, Unix milliseconds.
    pub(crate) fetched_ms: i64,
}

one_message!(DeviceList, Devices, DeviceListWire);

#[derive(Clone, PartialEq, prost::Message)]
struct DeviceListWire {
    /// Device number and key index plus one (0: none), in turn.
    #[prost(uint32, repeated, tag = "1")]
    devices: Vec<u32>,
    #[prost(string, tag = "2")]
    hash: String,
    #[prost(uint64, tag = "3")]
    signed_s: u64,
    #[prost(uint32, tag = "4")]
    raw_id: u32,
    #[prost(int64, tag = "5")]
    fetched_ms: i64,
}

impl DeviceList {
    fn from_wire(wire: DeviceListWire) -> Option<Self> {
        let (pairs, rest) = wire.devices.as_chunks::<2>();
        let device = |[id, index]: &[u32; 2]| {
            Some(ListedDevice { id: u16::try_from(*id).ok()?, key_index: index.checked_sub(1) })
        };
        let devices = pairs.iter().map(device).collect::<Option<_>>()?;
        rest.is_empty().then_some(Self {
            devices,
            hash: wire.hash.into(),
            signed_s: wire.signed_s,
            raw_id: wire.raw_id,
            fetched_ms: wire.fetched_ms,
        })
    }

    fn to_wire(&self) -> DeviceListWire {
        let pair = |device: &ListedDevice| {
            [u32::from(device.id), device.key_index.map_or(0, |index| index.saturating_add(1))]
        };
        DeviceListWire {
            devices: self.devices.iter().flat_map(pair).collect(),
            hash: self.hash.to_string(),
            signed_s: self.signed_s,
            raw_id: self.raw_id,
            fetched_ms: self.fetched_ms,
        }
    }
}
