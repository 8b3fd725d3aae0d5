//! The records of messaging as they are kept.

use super::table::Kept;
use crate::crypto::{PublicKey, Secret};
use crate::messaging::address::{Address, Kind, User};
use crate::messaging::content::Expiration;
use crate::signal::{IdentityKey, OwnSenderKey, SenderKeyRecord, SessionRecord};
use crate::stanza::{Jid, Text};
use crate::store::records::{OneTimePrekey, SignedPrekey, codec};
use crate::store::{Batch, Space, StoreError, Value};

/// The other name of a user: the LID of a phone number, or the phone number of a LID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OtherName(pub(crate) Text);

/// The identity key that a device is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pin {
    /// The key.
    pub(crate) key: IdentityKey,
    /// The server said that there is a new one. Only a message or a bundle can bring it; until then this one stands.
    pub(crate) superseded: bool,
}

/// One device in a user's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListedDevice {
    /// Its number.
    pub(crate) id: u16,
    /// Its index in the account's signed list; the phone has none.
    pub(crate) key_index: Option<u32>,
}

/// A user's devices, as the server gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeviceList {
    /// In the server's order, the phone among them.
    pub(crate) devices: Vec<ListedDevice>,
    /// The server's hash of the list, to be sent back as a hint; empty if it is not to be relied on.
    pub(crate) hash: Text,
    /// When the account signed the list, Unix seconds; 0 if it is not signed.
    pub(crate) signed_s: u64,
    /// The number of the account's installation; another one means that everything began anew. 0 if unknown.
    pub(crate) raw_id: u32,
    /// When it was fetched, Unix milliseconds.
    pub(crate) fetched_ms: i64,
}

/// What is kept of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GroupRecord {
    /// Whether members are addressed by LID.
    pub(crate) by_lid: bool,
    /// The members, each under the name that the group uses.
    pub(crate) members: Vec<User>,
    /// Those of them who are admins; empty if that is not known.
    pub(crate) admins: Vec<User>,
    /// Seconds after which messages disappear; 0 for never.
    pub(crate) expiration: u32,
    /// When it was fetched, Unix milliseconds.
    pub(crate) fetched_ms: i64,
}

/// The devices that have our current sender key of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holders {
    /// The number of the key they have.
    pub(crate) key_id: u32,
    /// They.
    pub(crate) devices: std::collections::BTreeSet<Address>,
}

/// A message of ours: first to be sent, later kept for those who could not read it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Where it goes.
    pub(crate) chat: Jid,
    /// The serialised content.
    pub(crate) message: Vec<u8>,
    /// When the host handed it in, Unix milliseconds. Orders what waits.
    pub(crate) created_ms: i64,
    /// Orders what was handed in within one millisecond.
    pub(crate) number: u64,
    /// When the server took it, Unix milliseconds by its clock; 0: not yet.
    pub(crate) taken_ms: i64,
    /// With which timer it went out; of 0 seconds for none. Who asks for it again gets the same.
    pub(crate) timer: Expiration,
}

/// How often a message was asked for again that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The count of the last request.
    pub(crate) count: u32,
    /// When that was, Unix milliseconds.
    pub(crate) at_ms: i64,
}

/// What was answered to a device that could not read a message of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    /// How many answers it got.
    pub(crate) count: u32,
    /// The base key of the session at its second request: if it is still the same at the third, that session cannot heal.
    pub(crate) base_key: Option<Vec<u8>>,
}

/// The secret of a message, with which what is added to it (votes, for one) is encrypted; and what may be chosen, if it is a poll.
#[derive(Clone)]
pub(crate) struct MessageSecret {
    /// The secret.
    pub(crate) secret: Secret<32>,
    /// The options of a poll, in order.
    pub(crate) options: Vec<String>,
    /// How many of them may be chosen; 0 for any number.
    pub(crate) selectable: u32,
}

/// The secret of a message of any kind, kept for one period to the end of the next. Those of even periods are in one place, those
/// of odd ones in another, so that all of a period are let go of together.
#[derive(Clone)]
pub(crate) struct RecentSecret<const ODD: bool>(pub(crate) MessageSecret);

/// Of which periods secrets are kept; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SecretPeriods {
    /// The even one.
    pub(crate) even: u64,
    /// The odd one.
    pub(crate) odd: u64,
}

/// What we are to a person: the token that shows their trust in us, when they had ours, and whether we have met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PrivacyToken {
    /// Theirs; empty if we have none.
    pub(crate) token: Vec<u8>,
    /// When it was issued, Unix seconds.
    pub(crate) issued_s: u64,
    /// When we issued ours to them last, Unix seconds; 0 for never.
    pub(crate) given_s: u64,
    /// Whether they have written to us, or have been sent a message that the server took.
    pub(crate) met: bool,
    /// After how many seconds messages disappear in the chat with them; 0 for never.
    pub(crate) expiration: u32,
    /// When that was set, in seconds since 1970; 0 if it is not known.
    pub(crate) expiration_set_at: i64,
    /// The kind of name under which the server took a message to them after it had refused it under the other.
    pub(crate) taken_as: Option<Kind>,
}

/// A signed prekey of ours that was replaced. Messages on their way may still need it.
pub(crate) struct EarlierPrekey(pub(crate) SignedPrekey);

/// A record made of one protobuf message.
macro_rules! one_message {
    ($record:ty, $space:ident, $wire:ty) => {
        impl Kept for $record {
            const SPACES: &'static [Space] = &[Space::$space];

            fn load(parts: &[Option<Value>]) -> Result<Self, StoreError> {
                let wire: $wire = codec::decode(Space::$space, first(parts))?;
                <$record>::from_wire(wire).ok_or_else(|| codec::error(Space::$space, "it is damaged"))
            }

            fn save(&mut self, key: &[u8], batch: &mut Batch) {
                batch.put(Space::$space, key, codec::encode(&self.to_wire()));
            }
        }
    };
}

/// A record of the Signal layer, in a part that changes with every message and one that seldom does.
macro_rules! two_parts {
    ($record:ty, $hot:ident, $cold:ident) => {
        impl Kept for $record {
            const SPACES: &'static [Space] = &[Space::$hot, Space::$cold];

            fn load(parts: &[Option<Value>]) -> Result<Self, StoreError> {
                let cold = parts.get(1).and_then(|part| part.as_deref());
                Self::decode(first(parts), cold).map_err(|_| codec::error(Space::$hot, "it is damaged"))
            }

            fn save(&mut self, key: &[u8], batch: &mut Batch) {
                let saved = Self::save(self);
                batch.put(Space::$hot, key, Value::from(saved.hot.as_slice()));
                if let Some(cold) = saved.cold {
                    batch.put(Space::$cold, key, Value::from(cold.as_slice()));
                }
            }
        }
    };
}

/// The first part, which is there whenever a record is loaded.
fn first(parts: &[Option<Value>]) -> &[u8] {
    parts.first().and_then(|part| part.as_deref()).unwrap_or_default()
}

two_parts!(SessionRecord, Session, SessionArchive);
two_parts!(SenderKeyRecord, SenderKey, SenderKeyArchive);
one_message!(OtherName, LidMap, TextWire);
one_message!(Pin, Identity, PinWire);
one_message!(DeviceList, Devices, DeviceListWire);
one_message!(GroupRecord, Group, GroupWire);
one_message!(Holders, SenderKeyHolders, HoldersWire);
one_message!(Sent, Outbox, SentWire);
one_message!(Asked, RetryAsked, AskedWire);
one_message!(Answered, RetryAnswered, AnsweredWire);
one_message!(MessageSecret, MessageSecret, SecretWire);
one_message!(PrivacyToken, PrivacyToken, TokenWire);
one_message!(RecentSecret<false>, SecretEven, SecretWire);
one_message!(RecentSecret<true>, SecretOdd, SecretWire);
one_message!(SecretPeriods, SecretPeriods, PeriodsWire);

impl Kept for OwnSenderKey {
    const SPACES: &'static [Space] = &[Space::OwnSenderKey];

    fn load(parts: &[Option<Value>]) -> Result<Self, StoreError> {
        Self::decode(first(parts)).map_err(|_| codec::error(Space::OwnSenderKey, "it is damaged"))
    }

    fn save(&mut self, key: &[u8], batch: &mut Batch) {
        batch.put(Space::OwnSenderKey, key, Value::from(self.save().as_slice()));
    }
}

impl Kept for EarlierPrekey {
    const SPACES: &'static [Space] = &[Space::SignedPrekey];

    fn load(parts: &[Option<Value>]) -> Result<Self, StoreError> {
        SignedPrekey::decode(first(parts)).map(Self)
    }

    fn save(&mut self, key: &[u8], batch: &mut Batch) {
        batch.put(Space::SignedPrekey, key, self.0.encode());
    }
}

impl Kept for OneTimePrekey {
    const SPACES: &'static [Space] = &[Space::OneTimePrekey];

    fn load(parts: &[Option<Value>]) -> Result<Self, StoreError> {
        Self::decode(first(parts))
    }

    fn save(&mut self, key: &[u8], batch: &mut Batch) {
        batch.put(Space::OneTimePrekey, key, self.encode());
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct TextWire {
    #[prost(string, tag = "1")]
    text: String,
}

impl OtherName {
    fn from_wire(wire: TextWire) -> Option<Self> {
        (!wire.text.is_empty()).then(|| Self(wire.text.into()))
    }

    fn to_wire(&self) -> TextWire {
        TextWire { text: self.0.to_string() }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct PinWire {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bool, tag = "2")]
    superseded: bool,
}

impl Pin {
    fn from_wire(wire: PinWire) -> Option<Self> {
        let key = IdentityKey::new(PublicKey::from_slice(&wire.key)?).ok()?;
        Some(Self { key, superseded: wire.superseded })
    }

    fn to_wire(&self) -> PinWire {
        PinWire { key: self.key.as_bytes().to_vec(), superseded: self.superseded }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct DeviceListWire {
    /// Device number and key index plus one (0: none), in turn.
    #[prost(uint32, repeated, tag = "1")]
    devices: Vec<u32>,
    #[prost(string, tag = "2")]
    hash: String,
    #[prost(uint64, tag = "3")]
    signed_s: u64,
    #[prost(uint32, tag = "4")]
    raw_id: u32,
    #[prost(int64, tag = "5")]
    fetched_ms: i64,
}

impl DeviceList {
    fn from_wire(wire: DeviceListWire) -> Option<Self> {
        let (pairs, rest) = wire.devices.as_chunks::<2>();
        let device = |[id, index]: &[u32; 2]| {
            Some(ListedDevice { id: u16::try_from(*id).ok()?, key_index: index.checked_sub(1) })
        };
        let devices = pairs.iter().map(device).collect::<Option<_>>()?;
        rest.is_empty().then_some(Self {
            devices,
            hash: wire.hash.into(),
            signed_s: wire.signed_s,
            raw_id: wire.raw_id,
            fetched_ms: wire.fetched_ms,
        })
    }

    fn to_wire(&self) -> DeviceListWire {
        let pair = |device: &ListedDevice| {
            [u32::from(device.id), device.key_index.map_or(0, |index| index.saturating_add(1))]
        };
        DeviceListWire {
            devices: self.devices.iter().flat_map(pair).collect(),
            hash: self.hash.to_string(),
            signed_s: self.signed_s,
            raw_id: self.raw_id,
            fetched_ms: self.fetched_ms,
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct GroupWire {
    #[prost(bool, tag = "1")]
    by_lid: bool,
    #[prost(string, repeated, tag = "2")]
    members: Vec<String>,
    #[prost(uint32, tag = "3")]
    expiration: u32,
    #[prost(int64, tag = "4")]
    fetched_ms: i64,
    #[prost(string, repeated, tag = "5")]
    admins: Vec<String>,
}

impl GroupRecord {
    fn from_wire(wire: GroupWire) -> Option<Self> {
        let user = |text: &String| User::of(&text.parse().ok()?);
        Some(Self {
            by_lid: wire.by_lid,
            members: wire.members.iter().map(user).collect::<Option<_>>()?,
            admins: wire.admins.iter().map(user).collect::<Option<_>>()?,
            expiration: wire.expiration,
            fetched_ms: wire.fetched_ms,
        })
    }

    fn to_wire(&self) -> GroupWire {
        GroupWire {
            by_lid: self.by_lid,
            members: self.members.iter().map(|user| user.jid().to_string()).collect(),
            admins: self.admins.iter().map(|user| user.jid().to_string()).collect(),
            expiration: self.expiration,
            fetched_ms: self.fetched_ms,
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct HoldersWire {
    #[prost(uint32, tag = "1")]
    key_id: u32,
    #[prost(bytes = "vec", repeated, tag = "2")]
    devices: Vec<Vec<u8>>,
}

impl Holders {
    fn from_wire(wire: HoldersWire) -> Option<Self> {
        let devices = wire.devices.iter().map(|key| Address::from_key(key)).collect::<Option<_>>()?;
        Some(Self { key_id: wire.key_id, devices })
    }

    fn to_wire(&self) -> HoldersWire {
        HoldersWire { key_id: self.key_id, devices: self.devices.iter().map(Address::key).collect() }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct SentWire {
    #[prost(string, tag = "1")]
    chat: String,
    #[prost(bytes = "vec", tag = "2")]
    message: Vec<u8>,
    #[prost(int64, tag = "3")]
    created_ms: i64,
    #[prost(uint64, tag = "4")]
    number: u64,
    #[prost(int64, tag = "5")]
    taken_ms: i64,
    #[prost(uint32, tag = "6")]
    timer: u32,
    #[prost(int64, tag = "7")]
    timer_set_at: i64,
}

impl Sent {
    fn from_wire(wire: SentWire) -> Option<Self> {
        Some(Self {
            chat: wire.chat.parse().ok()?,
            message: wire.message,
            created_ms: wire.created_ms,
            number: wire.number,
            taken_ms: wire.taken_ms,
            timer: timer(wire.timer, wire.timer_set_at),
        })
    }

    fn to_wire(&self) -> SentWire {
        SentWire {
            chat: self.chat.to_string(),
            message: self.message.clone(),
            created_ms: self.created_ms,
            number: self.number,
            taken_ms: self.taken_ms,
            timer: self.timer.seconds,
            timer_set_at: self.timer.set_at.unwrap_or_default(),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct AskedWire {
    #[prost(uint32, tag = "1")]
    count: u32,
    #[prost(int64, tag = "2")]
    at_ms: i64,
}

impl Asked {
    #[expect(clippy::unnecessary_wraps, reason = "as the other records have it")]
    fn from_wire(wire: AskedWire) -> Option<Self> {
        Some(Self { count: wire.count, at_ms: wire.at_ms })
    }

    fn to_wire(self) -> AskedWire {
        AskedWire { count: self.count, at_ms: self.at_ms }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct AnsweredWire {
    #[prost(uint32, tag = "1")]
    count: u32,
    #[prost(bytes = "vec", optional, tag = "2")]
    base_key: Option<Vec<u8>>,
}

impl Answered {
    #[expect(clippy::unnecessary_wraps, reason = "as the other records have it")]
    fn from_wire(wire: AnsweredWire) -> Option<Self> {
        Some(Self { count: wire.count, base_key: wire.base_key })
    }

    fn to_wire(&self) -> AnsweredWire {
        AnsweredWire { count: self.count, base_key: self.base_key.clone() }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct SecretWire {
    #[prost(bytes = "vec", tag = "1")]
    secret: Vec<u8>,
    #[prost(string, repeated, tag = "2")]
    options: Vec<String>,
    #[prost(uint32, tag = "3")]
    selectable: u32,
}

impl Drop for SecretWire {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret);
    }
}

impl MessageSecret {
    fn from_wire(mut wire: SecretWire) -> Option<Self> {
        Some(Self {
            secret: Secret::from_slice(&wire.secret)?,
            options: std::mem::take(&mut wire.options),
            selectable: wire.selectable,
        })
    }

    fn to_wire(&self) -> SecretWire {
        SecretWire {
            secret: self.secret.as_bytes().to_vec(),
            options: self.options.clone(),
            selectable: self.selectable,
        }
    }
}

impl<const ODD: bool> RecentSecret<ODD> {
    fn from_wire(wire: SecretWire) -> Option<Self> {
        MessageSecret::from_wire(wire).map(Self)
    }

    fn to_wire(&self) -> SecretWire {
        self.0.to_wire()
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct PeriodsWire {
    #[prost(uint64, tag = "1")]
    even: u64,
    #[prost(uint64, tag = "2")]
    odd: u64,
}

impl SecretPeriods {
    #[expect(clippy::unnecessary_wraps, reason = "as the other records have it")]
    fn from_wire(wire: PeriodsWire) -> Option<Self> {
        Some(Self { even: wire.even, odd: wire.odd })
    }

    fn to_wire(self) -> PeriodsWire {
        PeriodsWire { even: self.even, odd: self.odd }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct TokenWire {
    #[prost(bytes = "vec", tag = "1")]
    token: Vec<u8>,
    #[prost(uint64, tag = "2")]
    issued_s: u64,
    #[prost(uint64, tag = "3")]
    given_s: u64,
    #[prost(bool, tag = "4")]
    met: bool,
    #[prost(uint32, tag = "5")]
    expiration: u32,
    #[prost(int64, tag = "6")]
    expiration_set_at: i64,
    /// 1: by phone number, 2: by LID.
    #[prost(uint32, tag = "7")]
    taken_as: u32,
}

/// A timer; the time 0 stands for one that is not known.
fn timer(seconds: u32, set_at: i64) -> Expiration {
    Expiration { seconds, set_at: Some(set_at).filter(|at| *at != 0) }
}

impl PrivacyToken {
    /// The timer of the chat with them.
    pub(crate) fn timer(&self) -> Expiration {
        timer(self.expiration, self.expiration_set_at)
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the other records have it")]
    fn from_wire(wire: TokenWire) -> Option<Self> {
        Some(Self {
            token: wire.token,
            issued_s: wire.issued_s,
            given_s: wire.given_s,
            met: wire.met,
            expiration: wire.expiration,
            expiration_set_at: wire.expiration_set_at,
            taken_as: match wire.taken_as {
                1 => Some(Kind::Pn),
                2 => Some(Kind::Lid),
                _ => None,
            },
        })
    }

    fn to_wire(&self) -> TokenWire {
        TokenWire {
            token: self.token.clone(),
            issued_s: self.issued_s,
            given_s: self.given_s,
            met: self.met,
            expiration: self.expiration,
            expiration_set_at: self.expiration_set_at,
            taken_as: match self.taken_as {
                None => 0,
                Some(Kind::Pn) => 1,
                Some(Kind::Lid) => 2,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Op;

    fn again<R: Kept>(record: &mut R) -> R {
        let mut batch = Batch::new();
        record.save(b"key", &mut batch);
        let parts: Vec<_> = R::SPACES
            .iter()
            .map(|wanted| {
                batch.ops().iter().find_map(|op| match op {
                    Op::Put { space, value, .. } if space == wanted => Some(value.clone()),
                    _ => None,
                })
            })
            .collect();
        R::load(&parts).unwrap()
    }

    #[test]
    fn records_come_back() {
        let user = User::of(&"5@lid".parse().unwrap()).unwrap();
        let mut list = DeviceList {
            devices: vec![
                ListedDevice { id: 0, key_index: None },
                ListedDevice { id: 65535, key_index: Some(0) },
            ],
            hash: "2:abc".into(),
            signed_s: 7,
            raw_id: 8,
            fetched_ms: 9,
        };
        assert_eq!(again(&mut list), list);
        let mut group = GroupRecord {
            by_lid: true,
            members: vec![user.clone()],
            admins: vec![user.clone()],
            expiration: 86400,
            fetched_ms: 1,
        };
        assert_eq!(again(&mut group), group);
        let mut holders = Holders { key_id: 3, devices: [user.device(0), user.device(9)].into() };
        assert_eq!(again(&mut holders), holders);
        let mut sent = Sent {
            chat: user.jid(),
            message: vec![1, 2],
            created_ms: 1,
            number: 2,
            taken_ms: 3,
            timer: timer(4, 5),
        };
        assert!(again(&mut sent) == sent);
        let mut answered = Answered { count: 2, base_key: Some(vec![1]) };
        assert_eq!(again(&mut answered), answered);
        let mut token = PrivacyToken {
            token: vec![1],
            issued_s: 2,
            given_s: 3,
            met: true,
            expiration: 4,
            expiration_set_at: 5,
            taken_as: Some(Kind::Pn),
        };
        assert_eq!(again(&mut token), token);
    }

    #[test]
    fn damage_is_an_error() {
        for bytes in [&[][..], &[9], &[1, 0xff]] {
            assert!(GroupRecord::load(&[Some(Value::from(bytes))]).is_err());
            assert!(Pin::load(&[Some(Value::from(bytes))]).is_err());
        }
    }
}
