//! The messages of a history whose secrets are kept: later votes, answers and edits are encrypted with them.

use std::fmt;

use crate::crypto::Secret;
use crate::messaging::content::wire::Fields;
use crate::messaging::content::{Body, Read, parse, web_message_info};
use crate::messaging::stanzas::incoming::is_bot;
use crate::stanza::Jid;

/// A poll, an event or a question to a bot.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretMessage {
    /// The author; `None` if this account is.
    pub author: Option<Jid>,
    /// The id of the message.
    pub id: String,
    /// Its secret.
    pub secret: Secret<32>,
    /// The options of a poll.
    pub options: Vec<String>,
    /// The number of options that may be chosen; 0 for any number.
    pub selectable: u32,
}

impl fmt::Debug for SecretMessage {
    /// Leaves out the secret and the options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretMessage").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Reads a `HistorySyncMsg`. `None` if nothing of it is kept. `chat` is the conversation, if that is known yet.
pub(super) fn secret_message(bytes: &[u8], chat: Option<&Jid>) -> Option<SecretMessage> {
    let info = Fields::of(bytes).filter(|field| field.number == 1).last()?.bytes()?;
    let stored = web_message_info(info)?;
    let content = parse(info.get(stored.message.clone())?).ok()?;
    let chat = chat.cloned().or(stored.key.chat)?;
    let (options, selectable) = lasting_options(&chat, &content)?;
    let secret = content.secret.or(stored.secret)?;
    let others = || stored.participant.or(stored.key.participant).unwrap_or(chat);
    let author = (!stored.key.from_me).then(others).map(|author| author.account());
    Some(SecretMessage { author, id: stored.key.id, secret, options, selectable })
}

/// Returns the options of a message whose secret is kept for good, and the number that may be chosen; none of it if it is no poll.
/// `None` if its secret is not: it is a poll, an event or a question to a bot that is answered later.
#[must_use]
pub fn lasting_options(chat: &Jid, content: &Read) -> Option<(Vec<String>, u32)> {
    match &content.body {
        Body::Poll(poll) => Some((poll.options.clone(), poll.selectable)),
        Body::Event(_) => Some((Vec::new(), 0)),
        _ => asks_bot(chat, content).then(|| (Vec::new(), 0)),
    }
}

/// Returns whether a message asks a bot for an answer.
fn asks_bot(chat: &Jid, content: &Read) -> bool {
    is_bot(chat) || content.flags.bot_invoke || content.context.mentions.iter().any(is_bot)
}
