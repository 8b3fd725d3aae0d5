//! What this device cannot read the own phone may have read: it is asked to send the message once more, as WhatsApp Web does.
//!
//! A message that could not be opened is first asked for from its sender. If no readable copy has come some seconds later,
//! and at once if the server gives this device no copy at all, one request goes to the phone: once, since the server keeps it
//! until the phone is there. What the phone answers is told like any message, whichever of the two comes first.

use std::collections::HashMap;

use super::placeholder_record::{Wanted, is_chat};
use super::{Engine, EngineContext, InboundMessage, MessagingEvent, Millis, Output, UnreadableReason};
use crate::messaging::address::{Kind, User};
use crate::messaging::content::{self, Body, Outgoing, PeerDataResponse};
use crate::messaging::record_cache::{MissingRecords, Resolved};
use crate::messaging::stanzas::acks::MessageAck;
use crate::messaging::stanzas::incoming::{IncomingMessage, is_bot};
use crate::messaging::stanzas::outgoing::{OutgoingMessage, Peer, Resend};
use crate::stanza::{Jid, Text};
use crate::store::{Batch, MAX_KEY, Space, StoreError, Value};

/// How long the sender has to send a readable copy. whatsmeow waits as long.
pub(super) const PATIENCE: Millis = 5_000;
/// Older messages are not asked for: WhatsApp Web does not.
const OLDEST_MS: i64 = 14 * 24 * 3_600_000;
/// Messages that come within one moment get times of their own in it.
const MOMENT_MS: i64 = 1_000;
/// Longest name of a sender that is kept.
const LONGEST_NAME: usize = 1024;
/// How many messages may be wanted from the phone.
pub(super) const MOST: usize = 256;
/// How long it is until the next attempt, if there is no session with the phone and none can be begun.
pub(super) const PAUSE: Millis = 60_000;
/// How often those that are too old are looked for.
const TIDY_MS: i64 = 3_600_000;
/// How often one request is sent, should the phone be unable to read it.
const MOST_TRIES: u32 = 5;

/// The messages that the phone is asked for, or will be.
#[derive(Default)]
pub(super) struct PhoneAsks {
    /// By the id of the request.
    open: HashMap<Text, OpenPlaceholder>,
    /// When they were looked through last. What was due before waits for an answer of the server.
    looked: Millis,
    /// When those that are too old were let go last, Unix milliseconds.
    tidied_ms: i64,
}

/// One of them.
struct OpenPlaceholder {
    wanted: Wanted,
    due: Millis,
    /// It went out on this connection.
    sent: bool,
    /// Which of the phone's own requests to see it again this is the answer to; 0 for none.
    count: u32,
}

impl PhoneAsks {
    /// Takes in what the store has, in any order.
    pub(super) fn load(rows: Vec<(Vec<u8>, Value)>) -> Result<Self, StoreError> {
        let open = |(id, value): (Vec<u8>, Value)| {
            let open = OpenPlaceholder { wanted: Wanted::decode(&value)?, due: 0, sent: false, count: 0 };
            Ok((Text::new(String::from_utf8_lossy(&id)), open))
        };
        Ok(Self {
            open: rows.into_iter().map(open).collect::<Result<_, StoreError>>()?,
            looked: 0,
            tidied_ms: 0,
        })
    }

    /// When the next one is due.
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.unsent().map(|(_, open)| open.due).filter(|due| *due > self.looked).min()
    }

    /// Whether there are some that the server does not have.
    pub(super) fn is_waiting(&self) -> bool {
        self.unsent().next().is_some()
    }

    /// Whether that is the id of a request.
    pub(super) fn has(&self, request: &str) -> bool {
        self.open.contains_key(request)
    }

    /// The connection is gone. What the server has not taken goes out again.
    pub(super) fn forget_sent(&mut self) {
        self.open.values_mut().for_each(|open| open.sent = false);
    }

    /// The phone cannot read a request: it goes out again.
    pub(super) fn ask_anew(&mut self, request: &str, count: u32) {
        if let Some(open) = self.open.get_mut(request).filter(|_| count <= MOST_TRIES) {
            (open.wanted.taken, open.sent, open.count, open.due) = (false, false, count, 0);
        }
    }

    fn unsent(&self) -> impl Iterator<Item = (&Text, &OpenPlaceholder)> {
        self.open.iter().filter(|(_, open)| !open.sent && !open.wanted.taken)
    }

    /// The time of a new one, later than those of its moment: they are asked for in the order in which they came, and so told.
    /// What lies further ahead was noted by a clock that was wrong, and no other one is to grow as old.
    fn next_ms(&self, unix_ms: i64) -> i64 {
        let others = self.open.values().map(|open| open.wanted.since_ms);
        let last = others.filter(|since| since.saturating_sub(unix_ms) < MOMENT_MS).max();
        last.map_or(unix_ms, |last| unix_ms.max(last.saturating_add(1)))
    }

    /// Those that are to go out now, the oldest first.
    fn due(&self, now: Millis) -> Vec<Text> {
        let mut due: Vec<_> = self.unsent().filter(|(_, open)| open.due <= now).collect();
        due.sort_by_key(|(_, open)| open.wanted.since_ms);
        due.into_iter().map(|(id, _)| id.clone()).collect()
    }

    /// Lets go of those that are too old to be answered, and gives them.
    fn tidy(&mut self, unix_ms: i64, written: &mut Batch) -> Vec<Wanted> {
        let is_old =
            |_: &Text, open: &mut OpenPlaceholder| unix_ms.saturating_sub(open.wanted.since_ms) > OLDEST_MS;
        let mut old: Vec<_> = self.open.extract_if(is_old).collect();
        old.sort_by_key(|(_, open)| open.wanted.since_ms);
        for (id, _) in &old {
            written.delete(Space::PhoneAsk, id.as_bytes());
        }
        old.into_iter().map(|(_, open)| open.wanted).collect()
    }

    /// The request for that message, if there is one.
    fn find(&self, chat: &Jid, author: &Jid, id: &str) -> Option<&Text> {
        let mut open = self.open.iter();
        open.find(|(_, open)| open.wanted.is(chat, author, id)).map(|(request, _)| request)
    }

    /// The request to be evicted for a message: the oldest post that is of no chat, or the oldest of the chat that has the most, if that
    /// has more than the chat of the message would have.
    fn evictable(&self, wanted: &Wanted) -> Option<Text> {
        if !wanted.is_of_chat() {
            return None;
        }
        let oldest = |suits: &dyn Fn(&Wanted) -> bool| {
            let suiting = self.open.iter().filter(|(_, open)| suits(&open.wanted));
            suiting.min_by_key(|(_, open)| open.wanted.since_ms).map(|(id, _)| id.clone())
        };
        oldest(&|other| !other.is_of_chat()).or_else(|| {
            let mut shares: HashMap<&Jid, usize> = HashMap::new();
            self.open.values().for_each(|open| *shares.entry(&open.wanted.chat).or_default() += 1);
            let own = shares.get(&wanted.chat).copied().unwrap_or_default() + 1;
            let (fullest, share) = shares.into_iter().max_by_key(|(_, share)| *share)?;
            (share > own).then(|| oldest(&|other| other.chat == *fullest)).flatten()
        })
    }

    /// Whether that message may still come.
    pub(super) fn awaits(&self, chat: &Jid, author: &Jid, id: &str) -> bool {
        self.find(chat, author, id).is_some()
    }
}

/// What is told of a message that cannot be read.
pub(super) struct FailedMessage {
    pub(super) reason: UnreadableReason,
    pub(super) retries: u32,
    pub(super) hidden: bool,
    /// Whether its sender was asked for another copy.
    pub(super) asked: bool,
    /// For how long the sender has time before the phone is asked; none if the phone is not asked.
    pub(super) patience: Option<Millis>,
}

impl Engine {
    /// Tells the host of a message that cannot be read. If it may still come, it is noted: the host will get the message, or be
    /// told that it does not come. The names of the sender are at hand.
    pub(super) fn emit_unreadable(
        &mut self,
        message: &IncomingMessage<'_>,
        failed: &FailedMessage,
        cx: &mut EngineContext<'_>,
    ) {
        if message.is_peer() && message.origin.from_me {
            // It belongs to no chat, and is no message to the user. Nobody else can say so of theirs.
            return;
        }
        let wanted = self.wanted(message, failed, cx);
        let pending = self.want(&wanted, failed, cx);
        self.out.push(Output::Event(MessagingEvent::Unreadable(Box::new(wanted.unreadable(pending)))));
    }

    fn wanted(
        &self,
        message: &IncomingMessage<'_>,
        failed: &FailedMessage,
        cx: &EngineContext<'_>,
    ) -> Wanted {
        let origin = &message.origin;
        Wanted {
            id: message.id.to_owned(),
            chat: origin.chat.clone(),
            chat_pn: self.phone_number(&origin.chat),
            sender: origin.sender.account(),
            sender_pn: self.phone_number(&origin.sender),
            from_me: origin.from_me,
            timestamp_ms: super::inbound::timestamp_ms(message, cx),
            push_name: message.push_name.filter(|name| name.len() <= LONGEST_NAME).map(str::to_owned),
            author: self.author_of(message),
            since_ms: self.phone.next_ms(cx.unix_ms),
            // Those of whom the phone is not asked are noted as if it had been.
            taken: failed.patience.is_none() || !may_be_asked(message),
            reason: failed.reason,
            retries: failed.retries,
            hidden: failed.hidden,
        }
    }

    /// The sender of a message under the name that messages are known by.
    pub(super) fn author_of(&self, message: &IncomingMessage<'_>) -> Jid {
        let sender = &message.origin.sender;
        User::of(sender).map_or_else(|| sender.account(), |user| self.cache.canonical_user(&user).jid())
    }

    /// Notes that a message may still come. False if it does not.
    fn want(&mut self, wanted: &Wanted, failed: &FailedMessage, cx: &mut EngineContext<'_>) -> bool {
        let is_old = cx.unix_ms.saturating_sub(wanted.timestamp_ms) > OLDEST_MS;
        let request = self.phone.find(&wanted.chat, &wanted.author, &wanted.id).cloned();
        if (wanted.taken && !failed.asked) || is_old || wanted.id.len() > MAX_KEY {
            request.and_then(|request| self.close_ask(&request));
            return false;
        }
        if let Some(request) = request {
            if let Some(open) = self.phone.open.get_mut(&request) {
                open.wanted.retries = wanted.retries;
            }
            return true;
        }
        if self.phone.open.len() >= MOST {
            self.end_old(cx.unix_ms);
            if self.phone.open.len() >= MOST && !self.make_room_for(wanted) {
                return false;
            }
        }
        let unix_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let request: Text = content::message_id(unix_s, &self.own.pn.account(), cx.rng).into();
        self.written.put(Space::PhoneAsk, request.as_bytes(), wanted.encode());
        let due = cx.now.saturating_add(failed.patience.unwrap_or_default());
        self.phone
            .open
            .insert(request, OpenPlaceholder { wanted: wanted.clone(), due, sent: false, count: 0 });
        true
    }

    /// Gives up an earlier message for a new one, so that neither status posts nor one chat can keep all others from the phone. False if
    /// none is to be given up for that.
    fn make_room_for(&mut self, wanted: &Wanted) -> bool {
        let Some(evicted) = self.phone.evictable(wanted) else { return false };
        if let Some(ended) = self.close_ask(&evicted) {
            self.emit_end(&ended);
        }
        true
    }

    /// Tells the host of messages that were waited for long enough: they do not come.
    fn end_old(&mut self, unix_ms: i64) {
        self.phone.tidied_ms = unix_ms;
        for wanted in self.phone.tidy(unix_ms, &mut self.written) {
            self.emit_end(&wanted);
        }
    }

    /// Tells the host that a message does not come any more.
    fn emit_end(&mut self, wanted: &Wanted) {
        self.out.push(Output::Event(MessagingEvent::Unreadable(Box::new(wanted.unreadable(false)))));
    }

    /// Whether the host was told that a readable copy of that message may still come.
    pub(super) fn is_awaited(&self, message: &IncomingMessage<'_>, sender: &Resolved) -> bool {
        let author = sender.address().user.jid();
        self.phone.find(&message.origin.chat, &author, message.id).is_some()
    }

    /// A message was read after all: the phone need not send it. If there was nothing in it that the host is told, the host is told
    /// that nothing comes.
    pub(super) fn read_after_all(&mut self, message: &IncomingMessage<'_>, author: &User, is_shown: bool) {
        let request = self.phone.find(&message.origin.chat, &author.jid(), message.id).cloned();
        if let Some(wanted) = request.and_then(|request| self.close_ask(&request))
            && !is_shown
        {
            self.emit_end(&Wanted { hidden: true, ..wanted });
        }
    }

    fn close_ask(&mut self, request: &str) -> Option<Wanted> {
        let open = self.phone.open.remove(request)?;
        self.written.delete(Space::PhoneAsk, request.as_bytes());
        Some(open.wanted)
    }

    /// Sends the requests that are due.
    pub(super) fn ask_phone(&mut self, cx: &mut EngineContext<'_>) -> Result<(), MissingRecords> {
        if self.phone.open.is_empty() {
            return Ok(());
        }
        if cx.unix_ms.saturating_sub(self.phone.tidied_ms) > TIDY_MS {
            self.end_old(cx.unix_ms);
        }
        if !self.sends.is_online() {
            return Ok(());
        }
        let due = self.phone.due(cx.now);
        if due.is_empty() {
            return Ok(());
        }
        self.phone.looked = cx.now;
        let Some(own) = self.own_user(Kind::Lid) else { return Ok(()) };
        let Some(targets) = self.with_sessions(&[own.device(0)], cx)? else {
            self.send_asks(cx);
            return Ok(());
        };
        let to = self.own.pn.account();
        for id in due {
            let Some(open) = self.phone.open.get_mut(&id) else { continue };
            let (key, count) = (open.wanted.key(), open.count);
            let Ok(content) = Outgoing::ask_again(std::slice::from_ref(&key)) else { continue };
            let sealed =
                targets.first().and_then(|target| self.encrypt_for(&target.keys, &content.message, cx));
            let Some(open) = self.phone.open.get_mut(&id) else { continue };
            let Some((enc, _)) = sealed else {
                open.due = cx.now.saturating_add(PAUSE);
                continue;
            };
            open.sent = true;
            let mut message = OutgoingMessage::new(&id, &to, content.shape.stanza_type);
            message.enc = Some(enc);
            message.meta = vec![("appdata", "default".into())];
            message.peer = Some(Peer { push_priority: Some("high_force"), privacy_sensitive: false });
            if count > 0 {
                message.resend = Some(Resend { count, ..Resend::default() });
            }
            if message.needs_identity() {
                message.device_identity = Some(&cx.account.account_blob);
            }
            self.out.push(Output::Send(message.into_node()));
        }
        Ok(())
    }

    /// The server says what became of a request.
    pub(super) fn phone_ask_acknowledged(&mut self, ack: &MessageAck<'_>) {
        let Some(open) = self.phone.open.get_mut(ack.id) else { return };
        if let Some(refusal) = ack.refusal {
            if let Some(wanted) = self.close_ask(ack.id) {
                self.emit_end(&wanted);
            }
            let code = refusal.0;
            self.out.push(Output::Log(format!("the server refused a request to the phone with code {code}")));
            return;
        }
        open.wanted.taken = true;
        let row = open.wanted.encode();
        self.written.put(Space::PhoneAsk, ack.id.as_bytes(), row);
    }

    /// The phone answers. It was the phone: this came through a session with it.
    pub(super) fn phone_answered(&mut self, response: &PeerDataResponse) {
        let Some(wanted) = self.close_ask(&response.request) else {
            self.out.push(Output::Log("the phone answered what was not asked, or not any more".to_owned()));
            return;
        };
        let told = response.resent.iter().any(|bytes| self.phone_sent(bytes, &wanted));
        if !told {
            self.emit_end(&wanted);
            self.out.push(Output::Log("the phone does not have a message that it was asked for".to_owned()));
        }
    }

    /// The message as the phone has it. False if it is another one, or nothing.
    fn phone_sent(&mut self, bytes: &[u8], wanted: &Wanted) -> bool {
        let Some(stored) = content::web_message_info(bytes).filter(|stored| stored.key.id == wanted.id)
        else {
            return false;
        };
        let message = bytes.get(stored.message.clone()).unwrap_or_default();
        let Ok(mut read) = content::parse(message) else { return false };
        let is_nothing = match &read.body {
            Body::Nothing => true,
            Body::Protocol(protocol) => !super::inbound_content::is_for_hosts(protocol),
            _ => read.device_sent.is_some(),
        };
        let Some(author) = User::of(&wanted.author).filter(|_| !is_nothing) else { return false };
        // Keys are handed out by those whose they are.
        read.key_distribution = None;
        read.secret = read.secret.or(stored.secret);
        let quotes_me = self.quotes_me(&read);
        let received = InboundMessage {
            id: wanted.id.as_str().into(),
            chat: wanted.chat.clone(),
            chat_pn: wanted.chat_pn.clone(),
            sender: wanted.sender.clone(),
            sender_pn: wanted.sender_pn.clone(),
            from_me: wanted.from_me,
            timestamp_ms: wanted.timestamp_ms,
            push_name: wanted.push_name.clone().or(stored.push_name),
            offline: false,
            old_identity: false,
            content: read,
            bytes: message.to_vec(),
            quotes_me,
            target: None,
            awaited: true,
            vouched: true,
            opened: None,
            chosen: Vec::new(),
        };
        self.show(received, &author);
        true
    }
}

/// Whether the phone is asked for such a message: not for those of bots, of lists and of the status feed.
fn may_be_asked(message: &IncomingMessage<'_>) -> bool {
    !is_bot(&message.origin.sender) && is_chat(&message.origin.chat)
}
