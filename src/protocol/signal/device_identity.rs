//! The certificate of a companion, which the account's phone and the device itself have signed.
//!
//! Every device that opens a session with a companion checks it, in both directions; otherwise a server could slip in a reader
//! of its own. The phone, device 0, has no certificate: its identity key is what the account's certificates are signed with.
//! Signatures are over the bytes as received; nothing is decoded and encoded again.
//!
//! Main type: [`DeviceIdentity`].

use super::IdentityKey;
use crate::crypto::{PublicKey, verify};
use crate::proto::Message;
use crate::proto::adv::{AdvDeviceIdentity, AdvEncryptionType, AdvSignedDeviceIdentity};

/// In front of what the account signs about an ordinary device.
pub const ACCOUNT_PREFIX: [u8; 2] = [6, 0];
/// In front of what a device signs about itself.
pub const DEVICE_PREFIX: [u8; 2] = [6, 1];
/// In front of what an account signs about a hosted device, and of what a hosted account authenticates.
pub const HOSTED_PREFIX: [u8; 2] = [6, 5];
/// In front of what a hosted device signs about itself.
pub const HOSTED_DEVICE_PREFIX: [u8; 2] = [6, 6];

/// A certificate that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceIdentity {
    /// The device's identity.
    pub identity: IdentityKey,
    /// The account's: that of its phone.
    pub account_key: IdentityKey,
    /// Random number of the account.
    pub raw_id: u32,
    /// When the phone signed it, Unix seconds.
    pub timestamp: u64,
    /// The device's number in the account's list of key indexes; never 0.
    pub key_index: u32,
    /// Set if Meta runs the device for a business.
    pub is_hosted: bool,
}

/// The reason why a companion is not believed to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceIdentityError {
    /// There is no certificate.
    #[error("the companion has no device identity")]
    Missing,
    /// It does not parse, or a part is missing; the text names it.
    #[error("the device identity is malformed: {0}")]
    Malformed(&'static str),
    /// It names no account key, and that of the account is not known yet: fetch it and try again.
    #[error("the identity of the account is not known yet")]
    PrimaryUnknown,
    /// It is of another account than the pinned one.
    #[error("the device identity is of another account")]
    OtherAccount,
    /// The account has not signed it, or for another key.
    #[error("the account's signature in the device identity is wrong")]
    BadAccountSignature,
    /// The device has not signed it, or for another account.
    #[error("the device's signature in the device identity is wrong")]
    BadDeviceSignature,
}

impl DeviceIdentity {
    /// Checks the certificate `signed` of a companion whose identity is `identity`.
    ///
    /// `primary` is the identity pinned for device 0 of the same user, if one is. If there is none, it is the caller's to
    /// pin [`account_key`](Self::account_key), as the first one seen. `is_hosted_address` says whether the device's address
    /// is that of a hosted device.
    ///
    /// # Errors
    /// See [`DeviceIdentityError`].
    pub fn verify(
        signed: &[u8],
        identity: &IdentityKey,
        primary: Option<&IdentityKey>,
        is_hosted_address: bool,
    ) -> Result<Self, DeviceIdentityError> {
        use DeviceIdentityError as E;
        let signed = AdvSignedDeviceIdentity::decode(signed).map_err(|_| E::Malformed("signed identity"))?;
        let details = signed.details.ok_or(E::Malformed("details"))?;
        let device = AdvDeviceIdentity::decode(details.as_slice()).map_err(|_| E::Malformed("details"))?;
        let account_key = match signed.account_signature_key.as_deref() {
            None | Some([]) => *primary.ok_or(E::PrimaryUnknown)?,
            Some(key) => IdentityKey::from_slice(key).map_err(|_| E::Malformed("account key"))?,
        };
        if primary.is_some_and(|primary| *primary != account_key) {
            return Err(E::OtherAccount);
        }
        let is_hosted = is_hosted(&device);
        let signature = signed.account_signature.unwrap_or_default();
        if !is_signed_by_account(&details, is_hosted, &identity.key(), &account_key.key(), &signature) {
            return Err(E::BadAccountSignature);
        }
        let prefix = if is_hosted_address { HOSTED_DEVICE_PREFIX } else { DEVICE_PREFIX };
        let message: [&[u8]; 4] = [&prefix, &details, identity.as_bytes(), account_key.as_bytes()];
        if !verify(&identity.key(), &message, &signed.device_signature.unwrap_or_default()) {
            return Err(E::BadDeviceSignature);
        }
        Ok(Self {
            identity: *identity,
            account_key,
            raw_id: device.raw_id.unwrap_or_default(),
            timestamp: device.timestamp.unwrap_or_default(),
            key_index: device.key_index.filter(|index| *index != 0).ok_or(E::Malformed("key index"))?,
            is_hosted,
        })
    }
}

/// Returns whether a certificate's details are those of a hosted device. The device's own type decides, not the account's: a
/// hosted account has ordinary companions, too.
pub fn is_hosted(details: &AdvDeviceIdentity) -> bool {
    details.device_type == Some(AdvEncryptionType::Hosted as i32)
}

/// Returns whether the account has signed `details` for the device's key.
pub fn is_signed_by_account(
    details: &[u8],
    is_hosted: bool,
    identity: &PublicKey,
    account_key: &PublicKey,
    signature: &[u8],
) -> bool {
    let prefix = if is_hosted { HOSTED_PREFIX } else { ACCOUNT_PREFIX };
    verify(account_key, &[&prefix, details, &identity.0], signature)
}

#[cfg(test)]
#[path = "device_identity_tests.rs"]
mod tests;
