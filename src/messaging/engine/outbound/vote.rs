//! A vote in a poll.

use super::outbox::Vote;
use crate::messaging::address::{Kind, User};
use crate::messaging::content::{self, MessageRef, Sealing};
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::{EngineContext, SendFailure};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable, authored_key};
use crate::stanza::{Jid, Server};

/// Makes a vote of our own in a poll that we know.
pub(super) fn make_vote(
    core: &mut EngineCore,
    vote: &Vote,
    chat: &Jid,
    cx: &mut EngineContext<'_>,
) -> Result<Result<content::Outgoing, SendFailure>, MissingRecords> {
    let own = core.own_user(Kind::Lid);
    let named = vote
        .author
        .as_ref()
        .map(|author| if core.own.is_account(author) { own.clone() } else { User::of(author) });
    // In a chat of two, a poll of which no author is named is ours or theirs.
    let authors = match named {
        Some(author) => [author, None],
        None => [own.clone(), User::of(chat)],
    };
    let mut wants = RecordRequirements::default();
    authors.iter().flatten().for_each(|author| wants.name(&core.cache, author));
    if chat.server == Server::Group {
        wants.record(&core.cache, RecordTable::Groups, chat.to_string());
    } else if let Some(user) = User::of(chat) {
        wants.name(&core.cache, &user);
    }
    wants.met()?;
    let authors: Vec<User> =
        authors.iter().flatten().map(|author| core.cache.canonical_user(author)).collect();
    let mut wants = RecordRequirements::default();
    for author in &authors {
        wants.record(&core.cache, RecordTable::Secrets, authored_key(author, &vote.poll));
    }
    wants.met()?;
    let known = authors.into_iter().find_map(|author| {
        let held = core.cache.secrets.get(&authored_key(&author, &vote.poll))?;
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
    let chat_name = core.name_in(chat, chat, cx)?;
    let kind = core.names_in(chat, cx);
    let by = |user: &User| if user.kind == kind { Some(user.clone()) } else { core.cache.user_alias(user) };
    let is_own = own.as_ref().is_some_and(|own| *own == author);
    let author = if is_own { core.own_user(kind) } else { by(&author).or(Some(author)) };
    let (Some(author), Some(sender)) = (author, core.own_user(kind)) else {
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
