use serde_json::Value;

use super::*;
use crate::crypto::KeyPair;
use crate::crypto::testing::{Seeded, bytes, hex_of};
use crate::signal::{IdentityProof, SignalError, Verdict, classify};

fn vector() -> Value {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/signal-vectors.json")).unwrap();
    vectors["device_identity"].clone()
}

fn key(section: &Value) -> IdentityKey {
    let pair = KeyPair::from_secret(bytes(section, "private"));
    assert_eq!(pair.public().0, bytes(section, "public"));
    IdentityKey::new(pair.public()).unwrap()
}

#[test]
fn the_vector_is_accepted_with_and_without_the_accounts_key() {
    let vector = vector();
    let account = key(&vector["account_identity"]);
    let companion = key(&vector["companion_identity"]);
    let signed = hex_of(&vector, "signed_device_identity");
    let checked = DeviceIdentity::verify(&signed, &companion, Some(&account), false).unwrap();
    assert_eq!(checked.account_key, account);
    assert_eq!(checked.identity, companion);
    assert_eq!((checked.raw_id, checked.timestamp, checked.key_index), (287_454_020, 1_700_000_000, 5));
    assert!(!checked.is_hosted);
    assert_eq!(DeviceIdentity::verify(&signed, &companion, None, false), Ok(checked));

    let mut parts = AdvSignedDeviceIdentity::decode(signed.as_slice()).unwrap();
    assert_eq!(parts.details, Some(hex_of(&vector, "details")));
    parts.account_signature_key = None;
    let bare = parts.encode_to_vec();
    assert_eq!(DeviceIdentity::verify(&bare, &companion, Some(&account), false), Ok(checked));
    assert_eq!(
        DeviceIdentity::verify(&bare, &companion, None, false),
        Err(DeviceIdentityError::PrimaryUnknown)
    );
}

#[test]
fn another_account_device_or_address_is_refused() {
    let vector = vector();
    let account = key(&vector["account_identity"]);
    let companion = key(&vector["companion_identity"]);
    let signed = hex_of(&vector, "signed_device_identity");
    let verify = |device, primary, hosted| DeviceIdentity::verify(&signed, device, primary, hosted);
    assert_eq!(verify(&companion, Some(&companion), false), Err(DeviceIdentityError::OtherAccount));
    assert_eq!(verify(&account, Some(&account), false), Err(DeviceIdentityError::BadAccountSignature));
    assert_eq!(verify(&companion, Some(&account), true), Err(DeviceIdentityError::BadDeviceSignature));
}

#[test]
fn every_changed_byte_is_noticed() {
    let vector = vector();
    let account = key(&vector["account_identity"]);
    let companion = key(&vector["companion_identity"]);
    let signed = hex_of(&vector, "signed_device_identity");
    for position in 0..signed.len() {
        let mut changed = signed.clone();
        changed[position] ^= 0x55;
        assert!(DeviceIdentity::verify(&changed, &companion, Some(&account), false).is_err(), "{position}");
    }
    for length in 0..signed.len() {
        let cut = &signed[..length];
        assert!(DeviceIdentity::verify(cut, &companion, Some(&account), false).is_err(), "{length}");
    }
}

#[test]
fn a_hosted_device_has_its_own_prefixes() {
    let mut rng = Seeded(1);
    let (account, device) = (KeyPair::generate(&mut rng), KeyPair::generate(&mut rng));
    let details = AdvDeviceIdentity {
        raw_id: Some(1),
        timestamp: Some(2),
        key_index: Some(99),
        account_type: None,
        device_type: Some(AdvEncryptionType::Hosted as i32),
    }
    .encode_to_vec();
    let account_signature = account.sign(&[&[6, 5], &details, &device.public().0], &mut rng);
    let device_signature =
        device.sign(&[&[6, 6], &details, &device.public().0, &account.public().0], &mut rng);
    let signed = AdvSignedDeviceIdentity {
        details: Some(details),
        account_signature_key: None,
        account_signature: Some(account_signature.to_vec()),
        device_signature: Some(device_signature.to_vec()),
    }
    .encode_to_vec();
    let (account, device) =
        (IdentityKey::new(account.public()).unwrap(), IdentityKey::new(device.public()).unwrap());
    assert!(DeviceIdentity::verify(&signed, &device, Some(&account), true).unwrap().is_hosted);
    assert_eq!(
        DeviceIdentity::verify(&signed, &device, Some(&account), false),
        Err(DeviceIdentityError::BadDeviceSignature)
    );
}

#[test]
fn identities_are_judged() {
    let vector = vector();
    let account = key(&vector["account_identity"]);
    let companion = key(&vector["companion_identity"]);
    let own = IdentityKey::new(KeyPair::generate(&mut Seeded(2)).public()).unwrap();
    let signed = hex_of(&vector, "signed_device_identity");
    let certificate = DeviceIdentity::verify(&signed, &companion, Some(&account), false).unwrap();

    assert_eq!(classify(&account, None, &own, IdentityProof::Primary), Ok(Verdict::First));
    assert_eq!(classify(&account, Some(&account), &own, IdentityProof::Primary), Ok(Verdict::Same));
    let changed = Ok(Verdict::Changed { old: companion });
    assert_eq!(classify(&account, Some(&companion), &own, IdentityProof::Primary), changed);
    assert_eq!(classify(&own, Some(&account), &own, IdentityProof::Primary), Err(SignalError::OwnIdentity));

    let proven = IdentityProof::Companion(&certificate);
    assert_eq!(classify(&companion, None, &own, proven), Ok(Verdict::First));
    assert_eq!(classify(&companion, Some(&account), &own, proven), Ok(Verdict::Changed { old: account }));
    assert_eq!(
        classify(&account, None, &own, proven),
        Err(DeviceIdentityError::BadAccountSignature.into()),
        "a certificate for another key"
    );
    assert_eq!(
        classify(&companion, Some(&companion), &own, IdentityProof::Unproven),
        Err(DeviceIdentityError::Missing.into())
    );
}
