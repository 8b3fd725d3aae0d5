//! The records that messages are going to need, so that they can be read together.

use super::is_shared;
use crate::messaging::address::{Address, User};
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::core::names::users;
use crate::messaging::record_cache::{RecordKey, RecordRequirements, RecordTable};
use crate::messaging::stanzas::addressing::Pair;
use crate::messaging::stanzas::incoming::{EncKind, IncomingMessage};
use crate::signal::PrekeyMessage;
use crate::stanza::NodeRef;
use crate::store::records::{DeviceRecord, OneTimePrekey};

/// Returns the records that stanzas are going to need and that are not in the cache. It is a guess, and no promise: a step that
/// lacks a record says so itself.
pub(in crate::messaging::engine) fn foresee<'n>(
    core: &EngineCore,
    stanzas: impl Iterator<Item = NodeRef<'n>>,
    device: &DeviceRecord,
) -> Vec<RecordKey> {
    let mut wants = RecordRequirements::default();
    for node in stanzas.filter(|node| matches!(node.tag(), "message" | "status")) {
        if let Ok(message) = IncomingMessage::read(node, &core.own)
            && message.has_encs()
        {
            foresee_message(core, &message, &mut wants, device);
        }
    }
    wants.missing()
}

fn foresee_message(
    core: &EngineCore,
    message: &IncomingMessage<'_>,
    wants: &mut RecordRequirements,
    device: &DeviceRecord,
) {
    let origin = &message.origin;
    let Some(sender) = Address::of(&origin.sender) else { return };
    // The names that belong together may be news: then both of them may have records.
    let both = |pair: &Pair| users(pair).map_or_else(Vec::new, |(pn, lid)| vec![pn, lid]);
    let senders = origin.sender_pair.as_ref().map_or_else(|| vec![sender.user.clone()], both);
    if let Some(partner) = User::of(&origin.chat) {
        wants.name(&core.cache, &partner);
    }
    for user in &senders {
        wants.name(&core.cache, user);
        wants.keys(&core.cache, &user.device(sender.device));
        wants.record(&core.cache, RecordTable::Pins, core.cache.canonical(&user.device(0)).key());
    }
    if is_shared(&origin.chat) {
        wants.sender_key(&core.cache, &origin.chat, &sender);
    }
    if let Some(user) = User::of(&origin.chat).filter(|user| core.may_be_new(user)) {
        let chat = origin.pairs().next().map_or_else(|| vec![user], both);
        for user in &chat {
            wants.name(&core.cache, user);
            wants.contact(&core.cache, user);
        }
    }
    wants.record(&core.cache, RecordTable::SecretPeriods, Vec::new());
    want_prekeys(core, message, &sender, wants, device);
}

/// Notes the private keys that the first message of a session asks for.
pub(super) fn want_prekeys(
    core: &EngineCore,
    message: &IncomingMessage<'_>,
    sender: &Address,
    wants: &mut RecordRequirements,
    device: &DeviceRecord,
) {
    for enc in message.encs().filter(|enc| enc.kind == EncKind::Prekey) {
        let Ok(parsed) = PrekeyMessage::parse(enc.bytes) else { continue };
        let session = core.cache.sessions.get(&core.cache.canonical(sender).key());
        if session.is_some_and(|session| session.knows(&parsed)) {
            continue;
        }
        if let Some(id) = parsed.prekey_id {
            wants.record(&core.cache, RecordTable::Prekeys, OneTimePrekey::key(id.get()));
        }
        if parsed.signed_prekey_id.get() != device.signed_prekey.id {
            wants.record(
                &core.cache,
                RecordTable::SignedPrekeys,
                OneTimePrekey::key(parsed.signed_prekey_id.get()),
            );
        }
    }
}
