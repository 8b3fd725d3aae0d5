//! The list of an account's valid devices, signed by its phone.
//!
//! Main type: [`KeyIndexes`].

use crate::crypto::{KeyPair, PublicKey, Random, verify};
use crate::proto::Message;
use crate::proto::adv::{AdvEncryptionType, AdvKeyIndexList, AdvSignedKeyIndexList};

/// In front of the list that is signed.
const PREFIX: [u8; 2] = [6, 2];
/// The same, of a hosted account.
const HOSTED_PREFIX: [u8; 2] = [6, 7];

/// The list of an account's valid key indexes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyIndexes {
    /// Random number of the account.
    pub raw_id: u32,
    /// Unix seconds.
    pub timestamp: u64,
    /// The highest index given out when the list was made.
    pub current: u32,
    /// The valid ones, sorted, with 0 for the phone.
    pub valid: Vec<u32>,
}

impl KeyIndexes {
    /// The signed list that is uploaded. Draws 64 random bytes.
    pub fn sign(&self, account: &KeyPair, rng: &mut dyn Random) -> Vec<u8> {
        let details = AdvKeyIndexList {
            raw_id: Some(self.raw_id),
            timestamp: Some(self.timestamp),
            current_index: Some(self.current),
            valid_indexes: self.valid.clone(),
            account_type: None,
        }
        .encode_to_vec();
        let signature = account.sign(&[&PREFIX, &details], rng);
        AdvSignedKeyIndexList {
            details: Some(details),
            account_signature: Some(signature.to_vec()),
            account_signature_key: None,
        }
        .encode_to_vec()
    }

    /// Reads a signed list; `None` unless the account's key signed it.
    pub fn verify(signed: &[u8], account_key: &PublicKey) -> Option<Self> {
        let signed = AdvSignedKeyIndexList::decode(signed).ok()?;
        let details = signed.details?;
        let list = AdvKeyIndexList::decode(details.as_slice()).ok()?;
        let is_hosted = list.account_type == Some(AdvEncryptionType::Hosted as i32);
        let prefix = if is_hosted { HOSTED_PREFIX } else { PREFIX };
        if !verify(account_key, &[&prefix, &details], &signed.account_signature?) {
            return None;
        }
        Self::of(list)
    }

    /// Reads a signed list without checking who signed it; gives also the key that it says was the account's, if it says so.
    pub fn unverified(signed: &[u8]) -> Option<(Self, Option<PublicKey>)> {
        let signed = AdvSignedKeyIndexList::decode(signed).ok()?;
        let list = AdvKeyIndexList::decode(signed.details?.as_slice()).ok()?;
        let key = signed.account_signature_key.filter(|key| !key.is_empty());
        let key = match key {
            Some(key) => Some(PublicKey::from_slice(&key)?),
            None => None,
        };
        Some((Self::of(list)?, key))
    }

    fn of(list: AdvKeyIndexList) -> Option<Self> {
        Some(Self {
            raw_id: list.raw_id?,
            timestamp: list.timestamp?,
            current: list.current_index.unwrap_or(0),
            valid: list.valid_indexes,
        })
    }

    /// Returns whether a device of that index belongs to the account. An index above the current one was given out after this
    /// list was made.
    pub fn contains(&self, key_index: u32) -> bool {
        key_index == 0 || key_index > self.current || self.valid.contains(&key_index)
    }
}

#[cfg(test)]
#[path = "key_index_list_tests.rs"]
mod tests;
