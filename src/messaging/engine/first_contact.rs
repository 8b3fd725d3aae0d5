//! Whether somebody may be written to at this moment. People whom we know may, always. For all others there is a pace that the
//! host sets ([`rate_limit`](super::rate_limit)), and at times a lock that the server puts on the account.

use std::collections::HashSet;

use super::inbound::users;
use super::outbox::OutboxEntry;
use super::queries::Query;
use super::rate_limit::Pacer;
use super::{Engine, EngineContext, Job, MessagingEvent, Millis, Output, SendFailure};
use crate::messaging::address::User;
use crate::messaging::content::Expiration;
use crate::messaging::record_cache::{MissingRecords, PrivacyToken, RecordRequirements};
use crate::messaging::stanzas::addressing::Pair;
use crate::messaging::stanzas::restrictions::TimeLock;
use crate::store::records::{ContactLock, codec};
use crate::store::{Space, StoreError, Value};

/// How long a lock holds of which no end is said. WhatsApp Web takes it to be a minute.
const UNSAID_MS: i64 = 60_000;
/// How often the server is asked for the lock at most, if it refuses messages.
const LOCK_IS_ASKED_EVERY: Millis = 600_000;
/// How often a message goes out that is refused as a first contact.
const MOST_TRIES: u32 = 4;
/// How many people are remembered of whom it is known that we have met.
const MOST_MET: usize = 4096;

/// What is known of whom we may write to.
#[derive(Default)]
pub(super) struct ContactGate {
    pub(super) pacer: Pacer,
    lock: Option<ContactLock>,
    /// When the server was last asked for the lock because of a refusal.
    lock_asked: Option<Millis>,
    /// The host was told of a refusal about which the server did not say more.
    told_unsaid: bool,
    /// Some of those with whom we have met, so that not each of their messages looks it up.
    met: HashSet<User>,
}

/// What the gate says to a message.
pub(super) enum GateDecision {
    /// It may go. If it is a first contact, to whom.
    Open(Option<User>),
    /// Not before the server has said how it stands.
    Shut,
    /// At this time, in Unix milliseconds.
    Later(i64),
    /// It may not.
    Refused(SendFailure),
}

/// How it stands with first contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Restrictions {
    /// The server lets none through.
    pub(crate) is_locked: bool,
    /// Until when, Unix milliseconds, if it said so.
    pub(crate) ends_ms: Option<i64>,
    /// Why, in its words.
    pub(crate) reason: Option<String>,
    /// How many the host allows in an hour; 0 for any number.
    pub(crate) per_hour: u32,
    /// How many of these are left.
    pub(crate) left: u32,
    /// How many wait.
    pub(crate) waiting: usize,
    /// When the next of them goes, Unix milliseconds.
    pub(crate) next_ms: Option<i64>,
}

impl ContactGate {
    /// Takes in what the store has: first contacts, and the lock.
    pub(super) fn load(
        contacts: Vec<(Vec<u8>, Value)>,
        lock: Option<&(Vec<u8>, Value)>,
    ) -> Result<Self, StoreError> {
        let lock = lock.map(|(_, value)| codec::decode(Space::Restriction, value)).transpose()?;
        Ok(Self { pacer: Pacer::load(contacts)?, lock, ..Self::default() })
    }

    /// Whether somebody who is part of a chat may be one whom we had not met.
    pub(super) fn may_be_new(&self, user: &User) -> bool {
        !self.met.contains(user)
    }

    /// The lock, if there is one at that time.
    fn lock(&self, unix_ms: i64) -> Option<&ContactLock> {
        self.lock.as_ref().filter(|lock| lock.until_ms > unix_ms)
    }
}

impl Engine {
    /// Whether a message to somebody may go. Both names of the user are at hand.
    pub(super) fn gate(
        &mut self,
        sending: &OutboxEntry,
        to: &User,
        cx: &mut EngineContext<'_>,
    ) -> Result<GateDecision, MissingRecords> {
        let contact = self.contact(to)?;
        let knows = contact.is_some_and(|contact| contact.met || !contact.token.is_empty());
        let token = contact.map(|contact| contact.token.as_slice()).unwrap_or_default();
        let is_trusted_anew =
            sending.refused_with.as_ref().is_some_and(|shown| !token.is_empty() && *token != **shown);
        let was_refused = sending.refused_with.is_some();
        if knows && !was_refused {
            return Ok(GateDecision::Open(None));
        }
        if was_refused && self.asks.is_open(&Query::TimeLock) {
            return Ok(GateDecision::Shut);
        }
        if let Some(lock) = self.reach.lock(cx.unix_ms) {
            let wait_ms = Some(lock.until_ms.saturating_sub(cx.unix_ms));
            return Ok(GateDecision::Refused(SendFailure::TimeLocked { wait_ms }));
        }
        if was_refused && !is_trusted_anew {
            // The same message again would be refused again.
            if self.asks.has_failed(&Query::TimeLock) && !std::mem::replace(&mut self.reach.told_unsaid, true)
            {
                self.out.push(Output::Event(MessagingEvent::TimeLock { until_s: None }));
            }
            return Ok(GateDecision::Refused(SendFailure::NotTrusted));
        }
        let (user, pace) = (self.cache.canonical_user(to), self.settings.pace);
        if knows || pace.per_hour == 0 || self.reach.pacer.has_begun(&user) {
            return Ok(GateDecision::Open(None));
        }
        let turn = self.reach.pacer.turn(&sending.id, cx.unix_ms, pace, cx.rng);
        Ok(if turn > cx.unix_ms { GateDecision::Later(turn) } else { GateDecision::Open(Some(user)) })
    }

    /// What we are to a person. The other name is at hand; what was kept under a phone number comes to the LID.
    pub(super) fn contact(&mut self, user: &User) -> Result<Option<&PrivacyToken>, MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.contact(&self.cache, user);
        wants.met()?;
        let name = self.cache.canonical_user(user);
        let alias = self.cache.user_alias(&name).filter(|alias| *alias != name);
        let key = name.key();
        if let Some(alias) = alias
            && self.cache.tokens.get(&key).is_none()
            && self.cache.tokens.get(&alias.key()).is_some()
            && let Some(moved) = self.cache.tokens.take(&alias.key())
        {
            self.cache.tokens.put(&key, moved);
        }
        Ok(self.cache.tokens.get(&key))
    }

    /// We have met somebody: they wrote to us, or took what we wrote, or the user wrote to them from another device.
    pub(super) fn meet(&mut self, user: &User) -> Result<(), MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, user);
        wants.met()?;
        let contact = self.contact(user)?.cloned().unwrap_or_default();
        if !contact.met {
            let name = self.cache.canonical_user(user);
            self.cache.tokens.put(&name.key(), PrivacyToken { met: true, ..contact });
            for name in [Some(name.clone()), self.cache.user_alias(&name)].into_iter().flatten() {
                self.sends.wake(&name.jid());
            }
        }
        if self.reach.met.len() >= MOST_MET {
            self.reach.met.clear();
        }
        self.reach.met.insert(user.clone());
        Ok(())
    }

    /// These names belong together, as the server says.
    pub(crate) fn names_came<'p>(&mut self, pairs: impl Iterator<Item = &'p Pair>) {
        self.jobs.extend(pairs.filter_map(users).map(|(pn, lid)| Job::Names { pn, lid }));
    }

    /// Takes in the timer of the chat with somebody, as a message carries it. What was set before the timer that is held is out of
    /// date. A time that is yet to come counts as now, or no later change would ever hold.
    pub(super) fn set_timer(
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
            let contact = PrivacyToken { expiration: timer.seconds, expiration_set_at: set_at, ..contact };
            self.cache.tokens.put(&name.key(), contact);
        }
        Ok(())
    }

    /// What the server says about the lock. `None`: it has none for us.
    pub(super) fn time_lock(&mut self, lock: Option<TimeLock>, cx: &EngineContext<'_>) {
        let ends = |lock: &TimeLock| {
            let ends = lock.ends.and_then(|seconds| i64::try_from(seconds).ok());
            ends.map_or(cx.unix_ms.saturating_add(UNSAID_MS), |seconds| seconds.saturating_mul(1000))
        };
        let told = lock.filter(|lock| lock.is_active && ends(lock) > cx.unix_ms);
        let Some(told) = told else {
            if self.reach.lock.take().is_some() {
                self.written.delete(Space::Restriction, Vec::new());
            }
            return;
        };
        let lock = ContactLock { until_ms: ends(&told), ends_s: told.ends, reason: told.reason };
        if self.reach.lock(cx.unix_ms).is_none_or(|held| held.ends_s != lock.ends_s) {
            self.out.push(Output::Event(MessagingEvent::TimeLock { until_s: lock.ends_s }));
        }
        self.written.put(Space::Restriction, Vec::new(), codec::encode(&lock));
        self.reach.lock = Some(lock);
        // Who waits for his turn waits in vain.
        self.sends.wake_all();
    }

    /// The server refused a message because it is a first contact (463). It means one of two things: the account is locked, or the
    /// server wants to see a sign that the two know each other. So our own sign is given, and the server is asked which, if that
    /// was not asked lately. The message goes out again only if the other side has given a token meanwhile.
    pub(super) fn reach_refused(&mut self, number: u64, cx: &mut EngineContext<'_>) {
        let Some((tries, person)) = self.sends.refuse(number) else { return };
        if tries >= MOST_TRIES {
            return self.give_up(number, &SendFailure::NotTrusted);
        }
        if let Some(person) = person {
            self.reach.pacer.arrived(&person);
            self.issue_token(&person, cx);
        }
        let is_lately = |at: Millis| cx.now.saturating_sub(at) < LOCK_IS_ASKED_EVERY;
        if !self.reach.lock_asked.is_some_and(is_lately) {
            self.reach.lock_asked = Some(cx.now);
            self.reach.told_unsaid = false;
            self.asks.ask_anew(Query::TimeLock, cx.now);
        }
        self.sends.wait_again(number, 0);
    }

    /// How it stands with first contacts.
    pub(crate) fn restrictions(&self, cx: &EngineContext<'_>) -> Restrictions {
        let lock = self.reach.lock(cx.unix_ms);
        let ends_s = lock.and_then(|lock| lock.ends_s).and_then(|seconds| i64::try_from(seconds).ok());
        let pace = self.settings.pace;
        let waiting = self.reach.pacer.waiting();
        Restrictions {
            is_locked: lock.is_some(),
            ends_ms: ends_s.map(|seconds| seconds.saturating_mul(1000)),
            reason: lock.and_then(|lock| lock.reason.clone()),
            per_hour: pace.per_hour,
            left: self.reach.pacer.left(cx.unix_ms, pace),
            next_ms: self.reach.pacer.waiting().min(),
            waiting: waiting.count(),
        }
    }
}
