//! The server's word on a message that went out: it is taken, it is refused, or it may go once more.

use super::Outbound;
use super::group::key_arrived;
use super::missed::want_lists;
use super::outbox::{MOST_TRIES, PAUSE, Transmission};
use crate::messaging::address::{Kind, User};
use crate::messaging::engine::core::{EngineCore, FollowUp};
use crate::messaging::engine::{AcceptedMessage, EngineContext, SendFailure};
use crate::messaging::record_cache::{ContactRecord, MissingRecords, RecordRequirements, RecordTable};
use crate::messaging::stanzas::acks::{MessageAck, Refusal, RefusalKind};
use crate::stanza::Server;

/// Returns whether the server knows other devices of a group than those that a message was meant for.
fn names_others(out: &Transmission, ack: &MessageAck<'_>) -> bool {
    out.phash.is_some() && ack.phash.is_some_and(|theirs| Some(theirs) != out.phash.as_deref())
}

impl Outbound {
    /// Handles the server's `<ack>`. Returns whether it is for a message on its way.
    pub(in crate::messaging::engine) fn ack(
        &mut self,
        core: &mut EngineCore,
        ack: &MessageAck<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<bool, MissingRecords> {
        let Some(number) = self.sends.by_id.get(ack.id).copied() else { return Ok(false) };
        let mut wants = RecordRequirements::default();
        wants.record(&core.cache, RecordTable::Outbox, ack.id.as_bytes());
        let Some(sending) = self.sends.all.get(&number) else { return Ok(true) };
        if sending.chat.server == Server::Group {
            wants.record(&core.cache, RecordTable::SenderKeyHolders, sending.chat.to_string());
            let is_stale = ack.refusal.is_some_and(|refusal| refusal.kind() == RefusalKind::StaleAddressing);
            if is_stale || sending.out.as_ref().is_some_and(|out| names_others(out, ack)) {
                core.want_membership(&sending.chat, &mut wants);
            }
        }
        if let Some(person) = sending.out.as_ref().and_then(|out| out.person.as_ref()) {
            wants.name(&core.cache, person);
            wants.record(&core.cache, RecordTable::Contacts, person.key());
        }
        if let Some(fanout) = sending.out.as_ref().and_then(|out| out.fanout.as_ref()) {
            want_lists(core, fanout, &mut wants);
        }
        wants.met()?;
        match ack.refusal {
            None => self.taken(core, number, ack, cx),
            Some(refusal) => self.refused(core, number, refusal.0, refusal.kind(), cx),
        }
        Ok(true)
    }

    fn taken(
        &mut self,
        core: &mut EngineCore,
        number: u64,
        ack: &MessageAck<'_>,
        cx: &mut EngineContext<'_>,
    ) {
        let Some(sending) = self.sends.remove(number) else { return };
        self.unsettled.end(&sending, None);
        let seconds = ack.timestamp.and_then(|seconds| i64::try_from(seconds).ok());
        let timestamp_ms = seconds.map_or(cx.unix_ms, |seconds| seconds.saturating_mul(1000));
        if let Some(sent) = core.cache.outbox.change(sending.id.as_bytes()) {
            sent.taken_ms = timestamp_ms.max(1);
        }
        self.retention.sent(sending.id.clone(), cx.unix_ms, &mut core.cache);
        if let Some(out) = sending.out {
            let is_stale = names_others(&out, ack);
            // A server that had taken the message before goes no further with this copy of it, and not with our key either.
            let is_first = !sending.resumed && sending.tries == 1;
            if let Some((key_id, devices)) = out.key_for.filter(|_| is_first) {
                key_arrived(core, &sending.chat, key_id, devices);
            }
            if is_stale {
                core.membership_is_stale(&sending.chat);
            }
            if let Some(person) = out.person {
                if let Some(fanout) = out.fanout.as_ref().filter(|_| sending.first_refusal.is_some()) {
                    taken_as(core, &person, fanout.user.kind);
                }
                self.gate.pacer.arrived(&person);
                core.follow_ups.push_back(FollowUp::Met(person.clone()));
                core.issue_token(&person, cx);
            }
            if let (Some(fanout), Some(hash)) = (out.fanout, ack.phash) {
                self.compare_devices(core, &sending.id, *fanout, hash);
            }
        }
        let taken = AcceptedMessage { id: sending.id, chat: sending.chat, timestamp_ms };
        for request in sending.requests {
            core.answer(request, Ok(taken.clone()));
        }
    }

    fn refused(
        &mut self,
        core: &mut EngineCore,
        number: u64,
        code: u32,
        kind: RefusalKind,
        cx: &mut EngineContext<'_>,
    ) {
        let Some(sending) = self.sends.all.get(&number) else { return };
        let (chat, tries) = (sending.chat.clone(), sending.tries);
        // A server that wants the first name refuses the other as a first contact: what counts is why it refused the first.
        let counts = sending.first_refusal.filter(|_| kind == RefusalKind::ReachOutTimeLock).unwrap_or(code);
        let (code, kind) = (counts, Refusal(counts).kind());
        match kind {
            RefusalKind::StaleAddressing if tries < MOST_TRIES => {
                core.membership_is_stale(&chat);
                self.sends.wait_again(number, 0);
            }
            RefusalKind::Temporary if tries < MOST_TRIES => {
                self.sends.wait_again(number, cx.now.saturating_add(PAUSE << tries.min(8)));
            }
            RefusalKind::ReachOutTimeLock | RefusalKind::Malformed | RefusalKind::NoRecipient
                if self.has_other_name(core, number) =>
            {
                self.sends.try_other_name(number, code);
            }
            RefusalKind::ReachOutTimeLock => self.reach_refused(core, number, cx),
            RefusalKind::NoRecipient => {
                if let Some(user) = User::of(&chat) {
                    core.devices_are_stale(&user);
                }
                self.give_up(core, number, &SendFailure::Refused(code));
            }
            _ => self.give_up(core, number, &SendFailure::Refused(code)),
        }
    }

    /// Returns whether a message that the server refused may go to another name of the person. That name is in the cache.
    fn has_other_name(&self, core: &EngineCore, number: u64) -> bool {
        let Some(sending) = self.sends.all.get(&number).filter(|sending| sending.first_refusal.is_none())
        else {
            return false;
        };
        let fanout = sending.out.as_ref().and_then(|out| out.fanout.as_ref());
        fanout.is_some_and(|fanout| {
            !core.own.is_account(&fanout.user.jid()) && core.cache.user_alias(&fanout.user).is_some()
        })
    }
}

/// Notes that the server took a message to a person under that kind of name, and not under the other.
fn taken_as(core: &mut EngineCore, person: &User, kind: Kind) {
    let contact = core.cache.contacts.get(&person.key()).cloned().unwrap_or_default();
    core.cache.contacts.put(&person.key(), ContactRecord { taken_as: Some(kind), ..contact });
}
