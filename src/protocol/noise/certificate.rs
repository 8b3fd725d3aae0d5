//! The certificates that tie a server's static key to the pinned root: root → intermediate → leaf.
//!
//! [`verify_chain`] is the client's half: seven checks, in order, each with its own error, none of which can be left out.
//! [`issue_chain`] is the server's half, for the simulator.

use std::ops::RangeInclusive;

use subtle::ConstantTimeEq;

use super::utc::Utc;
use super::verified_cache;
use crate::crypto::{KeyPair, PublicKey, Random, SIGNATURE_LENGTH};
use crate::proto::Message;
use crate::proto::handshake::{CertChain, NoiseCertificate, NoiseCertificateDetails};

/// Serial numbers that [`issue_chain`] gives; any would do.
const INTERMEDIATE_SERIAL: u32 = 1;
const LEAF_SERIAL: u32 = 2;

/// The key that everything is traced back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootKey {
    /// The public key.
    pub key: PublicKey,
    /// Its serial number, which the intermediate certificate must name as its issuer's.
    pub serial: u32,
}

impl RootKey {
    /// The root of the production servers, the same in every public client.
    #[must_use]
    pub const fn production() -> Self {
        Self {
            key: PublicKey([
                0x14, 0x23, 0x75, 0x57, 0x4d, 0x0a, 0x58, 0x71, 0x66, 0xaa, 0xe7, 0x1e, 0xbe, 0x51, 0x64,
                0x37, 0xc4, 0xa2, 0x8b, 0x73, 0xe3, 0x69, 0x5c, 0x6c, 0xe1, 0xf7, 0xf9, 0x54, 0x5d, 0xa8,
                0xee, 0x6b,
            ]),
            serial: 0,
        }
    }
}

/// One of the two certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// Signed by the root.
    Intermediate,
    /// Signed by the intermediate; it holds the server's static key.
    Leaf,
}

impl std::fmt::Display for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Intermediate => "intermediate",
            Self::Leaf => "leaf",
        })
    }
}

/// The reason why a chain is refused: the first check that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Check 1: the chain is no protobuf message of the expected schema.
    #[error("the chain cannot be parsed")]
    Malformed,
    /// Check 1: a certificate is missing, or has no details.
    #[error("the {0} certificate is missing")]
    Missing(Certificate),
    /// Check 1: a signature does not have 64 bytes.
    #[error("the {0} certificate's signature has a wrong length")]
    SignatureLength(Certificate),
    /// Check 1: the details are no protobuf message of the expected schema.
    #[error("the {0} certificate's details cannot be parsed")]
    MalformedDetails(Certificate),
    /// Check 2: the intermediate names another issuer than the root.
    #[error("the intermediate certificate was issued by number {found}, the root is number {expected}")]
    IntermediateIssuer {
        /// The issuer's serial number in the certificate.
        found: u32,
        /// The root's serial number.
        expected: u32,
    },
    /// Check 2: the intermediate's key does not have 32 bytes.
    #[error("the intermediate certificate's key has a wrong length")]
    IntermediateKeyLength,
    /// Check 3: the root did not sign the intermediate.
    #[error("the intermediate certificate is not signed by the root")]
    IntermediateSignature,
    /// Check 4: the leaf names another issuer than the intermediate.
    #[error("the leaf certificate was issued by number {found}, the intermediate is number {expected}")]
    LeafIssuer {
        /// The issuer's serial number in the certificate.
        found: u32,
        /// The intermediate's serial number.
        expected: u32,
    },
    /// Check 5: the intermediate did not sign the leaf.
    #[error("the leaf certificate is not signed by the intermediate")]
    LeafSignature,
    /// Check 6: the certified key is not the one that the server used in the handshake.
    #[error("the leaf certificate is for another key than the server's")]
    LeafKey,
    /// Check 7: the certificate is not valid yet. The own clock may be wrong.
    #[error(
        "the {certificate} certificate is valid from {}, but here it is {}; is the clock right?",
        Utc::new(*.not_before),
        Utc::new(*.now)
    )]
    NotYetValid {
        /// The certificate concerned.
        certificate: Certificate,
        /// Unix seconds.
        not_before: u64,
        /// The time that was given, Unix seconds.
        now: i64,
    },
    /// Check 7: the certificate is not valid any more. The own clock may be wrong.
    #[error(
        "the {certificate} certificate was valid until {}, but here it is {}; is the clock right?",
        Utc::new(*.not_after),
        Utc::new(*.now)
    )]
    Expired {
        /// The certificate concerned.
        certificate: Certificate,
        /// Unix seconds.
        not_after: u64,
        /// The time that was given, Unix seconds.
        now: i64,
    },
}

/// Checks a serialized chain for the server whose static key is `server_static`. Time is in Unix seconds; a clock may be
/// wrong by `tolerance_s`. Gives the time in which all of the chain is valid.
///
/// # Errors
/// The first check that fails.
pub fn verify_chain(
    chain: &[u8],
    server_static: &PublicKey,
    root: &RootKey,
    now_unix: i64,
    tolerance_s: u32,
) -> Result<RangeInclusive<u64>, CertificateError> {
    // 1
    let chain = CertChain::decode(chain).map_err(|_| CertificateError::Malformed)?;
    let intermediate = Parsed::new(Certificate::Intermediate, chain.intermediate)?;
    let leaf = Parsed::new(Certificate::Leaf, chain.leaf)?;
    // 2
    let found = intermediate.details.issuer_serial();
    if found != root.serial {
        return Err(CertificateError::IntermediateIssuer { found, expected: root.serial });
    }
    let intermediate_key =
        PublicKey::from_slice(intermediate.details.key()).ok_or(CertificateError::IntermediateKeyLength)?;
    // 3
    if !intermediate.is_signed_by(&root.key) {
        return Err(CertificateError::IntermediateSignature);
    }
    // 4
    let (found, expected) = (leaf.details.issuer_serial(), intermediate.details.serial());
    if found != expected {
        return Err(CertificateError::LeafIssuer { found, expected });
    }
    // 5
    if !leaf.is_signed_by(&intermediate_key) {
        return Err(CertificateError::LeafSignature);
    }
    // 6; keys of different lengths are unequal
    if !bool::from(leaf.details.key().ct_eq(server_static.as_bytes())) {
        return Err(CertificateError::LeafKey);
    }
    // 7
    intermediate.check_time(now_unix, tolerance_s)?;
    leaf.check_time(now_unix, tolerance_s)?;
    let [upper, lower] = [&intermediate.details, &leaf.details];
    Ok(upper.not_before().max(lower.not_before())..=upper.not_after().min(lower.not_after()))
}

/// A certificate taken apart: the details as bytes, because they are what is signed, and as a message.
struct Parsed {
    which: Certificate,
    signed: Vec<u8>,
    signature: Vec<u8>,
    details: NoiseCertificateDetails,
}

impl Parsed {
    fn new(which: Certificate, certificate: Option<NoiseCertificate>) -> Result<Self, CertificateError> {
        let certificate = certificate.ok_or(CertificateError::Missing(which))?;
        let signed = certificate.details.ok_or(CertificateError::Missing(which))?;
        let signature = certificate.signature.unwrap_or_default();
        if signature.len() != SIGNATURE_LENGTH {
            return Err(CertificateError::SignatureLength(which));
        }
        let details = NoiseCertificateDetails::decode(signed.as_slice())
            .map_err(|_| CertificateError::MalformedDetails(which))?;
        Ok(Self { which, signed, signature, details })
    }

    fn is_signed_by(&self, issuer: &PublicKey) -> bool {
        verified_cache::verify(issuer, &self.signed, &self.signature)
    }

    /// Both ends of the time are inside. An end that is missing is 1970.
    fn check_time(&self, now: i64, tolerance_s: u32) -> Result<(), CertificateError> {
        let certificate = self.which;
        let (not_before, not_after) = (self.details.not_before(), self.details.not_after());
        // In 128 bits nothing overflows, whatever the server writes.
        let (wide_now, tolerance) = (i128::from(now), i128::from(tolerance_s));
        if wide_now + tolerance < i128::from(not_before) {
            return Err(CertificateError::NotYetValid { certificate, not_before, now });
        }
        if wide_now - tolerance > i128::from(not_after) {
            return Err(CertificateError::Expired { certificate, not_after, now });
        }
        Ok(())
    }
}

/// Makes a serialized chain for a server's static key: a fresh intermediate signed by `root`, a leaf signed by it, both
/// valid in `validity` (Unix seconds).
pub fn issue_chain(
    root: &KeyPair,
    root_serial: u32,
    server_static: &PublicKey,
    validity: RangeInclusive<u64>,
    rng: &mut dyn Random,
) -> Vec<u8> {
    let intermediate = KeyPair::generate(rng);
    let details = |serial, issuer_serial, key: PublicKey| NoiseCertificateDetails {
        serial: Some(serial),
        issuer_serial: Some(issuer_serial),
        key: Some(key.0.to_vec()),
        not_before: Some(*validity.start()),
        not_after: Some(*validity.end()),
    };
    sign_chain(
        root,
        &intermediate,
        &details(INTERMEDIATE_SERIAL, root_serial, intermediate.public()),
        &details(LEAF_SERIAL, INTERMEDIATE_SERIAL, *server_static),
        rng,
    )
}

/// Signs details of any content, for a server that shows a client what it must refuse.
pub fn sign_chain(
    root: &KeyPair,
    intermediate: &KeyPair,
    intermediate_details: &NoiseCertificateDetails,
    leaf_details: &NoiseCertificateDetails,
    rng: &mut dyn Random,
) -> Vec<u8> {
    let mut sign = |issuer: &KeyPair, details: &NoiseCertificateDetails| {
        let details = details.encode_to_vec();
        let signature = issuer.sign(&[&details], rng).to_vec();
        Some(NoiseCertificate { details: Some(details), signature: Some(signature) })
    };
    let intermediate_certificate = sign(root, intermediate_details);
    let leaf = sign(intermediate, leaf_details);
    CertChain { leaf, intermediate: intermediate_certificate }.encode_to_vec()
}
