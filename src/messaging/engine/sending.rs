//! Messages that go: each waits until everything it needs is there, goes out, and waits for the server to take it.
//!
//! Within a chat they leave in the order in which they were handed in; nobody waits for the acknowledgement of another. A
//! message that waits is in the outbox from the beginning, and goes out after a restart with the same id; its recipients
//! recognise it by that.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::again::Again;
use super::missed::Fanout;
use super::outbox::Outbox;
use super::paused::Paused;
use super::phone::PhoneAsks;
use super::reach::Reach;
use super::{Cx, Engine, Millis, Naming, Output, SendFailure, Taken, Waiting};
use crate::messaging::address::{Address, User};
use crate::messaging::content::{self, Expiration};
use crate::messaging::desk::{Kept, Missing, Sent, Shelf, Wants};
use crate::stanza::{Jid, Server, Text};
use crate::store::{StoreError, Value};

/// A message that the host wants sent.
pub(crate) struct ToSend {
    /// The request; 0 for a message of an earlier run.
    pub(crate) request: u64,
    /// Where it goes.
    pub(crate) chat: Jid,
    /// The id that the host chose.
    pub(crate) id: Option<Text>,
    /// What it says.
    pub(crate) content: Wished,
}

/// What a message is to say.
#[derive(Clone, Debug)]
pub(crate) enum Wished {
    /// This.
    Content(content::Outgoing),
    /// A vote, which is made of what is known of the poll.
    Vote(Vote),
    /// What names somebody beside the chat.
    Naming(Naming),
}

/// A vote in a poll.
#[derive(Clone, Debug)]
pub(crate) struct Vote {
    /// The message with the poll.
    pub(crate) poll: Text,
    /// Who sent that, if the host says so.
    pub(crate) author: Option<Jid>,
    /// The options that are chosen, by their texts; none to take an earlier vote back.
    pub(crate) chosen: Vec<String>,
}

/// A message on its way.
pub(super) struct Sending {
    pub(super) id: Text,
    pub(super) chat: Jid,
    pub(super) content: content::Outgoing,
    /// What it is made of, if that names people and it is not known yet how its chat names them.
    pub(super) unnamed: Option<Wished>,
    /// The requests that wait for it.
    pub(super) requests: Vec<u64>,
    /// It is of an earlier run, in which it may have gone out.
    pub(super) resumed: bool,
    /// How often it went out.
    pub(super) tries: u32,
    /// The server refused it as a first contact: with this token, empty if none was shown.
    pub(super) refused_with: Option<Vec<u8>>,
    /// The code with which the server refused it under the first name of the person: it goes to the other since.
    pub(super) first_refusal: Option<u32>,
    not_before: Millis,
    /// When it is due, as the host was told last, Unix milliseconds.
    told_due: i64,
    pub(super) out: Option<Out>,
}

/// What is remembered of a message that went out and is not acknowledged.
pub(super) struct Out {
    pub(super) deadline: Millis,
    /// In a group: the devices that it brought our key to, and the number of that key.
    pub(super) key_for: Option<(u32, Vec<Address>)>,
    /// In a group: the hash of the devices that it was meant for.
    pub(super) phash: Option<Text>,
    /// A person, to whom our privacy token may be due.
    pub(super) person: Option<User>,
    /// To a person: the devices that it was meant for.
    pub(super) fanout: Option<Box<Fanout>>,
}

impl Sending {
    /// What the host is told of it while it waits.
    fn waiting(&self) -> Waiting {
        Waiting { id: self.id.clone(), chat: self.chat.clone(), due_ms: self.told_due }
    }
}

/// What an attempt came to.
pub(super) enum Attempt {
    /// It went out.
    Out(Out),
    /// An answer of the server is needed first.
    Blocked,
    /// It may go at this time, in Unix milliseconds.
    Later(i64),
    /// It cannot be sent.
    Failed(SendFailure),
}

/// How often a message goes out before it is given up.
pub(super) const MOST_TRIES: u32 = 4;
/// The pause before the second try; doubled for each further one.
pub(super) const PAUSE: Millis = 750;

/// The messages on their way, in the order in which they were handed in.
#[derive(Default)]
pub(super) struct Sends {
    pub(super) all: BTreeMap<u64, Sending>,
    pub(super) by_id: HashMap<Text, u64>,
    /// Those that have not gone out and may.
    waiting: BTreeSet<u64>,
    /// Those whose turn has not come.
    paused: Paused,
    last: u64,
    /// Whether the session is logged in and ready.
    online: bool,
}

impl Sends {
    pub(super) fn is_online(&self) -> bool {
        self.online
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether some went out and are not acknowledged.
    pub(super) fn are_out(&self) -> bool {
        self.online && self.all.values().any(|sending| sending.out.is_some())
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        if !self.online {
            return None;
        }
        let out = self.all.values().filter_map(|sending| sending.out.as_ref().map(|out| out.deadline));
        let pauses =
            self.waiting.iter().filter_map(|number| self.all.get(number)).map(|wait| wait.not_before);
        out.chain(pauses.filter(|at| *at > 0)).chain(self.paused.deadline()).min()
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<Sending> {
        let sending = self.all.remove(&number)?;
        self.by_id.remove(&sending.id);
        self.waiting.remove(&number);
        self.paused.remove(&sending.chat, number);
        Some(sending)
    }

    /// The server refused a message as a first contact: how often it went out by now, and to whom.
    pub(super) fn refuse(&mut self, number: u64) -> Option<(u32, Option<User>)> {
        let sending = self.all.get_mut(&number)?;
        let out = sending.out.as_ref();
        let shown = out.and_then(|out| out.fanout.as_ref()).map(|fanout| fanout.shown.clone());
        sending.refused_with = Some(shown.unwrap_or_default());
        // Both names were tried. Should it go out once more, it begins with the first.
        sending.first_refusal = None;
        Some((sending.tries, sending.out.as_ref().and_then(|out| out.person.clone())))
    }

    /// Those in a chat need not wait for their turn.
    pub(super) fn wake(&mut self, chat: &Jid) {
        self.waiting.extend(self.paused.take(chat));
    }

    /// Nobody need.
    pub(super) fn wake_all(&mut self) {
        self.waiting.extend(self.paused.take_due(Millis::MAX));
    }

    /// A message goes out once more, to the other name of the person.
    pub(super) fn try_other_name(&mut self, number: u64, code: u32) {
        if let Some(sending) = self.all.get_mut(&number) {
            sending.first_refusal = Some(code);
        }
        self.wait_again(number, 0);
    }

    pub(super) fn wait_again(&mut self, number: u64, not_before: Millis) {
        if let Some(sending) = self.all.get_mut(&number) {
            sending.out = None;
            sending.not_before = not_before;
            self.waiting.insert(number);
        }
    }
}

impl Engine {
    /// Takes in what the store has of our messages, in any order. Those that the server has not taken go out again.
    pub(crate) fn resume(&mut self, rows: Vec<(Vec<u8>, Value)>) -> Result<(), StoreError> {
        let (mut unsent, mut sent) = (Vec::new(), Vec::new());
        for (key, value) in rows {
            let id = Text::new(String::from_utf8_lossy(&key));
            let record = Sent::load(&[Some(value)])?;
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
        self.reach = Reach::load(contacts, restrictions.first())?;
        Ok(())
    }

    /// Takes in what the store has of messages that the phone is asked for, in any order.
    pub(crate) fn resume_phone_asks(&mut self, rows: Vec<(Vec<u8>, Value)>) -> Result<(), StoreError> {
        self.phone = PhoneAsks::load(rows)?;
        Ok(())
    }

    /// The host wants a message sent.
    pub(crate) fn send(&mut self, wish: &ToSend, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if !matches!(wish.chat.server.account(), Server::Pn | Server::Lid | Server::Group) {
            self.answer(wish.request, Err(SendFailure::WrongChat));
            return Ok(());
        }
        if let Some(id) = &wish.id {
            if let Some(sending) = self.sends.by_id.get(id).and_then(|number| self.sends.all.get_mut(number))
            {
                if is_elsewhere(&wish.chat, &sending.chat) {
                    self.answer(wish.request, Err(SendFailure::IdInUse));
                    return Ok(());
                }
                sending.requests.push(wish.request);
                if sending.told_due > cx.unix_ms {
                    let waiting = sending.waiting();
                    self.out.push(Output::Waiting { request: wish.request, waiting });
                }
                return Ok(());
            }
            let mut wants = Wants::default();
            wants.record(&self.desk, Shelf::Outbox, id.as_bytes());
            wants.met()?;
            if let Some(sent) = self.desk.outbox.get(id.as_bytes()) {
                let (id, chat, timestamp_ms) = (id.clone(), sent.chat.clone(), sent.taken_ms);
                let taken = Taken { id, chat, timestamp_ms };
                let answer =
                    if is_elsewhere(&wish.chat, &sent.chat) { Err(SendFailure::IdInUse) } else { Ok(taken) };
                self.answer(wish.request, answer);
                return Ok(());
            }
        }
        let content = match &wish.content {
            Wished::Content(content) => content.clone(),
            Wished::Naming(naming) => self.make_named(naming, &wish.chat, cx)?,
            Wished::Vote(vote) => match self.make_vote(vote, &wish.chat, cx)? {
                Ok(content) => content,
                Err(failure) => {
                    self.answer(wish.request, Err(failure));
                    return Ok(());
                }
            },
        };
        let own = self.own.pn.account();
        let unix_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let id = wish.id.clone().unwrap_or_else(|| content::message_id(unix_s, &own, cx.rng).into());
        self.keep_own_secret(&id, &wish.chat, &content, cx.unix_ms);
        let number = self.enter(id.clone(), wish.chat.clone(), content, Some(wish.request));
        let is_named = matches!(wish.content, Wished::Content(_)) || self.knows_names_in(&wish.chat);
        if let Some(sending) = self.sends.all.get_mut(&number) {
            sending.unnamed = (!is_named).then(|| wish.content.clone());
            let (chat, message) = (sending.chat.clone(), sending.content.message.clone());
            let sent = Sent {
                chat,
                message,
                created_ms: cx.unix_ms,
                number,
                taken_ms: 0,
                timer: Expiration::default(),
            };
            self.desk.outbox.put(id.as_bytes(), sent);
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
        let sending = Sending {
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
        self.again.retain(Again::is_ours);
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
        let waits = |(number, sending): (&u64, &Sending)| {
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
    pub(super) fn send_waiting(&mut self, cx: &mut Cx<'_>) -> Result<(), Missing> {
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
                Ok(Attempt::Later(due_ms))
            } else if held.contains(&sending.chat) {
                Ok(Attempt::Blocked)
            } else if sending.not_before > cx.now {
                held.insert(sending.chat.clone());
                Ok(Attempt::Blocked)
            } else {
                self.name_again(&mut sending, cx).and_then(|()| match sending.chat.server {
                    Server::Group => self.send_to_group(&sending, cx),
                    _ => self.send_to_person(&sending, cx),
                })
            };
            let chat = sending.chat.clone();
            self.sends.all.insert(number, sending);
            match attempt? {
                Attempt::Out(out) => {
                    self.sends.waiting.remove(&number);
                    if let Some(sending) = self.sends.all.get_mut(&number) {
                        sending.tries += 1;
                        sending.out = Some(out);
                    }
                }
                Attempt::Blocked => drop(held.insert(chat)),
                Attempt::Later(due_ms) => self.put_off(number, &chat, due_ms, cx),
                Attempt::Failed(failure) => self.give_up(number, &failure),
            }
        }
        self.send_asks(cx);
        Ok(())
    }

    /// A message waits for its turn, and all that follow it in its chat. The host hears of it once, unless the time changes.
    fn put_off(&mut self, number: u64, chat: &Jid, due_ms: i64, cx: &Cx<'_>) {
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
    pub(super) fn want_timer(&self, id: &str, timer: Expiration) -> Result<(), Missing> {
        let mut wants = Wants::default();
        if timer.seconds != 0 {
            wants.record(&self.desk, Shelf::Outbox, id.as_bytes());
        }
        wants.met()
    }

    /// Notes with which timer a message goes out, for those who ask for it again.
    pub(super) fn note_timer(&mut self, id: &str, timer: Expiration) {
        if timer.seconds != 0
            && self.desk.outbox.get(id.as_bytes()).is_some_and(|sent| sent.timer != timer)
            && let Some(sent) = self.desk.outbox.change(id.as_bytes())
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
        self.desk.outbox.remove(sending.id.as_bytes());
        for request in sending.requests {
            self.answer(request, Err(failure.clone()));
        }
    }

    /// The server was silent for too long about some messages.
    pub(super) fn check_acks(&mut self, cx: &Cx<'_>) {
        let late = |(number, sending): (&u64, &Sending)| {
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

    pub(super) fn answer(&mut self, request: u64, answer: Result<Taken, SendFailure>) {
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
