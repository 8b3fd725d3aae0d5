//! The engine: what a linked session does with messages. It decides; stanzas, contents and ciphers are made by the rooms it
//! calls.
//!
//! The driver hands in what happened ([`Engine::message`], [`Engine::receipt`], [`Engine::reply`], [`Engine::send`] ...), each
//! time with a [`Cx`]: time, randomness and the session's own keys. A call may answer [`Missing`]: then it has changed
//! nothing that matters, and is made again with the same input once the records are loaded into [`Engine::desk`]. After each
//! call that succeeded, [`Engine::work`] is called in the same way until it succeeds too. Then [`Engine::flush`] writes what
//! has changed into a batch, and only when that is on disk the [`Output`]s are carried out, in order.
//!
//! | file | subject |
//! |---|---|
//! | `receive`, `open`, `deliver` | a message that comes: its keys, its ciphertexts, its content |
//! | `bots` | the answers of bots |
//! | `foresee` | what messages that come are going to take |
//! | `about` | messages about other messages: whose those are, and who may say what of them |
//! | `secrets` | votes and the like, encrypted with the secret of another message |
//! | `failed` | what could not be read is asked for again |
//! | `phone`, `wanted` | and, if that does not help, from the own phone |
//! | `receipts`, `again` | what others tell of our messages; those they could not read are sent again |
//! | `sending`, `person`, `group`, `compose` | a message that goes |
//! | `acked` | what the server says of it |
//! | `missed` | devices that a message did not go to, and should have |
//! | `naming` | the names of people in what is sent |
//! | `reach`, `pace` | whether people who do not know us may be written to |
//! | `manage` | groups that are made and changed for the host |
//! | `asks` | device lists, groups and keys that have to be asked for |
//! | `notices` | devices, identities and tokens that change |
//! | `known` | which messages were shown |

mod about;
mod acked;
mod again;
mod answers;
mod asks;
mod bots;
mod deliver;
#[cfg(any(test, fuzzing))]
mod driver;
mod failed;
mod foresee;
mod group;
mod known;
mod manage;
mod missed;
mod naming;
mod notices;
mod open;
mod outbox;
mod output;
mod own;
mod pace;
mod paused;
mod person;
mod phone;
#[cfg(any(test, fuzzing))]
pub(crate) mod random_walk;
mod reach;
mod receipts;
mod receive;
mod secrets;
mod sending;
mod targets;
mod wanted;

pub(crate) use about::Target;
pub(crate) use known::Known;
pub(crate) use manage::{GroupAnswer, GroupFailure, GroupPlan, GroupSetting, GroupWish, Manage};
pub(crate) use naming::{Named, Naming};
pub(crate) use output::{
    GroupNews, Output, Received, Seen, SendFailure, Tag, Taken, Told, Unreadable, UnreadableReason, Waiting,
};
pub(crate) use pace::Pace;
pub(crate) use reach::Restrictions;

use std::collections::VecDeque;

use self::again::Again;
use self::asks::Asks;
use self::manage::Managed;
use self::missed::Missed;
use self::outbox::Outbox;
use self::phone::PhoneAsks;
use self::reach::Reach;
use self::sending::Sends;
pub(crate) use self::sending::{ToSend, Vote, Wished};
use super::address::{Address, User};
use super::content::Expiration;
use super::desk::{Desk, Missing};
use super::stanzas::origin::Own;
use crate::crypto::{Random, Secret};
use crate::stanza::build::IdSource;
use crate::stanza::{Jid, Stanza, Text};
use crate::store::Batch;
use crate::store::records::{AccountRecord, DeviceRecord};

/// Milliseconds on the driver's clock, which only runs forward.
pub(crate) type Millis = u64;

/// What a call is made with.
pub(crate) struct Cx<'a> {
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
    pub(crate) pace: Pace,
}

/// The messaging of one linked session.
pub(crate) struct Engine {
    /// The records at hand.
    pub(crate) desk: Desk,
    settings: Settings,
    own: Own,
    known: Known,
    /// What came out of earlier steps and is still to be done, oldest first.
    jobs: VecDeque<Job>,
    sends: Sends,
    asks: Asks,
    again: VecDeque<Again>,
    outbox: Outbox,
    reach: Reach,
    phone: PhoneAsks,
    managed: Managed,
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
    About(Box<Received>),
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
    pub(crate) fn new(settings: Settings, own: Own, known: Known) -> Self {
        let mut jobs = VecDeque::new();
        if let (Some(pn), Some(lid)) = (User::of(&own.pn), own.lid.as_ref().and_then(User::of)) {
            jobs.push_back(Job::Names { pn, lid });
        }
        Self {
            desk: Desk::default(),
            settings,
            own,
            known,
            jobs,
            sends: Sends::default(),
            asks: Asks::default(),
            again: VecDeque::new(),
            outbox: Outbox::default(),
            reach: Reach::default(),
            phone: PhoneAsks::default(),
            managed: Managed::default(),
            missed: Missed::default(),
            held: Vec::new(),
            written: Batch::new(),
            out: Vec::new(),
        }
    }

    /// Goes on with what earlier calls left to be done.
    pub(crate) fn work(&mut self, cx: &mut Cx<'_>) -> Result<(), Missing> {
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
                self.tell_about(received);
            }
        }
        self.complete_missed(cx)?;
        self.answer_again(cx)?;
        self.ask_phone(cx)?;
        self.send_waiting(cx)
    }

    /// Drops the keys for sending that are at hand: those in the store were removed. What had changed is in a batch before.
    pub(crate) fn forget_sending_keys(&mut self) {
        self.desk.forget_sending_keys();
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
    pub(crate) fn time_passed(&mut self, cx: &mut Cx<'_>) {
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
        !self.written.is_empty() || self.known.has_changes() || self.desk.has_changes()
    }

    /// Adds everything that has changed to a batch.
    pub(crate) fn flush(&mut self, batch: &mut Batch) {
        batch.append(std::mem::take(&mut self.written));
        self.known.flush(batch);
        self.desk.flush(batch);
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
mod phone_tests;
