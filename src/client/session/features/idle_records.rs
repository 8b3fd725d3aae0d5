//! Removes records of the store that are kept by phone number and decide nothing any more.

use crate::pairing::limiter::{LimiterRecord, Limits};
use crate::store::records::AccountLimits;
use crate::store::{Batch, Session, Space, StoreError};

/// The number of records that are read at once.
const PAGE: usize = 256;

/// The largest limits that the configuration allows: another session of the store may have them, and needs its records as long.
const LONGEST_LIMITS: Limits =
    Limits { burst: 10, interval_ms: 86_400_000, per_window: 60, window_ms: 3_600_000 };

/// Removes all idle records: of the ration of pairing codes, and of the limits of accounts.
pub(in crate::client::session) async fn forget_idle(store: &Session, now_ms: i64) -> Result<(), StoreError> {
    let is_idle = |record: &[u8]| LimiterRecord::from_bytes(record).is_idle(&LONGEST_LIMITS, now_ms);
    forget(store, Space::Limiter, is_idle).await?;
    forget(store, Space::AccountLimits, |record| AccountLimits::is_idle(record, now_ms)).await
}

async fn forget(store: &Session, space: Space, is_idle: impl Fn(&[u8]) -> bool) -> Result<(), StoreError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = store.scan(space, after.as_deref(), PAGE).await?;
        let is_full = page.len() == PAGE;
        after = page.last().map(|(key, _)| key.clone());
        for (key, stored) in page.into_iter().filter(|(_, stored)| is_idle(stored)) {
            let mut batch = Batch::new();
            batch.require(space, key.as_slice(), Some(stored)).delete(space, key);
            match store.commit(batch).await {
                // Another session has just written it.
                Err(StoreError::Changed) => {}
                done => done?,
            }
        }
        if !is_full {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SessionName;
    use crate::store::memory::MemoryBackend;
    use std::sync::Arc;

    #[tokio::test]
    async fn all_records_that_decide_nothing_any_more_go() {
        let name = SessionName::new("s").unwrap();
        let session = Session::open(Arc::new(MemoryBackend::new()), &name).await.unwrap();
        let (limits, now) = (Limits::default(), 1_800_000_000_000);
        let days = |days: i64| {
            let mut record = LimiterRecord::default();
            record.try_request(&limits, now - days * 86_400_000).unwrap();
            record.to_bytes()
        };
        // More than are read at once lie before and between those that are idle.
        let mut batch = Batch::new();
        for number in 0..3 * PAGE {
            let key = format!("1555{number:05}");
            batch.put(Space::Limiter, key.as_bytes(), days(if number % 100 == 99 { 21 } else { 19 }));
            batch.put(Space::AccountLimits, key.as_bytes(), vec![1]);
        }
        session.commit(batch).await.unwrap();
        forget_idle(&session, now).await.unwrap();
        let left = session.keys(Space::Limiter, None, 4 * PAGE).await.unwrap();
        assert_eq!(left.len(), 3 * PAGE - 7);
        assert!(left.iter().all(|key| !key.ends_with(b"99")));
        assert_eq!(session.keys(Space::AccountLimits, None, 10).await.unwrap().len(), 0);
    }
}
