//! The content of a message: told to the host, or taken in by the session itself.

use super::addons::target;
use super::decrypt::PaddedPlaintext;
use super::sender_keys::sender_key_came;
use super::{Inbound, is_shared, timestamp_ms};
use crate::messaging::address::User;
use crate::messaging::content::{self, Body, Expiration, Protocol, Read};
use crate::messaging::engine::core::queries::Query;
use crate::messaging::engine::core::{EngineCore, FollowUp};
use crate::messaging::engine::{EngineContext, InboundMessage, MessageInfo, MessagingEvent, Output};
use crate::messaging::record_cache::Resolved;
use crate::messaging::stanzas::acks::Nack;
use crate::messaging::stanzas::incoming::IncomingMessage;
use crate::messaging::stanzas::receipts::Arrival;
use crate::signal::unpad;
use crate::stanza::Jid;

/// The result of the ciphertexts of one message.
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
    /// Returns whether nothing of it is wanted any more.
    pub(super) fn any(&self) -> bool {
        self.opened || self.seen
    }

    /// Returns the receipts that it gets. A notice of history gets one as a message of an own device, too.
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

impl Inbound {
    /// Handles the plaintext of one ciphertext.
    pub(super) fn deliver(
        &mut self,
        core: &mut EngineCore,
        message: &IncomingMessage<'_>,
        sender: &Resolved,
        opened: PaddedPlaintext,
        arrived: &mut Arrived,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), Nack> {
        let bytes = unpad(&opened.padded).map_err(|_| Nack::InvalidProtobuf)?;
        let mut read = content::parse(bytes).map_err(|_| Nack::InvalidProtobuf)?;
        arrived.opened |= !matches!(read.body, Body::Nothing);
        // Only what came through a session with a device is said by that device.
        if opened.is_pairwise
            && let Some(keys) = read.key_distribution.take()
        {
            sender_key_came(core, message, sender, keys);
        }
        if read.device_sent.is_some() && !(message.origin.from_me && opened.is_pairwise) {
            core.log("a message claimed to be ours and is not; it was dropped");
            return Ok(());
        }
        if let Body::Protocol(protocol) = &read.body
            && !is_for_hosts(protocol)
        {
            if message.origin.from_me && opened.is_pairwise {
                arrived.history = self.own_protocol(core, message, sender.address(), protocol, cx);
            } else {
                core.log(format!("a {} from another account was dropped", read.kind));
            }
            return Ok(());
        }
        if matches!(read.body, Body::Nothing) {
            return Ok(());
        }
        if is_shared(&message.origin.chat) {
            // We are a member, whatever the server said before.
            core.queries.forgive(&Query::Group(message.origin.chat.clone()));
        }
        let received = self.received(core, message, read, bytes.to_vec(), opened.old_identity, cx);
        arrived.shown = true;
        self.show(core, received, &sender.address().user);
        Ok(())
    }

    /// Handles the content of a message in a channel, which is not encrypted.
    pub(super) fn deliver_plain(
        &mut self,
        core: &mut EngineCore,
        message: &IncomingMessage<'_>,
        bytes: Vec<u8>,
        cx: &EngineContext<'_>,
    ) {
        let Ok(read) = content::parse(&bytes) else { return };
        if matches!(read.body, Body::Nothing | Body::Protocol(_)) || read.device_sent.is_some() {
            return;
        }
        let mut received = self.received(core, message, read, bytes, false, cx);
        received.target = target(core, &received);
        core.out.push(Output::Event(MessagingEvent::Message(Box::new(received))));
    }

    /// Tells the host, unless it was told before.
    pub(super) fn show(&mut self, core: &mut EngineCore, received: InboundMessage, author: &User) {
        if !self.dedup.insert(&received.info.chat, author, &received.info.id) {
            return;
        }
        if let Some(user) = User::of(&received.info.chat) {
            if let Some(timer) = timer_in(&received.content) {
                core.follow_ups.push_back(FollowUp::Timer(user.clone(), timer));
            }
            if core.may_be_new(&user) {
                core.follow_ups.push_back(FollowUp::Met(user));
            }
        }
        core.keep_secret(
            author,
            &received.info.id,
            &received.info.chat,
            &received.content,
            received.info.timestamp_ms,
        );
        if received.content.body.target().is_some() {
            core.follow_ups.push_back(FollowUp::Addon(Box::new(received)));
        } else {
            core.out.push(Output::Event(MessagingEvent::Message(Box::new(received))));
        }
    }

    /// Returns the message with this content as the host is told of it.
    pub(super) fn received(
        &self,
        core: &EngineCore,
        message: &IncomingMessage<'_>,
        read: Read,
        bytes: Vec<u8>,
        old_identity: bool,
        cx: &EngineContext<'_>,
    ) -> InboundMessage {
        let origin = &message.origin;
        let quotes_me = quotes_me(core, &read);
        let chat = read.device_sent.as_ref().map_or_else(|| origin.chat.clone(), Jid::account);
        InboundMessage {
            info: info(core, message, chat, cx),
            push_name: message.push_name.map(str::to_owned),
            offline: message.offline,
            old_identity,
            content: read,
            bytes,
            quotes_me,
            target: None,
            awaited: self.placeholders.awaits(&origin.chat, &core.author_of(message), message.id),
            vouched: false,
            opened: None,
            chosen: Vec::new(),
        }
    }
}

/// Returns whether a message answers one that this account sent.
pub(super) fn quotes_me(core: &EngineCore, read: &Read) -> bool {
    let quoted = read.context.quoted.as_ref().and_then(|quoted| quoted.sender.as_ref());
    quoted.is_some_and(|sender| core.own.is_account(sender))
}

/// Returns the timer of its chat that a message carries, or sets.
fn timer_in(read: &Read) -> Option<Expiration> {
    let (seconds, set_at) = match read.body {
        Body::Protocol(Protocol::DisappearingTimer { seconds, set_at }) => (seconds, set_at),
        _ => (read.context.expiration?, read.context.expiration_set_at),
    };
    Some(Expiration { seconds, set_at: set_at.filter(|at| *at > 0) })
}

/// Returns whether it is something between people, which their programs want to know; the rest is between devices of one account.
pub(super) fn is_for_hosts(protocol: &Protocol) -> bool {
    /// A contact shows the phone number behind a LID.
    const PHONE_NUMBER_SHARED: u32 = 11;
    /// Limits the sharing of a chat's content.
    const LIMIT_SHARING: u32 = 27;
    match protocol {
        Protocol::DisappearingTimer { .. } | Protocol::MemberLabel(_) => true,
        Protocol::Other { kind } => matches!(*kind, PHONE_NUMBER_SHARED | LIMIT_SHARING),
        _ => false,
    }
}

/// Returns whose a message is, and to which chat it belongs. The names of its sender are in the cache.
pub(super) fn info(
    core: &EngineCore,
    message: &IncomingMessage<'_>,
    chat: Jid,
    cx: &EngineContext<'_>,
) -> MessageInfo {
    let sender = &message.origin.sender;
    MessageInfo {
        id: message.id.into(),
        chat_pn: core.phone_number(&chat),
        chat,
        sender: sender.account(),
        sender_pn: core.phone_number(sender),
        from_me: message.origin.from_me,
        timestamp_ms: timestamp_ms(message, cx),
    }
}
