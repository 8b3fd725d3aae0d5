use super::*;
use crate::crypto::testing::{Scripted, Seeded};
use crate::crypto::verify;
use crate::pairing::account::{DeviceGrant, reply_is_right};
use crate::pairing::test_vectors::{bytes, hex_of, vectors};

const POSITIVE: [&str; 4] =
    ["e2ee", "e2ee_explicit_zero_enums", "hosted_account_e2ee_device", "hosted_account_hosted_device"];

fn our_identity() -> KeyPair {
    let pair = KeyPair::from_secret(bytes(&vectors()["pair_success"], "companion_identity_priv"));
    assert_eq!(pair.public().0, bytes(&vectors()["pair_success"], "companion_identity_pub"));
    pair
}

#[test]
fn vectors_pair_success_positive() {
    let section = &vectors()["pair_success"];
    let identity = our_identity();
    let account_key = PublicKey(bytes(section, "primary_identity_pub"));
    for name in POSITIVE {
        let case = &section[name];
        let adv = Secret::new(bytes(case, "adv_secret"));
        let mut script = Scripted::new(&[&bytes::<64>(case, "device_signature_Z")]);
        let container = hex_of(case, "device_identity_container");
        let accepted = accept(&container, &adv, &identity, &mut script).expect(name);
        assert!(script.is_spent());
        assert_eq!(accepted.reply, hex_of(case, "reply_device_identity"), "{name}");
        assert_eq!(accepted.stored, hex_of(case, "stored_account"), "{name}");
        assert_eq!(u64::from(accepted.key_index), case["fields"]["keyIndex"].as_u64().unwrap());
        assert_eq!(accepted.account_key, account_key);
        assert_eq!(accepted.hosted_account, name.starts_with("hosted"), "{name}");
        let details = hex_of(case, "device_identity_details");
        assert!(reply_is_right(&accepted.reply, 7, &details, &identity.public(), &account_key), "{name}");
        // The messages and prefixes that the page spells out.
        let message = [
            &hex_of(case, "device_signature_prefix")[..],
            &details[..],
            &identity.public().0,
            &account_key.0,
        ]
        .concat();
        assert_eq!(message, hex_of(case, "device_signature_message"));
        let signature = hex_of(case, "device_signature");
        assert!(verify(&identity.public(), &[&message], &signature));
    }
}

#[test]
fn vectors_pair_success_negative() {
    let section = &vectors()["pair_success"]["negative"];
    let identity = our_identity();
    let mut rng = Seeded(1);
    for (name, expected) in [
        ("hmac_mismatch", (401, "hmac-mismatch")),
        ("account_signature_mismatch", (401, "signature-mismatch")),
        ("hosted_flag_without_hosted_mac", (401, "hmac-mismatch")),
        ("truncated_container", (500, "internal-error")),
    ] {
        let case = &section[name];
        let adv = Secret::new(bytes(case, "companion_adv_secret"));
        let error =
            accept(&hex_of(case, "device_identity_container"), &adv, &identity, &mut rng).unwrap_err();
        assert_eq!(error.reply(), expected, "{name}");
    }
}

#[test]
fn every_changed_byte_is_noticed() {
    let mut rng = Seeded(2);
    let (account, identity) = (KeyPair::generate(&mut rng), KeyPair::generate(&mut rng));
    let adv = Secret::new([9; 32]);
    let container = DeviceGrant::new(5, 6, 7).sign(&account, &identity.public(), &adv, &mut rng);
    accept(&container, &adv, &identity, &mut rng).unwrap();
    for position in 0..container.len() {
        let mut changed = container.clone();
        changed[position] ^= 0x55;
        assert!(accept(&changed, &adv, &identity, &mut rng).is_err(), "byte {position}");
    }
    for length in 0..container.len() {
        assert!(accept(&container[..length], &adv, &identity, &mut rng).is_err(), "length {length}");
    }
    assert_eq!(
        accept(&vec![0; MAX_CONTAINER + 1], &adv, &identity, &mut rng),
        Err(IdentityError::Malformed("size"))
    );
}

#[test]
fn index_0_belongs_to_the_phone() {
    let mut rng = Seeded(3);
    let (account, identity) = (KeyPair::generate(&mut rng), KeyPair::generate(&mut rng));
    let adv = Secret::new([9; 32]);
    let container = DeviceGrant::new(5, 6, 0).sign(&account, &identity.public(), &adv, &mut rng);
    assert_eq!(accept(&container, &adv, &identity, &mut rng), Err(IdentityError::Malformed("key index")));
}

#[test]
fn an_identity_for_another_key_is_refused() {
    let mut rng = Seeded(4);
    let (account, identity) = (KeyPair::generate(&mut rng), KeyPair::generate(&mut rng));
    let adv = Secret::new([9; 32]);
    let container = DeviceGrant::new(5, 6, 7).sign(&account, &account.public(), &adv, &mut rng);
    assert_eq!(accept(&container, &adv, &identity, &mut rng), Err(IdentityError::BadSignature));
}

#[test]
fn keys_and_signatures_of_odd_lengths_are_refused() {
    let mut rng = Seeded(5);
    let (account, identity) = (KeyPair::generate(&mut rng), KeyPair::generate(&mut rng));
    let adv = Secret::new([9; 32]);
    let details = DeviceGrant::new(5, 6, 7).details();
    for (key_length, signature_length) in [(31, 64), (33, 64), (32, 63), (32, 65), (0, 64), (32, 0)] {
        let signed = AdvSignedDeviceIdentity {
            details: Some(details.clone()),
            account_signature_key: Some(
                account.public().0.iter().copied().cycle().take(key_length).collect(),
            ),
            account_signature: Some(vec![1; signature_length]),
            device_signature: None,
        }
        .encode_to_vec();
        let hmac = hmac_sha256(adv.as_bytes(), &[&signed]).to_vec();
        let container =
            AdvSignedDeviceIdentityHmac { details: Some(signed), hmac: Some(hmac), account_type: None };
        assert!(accept(&container.encode_to_vec(), &adv, &identity, &mut rng).is_err());
    }
}
