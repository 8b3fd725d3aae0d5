//! Read receipts: who is told that the user has read messages.

use serde_json::json;

use crate::api::{Error, Status};
use crate::client::session::core::SessionCore;
use crate::client::session::handled::Handled;
use crate::client::session::state::{ReadMessages, Waiter};
use crate::messaging::stanzas::privacy;
use crate::messaging::stanzas::receipts::{ReadKind, Receipt};
use crate::stanza::{Jid, NodeRef, Text};

/// The account's setting of read receipts.
#[derive(Debug, Default)]
pub(in crate::client::session) struct ReadReceipts {
    /// Set once it is known whether others are told that their messages were read. Asked for when it matters.
    are_told: Option<bool>,
}

impl ReadReceipts {
    /// Takes the setting from an answer or a notification, if it is in there.
    pub(in crate::client::session) fn learn(&mut self, node: NodeRef<'_>) {
        self.are_told = privacy::tells_reading(node).or(self.are_told);
    }

    /// Forgets the setting: it may have changed.
    pub(in crate::client::session) fn forget(&mut self) {
        self.are_told = None;
    }

    /// The user has read messages. If the account tells nobody, only its own devices hear of it, and what was told cannot be
    /// taken back; so that is asked first, once. A login does not ask: most sessions never send.
    pub(in crate::client::session) fn mark_read(
        &mut self,
        core: &mut SessionCore,
        request: u64,
        chat: &Jid,
        sender: Option<&Jid>,
        ids: &[Text],
    ) -> Handled {
        let named = core.with_engine(|engine, cx| {
            if let Some(sender) = sender {
                if engine.core.is_own(sender) {
                    return Ok(Err("an own message is not marked as read: name the sender of one that came"));
                }
                if !engine.core.may_be_of(chat, sender)? {
                    return Ok(Err("the sender is not the person of this chat: leave `sender` out"));
                }
            }
            let chat = engine.core.wire_name(chat, cx)?;
            let sender = sender.map(|sender| engine.core.name_in(&chat, sender, cx)).transpose()?;
            Ok(Ok((chat, sender)))
        })?;
        let (chat, sender) = match named {
            Some(Ok(named)) => named,
            Some(Err(text)) => {
                core.answer(request, Err(Error::new(Status::INVALID_PARAMETER, text).with_key("sender")));
                return Ok(());
            }
            None => {
                core.answer(request, Err(Status::NOT_LINKED.into()));
                return Ok(());
            }
        };
        let read = ReadMessages { chat, sender, ids: ids.to_vec() };
        if self.are_told.is_some() {
            self.tell(core, request, &read);
            return Ok(());
        }
        let asked = core.phase.online().and_then(|online| {
            online.pending.find_mut(|waiter| match waiter {
                Waiter::Privacy(waiting) => Some(waiting),
                _ => None,
            })
        });
        if let Some(waiting) = asked {
            waiting.push((request, read));
            return Ok(());
        }
        let waiter = Waiter::Privacy(vec![(request, read)]);
        core.query(privacy::fetch(), waiter, core.settings.iq_timeout);
        Ok(())
    }

    /// Tells of it, as the settings say. If nothing is known of them, as most accounts have it.
    pub(in crate::client::session) fn tell(&self, core: &mut SessionCore, request: u64, read: &ReadMessages) {
        let kind = if self.are_told == Some(false) { ReadKind::ReadSelf } else { ReadKind::Read };
        let seconds = core.server_ms().div_euclid(1000).cast_unsigned();
        let sender = read.sender.as_ref().unwrap_or(&read.chat);
        for node in Receipt::read(kind, &read.chat, sender, None, seconds).about_all(&read.ids) {
            core.work.send(node);
        }
        core.work.answer(request, Ok(json!({})));
    }
}
