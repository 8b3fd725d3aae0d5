//! Finds the devices of a list that belong to their account: the account's primary signs what it knows of its companions.
//!
//! Main type: [`Judgement`]. The signed list itself is [`KeyIndexes`].

use super::devices::{Device, KeyIndexList};
use crate::crypto::PublicKey;
use crate::signal::KeyIndexes;

/// The devices that remain of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// The devices that belong to the account: the primary always, companions if the signed list has them.
    pub devices: Vec<Device>,
    /// The signed list, if it is one.
    pub list: Option<KeyIndexes>,
    /// Set if the list's signature was checked. It cannot be while the account's key is not known.
    pub verified: bool,
    /// The reason why companions were dropped, if that is not because the list has them not.
    pub fault: Option<ListFault>,
}

/// The fault of a signed list. Such a list is ignored, and only the primary is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ListFault {
    /// There are companions, but no signed list.
    #[error("the device list has companions and no signed list of them")]
    Missing,
    /// It cannot be read.
    #[error("the signed list of devices is malformed")]
    Malformed,
    /// The account did not sign it.
    #[error("the signed list of devices is not signed by the account")]
    BadSignature,
}

/// Judges the devices of a list. `account_key` is the identity of the account's primary, if it is known; a key inside of the
/// signed list must be that same key, and is believed only where none is known.
pub fn classify(devices: &[Device], signed: &KeyIndexList<'_>, account_key: Option<&PublicKey>) -> Judgement {
    let has_companions = devices.iter().any(|device| device.id != 0);
    let (list, verified, fault) = match signed.signed {
        None => (None, false, has_companions.then_some(ListFault::Missing)),
        Some(bytes) => match read(bytes, account_key) {
            Ok((list, verified)) => (Some(list), verified, None),
            Err(fault) => (None, false, Some(fault)),
        },
    };
    let belongs = |device: &&Device| {
        // Index 0 is the primary's, whoever else claims it.
        let index = device.key_index.filter(|index| *index != 0);
        device.id == 0 || index.zip(list.as_ref()).is_some_and(|(index, list)| list.contains(index))
    };
    Judgement { devices: devices.iter().filter(belongs).copied().collect(), list, verified, fault }
}

/// Reads a signed list; tells whether its signature was checked.
pub fn read(bytes: &[u8], account_key: Option<&PublicKey>) -> Result<(KeyIndexes, bool), ListFault> {
    let (list, own_key) = KeyIndexes::unverified(bytes).ok_or(ListFault::Malformed)?;
    let key = match (account_key, own_key) {
        (Some(known), Some(own)) if *known != own => return Err(ListFault::BadSignature),
        (known, own) => known.copied().or(own),
    };
    if key.is_some_and(|key| KeyIndexes::verify(bytes, &key).is_none()) {
        return Err(ListFault::BadSignature);
    }
    Ok((list, account_key.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::KeyPair;
    use crate::crypto::testing::Seeded;
    use crate::proto::Message;
    use crate::proto::adv::AdvSignedKeyIndexList;

    fn device(id: u16, key_index: Option<u32>) -> Device {
        Device { id, key_index, hosted: false }
    }

    fn account() -> KeyPair {
        KeyPair::generate(&mut Seeded(1))
    }

    fn signed() -> Vec<u8> {
        let list = KeyIndexes { raw_id: 5, timestamp: 7, current: 4, valid: vec![0, 2] };
        list.sign(&account(), &mut Seeded(2))
    }

    fn ids(judgement: &Judgement) -> Vec<u16> {
        judgement.devices.iter().map(|device| device.id).collect()
    }

    fn classified(bytes: Option<&[u8]>, key: Option<&PublicKey>) -> Judgement {
        let devices =
            [device(0, None), device(1, Some(1)), device(2, Some(2)), device(3, Some(5)), device(4, None)];
        classify(&devices, &KeyIndexList { signed: bytes, ..KeyIndexList::default() }, key)
    }

    #[test]
    fn companions_must_be_in_the_list_or_newer_than_it() {
        let judgement = classified(Some(&signed()), Some(&account().public()));
        assert_eq!((ids(&judgement), judgement.verified, judgement.fault), (vec![0, 2, 3], true, None));
        assert_eq!(judgement.list.unwrap().raw_id, 5);
        let judgement = classified(Some(&signed()), None);
        assert_eq!((ids(&judgement), judgement.verified), (vec![0, 2, 3], false));
    }

    #[test]
    fn a_list_that_is_worth_nothing_leaves_the_primary() {
        let stranger = KeyPair::generate(&mut Seeded(9));
        let judgement = classified(Some(&signed()), Some(&stranger.public()));
        assert_eq!((ids(&judgement), judgement.fault), (vec![0], Some(ListFault::BadSignature)));
        let judgement = classified(Some(b"\xff\xff"), None);
        assert_eq!((ids(&judgement), judgement.fault), (vec![0], Some(ListFault::Malformed)));
        let judgement = classified(None, None);
        assert_eq!((ids(&judgement), judgement.fault), (vec![0], Some(ListFault::Missing)));
        let alone = classify(&[device(0, None)], &KeyIndexList::default(), None);
        assert_eq!((ids(&alone), alone.fault), (vec![0], None));
    }

    #[test]
    fn a_key_inside_the_list() {
        let with_key = |key: &PublicKey| {
            let mut list = AdvSignedKeyIndexList::decode(signed().as_slice()).unwrap();
            list.account_signature_key = Some(key.0.to_vec());
            list.encode_to_vec()
        };
        let (right, stranger) = (account(), KeyPair::generate(&mut Seeded(9)));
        let read = |bytes: &[u8], key: Option<&PublicKey>| read(bytes, key).map(|(_, verified)| verified);
        assert_eq!(read(&with_key(&right.public()), Some(&right.public())), Ok(true));
        assert_eq!(read(&with_key(&right.public()), None), Ok(false));
        assert_eq!(read(&with_key(&stranger.public()), None), Err(ListFault::BadSignature));
        assert_eq!(read(&with_key(&stranger.public()), Some(&right.public())), Err(ListFault::BadSignature));
    }

    #[test]
    fn index_0_is_not_for_companions() {
        let judgement = classify(
            &[device(0, None), device(5, Some(0))],
            &KeyIndexList { signed: Some(&signed()), ..KeyIndexList::default() },
            Some(&account().public()),
        );
        assert_eq!(ids(&judgement), [0]);
    }
}
