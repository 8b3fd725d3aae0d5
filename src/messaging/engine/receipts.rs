//! Receipts: what others say of our messages, and our other devices of theirs.

use super::core::EngineCore;
use super::core::names::users;
use super::{EngineContext, MessagingEvent, Output, Seen};
use crate::messaging::address::User;
use crate::messaging::record_cache::{MissingRecords, RecordRequirements};
use crate::messaging::stanzas::receipts::{IncomingReceipt, ReceiptKind};
use crate::stanza::{Jid, Text};

/// Handles a receipt that asks for nothing. The names of its sender are in the cache.
pub(super) fn receive(
    core: &mut EngineCore,
    receipt: &IncomingReceipt<'_>,
    cx: &EngineContext<'_>,
) -> Result<(), MissingRecords> {
    if receipt.is_about_members() {
        return members_have(core, receipt, cx);
    }
    if is_for_hosts(&receipt.kind) {
        let ids = receipt.ids().map(Text::new).collect();
        let by = receipt.origin.sender.account();
        emit_receipt(core, receipt, &receipt.kind, by, receipt.timestamp, ids, cx);
    }
    Ok(())
}

/// Handles a receipt of many members of a group at once, as it comes after some time offline.
fn members_have(
    core: &mut EngineCore,
    receipt: &IncomingReceipt<'_>,
    cx: &EngineContext<'_>,
) -> Result<(), MissingRecords> {
    let members: Vec<_> = receipt.members().collect();
    let pairs: Vec<_> = members.iter().filter_map(|member| users(member.pair.as_ref()?)).collect();
    let mut wants = RecordRequirements::default();
    wants.pairs(&core.cache, &pairs);
    for who in members.iter().filter_map(|member| User::of(&member.who)) {
        wants.name(&core.cache, &who);
    }
    wants.met()?;
    core.cache.learn_all(&pairs);
    for member in members.iter().filter(|member| is_for_hosts(&member.kind)) {
        let ids = vec![Text::new(member.id)];
        emit_receipt(core, receipt, &member.kind, member.who.account(), member.timestamp, ids, cx);
    }
    Ok(())
}

fn emit_receipt(
    core: &mut EngineCore,
    receipt: &IncomingReceipt<'_>,
    kind: &ReceiptKind,
    by: Jid,
    timestamp: Option<u64>,
    ids: Vec<Text>,
    cx: &EngineContext<'_>,
) {
    let seconds = timestamp.and_then(|seconds| i64::try_from(seconds).ok());
    core.out.push(Output::Event(MessagingEvent::Receipt(Seen {
        chat: receipt.origin.chat.clone(),
        chat_pn: core.phone_number(&receipt.origin.chat),
        by_me: core.own.is_account(&by),
        by_pn: core.phone_number(&by),
        by,
        kind: kind.clone(),
        ids,
        timestamp_ms: seconds.map_or(cx.unix_ms, |seconds| seconds.saturating_mul(1000)),
    })));
}

/// Returns whether it tells something about people; the others are between devices.
fn is_for_hosts(kind: &ReceiptKind) -> bool {
    use ReceiptKind::{Delivered, Inactive, Played, PlayedSelf, Read, ReadSelf};
    matches!(kind, Delivered | Inactive | Read | ReadSelf | Played | PlayedSelf)
}
