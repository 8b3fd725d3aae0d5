//! Requests for another copy of a message that could not be opened, a few times.

use super::Inbound;
use super::placeholders::{FailedMessage, PATIENCE};
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::{EngineContext, Output, UnreadableReason};
use crate::messaging::record_cache::{
    Asked, MissingRecords, RecordRequirements, RecordTable, Resolved, message_key,
};
use crate::messaging::stanzas::acks::{self, Nack};
use crate::messaging::stanzas::incoming::{Enc, EncKind, IncomingMessage};
use crate::messaging::stanzas::retry::{self, RetryKeys, RetryRequest};
use crate::signal::{Keys, RetryCode};
use crate::store::records::{OneTimePrekey, allocate_retry_prekey};

/// The number of requests for one message. whatsmeow asks four times, Baileys five.
const MOST_REQUESTS: u32 = 5;

impl Inbound {
    /// Asks the sender for another copy, and tells the host. Nothing of the message was opened.
    pub(super) fn ask_again(
        &mut self,
        core: &mut EngineCore,
        message: &IncomingMessage<'_>,
        sender: &Resolved,
        enc: &Enc<'_>,
        (code, keys): (RetryCode, Keys),
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let key = message_key(&message.origin.chat, sender.address(), message.id);
        let mut wants = RecordRequirements::default();
        wants.record(&core.cache, RecordTable::Asked, key.as_slice());
        wants.met()?;
        let before = core.cache.asked.get(&key).map_or(enc.count, |asked| asked.count);
        let count = before.saturating_add(1);
        let again = count <= MOST_REQUESTS;
        if again {
            let pairwise = message.encs().any(|enc| enc.kind.is_pairwise());
            let with_keys = match keys {
                Keys::AtOnce => true,
                Keys::AtOnceUnlessPairwise => count > 1 || !pairwise,
                Keys::FromSecond => count > 1,
            };
            core.cache.asked.put(&key, Asked { count, at_ms: cx.unix_ms });
            let node = retry_request(core, message, count, code, with_keys, cx);
            core.out.push(Output::Send(node));
        }
        // WhatsApp Web sends the request alone, so that the server keeps the message and brings it again with the next login. Here the
        // request is on disk, and the message would be asked for once more each time: as with other clients, it is taken off the queue.
        // The server takes both.
        core.out.extend(acks::nack(&message.node(), &core.own, Nack::Unhandled).map(Output::Send));
        let failed = FailedMessage {
            reason: UnreadableReason::Undecryptable,
            retries: count.min(MOST_REQUESTS),
            hidden: enc.hide,
            asked: again,
            patience: Some(PATIENCE),
        };
        self.placeholders.emit_unreadable(core, message, &failed, cx);
        let kind = if enc.kind == EncKind::SenderKey { "group" } else { "session" };
        core.log(format!(
            "a {kind} message could not be opened (reason {}); request {count} for it",
            code as u8
        ));
        Ok(())
    }
}

fn retry_request(
    core: &mut EngineCore,
    message: &IncomingMessage<'_>,
    count: u32,
    code: RetryCode,
    with_keys: bool,
    cx: &mut EngineContext<'_>,
) -> crate::stanza::Node {
    let device = cx.device;
    let identity = device.identity.public();
    let signed = &device.signed_prekey;
    let signed_public = signed.pair.public();
    let fresh = with_keys.then(|| retry_prekey(core, cx));
    let keys = fresh.as_ref().map(|fresh| RetryKeys {
        identity: &identity,
        one_time: (fresh.id, &fresh.public),
        signed: (signed.id, &signed_public, &signed.signature),
        device_identity: &cx.account.account_blob,
    });
    let registration_id = device.registration_id;
    retry::request(message, &RetryRequest { count, reason: code as u8, registration_id, keys })
}

/// Makes a prekey for one requester alone.
fn retry_prekey(core: &mut EngineCore, cx: &mut EngineContext<'_>) -> OneTimePrekey {
    let prekey = allocate_retry_prekey(cx.account, cx.rng);
    core.cache.prekeys.put(&OneTimePrekey::key(prekey.id), prekey.clone());
    core.out.push(Output::AccountChanged);
    prekey
}
