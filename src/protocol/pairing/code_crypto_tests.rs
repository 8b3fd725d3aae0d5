use super::*;
use crate::crypto::testing::{Scripted, Seeded};
use crate::pairing::test_vectors::{bytes, list, text, vectors};

fn pair(keys: &serde_json::Value, name: &str) -> KeyPair {
    let pair = KeyPair::from_secret(bytes(keys, &format!("{name}_priv")));
    assert_eq!(pair.public().0, bytes(keys, &format!("{name}_pub")));
    pair
}

#[test]
fn vectors_link_code_key_pbkdf2() {
    let section = &vectors()["link_code_key_pbkdf2"];
    for case in list(section, "cases") {
        assert_eq!(case["iterations"], PBKDF2_ROUNDS);
        let code = PairingCode::parse(text(case, "code_text")).unwrap();
        assert_eq!(*derive_key(&code, &bytes(case, "salt")).as_bytes(), bytes::<32>(case, "key"));
    }
}

#[test]
fn vectors_phone_code_session_both_roles() {
    let session = &vectors()["phone_code_session"];
    let keys = &session["keys"];
    let identity = pair(keys, "companion_identity");
    let ephemeral = pair(keys, "companion_ephemeral");
    let primary_ephemeral = pair(keys, "primary_ephemeral");
    let primary_identity = pair(keys, "primary_identity");
    let code = PairingCode::from_bytes(bytes(&session["code"], "bytes"));
    assert_eq!(code.reveal(), text(&session["code"], "code_text"));

    // The companion wraps its key.
    let hello = &session["companion_hello_wrapped_ephemeral"];
    let nonce = WrapNonce { salt: bytes(hello, "salt"), counter: bytes(hello, "iv") };
    let key = derive_key(&code, &nonce.salt);
    assert_eq!(*key.as_bytes(), bytes::<32>(hello, "pbkdf2_key"));
    let hello_wrapped = wrap(&key, &nonce, &ephemeral.public());
    assert_eq!(hello_wrapped, bytes::<80>(hello, "wrapped"));
    assert_eq!(hello_wrapped[48..], bytes::<32>(hello, "ciphertext"));

    // The phone answers with the vector's ephemeral key.
    let answer = &session["primary_hello_wrapped_ephemeral"];
    let mut script = Scripted::new(&[
        primary_ephemeral.secret().as_bytes(),
        &bytes::<32>(answer, "salt"),
        &bytes::<16>(answer, "iv"),
    ]);
    let phone = PhoneHalf::answer(&code, &hello_wrapped, &mut script).unwrap();
    assert!(script.is_spent());
    assert_eq!(*phone.wrapped(), bytes::<80>(answer, "wrapped"));

    // The companion answers the answer.
    let finish = &session["companion_finish_key_bundle"];
    let adv = &session["adv_secret"];
    let mut script = Scripted::new(&[
        &bytes::<32>(finish, "adv_random"),
        &bytes::<32>(finish, "hkdf_salt"),
        &bytes::<12>(finish, "nonce"),
    ]);
    let key = derive_key(&code, &wrapped_salt(phone.wrapped()));
    assert_eq!(*key.as_bytes(), bytes::<32>(answer, "pbkdf2_key"));
    let made = companion_finish(
        &key,
        &ephemeral,
        &identity,
        phone.wrapped(),
        &primary_identity.public(),
        &mut script,
    )
    .unwrap();
    assert!(script.is_spent());
    assert_eq!(made.bundle, bytes::<BUNDLE_LENGTH>(finish, "wrapped"));
    assert_eq!(*made.adv_secret.as_bytes(), bytes::<32>(adv, "adv_secret"));

    // And the phone arrives at the same secret.
    let secret = phone.open(&made.bundle, &identity.public(), &primary_identity).unwrap();
    assert_eq!(secret, made.adv_secret);

    // The intermediate values, one by one.
    let shared = ephemeral.agree(&primary_ephemeral.public()).unwrap();
    assert_eq!(*shared.as_bytes(), bytes::<32>(finish, "ephemeral_shared_secret"));
    assert_eq!(*shared.as_bytes(), bytes::<32>(adv, "ephemeral_shared_secret"));
    let identity_shared = identity.agree(&primary_identity.public()).unwrap();
    assert_eq!(*identity_shared.as_bytes(), bytes::<32>(adv, "identity_shared_secret"));
    let bundle_key = hkdf::<32>(Some(&bytes::<32>(finish, "hkdf_salt")), shared.as_bytes(), BUNDLE_INFO);
    assert_eq!(*bundle_key.as_bytes(), bytes::<32>(finish, "bundle_key"));
    assert_eq!(adv_secret(&shared, &identity_shared, &bytes(adv, "adv_random")), made.adv_secret);
}

#[test]
fn vectors_wrong_code_example() {
    let session = &vectors()["phone_code_session"];
    let keys = &session["keys"];
    let example = &session["wrong_code_example"];
    let typed = PairingCode::parse(text(example, "typed_code_text")).unwrap();
    let wrapped = bytes::<80>(&session["primary_hello_wrapped_ephemeral"], "wrapped");
    let unwrapped = unwrap(&derive_key(&typed, &wrapped_salt(&wrapped)), &wrapped);
    assert_eq!(unwrapped.0, bytes(example, "unwrapped_primary_pub"));
    let ephemeral = pair(keys, "companion_ephemeral");
    assert_eq!(
        *ephemeral.agree(&unwrapped).unwrap().as_bytes(),
        bytes::<32>(example, "shared_secret_companion_would_get")
    );
}

#[test]
fn a_phone_with_a_wrong_code_cannot_open_the_bundle() {
    let mut rng = Seeded(7);
    let (right, typed) = (PairingCode::generate(&mut rng), PairingCode::generate(&mut rng));
    let (ephemeral, identity) = (KeyPair::generate(&mut rng), KeyPair::generate(&mut rng));
    let account = KeyPair::generate(&mut rng);
    let nonce = WrapNonce::generate(&mut rng);
    let hello = wrap(&derive_key(&right, &nonce.salt), &nonce, &ephemeral.public());
    let phone = PhoneHalf::answer(&typed, &hello, &mut rng).unwrap();
    let key = derive_key(&right, &wrapped_salt(phone.wrapped()));
    let made =
        companion_finish(&key, &ephemeral, &identity, phone.wrapped(), &account.public(), &mut rng).unwrap();
    assert_eq!(phone.open(&made.bundle, &identity.public(), &account), Err(BundleError::WrongCode));
    let mut garbled = made.bundle;
    garbled[155] ^= 1;
    assert_eq!(phone.open(&garbled, &identity.public(), &account), Err(BundleError::WrongCode));
}

#[test]
fn low_order_keys_and_foreign_bundles_are_refused() {
    let mut rng = Seeded(8);
    let code = PairingCode::generate(&mut rng);
    let (ephemeral, identity) = (KeyPair::generate(&mut rng), KeyPair::generate(&mut rng));
    let nonce = WrapNonce::generate(&mut rng);
    let key = derive_key(&code, &nonce.salt);
    let mut one = [0; 32];
    one[0] = 1;
    for low in [PublicKey([0; 32]), PublicKey(one)] {
        let wrapped = wrap(&key, &nonce, &low);
        assert!(
            companion_finish(&key, &ephemeral, &identity, &wrapped, &identity.public(), &mut rng).is_err()
        );
        let wrapped = wrap(&key, &nonce, &identity.public());
        assert!(companion_finish(&key, &ephemeral, &identity, &wrapped, &low, &mut rng).is_err());
        let hello = wrap(&key, &nonce, &low);
        assert_eq!(PhoneHalf::answer(&code, &hello, &mut rng).err(), Some(BundleError::LowOrder));
    }

    let account = KeyPair::generate(&mut rng);
    let hello = wrap(&key, &nonce, &ephemeral.public());
    let phone = PhoneHalf::answer(&code, &hello, &mut rng).unwrap();
    let key = derive_key(&code, &wrapped_salt(phone.wrapped()));
    let made =
        companion_finish(&key, &ephemeral, &identity, phone.wrapped(), &account.public(), &mut rng).unwrap();
    assert_eq!(phone.open(&made.bundle, &ephemeral.public(), &account), Err(BundleError::OtherKeys));
    assert_eq!(phone.open(&made.bundle, &identity.public(), &ephemeral), Err(BundleError::OtherKeys));
}

#[test]
fn a_counter_block_that_would_overflow_is_drawn_again() {
    let mut bad = [0x11; 16];
    bad[8..].fill(0xff);
    let good = [0x22; 16];
    let mut script = Scripted::new(&[&[5; 32], &bad, &good]);
    assert_eq!(WrapNonce::generate(&mut script), WrapNonce { salt: [5; 32], counter: good });
    assert!(script.is_spent());
}
