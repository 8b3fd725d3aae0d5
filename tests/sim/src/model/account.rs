//! An account: its phone, and the companions linked to it.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use wa::{
    crypto::{KeyPair, PublicKey},
    proto::companion::DeviceProps,
    stanza::{Jid, Node},
};

use crate::phone::Behaviour;

/// One companion of one account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DeviceAddress {
    pub(crate) number: String,
    pub(crate) device: u16,
}

impl DeviceAddress {
    pub(crate) fn jid(&self) -> Jid {
        Jid::user(self.number.as_str()).with_device(self.device)
    }
}

/// A prekey signed by the identity key.
#[derive(Clone, Debug)]
pub(crate) struct SignedPrekey {
    pub(crate) id: u32,
    pub(crate) key: PublicKey,
    pub(crate) signature: Vec<u8>,
}

/// A stanza for a device, kept until the device acknowledges it.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) id: String,
    pub(crate) node: Node,
}

/// A linked companion, as the server knows it.
pub(crate) struct Device {
    pub(crate) noise: PublicKey,
    pub(crate) identity: PublicKey,
    pub(crate) registration_id: u32,
    pub(crate) key_index: u32,
    pub(crate) props: DeviceProps,
    pub(crate) signed_prekey: SignedPrekey,
    pub(crate) prekeys: VecDeque<(u32, PublicKey)>,
    /// `ADVSignedDeviceIdentity` as the companion answered it; `None` until then, and without it there is no login.
    pub(crate) signed_identity: Option<Vec<u8>>,
    pub(crate) linked_ms: u64,
    pub(crate) last_seen_ms: u64,
    pub(crate) logins: u64,
    pub(crate) connection: Option<u64>,
    /// Asked to be told about the queue only after `active`.
    pub(crate) passive: bool,
    pub(crate) queue: VecDeque<Queued>,
}

/// A companion's request for a code, as the phone was told of it.
pub(crate) struct CodeRequest {
    pub(crate) reference: String,
    pub(crate) connection: u64,
    pub(crate) wrapped: [u8; 80],
    pub(crate) noise: PublicKey,
    pub(crate) display: String,
    pub(crate) push: bool,
    pub(crate) made_ms: u64,
    /// Where the companion's answer to a primary_hello goes; there while somebody waits.
    pub(crate) finish: Option<mpsc::UnboundedSender<Finish>>,
}

/// The companion's answer to a primary_hello.
pub(crate) struct Finish {
    pub(crate) bundle: Vec<u8>,
    pub(crate) identity: Vec<u8>,
}

/// What the phone shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "name")]
pub(crate) enum Screen {
    /// The list of linked devices.
    #[default]
    Devices,
    /// A companion is being linked.
    Linking,
    /// The last attempt failed.
    Failed {
        /// The outcome's name.
        outcome: String,
    },
    /// A code to compare with the companion's.
    Passkey {
        /// The code.
        code: String,
    },
}

/// An account and its phone.
pub(crate) struct Phone {
    pub(crate) number: String,
    pub(crate) name: String,
    /// User part of the account's LID.
    pub(crate) lid: String,
    pub(crate) identity: KeyPair,
    pub(crate) raw_id: u32,
    /// Highest key index ever given out; 0 is the phone itself.
    pub(crate) last_key_index: u32,
    pub(crate) created_ms: u64,
    pub(crate) behaviour: Behaviour,
    pub(crate) devices: BTreeMap<u16, Device>,
    pub(crate) request: Option<CodeRequest>,
    /// Codes asked for this number so far.
    pub(crate) codes_asked: u32,
    pub(crate) screen: Screen,
    /// ADV secrets of QRs that were scanned and then withdrawn.
    pub(crate) stale_secrets: Vec<[u8; 32]>,
    /// Told when the user has compared the codes of a passkey exchange.
    pub(crate) confirm: Option<tokio::sync::oneshot::Sender<bool>>,
}

impl Phone {
    /// The account's LID address for one device.
    pub(crate) fn lid(&self, device: u16) -> Jid {
        Jid::lid(self.lid.as_str()).with_device(device)
    }

    /// Lowest free device number; the phone is 0.
    pub(crate) fn free_device(&self) -> u16 {
        (1..u16::MAX).find(|number| !self.devices.contains_key(number)).unwrap_or(u16::MAX)
    }

    /// The key indexes of all companions and of the phone.
    pub(crate) fn valid_indexes(&self) -> Vec<u32> {
        let mut indexes: Vec<u32> =
            std::iter::once(0).chain(self.devices.values().map(|device| device.key_index)).collect();
        indexes.sort_unstable();
        indexes
    }
}
