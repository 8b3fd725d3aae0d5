//! Messages that come: which records one needs, which of its ciphertexts are tried, and the receipts that it gets.
//!
//! | file | subject |
//! |---|---|
//! | `prefetch` | the records that messages are going to need |
//! | `decrypt`, `sender_keys` | ciphertexts, and the keys of groups |
//! | `content` | the content of a message, and what is told of it |
//! | `addons`, `sealed` | messages about other messages: whose those are, who may say what of them, and what is sealed |
//! | `bots` | the answers of bots |
//! | `peer_messages` | messages of the own devices |
//! | `dedup` | the messages that were shown |
//! | `retry_request` | a request to the sender for another copy |
//! | `placeholders`, `phone_answer` | a request to the own phone for a copy, and its answer |

mod addons;
mod bots;
mod content;
mod decrypt;
mod dedup;
mod peer_messages;
mod phone_answer;
mod placeholders;
mod prefetch;
mod retry_request;
mod sealed;
mod sender_keys;

pub(crate) use self::addons::Target;
pub(super) use self::addons::{emit_addon, want_addon};
pub(super) use self::prefetch::foresee;
pub(super) use self::sender_keys::take_sender_key;

use self::addons::HeldDeletion;
use self::content::Arrived;
use self::decrypt::{DecryptFailure, open_prekey, open_sender_key, open_session};
pub(crate) use self::dedup::DedupWindow;
use self::placeholders::{FailedMessage, Placeholders};
use self::prefetch::want_prekeys;
use super::core::EngineCore;
use super::{EngineContext, Millis, Output, Rows, UnreadableReason};
use crate::messaging::address::Address;
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable};
use crate::messaging::stanzas::acks::{self, MessageAck, Nack};
use crate::messaging::stanzas::incoming::{EncKind, IncomingMessage, is_bot};
use crate::messaging::stanzas::retry::IncomingRetry;
use crate::signal::{Keys, RetryCode};
use crate::stanza::{Jid, NodeRef, Server};
use crate::store::{Batch, StoreError};

/// Messages that come: which were shown, which may still come, and which are held back.
pub(super) struct Inbound {
    dedup: DedupWindow,
    placeholders: Placeholders,
    /// Stanzas that wait until it is known who the admins of their group are.
    held: Vec<HeldDeletion>,
}

impl Inbound {
    /// Takes what the store has: messages that were shown, and those that the phone is asked for.
    pub(super) fn load(known: Rows, phone_asks: Rows) -> Result<Self, StoreError> {
        Ok(Self {
            dedup: DedupWindow::load(known)?,
            placeholders: Placeholders::load(phone_asks)?,
            held: Vec::new(),
        })
    }

    /// Handles a `<message>`.
    pub(super) fn message(
        &mut self,
        core: &mut EngineCore,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        self.open_message(core, node, cx, true)
    }

    /// Handles a message. One that needs an answer of the server first is held back, if it may be.
    fn open_message(
        &mut self,
        core: &mut EngineCore,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
        may_hold: bool,
    ) -> Result<(), MissingRecords> {
        let Ok(message) = IncomingMessage::read(node, &core.own) else {
            core.out.extend(acks::nack(&node, &core.own, Nack::Parsing).map(Output::Send));
            return Ok(());
        };
        if is_bot(&message.origin.sender)
            && let Some(enc) = message.encs().find(|enc| enc.kind == EncKind::MessageSecret)
        {
            return self.bot_answers(core, &message, &enc, cx);
        }
        let sender = Address::of(&message.origin.sender);
        if let Some(sender) = sender.as_ref().filter(|_| message.unavailable().is_some()) {
            core.learn_names(&message.origin, &sender.user)?;
        }
        let Some(sender) = sender.filter(|_| message.has_encs()) else {
            self.not_encrypted(core, &message, cx);
            return Ok(());
        };
        if may_hold && self.hold_back(core, &message, node, cx)? {
            return Ok(());
        }
        core.learn_names(&message.origin, &sender.user)?;
        let shared = is_shared(&message.origin.chat);
        let mut wants = RecordRequirements::default();
        wants.keys(&core.cache, &sender);
        let primary = core.cache.canonical(&sender.user.device(0));
        wants.record(&core.cache, RecordTable::Pins, primary.key());
        if shared {
            wants.sender_key(&core.cache, &message.origin.chat, &sender);
        }
        want_prekeys(core, &message, &sender, &mut wants, cx.device);
        wants.met()?;

        let sender = core.cache.merge_identity(&sender);
        let mut arrived = Arrived::default();
        let mut failure = None;
        for enc in message.encs() {
            let opened = match enc.kind {
                EncKind::SenderKey if !shared => Err(DecryptFailure::Refused(Nack::UnknownType)),
                EncKind::Prekey | EncKind::Session | EncKind::SenderKey if enc.version != 2 => {
                    Err(DecryptFailure::Refused(Nack::UnknownType))
                }
                EncKind::Prekey => open_prekey(core, &message, enc.bytes, &sender, cx),
                EncKind::Session => open_session(core, enc.bytes, &sender),
                EncKind::SenderKey => open_sender_key(core, &message.origin.chat, enc.bytes, &sender),
                EncKind::MessageSecret => Err(DecryptFailure::Refused(Nack::MissingMessageSecret)),
                EncKind::Unknown => Err(DecryptFailure::Refused(Nack::UnknownType)),
            };
            match opened {
                Ok(opened) => {
                    if let Err(nack) = self.deliver(core, &message, &sender, opened, &mut arrived, cx) {
                        failure.get_or_insert((enc, DecryptFailure::Refused(nack)));
                    }
                }
                // A key that was used for another message: this one was not seen.
                Err(DecryptFailure::Duplicate) if self.placeholders.is_awaited(&message, &sender) => {
                    let again =
                        DecryptFailure::Retry { code: RetryCode::InvalidMessageKey, keys: Keys::FromSecond };
                    failure.get_or_insert((enc, again));
                }
                Err(DecryptFailure::Duplicate) => arrived.seen = true,
                Err(other) => drop(failure.get_or_insert((enc, other))),
            }
        }
        let author = &sender.address().user;
        // A session's ciphertext beside one of the group holds the sender key: having it is not having the message.
        let is_lost = matches!(&failure, Some((enc, DecryptFailure::Retry { .. })) if enc.kind == EncKind::SenderKey)
            && !arrived.opened
            && !self.dedup.contains(&message.origin.chat, author, message.id);
        let is_done = arrived.any() && !is_lost;
        if is_done {
            self.placeholders.read_after_all(core, &message, author, arrived.shown || arrived.seen);
        }
        match failure.filter(|_| !is_done) {
            // At most a sender key has come, which may come again: this too may have to wait for records.
            Some((enc, DecryptFailure::Retry { code, keys })) => {
                self.ask_again(core, &message, &sender, &enc, (code, keys), cx)
            }
            Some((_, DecryptFailure::Refused(nack))) => {
                core.out.extend(acks::nack(&node, &core.own, nack).map(Output::Send));
                core.log(format!("a message was refused: {nack:?}"));
                Ok(())
            }
            Some((_, DecryptFailure::Duplicate)) | None => {
                for arrival in arrived.answers(&message, core.settings.available) {
                    core.out.push(Output::Send(message.receipt(arrival)));
                }
                Ok(())
            }
        }
    }

    /// Sends the requests to the own phone that are due.
    pub(super) fn ask_phone(
        &mut self,
        core: &mut EngineCore,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        self.placeholders.ask_phone(core, cx)
    }

    /// Handles the server's `<ack>` for a request to the own phone.
    pub(super) fn phone_ask_acknowledged(&mut self, core: &mut EngineCore, ack: &MessageAck<'_>) {
        self.placeholders.acknowledged(core, ack);
    }

    /// Returns whether a device of this account asks for a request to the phone again.
    pub(super) fn is_phone_request(&self, core: &EngineCore, retry: &IncomingRetry<'_>) -> bool {
        self.placeholders.has(retry.message_id) && core.own.is_account(&retry.receipt.origin.sender)
    }

    /// Handles the phone's wish to get a request again, since it could not read it.
    pub(super) fn phone_retry(
        &mut self,
        core: &mut EngineCore,
        retry: &IncomingRetry<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        self.placeholders.retry(core, retry, cx)
    }

    /// Forgets what the connection that is gone would have answered.
    pub(super) fn offline(&mut self) {
        self.placeholders.forget_sent();
        self.held.clear();
    }

    /// Returns whether something waits until a query may be sent.
    pub(super) fn awaits_budget(&self) -> bool {
        self.held.iter().any(|held| !held.is_asked)
    }

    /// Returns when a request to the phone is due.
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.placeholders.deadline()
    }

    /// Returns whether something is under way that must not be forgotten.
    pub(super) fn is_busy(&self) -> bool {
        !self.held.is_empty() || self.placeholders.is_waiting()
    }

    /// Returns whether something has changed that is not in a batch yet.
    pub(super) fn has_changes(&self) -> bool {
        self.dedup.has_changes()
    }

    /// Adds everything that has changed to a batch.
    pub(super) fn flush(&mut self, batch: &mut Batch) {
        self.dedup.flush(batch);
    }

    /// Handles a message in which nothing is encrypted for us: news of a channel, or a message that this device is not given.
    fn not_encrypted(
        &mut self,
        core: &mut EngineCore,
        message: &IncomingMessage<'_>,
        cx: &mut EngineContext<'_>,
    ) {
        if let Some(plaintext) = message.plaintext {
            self.deliver_plain(core, message, plaintext.to_vec(), cx);
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
            self.placeholders.emit_unreadable(core, message, &failed, cx);
        }
        core.out.extend(acks::ack(&message.node(), &core.own).map(Output::Send));
    }
}

/// Returns whether a chat has more than two sides, so that sender keys are used in it.
fn is_shared(chat: &Jid) -> bool {
    matches!(chat.server, Server::Group | Server::Broadcast)
}

/// Returns the server's time for a message; ours if it gave none.
fn timestamp_ms(message: &IncomingMessage<'_>, cx: &EngineContext<'_>) -> i64 {
    let seconds = message.timestamp.and_then(|seconds| i64::try_from(seconds).ok());
    seconds.map_or(cx.unix_ms, |seconds| seconds.saturating_mul(1000))
}
