//! Whether the marks of a stanza fit what it says, which only its receiver can tell. Production drops messages whose marks do not
//! fit, without a word.

use wa::{
    messaging::content::{self, Body, Outgoing, Read},
    stanza::{Jid, NodeRef},
};

/// What is known of a message when it was decrypted.
pub(super) struct Opened<'a> {
    /// The stanza.
    pub(super) node: NodeRef<'a>,
    /// The part of it that was decrypted.
    pub(super) enc: NodeRef<'a>,
    /// The message, without padding.
    pub(super) message: &'a [u8],
    /// The same, read.
    pub(super) read: &'a Read,
}

impl Opened<'_> {
    /// The mark that does not fit, if there is one.
    pub(super) fn wrong_mark(&self, sender: &Jid, chat: &Jid) -> Option<String> {
        if matches!(self.read.body, Body::Nothing) || self.node.is("category", "peer") {
            return None;
        }
        let shape = Outgoing::of_any_size(self.message).ok()?.shape;
        let marks = [
            ("type", self.node, Some(shape.stanza_type)),
            ("edit", self.node, shape.edit),
            ("mediatype", self.enc, shape.media_type),
            ("decrypt-fail", self.enc, shape.hide_decrypt_failure.then_some("hide")),
        ];
        for (key, node, right) in marks {
            let given = node.str(key);
            if given.as_deref() != right {
                return Some(format!("{key} is {given:?}, and not {right:?}"));
            }
        }
        let tag = self.node.child("reporting")?.child("reporting_tag")?.bytes()?;
        let secret = self.read.secret.as_ref()?;
        let id = self.node.str("id")?;
        let right = content::reporting_token(self.message, secret, &id, sender, chat)?;
        (tag != right).then(|| "the reporting token is another".to_owned())
    }
}
