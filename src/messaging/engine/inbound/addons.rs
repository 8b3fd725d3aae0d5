//! Messages about another message: whose that one is, and whether the writer may say what they say of it.

use super::Inbound;
use super::sealed::{open_sealed, want_secret};
use crate::messaging::address::User;
use crate::messaging::content::{Body, MessageRef, Purpose};
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::core::groups::ANY_GROUP;
use crate::messaging::engine::core::queries::{Admission, Query};
use crate::messaging::engine::{
    EngineContext, InboundMessage, MessagingEvent, Output, Unreadable, UnreadableReason,
};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable};
use crate::messaging::stanzas::incoming::{IncomingMessage, is_bot};
use crate::stanza::{Jid, NodeRef, Server, Stanza};

/// The `edit` attribute of a deletion by an admin of the group. Official clients set it on each.
const ADMIN_DELETION: &str = "8";
/// Most stanzas that wait for the answer about their groups; more are handled with what is known.
const MOST_HELD: usize = 64;

/// A deletion by an admin that is held back.
pub(super) struct HeldDeletion {
    group: Jid,
    stanza: Stanza,
    /// Its group was asked for.
    pub(super) is_asked: bool,
}

/// The message that another one is about, as this account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its id.
    pub(crate) id: String,
    /// Set if this account sent it.
    pub(crate) from_me: bool,
    /// The sender, without device, if known.
    pub(crate) sender: Option<Jid>,
    /// The sender by phone number, if that is known.
    pub(crate) sender_pn: Option<Jid>,
    /// Set if the author is an admin of the group and the message is another member's.
    pub(crate) by_admin: bool,
}

/// The right of a writer to act on a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    /// It is their own message, or everybody may.
    Own,
    /// They are an admin of the group.
    Admin,
    /// They may not.
    None,
}

impl Inbound {
    /// Holds a deletion by an admin back until it is known who the admins are. True if it was: nothing of it was read, so it comes
    /// again should the session end before.
    pub(super) fn hold_back(
        &mut self,
        core: &mut EngineCore,
        message: &IncomingMessage<'_>,
        node: NodeRef<'_>,
        cx: &EngineContext<'_>,
    ) -> Result<bool, MissingRecords> {
        let chat = &message.origin.chat;
        if message.edit != Some(ADMIN_DELETION) || message.origin.from_me || chat.server != Server::Group {
            return Ok(false);
        }
        let mut wants = RecordRequirements::default();
        wants.record(&core.cache, RecordTable::Groups, chat.to_string());
        wants.record(&core.cache, RecordTable::Groups, ANY_GROUP);
        wants.met()?;
        if core.knows_admins(chat, cx) || self.held.len() >= MOST_HELD {
            return Ok(false);
        }
        let Ok(stanza) = Stanza::from_node(&node.to_node()) else { return Ok(false) };
        let is_asked = match core.queries.ask_group_for_others(chat, cx.now) {
            Admission::Open => true,
            Admission::Later => false,
            Admission::Refused => return Ok(false),
        };
        self.held.push(HeldDeletion { group: chat.clone(), stanza, is_asked });
        Ok(true)
    }

    /// Handles what was held back and waits no longer.
    pub(in crate::messaging::engine) fn release_held(
        &mut self,
        core: &mut EngineCore,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        while let Some(place) = self.held.iter_mut().position(|held| held.is_free(core, cx)) {
            let held = self.held.remove(place);
            if let Err(missing) = self.open_message(core, held.stanza.root(), cx, false) {
                self.held.insert(place, held);
                return Err(missing);
            }
        }
        Ok(())
    }
}

impl HeldDeletion {
    /// Returns whether it waits no longer. Its query is sent if there is room for it by now.
    fn is_free(&mut self, core: &mut EngineCore, cx: &EngineContext<'_>) -> bool {
        if self.is_asked {
            return !core.queries.is_open(&Query::Group(self.group.clone()));
        }
        if core.knows_admins(&self.group, cx) {
            return true;
        }
        let admission = core.queries.ask_group_for_others(&self.group, cx.now);
        self.is_asked = admission != Admission::Later;
        admission == Admission::Refused
    }
}

/// Returns the message that this one is about. The writer's `from_me` is the writer's view; here it is ours.
pub(super) fn target(core: &EngineCore, received: &InboundMessage) -> Option<Target> {
    let key = received.content.body.target()?;
    let sender = author(core, key, received);
    Some(Target {
        id: key.id.clone(),
        from_me: sender.as_ref().is_some_and(|sender| core.own.is_account(sender)),
        sender_pn: sender.as_ref().and_then(|sender| core.phone_number(sender)),
        sender,
        by_admin: false,
    })
}

/// Returns who sent the message that `key` names, without device.
pub(super) fn author(core: &EngineCore, key: &MessageRef, received: &InboundMessage) -> Option<Jid> {
    // Bots name what they replace by its id alone, and can mean no message but their own.
    let by_bot =
        key.participant.is_none() && is_bot(&received.info.sender) && replaces(&received.content.body);
    if key.from_me || by_bot {
        return Some(received.info.sender.account());
    }
    // In a chat of two it is the other one, whomever the key names beside.
    let Some(partner) = User::of(&received.info.chat) else {
        return key.participant.as_ref().map(Jid::account);
    };
    if received.info.from_me {
        return Some(received.info.chat.account());
    }
    core.own_user(partner.kind).map(|own| own.jid())
}

/// Returns once the records that [`emit_addon`] needs are in the cache.
pub(in crate::messaging::engine) fn want_addon(
    core: &mut EngineCore,
    received: &InboundMessage,
) -> Result<(), MissingRecords> {
    let Some(key) = received.content.body.target() else { return Ok(()) };
    let author = author(core, key, received).as_ref().and_then(User::of);
    let mut wants = RecordRequirements::default();
    for user in [author, User::of(&received.info.sender)].iter().flatten() {
        wants.name(&core.cache, user);
    }
    if matches!(received.content.body, Body::Delete { .. }) && received.info.chat.server == Server::Group {
        wants.record(&core.cache, RecordTable::Groups, received.info.chat.to_string());
    }
    wants.met()?;
    want_secret(core, received)
}

/// Tells the host of a message about another one, unless its writer may not say what it says: official clients show no trace
/// of that either.
pub(in crate::messaging::engine) fn emit_addon(core: &mut EngineCore, mut received: Box<InboundMessage>) {
    let mut target = target(core, &received);
    match right(core, &received) {
        Right::Own => {}
        Right::Admin => target.iter_mut().for_each(|target| target.by_admin = true),
        Right::None => {
            let kind = received.content.kind;
            core.log(format!("a {kind} by a person who may not was dropped"));
            if received.awaited {
                emit_nothing(core, &received);
            }
            return;
        }
    }
    received.target = target;
    open_sealed(core, &mut received);
    core.out.push(Output::Event(MessagingEvent::Message(received)));
}

/// Tells the host, which waits for a message, that nothing comes of it.
fn emit_nothing(core: &mut EngineCore, received: &InboundMessage) {
    core.out.push(Output::Event(MessagingEvent::Unreadable(Box::new(Unreadable {
        info: received.info.clone(),
        reason: UnreadableReason::Undecryptable,
        retries: 0,
        pending: false,
        hidden: true,
    }))));
}

/// Decides whether the writer may say it. Everybody may react, vote, answer, pin and keep.
fn right(core: &EngineCore, received: &InboundMessage) -> Right {
    let (key, by_admins) = match &received.content.body {
        Body::Edit(edit) => (&edit.target, false),
        Body::Delete { target } => (target, true),
        Body::Sealed(sealed) if is_edit(sealed.purpose) => (&sealed.target, false),
        _ => return Right::Own,
    };
    let writer = User::of(&received.info.sender);
    let user_alias = writer.as_ref().and_then(|writer| core.cache.user_alias(writer));
    let is_writer = |user: &User| [&writer, &user_alias].into_iter().flatten().any(|name| name == user);
    let author = author(core, key, received);
    if author.as_ref() == Some(&received.info.sender)
        || author.as_ref().and_then(User::of).is_some_and(|author| is_writer(&author))
    {
        return Right::Own;
    }
    if !by_admins || received.info.chat.server != Server::Group {
        return Right::None;
    }
    // Our own phone knows whether it may.
    let group = core.cache.groups.get(received.info.chat.to_string().as_bytes());
    let is_admin = received.info.from_me
        || match group.filter(|group| !group.admins.is_empty()) {
            Some(group) => group.admins.iter().any(is_writer),
            None => received.vouched,
        };
    if is_admin { Right::Admin } else { Right::None }
}

/// Returns whether it puts something in the place of a message, which only its author may.
fn is_edit(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::EventEdit | Purpose::MessageEdit | Purpose::PollEdit)
}

/// Returns whether it takes the place of a message of its writer, or takes one back.
fn replaces(body: &Body) -> bool {
    match body {
        Body::Edit(_) | Body::Delete { .. } => true,
        Body::Sealed(sealed) => is_edit(sealed.purpose),
        _ => false,
    }
}
