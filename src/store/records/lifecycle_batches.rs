//! The batches of a device's life: made, linked, wiped. Each is one transaction, so a kill at any point leaves either what
//! was before or all of what comes after.

use super::{AccountRecord, DeviceRecord};
use crate::store::{Batch, Session, Space, StoreError};

/// Reads what a session knows about itself. An account without device keys is an error: it could never log in.
pub async fn load(session: &Session) -> Result<(Option<DeviceRecord>, Option<AccountRecord>), StoreError> {
    let device = session.get(Space::Device, &[]);
    let account = session.get(Space::Account, &[]).await?;
    let device = device.await?.map(|value| DeviceRecord::decode(&value)).transpose()?;
    let account = account.map(|value| AccountRecord::decode(&value)).transpose()?;
    if account.is_some() && device.is_none() {
        return Err(StoreError::Record {
            space: Space::Device,
            what: "it is missing though the session is linked",
        });
    }
    Ok((device, account))
}

/// A new, unlinked device.
pub fn fresh(device: &DeviceRecord) -> Batch {
    let mut batch = Batch::new();
    device.put(&mut batch);
    batch
}

/// The device is linked. To be committed before the server is answered: the keys as verified, the account, its identity key
/// as that of its phone under both addresses, and which number belongs to which LID. The records of an earlier link go.
pub fn linked(device: &DeviceRecord, account: &AccountRecord) -> Batch {
    let mut batch = Batch::new();
    for space in Space::of_a_link() {
        batch.delete_space(space);
    }
    device.put(&mut batch);
    account.put(&mut batch);
    let key = account.account_key.0.to_vec();
    let number = phone_of(&account.jid);
    batch.put(Space::Identity, number.clone(), key.clone());
    if !account.lid.is_empty() {
        let lid = phone_of(&account.lid);
        batch.put(Space::Identity, lid.clone(), key);
        batch.put(Space::LidMap, lid.clone(), number.clone().into_bytes());
        batch.put(Space::LidMap, number, lid.into_bytes());
    }
    batch
}

/// The link is gone: all that belonged to it goes, in one transaction, so that the next account on this session meets nothing of
/// the last one. Events that the host has not acknowledged stay. The limits of the account beyond the link are kept before, by
/// [`super::keep_account_limits`].
pub fn unlinked() -> Batch {
    let mut batch = Batch::new();
    for space in Space::of_a_link() {
        batch.delete_space(space);
    }
    batch
}

/// The store is an older copy of what this session had: all that a message key could come from a second time goes, in one
/// transaction. These are the sessions with other devices, our sender keys, and the notes of who has them. `account` is the
/// account as it is to be afterwards, see [`super::number_anew`].
pub fn restored(account: &AccountRecord) -> Batch {
    let mut batch = Batch::new();
    for space in Space::of_sending() {
        batch.delete_space(space);
    }
    account.put(&mut batch);
    batch
}

/// The address of the account's phone (device 0): the JID without device.
fn phone_of(jid: &str) -> String {
    match jid.split_once('@') {
        Some((user, server)) => {
            let user = user.split_once(':').map_or(user, |(user, _)| user);
            format!("{user}@{server}")
        }
        None => jid.to_owned(),
    }
}
