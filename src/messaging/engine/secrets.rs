//! Votes and the like: what is encrypted with the secret of the message it belongs to.

use super::{Engine, Output, Received, Told};
use crate::messaging::address::{Kind, User};
use crate::messaging::content::{self, Body, Key, Sealing};
use crate::messaging::desk::{MessageSecret, Missing, Shelf, Wants, authored_key};

impl Engine {
    /// A message of our own that can be voted on or answered: its secret is kept.
    pub(super) fn keep_own_secret(&mut self, id: &str, content: &content::Outgoing) {
        if !matches!(content.shape.stanza_type, "poll" | "event") {
            return;
        }
        let secret = content::read(&content.message).ok().and_then(|read| read.secret);
        if let (Some(secret), Some(own)) = (secret, self.own_user(Kind::Lid)) {
            let key = authored_key(&own, id);
            self.desk.secrets.put(&key, MessageSecret(secret));
        }
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
        received.opened = self.open_sealed(&received);
        self.out.push(Output::Event(Told::Message(received)));
    }

    fn open_sealed(&self, received: &Received) -> Option<content::Opened> {
        let Body::Sealed(sealed) = &received.content.body else { return None };
        let (target, author) = self.target(received)?;
        let author = self.desk.canonical_user(&author);
        let key = authored_key(&author, &target.id);
        let secret = &self.desk.secrets.get(&key)?.0;
        let sender = self.desk.canonical_user(&User::of(&received.sender)?);
        // The names that went into the key are not told. In most chats both are LIDs, else both are phone numbers.
        let by_pn = |user: &User| self.desk.other_name(user).unwrap_or_else(|| user.clone());
        [(author.clone(), sender.clone()), (by_pn(&author), by_pn(&sender))].iter().find_map(
            |(author, sender)| sealed.open(&Sealing { secret, author: &author.jid(), sender: &sender.jid() }),
        )
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
