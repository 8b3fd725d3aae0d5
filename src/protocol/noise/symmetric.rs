//! The state that both sides of a handshake build up in step: what was said (`h`), the keys agreed on so far (`ck`, `k`)
//! and how often `k` was used (`n`). The names are those of the Noise specification, revision 34, section 5.2.

use super::{NoiseError, Transport};
use crate::crypto::{Secret, gcm, hkdf, sha256};

/// A name of exactly 32 bytes is used as it is.
pub(super) const XX: &[u8] = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0";
/// As [`XX`].
pub(super) const IK: &[u8] = b"Noise_IK_25519_AESGCM_SHA256\0\0\0\0";
/// Longer than 32 bytes, so it is hashed.
pub(super) const XX_FALLBACK: &[u8] = b"Noise_XXfallback_25519_AESGCM_SHA256";

/// The nonce of AES-GCM in Noise: the counter, big-endian, at the end of twelve bytes. The protocol's counter has 32 bits.
pub(super) fn nonce(counter: u32) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[8..].copy_from_slice(&counter.to_be_bytes());
    nonce
}

/// The state. Every method is one operation of the specification.
pub(super) struct Symmetric {
    h: [u8; 32],
    ck: Secret<32>,
    k: Secret<32>,
    n: u32,
    #[cfg(test)]
    pub(super) trace: Vec<State>,
}

/// A copy of the state after one operation, for comparison with vectors.
#[cfg(test)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) h: [u8; 32],
    pub(super) ck: [u8; 32],
    pub(super) k: [u8; 32],
    pub(super) n: u32,
}

impl Symmetric {
    /// Starts with a protocol name and the prologue.
    pub(super) fn new(name: &[u8], prologue: &[u8]) -> Self {
        let h = <[u8; 32]>::try_from(name).unwrap_or_else(|_| sha256(&[name]));
        let mut state = Self {
            h,
            ck: Secret::new(h),
            // Never used: the first key is mixed in before anything is encrypted.
            k: Secret::new(h),
            n: 0,
            #[cfg(test)]
            trace: Vec::new(),
        };
        state.record();
        state.mix_hash(prologue);
        state
    }

    pub(super) fn mix_hash(&mut self, data: &[u8]) {
        self.absorb(data);
        self.record();
    }

    pub(super) fn mix_key(&mut self, input: &Secret<32>) {
        let (ck, k) = self.derive(input.as_bytes());
        self.ck = ck;
        self.k = k;
        self.n = 0;
        self.record();
    }

    pub(super) fn encrypt_and_hash(&mut self, plain: &[u8]) -> Vec<u8> {
        let sealed = gcm::seal(self.k.as_bytes(), &nonce(self.n), &self.h, plain);
        self.n += 1;
        self.absorb(&sealed);
        self.record();
        sealed
    }

    /// `field` names what is decrypted, for the error.
    pub(super) fn decrypt_and_hash(
        &mut self,
        sealed: &[u8],
        field: &'static str,
    ) -> Result<Vec<u8>, NoiseError> {
        let plain = gcm::open(self.k.as_bytes(), &nonce(self.n), &self.h, sealed)
            .ok_or(NoiseError::NotAuthentic(field))?;
        self.n += 1;
        self.absorb(sealed);
        self.record();
        Ok(plain)
    }

    /// The end of the handshake: one key for each direction, the initiator's first.
    pub(super) fn split(self) -> (Secret<32>, Secret<32>) {
        self.derive(&[])
    }

    /// The established connection as the client sees it.
    pub(super) fn into_client_transport(self) -> Transport {
        let (client, server) = self.split();
        Transport::new(client, server)
    }

    /// The established connection as the server sees it.
    pub(super) fn into_server_transport(self) -> Transport {
        let (client, server) = self.split();
        Transport::new(server, client)
    }

    fn absorb(&mut self, data: &[u8]) {
        self.h = sha256(&[&self.h, data]);
    }

    fn derive(&self, input: &[u8]) -> (Secret<32>, Secret<32>) {
        hkdf::<64>(Some(self.ck.as_bytes()), input, &[]).halves()
    }

    #[cfg(test)]
    fn record(&mut self) {
        let (ck, k) = (*self.ck.as_bytes(), *self.k.as_bytes());
        self.trace.push(State { h: self.h, ck, k, n: self.n });
    }

    /// Only tests keep a record.
    #[cfg(not(test))]
    const fn record(&mut self) {}
}
