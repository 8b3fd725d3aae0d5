//! The server's notifications: devices that come and go, identities that change, tokens that people give us, groups that change.
//!
//! Nothing here installs a key or deletes one for good: the server's word may loosen what we hold, and the messages through a
//! session with a device decide.

use super::core::EngineCore;
use super::core::names::users;
use super::{EngineContext, GroupNews, MessagingEvent, Output};
use crate::messaging::address::User;
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable};
use crate::messaging::stanzas::group_changes::{GroupChange, GroupNotice};
use crate::messaging::stanzas::notifications::{DeviceChange, News, Notice, Token};
use crate::messaging::stanzas::privacy_tokens;
use crate::stanza::NodeRef;

/// Handles a notification about a group.
pub(super) fn group(
    core: &mut EngineCore,
    node: NodeRef<'_>,
    cx: &EngineContext<'_>,
) -> Result<(), MissingRecords> {
    GroupNotice::read(node).map_or(Ok(()), |notice| group_changed(core, &notice, cx))
}

/// Handles a notification about a person: devices, identity or tokens.
pub(super) fn person(
    core: &mut EngineCore,
    node: NodeRef<'_>,
    cx: &EngineContext<'_>,
) -> Result<(), MissingRecords> {
    let Some(notice) = Notice::read(node) else { return Ok(()) };
    if let News::DevicesOf { contact_hash } = notice.news {
        core.devices_of_hash_are_stale(contact_hash, cx);
        return Ok(());
    }
    let Some(user) = User::of(&notice.user) else { return Ok(()) };
    let mut wants = RecordRequirements::default();
    wants.name(&core.cache, &user);
    let pair = notice.pair.as_ref().and_then(users);
    if let Some((pn, lid)) = &pair {
        wants.name(&core.cache, pn);
        wants.name(&core.cache, lid);
    }
    wants.met()?;
    if let Some((pn, lid)) = &pair {
        core.cache.learn(pn, lid);
    }
    let names: Vec<User> = [Some(user.clone()), core.cache.user_alias(&user)].into_iter().flatten().collect();
    let mut wants = RecordRequirements::default();
    names.iter().for_each(|name| wants.record(&core.cache, RecordTable::Devices, name.key()));
    wants.keys(&core.cache, &user.device(notice.device));
    wants.record(&core.cache, RecordTable::Contacts, core.cache.canonical_user(&user).key());
    if let News::DevicesRemoved(change) = &notice.news {
        change.devices.iter().for_each(|gone| wants.keys(&core.cache, &user.device(gone.device.id)));
    }
    wants.met()?;
    match notice.news {
        News::DevicesAdded(_) | News::OwnDevices(_) => {
            names.iter().for_each(|name| core.devices_are_stale(name));
        }
        News::DevicesRemoved(change) => {
            names.iter().for_each(|name| core.devices_are_stale(name));
            devices_gone(core, &user, &change);
        }
        News::Identity => {
            names.iter().for_each(|name| core.devices_are_void(name));
            token_given_again(core, &user, notice.device, cx);
            identity_given_up(core, &user, notice.device);
        }
        News::Tokens(tokens) => tokens_came(core, &user, &tokens),
        // It names nobody.
        News::DevicesOf { .. } => {}
    }
    Ok(())
}

fn devices_gone(core: &mut EngineCore, user: &User, change: &DeviceChange<'_>) {
    for gone in &change.devices {
        let device = core.cache.merge_identity(&user.device(gone.device.id));
        if let Some(session) = core.cache.sessions.change(&device.key()) {
            session.archive_current();
        }
    }
}

/// The next message goes out in a new session, with the identity that comes with its keys. Messages for the old one are still
/// read.
fn identity_given_up(core: &mut EngineCore, user: &User, device: u16) {
    let device = core.cache.merge_identity(&user.device(device));
    if let Some(session) = core.cache.sessions.change(&device.key()) {
        session.archive_current();
    }
    let Some(pin) = core.cache.pins.change(&device.key()).filter(|pin| !pin.superseded) else { return };
    pin.superseded = true;
    let device = device.address().clone();
    let pn = core.phone_number(&device.user.jid());
    core.out.push(Output::Event(MessagingEvent::IdentityChanged { device, pn }));
}

/// A person has a new identity, and with it lost the token that shows that we trust them: it is given again, as of the time
/// when it was given, if it is still valid.
fn token_given_again(core: &mut EngineCore, user: &User, device: u16, cx: &EngineContext<'_>) {
    let person = core.cache.canonical_user(user);
    let now_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
    let given_s = core.cache.contacts.get(&person.key()).map_or(0, |held| held.given_s);
    if device == 0 && given_s != 0 && !privacy_tokens::is_expired(given_s, now_s) {
        if !core.queries.people_budget.take(cx.now) {
            // The next message to them gives it.
            if let Some(held) = core.cache.contacts.change(&person.key()) {
                held.given_s = 0;
            }
            return;
        }
        let tag = core.queries.nobody();
        core.out.push(Output::Query { tag, node: privacy_tokens::issue(&person.jid(), given_s) });
    }
}

fn tokens_came(core: &mut EngineCore, user: &User, tokens: &[Token<'_>]) {
    if let Some(newest) = tokens.iter().max_by_key(|token| token.timestamp) {
        core.take_token(user, newest.bytes, newest.timestamp);
    }
}

/// Takes in that a group has changed. Of members who left, the next message to the group finds that they have our key, and uses it no
/// more.
fn group_changed(
    core: &mut EngineCore,
    notice: &GroupNotice,
    cx: &EngineContext<'_>,
) -> Result<(), MissingRecords> {
    let pairs: Vec<_> = notice.pairs().filter_map(users).collect();
    let mut wants = RecordRequirements::default();
    wants.pairs(&core.cache, &pairs);
    let members = notice.changes.iter().flat_map(GroupChange::members).map(|member| &member.jid);
    for user in members.chain(&notice.author).filter_map(User::of) {
        wants.name(&core.cache, &user);
    }
    wants.record(&core.cache, RecordTable::Groups, notice.group.to_string());
    wants.met()?;
    core.cache.learn_all(&pairs);
    core.group_changed(notice, cx)?;
    let seconds = notice.timestamp.and_then(|seconds| i64::try_from(seconds).ok());
    let at_ms = seconds.map_or(cx.unix_ms, |seconds| seconds.saturating_mul(1000));
    for change in &notice.changes {
        core.out.push(Output::Event(MessagingEvent::Group(Box::new(GroupNews {
            group: notice.group.clone(),
            author: notice.author.clone(),
            author_pn: notice.author.as_ref().and_then(|author| core.phone_number(author)),
            member_pns: change.members().iter().map(|member| core.phone_number(&member.jid)).collect(),
            change: change.clone(),
            at_ms,
        }))));
    }
    Ok(())
}
