//! Stored records: whatever the bytes, reading them never panics, and what was read can be used and written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wa::crypto::{KeyPair, OsRandom};
use wa::signal::{Own, OwnSenderKey, SenderKeyRecord, SessionRecord};

fuzz_target!(|input: (&[u8], Option<&[u8]>)| {
    let (hot, cold) = input;
    if let Ok(mut record) = SessionRecord::decode(hot, cold) {
        let first = record.save();
        let cold = first.cold.as_deref().map(Vec::as_slice).or(cold);
        let mut again = SessionRecord::decode(&first.hot, cold).expect("just written");
        assert_eq!(again.save().hot, first.hot);
        record.lease(3);
        if let Some(session) = record.current() {
            let identity = KeyPair::from_secret([1; 32]);
            let own = Own { identity: &identity, registration_id: 1 };
            let _ = record.encrypt(&[1; 20], own, &session.identity, &mut OsRandom);
        }
        record.archive_current();
        let _ = record.save();
    }
    if let Ok(mut record) = SenderKeyRecord::decode(hot, cold) {
        let first = record.save();
        let cold = first.cold.as_deref().map(Vec::as_slice).or(cold);
        let mut again = SenderKeyRecord::decode(&first.hot, cold).expect("just written");
        assert_eq!(again.save().hot, first.hot);
    }
    if let Ok(mut key) = OwnSenderKey::decode(hot) {
        key.lease(3);
        let _ = key.encrypt(&[1; 20], &mut OsRandom);
        let stored = key.save();
        let mut again = OwnSenderKey::decode(&stored).expect("just written");
        assert_eq!(again.save(), stored);
    }
});
