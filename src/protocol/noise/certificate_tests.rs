//! Each check of a chain failing alone, by its own name, from inside a handshake and directly.

use std::sync::Arc;

use super::certificate::{Certificate, sign_chain};
use super::*;
use crate::crypto::testing::Seeded;
use crate::crypto::{KeyPair, PublicKey};
use crate::proto::Message;
use crate::proto::handshake::{CertChain, NoiseCertificate, NoiseCertificateDetails};

const NOT_BEFORE: u64 = 1_000_000;
const NOT_AFTER: u64 = 2_000_000;
const NOW: i64 = 1_500_000;

/// Keys of a whole hierarchy, and details as they should be.
struct Authority {
    root: KeyPair,
    intermediate: KeyPair,
    server: KeyPair,
    upper: NoiseCertificateDetails,
    lower: NoiseCertificateDetails,
}

impl Authority {
    fn new() -> Self {
        let mut rng = Seeded(100);
        let [root, intermediate, server] = [(); 3].map(|()| KeyPair::generate(&mut rng));
        let details = |serial, issuer_serial, key: &KeyPair| NoiseCertificateDetails {
            serial: Some(serial),
            issuer_serial: Some(issuer_serial),
            key: Some(key.public().0.to_vec()),
            not_before: Some(NOT_BEFORE),
            not_after: Some(NOT_AFTER),
        };
        let (upper, lower) = (details(8, 7, &intermediate), details(9, 8, &server));
        Self { root, intermediate, server, upper, lower }
    }

    fn root_key(&self) -> RootKey {
        RootKey { key: self.root.public(), serial: 7 }
    }

    fn chain(&self) -> Vec<u8> {
        sign_chain(&self.root, &self.intermediate, &self.upper, &self.lower, &mut Seeded(200))
    }

    fn parsed(&self) -> CertChain {
        CertChain::decode(self.chain().as_slice()).unwrap()
    }

    /// The verdict on `chain`, which a handshake has to share.
    fn verdict(&self, chain: &[u8], now: i64, tolerance: u32) -> Result<(), CertificateError> {
        let verdict = verify_chain(chain, &self.server.public(), &self.root_key(), now, tolerance).map(drop);
        let (client, hello) =
            ClientHandshake::new(Arc::new(KeyPair::generate(&mut Seeded(1))), &mut Seeded(2));
        let (answer, _) =
            ServerHandshake::accept(&self.server, chain, &hello, HEADER, IkPolicy::Try, &mut Seeded(3))
                .unwrap();
        let handshake = client.handle_server_hello(&answer, &self.root_key(), now, tolerance, b"payload");
        assert_eq!(handshake.map(|_| ()), verdict.map_err(NoiseError::Certificate));
        verdict
    }

    fn verdict_now(&self, chain: &[u8]) -> Result<(), CertificateError> {
        self.verdict(chain, NOW, 0)
    }

    fn refusal(change: impl FnOnce(&mut Self)) -> CertificateError {
        let mut authority = Self::new();
        change(&mut authority);
        authority.verdict_now(&authority.chain()).unwrap_err()
    }

    fn refusal_of(change: impl FnOnce(&mut CertChain)) -> CertificateError {
        let authority = Self::new();
        let mut chain = authority.parsed();
        change(&mut chain);
        authority.verdict_now(&chain.encode_to_vec()).unwrap_err()
    }
}

fn leaf(chain: &mut CertChain) -> &mut NoiseCertificate {
    chain.leaf.as_mut().unwrap()
}

fn intermediate(chain: &mut CertChain) -> &mut NoiseCertificate {
    chain.intermediate.as_mut().unwrap()
}

fn last_byte_changed(bytes: &mut Option<Vec<u8>>) {
    *bytes.as_mut().unwrap().last_mut().unwrap() ^= 1;
}

#[test]
fn a_right_chain_passes() {
    let authority = Authority::new();
    assert_eq!(authority.verdict_now(&authority.chain()), Ok(()));
    let issued =
        issue_chain(&authority.root, 7, &authority.server.public(), NOT_BEFORE..=NOT_AFTER, &mut Seeded(4));
    assert_eq!(authority.verdict_now(&issued), Ok(()));
}

#[test]
fn check_1_the_parts_are_there() {
    use Certificate::{Intermediate, Leaf};
    let authority = Authority::new();
    assert_eq!(authority.verdict_now(b"\xff\xff\xff"), Err(CertificateError::Malformed));
    assert_eq!(authority.verdict_now(b""), Err(CertificateError::Missing(Intermediate)));
    assert_eq!(Authority::refusal_of(|chain| chain.leaf = None), CertificateError::Missing(Leaf));
    assert_eq!(
        Authority::refusal_of(|chain| chain.intermediate = None),
        CertificateError::Missing(Intermediate)
    );
    assert_eq!(Authority::refusal_of(|chain| leaf(chain).details = None), CertificateError::Missing(Leaf));
    assert_eq!(
        Authority::refusal_of(|chain| intermediate(chain).details = None),
        CertificateError::Missing(Intermediate)
    );
    assert_eq!(
        Authority::refusal_of(|chain| leaf(chain).signature = None),
        CertificateError::SignatureLength(Leaf)
    );
    for length in [0, 63, 65, 1000] {
        assert_eq!(
            Authority::refusal_of(|chain| leaf(chain).signature.as_mut().unwrap().resize(length, 0)),
            CertificateError::SignatureLength(Leaf)
        );
        assert_eq!(
            Authority::refusal_of(|chain| intermediate(chain).signature.as_mut().unwrap().resize(length, 0)),
            CertificateError::SignatureLength(Intermediate)
        );
    }
    assert_eq!(
        Authority::refusal_of(|chain| leaf(chain).details = Some(vec![0xff])),
        CertificateError::MalformedDetails(Leaf)
    );
    assert_eq!(
        Authority::refusal_of(|chain| intermediate(chain).details = Some(vec![0xff])),
        CertificateError::MalformedDetails(Intermediate)
    );
}

#[test]
fn check_2_the_root_issued_the_intermediate() {
    assert_eq!(
        Authority::refusal(|authority| authority.upper.issuer_serial = Some(6)),
        CertificateError::IntermediateIssuer { found: 6, expected: 7 }
    );
    assert_eq!(
        Authority::refusal(|authority| authority.upper.issuer_serial = None),
        CertificateError::IntermediateIssuer { found: 0, expected: 7 }
    );
    for key in [None, Some(vec![1; 31]), Some(vec![1; 33])] {
        assert_eq!(
            Authority::refusal(|authority| authority.upper.key = key),
            CertificateError::IntermediateKeyLength
        );
    }
    // With a root of serial 0, an absent number is the right one.
    let mut authority = Authority::new();
    authority.upper.issuer_serial = None;
    let root = RootKey { serial: 0, ..authority.root_key() };
    let valid = verify_chain(&authority.chain(), &authority.server.public(), &root, NOW, 0);
    assert_eq!(valid, Ok(NOT_BEFORE..=NOT_AFTER));
}

#[test]
fn check_3_the_root_signed_the_intermediate() {
    let unsigned = CertificateError::IntermediateSignature;
    assert_eq!(
        Authority::refusal_of(|chain| last_byte_changed(&mut intermediate(chain).signature)),
        unsigned
    );
    assert_eq!(Authority::refusal_of(|chain| last_byte_changed(&mut intermediate(chain).details)), unsigned);
    // The same message in other bytes is not what was signed.
    let reordered = |chain: &mut CertChain| intermediate(chain).details.as_mut().unwrap().extend([0x08, 8]);
    assert_eq!(Authority::refusal_of(reordered), unsigned);

    let authority = Authority::new();
    let other = RootKey { key: KeyPair::generate(&mut Seeded(9)).public(), serial: 7 };
    assert_eq!(verify_chain(&authority.chain(), &authority.server.public(), &other, NOW, 0), Err(unsigned));
}

#[test]
fn check_4_the_intermediate_issued_the_leaf() {
    assert_eq!(
        Authority::refusal(|authority| authority.lower.issuer_serial = Some(7)),
        CertificateError::LeafIssuer { found: 7, expected: 8 }
    );
    assert_eq!(
        Authority::refusal(|authority| authority.upper.serial = None),
        CertificateError::LeafIssuer { found: 8, expected: 0 }
    );
}

#[test]
fn check_5_the_intermediate_signed_the_leaf() {
    let unsigned = CertificateError::LeafSignature;
    assert_eq!(Authority::refusal_of(|chain| last_byte_changed(&mut leaf(chain).signature)), unsigned);
    assert_eq!(Authority::refusal_of(|chain| last_byte_changed(&mut leaf(chain).details)), unsigned);
    // Signed by the root directly.
    let authority = Authority::new();
    let mut chain = authority.parsed();
    let signature =
        authority.root.sign(&[chain.leaf.as_ref().unwrap().details.as_ref().unwrap()], &mut Seeded(5));
    leaf(&mut chain).signature = Some(signature.to_vec());
    assert_eq!(authority.verdict_now(&chain.encode_to_vec()), Err(unsigned));
}

#[test]
fn check_6_the_leaf_is_for_the_key_of_the_handshake() {
    let other = KeyPair::generate(&mut Seeded(10)).public().0.to_vec();
    let own = Authority::new().server.public().0.to_vec();
    for key in [None, Some(other), Some(own[..31].to_vec()), Some([own.as_slice(), &[0]].concat())] {
        assert_eq!(Authority::refusal(|authority| authority.lower.key = key), CertificateError::LeafKey);
    }
}

#[test]
fn check_7_both_are_valid_now() {
    use Certificate::{Intermediate, Leaf};
    let authority = Authority::new();
    let chain = authority.chain();
    let (first, last) = (i64::try_from(NOT_BEFORE).unwrap(), i64::try_from(NOT_AFTER).unwrap());
    for (now, tolerance) in
        [(first, 0), (last, 0), (first - 60, 60), (last + 60, 60), (i64::MIN, 0), (0, u32::MAX)]
    {
        let expected = if now == i64::MIN {
            Err(CertificateError::NotYetValid { certificate: Intermediate, not_before: NOT_BEFORE, now })
        } else {
            Ok(())
        };
        assert_eq!(authority.verdict(&chain, now, tolerance), expected);
    }
    for (now, tolerance) in [(first - 1, 0), (first - 61, 60)] {
        assert_eq!(
            authority.verdict(&chain, now, tolerance),
            Err(CertificateError::NotYetValid { certificate: Intermediate, not_before: NOT_BEFORE, now })
        );
    }
    for (now, tolerance) in [(last + 1, 0), (last + 61, 60), (i64::MAX, u32::MAX)] {
        assert_eq!(
            authority.verdict(&chain, now, tolerance),
            Err(CertificateError::Expired { certificate: Intermediate, not_after: NOT_AFTER, now })
        );
    }
    assert_eq!(
        Authority::refusal(|authority| authority.lower.not_after = Some(1_499_999)),
        CertificateError::Expired { certificate: Leaf, not_after: 1_499_999, now: NOW }
    );
    assert_eq!(
        Authority::refusal(|authority| authority.lower.not_before = Some(u64::MAX)),
        CertificateError::NotYetValid { certificate: Leaf, not_before: u64::MAX, now: NOW }
    );
    // A missing window is 1970, not for ever.
    assert_eq!(
        Authority::refusal(|authority| (authority.lower.not_before, authority.lower.not_after) = (None, None)),
        CertificateError::Expired { certificate: Leaf, not_after: 0, now: NOW }
    );
}

#[test]
fn the_earlier_check_decides() {
    // Everything is wrong: the first named check is the verdict, so that a report points at the cause.
    let refusal = Authority::refusal(|authority| {
        authority.upper.issuer_serial = Some(1);
        authority.lower.issuer_serial = Some(1);
        authority.lower.key = None;
        authority.lower.not_after = None;
    });
    assert_eq!(refusal, CertificateError::IntermediateIssuer { found: 1, expected: 7 });
}

#[test]
fn the_production_root_is_the_published_one() {
    let RootKey { key: PublicKey(bytes), serial } = RootKey::production();
    assert_eq!(hex::encode(bytes), "142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b");
    assert_eq!(serial, 0);
}

#[test]
fn times_are_told_as_dates() {
    let certificate = Certificate::Leaf;
    assert_eq!(
        CertificateError::Expired { certificate, not_after: 1_700_000_000, now: 1_735_689_599 }.to_string(),
        "the leaf certificate was valid until 2023-11-14 22:13:20 UTC, but here it is 2024-12-31 23:59:59 UTC; is the \
         clock right?"
    );
    assert_eq!(
        CertificateError::NotYetValid { certificate, not_before: 1_700_000_000, now: 0 }.to_string(),
        "the leaf certificate is valid from 2023-11-14 22:13:20 UTC, but here it is 1970-01-01 00:00:00 UTC; is the \
         clock right?"
    );
}
