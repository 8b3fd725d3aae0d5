//! The signed prekey is replaced now and then. Earlier ones are kept, since messages that began with them may come late.
//!
//! The new one is on the disk before the server has it, and the session goes on with the old one until the server has said that
//! it took it: whichever of the two it hands out, its private half is here.

use crate::api::LogLevel;
use crate::client::clock::{Millis, unix_ms};
use crate::client::session::SessionError;
use crate::client::session::core::SessionCore;
use crate::client::session::features::key_check;
use crate::client::session::state::Waiter;
use crate::client::settings::millis;
use crate::client::status_mapping::IqError;
use crate::messaging::record_cache::EarlierPrekey;
use crate::signal::{PrekeyId, signed_prekey_is_due, signed_prekey_is_spent};
use crate::stanza::{Node, build};
use crate::store::Space;
use crate::store::records::{OneTimePrekey, SignedPrekey};

/// When it is tried again what the server did not do; as the official client.
const LATER: u64 = 24 * 3_600_000;
/// Most earlier ones that are looked at. With a new one each month there are never that many.
const MOST_KEPT: usize = 64;

/// When the signed prekey is replaced.
#[derive(Debug, Default)]
pub(in crate::client::session) struct SignedPrekeyRotation {
    due_at: Option<Millis>,
}

impl SignedPrekeyRotation {
    /// Returns when the signed prekey is to be replaced.
    pub(in crate::client::session) fn deadline(&self) -> Option<Millis> {
        self.due_at
    }

    /// Replaces the signed prekey if that is due.
    pub(in crate::client::session) async fn time_passed(
        &mut self,
        core: &mut SessionCore,
    ) -> Result<(), SessionError> {
        if self.due_at.is_some_and(|at| at <= core.now()) {
            self.replace(core).await?;
        }
        Ok(())
    }

    /// Sees to it that the signed prekey is replaced when it is old. Called whenever the session is ready.
    pub(in crate::client::session) async fn watch(
        &mut self,
        core: &mut SessionCore,
    ) -> Result<(), SessionError> {
        let Some(device) = &core.device else { return Ok(()) };
        let lifetime = millis(core.settings.config.prekeys_signed_lifetime());
        let made_ms = device.signed_prekey.made_ms;
        if signed_prekey_is_due(made_ms, unix_ms(), i64::try_from(lifetime).unwrap_or(i64::MAX)) {
            return self.replace(core).await;
        }
        let age = unix_ms().saturating_sub(made_ms).unsigned_abs();
        self.due_at = Some(core.clock.now().saturating_add(lifetime.saturating_sub(age)));
        Ok(())
    }

    /// Offers the server a new one.
    async fn replace(&mut self, core: &mut SessionCore) -> Result<(), SessionError> {
        self.due_at = None;
        let Some(device) = core.device.as_ref().filter(|_| core.is_ready()) else { return Ok(()) };
        let current = &device.signed_prekey;
        let id = PrekeyId::new(current.id).map_or(1, |id| id.following().get());
        let key = OneTimePrekey::key(id).to_vec();
        // One that was offered before, without an answer, is offered again: the server may have it.
        let held = core.store.get(Space::SignedPrekey, &key).await?;
        let held = held.and_then(|value| SignedPrekey::decode(&value).ok());
        let offered = held.filter(|held| held.made_ms >= current.made_ms);
        let fresh =
            offered.unwrap_or_else(|| SignedPrekey::generate(id, &device.identity, unix_ms(), &mut core.rng));
        let skey = Node::new("skey").children(fresh_parts(&fresh));
        core.engine_transition(|engine, _| {
            engine.core.cache.signed_prekeys.put(&key, EarlierPrekey(fresh.clone()));
            Ok(())
        })
        .await?;
        let node = build::set("encrypt").child(Node::new("rotate").child(skey));
        core.query(node, Waiter::SignedPrekey(Box::new(fresh)), core.settings.iq_timeout);
        Ok(())
    }

    /// The server has taken it, or not.
    pub(in crate::client::session) async fn answered(
        &mut self,
        core: &mut SessionCore,
        fresh: SignedPrekey,
        error: Option<IqError>,
    ) -> Result<(), SessionError> {
        let Some(error) = error else { return self.replaced(core, fresh).await };
        core.log(LogLevel::Warn, "prekeys", || {
            format!("the server did not take the new signed prekey: {}", error.to_error())
        });
        self.due_at = Some(core.clock.now().saturating_add(LATER));
        match error.code {
            // It is no good, and another one is made the next time.
            Some(406) => {
                let key = OneTimePrekey::key(fresh.id);
                core.engine_transition(|engine, _| {
                    engine.core.cache.signed_prekeys.remove(&key);
                    Ok(())
                })
                .await
            }
            Some(500..=599) => Ok(()),
            // The server may hold other keys than we think.
            _ => {
                key_check::ask(core);
                Ok(())
            }
        }
    }

    async fn replaced(&mut self, core: &mut SessionCore, fresh: SignedPrekey) -> Result<(), SessionError> {
        let rows = core.store.scan(Space::SignedPrekey, None, MOST_KEPT).await?;
        let Some(device) = &mut core.device else { return Ok(()) };
        let (key, made_ms) = (OneTimePrekey::key(fresh.id), fresh.made_ms);
        let old = std::mem::replace(&mut device.signed_prekey, fresh);
        device.put(core.work.batch());
        let kept = rows.iter().filter_map(|(_, value)| SignedPrekey::decode(value).ok());
        let spent = spent(kept, &old, made_ms, unix_ms());
        let old_key = OneTimePrekey::key(old.id);
        core.engine_transition(|engine, _| {
            let kept = &mut engine.core.cache.signed_prekeys;
            kept.remove(&key);
            kept.put(&old_key, EarlierPrekey(old.clone()));
            spent.iter().for_each(|id| kept.remove(&OneTimePrekey::key(*id)));
            Ok(())
        })
        .await?;
        core.log(LogLevel::Info, "prekeys", || "the signed prekey was replaced".to_owned());
        let lifetime = millis(core.settings.config.prekeys_signed_lifetime());
        self.due_at = Some(core.clock.now().saturating_add(lifetime));
        Ok(())
    }
}

/// The numbers of the earlier ones that nobody can need any more; `last` was replaced just now.
fn spent(
    kept: impl Iterator<Item = SignedPrekey>,
    last: &SignedPrekey,
    replaced_ms: i64,
    now_ms: i64,
) -> Vec<u32> {
    let mut kept: Vec<(i64, u32)> =
        kept.filter(|kept| kept.made_ms < last.made_ms).map(|kept| (kept.made_ms, kept.id)).collect();
    kept.push((last.made_ms, last.id));
    kept.sort_unstable();
    // Each was replaced when the next one was made.
    let replaced = kept.iter().skip(1).map(|(made_ms, _)| *made_ms).chain([replaced_ms]);
    let is_spent = |(index, (_, replaced_ms)): (usize, (&(i64, u32), i64))| {
        signed_prekey_is_spent(replaced_ms, now_ms, kept.len() - index)
    };
    let spent = kept.iter().zip(replaced).enumerate();
    spent.filter(|one| is_spent(*one)).map(|(_, ((_, id), _))| *id).collect()
}

/// Number, key and signature.
fn fresh_parts(prekey: &SignedPrekey) -> [Node; 3] {
    let [_, id @ ..] = prekey.id.to_be_bytes();
    [
        Node::new("id").bytes(id),
        Node::new("value").bytes(prekey.pair.public().0),
        Node::new("signature").bytes(prekey.signature),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::KeyPair;
    use crate::crypto::testing::Seeded;

    #[test]
    fn the_last_three_and_the_young_are_kept() {
        const DAY: i64 = 86_400_000;
        let identity = KeyPair::generate(&mut Seeded(1));
        let made = |id: u32, day: i64| SignedPrekey::generate(id, &identity, day * DAY, &mut Seeded(2));
        let kept = || (1..=8).map(|id| made(id, 27 * i64::from(id)));
        // On day 270, when the ninth is replaced, the fifth is out of use since day 162 and the sixth since day 189.
        let numbers = spent(kept(), &made(9, 243), 270 * DAY, 270 * DAY);
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
        let numbers = spent(kept(), &made(9, 243), 270 * DAY, 10_000 * DAY);
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6], "however old");
        // One that was offered and never taken is no earlier one.
        let staged = made(10, 260);
        assert!(!spent([staged].into_iter(), &made(9, 243), 270 * DAY, 10_000 * DAY).contains(&10));
    }
}
