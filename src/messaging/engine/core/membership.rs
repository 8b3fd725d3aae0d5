//! The changes that notices of the server make to the record of a group. A notice that does not fit the record marks it as out of date: the next
//! use asks for the group.

use super::EngineCore;
use super::queries::Query;
use crate::messaging::address::{Kind, User};
use crate::messaging::engine::EngineContext;
use crate::messaging::record_cache::{GroupRecord, MissingRecords};
use crate::messaging::stanzas::AddressingMode;
use crate::messaging::stanzas::group_changes::{GroupChange, GroupNotice, MemberChange};
use crate::messaging::stanzas::groups::{Group, Member, Rank};

impl EngineCore {
    /// Takes the changes of a group into its record, which is in the cache, as are the names of all whom the notice names.
    pub(in crate::messaging::engine) fn group_changed(
        &mut self,
        notice: &GroupNotice,
        cx: &EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let key = notice.group.to_string().into_bytes();
        for change in &notice.changes {
            let joins = matches!(change, GroupChange::Created { .. } | GroupChange::Added(_));
            let is_about_us = change.members().iter().any(|member| self.own.is_account(&member.jid));
            if joins && is_about_us {
                // Whoever is a member may ask.
                self.queries.forgive(&Query::Group(notice.group.clone()));
            }
            if let GroupChange::Created { group, .. } = change
                && is_about_us
                && group.jid == notice.group
                && is_whole(group)
            {
                self.group_came(group, cx)?;
                continue;
            }
            let Some(held) = self.cache.groups.get(&key) else { continue };
            let mut record = held.clone();
            if is_about_us && takes_part(change) || !take_in(&mut record, notice, change) {
                self.group_is_stale(&notice.group);
            } else if record != *held {
                self.cache.groups.put(&key, record);
            }
        }
        Ok(())
    }
}

/// Returns whether a change says that a person is a member from now on, or is none.
fn takes_part(change: &GroupChange) -> bool {
    matches!(change, GroupChange::Created { .. } | GroupChange::Added(_) | GroupChange::Removed(_))
}

/// Returns whether a description of a group names all members.
fn is_whole(group: &Group) -> bool {
    let all =
        group.size.is_none_or(|size| usize::try_from(size).is_ok_and(|size| size == group.members.len()));
    all && !group.is_incomplete && group.members.iter().all(|member| member.error.is_none())
}

/// Takes one change into a record. Returns false if the group has to be asked for.
fn take_in(record: &mut GroupRecord, notice: &GroupNotice, change: &GroupChange) -> bool {
    let is_other_mode = |mode| (mode == AddressingMode::Lid) != record.by_lid;
    if notice.addressing_mode.is_some_and(is_other_mode) {
        return false;
    }
    match change {
        // None of this is in the record.
        GroupChange::Subject { .. }
        | GroupChange::Description { .. }
        | GroupChange::InviteCode(_)
        | GroupChange::Announcement(_)
        | GroupChange::Locked(_)
        | GroupChange::AllMayAdd(_)
        | GroupChange::AllMayInvite(_)
        | GroupChange::JoinApproval(_)
        | GroupChange::JoinRequested(_)
        | GroupChange::JoinRequestsRevoked(_) => true,
        GroupChange::Expiration(seconds) => {
            record.expiration = *seconds;
            true
        }
        GroupChange::Added(members) => members_change(record, members, added, true),
        GroupChange::Removed(members) => members_change(record, members, removed, true),
        GroupChange::Promoted(members) => members_change(record, members, promoted, false),
        GroupChange::Demoted(members) => members_change(record, members, demoted, false),
        _ => false,
    }
}

/// Takes a change of the list of members into a record, if it follows upon the list that the record has.
fn members_change(
    record: &mut GroupRecord,
    change: &MemberChange,
    apply: fn(&mut GroupRecord, &User, Rank) -> bool,
    needs_version: bool,
) -> bool {
    let is_held = |version: &str| !version.is_empty() && version == record.version;
    if change.version.as_deref().is_some_and(is_held) {
        return true;
    }
    let follows = match change.previous_version.as_deref() {
        Some(before) => is_held(before),
        None => !needs_version && change.version.is_none(),
    };
    let kind = if record.by_lid { Kind::Lid } else { Kind::Pn };
    let one = |member: &Member| {
        let user = User::of(&member.jid).filter(|user| user.kind == kind && member.error.is_none());
        user.map(|user| (user, member.rank))
    };
    let Some(members) = change.members.iter().map(one).collect::<Option<Vec<_>>>() else { return false };
    if !follows || members.is_empty() {
        return false;
    }
    // Nobody being an admin stands for not knowing who is.
    if !members.iter().all(|(user, rank)| apply(record, user, *rank)) || record.admins.is_empty() {
        return false;
    }
    if change.previous_version.is_some() {
        record.version = change.version.as_deref().unwrap_or_default().into();
    }
    true
}

fn added(record: &mut GroupRecord, user: &User, rank: Rank) -> bool {
    if !record.members.contains(user) {
        record.members.push(user.clone());
    }
    rank == Rank::Member || promoted(record, user, rank)
}

fn removed(record: &mut GroupRecord, user: &User, _: Rank) -> bool {
    let before = record.members.len();
    record.members.retain(|member| member != user);
    record.admins.retain(|admin| admin != user);
    record.members.len() < before
}

fn promoted(record: &mut GroupRecord, user: &User, _: Rank) -> bool {
    if !record.admins.contains(user) {
        record.admins.push(user.clone());
    }
    record.members.contains(user)
}

fn demoted(record: &mut GroupRecord, user: &User, _: Rank) -> bool {
    record.admins.retain(|admin| admin != user);
    record.members.contains(user)
}

#[cfg(test)]
#[path = "membership_tests.rs"]
mod tests;
