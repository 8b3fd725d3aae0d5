//! The key check: whether the server holds the keys that are stored here, as the official web client asks at each login.
//!
//! The server may have lost them, and a store that was put back from a backup has others. Both go unnoticed otherwise, and then
//! nobody can start a conversation with this device.
//!
//! If the server holds keys with numbers that this store has yet to give out, the store is certainly an older copy: then sending
//! begins anew as after `session.restored`. No message is encrypted before the answer, unless that takes too long
//! ([`crate::client::session::state::Online::held_until`]). An older copy since which no keys were uploaded is not noticed here.

use crate::api::LogLevel;
use crate::client::session::SessionError;
use crate::client::session::core::SessionCore;
use crate::client::session::features::restored;
use crate::client::session::state::Waiter;
use crate::client::status_mapping::IqError;
use crate::messaging::stanzas::key_digest::{self, KeyDigest};
use crate::signal::{IdentityKey, key_bundle_digest};
use crate::store::records::{DeviceRecord, OneTimePrekey, SignedPrekey, number_beyond};
use crate::store::{self, Space, StoreError};

/// Asks the server for a digest of this device's keys, unless that is under way.
pub(in crate::client::session) fn ask(core: &mut SessionCore) {
    let Some(online) = core.phase.online() else { return };
    if online.pending.find(|waiter| matches!(waiter, Waiter::KeyDigest).then_some(())).is_none() {
        core.query(key_digest::fetch(), Waiter::KeyDigest, core.settings.iq_timeout);
    }
}

/// Handles the answer to that. Returns whether the server is owed new keys, because it has none, or others.
pub(in crate::client::session) async fn answered(
    core: &mut SessionCore,
    digest: Option<KeyDigest<'_>>,
    error: Option<&IqError>,
) -> Result<bool, SessionError> {
    let Some(device) = &core.device else { return Ok(false) };
    let (difference, held) = match (digest, error) {
        (_, Some(error)) if error.code == Some(404) => ("none", Vec::new()),
        (Some(digest), None) => match difference(&core.store, device, &digest).await? {
            Some(difference) => (difference, digest.prekeys),
            None => return Ok(false),
        },
        (_, error) => {
            core.log(LogLevel::Debug, "prekeys", || match error {
                Some(error) => format!("the server gave no digest of the keys: {}", error.to_error()),
                None => "the server's digest of the keys could not be read".to_owned(),
            });
            return Ok(false);
        }
    };
    core.log(LogLevel::Warn, "prekeys", || {
        format!("the server does not hold this device's keys ({difference}); new ones are uploaded")
    });
    if let Some(account) = &mut core.account
        && number_beyond(account, held)
    {
        core.log(LogLevel::Warn, "prekeys", || {
            "the server was given more keys than the store has: it was put back from an older copy, and all \
             keys for sending are made anew"
                .to_owned()
        });
        restored::begin_sending_anew(core).await?;
    }
    Ok(true)
}

/// Returns the first difference between the server's keys and those of this store; `None` if they agree.
async fn difference(
    store: &store::Session,
    device: &DeviceRecord,
    held: &KeyDigest<'_>,
) -> Result<Option<&'static str>, StoreError> {
    let identity = device.identity.public();
    if held.registration != device.registration_id.to_be_bytes() {
        return Ok(Some("another registration id"));
    }
    if held.identity != identity.0 {
        return Ok(Some("another identity"));
    }
    let offered = offered_signed_prekey(store, held.signed_id, &device.signed_prekey).await?;
    let signed = offered.as_ref().unwrap_or(&device.signed_prekey);
    let public = signed.pair.public();
    if (held.signed_id, held.signed_value, held.signature)
        != (signed.id, &public.0[..], &signed.signature[..])
    {
        return Ok(Some("another signed prekey"));
    }
    let keys = held.prekeys.iter().map(|id| OneTimePrekey::key(*id).to_vec()).collect();
    let found = store.get_many(Space::OneTimePrekey, keys).await?;
    let found = found.iter().flatten().map(|value| OneTimePrekey::decode(value));
    let publics = found.map(|key| key.map(|key| key.public)).collect::<Result<Vec<_>, _>>()?;
    if publics.len() < held.prekeys.len() {
        return Ok(Some("prekeys that are missing here"));
    }
    let Ok(identity) = IdentityKey::new(identity) else { return Ok(None) };
    let hash = key_bundle_digest(&identity, &public, &signed.signature, publics);
    Ok((!hash.starts_with(held.hash)).then_some("another hash"))
}

/// The signed prekey of that number, if it was offered to the server and not confirmed: the server may have it already.
async fn offered_signed_prekey(
    store: &store::Session,
    id: u32,
    current: &SignedPrekey,
) -> Result<Option<SignedPrekey>, StoreError> {
    if id == current.id {
        return Ok(None);
    }
    let kept = store.get(Space::SignedPrekey, &OneTimePrekey::key(id)).await?;
    let kept = kept.map(|value| SignedPrekey::decode(&value)).transpose()?;
    Ok(kept.filter(|kept| kept.made_ms >= current.made_ms))
}
