//! Sender keys: the vectors, and what must be refused.

use super::skipped::MOST_SKIPPED;
use super::vector_tests::vectors;
use super::*;
use crate::crypto::KeyPair;
use crate::crypto::testing::{Scripted, Seeded, bytes, hex_of, list};

fn read(record: &mut SenderKeyRecord, message: &[u8]) -> Result<Vec<u8>, SignalError> {
    record.decrypt(&SenderKeyMessage::parse(message)?)
}

fn accept(record: &mut SenderKeyRecord, distribution: &[u8]) -> Accepted {
    record.accept(&SenderKeyDistribution::parse(distribution).unwrap())
}

/// Through the store and back.
fn reload(record: &mut SenderKeyRecord, cold: &mut Option<Vec<u8>>) {
    let saved = record.save();
    if let Some(changed) = saved.cold {
        *cold = Some(changed.to_vec());
    }
    *record = SenderKeyRecord::decode(&saved.hot, cold.as_deref()).unwrap();
}

/// A sender, and a receiver that was given its key.
fn pair(seed: u64) -> (OwnSenderKey, SenderKeyRecord) {
    let own = OwnSenderKey::generate(&mut Seeded(seed));
    let mut record = SenderKeyRecord::default();
    assert_eq!(accept(&mut record, &own.distribution()), Accepted::New);
    (own, record)
}

fn send(own: &mut OwnSenderKey, text: &[u8]) -> Vec<u8> {
    own.encrypt(text, &mut Seeded(9)).unwrap().bytes
}

#[test]
fn vectors_of_the_sender() {
    let section = &vectors()["sender_key"];
    let id = u32::try_from(section["key_id"].as_u64().unwrap()).unwrap();
    let signing = &section["signing_key"];
    // The id is what is left of four bytes when the last bit is cut off.
    let mut rng = Scripted::new(&[
        &(id << 1).to_be_bytes(),
        &hex_of(section, "initial_chain_key"),
        &hex_of(signing, "private"),
    ]);
    let mut own = OwnSenderKey::generate(&mut rng);
    assert!(rng.is_spent());
    assert_eq!(own.distribution(), hex_of(&section["distribution_at_iteration_0"], "bytes"));
    for (iteration, message) in list(section, "messages").iter().enumerate() {
        if iteration == 2 {
            assert_eq!(own.distribution(), hex_of(&section["distribution_at_iteration_2"], "bytes"));
        }
        let mut rng = Scripted::new(&[&bytes::<64>(message, "signature_random64")]);
        let sent = own.encrypt(&hex_of(message, "plaintext_padded"), &mut rng).unwrap();
        assert_eq!(sent.bytes, hex_of(message, "bytes"), "{iteration}");
        assert_eq!(sent.iteration as usize, iteration);
    }
}

#[test]
fn vectors_of_the_receiver() {
    let section = &vectors()["sender_key"];
    let messages = list(section, "messages");
    for (start, order) in [("0", "receive_order_from_iteration_0"), ("2", "receive_order_from_iteration_2")] {
        let mut record = SenderKeyRecord::default();
        let mut cold = None;
        let distribution = &section[format!("distribution_at_iteration_{start}")];
        assert_eq!(accept(&mut record, &hex_of(distribution, "bytes")), Accepted::New);
        for index in list(section, order) {
            let message = &messages[usize::try_from(index.as_u64().unwrap()).unwrap()];
            let plaintext = read(&mut record, &hex_of(message, "bytes")).unwrap();
            assert_eq!(plaintext, hex_of(message, "plaintext_padded"));
            reload(&mut record, &mut cold);
        }
        for index in list(section, "duplicate_must_fail") {
            let message = &messages[usize::try_from(index.as_u64().unwrap()).unwrap()];
            assert_eq!(read(&mut record, &hex_of(message, "bytes")), Err(SignalError::Duplicate));
        }
        if start == "2" {
            // Before the key was given: never readable.
            assert_eq!(read(&mut record, &hex_of(&messages[0], "bytes")), Err(SignalError::Duplicate));
        }
    }
}

#[test]
fn only_the_owner_of_the_key_is_heard() {
    let (mut own, mut record) = pair(1);
    let message = send(&mut own, b"text");
    let before = record.clone().save().hot;
    for position in 0..message.len() {
        let mut changed = message.clone();
        changed[position] ^= 0x41;
        assert!(read(&mut record, &changed).is_err(), "byte {position}");
    }
    for length in 0..message.len() {
        assert!(read(&mut record, &message[..length]).is_err(), "length {length}");
    }
    assert_eq!(read(&mut SenderKeyRecord::default(), &message), Err(SignalError::NoSenderKey));
    let mut forged = message[..message.len() - 64].to_vec();
    let signature = KeyPair::generate(&mut Seeded(500)).sign(&[&forged], &mut Seeded(4));
    forged.extend_from_slice(&signature);
    assert_eq!(read(&mut record, &forged), Err(SignalError::BadSignature));
    assert_eq!(before, record.clone().save().hot);
    assert_eq!(read(&mut record, &message).unwrap(), b"text");
    assert_eq!(read(&mut record, &message), Err(SignalError::Duplicate));
}

#[test]
fn a_key_that_is_given_again_does_not_roll_back() {
    let (mut own, mut record) = pair(1);
    let first = own.distribution();
    let messages: Vec<_> = (0..6u8).map(|text| send(&mut own, &[text])).collect();
    assert_eq!(read(&mut record, &messages[3]).unwrap(), [3]);
    assert_eq!(accept(&mut record, &first), Accepted::Ignored);
    assert_eq!(read(&mut record, &messages[3]), Err(SignalError::Duplicate));
    assert_eq!(accept(&mut record, &own.distribution()), Accepted::Kept);
    for index in [5, 0, 4, 2, 1] {
        assert_eq!(read(&mut record, &messages[index]).unwrap(), [index as u8]);
    }

    // The same number with another chain, and with another signing key.
    let other = OwnSenderKey::generate(&mut Seeded(50));
    for signing in [&own, &other] {
        let distribution = SenderKeyDistribution {
            key_id: own.id(),
            chain: kdf::Chain { key: kdf::ChainKey([3; 32].into()), counter: 6 },
            signing_key: SenderKeyDistribution::parse(&signing.distribution()).unwrap().signing_key,
        };
        assert_eq!(record.accept(&distribution), Accepted::Replaced);
        assert_eq!(record.accept(&distribution), Accepted::Kept);
    }
}

#[test]
fn five_keys_are_kept() {
    let mut record = SenderKeyRecord::default();
    let mut keys: Vec<_> = (0..6).map(|seed| OwnSenderKey::generate(&mut Seeded(seed * 100))).collect();
    for key in &keys {
        assert_eq!(accept(&mut record, &key.distribution()), Accepted::New);
    }
    let results: Vec<_> = keys.iter_mut().map(|key| read(&mut record, &send(key, b"x")).is_ok()).collect();
    assert_eq!(results, [false, true, true, true, true, true]);

    let mut other = SenderKeyRecord::default();
    let mut late: Vec<_> = (0..3).map(|seed| OwnSenderKey::generate(&mut Seeded(seed + 7000))).collect();
    for key in keys[4..].iter().chain(&late[..]) {
        accept(&mut other, &key.distribution());
    }
    other.absorb(record);
    let all = keys[4..].iter_mut().chain(&mut late);
    assert!(all.map(|key| read(&mut other, &send(key, b"y"))).all(|result| result.is_ok()));
}

#[test]
fn a_sender_that_burns_every_second_key_costs_little() {
    let (mut own, mut record) = pair(1);
    let mut cold = None;
    let (mut hot_most, mut cold_written) = (0, 0);
    let mut burnt = Vec::new();
    for round in 0..2 * MOST_SKIPPED + 200 {
        burnt.push(send(&mut own, b"burnt"));
        let message = send(&mut own, b"kept");
        read(&mut record, &message).unwrap();
        let saved = record.save();
        hot_most = hot_most.max(saved.hot.len());
        if let Some(changed) = saved.cold {
            cold_written += 1;
            cold = Some(changed.to_vec());
        }
        if round % 97 == 0 {
            record = SenderKeyRecord::decode(&saved.hot, cold.as_deref()).unwrap();
            assert_eq!(record.save().hot, saved.hot);
        }
    }
    assert!(hot_most < 2600, "{hot_most}");
    assert!(cold_written < 2 * MOST_SKIPPED / 30 + 20, "{cold_written}");
    // The newest that were passed over are still readable, the oldest are not.
    let total = burnt.len();
    for (index, expected) in [
        (total - MOST_SKIPPED - 1, Err(SignalError::Duplicate)),
        (total - MOST_SKIPPED, Ok(b"burnt".to_vec())),
        (total - 1000, Ok(b"burnt".to_vec())),
        (total - 1, Ok(b"burnt".to_vec())),
        (total - 1000, Err(SignalError::Duplicate)),
    ] {
        assert_eq!(read(&mut record, &burnt[index]), expected);
        reload(&mut record, &mut cold);
    }
}

#[test]
fn jumps_have_a_limit() {
    let (own, record) = pair(1);
    let mut ahead = own.clone();
    ahead.sending_advance(20_000);
    assert_eq!(read(&mut record.clone(), &send(&mut ahead, b"far")).unwrap(), b"far");
    let mut record = record;
    assert_eq!(read(&mut record, &send(&mut ahead, b"too far")), Err(SignalError::TooFarAhead));
}

#[test]
fn a_lease_is_never_used_twice() {
    let (mut own, mut record) = pair(1);
    assert!(!own.encrypt(b"0", &mut Seeded(9)).unwrap().is_covered);
    own.lease(3);
    let stored = own.save();
    for counter in 1..=4 {
        let sent = own.encrypt(b"x", &mut Seeded(9)).unwrap();
        assert_eq!((sent.iteration, sent.is_covered), (counter, counter < 4));
        read(&mut record, &sent.bytes).unwrap();
    }
    // Killed after three covered messages were sent; the fourth was never committed, and so never left.
    let mut again = OwnSenderKey::decode(&stored).unwrap();
    assert_eq!(again.iteration(), 4);
    assert!(!again.encrypt(b"x", &mut Seeded(9)).unwrap().is_covered);
}
