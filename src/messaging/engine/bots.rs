//! What bots answer. It is encrypted with the secret of the message that they were asked with, whichever device of the account
//! sent that.

use super::inbound_content::{Arrived, is_for_hosts};
use super::{Engine, EngineContext, Output};
use crate::messaging::address::{Kind, User};
use crate::messaging::content::{self, Body, Read};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable, authored_key};
use crate::messaging::stanzas::acks::{self, Nack};
use crate::messaging::stanzas::incoming::{Enc, IncomingMessage, is_bot};
use crate::stanza::{Jid, Server};

impl Engine {
    /// A bot answers.
    pub(super) fn bot_answers(
        &mut self,
        message: &IncomingMessage<'_>,
        enc: &Enc<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let (asked, asker) = self.asked_bot(message);
        let user = asker.as_ref().and_then(User::of);
        let mut wants = RecordRequirements::default();
        user.iter().for_each(|user| wants.name(&self.cache, user));
        wants.met()?;
        let key = user.map(|user| authored_key(&self.cache.canonical_user(&user), asked));
        let mut wants = RecordRequirements::default();
        key.iter().for_each(|key| wants.record(&self.cache, RecordTable::Secrets, key.as_slice()));
        wants.met()?;
        let opened = asker.zip(key).and_then(|(asker, key)| self.open_answer(message, enc, &asker, &key));
        let nack = match opened.as_deref().map(content::parse) {
            Some(Ok(read)) => {
                self.show_answer(message, read, opened.unwrap_or_default(), cx);
                return Ok(());
            }
            Some(Err(_)) => Nack::InvalidProtobuf,
            None => Nack::MissingMessageSecret,
        };
        self.out.extend(acks::nack(&message.node(), &self.own, nack).map(Output::Send));
        self.out.push(Output::Log(format!("an answer of a bot was refused: {nack:?}")));
        Ok(())
    }

    /// The message that a bot was asked with, and who sent it.
    fn asked_bot<'a>(&self, message: &IncomingMessage<'a>) -> (&'a str, Option<Jid>) {
        let meta = message.meta();
        let by_lid = message.origin.sender.server == Server::Bot;
        let own = || self.own_user(if by_lid { Kind::Lid } else { Kind::Pn }).map(|own| own.jid());
        (meta.target_id.unwrap_or_default(), meta.target_sender.map(|jid| jid.account()).or_else(own))
    }

    fn open_answer(
        &self,
        message: &IncomingMessage<'_>,
        enc: &Enc<'_>,
        asker: &Jid,
        key: &[u8],
    ) -> Option<Vec<u8>> {
        let secret = &self.cache.secrets.get(key)?.secret;
        let open =
            |id| content::open_bot_reply(enc.bytes, secret, id, asker, &message.origin.sender.account());
        // A part of an answer is encrypted under the id of the first, or, at times, its own.
        open(message.bot_reply_id()).or_else(|| open(message.id))
    }

    fn show_answer(
        &mut self,
        message: &IncomingMessage<'_>,
        read: Read,
        bytes: Vec<u8>,
        cx: &EngineContext<'_>,
    ) {
        let arrived = Arrived { opened: true, ..Arrived::default() };
        let arrivals = arrived.answers(message, self.settings.available);
        let receipts: Vec<_> = arrivals.map(|arrival| Output::Send(message.receipt(arrival))).collect();
        let is_shown = match &read.body {
            Body::Nothing => false,
            Body::Protocol(protocol) => is_for_hosts(protocol),
            _ => read.device_sent.is_none(),
        };
        if is_shown {
            let received = self.received(message, read, bytes, false, cx);
            // Bots have names of a kind of their own.
            let name = received.sender.to_string().into();
            self.show(received, &User { kind: Kind::Pn, name });
        }
        self.out.extend(receipts);
    }
}

/// Whether a message asks a bot for an answer.
pub(super) fn asks_bot(chat: &Jid, read: &Read) -> bool {
    is_bot(chat) || read.flags.bot_invoke || read.context.mentions.iter().any(is_bot)
}
