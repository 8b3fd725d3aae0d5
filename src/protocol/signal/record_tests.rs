//! Records: what conversations at random do not reach. Limits, identities, replay, leases, bundles.

use super::skipped::MOST_SKIPPED;
use super::*;
use crate::crypto::testing::Seeded;
use crate::crypto::{KeyPair, PublicKey};

/// A device with its keys.
struct IdentityProof {
    identity: KeyPair,
    signed_prekey: KeyPair,
    rng: Seeded,
}

impl IdentityProof {
    fn new(seed: u64) -> Self {
        let mut rng = Seeded(seed);
        Self { identity: KeyPair::generate(&mut rng), signed_prekey: KeyPair::generate(&mut rng), rng }
    }

    fn key(&self) -> IdentityKey {
        IdentityKey::new(self.identity.public()).unwrap()
    }

    fn own(&self) -> Own<'_> {
        Own { identity: &self.identity, registration_id: 9 }
    }

    fn bundle(&mut self) -> Bundle {
        let signature = self.identity.sign(&[&self.signed_prekey.public().with_type_byte()], &mut self.rng);
        raw(&self.identity.public(), &self.signed_prekey.public(), &signature).check().unwrap()
    }

    fn open(&mut self, record: &mut SessionRecord, peer: &mut Self) {
        let bundle = peer.bundle();
        let own = Own { identity: &self.identity, registration_id: 9 };
        record.open(&bundle, own, &peer.key(), &mut self.rng).unwrap();
    }

    fn send(&mut self, record: &mut SessionRecord, peer: &Self, text: &[u8]) -> Outgoing {
        let own = Own { identity: &self.identity, registration_id: 9 };
        record.encrypt(text, own, &peer.key(), &mut self.rng).unwrap()
    }

    fn read(
        &self,
        record: &mut SessionRecord,
        message: &Outgoing,
        pin: Option<&IdentityKey>,
    ) -> Result<Decrypted, SignalError> {
        match message.kind {
            Kind::Msg => record.decrypt(&SignalMessage::parse(&message.bytes)?, pin),
            Kind::Pkmsg => {
                let keys = ResponderKeys { signed: Some(&self.signed_prekey), one_time: None };
                record.decrypt_prekey(&PrekeyMessage::parse(&message.bytes)?, self.own(), keys, pin)
            }
        }
    }
}

fn raw<'a>(identity: &'a PublicKey, signed: &'a PublicKey, signature: &'a [u8]) -> RawBundle<'a> {
    RawBundle {
        registration: &[0, 0, 0, 9],
        key_type: Some(&[5]),
        identity: &identity.0,
        signed_id: &[0, 0, 1],
        signed_value: &signed.0,
        signed_signature: signature,
        one_time: None,
    }
}

/// Alice has opened a session with Bob, and he has answered.
struct Pair {
    alice: IdentityProof,
    bob: IdentityProof,
    at_alice: SessionRecord,
    at_bob: SessionRecord,
}

impl Pair {
    fn new() -> Self {
        let mut pair = Self {
            alice: IdentityProof::new(1),
            bob: IdentityProof::new(1000),
            at_alice: SessionRecord::default(),
            at_bob: SessionRecord::default(),
        };
        pair.alice.open(&mut pair.at_alice, &mut pair.bob);
        let first = pair.say(b"first");
        assert_eq!(pair.at_bob_read(&first).unwrap().origin, Origin::New);
        let answer = pair.bob.send(&mut pair.at_bob, &pair.alice, b"answer");
        pair.alice.read(&mut pair.at_alice, &answer, Some(&pair.bob.key())).unwrap();
        pair
    }

    fn say(&mut self, text: &[u8]) -> Outgoing {
        self.alice.send(&mut self.at_alice, &self.bob, text)
    }

    fn at_bob_read(&mut self, message: &Outgoing) -> Result<Decrypted, SignalError> {
        self.bob.read(&mut self.at_bob, message, Some(&self.alice.key()))
    }
}

#[test]
fn messages_open_a_session_until_it_is_answered() {
    let (mut alice, mut bob) = (IdentityProof::new(1), IdentityProof::new(1000));
    let (mut at_alice, mut at_bob) = (SessionRecord::default(), SessionRecord::default());
    alice.open(&mut at_alice, &mut bob);
    for _ in 0..3 {
        assert_eq!(alice.send(&mut at_alice, &bob, b"x").kind, Kind::Pkmsg);
    }
    let message = alice.send(&mut at_alice, &bob, b"x");
    assert!(at_alice.current().unwrap().is_pending);
    bob.read(&mut at_bob, &message, None).unwrap();
    let answer = bob.send(&mut at_bob, &alice, b"y");
    assert_eq!(answer.kind, Kind::Msg);
    alice.read(&mut at_alice, &answer, None).unwrap();
    assert!(!at_alice.current().unwrap().is_pending);
    assert_eq!(alice.send(&mut at_alice, &bob, b"z").kind, Kind::Msg);
}

#[test]
fn what_was_used_is_not_stored() {
    let (mut alice, mut bob) = (IdentityProof::new(1), IdentityProof::new(1000));
    let (mut at_alice, mut at_bob) = (SessionRecord::default(), SessionRecord::default());
    alice.open(&mut at_alice, &mut bob);
    let first = alice.send(&mut at_alice, &bob, b"x");
    bob.read(&mut at_bob, &first, None).unwrap();
    let holds = |record: &mut SessionRecord, secret: &[u8; 32]| {
        record.cold_changed = true;
        let saved = record.save();
        [&saved.hot, saved.cold.as_ref().unwrap()]
            .iter()
            .any(|value| value.windows(32).any(|window| window == secret))
    };
    assert!(!holds(&mut at_bob, bob.signed_prekey.secret().as_bytes()));

    let ratchet = at_alice.current.as_ref().unwrap().ratchet.clone().unwrap();
    let chain = at_alice.current.as_ref().unwrap().sending.as_ref().unwrap().chain.key.clone();
    let answer = bob.send(&mut at_bob, &alice, b"y");
    assert!(holds(&mut at_alice, ratchet.secret().as_bytes()));
    assert!(holds(&mut at_alice, chain.0.as_bytes()));
    alice.read(&mut at_alice, &answer, None).unwrap();
    assert!(!holds(&mut at_alice, ratchet.secret().as_bytes()));
    assert!(!holds(&mut at_alice, chain.0.as_bytes()));
}

#[test]
fn a_jump_has_a_limit_and_the_newest_skipped_keys_are_kept() {
    let mut pair = Pair::new();
    let early: Vec<_> = (0..3).map(|_| pair.say(b"early")).collect();
    let skip = |pair: &mut Pair, count: u32| {
        let sending = pair.at_alice.current.as_mut().unwrap().sending.as_mut().unwrap();
        sending.chain = sending.chain.advanced(count);
    };
    skip(&mut pair, 17_996);
    let late: Vec<_> = (0..2000).map(|_| pair.say(b"late")).collect();
    skip(&mut pair, 1);
    let far = pair.say(b"far");
    assert_eq!(pair.at_bob_read(&far).unwrap().plaintext, b"far", "20000 ahead");
    assert_eq!(pair.at_bob_read(&early[0]), Err(SignalError::Duplicate), "given up");
    assert_eq!(pair.at_bob_read(&late[0]), Err(SignalError::Duplicate), "the oldest of 2001");
    let mut cold = None;
    for index in [1, 2, MOST_SKIPPED - 1] {
        assert_eq!(pair.at_bob_read(&late[index]).unwrap().plaintext, b"late");
        let saved = pair.at_bob.save();
        cold = saved.cold.or(cold);
        pair.at_bob = SessionRecord::decode(&saved.hot, cold.as_deref().map(Vec::as_slice)).unwrap();
    }
    skip(&mut pair, 20_001);
    let too_far = pair.say(b"too far");
    assert_eq!(pair.at_bob_read(&too_far), Err(SignalError::TooFarAhead));
    pair.at_bob.archive_current();
    let mut other = Pair::new();
    other.at_bob.archive_current();
    other.say(b"first of a chain");
    skip(&mut other, 2001);
    let far = other.say(b"far for an archived session");
    assert_eq!(other.at_bob_read(&far), Err(SignalError::TooFarAhead));
}

#[test]
fn skipped_keys_hardly_cost_when_saved() {
    let mut pair = Pair::new();
    let passed: Vec<_> = (0..200).map(|_| pair.say(b"passed")).collect();
    let next = pair.say(b"next");
    pair.at_bob_read(&next).unwrap();
    let first = pair.at_bob.save();
    let cold = first.cold.unwrap();
    assert!(cold.len() > 168 * 36 && first.hot.len() < 1900);
    let next = pair.say(b"next");
    pair.at_bob_read(&next).unwrap();
    let second = pair.at_bob.save();
    assert!(second.cold.is_none());
    pair.at_bob = SessionRecord::decode(&second.hot, Some(&cold)).unwrap();
    for message in &passed {
        assert_eq!(pair.at_bob_read(message).unwrap().plaintext, b"passed");
    }
    let saved = pair.at_bob.save();
    assert!(saved.cold.unwrap().len() < 100, "used keys are gone from the older part as well");
    assert!(SessionRecord::decode(&second.hot, None).is_err());
    assert!(SessionRecord::decode(&saved.hot, Some(&cold)).is_err(), "not stored together");
}

#[test]
fn a_replayed_opening_is_known_even_after_its_session_is_gone() {
    let (mut alice, mut bob) = (IdentityProof::new(1), IdentityProof::new(1000));
    let (mut at_alice, mut at_bob) = (SessionRecord::default(), SessionRecord::default());
    let mut openings = Vec::new();
    for _ in 0..record::MOST_ARCHIVED + 5 {
        alice.open(&mut at_alice, &mut bob);
        openings.push(alice.send(&mut at_alice, &bob, b"open"));
        let last = openings.last().unwrap();
        assert_eq!(bob.read(&mut at_bob, last, None).unwrap().origin, Origin::New);
    }
    assert_eq!(at_bob.archive.len(), record::MOST_ARCHIVED);
    let saved = at_bob.save();
    let mut at_bob = SessionRecord::decode(&saved.hot, Some(&saved.cold.unwrap())).unwrap();
    for opening in &openings {
        assert_eq!(bob.read(&mut at_bob, opening, None), Err(SignalError::Duplicate));
    }
}

#[test]
fn a_used_one_time_prekey_is_an_error_only_for_a_new_session() {
    let (mut alice, mut bob) = (IdentityProof::new(1), IdentityProof::new(1000));
    let (mut at_alice, mut at_bob) = (SessionRecord::default(), SessionRecord::default());
    let one_time = KeyPair::generate(&mut bob.rng);
    let public = one_time.public();
    let signature = bob.identity.sign(&[&bob.signed_prekey.public().with_type_byte()], &mut bob.rng);
    let (identity, signed) = (bob.identity.public(), bob.signed_prekey.public());
    let with_key =
        RawBundle { one_time: Some((&[0, 0, 5], &public.0)), ..raw(&identity, &signed, &signature) };
    let own = Own { identity: &alice.identity, registration_id: 9 };
    at_alice.open(&with_key.check().unwrap(), own, &bob.key(), &mut alice.rng).unwrap();
    let messages = [0, 1].map(|_| alice.send(&mut at_alice, &bob, b"x"));
    let parsed = messages.each_ref().map(|message| PrekeyMessage::parse(&message.bytes).unwrap());

    let keys = ResponderKeys { signed: Some(&bob.signed_prekey), one_time: None };
    let id = PrekeyId::new(5).unwrap();
    let result = at_bob.decrypt_prekey(&parsed[0], bob.own(), keys, None);
    assert_eq!(result, Err(SignalError::UnknownPrekey(id)));
    assert!(!at_bob.knows(&parsed[0]));
    let keys = ResponderKeys { one_time: Some(&one_time), ..keys };
    let read = at_bob.decrypt_prekey(&parsed[0], bob.own(), keys, None).unwrap();
    assert_eq!(read.used_prekey, Some(id));
    assert!(at_bob.knows(&parsed[1]));
    let read = at_bob.decrypt_prekey(&parsed[1], bob.own(), ResponderKeys::default(), None).unwrap();
    assert_eq!((read.used_prekey, read.origin), (None, Origin::Current));
}

#[test]
fn a_session_of_another_identity_is_read_but_not_sent_on() {
    let mut pair = Pair::new();
    let in_flight = [0, 1].map(|_| pair.say(b"in flight"));
    // Alice's device was set up anew.
    let mut new_alice = IdentityProof::new(5000);
    let mut at_new_alice = SessionRecord::default();
    new_alice.open(&mut at_new_alice, &mut pair.bob);
    let opening = new_alice.send(&mut at_new_alice, &pair.bob, b"new");
    let (old, new) = (pair.alice.key(), new_alice.key());
    assert_eq!(pair.bob.read(&mut pair.at_bob, &opening, Some(&old)), Err(SignalError::UntrustedIdentity));
    let read = pair.bob.read(&mut pair.at_bob, &opening, Some(&new)).unwrap();
    assert_eq!((read.origin, read.identity), (Origin::New, new));

    let read = pair.bob.read(&mut pair.at_bob, &in_flight[0], Some(&new)).unwrap();
    assert_eq!((read.origin, read.identity), (Origin::OldIdentity, old));
    assert_eq!(pair.at_bob.current().unwrap().identity, new);
    assert!(pair.at_bob.can_send(&new) && !pair.at_bob.can_send(&old));
    let own = pair.bob.own();
    assert_eq!(pair.at_bob.encrypt(b"x", own, &old, &mut Seeded(1)), Err(SignalError::NoSession));

    let read = pair.bob.read(&mut pair.at_bob, &in_flight[1], Some(&new)).unwrap();
    assert_eq!(read.origin, Origin::OldIdentity);
    // A current session whose pin was replaced by other means is not sent on either, and still read.
    let more = new_alice.send(&mut at_new_alice, &pair.bob, b"more");
    assert_eq!(pair.bob.read(&mut pair.at_bob, &more, Some(&old)).unwrap().origin, Origin::OldIdentity);
}

#[test]
fn nobody_opens_a_session_with_oneself_or_a_stranger() {
    let (mut alice, mut bob) = (IdentityProof::new(1), IdentityProof::new(1000));
    let mut record = SessionRecord::default();
    let (own_bundle, bundle) = (alice.bundle(), bob.bundle());
    let rng = &mut Seeded(3);
    assert_eq!(record.open(&own_bundle, alice.own(), &alice.key(), rng), Err(SignalError::OwnIdentity));
    assert_eq!(record.open(&bundle, alice.own(), &alice.key(), rng), Err(SignalError::UntrustedIdentity));
    assert!(record.is_empty());
    // Alice cannot read her own message to Bob.
    record.open(&bundle, alice.own(), &bob.key(), rng).unwrap();
    let message = alice.send(&mut record, &bob, b"x");
    let read = alice.read(&mut SessionRecord::default(), &message, None);
    assert_eq!(read, Err(SignalError::OwnIdentity));
}

#[test]
fn a_message_does_not_go_back_to_its_sender() {
    let mut pair = Pair::new();
    let message = pair.say(b"x");
    let read = pair.alice.read(&mut pair.at_alice, &message, None);
    assert_eq!(read, Err(SignalError::BadMac));
}

#[test]
fn a_lease_covers_what_it_says_and_survives_a_kill() {
    let mut pair = Pair::new();
    let first = pair.say(b"0");
    assert!(!first.is_covered);
    pair.at_alice.lease(3);
    let saved = pair.at_alice.save();
    let sent: Vec<_> = (0..4).map(|_| pair.say(b"x")).collect();
    assert_eq!(sent.iter().map(|sent| sent.is_covered).collect::<Vec<_>>(), [true, true, true, false]);
    let counter = |sent: &Outgoing| SignalMessage::parse(&sent.bytes).unwrap().counter;
    let cold = saved.cold.map(|cold| cold.to_vec());
    let mut again = SessionRecord::decode(&saved.hot, cold.as_deref()).unwrap();
    let next = pair.alice.send(&mut again, &pair.bob, b"y");
    assert_eq!(counter(&next), counter(&sent[2]) + 1);
    assert!(!next.is_covered);
    // Saving for another reason keeps the rest of the reservation.
    again.lease(5);
    let _ = again.save();
    assert!(pair.alice.send(&mut again, &pair.bob, b"y").is_covered);
    let _ = again.save();
    assert!(pair.alice.send(&mut again, &pair.bob, b"y").is_covered);
    // A new chain is covered by nothing.
    pair.at_alice = again;
    let message = pair.say(b"z");
    pair.at_bob_read(&message).unwrap();
    let answer = pair.bob.send(&mut pair.at_bob, &pair.alice, b"answer");
    pair.alice.read(&mut pair.at_alice, &answer, None).unwrap();
    let _ = pair.at_alice.save();
    assert!(!pair.say(b"z").is_covered);
}

#[test]
fn the_last_counter_is_never_used() {
    let mut pair = Pair::new();
    pair.say(b"first of a chain");
    let sending = pair.at_alice.current.as_mut().unwrap().sending.as_mut().unwrap();
    sending.chain.counter = u32::MAX - 1;
    pair.say(b"last");
    let own = pair.alice.own();
    let result = pair.at_alice.encrypt(b"x", own, &pair.bob.key(), &mut Seeded(1));
    assert_eq!(result, Err(SignalError::ChainExhausted));
}

#[test]
fn records_of_two_addresses_become_one() {
    let mut pair = Pair::new();
    let to_old = pair.say(b"to the old address");
    let mut at_new = SessionRecord::default();
    pair.alice.open(&mut pair.at_alice, &mut pair.bob);
    let to_new = pair.say(b"to the new address");
    pair.bob.read(&mut at_new, &to_new, None).unwrap();
    let old = std::mem::take(&mut pair.at_bob);
    let replayed = old.clone();

    let session = at_new.current().unwrap().base_key;
    at_new.absorb(old);
    assert_eq!(at_new.current().unwrap().base_key, session);
    assert_eq!(pair.bob.read(&mut at_new, &to_old, None).unwrap().origin, Origin::Promoted);

    let mut empty = SessionRecord::default();
    let session = replayed.current().unwrap().base_key;
    empty.absorb(replayed);
    assert_eq!(empty.current().unwrap().base_key, session);
    assert_eq!(pair.bob.read(&mut empty, &to_old, None).unwrap().origin, Origin::Current);
}

#[test]
fn bad_bundles_are_refused() {
    let mut bob = IdentityProof::new(1);
    let (identity, signed) = (bob.identity.public(), bob.signed_prekey.public());
    let signature = bob.identity.sign(&[&signed.with_type_byte()], &mut bob.rng);
    let over_raw = bob.identity.sign(&[&signed.0], &mut bob.rng);
    let good = raw(&identity, &signed, &signature);
    let one_time = |id, value| RawBundle { one_time: Some((id, value)), ..good };
    let checked = good.check().unwrap();
    assert_eq!((checked.registration_id(), checked.has_one_time()), (9, false));
    assert_eq!(checked.identity().key(), identity);
    assert!(one_time(&[0, 0, 1], &identity.0).check().unwrap().has_one_time());
    assert!(RawBundle { key_type: None, ..good }.check().is_ok());
    for (bundle, error) in [
        (RawBundle { registration: &[0, 0, 9], ..good }, SignalError::Malformed("registration id")),
        (RawBundle { key_type: Some(&[6]), ..good }, SignalError::InvalidKey),
        (RawBundle { identity: &identity.0[1..], ..good }, SignalError::InvalidKey),
        (RawBundle { identity: &[0; 32], ..good }, SignalError::InvalidKey),
        (RawBundle { identity: &[0xff; 32], ..good }, SignalError::InvalidKey),
        (RawBundle { signed_id: &[1], ..good }, SignalError::Malformed("prekey id")),
        (RawBundle { signed_value: &[], ..good }, SignalError::InvalidKey),
        (RawBundle { signed_value: &identity.0, ..good }, SignalError::BadSignature),
        (RawBundle { signed_signature: &signature[1..], ..good }, SignalError::BadSignature),
        (RawBundle { signed_signature: &over_raw, ..good }, SignalError::BadSignature),
        (one_time(&[0, 1], &identity.0), SignalError::Malformed("prekey id")),
        (one_time(&[0, 0, 1], &[0; 32]), SignalError::InvalidKey),
        (one_time(&[0, 0, 1], &[7; 31]), SignalError::InvalidKey),
    ] {
        assert_eq!(bundle.check().map(drop), Err(error));
    }
}

#[test]
fn reactions_are_those_of_the_table() {
    let retry = |error: SignalError| match error.reaction() {
        Reaction::Retry { code, keys } => Some((code as u8, keys)),
        Reaction::Duplicate => None,
    };
    let id = PrekeyId::new(1).unwrap();
    for (error, expected) in [
        (SignalError::NoSession, Some((1, Keys::AtOnce))),
        (SignalError::UnknownPrekey(id), Some((3, Keys::AtOnce))),
        (SignalError::UnknownSignedPrekey(id), Some((3, Keys::AtOnce))),
        (SignalError::BadMac, Some((7, Keys::FromSecond))),
        (SignalError::TooFarAhead, Some((6, Keys::AtOnce))),
        (SignalError::InvalidKey, Some((2, Keys::FromSecond))),
        (SignalError::Malformed("x"), Some((4, Keys::FromSecond))),
        (SignalError::UnsupportedVersion(4), Some((4, Keys::FromSecond))),
        (SignalError::BadCiphertext, Some((9, Keys::FromSecond))),
        (SignalError::Duplicate, None),
        (SignalError::NoSenderKey, Some((1, Keys::AtOnceUnlessPairwise))),
        (SignalError::BadSignature, Some((5, Keys::FromSecond))),
        (DeviceIdentityError::Missing.into(), Some((12, Keys::FromSecond))),
    ] {
        assert_eq!(retry(error), expected, "{error:?}");
    }
}

#[test]
fn prekey_numbers() {
    assert_eq!(PrekeyId::new(0x0100_0000), None);
    let id = PrekeyId::from_be3(&[1, 2, 3]).unwrap();
    assert_eq!((id.get(), id.to_be3()), (0x01_0203, [1, 2, 3]));
    assert_eq!(PrekeyId::from_be3(&[1, 2]), None);
    assert_eq!(PrekeyId::new(0xff_fffd).unwrap().following().get(), 0xff_fffe);
    assert_eq!(PrekeyId::new(0xff_fffe).unwrap().following().get(), 1);
    assert_eq!(PrekeyId::new(0xff_ffff).unwrap().following().get(), 1);
    assert_eq!(PrekeyId::new(0).unwrap().following().get(), 1);
}

#[test]
fn signed_prekeys_are_rotated_and_kept() {
    const DAY: i64 = 86_400_000;
    assert!(!signed_prekey_is_due(0, 27 * DAY - 1, 27 * DAY));
    assert!(signed_prekey_is_due(0, 27 * DAY, 27 * DAY));
    assert!(signed_prekey_is_due(400 * DAY, 0, 27 * DAY), "a clock that was a year ahead");
    assert!(!signed_prekey_is_spent(0, 1000 * DAY, 3));
    assert!(signed_prekey_is_spent(0, 90 * DAY, 4));
    assert!(!signed_prekey_is_spent(0, 90 * DAY - 1, 4));
}

#[test]
fn nothing_secret_is_printed() {
    let mut pair = Pair::new();
    let message = pair.say(b"secret text");
    let read = pair.at_bob_read(&message).unwrap();
    let saved = pair.at_bob.save();
    let printed = format!("{read:?} {:?} {saved:?} {:?}", pair.at_bob, pair.bob.own());
    assert!(!printed.contains("115, 101, 99") && !printed.contains("secret text"), "{printed}");
    let root = pair.at_bob.current.as_ref().unwrap().root.as_bytes();
    assert!(!printed.contains(&hex::encode(&root[..4])), "{printed}");
}
