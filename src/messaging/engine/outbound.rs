//! Messages that go: each waits until everything it needs is there, goes out, and waits for the server to take it.
//!
//! Within a chat they leave in the order in which they were handed in; nobody waits for the acknowledgement of another. A
//! message that waits is in the outbox from the beginning, and goes out after a restart with the same id; its recipients
//! recognise it by that.

use std::collections::HashSet;

use super::first_contact::ContactGate;
use super::outbox::{MOST_TRIES, OutboundContent, OutboundMessage, OutboxEntry, SendAttempt};
use super::placeholder_resend::PhoneAsks;
use super::resend::DueResend;
use super::sent_retention::Outbox;
use super::{AcceptedMessage, Engine, EngineContext, Output, SendFailure};
use crate::messaging::content::{self, Expiration};
use crate::messaging::record_cache::{
    MissingRecords, RecordRequirements, RecordTable, SentRecord, StoredRecord,
};
use crate::stanza::{Jid, Server, Text};
use crate::store::{StoreError, Value};

impl Engine {
    /// Takes in what the store has of our messages, in any order. Those that the server has not taken go out again.
    pub(crate) fn resume(&mut self, rows: Vec<(Vec<u8>, Value)>) -> Result<(), StoreError> {
        let (mut unsent, mut sent) = (Vec::new(), Vec::new());
        for (key, value) in rows {
            let id = Text::new(String::from_utf8_lossy(&key));
            let record = SentRecord::load(&[Some(value)])?;
            if record.taken_ms == 0 { unsent.push((id, record)) } else { sent.push((id, record)) }
        }
        self.outbox = Outbox::load(sent);
        unsent.sort_by_key(|(_, sent)| (sent.created_ms, sent.number));
        for (id, sent) in unsent {
            // What cannot be read any more cannot be sent either; it was checked when it was handed in.
            if let Ok(content) = content::Outgoing::of_any_size(&sent.message) {
                self.sends.last = self.sends.last.max(sent.number);
                let number = self.enter(id, sent.chat, content, None);
                if let Some(sending) = self.sends.all.get_mut(&number) {
                    sending.resumed = true;
                }
            }
        }
        Ok(())
    }

    /// Takes in what the store has of first contacts, and of what the server keeps us from, each in any order.
    pub(crate) fn resume_reach(
        &mut self,
        contacts: Vec<(Vec<u8>, Value)>,
        restrictions: &[(Vec<u8>, Value)],
    ) -> Result<(), StoreError> {
        self.reach = ContactGate::load(contacts, restrictions.first())?;
        Ok(())
    }

    /// Takes in what the store has of messages that the phone is asked for, in any order.
    pub(crate) fn resume_phone_asks(&mut self, rows: Vec<(Vec<u8>, Value)>) -> Result<(), StoreError> {
        self.phone = PhoneAsks::load(rows)?;
        Ok(())
    }

    /// The host wants a message sent.
    pub(crate) fn send(
        &mut self,
        request: u64,
        outbound: &OutboundMessage,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        if !matches!(outbound.chat.server.account(), Server::Pn | Server::Lid | Server::Group) {
            self.answer(request, Err(SendFailure::WrongChat));
            return Ok(());
        }
        if let Some(id) = &outbound.id {
            if let Some(sending) = self.sends.by_id.get(id).and_then(|number| self.sends.all.get_mut(number))
            {
                if is_elsewhere(&outbound.chat, &sending.chat) {
                    self.answer(request, Err(SendFailure::IdInUse));
                    return Ok(());
                }
                sending.requests.push(request);
                if sending.told_due > cx.unix_ms {
                    let waiting = sending.waiting();
                    self.out.push(Output::Waiting { request, waiting });
                }
                return Ok(());
            }
            let mut wants = RecordRequirements::default();
            wants.record(&self.cache, RecordTable::Outbox, id.as_bytes());
            wants.met()?;
            if let Some(sent) = self.cache.outbox.get(id.as_bytes()) {
                let (id, chat, timestamp_ms) = (id.clone(), sent.chat.clone(), sent.taken_ms);
                let taken = AcceptedMessage { id, chat, timestamp_ms };
                let answer = if is_elsewhere(&outbound.chat, &sent.chat) {
                    Err(SendFailure::IdInUse)
                } else {
                    Ok(taken)
                };
                self.answer(request, answer);
                return Ok(());
            }
        }
        let content = match &outbound.content {
            OutboundContent::Content(content) => content.clone(),
            OutboundContent::Naming(naming) => self.make_named(naming, &outbound.chat, cx)?,
            OutboundContent::Vote(vote) => match self.make_vote(vote, &outbound.chat, cx)? {
                Ok(content) => content,
                Err(failure) => {
                    self.answer(request, Err(failure));
                    return Ok(());
                }
            },
        };
        let own = self.own.pn.account();
        let unix_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let id = outbound.id.clone().unwrap_or_else(|| content::message_id(unix_s, &own, cx.rng).into());
        self.keep_own_secret(&id, &outbound.chat, &content, cx.unix_ms);
        let number = self.enter(id.clone(), outbound.chat.clone(), content, Some(request));
        let is_named =
            matches!(outbound.content, OutboundContent::Content(_)) || self.knows_names_in(&outbound.chat);
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
            self.cache.outbox.put(id.as_bytes(), sent);
        }
        Ok(())
    }

    fn enter(&mut self, id: Text, chat: Jid, content: content::Outgoing, request: Option<u64>) -> u64 {
        let sends = &mut self.sends;
        sends.last += 1;
        let number = sends.last;
        sends.by_id.insert(id.clone(), number);
        sends.waiting.insert(number);
        let requests = request.into_iter().collect();
        let sending = OutboxEntry {
            id,
            chat,
            content,
            unnamed: None,
            requests,
            resumed: false,
            tries: 0,
            refused_with: None,
            first_refusal: None,
            not_before: 0,
            told_due: 0,
            out: None,
        };
        sends.all.insert(number, sending);
        number
    }

    /// The session is ready: what waits may go. Turns that could not be taken meanwhile are given anew.
    pub(crate) fn online(&mut self) {
        self.sends.online = true;
        self.reach.pacer.give_all_back();
        self.sends.wake_all();
    }

    /// The connection is gone. What was not acknowledged goes out again on the next one.
    pub(crate) fn offline(&mut self) {
        self.sends.online = false;
        self.asks.forget();
        // They were not acknowledged, so the server brings them again.
        self.again.retain(DueResend::is_ours);
        self.phone.forget_sent();
        self.held.clear();
        let out: Vec<u64> = self
            .sends
            .all
            .iter()
            .filter(|(_, sending)| sending.out.is_some())
            .map(|(number, _)| *number)
            .collect();
        for number in out {
            self.sends.wait_again(number, 0);
        }
    }

    /// The host gives a request up. True if it was a message that had not gone out.
    pub(crate) fn cancel(&mut self, request: u64) -> bool {
        let waits = |(number, sending): (&u64, &OutboxEntry)| {
            (sending.out.is_none() && sending.requests == [request]).then_some(*number)
        };
        let Some(number) = self.sends.all.iter().find_map(waits) else { return false };
        self.give_up(number, &SendFailure::Cancelled);
        true
    }

    /// The requests that are not answered yet.
    pub(crate) fn requests(&self) -> Vec<u64> {
        self.sends
            .all
            .values()
            .flat_map(|sending| sending.requests.iter().copied())
            .chain(self.managed.requests())
            .filter(|id| *id != 0)
            .collect()
    }

    /// Sends what can go.
    pub(super) fn send_waiting(&mut self, cx: &mut EngineContext<'_>) -> Result<(), MissingRecords> {
        if !self.sends.online {
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
                self.name_again(&mut sending, cx).and_then(|()| match sending.chat.server {
                    Server::Group => self.send_to_group(&sending, cx),
                    _ => self.send_to_person(&sending, cx),
                })
            };
            let chat = sending.chat.clone();
            self.sends.all.insert(number, sending);
            match attempt? {
                SendAttempt::Transmission(out) => {
                    self.sends.waiting.remove(&number);
                    if let Some(sending) = self.sends.all.get_mut(&number) {
                        sending.tries += 1;
                        sending.out = Some(out);
                    }
                }
                SendAttempt::Blocked => drop(held.insert(chat)),
                SendAttempt::Later(due_ms) => self.put_off(number, &chat, due_ms, cx),
                SendAttempt::Failed(failure) => self.give_up(number, &failure),
            }
        }
        self.send_asks(cx);
        Ok(())
    }

    /// A message waits for its turn, and all that follow it in its chat. The host hears of it once, unless the time changes.
    fn put_off(&mut self, number: u64, chat: &Jid, due_ms: i64, cx: &EngineContext<'_>) {
        let wait = due_ms.saturating_sub(cx.unix_ms).max(1).unsigned_abs();
        self.sends.waiting.remove(&number);
        self.sends.paused.add(chat, number, due_ms, cx.now.saturating_add(wait));
        let Some(sending) = self.sends.all.get_mut(&number) else { return };
        if std::mem::replace(&mut sending.told_due, due_ms) != due_ms {
            let requests = if sending.requests.is_empty() { vec![0] } else { sending.requests.clone() };
            let waiting = sending.waiting();
            self.out.extend(
                requests.into_iter().map(|request| Output::Waiting { request, waiting: waiting.clone() }),
            );
        }
    }

    /// What it takes to note with which timer a message goes out.
    pub(super) fn want_timer(&self, id: &str, timer: Expiration) -> Result<(), MissingRecords> {
        let mut wants = RecordRequirements::default();
        if timer.seconds != 0 {
            wants.record(&self.cache, RecordTable::Outbox, id.as_bytes());
        }
        wants.met()
    }

    /// Notes with which timer a message goes out, for those who ask for it again.
    pub(super) fn note_timer(&mut self, id: &str, timer: Expiration) {
        if timer.seconds != 0
            && self.cache.outbox.get(id.as_bytes()).is_some_and(|sent| sent.timer != timer)
            && let Some(sent) = self.cache.outbox.change(id.as_bytes())
        {
            sent.timer = timer;
        }
    }

    /// A message will not be sent.
    pub(super) fn give_up(&mut self, number: u64, failure: &SendFailure) {
        let Some(sending) = self.sends.remove(number) else { return };
        self.reach.pacer.give_back(&sending.id);
        if let Some(person) = sending.out.as_ref().and_then(|out| out.person.as_ref()) {
            self.reach.pacer.arrived(person);
        }
        self.cache.outbox.remove(sending.id.as_bytes());
        for request in sending.requests {
            self.answer(request, Err(failure.clone()));
        }
    }

    /// The server was silent for too long about some messages.
    pub(super) fn check_acks(&mut self, cx: &EngineContext<'_>) {
        let late = |(number, sending): (&u64, &OutboxEntry)| {
            sending.out.as_ref().is_some_and(|out| out.deadline <= cx.now).then_some((*number, sending.tries))
        };
        let late: Vec<_> = self.sends.all.iter().filter_map(late).collect();
        for (number, tries) in late {
            if tries < MOST_TRIES {
                self.sends.wait_again(number, 0);
            } else {
                self.give_up(number, &SendFailure::Unanswered);
            }
        }
    }

    pub(super) fn answer(&mut self, request: u64, answer: Result<AcceptedMessage, SendFailure>) {
        if request != 0 {
            self.out.push(Output::Answer { request, answer });
        }
    }
}

/// Whether two addresses are certainly those of different chats. A phone number and a LID may be of one person.
fn is_elsewhere(one: &Jid, other: &Jid) -> bool {
    let kinds = (one.server.account(), other.server.account());
    match kinds {
        (Server::Pn, Server::Lid) | (Server::Lid, Server::Pn) => false,
        _ => kinds.0 != kinds.1 || one.user != other.user,
    }
}
