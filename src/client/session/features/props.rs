//! The server properties: asked for at each login, as the official web client does.

use crate::client::session::core::SessionCore;
use crate::client::session::state::Waiter;
use crate::messaging::stanzas::props::{self, LID_CHATS, Props};

/// The longest hash that is kept.
const MAX_HASH: usize = 256;

/// Asks the server what differs from the properties that are held.
pub(in crate::client::session) fn fetch(core: &mut SessionCore) {
    let held = core.account.as_ref().and_then(|account| account.props_hash.as_deref());
    core.query(props::fetch(held), Waiter::Props, core.settings.iq_timeout);
}

/// Handles the answer to that. An account that has moved to LIDs does not move back.
pub(in crate::client::session) fn received(core: &mut SessionCore, props: Option<Props<'_>>) {
    let (Some(props), Some(account)) = (props, &mut core.account) else { return };
    let hash = props.hash().filter(|hash| hash.len() <= MAX_HASH).or(account.props_hash.as_deref());
    let hash = hash.map(str::to_owned);
    let lid_migrated = account.lid_migrated || props.is_on(LID_CHATS) == Some(true);
    if (lid_migrated, &hash) == (account.lid_migrated, &account.props_hash) {
        return;
    }
    (account.lid_migrated, account.props_hash) = (lid_migrated, hash);
    account.put(core.work.batch());
}
