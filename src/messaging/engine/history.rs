//! The account's history: whom the account knows, and the tokens, names, timers and secrets that go with them.

use super::core::{EngineCore, FollowUp};
use super::{EngineContext, Output};
use crate::messaging::address::{Kind, User};
use crate::messaging::history::{HistoryChat, HistoryItem, SecretMessage};
use crate::messaging::record_cache::{
    ContactRecord, MessageSecret, MissingRecords, RecordRequirements, authored_key,
};
use crate::stanza::Jid;

/// Longest token that is kept.
const LONGEST_TOKEN: usize = 1024;
/// Longest name that is kept, in bytes.
const LONGEST_NAME: usize = 256;

/// Takes what a part of the history says. Taking it twice changes nothing, and it may be older than what is known already.
pub(super) fn take(
    core: &mut EngineCore,
    items: &[HistoryItem],
    cx: &mut EngineContext<'_>,
) -> Result<(), MissingRecords> {
    let pairs: Vec<_> = items.iter().filter_map(names).collect();
    let people: Vec<_> = items.iter().filter_map(|item| person(core, item)).collect();
    let mut wants = RecordRequirements::default();
    wants.pairs(&core.cache, &pairs);
    people.iter().for_each(|person| wants.name(&core.cache, person));
    wants.met()?;
    core.cache.learn_all(&pairs);
    let mut wants = RecordRequirements::default();
    people.iter().for_each(|person| wants.contact(&core.cache, person));
    wants.met()?;
    for item in items {
        match item {
            HistoryItem::Chat(chat) => {
                if let Some(user) = person(core, item) {
                    take_chat(core, &user, chat, cx)?;
                }
            }
            HistoryItem::Secret(message) => take_secret(core, message),
            // They were learned above.
            HistoryItem::Names { .. } => {}
            HistoryItem::PushName { person, name } => take_push_name(core, person, name, cx)?,
            HistoryItem::NctSalt(salt) => change(core, &mut cx.account.nct_salt, salt),
            HistoryItem::CompanionNonce(nonce) => change(core, &mut cx.account.companion_nonce, nonce),
            HistoryItem::LidMigrated => change(core, &mut cx.account.lid_migrated, &true),
        }
    }
    Ok(())
}

/// Sets a value of the account, if it is another one.
fn change<T: PartialEq + Clone>(core: &mut EngineCore, held: &mut T, told: &T) {
    if held != told {
        held.clone_from(told);
        core.out.push(Output::AccountChanged);
    }
}

/// Returns the two names that an item tells of, if it does.
fn names(item: &HistoryItem) -> Option<(User, User)> {
    match item {
        HistoryItem::Names { pn, lid } => Some((User::of(pn)?, User::of(lid)?)),
        HistoryItem::Chat(chat) => {
            let id = || chat.id.as_ref().and_then(User::of);
            let of = |said: Option<&Jid>, kind| {
                said.and_then(User::of).or_else(id).filter(|user| user.kind == kind)
            };
            Some((of(chat.pn.as_ref(), Kind::Pn)?, of(chat.lid.as_ref(), Kind::Lid)?))
        }
        _ => None,
    }
}

/// Returns the person whose record an item changes, who is another than this account.
fn person(core: &EngineCore, item: &HistoryItem) -> Option<User> {
    let jid = match item {
        HistoryItem::Chat(chat) => chat.id.as_ref()?,
        HistoryItem::PushName { person, .. } => person,
        _ => return None,
    };
    User::of(jid).filter(|_| !core.own.is_account(jid))
}

fn take_chat(
    core: &mut EngineCore,
    user: &User,
    chat: &HistoryChat,
    cx: &EngineContext<'_>,
) -> Result<(), MissingRecords> {
    if chat.has_messages {
        core.follow_ups.push_back(FollowUp::Met(user.clone()));
    }
    if let Some(timer) = chat.timer {
        core.set_timer(user, timer, cx.unix_ms)?;
    }
    // A time that is yet to come counts as now, or no later token would ever count.
    let now_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
    let (issued_s, given_s) = (chat.token.issued_s.min(now_s), chat.token.given_s.min(now_s));
    if (1..=LONGEST_TOKEN).contains(&chat.token.token.len()) {
        core.take_token(user, &chat.token.token, issued_s);
    }
    let contact = core.contact(user)?.cloned().unwrap_or_default();
    if given_s > contact.given_s {
        let key = core.cache.canonical_user(user).key();
        core.cache.contacts.put(&key, ContactRecord { given_s, ..contact });
    }
    Ok(())
}

fn take_push_name(
    core: &mut EngineCore,
    person: &Jid,
    name: &str,
    cx: &mut EngineContext<'_>,
) -> Result<(), MissingRecords> {
    if name.len() > LONGEST_NAME {
        return Ok(());
    }
    if core.own.is_account(person) {
        if cx.account.push_name.is_none() {
            change(core, &mut cx.account.push_name, &Some(name.to_owned()));
        }
        return Ok(());
    }
    let Some(user) = User::of(person) else { return Ok(()) };
    let contact = core.contact(&user)?.cloned().unwrap_or_default();
    if contact.push_name != name {
        let key = core.cache.canonical_user(&user).key();
        core.cache.contacts.put(&key, ContactRecord { push_name: name.to_owned(), ..contact });
    }
    Ok(())
}

fn take_secret(core: &mut EngineCore, message: &SecretMessage) {
    let author = match &message.author {
        Some(author) => User::of(author),
        None => core.own_user(Kind::Lid),
    };
    let Some(author) = author else { return };
    let secret = MessageSecret {
        secret: message.secret.clone(),
        options: message.options.clone(),
        selectable: message.selectable,
    };
    core.cache.secrets.put(&authored_key(&author, &message.id), secret);
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
