//! Votes and the like: what is encrypted with the secret of the message it belongs to.

use super::bots::asks_bot;
use super::sending::Vote;
use super::{Cx, Engine, Output, Received, SendFailure, Told};
use crate::messaging::address::{Kind, User};
use crate::messaging::content::{self, Body, Key, Read, Sealing};
use crate::messaging::desk::{MessageSecret, Missing, Shelf, Wants, authored_key};
use crate::messaging::stanzas::incoming::is_bot;
use crate::stanza::{Jid, Server};

impl Engine {
    /// A message of our own that can be voted on or answered: its secret is kept.
    pub(super) fn keep_own_secret(&mut self, id: &str, chat: &Jid, content: &content::Outgoing) {
        if !matches!(content.shape.stanza_type, "poll" | "event") && !is_bot(chat) {
            return;
        }
        let Ok(read) = content::read(&content.message) else { return };
        if let Some(own) = self.own_user(Kind::Lid) {
            self.keep_secret(&own, id, chat, &read);
        }
    }

    /// What can be voted on or answered later is answered under its secret.
    pub(super) fn keep_secret(&mut self, author: &User, id: &str, chat: &Jid, read: &Read) {
        let (options, selectable) = match &read.body {
            Body::Poll(poll) => (poll.options.clone(), poll.selectable),
            Body::Event(_) => (Vec::new(), 0),
            _ if asks_bot(chat, read) => (Vec::new(), 0),
            _ => return,
        };
        if let Some(secret) = &read.secret {
            let kept = MessageSecret { secret: secret.clone(), options, selectable };
            self.desk.secrets.put(&authored_key(author, id), kept);
        }
    }

    /// Makes a vote of our own in a poll that we know.
    pub(super) fn make_vote(
        &mut self,
        vote: &Vote,
        chat: &Jid,
        cx: &mut Cx<'_>,
    ) -> Result<Result<content::Outgoing, SendFailure>, Missing> {
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
        let mut wants = Wants::default();
        authors.iter().flatten().for_each(|author| wants.name(&self.desk, author));
        if chat.server == Server::Group {
            wants.record(&self.desk, Shelf::Groups, chat.to_string());
        } else if let Some(user) = User::of(chat) {
            wants.name(&self.desk, &user);
        }
        wants.met()?;
        let authors: Vec<User> =
            authors.iter().flatten().map(|author| self.desk.canonical_user(author)).collect();
        let mut wants = Wants::default();
        for author in &authors {
            wants.record(&self.desk, Shelf::Secrets, authored_key(author, &vote.poll));
        }
        wants.met()?;
        let known = authors.into_iter().find_map(|author| {
            let held = self.desk.secrets.get(&authored_key(&author, &vote.poll))?;
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
        let kind = self.names_in(chat, cx);
        let by =
            |user: &User| if user.kind == kind { Some(user.clone()) } else { self.desk.other_name(user) };
        let is_own = own.as_ref().is_some_and(|own| *own == author);
        let author = if is_own { self.own_user(kind) } else { by(&author).or(Some(author)) };
        let (Some(author), Some(sender)) = (author, self.own_user(kind)) else {
            return Ok(Err(SendFailure::WrongChat));
        };
        let in_group = chat.server == Server::Group;
        let key = Key {
            chat: Some(chat.clone()),
            from_me: is_own,
            id: vote.poll.to_string(),
            participant: (in_group && !is_own).then(|| author.jid()),
        };
        let sealing = Sealing { secret: &poll.secret, author: &author.jid(), sender: &sender.jid() };
        let made = content::Outgoing::vote(&key, &vote.chosen, &sealing, cx.unix_ms, cx.rng);
        Ok(made.map_err(|_| SendFailure::NoOption))
    }

    /// How people are named in what is sent to a chat. What that takes is at hand.
    fn names_in(&self, chat: &Jid, cx: &Cx<'_>) -> Kind {
        let by_lid = if chat.server == Server::Group {
            self.desk.groups.get(chat.to_string().as_bytes()).is_none_or(|group| group.by_lid)
        } else {
            let user = User::of(chat).map(|user| self.desk.canonical_user(&user));
            cx.account.lid_migrated && user.is_some_and(|user| user.kind == Kind::Lid)
        };
        if by_lid { Kind::Lid } else { Kind::Pn }
    }

    /// What it takes to open what is sealed in a message.
    pub(super) fn want_secret(&mut self, received: &Received) -> Result<(), Missing> {
        let Some((target, author)) = self.target(received) else { return Ok(()) };
        let mut wants = Wants::default();
        wants.name(&self.desk, &author);
        if let Some(sender) = User::of(&received.sender) {
            wants.name(&self.desk, &sender);
        }
        wants.met()?;
        let author = self.desk.canonical_user(&author);
        let mut wants = Wants::default();
        wants.record(&self.desk, Shelf::Secrets, authored_key(&author, &target.id));
        wants.met()
    }

    /// Opens what is sealed, if the secret is known, and tells the host either way.
    pub(super) fn tell_sealed(&mut self, mut received: Box<Received>) {
        if let Some((opened, options)) = self.open_sealed(&received) {
            if let content::Opened::Vote(hashes) = &opened {
                let is_chosen = |option: &String| hashes.contains(&content::option_hash(option));
                received.chosen = options.into_iter().filter(is_chosen).collect();
            }
            received.opened = Some(opened);
        }
        self.out.push(Output::Event(Told::Message(received)));
    }

    /// What is sealed, and what could be chosen.
    fn open_sealed(&self, received: &Received) -> Option<(content::Opened, Vec<String>)> {
        let Body::Sealed(sealed) = &received.content.body else { return None };
        let (target, author) = self.target(received)?;
        let author = self.desk.canonical_user(&author);
        let key = authored_key(&author, &target.id);
        let held = self.desk.secrets.get(&key)?;
        let secret = &held.secret;
        let sender = self.desk.canonical_user(&User::of(&received.sender)?);
        // The names that went into the key are not told. In most chats both are LIDs, else both are phone numbers.
        let by_pn = |user: &User| self.desk.other_name(user).unwrap_or_else(|| user.clone());
        let opened = [(author.clone(), sender.clone()), (by_pn(&author), by_pn(&sender))].iter().find_map(
            |(author, sender)| sealed.open(&Sealing { secret, author: &author.jid(), sender: &sender.jid() }),
        )?;
        Some((opened, held.options.clone()))
    }

    /// The message that something is sealed for, and who wrote that.
    fn target(&self, received: &Received) -> Option<(Key, User)> {
        let Body::Sealed(sealed) = &received.content.body else { return None };
        let target = sealed.target.clone();
        let author = match (&target.participant, target.from_me) {
            // Said by the one who seals.
            (_, true) => User::of(&received.sender)?,
            (Some(participant), false) => User::of(participant)?,
            (None, false) if received.from_me => User::of(&received.chat)?,
            (None, false) => self.own_user(Kind::Lid)?,
        };
        Some((target, author))
    }
}
