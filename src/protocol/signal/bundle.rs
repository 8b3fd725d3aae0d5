//! The keys of a device that a server hands out so that a session with it can be opened.

use super::{IdentityKey, PrekeyId, PrekeyKey, SignalError};
use crate::crypto::verify;

/// The parts of a bundle as they stand in the nodes of a stanza, whether in the answer to a fetch or in a retry receipt;
/// empty for what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RawBundle<'a> {
    /// `registration`
    pub registration: &'a [u8],
    /// `type`, which may be missing.
    pub key_type: Option<&'a [u8]>,
    /// `identity`
    pub identity: &'a [u8],
    /// `skey/id`
    pub signed_id: &'a [u8],
    /// `skey/value`
    pub signed_value: &'a [u8],
    /// `skey/signature`
    pub signed_signature: &'a [u8],
    /// `key/id` and `key/value`. `None` if there is no `key`, or one without these: the device has run out of them.
    pub one_time: Option<(&'a [u8], &'a [u8])>,
}

/// A bundle that was checked. [`super::classify`] judges its identity.
#[derive(Debug, Clone, Copy)]
pub struct Bundle {
    pub(super) registration_id: u32,
    pub(super) identity: IdentityKey,
    pub(super) signed_prekey_id: PrekeyId,
    pub(super) signed_prekey: PrekeyKey,
    pub(super) one_time: Option<(PrekeyId, PrekeyKey)>,
}

impl RawBundle<'_> {
    /// Checks lengths, keys and the signature over the signed prekey. There is no falling back: a device whose bundle is
    /// refused gets no message.
    ///
    /// # Errors
    /// [`SignalError::Malformed`], [`SignalError::InvalidKey`], [`SignalError::BadSignature`]
    pub fn check(&self) -> Result<Bundle, SignalError> {
        let registration: [u8; 4] =
            self.registration.try_into().map_err(|_| SignalError::Malformed("registration id"))?;
        if self.key_type.is_some_and(|kind| kind != [5]) {
            return Err(SignalError::InvalidKey);
        }
        let identity = IdentityKey::from_slice(self.identity)?;
        let signed_prekey = PrekeyKey::from_slice(self.signed_value)?;
        let message = signed_prekey.key().with_type_byte();
        if !verify(&identity.key(), &[&message], self.signed_signature) {
            return Err(SignalError::BadSignature);
        }
        let one_time = match self.one_time {
            Some((id, value)) => Some((prekey_id(id)?, PrekeyKey::from_slice(value)?)),
            None => None,
        };
        Ok(Bundle {
            registration_id: u32::from_be_bytes(registration),
            identity,
            signed_prekey_id: prekey_id(self.signed_id)?,
            signed_prekey,
            one_time,
        })
    }
}

fn prekey_id(bytes: &[u8]) -> Result<PrekeyId, SignalError> {
    PrekeyId::from_be3(bytes).ok_or(SignalError::Malformed("prekey id"))
}

impl Bundle {
    /// The device's identity.
    #[must_use]
    pub const fn identity(&self) -> &IdentityKey {
        &self.identity
    }

    /// The device's registration id.
    #[must_use]
    pub const fn registration_id(&self) -> u32 {
        self.registration_id
    }

    /// Returns whether a one-time prekey came along.
    #[must_use]
    pub const fn has_one_time(&self) -> bool {
        self.one_time.is_some()
    }
}
