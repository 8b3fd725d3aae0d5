//! Records are saved and loaded again, and damage is found.

use super::super::table::StoredRecord;
use super::*;
use crate::messaging::address::{Kind, User};
use crate::store::{Batch, Op};

fn again<R: StoredRecord>(record: &mut R) -> R {
    let mut batch = Batch::new();
    record.save(b"key", &mut batch);
    let parts: Vec<_> = R::SPACES
        .iter()
        .map(|wanted| {
            batch.ops().iter().find_map(|op| match op {
                Op::Put { space, value, .. } if space == wanted => Some(value.clone()),
                _ => None,
            })
        })
        .collect();
    R::load(&parts).unwrap()
}

#[test]
fn records_come_back() {
    let user = User::of(&"5@lid".parse().unwrap()).unwrap();
    let mut list = DeviceList {
        devices: vec![
            ListedDevice { id: 0, key_index: None },
            ListedDevice { id: 65535, key_index: Some(0) },
        ],
        hash: "2:abc".into(),
        signed_s: 7,
        raw_id: 8,
        fetched_ms: 9,
    };
    assert_eq!(again(&mut list), list);
    let mut group = GroupRecord {
        by_lid: true,
        members: vec![user.clone()],
        admins: vec![user.clone()],
        expiration: 86400,
        fetched_ms: 1,
        version: "17".to_owned(),
    };
    assert_eq!(again(&mut group), group);
    let mut holders = SenderKeyHolders { key_id: 3, devices: [user.device(0), user.device(9)].into() };
    assert_eq!(again(&mut holders), holders);
    let mut sent = SentRecord {
        chat: user.jid(),
        message: vec![1, 2],
        created_ms: 1,
        number: 2,
        taken_ms: 3,
        timer: timer(4, 5),
    };
    assert!(again(&mut sent) == sent);
    let mut answered = Answered { count: 2, base_key: Some(vec![1]) };
    assert_eq!(again(&mut answered), answered);
    let mut token = ContactRecord {
        token: vec![1],
        issued_s: 2,
        given_s: 3,
        met: true,
        expiration: 4,
        expiration_set_at: 5,
        taken_as: Some(Kind::Pn),
        push_name: "Ada".to_owned(),
    };
    assert_eq!(again(&mut token), token);
}

#[test]
fn damage_is_an_error() {
    for bytes in [&[][..], &[9], &[1, 0xff]] {
        assert!(GroupRecord::load(&[Some(Value::from(bytes))]).is_err());
        assert!(PinnedIdentity::load(&[Some(Value::from(bytes))]).is_err());
    }
}
