//! Vectors, and the refusals: what must not be accepted.

use serde_json::Value;

use super::testing::{Scripted, Seeded};
use super::*;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/pairing-vectors.json")).unwrap()
}

fn bytes(value: &Value, key: &str) -> Vec<u8> {
    hex::decode(value[key].as_str().unwrap()).unwrap()
}

fn array<const N: usize>(value: &Value, key: &str) -> [u8; N] {
    bytes(value, key).try_into().unwrap()
}

fn flipped(bytes: &[u8], index: usize, bits: u8) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out[index] ^= bits;
    out
}

#[test]
fn signatures_equal_the_vectors() {
    let vectors = vectors();
    let cases = vectors["xeddsa"]["sign"].as_array().unwrap();
    assert!(cases.iter().any(|c| c["sign_bit"] == 0) && cases.iter().any(|c| c["sign_bit"] == 1));
    for case in cases {
        let pair = KeyPair::from_secret(array(case, "priv"));
        assert_eq!(pair.public().0, array(case, "pub"));
        assert_eq!(xeddsa::edwards_public(pair.secret()), array(case, "edwards_pub"));
        let message = bytes(case, "message");
        let mut rng = Scripted::new(&[&bytes(case, "Z")]);
        let signature = pair.sign(&[&message], &mut rng);
        assert!(rng.is_spent());
        assert_eq!(signature, array(case, "signature"));
        assert!(verify(&pair.public(), &[&message], &signature));
        // The cached form and a cut of the message elsewhere change nothing.
        let (left, right) = message.split_at(message.len() / 2);
        assert_eq!(pair.sign(&[left, right], &mut Scripted::new(&[&bytes(case, "Z")])), signature);
        assert!(verify(&pair.public(), &[left, &[], right], &signature));
    }
}

#[test]
fn bad_signatures_of_the_vectors_are_refused() {
    let vectors = vectors();
    let cases = vectors["xeddsa"]["verify_negative"].as_array().unwrap();
    assert!(cases.len() >= 6);
    for case in cases {
        let public = PublicKey(array(case, "pub"));
        assert!(!verify(&public, &[&bytes(case, "message")], &bytes(case, "signature")), "{}", case["why"]);
    }
}

#[test]
fn signed_prekey_equals_the_vector() {
    let vectors = vectors();
    let case = &vectors["signed_prekey"];
    let identity = KeyPair::from_secret(array(case, "identity_priv"));
    let prekey = KeyPair::from_secret(array(case, "prekey_priv"));
    assert_eq!(prekey.public().with_type_byte().as_slice(), bytes(case, "message"));
    let signature =
        identity.sign(&[&prekey.public().with_type_byte()], &mut Scripted::new(&[&bytes(case, "Z")]));
    assert_eq!(signature, array(case, "signature"));
}

#[test]
fn every_flipped_bit_of_a_signature_is_seen() {
    let pair = KeyPair::generate(&mut Seeded(1));
    let signature = pair.sign(&[b"message"], &mut Seeded(2));
    assert!(verify(&pair.public(), &[b"message"], &signature));
    for index in 0..64 {
        for bit in 0..8 {
            assert!(!verify(&pair.public(), &[b"message"], &flipped(&signature, index, 1 << bit)));
        }
    }
}

#[test]
fn a_response_above_the_group_order_is_refused() {
    // s + L verifies in a careless implementation: it is the same scalar in a second spelling.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let pair = KeyPair::generate(&mut Seeded(3));
    let mut signature = pair.sign(&[b"message"], &mut Seeded(4));
    let sign = signature[63] & 0x80;
    signature[63] &= 0x7f;
    let mut carry = 0u16;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    signature[63] |= sign;
    assert!(!verify(&pair.public(), &[b"message"], &signature));
}

#[test]
fn keys_that_let_anyone_sign_are_refused() {
    // With a key of low order the challenge vanishes, and R = s·B verifies for s = 0, R = the neutral element.
    let mut signature = [0; 64];
    signature[0] = 1;
    for public in low_order_points() {
        for sign in [0, 0x80] {
            signature[63] = sign;
            for message in 0u8..8 {
                assert!(!verify(&PublicKey(public), &[&[message]], &signature), "{public:02x?}");
            }
        }
    }
}

#[test]
fn a_second_spelling_of_a_key_is_refused() {
    let pair = KeyPair::generate(&mut Seeded(5));
    let signature = pair.sign(&[b"message"], &mut Seeded(6));
    let mut other = pair.public().0;
    other[31] |= 0x80;
    assert!(!verify(&PublicKey(other), &[b"message"], &signature));
}

/// The u-coordinates of low order, each in every spelling of 255 bits, as listed in RFC 7748's discussions.
fn low_order_points() -> Vec<[u8; 32]> {
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]
    .iter()
    .map(|text| hex::decode(text).unwrap().try_into().unwrap())
    .collect()
}

#[test]
fn agreement_works_and_refuses_low_order_points() {
    let (a, b) = (KeyPair::generate(&mut Seeded(7)), KeyPair::generate(&mut Seeded(8)));
    assert_eq!(a.agree(&b.public()).unwrap(), b.agree(&a.public()).unwrap());
    for point in low_order_points() {
        assert_eq!(a.agree(&PublicKey(point)), Err(LowOrder));
        let mut with_ignored_bit = point;
        with_ignored_bit[31] |= 0x80;
        assert_eq!(a.agree(&PublicKey(with_ignored_bit)), Err(LowOrder));
    }
}

#[test]
fn agreements_are_the_same_however_they_are_computed() {
    use x25519_dalek::{PublicKey as Point, StaticSecret};
    // Half of all coordinates lie on the curve, half on its twist; some are spelt in a second way.
    let mut rng = Seeded(20);
    for round in 0..64 {
        let mut point: [u8; 32] = random_array(&mut rng);
        if round % 4 == 0 {
            point[1..].fill(0xff);
        }
        let secret: [u8; 32] = random_array(&mut rng);
        let expected = StaticSecret::from(secret).diffie_hellman(&Point::from(point));
        let pair = KeyPair::from_secret(secret);
        match pair.agree(&PublicKey(point)) {
            Ok(shared) => assert_eq!(shared.as_bytes(), expected.as_bytes()),
            Err(LowOrder) => assert!(!expected.was_contributory()),
        }
    }
}

#[test]
fn x25519_equals_rfc_7748() {
    // Section 5.2, the iterated test.
    let (mut k, mut u) = ([0; 32], [0; 32]);
    (k[0], u[0]) = (9, 9);
    for round in 1..=1000 {
        let result = KeyPair::from_secret(k).agree(&PublicKey(u)).unwrap();
        (u, k) = (k, *result.as_bytes());
        if round == 1 {
            assert_eq!(hex::encode(k), "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
        }
    }
    assert_eq!(hex::encode(k), "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

#[test]
fn secrets_are_clamped() {
    let pair = KeyPair::from_secret([0xff; 32]);
    assert_eq!(pair.secret().as_bytes()[0], 0xf8);
    assert_eq!(pair.secret().as_bytes()[31], 0x7f);
    assert_eq!(KeyPair::from_secret(*pair.secret().as_bytes()).public(), pair.public());
}

#[test]
fn pbkdf2_equals_the_vectors() {
    let vectors = vectors();
    for case in vectors["link_code_key_pbkdf2"]["cases"].as_array().unwrap() {
        let rounds = case["iterations"].as_u64().unwrap().try_into().unwrap();
        let key = pbkdf2_sha256(case["code_text"].as_str().unwrap().as_bytes(), &bytes(case, "salt"), rounds);
        assert_eq!(key.as_bytes(), &array(case, "key"));
    }
}

#[test]
fn hkdf_equals_rfc_5869() {
    // Test cases 1 and 3.
    let key = hkdf::<42>(
        Some(&hex::decode("000102030405060708090a0b0c").unwrap()),
        &[0x0b; 22],
        &hex::decode("f0f1f2f3f4f5f6f7f8f9").unwrap(),
    );
    assert_eq!(
        hex::encode(key.as_bytes()),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    );
    let bare = hkdf::<42>(None, &[0x0b; 22], b"");
    assert_eq!(
        hex::encode(bare.as_bytes()),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    );
    assert_eq!(bare, hkdf::<42>(Some(&[0; 32]), &[0x0b; 22], b""));
}

#[test]
fn hmac_equals_rfc_4231() {
    let mac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
    assert_eq!(hex::encode(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

#[test]
fn gcm_opens_what_it_seals_and_nothing_else() {
    let (key, nonce) = ([1; 32], [2; 12]);
    let sealed = gcm::seal(&key, &nonce, b"aad", b"plain");
    assert_eq!(sealed.len(), 5 + gcm::TAG_LENGTH);
    assert_eq!(gcm::open(&key, &nonce, b"aad", &sealed).unwrap(), b"plain");
    for index in 0..sealed.len() {
        assert_eq!(gcm::open(&key, &nonce, b"aad", &flipped(&sealed, index, 1)), None);
        assert!(!gcm::open_in_place(&key, &nonce, b"aad", &mut flipped(&sealed, index, 1)));
    }
    assert_eq!(gcm::open(&key, &nonce, b"", &sealed), None);
    assert_eq!(gcm::open(&key, &[3; 12], b"aad", &sealed), None);
    assert_eq!(gcm::open(&[4; 32], &nonce, b"aad", &sealed), None);
    for length in 0..sealed.len() {
        assert_eq!(gcm::open(&key, &nonce, b"aad", &sealed[..length]), None);
        assert!(!gcm::open_in_place(&key, &nonce, b"aad", &mut sealed[..length].to_vec()));
    }

    let mut buffer = b"headplain".to_vec();
    gcm::seal_tail(&key, &nonce, b"aad", &mut buffer, 4);
    assert_eq!(buffer, [b"head".as_slice(), &sealed].concat());
    let mut buffer = sealed;
    assert!(gcm::open_in_place(&key, &nonce, b"aad", &mut buffer));
    assert_eq!(buffer, b"plain");
}

#[test]
fn ctr_equals_sp_800_38a() {
    // F.5.5, first block.
    let key = hex::decode("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4").unwrap();
    let counter = hex::decode("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").unwrap();
    let mut data = hex::decode("6bc1bee22e409f96e93d7e117393172a").unwrap();
    ctr::apply(&key.try_into().unwrap(), &counter.try_into().unwrap(), &mut data);
    assert_eq!(hex::encode(data), "601ec313775789a5b7a7f504bbf3d228");
}

#[test]
fn secrets_are_not_printed() {
    let pair = KeyPair::from_secret([7; 32]);
    assert_eq!(format!("{:?}", Secret::new([7; 32])), "Secret<32>(..)");
    let printed = format!("{pair:?}");
    assert!(printed.starts_with("KeyPair { public: PublicKey("), "{printed}");
    assert!(!printed.contains(&hex::encode(&pair.public().0[..5])), "{printed}");
}

#[test]
fn the_operating_system_gives_different_bytes() {
    assert_ne!(random_array::<32>(&mut OsRandom), random_array::<32>(&mut OsRandom));
}

#[test]
fn sound_keys_are_canonical_and_not_of_low_order() {
    for point in low_order_points() {
        assert!(!PublicKey(point).is_sound(), "{point:02x?}");
        let mut with_ignored_bit = point;
        with_ignored_bit[31] |= 0x80;
        assert!(!PublicKey(with_ignored_bit).is_sound());
    }
    let key = KeyPair::generate(&mut Seeded(9)).public();
    assert!(key.is_sound());
    assert_eq!(PublicKey::from_typed(&key.with_type_byte()), Some(key));
    assert_eq!(PublicKey::from_typed(&key.0), None);
    assert_eq!(PublicKey::from_typed(&[[6].as_slice(), &key.0].concat()), None);
    assert_eq!(PublicKey::from_typed(&[]), None);
}

#[test]
fn cbc_equals_sp_800_38a_and_pads_strictly() {
    // F.2.5, first block; the padding block follows.
    let key: [u8; 32] = hex::decode("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
        .unwrap()
        .try_into()
        .unwrap();
    let iv: [u8; 16] = hex::decode("000102030405060708090a0b0c0d0e0f").unwrap().try_into().unwrap();
    let plain = hex::decode("6bc1bee22e409f96e93d7e117393172a").unwrap();
    let mut out = b"head".to_vec();
    cbc::encrypt_onto(&key, &iv, &plain, &mut out);
    assert_eq!(out.len(), 4 + cbc::sealed_length(16));
    assert_eq!(hex::encode(&out[..20]), "68656164f58c4c04d6e5f1ba779eabfb5f7bfbd6");
    assert_eq!(cbc::decrypt(&key, &iv, &out[4..]).unwrap(), plain);
    assert_eq!(cbc::decrypt(&key, &iv, &out[4..20]), None);
    assert_eq!(cbc::decrypt(&key, &iv, &[]), None);
    assert_eq!(cbc::decrypt(&key, &iv, &out[4..35]), None);
    for length in 0..40 {
        let mut out = Vec::new();
        cbc::encrypt_onto(&key, &iv, &vec![7; length], &mut out);
        assert_eq!(cbc::decrypt(&key, &iv, &out).unwrap(), vec![7; length]);
    }
}
