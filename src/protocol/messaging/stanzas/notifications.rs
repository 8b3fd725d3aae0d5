//! Notifications about people's devices, keys and tokens.
//!
//! Main type: [`Notice`]. Those about groups are in [`group_changes`](super::group_changes).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use super::addressing::Pair;
use super::devices::{Device, HOSTED_DEVICE, KeyIndexList};
use super::parse::{flag, number, text, time};
use crate::stanza::{Jid, NodeRef, Server, Text};

/// Most devices that one notification is believed to name; an account has a handful.
const MAX_DEVICES: usize = 256;

/// Something that changed for one person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice<'a> {
    /// The user concerned, as the server names him; without device.
    pub user: Jid,
    /// The device it is from; 0 nearly always.
    pub device: u16,
    /// The person's two addresses.
    pub pair: Option<Pair>,
    /// When, Unix seconds.
    pub timestamp: Option<u64>,
    /// Set if the server queued it while the account was offline.
    pub offline: bool,
    /// The change.
    pub news: News<'a>,
}

/// A change that a notification reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News<'a> {
    /// Devices were added to a user's list.
    DevicesAdded(DeviceChange<'a>),
    /// Devices were taken off a user's list.
    DevicesRemoved(DeviceChange<'a>),
    /// A user's list has changed; the user is named by [`contact_hash`] only.
    DevicesOf {
        /// The hash.
        contact_hash: &'a str,
    },
    /// The list of the own account's devices, whole. It counts only if `user` is the own account.
    OwnDevices(DeviceChange<'a>),
    /// A user has a new identity key.
    Identity,
    /// A user trusts this account: tokens to show to the server.
    Tokens(Vec<Token<'a>>),
}

/// Devices, and what the list became.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceChange<'a> {
    /// The devices that are named.
    pub devices: Vec<NamedDevice>,
    /// Hash of the whole list by phone number, or by whatever `user` is; see [`phash`](super::phash).
    pub hash: Option<&'a str>,
    /// Hash of the whole list by LID.
    pub lid_hash: Option<&'a str>,
    /// The signed list of the account's devices.
    pub key_indexes: KeyIndexList<'a>,
}

/// A device of a notification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedDevice {
    /// Its address.
    pub jid: Jid,
    /// Its address by LID, if it is given beside a phone number.
    pub lid: Option<Jid>,
    /// The device, as a device list would describe it.
    pub device: Device,
}

/// A trusted-contact token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token<'a> {
    /// The token.
    pub bytes: &'a [u8],
    /// When it was made, Unix seconds: a newer one replaces it.
    pub timestamp: u64,
}

impl<'a> Notice<'a> {
    /// Reads a `<notification>`; `None` if it is of another kind, or lacks what it is about.
    pub fn read(node: NodeRef<'a>) -> Option<Self> {
        let from = node.jid("from")?;
        let news = match text(&node, "type")? {
            "devices" => devices(&node, &from)?,
            "account_sync" => News::OwnDevices(DeviceChange::read(&node.child("devices")?, &from)),
            "encrypt" if !from.is_server() => node.child("identity").map(|_| News::Identity)?,
            "privacy_token" => News::Tokens(tokens(&node)?),
            _ => return None,
        };
        let lid = node.jid("lid").or_else(|| node.jid("sender_lid"));
        Some(Self {
            pair: lid.and_then(|lid| Pair::of(&from, &lid)),
            device: from.device,
            user: from.account(),
            timestamp: time(&node, "t"),
            offline: node.has_attr("offline"),
            news,
        })
    }
}

fn devices<'a>(node: &NodeRef<'a>, from: &Jid) -> Option<News<'a>> {
    // Only one of them counts.
    if let Some(removed) = node.child("remove") {
        return Some(News::DevicesRemoved(DeviceChange::read(&removed, from)));
    }
    if let Some(added) = node.child("add") {
        return Some(News::DevicesAdded(DeviceChange::read(&added, from)));
    }
    Some(News::DevicesOf { contact_hash: text(&node.child("update")?, "hash")? })
}

fn tokens<'a>(node: &NodeRef<'a>) -> Option<Vec<Token<'a>>> {
    let tokens = node.child("tokens")?.children_named("token");
    let trusted = tokens.filter(|token| token.is("type", "trusted_contact"));
    let read = |token: NodeRef<'a>| {
        let bytes = token.bytes().filter(|bytes| !bytes.is_empty())?;
        Some(Token { bytes, timestamp: time(&token, "t")? })
    };
    Some(trusted.filter_map(read).collect())
}

impl<'a> DeviceChange<'a> {
    fn read(node: &NodeRef<'a>, from: &Jid) -> Self {
        let devices = node.children_named("device").filter_map(|device| NamedDevice::read(&device, from));
        Self {
            devices: devices.take(MAX_DEVICES).collect(),
            hash: text(node, "device_hash").or_else(|| text(node, "dhash")),
            lid_hash: text(node, "device_lid_hash"),
            key_indexes: KeyIndexList::of(node),
        }
    }
}

impl NamedDevice {
    /// Returns `None` if it is another account's device, or its two addresses are of different devices.
    fn read(node: &NodeRef<'_>, from: &Jid) -> Option<Self> {
        let jid = node.jid("jid").filter(|jid| jid.same_account(from))?;
        let lid = node.jid("lid").filter(Jid::is_lid);
        if lid.as_ref().is_some_and(|lid| lid.device != jid.device) {
            return None;
        }
        let hosted = jid.device == HOSTED_DEVICE
            || flag(node, "is_hosted")
            || matches!(jid.server, Server::Hosted | Server::HostedLid);
        let device = Device { id: jid.device, key_index: number(node, "key-index"), hosted };
        Some(Self { jid, lid, device })
    }
}

/// Returns the hash by which a notification names a user. Compare it with the hashes of all users whose lists are cached.
pub fn contact_hash(user: &Jid) -> Text {
    const SUFFIX: &[u8] = b"WA_ADD_NOTIF";
    let hash = Md5::new().chain_update(user.user.as_bytes()).chain_update(SUFFIX).finalize();
    let [a, b, c, ..]: [u8; 16] = hash.into();
    Text::from(STANDARD.encode([a, b, c]))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{jid, reading, vectors};
    use super::*;
    use crate::stanza::Node;

    fn notice(kind: &'static str, from: &str) -> Node {
        Node::new("notification").attr("type", kind).attr("id", "N").attr("from", jid(from)).attr("t", "7")
    }

    fn device(who: &str) -> Node {
        Node::new("device").attr("jid", jid(who))
    }

    #[test]
    fn devices_come_and_go() {
        let signed = Node::new("key-index-list").attr("ts", "6").bytes(*b"adv");
        let add = Node::new("add")
            .attr("device_hash", "2:abcdefgh")
            .attr("device_lid_hash", "2:ijklmnop")
            .child(device("1555:3@s.whatsapp.net").attr("key-index", "2").attr("lid", jid("555:3@lid")))
            .child(signed);
        let node = notice("devices", "1555@s.whatsapp.net").attr("lid", jid("555@lid")).attr("offline", "1");
        reading(node.clone().child(add.clone()), |node| {
            let notice = Notice::read(node).unwrap();
            assert_eq!(
                (&notice.user, notice.timestamp, notice.offline),
                (&jid("1555@s.whatsapp.net"), Some(7), true)
            );
            assert_eq!(notice.pair.unwrap().lid, jid("555@lid"));
            let News::DevicesAdded(change) = notice.news else { panic!("{:?}", notice.news) };
            assert_eq!((change.hash, change.lid_hash), (Some("2:abcdefgh"), Some("2:ijklmnop")));
            assert_eq!(
                (change.key_indexes.signed, change.key_indexes.timestamp),
                (Some(&b"adv"[..]), Some(6))
            );
            let device = Device { id: 3, key_index: Some(2), hosted: false };
            let named =
                NamedDevice { jid: jid("1555:3@s.whatsapp.net"), lid: Some(jid("555:3@lid")), device };
            assert_eq!(change.devices, [named]);
        });
        let remove = Node::new("remove").child(device("1555:3@s.whatsapp.net"));
        reading(node.child(add).child(remove), |node| {
            let news = Notice::read(node).unwrap().news;
            assert!(
                matches!(news, News::DevicesRemoved(change) if change.devices.len() == 1 && change.hash.is_none())
            );
        });
    }

    #[test]
    fn devices_of_others_do_not_count() {
        let add = Node::new("add").children([
            device("1666:3@s.whatsapp.net"),
            device("1555:3@s.whatsapp.net").attr("lid", jid("555:4@lid")),
            device("1555:99@hosted"),
            Node::new("device"),
        ]);
        reading(notice("devices", "1555@s.whatsapp.net").child(add), |node| {
            let News::DevicesAdded(change) = Notice::read(node).unwrap().news else { panic!("not added") };
            let left: Vec<_> =
                change.devices.iter().map(|device| (device.jid.to_string(), device.device.hosted)).collect();
            assert_eq!(left, [("1555:99@hosted".to_string(), true)]);
        });
        let many = Node::new("add").children(std::iter::repeat_n(device("5:1@lid"), 10_000));
        reading(notice("devices", "5@lid").child(many), |node| {
            let News::DevicesAdded(change) = Notice::read(node).unwrap().news else { panic!("not added") };
            assert_eq!(change.devices.len(), MAX_DEVICES);
        });
    }

    #[test]
    fn somebody_whose_name_is_a_hash() {
        let node = notice("devices", "s.whatsapp.net").child(Node::new("update").attr("hash", "9Put"));
        reading(node, |node| {
            assert_eq!(Notice::read(node).unwrap().news, News::DevicesOf { contact_hash: "9Put" });
        });
        let cases = vectors()["contact_hash"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let user = Jid::user(case["user"].as_str().unwrap());
            assert_eq!(contact_hash(&user), case["hash"].as_str().unwrap());
        }
    }

    #[test]
    fn our_own_devices() {
        let list = Node::new("devices")
            .attr("dhash", "2:abcdefgh")
            .children([device("900@lid"), device("900:7@lid")]);
        reading(notice("account_sync", "900@lid").child(list), |node| {
            let News::OwnDevices(change) = Notice::read(node).unwrap().news else { panic!("not ours") };
            assert_eq!((change.devices.len(), change.hash), (2, Some("2:abcdefgh")));
        });
        reading(notice("account_sync", "900@lid").child(Node::new("privacy")), |node| {
            assert_eq!(Notice::read(node), None);
        });
    }

    #[test]
    fn identities() {
        let node = notice("encrypt", "555@lid").attr("lid", jid("555@lid")).child(Node::new("identity"));
        reading(node, |node| {
            let notice = Notice::read(node).unwrap();
            assert_eq!((notice.news, notice.device, notice.pair), (News::Identity, 0, None));
        });
        let from_server = notice("encrypt", "s.whatsapp.net").child(Node::new("identity"));
        reading(from_server, |node| assert_eq!(Notice::read(node), None));
        reading(notice("encrypt", "555@lid"), |node| assert_eq!(Notice::read(node), None));
    }

    #[test]
    fn tokens() {
        let token = |kind: &'static str| Node::new("token").attr("type", kind).attr("t", "5").bytes(*b"tok");
        let all = Node::new("tokens").children([
            token("trusted_contact"),
            token("other"),
            Node::new("token").attr("type", "trusted_contact").attr("t", "5"),
            Node::new("token").attr("type", "trusted_contact").bytes(*b"timeless"),
        ]);
        let node = notice("privacy_token", "1555@s.whatsapp.net").attr("sender_lid", jid("555@lid"));
        reading(node.child(all), |node| {
            let notice = Notice::read(node).unwrap();
            assert_eq!(notice.news, News::Tokens(vec![Token { bytes: b"tok", timestamp: 5 }]));
            assert_eq!(notice.pair.unwrap().lid, jid("555@lid"));
        });
    }

    #[test]
    fn others_are_none() {
        reading(notice("picture", "555@lid"), |node| assert_eq!(Notice::read(node), None));
        reading(notice("devices", "555@lid"), |node| assert_eq!(Notice::read(node), None));
        reading(Node::new("notification").attr("type", "devices"), |node| {
            assert_eq!(Notice::read(node), None)
        });
    }
}
