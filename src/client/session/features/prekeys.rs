//! One-time prekeys: without them at the server nobody can start a conversation with this device.

use crate::api::LogLevel;
use crate::client::backoff::Backoff;
use crate::client::clock::Millis;
use crate::client::session::SessionError;
use crate::client::session::command::{Command, MadePrekeys};
use crate::client::session::core::SessionCore;
use crate::client::session::state::{PrekeyWork, UploadedPrekeys, Waiter};
use crate::client::status_mapping::IqError;
use crate::crypto::OsRandom;
use crate::stanza::{Node, build};
use crate::store::records::{
    OneTimePrekey, allocate_prekeys, awaits_upload, forget_prekeys, load_unsent_prekeys, prekeys_uploaded,
};

/// The number of uploads without a pause: the first one, and a few that the server asks for. Senders use up a batch in days.
const FREE_UPLOADS: u32 = 4;
/// The pause after one more.
const FIRST_PAUSE: Millis = 60_000;
/// Each further one doubles it, up to this. After as long without an upload all is as at first.
const LONGEST_PAUSE: Millis = 6 * 3_600_000;
/// The number of uploads whose keys are kept. A message that names an older one is asked for again.
const UPLOADS_KEPT: usize = 20;

/// Keeps a server that asks again and again from filling store and memory with keys.
#[derive(Debug, Default)]
pub(in crate::client::session) struct Pause {
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

    /// Returns whether the server has to wait for more.
    fn holds(&self, now: Millis) -> bool {
        self.until > now
    }
}

/// The uploads of one-time prekeys: when the next is due, and how often they may follow each other.
pub(in crate::client::session) struct Prekeys {
    /// When to upload again what the server did not take, or what it is owed.
    retry_at: Option<Millis>,
    backoff: Backoff,
    /// Until when the server gets no new ones however often it asks, and how long the next such pause is.
    pause: Pause,
}

impl Prekeys {
    pub(in crate::client::session) fn new() -> Self {
        Self { retry_at: None, backoff: Backoff::new(1_000, 610_000), pause: Pause::default() }
    }

    /// Returns when keys are to be uploaded.
    pub(in crate::client::session) fn deadline(&self) -> Option<Millis> {
        self.retry_at
    }

    /// Uploads keys if that is due.
    pub(in crate::client::session) async fn time_passed(
        &mut self,
        core: &mut SessionCore,
    ) -> Result<(), SessionError> {
        if self.retry_at.is_some_and(|at| at <= core.now()) {
            self.retry_at = None;
            self.provide(core).await?;
        }
        Ok(())
    }

    /// Sends the server what an earlier run made and could not hand over, or makes new ones.
    pub(in crate::client::session) async fn provide(
        &mut self,
        core: &mut SessionCore,
    ) -> Result<(), SessionError> {
        let Some(account) = core.account.as_deref().filter(|_| core.phase.is_logged_in()) else {
            return Ok(());
        };
        // A server that counts them again meanwhile is not to get them twice.
        if core.phase.online().is_none_or(|online| online.prekeys != PrekeyWork::Nothing) {
            return Ok(());
        }
        let unsent = load_unsent_prekeys(&core.store, account).await?;
        if !unsent.is_empty() {
            upload(core, &unsent);
            return Ok(());
        }
        let account = account.clone();
        set_work(core, PrekeyWork::Making);
        let count = u32::try_from(core.settings.config.prekeys_upload_count()).unwrap_or(u32::MAX);
        core.spawn_blocking_job(move || {
            Command::PrekeysMade(Box::new(MadePrekeys(allocate_prekeys(&account, count, &mut OsRandom))))
        });
        Ok(())
    }

    /// They go to the disk before they go to the server: a key that others have must never be missing here.
    pub(in crate::client::session) async fn made(
        &mut self,
        core: &mut SessionCore,
        MadePrekeys(made): MadePrekeys,
    ) -> Result<(), SessionError> {
        let Some(account) = &mut core.account else { return Ok(()) };
        if account.jid != made.account.jid {
            return Ok(());
        }
        // Their ids were given out meanwhile: to a retry receipt, or to what an earlier connection had begun to make.
        if made.keys.first().is_none_or(|first| first.id != account.next_prekey_id) {
            if core.phase.online().is_some_and(|online| online.prekeys == PrekeyWork::Making) {
                set_work(core, PrekeyWork::Nothing);
                return Box::pin(self.provide(core)).await;
            }
            return Ok(());
        }
        // The batch carries the account as it was when the keys were begun; what has changed since is put on top.
        account.next_prekey_id = made.account.next_prekey_id;
        let mut batch = made.batch;
        if let Some(first) = made.keys.first() {
            forget_prekeys(&core.store, account, first.id, UPLOADS_KEPT, &mut batch).await?;
        }
        account.put(&mut batch);
        core.work.batch().append(batch);
        upload(core, &made.keys);
        Ok(())
    }

    /// Handles the server's answer to an upload. Returns whether the login can go on.
    pub(in crate::client::session) async fn answered(
        &mut self,
        core: &mut SessionCore,
        uploaded: UploadedPrekeys,
        error: Option<IqError>,
    ) -> Result<bool, SessionError> {
        set_work(core, PrekeyWork::Nothing);
        if let Some(error) = error {
            core.log(LogLevel::Warn, "prekeys", || {
                format!("the server did not take the prekeys: {}", error.to_error())
            });
            self.not_taken(core, uploaded);
            return Ok(true);
        }
        // Keys begin at another number by now: these were taken, and the server is owed more all the same.
        if core.account.as_deref().is_some_and(|account| !awaits_upload(account, uploaded.last_id)) {
            self.provide(core).await?;
            return Ok(false);
        }
        if let Some(account) = &core.account {
            let (account, batch) = prekeys_uploaded(account, uploaded.last_id);
            core.work.batch().append(batch);
            core.account = Some(Box::new(account));
        }
        self.retry_at = None;
        self.pause.uploaded(core.clock.now());
        Ok(true)
    }

    /// Has the keys uploaded again later. The login goes on meanwhile, for what the session can be used without.
    pub(in crate::client::session) fn not_taken(
        &mut self,
        core: &mut SessionCore,
        uploaded: UploadedPrekeys,
    ) {
        set_work(core, PrekeyWork::Nothing);
        let wait = self.backoff.next(&mut core.rng);
        core.log(LogLevel::Debug, "prekeys", || {
            format!("{} prekeys are sent again in {wait} ms", uploaded.count)
        });
        self.retry_at = Some(core.clock.now() + wait);
    }

    /// Notes that the server wants more prekeys, and has them uploaded at once. They are owed on the disk too: an upload that does
    /// not get through follows on a later connection.
    pub(in crate::client::session) fn owe(&mut self, core: &mut SessionCore) {
        if let Some(account) = &mut core.account
            && std::mem::replace(&mut account.server_has_prekeys, false)
        {
            account.put(core.work.batch());
        }
        if !self.are_paused(core) {
            self.retry_at = Some(core.clock.now());
        }
    }

    /// Returns whether the server has had so many keys lately that more have to wait. Then they follow by themselves.
    pub(in crate::client::session) fn are_paused(&mut self, core: &SessionCore) -> bool {
        let holds = self.pause.holds(core.clock.now());
        if holds {
            self.retry_at = self.retry_at.max(Some(self.pause.until));
        }
        holds
    }
}

fn upload(core: &mut SessionCore, keys: &[OneTimePrekey]) {
    let (Some(device), Some(last)) = (&core.device, keys.last()) else { return };
    let signed = &device.signed_prekey;
    let key = |id: u32, public: &[u8]| {
        let [_, id @ ..] = id.to_be_bytes();
        [Node::new("id").bytes(id), Node::new("value").bytes(public)]
    };
    let node =
        build::set("encrypt")
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
    set_work(core, PrekeyWork::Uploading);
    core.query(node, Waiter::Prekeys(uploaded), core.settings.iq_timeout);
}

fn set_work(core: &mut SessionCore, work: PrekeyWork) {
    if let Some(online) = core.phase.online() {
        online.prekeys = work;
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
