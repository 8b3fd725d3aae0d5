//! The server's digest of this device's keys.

use super::parse::child_bytes;
use crate::stanza::{Node, NodeRef, build};

/// Most prekeys of a digest that are read.
const MAX_LISTED: usize = 20_000;

/// The keys of this device as the server holds them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyDigest<'a> {
    /// The registration id, four bytes.
    pub registration: &'a [u8],
    /// The identity key.
    pub identity: &'a [u8],
    /// Number of the signed prekey.
    pub signed_id: u32,
    /// The signed prekey.
    pub signed_value: &'a [u8],
    /// Its signature.
    pub signature: &'a [u8],
    /// Numbers of the one-time prekeys that are left.
    pub prekeys: Vec<u32>,
    /// The hash over all of them. The server may send fewer bytes of it.
    pub hash: &'a [u8],
}

/// Asks for the digest; still without an id. The server answers 404 if it holds no one-time prekey.
pub fn fetch() -> Node {
    build::get("encrypt").child(Node::new("digest"))
}

impl<'a> KeyDigest<'a> {
    /// Reads the answer to [`fetch`]. `None` if something is missing, or the keys are of another type.
    pub fn read(reply: NodeRef<'a>) -> Option<Self> {
        let digest = reply.child("digest")?;
        let signed = digest.child("skey")?;
        let listed = digest.child("list")?.children_named("id").take(MAX_LISTED + 1);
        let prekeys = listed.map(|id| number(id.bytes()?)).collect::<Option<Vec<u32>>>()?;
        (child_bytes(&digest, "type")? == [5] && prekeys.len() <= MAX_LISTED).then_some(())?;
        Some(Self {
            registration: child_bytes(&digest, "registration")?,
            identity: child_bytes(&digest, "identity")?,
            signed_id: number(child_bytes(&signed, "id")?)?,
            signed_value: child_bytes(&signed, "value")?,
            signature: child_bytes(&signed, "signature")?,
            prekeys,
            hash: child_bytes(&digest, "hash").filter(|hash| !hash.is_empty())?,
        })
    }
}

/// A number in three bytes.
fn number(bytes: &[u8]) -> Option<u32> {
    let [a, b, c]: [u8; 3] = bytes.try_into().ok()?;
    Some(u32::from_be_bytes([0, a, b, c]))
}

#[cfg(test)]
mod tests {
    use super::super::testing::reading;
    use super::*;

    fn digest(kind: u8, id: &[u8]) -> Node {
        let skey = Node::new("skey")
            .child(Node::new("id").bytes([0, 0, 9]))
            .child(Node::new("value").bytes([2; 32]))
            .child(Node::new("signature").bytes([3; 64]));
        let list = Node::new("list").child(Node::new("id").bytes([0, 1, 0])).child(Node::new("id").bytes(id));
        let digest = Node::new("digest")
            .child(Node::new("registration").bytes([0, 0, 1, 2]))
            .child(Node::new("type").bytes([kind]))
            .child(Node::new("identity").bytes([1; 32]))
            .child(skey)
            .child(list)
            .child(Node::new("hash").bytes([4; 20]));
        Node::new("iq").child(digest)
    }

    #[test]
    fn asking() {
        assert_eq!(fetch().xml(), "<iq to=\"s.whatsapp.net\" type=\"get\" xmlns=\"encrypt\"><digest/></iq>");
    }

    #[test]
    fn answers() {
        reading(digest(5, &[0, 1, 1]), |node| {
            let read = KeyDigest::read(node).unwrap();
            assert_eq!((read.signed_id, read.prekeys), (9, vec![256, 257]));
            assert_eq!((read.registration, read.identity), (&[0, 0, 1, 2][..], &[1; 32][..]));
            assert_eq!(
                (read.signed_value, read.signature, read.hash),
                (&[2; 32][..], &[3; 64][..], &[4; 20][..])
            );
        });
        reading(digest(6, &[0, 1, 1]), |node| assert_eq!(KeyDigest::read(node), None));
        reading(digest(5, &[1, 1]), |node| assert_eq!(KeyDigest::read(node), None));
        reading(Node::new("iq"), |node| assert_eq!(KeyDigest::read(node), None));
    }
}
