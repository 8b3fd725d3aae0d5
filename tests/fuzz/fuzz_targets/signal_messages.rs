//! Pairwise messages: whatever the bytes, parsing and trying them on a session never panics, and a message that is refused
//! leaves the session as it was.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use wa::crypto::{KeyPair, Random};
use wa::signal::{IdentityKey, Own, PrekeyMessage, RawBundle, ResponderKeys, SessionRecord, SignalMessage};

/// Counted up: the same run for the same input.
struct Counter(u8);

impl Random for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_mul(5).wrapping_add(7);
            *byte = self.0;
        }
    }
}

/// A device with a session that it opened, and messages for it.
struct World {
    alice: KeyPair,
    bob: KeyPair,
    signed_prekey: KeyPair,
    at_bob: SessionRecord,
    messages: Vec<Vec<u8>>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let rng = &mut Counter(1);
        let [alice, bob, signed_prekey] = [(); 3].map(|()| KeyPair::generate(rng));
        let signature = bob.sign(&[&signed_prekey.public().with_type_byte()], rng);
        let bundle = RawBundle {
            registration: &[0, 0, 0, 1],
            key_type: None,
            identity: &bob.public().0,
            signed_id: &[0, 0, 1],
            signed_value: &signed_prekey.public().0,
            signed_signature: &signature,
            one_time: None,
        };
        let bundle = bundle.check().expect("a good bundle");
        let own = Own { identity: &alice, registration_id: 1 };
        let peer = *bundle.identity();
        let mut at_alice = SessionRecord::default();
        at_alice.open(&bundle, own, &peer, rng).expect("a good bundle");
        let mut messages = Vec::new();
        for _ in 0..4 {
            messages.push(at_alice.encrypt(&[1; 20], own, &peer, rng).expect("a session").bytes);
        }
        let mut at_bob = SessionRecord::default();
        let keys = ResponderKeys { signed: Some(&signed_prekey), one_time: None };
        let first = PrekeyMessage::parse(&messages[2]).expect("a message");
        let own = Own { identity: &bob, registration_id: 1 };
        at_bob.decrypt_prekey(&first, own, keys, None).expect("for bob");
        World { alice, bob, signed_prekey, at_bob, messages }
    })
}

// Either any bytes, or a good message with some of them changed.
fuzz_target!(|input: (u8, &[u8])| {
    let (choice, bytes) = input;
    let world = world();
    let mut message = bytes.to_vec();
    let base = usize::from(choice >> 1) % (world.messages.len() + 1);
    if let Some(good) = world.messages.get(base) {
        message.clone_from(good);
        for change in bytes.chunks_exact(2) {
            let length = message.len();
            message[usize::from(change[0]) % length] ^= change[1];
        }
    }
    let mut record = if choice & 1 == 0 { SessionRecord::default() } else { world.at_bob.clone() };
    let before = record.clone().save().hot;
    let own = Own { identity: &world.bob, registration_id: 1 };
    let keys = ResponderKeys { signed: Some(&world.signed_prekey), one_time: Some(&world.signed_prekey) };
    let pin = IdentityKey::new(world.alice.public()).expect("a good key");
    let mut results = Vec::new();
    if let Ok(parsed) = SignalMessage::parse(&message) {
        results.push(record.decrypt(&parsed, Some(&pin)));
    }
    if let Ok(parsed) = PrekeyMessage::parse(&message) {
        results.push(record.decrypt_prekey(&parsed, own, keys, Some(&pin)));
    }
    for result in &results {
        if let Ok(read) = result {
            assert_eq!(read.identity, pin);
            assert_eq!(read.plaintext, [1; 20]);
        }
    }
    if results.iter().all(Result::is_err) {
        assert_eq!(before, record.save().hot);
    }
});
