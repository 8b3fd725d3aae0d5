//! The engine: what a linked session does with messages. It decides; stanzas, contents and ciphers are made by the rooms it
//! calls.
//!
//! The driver hands in what happened ([`Engine::message`], [`Engine::receipt`], [`Engine::reply`], [`Engine::send`] ...), each
//! time with a [`EngineContext`]: time, randomness and the session's own keys. A call may answer [`MissingRecords`]: then it has changed
//! nothing that matters, and is made again with the same input once the records are loaded into [`Engine::cache`]. After each
//! call that succeeded, [`Engine::work`] is called in the same way until it succeeds too. Then [`Engine::flush`] writes what
//! has changed into a batch, and only when that is on disk the [`Output`]s are carried out, in order.
//!
//! | file | subject |
//! |---|---|
//! | `inbound`, `decrypt`, `inbound_content` | a message that comes: its keys, its ciphertexts, its content |
//! | `bots` | the answers of bots |
//! | `prefetch` | what messages that come are going to take |
//! | `about` | messages about other messages: whose those are, and who may say what of them |
//! | `message_secrets` | votes and the like, encrypted with the secret of another message |
//! | `retry_request` | what could not be read is asked for again |
//! | `placeholder_resend`, `placeholder_record` | and, if that does not help, from the own phone |
//! | `receipts`, `resend` | what others tell of our messages; those they could not read are sent again |
//! | `outbound`, `outbox`, `send_direct`, `send_group`, `compose` | a message that goes |
//! | `acked` | what the server says of it |
//! | `missed` | devices that a message did not go to, and should have |
//! | `naming` | the names of people in what is sent |
//! | `first_contact`, `rate_limit` | whether people who do not know us may be written to |
//! | `group_admin` | groups that are made and changed for the host |
//! | `queries` | device lists, groups and keys that have to be asked for |
//! | `notifications` | devices, identities and tokens that change |
//! | `dedup` | which messages were shown |

mod about;
mod acked;
mod bots;
mod decrypt;
mod dedup;
mod delayed;
#[cfg(any(test, fuzzing))]
mod driver;
mod fanout;
mod first_contact;
mod group_admin;
mod inbound;
mod inbound_content;
mod message_secrets;
mod missed;
mod naming;
mod notifications;
mod outbound;
mod outbox;
mod output;
mod peer_messages;
mod placeholder_record;
mod placeholder_resend;
mod prefetch;
mod queries;
mod query_results;
#[cfg(any(test, fuzzing))]
pub(crate) mod random_walk;
mod rate_limit;
mod receipts;
mod resend;
mod retry_request;
mod send_direct;
mod send_group;
mod sent_retention;

pub(crate) use about::Target;
pub(crate) use dedup::DedupWindow;
pub(crate) use first_contact::Restrictions;
pub(crate) use group_admin::{
    GroupAnswer, GroupCommand, GroupFailure, GroupPlan, GroupRequest, GroupSetting,
};
pub(crate) use naming::{Named, Naming};
pub(crate) use output::{
    AcceptedMessage, GroupNews, InboundMessage, MessagingEvent, Output, Seen, SendFailure, Tag, Unreadable,
    UnreadableReason, Waiting,
};
pub(crate) use rate_limit::RateLimit;

use std::collections::VecDeque;

use self::first_contact::ContactGate;
use self::group_admin::PendingGroupRequests;
use self::missed::Missed;
use self::outbox::Sends;
pub(crate) use self::outbox::{OutboundContent, OutboundMessage, Vote};
use self::placeholder_resend::PhoneAsks;
use self::queries::Queries;
use self::resend::DueResend;
use self::sent_retention::Outbox;
use super::address::{Address, User};
use super::content::Expiration;
use super::record_cache::{MissingRecords, RecordCache};
use super::stanzas::addressing::Own;
use crate::crypto::{Random, Secret};
use crate::stanza::build::IdSource;
use crate::stanza::{Jid, Stanza, Text};
use crate::store::Batch;
use crate::store::records::{AccountRecord, DeviceRecord};

/// Milliseconds on the driver's clock, which only runs forward.
pub(crate) type Millis = u64;

/// What a call is made with.
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
    /// The account. Who changes it says so: [`Output::AccountChanged`].
    pub(crate) account: &'a mut AccountRecord,
}

/// How the engine behaves where a host may choose.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Whether the user counts as being there, so that receipts say so.
    pub(crate) available: bool,
    /// How long the server may take to acknowledge a message.
    pub(crate) ack_timeout: Millis,
    /// How many people who do not know us are written to.
    pub(crate) pace: RateLimit,
}

/// The messaging of one linked session.
pub(crate) struct Engine {
    /// The records at hand.
    pub(crate) cache: RecordCache,
    settings: Settings,
    own: Own,
    known: DedupWindow,
    /// What came out of earlier steps and is still to be done, oldest first.
    jobs: VecDeque<Job>,
    sends: Sends,
    asks: Queries,
    again: VecDeque<DueResend>,
    outbox: Outbox,
    reach: ContactGate,
    phone: PhoneAsks,
    managed: PendingGroupRequests,
    missed: Missed,
    /// Stanzas that wait until it is known who the admins of their group are.
    held: Vec<(Jid, Stanza)>,
    /// Changes that need no record at hand.
    written: Batch,
    out: Vec<Output>,
}

/// Something to be done that needs records of its own.
enum Job {
    /// A sender key came along with a message of another chat.
    SenderKey { group: crate::stanza::Jid, sender: Address, message: zeroize::Zeroizing<Vec<u8>> },
    /// A message about another one: a reaction, an edit, a vote and the like.
    About(Box<InboundMessage>),
    /// Somebody is part of a chat with us.
    Met(User),
    /// Messages disappear in the chat with somebody after some time.
    Timer(User, Expiration),
    /// The secret of a message.
    Secret { author: User, id: Text, secret: Secret<32>, unix_ms: i64 },
    /// A pair of names.
    Names { pn: User, lid: User },
}

impl Engine {
    /// For the session with these own addresses, with what the store remembers of messages that were shown.
    pub(crate) fn new(settings: Settings, own: Own, known: DedupWindow) -> Self {
        let mut jobs = VecDeque::new();
        if let (Some(pn), Some(lid)) = (User::of(&own.pn), own.lid.as_ref().and_then(User::of)) {
            jobs.push_back(Job::Names { pn, lid });
        }
        Self {
            cache: RecordCache::default(),
            settings,
            own,
            known,
            jobs,
            sends: Sends::default(),
            asks: Queries::default(),
            again: VecDeque::new(),
            outbox: Outbox::default(),
            reach: ContactGate::default(),
            phone: PhoneAsks::default(),
            managed: PendingGroupRequests::default(),
            missed: Missed::default(),
            held: Vec::new(),
            written: Batch::new(),
            out: Vec::new(),
        }
    }

    /// Goes on with what earlier calls left to be done.
    pub(crate) fn work(&mut self, cx: &mut EngineContext<'_>) -> Result<(), MissingRecords> {
        self.release_held(cx)?;
        while let Some(job) = self.jobs.pop_front() {
            let done = match &job {
                Job::SenderKey { group, sender, message } => self.take_sender_key(group, sender, message),
                Job::About(received) => self.want_about(received),
                Job::Met(user) => self.meet(user),
                Job::Timer(user, timer) => self.set_timer(user, *timer, cx.unix_ms),
                Job::Secret { author, id, secret, unix_ms } => {
                    self.keep_recent(author, id, secret, *unix_ms, cx.unix_ms)
                }
                Job::Names { pn, lid } => self.learn(pn, lid),
            };
            if let Err(missing) = done {
                self.jobs.push_front(job);
                return Err(missing);
            }
            if let Job::About(received) = job {
                self.emit_about(received);
            }
        }
        self.complete_missed(cx)?;
        self.answer_again(cx)?;
        self.ask_phone(cx)?;
        self.send_waiting(cx)
    }

    /// Drops the keys for sending that are at hand: those in the store were removed. What had changed is in a batch before.
    pub(crate) fn forget_sending_keys(&mut self) {
        self.cache.forget_sending_keys();
    }

    /// Whether the user counts as being there from now on.
    pub(crate) fn set_available(&mut self, available: bool) {
        self.settings.available = available;
    }

    /// When something is due, should nothing happen before.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        let phone = self.phone.deadline().filter(|_| self.sends.is_online());
        let asks = self.asks.deadline().filter(|_| self.sends.is_online());
        self.sends.deadline().into_iter().chain(phone).chain(asks).min()
    }

    /// Does what is due.
    pub(crate) fn time_passed(&mut self, cx: &mut EngineContext<'_>) {
        self.asks.time_passed(cx.now);
        self.check_acks(cx);
    }

    /// Whether something is under way that must not be forgotten.
    pub(crate) fn is_busy(&self) -> bool {
        let is_idle = self.jobs.is_empty() && self.sends.is_empty() && self.again.is_empty();
        !is_idle
            || !self.missed.is_empty()
            || !self.managed.is_empty()
            || !self.held.is_empty()
            || self.phone.is_waiting()
    }

    /// Whether messages are out that the server may take any moment.
    pub(crate) fn awaits_acks(&self) -> bool {
        self.sends.are_out()
    }

    /// Whether something has changed that is not in a batch yet.
    pub(crate) fn has_changes(&self) -> bool {
        !self.written.is_empty() || self.known.has_changes() || self.cache.has_changes()
    }

    /// Adds everything that has changed to a batch.
    pub(crate) fn flush(&mut self, batch: &mut Batch) {
        batch.append(std::mem::take(&mut self.written));
        self.known.flush(batch);
        self.cache.flush(batch);
    }

    /// What is to be done once that batch is on disk.
    pub(crate) fn take_outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.out)
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;

#[cfg(test)]
mod placeholder_resend_tests;
