//! People: whether they know this account, the tokens that show it, and the timers of their chats.

use super::EngineCore;
use crate::messaging::address::{Kind, User};
use crate::messaging::content::Expiration;
use crate::messaging::engine::{EngineContext, Output};
use crate::messaging::record_cache::{ContactRecord, MissingRecords, RecordRequirements};
use crate::messaging::stanzas::incoming::is_bot;
use crate::messaging::stanzas::{outgoing, presence, privacy_tokens};
use crate::stanza::{Jid, Node};

/// The number of people remembered as known to have met this account.
const MOST_MET: usize = 4096;

impl EngineCore {
    /// Returns the record of a person. The other name is in the cache; what was kept under a phone number comes to the LID.
    pub(in crate::messaging::engine) fn contact(
        &mut self,
        user: &User,
    ) -> Result<Option<&ContactRecord>, MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.contact(&self.cache, user);
        wants.met()?;
        let name = self.cache.canonical_user(user);
        let alias = self.cache.user_alias(&name).filter(|alias| *alias != name);
        let key = name.key();
        if let Some(alias) = alias
            && self.cache.contacts.get(&key).is_none()
            && self.cache.contacts.get(&alias.key()).is_some()
            && let Some(moved) = self.cache.contacts.take(&alias.key())
        {
            self.cache.contacts.put(&key, moved);
        }
        Ok(self.cache.contacts.get(&key))
    }

    /// Returns whether a person in a chat may be one whom this account had not met.
    pub(in crate::messaging::engine) fn may_be_new(&self, user: &User) -> bool {
        !self.met.contains(user)
    }

    /// Notes that this account has met a person: they wrote to it, or took what it wrote, or the user wrote to them from another
    /// device. Returns whether that is news.
    pub(in crate::messaging::engine) fn meet(&mut self, user: &User) -> Result<bool, MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, user);
        wants.met()?;
        let contact = self.contact(user)?.cloned().unwrap_or_default();
        let is_news = !contact.met;
        if is_news {
            let key = self.cache.canonical_user(user).key();
            self.cache.contacts.put(&key, ContactRecord { met: true, ..contact });
        }
        if self.met.len() >= MOST_MET {
            self.met.clear();
        }
        self.met.insert(user.clone());
        Ok(is_news)
    }

    /// Learns the timer of the chat with a person, as a message carries it. A timer that was set before the timer that is held is out of
    /// date. A time that is yet to come counts as now, or no later change would ever hold.
    pub(in crate::messaging::engine) fn set_timer(
        &mut self,
        user: &User,
        timer: Expiration,
        now_ms: i64,
    ) -> Result<(), MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, user);
        wants.met()?;
        let contact = self.contact(user)?.cloned().unwrap_or_default();
        let now_s = now_ms.div_euclid(1000);
        let held_at = contact.expiration_set_at.min(now_s);
        let set_at = timer.set_at.map_or(held_at, |at| at.min(now_s));
        if set_at < held_at {
            return Ok(());
        }
        if (contact.expiration, contact.expiration_set_at) != (timer.seconds, set_at) {
            let name = self.cache.canonical_user(user);
            let contact = ContactRecord { expiration: timer.seconds, expiration_set_at: set_at, ..contact };
            self.cache.contacts.put(&name.key(), contact);
        }
        Ok(())
    }

    /// Takes a token that a person gave, unless the one that is held is newer. The records of the person are in the cache.
    pub(in crate::messaging::engine) fn take_token(&mut self, user: &User, token: &[u8], issued_s: u64) {
        let key = self.cache.canonical_user(user).key();
        let held = self.cache.contacts.get(&key).cloned().unwrap_or_default();
        if issued_s > held.issued_s {
            self.cache.contacts.put(&key, ContactRecord { token: token.to_vec(), issued_s, ..held });
        }
    }

    /// Returns the stanza that asks to be told when a person is there: under the name under which they are written to, with the
    /// token that they gave.
    pub(crate) fn subscription(
        &mut self,
        person: &Jid,
        cx: &EngineContext<'_>,
    ) -> Result<Node, MissingRecords> {
        let name = self.wire_name(person, cx)?;
        let now_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let held =
            User::of(&name).and_then(|user| self.cache.contacts.get(&self.cache.canonical_user(&user).key()));
        let held =
            held.filter(|held| !held.token.is_empty() && !privacy_tokens::is_expired(held.issued_s, now_s));
        Ok(presence::subscribe(&name, held.map(|held| held.token.as_slice())))
    }

    /// Gives a person who took a message of ours the token that shows that we trust them, if the last one is some time old.
    pub(in crate::messaging::engine) fn issue_token(&mut self, person: &User, cx: &EngineContext<'_>) {
        let key = person.key();
        let now_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let held = self.cache.contacts.get(&key).cloned().unwrap_or_default();
        if !privacy_tokens::is_due(Some(held.given_s).filter(|at| *at != 0), now_s) {
            return;
        }
        self.cache.contacts.put(&key, ContactRecord { given_s: now_s, ..held });
        let tag = self.queries.nobody();
        self.out.push(Output::Query { tag, node: privacy_tokens::issue(&person.jid(), now_s) });
    }

    /// Returns what shows the server that we may write to a person: the token that they gave us, or else one that is computed. The
    /// user is named as the cache names them, and their record is in the cache.
    pub(in crate::messaging::engine) fn privacy_token(
        &self,
        user: &User,
        cx: &EngineContext<'_>,
    ) -> Option<outgoing::PrivacyToken<'_>> {
        let jid = user.jid();
        if is_bot(&jid) {
            return None;
        }
        let now_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let held = self.cache.contacts.get(&user.key());
        let given =
            held.filter(|held| !held.token.is_empty() && !privacy_tokens::is_expired(held.issued_s, now_s));
        match given {
            Some(held) => Some(outgoing::PrivacyToken::TrustedContact(&held.token)),
            None if user.kind == Kind::Lid && !cx.account.nct_salt.is_empty() => {
                Some(outgoing::PrivacyToken::Computed(privacy_tokens::computed(&cx.account.nct_salt, &jid)))
            }
            None => None,
        }
    }
}
