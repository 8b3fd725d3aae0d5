//! The lease of the session in a store that processes share.
//!
//! It is renewed after a third of its time. A renewal that fails is tried again until the lease has run out; then the session stops
//! by itself, whether or not another process has taken it: two of them must never send with the same keys.

use super::super::SessionError;
use super::super::command::Command;
use super::super::core::SessionCore;
use crate::client::clock::Millis;
use crate::store::{Lease, StoreError};

/// The watch over the lease.
#[derive(Debug, Default)]
pub(in crate::client::session) struct LeaseWatch(Option<Watched>);

#[derive(Debug)]
struct Watched {
    lasts: Millis,
    /// When the lease ends, unless it is renewed.
    ends_at: Millis,
    /// When to ask for its renewal; `None` while that is asked for.
    renew_at: Option<Millis>,
}

impl LeaseWatch {
    /// Watches a lease that was granted just before `now`.
    pub(in crate::client::session) fn new(lease: Option<Lease>, now: Millis) -> Self {
        Self(lease.map(|lease| {
            let lasts = Millis::try_from(lease.lasts.as_millis()).unwrap_or(Millis::MAX);
            let ends_at = now.saturating_add(lasts);
            Watched { lasts, ends_at, renew_at: Some(now.saturating_add(lasts / 3)) }
        }))
    }

    /// Returns when the lease is to be renewed, or has run out.
    pub(in crate::client::session) fn deadline(&self) -> Option<Millis> {
        let watched = self.0.as_ref()?;
        Some(watched.renew_at.map_or(watched.ends_at, |at| at.min(watched.ends_at)))
    }

    /// Renews the lease if that is due. Fails once it has run out.
    pub(in crate::client::session) fn time_passed(&mut self, core: &SessionCore) -> Result<(), SessionError> {
        let now = core.now();
        if self.asks_for_renewal(now)? {
            let renewal = core.store.renew();
            core.spawn_job(async move { Command::LeaseRenewed { asked_at: now, renewed: renewal.await } });
        }
        Ok(())
    }

    fn asks_for_renewal(&mut self, now: Millis) -> Result<bool, StoreError> {
        let Some(watched) = &mut self.0 else { return Ok(false) };
        if watched.ends_at <= now {
            return Err(StoreError::LeaseLost);
        }
        Ok(watched.renew_at.take_if(|at| *at <= now).is_some())
    }

    /// Takes in the store's answer to a renewal that was asked for at `asked_at`.
    pub(in crate::client::session) fn renewed(
        &mut self,
        asked_at: Millis,
        now: Millis,
        renewed: &Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Some(watched) = &mut self.0 else { return Ok(()) };
        match renewed {
            Ok(()) => {
                watched.ends_at = asked_at.saturating_add(watched.lasts);
                watched.renew_at = Some(asked_at.saturating_add(watched.lasts / 3));
                Ok(())
            }
            Err(StoreError::LeaseLost) => Err(StoreError::LeaseLost),
            // The store may be well again before the lease ends.
            Err(_) => {
                watched.renew_at = Some(now.saturating_add((watched.lasts / 20).max(1)));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn watch() -> LeaseWatch {
        LeaseWatch::new(Some(Lease { fence: 1, lasts: Duration::from_secs(30) }), 1_000)
    }

    fn broken() -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    #[test]
    fn a_lease_is_renewed_after_a_third_of_its_time() {
        let mut lease = watch();
        assert_eq!(lease.deadline(), Some(11_000));
        assert_eq!(lease.asks_for_renewal(10_999), Ok(false));
        assert_eq!(lease.asks_for_renewal(11_000), Ok(true));
        // Until the answer comes, only the end of the lease counts.
        assert_eq!((lease.asks_for_renewal(12_000), lease.deadline()), (Ok(false), Some(31_000)));
        lease.renewed(11_000, 12_500, &Ok(())).unwrap();
        assert_eq!(lease.deadline(), Some(21_000));
        assert_eq!(LeaseWatch::new(None, 0).deadline(), None);
    }

    #[test]
    fn a_renewal_that_fails_is_tried_again_until_the_lease_ends() {
        let mut lease = watch();
        assert_eq!(lease.asks_for_renewal(11_000), Ok(true));
        lease.renewed(11_000, 13_000, &broken()).unwrap();
        assert_eq!(lease.deadline(), Some(14_500));
        assert_eq!(lease.asks_for_renewal(30_999), Ok(true));
        lease.renewed(30_999, 31_000, &broken()).unwrap();
        assert_eq!(lease.deadline(), Some(31_000));
        assert_eq!(lease.asks_for_renewal(31_000), Err(StoreError::LeaseLost));
    }

    #[test]
    fn a_lease_that_was_taken_is_not_waited_for() {
        let mut lease = watch();
        assert_eq!(lease.asks_for_renewal(11_000), Ok(true));
        assert_eq!(lease.renewed(11_000, 11_001, &Err(StoreError::LeaseLost)), Err(StoreError::LeaseLost));
    }
}
