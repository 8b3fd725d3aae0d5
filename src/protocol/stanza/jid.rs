//! Addresses: [`Jid`] and the [`Server`] it belongs to, as values and as text.
//!
//! A JID names a user, one device of a user, a group, a channel, or (with an empty user) a service. Its form in a stanza is the
//! business of `encode` and `decode`; this file only knows the text form `[user[:device]@]server` and what equality means.

use std::fmt;
use std::str::FromStr;

use super::Text;

/// The part after the `@`. Unknown names are kept, so that a new server name never makes a stanza unreadable.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Server {
    /// `s.whatsapp.net`: users by phone number; without a user, the service itself.
    Pn,
    /// `lid`: users by hidden identity.
    Lid,
    /// `g.us`: groups and communities.
    Group,
    /// `broadcast`: the status feed and broadcast lists.
    Broadcast,
    /// `newsletter`: channels.
    Newsletter,
    /// `call`: a group call.
    Call,
    /// `bot`: AI bots.
    Bot,
    /// `hosted`: a business account run by Meta, by phone number.
    Hosted,
    /// `hosted.lid`: the same by hidden identity.
    HostedLid,
    /// `interop`: users of other messengers.
    Interop,
    /// `msgr`: Messenger users.
    Messenger,
    /// `c.us`: the old spelling of `s.whatsapp.net`.
    LegacyPn,
    /// Any other name.
    Other(Text),
}

impl Server {
    /// The name as written after the `@`.
    pub fn name(&self) -> &str {
        match self {
            Self::Pn => "s.whatsapp.net",
            Self::Lid => "lid",
            Self::Group => "g.us",
            Self::Broadcast => "broadcast",
            Self::Newsletter => "newsletter",
            Self::Call => "call",
            Self::Bot => "bot",
            Self::Hosted => "hosted",
            Self::HostedLid => "hosted.lid",
            Self::Interop => "interop",
            Self::Messenger => "msgr",
            Self::LegacyPn => "c.us",
            Self::Other(name) => name,
        }
    }

    /// The server of that name.
    pub fn from_name(name: &str) -> Self {
        match name {
            "s.whatsapp.net" => Self::Pn,
            "lid" => Self::Lid,
            "g.us" => Self::Group,
            "broadcast" => Self::Broadcast,
            "newsletter" => Self::Newsletter,
            "call" => Self::Call,
            "bot" => Self::Bot,
            "hosted" => Self::Hosted,
            "hosted.lid" => Self::HostedLid,
            "interop" => Self::Interop,
            "msgr" => Self::Messenger,
            "c.us" => Self::LegacyPn,
            other => Self::Other(Text::new(other)),
        }
    }

    /// The server under which the same account is filed: hosted users and the old spelling are the same people.
    pub fn account(&self) -> Self {
        match self {
            Self::LegacyPn | Self::Hosted => Self::Pn,
            Self::HostedLid => Self::Lid,
            other => other.clone(),
        }
    }

    /// The byte that stands for this server where a device is addressed in short form.
    pub(super) fn domain(&self) -> Option<u8> {
        match self {
            Self::Pn => Some(0),
            Self::Lid => Some(1),
            Self::Hosted => Some(128),
            Self::HostedLid => Some(129),
            _ => None,
        }
    }

    /// The reverse of [`Server::domain`], by the rule of WhatsApp Web: any other value with bit 7 set and bit 0 clear is
    /// a hosted user too.
    pub(super) fn from_domain(domain: u8) -> Option<Self> {
        match domain {
            0 => Some(Self::Pn),
            1 => Some(Self::Lid),
            129 => Some(Self::HostedLid),
            other if other & 0x81 == 0x80 => Some(Self::Hosted),
            _ => None,
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An address. `==` is exact: every field counts. For "is this the same person?" there is [`Jid::same_account`].
///
/// `Display` gives the full text; `Debug` masks the user, since it goes to logs.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Jid {
    /// Before the `@`, without device and integrator: digits for people. Empty for a service.
    pub user: Text,
    /// After the `@`.
    pub server: Server,
    /// The device of the user; 0 is the primary, or no device in particular.
    pub device: u16,
    /// The other messenger, on `interop` only; else 0.
    pub integrator: u16,
}

/// The reason why a text is no JID.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum JidError {
    /// Nothing after the `@`, or no text at all.
    #[error("the address names no server")]
    NoServer,
    /// More than one `@`.
    #[error("the address has more than one @")]
    ManyAts,
    /// More than one `:` before the `@`, a device that is no number, or one that is out of range.
    #[error("the device in the address is not a number in range")]
    Device,
    /// User or server of more than 256 bytes.
    #[error("the address is too long")]
    TooLong,
}

/// Longest user and longest server name that are taken; real ones stay below 40 bytes.
pub(super) const MAX_JID_PART: usize = 256;

impl Jid {
    /// An address without device.
    pub fn new(user: impl Into<Text>, server: Server) -> Self {
        Self { user: user.into(), server, device: 0, integrator: 0 }
    }

    /// The service itself: `s.whatsapp.net`.
    pub const fn server() -> Self {
        Self { user: Text::new_static(""), server: Server::Pn, device: 0, integrator: 0 }
    }

    /// A person by phone number, digits only.
    pub fn user(digits: impl Into<Text>) -> Self {
        Self::new(digits, Server::Pn)
    }

    /// A person by hidden identity.
    pub fn lid(digits: impl Into<Text>) -> Self {
        Self::new(digits, Server::Lid)
    }

    /// The same user's device of that number; 0 for the user without device.
    #[must_use]
    pub fn with_device(mut self, device: u16) -> Self {
        self.device = device;
        self
    }

    /// The key of the account: no device, `c.us` and hosted spellings resolved.
    #[must_use]
    pub fn account(&self) -> Self {
        Self {
            user: self.user.clone(),
            server: self.server.account(),
            device: 0,
            integrator: self.integrator,
        }
    }

    /// Returns whether both are devices of one account, under one kind of address. A phone number and a LID are never the same
    /// here: that mapping is knowledge, not spelling.
    pub fn same_account(&self, other: &Self) -> bool {
        self.user == other.user
            && self.integrator == other.integrator
            && self.server.account() == other.server.account()
    }

    /// Returns whether this is the service itself (`s.whatsapp.net`, or its old spellings `c.us` and `server@c.us`).
    pub fn is_server(&self) -> bool {
        match self.server {
            Server::Pn => self.user.is_empty(),
            Server::LegacyPn => self.user.is_empty() || self.user == "server",
            _ => false,
        }
    }

    /// Returns whether this is a person by phone number, under any spelling.
    pub fn is_pn(&self) -> bool {
        !self.user.is_empty()
            && !self.is_server()
            && matches!(self.server, Server::Pn | Server::LegacyPn | Server::Hosted)
    }

    /// Returns the digits of a person by phone number.
    pub fn phone_digits(&self) -> Option<&str> {
        self.is_pn().then_some(&*self.user)
    }

    /// Returns whether this is a person by hidden identity.
    pub fn is_lid(&self) -> bool {
        !self.user.is_empty() && matches!(self.server, Server::Lid | Server::HostedLid)
    }

    /// Reads `[user[:device]@]server`; see [`FromStr`].
    pub fn parse(text: &str) -> Result<Self, JidError> {
        let (left, server) = match text.split_once('@') {
            Some((_, right)) if right.contains('@') => return Err(JidError::ManyAts),
            Some(parts) => parts,
            None => ("", text),
        };
        if server.is_empty() {
            return Err(JidError::NoServer);
        }
        if left.len() > MAX_JID_PART || server.len() > MAX_JID_PART {
            return Err(JidError::TooLong);
        }
        let server = Server::from_name(server);
        let (user, device) = match left.split_once(':') {
            Some((user, device)) => (user, decimal(device).ok_or(JidError::Device)?),
            None => (left, 0),
        };
        if device > 255 && server.domain().is_some() {
            return Err(JidError::Device);
        }
        let (integrator, user) = match user.split_once('-') {
            Some((integrator, rest)) if server == Server::Interop => match decimal(integrator) {
                Some(integrator) => (integrator, rest),
                None => (0, user),
            },
            _ => (0, user),
        };
        Ok(Self { user: Text::new(user), server, device, integrator })
    }
}

/// Decimal digits only: `str::parse` would take a leading `+` too.
fn decimal(text: &str) -> Option<u16> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// The one place that spells an address, for [`Jid`] and for the borrowed form inside a decoded stanza.
pub(super) fn write_jid(
    out: &mut dyn fmt::Write,
    user: &str,
    server: &str,
    device: u16,
    integrator: u16,
) -> fmt::Result {
    let interop = server == "interop";
    if !user.is_empty() || device != 0 || integrator != 0 {
        if interop {
            write!(out, "{integrator}-")?;
        }
        out.write_str(user)?;
        if device != 0 {
            write!(out, ":{device}")?;
        }
        out.write_char('@')?;
    }
    out.write_str(server)
}

impl FromStr for Jid {
    type Err = JidError;

    /// No `@` (or nothing before it) is a bare server. The device is decimal, at most 255 for people's accounts. A dot
    /// stays in the user: it once split off an "agent", which nobody sends any more.
    fn from_str(text: &str) -> Result<Self, JidError> {
        Self::parse(text)
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_jid(f, &self.user, self.server.name(), self.device, self.integrator)
    }
}

impl fmt::Debug for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_jid(f, &masked(&self.user), self.server.name(), self.device, self.integrator)
    }
}

/// A user for logs: of digits only the last two are shown; fixed names such as `status` stay.
pub(super) fn masked(user: &str) -> String {
    if user.len() > 4 && user.bytes().any(|b| b.is_ascii_digit()) {
        let tail: String = user.chars().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
        format!("*{tail}")
    } else {
        user.to_owned()
    }
}

#[cfg(test)]
#[path = "jid_tests.rs"]
mod tests;
