//! A message that comes: which records it takes, which of its ciphertexts are tried, and what is answered.

use super::decrypt::DecryptFailure;
use super::inbound_content::Arrived;
use super::placeholder_resend::FailedMessage;
use super::{Engine, EngineContext, Output, UnreadableReason};
use crate::messaging::address::{Address, User};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable};
use crate::messaging::stanzas::acks::{self, Nack};
use crate::messaging::stanzas::addressing::{Origin, Pair};
use crate::messaging::stanzas::incoming::{EncKind, IncomingMessage, is_bot};
use crate::signal::{Keys, RetryCode};
use crate::stanza::{Jid, NodeRef, Server};

impl Engine {
    /// A `<message>` has come.
    pub(crate) fn message(
        &mut self,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        self.open_message(node, cx, true)
    }

    /// The same. What needs an answer of the server first is held back, if it may be.
    pub(super) fn open_message(
        &mut self,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
        may_hold: bool,
    ) -> Result<(), MissingRecords> {
        let Ok(message) = IncomingMessage::read(node, &self.own) else {
            self.out.extend(acks::nack(&node, &self.own, Nack::Parsing).map(Output::Send));
            return Ok(());
        };
        if is_bot(&message.origin.sender)
            && let Some(enc) = message.encs().find(|enc| enc.kind == EncKind::MessageSecret)
        {
            return self.bot_answers(&message, &enc, cx);
        }
        let sender = Address::of(&message.origin.sender);
        if let Some(sender) = sender.as_ref().filter(|_| message.unavailable().is_some()) {
            self.learn_names(&message.origin, &sender.user)?;
        }
        let Some(sender) = sender.filter(|_| message.has_encs()) else {
            self.not_encrypted(&message, cx);
            return Ok(());
        };
        if may_hold && self.hold_back(&message, node, cx)? {
            return Ok(());
        }
        self.learn_names(&message.origin, &sender.user)?;
        let shared = is_shared(&message.origin.chat);
        let mut wants = RecordRequirements::default();
        wants.keys(&self.cache, &sender);
        let primary = self.cache.canonical(&sender.user.device(0));
        wants.record(&self.cache, RecordTable::Pins, primary.key());
        if shared {
            wants.sender_key(&self.cache, &message.origin.chat, &sender);
        }
        self.want_prekeys(&message, &sender, &mut wants, cx.device);
        wants.met()?;

        let sender = self.cache.merge_identity(&sender);
        let mut arrived = Arrived::default();
        let mut failure = None;
        for enc in message.encs() {
            let opened = match enc.kind {
                EncKind::SenderKey if !shared => Err(DecryptFailure::Refused(Nack::UnknownType)),
                EncKind::Prekey | EncKind::Session | EncKind::SenderKey if enc.version != 2 => {
                    Err(DecryptFailure::Refused(Nack::UnknownType))
                }
                EncKind::Prekey => self.open_prekey(&message, enc.bytes, &sender, cx),
                EncKind::Session => self.open_session(enc.bytes, &sender),
                EncKind::SenderKey => self.open_sender_key(&message.origin.chat, enc.bytes, &sender),
                EncKind::MessageSecret => Err(DecryptFailure::Refused(Nack::MissingMessageSecret)),
                EncKind::Unknown => Err(DecryptFailure::Refused(Nack::UnknownType)),
            };
            match opened {
                Ok(opened) => {
                    if let Err(nack) = self.deliver(&message, &sender, enc.kind, opened, &mut arrived, cx) {
                        failure.get_or_insert((enc, DecryptFailure::Refused(nack)));
                    }
                }
                // A key that was used for another message: this one was not seen.
                Err(DecryptFailure::Duplicate) if self.is_awaited(&message, &sender) => {
                    let again =
                        DecryptFailure::Retry { code: RetryCode::InvalidMessageKey, keys: Keys::FromSecond };
                    failure.get_or_insert((enc, again));
                }
                Err(DecryptFailure::Duplicate) => arrived.seen = true,
                Err(other) => drop(failure.get_or_insert((enc, other))),
            }
        }
        let author = &sender.address().user;
        // What a session's ciphertext holds beside one of the group is the sender key: having it is not having the message.
        let is_lost = matches!(&failure, Some((enc, DecryptFailure::Retry { .. })) if enc.kind == EncKind::SenderKey)
            && !arrived.opened
            && !self.known.contains(&message.origin.chat, author, message.id);
        let is_done = arrived.any() && !is_lost;
        if is_done {
            self.read_after_all(&message, author, arrived.shown || arrived.seen);
        }
        match failure.filter(|_| !is_done) {
            // At most a sender key has come, which may come again: this too may have to wait for records.
            Some((enc, DecryptFailure::Retry { code, keys })) => {
                self.ask_again(&message, &sender, &enc, (code, keys), cx)
            }
            Some((_, DecryptFailure::Refused(nack))) => {
                self.out.extend(acks::nack(&node, &self.own, nack).map(Output::Send));
                self.out.push(Output::Log(format!("a message was refused: {nack:?}")));
                Ok(())
            }
            Some((_, DecryptFailure::Duplicate)) | None => {
                for arrival in arrived.answers(&message, self.settings.available) {
                    self.out.push(Output::Send(message.receipt(arrival)));
                }
                Ok(())
            }
        }
    }

    /// Takes in which names belong together. Afterwards the other name of this user, if there is one, is at hand.
    pub(super) fn learn_names(&mut self, origin: &Origin, user: &User) -> Result<(), MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, user);
        if let Some(partner) = User::of(&origin.chat) {
            wants.name(&self.cache, &partner);
        }
        let pairs: Vec<_> = origin.pairs().filter_map(users).collect();
        for (pn, lid) in &pairs {
            wants.name(&self.cache, pn);
            wants.name(&self.cache, lid);
        }
        wants.met()?;
        for (pn, lid) in &pairs {
            self.cache.learn(pn, lid);
        }
        Ok(())
    }

    /// Notes that two names are one user's.
    pub(super) fn learn(&mut self, pn: &User, lid: &User) -> Result<(), MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, pn);
        wants.name(&self.cache, lid);
        wants.met()?;
        self.cache.learn(pn, lid);
        Ok(())
    }

    /// Nothing in it is encrypted for us: news of a channel, or a message that this device is not given.
    fn not_encrypted(&mut self, message: &IncomingMessage<'_>, cx: &mut EngineContext<'_>) {
        if let Some(plaintext) = message.plaintext {
            self.deliver_plain(message, plaintext.to_vec(), cx);
        } else if let Some(unavailable) = message.unavailable() {
            let reason = if unavailable.view_once {
                UnreadableReason::ViewOnce
            } else {
                UnreadableReason::Unavailable
            };
            let may_be_shown = !unavailable.view_once && !unavailable.hosted && !unavailable.from_bot;
            let failed = FailedMessage {
                reason,
                retries: 0,
                hidden: false,
                asked: false,
                patience: may_be_shown.then_some(0),
            };
            self.emit_unreadable(message, &failed, cx);
        }
        self.out.extend(acks::ack(&message.node(), &self.own).map(Output::Send));
    }
}

/// Whether a chat has more than two sides, so that sender keys are used in it.
pub(super) fn is_shared(chat: &Jid) -> bool {
    matches!(chat.server, Server::Group | Server::Broadcast)
}

/// Both names of a pair, if they name people.
pub(super) fn users(pair: &Pair) -> Option<(User, User)> {
    Some((User::of(&pair.pn)?, User::of(&pair.lid)?))
}

/// The server's time for a message; ours if it gave none.
pub(super) fn timestamp_ms(message: &IncomingMessage<'_>, cx: &EngineContext<'_>) -> i64 {
    let seconds = message.timestamp.and_then(|seconds| i64::try_from(seconds).ok());
    seconds.map_or(cx.unix_ms, |seconds| seconds.saturating_mul(1000))
}
