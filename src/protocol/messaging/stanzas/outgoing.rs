//! The `<message>` that is sent.
//!
//! Main type: [`OutgoingMessage`]: make one, fill in what applies, and turn it into its stanza.

use super::AddressingMode;
use super::incoming::EncKind;
use crate::stanza::{Jid, Node, Text, Value};

/// A message to be sent. Fields that are `None` or empty are not in the stanza.
#[derive(Debug)]
pub struct OutgoingMessage<'a> {
    /// Its id: of the first sending, if it is sent again.
    pub id: &'a str,
    /// The chat; a device for a repetition in a chat with one person, and between own devices.
    pub to: &'a Jid,
    /// The sort of content: `text`, `media`, `reaction`, `poll`, `event`.
    pub kind: &'a str,
    /// The sort of change to an earlier message: 1 edit, 2 pin, 3 edit in a channel, 7 own deletion or reaction withdrawn,
    /// 8 deletion by an admin.
    pub edit: Option<&'a str>,
    /// The kind of media, for every ciphertext that holds the content.
    pub media_type: Option<&'a str>,
    /// Set if recipients who cannot decrypt it should show nothing.
    pub hide: bool,
    /// Attributes of `<meta>`.
    pub meta: Vec<(&'a str, Value)>,
    /// Hash of the devices that it is meant for, in groups and on lists.
    pub phash: Option<&'a str>,
    /// The group's addressing mode. Never in the status feed.
    pub addressing_mode: Option<AddressingMode>,
    /// The phone number of a recipient who is addressed by LID.
    pub peer_recipient_pn: Option<&'a Jid>,
    /// Ciphertexts for single devices.
    pub recipients: Vec<Recipient>,
    /// A ciphertext for all: with the sender key in a group, else for the one device in `to`.
    pub enc: Option<Ciphertext>,
    /// The own certificate. Wanted if any ciphertext is a `pkmsg`; [`OutgoingMessage::needs_identity`] tells.
    pub device_identity: Option<&'a [u8]>,
    /// Elements of business messages.
    pub extra: Vec<Node>,
    /// The token with which a recipient may report it.
    pub reporting_token: Option<[u8; 16]>,
    /// The token that shows that the recipient knows us.
    pub privacy_token: Option<PrivacyToken<'a>>,
    /// Set on a message between own devices.
    pub peer: Option<Peer>,
    /// Set on a message that is sent again.
    pub resend: Option<Resend<'a>>,
}

/// A device, and the ciphertext for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recipient {
    /// The device; a user without device if there is no ciphertext.
    pub device: Jid,
    /// `None` in the status feed for a recipient who has the sender key already.
    pub enc: Option<Ciphertext>,
}

/// A ciphertext and the protocol that made it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ciphertext {
    /// The protocol.
    pub kind: EncKind,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A token that goes with the first messages of a chat with one person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrivacyToken<'a> {
    /// One that the recipient gave us.
    TrustedContact(&'a [u8]),
    /// One that is made of the account's salt; see [`privacy_tokens`](super::privacy_tokens).
    Computed([u8; 32]),
}

/// The attributes of a message between own devices.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Peer {
    /// The urgency for the phone: `high`, `high_force`.
    pub push_priority: Option<&'static str>,
    /// On requests for history.
    pub privacy_sensitive: bool,
}

/// The attributes of a message that is sent again on request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Resend<'a> {
    /// The count of the request that it answers; 0 if there was none.
    pub count: u32,
    /// The message's time, Unix seconds.
    pub timestamp: Option<u64>,
    /// The device that asked, in a group or on a list.
    pub participant: Option<&'a Jid>,
    /// The chat, if an own device asked.
    pub recipient: Option<&'a Jid>,
    /// Set in a chat with one person: the server must not look for other devices then.
    pub one_device: bool,
}

impl<'a> OutgoingMessage<'a> {
    /// A message without content.
    pub fn new(id: &'a str, to: &'a Jid, kind: &'a str) -> Self {
        Self {
            id,
            to,
            kind,
            edit: None,
            media_type: None,
            hide: false,
            meta: Vec::new(),
            phash: None,
            addressing_mode: None,
            peer_recipient_pn: None,
            recipients: Vec::new(),
            enc: None,
            device_identity: None,
            extra: Vec::new(),
            reporting_token: None,
            privacy_token: None,
            peer: None,
            resend: None,
        }
    }

    /// Returns whether a ciphertext opens a session, so that the certificate must go along.
    pub fn needs_identity(&self) -> bool {
        let encs = self.recipients.iter().filter_map(|recipient| recipient.enc.as_ref()).chain(&self.enc);
        encs.into_iter().any(|enc| enc.kind == EncKind::Prekey)
    }

    /// The stanza.
    pub fn into_node(mut self) -> Node {
        let (recipients, enc) = (std::mem::take(&mut self.recipients), self.enc.take());
        // Beside a ciphertext for all, those for single devices hold its key only.
        let media_type = self.media_type.filter(|_| enc.is_none());
        let to = |recipient: Recipient| {
            let enc = recipient.enc.map(|enc| self.enc_node(enc, media_type));
            Node::new("to").attr("jid", recipient.device).children(enc)
        };
        let participants: Vec<Node> = recipients.into_iter().map(to).collect();
        let participants =
            (!participants.is_empty()).then(|| Node::new("participants").children(participants));
        let enc = enc.map(|enc| self.enc_node(enc, self.media_type));
        let meta = (!self.meta.is_empty()).then(|| {
            let meta = Node::new("meta");
            self.meta.drain(..).fold(meta, |meta, (key, value)| meta.attr(key, value))
        });
        let (before, after) = if self.peer.is_some() { (meta, None) } else { (None, meta) };
        let identity = self.device_identity.map(|bytes| Node::new("device-identity").bytes(bytes));
        let token = |bytes| Node::new("reporting_token").attr("v", 2u8).bytes(bytes);
        let reporting = self.reporting_token.map(|bytes| Node::new("reporting").child(token(bytes)));
        let privacy = self.privacy_token.map(|token| match token {
            PrivacyToken::TrustedContact(bytes) => Node::new("tctoken").bytes(bytes),
            PrivacyToken::Computed(bytes) => Node::new("cstoken").bytes(bytes),
        });
        let parts = before.into_iter().chain(participants).chain(enc).chain(identity).chain(after);
        self.head().children(parts.chain(std::mem::take(&mut self.extra)).chain(reporting).chain(privacy))
    }

    fn head(&self) -> Node {
        let node = Node::new("message")
            .attr("id", Text::new(self.id))
            .attr("to", self.to)
            .attr("type", Text::new(self.kind))
            .attr_opt("edit", self.edit.map(Text::new))
            .attr_opt("phash", self.phash.map(Text::new))
            .attr_opt("addressing_mode", self.addressing_mode.map(AddressingMode::name))
            .attr_opt("peer_recipient_pn", self.peer_recipient_pn);
        let node = match &self.peer {
            Some(peer) => node
                .attr("category", "peer")
                .attr_opt("push_priority", peer.push_priority)
                .attr_opt("privacy_sensitive", peer.privacy_sensitive.then_some("1")),
            None => node,
        };
        match &self.resend {
            Some(resend) => node
                .attr_opt("device_fanout", resend.one_device.then_some("false"))
                .attr_opt("participant", resend.participant)
                .attr_opt("recipient", resend.recipient)
                .attr_opt("t", resend.timestamp),
            None => node,
        }
    }

    fn enc_node(&self, enc: Ciphertext, media_type: Option<&str>) -> Node {
        Node::new("enc")
            .attr("v", 2u8)
            .attr("type", enc.kind.name())
            .attr_opt("mediatype", media_type.map(Text::new))
            .attr_opt("decrypt-fail", self.hide.then_some("hide"))
            .attr_opt("count", self.resend.as_ref().map(|resend| resend.count).filter(|count| *count > 0))
            .bytes(enc.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::jid;
    use super::*;

    fn enc(kind: EncKind) -> Ciphertext {
        Ciphertext { kind, bytes: vec![kind as u8 + 1] }
    }

    fn recipient(device: &str, kind: EncKind) -> Recipient {
        Recipient { device: jid(device), enc: Some(enc(kind)) }
    }

    #[test]
    fn to_one_person() {
        let (to, pn) = (jid("555@lid"), jid("1555@s.whatsapp.net"));
        let mut message = OutgoingMessage::new("3EB0A1", &to, "media");
        message.media_type = Some("image");
        message.peer_recipient_pn = Some(&pn);
        message.recipients = vec![recipient("555@lid", EncKind::Session)];
        assert!(!message.needs_identity());
        message.recipients.push(recipient("900:2@lid", EncKind::Prekey));
        assert!(message.needs_identity());
        message.device_identity = Some(b"c");
        message.reporting_token = Some([9; 16]);
        message.privacy_token = Some(PrivacyToken::TrustedContact(b"t"));
        assert_eq!(
            message.into_node().xml(),
            format!(
                "<message id=\"3EB0A1\" to=\"555@lid\" type=\"media\" peer_recipient_pn=\"1555@s.whatsapp.net\">\
                 <participants>\
                 <to jid=\"555@lid\"><enc v=\"2\" type=\"msg\" mediatype=\"image\"><!-- 1 bytes: 02 --></enc></to>\
                 <to jid=\"900:2@lid\"><enc v=\"2\" type=\"pkmsg\" mediatype=\"image\"><!-- 1 bytes: 01 --></enc></to>\
                 </participants>\
                 <device-identity><!-- 1 bytes: 63 --></device-identity>\
                 <reporting><reporting_token v=\"2\"><!-- 16 bytes: {} --></reporting_token></reporting>\
                 <tctoken><!-- 1 bytes: 74 --></tctoken></message>",
                "09".repeat(16)
            )
        );
    }

    #[test]
    fn to_a_group() {
        let to = jid("120363@g.us");
        let mut message = OutgoingMessage::new("3EB0A1", &to, "poll");
        message.phash = Some("2:abcdefgh");
        message.addressing_mode = Some(AddressingMode::Lid);
        message.media_type = Some("image");
        message.hide = true;
        message.edit = Some("1");
        message.meta = vec![("polltype", "vote".into())];
        message.recipients = vec![recipient("555:3@lid", EncKind::Session)];
        message.enc = Some(enc(EncKind::SenderKey));
        message.extra = vec![Node::new("biz")];
        assert_eq!(
            message.into_node().xml(),
            "<message id=\"3EB0A1\" to=\"120363@g.us\" type=\"poll\" edit=\"1\" phash=\"2:abcdefgh\" \
             addressing_mode=\"lid\"><participants><to jid=\"555:3@lid\"><enc v=\"2\" type=\"msg\" \
             decrypt-fail=\"hide\"><!-- 1 bytes: 02 --></enc></to></participants>\
             <enc v=\"2\" type=\"skmsg\" mediatype=\"image\" decrypt-fail=\"hide\"><!-- 1 bytes: 03 --></enc>\
             <meta polltype=\"vote\"/><biz/></message>"
        );
    }

    #[test]
    fn to_the_status_feed() {
        let to = jid("status@broadcast");
        let mut message = OutgoingMessage::new("A", &to, "text");
        message.recipients = vec![Recipient { device: jid("555@lid"), enc: None }];
        message.enc = Some(enc(EncKind::SenderKey));
        assert_eq!(
            message.into_node().xml(),
            "<message id=\"A\" to=\"status@broadcast\" type=\"text\"><participants><to jid=\"555@lid\"/></participants>\
             <enc v=\"2\" type=\"skmsg\"><!-- 1 bytes: 03 --></enc></message>"
        );
    }

    #[test]
    fn between_own_devices() {
        let to = jid("100@s.whatsapp.net");
        let mut message = OutgoingMessage::new("A", &to, "text");
        message.peer = Some(Peer { push_priority: Some("high_force"), privacy_sensitive: true });
        message.meta = vec![("appdata", "default".into())];
        message.enc = Some(enc(EncKind::Prekey));
        message.device_identity = Some(b"c");
        assert!(message.needs_identity());
        assert_eq!(
            message.into_node().xml(),
            "<message id=\"A\" to=\"100@s.whatsapp.net\" type=\"text\" category=\"peer\" push_priority=\"high_force\" \
             privacy_sensitive=\"1\"><meta appdata=\"default\"/><enc v=\"2\" type=\"pkmsg\"><!-- 1 bytes: 01 --></enc>\
             <device-identity><!-- 1 bytes: 63 --></device-identity></message>"
        );
    }

    #[test]
    fn again() {
        let (device, chat, group) = (jid("555:3@lid"), jid("777@lid"), jid("120363@g.us"));
        let resend =
            Resend { count: 2, timestamp: Some(7), participant: None, recipient: None, one_device: true };
        let mut message = OutgoingMessage::new("A", &device, "text");
        message.resend = Some(Resend { recipient: Some(&chat), ..resend });
        message.enc = Some(enc(EncKind::Session));
        message.privacy_token = Some(PrivacyToken::Computed([8; 32]));
        assert_eq!(
            message.into_node().xml(),
            format!(
                "<message id=\"A\" to=\"555:3@lid\" type=\"text\" device_fanout=\"false\" recipient=\"777@lid\" t=\"7\">\
                 <enc v=\"2\" type=\"msg\" count=\"2\"><!-- 1 bytes: 02 --></enc>\
                 <cstoken><!-- 32 bytes: {} --></cstoken></message>",
                "08".repeat(32)
            )
        );
        let mut message = OutgoingMessage::new("A", &group, "text");
        message.addressing_mode = Some(AddressingMode::Pn);
        message.resend = Some(Resend { participant: Some(&device), one_device: false, ..resend });
        message.enc = Some(enc(EncKind::Session));
        assert_eq!(
            message.into_node().xml(),
            "<message id=\"A\" to=\"120363@g.us\" type=\"text\" addressing_mode=\"pn\" participant=\"555:3@lid\" t=\"7\">\
             <enc v=\"2\" type=\"msg\" count=\"2\"><!-- 1 bytes: 02 --></enc></message>"
        );
    }
}
