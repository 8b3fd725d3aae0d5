//! The names of people: a phone number and a LID belong together, and each chat uses one of them.

use super::EngineCore;
use crate::messaging::address::{Kind, User};
use crate::messaging::engine::EngineContext;
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable};
use crate::messaging::stanzas::addressing::{Origin, Pair};
use crate::messaging::stanzas::incoming::IncomingMessage;
use crate::stanza::{Jid, Server};

/// Returns both names of a pair, if they name people.
pub(in crate::messaging::engine) fn users(pair: &Pair) -> Option<(User, User)> {
    Some((User::of(&pair.pn)?, User::of(&pair.lid)?))
}

impl EngineCore {
    /// Returns the user under that kind of name if it is known, else as given. The other name is in the cache.
    pub(in crate::messaging::engine) fn user_as(&self, user: &User, kind: Kind) -> User {
        if user.kind == kind {
            user.clone()
        } else {
            self.cache.user_alias(user).unwrap_or_else(|| user.clone())
        }
    }

    /// Returns our own account under the same kind of name as those whom we write to.
    pub(in crate::messaging::engine) fn own_user(&self, kind: Kind) -> Option<User> {
        match (kind, &self.own.lid) {
            (Kind::Lid, Some(lid)) => User::of(lid),
            _ => User::of(&self.own.pn),
        }
    }

    /// Learns which names belong together. Afterwards the other name of this user, if there is one, is in the cache.
    pub(in crate::messaging::engine) fn learn_names(
        &mut self,
        origin: &Origin,
        user: &User,
    ) -> Result<(), MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, user);
        if let Some(partner) = User::of(&origin.chat) {
            wants.name(&self.cache, &partner);
        }
        let pairs: Vec<_> = origin.pairs().filter_map(users).collect();
        wants.pairs(&self.cache, &pairs);
        wants.met()?;
        self.cache.learn_all(&pairs);
        Ok(())
    }

    /// Notes that two names are one user's.
    pub(in crate::messaging::engine) fn learn(
        &mut self,
        pn: &User,
        lid: &User,
    ) -> Result<(), MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, pn);
        wants.name(&self.cache, lid);
        wants.met()?;
        self.cache.learn(pn, lid);
        Ok(())
    }

    /// Returns a person by phone number, if that name is in the cache.
    pub(in crate::messaging::engine) fn phone_number(&self, who: &Jid) -> Option<Jid> {
        if who.is_pn() {
            return Some(who.account());
        }
        User::of(who).and_then(|user| self.cache.user_alias(&user)).map(|user| user.jid())
    }

    /// Returns the same for a person whose names may not be in the cache.
    pub(crate) fn known_phone(&self, who: &Jid) -> Result<Option<Jid>, MissingRecords> {
        let mut wants = RecordRequirements::default();
        if let Some(user) = User::of(who) {
            wants.name(&self.cache, &user);
        }
        wants.met()?;
        Ok(self.phone_number(who))
    }

    /// Returns the kind of names that messages to a chat use. The records of the chat are in the cache.
    pub(in crate::messaging::engine) fn names_in(&self, chat: &Jid, cx: &EngineContext<'_>) -> Kind {
        let by_lid = if chat.server == Server::Group {
            self.cache.groups.get(chat.to_string().as_bytes()).is_none_or(|group| group.by_lid)
        } else {
            let named = |user: User| self.user_as(&user, self.kind_at_hand(&user, cx)).kind;
            User::of(chat).map_or_else(|| self.account_kind(cx), named) == Kind::Lid
        };
        if by_lid { Kind::Lid } else { Kind::Pn }
    }

    /// Returns a user by LID, and by phone number: a secret may have been kept before the LID was known.
    pub(in crate::messaging::engine) fn both_names(&self, user: &User) -> impl Iterator<Item = User> + use<> {
        [Some(user.clone()), self.cache.user_alias(user)].into_iter().flatten()
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

    /// Returns whether a person is this account.
    pub(crate) fn is_own(&self, person: &Jid) -> bool {
        self.own.is_account(person)
    }

    /// Returns whether a person may have written in a chat: in one with a person, this account and that person may. Names that are not
    /// known to be of different people may be of one.
    pub(crate) fn may_be_of(&self, chat: &Jid, person: &Jid) -> Result<bool, MissingRecords> {
        let (Some(partner), Some(user)) = (User::of(chat), User::of(person)) else { return Ok(true) };
        let mut wants = RecordRequirements::default();
        wants.name(&self.cache, &user);
        wants.name(&self.cache, &partner);
        wants.met()?;
        let is_same = if user.kind == partner.kind {
            user == partner
        } else {
            match (self.cache.user_alias(&user), self.cache.user_alias(&partner)) {
                (Some(alias), _) => alias == partner,
                (None, Some(alias)) => alias == user,
                (None, None) => true,
            }
        };
        Ok(is_same || self.is_own(person))
    }

    /// Returns whether the names that a chat uses are known: a group's are once it was fetched, a person's once they were looked up.
    /// The record of the chat is in the cache.
    pub(in crate::messaging::engine) fn knows_names_in(&self, chat: &Jid) -> bool {
        match User::of(chat) {
            Some(user) => self.cache.user_alias(&user).is_some(),
            None => {
                chat.server != Server::Group || self.cache.groups.get(chat.to_string().as_bytes()).is_some()
            }
        }
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

    /// Returns the sender of a message under the name that messages are known by.
    pub(in crate::messaging::engine) fn author_of(&self, message: &IncomingMessage<'_>) -> Jid {
        let sender = &message.origin.sender;
        User::of(sender).map_or_else(|| sender.account(), |user| self.cache.canonical_user(&user).jid())
    }

    /// Returns the kind of name under which a person is written to: the one that the server took once when it refused the other, or else
    /// the account's. The other name is in the cache.
    pub(in crate::messaging::engine) fn kind_for(
        &mut self,
        user: &User,
        cx: &EngineContext<'_>,
    ) -> Result<Kind, MissingRecords> {
        self.contact(user)?;
        Ok(self.kind_at_hand(user, cx))
    }

    /// Returns the same, as far as the cache tells.
    pub(in crate::messaging::engine) fn kind_at_hand(&self, user: &User, cx: &EngineContext<'_>) -> Kind {
        let held = self.cache.contacts.get(&self.cache.canonical_user(user).key());
        held.and_then(|held| held.taken_as).unwrap_or_else(|| self.account_kind(cx))
    }

    /// Returns the kind of name that the account uses in its chats: that by LID, once it has moved to it and has one.
    pub(in crate::messaging::engine) fn account_kind(&self, cx: &EngineContext<'_>) -> Kind {
        if cx.account.lid_migrated && self.own.lid.is_some() { Kind::Lid } else { Kind::Pn }
    }
}
