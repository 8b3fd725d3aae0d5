//! The outbox: what the host wants sent, what waits, and what is on its way.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::delayed::Paused;
use super::missed::Fanout;
use super::naming::Naming;
use crate::messaging::address::{Address, User};
use crate::messaging::content;
use crate::messaging::engine::{Millis, SendFailure, Waiting};
use crate::stanza::{Jid, Text};

/// A message that the host wants sent.
#[derive(Clone, Debug)]
pub(crate) struct OutboundMessage {
    /// The chat.
    pub(crate) chat: Jid,
    /// The id that the host chose.
    pub(crate) id: Option<Text>,
    /// The content.
    pub(crate) content: OutboundContent,
}

/// The content of a message, or what it is made of.
#[derive(Clone, Debug)]
pub(crate) enum OutboundContent {
    /// Content that is ready.
    Content(content::Outgoing),
    /// A vote, to be made of the record of its poll.
    Vote(Vote),
    /// Content that names people beside the chat.
    Naming(Naming),
}

/// A vote in a poll.
#[derive(Clone, Debug)]
pub(crate) struct Vote {
    /// The message with the poll.
    pub(crate) poll: Text,
    /// The sender of the poll, if the host names one.
    pub(crate) author: Option<Jid>,
    /// The options that are chosen, by their texts; none to take an earlier vote back.
    pub(crate) chosen: Vec<String>,
}

/// A message on its way.
pub(super) struct OutboxEntry {
    pub(super) id: Text,
    pub(super) chat: Jid,
    pub(super) content: content::Outgoing,
    /// The source of the content, while it is not known how the chat names the people in it.
    pub(super) unnamed: Option<OutboundContent>,
    /// The requests that wait for it.
    pub(super) requests: Vec<u64>,
    /// It is of an earlier run or an earlier engine, in which it may have gone out.
    pub(super) resumed: bool,
    /// The store has it.
    pub(super) is_stored: bool,
    /// The number of times it went out.
    pub(super) tries: u32,
    /// The server refused it as a first contact: with this token, empty if none was shown.
    pub(super) refused_with: Option<Vec<u8>>,
    /// The code with which the server refused it under the first name of the person: it goes to the other since.
    pub(super) first_refusal: Option<u32>,
    pub(super) not_before: Millis,
    /// When it is due, as the host was told last, Unix milliseconds.
    pub(super) told_due: i64,
    pub(super) out: Option<Transmission>,
}

/// A message that went out and is not acknowledged.
pub(super) struct Transmission {
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

impl OutboxEntry {
    /// Returns what the host is told of the message while it waits.
    pub(super) fn waiting(&self) -> Waiting {
        Waiting { id: self.id.clone(), chat: self.chat.clone(), due_ms: self.told_due }
    }
}

/// The result of an attempt to send.
pub(super) enum SendAttempt {
    /// It went out.
    Sent(Transmission),
    /// An answer of the server is needed first.
    Blocked,
    /// It may go at this time, in Unix milliseconds.
    Later(i64),
    /// It cannot be sent.
    Failed(SendFailure),
}

/// The number of times a message goes out before it is given up.
pub(super) const MOST_TRIES: u32 = 4;
/// The pause before the second try; doubled for each further one.
pub(super) const PAUSE: Millis = 750;

/// The messages on their way, in the order in which they were handed in.
#[derive(Default)]
pub(super) struct Sends {
    pub(super) all: BTreeMap<u64, OutboxEntry>,
    pub(super) by_id: HashMap<Text, u64>,
    /// Those that have not gone out and may.
    pub(super) waiting: BTreeSet<u64>,
    /// Those whose turn has not come.
    pub(super) paused: Paused,
    last: u64,
}

impl Sends {
    /// Adds a message that the host has handed in, or handed in once.
    pub(super) fn enter(
        &mut self,
        id: Text,
        chat: Jid,
        content: content::Outgoing,
        request: Option<u64>,
    ) -> u64 {
        self.last += 1;
        let number = self.last;
        self.by_id.insert(id.clone(), number);
        self.waiting.insert(number);
        let sending = OutboxEntry {
            id,
            chat,
            content,
            unnamed: None,
            requests: request.into_iter().collect(),
            resumed: false,
            is_stored: false,
            tries: 0,
            refused_with: None,
            first_refusal: None,
            not_before: 0,
            told_due: 0,
            out: None,
        };
        self.all.insert(number, sending);
        number
    }

    /// Adds a message of an earlier run, which had this number in it.
    pub(super) fn resume(&mut self, id: Text, chat: Jid, content: content::Outgoing, earlier: u64) -> u64 {
        self.last = self.last.max(earlier);
        let number = self.enter(id, chat, content, None);
        if let Some(sending) = self.all.get_mut(&number) {
            (sending.resumed, sending.is_stored) = (true, true);
        }
        number
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the messages that went out and are not acknowledged.
    pub(super) fn out(&self) -> Vec<u64> {
        let out = self.all.iter().filter(|(_, sending)| sending.out.is_some());
        out.map(|(number, _)| *number).collect()
    }

    /// Returns when the server is late with an acknowledgement, a pause ends or a turn comes.
    pub(super) fn deadline(&self) -> Option<Millis> {
        let out = self.all.values().filter_map(|sending| sending.out.as_ref().map(|out| out.deadline));
        let pauses =
            self.waiting.iter().filter_map(|number| self.all.get(number)).map(|wait| wait.not_before);
        out.chain(pauses.filter(|at| *at > 0)).chain(self.paused.deadline()).min()
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<OutboxEntry> {
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
