use super::*;
use crate::crypto::testing::{Scripted, Seeded, bytes, hex_of, text};
use crate::pairing::test_vectors::vectors;

#[test]
fn vectors_pair_success_phone_side() {
    let section = &vectors()["pair_success"];
    let account = KeyPair::from_secret(bytes(section, "primary_identity_priv"));
    assert_eq!(account.public().0, bytes(section, "primary_identity_pub"));
    let companion = PublicKey(bytes(section, "companion_identity_pub"));
    for (name, hosted_account, hosted_device) in [
        ("e2ee", false, false),
        ("e2ee_explicit_zero_enums", false, false),
        ("hosted_account_e2ee_device", true, false),
        ("hosted_account_hosted_device", true, true),
    ] {
        let case = &section[name];
        let details = hex_of(case, "device_identity_details");
        let grant =
            DeviceGrant { hosted_account, hosted_device, ..DeviceGrant::new(305_419_896, 1_788_000_000, 7) };
        if name != "e2ee_explicit_zero_enums" {
            assert_eq!(grant.details(), details, "{name}");
        }
        let message = [&hex_of(case, "account_signature_prefix")[..], &details, &companion.0].concat();
        assert_eq!(message, hex_of(case, "account_signature_message"));
        assert!(verify(&account.public(), &[&message], &hex_of(case, "account_signature")));
        let mut script = Scripted::new(&[&bytes::<64>(case, "account_signature_Z")]);
        let adv = Secret::new(bytes(case, "adv_secret"));
        let container =
            sign_details(details, hosted_account, hosted_device, &account, &companion, &adv, &mut script);
        let expected = hex_of(case, "device_identity_container");
        if name == "e2ee_explicit_zero_enums" {
            // There the zero is written out in the container, too, which this phone does not.
            assert_eq!([&container[..], &[0x18, 0]].concat(), expected, "{name}");
        } else {
            assert_eq!(container, expected, "{name}");
        }
        let decoded = AdvSignedDeviceIdentityHmac::decode(container.as_slice()).unwrap();
        let signed = hex_of(case, "signed_device_identity");
        assert_eq!(decoded.details.as_ref(), Some(&signed));
        assert_eq!(decoded.hmac, Some(hex_of(case, "hmac")));
        assert!(hex_of(case, "hmac_input").ends_with(&signed));
    }
}

#[test]
fn vectors_pem_key() {
    let section = &vectors()["pem_key_unverified"];
    assert_eq!(text(section, "info_text"), "Canonical Ent Companion Nonce Encrypt");
    let key = pem_key(
        &Secret::new(bytes(section, "adv_secret")),
        &PublicKey(bytes(section, "companion_noise_pub")),
    );
    assert_eq!(*key.as_bytes(), bytes::<32>(section, "key"));
}

#[test]
fn wrong_replies_are_noticed() {
    let mut rng = Seeded(2);
    let (account, identity) = (KeyPair::generate(&mut rng), KeyPair::generate(&mut rng));
    let adv = Secret::new([9; 32]);
    let grant = DeviceGrant::new(5, 6, 7);
    let container = grant.sign(&account, &identity.public(), &adv, &mut rng);
    let accepted = crate::pairing::identity::accept(&container, &adv, &identity, &mut rng).unwrap();
    let (key, account_key) = (identity.public(), account.public());
    let details = grant.details();
    assert!(reply_is_right(&accepted.reply, 7, &details, &key, &account_key));
    assert!(!reply_is_right(&accepted.reply, 8, &details, &key, &account_key));
    assert!(!reply_is_right(&accepted.reply, 7, &details, &account_key, &account_key));
    assert!(!reply_is_right(&accepted.reply, 7, &details, &key, &key));
    assert!(!reply_is_right(&[], 7, &details, &key, &account_key));
    assert!(!reply_is_right(&accepted.reply, 7, &DeviceGrant::new(5, 7, 7).details(), &key, &account_key));
}
