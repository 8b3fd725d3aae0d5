//! The requests to the own phone: which messages it is asked for, when, and what becomes of the requests.

use super::record::{Wanted, is_chat};
use super::{LONGEST_NAME, MOST, OLDEST_MS, OpenPlaceholder, PAUSE, Placeholders, TIDY_MS};
use crate::messaging::address::Address;
use crate::messaging::address::{Kind, User};
use crate::messaging::content::{self, Outgoing};
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::inbound::content::info;
use crate::messaging::engine::{EngineContext, MessagingEvent, Millis, Output, UnreadableReason};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable, Resolved, asker_key};
use crate::messaging::stanzas::acks::MessageAck;
use crate::messaging::stanzas::incoming::{IncomingMessage, is_bot};
use crate::messaging::stanzas::outgoing::{OutgoingMessage, Peer, Resend};
use crate::messaging::stanzas::retry::IncomingRetry;
use crate::stanza::Text;
use crate::store::{MAX_KEY, Space};

/// A message that cannot be read.
pub(in super::super) struct FailedMessage {
    pub(in super::super) reason: UnreadableReason,
    pub(in super::super) retries: u32,
    pub(in super::super) hidden: bool,
    /// Set if its sender was asked for another copy.
    pub(in super::super) asked: bool,
    /// The time the sender has before the phone is asked; none if the phone is not asked.
    pub(in super::super) patience: Option<Millis>,
}

impl Placeholders {
    /// Tells the host of a message that cannot be read. If it may still come, it is noted: the host will get the message, or be
    /// told that it does not come. The names of the sender are in the cache.
    pub(in super::super) fn emit_unreadable(
        &mut self,
        core: &mut EngineCore,
        message: &IncomingMessage<'_>,
        failed: &FailedMessage,
        cx: &mut EngineContext<'_>,
    ) {
        if message.is_peer() && message.origin.from_me {
            // It belongs to no chat, and is no message to the user. Nobody else can say so of theirs.
            return;
        }
        let wanted = self.wanted(core, message, failed, cx);
        let pending = self.want(core, &wanted, failed, cx);
        core.out.push(Output::Event(MessagingEvent::Unreadable(Box::new(wanted.unreadable(pending)))));
    }

    fn wanted(
        &self,
        core: &EngineCore,
        message: &IncomingMessage<'_>,
        failed: &FailedMessage,
        cx: &EngineContext<'_>,
    ) -> Wanted {
        let origin = &message.origin;
        Wanted {
            info: info(core, message, origin.chat.clone(), cx),
            push_name: message.push_name.filter(|name| name.len() <= LONGEST_NAME).map(str::to_owned),
            author: core.author_of(message),
            since_ms: self.next_ms(cx.unix_ms),
            // Those of whom the phone is not asked are noted as if it had been.
            taken: failed.patience.is_none() || !may_be_asked(message),
            reason: failed.reason,
            retries: failed.retries,
            hidden: failed.hidden,
        }
    }

    /// Notes that a message may still come. False if it does not.
    fn want(
        &mut self,
        core: &mut EngineCore,
        wanted: &Wanted,
        failed: &FailedMessage,
        cx: &mut EngineContext<'_>,
    ) -> bool {
        let is_old = cx.unix_ms.saturating_sub(wanted.info.timestamp_ms) > OLDEST_MS;
        let request = self.find(&wanted.info.chat, &wanted.author, &wanted.info.id).cloned();
        if (wanted.taken && !failed.asked) || is_old || wanted.info.id.len() > MAX_KEY {
            request.and_then(|request| self.close_ask(core, &request));
            return false;
        }
        if let Some(request) = request {
            if let Some(open) = self.open.get_mut(&request) {
                open.wanted.retries = wanted.retries;
            }
            return true;
        }
        if self.open.len() >= MOST {
            self.end_old(core, cx.unix_ms);
            if self.open.len() >= MOST && !self.make_room_for(core, wanted) {
                return false;
            }
        }
        let unix_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let request: Text = content::message_id(unix_s, &core.own.pn.account(), cx.rng).into();
        core.written.put(Space::PhoneAsk, request.as_bytes(), wanted.encode());
        let due = cx.now.saturating_add(failed.patience.unwrap_or_default());
        self.open.insert(request, OpenPlaceholder { wanted: wanted.clone(), due, sent: false, count: 0 });
        true
    }

    /// Gives up an earlier message for a new one, so that neither status posts nor one chat can keep all others from the phone. False if
    /// none is to be given up for that.
    fn make_room_for(&mut self, core: &mut EngineCore, wanted: &Wanted) -> bool {
        let Some(evicted) = self.evictable(wanted) else { return false };
        if let Some(ended) = self.close_ask(core, &evicted) {
            emit_end(core, &ended);
        }
        true
    }

    /// Tells the host of messages that were waited for long enough: they do not come.
    fn end_old(&mut self, core: &mut EngineCore, unix_ms: i64) {
        self.tidied_ms = unix_ms;
        for wanted in self.tidy(unix_ms, &mut core.written) {
            emit_end(core, &wanted);
        }
    }

    /// Returns whether the host was told that a readable copy of that message may still come.
    pub(in super::super) fn is_awaited(&self, message: &IncomingMessage<'_>, sender: &Resolved) -> bool {
        let author = sender.address().user.jid();
        self.find(&message.origin.chat, &author, message.id).is_some()
    }

    /// A message was read after all: the phone need not send it. If there was nothing in it that the host is told, the host is told
    /// that nothing comes.
    pub(in super::super) fn read_after_all(
        &mut self,
        core: &mut EngineCore,
        message: &IncomingMessage<'_>,
        author: &User,
        is_shown: bool,
    ) {
        let request = self.find(&message.origin.chat, &author.jid(), message.id).cloned();
        if let Some(wanted) = request.and_then(|request| self.close_ask(core, &request))
            && !is_shown
        {
            emit_end(core, &Wanted { hidden: true, ..wanted });
        }
    }

    pub(in super::super) fn close_ask(&mut self, core: &mut EngineCore, request: &str) -> Option<Wanted> {
        let open = self.open.remove(request)?;
        core.written.delete(Space::PhoneAsk, request.as_bytes());
        Some(open.wanted)
    }

    /// Handles the wish of a device of this account to get a request again, since it could not read it.
    pub(in crate::messaging::engine) fn retry(
        &mut self,
        core: &mut EngineCore,
        retry: &IncomingRetry<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let Some(asker) = Address::of(&retry.receipt.origin.sender) else { return Ok(()) };
        let answered_key = asker_key(retry.message_id, &core.cache.canonical(&asker));
        let mut wants = RecordRequirements::default();
        wants.record(&core.cache, RecordTable::Answered, answered_key.as_slice());
        wants.keys(&core.cache, &asker);
        wants.keys(&core.cache, &asker.user.device(0));
        wants.met()?;
        let mut answered = core.cache.answered.get(&answered_key).cloned().unwrap_or_default();
        core.mend_session(&asker, retry, &mut answered, cx);
        core.cache.answered.put(&answered_key, answered);
        self.ask_anew(retry.message_id, retry.count);
        Ok(())
    }

    /// Sends the requests that are due.
    pub(in crate::messaging::engine) fn ask_phone(
        &mut self,
        core: &mut EngineCore,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        if self.open.is_empty() {
            return Ok(());
        }
        if cx.unix_ms.saturating_sub(self.tidied_ms) > TIDY_MS {
            self.end_old(core, cx.unix_ms);
        }
        if !core.online {
            return Ok(());
        }
        let due = self.due(cx.now);
        if due.is_empty() {
            return Ok(());
        }
        self.looked = cx.now;
        let Some(own) = core.own_user(Kind::Lid) else { return Ok(()) };
        let Some(targets) = core.with_sessions(&[own.device(0)], cx)? else {
            core.send_asks(cx);
            return Ok(());
        };
        let to = core.own.pn.account();
        for id in due {
            let Some(open) = self.open.get_mut(&id) else { continue };
            let (key, count) = (open.wanted.key(), open.count);
            let Ok(content) = Outgoing::ask_again(std::slice::from_ref(&key)) else { continue };
            let sealed =
                targets.first().and_then(|target| core.encrypt_for(&target.keys, &content.message, cx));
            let Some(open) = self.open.get_mut(&id) else { continue };
            let Some(copy) = sealed else {
                open.due = cx.now.saturating_add(PAUSE);
                continue;
            };
            open.sent = true;
            let mut message = OutgoingMessage::new(&id, &to, content.shape.stanza_type);
            message.enc = Some(copy.enc);
            message.meta = vec![("appdata", "default".into())];
            message.peer = Some(Peer { push_priority: Some("high_force"), privacy_sensitive: false });
            if count > 0 {
                message.resend = Some(Resend { count, ..Resend::default() });
            }
            if message.needs_identity() {
                message.device_identity = Some(&cx.account.account_blob);
            }
            core.out.push(Output::Send(message.into_node()));
        }
        Ok(())
    }

    /// The server says what became of a request.
    pub(in crate::messaging::engine) fn acknowledged(&mut self, core: &mut EngineCore, ack: &MessageAck<'_>) {
        let Some(open) = self.open.get_mut(ack.id) else { return };
        if let Some(refusal) = ack.refusal {
            if let Some(wanted) = self.close_ask(core, ack.id) {
                emit_end(core, &wanted);
            }
            let code = refusal.0;
            core.log(format!("the server refused a request to the phone with code {code}"));
            return;
        }
        open.wanted.taken = true;
        let row = open.wanted.encode();
        core.written.put(Space::PhoneAsk, ack.id.as_bytes(), row);
    }
}

/// Tells the host that a message does not come any more.
pub(in super::super) fn emit_end(core: &mut EngineCore, wanted: &Wanted) {
    core.out.push(Output::Event(MessagingEvent::Unreadable(Box::new(wanted.unreadable(false)))));
}

/// Returns whether the phone is asked for such a message: not for those of bots, of lists and of the status feed.
fn may_be_asked(message: &IncomingMessage<'_>) -> bool {
    !is_bot(&message.origin.sender) && is_chat(&message.origin.chat)
}
