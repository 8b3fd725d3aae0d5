//! A device could not read its copy of a message of ours, and asks for another.
//!
//! The request is acknowledged once it is answered, or will not be: until then the server has it, and brings it again on the next
//! connection, whatever becomes of this one.

use super::send_direct::{outgoing, timed};
use super::{Engine, EngineContext, Millis, Output};
use crate::messaging::address::{Address, User};
use crate::messaging::content::{self, Outgoing};
use crate::messaging::record_cache::{Answered, MissingRecords, RecordRequirements, RecordTable, asker_key};
use crate::messaging::stanzas::AddressingMode;
use crate::messaging::stanzas::outgoing::Resend;
use crate::messaging::stanzas::retry::IncomingRetry;
use crate::stanza::{Jid, Node, NodeRef, Server, Text, build};
use zeroize::Zeroizing;

/// How high the count of a request may be. Baileys asks five times.
const MOST_REQUESTS: u32 = 5;
/// How often one device gets one message again, whatever it counts.
const MOST_ANSWERS: u32 = 10;
/// How long an answer may wait for keys.
const LONGEST_WAIT: Millis = 60_000;
/// How many answers may wait.
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
}

impl DueResend {
    /// Whether no device asked for it: then the server does not bring it again.
    pub(super) fn is_ours(&self) -> bool {
        self.count == 0
    }
}

impl Engine {
    /// A request for a message again. The other name of its sender is at hand. True if the answer is due, and with it the
    /// acknowledgement.
    pub(super) fn asked_again(
        &mut self,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<bool, MissingRecords> {
        let Ok(retry) = IncomingRetry::read(node, &self.own) else { return Ok(false) };
        let Some(asker) = Address::of(&retry.receipt.origin.sender) else { return Ok(false) };
        let resolved = self.cache.canonical(&asker);
        let answered_key = asker_key(retry.message_id, &resolved);
        let mut wants = RecordRequirements::default();
        wants.record(&self.cache, RecordTable::Outbox, retry.message_id.as_bytes());
        wants.record(&self.cache, RecordTable::Answered, answered_key.as_slice());
        wants.keys(&self.cache, &asker);
        wants.keys(&self.cache, &asker.user.device(0));
        wants.record(&self.cache, RecordTable::Devices, asker.user.key());
        wants.met()?;
        if self.phone.has(retry.message_id) && self.own.is_account(&asker.user.jid()) {
            let mut answered = self.cache.answered.get(&answered_key).cloned().unwrap_or_default();
            self.mend_session(&asker, &retry, &mut answered, cx);
            self.cache.answered.put(&answered_key, answered);
            self.phone.ask_anew(retry.message_id, retry.count);
            return Ok(false);
        }
        // One that the server has not confirmed was sent all the same: in an earlier run, say, that ended before it heard so.
        let Some(sent) = self.cache.outbox.get(retry.message_id.as_bytes()) else {
            self.out.push(Output::Log("a message was asked for again that is not kept any more".to_owned()));
            return Ok(false);
        };
        let chat = sent.chat.clone();
        if !self.may_have(&asker, &chat)? {
            self.out.push(Output::Log("somebody asked for a message who has no part in it".to_owned()));
            return Ok(false);
        }
        let mut answered = self.cache.answered.get(&answered_key).cloned().unwrap_or_default();
        if retry.count > MOST_REQUESTS || answered.count >= MOST_ANSWERS {
            return Ok(false);
        }
        if self.again.len() >= MOST_WAITING {
            // It comes again.
            return Ok(true);
        }
        answered.count += 1;
        self.mend_session(&asker, &retry, &mut answered, cx);
        self.cache.answered.put(&answered_key, answered);
        self.again.push_back(DueResend {
            id: retry.message_id.into(),
            asker,
            count: retry.count,
            timestamp: retry.message_time,
            until: cx.now.saturating_add(LONGEST_WAIT),
            ack: build::ack(&node),
        });
        Ok(true)
    }

    /// Whether a message of that chat was meant for this device's user.
    fn may_have(&mut self, asker: &Address, chat: &Jid) -> Result<bool, MissingRecords> {
        if self.own.is_account(&asker.user.jid()) {
            return Ok(true);
        }
        if chat.server == Server::Group {
            let key = chat.to_string();
            let mut wants = RecordRequirements::default();
            wants.record(&self.cache, RecordTable::Groups, key.as_bytes());
            wants.record(&self.cache, RecordTable::SenderKeyHolders, key.as_bytes());
            wants.record(&self.cache, RecordTable::OwnKeys, key.as_bytes());
            wants.met()?;
            let asker = self.cache.canonical_user(&asker.user);
            let members = self.cache.groups.get(key.as_bytes()).map(|group| group.members.as_slice());
            return Ok(members
                .unwrap_or_default()
                .iter()
                .any(|user| self.cache.canonical_user(user) == asker));
        }
        let Some(user) = User::of(chat) else { return Ok(false) };
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, &user);
        wants.met()?;
        Ok(self.cache.canonical_user(&user) == self.cache.canonical_user(&asker.user))
    }

    /// Brings the session with the asker into a state in which it may be able to read.
    fn mend_session(
        &mut self,
        asker: &Address,
        retry: &IncomingRetry<'_>,
        answered: &mut Answered,
        cx: &mut EngineContext<'_>,
    ) {
        if let Some(keys) = &retry.keys {
            if let Err(error) = self.open_session_with(asker, keys, cx) {
                self.out.push(Output::Log(format!("the keys in a request were refused: {error}")));
            }
            return;
        }
        let resolved = self.cache.merge_identity(asker);
        let Some(current) = self.cache.sessions.get(&resolved.key()).and_then(|session| session.current())
        else {
            return;
        };
        let other_installation = retry.registration_id.is_some_and(|id| id != current.registration_id);
        let base_key = current.base_key.as_bytes().to_vec();
        // Asked a third time in the same session: the asker cannot use it.
        let stuck = retry.count > 2 && answered.base_key.as_ref() == Some(&base_key);
        if retry.count == 2 {
            answered.base_key = Some(base_key);
        }
        if (other_installation || stuck)
            && let Some(session) = self.cache.sessions.change(&resolved.key())
        {
            session.archive_current();
        }
    }

    /// A message goes to a device that it did not go to before.
    pub(super) fn send_copy(&mut self, id: &Text, device: Address) {
        let (id, until) = (id.clone(), Millis::MAX);
        self.again.push_back(DueResend { id, asker: device, count: 0, timestamp: None, until, ack: None });
    }

    /// Sends the answers for which there are keys, once the session may send.
    pub(super) fn answer_again(&mut self, cx: &mut EngineContext<'_>) -> Result<(), MissingRecords> {
        if !self.sends.is_online() {
            return Ok(());
        }
        for _ in 0..self.again.len() {
            let Some(mut again) = self.again.pop_front() else { break };
            match self.send_again(&again, cx) {
                Ok(false) if again.until > cx.now => self.again.push_back(again),
                Ok(_) => self.out.extend(again.ack.take().map(Output::Send)),
                Err(missing) => {
                    self.again.push_front(again);
                    return Err(missing);
                }
            }
        }
        self.send_asks(cx);
        Ok(())
    }

    /// True if nothing is left to be done for it.
    fn send_again(&mut self, again: &DueResend, cx: &mut EngineContext<'_>) -> Result<bool, MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.record(&self.cache, RecordTable::Outbox, again.id.as_bytes());
        let user = self.cache.canonical_user(&again.asker.user);
        wants.record(&self.cache, RecordTable::Tokens, user.key());
        wants.met()?;
        let Some(sent) = self.cache.outbox.get(again.id.as_bytes()) else { return Ok(true) };
        let (mut chat, timer) = (sent.chat.clone(), sent.timer);
        if let Some(partner) = User::of(&chat) {
            let mut wants = RecordRequirements::default();
            wants.name(&self.cache, &partner);
            wants.met()?;
            // As it went: in one message all are named in the same way.
            chat = self.user_as(&partner, again.asker.user.kind).jid();
        }
        let Some(sent) = self.cache.outbox.get(again.id.as_bytes()) else { return Ok(true) };
        let Ok(bare) = Outgoing::of_any_size(&sent.message) else { return Ok(true) };
        let content = timed(&bare, timer);
        let Some(targets) = self.with_sessions(std::slice::from_ref(&again.asker), cx)? else {
            return Ok(false);
        };
        let Some(target) = targets.first() else { return Ok(true) };
        let in_group = chat.server == Server::Group;
        let own = self.own.is_account(&again.asker.user.jid());
        let mut plaintext = Zeroizing::new(content.message.clone());
        let mut by_lid = false;
        if in_group {
            let key = chat.to_string().into_bytes();
            by_lid = self.cache.groups.get(&key).is_some_and(|group| group.by_lid);
            if let Some(holders) = self.cache.holders.change(&key) {
                // Our own devices may ask under the name that the group does not use.
                let lost = |holder: &Address| {
                    *holder == again.asker
                        || own
                            && holder.device == again.asker.device
                            && self.own.is_account(&holder.user.jid())
                };
                holders.devices.retain(|holder| !lost(holder));
            }
            if let Some(own_key) = self.cache.own_keys.get(&key) {
                *plaintext = content::append_key_distribution(&plaintext, &chat, &own_key.distribution());
            }
        } else if own {
            *plaintext = content::device_sent(&plaintext, &chat);
        }
        let Some((enc, _)) = self.encrypt_for(&target.keys, &plaintext, cx) else { return Ok(true) };
        let asker = again.asker.jid();
        let to = if in_group { &chat } else { &asker };
        let mut message = outgoing(&again.id, to, &content);
        message.enc = Some(enc);
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
            message.privacy_token = self.privacy_token(&user, cx);
        }
        if message.needs_identity() {
            message.device_identity = Some(&cx.account.account_blob);
        }
        self.out.push(Output::Send(message.into_node()));
        Ok(true)
    }
}
