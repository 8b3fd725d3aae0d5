//! The vectors, pieces of every length, and every kind of damage.

use proptest::prelude::*;

use super::encrypt::encrypt_with;
use super::*;
use crate::crypto::Secret;
use crate::messaging::test_vectors::vectors;

fn bytes(value: &serde_json::Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// Goes through a file in pieces of that length, as a reader does.
fn open(file: &[u8], keys: &MediaKeys, hashes: FileHashes, piece: usize) -> Result<Vec<u8>, MediaError> {
    let mut verifier = Verifier::new(keys);
    file.chunks(piece).for_each(|piece| verifier.update(piece));
    verifier.finish(hashes.encrypted.as_ref())?;
    let (mut decryptor, mut content) = (Decryptor::new(keys), Vec::new());
    file.chunks(piece).for_each(|piece| decryptor.update(piece, &mut content));
    decryptor.finish(hashes.content.as_ref(), &mut content)?;
    Ok(content)
}

#[test]
fn vectors_of_all_kinds() {
    let section = &vectors()["media"];
    let cases = section["cases"].as_array().unwrap();
    assert!(cases.iter().any(|case| {
        case["type"] == FileKind::History.mms_type() && case["hkdf_info"] == FileKind::History.key_info()
    }));
    for case in cases {
        let key = Secret::from_slice(&bytes(&case["media_key"])).unwrap();
        let keys = MediaKeys::with_info(&key, case["hkdf_info"].as_str().unwrap());
        assert_eq!(keys.iv.as_slice(), bytes(&case["iv"]));
        assert_eq!(keys.cipher.as_bytes().as_slice(), bytes(&case["cipher_key"]));
        assert_eq!(keys.code.as_bytes().as_slice(), bytes(&case["mac_key"]));
        let (content, file) = (bytes(&case["plaintext"]), bytes(&case["file"]));
        let made = encrypt_with(&keys, &content);
        assert_eq!(made.bytes, file, "{}", case["type"]);
        assert_eq!(made.hashes.content.unwrap().as_slice(), bytes(&case["file_sha256"]));
        assert_eq!(made.hashes.encrypted.unwrap().as_slice(), bytes(&case["file_enc_sha256"]));
        for piece in [1, 9, 10, 16, 17, 1000] {
            assert_eq!(open(&file, &keys, made.hashes, piece).as_ref(), Ok(&content), "{piece}");
        }
    }
}

#[test]
fn the_history_of_the_vectors() {
    let section = &vectors()["history_sync"];
    let key = Secret::from_slice(&bytes(&section["media_key"])).unwrap();
    let made = encrypt(&key, FileKind::History, &bytes(&section["zlib"]));
    assert_eq!(made.bytes, bytes(&section["file"]));
    assert_eq!(made.hashes.content.unwrap().as_slice(), bytes(&section["file_sha256_of_zlib"]));
    assert_eq!(made.hashes.encrypted.unwrap().as_slice(), bytes(&section["file_enc_sha256"]));
}

#[test]
fn every_kind_of_damage_is_found() {
    let keys = MediaKeys::derive(&Secret::new([7; 32]), FileKind::History);
    let made = encrypt_with(&keys, b"a text of more than one block");
    let none = FileHashes::default();
    for cut in 0..made.bytes.len() {
        let cut = &made.bytes[..cut];
        let expected = if cut.len() > 10 && (cut.len() - 10).is_multiple_of(16) {
            MediaError::Code
        } else {
            MediaError::Length
        };
        assert_eq!(open(cut, &keys, none, 7), Err(expected));
    }
    for place in 0..made.bytes.len() {
        let mut changed = made.bytes.clone();
        changed[place] ^= 1;
        assert_eq!(open(&changed, &keys, none, 64), Err(MediaError::Code), "{place}");
        assert_eq!(open(&changed, &keys, made.hashes, 64), Err(MediaError::EncryptedHash), "{place}");
    }
    let other = FileHashes { content: Some([0; 32]), ..made.hashes };
    assert_eq!(open(&made.bytes, &keys, other, 64), Err(MediaError::ContentHash));
    let others = MediaKeys::derive(&Secret::new([8; 32]), FileKind::History);
    assert_eq!(open(&made.bytes, &others, made.hashes, 64), Err(MediaError::Code));
    // Without the check before it, a decryptor finds what is no padding.
    let (mut decryptor, mut content) = (Decryptor::new(&others), Vec::new());
    decryptor.update(&made.bytes, &mut content);
    assert_eq!(decryptor.finish(None, &mut content), Err(MediaError::Padding));
}

proptest! {
    #[test]
    fn any_content_in_any_pieces(content: Vec<u8>, key: [u8; 32], piece in 1_usize..100) {
        let keys = MediaKeys::derive(&Secret::new(key), FileKind::History);
        let made = encrypt_with(&keys, &content);
        prop_assert_eq!(open(&made.bytes, &keys, made.hashes, piece), Ok(content));
    }
}
