//! [`Address`]: the name under which the keys of one device are kept.
//!
//! It is a local name that never travels: what goes over the wire stays the [`Jid`] that came from there. Hosted spellings
//! are folded into the plain ones, and a phone number whose LID is known is always replaced by that LID
//! (see `record_cache`), so that one device has one record.

use std::fmt;

use crate::stanza::{Jid, Server, Text};

/// The kind of name that a user is filed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// By phone number.
    Pn,
    /// By hidden identity.
    Lid,
}

impl Kind {
    /// The other kind.
    pub fn other(self) -> Self {
        match self {
            Self::Pn => Self::Lid,
            Self::Lid => Self::Pn,
        }
    }
}

/// A user, without device. Hosted users are the users they are hosted for.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct User {
    /// The kind of name.
    pub kind: Kind,
    /// The name: digits, as a rule.
    pub name: Text,
}

/// One device of a user.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// The user of the device.
    pub user: User,
    /// Its number; 0 is the primary.
    pub device: u16,
}

/// The number of a hosted device, and only of that one.
pub const HOSTED_DEVICE: u16 = 99;

impl User {
    /// The user of a JID that names a person; `None` for groups, services and the like.
    pub fn of(jid: &Jid) -> Option<Self> {
        let kind = match jid.server.account() {
            Server::Pn => Kind::Pn,
            Server::Lid => Kind::Lid,
            _ => return None,
        };
        (!jid.user.is_empty()).then(|| Self { kind, name: jid.user.clone() })
    }

    /// The user as a JID without device.
    pub fn jid(&self) -> Jid {
        let server = match self.kind {
            Kind::Pn => Server::Pn,
            Kind::Lid => Server::Lid,
        };
        Jid::new(self.name.clone(), server)
    }

    /// One of the user's devices.
    pub fn device(&self, device: u16) -> Address {
        Address { user: self.clone(), device }
    }

    /// The key in the store: the kind, then the name.
    pub fn key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(1 + self.name.len());
        key.push(self.kind as u8);
        key.extend_from_slice(self.name.as_bytes());
        key
    }
}

impl Address {
    /// The address of a JID that names a person or one of their devices; `None` for groups, services and the like.
    pub fn of(jid: &Jid) -> Option<Self> {
        Some(Self { user: User::of(jid)?, device: jid.device })
    }

    /// The device as a JID, in the hosted spelling if it is a hosted device.
    pub fn jid(&self) -> Jid {
        let mut jid = self.user.jid().with_device(self.device);
        if self.is_hosted() {
            jid.server = match self.user.kind {
                Kind::Pn => Server::Hosted,
                Kind::Lid => Server::HostedLid,
            };
        }
        jid
    }

    /// Returns whether this is the phone.
    pub fn is_primary(&self) -> bool {
        self.device == 0
    }

    /// Returns whether this is a device that Meta hosts for a business.
    pub fn is_hosted(&self) -> bool {
        self.device == HOSTED_DEVICE
    }

    /// The key in the store: kind, device, name.
    pub fn key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(3 + self.user.name.len());
        key.push(self.user.kind as u8);
        key.extend_from_slice(&self.device.to_be_bytes());
        key.extend_from_slice(self.user.name.as_bytes());
        key
    }

    /// The reverse of [`Address::key`].
    pub fn from_key(key: &[u8]) -> Option<Self> {
        let [kind, high, low, name @ ..] = key else { return None };
        let kind = match kind {
            0 => Kind::Pn,
            1 => Kind::Lid,
            _ => return None,
        };
        let name = Text::new(std::str::from_utf8(name).ok()?);
        Some(Self { user: User { kind, name }, device: u16::from_be_bytes([*high, *low]) })
    }
}

impl fmt::Debug for User {
    /// Masked as a JID is: it goes to logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jid().fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jid().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<Address> {
        Address::of(&text.parse().unwrap())
    }

    #[test]
    fn spellings_of_one_device_are_one_address() {
        assert_eq!(address("15551234567:3@s.whatsapp.net"), address("15551234567:3@c.us"));
        assert_eq!(address("15551234567:99@hosted"), address("15551234567:99@s.whatsapp.net"));
        assert_ne!(address("15551234567@lid"), address("15551234567@s.whatsapp.net"));
        assert_eq!(address("123@g.us"), None);
        assert_eq!(address("s.whatsapp.net"), None);
        assert_eq!(address("5:99@lid").unwrap().jid().to_string(), "5:99@hosted.lid");
    }

    #[test]
    fn keys_come_back() {
        for text in ["15551234567@s.whatsapp.net", "123456:255@lid", "123456:99@hosted.lid"] {
            let address = address(text).unwrap();
            assert_eq!(Address::from_key(&address.key()), Some(address));
        }
        assert_eq!(Address::from_key(&[7, 0, 0, b'1']), None);
        assert_eq!(Address::from_key(&[0]), None);
    }

    #[test]
    fn numbers_are_masked_in_logs() {
        let shown = format!("{:?}", address("15551234567:3@s.whatsapp.net").unwrap());
        assert!(!shown.contains("1234567"), "{shown}");
    }
}
