//! A received `<message>`: who it is from, and the ciphertexts in it.
//!
//! Main type: [`IncomingMessage`]. It borrows from the stanza: nothing is copied but the addresses.

use super::AddressingMode;
use super::addressing::{HeaderError, Member, Origin, Own};
use super::attrs::{self, StanzaAttrs};
use super::parse::{as_number, as_text, as_time, child_bytes, flag, text};
use crate::stanza::{Jid, NodeRef, Server};

/// Most ciphertexts that are looked at in one message; real ones have at most two.
const MAX_ENCS: usize = 8;

/// A received message.
pub struct IncomingMessage<'a> {
    /// Its id: unique per chat and sender only.
    pub id: &'a str,
    /// Chat and sender.
    pub origin: Origin,
    /// When the server took it, Unix seconds; `None` if it does not say.
    pub timestamp: Option<u64>,
    /// The stanza's word for its content: `text`, `media`, `reaction`, `poll`, `event`, `medianotify` ...; empty if there is
    /// none.
    pub kind: &'a str,
    /// The name that the sender gives himself.
    pub push_name: Option<&'a str>,
    /// `peer` for what the own devices tell each other.
    pub category: Option<&'a str>,
    /// The kind of change to an earlier message, as a digit; see [`Edit`](super::outgoing).
    pub edit: Option<&'a str>,
    /// Set if the server queued it while the account was offline.
    pub offline: bool,
    /// Of the group it is in, as the server sees it.
    pub addressing_mode: Option<AddressingMode>,
    /// The sequence number in a channel.
    pub server_id: Option<u64>,
    /// Set if the sender is a business whose name the server vouches for.
    pub verified_business: bool,
    /// The companion's certificate, an `ADVSignedDeviceIdentity`.
    pub device_identity: Option<&'a [u8]>,
    /// A `VerifiedNameCertificate`.
    pub verified_name: Option<&'a [u8]>,
    /// The content of a message in a channel: a `Message`, neither encrypted nor padded.
    pub plaintext: Option<&'a [u8]>,
    node: NodeRef<'a>,
    /// The element with the ciphertexts, and their number.
    encs: NodeRef<'a>,
    enc_count: usize,
    unavailable: Option<Unavailable>,
}

/// One ciphertext.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Enc<'a> {
    /// The protocol it belongs to.
    pub kind: EncKind,
    /// Version of the padding: 2. The others are obsolete or of another product. 0 if it is not a number.
    pub version: u8,
    /// The ciphertext; empty if there is none.
    pub bytes: &'a [u8],
    /// The number of this repetition; 0 for the first time.
    pub count: u32,
    /// Set if nothing should be shown in place of it when it cannot be decrypted.
    pub hide: bool,
    /// The kind of media inside.
    pub media_type: Option<&'a str>,
}

/// The key material of a ciphertext.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EncKind {
    /// `pkmsg`: the first messages of a session.
    Prekey,
    /// `msg`: in a session that both sides know.
    Session,
    /// `skmsg`: with the sender's key for a group.
    SenderKey,
    /// `msmsg`: a bot's answer, with the secret of the message that it answers.
    MessageSecret,
    /// Something else.
    Unknown,
}

impl EncKind {
    /// The word in attributes; empty for [`EncKind::Unknown`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prekey => "pkmsg",
            Self::Session => "msg",
            Self::SenderKey => "skmsg",
            Self::MessageSecret => "msmsg",
            Self::Unknown => "",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "pkmsg" => Self::Prekey,
            "msg" => Self::Session,
            "skmsg" => Self::SenderKey,
            "msmsg" => Self::MessageSecret,
            _ => Self::Unknown,
        }
    }

    /// Returns whether it is between two devices only.
    pub const fn is_pairwise(self) -> bool {
        matches!(self, Self::Prekey | Self::Session)
    }
}

/// A message whose content this device is not given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unavailable {
    /// It may be viewed once, and on the phone only.
    pub view_once: bool,
    /// It is between a person and a hosted business.
    pub hosted: bool,
    /// It is a bot's, and for another device.
    pub from_bot: bool,
}

/// The fields of `<meta>` about other messages that this one has to do with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Meta<'a> {
    /// Id of the message that it answers or changes.
    pub target_id: Option<&'a str>,
    /// Sender of that message.
    pub target_sender: Option<Jid>,
    /// Chat of that message.
    pub target_chat: Option<Jid>,
    /// Id of the message that began the thread.
    pub thread_id: Option<&'a str>,
    /// Sender of that message.
    pub thread_sender: Option<Jid>,
}

impl<'a> IncomingMessage<'a> {
    /// Reads a `<message>`, or a `<status>`, which is a message in the status feed under another tag.
    pub fn read(node: NodeRef<'a>, own: &Own) -> Result<Self, HeaderError> {
        let header = StanzaAttrs::read(&node);
        let id = attrs::text(header.id).ok_or(HeaderError::NoId)?;
        let origin = Origin::of(&header, own, Member::Required)?;
        let mut message = Self {
            id,
            origin,
            timestamp: header.t.and_then(as_time),
            kind: attrs::text(header.kind).unwrap_or_default(),
            push_name: attrs::text(header.notify),
            category: attrs::text(header.category),
            edit: attrs::text(header.edit),
            offline: header.offline.is_some(),
            addressing_mode: attrs::text(header.addressing_mode).and_then(AddressingMode::from_name),
            server_id: header.server_id.and_then(as_number),
            verified_business: header.verified_level.is_some(),
            device_identity: None,
            verified_name: None,
            plaintext: None,
            node,
            encs: node,
            enc_count: 0,
            unavailable: None,
        };
        message.read_children(own);
        Ok(message)
    }

    fn read_children(&mut self, own: &Own) {
        let (mut fan_out, mut meta) = (None, None);
        let is = |child: &NodeRef<'_>, kinds: &[&str]| kinds.iter().any(|kind| child.is("type", kind));
        for child in self.node.children() {
            match child.tag() {
                "enc" => self.enc_count += 1,
                "device-identity" => self.device_identity = child.bytes(),
                "verified_name" => self.verified_name = child.bytes(),
                "plaintext" => self.plaintext = child.bytes(),
                "participants" => fan_out = Some(child),
                "meta" => meta = Some(child),
                "unavailable" => {
                    self.unavailable = Some(Unavailable {
                        view_once: is(&child, &["view_once", "view_once_unavailable_fanout"]),
                        hosted: flag(&child, "hosted") || is(&child, &["hosted_unavailable_fanout"]),
                        from_bot: is(&child, &["bot_unavailable_fanout"]),
                    });
                }
                _ => {}
            }
        }
        // On lists the ciphertexts may come as they were sent: one for each device, ours among them.
        if let Some(fan_out) = fan_out.filter(|_| self.enc_count == 0) {
            let ours = |to: &NodeRef<'_>| to.jid("jid").is_some_and(|jid| own.is_device(&jid));
            if let Some(to) = fan_out.children_named("to").find(|to| ours(to) && to.child("enc").is_some()) {
                (self.encs, self.enc_count) = (to, to.children_named("enc").count());
            }
        }
        // A bot answers in the chat where it was asked. Nobody else may choose the chat.
        if let Some(chat) =
            meta.filter(|_| is_bot(&self.origin.sender)).and_then(|m| m.jid("target_chat_jid"))
        {
            self.origin.chat = chat.account();
        }
    }

    /// The ciphertexts: those between two devices first, since one of them usually brings the key for the other.
    pub fn encs(&self) -> impl Iterator<Item = Enc<'a>> + use<'a> {
        let (encs, is_mixed) = (self.encs, self.enc_count > 1);
        let all = move || encs.children_named("enc").take(MAX_ENCS).map(Enc::read);
        let pairwise = all().filter(move |enc| !is_mixed || enc.kind.is_pairwise());
        let others = is_mixed.then(|| all().filter(|enc| !enc.kind.is_pairwise()));
        pairwise.chain(others.into_iter().flatten())
    }

    /// Returns whether there is a ciphertext at all.
    pub fn has_encs(&self) -> bool {
        self.enc_count > 0
    }

    /// Returns whether it is a message between own devices.
    pub fn is_peer(&self) -> bool {
        self.category == Some("peer")
    }

    /// Returns the reason why the content is not for this device, if it is not.
    pub fn unavailable(&self) -> Option<Unavailable> {
        self.unavailable.filter(|_| !self.has_encs())
    }

    /// Returns the fields about other messages.
    pub fn meta(&self) -> Meta<'a> {
        let Some(meta) = self.node.child("meta") else { return Meta::default() };
        Meta {
            target_id: text(&meta, "target_id"),
            target_sender: meta.jid("target_sender_jid"),
            target_chat: meta.jid("target_chat_jid"),
            thread_id: text(&meta, "thread_msg_id"),
            thread_sender: meta.jid("thread_msg_sender_jid"),
        }
    }

    /// The id under which a bot's answer is encrypted: of the answer that it continues, or its own.
    pub fn bot_reply_id(&self) -> &'a str {
        let continued =
            self.node.child("bot").filter(|bot| bot.is("edit", "inner") || bot.is("edit", "last"));
        continued.and_then(|bot| text(&bot, "edit_target_id")).unwrap_or(self.id)
    }

    /// The other recipients of what another own device sent to a broadcast list.
    pub fn list_recipients(&self) -> impl Iterator<Item = Jid> + use<'a> {
        let fan_out = self.node.child("participants").filter(|_| self.origin.from_me);
        fan_out.into_iter().flat_map(|all| all.children_named("to").filter_map(|to| to.jid("jid")))
    }

    /// The server's authenticator for reports of abuse.
    pub fn reporting_tag(&self) -> Option<&'a [u8]> {
        child_bytes(&self.node.child("reporting")?, "reporting_tag")
    }

    /// The stanza itself.
    pub fn node(&self) -> NodeRef<'a> {
        self.node
    }
}

impl<'a> Enc<'a> {
    fn read(node: NodeRef<'a>) -> Self {
        let bytes = node.bytes().unwrap_or_default();
        let mut enc =
            Self { kind: EncKind::Unknown, version: 0, bytes, count: 0, hide: false, media_type: None };
        for (key, value) in node.each_attr() {
            match key {
                "type" => enc.kind = as_text(value).map_or(EncKind::Unknown, EncKind::from_name),
                "v" => enc.version = as_number(value).unwrap_or(0),
                "count" => enc.count = as_number(value).unwrap_or(0),
                "decrypt-fail" => enc.hide = as_text(value) == Some("hide"),
                "mediatype" => enc.media_type = as_text(value),
                _ => {}
            }
        }
        enc
    }
}

/// Returns whether an account is one of WhatsApp's bots.
pub fn is_bot(jid: &Jid) -> bool {
    let digits = |rest: &str, count| rest.len() == count && rest.bytes().all(|b| b.is_ascii_digit());
    match jid.server {
        Server::Bot => true,
        Server::Pn if jid.device == 0 => {
            jid.user.strip_prefix("1313555").is_some_and(|rest| digits(rest, 4))
                || jid.user.strip_prefix("131655500").is_some_and(|rest| digits(rest, 2))
        }
        _ => false,
    }
}

#[cfg(test)]
#[path = "incoming_tests.rs"]
mod tests;
