//! Device lists: asking the server for them, and what it answers.
//!
//! Main type: [`UserDevices`]. [`device_list_check`](super::device_list_check) decides if a list is true.

use super::addressing::Pair;
use super::parse::{flag, number, text, time};
use super::usync;
pub use super::usync::{MAX_USERS, QueryContext};
use crate::stanza::{Jid, Node, NodeRef, Server, Text};

/// The number of the device that Meta runs for a business.
pub const HOSTED_DEVICE: u16 = 99;

/// Highest device number that addresses of people can have.
const MAX_DEVICE: u16 = 255;

/// One user of a query for devices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UserQuery<'a> {
    /// The user; a device in the address is ignored.
    pub user: &'a Jid,
    /// The list that is held. If it is still true, the server does not repeat it.
    pub held: Option<HeldList<'a>>,
}

/// The description of a cached list that the server is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeldList<'a> {
    /// Its hash.
    pub hash: &'a str,
    /// The time of its key-index list, Unix seconds.
    pub timestamp: Option<u64>,
    /// The time that is expected of the next one.
    pub expected_timestamp: Option<u64>,
}

/// Asks for device lists and LIDs; still without an id. `sid` is any text that is not used twice.
pub fn query<'q>(
    users: impl IntoIterator<Item = UserQuery<'q>>,
    context: QueryContext,
    sid: impl Into<Text>,
) -> Node {
    let user = |query: UserQuery<'_>| {
        let held = query.held.map(|held| {
            Node::new("devices")
                .attr("device_hash", Text::new(held.hash))
                .attr_opt("ts", held.timestamp)
                .attr_opt("expected_ts", held.expected_timestamp)
        });
        Node::new("user").attr("jid", query.user.clone().with_device(0)).children(held)
    };
    let asked = [Node::new("devices").attr("version", "2"), Node::new("lid")];
    usync::query(context, sid.into(), asked, users.into_iter().map(user))
}

/// A device, as a list names it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Device {
    /// Its number; 0 is the primary.
    pub id: u16,
    /// Its number in the account's signed list; the primary has none.
    pub key_index: Option<u32>,
    /// Set if Meta runs the device.
    pub hosted: bool,
}

impl Device {
    /// Its address, given its user's.
    pub fn jid(&self, user: &Jid) -> Jid {
        let server = match user.server.account() {
            Server::Pn if self.hosted => Server::Hosted,
            Server::Lid if self.hosted => Server::HostedLid,
            other => other,
        };
        Jid { server, ..user.clone() }.with_device(self.id)
    }
}

/// The server's answer about one user's devices.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserDevices<'a> {
    /// The user, as the server spells the address; without device.
    pub user: Jid,
    /// The user's two addresses.
    pub pair: Option<Pair>,
    /// The devices.
    pub outcome: Outcome<'a>,
}

/// The outcome of the query for one user's devices.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome<'a> {
    /// A list.
    List(DeviceList<'a>),
    /// The list that is held is still true, or there is none: the server did not send one.
    Unchanged,
    /// No list, with the server's code; 0 if it gives none.
    Failed(u32),
}

/// A device list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceList<'a> {
    /// Its hash; see [`phash`](super::phash).
    pub hash: Option<&'a str>,
    /// The devices, each once.
    pub devices: Vec<Device>,
    /// The signed list of the account's devices.
    pub key_indexes: KeyIndexList<'a>,
}

/// The element with a signed list of an account's devices.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KeyIndexList<'a> {
    /// An `ADVSignedKeyIndexList`.
    pub signed: Option<&'a [u8]>,
    /// Its time, Unix seconds.
    pub timestamp: Option<u64>,
    /// The time that is expected of the next one.
    pub expected_timestamp: Option<u64>,
}

/// The reason why the server answers the whole query with nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the server gives no device lists (error {code})")]
pub struct QueryFailed {
    /// The server's code; 0 if it gives none.
    pub code: u32,
    /// Seconds to wait.
    pub backoff: Option<u64>,
}

/// Reads the answer to [`query`]. Users of whom a list is held may be left out of it. Elements without a readable address
/// are passed over.
pub fn answers<'a>(
    reply: NodeRef<'a>,
) -> Result<impl Iterator<Item = UserDevices<'a>> + use<'a>, QueryFailed> {
    if reply.child("usync").is_none() {
        return Err(QueryFailed { code: 0, backoff: None });
    }
    // An error may stand beside users to whom it does not apply.
    match query_error(reply).filter(|_| usync::users(reply).next().is_none()) {
        Some(error) => Err(error),
        None => Ok(usync::users(reply).filter_map(user_devices)),
    }
}

/// The error in the answer to [`query`]: why the server says nothing of those whom it leaves out.
pub fn query_error(reply: NodeRef<'_>) -> Option<QueryFailed> {
    let error = reply.child("usync")?.child("result")?.child("devices")?.child("error")?;
    Some(QueryFailed { code: number(&error, "code").unwrap_or(0), backoff: number(&error, "backoff") })
}

fn user_devices(node: NodeRef<'_>) -> Option<UserDevices<'_>> {
    let user = node.jid("jid")?.with_device(0);
    let lid = || node.child("lid").and_then(|lid| lid.jid("val"));
    let other = node.jid("pn_jid").or_else(lid);
    let outcome = match node.child("devices") {
        None => Outcome::Unchanged,
        Some(devices) => match (devices.child("error"), devices.child("device-list")) {
            (Some(error), _) => Outcome::Failed(number(&error, "code").unwrap_or(0)),
            (None, None) => Outcome::Unchanged,
            (None, Some(list)) => Outcome::List(DeviceList {
                hash: text(&list, "hash"),
                devices: device_list(&list),
                key_indexes: KeyIndexList::of(&devices),
            }),
        },
    };
    Some(UserDevices { pair: other.and_then(|other| Pair::of(&user, &other)), user, outcome })
}

fn device_list(list: &NodeRef<'_>) -> Vec<Device> {
    let mut seen = [false; MAX_DEVICE as usize + 1];
    let device = |node: NodeRef<'_>| {
        let id: u16 = number(&node, "id")?;
        let seen = seen.get_mut(usize::from(id))?;
        let device = Device {
            id,
            key_index: number(&node, "key-index"),
            hosted: id == HOSTED_DEVICE || flag(&node, "is_hosted"),
        };
        (!std::mem::replace(seen, true)).then_some(device)
    };
    list.children_named("device").filter_map(device).collect()
}

impl<'a> KeyIndexList<'a> {
    /// The one in an element; without anything in it if there is none.
    pub(super) fn of(parent: &NodeRef<'a>) -> Self {
        parent.child("key-index-list").map_or_else(Self::default, |list| Self {
            signed: list.bytes().filter(|bytes| !bytes.is_empty()),
            timestamp: time(&list, "ts"),
            expected_timestamp: time(&list, "expected_ts"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{jid, reading};
    use super::*;

    #[test]
    fn asking() {
        let (one, other) = (jid("555@lid"), jid("1555:3@s.whatsapp.net"));
        let held = HeldList { hash: "2:abcdefgh", timestamp: Some(7), expected_timestamp: None };
        let users = [UserQuery { user: &one, held: Some(held) }, UserQuery { user: &other, held: None }];
        assert_eq!(
            query(users, QueryContext::Message, "1.2-3").xml(),
            "<iq to=\"s.whatsapp.net\" type=\"get\" xmlns=\"usync\">\
             <usync sid=\"1.2-3\" mode=\"query\" last=\"true\" index=\"0\" context=\"message\">\
             <query><devices version=\"2\"/><lid/></query><list>\
             <user jid=\"555@lid\"><devices device_hash=\"2:abcdefgh\" ts=\"7\"/></user>\
             <user jid=\"1555@s.whatsapp.net\"/></list></usync></iq>"
        );
    }

    fn device(id: &'static str) -> Node {
        Node::new("device").attr("id", id)
    }

    fn devices(list: impl IntoIterator<Item = Node>) -> Node {
        Node::new("devices").child(Node::new("device-list").attr("hash", "2:abcdefgh").children(list))
    }

    fn answer(users: impl IntoIterator<Item = Node>, check: impl FnOnce(Vec<UserDevices<'_>>)) {
        let list = Node::new("list").children(users);
        let node = Node::new("iq").child(Node::new("usync").child(list));
        reading(node, |node| check(answers(node).unwrap().collect()));
    }

    #[test]
    fn lists() {
        let signed = Node::new("key-index-list").attr("ts", "7").attr("expected_ts", "8").bytes(*b"adv");
        let list = [
            device("0"),
            device("3").attr("key-index", "2"),
            device("99").attr("key-index", "3"),
            device("4").attr("is_hosted", true),
        ];
        let user = Node::new("user")
            .attr("jid", jid("1555@s.whatsapp.net"))
            .child(devices(list).child(signed))
            .child(Node::new("lid").attr("val", jid("555@lid")));
        answer([user], |users| {
            let Outcome::List(list) = &users[0].outcome else { panic!("no list") };
            assert_eq!(list.hash, Some("2:abcdefgh"));
            let signed =
                KeyIndexList { signed: Some(b"adv"), timestamp: Some(7), expected_timestamp: Some(8) };
            assert_eq!(list.key_indexes, signed);
            assert_eq!(list.devices[1], Device { id: 3, key_index: Some(2), hosted: false });
            let jids: Vec<_> =
                list.devices.iter().map(|device| device.jid(&users[0].user).to_string()).collect();
            assert_eq!(
                jids,
                ["1555@s.whatsapp.net", "1555:3@s.whatsapp.net", "1555:99@hosted", "1555:4@hosted"]
            );
            assert_eq!(list.devices[2].jid(&jid("555@lid")), jid("555:99@hosted.lid"));
            assert_eq!(users[0].pair.as_ref().unwrap().lid, jid("555@lid"));
        });
    }

    #[test]
    fn no_list() {
        let user = |who: &str| Node::new("user").attr("jid", jid(who));
        let error = Node::new("error").attr("code", "404");
        let users = [
            user("1@lid").attr("pn_jid", jid("1555@s.whatsapp.net")),
            user("2@lid").child(Node::new("devices")),
            user("3@lid").child(Node::new("devices").child(error)),
            Node::new("user"),
        ];
        answer(users, |users| {
            let outcomes: Vec<_> = users.iter().map(|user| user.outcome.clone()).collect();
            assert_eq!(outcomes, [Outcome::Unchanged, Outcome::Unchanged, Outcome::Failed(404)]);
            assert_eq!(users[0].pair.as_ref().unwrap().pn, jid("1555@s.whatsapp.net"));
        });
    }

    #[test]
    fn absurd_lists_stay_small() {
        let many = (0..10_000u32).map(|n| Node::new("device").attr("id", n).attr("key-index", u64::MAX));
        let user = Node::new("user")
            .attr("jid", jid("1@lid"))
            .child(devices(many.chain([device("-1"), device("7")])));
        answer([user], |users| {
            let Outcome::List(list) = &users[0].outcome else { panic!("no list") };
            assert_eq!((list.devices.len(), list.devices[7].key_index), (256, None));
            assert_eq!(list.key_indexes, KeyIndexList::default());
        });
    }

    #[test]
    fn the_whole_query_fails() {
        let failed = |node| reading(node, |node| answers(node).err());
        let error = Node::new("error").attr("code", "429").attr("backoff", "60");
        let result = Node::new("result").child(Node::new("devices").child(error));
        let usync = Node::new("usync").child(result);
        let all = Node::new("iq").child(usync.clone());
        assert_eq!(failed(all), Some(QueryFailed { code: 429, backoff: Some(60) }));
        let some = usync.child(Node::new("list").child(Node::new("user").attr("jid", jid("1@lid"))));
        assert_eq!(failed(Node::new("iq").child(some)), None);
        assert_eq!(failed(Node::new("iq")), Some(QueryFailed { code: 0, backoff: None }));
    }
}
