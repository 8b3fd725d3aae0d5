//! The sender keys of others: a device hands out its key for a group.

use super::is_shared;
use crate::messaging::address::Address;
use crate::messaging::content;
use crate::messaging::engine::core::{EngineCore, FollowUp};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, Resolved};
use crate::messaging::stanzas::incoming::IncomingMessage;
use crate::signal::{Accepted, SenderKeyDistribution, SenderKeyRecord};
use crate::stanza::Jid;

/// Keeps a sender key that came along with a message of another chat.
pub(in crate::messaging::engine) fn take_sender_key(
    core: &mut EngineCore,
    group: &Jid,
    sender: &Address,
    message: &[u8],
) -> Result<(), MissingRecords> {
    let mut wants = RecordRequirements::default();
    wants.name(&core.cache, &sender.user);
    wants.met()?;
    let mut wants = RecordRequirements::default();
    wants.keys(&core.cache, sender);
    wants.sender_key(&core.cache, group, sender);
    wants.met()?;
    let sender = core.cache.merge_identity(sender);
    let key = core.cache.merge_sender_key(group, &sender);
    accept_sender_key(core, &key, message);
    Ok(())
}

fn accept_sender_key(core: &mut EngineCore, key: &[u8], message: &[u8]) {
    let Ok(distribution) = SenderKeyDistribution::parse(message) else {
        core.log("a sender key could not be read");
        return;
    };
    if core.cache.sender_keys.get(key).is_none() {
        core.cache.sender_keys.put(key, SenderKeyRecord::default());
    }
    if let Some(record) = core.cache.sender_keys.change(key)
        && record.accept(&distribution) == Accepted::Replaced
    {
        core.log("a sender key took the place of another of the same number");
    }
}

/// Handles a sender key that a device hands out.
pub(super) fn sender_key_came(
    core: &mut EngineCore,
    message: &IncomingMessage<'_>,
    sender: &Resolved,
    keys: content::KeyDistribution,
) {
    let Some(group) = keys.group.filter(is_shared) else { return };
    if group == message.origin.chat {
        let key = core.cache.merge_sender_key(&group, sender);
        accept_sender_key(core, &key, &keys.message);
    } else {
        let (sender, message) = (sender.address().clone(), keys.message);
        core.follow_ups.push_back(FollowUp::SenderKey { group, sender, message });
    }
}
