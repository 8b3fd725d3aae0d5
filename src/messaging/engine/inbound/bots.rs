//! The answers of bots. Each is encrypted with the secret of the message that they were asked with, whichever device of the account
//! sent that.

use super::Inbound;
use super::content::{Arrived, is_for_hosts};
use crate::messaging::address::{Kind, User};
use crate::messaging::content::{self, Body, Read};
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::{EngineContext, Output};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable, authored_key};
use crate::messaging::stanzas::acks::{self, Nack};
use crate::messaging::stanzas::incoming::{Enc, IncomingMessage};
use crate::stanza::{Jid, Server};

impl Inbound {
    /// Handles the answer of a bot.
    pub(super) fn bot_answers(
        &mut self,
        core: &mut EngineCore,
        message: &IncomingMessage<'_>,
        enc: &Enc<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let (asked, asker) = asked_bot(core, message);
        let user = asker.as_ref().and_then(User::of);
        let mut wants = RecordRequirements::default();
        user.iter().for_each(|user| wants.name(&core.cache, user));
        wants.met()?;
        let key = user.map(|user| authored_key(&core.cache.canonical_user(&user), asked));
        let mut wants = RecordRequirements::default();
        key.iter().for_each(|key| wants.record(&core.cache, RecordTable::Secrets, key.as_slice()));
        wants.met()?;
        let opened = asker.zip(key).and_then(|(asker, key)| open_answer(core, message, enc, &asker, &key));
        let nack = match opened.as_deref().map(content::parse) {
            Some(Ok(read)) => {
                self.show_answer(core, message, read, opened.unwrap_or_default(), cx);
                return Ok(());
            }
            Some(Err(_)) => Nack::InvalidProtobuf,
            None => Nack::MissingMessageSecret,
        };
        core.out.extend(acks::nack(&message.node(), &core.own, nack).map(Output::Send));
        core.log(format!("an answer of a bot was refused: {nack:?}"));
        Ok(())
    }

    fn show_answer(
        &mut self,
        core: &mut EngineCore,
        message: &IncomingMessage<'_>,
        read: Read,
        bytes: Vec<u8>,
        cx: &EngineContext<'_>,
    ) {
        let arrived = Arrived { opened: true, ..Arrived::default() };
        let arrivals = arrived.answers(message, core.settings.available);
        let receipts: Vec<_> = arrivals.map(|arrival| Output::Send(message.receipt(arrival))).collect();
        let is_shown = match &read.body {
            Body::Nothing => false,
            Body::Protocol(protocol) => is_for_hosts(protocol),
            _ => read.device_sent.is_none(),
        };
        if is_shown {
            let received = self.received(core, message, read, bytes, false, cx);
            // Bots have names of a kind of their own.
            let name = received.info.sender.to_string().into();
            self.show(core, received, &User { kind: Kind::Pn, name });
        }
        core.out.extend(receipts);
    }
}

/// Returns the message that a bot was asked with, and who sent it.
fn asked_bot<'a>(core: &EngineCore, message: &IncomingMessage<'a>) -> (&'a str, Option<Jid>) {
    let meta = message.meta();
    let by_lid = message.origin.sender.server == Server::Bot;
    let own = || core.own_user(if by_lid { Kind::Lid } else { Kind::Pn }).map(|own| own.jid());
    (meta.target_id.unwrap_or_default(), meta.target_sender.map(|jid| jid.account()).or_else(own))
}

fn open_answer(
    core: &EngineCore,
    message: &IncomingMessage<'_>,
    enc: &Enc<'_>,
    asker: &Jid,
    key: &[u8],
) -> Option<Vec<u8>> {
    let secret = &core.cache.secrets.get(key)?.secret;
    let open = |id| content::open_bot_reply(enc.bytes, secret, id, asker, &message.origin.sender.account());
    // A part of an answer is encrypted under the id of the first, or, at times, its own.
    open(message.bot_reply_id()).or_else(|| open(message.id))
}
