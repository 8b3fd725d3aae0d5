//! Votes, edits and reactions that are encrypted with the secret of the message they belong to.

use super::addons::author;
use crate::messaging::address::{Kind, User};
use crate::messaging::content::{self, Body, Sealed, Sealing};
use crate::messaging::engine::InboundMessage;
use crate::messaging::engine::core::EngineCore;
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable, authored_key};

/// Returns once the secrets that may open a sealed message are in the cache. The names of both people are there.
pub(super) fn want_secret(core: &EngineCore, received: &InboundMessage) -> Result<(), MissingRecords> {
    let Some((id, author)) = sealed_for(core, received) else { return Ok(()) };
    let mut wants = RecordRequirements::default();
    for name in core.both_names(&author) {
        for table in [RecordTable::Secrets, RecordTable::EvenSecrets, RecordTable::OddSecrets] {
            wants.record(&core.cache, table, authored_key(&name, id));
        }
    }
    wants.met()
}

/// Opens what is sealed in a message, if the secret is known: a reaction, an edit or a comment becomes what it is in the open.
pub(super) fn open_sealed(core: &EngineCore, received: &mut InboundMessage) {
    let Some((sealed, opened, options)) = opened(core, received) else { return };
    if let content::AddonContent::Vote(hashes) = &opened {
        // Also more of them than the poll allows: WhatsApp Web counts each option of a vote.
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

/// Returns what is sealed, opened, and what could be chosen.
fn opened(
    core: &EngineCore,
    received: &InboundMessage,
) -> Option<(Sealed, content::AddonContent, Vec<String>)> {
    let Body::Sealed(sealed) = &received.content.body else { return None };
    let (id, author) = sealed_for(core, received)?;
    let held = core.both_names(&author).find_map(|name| core.secret_of(&authored_key(&name, id)))?;
    let secret = &held.secret;
    let sender = core.cache.canonical_user(&User::of(&received.info.sender)?);
    // The names that went into the key are not told. In most chats both are LIDs, else both are phone numbers, but a client
    // may know the one by LID and the other by phone number only.
    let opened = core.both_names(&author).find_map(|author| {
        core.both_names(&sender)
            .find_map(|sender| sealed.open(&Sealing { secret, author: &author.jid(), sender: &sender.jid() }))
    })?;
    Some((Sealed::clone(sealed), opened, held.options.clone()))
}

/// Returns the message that something is sealed for: its id, and who wrote it. Where nobody is named it is taken to be ours.
fn sealed_for<'a>(core: &EngineCore, received: &'a InboundMessage) -> Option<(&'a str, User)> {
    let Body::Sealed(sealed) = &received.content.body else { return None };
    let author = match author(core, &sealed.target, received) {
        Some(author) => User::of(&author)?,
        None => core.own_user(Kind::Lid)?,
    };
    Some((&sealed.target.id, core.cache.canonical_user(&author)))
}
