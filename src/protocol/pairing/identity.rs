//! The signed device identity: what makes a companion a device of an account.
//!
//! The phone signs "this identity key is device number so-and-so of my account", authenticates it with the ADV secret that
//! only it and we know, and the server brings it in `pair-success`. [`accept`] checks it and adds our own signature. All
//! codes and signatures are over the bytes as received; nothing is ever decoded and encoded again. The phone's half is in
//! [`account`](super::account).
//!
//! Main type: [`SignedIdentity`].

use subtle::ConstantTimeEq;

use crate::crypto::{KeyPair, PublicKey, Random, Secret, hmac_sha256};
use crate::proto::Message;
use crate::proto::adv::{
    AdvDeviceIdentity, AdvEncryptionType, AdvSignedDeviceIdentity, AdvSignedDeviceIdentityHmac,
};
use crate::signal::device_identity::{DEVICE_PREFIX, HOSTED_PREFIX, is_hosted, is_signed_by_account};

/// Largest identity that a server sends.
pub const MAX_CONTAINER: usize = 500;

/// A checked identity, signed by both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIdentity {
    /// The reply to the server: without the account's key.
    pub reply: Vec<u8>,
    /// The stored certificate, which later travels in every first message to a peer: with the account's key.
    pub stored: Vec<u8>,
    /// This device's index in the account's key list; never 0, that is the phone.
    pub key_index: u32,
    /// The account's identity key.
    pub account_key: PublicKey,
    /// Set if the account is one that Meta runs for a business.
    pub hosted_account: bool,
}

/// The reason why an identity is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It does not parse, or a required part is missing or impossible.
    #[error("the device identity is malformed: {0}")]
    Malformed(&'static str),
    /// Authenticated with another secret than ours: an old QR or code, or a forgery.
    #[error("the device identity was authenticated with another secret")]
    WrongSecret,
    /// Not signed by the account it names, or not for our key.
    #[error("the account's signature is wrong")]
    BadSignature,
}

impl IdentityError {
    /// Code and text of the error that the server gets.
    pub fn reply(self) -> (u32, &'static str) {
        match self {
            Self::Malformed(_) => (500, "internal-error"),
            Self::WrongSecret => (401, "hmac-mismatch"),
            Self::BadSignature => (401, "signature-mismatch"),
        }
    }
}

fn required(field: Option<Vec<u8>>, name: &'static str) -> Result<Vec<u8>, IdentityError> {
    field.filter(|bytes| !bytes.is_empty()).ok_or(IdentityError::Malformed(name))
}

/// Checks the identity that came in `pair-success` and signs it. Draws 64 random bytes.
pub fn accept(
    container: &[u8],
    adv_secret: &Secret<32>,
    identity: &KeyPair,
    rng: &mut dyn Random,
) -> Result<SignedIdentity, IdentityError> {
    use IdentityError::Malformed;

    if container.is_empty() || container.len() > MAX_CONTAINER {
        return Err(Malformed("size"));
    }
    let container = AdvSignedDeviceIdentityHmac::decode(container).map_err(|_| Malformed("container"))?;
    let hosted_account = container.account_type == Some(AdvEncryptionType::Hosted as i32);
    let signed = required(container.details, "container details")?;
    let mac = required(container.hmac, "hmac")?;

    // This is all that ties the message to our user's phone: the account's key comes out of the same message.
    let prefix: &[u8] = if hosted_account { &HOSTED_PREFIX } else { &[] };
    let expected = hmac_sha256(adv_secret.as_bytes(), &[prefix, &signed]);
    if !bool::from(expected.ct_eq(mac.as_slice())) {
        return Err(IdentityError::WrongSecret);
    }

    let signed =
        AdvSignedDeviceIdentity::decode(signed.as_slice()).map_err(|_| Malformed("signed identity"))?;
    let details = required(signed.details, "details")?;
    let account_key = required(signed.account_signature_key, "account key")?;
    let account_signature = required(signed.account_signature, "account signature")?;
    let device = AdvDeviceIdentity::decode(details.as_slice()).map_err(|_| Malformed("details"))?;

    let account_key = PublicKey::from_slice(&account_key).ok_or(IdentityError::BadSignature)?;
    let hosted_device = is_hosted(&device);
    if !is_signed_by_account(&details, hosted_device, &identity.public(), &account_key, &account_signature) {
        return Err(IdentityError::BadSignature);
    }
    let key_index = device.key_index.filter(|index| *index != 0).ok_or(Malformed("key index"))?;

    let message: [&[u8]; 4] = [&DEVICE_PREFIX, &details, &identity.public().0, &account_key.0];
    let device_signature = identity.sign(&message, rng);
    let mut whole = AdvSignedDeviceIdentity {
        details: Some(details),
        account_signature_key: Some(account_key.0.to_vec()),
        account_signature: Some(account_signature),
        device_signature: Some(device_signature.to_vec()),
    };
    let stored = whole.encode_to_vec();
    whole.account_signature_key = None;
    Ok(SignedIdentity { reply: whole.encode_to_vec(), stored, key_index, account_key, hosted_account })
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
