//! Requests to send a message again, because it could not be decrypted: ours, and those that come.

use super::addressing::{HeaderError, Own};
use super::bundles::DeviceBundle;
use super::incoming::IncomingMessage;
use super::parse::{child_bytes, number, text, time};
use super::receipts::IncomingReceipt;
use crate::crypto::{PublicKey, SIGNATURE_LENGTH};
use crate::stanza::{Node, NodeRef, Text};

/// The type byte of Curve25519 keys.
const KEY_TYPE: u8 = 5;

/// The fields of a request besides those it repeats of the message.
#[derive(Clone, Copy, Debug)]
pub struct RetryRequest<'a> {
    /// The count of this request for the message, from 1.
    pub count: u32,
    /// The reason in the protocol's numbers: 0 unknown, 1 no session, 7 bad MAC ... WhatsApp Web gives a reason, whatsmeow
    /// none, Baileys always 0.
    pub reason: u8,
    /// This installation's id.
    pub registration_id: u32,
    /// Keys for a new session, from the second request on, or when there is no other way.
    pub keys: Option<RetryKeys<'a>>,
}

/// Keys for a session that the other side may open with us.
#[derive(Clone, Copy, Debug)]
pub struct RetryKeys<'a> {
    /// Identity key.
    pub identity: &'a PublicKey,
    /// A one-time prekey that was given to nobody, with its id of 24 bits.
    pub one_time: (u32, &'a PublicKey),
    /// The signed prekey: id, key, signature.
    pub signed: (u32, &'a PublicKey, &'a [u8; SIGNATURE_LENGTH]),
    /// The certificate, an `ADVSignedDeviceIdentity`.
    pub device_identity: &'a [u8],
}

/// The stanza that asks for a message again. The message itself is to be acknowledged after it.
pub fn request(message: &IncomingMessage<'_>, request: &RetryRequest<'_>) -> Node {
    let (id, origin) = (Text::new(message.id), &message.origin);
    let retry = Node::new("retry")
        .attr("v", 1u8)
        .attr("count", request.count)
        .attr("id", &id)
        .attr_opt("t", message.timestamp)
        .attr("error", request.reason);
    Node::new("receipt")
        .attr("id", id)
        .attr("to", &origin.from)
        .attr("type", "retry")
        .attr_opt("participant", origin.participant.as_ref())
        .attr_opt("recipient", origin.recipient.as_ref())
        .attr_opt("category", message.is_peer().then_some("peer"))
        .child(retry)
        .child(Node::new("registration").bytes(request.registration_id.to_be_bytes()))
        .children(request.keys.as_ref().map(keys))
}

fn keys(keys: &RetryKeys<'_>) -> Node {
    let key = |tag: &'static str, id: u32, value: &PublicKey| {
        let [_, id @ ..] = id.to_be_bytes();
        Node::new(tag).child(Node::new("id").bytes(id)).child(Node::new("value").bytes(value.0))
    };
    let (one_time_id, one_time) = keys.one_time;
    let (signed_id, signed, signature) = keys.signed;
    Node::new("keys")
        .child(Node::new("type").bytes([KEY_TYPE]))
        .child(Node::new("identity").bytes(keys.identity.0))
        .child(key("key", one_time_id, one_time))
        .child(key("skey", signed_id, signed).child(Node::new("signature").bytes(*signature)))
        .child(Node::new("device-identity").bytes(keys.device_identity))
}

/// A request to send a message again. The sender of `receipt.origin` makes it.
pub struct IncomingRetry<'a> {
    /// The receipt that it is.
    pub receipt: IncomingReceipt<'a>,
    /// The message.
    pub message_id: &'a str,
    /// The count of this request, from 1.
    pub count: u32,
    /// The reason that is given; see [`RetryRequest::reason`].
    pub reason: Option<u32>,
    /// The message's time, Unix seconds, as the requester repeats it.
    pub message_time: Option<u64>,
    /// The requester's installation; `None` if it is missing or of another length than 4 bytes.
    pub registration_id: Option<u32>,
    /// Keys for a new session with the requester, unchecked.
    pub keys: Option<DeviceBundle<'a>>,
    /// Set if the message was one between own devices.
    pub is_peer: bool,
}

impl<'a> IncomingRetry<'a> {
    /// Reads a `<receipt type="retry">`.
    pub fn read(node: NodeRef<'a>, own: &Own) -> Result<Self, HeaderError> {
        let receipt = IncomingReceipt::read(node, own)?;
        let retry = node.child("retry");
        let registration = child_bytes(&node, "registration").and_then(|bytes| bytes.try_into().ok());
        Ok(Self {
            message_id: retry.and_then(|retry| text(&retry, "id")).unwrap_or(receipt.id),
            count: retry.and_then(|retry| number(&retry, "count")).unwrap_or(1).max(1),
            reason: retry.and_then(|retry| number(&retry, "error")),
            message_time: retry.and_then(|retry| time(&retry, "t")),
            registration_id: registration.map(u32::from_be_bytes),
            keys: node.child("keys").and_then(|keys| DeviceBundle::read(keys, node)),
            is_peer: node.is("category", "peer"),
            receipt,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{jid, own, reading};
    use super::*;

    fn message() -> Node {
        Node::new("message")
            .attr("id", "3EB0A1")
            .attr("from", jid("120363@g.us"))
            .attr("participant", jid("555:3@lid"))
            .attr("t", "7")
    }

    fn ask(message: Node, asked: &RetryRequest<'_>) -> Node {
        reading(message, |node| request(&IncomingMessage::read(node, &own()).unwrap(), asked))
    }

    const FIRST: RetryRequest<'_> =
        RetryRequest { count: 1, reason: 1, registration_id: 0x0102_0304, keys: None };

    #[test]
    fn asking() {
        assert_eq!(
            ask(message(), &FIRST).xml(),
            "<receipt id=\"3EB0A1\" to=\"120363@g.us\" type=\"retry\" participant=\"555:3@lid\">\
             <retry v=\"1\" count=\"1\" id=\"3EB0A1\" t=\"7\" error=\"1\"/>\
             <registration><!-- 4 bytes: 01020304 --></registration></receipt>"
        );
        let peer = Node::new("message").attr("id", "P").attr("from", jid("100@s.whatsapp.net"));
        let asked = ask(peer.attr("category", "peer").attr("recipient", jid("5@lid")), &FIRST);
        assert!(
            asked.xml().starts_with(
                "<receipt id=\"P\" to=\"100@s.whatsapp.net\" type=\"retry\" recipient=\"5@lid\" category=\"peer\">\
                 <retry v=\"1\" count=\"1\" id=\"P\" error=\"1\"/>"
            ),
            "{}",
            asked.xml()
        );
    }

    #[test]
    fn asking_with_keys_and_reading_it() {
        let (identity, one_time, signed) = (PublicKey([1; 32]), PublicKey([2; 32]), PublicKey([3; 32]));
        let keys = RetryKeys {
            identity: &identity,
            one_time: (0x0005_0607, &one_time),
            signed: (9, &signed, &[4; 64]),
            device_identity: b"cert",
        };
        let asked = ask(message(), &RetryRequest { count: 2, keys: Some(keys), ..FIRST });
        let hex = |n: u8, count| format!("{n:02x}").repeat(count);
        assert!(
            asked.xml().ends_with(&format!(
                "<keys><type><!-- 1 bytes: 05 --></type><identity><!-- 32 bytes: {} --></identity>\
                 <key><id><!-- 3 bytes: 050607 --></id><value><!-- 32 bytes: {} --></value></key>\
                 <skey><id><!-- 3 bytes: 000009 --></id><value><!-- 32 bytes: {} --></value>\
                 <signature><!-- 64 bytes: {} --></signature></skey>\
                 <device-identity><!-- 4 bytes: 63657274 --></device-identity></keys></receipt>",
                hex(1, 32),
                hex(2, 32),
                hex(3, 32),
                hex(4, 64)
            )),
            "{}",
            asked.xml()
        );

        let came = asked.attr("from", jid("120363@g.us")).attr("offline", "1");
        reading(came, |node| {
            let retry = IncomingRetry::read(node, &own()).unwrap();
            assert_eq!((retry.message_id, retry.count, retry.reason), ("3EB0A1", 2, Some(1)));
            assert_eq!((retry.message_time, retry.registration_id), (Some(7), Some(0x0102_0304)));
            assert_eq!(retry.receipt.origin.sender, jid("555:3@lid"));
            assert!(retry.receipt.offline && !retry.is_peer);
            let keys = retry.keys.unwrap();
            assert_eq!((keys.keys.identity, keys.keys.registration), (&[1; 32][..], &[1, 2, 3, 4][..]));
            assert_eq!(
                (keys.keys.signed_signature, keys.device_identity),
                (&[4; 64][..], Some(&b"cert"[..]))
            );
        });
    }

    #[test]
    fn our_own_other_device_asks() {
        let node = Node::new("receipt").attr("id", "R").attr("type", "retry").attr("from", jid("900:2@lid"));
        let retry = Node::new("retry").attr("id", "3EB0A1").attr("count", "3");
        reading(node.attr("recipient", jid("555@lid")).child(retry), |node| {
            let retry = IncomingRetry::read(node, &own()).unwrap();
            assert_eq!((retry.message_id, retry.count), ("3EB0A1", 3));
            let origin = &retry.receipt.origin;
            assert_eq!(
                (&origin.chat, &origin.sender, origin.from_me),
                (&jid("555@lid"), &jid("900:2@lid"), true)
            );
        });
    }

    #[test]
    fn a_request_that_says_little_or_nonsense() {
        let node = Node::new("receipt").attr("id", "3EB0A1").attr("type", "retry").attr("from", jid("5@lid"));
        reading(node.clone(), |node| {
            let retry = IncomingRetry::read(node, &own()).unwrap();
            assert_eq!((retry.message_id, retry.count, retry.reason), ("3EB0A1", 1, None));
            assert!(retry.keys.is_none() && retry.registration_id.is_none());
        });
        let retry = Node::new("retry").attr("count", "0").attr("error", "-1").attr("t", "now");
        let node = node.child(retry).child(Node::new("registration").bytes([1])).child(Node::new("keys"));
        reading(node, |node| {
            let retry = IncomingRetry::read(node, &own()).unwrap();
            assert_eq!((retry.count, retry.reason, retry.message_time), (1, None, None));
            assert!(retry.keys.is_none() && retry.registration_id.is_none());
        });
    }
}
