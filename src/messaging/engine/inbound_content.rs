//! What was in a message: told to the host, or taken in by the session itself.

use super::about::is_about;
use super::decrypt::PaddedPlaintext;
use super::inbound::{is_shared, timestamp_ms};
use super::queries::Query;
use super::{Engine, EngineContext, InboundMessage, Job, MessagingEvent, Output};
use crate::messaging::address::{Address, User};
use crate::messaging::content::{self, Body, Expiration, Protocol, Read};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, Resolved};
use crate::messaging::stanzas::acks::Nack;
use crate::messaging::stanzas::incoming::{EncKind, IncomingMessage};
use crate::messaging::stanzas::receipts::Arrival;
use crate::signal::{Accepted, SenderKeyDistribution, SenderKeyRecord, unpad};
use crate::stanza::Jid;

/// What the ciphertexts of one message have come to.
#[derive(Default)]
pub(super) struct Arrived {
    /// One of them was opened now and held more than a sender key.
    pub(super) opened: bool,
    /// One of them was opened before.
    pub(super) seen: bool,
    /// The host is told of it.
    pub(super) shown: bool,
    /// It told where the account's history is.
    pub(super) history: bool,
}

impl Arrived {
    /// Whether nothing of it is wanted any more.
    pub(super) fn any(&self) -> bool {
        self.opened || self.seen
    }

    /// The receipts that it gets. A notice of history gets one as a message of an own device, too.
    pub(super) fn answers(
        &self,
        message: &IncomingMessage<'_>,
        available: bool,
    ) -> impl Iterator<Item = Arrival> + use<> {
        let arrival = if self.history || message.is_peer() {
            Arrival::PeerMessage
        } else if message.origin.from_me {
            Arrival::Sender
        } else if available {
            Arrival::Delivered
        } else {
            Arrival::Inactive
        };
        [arrival].into_iter().chain(self.history.then_some(Arrival::HistorySync))
    }
}

impl Engine {
    /// Takes in what one ciphertext held.
    pub(super) fn deliver(
        &mut self,
        message: &IncomingMessage<'_>,
        sender: &Resolved,
        kind: EncKind,
        opened: PaddedPlaintext,
        arrived: &mut Arrived,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), Nack> {
        let bytes = unpad(&opened.padded).map_err(|_| Nack::InvalidProtobuf)?;
        let mut read = content::parse(bytes).map_err(|_| Nack::InvalidProtobuf)?;
        arrived.opened |= !matches!(read.body, Body::Nothing);
        // Only what came through a session with a device is said by that device.
        if kind.is_pairwise()
            && let Some(keys) = read.key_distribution.take()
        {
            self.sender_key_came(message, sender, keys);
        }
        if read.device_sent.is_some() && !(message.origin.from_me && kind.is_pairwise()) {
            self.out.push(Output::Log("a message claimed to be ours and is not; it was dropped".to_owned()));
            return Ok(());
        }
        if let Body::Protocol(protocol) = &read.body
            && !is_for_hosts(protocol)
        {
            if message.origin.from_me && kind.is_pairwise() {
                arrived.history = self.own_protocol(message, sender.address(), protocol, cx);
            } else {
                self.out.push(Output::Log(format!("a {} from somebody else was dropped", read.kind)));
            }
            return Ok(());
        }
        if matches!(read.body, Body::Nothing) {
            return Ok(());
        }
        if is_shared(&message.origin.chat) {
            // We are a member, whatever the server said before.
            self.asks.forgive(&Query::Group(message.origin.chat.clone()));
        }
        let received = self.received(message, read, bytes.to_vec(), opened.old_identity, cx);
        arrived.shown = true;
        self.show(received, &sender.address().user);
        Ok(())
    }

    /// The content of a message in a channel, which is not encrypted.
    pub(super) fn deliver_plain(
        &mut self,
        message: &IncomingMessage<'_>,
        bytes: Vec<u8>,
        cx: &EngineContext<'_>,
    ) {
        let Ok(read) = content::parse(&bytes) else { return };
        if matches!(read.body, Body::Nothing | Body::Protocol(_)) || read.device_sent.is_some() {
            return;
        }
        let mut received = self.received(message, read, bytes, false, cx);
        received.target = self.target(&received);
        self.out.push(Output::Event(MessagingEvent::Message(Box::new(received))));
    }

    /// Tells the host, unless it was told before.
    pub(super) fn show(&mut self, received: InboundMessage, author: &User) {
        if !self.known.insert(&received.chat, author, &received.id) {
            return;
        }
        if let Some(user) = User::of(&received.chat) {
            if let Some(timer) = timer_in(&received.content) {
                self.jobs.push_back(Job::Timer(user.clone(), timer));
            }
            if self.reach.may_be_new(&user) {
                self.jobs.push_back(Job::Met(user));
            }
        }
        self.keep_secret(author, &received.id, &received.chat, &received.content, received.timestamp_ms);
        if is_about(&received.content.body) {
            self.jobs.push_back(Job::About(Box::new(received)));
        } else {
            self.out.push(Output::Event(MessagingEvent::Message(Box::new(received))));
        }
    }

    pub(super) fn received(
        &self,
        message: &IncomingMessage<'_>,
        read: Read,
        bytes: Vec<u8>,
        old_identity: bool,
        cx: &EngineContext<'_>,
    ) -> InboundMessage {
        let origin = &message.origin;
        let quotes_me = self.quotes_me(&read);
        let chat = read.device_sent.as_ref().map_or_else(|| origin.chat.clone(), Jid::account);
        InboundMessage {
            id: message.id.into(),
            chat_pn: self.phone_number(&chat),
            chat,
            sender: origin.sender.account(),
            sender_pn: self.phone_number(&origin.sender),
            from_me: origin.from_me,
            timestamp_ms: timestamp_ms(message, cx),
            push_name: message.push_name.map(str::to_owned),
            offline: message.offline,
            old_identity,
            content: read,
            bytes,
            quotes_me,
            target: None,
            awaited: self.phone.awaits(&origin.chat, &self.author_of(message), message.id),
            vouched: Self::is_vouched(message),
            opened: None,
            chosen: Vec::new(),
        }
    }

    /// Whether a message answers one that this account sent.
    pub(super) fn quotes_me(&self, read: &Read) -> bool {
        let quoted = read.context.quoted.as_ref().and_then(|quoted| quoted.sender.as_ref());
        quoted.is_some_and(|sender| self.own.is_account(sender))
    }

    /// Somebody by phone number, if that is at hand.
    pub(super) fn phone_number(&self, who: &Jid) -> Option<Jid> {
        if who.is_pn() {
            return Some(who.account());
        }
        User::of(who).and_then(|user| self.cache.user_alias(&user)).map(|user| user.jid())
    }

    /// The same for one whose names may not be at hand.
    pub(crate) fn known_phone(&self, who: &Jid) -> Result<Option<Jid>, MissingRecords> {
        let mut wants = RecordRequirements::default();
        if let Some(user) = User::of(who) {
            wants.name(&self.cache, &user);
        }
        wants.met()?;
        Ok(self.phone_number(who))
    }

    /// A sender key that came along with a message of another chat.
    pub(super) fn take_sender_key(
        &mut self,
        group: &Jid,
        sender: &Address,
        message: &[u8],
    ) -> Result<(), MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, &sender.user);
        wants.met()?;
        let mut wants = RecordRequirements::default();
        wants.keys(&self.cache, sender);
        wants.sender_key(&self.cache, group, sender);
        wants.met()?;
        let sender = self.cache.merge_identity(sender);
        let key = self.cache.merge_sender_key(group, &sender);
        self.accept_sender_key(&key, message);
        Ok(())
    }

    fn accept_sender_key(&mut self, key: &[u8], message: &[u8]) {
        let Ok(distribution) = SenderKeyDistribution::parse(message) else {
            self.out.push(Output::Log("a sender key could not be read".to_owned()));
            return;
        };
        if self.cache.sender_keys.get(key).is_none() {
            self.cache.sender_keys.put(key, SenderKeyRecord::default());
        }
        if let Some(record) = self.cache.sender_keys.change(key)
            && record.accept(&distribution) == Accepted::Replaced
        {
            self.out
                .push(Output::Log("a sender key took the place of another of the same number".to_owned()));
        }
    }

    /// A device hands out its key for a group.
    fn sender_key_came(
        &mut self,
        message: &IncomingMessage<'_>,
        sender: &Resolved,
        keys: content::KeyDistribution,
    ) {
        let Some(group) = keys.group.filter(is_shared) else { return };
        if group == message.origin.chat {
            let key = self.cache.merge_sender_key(&group, sender);
            self.accept_sender_key(&key, &keys.message);
        } else {
            let (sender, message) = (sender.address().clone(), keys.message);
            self.jobs.push_back(Job::SenderKey { group, sender, message });
        }
    }
}

/// The timer of its chat that a message carries, or sets.
fn timer_in(read: &Read) -> Option<Expiration> {
    let (seconds, set_at) = match read.body {
        Body::Protocol(Protocol::DisappearingTimer { seconds, set_at }) => (seconds, set_at),
        _ => (read.context.expiration?, read.context.expiration_set_at),
    };
    Some(Expiration { seconds, set_at: set_at.filter(|at| *at > 0) })
}

/// Whether it is something between people, which their programs want to know; the rest is between devices of one account.
pub(super) fn is_for_hosts(protocol: &Protocol) -> bool {
    /// A contact shows the phone number behind a LID.
    const PHONE_NUMBER_SHARED: u32 = 11;
    /// Whether a chat's content may be taken out of it.
    const LIMIT_SHARING: u32 = 27;
    match protocol {
        Protocol::DisappearingTimer { .. } | Protocol::MemberLabel(_) => true,
        Protocol::Other { kind } => matches!(*kind, PHONE_NUMBER_SHARED | LIMIT_SHARING),
        _ => false,
    }
}
