//! Prekey bundles: the keys needed to open a session with a device.
//!
//! Asked of the server device by device, and brought by a request to send again ([`retry`](super::retry)). Nothing is
//! checked here but that the parts are there: lengths, keys and signatures are judged where they are used.

use super::parse::{child_bytes, number};
use crate::signal::RawBundle;
use crate::stanza::{Jid, Node, NodeRef, build};

/// A device's bundle, with the certificate that a companion needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DeviceBundle<'a> {
    /// The keys, unchecked: the contents of their elements, empty where one is missing.
    pub keys: RawBundle<'a>,
    /// An `ADVSignedDeviceIdentity`; the primary has none.
    pub device_identity: Option<&'a [u8]>,
}

/// The reason why a device's bundle is queried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BundleReason {
    /// There is no session yet.
    NewSession,
    /// Its identity has changed, or its session does not work.
    Identity,
}

/// Asks for the bundles of those devices; still without an id. Every one costs its device a one-time prekey.
pub fn fetch<'j>(devices: impl IntoIterator<Item = &'j Jid>, reason: BundleReason) -> Node {
    let reason = (reason == BundleReason::Identity).then_some("identity");
    let user = |jid: &Jid| Node::new("user").attr("jid", jid).attr_opt("reason", reason);
    build::get("encrypt").child(Node::new("key").children(devices.into_iter().map(user)))
}

/// Asks for the bundle of a device that wants a message again, naming the installation that is meant; still without an id.
pub fn fetch_for_retry(device: &Jid, registration_id: u32) -> Node {
    let registration = Node::new("registration").bytes(registration_id.to_be_bytes());
    let entry = Node::new("device").attr("id", device.device).child(registration);
    let user = Node::new("user").attr("jid", device.clone().with_device(0)).child(entry);
    build::get("encrypt").child(Node::new("key_fetch").child(user))
}

/// The reason why there is no bundle of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the server has no keys for the device (error {code})")]
pub struct NoBundle {
    /// The server's code: 404 if there is no such device, 406, 5xx; 0 if it gives none.
    pub code: u32,
}

/// The server's answer about one device.
pub type BundleAnswer<'a> = (Jid, Result<DeviceBundle<'a>, NoBundle>);

/// Reads the answer to [`fetch`] or [`fetch_for_retry`]. The server may spell an address otherwise than it was asked, and
/// may leave devices out. Elements without a readable address are passed over.
pub fn answers<'a>(reply: NodeRef<'a>) -> impl Iterator<Item = BundleAnswer<'a>> {
    reply.children_named("list").flat_map(|list| list.children_named("user")).flat_map(|user| {
        let jid = user.jid("jid");
        let devices =
            user.children_named("device").filter_map(move |device| Some((device, number(&device, "id")?)));
        // The form of `fetch_for_retry` has an element per device, the other one only the user's.
        let direct = user.child("device").is_none().then_some((user, None));
        direct.into_iter().chain(devices.map(|(node, id)| (node, Some(id)))).filter_map(move |(node, id)| {
            let jid = jid.clone()?;
            let jid = if let Some(id) = id { jid.with_device(id) } else { jid };
            Some((jid, answer(node)))
        })
    })
}

fn answer(node: NodeRef<'_>) -> Result<DeviceBundle<'_>, NoBundle> {
    match node.child("error") {
        Some(error) => Err(NoBundle { code: number(&error, "code").unwrap_or(0) }),
        None => DeviceBundle::read(node, node).ok_or(NoBundle { code: 0 }),
    }
}

impl<'a> DeviceBundle<'a> {
    /// Reads the children of an element. The registration id may stand outside, in `outer`. `None` if there is neither an
    /// identity nor a signed prekey: then it is no bundle.
    pub(super) fn read(node: NodeRef<'a>, outer: NodeRef<'a>) -> Option<Self> {
        let node = node.child("keys").unwrap_or(node);
        let (identity, signed) = (child_bytes(&node, "identity"), node.child("skey"));
        if identity.is_none() && signed.is_none() {
            return None;
        }
        let of_signed = |tag| signed.and_then(|key| child_bytes(&key, tag)).unwrap_or_default();
        let registration = child_bytes(&node, "registration").or_else(|| child_bytes(&outer, "registration"));
        let one_time = node.child("key").and_then(|key| {
            // An empty element is what a device has that ran out.
            Some((child_bytes(&key, "id")?, child_bytes(&key, "value")?))
        });
        Some(Self {
            keys: RawBundle {
                registration: registration.unwrap_or_default(),
                key_type: child_bytes(&node, "type"),
                identity: identity.unwrap_or_default(),
                signed_id: of_signed("id"),
                signed_value: of_signed("value"),
                signed_signature: of_signed("signature"),
                one_time,
            },
            device_identity: child_bytes(&node, "device-identity"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{jid, reading};
    use super::*;

    fn parts() -> [Node; 6] {
        let key = |tag: &'static str| {
            Node::new(tag)
                .child(Node::new("id").bytes([0, 0, 9]))
                .child(Node::new("value").bytes([tag.len() as u8; 32]))
        };
        [
            Node::new("registration").bytes([0, 0, 1, 2]),
            Node::new("type").bytes([5]),
            Node::new("identity").bytes([1; 32]),
            key("skey").child(Node::new("signature").bytes([6; 64])),
            key("key"),
            Node::new("device-identity").bytes(*b"cert"),
        ]
    }

    fn read(users: impl IntoIterator<Item = Node>, check: impl FnOnce(Vec<BundleAnswer<'_>>)) {
        let node = Node::new("iq").child(Node::new("list").children(users));
        reading(node, |node| check(answers(node).collect::<Vec<_>>()));
    }

    fn user(who: &str) -> Node {
        Node::new("user").attr("jid", jid(who))
    }

    #[test]
    fn asking() {
        let devices = [jid("555@lid"), jid("555:3@lid")];
        let head = "<iq to=\"s.whatsapp.net\" type=\"get\" xmlns=\"encrypt\">";
        assert_eq!(
            fetch(&devices, BundleReason::NewSession).xml(),
            format!("{head}<key><user jid=\"555@lid\"/><user jid=\"555:3@lid\"/></key></iq>")
        );
        assert_eq!(
            fetch(&devices[1..], BundleReason::Identity).xml(),
            format!("{head}<key><user jid=\"555:3@lid\" reason=\"identity\"/></key></iq>")
        );
        assert_eq!(
            fetch_for_retry(&devices[1], 258).xml(),
            format!(
                "{head}<key_fetch><user jid=\"555@lid\"><device id=\"3\"><registration><!-- 4 bytes: 00000102 -->\
                 </registration></device></user></key_fetch></iq>"
            )
        );
    }

    #[test]
    fn a_whole_bundle() {
        let other_order = user("555@lid").children(parts().into_iter().rev());
        read([user("555:3@lid").children(parts()), other_order], |answers| {
            let (who, bundle) = &answers[0];
            let bundle = bundle.unwrap();
            assert_eq!((who, bundle.device_identity), (&jid("555:3@lid"), Some(&b"cert"[..])));
            assert_eq!((bundle.keys.registration, bundle.keys.key_type), (&[0, 0, 1, 2][..], Some(&[5][..])));
            assert_eq!((bundle.keys.identity, bundle.keys.signed_id), (&[1; 32][..], &[0, 0, 9][..]));
            assert_eq!(
                (bundle.keys.signed_value, bundle.keys.signed_signature),
                (&[4; 32][..], &[6; 64][..])
            );
            assert_eq!(bundle.keys.one_time, Some((&[0, 0, 9][..], &[3; 32][..])));
            assert_eq!(answers[1].1, Ok(bundle));
        });
    }

    #[test]
    fn the_form_for_retries() {
        let device = |id: &'static str| Node::new("device").attr("id", id).children(parts());
        read([user("555@lid").children([device("3"), device("4"), device("x")])], |answers| {
            let who: Vec<_> = answers.iter().map(|(jid, answer)| (jid.to_string(), answer.is_ok())).collect();
            assert_eq!(who, [("555:3@lid".into(), true), ("555:4@lid".into(), true)]);
        });
    }

    #[test]
    fn none_left_and_none_at_all() {
        let mut some = parts();
        some[4] = Node::new("key");
        let error = Node::new("error").attr("code", "404").attr("text", "item-not-found");
        let users =
            [user("1@lid").children(some), user("2@lid").child(error), user("3@lid"), Node::new("user")];
        read(users, |answers| {
            assert_eq!(answers[0].1.unwrap().keys.one_time, None);
            assert_eq!(answers[1].1, Err(NoBundle { code: 404 }));
            assert_eq!(answers[2].1, Err(NoBundle { code: 0 }));
            assert_eq!(answers.len(), 3);
        });
        read(std::iter::repeat_n(user("1@lid"), 10_000), |answers| assert_eq!(answers.len(), 10_000));
    }

    #[test]
    fn parts_that_are_missing_are_empty() {
        read([user("1@lid").child(Node::new("identity").bytes([1; 5]))], |answers| {
            let keys = answers[0].1.unwrap().keys;
            assert_eq!(
                (keys.identity, keys.signed_value, keys.registration),
                (&[1; 5][..], &[][..], &[][..])
            );
        });
    }
}
