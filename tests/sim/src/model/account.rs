//! An account: its phone, and the companions linked to it.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use wa::{
    crypto::{KeyPair, PublicKey},
    proto::companion::DeviceProps,
    stanza::Jid,
};

use super::{KeyStore, Offline, Queue, Space};
use crate::{people::history::History, phone::Behaviour};

/// One companion of one account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DeviceAddress {
    pub(crate) number: String,
    pub(crate) device: u16,
}

impl DeviceAddress {
    pub(crate) fn jid(&self) -> Jid {
        Jid::user(self.number.as_str()).with_device(self.device)
    }
}

/// A linked companion, as the server knows it.
pub(crate) struct Device {
    pub(crate) noise: PublicKey,
    pub(crate) keys: KeyStore,
    pub(crate) key_index: u32,
    pub(crate) props: DeviceProps,
    /// `ADVSignedDeviceIdentity` as the companion answered it; `None` until then, and without it there is no login.
    pub(crate) signed_identity: Option<Vec<u8>>,
    pub(crate) linked_ms: u64,
    pub(crate) last_seen_ms: u64,
    pub(crate) logins: u64,
    /// The version of the web client that it presented last.
    pub(crate) version: String,
    pub(crate) connection: Option<u64>,
    /// Asked to be told about the queue only after `active`.
    pub(crate) passive: bool,
    /// The phone has sent it what a new companion needs.
    pub(crate) provisioned: bool,
    /// Its last presence was `available`.
    pub(crate) available: bool,
    pub(crate) queue: Queue,
    /// The progress of the queue, until all of it that waited at the login has gone out.
    pub(crate) offline: Option<Offline>,
    /// Messages it sent lately, so that a repeated one is not delivered twice.
    pub(crate) sent: RecentlySent,
    /// Messages it sent to other devices than those that there were.
    pub(crate) phash_mismatches: u64,
}

/// The last messages of a device.
#[derive(Default)]
pub(crate) struct RecentlySent {
    order: VecDeque<u64>,
    known: HashSet<u64>,
}

impl RecentlySent {
    /// As many as a client may repeat after a lost connection, and more.
    const LIMIT: usize = 4096;

    /// Remembers a message by its digest; false if it is known.
    pub(crate) fn insert(&mut self, digest: u64) -> bool {
        if !self.known.insert(digest) {
            return false;
        }
        self.order.push_back(digest);
        if self.order.len() > Self::LIMIT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }

    /// Forgets a message that was refused: it may come again, and better.
    pub(crate) fn remove(&mut self, digest: u64) {
        if self.known.remove(&digest) {
            self.order.retain(|known| *known != digest);
        }
    }
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
    /// The channel for the companion's answer to a primary_hello; there while a phone waits.
    pub(crate) finish: Option<mpsc::UnboundedSender<Finish>>,
}

/// The companion's answer to a primary_hello.
pub(crate) struct Finish {
    pub(crate) bundle: Vec<u8>,
    pub(crate) identity: Vec<u8>,
}

/// The text that the phone shows.
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
    /// The server's keys of the phone itself, device 0.
    pub(crate) keys: KeyStore,
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
    /// The key of the app state that new companions get.
    pub(crate) app_state_key: Option<[u8; 32]>,
    /// The past that new companions get, and what has become of it.
    pub(crate) history: History,
    /// The salt with which its devices compute tokens.
    pub(crate) nct_salt: Option<[u8; 32]>,
    /// The person has the phone in hand: its app is open and online.
    pub(crate) at_the_phone: bool,
    /// The about text.
    pub(crate) about: String,
    /// Accounts that are told when the devices or the identity of this one change: those that asked for them or talked to it.
    pub(crate) watchers: BTreeSet<String>,
    /// Numbers this account has blocked.
    pub(crate) blocked: BTreeSet<String>,
    /// Numbers that have sent a message to this account: it may answer them whatever its restrictions.
    pub(crate) known: BTreeSet<String>,
    /// Privacy tokens that this account has given out: to whom, and when.
    pub(crate) tokens: BTreeMap<String, PrivacyToken>,
}

/// A trusted-contact token: who holds it may write to who gave it out.
#[derive(Clone, Debug)]
pub(crate) struct PrivacyToken {
    pub(crate) bytes: Vec<u8>,
    /// Unix seconds.
    pub(crate) at: u64,
}

impl PrivacyToken {
    /// Tokens are valid in the week in which they were given out, and in the three that follow. Weeks are counted from 1970.
    pub(crate) fn is_valid(&self, now: u64) -> bool {
        const WEEK: u64 = 604_800;
        self.at >= (now / WEEK).saturating_sub(3) * WEEK
    }
}

impl Phone {
    /// The account's LID address for one device.
    pub(crate) fn lid(&self, device: u16) -> Jid {
        Jid::lid(self.lid.as_str()).with_device(device)
    }

    /// Returns the JID of the account's device in a name space.
    pub(crate) fn jid(&self, space: Space, device: u16) -> Jid {
        match space {
            Space::Pn => Jid::user(self.number.as_str()).with_device(device),
            Space::Lid => self.lid(device),
        }
    }

    /// All devices that take part: the phone, and the companions that have signed.
    pub(crate) fn device_numbers(&self) -> impl Iterator<Item = u16> {
        let signed = self.devices.iter().filter(|(_, device)| device.signed_identity.is_some());
        std::iter::once(0).chain(signed.map(|(number, _)| *number))
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
