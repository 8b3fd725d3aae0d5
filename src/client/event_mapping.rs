//! The events of the messaging engine, mapped to those of the host.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::content_mapping::{self, MappedContent};
use super::server_codes::{self, About};
use crate::api::{self, Error, Hidden, Status};
use crate::messaging::content;
use crate::messaging::engine::{
    AcceptedMessage, GroupNews, InboundMessage, MessagingEvent, Restrictions, Seen, SendFailure, Unreadable,
    UnreadableReason, Waiting,
};
use crate::messaging::stanzas::calls::{CallEvent, IncomingCall};
use crate::messaging::stanzas::group_changes::GroupChange;
use crate::messaging::stanzas::presence::{ChatState, IncomingChatState, IncomingPresence, LastSeen};
use crate::messaging::stanzas::receipts::ReceiptKind;
use crate::stanza::{Jid, Server};

/// The event for the host; `None` for what it need not hear.
pub(crate) fn body(told: MessagingEvent) -> Option<api::Body> {
    Some(match told {
        MessagingEvent::Message(received) => message(*received).into(),
        MessagingEvent::Unreadable(unreadable) => self::unreadable(&unreadable).into(),
        MessagingEvent::Receipt(seen) => receipt(seen)?.into(),
        MessagingEvent::IdentityChanged { device, pn } => {
            let sender = device.user.jid().to_string();
            api::IdentityChanged { sender, sender_phone: phone(pn.as_ref()), device: device.device.into() }
                .into()
        }
        MessagingEvent::Group(news) => group(*news).into(),
        MessagingEvent::TimeLock { until_s } => api::Restricted {
            kind: api::RestrictionKind::TimeLock,
            scope: api::RestrictionScope::NewChats,
            starts_at_ms: None,
            ends_at_ms: until_s.and_then(|at| i64::try_from(at).ok()).map(|at| at.saturating_mul(1000)),
            code: Some(463),
            user_text: api::RestrictionKind::TimeLock.user_text().into(),
        }
        .into(),
    })
}

/// The result of a request to send.
pub(crate) fn sent(answer: Result<AcceptedMessage, SendFailure>) -> Result<Value, Error> {
    let taken = answer.map_err(|failure| {
        let status = match &failure {
            SendFailure::Refused(code) | SendFailure::NoGroup(code) => {
                server_codes::status(About::Message, *code)
            }
            SendFailure::TimeLocked { .. } | SendFailure::NotTrusted => Status::TIME_LOCKED,
            SendFailure::NoRecipient | SendFailure::NoAccount => Status::NO_RECIPIENT,
            SendFailure::NoDevices { code: 0, .. } => Status::REQUEST_TIMEOUT,
            SendFailure::NoDevices { code, .. } => server_codes::status(About::Message, *code),
            SendFailure::IdInUse => Status::INVALID_ARGUMENT,
            SendFailure::NotDeletable | SendFailure::NotOwn | SendFailure::NotOfChat(_) => {
                Status::INVALID_PARAMETER
            }
            SendFailure::NoPoll => Status::NOT_FOUND,
            SendFailure::NoOption | SendFailure::TooManyOptions(_) => Status::INVALID_MESSAGE,
            SendFailure::TooLarge => Status::TOO_LONG,
            SendFailure::WrongChat => Status::UNSUPPORTED_CHAT,
            SendFailure::Unanswered => Status::REQUEST_TIMEOUT,
            SendFailure::Cancelled => Status::CANCELLED,
        };
        let error = Error::new(status, failure.to_string());
        match failure {
            SendFailure::TimeLocked { wait_ms: Some(wait_ms) } => {
                error.retry_after(Duration::from_millis(wait_ms.max(0).unsigned_abs()))
            }
            SendFailure::IdInUse => error.with_key("message_id"),
            SendFailure::NoDevices { wait_ms, .. } => error.retry_after(Duration::from_millis(wait_ms)),
            SendFailure::NotDeletable | SendFailure::NotOwn => error.with_key("sender"),
            SendFailure::NotOfChat(parameter) => error.with_key(parameter),
            SendFailure::NoPoll => error.with_key("target"),
            SendFailure::NoOption | SendFailure::TooManyOptions(_) => error.with_key("options"),
            _ => error,
        }
    })?;
    Ok(json!({
        "message_id": taken.id.as_str(),
        "chat": taken.chat.to_string(),
        "sent_at_ms": taken.timestamp_ms,
    }))
}

/// A message waits for its turn.
pub(crate) fn waiting(waiting: &Waiting) -> api::MessageWaiting {
    api::MessageWaiting {
        message_id: waiting.id.to_string(),
        chat: waiting.chat.to_string(),
        reason: api::WaitReason::FirstContacts,
        due_at_ms: waiting.due_ms,
    }
}

/// The result of `restrictions.get`.
pub(crate) fn restrictions(found: &Restrictions) -> Value {
    json!({
        "time_locked": found.is_locked,
        "ends_at_ms": found.ends_ms,
        "reason": found.reason,
        "first_contacts_per_hour": found.per_hour,
        "first_contacts_left": found.left,
        "waiting": found.waiting,
        "next_at_ms": found.next_ms,
    })
}

fn message(received: InboundMessage) -> api::Message {
    let read = &received.content;
    // A message too large for the store would end the connection, and the server would send it again on the next one.
    let fits = received.bytes.len() <= content::MAX_SIZE;
    let MappedContent { text, content, is_whole } =
        if fits { content_mapping::mapped(&received) } else { content_mapping::too_large() };
    let raw = (!is_whole).then(|| Hidden::new(STANDARD.encode(&received.bytes)));
    let quoted = if fits { content_mapping::quoted(&received).map(Box::new) } else { None };
    api::Message {
        message_id: received.info.id.to_string(),
        is_group: received.info.chat.server == Server::Group,
        chat: received.info.chat.to_string(),
        chat_phone: phone(received.info.chat_pn.as_ref()),
        sender: received.info.sender.to_string(),
        sender_phone: phone(received.info.sender_pn.as_ref()),
        from_me: received.info.from_me,
        sent_at_ms: received.info.timestamp_ms,
        push_name: received.push_name.map(Hidden::new),
        kind: read.kind.into(),
        text: text.map(Hidden::new),
        quoted,
        mentions: read.context.mentions.iter().filter(|_| fits).map(Jid::to_string).collect(),
        content,
        offline: received.offline,
        old_identity: received.old_identity,
        raw,
    }
}

/// Returns the digits of a phone number.
fn phone(pn: Option<&Jid>) -> Option<String> {
    pn.and_then(Jid::phone_digits).map(str::to_owned)
}

/// Maps a presence.
pub(crate) fn presence(presence: &IncomingPresence, pn: Option<&Jid>) -> api::Presence {
    let last_seen_at_ms = match presence.last_seen {
        LastSeen::At(seconds) => i64::try_from(seconds).ok().map(|seconds| seconds.saturating_mul(1000)),
        LastSeen::Hidden | LastSeen::Unknown => None,
    };
    api::Presence {
        sender: presence.from.to_string(),
        sender_phone: phone(pn),
        available: presence.online,
        last_seen_at_ms,
    }
}

/// Maps a chat state.
pub(crate) fn activity(
    state: &IncomingChatState,
    chat_pn: Option<&Jid>,
    sender_pn: Option<&Jid>,
) -> api::ChatActivityChanged {
    api::ChatActivityChanged {
        chat: state.origin.chat.to_string(),
        chat_phone: phone(chat_pn),
        sender: state.origin.sender.account().to_string(),
        sender_phone: phone(sender_pn),
        activity: match state.state {
            ChatState::Composing => api::ChatActivity::Typing,
            ChatState::Recording => api::ChatActivity::Recording,
            ChatState::Paused => api::ChatActivity::Paused,
        },
    }
}

/// Maps a call; `None` for what happens within a call.
pub(crate) fn call(call: &IncomingCall<'_>, unix_ms: i64) -> Option<api::Call> {
    let (stage, video) = match &call.event {
        CallEvent::Offered { video, .. } | CallEvent::Noticed { video, .. } => {
            (api::CallStage::Offer, *video)
        }
        CallEvent::Accepted => (api::CallStage::Accepted, false),
        CallEvent::Rejected { .. } => (api::CallStage::Rejected, false),
        CallEvent::Ended { .. } => (api::CallStage::Ended, false),
        CallEvent::Other(_) => return None,
    };
    let seconds = call.timestamp.and_then(|seconds| i64::try_from(seconds).ok());
    Some(api::Call {
        call_id: call.call_id.to_owned(),
        sender: call.creator.account().to_string(),
        sender_phone: call
            .pair
            .as_ref()
            .map(|pair| pair.pn.user.to_string())
            .or_else(|| phone(Some(&call.creator))),
        stage,
        video,
        chat: call.group.as_ref().map(Jid::to_string),
        called_at_ms: seconds.map_or(unix_ms, |seconds| seconds.saturating_mul(1000)),
    })
}

fn unreadable(unreadable: &Unreadable) -> api::MessageUnreadable {
    api::MessageUnreadable {
        message_id: unreadable.info.id.to_string(),
        chat: unreadable.info.chat.to_string(),
        chat_phone: phone(unreadable.info.chat_pn.as_ref()),
        sender: unreadable.info.sender.to_string(),
        sender_phone: phone(unreadable.info.sender_pn.as_ref()),
        from_me: unreadable.info.from_me,
        sent_at_ms: unreadable.info.timestamp_ms,
        reason: match unreadable.reason {
            UnreadableReason::Undecryptable => api::UnreadableReason::Undecryptable,
            UnreadableReason::ViewOnce => api::UnreadableReason::ViewOnce,
            UnreadableReason::Unavailable => api::UnreadableReason::Unavailable,
        },
        retries: unreadable.retries,
        pending: unreadable.pending,
        hidden: unreadable.hidden,
    }
}

fn group(news: GroupNews) -> api::GroupUpdate {
    let on = |is: bool| Some(if is { "on" } else { "off" }.to_owned());
    let (change, text) = match &news.change {
        GroupChange::Created { group, .. } => ("create", group.subject.as_deref().map(str::to_owned)),
        GroupChange::Added(_) => ("add", None),
        GroupChange::Removed(_) => ("remove", None),
        GroupChange::Promoted(_) => ("promote", None),
        GroupChange::Demoted(_) => ("demote", None),
        GroupChange::Renamed(_) => ("number_change", None),
        GroupChange::Subject { subject, .. } => ("subject", Some(subject.to_string())),
        GroupChange::Description { text, .. } => ("description", text.clone()),
        GroupChange::Announcement(is) => ("announcement", on(*is)),
        GroupChange::Locked(is) => ("locked", on(*is)),
        GroupChange::Expiration(seconds) => ("expiration", Some(seconds.to_string())),
        GroupChange::AllMayAdd(is) => ("all_may_add", on(*is)),
        GroupChange::AllMayInvite(is) => ("all_may_invite", on(*is)),
        GroupChange::JoinApproval(is) => ("join_approval", on(*is)),
        GroupChange::JoinRequested(_) => ("join_requested", None),
        GroupChange::JoinRequestsRevoked(_) => ("join_request_revoked", None),
        GroupChange::InviteCode(code) => ("invite_code", code.as_deref().map(str::to_owned)),
        GroupChange::Linked { .. } => ("linked", None),
        GroupChange::Unlinked { .. } => ("unlinked", None),
        GroupChange::Deleted => ("delete", None),
        GroupChange::Suspended(is) => ("suspended", on(*is)),
        GroupChange::Incomplete => ("incomplete", None),
        GroupChange::Other(name) => ("other", Some(name.to_string())),
    };
    api::GroupUpdate {
        chat: news.group.to_string(),
        sender: news.author.map(|author| author.account().to_string()),
        sender_phone: phone(news.author_pn.as_ref()),
        change: change.into(),
        members: news.change.members().iter().map(|member| member.jid.to_string()).collect(),
        member_phones: news.member_pns.iter().map(|pn| phone(pn.as_ref()).unwrap_or_default()).collect(),
        text: text.map(Hidden::new),
        changed_at_ms: news.at_ms,
    }
}

fn receipt(seen: Seen) -> Option<api::Receipt> {
    let kind = match seen.kind {
        ReceiptKind::Delivered | ReceiptKind::Inactive => api::ReceiptKind::Delivered,
        ReceiptKind::Read | ReceiptKind::ReadSelf => api::ReceiptKind::Read,
        ReceiptKind::Played | ReceiptKind::PlayedSelf => api::ReceiptKind::Played,
        _ => return None,
    };
    Some(api::Receipt {
        chat: seen.chat.to_string(),
        chat_phone: phone(seen.chat_pn.as_ref()),
        sender: seen.by.to_string(),
        sender_phone: phone(seen.by_pn.as_ref()),
        from_me: seen.by_me,
        receipt: kind,
        message_ids: seen.ids.iter().map(|id| id.to_string()).collect(),
        seen_at_ms: seen.timestamp_ms,
    })
}
