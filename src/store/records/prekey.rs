//! One-time prekeys: numbered, on disk before the server hears of them, and known as sent only once it has confirmed.
//!
//! The order that loses nothing: commit the batch of [`allocate_prekeys`], upload, then commit [`prekeys_uploaded`]. After
//! a crash in between, [`load_unsent_prekeys`] gives the same keys again; the server takes a repeated upload.

use super::{AccountRecord, codec};
use crate::crypto::{KeyPair, PublicKey, Random, Secret};
use crate::store::{Batch, Session, Space, StoreError, Value};
use zeroize::Zeroize;

/// The largest id of a key for the server, after which they begin again at 1. Ids have 24 bits and no meaning.
const LAST_ID: u32 = 0x007f_ffff;
/// From here up to `FFFFFE` are the ids of keys that go to one requester alone and never to the server: nobody else may get them.
pub const FIRST_RETRY_PREKEY: u32 = LAST_ID + 1;

/// A prekey that is used once.
#[derive(Clone, Debug)]
pub struct OneTimePrekey {
    /// Its number.
    pub id: u32,
    /// The private half.
    pub secret: Secret<32>,
    /// The public half, stored too: to compute it anew costs more than to read it.
    pub public: PublicKey,
}

impl OneTimePrekey {
    /// The key it is stored under.
    pub fn key(id: u32) -> [u8; 4] {
        id.to_be_bytes()
    }

    /// The stored form.
    pub fn encode(&self) -> Value {
        let (secret, public) = (self.secret.as_bytes().to_vec(), self.public.0.to_vec());
        codec::encode(&Wire { id: self.id, secret, public })
    }

    /// Reads the stored form.
    pub fn decode(value: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = codec::decode(Space::OneTimePrekey, value)?;
        let wrong_size = || codec::error(Space::OneTimePrekey, "a key has the wrong size");
        let secret = Secret::from_slice(&wire.secret).ok_or_else(wrong_size)?;
        let public = PublicKey::from_slice(&wire.public).ok_or_else(wrong_size)?;
        Ok(OneTimePrekey { id: wire.id, secret, public })
    }
}

/// New prekeys, and how to keep them.
#[derive(Debug)]
pub struct PrekeyBatch {
    /// What to upload once the batch is committed.
    pub keys: Vec<OneTimePrekey>,
    /// The account as it is after the commit.
    pub account: AccountRecord,
    /// What to commit.
    pub batch: Batch,
}

/// Makes prekeys. The first batch is large (812 in all known clients, some 20 ms of CPU): keep it off the async threads.
pub fn allocate_prekeys(account: &AccountRecord, count: u32, rng: &mut dyn Random) -> PrekeyBatch {
    let mut account = account.clone();
    let mut batch = Batch::new();
    let mut keys = Vec::new();
    for _ in 0..count {
        let pair = KeyPair::generate(rng);
        let id = account.next_prekey_id;
        account.next_prekey_id = following(id);
        let key = OneTimePrekey { id, secret: pair.secret().clone(), public: pair.public() };
        batch.put(Space::OneTimePrekey, OneTimePrekey::key(id), key.encode());
        keys.push(key);
    }
    account.put(&mut batch);
    PrekeyBatch { keys, account, batch }
}

/// The prekeys that are stored but were not confirmed by the server.
pub async fn load_unsent_prekeys(
    session: &Session,
    account: &AccountRecord,
) -> Result<Vec<OneTimePrekey>, StoreError> {
    let mut ids = Vec::new();
    let mut id = account.first_unsent_prekey_id;
    while id != account.next_prekey_id {
        // More than this were never made in one go; a record that says otherwise must not make us loop for long.
        if ids.len() >= 4096 {
            return Err(codec::error(Space::Account, "its prekey numbers make no sense"));
        }
        ids.push(OneTimePrekey::key(id).to_vec());
        id = following(id);
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let values = session.get_many(Space::OneTimePrekey, ids).await?;
    values.iter().flatten().map(|value| OneTimePrekey::decode(value)).collect()
}

/// The server has confirmed all prekeys up to and including `last_id`: the account as it is then, and what to commit.
pub fn prekeys_uploaded(account: &AccountRecord, last_id: u32) -> (AccountRecord, Batch) {
    let mut account = account.clone();
    account.first_unsent_prekey_id = following(last_id);
    account.server_has_prekeys = true;
    let mut batch = Batch::new();
    account.put(&mut batch);
    (account, batch)
}

/// Removes the keys of the batch that was made before the last `uploads` ones, all of `count` keys.
pub fn forget_prekeys(next_id: u32, count: u32, uploads: u32, batch: &mut Batch) {
    // Where the numbers have just begun again, those before stay: that happens once in millions.
    let end = next_id.saturating_sub(count.saturating_mul(uploads)).max(1);
    for id in end.saturating_sub(count).max(1)..end {
        batch.delete(Space::OneTimePrekey, OneTimePrekey::key(id));
    }
}

fn following(id: u32) -> u32 {
    if id >= LAST_ID { 1 } else { id + 1 }
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct Wire {
    #[prost(uint32, tag = "1")]
    id: u32,
    #[prost(bytes = "vec", tag = "2")]
    secret: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    public: Vec<u8>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}
