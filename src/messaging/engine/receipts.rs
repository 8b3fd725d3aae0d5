//! What others tell of our messages.

use super::{Engine, EngineContext, MessagingEvent, Output, Seen};
use crate::messaging::address::User;
use crate::messaging::record_cache::{MissingRecords, RecordRequirements};
use crate::messaging::stanzas::receipts::{IncomingReceipt, ReceiptKind};
use crate::stanza::{NodeRef, Text, build};

impl Engine {
    /// A `<receipt>` has come.
    pub(crate) fn receipt(
        &mut self,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        if let Ok(receipt) = IncomingReceipt::read(node, &self.own) {
            if let Some(user) = User::of(&receipt.origin.sender) {
                self.learn_names(&receipt.origin, &user)?;
            }
            if receipt.kind == ReceiptKind::Retry {
                if self.asked_again(node, cx)? {
                    return Ok(());
                }
            } else if receipt.is_about_members() {
                self.members_have(&receipt, cx)?;
            } else if is_for_hosts(&receipt.kind) {
                let ids = receipt.ids().map(Text::new).collect();
                self.emit_receipt(
                    &receipt,
                    &receipt.kind,
                    receipt.origin.sender.account(),
                    receipt.timestamp,
                    ids,
                    cx,
                );
            }
        }
        self.out.extend(build::ack(&node).map(Output::SendInTime));
        Ok(())
    }

    /// Many members of a group at once, as it comes after some time offline.
    fn members_have(
        &mut self,
        receipt: &IncomingReceipt<'_>,
        cx: &EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let members: Vec<_> = receipt.members().collect();
        let pairs: Vec<_> =
            members.iter().filter_map(|member| super::inbound::users(member.pair.as_ref()?)).collect();
        let mut wants = RecordRequirements::default();
        for (pn, lid) in &pairs {
            wants.name(&self.cache, pn);
            wants.name(&self.cache, lid);
        }
        for who in members.iter().filter_map(|member| User::of(&member.who)) {
            wants.name(&self.cache, &who);
        }
        wants.met()?;
        for (pn, lid) in &pairs {
            self.cache.learn(pn, lid);
        }
        for member in members.iter().filter(|member| is_for_hosts(&member.kind)) {
            let ids = vec![Text::new(member.id)];
            self.emit_receipt(receipt, &member.kind, member.who.account(), member.timestamp, ids, cx);
        }
        Ok(())
    }

    fn emit_receipt(
        &mut self,
        receipt: &IncomingReceipt<'_>,
        kind: &ReceiptKind,
        by: crate::stanza::Jid,
        timestamp: Option<u64>,
        ids: Vec<Text>,
        cx: &EngineContext<'_>,
    ) {
        let seconds = timestamp.and_then(|seconds| i64::try_from(seconds).ok());
        self.out.push(Output::Event(MessagingEvent::Receipt(Seen {
            chat: receipt.origin.chat.clone(),
            chat_pn: self.phone_number(&receipt.origin.chat),
            by_me: self.own.is_account(&by),
            by_pn: self.phone_number(&by),
            by,
            kind: kind.clone(),
            ids,
            timestamp_ms: seconds.map_or(cx.unix_ms, |seconds| seconds.saturating_mul(1000)),
        })));
    }
}

/// Whether it tells something about people; the others are between devices.
fn is_for_hosts(kind: &ReceiptKind) -> bool {
    use ReceiptKind::{Delivered, Inactive, Played, PlayedSelf, Read, ReadSelf};
    matches!(kind, Delivered | Inactive | Read | ReadSelf | Played | PlayedSelf)
}
