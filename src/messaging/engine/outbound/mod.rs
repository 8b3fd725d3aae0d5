//! Messages that go: each waits until everything it needs is there, goes out, and waits for the server to take it.
//!
//! Within a chat they leave in the order in which they were handed in; none waits for the acknowledgement of another. A
//! message that waits is in the outbox from the beginning, and goes out after a restart with the same id; its recipients
//! recognise it by that.
//!
//! | file | subject |
//! |---|---|
//! | `outbox`, `delayed` | the messages on their way, and those whose turn has not come |
//! | `direct`, `group` | a message to a person, and one to a group |
//! | `naming`, `vote` | content that names people, and votes |
//! | `first_contact`, `rate_limit` | whether people who do not know this account may be written to |
//! | `acked` | the server's word on a message |
//! | `missed` | devices that a message did not go to, and should have |
//! | `unsettled` | messages whose last changes are not on the disk yet, and what becomes of them if the store fails |
//! | `resend`, `sent_retention` | messages that a device could not read, and how long sent ones are kept |

mod acked;
mod delayed;
mod direct;
mod first_contact;
mod group;
mod missed;
mod naming;
mod outbox;
mod rate_limit;
mod resend;
mod sent_retention;
mod unsettled;
mod vote;

pub(crate) use self::first_contact::Restrictions;
pub(crate) use self::naming::{Named, Naming, SenderClaim};
pub(crate) use self::outbox::{OutboundContent, OutboundMessage, Vote};
pub(crate) use self::rate_limit::RateLimit;
pub(crate) use self::unsettled::KeptSend;

use std::collections::{HashSet, VecDeque};

use self::first_contact::ContactGate;
use self::group::send_to_group;
use self::missed::Missed;
use self::naming::{make_named, name_again};
use self::outbox::{MOST_TRIES, OutboxEntry, SendAttempt, Sends};
use self::resend::DueResend;
use self::sent_retention::SentRetention;
use self::unsettled::Unsettled;
use self::vote::make_vote;
use super::core::EngineCore;
use super::{AcceptedMessage, EngineContext, Millis, Output, Rows, SendFailure};
use crate::messaging::address::User;
use crate::messaging::content::{self, Expiration};
use crate::messaging::record_cache::{
    MissingRecords, RecordRequirements, RecordTable, SentRecord, StoredRecord,
};
use crate::stanza::{Jid, Server, Text};
use crate::store::StoreError;

/// Messages that go: those on their way, those that were sent, and the gate before people who do not know this account.
pub(super) struct Outbound {
    sends: Sends,
    retention: SentRetention,
    gate: ContactGate,
    missed: Missed,
    resends: VecDeque<DueResend>,
    unsettled: Unsettled,
}

impl Outbound {
    /// Takes what the store has: our messages, first contacts, and what the server keeps us from. Messages that the server has
    /// not taken go out again.
    pub(super) fn load(outbox: Rows, first_contacts: Rows, restriction: &Rows) -> Result<Self, StoreError> {
        let (mut unsent, mut sent) = (Vec::new(), Vec::new());
        for (key, value) in outbox {
            let id = Text::new(String::from_utf8_lossy(&key));
            let record = SentRecord::load(&[Some(value)])?;
            if record.taken_ms == 0 { unsent.push((id, record)) } else { sent.push((id, record)) }
        }
        unsent.sort_by_key(|(_, sent)| (sent.created_ms, sent.number));
        let mut sends = Sends::default();
        for (id, sent) in unsent {
            // A message that cannot be read any more cannot be sent either; it was checked when it was handed in.
            if let Ok(content) = content::Outgoing::of_any_size(&sent.message) {
                sends.resume(id, sent.chat, content, sent.number);
            }
        }
        Ok(Self {
            sends,
            retention: SentRetention::load(sent),
            gate: ContactGate::load(first_contacts, restriction.first())?,
            missed: Missed::default(),
            resends: VecDeque::new(),
            unsettled: Unsettled::default(),
        })
    }

    /// Handles the host's wish to send a message.
    pub(super) fn send(
        &mut self,
        core: &mut EngineCore,
        request: u64,
        outbound: &OutboundMessage,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        if !matches!(outbound.chat.server.account(), Server::Pn | Server::Lid | Server::Group) {
            core.answer(request, Err(SendFailure::WrongChat));
            return Ok(());
        }
        if let Some(id) = &outbound.id {
            if let Some(sending) = self.sends.by_id.get(id).and_then(|number| self.sends.all.get_mut(number))
            {
                if is_elsewhere(&outbound.chat, &sending.chat) {
                    core.answer(request, Err(SendFailure::IdInUse));
                    return Ok(());
                }
                sending.requests.push(request);
                if sending.told_due > cx.unix_ms {
                    let waiting = sending.waiting();
                    core.out.push(Output::Waiting { request, waiting });
                }
                return Ok(());
            }
            let mut wants = RecordRequirements::default();
            wants.record(&core.cache, RecordTable::Outbox, id.as_bytes());
            wants.met()?;
            if let Some(sent) = core.cache.outbox.get(id.as_bytes()) {
                let (id, chat, timestamp_ms) = (id.clone(), sent.chat.clone(), sent.taken_ms);
                let taken = AcceptedMessage { id, chat, timestamp_ms };
                let answer = if is_elsewhere(&outbound.chat, &sent.chat) {
                    Err(SendFailure::IdInUse)
                } else {
                    Ok(taken)
                };
                core.answer(request, answer);
                return Ok(());
            }
        }
        let made = match &outbound.content {
            OutboundContent::Content(content) => Ok(content.clone()),
            OutboundContent::Naming(naming) => make_named(core, naming, &outbound.chat, cx)?,
            OutboundContent::Vote(vote) => make_vote(core, vote, &outbound.chat, cx)?,
        };
        let content = match made {
            Ok(content) => content,
            Err(failure) => {
                core.answer(request, Err(failure));
                return Ok(());
            }
        };
        let own = core.own.pn.account();
        let unix_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let id = outbound.id.clone().unwrap_or_else(|| content::message_id(unix_s, &own, cx.rng).into());
        core.keep_own_secret(&id, &outbound.chat, &content, cx.unix_ms);
        let number = self.sends.enter(id.clone(), outbound.chat.clone(), content, Some(request));
        self.unsettled.entered.push(number);
        let is_named =
            matches!(outbound.content, OutboundContent::Content(_)) || core.knows_names_in(&outbound.chat);
        if let Some(sending) = self.sends.all.get_mut(&number) {
            sending.unnamed = (!is_named).then(|| outbound.content.clone());
            let (chat, message) = (sending.chat.clone(), sending.content.message.clone());
            let sent = SentRecord {
                chat,
                message,
                created_ms: cx.unix_ms,
                number,
                taken_ms: 0,
                timer: Expiration::default(),
            };
            core.cache.outbox.put(id.as_bytes(), sent);
        }
        Ok(())
    }

    /// Begins to send what waits. Turns that could not be taken meanwhile are given anew.
    pub(super) fn online(&mut self) {
        self.gate.pacer.give_all_back();
        self.sends.wake_all();
    }

    /// Has the messages go out again on the next connection that were not acknowledged on this one.
    pub(super) fn offline(&mut self) {
        // They were not acknowledged, so the server brings them again.
        self.resends.retain(DueResend::is_ours);
        for number in self.sends.out() {
            self.sends.wait_again(number, 0);
        }
    }

    /// Lets messages go out that waited for their turn: this account has met the person.
    pub(super) fn met(&mut self, core: &EngineCore, user: &User) {
        for name in core.both_names(user) {
            self.sends.wake(&name.jid());
        }
    }

    /// Gives up a message that has not gone out, if the request is the only one for it.
    pub(super) fn cancel(&mut self, core: &mut EngineCore, request: u64) {
        let waits = |(number, sending): (&u64, &OutboxEntry)| {
            (sending.out.is_none() && sending.requests == [request]).then_some(*number)
        };
        if let Some(number) = self.sends.all.iter().find_map(waits) {
            self.give_up(core, number, &SendFailure::Cancelled);
        }
    }

    /// Returns the requests that are not answered yet.
    pub(super) fn requests(&self) -> impl Iterator<Item = u64> {
        self.sends.all.values().flat_map(|sending| sending.requests.iter().copied())
    }

    /// Returns when something is due.
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.sends.deadline()
    }

    /// Returns whether something is under way that must not be forgotten.
    pub(super) fn is_busy(&self) -> bool {
        !self.sends.is_empty() || !self.resends.is_empty() || !self.missed.is_empty()
    }

    /// Returns whether something waits until a query may be sent.
    pub(super) fn awaits_budget(&self) -> bool {
        self.resends.iter().any(|again| again.awaits_budget)
    }

    /// Returns whether messages went out that are not acknowledged.
    pub(super) fn awaits_acks(&self) -> bool {
        !self.sends.out().is_empty()
    }

    /// Sends what can go.
    pub(super) fn send_waiting(
        &mut self,
        core: &mut EngineCore,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        if !core.online {
            return Ok(());
        }
        self.sends.waiting.extend(self.sends.paused.take_due(cx.now));
        if self.sends.waiting.is_empty() {
            return Ok(());
        }
        // One that cannot go yet holds up those behind it in its chat.
        let mut held = HashSet::new();
        let waiting: Vec<u64> = self.sends.waiting.iter().copied().collect();
        for number in waiting {
            let Some(mut sending) = self.sends.all.remove(&number) else { continue };
            let attempt = if let Some(due_ms) = self.sends.paused.due(&sending.chat) {
                Ok(SendAttempt::Later(due_ms))
            } else if held.contains(&sending.chat) {
                Ok(SendAttempt::Blocked)
            } else if sending.not_before > cx.now {
                held.insert(sending.chat.clone());
                Ok(SendAttempt::Blocked)
            } else {
                name_again(core, &mut sending, cx).and_then(|()| match sending.chat.server {
                    Server::Group => send_to_group(core, &sending, cx),
                    _ => self.send_to_person(core, &sending, cx),
                })
            };
            let chat = sending.chat.clone();
            self.sends.all.insert(number, sending);
            match attempt? {
                SendAttempt::Sent(out) => {
                    self.sends.waiting.remove(&number);
                    if let Some(sending) = self.sends.all.get_mut(&number) {
                        sending.tries += 1;
                        sending.out = Some(out);
                    }
                }
                SendAttempt::Blocked => drop(held.insert(chat)),
                SendAttempt::Later(due_ms) => self.put_off(core, number, &chat, due_ms, cx),
                SendAttempt::Failed(failure) => self.give_up(core, number, &failure),
            }
        }
        core.send_asks(cx);
        Ok(())
    }

    /// Has a message wait for its turn, and all that follow it in its chat. The host hears of it once, unless the time changes.
    fn put_off(
        &mut self,
        core: &mut EngineCore,
        number: u64,
        chat: &Jid,
        due_ms: i64,
        cx: &EngineContext<'_>,
    ) {
        let wait = due_ms.saturating_sub(cx.unix_ms).max(1).unsigned_abs();
        self.sends.waiting.remove(&number);
        self.sends.paused.add(chat, number, due_ms, cx.now.saturating_add(wait));
        let Some(sending) = self.sends.all.get_mut(&number) else { return };
        if std::mem::replace(&mut sending.told_due, due_ms) != due_ms {
            let requests = if sending.requests.is_empty() { vec![0] } else { sending.requests.clone() };
            let waiting = sending.waiting();
            core.out.extend(
                requests.into_iter().map(|request| Output::Waiting { request, waiting: waiting.clone() }),
            );
        }
    }

    /// Gives up a message.
    fn give_up(&mut self, core: &mut EngineCore, number: u64, failure: &SendFailure) {
        let Some(sending) = self.sends.remove(number) else { return };
        self.unsettled.end(&sending, Some(failure.clone()));
        self.gate.pacer.give_back(&sending.id);
        if let Some(person) = sending.out.as_ref().and_then(|out| out.person.as_ref()) {
            self.gate.pacer.arrived(person);
        }
        core.cache.outbox.remove(sending.id.as_bytes());
        for request in sending.requests {
            core.answer(request, Err(failure.clone()));
        }
    }

    /// Sends messages again, or gives them up, about which the server was silent for too long.
    pub(super) fn check_acks(&mut self, core: &mut EngineCore, cx: &EngineContext<'_>) {
        let late = |(number, sending): (&u64, &OutboxEntry)| {
            sending.out.as_ref().is_some_and(|out| out.deadline <= cx.now).then_some((*number, sending.tries))
        };
        let late: Vec<_> = self.sends.all.iter().filter_map(late).collect();
        for (number, tries) in late {
            if tries < MOST_TRIES {
                self.sends.wait_again(number, 0);
            } else {
                self.give_up(core, number, &SendFailure::Unanswered);
            }
        }
    }
}

/// Returns once the record is in the cache that says with which timer a message goes out.
fn want_timer(core: &EngineCore, id: &str, timer: Expiration) -> Result<(), MissingRecords> {
    let mut wants = RecordRequirements::default();
    if timer.seconds != 0 {
        wants.record(&core.cache, RecordTable::Outbox, id.as_bytes());
    }
    wants.met()
}

/// Notes with which timer a message goes out, for devices that ask for it again.
fn note_timer(core: &mut EngineCore, id: &str, timer: Expiration) {
    if timer.seconds != 0
        && core.cache.outbox.get(id.as_bytes()).is_some_and(|sent| sent.timer != timer)
        && let Some(sent) = core.cache.outbox.change(id.as_bytes())
    {
        sent.timer = timer;
    }
}

/// Returns whether two addresses are certainly those of different chats. A phone number and a LID may be of one person.
fn is_elsewhere(one: &Jid, other: &Jid) -> bool {
    let kinds = (one.server.account(), other.server.account());
    match kinds {
        (Server::Pn, Server::Lid) | (Server::Lid, Server::Pn) => false,
        _ => kinds.0 != kinds.1 || one.user != other.user,
    }
}
