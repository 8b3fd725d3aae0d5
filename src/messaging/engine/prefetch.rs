//! What messages are going to take, before any of it is at hand: so that it can be read together.

use super::Engine;
use super::inbound::{is_shared, users};
use crate::messaging::address::{Address, User};
use crate::messaging::record_cache::{RecordKey, RecordRequirements, RecordTable};
use crate::messaging::stanzas::addressing::Pair;
use crate::messaging::stanzas::incoming::{EncKind, IncomingMessage};
use crate::signal::PrekeyMessage;
use crate::stanza::NodeRef;
use crate::store::records::{DeviceRecord, OneTimePrekey};

impl Engine {
    /// What is not at hand of that which the stanzas take, if they are messages. It is a guess, and no promise: a step that lacks
    /// something says so itself.
    pub(crate) fn foresee<'n>(
        &self,
        stanzas: impl Iterator<Item = NodeRef<'n>>,
        device: &DeviceRecord,
    ) -> Vec<RecordKey> {
        let mut wants = RecordRequirements::default();
        for node in stanzas.filter(|node| matches!(node.tag(), "message" | "status")) {
            if let Ok(message) = IncomingMessage::read(node, &self.own)
                && message.has_encs()
            {
                self.foresee_message(&message, &mut wants, device);
            }
        }
        wants.missing()
    }

    fn foresee_message(
        &self,
        message: &IncomingMessage<'_>,
        wants: &mut RecordRequirements,
        device: &DeviceRecord,
    ) {
        let origin = &message.origin;
        let Some(sender) = Address::of(&origin.sender) else { return };
        // The names that belong together may be news: then both of them may have records.
        let both = |pair: &Pair| users(pair).map_or_else(Vec::new, |(pn, lid)| vec![pn, lid]);
        let senders = origin.sender_pair.as_ref().map_or_else(|| vec![sender.user.clone()], both);
        if let Some(partner) = User::of(&origin.chat) {
            wants.name(&self.cache, &partner);
        }
        for user in &senders {
            wants.name(&self.cache, user);
            wants.keys(&self.cache, &user.device(sender.device));
            wants.record(&self.cache, RecordTable::Pins, self.cache.canonical(&user.device(0)).key());
        }
        if is_shared(&origin.chat) {
            wants.sender_key(&self.cache, &origin.chat, &sender);
        }
        if let Some(user) = User::of(&origin.chat).filter(|user| self.reach.may_be_new(user)) {
            let chat = origin.pairs().next().map_or_else(|| vec![user], both);
            for user in &chat {
                wants.name(&self.cache, user);
                wants.contact(&self.cache, user);
            }
        }
        wants.record(&self.cache, RecordTable::SecretPeriods, Vec::new());
        self.want_prekeys(message, &sender, wants, device);
    }

    /// The private keys that the first message of a session asks for.
    pub(super) fn want_prekeys(
        &self,
        message: &IncomingMessage<'_>,
        sender: &Address,
        wants: &mut RecordRequirements,
        device: &DeviceRecord,
    ) {
        for enc in message.encs().filter(|enc| enc.kind == EncKind::Prekey) {
            let Ok(parsed) = PrekeyMessage::parse(enc.bytes) else { continue };
            let session = self.cache.sessions.get(&self.cache.canonical(sender).key());
            if session.is_some_and(|session| session.knows(&parsed)) {
                continue;
            }
            if let Some(id) = parsed.prekey_id {
                wants.record(&self.cache, RecordTable::Prekeys, OneTimePrekey::key(id.get()));
            }
            if parsed.signed_prekey_id.get() != device.signed_prekey.id {
                wants.record(
                    &self.cache,
                    RecordTable::SignedPrekeys,
                    OneTimePrekey::key(parsed.signed_prekey_id.get()),
                );
            }
        }
    }
}
