//! XEdDSA: signatures with a key made for X25519.
//!
//! It follows the published scheme (Perrin, "The XEdDSA and VXEdDSA Signature Schemes") in the form that messengers
//! deployed: the secret key is not negated; the sign of its Edwards public key travels in the top bit of the signature.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{PublicKey, Random, Secret};

/// Length of a signature.
pub const SIGNATURE_LENGTH: usize = 64;

/// The sign bit: the top bit of the last byte, and of the last byte of either half.
const SIGN_BIT: u8 = 0x80;

/// The Edwards form, sign included, of the public key that belongs to a clamped secret.
pub(super) fn edwards_public(secret: &Secret<32>) -> [u8; 32] {
    let scalar = Zeroizing::new(Scalar::from_bytes_mod_order(*secret.as_bytes()));
    EdwardsPoint::mul_base(&scalar).compress().to_bytes()
}

pub(super) fn sign(
    secret: &Secret<32>,
    edwards_public: &[u8; 32],
    msgs: &[&[u8]],
    rng: &mut dyn Random,
) -> [u8; SIGNATURE_LENGTH] {
    let mut noise = Zeroizing::new([0; 64]);
    rng.fill(noise.as_mut());

    // No point has a first hash block that begins so: it keeps this hash apart from the one below.
    let mut label = [0xff; 32];
    label[0] = 0xfe;
    let mut hash = Sha512::new().chain_update(label).chain_update(secret.as_bytes());
    for msg in msgs {
        hash.update(msg);
    }
    let wide = Zeroizing::new(<[u8; 64]>::from(hash.chain_update(noise.as_slice()).finalize()));
    let nonce = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&wide));
    let nonce_point = EdwardsPoint::mul_base(&nonce).compress();

    let challenge = challenge(nonce_point.as_bytes(), edwards_public, msgs);
    let key = Zeroizing::new(Scalar::from_bytes_mod_order(*secret.as_bytes()));
    let response = *nonce + challenge * *key;

    let mut signature = [0; SIGNATURE_LENGTH];
    let (left, right) = signature.split_at_mut(32);
    left.copy_from_slice(nonce_point.as_bytes());
    right.copy_from_slice(response.as_bytes());
    signature[63] |= edwards_public[31] & SIGN_BIT;
    signature
}

/// Returns whether `signature` is an XEdDSA signature over the concatenation of `msgs` by the owner of `public`.
///
/// Strict: a signature of another length, a response that is not reduced, a key that is spelt in a second way, is not on
/// the curve or is of low order are all refused.
#[must_use]
pub fn verify(public: &PublicKey, msgs: &[&[u8]], signature: &[u8]) -> bool {
    let Ok(signature) = <&[u8; SIGNATURE_LENGTH]>::try_from(signature) else { return false };
    let (Ok(nonce_point), Ok(mut response)) =
        (<[u8; 32]>::try_from(&signature[..32]), <[u8; 32]>::try_from(&signature[32..]))
    else {
        return false;
    };
    let sign = response[31] >> 7;
    response[31] &= !SIGN_BIT;
    // The group order is just above 2²⁵², so the three top bits of a reduced response are zero; this is checked, too.
    let Some(response) = Scalar::from_canonical_bytes(response).into_option() else { return false };
    if !public.is_canonical() {
        return false;
    }
    let Some(key) = MontgomeryPoint(public.0).to_edwards(sign) else { return false };
    if key.is_small_order() {
        return false;
    }
    let challenge = challenge(&nonce_point, key.compress().as_bytes(), msgs);
    let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&challenge, &-key, &response);
    expected.compress().as_bytes().ct_eq(&nonce_point).into()
}

fn challenge(nonce_point: &[u8; 32], edwards_public: &[u8; 32], msgs: &[&[u8]]) -> Scalar {
    let mut hash = Sha512::new().chain_update(nonce_point).chain_update(edwards_public);
    for msg in msgs {
        hash.update(msg);
    }
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}
