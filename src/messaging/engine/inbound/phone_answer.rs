//! The answer of the own phone with a message that it was asked for.

use super::Inbound;
use super::content::{is_for_hosts, quotes_me};
use super::placeholders::{Wanted, emit_end};
use crate::messaging::address::User;
use crate::messaging::content::{self, Body, PeerDataResponse};
use crate::messaging::engine::InboundMessage;
use crate::messaging::engine::core::EngineCore;

impl Inbound {
    /// The phone answers. It was the phone: this came through a session with it.
    pub(super) fn phone_answered(&mut self, core: &mut EngineCore, response: &PeerDataResponse) {
        let Some(wanted) = self.placeholders.close_ask(core, &response.request) else {
            core.log("the phone answered what was not asked, or not any more");
            return;
        };
        let told = response.resent.iter().any(|bytes| self.phone_sent(core, bytes, &wanted));
        if !told {
            emit_end(core, &wanted);
            core.log("the phone does not have a message that it was asked for");
        }
    }

    /// The message as the phone has it. False if it is another one, or nothing.
    fn phone_sent(&mut self, core: &mut EngineCore, bytes: &[u8], wanted: &Wanted) -> bool {
        let Some(stored) =
            content::web_message_info(bytes).filter(|stored| *stored.key.id == *wanted.info.id)
        else {
            return false;
        };
        let message = bytes.get(stored.message.clone()).unwrap_or_default();
        let Ok(mut read) = content::parse(message) else { return false };
        let is_nothing = match &read.body {
            Body::Nothing => true,
            Body::Protocol(protocol) => !is_for_hosts(protocol),
            _ => read.device_sent.is_some(),
        };
        let Some(author) = User::of(&wanted.author).filter(|_| !is_nothing) else { return false };
        // Keys are handed out by those whose they are.
        read.key_distribution = None;
        read.secret = read.secret.or(stored.secret);
        let quotes_me = quotes_me(core, &read);
        let received = InboundMessage {
            info: wanted.info.clone(),
            push_name: wanted.push_name.clone().or(stored.push_name),
            offline: false,
            old_identity: false,
            content: read,
            bytes: message.to_vec(),
            quotes_me,
            target: None,
            awaited: true,
            vouched: true,
            opened: None,
            chosen: Vec::new(),
        };
        self.show(core, received, &author);
        true
    }
}
