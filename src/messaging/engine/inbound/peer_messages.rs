//! Messages between the devices of one account. One is believed only when it came through a session with that device.

use super::Inbound;
use crate::messaging::address::{Address, User};
use crate::messaging::content::{AppStateKey, MAX_SIZE, Protocol};
use crate::messaging::engine::core::{EngineCore, FollowUp};
use crate::messaging::engine::{EngineContext, Output};
use crate::messaging::history::{HistoryKind, HistoryNotice, HistoryPlace, inline_salt};
use crate::messaging::stanzas::incoming::IncomingMessage;
use crate::store::records::AppStateKeyRecord;
use crate::store::{MAX_KEY, MAX_VALUE, Space};

/// Most names that are taken from one list; a phone sends those of its chats.
const MOST_NAMES: usize = 50_000;
/// Longest notice that is kept: some history may be in it.
const MAX_NOTICE: usize = MAX_VALUE / 2;
/// The protocol's number for the phone's answer with a message that was asked for.
const MESSAGE_AGAIN: u32 = 4;

impl Inbound {
    /// Handles what another device of the own account says. Returns whether it was about the account's history.
    pub(super) fn own_protocol(
        &mut self,
        core: &mut EngineCore,
        message: &IncomingMessage<'_>,
        sender: &Address,
        protocol: &Protocol,
        cx: &mut EngineContext<'_>,
    ) -> bool {
        match protocol {
            Protocol::AppStateKeyShare(keys) => {
                let fits = |key: &&AppStateKey| {
                    (1..=MAX_KEY).contains(&key.id.len())
                        && key.data.len() + key.fingerprint.len() <= MAX_SIZE
                };
                for key in keys.iter().filter(fits) {
                    let record = AppStateKeyRecord {
                        data: key.data.clone(),
                        fingerprint: key.fingerprint.clone(),
                        made_ms: key.at_ms,
                    };
                    core.written.put(Space::AppStateKey, key.id.clone(), record.encode());
                }
                false
            }
            Protocol::HistoryNotice(notice) if sender.is_primary() => {
                keep_notice(core, message.id, notice, cx);
                true
            }
            Protocol::LidMapping(mapping) if sender.is_primary() => {
                for (pn, lid) in mapping.pairs.iter().take(MOST_NAMES) {
                    if let (Some(pn), Some(lid)) = (User::of(pn), User::of(lid)) {
                        core.follow_ups.push_back(FollowUp::Names { pn, lid });
                    }
                }
                if !cx.account.lid_migrated {
                    cx.account.lid_migrated = true;
                    core.out.push(Output::AccountChanged);
                }
                false
            }
            Protocol::PeerDataResponse(response) if sender.is_primary() && response.kind == MESSAGE_AGAIN => {
                self.phone_answered(core, response);
                false
            }
            _ => {
                core.log(format!("a {protocol:?} of an own device is of no use here"));
                false
            }
        }
    }
}

/// Keeps the notice of a part of the history until the part was taken. A part with nothing in it is not kept.
fn keep_notice(core: &mut EngineCore, id: &str, notice: &[u8], cx: &mut EngineContext<'_>) {
    let read = HistoryNotice::read(notice);
    if let HistoryPlace::Inline(packed) = &read.place
        && let Some(salt) = inline_salt(packed)
        && cx.account.nct_salt != salt
    {
        cx.account.nct_salt = salt;
        core.out.push(Output::AccountChanged);
    }
    if matches!(read.kind, HistoryKind::Empty | HistoryKind::Unknown) || read.place == HistoryPlace::Nowhere {
        return core.log(format!("a part of the history has nothing in it: {read:?}"));
    }
    if id.len() > MAX_KEY || notice.len() > MAX_NOTICE {
        return core.log("the notice of a part of the history was too large to be kept");
    }
    core.written.put(Space::HistoryNotice, id.as_bytes(), notice.to_vec());
    core.out.push(Output::HistoryNotice);
}
