//! What the server announces: devices that come and go, identities that change, tokens that people give us, groups that change.
//!
//! Nothing here installs a key or deletes one for good: the server's word may loosen what we hold, and what comes through a
//! session with a device decides.

use super::inbound::users;
use super::queries::Query;
use super::{Engine, EngineContext, GroupNews, MessagingEvent, Output};
use crate::messaging::address::User;
use crate::messaging::record_cache::{MissingRecords, PrivacyToken, RecordRequirements, RecordTable};
use crate::messaging::stanzas::group_changes::{GroupChange, GroupNotice};
use crate::messaging::stanzas::notifications::{DeviceChange, News, Notice};
use crate::messaging::stanzas::{privacy_tokens, restrictions};
use crate::stanza::NodeRef;

impl Engine {
    /// A notification about people or groups. Its acknowledgement is the driver's.
    pub(crate) fn notice(
        &mut self,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        if node.is("type", "w:gp2") {
            return GroupNotice::read(node).map_or(Ok(()), |notice| self.group_changed(&notice, cx));
        }
        if node.is("type", "mex") {
            match restrictions::time_lock_notice(&node) {
                Some(lock) => self.time_lock(Some(lock), cx),
                // It has changed, and is not said.
                None if restrictions::is_time_lock_notice(&node) => {
                    self.asks.ask_anew(Query::TimeLock, cx.now)
                }
                None => {}
            }
            return Ok(());
        }
        let Some(notice) = Notice::read(node) else { return Ok(()) };
        if let News::DevicesOf { contact_hash } = notice.news {
            self.devices_of_hash_are_stale(contact_hash, cx);
            return Ok(());
        }
        let Some(user) = User::of(&notice.user) else { return Ok(()) };
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, &user);
        let pair = notice.pair.as_ref().and_then(users);
        if let Some((pn, lid)) = &pair {
            wants.name(&self.cache, pn);
            wants.name(&self.cache, lid);
        }
        wants.met()?;
        if let Some((pn, lid)) = &pair {
            self.cache.learn(pn, lid);
        }
        let names: Vec<User> =
            [Some(user.clone()), self.cache.user_alias(&user)].into_iter().flatten().collect();
        let mut wants = RecordRequirements::default();
        names.iter().for_each(|name| wants.record(&self.cache, RecordTable::Devices, name.key()));
        wants.keys(&self.cache, &user.device(notice.device));
        wants.record(&self.cache, RecordTable::Tokens, self.cache.canonical_user(&user).key());
        if let News::DevicesRemoved(change) = &notice.news {
            change.devices.iter().for_each(|gone| wants.keys(&self.cache, &user.device(gone.device.id)));
        }
        wants.met()?;
        match notice.news {
            News::DevicesAdded(_) | News::OwnDevices(_) => {
                names.iter().for_each(|name| self.devices_are_stale(name));
            }
            News::DevicesRemoved(change) => {
                names.iter().for_each(|name| self.devices_are_stale(name));
                self.devices_gone(&user, &change);
            }
            News::Identity => {
                names.iter().for_each(|name| self.devices_are_void(name));
                self.token_given_again(&user, notice.device, cx);
                self.identity_given_up(&user, notice.device);
            }
            News::Tokens(tokens) => self.tokens_came(&user, &tokens),
            // It names nobody.
            News::DevicesOf { .. } => {}
        }
        Ok(())
    }

    fn devices_gone(&mut self, user: &User, change: &DeviceChange<'_>) {
        for gone in &change.devices {
            let device = self.cache.merge_identity(&user.device(gone.device.id));
            if let Some(session) = self.cache.sessions.change(&device.key()) {
                session.archive_current();
            }
        }
    }

    /// The next message goes out in a new session, with the identity that comes with its keys. What was encrypted for the old
    /// one is still read.
    fn identity_given_up(&mut self, user: &User, device: u16) {
        let device = self.cache.merge_identity(&user.device(device));
        if let Some(session) = self.cache.sessions.change(&device.key()) {
            session.archive_current();
        }
        let Some(pin) = self.cache.pins.change(&device.key()).filter(|pin| !pin.superseded) else { return };
        pin.superseded = true;
        let device = device.address().clone();
        let pn = self.phone_number(&device.user.jid());
        self.out.push(Output::Event(MessagingEvent::IdentityChanged { device, pn }));
    }

    /// A person has a new identity, and with it lost the token that shows that we trust them: it is given again, as of the time
    /// when it was given, if it is still valid.
    fn token_given_again(&mut self, user: &User, device: u16, cx: &EngineContext<'_>) {
        let person = self.cache.canonical_user(user);
        let now_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let given_s = self.cache.tokens.get(&person.key()).map_or(0, |held| held.given_s);
        if device == 0 && given_s != 0 && !privacy_tokens::is_expired(given_s, now_s) {
            let tag = self.asks.nobody();
            self.out.push(Output::Query { tag, node: privacy_tokens::issue(&person.jid(), given_s) });
        }
    }

    fn tokens_came(&mut self, user: &User, tokens: &[crate::messaging::stanzas::notifications::Token<'_>]) {
        let key = self.cache.canonical_user(user).key();
        let Some(newest) = tokens.iter().max_by_key(|token| token.timestamp) else { return };
        let held = self.cache.tokens.get(&key).cloned().unwrap_or_default();
        if newest.timestamp > held.issued_s {
            let token = PrivacyToken { token: newest.bytes.to_vec(), issued_s: newest.timestamp, ..held };
            self.cache.tokens.put(&key, token);
        }
    }

    /// The account of a user began anew: what his devices had is void. What is on its way from before can still be read.
    pub(super) fn began_anew(&mut self, user: &User) {
        let Some(list) = self.cache.devices.get(&user.key()) else { return };
        let ids: Vec<u16> = list.devices.iter().map(|device| device.id).collect();
        for id in ids {
            let key = self.cache.canonical(&user.device(id)).key();
            if let Some(session) = self.cache.sessions.change(&key) {
                session.archive_current();
            }
            if let Some(pin) = self.cache.pins.change(&key) {
                pin.superseded = true;
            }
        }
    }

    /// Somebody took a message of ours: he gets the token that shows that we trust him, if the last one is some time old.
    pub(super) fn issue_token(&mut self, person: &User, cx: &EngineContext<'_>) {
        let key = person.key();
        let now_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let held = self.cache.tokens.get(&key).cloned().unwrap_or_default();
        if !privacy_tokens::is_due(Some(held.given_s).filter(|at| *at != 0), now_s) {
            return;
        }
        self.cache.tokens.put(&key, PrivacyToken { given_s: now_s, ..held });
        let tag = self.asks.nobody();
        self.out.push(Output::Query { tag, node: privacy_tokens::issue(&person.jid(), now_s) });
    }

    /// A group is another than it was: it is asked for anew before the next message to it. Who left is found by that, and the
    /// key that he had is not used again.
    fn group_changed(&mut self, notice: &GroupNotice, cx: &EngineContext<'_>) -> Result<(), MissingRecords> {
        let pairs: Vec<_> = notice.pairs().filter_map(users).collect();
        let mut wants = RecordRequirements::default();
        for (pn, lid) in &pairs {
            wants.name(&self.cache, pn);
            wants.name(&self.cache, lid);
        }
        let members = notice.changes.iter().flat_map(GroupChange::members).map(|member| &member.jid);
        for user in members.chain(&notice.author).filter_map(User::of) {
            wants.name(&self.cache, &user);
        }
        wants.record(&self.cache, RecordTable::Groups, notice.group.to_string());
        wants.met()?;
        for (pn, lid) in &pairs {
            self.cache.learn(pn, lid);
        }
        let touches_members = notice.changes.iter().any(|change| {
            !matches!(
                change,
                GroupChange::Subject { .. } | GroupChange::Description { .. } | GroupChange::InviteCode(_)
            )
        });
        if touches_members {
            self.group_is_stale(&notice.group);
        }
        let seconds = notice.timestamp.and_then(|seconds| i64::try_from(seconds).ok());
        let at_ms = seconds.map_or(cx.unix_ms, |seconds| seconds.saturating_mul(1000));
        for change in &notice.changes {
            self.out.push(Output::Event(MessagingEvent::Group(Box::new(GroupNews {
                group: notice.group.clone(),
                author: notice.author.clone(),
                author_pn: notice.author.as_ref().and_then(|author| self.phone_number(author)),
                member_pns: change.members().iter().map(|member| self.phone_number(&member.jid)).collect(),
                change: change.clone(),
                at_ms,
            }))));
        }
        Ok(())
    }
}
