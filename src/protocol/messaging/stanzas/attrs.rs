//! The attributes that messages, receipts and chat states share, gathered in one pass.

use super::parse::{as_jid, as_text};
use crate::stanza::{AttrRef, Jid, NodeRef};

macro_rules! header {
    ($($field:ident = $($name:literal)|+),* $(,)?) => {
        /// Attributes as they came; nothing is checked yet.
        #[derive(Default)]
        pub(super) struct StanzaAttrs<'a> {
            $(pub(super) $field: Option<AttrRef<'a>>,)*
        }

        impl<'a> StanzaAttrs<'a> {
            pub(super) fn read(node: &NodeRef<'a>) -> Self {
                let mut header = Self::default();
                for (key, value) in node.each_attr() {
                    match key {
                        $($($name)|+ => header.$field = Some(value),)*
                        _ => {}
                    }
                }
                header
            }
        }
    };
}

header! {
    id = "id",
    from = "from",
    to = "to",
    participant = "participant",
    recipient = "recipient",
    kind = "type",
    t = "t",
    notify = "notify",
    offline = "offline",
    category = "category",
    edit = "edit",
    addressing_mode = "addressing_mode",
    sender_pn = "sender_pn",
    sender_lid = "sender_lid",
    participant_pn = "participant_pn",
    participant_lid = "participant_lid",
    recipient_pn = "peer_recipient_pn" | "recipient_pn",
    recipient_lid = "peer_recipient_lid" | "recipient_lid",
    server_id = "server_id",
    verified_level = "verified_level",
}

/// The text of an attribute, if it is there and not empty.
pub(super) fn text(value: Option<AttrRef<'_>>) -> Option<&str> {
    as_text(value?)
}

/// The address in an attribute, if it is there and is one.
pub(super) fn jid(value: Option<AttrRef<'_>>) -> Option<Jid> {
    as_jid(value?)
}
