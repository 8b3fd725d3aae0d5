//! The identities of devices, and which identity may be taken as that of a device.

use super::EngineCore;
use crate::messaging::address::Address;
use crate::messaging::engine::{EngineContext, MessagingEvent, Output};
use crate::messaging::record_cache::{PinnedIdentity, Resolved};
use crate::signal::{
    DeviceIdentity, DeviceIdentityError, IdentityKey, IdentityProof, SignalError, Verdict, classify,
};

impl EngineCore {
    /// Judges whether an identity may be taken as that of a device. The pins of the device and of its primary are in the cache.
    pub(in crate::messaging::engine) fn classify(
        &self,
        identity: &IdentityKey,
        certificate: Option<&[u8]>,
        device: &Address,
        cx: &EngineContext<'_>,
    ) -> Result<Verdict, SignalError> {
        let own = IdentityKey::new(cx.device.identity.public()).map_err(|_| SignalError::InvalidKey)?;
        let pin = self.pinned(device, cx);
        if self.is_own_phone(device) && *identity != own_phone(cx)? {
            // The link stands on the phone's identity: with another one, the link is over.
            return Err(SignalError::UntrustedIdentity);
        }
        let proof;
        let device = if device.is_primary() {
            IdentityProof::Primary
        } else if let Some(certificate) = certificate {
            let primary = self.pinned(&self.cache.canonical(&device.user.device(0)), cx);
            proof = DeviceIdentity::verify(certificate, identity, primary.as_ref(), device.is_hosted())
                .map_err(SignalError::DeviceIdentity)?;
            IdentityProof::Companion(&proof)
        } else {
            IdentityProof::Unproven
        };
        classify(identity, pin.as_ref(), &own, device)
    }

    /// Returns the identity that a device is known by. That of our own phone is known from the link.
    pub(in crate::messaging::engine) fn pinned(
        &self,
        device: &Address,
        cx: &EngineContext<'_>,
    ) -> Option<IdentityKey> {
        if let Some(pin) = self.cache.pins.get(&device.key()) {
            return Some(pin.key);
        }
        self.is_own_phone(device).then(|| own_phone(cx).ok()).flatten()
    }

    fn is_own_phone(&self, device: &Address) -> bool {
        device.is_primary() && self.own.is_account(&device.user.jid())
    }

    /// Keeps the identity of a device that has proved to have it.
    pub(in crate::messaging::engine) fn pin(
        &mut self,
        device: &Resolved,
        identity: &IdentityKey,
        verdict: Verdict,
    ) {
        let key = device.key();
        match verdict {
            Verdict::Same if self.cache.pins.get(&key).is_some_and(|pin| !pin.superseded) => {}
            Verdict::First | Verdict::Same => {
                self.cache.pins.put(&key, PinnedIdentity { key: *identity, superseded: false });
            }
            Verdict::Changed { .. } => {
                // If the server announced it, the host has heard of it.
                let announced = self.cache.pins.get(&key).is_some_and(|pin| pin.superseded);
                self.cache.pins.put(&key, PinnedIdentity { key: *identity, superseded: false });
                if !announced {
                    let device = device.address().clone();
                    let pn = self.phone_number(&device.user.jid());
                    self.out.push(Output::Event(MessagingEvent::IdentityChanged { device, pn }));
                }
            }
        }
    }
}

/// Returns whether an error says that the primary's identity must be known first.
pub(super) fn needs_primary(error: &SignalError) -> bool {
    matches!(error, SignalError::DeviceIdentity(DeviceIdentityError::PrimaryUnknown))
}

/// Returns the identity of this account's phone, as the link has it.
fn own_phone(cx: &EngineContext<'_>) -> Result<IdentityKey, SignalError> {
    IdentityKey::new(cx.account.account_key).map_err(|_| SignalError::InvalidKey)
}
