//! The limits of an account beyond one link: [`AccountLimits`].
//!
//! To the server, a phone number that is unlinked and linked again is the same account. So its first contacts of the last hour and
//! the server's lock outlive the link and the session. As the ration of pairing codes, they are kept by phone number, for the whole
//! store.

use super::codec;
use crate::store::{Batch, Session, Space, StoreError};

/// For how long a first contact counts, in milliseconds.
const HOUR: u64 = 3_600_000;
/// The number of tries to change a record that several sessions share when another session was faster.
const TRIES: usize = 16;
/// Rows that are read at once.
const PAGE: usize = 256;
/// Most first contacts that are kept of an account.
const MOST_CONTACTS: usize = 4096;

/// The server's lock on first contacts.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ContactLock {
    /// Until when it is taken to hold, Unix milliseconds.
    #[prost(int64, tag = "1")]
    pub until_ms: i64,
    /// When it ends by the server's word, Unix seconds.
    #[prost(uint64, optional, tag = "2")]
    pub ends_s: Option<u64>,
    /// The reason, in the server's words.
    #[prost(string, optional, tag = "3")]
    pub reason: Option<String>,
}

/// The limits of an account that is not linked.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AccountLimits {
    /// When people were written to for the first time, Unix milliseconds, oldest first.
    #[prost(sint64, repeated, tag = "1")]
    contacts_ms: Vec<i64>,
    /// The server's lock.
    #[prost(message, optional, tag = "2")]
    lock: Option<ContactLock>,
}

impl AccountLimits {
    /// Reads the stored form. One that cannot be read limits nothing: it must not be the reason that an account cannot be linked.
    fn decode(value: &[u8]) -> Self {
        codec::decode(Space::AccountLimits, value).unwrap_or_default()
    }

    /// Adds what another session knows, and removes what is over.
    fn merge(&mut self, other: Self, now_ms: i64) {
        self.contacts_ms.extend(other.contacts_ms);
        self.contacts_ms.retain(|at| is_recent(*at, now_ms));
        self.contacts_ms.sort_unstable();
        self.contacts_ms.dedup();
        let excess = self.contacts_ms.len().saturating_sub(MOST_CONTACTS);
        self.contacts_ms.drain(..excess);
        let locks = [self.lock.take(), other.lock].into_iter().flatten();
        self.lock = locks.filter(|lock| lock.until_ms > now_ms).max_by_key(|lock| lock.until_ms);
    }

    /// Returns whether a stored record limits nothing any more, so that the store may drop it.
    pub fn is_idle(value: &[u8], now_ms: i64) -> bool {
        let mut limits = Self::default();
        limits.merge(Self::decode(value), now_ms);
        limits == Self::default()
    }
}

/// A clock that was set back makes nobody wait for the time that it lost.
fn is_recent(at: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(at).unsigned_abs() <= HOUR
}

/// Keeps the limits of the account of that phone number, which this session is linked to, beyond the link. To be called before the
/// link or the session is removed. May be repeated.
///
/// # Errors
/// As the store's operations.
pub async fn keep_account_limits(session: &Session, phone: &str, now_ms: i64) -> Result<(), StoreError> {
    let lock = session.get(Space::Restriction, &[]).await?;
    let held = AccountLimits {
        contacts_ms: contacts(session).await?,
        lock: lock.and_then(|lock| codec::decode(Space::Restriction, &lock).ok()),
    };
    for _ in 0..TRIES {
        let stored = session.get(Space::AccountLimits, phone.as_bytes()).await?;
        let mut limits = stored.as_deref().map(AccountLimits::decode).unwrap_or_default();
        limits.merge(held.clone(), now_ms);
        if limits == AccountLimits::default() {
            return Ok(());
        }
        let mut batch = Batch::new();
        batch.require(Space::AccountLimits, phone.as_bytes(), stored);
        batch.put(Space::AccountLimits, phone.as_bytes(), codec::encode(&limits));
        match session.commit(batch).await {
            Err(StoreError::Changed) => {}
            done => return done,
        }
    }
    Err(StoreError::Changed)
}

/// Adds the limits of the account of that phone number to the batch that links this session to it.
///
/// # Errors
/// As the store's operations.
pub async fn restore_account_limits(
    session: &Session,
    phone: &str,
    now_ms: i64,
    batch: &mut Batch,
) -> Result<(), StoreError> {
    let Some(stored) = session.get(Space::AccountLimits, phone.as_bytes()).await? else { return Ok(()) };
    let mut limits = AccountLimits::default();
    limits.merge(AccountLimits::decode(&stored), now_ms);
    for (row, at) in (0_u64..).zip(limits.contacts_ms) {
        batch.put(Space::FirstContact, row.to_be_bytes(), at.to_be_bytes().to_vec());
    }
    if let Some(lock) = limits.lock {
        batch.put(Space::Restriction, Vec::new(), codec::encode(&lock));
    }
    Ok(())
}

/// The times of the first contacts of this session's account.
async fn contacts(session: &Session) -> Result<Vec<i64>, StoreError> {
    let (mut all, mut after): (Vec<i64>, Option<Vec<u8>>) = (Vec::new(), None);
    loop {
        let page = session.scan(Space::FirstContact, after.as_deref(), PAGE).await?;
        let is_full = page.len() == PAGE;
        all.extend(page.iter().filter_map(|(_, at)| at.as_ref().try_into().ok()).map(i64::from_be_bytes));
        after = page.into_iter().next_back().map(|(key, _)| key);
        if !is_full {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AccountRecord, linked, unlinked};
    use super::*;
    use crate::crypto::{OsRandom, PublicKey};
    use crate::store::SessionName;
    use crate::store::memory::MemoryBackend;
    use crate::store::records::DeviceRecord;
    use std::sync::Arc;

    const NOW: i64 = 1_767_225_600_000;
    const MINUTE: i64 = 60_000;

    /// The first contacts of a session, and its lock.
    async fn held(session: &Session) -> (Vec<i64>, Option<ContactLock>) {
        let lock = session.get(Space::Restriction, &[]).await.unwrap();
        (contacts(session).await.unwrap(), lock.map(|lock| codec::decode(Space::Restriction, &lock).unwrap()))
    }

    async fn link(session: &Session, phone: &str, now_ms: i64) {
        let jid = format!("{phone}:7@s.whatsapp.net");
        let account = AccountRecord::new(jid, String::new(), vec![1], PublicKey([9; 32]));
        let mut batch = linked(&DeviceRecord::generate(0, &mut OsRandom), &account);
        restore_account_limits(session, account.phone(), now_ms, &mut batch).await.unwrap();
        session.commit(batch).await.unwrap();
    }

    async fn unlink(session: &Session, phone: &str, now_ms: i64) {
        keep_account_limits(session, phone, now_ms).await.unwrap();
        session.commit(unlinked()).await.unwrap();
    }

    #[tokio::test]
    async fn limits_come_back_with_their_account_and_with_no_other() {
        let backend = Arc::new(MemoryBackend::new());
        let open =
            async |name| Session::open(backend.clone(), &SessionName::new(name).unwrap()).await.unwrap();
        let (one, two) = (open("one").await, open("two").await);
        link(&one, "1555", NOW).await;
        let lock =
            ContactLock { until_ms: NOW + 90 * MINUTE, ends_s: Some(7), reason: Some("spam".to_owned()) };
        let mut batch = Batch::new();
        for (row, minutes) in [(0_u64, 70), (1, 50), (2, 10)] {
            let at = NOW - minutes * MINUTE;
            batch.put(Space::FirstContact, row.to_be_bytes(), at.to_be_bytes().to_vec());
        }
        batch.put(Space::Restriction, Vec::new(), codec::encode(&lock));
        one.commit(batch).await.unwrap();
        unlink(&one, "1555", NOW).await;
        assert_eq!(held(&one).await, (vec![], None));
        // Another account, then the same one, here and in another session.
        link(&one, "1556", NOW).await;
        assert_eq!(held(&one).await, (vec![], None));
        unlink(&one, "1556", NOW).await;
        for session in [&one, &two] {
            link(session, "1555", NOW).await;
            let recent = vec![NOW - 50 * MINUTE, NOW - 10 * MINUTE];
            assert_eq!(held(session).await, (recent, Some(lock.clone())));
        }
        // Both sessions end: what they share counts once. An erased session leaves it as well.
        unlink(&one, "1555", NOW).await;
        keep_account_limits(&two, "1555", NOW).await.unwrap();
        let mut erase = Batch::new();
        erase.erase_session();
        two.commit(erase).await.unwrap();
        link(&one, "1555", NOW + 30 * MINUTE).await;
        assert_eq!(held(&one).await, (vec![NOW - 10 * MINUTE], Some(lock)));
        // All of it is over in the end.
        let stored = one.get(Space::AccountLimits, b"1555").await.unwrap().unwrap();
        assert!(!AccountLimits::is_idle(&stored, NOW + 89 * MINUTE));
        assert!(AccountLimits::is_idle(&stored, NOW + 90 * MINUTE));
        assert!(AccountLimits::is_idle(b"damaged", NOW));
        assert_eq!(one.get(Space::AccountLimits, b"1556").await.unwrap(), None, "there was nothing to keep");
    }
}
