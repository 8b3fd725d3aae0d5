//! Rules for our own prekeys: how a server's copy is compared with ours, and how long a signed prekey lives.

use super::IdentityKey;
use crate::crypto::{PublicKey, SIGNATURE_LENGTH};

/// A day, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// Peers hold fetched bundles for weeks, and their first messages wait in queues.
const RETENTION: i64 = 90 * DAY;
/// So many earlier ones are kept, however old.
const MOST_RECENT: usize = 3;

/// The digest by which a server's copy of our keys is compared with ours: SHA-1 over identity, signed prekey, its signature,
/// and the listed prekeys in the list's order. A server may send fewer bytes of it.
#[must_use]
pub fn key_bundle_digest(
    identity: &IdentityKey,
    signed_prekey: &PublicKey,
    signature: &[u8; SIGNATURE_LENGTH],
    prekeys: impl IntoIterator<Item = PublicKey>,
) -> [u8; 20] {
    let mut hash = sha1_smol::Sha1::new();
    hash.update(identity.as_bytes());
    hash.update(signed_prekey.as_bytes());
    hash.update(signature);
    for prekey in prekeys {
        hash.update(prekey.as_bytes());
    }
    hash.digest().bytes()
}

/// Returns whether a signed prekey made at `made_ms` is to be replaced after `lifetime_ms`. Both times are Unix milliseconds. A
/// clock that was set back does not make one live for ever.
#[must_use]
pub const fn signed_prekey_is_due(made_ms: i64, now_ms: i64, lifetime_ms: i64) -> bool {
    let age = now_ms.saturating_sub(made_ms);
    age >= lifetime_ms || age <= -lifetime_ms
}

/// Returns whether an earlier signed prekey, which was replaced by the first of `newer` later ones, is not needed any more.
/// `replaced_ms` is when that was: until then peers were given it.
#[must_use]
pub const fn signed_prekey_is_spent(replaced_ms: i64, now_ms: i64, newer: usize) -> bool {
    newer > MOST_RECENT && now_ms.saturating_sub(replaced_ms) >= RETENTION
}
