//! One-time prekeys: numbered, on disk before the server hears of them, and known as sent only once it has confirmed.
//!
//! The order that loses nothing: commit the batch of [`allocate_prekeys`], upload, then commit [`prekeys_uploaded`]. After
//! a crash in between, [`load_unsent_prekeys`] gives the same keys again; the server takes a repeated upload.

use super::{AccountRecord, codec};
use crate::crypto::{KeyPair, PublicKey, Random, Secret, random_array};
use crate::store::{Batch, Session, Space, StoreError, Value};
use zeroize::Zeroize;

/// The largest id of a key, after which they begin again at 1. Ids have 24 bits and no meaning.
const LAST_ID: u32 = 0x007f_ffff;
/// Most ids that are looked at for keys that were not confirmed. A larger upload was never made.
const MOST_UNSENT: usize = 4096;

/// The least distance by which the numbering moves on when it begins anew: more than all uploads that are kept, and so little
/// that what the server holds stays behind it.
const LEAST_STEP: u32 = 1 << 15;

/// The number of keys that are looked at together.
const PAGE: usize = 4096;

/// A prekey that is used once.
#[derive(Clone, Debug)]
pub struct OneTimePrekey {
    /// Its number.
    pub id: u32,
    /// The private half.
    pub secret: Secret<32>,
    /// The public half, stored too: to compute it anew costs more than to read it.
    pub public: PublicKey,
    /// It went to one requester in a retry receipt. It is never uploaded: nobody else may get it.
    pub for_retry: bool,
}

impl OneTimePrekey {
    /// The key it is stored under.
    pub fn key(id: u32) -> [u8; 4] {
        id.to_be_bytes()
    }

    /// The stored form.
    pub fn encode(&self) -> Value {
        let (secret, public) = (self.secret.as_bytes().to_vec(), self.public.0.to_vec());
        codec::encode(&PrekeyWire { id: self.id, secret, public, for_retry: self.for_retry })
    }

    /// Reads the stored form.
    pub fn decode(value: &[u8]) -> Result<Self, StoreError> {
        let wire: PrekeyWire = codec::decode(Space::OneTimePrekey, value)?;
        let wrong_size = || codec::error(Space::OneTimePrekey, "a key has the wrong size");
        let secret = Secret::from_slice(&wire.secret).ok_or_else(wrong_size)?;
        let public = PublicKey::from_slice(&wire.public).ok_or_else(wrong_size)?;
        Ok(OneTimePrekey { id: wire.id, secret, public, for_retry: wire.for_retry })
    }
}

/// New prekeys, and how to keep them.
#[derive(Debug)]
pub struct PrekeyBatch {
    /// The keys to upload once the batch is committed.
    pub keys: Vec<OneTimePrekey>,
    /// The account as it is after the commit.
    pub account: AccountRecord,
    /// The batch to commit.
    pub batch: Batch,
}

/// Makes prekeys. The first batch is large (812 in all known clients, some 20 ms of CPU): keep it off the async threads.
pub fn allocate_prekeys(account: &AccountRecord, count: u32, rng: &mut dyn Random) -> PrekeyBatch {
    let mut account = account.clone();
    let mut batch = Batch::new();
    let mut keys = Vec::new();
    for _ in 0..count {
        let key = next_prekey(&mut account, false, rng);
        batch.put(Space::OneTimePrekey, OneTimePrekey::key(key.id), key.encode());
        keys.push(key);
    }
    account.put(&mut batch);
    PrekeyBatch { keys, account, batch }
}

/// Makes the prekey that goes into a retry receipt. It takes the next id, as in all known clients. Both the key and the account
/// are to be stored before the receipt goes out.
pub fn allocate_retry_prekey(account: &mut AccountRecord, rng: &mut dyn Random) -> OneTimePrekey {
    let nothing_unsent = account.first_unsent_prekey_id == account.next_prekey_id;
    let key = next_prekey(account, true, rng);
    if nothing_unsent {
        account.first_unsent_prekey_id = account.next_prekey_id;
    }
    key
}

fn next_prekey(account: &mut AccountRecord, for_retry: bool, rng: &mut dyn Random) -> OneTimePrekey {
    let pair = KeyPair::generate(rng);
    let id = account.next_prekey_id;
    account.next_prekey_id = following(id);
    OneTimePrekey { id, secret: pair.secret().clone(), public: pair.public(), for_retry }
}

/// Moves the numbering past ids that the server holds and that this store has yet to give out, so that none of them is given out
/// twice. True if there were any: then the store is older than what the server was given.
pub fn number_beyond(account: &mut AccountRecord, held: impl IntoIterator<Item = u32>) -> bool {
    let next = account.next_prekey_id;
    let ahead = |id: u32| (id + LAST_ID - next) % LAST_ID;
    let valid = held.into_iter().filter(|id| (1..=LAST_ID).contains(id) && (1..=LAST_ID).contains(&next));
    let Some(last) = valid.filter(|id| ahead(*id) < LAST_ID / 2).max_by_key(|id| ahead(*id)) else {
        return false;
    };
    account.next_prekey_id = following(last);
    account.first_unsent_prekey_id = account.next_prekey_id;
    true
}

/// Moves the numbering of prekeys on by a random step, and owes the server new ones. For a store that is an older copy: the numbers
/// that follow in it were probably given out already. Keys that were made and not confirmed are not uploaded again, since the
/// server may have had them and given them to others.
pub fn number_anew(account: &mut AccountRecord, rng: &mut dyn Random) {
    let [high, low] = random_array(rng);
    let step = LEAST_STEP + u32::from(u16::from_be_bytes([high, low]));
    // Sums of ids and steps stay far below 2³².
    account.next_prekey_id = (account.next_prekey_id.min(LAST_ID) + step) % LAST_ID + 1;
    account.first_unsent_prekey_id = account.next_prekey_id;
    account.server_has_prekeys = false;
}

/// Returns whether the ids up to `last_id` still wait for the server's word. They do not if the numbering has moved on.
pub fn awaits_upload(account: &AccountRecord, last_id: u32) -> bool {
    let distance =
        |to: u32| (i64::from(to) - i64::from(account.first_unsent_prekey_id)).rem_euclid(LAST_ID.into());
    distance(last_id) < distance(account.next_prekey_id)
}

/// The prekeys that are stored for the server but were not confirmed by it.
pub async fn load_unsent_prekeys(
    session: &Session,
    account: &AccountRecord,
) -> Result<Vec<OneTimePrekey>, StoreError> {
    let mut ids = Vec::new();
    let mut id = account.first_unsent_prekey_id;
    if id == 0 || account.next_prekey_id == 0 {
        return Err(codec::error(Space::Account, "its prekey numbers make no sense"));
    }
    // Keys for retry receipts may be among them, in any number.
    while id != account.next_prekey_id && ids.len() < MOST_UNSENT {
        ids.push(OneTimePrekey::key(id).to_vec());
        id = following(id);
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let values = session.get_many(Space::OneTimePrekey, ids).await?;
    let keys = values.iter().flatten().map(|value| OneTimePrekey::decode(value));
    keys.filter(|key| key.as_ref().map_or(true, |key| !key.for_retry)).collect()
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

/// Notes that the keys from `first_id` on are a batch, and removes from the store those that are older than the last `kept` batches,
/// whatever their sizes. Messages that name a removed key are asked for again.
///
/// # Errors
/// As the store's operations.
pub async fn forget_prekeys(
    session: &Session,
    account: &mut AccountRecord,
    first_id: u32,
    kept: usize,
    batch: &mut Batch,
) -> Result<(), StoreError> {
    account.prekey_batches.push(first_id);
    let excess = account.prekey_batches.len().saturating_sub(kept);
    if excess == 0 {
        return Ok(());
    }
    account.prekey_batches.drain(..excess);
    let Some(oldest) = account.prekey_batches.first() else { return Ok(()) };
    // Ids begin again after the last one: what counts is how many were given since.
    let age = |id: u32| (i64::from(account.next_prekey_id) - i64::from(id)).rem_euclid(LAST_ID.into());
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = session.keys(Space::OneTimePrekey, after.as_deref(), PAGE).await?;
        let ids = page.iter().filter_map(|key| key.as_slice().try_into().ok()).map(u32::from_be_bytes);
        for id in ids.filter(|id| *id <= LAST_ID && age(*id) > age(*oldest)) {
            batch.delete(Space::OneTimePrekey, OneTimePrekey::key(id));
        }
        if page.len() < PAGE {
            return Ok(());
        }
        after = page.into_iter().next_back();
    }
}

fn following(id: u32) -> u32 {
    if id >= LAST_ID { 1 } else { id + 1 }
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct PrekeyWire {
    #[prost(uint32, tag = "1")]
    id: u32,
    #[prost(bytes = "vec", tag = "2")]
    secret: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    public: Vec<u8>,
    #[prost(bool, tag = "4")]
    for_retry: bool,
}

impl Drop for PrekeyWire {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}
