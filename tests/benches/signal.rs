//! The cost of encryption in CPU: a message either way, the first contact in both roles, groups, and the records' stored form.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use wa::crypto::{KeyPair, OsRandom};
use wa::signal::{
    Bundle, IdentityKey, Own, OwnSenderKey, PrekeyMessage, RawBundle, ResponderKeys, SenderKeyDistribution,
    SenderKeyMessage, SenderKeyRecord, SessionRecord, SignalMessage,
};

/// A short text, padded.
const TEXT: [u8; 48] = [7; 48];

struct Device {
    identity: KeyPair,
    signed_prekey: KeyPair,
    one_time: KeyPair,
    record: SessionRecord,
}

impl Device {
    fn new() -> Self {
        let [identity, signed_prekey, one_time] = [(); 3].map(|()| KeyPair::generate(&mut OsRandom));
        Self { identity, signed_prekey, one_time, record: SessionRecord::default() }
    }

    fn key(&self) -> IdentityKey {
        IdentityKey::new(self.identity.public()).expect("a key of ours")
    }

    fn check_bundle(&self, signature: &[u8]) -> Bundle {
        RawBundle {
            registration: &[0, 0, 0, 1],
            key_type: None,
            identity: &self.identity.public().0,
            signed_id: &[0, 0, 1],
            signed_value: &self.signed_prekey.public().0,
            signed_signature: signature,
            one_time: Some((&[0, 0, 2], &self.one_time.public().0)),
        }
        .check()
        .expect("a good bundle")
    }

    fn sign_prekey(&self) -> [u8; 64] {
        self.identity.sign(&[&self.signed_prekey.public().with_type_byte()], &mut OsRandom)
    }

    fn open(&mut self, peer: &Self) {
        let bundle = peer.check_bundle(&peer.sign_prekey());
        let own = Own { identity: &self.identity, registration_id: 1 };
        self.record.open(&bundle, own, &peer.key(), &mut OsRandom).expect("a good bundle");
    }

    fn send(&mut self, peer: &IdentityKey) -> Vec<u8> {
        let own = Own { identity: &self.identity, registration_id: 1 };
        self.record.encrypt(&TEXT, own, peer, &mut OsRandom).expect("a session").bytes
    }

    fn read(&mut self, bytes: &[u8], peer: &IdentityKey) -> Vec<u8> {
        let message = SignalMessage::parse(bytes).expect("a message");
        self.record.decrypt(&message, Some(peer)).expect("for us").plaintext
    }

    fn read_first(&self, record: &mut SessionRecord, bytes: &[u8], peer: &IdentityKey) {
        let message = PrekeyMessage::parse(bytes).expect("a message");
        let own = Own { identity: &self.identity, registration_id: 1 };
        let keys = ResponderKeys { signed: Some(&self.signed_prekey), one_time: Some(&self.one_time) };
        record.decrypt_prekey(&message, own, keys, Some(peer)).expect("for us");
    }
}

/// Two devices that have spoken to each other.
fn acquainted() -> (Device, Device) {
    let (mut alice, mut bob) = (Device::new(), Device::new());
    alice.open(&bob);
    let first = alice.send(&bob.key());
    let mut record = SessionRecord::default();
    bob.read_first(&mut record, &first, &alice.key());
    bob.record = record;
    let answer = bob.send(&alice.key());
    alice.read(&answer, &bob.key());
    (alice, bob)
}

fn steady(c: &mut Criterion) {
    let (mut alice, bob) = acquainted();
    c.bench_function("steady/encrypt", |b| b.iter(|| alice.send(&bob.key())));
    let (mut alice, mut bob) = acquainted();
    let (at_alice, at_bob) = (alice.key(), bob.key());
    c.bench_function("steady/encrypt and decrypt", |b| {
        b.iter(|| {
            let message = alice.send(&at_bob);
            bob.read(&message, &at_alice)
        });
    });
    c.bench_function("steady/encrypt, decrypt and save", |b| {
        b.iter(|| {
            let message = alice.send(&at_bob);
            bob.read(&message, &at_alice);
            bob.record.save()
        });
    });
    c.bench_function("steady/a message and its answer", |b| {
        b.iter(|| {
            let message = alice.send(&at_bob);
            bob.read(&message, &at_alice);
            let answer = bob.send(&at_alice);
            alice.read(&answer, &at_bob)
        });
    });
}

fn first_contact(c: &mut Criterion) {
    let (mut alice, bob) = (Device::new(), Device::new());
    let (at_alice, at_bob) = (alice.key(), bob.key());
    let signature = bob.sign_prekey();
    c.bench_function("first contact/check a bundle", |b| b.iter(|| bob.check_bundle(black_box(&signature))));
    let bundle = bob.check_bundle(&signature);
    c.bench_function("first contact/open and encrypt", |b| {
        b.iter(|| {
            let mut record = SessionRecord::default();
            let own = Own { identity: &alice.identity, registration_id: 1 };
            record.open(&bundle, own, &at_bob, &mut OsRandom).expect("a good bundle");
            record.encrypt(&TEXT, own, &at_bob, &mut OsRandom)
        });
    });
    alice.open(&bob);
    let first = alice.send(&at_bob);
    c.bench_function("first contact/receive", |b| {
        b.iter(|| bob.read_first(&mut SessionRecord::default(), black_box(&first), &at_alice));
    });
}

fn groups(c: &mut Criterion) {
    let mut own = OwnSenderKey::generate(&mut OsRandom);
    let distribution = SenderKeyDistribution::parse(&own.distribution()).expect("a key of ours");
    let mut record = SenderKeyRecord::default();
    record.accept(&distribution);
    c.bench_function("group/encrypt", |b| b.iter(|| own.clone().encrypt(&TEXT, &mut OsRandom)));
    c.bench_function("group/decrypt", |b| {
        b.iter_batched(
            || own.encrypt(&TEXT, &mut OsRandom).expect("a message").bytes,
            |bytes| record.decrypt(&SenderKeyMessage::parse(&bytes).expect("a message")).expect("for us"),
            BatchSize::SmallInput,
        );
    });
    // Every second message is never sent, as one client does it, for as long as it takes to fill the store of keys.
    let mut next = || {
        drop(own.encrypt(&TEXT, &mut OsRandom));
        own.encrypt(&TEXT, &mut OsRandom).expect("a message").bytes
    };
    for _ in 0..2100 {
        record.decrypt(&SenderKeyMessage::parse(&next()).expect("a message")).expect("for us");
    }
    c.bench_function("group/decrypt and save, 2000 keys passed over", |b| {
        b.iter_batched(
            &mut next,
            |bytes| {
                record.decrypt(&SenderKeyMessage::parse(&bytes).expect("a message")).expect("for us");
                record.save()
            },
            BatchSize::SmallInput,
        );
    });
}

fn records(c: &mut Criterion) {
    let (_, mut bob) = acquainted();
    let saved = bob.record.save();
    c.bench_function("record/save", |b| b.iter(|| bob.record.save()));
    let cold = saved.cold.as_deref().map(Vec::as_slice);
    c.bench_function("record/decode", |b| b.iter(|| SessionRecord::decode(black_box(&saved.hot), cold)));
}

criterion_group!(benches, steady, first_contact, groups, records);
criterion_main!(benches);
