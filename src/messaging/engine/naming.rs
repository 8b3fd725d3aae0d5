//! Messages that name a chat or people: whose message is edited, deleted, reacted to or quoted, and who is mentioned. Hosts
//! name people by phone number or LID; on the wire they are named as the chat names them.

use std::fmt;
use std::sync::Arc;

use super::outbox::{OutboundContent, OutboxEntry};
use super::{Engine, EngineContext};
use crate::messaging::address::User;
use crate::messaging::content::{ContentError, Outgoing};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable};
use crate::messaging::stanzas::{presence, privacy_tokens};
use crate::stanza::{Jid, Node, Server};

/// A person as a chat names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) jid: Jid,
    /// Whether the person is this account.
    pub(crate) is_own: bool,
}

/// Makes a message of the chat that names these people, in the order in which they were given, at this time in Unix milliseconds.
type Make = dyn Fn(&Jid, &[Named], i64) -> Result<Outgoing, ContentError> + Send + Sync;

/// A message that names its chat or people.
#[derive(Clone)]
pub(crate) struct Naming {
    people: Vec<Jid>,
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
        Ok(Self { content: make(chat, &given, 0)?, people, make: Arc::new(make) })
    }
}

impl Engine {
    /// Makes the message, with the chat and the people named as on the wire.
    pub(super) fn make_named(
        &mut self,
        naming: &Naming,
        chat: &Jid,
        cx: &EngineContext<'_>,
    ) -> Result<Outgoing, MissingRecords> {
        let named: Vec<Named> = naming
            .people
            .iter()
            .map(|person| {
                let is_own = self.own.is_account(person);
                self.name_in(chat, person, cx).map(|jid| Named { jid, is_own })
            })
            .collect::<Result<_, _>>()?;
        let chat_name = self.name_in(chat, chat, cx)?;
        // It was made before, and only names and the time are others.
        Ok((naming.make)(&chat_name, &named, cx.unix_ms).unwrap_or_else(|_| naming.content.clone()))
    }

    /// Returns the name by which a chat knows a person; the given one if no other is known, or if nothing is known of the group:
    /// events name people as the group does.
    pub(crate) fn name_in(
        &mut self,
        chat: &Jid,
        person: &Jid,
        cx: &EngineContext<'_>,
    ) -> Result<Jid, MissingRecords> {
        let Some(user) = User::of(person) else { return Ok(person.clone()) };
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, &user);
        if chat.server == Server::Group {
            wants.record(&self.cache, RecordTable::Groups, chat.to_string());
        } else if let Some(partner) = User::of(chat) {
            wants.name(&self.cache, &partner);
        }
        wants.met()?;
        if chat.server == Server::Group && !self.knows_names_in(chat) {
            return Ok(person.account());
        }
        let kind = self.names_in(chat, cx);
        let name = if user.kind == kind {
            None
        } else if self.own.is_account(person) {
            self.own_user(kind)
        } else {
            self.cache.user_alias(&user)
        };
        Ok(name.unwrap_or(user).jid())
    }

    /// Whether the names that a chat uses are known: a group's are once it was fetched, a person's once they were looked up.
    /// The record of the chat is at hand.
    pub(super) fn knows_names_in(&self, chat: &Jid) -> bool {
        match User::of(chat) {
            Some(user) => self.cache.user_alias(&user).is_some(),
            None => {
                chat.server != Server::Group || self.cache.groups.get(chat.to_string().as_bytes()).is_some()
            }
        }
    }

    /// Makes a message anew that was handed in before the names that its chat uses were known. Nothing is changed as long as they
    /// are not.
    pub(super) fn name_again(
        &mut self,
        sending: &mut OutboxEntry,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let Some(wished) = sending.unnamed.clone() else { return Ok(()) };
        let mut wants = RecordRequirements::default();
        match User::of(&sending.chat) {
            Some(user) => wants.name(&self.cache, &user),
            None => wants.record(&self.cache, RecordTable::Groups, sending.chat.to_string()),
        }
        wants.record(&self.cache, RecordTable::Outbox, sending.id.as_bytes());
        wants.met()?;
        if !self.knows_names_in(&sending.chat) {
            return Ok(());
        }
        let content = match &wished {
            OutboundContent::Content(_) => None,
            OutboundContent::Naming(naming) => Some(self.make_named(naming, &sending.chat, cx)?),
            // A poll that is not known any more was known before: that vote stays as it is.
            OutboundContent::Vote(vote) => self.make_vote(vote, &sending.chat, cx)?.ok(),
        };
        sending.unnamed = None;
        let Some(content) = content.filter(|content| *content != sending.content) else { return Ok(()) };
        if let Some(sent) = self.cache.outbox.change(sending.id.as_bytes()) {
            sent.message.clone_from(&content.message);
        }
        sending.content = content;
        Ok(())
    }

    /// Returns the name under which a person is written to; any other address as it is given.
    pub(crate) fn wire_name(&mut self, given: &Jid, cx: &EngineContext<'_>) -> Result<Jid, MissingRecords> {
        let Some(user) = User::of(given) else { return Ok(given.clone()) };
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, &user);
        wants.met()?;
        let kind = self.kind_for(&user, cx)?;
        Ok(self.user_as(&user, kind).jid())
    }

    /// Returns the stanza that asks to be told when a person is there: under the name under which they are written to, with the
    /// token that they gave.
    pub(crate) fn subscription(
        &mut self,
        person: &Jid,
        cx: &EngineContext<'_>,
    ) -> Result<Node, MissingRecords> {
        let name = self.wire_name(person, cx)?;
        let now_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let held =
            User::of(&name).and_then(|user| self.cache.tokens.get(&self.cache.canonical_user(&user).key()));
        let held =
            held.filter(|held| !held.token.is_empty() && !privacy_tokens::is_expired(held.issued_s, now_s));
        Ok(presence::subscribe(&name, held.map(|held| held.token.as_slice())))
    }
}
