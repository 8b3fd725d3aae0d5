//! Messages that go out again: a device could not read its copy, and asks for another.
//!
//! The request is acknowledged once it is answered, or will not be: until then the server has it, and brings it again on the next
//! connection, whatever becomes of this one.

use super::Outbound;
use super::direct::{outgoing, timed};
use crate::messaging::address::{Address, User};
use crate::messaging::content::{self, Outgoing};
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::core::queries::Query;
use crate::messaging::engine::{EngineContext, Millis, Output};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable, asker_key};
use crate::messaging::stanzas::AddressingMode;
use crate::messaging::stanzas::outgoing::Resend;
use crate::messaging::stanzas::retry::IncomingRetry;
use crate::stanza::{Jid, Node, NodeRef, Server, Text, build};
use zeroize::Zeroizing;

/// The highest count of a request. Baileys asks five times.
const MOST_REQUESTS: u32 = 5;
/// The number of times one device gets one message again, whatever it counts.
const MOST_ANSWERS: u32 = 10;
/// The longest time an answer may wait for keys.
const LONGEST_WAIT: Millis = 60_000;
/// The number of answers that may wait.
const MOST_WAITING: usize = 256;

/// An answer that is due.
pub(super) struct DueResend {
    id: Text,
    asker: Address,
    count: u32,
    timestamp: Option<u64>,
    until: Millis,
    /// The acknowledgement of the request, for when it is dealt with.
    ack: Option<Node>,
    /// It waits until keys may be asked for.
    pub(super) awaits_budget: bool,
}

impl DueResend {
    /// Returns whether no device asked for it: then the server does not bring it again.
    pub(super) fn is_ours(&self) -> bool {
        self.count == 0
    }
}

impl Outbound {
    /// Handles a request for a message again. The other name of its sender is in the cache. Returns whether the answer is due, and
    /// with it the acknowledgement.
    pub(in crate::messaging::engine) fn retry(
        &mut self,
        core: &mut EngineCore,
        node: NodeRef<'_>,
        retry: &IncomingRetry<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<bool, MissingRecords> {
        let Some(asker) = Address::of(&retry.receipt.origin.sender) else { return Ok(false) };
        let resolved = core.cache.canonical(&asker);
        let answered_key = asker_key(retry.message_id, &resolved);
        let mut wants = RecordRequirements::default();
        wants.record(&core.cache, RecordTable::Outbox, retry.message_id.as_bytes());
        wants.record(&core.cache, RecordTable::Answered, answered_key.as_slice());
        wants.keys(&core.cache, &asker);
        wants.keys(&core.cache, &asker.user.device(0));
        wants.record(&core.cache, RecordTable::Devices, asker.user.key());
        wants.met()?;
        // One that the server has not confirmed was sent all the same: in an earlier run, say, that ended before it heard so.
        let Some(sent) = core.cache.outbox.get(retry.message_id.as_bytes()) else {
            core.log("a message was asked for again that is not kept any more");
            return Ok(false);
        };
        let chat = sent.chat.clone();
        if !may_have(core, &asker, &chat)? {
            core.log("a device that has no part in a message asked for it");
            return Ok(false);
        }
        let mut answered = core.cache.answered.get(&answered_key).cloned().unwrap_or_default();
        if retry.count > MOST_REQUESTS || answered.count >= MOST_ANSWERS {
            return Ok(false);
        }
        if self.resends.len() >= MOST_WAITING {
            // It comes again.
            return Ok(true);
        }
        answered.count += 1;
        core.mend_session(&asker, retry, &mut answered, cx);
        core.cache.answered.put(&answered_key, answered);
        self.resends.push_back(DueResend {
            id: retry.message_id.into(),
            asker,
            count: retry.count,
            timestamp: retry.message_time,
            until: cx.now.saturating_add(LONGEST_WAIT),
            ack: build::ack(&node),
            awaits_budget: false,
        });
        Ok(true)
    }

    /// Sends a message to a device that it did not go to before.
    pub(super) fn send_copy(&mut self, id: &Text, device: Address) {
        let (id, until) = (id.clone(), Millis::MAX);
        self.resends.push_back(DueResend {
            id,
            asker: device,
            count: 0,
            timestamp: None,
            until,
            ack: None,
            awaits_budget: false,
        });
    }

    /// Sends the answers for which there are keys, once the session may send.
    pub(in crate::messaging::engine) fn answer_again(
        &mut self,
        core: &mut EngineCore,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        if !core.online {
            return Ok(());
        }
        for _ in 0..self.resends.len() {
            let Some(mut again) = self.resends.pop_front() else { break };
            let attempt = send_again(core, &again, cx);
            again.awaits_budget = matches!(attempt, Ok(ResendAttempt::AwaitsBudget));
            if again.awaits_budget {
                again.until = again.until.max(cx.now.saturating_add(LONGEST_WAIT));
            }
            match attempt {
                Ok(ResendAttempt::AwaitsKeys | ResendAttempt::AwaitsBudget) if again.until > cx.now => {
                    self.resends.push_back(again);
                }
                Ok(_) => core.out.extend(again.ack.take().map(Output::Send)),
                Err(missing) => {
                    self.resends.push_front(again);
                    return Err(missing);
                }
            }
        }
        core.send_asks(cx);
        Ok(())
    }
}

/// Returns whether there is a session with the asker, or their keys may be asked for. What is asked for at once goes into one query.
fn may_answer(
    core: &mut EngineCore,
    again: &DueResend,
    cx: &EngineContext<'_>,
) -> Result<bool, MissingRecords> {
    if again.is_ours() || core.has_session(&again.asker)? {
        return Ok(true);
    }
    let query = Query::Bundle(again.asker.clone());
    let queries = &mut core.queries;
    let is_known = queries.is_open(&query) || queries.has_failed(&query);
    Ok(is_known || queries.is_about_to_ask_for_keys() || queries.people_budget.take(cx.now))
}

/// Returns whether a message of that chat was meant for this device's user.
fn may_have(core: &mut EngineCore, asker: &Address, chat: &Jid) -> Result<bool, MissingRecords> {
    if core.own.is_account(&asker.user.jid()) {
        return Ok(true);
    }
    if chat.server == Server::Group {
        let key = chat.to_string();
        let mut wants = RecordRequirements::default();
        wants.record(&core.cache, RecordTable::Groups, key.as_bytes());
        wants.record(&core.cache, RecordTable::SenderKeyHolders, key.as_bytes());
        wants.record(&core.cache, RecordTable::OwnKeys, key.as_bytes());
        wants.met()?;
        let asker = core.cache.canonical_user(&asker.user);
        let members = core.cache.groups.get(key.as_bytes()).map(|group| group.members.as_slice());
        return Ok(members.unwrap_or_default().iter().any(|user| core.cache.canonical_user(user) == asker));
    }
    let Some(user) = User::of(chat) else { return Ok(false) };
    let mut wants = RecordRequirements::default();
    wants.name(&core.cache, &user);
    wants.met()?;
    Ok(core.cache.canonical_user(&user) == core.cache.canonical_user(&asker.user))
}

/// The outcome of an attempt to answer.
enum ResendAttempt {
    /// Nothing is left to be done for it.
    Done,
    /// The keys of the asker are asked for.
    AwaitsKeys,
    /// They may not be asked for yet.
    AwaitsBudget,
}

/// Sends one answer.
fn send_again(
    core: &mut EngineCore,
    again: &DueResend,
    cx: &mut EngineContext<'_>,
) -> Result<ResendAttempt, MissingRecords> {
    let mut wants = RecordRequirements::default();
    wants.record(&core.cache, RecordTable::Outbox, again.id.as_bytes());
    let user = core.cache.canonical_user(&again.asker.user);
    wants.record(&core.cache, RecordTable::Contacts, user.key());
    wants.met()?;
    let Some(sent) = core.cache.outbox.get(again.id.as_bytes()) else { return Ok(ResendAttempt::Done) };
    let (mut chat, timer) = (sent.chat.clone(), sent.timer);
    if let Some(partner) = User::of(&chat) {
        let mut wants = RecordRequirements::default();
        wants.name(&core.cache, &partner);
        wants.met()?;
        // As it went: in one message all are named in the same way.
        chat = core.user_as(&partner, again.asker.user.kind).jid();
    }
    let Some(sent) = core.cache.outbox.get(again.id.as_bytes()) else { return Ok(ResendAttempt::Done) };
    let Ok(bare) = Outgoing::of_any_size(&sent.message) else { return Ok(ResendAttempt::Done) };
    let content = timed(&bare, timer);
    if !may_answer(core, again, cx)? {
        return Ok(ResendAttempt::AwaitsBudget);
    }
    let Some(targets) = core.with_sessions(std::slice::from_ref(&again.asker), cx)? else {
        return Ok(ResendAttempt::AwaitsKeys);
    };
    let Some(target) = targets.first() else { return Ok(ResendAttempt::Done) };
    let in_group = chat.server == Server::Group;
    let own = core.own.is_account(&again.asker.user.jid());
    let mut plaintext = Zeroizing::new(content.message.clone());
    let mut by_lid = false;
    if in_group {
        let key = chat.to_string().into_bytes();
        by_lid = core.cache.groups.get(&key).is_some_and(|group| group.by_lid);
        if let Some(holders) = core.cache.holders.change(&key) {
            // Our own devices may ask under the name that the group does not use.
            let lost = |holder: &Address| {
                *holder == again.asker
                    || own && holder.device == again.asker.device && core.own.is_account(&holder.user.jid())
            };
            holders.devices.retain(|holder| !lost(holder));
        }
        if let Some(own_key) = core.cache.own_keys.get(&key) {
            *plaintext = content::append_key_distribution(&plaintext, &chat, &own_key.distribution());
        }
    } else if own {
        *plaintext = content::device_sent(&plaintext, &chat);
    }
    let Some(copy) = core.encrypt_for(&target.keys, &plaintext, cx) else { return Ok(ResendAttempt::Done) };
    let asker = again.asker.jid();
    let to = if in_group { &chat } else { &asker };
    let mut message = outgoing(&again.id, to, &content);
    message.enc = Some(copy.enc);
    message.resend = Some(Resend {
        count: again.count,
        timestamp: again.timestamp,
        participant: in_group.then_some(&asker),
        recipient: (own && !in_group).then_some(&chat),
        one_device: !in_group,
    });
    if in_group {
        message.addressing_mode = Some(if by_lid { AddressingMode::Lid } else { AddressingMode::Pn });
    } else if !own {
        message.privacy_token = core.privacy_token(&user, cx);
    }
    if message.needs_identity() {
        message.device_identity = Some(&cx.account.account_blob);
    }
    core.out.push(Output::Send(message.into_node()));
    Ok(ResendAttempt::Done)
}
