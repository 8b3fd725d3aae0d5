//! Group messages and the keys that are handed out for them: any bytes and good ones that were changed, never a panic, and a
//! refusal leaves the record as it was.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use wa::crypto::OsRandom;
use wa::signal::{OwnSenderKey, SenderKeyDistribution, SenderKeyMessage, SenderKeyRecord};

/// A receiver, the key it was given, and messages to it.
struct World {
    record: SenderKeyRecord,
    distribution: Vec<u8>,
    messages: Vec<Vec<u8>>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let mut own = OwnSenderKey::generate(&mut OsRandom);
        let distribution = own.distribution();
        let mut record = SenderKeyRecord::default();
        record.accept(&SenderKeyDistribution::parse(&distribution).expect("a good key"));
        let messages: Vec<_> =
            (0..4).map(|_| own.encrypt(&[1; 20], &mut OsRandom).expect("a message").bytes).collect();
        record.decrypt(&SenderKeyMessage::parse(&messages[2]).expect("a message")).expect("for us");
        World { record, distribution, messages }
    })
}

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, changes) = input;
    let world = world();
    let mut bytes = changes.to_vec();
    let sources: Vec<&Vec<u8>> = world.messages.iter().chain([&world.distribution]).collect();
    let good = sources.get(usize::from(choice) % (sources.len() + 1)).copied();
    if let Some(good) = good {
        bytes.clone_from(good);
        for change in changes.chunks_exact(2) {
            let length = bytes.len();
            bytes[usize::from(change[0]) % length] ^= change[1];
        }
    }
    let mut record = world.record.clone();
    let before = record.save().hot;
    if let Ok(message) = SenderKeyMessage::parse(&bytes) {
        match record.decrypt(&message) {
            Ok(plaintext) => assert!(plaintext == [1; 20] && good == Some(&bytes)),
            Err(_) => assert_eq!(before, record.save().hot),
        }
    }
    if let Ok(distribution) = SenderKeyDistribution::parse(&bytes) {
        record.accept(&distribution);
        record.accept(&distribution);
        let saved = record.save();
        SenderKeyRecord::decode(&saved.hot, saved.cold.as_deref().map(Vec::as_slice)).expect("just written");
    }
});
