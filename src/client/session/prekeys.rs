//! One-time prekeys: without them at the server nobody can start a conversation with this device.

use super::super::clock::Millis;
use super::super::status_mapping::IqError;
use super::command::{Command, MadePrekeys};
use super::state::{PrekeyWork, UploadedPrekeys, Waiter};
use super::{Session, SessionError};
use crate::api::LogLevel;
use crate::crypto::OsRandom;
use crate::stanza::{Node, build};
use crate::store::records::{
    OneTimePrekey, allocate_prekeys, awaits_upload, forget_prekeys, load_unsent_prekeys, prekeys_uploaded,
};

/// How many uploads are made without a pause: the first one, and a few that the server asks for. Senders use up a batch in days.
const FREE_UPLOADS: u32 = 4;
/// The pause after one more.
const FIRST_PAUSE: Millis = 60_000;
/// Each further one doubles it, up to this. After as long without an upload all is as at first.
const LONGEST_PAUSE: Millis = 6 * 3_600_000;
/// How many uploads' keys are kept. A message that names an older one is asked for again.
const UPLOADS_KEPT: usize = 20;

/// Keeps a server that asks again and again from filling store and memory with keys.
#[derive(Debug, Default)]
pub(super) struct Pause {
    until: Millis,
    length: Millis,
    uploads: u32,
}

impl Pause {
    /// The server has taken keys.
    fn uploaded(&mut self, now: Millis) {
        if now >= self.until.saturating_add(LONGEST_PAUSE) {
            *self = Self::default();
        }
        self.uploads = self.uploads.saturating_add(1);
        if self.uploads > FREE_UPLOADS {
            self.length = self.length.saturating_mul(2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        }
        self.until = now.saturating_add(self.length);
    }

    /// Whether the server has to wait for more.
    fn holds(&self, now: Millis) -> bool {
        self.until > now
    }
}

impl Session {
    /// Sends the server what an earlier run made and could not hand over, or makes new ones.
    pub(super) async fn provide_prekeys(&mut self) -> Result<(), SessionError> {
        let Some(account) = self.account.as_deref().filter(|_| self.phase.is_logged_in()) else {
            return Ok(());
        };
        // A server that counts them again meanwhile is not to get them twice.
        if self.phase.online().is_none_or(|online| online.prekeys != PrekeyWork::Nothing) {
            return Ok(());
        }
        let unsent = load_unsent_prekeys(&self.store, account).await?;
        if !unsent.is_empty() {
            self.upload(&unsent);
            return Ok(());
        }
        let account = account.clone();
        self.prekey_work(PrekeyWork::Making);
        let count = u32::try_from(self.settings.config.prekeys_upload_count()).unwrap_or(u32::MAX);
        self.spawn_blocking_job(move || {
            Command::PrekeysMade(Box::new(MadePrekeys(allocate_prekeys(&account, count, &mut OsRandom))))
        });
        Ok(())
    }

    /// They go to the disk before they go to the server: a key that others have must never be missing here.
    pub(super) async fn prekeys_made(&mut self, MadePrekeys(made): MadePrekeys) -> Result<(), SessionError> {
        let Some(account) = &mut self.account else { return Ok(()) };
        if account.jid != made.account.jid {
            return Ok(());
        }
        // Their ids were given out meanwhile: to a retry receipt, or to what an earlier connection had begun to make.
        if made.keys.first().is_none_or(|first| first.id != account.next_prekey_id) {
            if self.phase.online().is_some_and(|online| online.prekeys == PrekeyWork::Making) {
                self.prekey_work(PrekeyWork::Nothing);
                return Box::pin(self.provide_prekeys()).await;
            }
            return Ok(());
        }
        // The batch carries the account as it was when the keys were begun; what has changed since is put on top.
        account.next_prekey_id = made.account.next_prekey_id;
        let mut batch = made.batch;
        if let Some(first) = made.keys.first() {
            forget_prekeys(&self.store, account, first.id, UPLOADS_KEPT, &mut batch).await?;
        }
        account.put(&mut batch);
        self.work.batch().append(batch);
        self.upload(&made.keys);
        Ok(())
    }

    fn upload(&mut self, keys: &[OneTimePrekey]) {
        let (Some(device), Some(last)) = (&self.device, keys.last()) else { return };
        let signed = &device.signed_prekey;
        let key = |id: u32, public: &[u8]| {
            let [_, id @ ..] = id.to_be_bytes();
            [Node::new("id").bytes(id), Node::new("value").bytes(public)]
        };
        let node = build::set("encrypt")
            .child(Node::new("registration").bytes(device.registration_id.to_be_bytes()))
            .child(Node::new("type").bytes([5]))
            .child(Node::new("identity").bytes(device.identity.public().0))
            .child(Node::new("list").children(
                keys.iter().map(|prekey| Node::new("key").children(key(prekey.id, &prekey.public.0))),
            ))
            .child(
                Node::new("skey")
                    .children(key(signed.id, &signed.pair.public().0))
                    .child(Node::new("signature").bytes(signed.signature)),
            );
        let uploaded = UploadedPrekeys { last_id: last.id, count: keys.len() };
        self.prekey_work(PrekeyWork::Uploading);
        self.query(node, Waiter::Prekeys(uploaded), self.settings.iq_timeout);
    }

    pub(super) async fn prekeys_answered(
        &mut self,
        uploaded: UploadedPrekeys,
        error: Option<IqError>,
    ) -> Result<(), SessionError> {
        self.prekey_work(PrekeyWork::Nothing);
        if let Some(error) = error {
            self.log(LogLevel::Warn, "prekeys", || {
                format!("the server did not take the prekeys: {}", error.to_error())
            });
            self.prekeys_not_taken(uploaded);
            return Ok(());
        }
        // Keys begin at another number by now: these were taken, and the server is owed more all the same.
        if self.account.as_deref().is_some_and(|account| !awaits_upload(account, uploaded.last_id)) {
            return self.provide_prekeys().await;
        }
        if let Some(account) = &self.account {
            let (account, batch) = prekeys_uploaded(account, uploaded.last_id);
            self.work.batch().append(batch);
            self.account = Some(Box::new(account));
        }
        self.prekeys_retry_at = None;
        self.prekeys_pause.uploaded(self.clock.now());
        self.go_active();
        Ok(())
    }

    fn prekey_work(&mut self, work: PrekeyWork) {
        if let Some(online) = self.phase.online() {
            online.prekeys = work;
        }
    }

    /// Tried again later; the session goes on meanwhile, for what it can be used without.
    pub(super) fn prekeys_not_taken(&mut self, uploaded: UploadedPrekeys) {
        self.prekey_work(PrekeyWork::Nothing);
        let wait = self.prekeys_backoff.next(&mut self.rng);
        self.log(LogLevel::Debug, "prekeys", || {
            format!("{} prekeys are sent again in {wait} ms", uploaded.count)
        });
        self.prekeys_retry_at = Some(self.clock.now() + wait);
        self.go_active();
    }

    /// Notes that the server wants more prekeys, and has them uploaded at once. They are owed on the disk too: an upload that does
    /// not get through follows on a later connection.
    pub(super) fn owe_prekeys(&mut self) {
        if let Some(account) = &mut self.account
            && std::mem::replace(&mut account.server_has_prekeys, false)
        {
            account.put(self.work.batch());
        }
        if !self.prekeys_paused() {
            self.prekeys_retry_at = Some(self.clock.now());
        }
    }

    /// Whether the server has had so many keys lately that more have to wait. Then they follow by themselves.
    pub(super) fn prekeys_paused(&mut self) -> bool {
        let holds = self.prekeys_pause.holds(self.clock.now());
        if holds {
            self.prekeys_retry_at = self.prekeys_retry_at.max(Some(self.prekeys_pause.until));
        }
        holds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_asks_again_and_again_waits_longer_and_longer() {
        let (mut pause, mut now) = (Pause::default(), 1_000);
        let mut waits = Vec::new();
        for _ in 0..16 {
            pause.uploaded(now);
            waits.push((pause.until - now) / FIRST_PAUSE);
            now = pause.until;
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]);
        pause.uploaded(now + LONGEST_PAUSE);
        assert!(!pause.holds(now + LONGEST_PAUSE), "the demand is real");
    }
}
