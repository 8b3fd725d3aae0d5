//! The server's keys and the certificate chain that vouches for them, rightly or, on command, wrongly.

use std::sync::Arc;

use parking_lot::RwLock;
use prost::Message;
use wa::{
    crypto::{KeyPair, PublicKey, Random, random_array},
    proto::handshake::{CertChain, NoiseCertificate, NoiseCertificateDetails},
};

use crate::{faults::CertificateFault, random::SimRandom};

const DAY: u64 = 24 * 60 * 60;
const YEAR: u64 = 365 * DAY;
/// The validity of the certificates.
const YEARS: u64 = 5 * YEAR;

/// Serial of the root; clients pin it together with the key.
pub(crate) const ROOT_SERIAL: u32 = 0;
const INTERMEDIATE_SERIAL: u32 = 1;
const LEAF_SERIAL: u32 = 2;

/// Root, intermediate and server key of one simulator.
pub(crate) struct ServerKeys {
    pub(crate) root: PublicKey,
    serving: RwLock<Arc<Serving>>,
    root_pair: KeyPair,
    intermediate: KeyPair,
}

/// The key that the server is using, and the good chain for it.
pub(crate) struct Serving {
    pub(crate) server: KeyPair,
    pub(crate) chain: Vec<u8>,
}

impl ServerKeys {
    /// Makes all keys from `random`, and the chain valid from yesterday on.
    pub(crate) fn generate(random: &SimRandom, now: u64) -> Self {
        let root_pair = KeyPair::generate(&mut random.derive("root"));
        let intermediate = KeyPair::generate(&mut random.derive("intermediate"));
        let server = KeyPair::generate(&mut random.derive("server"));
        let root = root_pair.public();
        let chain = Vec::new();
        let serving = RwLock::new(Arc::new(Serving { server: server.clone(), chain }));
        let keys = Self { root, serving, root_pair, intermediate };
        keys.serve(server, now, &mut random.derive("chain"));
        keys
    }

    /// The key in use and its chain.
    pub(crate) fn serving(&self) -> Arc<Serving> {
        Arc::clone(&self.serving.read())
    }

    /// Takes another key, with another chain that leads to the same root.
    pub(crate) fn rotate(&self, now: u64, random: &mut dyn Random) {
        self.serve(KeyPair::generate(random), now, random);
    }

    fn serve(&self, server: KeyPair, now: u64, random: &mut dyn Random) {
        let chain = self.make_chain(&server, None, now, random);
        *self.serving.write() = Arc::new(Serving { server, chain });
    }

    /// A chain with one fault.
    pub(crate) fn bad_chain(&self, fault: CertificateFault, now: u64, random: &mut dyn Random) -> Vec<u8> {
        self.make_chain(&self.serving().server, Some(fault), now, random)
    }

    fn make_chain(
        &self,
        server: &KeyPair,
        fault: Option<CertificateFault>,
        now: u64,
        random: &mut dyn Random,
    ) -> Vec<u8> {
        use CertificateFault as F;
        let (from, to) = match fault {
            Some(F::Expired) => (now.saturating_sub(2 * YEAR), now.saturating_sub(YEAR)),
            Some(F::NotYetValid) => (now + YEAR, now + 2 * YEAR),
            _ => (now.saturating_sub(DAY), now + YEARS),
        };
        let other = KeyPair::from_secret(random_array(random));
        let root = if fault == Some(F::OtherRoot) { &other } else { &self.root_pair };
        let leaf_key = if fault == Some(F::WrongLeafKey) { other.public() } else { server.public() };
        let issuer_of_intermediate =
            if fault == Some(F::WrongIntermediateIssuer) { ROOT_SERIAL + 7 } else { ROOT_SERIAL };
        let issuer_of_leaf =
            if fault == Some(F::WrongLeafIssuer) { INTERMEDIATE_SERIAL + 7 } else { INTERMEDIATE_SERIAL };
        let mut intermediate = certificate(
            &NoiseCertificateDetails {
                serial: Some(INTERMEDIATE_SERIAL),
                issuer_serial: Some(issuer_of_intermediate),
                key: Some(self.intermediate.public().0.to_vec()),
                not_before: Some(from),
                not_after: Some(to),
            },
            root,
            random,
        );
        let mut leaf = certificate(
            &NoiseCertificateDetails {
                serial: Some(LEAF_SERIAL),
                issuer_serial: Some(issuer_of_leaf),
                key: Some(leaf_key.0.to_vec()),
                not_before: Some(from),
                not_after: Some(to),
            },
            &self.intermediate,
            random,
        );
        match fault {
            Some(F::MissingDetails) => leaf.details = None,
            Some(F::MissingSignature) => leaf.signature = None,
            Some(F::BadLeafSignature) => flip(&mut leaf.signature),
            Some(F::BadIntermediateSignature) => flip(&mut intermediate.signature),
            Some(F::Garbage) => return vec![0xff; 200],
            Some(F::Empty) => return Vec::new(),
            _ => {}
        }
        CertChain {
            leaf: (fault != Some(F::MissingLeaf)).then_some(leaf),
            intermediate: (fault != Some(F::MissingIntermediate)).then_some(intermediate),
        }
        .encode_to_vec()
    }
}

fn certificate(
    details: &NoiseCertificateDetails,
    issuer: &KeyPair,
    random: &mut dyn Random,
) -> NoiseCertificate {
    let details = details.encode_to_vec();
    let signature = issuer.sign(&[&details], random).to_vec();
    NoiseCertificate { details: Some(details), signature: Some(signature) }
}

fn flip(signature: &mut Option<Vec<u8>>) {
    if let Some(byte) = signature.as_mut().and_then(|bytes| bytes.first_mut()) {
        *byte ^= 1;
    }
}

#[cfg(test)]
mod tests {
    use wa::noise::{RootKey, verify_chain};

    use super::*;

    #[test]
    fn only_the_good_chain_is_accepted() {
        let random = SimRandom::new(Some("chain")).unwrap();
        let now = 1_800_000_000;
        let keys = ServerKeys::generate(&random, now);
        let root = RootKey { key: keys.root, serial: ROOT_SERIAL };
        let check = |chain: &[u8]| {
            verify_chain(chain, &keys.serving().server.public(), &root, i64::try_from(now).unwrap(), 0)
                .map(drop)
        };
        check(&keys.serving().chain).unwrap();
        use CertificateFault as F;
        for fault in [
            F::Expired,
            F::NotYetValid,
            F::OtherRoot,
            F::WrongLeafKey,
            F::MissingLeaf,
            F::MissingIntermediate,
            F::MissingDetails,
            F::MissingSignature,
            F::BadLeafSignature,
            F::BadIntermediateSignature,
            F::WrongLeafIssuer,
            F::WrongIntermediateIssuer,
            F::Garbage,
            F::Empty,
        ] {
            let chain = keys.bad_chain(fault, now, &mut random.derive("bad"));
            assert!(check(&chain).is_err(), "{fault:?}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_root() {
        let of = |seed| ServerKeys::generate(&SimRandom::new(Some(seed)).unwrap(), 1).root;
        assert_eq!(of("a"), of("a"));
        assert_ne!(of("a"), of("b"));
    }
}
