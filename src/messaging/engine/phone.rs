//! What this device cannot read the own phone may have read: it is asked to send the message once more, as WhatsApp Web does.
//!
//! A message that could not be opened is first asked for from its sender. If no readable copy has come some seconds later,
//! and at once if the server gives this device no copy at all, one request goes to the phone: once, since the server keeps it
//! until the phone is there. What the phone answers is told like any message, whichever of the two comes first.

use std::collections::HashMap;

use super::wanted::Wanted;
use super::{Cx, Engine, Millis, Output, Received};
use crate::messaging::address::{Kind, User};
use crate::messaging::content::{self, Body, Outgoing, PeerDataResponse};
use crate::messaging::desk::Missing;
use crate::messaging::stanzas::acks::MessageAck;
use crate::messaging::stanzas::incoming::{IncomingMessage, is_bot};
use crate::messaging::stanzas::outgoing::{OutgoingMessage, Peer, Resend};
use crate::stanza::{Server, Text};
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
const MOST: usize = 256;
/// How long it is until the next attempt, if there is no session with the phone and none can be begun.
pub(super) const PAUSE: Millis = 60_000;
/// How often one request is sent, should the phone be unable to read it.
const MOST_TRIES: u32 = 5;

/// The messages that the phone is asked for, or will be.
#[derive(Default)]
pub(super) struct PhoneAsks {
    /// By the id of the request.
    open: HashMap<Text, Open>,
    /// When they were looked through last. What was due before waits for an answer of the server.
    looked: Millis,
}

/// One of them.
struct Open {
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
            let open = Open { wanted: Wanted::decode(&value)?, due: 0, sent: false, count: 0 };
            Ok((Text::new(String::from_utf8_lossy(&id)), open))
        };
        Ok(Self { open: rows.into_iter().map(open).collect::<Result<_, StoreError>>()?, looked: 0 })
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

    fn unsent(&self) -> impl Iterator<Item = (&Text, &Open)> {
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

    /// Lets go of those that are too old to be answered.
    fn tidy(&mut self, unix_ms: i64, written: &mut Batch) {
        self.open.retain(|id, open| {
            let holds = unix_ms.saturating_sub(open.wanted.since_ms) <= OLDEST_MS;
            if !holds {
                written.delete(Space::PhoneAsk, id.as_bytes());
            }
            holds
        });
    }
}

impl Engine {
    /// The phone is to be asked for a message some time from now. False if it is none that it would be asked for. The names of
    /// the sender are at hand.
    pub(super) fn want_from_phone(
        &mut self,
        message: &IncomingMessage<'_>,
        patience: Millis,
        cx: &mut Cx<'_>,
    ) -> bool {
        let origin = &message.origin;
        let Some(sender) = User::of(&origin.sender) else { return false };
        if message.is_peer()
            || message.id.len() > MAX_KEY
            || is_bot(&origin.sender)
            || !matches!(origin.chat.server.account(), Server::Pn | Server::Lid | Server::Group)
        {
            return false;
        }
        let author = self.desk.canonical_user(&sender);
        let wanted = Wanted {
            id: message.id.to_owned(),
            chat: origin.chat.clone(),
            sender: origin.sender.account(),
            sender_pn: self.phone_number(&origin.sender),
            from_me: origin.from_me,
            timestamp_ms: super::receive::timestamp_ms(message, cx),
            push_name: message.push_name.filter(|name| name.len() <= LONGEST_NAME).map(str::to_owned),
            author: author.jid(),
            since_ms: self.phone.next_ms(cx.unix_ms),
            taken: false,
        };
        if cx.unix_ms.saturating_sub(wanted.timestamp_ms) > OLDEST_MS {
            return false;
        }
        if self.phone.open.values().any(|open| open.wanted.is(&wanted.chat, &wanted.author, &wanted.id)) {
            return true;
        }
        if self.phone.open.len() >= MOST {
            self.phone.tidy(cx.unix_ms, &mut self.written);
            if self.phone.open.len() >= MOST {
                return false;
            }
        }
        let unix_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let request: Text = content::message_id(unix_s, &self.own.pn.account(), cx.rng).into();
        self.written.put(Space::PhoneAsk, request.as_bytes(), wanted.encode());
        let due = cx.now.saturating_add(patience);
        self.phone.open.insert(request, Open { wanted, due, sent: false, count: 0 });
        true
    }

    /// A message was read: the phone need not send it.
    pub(super) fn read_after_all(&mut self, message: &IncomingMessage<'_>, author: &User) {
        let author = author.jid();
        let is_it = |(_, open): &(&Text, &Open)| open.wanted.is(&message.origin.chat, &author, message.id);
        if let Some(request) = self.phone.open.iter().find(is_it).map(|(id, _)| id.clone()) {
            self.close_ask(&request);
        }
    }

    fn close_ask(&mut self, request: &str) -> Option<Wanted> {
        let open = self.phone.open.remove(request)?;
        self.written.delete(Space::PhoneAsk, request.as_bytes());
        Some(open.wanted)
    }

    /// Sends the requests that are due.
    pub(super) fn ask_phone(&mut self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if self.phone.open.is_empty() || !self.sends.is_online() {
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
            self.close_ask(ack.id);
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
            self.out.push(Output::Log("the phone does not have a message that it was asked for".to_owned()));
        }
    }

    /// The message as the phone has it. False if it is another one, or nothing.
    fn phone_sent(&mut self, bytes: &[u8], wanted: &Wanted) -> bool {
        let Some(stored) = content::stored(bytes).filter(|stored| stored.key.id == wanted.id) else {
            return false;
        };
        let message = bytes.get(stored.message.clone()).unwrap_or_default();
        let Ok(mut read) = content::read(message) else { return false };
        let is_nothing = match &read.body {
            Body::Nothing => true,
            Body::Protocol(protocol) => !super::deliver::is_for_hosts(protocol),
            _ => read.device_sent.is_some(),
        };
        let Some(author) = User::of(&wanted.author).filter(|_| !is_nothing) else { return false };
        // Keys are handed out by those whose they are.
        read.key_distribution = None;
        read.secret = read.secret.or(stored.secret);
        let received = Received {
            id: wanted.id.as_str().into(),
            chat: wanted.chat.clone(),
            sender: wanted.sender.clone(),
            sender_pn: wanted.sender_pn.clone(),
            from_me: wanted.from_me,
            timestamp_ms: wanted.timestamp_ms,
            push_name: wanted.push_name.clone().or(stored.push_name),
            offline: false,
            old_identity: false,
            content: read,
            bytes: message.to_vec(),
            opened: None,
            chosen: Vec::new(),
        };
        self.show(received, &author);
        true
    }
}
