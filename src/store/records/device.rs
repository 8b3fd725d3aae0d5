//! The companion's own keys.

use super::codec;
use std::ops::RangeInclusive;

use crate::crypto::{KeyPair, PublicKey, Random, SIGNATURE_LENGTH, Secret, random_array};
use crate::store::{Batch, Space, StoreError, Value};
use zeroize::Zeroize;

/// A prekey with the identity key's signature over it.
#[derive(Clone, Debug)]
pub struct SignedPrekey {
    /// Its number, 24 bits.
    pub id: u32,
    /// The pair.
    pub pair: KeyPair,
    /// Over type byte and public key.
    pub signature: [u8; SIGNATURE_LENGTH],
    /// When it was made, Unix milliseconds; it is replaced after some weeks.
    pub made_ms: i64,
}

impl SignedPrekey {
    /// Makes one.
    pub fn generate(id: u32, identity: &KeyPair, now_ms: i64, rng: &mut dyn Random) -> Self {
        let pair = KeyPair::generate(rng);
        let signature = identity.sign(&[&pair.public().with_type_byte()], rng);
        SignedPrekey { id, pair, signature, made_ms: now_ms }
    }

    /// The stored form of one that was replaced and is kept for messages on their way.
    pub fn encode(&self) -> Value {
        codec::encode(&PrekeyWire {
            id: self.id,
            secret: self.pair.secret().as_bytes().to_vec(),
            signature: self.signature.to_vec(),
            made_ms: self.made_ms,
        })
    }

    /// Reads the stored form.
    pub fn decode(value: &[u8]) -> Result<Self, StoreError> {
        let wire: PrekeyWire = codec::decode(Space::SignedPrekey, value)?;
        Ok(SignedPrekey {
            id: wire.id,
            pair: pair(&wire.secret)?,
            signature: wire.signature.as_slice().try_into().map_err(|_| wrong_size())?,
            made_ms: wire.made_ms,
        })
    }
}

/// The companion's own keys, made before pairing and kept for the device's whole life. After a logout all of it is made
/// anew: a server that has seen a key unlinked refuses it.
#[derive(Clone, Debug)]
pub struct DeviceRecord {
    /// Registration id, 1 to 16380.
    pub registration_id: u32,
    /// The static key of the Noise handshake.
    pub noise: KeyPair,
    /// The device's identity.
    pub identity: KeyPair,
    /// The current signed prekey.
    pub signed_prekey: SignedPrekey,
    /// The key that authenticates the phone's answer in pairing. Replaced by the pairing flows until linked, then never.
    pub adv_secret: Secret<32>,
    /// The routing info to send at the next connection, if the server gave any.
    pub routing_info: Option<Vec<u8>>,
    /// The newest version of the web client that the server has refused to this device.
    pub refused_version: Option<[u32; 3]>,
    /// When that was, Unix milliseconds; 0 if it is not known.
    pub refused_ms: i64,
    /// The server, as it proved itself last.
    pub server: Option<ServerRecord>,
}

/// A server whose certificates were checked. A later handshake with the same key needs them no more, while they are valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRecord {
    /// Its static key.
    pub key: PublicKey,
    /// The time in which the certificates are valid, Unix seconds.
    pub validity: RangeInclusive<u64>,
    /// The root that they led to.
    pub root: PublicKey,
    /// Its serial number.
    pub root_serial: u32,
}

impl ServerRecord {
    /// The key, if it may be relied on at that time (Unix seconds) by whoever trusts that root.
    pub fn usable(&self, root: &PublicKey, root_serial: u32, now_s: i64) -> Option<PublicKey> {
        let is_valid = u64::try_from(now_s).is_ok_and(|now| self.validity.contains(&now));
        (is_valid && self.root == *root && self.root_serial == root_serial).then_some(self.key)
    }
}

/// Registration ids in use by all known clients.
const REGISTRATION_IDS: u32 = 16_380;

impl DeviceRecord {
    /// Makes all keys of a new device. Some 0.2 ms of CPU.
    pub fn generate(now_ms: i64, rng: &mut dyn Random) -> Self {
        let noise = KeyPair::generate(rng);
        let identity = KeyPair::generate(rng);
        let signed_prekey = SignedPrekey::generate(1, &identity, now_ms, rng);
        let adv_secret = Secret::new(random_array(rng));
        let registration_id = 1 + u32::from_be_bytes(random_array(rng)) % REGISTRATION_IDS;
        DeviceRecord {
            registration_id,
            noise,
            identity,
            signed_prekey,
            adv_secret,
            routing_info: None,
            refused_version: None,
            refused_ms: 0,
            server: None,
        }
    }

    /// Adds the writing of this record to a batch.
    pub fn put(&self, batch: &mut Batch) {
        batch.put(Space::Device, Vec::new(), self.encode());
    }

    /// The stored form.
    pub fn encode(&self) -> Value {
        codec::encode(&DeviceWire {
            registration_id: self.registration_id,
            noise: self.noise.secret().as_bytes().to_vec(),
            identity: self.identity.secret().as_bytes().to_vec(),
            signed_prekey_id: self.signed_prekey.id,
            signed_prekey: self.signed_prekey.pair.secret().as_bytes().to_vec(),
            signed_prekey_signature: self.signed_prekey.signature.to_vec(),
            signed_prekey_made_ms: self.signed_prekey.made_ms,
            adv_secret: self.adv_secret.as_bytes().to_vec(),
            routing_info: self.routing_info.clone(),
            refused_version: self.refused_version.map_or_else(Vec::new, |version| version.to_vec()),
            refused_ms: self.refused_ms,
            server: self.server.as_ref().map(|server| ServerWire {
                key: server.key.0.to_vec(),
                not_before: *server.validity.start(),
                not_after: *server.validity.end(),
                root: server.root.0.to_vec(),
                root_serial: server.root_serial,
            }),
        })
    }

    /// Reads the stored form.
    pub fn decode(value: &[u8]) -> Result<Self, StoreError> {
        let mut wire: DeviceWire = codec::decode(Space::Device, value)?;
        Ok(DeviceRecord {
            registration_id: wire.registration_id,
            noise: pair(&wire.noise)?,
            identity: pair(&wire.identity)?,
            signed_prekey: SignedPrekey {
                id: wire.signed_prekey_id,
                pair: pair(&wire.signed_prekey)?,
                signature: wire.signed_prekey_signature.as_slice().try_into().map_err(|_| wrong_size())?,
                made_ms: wire.signed_prekey_made_ms,
            },
            adv_secret: Secret::from_slice(&wire.adv_secret).ok_or_else(wrong_size)?,
            routing_info: wire.routing_info.take(),
            refused_version: std::mem::take(&mut wire.refused_version).try_into().ok(),
            refused_ms: wire.refused_ms,
            server: wire.server.take().and_then(|server| {
                Some(ServerRecord {
                    key: PublicKey::from_slice(&server.key)?,
                    validity: server.not_before..=server.not_after,
                    root: PublicKey::from_slice(&server.root)?,
                    root_serial: server.root_serial,
                })
            }),
        })
    }
}

fn wrong_size() -> StoreError {
    codec::error(Space::Device, "a key has the wrong size")
}

fn pair(secret: &[u8]) -> Result<KeyPair, StoreError> {
    let secret = Secret::<32>::from_slice(secret).ok_or_else(wrong_size)?;
    Ok(KeyPair::from_secret(*secret.as_bytes()))
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct DeviceWire {
    #[prost(uint32, tag = "1")]
    registration_id: u32,
    #[prost(bytes = "vec", tag = "2")]
    noise: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    identity: Vec<u8>,
    #[prost(uint32, tag = "4")]
    signed_prekey_id: u32,
    #[prost(bytes = "vec", tag = "5")]
    signed_prekey: Vec<u8>,
    #[prost(bytes = "vec", tag = "6")]
    signed_prekey_signature: Vec<u8>,
    #[prost(int64, tag = "7")]
    signed_prekey_made_ms: i64,
    #[prost(bytes = "vec", tag = "8")]
    adv_secret: Vec<u8>,
    #[prost(bytes = "vec", optional, tag = "9")]
    routing_info: Option<Vec<u8>>,
    #[prost(uint32, repeated, tag = "10")]
    refused_version: Vec<u32>,
    #[prost(message, optional, tag = "11")]
    server: Option<ServerWire>,
    #[prost(int64, tag = "12")]
    refused_ms: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ServerWire {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(uint64, tag = "2")]
    not_before: u64,
    #[prost(uint64, tag = "3")]
    not_after: u64,
    #[prost(bytes = "vec", tag = "4")]
    root: Vec<u8>,
    #[prost(uint32, tag = "5")]
    root_serial: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct PrekeyWire {
    #[prost(uint32, tag = "1")]
    id: u32,
    #[prost(bytes = "vec", tag = "2")]
    secret: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    signature: Vec<u8>,
    #[prost(int64, tag = "4")]
    made_ms: i64,
}

impl Drop for PrekeyWire {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Drop for DeviceWire {
    fn drop(&mut self) {
        self.noise.zeroize();
        self.identity.zeroize();
        self.signed_prekey.zeroize();
        self.adv_secret.zeroize();
    }
}
