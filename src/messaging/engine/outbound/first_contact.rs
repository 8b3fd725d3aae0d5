//! The gate before people who may not be written to at this moment. People whom we know may, always. For all others there is a pace that the
//! host sets ([`rate_limit`](super::rate_limit)), and at times a lock that the server puts on the account.

use super::Outbound;
use super::outbox::OutboxEntry;
use super::rate_limit::Pacer;
use crate::messaging::address::User;
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::core::queries::Query;
use crate::messaging::engine::{EngineContext, MessagingEvent, Millis, Output, Rows, SendFailure};
use crate::messaging::record_cache::MissingRecords;
use crate::messaging::stanzas::restrictions::TimeLock;
use crate::store::records::{ContactLock, codec};
use crate::store::{Space, StoreError, Value};

/// The duration of a lock of which no end is given. WhatsApp Web takes it to be a minute.
const UNSAID_MS: i64 = 60_000;
/// The shortest interval of queries for the lock, if the server refuses messages.
const LOCK_IS_ASKED_EVERY: Millis = 600_000;
/// The number of times a message goes out that is refused as a first contact.
const MOST_TRIES: u32 = 4;

/// The record of whom we may write to.
#[derive(Default)]
pub(super) struct ContactGate {
    pub(super) pacer: Pacer,
    lock: Option<ContactLock>,
    /// When the server was last asked for the lock because of a refusal.
    lock_asked: Option<Millis>,
    /// The host was told of a refusal about which the server did not say more.
    told_unsaid: bool,
}

/// The decision of the gate on a message.
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

/// The state of first contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Restrictions {
    /// The server lets none through.
    pub(crate) is_locked: bool,
    /// The end of the lock, Unix milliseconds, if the server said so.
    pub(crate) ends_ms: Option<i64>,
    /// The reason, in the server's words.
    pub(crate) reason: Option<String>,
    /// The number that the host allows in an hour; 0 for any number.
    pub(crate) per_hour: u32,
    /// The number of these that are left.
    pub(crate) left: u32,
    /// The number that wait.
    pub(crate) waiting: usize,
    /// When the next of them goes, Unix milliseconds.
    pub(crate) next_ms: Option<i64>,
}

impl ContactGate {
    /// Loads the stored first contacts, and the lock.
    pub(super) fn load(contacts: Rows, lock: Option<&(Vec<u8>, Value)>) -> Result<Self, StoreError> {
        let lock = lock.map(|(_, value)| codec::decode(Space::Restriction, value)).transpose()?;
        Ok(Self { pacer: Pacer::load(contacts)?, lock, ..Self::default() })
    }

    /// Returns the lock, if there is one at that time.
    fn lock(&self, unix_ms: i64) -> Option<&ContactLock> {
        self.lock.as_ref().filter(|lock| lock.until_ms > unix_ms)
    }

    /// Decides whether a message to a person may go. Both names of the user are in the cache.
    pub(super) fn decide(
        &mut self,
        core: &mut EngineCore,
        sending: &OutboxEntry,
        to: &User,
        cx: &mut EngineContext<'_>,
    ) -> Result<GateDecision, MissingRecords> {
        let contact = core.contact(to)?;
        let knows = contact.is_some_and(|contact| contact.met || !contact.token.is_empty());
        let token = contact.map(|contact| contact.token.as_slice()).unwrap_or_default();
        let is_trusted_anew =
            sending.refused_with.as_ref().is_some_and(|shown| !token.is_empty() && *token != **shown);
        let was_refused = sending.refused_with.is_some();
        if knows && !was_refused {
            return Ok(GateDecision::Open(None));
        }
        if was_refused && core.queries.is_open(&Query::TimeLock) {
            return Ok(GateDecision::Shut);
        }
        if let Some(lock) = self.lock(cx.unix_ms) {
            let wait_ms = Some(lock.until_ms.saturating_sub(cx.unix_ms));
            return Ok(GateDecision::Refused(SendFailure::TimeLocked { wait_ms }));
        }
        if was_refused && !is_trusted_anew {
            // The same message again would be refused again.
            if core.queries.has_failed(&Query::TimeLock) && !std::mem::replace(&mut self.told_unsaid, true) {
                core.out.push(Output::Event(MessagingEvent::TimeLock { until_s: None }));
            }
            return Ok(GateDecision::Refused(SendFailure::NotTrusted));
        }
        let (user, pace) = (core.cache.canonical_user(to), core.settings.pace);
        if knows || pace.per_hour == 0 || self.pacer.has_begun(&user) {
            return Ok(GateDecision::Open(None));
        }
        let turn = self.pacer.turn(&sending.id, cx.unix_ms, pace, cx.rng);
        Ok(if turn > cx.unix_ms { GateDecision::Later(turn) } else { GateDecision::Open(Some(user)) })
    }
}

impl Outbound {
    /// Handles what the server says about the lock. `None`: it has none for us.
    pub(in crate::messaging::engine) fn time_lock(
        &mut self,
        core: &mut EngineCore,
        lock: Option<TimeLock>,
        cx: &EngineContext<'_>,
    ) {
        let ends = |lock: &TimeLock| {
            let ends = lock.ends.and_then(|seconds| i64::try_from(seconds).ok());
            ends.map_or(cx.unix_ms.saturating_add(UNSAID_MS), |seconds| seconds.saturating_mul(1000))
        };
        let told = lock.filter(|lock| lock.is_active && ends(lock) > cx.unix_ms);
        let Some(told) = told else {
            if self.gate.lock.take().is_some() {
                core.written.delete(Space::Restriction, Vec::new());
            }
            return;
        };
        let lock = ContactLock { until_ms: ends(&told), ends_s: told.ends, reason: told.reason };
        if self.gate.lock(cx.unix_ms).is_none_or(|held| held.ends_s != lock.ends_s) {
            core.out.push(Output::Event(MessagingEvent::TimeLock { until_s: lock.ends_s }));
        }
        core.written.put(Space::Restriction, Vec::new(), codec::encode(&lock));
        self.gate.lock = Some(lock);
        // Messages that wait for their turn are refused now.
        self.sends.wake_all();
    }

    /// Handles the refusal of a message because it is a first contact (463). It means one of two things: the account is locked, or the
    /// server wants to see a sign that the two know each other. So our own sign is given, and the server is asked which, if that
    /// was not asked lately. The message goes out again only if the other side has given a token meanwhile.
    pub(super) fn reach_refused(&mut self, core: &mut EngineCore, number: u64, cx: &mut EngineContext<'_>) {
        let Some((tries, person)) = self.sends.refuse(number) else { return };
        if tries >= MOST_TRIES {
            return self.give_up(core, number, &SendFailure::NotTrusted);
        }
        if let Some(person) = person {
            self.gate.pacer.arrived(&person);
            core.issue_token(&person, cx);
        }
        let is_lately = |at: Millis| cx.now.saturating_sub(at) < LOCK_IS_ASKED_EVERY;
        if !self.gate.lock_asked.is_some_and(is_lately) {
            self.gate.lock_asked = Some(cx.now);
            self.gate.told_unsaid = false;
            core.queries.ask_anew(Query::TimeLock, cx.now);
        }
        self.sends.wait_again(number, 0);
    }

    /// Returns what holds for first contacts.
    pub(in crate::messaging::engine) fn restrictions(
        &self,
        core: &EngineCore,
        cx: &EngineContext<'_>,
    ) -> Restrictions {
        let lock = self.gate.lock(cx.unix_ms);
        let ends_s = lock.and_then(|lock| lock.ends_s).and_then(|seconds| i64::try_from(seconds).ok());
        let pace = core.settings.pace;
        let waiting = self.gate.pacer.waiting();
        Restrictions {
            is_locked: lock.is_some(),
            ends_ms: ends_s.map(|seconds| seconds.saturating_mul(1000)),
            reason: lock.and_then(|lock| lock.reason.clone()),
            per_hour: pace.per_hour,
            left: self.gate.pacer.left(cx.unix_ms, pace),
            next_ms: self.gate.pacer.waiting().min(),
            waiting: waiting.count(),
        }
    }
}
