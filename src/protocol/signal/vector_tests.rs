//! Everything in `tests/vectors/signal-vectors.json`, which was made by an independent program and checked with three
//! unrelated implementations.

use std::sync::OnceLock;

use serde_json::Value;

use super::kdf::{Chain, ChainKey, MessageKeys, Seed, first_keys, root_step};
use super::*;
use crate::crypto::testing::{Scripted, bytes, hex_of, list, text};
use crate::crypto::{KeyPair, PublicKey, Secret, verify};

pub(super) fn vectors() -> &'static Value {
    static VECTORS: OnceLock<Value> = OnceLock::new();
    VECTORS.get_or_init(|| {
        serde_json::from_str(include_str!("../../../tests/vectors/signal-vectors.json")).unwrap()
    })
}

fn pair(section: &Value) -> KeyPair {
    let pair = KeyPair::from_secret(bytes(section, "private"));
    assert_eq!(pair.public().0, bytes(section, "public"));
    pair
}

fn numbered(section: &Value) -> (PrekeyId, KeyPair) {
    (PrekeyId::new(number(section, "id")).unwrap(), pair(section))
}

fn number(section: &Value, key: &str) -> u32 {
    u32::try_from(section[key].as_u64().unwrap_or_else(|| panic!("no number {key}"))).unwrap()
}

/// A party with its long-term keys and its sessions with the other one.
struct Party {
    identity: KeyPair,
    registration_id: u32,
    signed_prekey: (PrekeyId, KeyPair),
    one_time_prekey: Option<(PrekeyId, KeyPair)>,
    record: SessionRecord,
    peer: IdentityKey,
}

impl Party {
    fn new(name: &str, peer: &str) -> Self {
        let section = &vectors()["parties"][name];
        Self {
            identity: pair(&section["identity"]),
            registration_id: number(section, "registration_id"),
            signed_prekey: numbered(&section["signed_prekey"]),
            one_time_prekey: section.get("one_time_prekey").map(numbered),
            record: SessionRecord::default(),
            peer: IdentityKey::from_slice(&hex_of(&vectors()["parties"][peer]["identity"], "public"))
                .unwrap(),
        }
    }

    fn own(&self) -> Own<'_> {
        Own { identity: &self.identity, registration_id: self.registration_id }
    }

    fn open(&mut self, peer: &str, with_one_time: bool, keys: &mut Scripted) {
        let bundle = bundle(peer, with_one_time);
        let own = Own { identity: &self.identity, registration_id: self.registration_id };
        self.record.open(&bundle, own, &self.peer, keys).unwrap();
        assert!(keys.is_spent());
    }

    fn send(&mut self, padded: &[u8], keys: &mut Scripted) -> Outgoing {
        let own = Own { identity: &self.identity, registration_id: self.registration_id };
        self.record.encrypt(padded, own, &self.peer, keys).unwrap()
    }

    fn receive(&mut self, kind: &str, bytes: &[u8]) -> Result<Decrypted, SignalError> {
        let own = Own { identity: &self.identity, registration_id: self.registration_id };
        if kind == "msg" {
            return self.record.decrypt(&SignalMessage::parse(bytes)?, Some(&self.peer));
        }
        let message = PrekeyMessage::parse(bytes)?;
        let keys = ResponderKeys {
            signed: Some(&self.signed_prekey.1).filter(|_| message.signed_prekey_id == self.signed_prekey.0),
            one_time: self
                .one_time_prekey
                .as_ref()
                .filter(|(id, _)| message.prekey_id == Some(*id))
                .map(|(_, pair)| pair),
        };
        self.record.decrypt_prekey(&message, own, keys, Some(&self.peer))
    }
}

fn bundle(name: &str, with_one_time: bool) -> Bundle {
    let section = &vectors()["parties"][name];
    let signed = &section["signed_prekey"];
    let id = |section: &Value| PrekeyId::new(number(section, "id")).unwrap().to_be3();
    let one_time = &section["one_time_prekey"];
    let one_time = with_one_time.then(|| (id(one_time), hex_of(one_time, "public")));
    RawBundle {
        registration: &number(section, "registration_id").to_be_bytes(),
        key_type: Some(&[5]),
        identity: &hex_of(&section["identity"], "public"),
        signed_id: &id(signed),
        signed_value: &hex_of(signed, "public"),
        signed_signature: &hex_of(signed, "signature"),
        one_time: one_time.as_ref().map(|(id, value)| (id.as_slice(), value.as_slice())),
    }
    .check()
    .unwrap()
}

fn secret(section: &Value, key: &str) -> Secret<32> {
    Secret::new(bytes(section, key))
}

fn assert_keys(seed: &Seed, expected: &Value) {
    let keys = MessageKeys::new(seed);
    assert_eq!(*keys.cipher(), bytes(expected, "cipher_key"));
    assert_eq!(*keys.mac(), bytes(expected, "mac_key"));
    assert_eq!(*keys.iv(), bytes(expected, "iv"));
}

#[test]
fn xeddsa() {
    for case in list(vectors(), "xeddsa_sign") {
        let pair = KeyPair::from_secret(bytes(case, "private_key"));
        assert_eq!(pair.public().0, bytes(case, "public_key"));
        let (message, signature) = (hex_of(case, "message"), hex_of(case, "signature"));
        assert!(verify(&pair.public(), &[&message], &signature));
        if text(case, "style") == "signbit" {
            let signed = pair.sign(&[&message], &mut Scripted::new(&[&hex_of(case, "random64")]));
            assert_eq!(signed.as_slice(), signature, "{}", case["name"]);
        }
    }
    for case in list(vectors(), "xeddsa_verify") {
        let key = PublicKey(bytes(case, "public_key"));
        let is_right = verify(&key, &[&hex_of(case, "message")], &hex_of(case, "signature"));
        assert_eq!(is_right, case["valid"].as_bool().unwrap(), "{}", case["name"]);
    }
}

#[test]
fn signed_prekeys() {
    for name in ["alice", "bob"] {
        let section = &vectors()["parties"][name];
        let signed = &section["signed_prekey"];
        let message = PublicKey(bytes(signed, "public")).with_type_byte();
        let identity = pair(&section["identity"]).public();
        assert!(verify(&identity, &[&message], &hex_of(signed, "signature")));
        if let Some(randomness) = signed.get("signature_randomness").and_then(Value::as_str) {
            let mut rng = Scripted::new(&[&hex::decode(randomness).unwrap()]);
            let signature = pair(&section["identity"]).sign(&[&message], &mut rng);
            assert_eq!(signature.as_slice(), hex_of(signed, "signature"));
        }
    }
}

#[test]
fn x3dh_values() {
    for case in list(vectors(), "x3dh") {
        let with_one_time = case["one_time_prekey_used"].as_bool().unwrap();
        let initiator = &case["initiator"];
        let (base, ratchet) = (pair(&initiator["base_key"]), pair(&initiator["first_sending_ratchet_key"]));
        let (alice, bob) = (Party::new("alice", "bob"), Party::new("bob", "alice"));
        let agreed = [
            ("dh1_identityA_signedprekeyB", &alice.identity, &bob.signed_prekey.1),
            ("dh2_baseA_identityB", &base, &bob.identity),
            ("dh3_baseA_signedprekeyB", &base, &bob.signed_prekey.1),
            ("dh4_baseA_onetimeB", &base, &bob.one_time_prekey.as_ref().unwrap().1),
        ];
        let mut master = vec![0xff; 32];
        for (name, one, other) in &agreed[..3 + usize::from(with_one_time)] {
            let shared = one.agree(&other.public()).unwrap();
            assert_eq!(shared, other.agree(&one.public()).unwrap());
            assert_eq!(shared, secret(case, name), "{name}");
            master.extend_from_slice(shared.as_bytes());
        }
        assert_eq!(master, hex_of(case, "master_secret"));
        let (root, chain) = first_keys(&master);
        assert_eq!(root, secret(case, "root_key_0"));
        assert_eq!(chain.0, secret(case, "chain_key_0_unused_responder_sending_chain"));
        let shared = ratchet.agree(&bob.signed_prekey.1.public()).unwrap();
        assert_eq!(shared, secret(case, "ratchet_dh_aliceRatchet0_signedprekeyB"));
        let (root, chain) = root_step(&root, &shared);
        assert_eq!(root, secret(case, "root_key_1"));
        assert_eq!(chain.0, secret(case, "initiator_sending_chain_key_counter_0"));

        let mut key = chain;
        for expected in list(case, "initiator_message_keys") {
            assert_eq!(key.0, secret(expected, "chain_key"));
            let (seed, next) = key.step();
            assert_eq!(seed.0, secret(expected, "message_seed"));
            assert_keys(&seed, expected);
            assert!(next == key.next());
            key = next;
        }
        assert_eq!(key.0, secret(case, "chain_key_counter_3"));

        // The session that is opened has just these keys.
        let mut alice = alice;
        let mut keys = Scripted::new(&[base.secret().as_bytes(), ratchet.secret().as_bytes()]);
        alice.open("bob", with_one_time, &mut keys);
        let state = alice.record.current.as_ref().unwrap();
        assert_eq!(state.root, secret(case, "root_key_1"));
        let sending = &state.sending.as_ref().unwrap().chain;
        assert_eq!(sending.key.0, secret(case, "initiator_sending_chain_key_counter_0"));
        let receiving = &state.receiving[0];
        assert_eq!(receiving.chain.key.0, secret(case, "chain_key_0_unused_responder_sending_chain"));
        assert_eq!(receiving.ratchet_key.key(), bob.signed_prekey.1.public());
    }
}

#[test]
fn long_chain() {
    let section = &vectors()["long_chain"]["points"];
    let start = Chain::new(ChainKey(secret(&section["0"], "chain_key")));
    for (counter, point) in section.as_object().unwrap() {
        let chain = start.advanced(counter.parse().unwrap());
        assert_eq!(chain.key.0, secret(point, "chain_key"));
        assert_keys(&chain.key.step().0, point);
    }
}

#[test]
fn prekey_messages() {
    for case in list(vectors(), "prekey_message") {
        let with_one_time = case["one_time_prekey_used"].as_bool().unwrap();
        let whole = hex_of(case, "bytes");
        let parsed = PrekeyMessage::parse(&whole).unwrap();
        let (fields, inner) = (&case["fields"], &case["inner"]);
        assert_eq!(parsed.prekey_id.map(PrekeyId::get), fields["preKeyId_1"].as_u64().map(|id| id as u32));
        assert_eq!(parsed.base_key.key().with_type_byte(), bytes(fields, "baseKey_2"));
        assert_eq!(parsed.identity.key().with_type_byte(), bytes(fields, "identityKey_3"));
        assert_eq!(parsed.registration_id, number(fields, "registrationId_5"));
        assert_eq!(parsed.signed_prekey_id.get(), number(fields, "signedPreKeyId_6"));
        assert_eq!(parsed.message.ratchet_key.key().with_type_byte(), bytes(inner, "ratchetKey_1"));
        assert_eq!(parsed.message.counter, number(inner, "counter_2"));
        assert_eq!(parsed.message.previous_counter, number(inner, "previousCounter_3"));

        let mut bob = Party::new("bob", "alice");
        let read = bob.receive("pkmsg", &whole).unwrap();
        assert_eq!(read.plaintext, hex_of(case, "decrypted_padded"));
        assert_eq!(unpad(&read.plaintext).unwrap(), hex_of(case, "unpadded"));
        assert_eq!(read.origin, Origin::New);
        assert_eq!(read.used_prekey, parsed.prekey_id);
        assert_eq!(read.identity, bob.peer);

        let x3dh = &list(vectors(), "x3dh")[usize::from(!with_one_time)]["initiator"];
        let keys = [&x3dh["base_key"], &x3dh["first_sending_ratchet_key"]].map(|key| hex_of(key, "private"));
        let mut alice = Party::new("alice", "bob");
        alice.open("bob", with_one_time, &mut Scripted::new(&[&keys[0], &keys[1]]));
        let sent = alice.send(&read.plaintext, &mut Scripted::new(&[]));
        assert_eq!((sent.kind, sent.bytes), (Kind::Pkmsg, whole));
    }
}

#[test]
fn what_must_fail_fails_and_changes_nothing() {
    let base = hex_of(&vectors()["must_fail_base"], "bytes");
    let mut bob = Party::new("bob", "alice");
    assert_eq!(bob.receive("pkmsg", &base).unwrap().origin, Origin::New);

    let expected = [
        ("MAC altered", SignalError::BadMac),
        ("inner version nibble 2", SignalError::UnsupportedVersion(2)),
        ("inner version nibble 4", SignalError::UnsupportedVersion(4)),
        ("outer version nibble 4", SignalError::UnsupportedVersion(4)),
        ("MAC computed with the identities in the other order", SignalError::BadMac),
        ("base key all zero (low order)", SignalError::InvalidKey),
        ("identity key all zero", SignalError::InvalidKey),
        ("identity key replaced by another valid key", SignalError::UntrustedIdentity),
        ("base key type byte 0x06", SignalError::InvalidKey),
        ("base key 32 bytes, no type byte (strict)", SignalError::InvalidKey),
        ("truncated", SignalError::Malformed("protobuf")),
        ("unknown signed prekey id", SignalError::UnknownSignedPrekey(PrekeyId::new(41395).unwrap())),
        ("unknown one-time prekey id", SignalError::UnknownPrekey(PrekeyId::new(50133).unwrap())),
        (
            "base key all zero, everything else consistent with all-zero DH results (MAC is right)",
            SignalError::InvalidKey,
        ),
    ];
    let cases = list(vectors(), "must_fail");
    assert_eq!(cases.len(), expected.len());
    for (case, (why, error)) in cases.iter().zip(expected) {
        assert_eq!(text(case, "why"), why);
        let mut bob = Party::new("bob", "alice");
        let before = bob.record.save().hot;
        assert_eq!(bob.receive("pkmsg", &hex_of(case, "bytes")), Err(error), "{why}");
        assert_eq!(before, bob.record.save().hot);
    }

    // Without a pin nothing speaks against the other identity but the code, and that does.
    let replaced = hex_of(&cases[7], "bytes");
    let bob = Party::new("bob", "alice");
    let keys = ResponderKeys {
        signed: Some(&bob.signed_prekey.1),
        one_time: bob.one_time_prekey.as_ref().map(|(_, pair)| pair),
    };
    let mut record = SessionRecord::default();
    let message = PrekeyMessage::parse(&replaced).unwrap();
    assert_eq!(record.decrypt_prekey(&message, bob.own(), keys, None), Err(SignalError::BadMac));
    assert!(record.is_empty());
}

#[test]
fn low_order_keys() {
    let keys = list(&vectors()["low_order_public_keys"], "keys");
    assert_eq!(keys.len(), 14);
    let pair = pair(&vectors()["parties"]["alice"]["identity"]);
    for key in keys {
        let key = PublicKey(hex::decode(key.as_str().unwrap()).unwrap().try_into().unwrap());
        assert_eq!(IdentityKey::new(key), Err(SignalError::InvalidKey));
        assert!(pair.agree(&key).is_err());
    }
}

/// The next ratchet key of a party, drawn when it next sends.
#[derive(Default)]
struct Due(Option<Vec<u8>>);

impl Due {
    fn take(&mut self) -> Scripted {
        self.0.take().map_or_else(|| Scripted::new(&[]), |key| Scripted::new(&[&key]))
    }
}

#[test]
fn conversation() {
    let section = &vectors()["conversation"];
    let mut parties = [Party::new("alice", "bob"), Party::new("bob", "alice")];
    let mut due = [Due::default(), Due::default()];
    let opening =
        [&section["alice_base_key"], &section["alice_ratchet_keys"][0]].map(|k| hex_of(k, "private"));
    parties[0].open("bob", true, &mut Scripted::new(&[&opening[0], &opening[1]]));
    for event in list(section, "events") {
        let who = usize::from(text(event, "by") == "bob");
        let id = text(event, "message");
        let message = list(section, "messages").iter().find(|message| text(message, "id") == id).unwrap();
        let party = &mut parties[who];
        if text(event, "op") == "send" {
            let mut keys = due[who].take();
            let sent = party.send(&hex_of(message, "plaintext_padded"), &mut keys);
            assert!(keys.is_spent(), "{id}");
            assert_eq!(sent.kind.as_str(), text(message, "type"));
            assert_eq!(sent.bytes, hex_of(message, "bytes"), "{id}");
            let state = party.record.current.as_ref().unwrap();
            assert_eq!(state.root, secret(event, "sender_root_key_after"));
            let chain = &state.sending.as_ref().unwrap().chain;
            assert_eq!(chain.key.0, secret(event, "sender_chain_key_after"));
            assert_eq!(chain.counter, number(event, "sender_next_counter"));
            assert_eq!(state.previous_counter, number(message, "previous_counter"));
            continue;
        }
        let before = party.record.clone().save().hot;
        let result = party.receive(text(message, "type"), &hex_of(message, "bytes"));
        if text(event, "expect") == "duplicate" {
            assert_eq!(result, Err(SignalError::Duplicate), "{id}");
            assert_eq!(before, party.record.clone().save().hot);
            continue;
        }
        let read = result.unwrap();
        assert_eq!(read.plaintext, hex_of(message, "plaintext_padded"), "{id}");
        assert_eq!(unpad(&read.plaintext).unwrap(), hex_of(message, "plaintext"));
        if event["ratchet_step"].as_bool().unwrap() {
            due[who].0 = Some(hex_of(&event["receiver_sending_ratchet"], "private"));
        }
        // The root after both halves of the step.
        let mut state = party.record.current.clone().unwrap();
        let script = due[who].0.clone().unwrap_or_default();
        state.answer_ratchet(&mut Scripted::new(&[&script])).unwrap();
        assert_eq!(state.root, secret(event, "receiver_root_key_after"), "{id}");
        let held: serde_json::Map<String, Value> = state
            .receiving
            .iter()
            .filter(|receiving| !receiving.skipped.counters().is_empty())
            .map(|receiving| {
                let key = hex::encode(receiving.ratchet_key.key().with_type_byte());
                (key, receiving.skipped.counters().into())
            })
            .collect();
        assert_eq!(Value::Object(held), event["skipped_keys_held"], "{id}");
    }
}

#[test]
fn simultaneous_initiation() {
    let section = &vectors()["simultaneous_initiation"];
    let mut parties = [Party::new("alice", "bob"), Party::new("bob", "alice")];
    let mut due = [Due::default(), Due::default()];
    for (party, name, peer) in [(0, "alice", "bob"), (1, "bob", "alice")] {
        let keys = [0, 1].map(|index| hex_of(&section["keys"][name][index], "private"));
        parties[party].open(peer, false, &mut Scripted::new(&[&keys[0], &keys[1]]));
    }
    let sessions = parties.each_ref().map(|party| party.record.current().unwrap().base_key);
    let events = list(section, "events");
    for event in events {
        let who = usize::from(text(event, "by") == "bob");
        let id = text(event, "message");
        let name_of = |record: &SessionRecord| match record.current().unwrap().base_key {
            key if key == sessions[0] => "X (opened by alice)",
            key if key == sessions[1] => "Y (opened by bob)",
            _ => "another",
        };
        let party = &mut parties[who];
        if text(event, "op") == "send" {
            let mut keys = due[who].take();
            let sent = party.send(&hex_of(event, "plaintext_padded"), &mut keys);
            assert!(keys.is_spent(), "{id}");
            assert_eq!(name_of(&party.record), text(event, "on_session"));
            assert_eq!(sent.kind.as_str(), text(event, "type"));
            assert_eq!(sent.bytes, hex_of(event, "bytes"), "{id}");
            continue;
        }
        let message =
            events.iter().find(|sent| text(sent, "op") == "send" && text(sent, "message") == id).unwrap();
        let read = party.receive(text(message, "type"), &hex_of(message, "bytes")).unwrap();
        assert_eq!(read.plaintext, hex_of(message, "plaintext_padded"), "{id}");
        let origin = match text(event, "decrypted_by") {
            "new session built from the pkmsg" => Origin::New,
            "archived session, now promoted" => Origin::Promoted,
            "current session" => Origin::Current,
            other => panic!("{other}"),
        };
        assert_eq!(read.origin, origin, "{id}");
        assert_eq!(name_of(&party.record), text(event, "current_session_after"), "{id}");
        due[who].0 = Some(hex_of(&event["adopted_sending_ratchet"], "private"));
        // Through the store and back at every step.
        let saved = party.record.save();
        let cold = saved.cold.expect("an archive changed, or a session");
        party.record = SessionRecord::decode(&saved.hot, Some(&cold)).unwrap();
        party.record.cold_changed = true;
    }
}

#[test]
fn padding() {
    let section = &vectors()["padding"];
    for case in list(section, "valid") {
        assert_eq!(unpad(&hex_of(case, "padded")).unwrap(), hex_of(case, "unpadded"));
    }
    for case in list(section, "invalid") {
        assert_eq!(unpad(&hex_of(case, "padded")), Err(BadPadding), "{}", case["why"]);
    }
    for byte in 0..=255 {
        let mut message = b"abc".to_vec();
        pad(&mut message, &mut Scripted::new(&[&[byte]]));
        assert!((4..=19).contains(&message.len()));
        assert_eq!(unpad(&message).unwrap(), b"abc");
    }
}

#[test]
fn digest() {
    let section = &vectors()["key_bundle_digest"];
    let digest = key_bundle_digest(
        &IdentityKey::from_slice(&hex_of(section, "identity")).unwrap(),
        &PublicKey(bytes(section, "signed_prekey_public")),
        &bytes(section, "signed_prekey_signature"),
        list(section, "prekeys").iter().map(|prekey| PublicKey(bytes(prekey, "pub"))),
    );
    assert_eq!(digest, bytes(section, "sha1"));
}
