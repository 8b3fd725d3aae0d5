//! A message to a group: one ciphertext for all, with our sender key, and that key for every device that has it not.

use std::collections::BTreeSet;

use super::fanout::{Progress, unlisted};
use super::outbox::{OutboxEntry, SendAttempt, Transmission};
use super::queries::{Query, QueryState};
use super::send_direct::{outgoing, reporting_token, timed};
use super::{Engine, EngineContext, Output, SendFailure};
use crate::messaging::address::{Address, Kind, User};
use crate::messaging::content::{self, Expiration};
use crate::messaging::record_cache::{
    GroupRecord, MissingRecords, RecordRequirements, RecordTable, SenderKeyHolders,
};
use crate::messaging::stanzas::AddressingMode;
use crate::messaging::stanzas::incoming::EncKind;
use crate::messaging::stanzas::outgoing::{Ciphertext, Recipient};
use crate::messaging::stanzas::phash::phash;
use crate::signal::{OwnSenderKey, pad};
use crate::stanza::Jid;
use zeroize::Zeroizing;

/// How long what is known of a group is relied on. Changes are announced; this is for the announcement that was missed.
const GROUP_HOLDS_MS: i64 = 24 * 3_600_000;
/// The key of the note that groups have changed without the announcements having come. No group is called so.
pub(super) const ANY_GROUP: &[u8] = b"*";
/// How many messages may be encrypted ahead of what the store says.
const AHEAD: u32 = 32;

impl Engine {
    /// Sends a message to a group, if everything is there that it takes.
    pub(super) fn send_to_group(
        &mut self,
        sending: &OutboxEntry,
        cx: &mut EngineContext<'_>,
    ) -> Result<SendAttempt, MissingRecords> {
        let chat = &sending.chat;
        let group_key = chat.to_string().into_bytes();
        let mut wants = RecordRequirements::default();
        wants.record(&self.cache, RecordTable::Groups, ANY_GROUP);
        for shelf in [RecordTable::Groups, RecordTable::OwnKeys, RecordTable::SenderKeyHolders] {
            wants.record(&self.cache, shelf, group_key.as_slice());
        }
        wants.met()?;
        let group = match self.group_at_hand(chat, cx) {
            Progress::Done(group) => group,
            Progress::Waiting => return Ok(SendAttempt::Blocked),
            Progress::Failed(failure) => return Ok(SendAttempt::Failed(failure)),
        };
        let kind = if group.by_lid { Kind::Lid } else { Kind::Pn };
        let Some(own) = self.own_user(kind) else { return Ok(SendAttempt::Failed(SendFailure::WrongChat)) };
        let all = match self.devices_of_all(&group.members, &own, cx)? {
            Progress::Done(all) => all,
            Progress::Waiting => return Ok(SendAttempt::Blocked),
            Progress::Failed(failure) => return Ok(SendAttempt::Failed(failure)),
        };
        let others: Vec<Address> =
            all.iter().filter(|device| !self.own.is_device(&device.jid())).cloned().collect();

        let holders = self.cache.holders.get(&group_key).cloned().unwrap_or_default();
        let members: BTreeSet<&Address> = others.iter().collect();
        let own_key = self.cache.own_keys.get(&group_key).filter(|key| key.id() == holders.key_id);
        // Who has left must not read on.
        let is_good = own_key.is_some_and(|key| !key.is_worn())
            && holders.devices.iter().all(|holder| members.contains(holder));
        let lacking: Vec<Address> = if is_good {
            others.iter().filter(|device| !holders.devices.contains(device)).cloned().collect()
        } else {
            others.clone()
        };
        let targets = match self.sessions_with(&lacking, cx)? {
            Progress::Done(targets) => targets,
            Progress::Waiting => return Ok(SendAttempt::Blocked),
            Progress::Failed(failure) => return Ok(SendAttempt::Failed(failure)),
        };
        let timer = Expiration { seconds: group.expiration, set_at: None };
        self.want_timer(&sending.id, timer)?;
        self.note_timer(&sending.id, timer);

        if !is_good {
            let key = OwnSenderKey::generate(cx.rng);
            self.cache
                .holders
                .put(&group_key, SenderKeyHolders { key_id: key.id(), devices: BTreeSet::new() });
            self.cache.own_keys.put(&group_key, key);
        }
        let Some(key) = self.cache.own_keys.use_quietly(&group_key) else { return Ok(SendAttempt::Blocked) };
        // As it is before this message, which they are to read.
        let distribution = key.distribution();
        let key_id = key.id();
        let content = timed(&sending.content, timer);
        let mut padded = Zeroizing::new(content.message.clone());
        pad(&mut padded, cx.rng);
        let Ok(sealed) = key.encrypt(&padded, cx.rng) else {
            // It is used up. The next attempt makes a new one.
            self.cache.own_keys.remove(&group_key);
            return Ok(SendAttempt::Blocked);
        };
        if !sealed.is_covered
            && let Some(key) = self.cache.own_keys.change(&group_key)
        {
            key.lease(AHEAD);
        }
        let plaintext = Zeroizing::new(content::key_distribution(chat, &distribution));
        let (mut recipients, mut brought) = (Vec::with_capacity(targets.len()), Vec::new());
        for target in &targets {
            let Some((enc, _)) = self.encrypt_for(&target.keys, &plaintext, cx) else { continue };
            recipients.push(Recipient { device: target.jid(), enc: Some(enc) });
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
        self.out.push(Output::Send(message.into_node()));
        let deadline = cx.now.saturating_add(self.settings.ack_timeout);
        Ok(SendAttempt::Transmission(Transmission {
            deadline,
            key_for: Some((key_id, brought)),
            phash,
            person: None,
            fanout: None,
        }))
    }

    /// Returns the record of a group, if it can be relied on. That record and that of [`ANY_GROUP`] are at hand.
    pub(super) fn fresh_group(&self, chat: &Jid, cx: &EngineContext<'_>) -> Option<&GroupRecord> {
        let group = self.cache.groups.get(chat.to_string().as_bytes())?;
        let age = cx.unix_ms.saturating_sub(group.fetched_ms);
        let changed_ms = self.cache.groups.get(ANY_GROUP).map_or(i64::MIN, |mark| mark.fetched_ms);
        let is_fresh = (-GROUP_HOLDS_MS..GROUP_HOLDS_MS).contains(&age) && changed_ms < group.fetched_ms;
        is_fresh.then_some(group)
    }

    /// What is known of a group. Its record is at hand.
    fn group_at_hand(&mut self, chat: &Jid, cx: &EngineContext<'_>) -> Progress<GroupRecord> {
        if let Some(group) = self.fresh_group(chat, cx) {
            return Progress::Done(group.clone());
        }
        let group = self.cache.groups.get(chat.to_string().as_bytes()).cloned();
        match (self.asks.ask(Query::Group(chat.clone()), cx.now), group) {
            (QueryState::Open, _) => Progress::Waiting,
            (QueryState::Failed(failure), _) if failure.is_answer => {
                Progress::Failed(SendFailure::NoGroup(failure.code))
            }
            (QueryState::Failed(_), Some(group)) => Progress::Done(group),
            (QueryState::Failed(failure), None) => Progress::Failed(unlisted(failure)),
        }
    }

    /// All devices of all members and of our own account, this one among them; none that is hosted, since those take no part in
    /// groups.
    fn devices_of_all(
        &mut self,
        members: &[User],
        own: &User,
        cx: &EngineContext<'_>,
    ) -> Result<Progress<Vec<Address>>, MissingRecords> {
        let mut wants = RecordRequirements::default();
        members
            .iter()
            .chain([own])
            .for_each(|user| wants.record(&self.cache, RecordTable::Devices, user.key()));
        wants.met()?;
        let (mut all, mut complete) = (Vec::with_capacity(members.len() * 2), true);
        let (mut seen, mut failed) = (BTreeSet::new(), None);
        for user in members.iter().chain([own]).filter(|user| seen.insert(*user)) {
            match self.devices_of(user, cx)? {
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
        let this = own.device(self.own.pn.device);
        if !all.contains(&this) {
            all.push(this);
        }
        all.retain(|device| !device.is_hosted());
        Ok(if complete { Progress::Done(all) } else { Progress::Waiting })
    }

    /// The server has taken a message that brought our key to some devices.
    pub(super) fn key_arrived(&mut self, chat: &Jid, key_id: u32, devices: Vec<Address>) {
        if devices.is_empty() {
            return;
        }
        let key = chat.to_string().into_bytes();
        if let Some(holders) = self.cache.holders.change(&key).filter(|holders| holders.key_id == key_id) {
            holders.devices.extend(devices);
        }
    }

    /// Marks all records of groups as out of date: the server says that groups have changed, and not which.
    pub(crate) fn groups_are_dirty(&mut self, cx: &EngineContext<'_>) {
        self.cache.groups.put(ANY_GROUP, GroupRecord { fetched_ms: cx.unix_ms, ..GroupRecord::default() });
    }

    /// Marks the record of a group as out of date, and forgets that the server refused to tell of the group. The record is at
    /// hand.
    pub(super) fn group_is_stale(&mut self, chat: &Jid) {
        self.asks.forgive(&Query::Group(chat.clone()));
        if let Some(group) = self.cache.groups.change(chat.to_string().as_bytes()) {
            group.fetched_ms = i64::MIN / 2;
        }
    }

    /// Notes what it takes for [`Engine::membership_is_stale`]: the group, and, once it is at hand, the lists of its members.
    pub(super) fn want_membership(&self, chat: &Jid, wants: &mut RecordRequirements) {
        let key = chat.to_string().into_bytes();
        wants.record(&self.cache, RecordTable::Groups, key.as_slice());
        for member in self.cache.groups.get(&key).iter().flat_map(|group| &group.members) {
            wants.record(&self.cache, RecordTable::Devices, member.key());
        }
    }

    /// Marks the record of a group and the device lists of its members as out of date. They are at hand.
    pub(super) fn membership_is_stale(&mut self, chat: &Jid) {
        self.group_is_stale(chat);
        let Some(group) = self.cache.groups.get(chat.to_string().as_bytes()) else { return };
        let members = group.members.clone();
        for member in members {
            self.devices_are_stale(&member);
        }
    }
}
