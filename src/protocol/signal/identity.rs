//! Decides if a device's identity is to be believed: it is pinned when first seen, and from there on a change is an event.
//!
//! The caller keeps the pins; this file decides what may become one.

use super::{DeviceIdentity, DeviceIdentityError, IdentityKey, SignalError};

/// The kind of device that shows an identity, with its proof.
#[derive(Debug, Clone, Copy)]
pub enum IdentityProof<'a> {
    /// The phone, device 0. Nobody vouches for it: its identity is that of the account.
    Primary,
    /// A companion with its certificate, checked under the account's pinned identity if there is one.
    Companion(&'a DeviceIdentity),
    /// A companion that came without one.
    Unproven,
}

/// The meaning of a believable identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first of this device: pin it.
    First,
    /// The one that is pinned.
    Same,
    /// Another one. Pin it in the transaction in which it is first used, archive the sessions with the old one, and report
    /// it before a message is shown as trusted.
    Changed {
        /// The one that was pinned.
        old: IdentityKey,
    },
}

/// Decides about the identity `seen` in a bundle, a first message, or the keys of a retry receipt. Nothing is to be pinned
/// before the message, if it came in one, has decrypted.
///
/// # Errors
/// [`SignalError::OwnIdentity`]; [`SignalError::DeviceIdentity`] for a companion without a valid certificate for exactly
/// this identity.
pub fn classify(
    seen: &IdentityKey,
    pin: Option<&IdentityKey>,
    own: &IdentityKey,
    device: IdentityProof<'_>,
) -> Result<Verdict, SignalError> {
    if seen == own {
        return Err(SignalError::OwnIdentity);
    }
    match device {
        IdentityProof::Primary => {}
        IdentityProof::Companion(certificate) if certificate.identity == *seen => {}
        IdentityProof::Companion(_) => return Err(DeviceIdentityError::BadAccountSignature.into()),
        IdentityProof::Unproven => return Err(DeviceIdentityError::Missing.into()),
    }
    Ok(match pin {
        None => Verdict::First,
        Some(pin) if pin == seen => Verdict::Same,
        Some(old) => Verdict::Changed { old: *old },
    })
}
