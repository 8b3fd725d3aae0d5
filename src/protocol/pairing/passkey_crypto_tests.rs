use super::*;
use crate::crypto::testing::{Scripted, Seeded};
use crate::pairing::test_vectors::{bytes, hex_of, text, vectors};

#[test]
fn vectors_passkey_both_roles() {
    let section = &vectors()["passkey"];
    let companion = KeyPair::from_secret(bytes(section, "companion_ephemeral_priv"));
    let primary = KeyPair::from_secret(bytes(section, "primary_ephemeral_priv"));
    assert_eq!(companion.public().0, bytes(section, "companion_ephemeral_pub"));
    assert_eq!(primary.public().0, bytes(section, "primary_ephemeral_pub"));

    let nonce: [u8; 32] = bytes(section, "companion_nonce");
    let mut script = Scripted::new(&[companion.secret().as_bytes(), &nonce]);
    let reference = text(section, "ref_text").to_owned();
    let device_type = i32::try_from(section["device_type"].as_u64().unwrap()).unwrap();
    let ours = CompanionExchange::new(reference, device_type, &mut script);
    assert!(script.is_spent());
    assert_eq!(ours.prologue(), hex_of(section, "prologue_payload"));
    let decoded = ProloguePayload::decode(ours.prologue()).unwrap();
    let identity = hex_of(section, "companion_ephemeral_identity");
    assert_eq!(decoded.companion_ephemeral_identity, Some(identity));
    assert_eq!(decoded.commitment.unwrap().hash, Some(hex_of(section, "commitment")));

    let handoff = handoff_key(&Secret::new(bytes(section, "prior_adv_secret")));
    assert_eq!(*handoff.as_bytes(), bytes::<32>(section, "handoff_key"));
    assert_eq!(handoff_proof(&handoff, ours.prologue()), bytes::<32>(section, "handoff_proof"));

    let mut script = Scripted::new(&[primary.secret().as_bytes(), &bytes::<32>(section, "primary_nonce")]);
    let theirs = PrimaryExchange::new(ours.prologue(), &mut script).unwrap();
    assert_eq!(theirs.part().encode(), hex_of(section, "primary_ephemeral_identity"));
    let part = PrimaryPart::decode(&theirs.part().encode()).unwrap();

    let shared = companion.agree(&part.public).unwrap();
    assert_eq!(*shared.as_bytes(), bytes::<32>(section, "shared_secret"));
    let our_session = ours.meet(&part).unwrap();
    let their_session = theirs.meet(ours.nonce()).unwrap();
    assert_eq!(*our_session.key.as_bytes(), bytes::<32>(section, "encryption_key"));
    assert_eq!(our_session.key, their_session.key);
    for session in [&our_session, &their_session] {
        assert_eq!(session.verification_code().reveal(), text(section, "verification_code_text"));
        assert_eq!(session.verification_code().display(), text(section, "verification_display_text"));
        assert_eq!(
            *session.verification_code(),
            PairingCode::from_bytes(bytes(section, "verification_bytes"))
        );
    }

    let keys = PairedKeys {
        noise: PublicKey(bytes(section, "companion_noise_pub")),
        identity: PublicKey(bytes(section, "companion_identity_pub")),
        adv_secret: Secret::new(bytes(section, "new_adv_secret")),
    };
    let sealed = our_session.seal(&keys, &bytes(section, "iv"));
    assert_eq!(sealed, hex_of(section, "encrypted_pairing_request"));
    let message = EncryptedPairingRequest::decode(sealed.as_slice()).unwrap();
    assert_eq!(message.encrypted_payload, Some(hex_of(section, "encrypted_payload")));
    let plain = gcm::open(
        our_session.key.as_bytes(),
        &bytes(section, "iv"),
        &[],
        &message.encrypted_payload.unwrap(),
    );
    assert_eq!(plain, Some(hex_of(section, "pairing_request")));
    assert_eq!(their_session.open(&sealed), Some(keys));
}

#[test]
fn a_wrong_nonce_or_low_order_key_ends_the_exchange() {
    let mut rng = Seeded(1);
    let ours = CompanionExchange::new("2@ref".to_owned(), 1, &mut rng);
    let theirs = PrimaryExchange::new(ours.prologue(), &mut rng).unwrap();
    assert!(theirs.meet(&[0; 32]).is_none());
    let low = PrimaryPart { public: PublicKey([0; 32]), nonce: [1; 32] };
    assert_eq!(ours.meet(&low).err(), Some(LowOrder));
    assert!(PrimaryExchange::new(b"", &mut rng).is_none());
    assert!(PrimaryPart::decode(b"\x0a\x01\x00").is_none());
    let session = theirs.meet(ours.nonce()).unwrap();
    assert!(session.open(b"").is_none());
}

const GOOD: &str = r#"{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30",
    "authenticatorData":"AAAA","signature":"MEUC","userHandle":null}}"#;

#[test]
fn assertions_are_checked() {
    let assertion = Assertion::parse(GOOD).unwrap();
    assert_eq!(assertion.credential_id, [1, 2, 3]);
    assert_eq!(assertion.json, GOOD);
    assert_eq!(Assertion::parse("[]"), Err(AssertionError::NotJson));
    assert_eq!(Assertion::parse("{"), Err(AssertionError::NotJson));
    assert_eq!(Assertion::parse("{}"), Err(AssertionError::Part("rawId")));
    assert_eq!(Assertion::parse(&"[".repeat(200_000)), Err(AssertionError::NotJson));
    for (from, to, part) in [
        ("\"rawId\":\"AQID\"", "\"rawId\":\"!\"", "rawId"),
        ("public-key", "password", "type"),
        ("\"signature\":\"MEUC\"", "\"signature\":\"\"", "signature"),
        ("authenticatorData", "other", "authenticatorData"),
        ("clientDataJSON", "other", "clientDataJSON"),
        ("\"response\"", "\"other\"", "response"),
    ] {
        assert_eq!(Assertion::parse(&GOOD.replacen(from, to, 1)), Err(AssertionError::Part(part)));
    }
}

#[test]
fn the_timeout_is_read_from_the_options() {
    assert_eq!(options_timeout(r#"{"challenge":"AA","timeout":600000}"#), Some(600_000));
    assert_eq!(options_timeout(r#"{"timeout":"x"}"#), None);
    assert_eq!(options_timeout("no json"), None);
}
