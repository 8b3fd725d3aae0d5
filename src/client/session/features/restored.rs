//! A store that is an older copy of what the session had: put back from a backup, or with the snapshot of a machine.
//!
//! The keys that messages are encrypted with move on with each message. An older copy would use them again for other messages, and
//! who sees both ciphertexts learns from them. So all keys for sending go, and sending begins anew: with sessions that are opened
//! from the others' prekeys, and with sender keys that are made and handed round at the next message to each group.
//!
//! Messages that others sent to the keys that are gone cannot be read: the senders are asked to send them again, with new keys, as for any message
//! that cannot be read. Keys of others for groups stay, since nothing is sent with them. Messages that were handed in and not
//! confirmed stay, too, and go out under the ids they had, by which their recipients recognise those that they have already.

use crate::api::LogLevel;
use crate::client::session::SessionError;
use crate::client::session::core::SessionCore;
use crate::crypto::PooledRandom;
use crate::store::records;

/// Removes all keys for sending, on disk and in memory, and moves the numbering of prekeys on. The server is owed new prekeys
/// from then on: `Prekeys::owe` sees to it.
pub(in crate::client::session) async fn begin_sending_anew(
    core: &mut SessionCore,
) -> Result<(), SessionError> {
    // Writes that were begun with these keys come first, so that none of them is made later.
    core.commit().await?;
    // With the image of a machine random bytes come back, too, and every key is made of them.
    core.rng = PooledRandom::default();
    let Some(account) = &mut core.account else { return Ok(()) };
    let mut anew = account.clone();
    records::number_anew(&mut anew, &mut core.rng);
    core.store.commit(records::restored(&anew)).await?;
    *account = anew;
    if let Some(engine) = &mut core.messaging.engine {
        engine.forget_sending_keys();
    }
    core.log(LogLevel::Info, "session", || "all keys for sending were dropped; new ones are made".to_owned());
    Ok(())
}
