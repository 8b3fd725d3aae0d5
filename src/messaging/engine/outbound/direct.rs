//! A message to a person: one ciphertext for each of their devices, and one for each other device of our own.

use std::borrow::Cow;

use super::first_contact::GateDecision;
use super::missed::Fanout;
use super::outbox::{OutboxEntry, SendAttempt, Transmission};
use super::{Outbound, note_timer, want_timer};
use crate::messaging::address::{Address, Kind, User};
use crate::messaging::content::{self, Expiration};
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::core::sessions::Progress;
use crate::messaging::engine::{EngineContext, Output, SendFailure};
use crate::messaging::record_cache::{self, MissingRecords, RecordRequirements};
use crate::messaging::stanzas::outgoing::{OutgoingMessage, PrivacyToken, Recipient};
use crate::noise::MAX_FRAME;
use crate::stanza::{Jid, Value};

/// The largest overhead, in bytes, of a copy in its stanza: padding, the Signal message around it, the address.
const ROOM: usize = 1024;

impl Outbound {
    /// Sends a message to a person, if everything is there that it takes.
    pub(super) fn send_to_person(
        &mut self,
        core: &mut EngineCore,
        sending: &OutboxEntry,
        cx: &mut EngineContext<'_>,
    ) -> Result<SendAttempt, MissingRecords> {
        let Some(given) = User::of(&sending.chat) else {
            return Ok(SendAttempt::Failed(SendFailure::WrongChat));
        };
        let mut wants = RecordRequirements::default();
        wants.name(&core.cache, &given);
        wants.met()?;
        let mut kind = core.kind_for(&given, cx)?;
        if sending.first_refusal.is_some() {
            kind = kind.other();
        }
        let user = core.user_as(&given, kind);
        let to_self = core.own.is_account(&user.jid());
        // Both lists are asked for together.
        let owns = [Some(kind), (user.kind != kind).then_some(user.kind)];
        let owns = owns.map(|kind| core.own_user(kind?));
        core.lists_at_hand(&owns.iter().flatten().chain([&user]).collect::<Vec<_>>())?;
        let theirs = if to_self { Progress::Done(Vec::new()) } else { core.devices_of(&user, cx)? };
        // The answer may tell the name that is wanted. The list of our own devices under that name comes with it.
        let awaited = if matches!(theirs, Progress::Waiting) { kind } else { user.kind };
        let own = core.own_user(awaited).or_else(|| core.own_user(user.kind));
        let Some(own) = own else { return Ok(SendAttempt::Failed(SendFailure::WrongChat)) };
        let (theirs, mut ours) = match (theirs, core.devices_of(&own, cx)?) {
            (Progress::Done(theirs), Progress::Done(ours)) => (theirs, ours),
            (Progress::Failed(failure), _) | (_, Progress::Failed(failure)) => {
                return Ok(SendAttempt::Failed(failure));
            }
            _ => return Ok(SendAttempt::Blocked),
        };
        ours.retain(|device| !core.own.is_device(&device.jid()));
        let gate =
            if to_self { GateDecision::Open(None) } else { self.gate.decide(core, sending, &user, cx)? };
        let stranger = match gate {
            GateDecision::Open(stranger) => stranger,
            GateDecision::Shut => return Ok(SendAttempt::Blocked),
            GateDecision::Later(at) => return Ok(SendAttempt::Later(at)),
            GateDecision::Refused(failure) => return Ok(SendAttempt::Failed(failure)),
        };
        let listed: Vec<Address> = theirs.iter().chain(&ours).cloned().collect();
        // Both are asked for together.
        let (theirs, ours) = match (core.sessions_with(&theirs, cx)?, core.sessions_with(&ours, cx)?) {
            (Progress::Done(theirs), Progress::Done(ours)) => (theirs, ours),
            (Progress::Waiting, _) | (_, Progress::Waiting) => return Ok(SendAttempt::Blocked),
            (Progress::Failed(failure), _) | (_, Progress::Failed(failure)) => {
                return Ok(SendAttempt::Failed(failure));
            }
        };
        if theirs.is_empty() && !to_self {
            return Ok(SendAttempt::Failed(SendFailure::NoRecipient));
        }

        let to = user.jid();
        let timer = core
            .cache
            .contacts
            .get(&core.cache.canonical_user(&user).key())
            .map(record_cache::ContactRecord::timer);
        let timer = timer.unwrap_or_default();
        want_timer(core, &sending.id, timer)?;
        let content = timed(&sending.content, timer);
        note_timer(core, &sending.id, timer);
        let copy = content::device_sent(&content.message, &to);
        if (theirs.len() + ours.len()).saturating_mul(copy.len() + ROOM) > MAX_FRAME {
            return Ok(SendAttempt::Failed(SendFailure::TooLarge));
        }
        let mut recipients = Vec::with_capacity(theirs.len() + ours.len());
        let mut at_once = true;
        for (targets, plaintext) in [(&theirs, &content.message), (&ours, &copy)] {
            for target in targets {
                let Some(copy) = core.encrypt_for(&target.keys, plaintext, cx) else { continue };
                at_once &= copy.is_covered;
                recipients.push(Recipient { device: target.jid(), enc: Some(copy.enc) });
            }
        }
        let peer_pn =
            (user.kind == Kind::Lid).then(|| core.cache.user_alias(&user)).flatten().map(|pn| pn.jid());
        let reached = recipients.iter().filter_map(|recipient| Address::of(&recipient.device)).collect();
        let mut message = outgoing(&sending.id, &to, &content);
        message.recipients = recipients;
        message.peer_recipient_pn = peer_pn.as_ref();
        let canonical = core.cache.canonical_user(&user);
        let mut shown = Vec::new();
        if !to_self {
            message.privacy_token = core.privacy_token(&canonical, cx);
            if let Some(PrivacyToken::TrustedContact(token)) = &message.privacy_token {
                shown = token.to_vec();
            }
        }
        message.reporting_token = reporting_token(&sending.id, &content, &own.jid(), &to);
        if message.needs_identity() {
            message.device_identity = Some(&cx.account.account_blob);
        }
        let node = message.into_node();
        // The sending is stored before the answer to the host. After a crash before that, the message counts as not handed in,
        // as before any answer.
        core.out.push(if at_once { Output::SendBeforeCommit(node) } else { Output::Send(node) });
        if let Some(stranger) = stranger {
            self.gate.pacer.went(&sending.id, stranger, cx.unix_ms, &mut core.written);
        }
        let deadline = cx.now.saturating_add(core.settings.ack_timeout);
        let person = (!to_self).then_some(canonical);
        let fanout = Some(Box::new(Fanout { user, own, listed, reached, shown }));
        Ok(SendAttempt::Sent(Transmission { deadline, key_for: None, phash: None, person, fanout }))
    }
}

/// A message with the timer of its chat, if there is one and the message carries timers.
pub(super) fn timed(content: &content::Outgoing, timer: Expiration) -> Cow<'_, content::Outgoing> {
    let timed = (timer.seconds != 0).then(|| content.with_timer(timer)).flatten();
    timed.map_or(Cow::Borrowed(content), Cow::Owned)
}

/// The parts of a stanza that follow from its content.
pub(super) fn outgoing<'a>(id: &'a str, to: &'a Jid, content: &'a content::Outgoing) -> OutgoingMessage<'a> {
    let mut message = OutgoingMessage::new(id, to, content.shape.stanza_type);
    message.edit = content.shape.edit;
    message.media_type = content.shape.media_type;
    message.hide = content.shape.hide_decrypt_failure;
    message.meta = content.shape.meta.iter().map(|(key, value)| (*key, Value::from(*value))).collect();
    message
}

/// The token with which a recipient may report a message, if it is one that can be.
pub(super) fn reporting_token(
    id: &str,
    content: &content::Outgoing,
    own: &Jid,
    chat: &Jid,
) -> Option<[u8; 16]> {
    let secret = content::parse(&content.message).ok()?.secret?;
    content::reporting_token(&content.message, &secret, id, own, chat)
}
