//! Checks if the marks of a stanza fit its content, which only its receiver can tell. Production silently drops messages whose
//! marks do not fit.

use wa::{
    messaging::content::{self, Body, Outgoing, Read},
    stanza::{Jid, NodeRef},
};

/// A decrypted message.
pub(super) struct AddonContent<'a> {
    /// The stanza.
    pub(super) node: NodeRef<'a>,
    /// The part of it that was decrypted.
    pub(super) enc: NodeRef<'a>,
    /// The message, without padding.
    pub(super) message: &'a [u8],
    /// The same, read.
    pub(super) read: &'a Read,
}

/// The `edit` of deletions, by the writer and by an admin.
const DELETIONS: [&str; 2] = ["7", "8"];

impl AddonContent<'_> {
    /// The mark that does not fit, if there is one.
    pub(super) fn wrong_mark(&self, sender: &Jid, chat: &Jid) -> Option<String> {
        if self.says_nothing() {
            return None;
        }
        if let wrong @ Some(_) = self.wrong_attribute() {
            return wrong;
        }
        let tag = self.node.child("reporting")?.child("reporting_tag")?.bytes()?;
        let secret = self.read.secret.as_ref()?;
        let id = self.node.str("id")?;
        let right = content::reporting_token(self.message, secret, &id, sender, chat)?;
        (tag != right).then(|| "the reporting token is another".to_owned())
    }

    /// The same for a copy of what another device of the account has sent to a person.
    pub(super) fn wrong_copy(&self) -> Option<String> {
        if self.says_nothing() {
            return None;
        }
        if self.read.device_sent.is_none() {
            return Some("the copy does not say where the message went".to_owned());
        }
        self.wrong_attribute()
    }

    fn says_nothing(&self) -> bool {
        matches!(self.read.body, Body::Nothing) || self.node.is("category", "peer")
    }

    fn wrong_attribute(&self) -> Option<String> {
        let inner = self.message.get(self.read.inner.clone())?;
        let shape = Outgoing::of_any_size(inner).ok()?.shape;
        let meta = self.node.child("meta");
        let polltype = shape.meta.iter().find(|(key, _)| *key == "polltype").map(|(_, value)| *value);
        let marks = [
            ("type", Some(self.node), Some(shape.stanza_type)),
            ("edit", Some(self.node), shape.edit),
            ("mediatype", Some(self.enc), shape.media_type),
            ("polltype", meta, polltype),
        ];
        for (key, node, right) in marks {
            let given = node.and_then(|node| node.str(key));
            if given.as_deref() != right {
                return Some(format!("{key} is {given:?}, and not {right:?}"));
            }
        }
        // Clients in wide use leave it out where the official one has it, and have it on deletions.
        let may_hide = shape.hide_decrypt_failure || shape.edit.is_some_and(|edit| DELETIONS.contains(&edit));
        (self.enc.has_attr("decrypt-fail") && !may_hide).then(|| "its failure is hidden".to_owned())
    }
}
