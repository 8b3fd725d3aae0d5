//! The phone's half of a link, and the server's check of the companion's reply.
//!
//! A phone signs a device identity for the companion; a server looks at what the companion answers. This serves simulated
//! phones and tests, which is why it stands beside the half it must fit ([`identity`](super::identity)).
//!
//! Main type: [`DeviceGrant`].

use crate::crypto::{KeyPair, PublicKey, Random, Secret, hkdf, hmac_sha256, verify};
use crate::proto::Message;
use crate::proto::adv::{
    AdvDeviceIdentity, AdvEncryptionType, AdvSignedDeviceIdentity, AdvSignedDeviceIdentityHmac,
};
use crate::signal::device_identity::{ACCOUNT_PREFIX, DEVICE_PREFIX, HOSTED_PREFIX};

/// The grant of a phone to a companion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceGrant {
    /// Random number of the account, 1 to 2^31-1, the same for all its devices.
    pub raw_id: u32,
    /// Unix seconds.
    pub timestamp: u64,
    /// The companion's index: higher than any ever given out, since none is used twice.
    pub key_index: u32,
    /// Set if the account is hosted.
    pub hosted_account: bool,
    /// Set if the companion is the hosting device itself.
    pub hosted_device: bool,
}

impl DeviceGrant {
    /// An ordinary companion of an ordinary account.
    pub fn new(raw_id: u32, timestamp: u64, key_index: u32) -> Self {
        Self { raw_id, timestamp, key_index, hosted_account: false, hosted_device: false }
    }

    /// The details that both sides sign. Enum fields are written only when they are not zero.
    pub fn details(&self) -> Vec<u8> {
        let hosted = |is: bool| is.then_some(AdvEncryptionType::Hosted as i32);
        AdvDeviceIdentity {
            raw_id: Some(self.raw_id),
            timestamp: Some(self.timestamp),
            key_index: Some(self.key_index),
            account_type: hosted(self.hosted_account),
            device_type: hosted(self.hosted_device),
        }
        .encode_to_vec()
    }

    /// The container that is uploaded, signed by the account and authenticated with the companion's ADV secret. Draws 64
    /// random bytes.
    pub fn sign(
        &self,
        account: &KeyPair,
        companion_identity: &PublicKey,
        adv_secret: &Secret<32>,
        rng: &mut dyn Random,
    ) -> Vec<u8> {
        sign_details(
            self.details(),
            self.hosted_account,
            self.hosted_device,
            account,
            companion_identity,
            adv_secret,
            rng,
        )
    }
}

/// [`DeviceGrant::sign`] for details that are already encoded.
fn sign_details(
    details: Vec<u8>,
    hosted_account: bool,
    hosted_device: bool,
    account: &KeyPair,
    companion_identity: &PublicKey,
    adv_secret: &Secret<32>,
    rng: &mut dyn Random,
) -> Vec<u8> {
    let prefix = if hosted_device { &HOSTED_PREFIX } else { &ACCOUNT_PREFIX };
    let signature = account.sign(&[prefix, &details, &companion_identity.0], rng);
    let signed = AdvSignedDeviceIdentity {
        details: Some(details),
        account_signature_key: Some(account.public().0.to_vec()),
        account_signature: Some(signature.to_vec()),
        device_signature: None,
    }
    .encode_to_vec();
    let prefix: &[u8] = if hosted_account { &HOSTED_PREFIX } else { &[] };
    let hmac = hmac_sha256(adv_secret.as_bytes(), &[prefix, &signed]);
    AdvSignedDeviceIdentityHmac {
        details: Some(signed),
        hmac: Some(hmac.to_vec()),
        account_type: hosted_account.then_some(AdvEncryptionType::Hosted as i32),
    }
    .encode_to_vec()
}

/// Returns whether a companion's reply is good, so that a server can believe in the link: the details unchanged, the index the
/// one in them, and the device's signature under the identity key that it registered. The account's key is not in the reply.
pub fn reply_is_right(
    reply: &[u8],
    key_index: u32,
    details: &[u8],
    identity: &PublicKey,
    account_key: &PublicKey,
) -> bool {
    let Ok(reply) = AdvSignedDeviceIdentity::decode(reply) else { return false };
    let Ok(device) = AdvDeviceIdentity::decode(details) else { return false };
    let signature = reply.device_signature.unwrap_or_default();
    reply.details.as_deref() == Some(details)
        && device.key_index == Some(key_index)
        && verify(identity, &[&DEVICE_PREFIX, details, &identity.0, &account_key.0], &signature)
}

/// The key of the optional `pem` part of a phone's upload. Its purpose is not known and nobody is known to insist on it;
/// it is here so that a simulated phone can send what real ones may send.
pub fn pem_key(adv_secret: &Secret<32>, companion_noise: &PublicKey) -> Secret<32> {
    hkdf(Some(&companion_noise.0), adv_secret.as_bytes(), b"Canonical Ent Companion Nonce Encrypt")
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
