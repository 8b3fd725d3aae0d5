//! A person's alias, and a device's pinned identity key.

use super::super::table::StoredRecord;
use super::first;
use crate::crypto::PublicKey;
use crate::signal::IdentityKey;
use crate::stanza::Text;
use crate::store::records::codec;
use crate::store::{Batch, Space, StoreError, Value};

/// The other name of a user: the LID of a phone number, or the phone number of a LID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdentityAlias(pub(crate) Text);

/// The identity key that a device is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PinnedIdentity {
    /// The key.
    pub(crate) key: IdentityKey,
    /// The server said that there is a new one. Only a message or a bundle can bring it; until then this one stands.
    pub(crate) superseded: bool,
}

one_message!(IdentityAlias, LidMap, TextWire);
one_message!(PinnedIdentity, Identity, PinWire);

#[derive(Clone, PartialEq, prost::Message)]
struct TextWire {
    #[prost(string, tag = "1")]
    text: String,
}

impl IdentityAlias {
    fn from_wire(wire: TextWire) -> Option<Self> {
        (!wire.text.is_empty()).then(|| Self(wire.text.into()))
    }

    fn to_wire(&self) -> TextWire {
        TextWire { text: self.0.to_string() }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct PinWire {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bool, tag = "2")]
    superseded: bool,
}

impl PinnedIdentity {
    fn from_wire(wire: PinWire) -> Option<Self> {
        let key = IdentityKey::new(PublicKey::from_slice(&wire.key)?).ok()?;
        Some(Self { key, superseded: wire.superseded })
    }

    fn to_wire(&self) -> PinWire {
        PinWire { key: self.key.as_bytes().to_vec(), superseded: self.superseded }
    }
}
