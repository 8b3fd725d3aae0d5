//! Secrets of messages that can be voted on or answered.

use super::super::table::StoredRecord;
use super::first;
use crate::crypto::Secret;
use crate::store::records::codec;
use crate::store::{Batch, Space, StoreError, Value};

/// The secret of a message, with which what is added to it (votes, for one) is encrypted; and what may be chosen, if it is a poll.
#[derive(Clone)]
pub(crate) struct MessageSecret {
    /// The secret.
    pub(crate) secret: Secret<32>,
    /// The options of a poll, in order.
    pub(crate) options: Vec<String>,
    /// The number of options that may be chosen; 0 for any number.
    pub(crate) selectable: u32,
}

/// The secret of a message of any kind, kept for one period to the end of the next. Those of even periods are in one place, those
/// of odd ones in another, so that all of a period are let go of together.
#[derive(Clone)]
pub(crate) struct RecentSecret<const ODD: bool>(pub(crate) MessageSecret);

/// Of which periods secrets are kept; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SecretPeriods {
    /// The even one.
    pub(crate) even: u64,
    /// The odd one.
    pub(crate) odd: u64,
}

one_message!(MessageSecret, MessageSecret, SecretWire);
one_message!(RecentSecret<false>, SecretEven, SecretWire);
one_message!(RecentSecret<true>, SecretOdd, SecretWire);
one_message!(SecretPeriods, SecretPeriods, PeriodsWire);

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct SecretWire {
    #[prost(bytes = "vec", tag = "1")]
    secret: Vec<u8>,
    #[prost(string, repeated, tag = "2")]
    options: Vec<String>,
    #[prost(uint32, tag = "3")]
    selectable: u32,
}

impl Drop for SecretWire {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret);
    }
}

impl MessageSecret {
    fn from_wire(mut wire: SecretWire) -> Option<Self> {
        Some(Self {
            secret: Secret::from_slice(&wire.secret)?,
            options: std::mem::take(&mut wire.options),
            selectable: wire.selectable,
        })
    }

    fn to_wire(&self) -> SecretWire {
        SecretWire {
            secret: self.secret.as_bytes().to_vec(),
            options: self.options.clone(),
            selectable: self.selectable,
        }
    }
}

impl<const ODD: bool> RecentSecret<ODD> {
    fn from_wire(wire: SecretWire) -> Option<Self> {
        MessageSecret::from_wire(wire).map(Self)
    }

    fn to_wire(&self) -> SecretWire {
        self.0.to_wire()
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct PeriodsWire {
    #[prost(uint64, tag = "1")]
    even: u64,
    #[prost(uint64, tag = "2")]
    odd: u64,
}

impl SecretPeriods {
    #[expect(clippy::unnecessary_wraps, reason = "as the other records have it")]
    fn from_wire(wire: PeriodsWire) -> Option<Self> {
        Some(Self { even: wire.even, odd: wire.odd })
    }

    fn to_wire(self) -> PeriodsWire {
        PeriodsWire { even: self.even, odd: self.odd }
    }
}
