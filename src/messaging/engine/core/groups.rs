//! The records of groups, how long they hold, and when they do not.

use super::EngineCore;
use super::names::users;
use super::queries::{Query, QueryState};
use super::sessions::{Progress, unlisted};
use crate::messaging::address::User;
use crate::messaging::engine::{EngineContext, SendFailure};
use crate::messaging::record_cache::{GroupRecord, MissingRecords, RecordRequirements, RecordTable};
use crate::messaging::stanzas::AddressingMode;
use crate::messaging::stanzas::groups::{Group, Member, Rank};
use crate::stanza::Jid;

/// The time a group's record is relied on. Changes are announced; this is for a missed announcement.
const GROUP_HOLDS_MS: i64 = 24 * 3_600_000;
/// The key of the note that groups have changed without the announcements having come. No group is called so.
pub(in crate::messaging::engine) const ANY_GROUP: &[u8] = b"*";

impl EngineCore {
    /// Keeps the description of a group that the server gave.
    pub(in crate::messaging::engine) fn group_came(
        &mut self,
        group: &Group,
        cx: &EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let pairs: Vec<_> = group.pairs().filter_map(users).collect();
        let mut wants = RecordRequirements::default();
        wants.pairs(&self.cache, &pairs);
        wants.met()?;
        self.cache.learn_all(&pairs);
        let is_admin = |who: &&Member| who.rank != Rank::Member;
        let record = GroupRecord {
            by_lid: group.addressing_mode == AddressingMode::Lid,
            members: group.members.iter().filter_map(|who| User::of(&who.jid)).collect(),
            admins: group.members.iter().filter(is_admin).filter_map(|who| User::of(&who.jid)).collect(),
            expiration: group.expiration,
            fetched_ms: cx.unix_ms,
            version: group
                .members_version
                .as_deref()
                .filter(|_| !group.is_incomplete)
                .unwrap_or_default()
                .into(),
        };
        self.cache.groups.put(group.jid.to_string().as_bytes(), record);
        Ok(())
    }

    /// Returns the record of a group, if it can be relied on. That record and that of [`ANY_GROUP`] are in the cache.
    pub(in crate::messaging::engine) fn fresh_group(
        &self,
        chat: &Jid,
        cx: &EngineContext<'_>,
    ) -> Option<&GroupRecord> {
        let group = self.cache.groups.get(chat.to_string().as_bytes())?;
        let age = cx.unix_ms.saturating_sub(group.fetched_ms);
        let changed_ms = self.cache.groups.get(ANY_GROUP).map_or(i64::MIN, |mark| mark.fetched_ms);
        let is_fresh = (-GROUP_HOLDS_MS..GROUP_HOLDS_MS).contains(&age) && changed_ms < group.fetched_ms;
        is_fresh.then_some(group)
    }

    /// Returns whether it is known who the admins of a group are. Both records are in the cache, or it is not known.
    pub(in crate::messaging::engine) fn knows_admins(&self, chat: &Jid, cx: &EngineContext<'_>) -> bool {
        self.fresh_group(chat, cx).is_some_and(|group| !group.admins.is_empty())
    }

    /// Returns the record of a group, or queries it. Its stored record is in the cache.
    pub(in crate::messaging::engine) fn group_at_hand(
        &mut self,
        chat: &Jid,
        cx: &EngineContext<'_>,
    ) -> Progress<GroupRecord> {
        if let Some(group) = self.fresh_group(chat, cx) {
            return Progress::Done(group.clone());
        }
        let group = self.cache.groups.get(chat.to_string().as_bytes()).cloned();
        match (self.queries.ask(Query::Group(chat.clone()), cx.now), group) {
            (QueryState::Open, _) => Progress::Waiting,
            (QueryState::Failed(failure), _) if failure.is_answer => {
                Progress::Failed(SendFailure::NoGroup(failure.code))
            }
            (QueryState::Failed(_), Some(group)) => Progress::Done(group),
            (QueryState::Failed(failure), None) => Progress::Failed(unlisted(failure)),
        }
    }

    /// Marks all records of groups as out of date: the server says that groups have changed, and not which.
    pub(crate) fn groups_are_dirty(&mut self, cx: &EngineContext<'_>) {
        self.cache.groups.put(ANY_GROUP, GroupRecord { fetched_ms: cx.unix_ms, ..GroupRecord::default() });
    }

    /// Marks the record of a group as out of date, and forgets that the server refused to tell of the group: this account had it
    /// changed. The record is at hand.
    pub(in crate::messaging::engine) fn group_was_changed(&mut self, chat: &Jid) {
        self.queries.forgive(&Query::Group(chat.clone()));
        self.group_is_stale(chat);
    }

    /// Marks the record of a group as out of date. It is at hand.
    pub(in crate::messaging::engine) fn group_is_stale(&mut self, chat: &Jid) {
        if let Some(group) = self.cache.groups.change(chat.to_string().as_bytes()) {
            group.fetched_ms = i64::MIN / 2;
        }
    }

    /// Notes what it takes for [`EngineCore::membership_is_stale`]: the group, and, once it is in the cache, the lists of its members.
    pub(in crate::messaging::engine) fn want_membership(&self, chat: &Jid, wants: &mut RecordRequirements) {
        let key = chat.to_string().into_bytes();
        wants.record(&self.cache, RecordTable::Groups, key.as_slice());
        for member in self.cache.groups.get(&key).iter().flat_map(|group| &group.members) {
            wants.record(&self.cache, RecordTable::Devices, member.key());
        }
    }

    /// Marks the record of a group and the device lists of its members as out of date. They are in the cache.
    pub(in crate::messaging::engine) fn membership_is_stale(&mut self, chat: &Jid) {
        self.group_was_changed(chat);
        let Some(group) = self.cache.groups.get(chat.to_string().as_bytes()) else { return };
        let members = group.members.clone();
        for member in members {
            self.devices_are_stale(&member);
        }
    }
}
