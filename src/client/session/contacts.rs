//! What is asked of the server for the host: which numbers are on WhatsApp, and who is to know what was read.

use serde_json::json;

use super::super::status_mapping::IqError;
use super::Session;
use super::dispatch::Handled;
use super::state::{ReadMessages, Waiter};
use crate::api::Status;
use crate::messaging::stanzas::receipts::{ReadKind, Receipt};
use crate::messaging::stanzas::{contact_lookup, privacy};
use crate::stanza::{Jid, NodeRef, Text};

impl Session {
    /// The host asks which numbers are on WhatsApp.
    pub(super) fn check_numbers(&mut self, request: u64, wanted: &[String]) {
        if !self.is_ready() {
            return self.answer(request, Err(Status::NOT_CONNECTED.into()));
        }
        let node = contact_lookup::query(wanted.iter().map(String::as_str), self.ids.next());
        let waiter = Waiter::Numbers { request, numbers: wanted.to_vec() };
        self.query(node, waiter, self.settings.iq_timeout);
    }

    pub(super) fn numbers_answered(
        &mut self,
        request: u64,
        wanted: &[String],
        node: NodeRef<'_>,
        error: Option<&IqError>,
    ) -> Handled {
        if let Some(error) = error {
            self.answer(request, Err(error.to_error()));
            return Ok(());
        }
        let answers: Vec<_> = contact_lookup::answers(node).collect();
        let contacts: Vec<_> = wanted
            .iter()
            .map(|number| {
                let found = answers.iter().find(|answer| answer.number == number && answer.is_registered);
                let pair = found.and_then(|answer| answer.pair.as_ref());
                let jid = pair.map(|pair| &pair.pn).or(found.and_then(|answer| answer.jid.as_ref()));
                json!({
                    "number": number,
                    "registered": found.is_some(),
                    "jid": jid.map(ToString::to_string),
                    "lid": pair.map(|pair| pair.lid.to_string()),
                })
            })
            .collect();
        self.with_engine(|engine, _| {
            engine.names_came(answers.iter().filter_map(|answer| answer.pair.as_ref()));
            Ok(())
        })?;
        self.answer(request, Ok(json!({ "contacts": contacts })));
        Ok(())
    }

    /// The user has read messages. If the account tells nobody, only its own devices hear of it, and what was told cannot be
    /// taken back; so that is asked first, once. A login does not ask: most sessions never send.
    pub(super) fn mark_read(
        &mut self,
        request: u64,
        chat: &Jid,
        sender: Option<&Jid>,
        ids: &[Text],
    ) -> Handled {
        let named = match self.is_ready() {
            true => self.with_engine(|engine, cx| {
                let chat = engine.wire_name(chat, cx)?;
                let sender = sender.map(|sender| engine.name_in(&chat, sender, cx)).transpose()?;
                Ok((chat, sender))
            })?,
            false => None,
        };
        let Some((chat, sender)) = named else {
            self.answer(request, Err(Status::NOT_CONNECTED.into()));
            return Ok(());
        };
        let read = ReadMessages { chat, sender, ids: ids.to_vec() };
        if self.tells_reading.is_some() {
            self.tell_read(request, &read);
            return Ok(());
        }
        let asked = self.phase.online().and_then(|online| {
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
        self.query(privacy::fetch(), waiter, self.settings.iq_timeout);
        Ok(())
    }

    /// Tells of it, as the settings say. If nothing is known of them, as most accounts have it.
    pub(super) fn tell_read(&mut self, request: u64, read: &ReadMessages) {
        let kind = if self.tells_reading == Some(false) { ReadKind::ReadSelf } else { ReadKind::Read };
        let seconds = self.server_ms().div_euclid(1000).cast_unsigned();
        let sender = read.sender.as_ref().unwrap_or(&read.chat);
        for node in Receipt::read(kind, &read.chat, sender, None, seconds).about_all(&read.ids) {
            self.work.send(node);
        }
        self.work.answer(request, Ok(json!({})));
    }
}
