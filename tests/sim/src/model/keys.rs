//! The keys of one device: as the server has them, for others to open sessions with, and, if the device is a simulated one,
//! its own half.

use std::collections::{HashMap, VecDeque};

use wa::crypto::{KeyPair, PublicKey, Random};

/// Most one-time prekeys of which a simulated device keeps its half.
const MAX_ONE_TIME: usize = 20_000;

/// A prekey signed by the identity key.
#[derive(Clone, Debug)]
pub(crate) struct SignedPrekey {
    pub(crate) id: u32,
    pub(crate) key: PublicKey,
    pub(crate) signature: Vec<u8>,
}

/// The private keys of a simulated device.
pub(crate) struct Secrets {
    pub(crate) identity: KeyPair,
    pub(crate) signed: HashMap<u32, KeyPair>,
    pub(crate) one_time: HashMap<u32, KeyPair>,
    last_id: u32,
}

/// The keys that a device has uploaded.
pub(crate) struct KeyStore {
    pub(crate) identity: PublicKey,
    pub(crate) registration_id: u32,
    pub(crate) signed_prekey: SignedPrekey,
    /// One-time prekeys, oldest first; each is given out once.
    pub(crate) prekeys: VecDeque<(u32, PublicKey)>,
    /// The device was told that few are left, and has not uploaded since.
    pub(crate) told_low: bool,
    /// Of a simulated device.
    pub(crate) secrets: Option<Box<Secrets>>,
}

impl KeyStore {
    /// Of a connected device; without one-time prekeys.
    pub(crate) fn new(identity: PublicKey, registration_id: u32, signed_prekey: SignedPrekey) -> Self {
        let prekeys = VecDeque::new();
        Self { identity, registration_id, signed_prekey, prekeys, told_low: false, secrets: None }
    }

    /// Of a simulated device that was installed just now.
    pub(crate) fn simulated(identity: KeyPair, random: &mut dyn Random) -> Self {
        let signed = KeyPair::generate(random);
        let signature = identity.sign(&[&signed.public().with_type_byte()], random).to_vec();
        let mut id = [0; 2];
        random.fill(&mut id);
        let registration_id = u32::from(u16::from_be_bytes(id)) % 16_380 + 1;
        let signed_prekey = SignedPrekey { id: 1, key: signed.public(), signature };
        let mut keys = Self::new(identity.public(), registration_id, signed_prekey);
        let secrets =
            Secrets { identity, signed: [(1, signed)].into(), one_time: HashMap::new(), last_id: 0 };
        keys.secrets = Some(Box::new(secrets));
        keys
    }

    /// Gives out a one-time prekey. A simulated device never runs out of them.
    pub(crate) fn take_prekey(&mut self, random: &mut dyn Random) -> Option<(u32, PublicKey)> {
        let Some(secrets) = &mut self.secrets else { return self.prekeys.pop_front() };
        if secrets.one_time.len() >= MAX_ONE_TIME {
            return None;
        }
        secrets.last_id = secrets.last_id % 0x00ff_fffe + 1;
        let pair = KeyPair::generate(random);
        let public = pair.public();
        secrets.one_time.insert(secrets.last_id, pair);
        Some((secrets.last_id, public))
    }
}
