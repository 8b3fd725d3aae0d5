//! The cryptography that companion and phone build on a pairing code, both halves.
//!
//! Each side wraps an ephemeral public key under the code (80 bytes, no integrity: a wrong code gives another key and no
//! error). From the two ephemeral keys the companion seals a bundle (156 bytes) that only a phone with the right code can
//! open, and both derive the ADV secret. The server sees all of it and learns neither code nor secret.
//!
//! It is not in any state: functions of their inputs only. [`companion_finish`] is the companion's step, [`PhoneHalf`]
//! the phone's.

use zeroize::Zeroizing;

use super::code::PairingCode;
use crate::crypto::{
    KeyPair, LowOrder, PublicKey, Random, Secret, ctr, gcm, hkdf, pbkdf2_sha256, random_array,
};

/// Rounds of PBKDF2 between code and key. A fuzzer would do little else.
pub const PBKDF2_ROUNDS: u32 = if cfg!(fuzzing) { 1 } else { 131_072 };
/// Bytes of a wrapped ephemeral key: salt 32, counter block 16, ciphertext 32.
pub const WRAPPED_KEY_LENGTH: usize = 80;
/// Bytes of a sealed bundle: salt 32, nonce 12, ciphertext 96, tag 16.
pub const BUNDLE_LENGTH: usize = 156;

const BUNDLE_INFO: &[u8] = b"link_code_pairing_key_bundle_encryption_key";
const ADV_INFO: &[u8] = b"adv_secret";

/// Salt and counter block of one wrapping, fresh each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrapNonce {
    /// Salt of the key derivation.
    pub salt: [u8; 32],
    /// First counter block of the cipher.
    pub counter: [u8; 16],
}

impl WrapNonce {
    /// Draws a fresh one. Implementations differ in how wide the counter is (64 or 128 bits); they agree unless its low
    /// eight bytes overflow within the two blocks used, so such a block is drawn again.
    pub fn generate(rng: &mut dyn Random) -> Self {
        let salt = random_array(rng);
        loop {
            let counter: [u8; 16] = random_array(rng);
            if !counter.ends_with(&[0xff; 8]) {
                return Self { salt, counter };
            }
        }
    }
}

/// The key that a code and a salt give. Takes tens of milliseconds: never run it where stanzas wait.
pub fn derive_key(code: &PairingCode, salt: &[u8; 32]) -> Secret<32> {
    pbkdf2_sha256(code.as_bytes(), salt, PBKDF2_ROUNDS)
}

/// Wraps a public key under the key of a code.
pub fn wrap(key: &Secret<32>, nonce: &WrapNonce, public: &PublicKey) -> [u8; WRAPPED_KEY_LENGTH] {
    let mut wrapped = [0; WRAPPED_KEY_LENGTH];
    let (salt, rest) = wrapped.split_at_mut(32);
    let (counter, text) = rest.split_at_mut(16);
    salt.copy_from_slice(&nonce.salt);
    counter.copy_from_slice(&nonce.counter);
    text.copy_from_slice(&public.0);
    ctr::apply(key.as_bytes(), &nonce.counter, text);
    wrapped
}

/// The salt with which the key for [`unwrap`] is derived.
pub fn wrapped_salt(wrapped: &[u8; WRAPPED_KEY_LENGTH]) -> [u8; 32] {
    let mut salt = [0; 32];
    salt.copy_from_slice(&wrapped[..32]);
    salt
}

/// Unwraps a public key. With the key of another code this gives another public key and no error.
pub fn unwrap(key: &Secret<32>, wrapped: &[u8; WRAPPED_KEY_LENGTH]) -> PublicKey {
    let mut counter = [0; 16];
    counter.copy_from_slice(&wrapped[32..48]);
    let mut public = [0; 32];
    public.copy_from_slice(&wrapped[48..]);
    ctr::apply(key.as_bytes(), &counter, &mut public);
    PublicKey(public)
}

/// The secret that the phone will prove to know when the link is confirmed.
pub fn adv_secret(ephemeral: &Secret<32>, identity: &Secret<32>, random: &[u8; 32]) -> Secret<32> {
    let input = Zeroizing::new([&ephemeral.as_bytes()[..], identity.as_bytes(), random].concat());
    hkdf(None, &input, ADV_INFO)
}

/// The companion's answer to a phone that typed the code.
pub struct CompanionFinish {
    /// The sealed bundle, to be sent.
    pub bundle: [u8; BUNDLE_LENGTH],
    /// The ADV secret, to be stored before the bundle is sent.
    pub adv_secret: Secret<32>,
}

/// The companion's answer. `key` comes from the code and the salt in `wrapped`. Draws 76 random bytes.
///
/// # Errors
/// [`LowOrder`] if one of the phone's keys would make the shared secret predictable.
pub fn companion_finish(
    key: &Secret<32>,
    ephemeral: &KeyPair,
    identity: &KeyPair,
    wrapped: &[u8; WRAPPED_KEY_LENGTH],
    primary_identity: &PublicKey,
    rng: &mut dyn Random,
) -> Result<CompanionFinish, LowOrder> {
    let ephemeral_shared = ephemeral.agree(&unwrap(key, wrapped))?;
    let identity_shared = identity.agree(primary_identity)?;
    let random = Zeroizing::new(random_array::<32>(rng));
    let salt: [u8; 32] = random_array(rng);
    let nonce: [u8; 12] = random_array(rng);

    let bundle_key = hkdf::<32>(Some(&salt), ephemeral_shared.as_bytes(), BUNDLE_INFO);
    let plain = Zeroizing::new([&identity.public().0[..], &primary_identity.0, &*random].concat());
    let sealed = gcm::seal(bundle_key.as_bytes(), &nonce, &[], &plain);
    let mut bundle = [0; BUNDLE_LENGTH];
    bundle[..32].copy_from_slice(&salt);
    bundle[32..44].copy_from_slice(&nonce);
    bundle[44..].copy_from_slice(&sealed); // 96 bytes and the tag of 16
    Ok(CompanionFinish { bundle, adv_secret: adv_secret(&ephemeral_shared, &identity_shared, &random) })
}

/// The reason why a phone cannot use a companion's bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It does not open: one of the two sides worked with another code.
    #[error("the bundle does not open: the code was wrong")]
    WrongCode,
    /// It names other keys than those it came with.
    #[error("the bundle is for other keys")]
    OtherKeys,
    /// A key of low order.
    #[error("a public key of low order")]
    LowOrder,
}

/// The phone's half: made when the user types a code, finished when the companion's bundle comes.
pub struct PhoneHalf {
    shared: Secret<32>,
    wrapped: [u8; WRAPPED_KEY_LENGTH],
}

impl PhoneHalf {
    /// Answers a companion's wrapped key with the code that the user typed. Runs the slow key derivation twice. Draws
    /// the ephemeral key (32), then salt and counter block (48).
    ///
    /// # Errors
    /// [`BundleError::LowOrder`] if the unwrapped key is of low order.
    pub fn answer(
        typed: &PairingCode,
        companion_wrapped: &[u8; WRAPPED_KEY_LENGTH],
        rng: &mut dyn Random,
    ) -> Result<Self, BundleError> {
        Self::answer_with(&|salt| derive_key(typed, salt), companion_wrapped, rng)
    }

    /// [`Self::answer`] with the derivation from code and salt to key left to the caller.
    ///
    /// # Errors
    /// The same.
    pub fn answer_with(
        derive: &dyn Fn(&[u8; 32]) -> Secret<32>,
        companion_wrapped: &[u8; WRAPPED_KEY_LENGTH],
        rng: &mut dyn Random,
    ) -> Result<Self, BundleError> {
        let companion = unwrap(&derive(&wrapped_salt(companion_wrapped)), companion_wrapped);
        let ephemeral = KeyPair::generate(rng);
        let nonce = WrapNonce::generate(rng);
        let wrapped = wrap(&derive(&nonce.salt), &nonce, &ephemeral.public());
        let shared = ephemeral.agree(&companion).map_err(|LowOrder| BundleError::LowOrder)?;
        Ok(Self { shared, wrapped })
    }

    /// The phone's ephemeral key under the code, to be sent.
    pub fn wrapped(&self) -> &[u8; WRAPPED_KEY_LENGTH] {
        &self.wrapped
    }

    /// Opens the companion's bundle and gives the ADV secret.
    ///
    /// # Errors
    /// [`BundleError::WrongCode`] is what a mistyped code looks like here.
    pub fn open(
        &self,
        bundle: &[u8; BUNDLE_LENGTH],
        companion_identity: &PublicKey,
        identity: &KeyPair,
    ) -> Result<Secret<32>, BundleError> {
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&bundle[32..44]);
        let key = hkdf::<32>(Some(&bundle[..32]), self.shared.as_bytes(), BUNDLE_INFO);
        let plain = Zeroizing::new(
            gcm::open(key.as_bytes(), &nonce, &[], &bundle[44..]).ok_or(BundleError::WrongCode)?,
        );
        let (parts, _) = plain.as_chunks::<32>();
        let [companion, primary, random] = parts else { return Err(BundleError::OtherKeys) };
        if *companion != companion_identity.0 || *primary != identity.public().0 {
            return Err(BundleError::OtherKeys);
        }
        let identity_shared = identity.agree(companion_identity).map_err(|LowOrder| BundleError::LowOrder)?;
        Ok(adv_secret(&self.shared, &identity_shared, random))
    }
}

#[cfg(test)]
#[path = "code_crypto_tests.rs"]
mod tests;
