//! Signatures that were found good: a thousand connections to one server check the signatures of its certificates once.
//!
//! The validity of a signature over given bytes by a given key does not change with time. The cache holds a hash of all three,
//! and only of good ones; anything that differs in a bit is checked anew. It is not trust in a certificate: its dates,
//! its issuer and whose it is are no business of [`verify`], and are looked at each time.

use parking_lot::Mutex;

use crate::crypto::{self, PublicKey, SIGNATURE_LENGTH, sha256};

/// The number of cached signatures: those of a few servers.
const KEPT: usize = 16;

/// Held for a moment only, never across a check.
static KNOWN: Mutex<VerifiedHashes> = Mutex::new(VerifiedHashes { hashes: Vec::new(), next: 0 });

/// The newest hashes, in a ring.
struct VerifiedHashes {
    hashes: Vec<[u8; 32]>,
    next: usize,
}

impl VerifiedHashes {
    fn add(&mut self, hash: [u8; 32]) {
        match self.hashes.get_mut(self.next) {
            Some(oldest) => *oldest = hash,
            None => self.hashes.push(hash),
        }
        self.next = (self.next + 1) % KEPT;
    }
}

/// As [`crypto::verify`], and faster the second time.
pub(super) fn verify(public: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = <&[u8; SIGNATURE_LENGTH]>::try_from(signature) else { return false };
    // Key and signature have fixed lengths, so no two triples are hashed as the same bytes.
    let hash = sha256(&[&public.0, signature, message]);
    if KNOWN.lock().hashes.contains(&hash) {
        return true;
    }
    let good = crypto::verify(public, &[message], signature);
    if good {
        KNOWN.lock().add(hash);
    }
    good
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{KeyPair, OsRandom};

    #[test]
    fn only_the_very_same_is_known() {
        let (pair, other) = (KeyPair::generate(&mut OsRandom), KeyPair::generate(&mut OsRandom));
        let (key, signature) = (pair.public(), pair.sign(&[b"certificate"], &mut OsRandom));
        // Twice each: nothing of a refused one is remembered.
        for _ in 0..2 {
            assert!(verify(&key, b"certificate", &signature));
            assert!(!verify(&other.public(), b"certificate", &signature));
            assert!(!verify(&key, b"certificatf", &signature));
            assert!(!verify(&key, b"ertificate", &signature));
            assert!(!verify(&key, b"certificate", &signature[..63]));
            for byte in 0..SIGNATURE_LENGTH {
                let mut wrong = signature;
                wrong[byte] ^= 1;
                assert!(!verify(&key, b"certificate", &wrong), "byte {byte}");
            }
        }
    }

    #[test]
    fn it_remembers_so_many_and_no_more() {
        let mut known = VerifiedHashes { hashes: Vec::new(), next: 0 };
        for number in 0..40 {
            known.add([number; 32]);
        }
        let mut kept: Vec<u8> = known.hashes.iter().map(|hash| hash[0]).collect();
        kept.sort_unstable();
        assert_eq!(kept, (24..40).collect::<Vec<u8>>());
    }
}
