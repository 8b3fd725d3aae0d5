//! A message to a group: one ciphertext for all, with our sender key, and that key for every device that has it not.

use std::collections::BTreeSet;

use super::direct::{outgoing, reporting_token, timed};
use super::outbox::{OutboxEntry, SendAttempt, Transmission};
use super::{note_timer, want_timer};
use crate::messaging::address::{Address, Kind, User};
use crate::messaging::content::{self, Expiration};
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::core::groups::ANY_GROUP;
use crate::messaging::engine::core::sessions::{AHEAD, Progress};
use crate::messaging::engine::{EngineContext, Output, SendFailure};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable, SenderKeyHolders};
use crate::messaging::stanzas::AddressingMode;
use crate::messaging::stanzas::incoming::EncKind;
use crate::messaging::stanzas::outgoing::{Ciphertext, Recipient};
use crate::messaging::stanzas::phash::phash;
use crate::signal::{OwnSenderKey, pad};
use crate::stanza::Jid;
use zeroize::Zeroizing;

/// Sends a message to a group, if everything is there that it takes.
pub(super) fn send_to_group(
    core: &mut EngineCore,
    sending: &OutboxEntry,
    cx: &mut EngineContext<'_>,
) -> Result<SendAttempt, MissingRecords> {
    let chat = &sending.chat;
    let group_key = chat.to_string().into_bytes();
    let mut wants = RecordRequirements::default();
    wants.record(&core.cache, RecordTable::Groups, ANY_GROUP);
    for table in [RecordTable::Groups, RecordTable::OwnKeys, RecordTable::SenderKeyHolders] {
        wants.record(&core.cache, table, group_key.as_slice());
    }
    wants.met()?;
    let group = match core.group_at_hand(chat, cx) {
        Progress::Done(group) => group,
        Progress::Waiting => return Ok(SendAttempt::Blocked),
        Progress::Failed(failure) => return Ok(SendAttempt::Failed(failure)),
    };
    let kind = if group.by_lid { Kind::Lid } else { Kind::Pn };
    let Some(own) = core.own_user(kind) else { return Ok(SendAttempt::Failed(SendFailure::WrongChat)) };
    let all = match devices_of_all(core, &group.members, &own, cx)? {
        Progress::Done(all) => all,
        Progress::Waiting => return Ok(SendAttempt::Blocked),
        Progress::Failed(failure) => return Ok(SendAttempt::Failed(failure)),
    };
    let others: Vec<Address> =
        all.iter().filter(|device| !core.own.is_device(&device.jid())).cloned().collect();

    let holders = core.cache.holders.get(&group_key).cloned().unwrap_or_default();
    let members: BTreeSet<&Address> = others.iter().collect();
    let own_key = core.cache.own_keys.get(&group_key).filter(|key| key.id() == holders.key_id);
    // Members who have left must not read on.
    let is_good = own_key.is_some_and(|key| !key.is_worn())
        && holders.devices.iter().all(|holder| members.contains(holder));
    let lacking: Vec<Address> = if is_good {
        others.iter().filter(|device| !holders.devices.contains(device)).cloned().collect()
    } else {
        others.clone()
    };
    let targets = match core.sessions_with(&lacking, cx)? {
        Progress::Done(targets) => targets,
        Progress::Waiting => return Ok(SendAttempt::Blocked),
        Progress::Failed(failure) => return Ok(SendAttempt::Failed(failure)),
    };
    let timer = Expiration { seconds: group.expiration, set_at: None };
    want_timer(core, &sending.id, timer)?;
    note_timer(core, &sending.id, timer);

    if !is_good {
        let key = OwnSenderKey::generate(cx.rng);
        core.cache.holders.put(&group_key, SenderKeyHolders { key_id: key.id(), devices: BTreeSet::new() });
        core.cache.own_keys.put(&group_key, key);
    }
    let Some(key) = core.cache.own_keys.use_quietly(&group_key) else { return Ok(SendAttempt::Blocked) };
    // As it is before this message, which they are to read.
    let distribution = key.distribution();
    let key_id = key.id();
    let content = timed(&sending.content, timer);
    let mut padded = Zeroizing::new(content.message.clone());
    pad(&mut padded, cx.rng);
    let Ok(sealed) = key.encrypt(&padded, cx.rng) else {
        // It is used up. The next attempt makes a new one.
        core.cache.own_keys.remove(&group_key);
        return Ok(SendAttempt::Blocked);
    };
    if !sealed.is_covered
        && let Some(key) = core.cache.own_keys.change(&group_key)
    {
        key.lease(AHEAD);
    }
    let plaintext = Zeroizing::new(content::key_distribution(chat, &distribution));
    let (mut recipients, mut brought) = (Vec::with_capacity(targets.len()), Vec::new());
    for target in &targets {
        let Some(copy) = core.encrypt_for(&target.keys, &plaintext, cx) else { continue };
        recipients.push(Recipient { device: target.jid(), enc: Some(copy.enc) });
        brought.push(target.wire.clone());
    }
    let jids: Vec<Jid> = all.iter().map(Address::jid).collect();
    let phash = phash(&jids);
    let mut message = outgoing(&sending.id, chat, &content);
    message.recipients = recipients;
    message.enc = Some(Ciphertext { kind: EncKind::SenderKey, bytes: sealed.bytes });
    message.phash = phash.as_deref();
    message.addressing_mode = Some(if group.by_lid { AddressingMode::Lid } else { AddressingMode::Pn });
    message.reporting_token = reporting_token(&sending.id, &content, &own.jid(), chat);
    if message.needs_identity() {
        message.device_identity = Some(&cx.account.account_blob);
    }
    core.out.push(Output::Send(message.into_node()));
    let deadline = cx.now.saturating_add(core.settings.ack_timeout);
    Ok(SendAttempt::Sent(Transmission {
        deadline,
        key_for: Some((key_id, brought)),
        phash,
        person: None,
        fanout: None,
    }))
}

/// All devices of all members and of our own account, this one among them; none that is hosted, since those take no part in
/// groups.
fn devices_of_all(
    core: &mut EngineCore,
    members: &[User],
    own: &User,
    cx: &EngineContext<'_>,
) -> Result<Progress<Vec<Address>>, MissingRecords> {
    let mut wants = RecordRequirements::default();
    members.iter().chain([own]).for_each(|user| wants.record(&core.cache, RecordTable::Devices, user.key()));
    wants.met()?;
    let (mut all, mut complete) = (Vec::with_capacity(members.len() * 2), true);
    let (mut seen, mut failed) = (BTreeSet::new(), None);
    for user in members.iter().chain([own]).filter(|user| seen.insert(*user)) {
        match core.devices_of(user, cx)? {
            Progress::Done(devices) => all.extend(devices),
            Progress::Waiting => complete = false,
            // The group knows them still, and the server does not any more.
            Progress::Failed(SendFailure::NoAccount) => {}
            Progress::Failed(failure) => failed = Some(failure),
        }
    }
    if let Some(failure) = failed.filter(|_| complete) {
        return Ok(Progress::Failed(failure));
    }
    let this = own.device(core.own.pn.device);
    if !all.contains(&this) {
        all.push(this);
    }
    all.retain(|device| !device.is_hosted());
    Ok(if complete { Progress::Done(all) } else { Progress::Waiting })
}

/// The server has taken a message that brought our key to some devices.
pub(super) fn key_arrived(core: &mut EngineCore, chat: &Jid, key_id: u32, devices: Vec<Address>) {
    if devices.is_empty() {
        return;
    }
    let key = chat.to_string().into_bytes();
    if let Some(holders) = core.cache.holders.change(&key).filter(|holders| holders.key_id == key_id) {
        holders.devices.extend(devices);
    }
}
