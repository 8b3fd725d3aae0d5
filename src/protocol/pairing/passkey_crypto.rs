//! The cryptography of pairing with a passkey, both halves, and reading the assertion that a host hands in.
//!
//! The companion commits to an ephemeral key and a nonce, the phone sends its own, the companion opens its commitment, both
//! see the same eight characters, and the companion sends its keys sealed. The exchange itself is `passkey_machine`.
//!
//! Main types: [`CompanionExchange`], [`PasskeySession`], [`Assertion`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::code::PairingCode;
use crate::crypto::{
    KeyPair, LowOrder, PublicKey, Random, Secret, gcm, hkdf, hmac_sha256, random_array, sha256,
};
use crate::proto::Message;
use crate::proto::passkey::{
    CompanionCommitment, CompanionEphemeralIdentity, EncryptedPairingRequest, PairingRequest,
    PrimaryEphemeralIdentity, ProloguePayload,
};

const ENCRYPTION_INFO: &[u8] = b"Pairing Information Encryption Key";
const HANDOFF_INFO: &[u8] = b"shortcake-passkey-handoff-v1";

/// The key that proves to have been a device of the account before. Made from the ADV secret held when the request came.
pub fn handoff_key(adv_secret: &Secret<32>) -> Secret<32> {
    hkdf(None, adv_secret.as_bytes(), HANDOFF_INFO)
}

/// The proof that goes with a prologue.
pub fn handoff_proof(key: &Secret<32>, prologue: &[u8]) -> [u8; 32] {
    hmac_sha256(key.as_bytes(), &[prologue])
}

/// The companion's side of one exchange.
pub struct CompanionExchange {
    ephemeral: KeyPair,
    nonce: [u8; 32],
    reference: String,
    device_type: i32,
    prologue: Vec<u8>,
}

impl CompanionExchange {
    /// Draws an ephemeral key and a nonce, 32 bytes each.
    pub fn new(reference: String, device_type: i32, rng: &mut dyn Random) -> Self {
        let ephemeral = KeyPair::generate(rng);
        let nonce: [u8; 32] = random_array(rng);
        let identity = CompanionEphemeralIdentity {
            public_key: Some(ephemeral.public().0.to_vec()),
            device_type: Some(device_type),
            r#ref: Some(reference.clone()),
        }
        .encode_to_vec();
        let commitment = CompanionCommitment { hash: Some(sha256(&[&identity, &nonce]).to_vec()) };
        let prologue =
            ProloguePayload { companion_ephemeral_identity: Some(identity), commitment: Some(commitment) }
                .encode_to_vec();
        Self { ephemeral, nonce, reference, device_type, prologue }
    }

    /// Returns the first message.
    pub fn prologue(&self) -> &[u8] {
        &self.prologue
    }

    /// Returns the nonce that opens the commitment, sent after the phone's key is known.
    pub fn nonce(&self) -> &[u8; 32] {
        &self.nonce
    }

    /// Continues with the phone's part.
    pub fn meet(&self, primary: &PrimaryPart) -> Result<PasskeySession, LowOrder> {
        let shared = self.ephemeral.agree(&primary.public)?;
        Ok(PasskeySession::new(&shared, self.device_type, &self.reference, &self.nonce, primary))
    }
}

/// The phone's part, as it travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrimaryPart {
    /// The phone's ephemeral key.
    pub public: PublicKey,
    /// The phone's nonce.
    pub nonce: [u8; 32],
}

impl PrimaryPart {
    /// Reads it; `None` unless both parts are there with 32 bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let message = PrimaryEphemeralIdentity::decode(bytes).ok()?;
        Some(Self {
            public: PublicKey::from_slice(&message.public_key?)?,
            nonce: message.nonce?.try_into().ok()?,
        })
    }

    /// Writes it.
    pub fn encode(&self) -> Vec<u8> {
        PrimaryEphemeralIdentity {
            public_key: Some(self.public.0.to_vec()),
            nonce: Some(self.nonce.to_vec()),
        }
        .encode_to_vec()
    }
}

/// The values that both sides know after their exchange.
#[derive(Debug)]
pub struct PasskeySession {
    key: Secret<32>,
    code: PairingCode,
}

impl PasskeySession {
    fn new(
        shared: &Secret<32>,
        device_type: i32,
        reference: &str,
        companion_nonce: &[u8; 32],
        primary: &PrimaryPart,
    ) -> Self {
        let salt = format!("Companion Pairing {device_type} with ref {reference}");
        let key = hkdf(Some(salt.as_bytes()), shared.as_bytes(), ENCRYPTION_INFO);
        let digest = sha256(&[companion_nonce, &primary.public.0]);
        let mut bytes = [0; 5];
        for ((byte, a), b) in bytes.iter_mut().zip(primary.nonce).zip(digest) {
            *byte = a ^ b;
        }
        Self { key, code: PairingCode::from_bytes(bytes) }
    }

    /// The characters that the user compares on both screens.
    pub fn verification_code(&self) -> &PairingCode {
        &self.code
    }

    /// Seals the companion's keys for the phone.
    pub fn seal(&self, keys: &PairedKeys, iv: &[u8; 12]) -> Vec<u8> {
        let request = PairingRequest {
            companion_public_key: Some(keys.noise.0.to_vec()),
            companion_identity_key: Some(keys.identity.0.to_vec()),
            adv_secret: Some(keys.adv_secret.as_bytes().to_vec()),
        };
        let plain = Zeroizing::new(request.encode_to_vec());
        if let Some(secret) = request.adv_secret {
            drop(Zeroizing::new(secret));
        }
        let sealed = gcm::seal(self.key.as_bytes(), iv, &[], &plain);
        EncryptedPairingRequest { encrypted_payload: Some(sealed), iv: Some(iv.to_vec()) }.encode_to_vec()
    }

    /// Opens them, at the phone; `None` if they were not sealed in this session.
    pub fn open(&self, request: &[u8]) -> Option<PairedKeys> {
        let request = EncryptedPairingRequest::decode(request).ok()?;
        let iv: [u8; 12] = request.iv?.try_into().ok()?;
        let plain = Zeroizing::new(gcm::open(self.key.as_bytes(), &iv, &[], &request.encrypted_payload?)?);
        let request = PairingRequest::decode(plain.as_slice()).ok()?;
        let secret = Zeroizing::new(request.adv_secret?);
        Some(PairedKeys {
            noise: PublicKey::from_slice(&request.companion_public_key?)?,
            identity: PublicKey::from_slice(&request.companion_identity_key?)?,
            adv_secret: Secret::from_slice(&secret)?,
        })
    }
}

/// The keys that the companion sends to the phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairedKeys {
    /// The companion's Noise key.
    pub noise: PublicKey,
    /// The companion's identity key.
    pub identity: PublicKey,
    /// The new ADV secret.
    pub adv_secret: Secret<32>,
}

/// The phone's side of one exchange: reads a prologue, then waits for the nonce that opens its commitment.
pub struct PrimaryExchange {
    ephemeral: KeyPair,
    part: PrimaryPart,
    companion: PublicKey,
    device_type: i32,
    reference: String,
    identity: Vec<u8>,
    commitment: [u8; 32],
}

impl PrimaryExchange {
    /// Reads a prologue; `None` if it is malformed. Draws an ephemeral key and a nonce, 32 bytes each.
    pub fn new(prologue: &[u8], rng: &mut dyn Random) -> Option<Self> {
        let prologue = ProloguePayload::decode(prologue).ok()?;
        let identity = prologue.companion_ephemeral_identity?;
        let message = CompanionEphemeralIdentity::decode(identity.as_slice()).ok()?;
        let ephemeral = KeyPair::generate(rng);
        let part = PrimaryPart { public: ephemeral.public(), nonce: random_array(rng) };
        Some(Self {
            ephemeral,
            part,
            companion: PublicKey::from_slice(&message.public_key?)?,
            device_type: message.device_type?,
            reference: message.r#ref?,
            identity,
            commitment: prologue.commitment?.hash?.try_into().ok()?,
        })
    }

    /// The phone's part, to be sent.
    pub fn part(&self) -> PrimaryPart {
        self.part
    }

    /// Continues with the companion's nonce; `None` if it does not open the commitment.
    pub fn meet(&self, companion_nonce: &[u8; 32]) -> Option<PasskeySession> {
        if sha256(&[&self.identity, companion_nonce]) != self.commitment {
            return None;
        }
        let shared = self.ephemeral.agree(&self.companion).ok()?;
        Some(PasskeySession::new(&shared, self.device_type, &self.reference, companion_nonce, &self.part))
    }
}

/// A WebAuthn assertion as a host hands it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// The credential's raw id.
    pub credential_id: Vec<u8>,
    /// The text that is sent.
    pub json: String,
}

/// The reason why an assertion cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// Not a JSON object, or far too long.
    #[error("the passkey assertion is not a JSON object")]
    NotJson,
    /// A required part is missing or not base64url.
    #[error("the passkey assertion lacks a valid `{0}`")]
    Part(&'static str),
}

/// Longest assertion that is taken.
const MAX_ASSERTION: usize = 64 * 1024;

impl Assertion {
    /// Reads the JSON form of a public-key credential: `id`, `rawId`, `type`, and a `response` with `clientDataJSON`,
    /// `authenticatorData`, `signature` and perhaps `userHandle`, binary parts in base64url without padding.
    pub fn parse(text: &str) -> Result<Self, AssertionError> {
        if text.len() > MAX_ASSERTION {
            return Err(AssertionError::NotJson);
        }
        let value: Value = serde_json::from_str(text).map_err(|_| AssertionError::NotJson)?;
        let object = value.as_object().ok_or(AssertionError::NotJson)?;
        let binary = |value: Option<&Value>, name| {
            let text = value.and_then(Value::as_str).ok_or(AssertionError::Part(name))?;
            let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
            bytes.filter(|bytes| !bytes.is_empty()).ok_or(AssertionError::Part(name))
        };
        let credential_id = binary(object.get("rawId").or_else(|| object.get("id")), "rawId")?;
        if object.get("type").is_some_and(|kind| kind != "public-key") {
            return Err(AssertionError::Part("type"));
        }
        let response = object.get("response").ok_or(AssertionError::Part("response"))?;
        for name in ["clientDataJSON", "authenticatorData", "signature"] {
            binary(response.get(name), name)?;
        }
        Ok(Self { credential_id, json: text.to_owned() })
    }
}

/// The timeout that the request options name, in milliseconds.
pub fn options_timeout(options: &str) -> Option<u64> {
    serde_json::from_str::<Value>(options).ok()?.get("timeout")?.as_u64()
}

#[cfg(test)]
#[path = "passkey_crypto_tests.rs"]
mod tests;
