//! Messages that name a chat or people: whose message is edited, deleted, reacted to or quoted, and who is mentioned. Hosts
//! name people by phone number or LID; on the wire they are named as the chat names them. A message that names a sender who cannot
//! have written the one that is meant is refused.

use std::fmt;
use std::sync::Arc;

use super::outbox::{OutboundContent, OutboxEntry};
use super::vote::make_vote;
use crate::messaging::address::User;
use crate::messaging::content::{ContentError, Outgoing};
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::{EngineContext, SendFailure};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable};
use crate::stanza::{Jid, Server};

/// A person as a chat names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) jid: Jid,
    /// Set if the person is this account.
    pub(crate) is_own: bool,
}

/// Makes a message of the chat that names these people, in the order in which they were given, at this time in Unix milliseconds.
type Make = dyn Fn(&Jid, &[Named], i64) -> Result<Outgoing, ContentError> + Send + Sync;

/// The claim that a message makes about the sender of the one that it is about, who is the first of its people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SenderClaim {
    /// None.
    Nothing,
    /// Somebody of the chat; the parameter names them.
    OfChat(&'static str),
    /// This account.
    Own,
    /// A message to be deleted for everybody: one of this account, or in a group any.
    Deletable,
}

/// A message that names its chat or people.
#[derive(Clone)]
pub(crate) struct Naming {
    people: Vec<Jid>,
    claim: SenderClaim,
    content: Outgoing,
    make: Arc<Make>,
}

impl fmt::Debug for Naming {
    /// Neither people nor what they write are printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Naming").finish_non_exhaustive()
    }
}

impl Naming {
    /// The message that `make` makes, which has to work for these people.
    pub(crate) fn new(
        people: Vec<Jid>,
        chat: &Jid,
        make: impl Fn(&Jid, &[Named], i64) -> Result<Outgoing, ContentError> + Send + Sync + 'static,
    ) -> Result<Self, ContentError> {
        let given: Vec<Named> =
            people.iter().map(|person| Named { jid: person.clone(), is_own: false }).collect();
        let content = make(chat, &given, 0)?;
        Ok(Self { content, people, claim: SenderClaim::Nothing, make: Arc::new(make) })
    }

    /// Has the claim checked before the message goes.
    pub(crate) fn claiming(mut self, claim: SenderClaim) -> Self {
        self.claim = claim;
        self
    }

    /// Returns why the message cannot be sent, if its claim does not hold.
    fn refusal(&self, core: &EngineCore, chat: &Jid) -> Result<Option<SendFailure>, MissingRecords> {
        let Some(sender) = self.people.first() else { return Ok(None) };
        let is_own = core.is_own(sender);
        Ok(match self.claim {
            SenderClaim::OfChat(parameter) if !core.may_be_of(chat, sender)? => {
                Some(SendFailure::NotOfChat(parameter))
            }
            SenderClaim::Own if !is_own => Some(SendFailure::NotOwn),
            SenderClaim::Deletable if !is_own && chat.server != Server::Group => {
                Some(SendFailure::NotDeletable)
            }
            _ => None,
        })
    }
}

/// Makes the message, with the chat and the people named as on the wire. Refuses one whose claim does not hold.
pub(super) fn make_named(
    core: &mut EngineCore,
    naming: &Naming,
    chat: &Jid,
    cx: &EngineContext<'_>,
) -> Result<Result<Outgoing, SendFailure>, MissingRecords> {
    if let Some(failure) = naming.refusal(core, chat)? {
        return Ok(Err(failure));
    }
    let named: Vec<Named> = naming
        .people
        .iter()
        .map(|person| {
            let is_own = core.own.is_account(person);
            core.name_in(chat, person, cx).map(|jid| Named { jid, is_own })
        })
        .collect::<Result<_, _>>()?;
    let chat_name = core.name_in(chat, chat, cx)?;
    // It was made before, and only names and the time are others.
    Ok(Ok((naming.make)(&chat_name, &named, cx.unix_ms).unwrap_or_else(|_| naming.content.clone())))
}

/// Makes a message anew that was handed in before the names that its chat uses were known. Nothing is changed as long as they
/// are not.
pub(super) fn name_again(
    core: &mut EngineCore,
    sending: &mut OutboxEntry,
    cx: &mut EngineContext<'_>,
) -> Result<(), MissingRecords> {
    let Some(wished) = sending.unnamed.clone() else { return Ok(()) };
    let mut wants = RecordRequirements::default();
    match User::of(&sending.chat) {
        Some(user) => wants.name(&core.cache, &user),
        None => wants.record(&core.cache, RecordTable::Groups, sending.chat.to_string()),
    }
    wants.record(&core.cache, RecordTable::Outbox, sending.id.as_bytes());
    wants.met()?;
    if !core.knows_names_in(&sending.chat) {
        return Ok(());
    }
    let content = match &wished {
        OutboundContent::Content(_) => None,
        // A claim that held stays as it was, and so does a vote in a poll that is not known any more.
        OutboundContent::Naming(naming) => make_named(core, naming, &sending.chat, cx)?.ok(),
        OutboundContent::Vote(vote) => make_vote(core, vote, &sending.chat, cx)?.ok(),
    };
    sending.unnamed = None;
    let Some(content) = content.filter(|content| *content != sending.content) else { return Ok(()) };
    if let Some(sent) = core.cache.outbox.change(sending.id.as_bytes()) {
        sent.message.clone_from(&content.message);
    }
    sending.content = content;
    Ok(())
}
