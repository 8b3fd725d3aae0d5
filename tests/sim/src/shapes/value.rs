//! The allowed values of an attribute or a content.

use wa::stanza::{AttrRef, Jid, NodeRef, Server};

use super::count::Count;

/// The rule for an attribute's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// One of these texts.
    OneOf(Vec<String>),
    /// Any text but these.
    NoneOf(Vec<String>),
    /// Decimal digits, in a range.
    Integer(u64, u64),
    /// A time in Unix seconds.
    Seconds,
    /// The id of a request: `123.456-7`.
    IqId,
    /// Any text that is not empty.
    Text,
    /// So many hexadecimal digits.
    Hex(usize),
    /// The hash of a set of devices: `2:` and eight digits of base64.
    Phash,
    /// An address of one of these kinds, encoded as an address.
    Jid(Vec<JidKind>),
}

/// The kinds of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JidKind {
    /// The service itself.
    Server,
    /// The service for all groups.
    Groups,
    /// A group.
    Group,
    /// The status feed, or a list.
    Broadcast,
    /// A channel.
    Newsletter,
    /// A user by phone number, without a device.
    PnUser,
    /// A user, without a device.
    User,
    /// A device; the primary's address is that of its user.
    Device,
}

impl Value {
    /// Reads a rule.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let list = |text: &str| text.split('|').map(str::to_owned).collect();
        if let Some(texts) = text.strip_prefix('=') {
            return Ok(Self::OneOf(list(texts)));
        }
        if let Some(texts) = text.strip_prefix("not ") {
            return Ok(Self::NoneOf(list(texts)));
        }
        if let Some(range) = text.strip_prefix("integer ") {
            let number = |text: &str| text.parse().map_err(|_| format!("{range:?} is no range"));
            let (low, high) = range.split_once("..").ok_or_else(|| format!("{range:?} is no range"))?;
            return Ok(Self::Integer(number(low)?, if high.is_empty() { u64::MAX } else { number(high)? }));
        }
        if let Some(digits) = text.strip_prefix("hex ") {
            return digits.parse().map(Self::Hex).map_err(|_| format!("{digits:?} is no number of digits"));
        }
        Ok(match text {
            "integer" => Self::Integer(0, u64::MAX),
            "seconds" => Self::Seconds,
            "iq id" => Self::IqId,
            "text" => Self::Text,
            "phash" => Self::Phash,
            kinds => Self::Jid(kinds.split(" or ").map(JidKind::read).collect::<Result<_, _>>()?),
        })
    }

    /// Returns what is wrong with a value.
    pub(super) fn check(&self, value: &AttrRef<'_>) -> Option<String> {
        match (self, value) {
            (Self::Jid(kinds), AttrRef::Jid(jid)) => {
                let jid = jid.to_jid();
                let fits = kinds.iter().any(|kind| kind.holds(&jid));
                (!fits).then(|| format!("{jid} is not the address of {self}"))
            }
            (Self::Jid(_), AttrRef::Text(text)) => Some(format!("{text:?} is not encoded as an address")),
            (_, AttrRef::Jid(jid)) => Some(format!("{} is an address, not {self}", jid.to_jid())),
            (_, AttrRef::Text(text)) => (!self.holds(text)).then(|| format!("{text:?} is not {self}")),
        }
    }

    fn holds(&self, text: &str) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::OneOf(texts) => texts.iter().any(|one| one == text),
            Self::NoneOf(texts) => !text.is_empty() && texts.iter().all(|one| one != text),
            Self::Integer(low, high) => {
                digits(text) && text.parse().is_ok_and(|number: u64| (*low..=*high).contains(&number))
            }
            Self::Seconds => text.len() == 10 && digits(text),
            Self::IqId => text.split_once('-').is_some_and(|(prefix, number)| {
                digits(number) && prefix.split_once('.').is_some_and(|(a, b)| digits(a) && digits(b))
            }),
            Self::Text => !text.is_empty(),
            Self::Hex(length) => text.len() == *length && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::Phash => text.strip_prefix("2:").is_some_and(|hash| hash.len() == 8),
            Self::Jid(_) => false,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OneOf(texts) => write!(f, "{}", texts.join(" or ")),
            Self::NoneOf(texts) => write!(f, "a text other than {}", texts.join(" and ")),
            Self::Integer(0, u64::MAX) => f.write_str("a number"),
            Self::Integer(low, u64::MAX) => write!(f, "a number from {low}"),
            Self::Integer(low, high) => write!(f, "a number from {low} to {high}"),
            Self::Seconds => f.write_str("a time in seconds"),
            Self::IqId => f.write_str("the id of a request"),
            Self::Text => f.write_str("a text"),
            Self::Hex(length) => write!(f, "{length} hexadecimal digits"),
            Self::Phash => f.write_str("a hash of devices"),
            Self::Jid(kinds) => {
                let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
                f.write_str(&names.join(" or "))
            }
        }
    }
}

impl JidKind {
    const ALL: [Self; 8] = [
        Self::Server,
        Self::Groups,
        Self::Group,
        Self::Broadcast,
        Self::Newsletter,
        Self::PnUser,
        Self::User,
        Self::Device,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Groups => "groups",
            Self::Group => "group",
            Self::Broadcast => "broadcast",
            Self::Newsletter => "newsletter",
            Self::PnUser => "pn user",
            Self::User => "user",
            Self::Device => "device",
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == text);
        kind.ok_or_else(|| format!("{text:?} is no kind of value"))
    }

    fn holds(self, jid: &Jid) -> bool {
        let is_user = !jid.user.is_empty();
        let is_device =
            matches!(jid.server, Server::Pn | Server::Lid | Server::Bot | Server::Hosted | Server::HostedLid);
        match self {
            Self::Server => !is_user && jid.server == Server::Pn,
            Self::Groups => !is_user && jid.server == Server::Group,
            Self::Group => is_user && jid.server == Server::Group,
            Self::Broadcast => is_user && jid.server == Server::Broadcast,
            Self::Newsletter => is_user && jid.server == Server::Newsletter,
            Self::PnUser => is_user && jid.server == Server::Pn && jid.device == 0,
            Self::User => is_user && is_device && jid.device == 0,
            Self::Device => is_user && is_device,
        }
    }
}

/// The rule for what an element holds besides children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing.
    #[default]
    Nothing,
    /// So many bytes.
    Bytes(Count),
    /// One of these bytes, alone.
    Byte(u8),
    /// A text for which this holds.
    Text(Value),
    /// A JSON object with these members.
    Json(Vec<String>),
}

impl Content {
    /// Reads a rule: `bytes`, `bytes 32`, `byte 5`, `text`, `text =a|b`, `json a b`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
        Ok(match (kind, rest) {
            ("bytes", "") => Self::Bytes(Count::read("+")?),
            ("bytes", count) => Self::Bytes(Count::read(count)?),
            ("byte", number) => Self::Byte(number.parse().map_err(|_| format!("{number:?} is no byte"))?),
            ("text", "") => Self::Text(Value::Text),
            ("text", rule) => Self::Text(Value::read(rule)?),
            ("json", members) => Self::Json(members.split_whitespace().map(str::to_owned).collect()),
            _ => return Err(format!("{text:?} is no kind of content")),
        })
    }

    /// Returns what is wrong with the content of an element.
    pub(super) fn check(&self, node: NodeRef<'_>) -> Option<String> {
        let Some(bytes) = node.bytes() else {
            return (*self != Self::Nothing).then(|| format!("is empty, and has to hold {self}"));
        };
        let fits = match self {
            Self::Nothing => false,
            Self::Bytes(count) => count.allows(bytes.len()),
            Self::Byte(byte) => bytes == [*byte],
            Self::Text(rule) => std::str::from_utf8(bytes).is_ok_and(|text| rule.holds(text)),
            Self::Json(members) => {
                let json = serde_json::from_slice::<serde_json::Value>(bytes);
                json.is_ok_and(|json| members.iter().all(|member| json.get(member).is_some()))
            }
        };
        (!fits).then(|| format!("holds {} bytes that are not {self}", bytes.len()))
    }
}

impl std::fmt::Display for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Bytes(count) => write!(f, "{count} bytes"),
            Self::Byte(byte) => write!(f, "the byte {byte}"),
            Self::Text(rule) => write!(f, "{rule}"),
            Self::Json(members) => write!(f, "JSON with {}", members.join(" and ")),
        }
    }
}
