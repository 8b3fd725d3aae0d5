//! Votes and the like: what is encrypted with the secret of the message it belongs to.

use super::about::is_about;
use super::bots::asks_bot;
use super::outbox::Vote;
use super::{Engine, EngineContext, InboundMessage, Job, SendFailure};
use crate::crypto::Secret;
use crate::messaging::address::{Kind, User};
use crate::messaging::content::{self, Body, MessageRef, Read, Sealed, Sealing};
use crate::messaging::record_cache::{
    MessageSecret, MissingRecords, RecentSecret, RecordRequirements, RecordTable, StoredRecord, Table,
    authored_key,
};
use crate::stanza::{Jid, Server};
use crate::store::{Batch, Space};

/// Secrets of messages that are no polls are kept for this time, and for twice this time at most. Official clients keep them for
/// 30 days.
const PERIOD_MS: i64 = 30 * 24 * 3_600_000;

impl Engine {
    /// Keeps the secret of a message of our own.
    pub(super) fn keep_own_secret(
        &mut self,
        id: &str,
        chat: &Jid,
        content: &content::Outgoing,
        unix_ms: i64,
    ) {
        if content.shape.edit.is_some() || content.shape.stanza_type == "reaction" {
            return;
        }
        let Ok(read) = content::parse(&content.message) else { return };
        if let Some(own) = self.own_user(Kind::Lid) {
            self.keep_secret(&own, id, chat, &read, unix_ms);
        }
    }

    /// Keeps the secret of a message: for good if it can be voted on or asks a bot, for some time if it is any other that may be
    /// edited or reacted to in the sealed form.
    pub(super) fn keep_secret(&mut self, author: &User, id: &str, chat: &Jid, read: &Read, unix_ms: i64) {
        let Some(secret) = read.secret.clone().filter(|_| !is_about(&read.body)) else { return };
        let (options, selectable) = match &read.body {
            Body::Poll(poll) => (poll.options.clone(), poll.selectable),
            Body::Event(_) => (Vec::new(), 0),
            _ if asks_bot(chat, read) => (Vec::new(), 0),
            _ => {
                self.jobs.push_back(Job::Secret { author: author.clone(), id: id.into(), secret, unix_ms });
                return;
            }
        };
        self.cache.secrets.put(&authored_key(author, id), MessageSecret { secret, options, selectable });
    }

    /// Keeps a secret for some time, counted from `unix_ms`, which is not later than `now_ms`: whoever sets the time of a message
    /// must not be able to end the periods before their time.
    pub(super) fn keep_recent(
        &mut self,
        author: &User,
        id: &str,
        secret: &Secret<32>,
        unix_ms: i64,
        now_ms: i64,
    ) -> Result<(), MissingRecords> {
        let mut wants = RecordRequirements::default();
        wants.record(&self.cache, RecordTable::SecretPeriods, Vec::new());
        wants.met()?;
        let period_of = |unix_ms: i64| unix_ms.div_euclid(PERIOD_MS).max(1).unsigned_abs();
        let (period, current) = (period_of(unix_ms.min(now_ms)), period_of(now_ms));
        let is_odd = period % 2 == 1;
        let mut held = self.cache.secret_periods.get(&[]).copied().unwrap_or_default();
        let (space, kept) =
            if is_odd { (Space::SecretOdd, &mut held.odd) } else { (Space::SecretEven, &mut held.even) };
        // A period that is yet to come was noted by a clock that was ahead: nothing is known to be old.
        let was_ahead = *kept > current;
        if *kept > period && !was_ahead {
            return Ok(());
        }
        if *kept != period {
            *kept = period;
            if !was_ahead {
                self.written.delete_space(space);
            }
            self.cache.secret_periods.put(&[], held);
        }
        let key = authored_key(author, id);
        let secret = MessageSecret { secret: secret.clone(), options: Vec::new(), selectable: 0 };
        // Few of them are ever looked up: they need not be at hand.
        if is_odd {
            put(&mut self.cache.odd_secrets, &mut self.written, &key, RecentSecret(secret));
        } else {
            put(&mut self.cache.even_secrets, &mut self.written, &key, RecentSecret(secret));
        }
        Ok(())
    }

    /// Makes a vote of our own in a poll that we know.
    pub(super) fn make_vote(
        &mut self,
        vote: &Vote,
        chat: &Jid,
        cx: &mut EngineContext<'_>,
    ) -> Result<Result<content::Outgoing, SendFailure>, MissingRecords> {
        let own = self.own_user(Kind::Lid);
        let named = vote
            .author
            .as_ref()
            .map(|author| if self.own.is_account(author) { own.clone() } else { User::of(author) });
        // In a chat of two, a poll of which no author is named is ours or theirs.
        let authors = match named {
            Some(author) => [author, None],
            None => [own.clone(), User::of(chat)],
        };
        let mut wants = RecordRequirements::default();
        authors.iter().flatten().for_each(|author| wants.name(&self.cache, author));
        if chat.server == Server::Group {
            wants.record(&self.cache, RecordTable::Groups, chat.to_string());
        } else if let Some(user) = User::of(chat) {
            wants.name(&self.cache, &user);
        }
        wants.met()?;
        let authors: Vec<User> =
            authors.iter().flatten().map(|author| self.cache.canonical_user(author)).collect();
        let mut wants = RecordRequirements::default();
        for author in &authors {
            wants.record(&self.cache, RecordTable::Secrets, authored_key(author, &vote.poll));
        }
        wants.met()?;
        let known = authors.into_iter().find_map(|author| {
            let held = self.cache.secrets.get(&authored_key(&author, &vote.poll))?;
            (!held.options.is_empty()).then(|| (author, held.clone()))
        });
        let Some((author, poll)) = known else { return Ok(Err(SendFailure::NoPoll)) };
        if !vote.chosen.iter().all(|chosen| poll.options.contains(chosen)) {
            return Ok(Err(SendFailure::NoOption));
        }
        let most = usize::try_from(poll.selectable).unwrap_or(usize::MAX);
        if poll.selectable != 0 && vote.chosen.len() > most {
            return Ok(Err(SendFailure::TooManyOptions(poll.selectable)));
        }
        let chat_name = self.name_in(chat, chat, cx)?;
        let kind = self.names_in(chat, cx);
        let by =
            |user: &User| if user.kind == kind { Some(user.clone()) } else { self.cache.user_alias(user) };
        let is_own = own.as_ref().is_some_and(|own| *own == author);
        let author = if is_own { self.own_user(kind) } else { by(&author).or(Some(author)) };
        let (Some(author), Some(sender)) = (author, self.own_user(kind)) else {
            return Ok(Err(SendFailure::WrongChat));
        };
        let in_group = chat.server == Server::Group;
        let key = MessageRef {
            chat: Some(chat_name),
            from_me: is_own,
            id: vote.poll.to_string(),
            participant: (in_group && !is_own).then(|| author.jid()),
        };
        let sealing = Sealing { secret: &poll.secret, author: &author.jid(), sender: &sender.jid() };
        let made = content::Outgoing::vote(&key, &vote.chosen, &sealing, cx.unix_ms, cx.rng);
        Ok(made.map_err(|_| SendFailure::NoOption))
    }

    /// How people are named in what is sent to a chat. What that takes is at hand.
    pub(super) fn names_in(&self, chat: &Jid, cx: &EngineContext<'_>) -> Kind {
        let by_lid = if chat.server == Server::Group {
            self.cache.groups.get(chat.to_string().as_bytes()).is_none_or(|group| group.by_lid)
        } else {
            let named = |user: User| self.user_as(&user, self.kind_at_hand(&user, cx)).kind;
            User::of(chat).map_or_else(|| self.account_kind(cx), named) == Kind::Lid
        };
        if by_lid { Kind::Lid } else { Kind::Pn }
    }

    /// What it takes to open what is sealed in a message. The names of both people are at hand.
    pub(super) fn want_secret(&mut self, received: &InboundMessage) -> Result<(), MissingRecords> {
        let Some((id, author)) = self.sealed_for(received) else { return Ok(()) };
        let mut wants = RecordRequirements::default();
        for name in self.both_names(&author) {
            for shelf in [RecordTable::Secrets, RecordTable::EvenSecrets, RecordTable::OddSecrets] {
                wants.record(&self.cache, shelf, authored_key(&name, id));
            }
        }
        wants.met()
    }

    /// Opens what is sealed in a message, if the secret is known: a reaction, an edit or a comment becomes what it is in the open.
    pub(super) fn open_sealed(&self, received: &mut InboundMessage) {
        let Some((sealed, opened, options)) = self.opened(received) else { return };
        if let content::AddonContent::Vote(hashes) = &opened {
            let is_chosen = |option: &String| hashes.contains(&content::option_hash(option));
            received.chosen = options.into_iter().filter(is_chosen).collect();
        }
        if let Some(unsealed) = sealed.unsealed(opened.clone()) {
            received.content.kind = unsealed.kind;
            received.content.body = unsealed.body;
            received.bytes = unsealed.message;
        } else {
            received.opened = Some(opened);
        }
    }

    /// What is sealed, opened, and what could be chosen.
    fn opened(&self, received: &InboundMessage) -> Option<(Sealed, content::AddonContent, Vec<String>)> {
        let Body::Sealed(sealed) = &received.content.body else { return None };
        let (id, author) = self.sealed_for(received)?;
        let held = self.both_names(&author).find_map(|name| self.secret_of(&authored_key(&name, id)))?;
        let secret = &held.secret;
        let sender = self.cache.canonical_user(&User::of(&received.sender)?);
        // The names that went into the key are not told. In most chats both are LIDs, else both are phone numbers, but a client
        // may know the one by LID and the other by phone number only.
        let opened = self.both_names(&author).find_map(|author| {
            self.both_names(&sender).find_map(|sender| {
                sealed.open(&Sealing { secret, author: &author.jid(), sender: &sender.jid() })
            })
        })?;
        Some((Sealed::clone(sealed), opened, held.options.clone()))
    }

    fn secret_of(&self, key: &[u8]) -> Option<&MessageSecret> {
        let even = || self.cache.even_secrets.get(key).map(|recent| &recent.0);
        let odd = || self.cache.odd_secrets.get(key).map(|recent| &recent.0);
        self.cache.secrets.get(key).or_else(even).or_else(odd)
    }

    /// A user by LID, and by phone number: a secret may have been kept before the LID was known.
    fn both_names(&self, user: &User) -> impl Iterator<Item = User> + use<> {
        [Some(user.clone()), self.cache.user_alias(user)].into_iter().flatten()
    }

    /// The message that something is sealed for: its id, and who wrote it. Where nobody is named it is taken to be ours.
    fn sealed_for<'a>(&self, received: &'a InboundMessage) -> Option<(&'a str, User)> {
        let Body::Sealed(sealed) = &received.content.body else { return None };
        let author = match self.author(&sealed.target, received) {
            Some(author) => User::of(&author)?,
            None => self.own_user(Kind::Lid)?,
        };
        Some((&sealed.target.id, self.cache.canonical_user(&author)))
    }
}

/// Puts a record into the store, and past the cache unless the cache knows about its key.
fn put<R: StoredRecord>(table: &mut Table<R>, written: &mut Batch, key: &[u8], mut record: R) {
    if table.is_cached(key) {
        table.put(key, record);
    } else {
        record.save(key, written);
    }
}
