//! Conversations at random: whatever is lost, repeated, delayed or changed, whoever opens, archives, restarts or is killed,
//! each message is read once, or refused for the reason it should be, and a refusal leaves no trace.

use std::collections::{HashMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::crypto::KeyPair;
use crate::crypto::testing::Seeded;

/// One of two devices, its store, and what a reader of the specification expects of it.
struct Party {
    identity: KeyPair,
    signed_prekey: KeyPair,
    one_time: HashMap<PrekeyId, KeyPair>,
    next_id: PrekeyId,
    record: SessionRecord,
    hot: Vec<u8>,
    cold: Option<Vec<u8>>,
    rng: Seeded,
    /// The peer's chains that can be read, by session, the newest first; and those that no longer can.
    chains: HashMap<BaseKey, Vec<RatchetKey>>,
    evicted: HashSet<RatchetKey>,
    inbox: Vec<Sent>,
    used: HashSet<(RatchetKey, u32)>,
}

struct Sent {
    kind: Kind,
    bytes: Vec<u8>,
    plaintext: Vec<u8>,
    session: BaseKey,
    was_read: bool,
}

fn key(pair: &KeyPair) -> IdentityKey {
    IdentityKey::new(pair.public()).unwrap()
}

fn snapshot(record: &SessionRecord) -> (Vec<u8>, Vec<u8>) {
    let mut copy = record.clone();
    copy.cold_changed = true;
    let saved = copy.save();
    (saved.hot.to_vec(), saved.cold.unwrap().to_vec())
}

impl Party {
    fn new(seed: u64) -> Self {
        let mut rng = Seeded(seed);
        Self {
            identity: KeyPair::generate(&mut rng),
            signed_prekey: KeyPair::generate(&mut rng),
            one_time: HashMap::new(),
            next_id: PrekeyId::new(0x00ff_fffd).unwrap(),
            record: SessionRecord::default(),
            hot: SessionRecord::default().save().hot.to_vec(),
            cold: None,
            rng,
            chains: HashMap::new(),
            evicted: HashSet::new(),
            inbox: Vec::new(),
            used: HashSet::new(),
        }
    }

    fn bundle(&mut self, with_one_time: bool) -> Bundle {
        let message = self.signed_prekey.public().with_type_byte();
        let signature = self.identity.sign(&[&message], &mut self.rng);
        let one_time = with_one_time.then(|| {
            let (id, pair) = (self.next_id, KeyPair::generate(&mut self.rng));
            self.next_id = id.following();
            let parts = (id.to_be3(), pair.public());
            self.one_time.insert(id, pair);
            parts
        });
        RawBundle {
            registration: &[0, 0, 0, 7],
            key_type: None,
            identity: &self.identity.public().0,
            signed_id: &[0, 0, 1],
            signed_value: &self.signed_prekey.public().0,
            signed_signature: &signature,
            one_time: one_time.as_ref().map(|(id, public)| (id.as_slice(), public.0.as_slice())),
        }
        .check()
        .unwrap()
    }

    fn commit(&mut self) {
        let saved = self.record.save();
        self.hot = saved.hot.to_vec();
        if let Some(cold) = saved.cold {
            self.cold = Some(cold.to_vec());
        }
    }

    /// The process was killed: what was not committed is gone.
    fn restart(&mut self) {
        self.record = SessionRecord::decode(&self.hot, self.cold.as_deref()).unwrap();
        assert_eq!(*self.record.clone().save().hot, self.hot);
    }

    fn open(&mut self, peer: &mut Self, with_one_time: bool) {
        let bundle = peer.bundle(with_one_time);
        let own = Own { identity: &self.identity, registration_id: 1 };
        self.record.open(&bundle, own, &key(&peer.identity), &mut self.rng).unwrap();
        let session = self.record.current().unwrap().base_key;
        let first = RatchetKey::new(peer.signed_prekey.public()).unwrap();
        self.chains.insert(session, vec![first]);
        self.commit();
    }

    fn send(&mut self, peer: &mut Self, plaintext: Vec<u8>, lease: u32) {
        let own = Own { identity: &self.identity, registration_id: 1 };
        let pin = key(&peer.identity);
        if !self.record.can_send(&pin) {
            let result = self.record.encrypt(&plaintext, own, &pin, &mut self.rng);
            assert_eq!(result, Err(SignalError::NoSession));
            return;
        }
        let sent = self.record.encrypt(&plaintext, own, &pin, &mut self.rng).unwrap();
        if !sent.is_covered {
            self.record.lease(lease);
            self.commit();
        }
        let message = match sent.kind {
            Kind::Pkmsg => PrekeyMessage::parse(&sent.bytes).unwrap().message,
            Kind::Msg => SignalMessage::parse(&sent.bytes).unwrap(),
        };
        assert!(self.used.insert((message.ratchet_key, message.counter)), "a message key was used twice");
        let session = self.record.current().unwrap().base_key;
        peer.inbox.push(Sent { kind: sent.kind, bytes: sent.bytes, plaintext, session, was_read: false });
    }

    fn read(&mut self, kind: Kind, bytes: &[u8], peer: &IdentityKey) -> Result<Decrypted, SignalError> {
        let own = Own { identity: &self.identity, registration_id: 1 };
        if kind == Kind::Msg {
            return self.record.decrypt(&SignalMessage::parse(bytes)?, Some(peer));
        }
        let message = PrekeyMessage::parse(bytes)?;
        let keys = if self.record.knows(&message) {
            ResponderKeys::default()
        } else {
            ResponderKeys {
                signed: Some(&self.signed_prekey).filter(|_| message.signed_prekey_id.get() == 1),
                one_time: message.prekey_id.and_then(|id| self.one_time.get(&id)),
            }
        };
        let read = self.record.decrypt_prekey(&message, own, keys, Some(peer))?;
        if let Some(id) = read.used_prekey {
            self.one_time.remove(&id);
        }
        Ok(read)
    }

    fn deliver(&mut self, peer: &IdentityKey, index: usize) {
        let Some(index) = index.checked_rem(self.inbox.len()) else { return };
        let sent = &self.inbox[index];
        let (kind, bytes, session) = (sent.kind, sent.bytes.clone(), sent.session);
        let message = match kind {
            Kind::Pkmsg => PrekeyMessage::parse(&bytes).unwrap().message,
            Kind::Msg => SignalMessage::parse(&bytes).unwrap(),
        };
        let ratchet_key = message.ratchet_key;
        let is_lost = self.evicted.contains(&ratchet_key);
        let before = snapshot(&self.record);
        let result = self.read(kind, &bytes, peer);
        let sent = &mut self.inbox[index];
        match result {
            Ok(read) => {
                assert!(!sent.was_read, "read twice");
                assert!(!is_lost, "read on a chain that was given up");
                assert_eq!(read.plaintext, sent.plaintext);
                assert_eq!(read.origin == Origin::New, !self.chains.contains_key(&session));
                assert_eq!(self.record.current().unwrap().base_key, session);
                sent.was_read = true;
                let chains = self.chains.entry(session).or_default();
                if !chains.contains(&ratchet_key) {
                    chains.insert(0, ratchet_key);
                    self.evicted.extend(chains.drain(5.min(chains.len())..));
                }
                self.commit();
            }
            Err(error) => {
                assert!(sent.was_read || is_lost, "refused: {error}");
                if !is_lost {
                    assert_eq!(error, SignalError::Duplicate);
                }
                assert!(before == snapshot(&self.record), "a refused message left a trace");
            }
        }
    }

    /// Delivers a message that was changed on its way.
    fn deliver_changed(&mut self, peer: &IdentityKey, index: usize, bit: usize) {
        let Some(index) = index.checked_rem(self.inbox.len()) else { return };
        let (kind, mut bytes) = (self.inbox[index].kind, self.inbox[index].bytes.clone());
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mut copy = self.record.clone();
        std::mem::swap(&mut copy, &mut self.record);
        let one_time = self.one_time.clone();
        let result = self.read(kind, &bytes, peer);
        self.one_time = one_time;
        match result {
            // The envelope is not authenticated, and not needed once the session is known.
            Ok(read) => {
                assert_eq!(kind, Kind::Pkmsg);
                assert_eq!(read.plaintext, self.inbox[index].plaintext);
            }
            Err(_) => assert!(snapshot(&copy) == snapshot(&self.record), "a refused message left a trace"),
        }
        self.record = copy;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn conversations(steps in vec((0u8..16, any::<bool>(), any::<u16>(), any::<u16>()), 1..160)) {
        let mut parties = [Party::new(1), Party::new(1_000_000)];
        let keys = parties.each_ref().map(|party| key(&party.identity));
        let mut opened = 0;
        for (step, who, a, b) in steps {
            let [one, two] = &mut parties;
            let (me, peer, peer_key) = if who { (one, two, keys[1]) } else { (two, one, keys[0]) };
            match step {
                // The archive holds 40: what falls out of it is another test.
                0 if opened < 35 => {
                    opened += 1;
                    me.open(peer, a % 2 == 0);
                }
                1 => {
                    me.record.archive_current();
                    me.commit();
                }
                2 => me.restart(),
                3 => me.deliver_changed(&peer_key, a.into(), b.into()),
                4..=8 => {
                    if me.record.is_empty() && opened < 35 {
                        opened += 1;
                        me.open(peer, a % 2 == 0);
                    }
                    me.send(peer, vec![b as u8; usize::from(a % 40)], u32::from(a % 5));
                }
                _ => me.deliver(&peer_key, a.into()),
            }
        }
        // In the end everything that can still be read is.
        for (me, peer) in [(0, 1), (1, 0)] {
            for index in 0..parties[me].inbox.len() {
                parties[me].deliver(&keys[peer], index);
            }
            let me = &parties[me];
            assert!(me.inbox.iter().all(|sent| sent.was_read || !me.evicted.is_empty()));
        }
    }

    #[test]
    fn groups(steps in vec((0u8..12, any::<u16>()), 1..200)) {
        let mut rng = Seeded(1);
        let mut own = OwnSenderKey::generate(&mut rng);
        let mut stored = own.save().to_vec();
        let mut record = SenderKeyRecord::default();
        let (mut hot, mut cold) = (record.save().hot.to_vec(), None);
        // Key, number, bytes, whether it was read; the last keys that were given, the newest first, and from where on.
        let mut wire: Vec<(u32, u32, Vec<u8>, bool)> = Vec::new();
        let mut given: Vec<(u32, u32)> = Vec::new();
        for (step, a) in steps {
            match step {
                0 => {
                    own = OwnSenderKey::generate(&mut rng);
                    stored = own.save().to_vec();
                }
                1 | 2 => {
                    let accepted = record.accept(&SenderKeyDistribution::parse(&own.distribution()).unwrap());
                    let is_known = given.iter().any(|(id, _)| *id == own.id());
                    prop_assert_eq!(accepted == Accepted::New, !is_known);
                    prop_assert!(accepted != Accepted::Replaced);
                    if !is_known {
                        given.insert(0, (own.id(), own.iteration()));
                        given.truncate(5);
                    }
                }
                // Killed, and started again.
                3 => own = OwnSenderKey::decode(&stored).unwrap(),
                4 => record = SenderKeyRecord::decode(&hot, cold.as_deref()).unwrap(),
                5..=7 => {
                    let sent = own.encrypt(&a.to_be_bytes(), &mut rng).unwrap();
                    if !sent.is_covered {
                        own.lease(u32::from(a % 4));
                        stored = own.save().to_vec();
                    }
                    prop_assert!(wire.iter().all(|(id, i, ..)| (*id, *i) != (own.id(), sent.iteration)));
                    wire.push((own.id(), sent.iteration, sent.bytes, false));
                }
                _ => {
                    let count = wire.len();
                    let Some(index) = usize::from(a).checked_rem(count) else { continue };
                    let (id, iteration, bytes, was_read) = &mut wire[index];
                    let expected = match given.iter().find(|(given, _)| given == id) {
                        None => Err(SignalError::NoSenderKey),
                        Some((_, from)) if *was_read || *iteration < *from => Err(SignalError::Duplicate),
                        Some(_) => Ok(()),
                    };
                    let result = record.decrypt(&SenderKeyMessage::parse(bytes).unwrap());
                    prop_assert_eq!(result.map(drop), expected);
                    *was_read |= expected.is_ok();
                }
            }
            let saved = record.save();
            hot = saved.hot.to_vec();
            if let Some(changed) = saved.cold {
                cold = Some(changed.to_vec());
            }
        }
    }

    #[test]
    fn hostile_bytes_are_refused_without_a_panic(bytes in vec(any::<u8>(), 0..300), version in any::<bool>()) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut().filter(|_| version) {
            *first = 0x33;
        }
        let _ = PrekeyMessage::parse(&bytes);
        let _ = SenderKeyDistribution::parse(&bytes);
        prop_assert!(SessionRecord::decode(&bytes, Some(&bytes)).is_err());
        prop_assert!(OwnSenderKey::decode(&bytes).is_err() || bytes.len() == 105);
        let _ = SenderKeyRecord::decode(&bytes, None);
        let _ = unpad(&bytes);
        if let Ok(message) = SignalMessage::parse(&bytes) {
            prop_assert_eq!(
                SessionRecord::default().decrypt(&message, None).map(drop),
                Err(SignalError::NoSession)
            );
        }
    }

    #[test]
    fn damaged_records_are_refused_or_harmless(changes in vec((any::<u16>(), any::<u8>()), 1..4), cut in any::<u16>()) {
        let (mut alice, mut bob) = (Party::new(1), Party::new(1_000_000));
        let keys = [key(&alice.identity), key(&bob.identity)];
        alice.open(&mut bob, true);
        bob.open(&mut alice, false);
        for _ in 0..3 {
            alice.send(&mut bob, vec![1], 0);
        }
        bob.deliver(&keys[0], 2);
        bob.send(&mut alice, vec![2], 0);
        alice.deliver(&keys[1], 0);
        let whole = snapshot(&bob.record);
        for place in 0..2 {
            let mut damaged = [whole.0.clone(), whole.1.clone()];
            let length = damaged[place].len();
            for (position, bits) in &changes {
                damaged[place][usize::from(*position) % length] ^= bits;
            }
            if cut % 4 == 0 {
                damaged[place].truncate(usize::from(cut) % length);
            }
            let Ok(mut record) = SessionRecord::decode(&damaged[0], Some(&damaged[1])) else { continue };
            let own = Own { identity: &bob.identity, registration_id: 1 };
            for sent in &bob.inbox {
                if let Ok(message) = PrekeyMessage::parse(&sent.bytes) {
                    let _ = record.decrypt_prekey(&message, own, ResponderKeys::default(), None);
                }
            }
            let _ = record.encrypt(&[1], own, &keys[0], &mut Seeded(5));
            record.lease(10);
            let _ = record.save();
        }
    }
}
