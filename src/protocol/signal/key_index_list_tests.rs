use serde_json::Value;

use super::*;
use crate::crypto::testing::{Scripted, Seeded, bytes, hex_of, list, text};

#[test]
fn vectors_signed_key_index_list() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/pairing-vectors.json")).unwrap();
    let section = &vectors["signed_key_index_list"];
    let account = KeyPair::from_secret(bytes(&vectors["pair_success"], "primary_identity_priv"));
    assert_eq!(account.public().0, bytes(section, "signer_pub"));
    let number = |key: &str| u32::try_from(section[key].as_u64().unwrap()).unwrap();
    let indexes = KeyIndexes {
        raw_id: number("rawId"),
        timestamp: u64::from(number("timestamp")),
        current: number("currentIndex"),
        valid: list(section, "validIndexes").iter().map(|v| v.as_u64().unwrap() as u32).collect(),
    };
    assert_eq!(text(section, "prefix"), hex::encode(PREFIX));
    let mut script = Scripted::new(&[&bytes::<64>(section, "Z")]);
    let signed = indexes.sign(&account, &mut script);
    assert_eq!(signed, hex_of(section, "signed_list"));
    assert!(verify(&account.public(), &[&hex_of(section, "message")], &hex_of(section, "signature")));
    assert_eq!(KeyIndexes::verify(&signed, &account.public()), Some(indexes.clone()));

    let mut rng = Seeded(1);
    assert_eq!(KeyIndexes::verify(&signed, &KeyPair::generate(&mut rng).public()), None);
    for position in 0..signed.len() {
        let mut changed = signed.clone();
        changed[position] ^= 1;
        assert_eq!(KeyIndexes::verify(&changed, &account.public()), None, "byte {position}");
    }
    for (index, valid) in [(0, true), (1, false), (3, true), (6, false), (7, true), (8, true)] {
        assert_eq!(indexes.contains(index), valid, "{index}");
    }
}

#[test]
fn a_hosted_account_signs_its_list_with_its_own_prefix() {
    let mut rng = Seeded(2);
    let account = KeyPair::generate(&mut rng);
    let details = AdvKeyIndexList {
        raw_id: Some(1),
        timestamp: Some(2),
        current_index: Some(3),
        valid_indexes: vec![0, 3],
        account_type: Some(AdvEncryptionType::Hosted as i32),
    }
    .encode_to_vec();
    let mut list = |prefix: [u8; 2]| {
        let signature = account.sign(&[&prefix, &details], &mut rng);
        AdvSignedKeyIndexList {
            details: Some(details.clone()),
            account_signature: Some(signature.to_vec()),
            account_signature_key: None,
        }
        .encode_to_vec()
    };
    let expected = KeyIndexes { raw_id: 1, timestamp: 2, current: 3, valid: vec![0, 3] };
    assert_eq!(KeyIndexes::verify(&list([6, 7]), &account.public()), Some(expected));
    assert_eq!(KeyIndexes::verify(&list([6, 2]), &account.public()), None);
}
