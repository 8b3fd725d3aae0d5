//! The engine: what a linked session does with messages. It decides; stanzas, contents and ciphers are made by the rooms it
//! calls.
//!
//! The driver, which is `client/session/core/messaging_driver.rs`, hands in what happened ([`Engine::message`], [`Engine::receipt`], [`Engine::reply`], [`Engine::send`] ...), each
//! time with a [`EngineContext`]: time, randomness and the session's own keys. A call may answer [`MissingRecords`]: then it has
//! changed nothing that matters, and is made again with the same input once the records are loaded into the cache of
//! [`EngineCore`]. After each call that succeeded, [`Engine::work`] is called in the same way until it succeeds too. Then
//! the driver adds the [`Output`]s to its unit of work in order, and [`Engine::flush`] writes what has changed into its batch. Once
//! that is on the disk, the driver says so ([`Engine::stored`]). If it cannot be stored, the engine is dropped, and its
//! [`Engine::remains`] go to the next.
//!
//! Features know [`core`] and nothing of each other; the engine brings each event to its feature.
//!
//! | file | subject |
//! |---|---|
//! | `dispatch` | the events that a driver hands in |
//! | `core` | cache, names, sessions, device lists, groups, contacts, queries: what all features use |
//! | `inbound` | messages that come |
//! | `outbound` | messages that go |
//! | `receipts` | receipts for messages of this account |
//! | `notifications` | devices, identities, tokens and groups that change |
//! | `history` | the people whom the account knows, from its history |
//! | `group_admin` | groups that are made and changed for the host |
//! | `output` | the results: stanzas, queries, events, answers |

pub(crate) mod core;
mod dispatch;
mod group_admin;
mod history;
mod inbound;
mod notifications;
mod outbound;
mod output;
#[cfg(any(test, fuzzing))]
pub(crate) mod random_walk;
mod receipts;
#[cfg(any(test, fuzzing))]
mod test_driver;

pub(crate) use group_admin::{
    GroupAnswer, GroupCommand, GroupFailure, GroupPlan, GroupRequest, GroupSetting,
};
#[cfg(test)]
pub(crate) use inbound::DedupWindow;
pub(crate) use inbound::Target;
pub(crate) use outbound::{
    KeptSend, Named, Naming, OutboundContent, OutboundMessage, RateLimit, Restrictions, SenderClaim, Vote,
};
pub(crate) use output::{
    AcceptedMessage, GroupNews, InboundMessage, MessageInfo, MessagingEvent, Output, QueryError, Seen,
    SendFailure, Tag, Unreadable, UnreadableReason, Waiting,
};

use self::core::{EngineCore, FollowUp};
use self::group_admin::GroupAdmin;
use self::inbound::Inbound;
use self::outbound::Outbound;
use super::record_cache::MissingRecords;
use super::stanzas::addressing::Own;
use crate::crypto::Random;
use crate::stanza::Text;
use crate::stanza::build::IdSource;
use crate::store::records::{AccountRecord, DeviceRecord};
use crate::store::{Batch, StoreError, Value};

/// Milliseconds on the driver's clock, which only runs forward.
pub(crate) type Millis = u64;

/// The context of a call.
pub(crate) struct EngineContext<'a> {
    /// Time since some moment; for waits.
    pub(crate) now: Millis,
    /// The time of day by the server's clock, Unix milliseconds.
    pub(crate) unix_ms: i64,
    /// For keys, paddings and ids of messages.
    pub(crate) rng: &'a mut dyn Random,
    /// Ids for queries.
    pub(crate) ids: &'a mut IdSource,
    /// The session's own keys.
    pub(crate) device: &'a DeviceRecord,
    /// The account. Every change of it is reported: [`Output::AccountChanged`].
    pub(crate) account: &'a mut AccountRecord,
}

/// The settings of the engine that a host may choose.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Set if the user counts as being there, so that receipts say so.
    pub(crate) available: bool,
    /// The time the server may take to acknowledge a message.
    pub(crate) ack_timeout: Millis,
    /// The limit of messages to people who do not know us.
    pub(crate) pace: RateLimit,
}

/// Keys and values of one kind, in any order.
pub(crate) type Rows = Vec<(Vec<u8>, Value)>;

/// The rows that an engine reads whole before its first event.
#[derive(Default)]
pub(crate) struct StoredRows {
    /// Of [`Space::Known`](crate::store::Space::Known).
    pub(crate) known: Rows,
    /// Of [`Space::Outbox`](crate::store::Space::Outbox).
    pub(crate) outbox: Rows,
    /// Of [`Space::FirstContact`](crate::store::Space::FirstContact).
    pub(crate) first_contacts: Rows,
    /// Of [`Space::Restriction`](crate::store::Space::Restriction).
    pub(crate) restriction: Rows,
    /// Of [`Space::PhoneAsk`](crate::store::Space::PhoneAsk).
    pub(crate) phone_asks: Rows,
}

/// The remains of an engine whose changes could not be stored.
#[derive(Default)]
pub(crate) struct Remains {
    /// The messages that may go out yet, with their requests.
    pub(crate) sends: Vec<KeptSend>,
    /// The requests of which the server may have heard.
    pub(crate) asked: Vec<u64>,
    /// All other requests, and those of `sends` once more: what was to be done for the others is not done.
    pub(crate) lost: Vec<u64>,
}

/// The messaging of one linked session.
pub(crate) struct Engine {
    /// The part that the features share.
    pub(crate) core: EngineCore,
    inbound: Inbound,
    outbound: Outbound,
    groups: GroupAdmin,
}

impl Engine {
    /// Makes the engine of the session with these own addresses from the rows of its store.
    pub(crate) fn load(settings: Settings, own: Own, rows: StoredRows) -> Result<Self, StoreError> {
        Ok(Self {
            core: EngineCore::new(settings, own),
            inbound: Inbound::load(rows.known, rows.phone_asks)?,
            outbound: Outbound::load(rows.outbox, rows.first_contacts, &rows.restriction)?,
            groups: GroupAdmin::default(),
        })
    }

    /// Goes on with what earlier calls left to be done.
    pub(crate) fn work(&mut self, cx: &mut EngineContext<'_>) -> Result<(), MissingRecords> {
        self.inbound.release_held(&mut self.core, cx)?;
        while let Some(follow_up) = self.core.follow_ups.pop_front() {
            let done = self.follow_up(&follow_up, cx);
            if let Err(missing) = done {
                self.core.follow_ups.push_front(follow_up);
                return Err(missing);
            }
            if let FollowUp::Addon(message) = follow_up {
                inbound::emit_addon(&mut self.core, message);
            }
        }
        self.outbound.complete_missed(&mut self.core, cx)?;
        self.outbound.answer_again(&mut self.core, cx)?;
        self.inbound.ask_phone(&mut self.core, cx)?;
        self.outbound.send_waiting(&mut self.core, cx)
    }

    fn follow_up(&mut self, follow_up: &FollowUp, cx: &EngineContext<'_>) -> Result<(), MissingRecords> {
        let core = &mut self.core;
        match follow_up {
            FollowUp::SenderKey { group, sender, message } => {
                inbound::take_sender_key(core, group, sender, message)
            }
            FollowUp::Addon(message) => inbound::want_addon(core, message),
            FollowUp::Met(user) => {
                if core.meet(user)? {
                    self.outbound.met(core, user);
                }
                Ok(())
            }
            FollowUp::Timer(user, timer) => core.set_timer(user, *timer, cx.unix_ms),
            FollowUp::Secret { author, id, secret, unix_ms } => {
                core.keep_recent(author, id, secret, *unix_ms, cx.unix_ms)
            }
            FollowUp::Names { pn, lid } => core.learn(pn, lid),
        }
    }

    /// Returns when something is due, should nothing happen before.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        if !self.core.online {
            return None;
        }
        let queries = &self.core.queries;
        let groups = self.inbound.awaits_budget().then(|| queries.group_budget.next());
        let people = self.outbound.awaits_budget().then(|| queries.people_budget.next());
        let parts = [self.inbound.deadline(), self.outbound.deadline(), queries.deadline(), groups, people];
        parts.into_iter().flatten().min()
    }

    /// Does what is due.
    pub(crate) fn time_passed(&mut self, cx: &EngineContext<'_>) {
        self.core.queries.time_passed(cx.now);
        self.outbound.check_acks(&mut self.core, cx);
    }

    /// Returns whether something is under way that must not be forgotten.
    pub(crate) fn is_busy(&self) -> bool {
        !self.core.follow_ups.is_empty()
            || self.inbound.is_busy()
            || self.outbound.is_busy()
            || self.groups.is_busy()
    }

    /// Returns whether messages are out that the server may take any moment.
    pub(crate) fn awaits_acks(&self) -> bool {
        self.core.online && self.outbound.awaits_acks()
    }

    /// Returns the requests for messages that are not answered yet.
    pub(crate) fn send_requests(&self) -> Vec<u64> {
        self.outbound.requests().collect()
    }

    /// Notes that everything which [`Engine::flush`] gave is on the disk.
    pub(crate) fn stored(&mut self) {
        self.outbound.stored();
        self.groups.stored();
    }

    /// Returns what outlives the engine, whose changes could not be stored. `left`: the ids of the messages that left before they
    /// were stored.
    pub(crate) fn remains(&self, left: &[Text]) -> Remains {
        Remains {
            sends: self.outbound.kept(&self.core, left),
            asked: self.groups.requests(true).collect(),
            lost: self.outbound.requests().chain(self.groups.requests(false)).collect(),
        }
    }

    /// Goes on with messages that outlived an earlier engine. Returns the requests whose message is not there any more.
    pub(crate) fn go_on_with(
        &mut self,
        kept: &[KeptSend],
        cx: &EngineContext<'_>,
    ) -> Result<Vec<u64>, MissingRecords> {
        self.outbound.go_on_with(&mut self.core, kept, cx)
    }

    /// Returns whether something has changed that is not in a batch yet.
    pub(crate) fn has_changes(&self) -> bool {
        self.core.has_changes() || self.inbound.has_changes()
    }

    /// Adds everything that has changed to a batch.
    pub(crate) fn flush(&mut self, batch: &mut Batch) {
        batch.append(std::mem::take(&mut self.core.written));
        self.inbound.flush(batch);
        self.core.cache.flush(batch);
    }

    /// Takes the steps that follow once that batch is on disk.
    pub(crate) fn take_outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.core.out)
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
